"""A part of the tick: after each look the pools of spares are filled, and what is in them is counted."""

from collections.abc import Sequence

from .. import store
from ..domain import backup_pool
from ..domain.access_codes import AccessCode
from ..domain.devices import Device
from ..domain.errors import ApiError
from ..domain.reconcile import Step
from ..domain.secrets import Secret
from ..store.tx import Tx


async def fill(
    tx: Tx, device: Device, codes: Sequence[AccessCode], steps: Sequence[Step]
) -> list[AccessCode]:
    """
    All codes of the device, with the spares that were missing and other PINs for those that are hopeless.

    Written in the transaction that settles a look: whoever dies afterwards finds them and makes no more.
    """
    if not device.has_backup_pool:
        return list(codes)
    found = {code.access_code_id: code for code in codes}
    try:
        for code in backup_pool.hopeless(codes, steps):
            pin, code_hash = await _free_pin(tx, device)
            found[code.access_code_id] = backup_pool.renewed(code, pin, code_hash, tx.now)
            await store.access_codes.update_code(tx, found[code.access_code_id])
        for _ in range(backup_pool.missing(device, codes)):
            made = backup_pool.made(device, *await _free_pin(tx, device), tx.now)
            found[made.access_code_id] = made
            await store.access_codes.insert_code(tx, made)
    except ApiError:
        pass  # there are no free PINs: the pool stays as small as it is
    return list(found.values())


async def _free_pin(tx: Tx, device: Device) -> tuple[Secret, str]:
    pin = await store.access_codes.free_pin(tx, device, None)
    return pin, tx.vault.pin_hash(device.device_id, pin)
