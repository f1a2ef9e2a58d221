"""A device is managed no longer: what becomes of its codes, at once and without touching the lock."""

from dataclasses import replace
from typing import Final

from .. import store
from ..domain import conversion
from ..domain.access_codes import AccessCode
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..store.tx import Tx
from . import backup_pool

WHY: Final = '{"type":"device_unmanaged","message":"The device is not managed any more"}'


async def hand_over(device: Device, account: ConnectedAccount, tx: Tx) -> Device:
    """
    The device as an unmanaged one; the caller stores it. Its codes that stand on the lock are unmanaged ones
    under the same ids, those that do not are over, and nobody waits any more for what was under way. Spares
    that nobody has pulled leave the lock.
    """
    device = await backup_pool.switched_off(device, tx)
    codes = await store.access_codes.on_device(tx, device.device_id)
    spares = {code.access_code_id for code in codes if code.is_spare}  # the engine takes them off the lock
    for step in await store.access_codes.open_steps(tx, device.device_id):
        if step.access_code_id not in spares:
            await store.access_codes.update_step(tx, replace(step, settled_at=tx.now))
    for code in codes:
        if not code.is_spare:
            await _leave_behind(code, device, account, tx)
    for other in await store.unmanaged_codes.on_device(tx, device):
        if other.delete_requested_at is not None:
            kept = replace(other, delete_requested_at=None, delete_sent_at=None, retry_at=None)
            await store.unmanaged_codes.update_code(tx, kept)
            await store.action_attempts.give_up_code(tx, other.access_code_id, WHY)
    unmanaged = replace(device, is_managed=False)
    tx.emit(unmanaged.event("device.converted_to_unmanaged", tx.now))
    return unmanaged


async def _leave_behind(code: AccessCode, device: Device, account: ConnectedAccount, tx: Tx) -> None:
    change = conversion.left_behind(code, tx.now)
    if code.is_on_lock:
        await store.unmanaged_codes.take_back(tx, conversion.handed_over(code, device.can))
    await store.access_codes.update_code(tx, change.code)
    await store.action_attempts.give_up_code(tx, code.access_code_id, WHY)
    for told in change.events:
        tx.emit(told)
    for event_type in change.problem_events:
        tx.emit(change.code.event(event_type, tx.now, **change.code.problem_fields(device, account)))
