"""
Salto KS: electronic locks behind IQ hubs and the Connect API, which chooses its own PINs.

A start needs the manifest alone. The adapter is loaded with the first account, the simulator with the first
sandbox that asks for it.
"""

from typing import TYPE_CHECKING, Any, Final

from ostiary.domain.budgets import Budget
from ostiary.domain.provider import AdapterType, Manifest, ProviderHttp, SimulatorType, VendorSite

if TYPE_CHECKING:
    from .adapter import SaltoAdapter
    from .simulator import Simulator as SaltoSimulator

__all__ = ["MANIFEST", "Adapter", "Simulator"]

MANIFEST: Final = Manifest(
    key="salto_ks",
    display_name="Salto KS",
    provider_categories=("stable",),
    default_urls={
        "identity_url": "https://identity.eu.my-clay.com",
        "api_url": "https://connect.my-clay.com",
    },
    needs_client=True,
    takes_integrator=True,
    flags=("can_remotely_lock", "can_remotely_unlock", "can_program_online_access_codes"),
    device_types=("salto_lock",),
    known_logins=("jane@example.com",),
    poll_every=1800.0,
    budget=Budget(per_minute=300, burst=5, reserve=2, is_shared=True),
)


def _adapter(http: ProviderHttp, site: VendorSite) -> "SaltoAdapter":
    from .adapter import SaltoAdapter

    return SaltoAdapter(http, site)


def _simulator(*args: Any, **kwargs: Any) -> "SaltoSimulator":
    from .simulator import Simulator as SaltoSimulator

    return SaltoSimulator(*args, **kwargs)


Adapter: Final[AdapterType] = _adapter
Simulator: Final[SimulatorType] = _simulator
