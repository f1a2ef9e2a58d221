"""What the engine and the Connect pages need to reach a vendor, given to them by `app.py`."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..domain import devices
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.provider import Adapter, Manifest
from ..domain.workspaces import Workspace


class Vendors(Protocol):
    """Every brand, as one workspace reaches it: a sandbox its simulators, production the real clouds."""

    manifests: Mapping[str, Manifest]

    def adapter(self, workspace: Workspace, provider: str) -> Adapter:
        """
        Raises:
            KeyError: No such brand, or production lacks its settings.
        """
        ...


def render(manifests: Mapping[str, Manifest], device: Device, account: ConnectedAccount) -> dict[str, Any]:
    """The wire's device, with its brand's names."""
    manifest = manifests[device.provider]
    return devices.as_wire(device, account, manifest.display_name, manifest.provider_categories[0])
