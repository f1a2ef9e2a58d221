"""All that is stored about the codes of one lock, for the question what the engine would do next."""

from collections.abc import Callable

from ..domain.devices import Device
from ..domain.rehearsal import Rows
from . import access_codes, connected_accounts, unmanaged_codes
from .tx import Tx

NameAtVendor = Callable[[str | None, str], str]
"""From a code's name and mark to its name at the vendor."""


async def rows(tx: Tx, device: Device, name_at_vendor: NameAtVendor | None) -> Rows:
    """Args: name_at_vendor: None: the server has no settings for the brand."""
    account = await connected_accounts.find(tx, device.connected_account_id)
    assert account is not None, "a device outlives its account"
    codes, steps = await access_codes.with_open_steps(tx, device.workspace_id, device.device_id)
    names = None
    if name_at_vendor is not None:
        names = {code.access_code_id: name_at_vendor(code.name, code.mark) for code in codes}
    unmanaged = await unmanaged_codes.on_device(tx, device)
    return Rows(device, account, codes, steps, unmanaged, names)
