"""
A faithful simulation of Salto's cloud for KS, for sandbox workspaces, tests and people without a lock.

`Simulator` is the ASGI application: the identity server and the Connect API under one address.
"""

from .app import Simulator

__all__ = ["Simulator"]
