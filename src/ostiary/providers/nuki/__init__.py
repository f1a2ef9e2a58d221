"""Nuki: Smart Locks, Smart Doors, Openers and Boxes behind the Nuki Web API."""

from typing import Final

from ostiary.domain.provider import AdapterType, Manifest, SimulatorType

from .adapter import NukiAdapter
from .mapping import DEVICE_TYPE
from .simulator import Simulator as NukiSimulator

__all__ = ["MANIFEST", "Adapter", "Simulator"]

MANIFEST: Final = Manifest(
    key="nuki",
    display_name="Nuki",
    provider_categories=("stable", "consumer_smartlocks"),
    default_urls={"api_url": "https://api.nuki.io"},
    needs_client=True,
    flags=("can_remotely_lock", "can_remotely_unlock", "can_program_online_access_codes"),
    device_types=(DEVICE_TYPE,),
    known_logins=("john@example.com",),
)
Adapter: Final[AdapterType] = NukiAdapter
Simulator: Final[SimulatorType] = NukiSimulator
