"""
What any simulated cloud needs, whatever the brand.

A brand subclasses `cloud.SimulatedCloud` and brings its own state, routes and words: see there. Here are
the names for whoever runs a simulator alone: a place for its state, and a clock.
"""

from .clock import ShiftableClock
from .homes import FileHomes, MemoryHomes

__all__ = ["FileHomes", "MemoryHomes", "ShiftableClock"]
