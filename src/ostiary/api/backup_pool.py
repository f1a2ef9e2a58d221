"""Pools of spares: switched on and off for a device, and `/access_codes/pull_backup_access_code`."""

from dataclasses import replace

import msgspec

from .. import store
from ..domain import access_codes, backup_pool
from ..domain.access_codes import AccessCode
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.errors import not_found
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import CREATES, Answer, Caller, operation
from ..wire.validation import Uuid


class PullBackupAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    access_code_id: Uuid


# --- on and off ------------------------------------------------------------------------------------------


async def switched_on(device: Device, tx: Tx) -> Device:
    """
    The device with a pool, which the engine fills after its next look; the caller stores it.

    Raises:
        ApiError: 400 `unsupported_device`.
    """
    backup_pool.refuse_unsupported(device)
    if device.has_backup_pool:
        return device
    await _wake(device, tx)
    return await _stocked(replace(device, has_backup_pool=True, look_wanted=True), tx)


async def switched_off(device: Device, tx: Tx) -> Device:
    """
    The device without a pool; the caller stores it. Spares that nobody has pulled leave the lock, those that
    somebody has stay until their end. Also what a device needs that is handed over to its unmanaged life.
    """
    await _wake(device, tx)
    for code in backup_pool.kept(await store.access_codes.on_device(tx, device.device_id)):
        leaving = access_codes.rewished(code, tx.now, delete_requested_at=tx.now)
        await store.access_codes.update_code(tx, leaving)
    return await _stocked(replace(device, has_backup_pool=False), tx)


async def switch_on(device: Device, account: ConnectedAccount, caller: Caller, tx: Tx) -> Device:
    """As `switched_on`, and stored."""
    after = await switched_on(device, tx)
    if after != device:
        await store.devices.update_device(tx, after, caller.house.render(after, account))
    return after


async def _stocked(device: Device, tx: Tx) -> Device:
    codes, steps = await store.access_codes.with_open_steps(tx, device.workspace_id, device.device_id)
    return backup_pool.stocked(device, codes, steps, tx.now)


async def _wake(device: Device, tx: Tx) -> None:
    await store.connected_accounts.wake(tx, device.connected_account_id)
    await store.devices.wake(tx, device.device_id)


# --- pulling ---------------------------------------------------------------------------------------------


@operation(
    "/access_codes/pull_backup_access_code",
    PullBackupAccessCode,
    CREATES,
    returns={"access_code": "AccessCode", "backup_access_code": "AccessCode"},
    auth=SESSIONS,
)
async def pull(body: PullBackupAccessCode, caller: Caller, tx: Tx) -> Answer:
    """A code that works at once, in place of one that does not. It ends when that one does."""
    code = await store.access_codes.get(tx, caller.workspace_id, body.access_code_id)
    device = await store.devices.get(tx, caller.workspace_id, code.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
    backup_pool.refuse_pull(code)
    access_codes.refuse_over(code, tx.now)
    spare = await _in_its_place(code, tx)
    if spare is None:
        await _wake(device, tx)
        code, spare = await _pull(code, device, tx)
        device = await _stocked(device, tx)
        await store.devices.update_device(tx, device, caller.house.render(device, account))
    return {
        "access_code": code.as_wire(device, account, tx.now),
        "backup_access_code": spare.as_wire(device, account, tx.now),
    }


async def _pull(code: AccessCode, device: Device, tx: Tx) -> tuple[AccessCode, AccessCode]:
    """
    The code and the spare that stands in for it from now on.

    Raises:
        ApiError: 404 `backup_access_code_not_found`: none that a look has shown, or that stays on the lock.
    """
    codes, steps = await store.access_codes.with_open_steps(tx, device.workspace_id, device.device_id)
    spares = backup_pool.available(codes, steps)
    if not spares:
        message = f"{device.display_name} has no backup access code to give now"
        raise not_found("backup_access_code", message, access_code_id=code.access_code_id)
    spare = backup_pool.pulled(spares[0], code, device.can, tx.now)
    relieved = backup_pool.relieved(code, spare, tx.now)
    await store.access_codes.update_code(tx, spare)
    await store.access_codes.update_code(tx, relieved)
    tx.emit(spare.event("access_code.created", tx.now))  # to the API user it is a new code, and set
    pin = {"code": access_codes.shown(spare.code)}
    tx.emit(spare.event("access_code.set_on_device", tx.now, secret_fields=pin))
    tx.emit(access_codes.mutations_requested(spare, device.can, tx.now))
    backup = {"backup_access_code_id": spare.access_code_id}
    tx.emit(code.event("access_code.backup_access_code_pulled", tx.now, **backup))
    return relieved, spare


async def _in_its_place(code: AccessCode, tx: Tx) -> AccessCode | None:
    """The spare that stands in for it; None: there never was one, or it was deleted or handed over."""
    if code.pulled_backup_access_code_id is None:
        return None
    spare = await store.access_codes.find(tx, code.pulled_backup_access_code_id)
    return None if spare is None or spare.gone_at is not None or spare.is_over(tx.now) else spare


async def follow(original: AccessCode, device: Device, tx: Tx) -> None:
    """After another wish for a code: what stands in for it ends when it does. The caller wakes the engine."""
    spare = await _in_its_place(original, tx)
    if spare is None:
        return
    after = backup_pool.following(spare, original, tx.now)
    if after != spare:
        await store.access_codes.update_code(tx, after)
        tx.emit(access_codes.mutations_requested(after, device.can, tx.now))
        await follow(after, device, tx)
