"""
A faithful simulation of Nuki's cloud, for sandbox workspaces, tests and people without a lock.

`Simulator` is the ASGI application; the others are what surrounds it when it stands alone.
"""

from ostiary.simulation import FileHomes, MemoryHomes, ShiftableClock
from ostiary.simulation.asgi import ConnectionDropped

from .app import Simulator

__all__ = ["ConnectionDropped", "FileHomes", "MemoryHomes", "ShiftableClock", "Simulator"]
