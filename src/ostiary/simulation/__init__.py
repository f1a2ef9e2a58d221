"""What the brands' simulators share when they stand alone: a place for their state, and a clock."""

from .clock import ShiftableClock
from .homes import FileHomes, MemoryHomes

__all__ = ["FileHomes", "MemoryHomes", "ShiftableClock"]
