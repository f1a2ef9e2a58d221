"""
A tick: one lock's codes brought one stride nearer to what is wished.

*Look* without a transaction, *settle* what it showed, *plan* (pure), and then each write by itself: written
down, sent, settled. Die anywhere and the next tick finds the written-down step, waits until its effect
must have shown, and looks before it writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from .. import store
from ..domain import devices, evidence, fights, reconcile
from ..domain.access_codes import AccessCode
from ..domain.backup_pool import stocked
from ..domain.devices import Device
from ..domain.provider import ObservedCode, ObservedDevice
from ..domain.reconcile import Change, PlannedStep, Seen
from ..domain.retry import backoff
from ..store.tx import Tx
from . import act, backup_pool, poll, unmanaged, writes
from .hold import Hold, now_of
from .lock import Lock, load, naming_the_other, store_change

SYNC_SECONDS: Final = 8.0


async def tick(hold: Hold, device_id: str) -> None:
    """One stride. Raises what the vendor raises; nothing is left half-written by it."""
    lock = await hold.write(_advance, hold, device_id)
    if lock is None:
        return
    if not lock.device.is_online and lock.codes:
        number = hold.asks()
        look = await hold.call(lambda account: account.get_device(lock.device.vendor_device_id))
        await hold.write(_settle_device, hold, device_id, look, number)
        if not look.is_online and not lock.steps:
            await hold.write(_wait_for_device, hold, device_id)
            return
    if lock.device.sync_wanted:
        await hold.call(lambda account: account.synchronise(lock.device.vendor_device_id))
        await hold.write(_synchronised, hold, device_id)
        return
    asked_at = await hold.read(now_of)
    entries = await hold.call(lambda account: account.list_access_codes(lock.device.vendor_device_id))
    hold.note_code_look()
    planned = await hold.write(_settle_look, hold, device_id, entries, asked_at)
    written = 0
    for step in planned[: reconcile.WRITES_AT_ONCE]:
        if await hold.read(act.is_waited_for, device_id):
            break  # the door first; what is left is planned anew
        await writes.write(hold, device_id, step)
        written += 1
    await unmanaged.remove_unwanted(hold, device_id)
    await hold.write(_finish, hold, device_id, written < len(planned))


# --- before the look -------------------------------------------------------------------------------------


async def _advance(tx: Tx, hold: Hold, device_id: str) -> Lock | None:
    """What time alone has changed. Returns the lock if it must be looked at, else None."""
    lock = await load(tx, device_id)
    if lock is None:
        return None
    tx.ledger.cause = "time"
    waiting = {step.access_code_id for step in lock.steps}
    has_changed = False
    for code in lock.codes:
        change = reconcile.advance(code, lock.can, tx.now, has_open_step=code.access_code_id in waiting)
        await store_change(tx, lock, code, change)
        has_changed = has_changed or change.code != code
        if change.code.is_over(tx.now):
            tx.ledger.touch(change.code)
    if has_changed:
        lock = await load(tx, device_id)
        assert lock is not None
    device = lock.device
    must_look = device.look_wanted or device.sync_wanted or await unmanaged.wants_look(tx, device)
    if must_look or reconcile.needs_look(lock.codes, lock.steps, lock.can, tx.now):
        return lock
    due = reconcile.due(lock.codes, lock.steps, lock.can, tx.now)
    await act.set_due(tx, device_id, await unmanaged.due(tx, device, due))
    return None


async def _settle_device(tx: Tx, hold: Hold, device_id: str, look: ObservedDevice, number: int) -> None:
    device = await store.devices.find(tx, device_id)
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if device is not None and account is not None:
        await poll.settle_device(tx, hold, account, device, look, number)


async def _wait_for_device(tx: Tx, hold: Hold, device_id: str) -> None:
    """The lock is offline: nothing is sent, what should be gone says that it is not, and we ask again."""
    lock = await load(tx, device_id)
    if lock is None:
        return
    for code in lock.codes:
        if code.is_over(tx.now) and code.is_on_lock and code.gone_at is None:
            message = f"{lock.device.display_name} is offline. The code is removed as soon as it answers."
            change = reconcile.failed(Change(code), "remove", None, message, tx.now)
            still_trying = replace(change.code, attempts=code.attempts, retry_at=None)
            await store_change(tx, lock, code, replace(change, code=still_trying))
    lock = await load(tx, device_id)
    assert lock is not None
    attempts = lock.device.attempts + 1
    device = replace(lock.device, attempts=attempts, look_wanted=True)
    await store.devices.update_device(tx, device, hold.render(device, lock.account))
    again = tx.now + backoff(attempts, first=2.0, longest=60.0)
    moments = [m for code in lock.codes for m in code.times if m and m > tx.now]
    await act.set_due(tx, device_id, min([again, *moments]))


async def _synchronised(tx: Tx, hold: Hold, device_id: str) -> None:
    lock = await load(tx, device_id)
    if lock is None:
        return
    device = replace(lock.device, sync_wanted=False, look_wanted=True)
    await store.devices.update_device(tx, device, hold.render(device, lock.account))
    await act.set_due(tx, device_id, tx.now + timedelta(seconds=SYNC_SECONDS))


# --- the look ----------------------------------------------------------------------------------------------


def _names(hold: Hold, codes: Iterable[AccessCode]) -> Mapping[str, str]:
    vendor_name = hold.adapter.vendor_name
    return {code.access_code_id: vendor_name(code.name, code.mark) for code in codes}


def _seen(tx: Tx, device_id: str, entries: Iterable[ObservedCode]) -> list[Seen]:
    pin_hash = tx.vault.pin_hash
    return [Seen(entry, None if entry.code is None else pin_hash(device_id, entry.code)) for entry in entries]


async def _settle_look(
    tx: Tx, hold: Hold, device_id: str, entries: Sequence[ObservedCode], asked_at: datetime
) -> Sequence[PlannedStep]:
    """Facts, events and steps of one look in one transaction; returns what to write next."""
    tx.ledger.cause = "seen"
    lock = await load(tx, device_id)
    if lock is None:
        return ()
    seen = _seen(tx, device_id, entries)
    codes = [*lock.codes, *await _ghosts(tx, lock, seen)]
    names = _names(hold, codes)
    before = {code.access_code_id: code for code in codes}
    written = await _written(tx, codes, seen)
    observation = reconcile.observe(
        codes, lock.steps, seen, lock.can, names, tx.now, written, asked_at=asked_at
    )
    for change in observation.changes:
        await store_change(tx, lock, before[change.code.access_code_id], change)
        before[change.code.access_code_id] = change.code
    for step in observation.settled:
        await store.access_codes.update_step(tx, step)
    await _keep_sightings(tx, before, observation)
    await unmanaged.settle(tx, lock.device, observation.attribution.foreign)
    settled = {step.step_id for step in observation.settled}
    still_open = [step for step in lock.steps if step.step_id not in settled]
    device = replace(
        lock.device,
        attempts=0,
        looked_at=tx.now,
        look_wanted=lock.device.look_wanted and lock.device.noticed_at is not None,  # noticed since
        sync_wanted=lock.device.sync_wanted or observation.sync_wanted,
    )
    device = await _watched(tx, device, list(before.values()))
    await store.devices.update_device(tx, device, hold.render(device, lock.account))
    if device.sync_wanted:
        return ()  # the vendor reads the lock anew before anything is repeated
    if not lock.can.can_program_online_access_codes or not device.is_online:
        return ()  # what is missing stands as an error on the device; its return wakes this lock
    now_codes = await backup_pool.fill(tx, device, list(before.values()), still_open)
    names = _names(hold, now_codes)
    plan = reconcile.plan(now_codes, still_open, seen, lock.can, names, tx.now, written)
    full = stocked(devices.counted(device, plan.taken, tx.now), now_codes, still_open, tx.now)
    if full != device:
        await store.devices.update_device(tx, full, hold.render(full, lock.account))
    await _tell_blocked(tx, replace(lock, device=full), now_codes, plan)
    return plan.steps


async def _keep_sightings(tx: Tx, codes: dict[str, AccessCode], observation: reconcile.Observation) -> None:
    """What is new in this look becomes evidence, and what the next one is compared with."""
    for access_code_id, code in codes.items():
        sighting = evidence.sighting(observation.attribution.ours.get(access_code_id, ()))
        settled = [step for step in observation.settled if step.access_code_id == access_code_id]
        note = evidence.seen(code.seen_as, sighting, settled)
        if note is not None:
            tx.ledger.note(access_code_id, note)
        if sighting != code.seen_as:
            codes[access_code_id] = replace(code, seen_as=sighting)
            await store.access_codes.update_code(tx, codes[access_code_id])


async def _watched(tx: Tx, device: Device, codes: Sequence[AccessCode]) -> Device:
    """Whether somebody else fights us for the lock."""
    after = fights.watched(device, codes, tx.now)
    for event in fights.told(device, after, tx.now):
        tx.emit(event)
    return after


async def _tell_blocked(tx: Tx, lock: Lock, codes: Iterable[AccessCode], plan: reconcile.Plan) -> None:
    """Codes that the plan has no step for, with the reason; and who waits for room no longer."""
    for code in codes:
        if code.access_code_id in plan.blocked:
            change = reconcile.blocked(code, *plan.blocked[code.access_code_id], tx.now)
            if plan.blocked[code.access_code_id][0] == reconcile.DUPLICATE:
                change = await naming_the_other(tx, lock.device.device_id, change)
            await store_change(tx, lock, code, change)
        elif code.waits_for_room:
            await store.access_codes.update_code(tx, replace(code, waits_for_room=False))


async def _ghosts(tx: Tx, lock: Lock, seen: Iterable[Seen]) -> list[AccessCode]:
    """Codes that were given up and stand on the lock after all."""
    known = {code.mark for code in lock.codes}
    marks = {item.entry.mark for item in seen if item.entry.mark is not None} - known
    return await store.access_codes.gone_by_marks(tx, lock.device.device_id, marks) if marks else []


async def _written(tx: Tx, codes: Iterable[AccessCode], seen: Iterable[Seen]) -> reconcile.WrittenPins:
    """For entries that bear our mark but are not known by their id: which PINs were ever written for them."""
    known = {code.vendor_code_id for code in codes}
    marks = {item.entry.mark for item in seen if item.entry.vendor_code_id not in known}
    unsure = [code.access_code_id for code in codes if code.mark in marks]
    return await store.access_codes.written_pins(tx, unsure) if unsure else {}


# --- when to come back -----------------------------------------------------------------------------------


async def _finish(tx: Tx, hold: Hold, device_id: str, has_more: bool) -> None:
    """
    When to come back, by what stands in the rows now; at once if not all that was planned is written. A spare
    that has to make room counts no more from here on.
    """
    lock = await load(tx, device_id)
    if lock is None:
        return
    device = stocked(lock.device, lock.codes, lock.steps, tx.now)
    if device != lock.device:
        await store.devices.update_device(tx, device, hold.render(device, lock.account))
    due = reconcile.due(lock.codes, lock.steps, lock.can, tx.now)
    if lock.device.sync_wanted or lock.device.look_wanted or has_more:
        due = tx.now
    elif not lock.can.can_program_online_access_codes and not lock.steps:
        due = _next_moment(lock, tx.now)
    await act.set_due(tx, device_id, await unmanaged.due(tx, lock.device, due))


def _next_moment(lock: Lock, now: datetime) -> datetime | None:
    """While the lock takes no codes, there is nothing to come back for but what time alone changes."""
    if any(reconcile.has_moved_on(code, lock.steps, lock.can, now) for code in lock.codes):
        return now
    moments = (m for code in lock.codes for m in code.times)
    return min((m for m in moments if m is not None and m > now), default=None)
