"""One device with its codes, as a tick reads it, and what is stored when one of them has changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import store
from ..domain import conversion
from ..domain.access_codes import AccessCode
from ..domain.backup_pool import silenced
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.provider import Capabilities
from ..domain.reconcile import Change, Step
from ..store.tx import Tx


@dataclass(frozen=True, slots=True)
class Lock:
    """One device with all that a tick decides on."""

    device: Device
    account: ConnectedAccount
    codes: Sequence[AccessCode]
    steps: Sequence[Step]

    @property
    def can(self) -> Capabilities:
        return self.device.can


async def load(tx: Tx, device_id: str) -> Lock | None:
    device = await store.devices.find(tx, device_id)
    if device is None:
        return None
    account = await store.connected_accounts.find(tx, device.connected_account_id)
    assert account is not None, "a device outlives its account"
    codes, steps = await store.access_codes.with_open_steps(tx, device.workspace_id, device_id)
    return Lock(device, account, codes, steps)


async def store_change(tx: Tx, lock: Lock, before: AccessCode, change: Change) -> None:
    """A code's new state with its events and finished attempts."""
    change = silenced(change)
    after = change.code
    if after != before:
        await store.access_codes.update_code(tx, after)
    if after.vendor_code_id not in (None, before.vendor_code_id):
        await store.entries.remember_code(tx, after)
    if after.released_at is not None and before.released_at is None:
        await store.unmanaged_codes.take_back(tx, conversion.handed_over(before, lock.can))
    for told in change.events:
        tx.emit(told)
    for event_type in change.problem_events:
        fields = after.problem_fields(lock.device, lock.account)
        tx.emit(after.event(event_type, tx.now, **fields))
    if change.finished:
        await store.action_attempts.settle_code(tx, after.access_code_id, change.finished, after.generation)
    if after.gone_at is not None and before.gone_at is None:
        why = '{"type":"access_code_not_found","message":"The access code was removed"}'
        await store.action_attempts.give_up_code(tx, after.access_code_id, why)


async def naming_the_other(tx: Tx, device_id: str, change: Change) -> Change:
    """`duplicate_code_on_device` tells which code is in the way, when it is known."""
    code = change.code
    if code.code_hash is None:
        return change
    other = await store.unmanaged_codes.with_pin(tx, device_id, code.code_hash)
    ours = None if other is not None else await store.access_codes.shown_elsewhere(tx, code)
    which = {} if ours is None else {"managed_access_code_id": ours}
    if other is not None:
        which = {"unmanaged_access_code_id": other.access_code_id}
    errors = tuple(
        {**error, **which} if error["error_code"] == "duplicate_code_on_device" else error
        for error in code.errors
    )
    return replace(change, code=replace(code, errors=errors))
