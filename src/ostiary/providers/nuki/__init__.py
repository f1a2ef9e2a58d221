"""
Nuki: Smart Locks, Smart Doors, Openers and Boxes behind the Nuki Web API.

A start needs the manifest alone. The adapter is loaded with the first account, the simulator with the first
sandbox that asks for it.
"""

from typing import TYPE_CHECKING, Any, Final

from ostiary.domain.budgets import Budget
from ostiary.domain.provider import AdapterType, Manifest, ProviderHttp, SimulatorType, VendorSite

from .mapping import DEVICE_TYPE

if TYPE_CHECKING:
    from .adapter import NukiAdapter
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
    budget=Budget(per_minute=60, burst=60, reserve=20),
    takes_token=True,
    token_help=(  # noqa: S106 - words for people
        "In Nuki Web, open “API” and generate an API token. Let it view devices, work doors, manage "
        "authorizations, read the activity log and see your account. It lasts until you delete it or change "
        "the password of your Nuki account."
    ),
    poll_every_with_notices=3600.0,
)


def _adapter(http: ProviderHttp, site: VendorSite) -> "NukiAdapter":
    from .adapter import NukiAdapter

    return NukiAdapter(http, site)


def _simulator(*args: Any, **kwargs: Any) -> "NukiSimulator":
    from .simulator import Simulator as NukiSimulator

    return NukiSimulator(*args, **kwargs)


Adapter: Final[AdapterType] = _adapter
Simulator: Final[SimulatorType] = _simulator
