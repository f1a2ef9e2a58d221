"""What the engine and the Connect pages need to reach a vendor, given to them by `app.py`."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..domain import devices
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.provider import Adapter, Manifest
from ..domain.workspaces import Workspace
from .traffic import Traffic


class Vendors(Protocol):
    """Every brand, as one workspace reaches it: a sandbox its simulators, production the real clouds."""

    manifests: Mapping[str, Manifest]
    traffic: Traffic

    def adapter(
        self,
        workspace: Workspace,
        provider: str,
        connected_account_id: str | None = None,
        *,
        is_at_door: bool = False,
    ) -> Adapter:
        """
        Args:
            connected_account_id: Whose budget its requests cost; None while there is no account yet.
            is_at_door: Its requests may cost the reserve.

        Raises:
            KeyError: No such brand, or production lacks its settings.
        """
        ...

    def notices_base(self, workspace: Workspace, provider: str) -> str | None:
        """Below which address of ours this brand's notices should come; None: none are wanted."""
        ...


def render(manifests: Mapping[str, Manifest], device: Device, account: ConnectedAccount) -> dict[str, Any]:
    """The wire's device, with its brand's names."""
    manifest = manifests[device.provider]
    return devices.as_wire(device, account, manifest.display_name, manifest.provider_categories[0])
