"""
A tick: one lock's codes brought one stride nearer to what is wished.

*Look* without a transaction, *settle* what it showed, *plan* (pure), and then each write by itself: written
down, sent, settled. Die anywhere and the next tick finds the written-down step, waits until its effect
must have shown, and looks before it writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import msgspec

from .. import store
from ..domain import conversion, devices, evidence, fights, reconcile
from ..domain.access_codes import AccessCode
from ..domain.backup_pool import silenced, stocked
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    Rejected,
)
from ..domain.provider import Account, Capabilities, ObservedCode, ObservedDevice
from ..domain.reconcile import Change, Outcome, PlannedStep, Seen, Step, StepKind
from ..domain.retry import backoff
from ..domain.secrets import Secret
from ..store.tx import Tx
from . import act, backup_pool, poll, unmanaged
from .hold import Hold

CALL_SECONDS: Final = 15.0
"""Longer than a vendor call may take: after this a written-down step is either sent or never will be."""

SYNC_SECONDS: Final = 8.0

REMOVAL_SETTLES: Final = 20.0


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


async def tick(hold: Hold, device_id: str) -> None:
    """One stride. Raises what the vendor raises; nothing is left half-written by it."""
    lock = await hold.write(_advance, hold, device_id)
    if lock is None:
        return
    if not lock.device.is_online and lock.codes:
        look = await hold.call(lambda account: account.get_device(lock.device.vendor_device_id))
        await hold.write(_settle_device, hold, device_id, look)
        if not look.is_online and not lock.steps:
            await hold.write(_wait_for_device, hold, device_id)
            return
    if lock.device.sync_wanted:
        await hold.call(lambda account: account.synchronise(lock.device.vendor_device_id))
        await hold.write(_synchronised, hold, device_id)
        return
    entries = await hold.call(lambda account: account.list_access_codes(lock.device.vendor_device_id))
    hold.note_code_look()
    planned = await hold.write(_settle_look, hold, device_id, entries)
    written = 0
    for step in planned[: reconcile.WRITES_AT_ONCE]:
        if await hold.read(act.is_waited_for, device_id):
            break  # the door first; what is left is planned anew
        await _write(hold, device_id, step)
        written += 1
    await unmanaged.remove_unwanted(hold, device_id)
    await hold.write(_finish, hold, device_id, written < len(planned))


async def _load(tx: Tx, device_id: str) -> Lock | None:
    device = await store.devices.find(tx, device_id)
    if device is None:
        return None
    account = await store.connected_accounts.find(tx, device.connected_account_id)
    assert account is not None, "a device outlives its account"
    codes, steps = await store.access_codes.with_open_steps(tx, device.workspace_id, device_id)
    return Lock(device, account, codes, steps)


# --- before the look -------------------------------------------------------------------------------------


async def _advance(tx: Tx, hold: Hold, device_id: str) -> Lock | None:
    """What time alone has changed. Returns the lock if it must be looked at, else None."""
    lock = await _load(tx, device_id)
    if lock is None:
        return None
    tx.ledger.cause = "time"
    waiting = {step.access_code_id for step in lock.steps}
    has_changed = False
    for code in lock.codes:
        change = reconcile.advance(code, lock.can, tx.now, has_open_step=code.access_code_id in waiting)
        await _store_change(tx, lock, code, change)
        has_changed = has_changed or change.code != code
        if change.code.is_over(tx.now):
            tx.ledger.touch(change.code)
    if has_changed:
        lock = await _load(tx, device_id)
        assert lock is not None
    device = lock.device
    must_look = device.look_wanted or device.sync_wanted or await unmanaged.wants_look(tx, device)
    if must_look or reconcile.needs_look(lock.codes, lock.steps, lock.can, tx.now):
        return lock
    due = reconcile.due(lock.codes, lock.steps, lock.can, tx.now)
    await act.set_due(tx, device_id, await unmanaged.due(tx, device, due))
    return None


async def _store_change(tx: Tx, lock: Lock, before: AccessCode, change: Change) -> None:
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


async def _settle_device(tx: Tx, hold: Hold, device_id: str, look: ObservedDevice) -> None:
    device = await store.devices.find(tx, device_id)
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if device is not None and account is not None:
        await poll.settle_device(tx, hold, account, device, look)


async def _wait_for_device(tx: Tx, hold: Hold, device_id: str) -> None:
    """The lock is offline: nothing is sent, what should be gone says that it is not, and we ask again."""
    lock = await _load(tx, device_id)
    if lock is None:
        return
    for code in lock.codes:
        if code.is_over(tx.now) and code.is_on_lock and code.gone_at is None:
            message = f"{lock.device.display_name} is offline. The code is removed as soon as it answers."
            change = reconcile.failed(Change(code), "remove", None, message, tx.now)
            still_trying = replace(change.code, attempts=code.attempts, retry_at=None)
            await _store_change(tx, lock, code, replace(change, code=still_trying))
    lock = await _load(tx, device_id)
    assert lock is not None
    attempts = lock.device.attempts + 1
    device = replace(lock.device, attempts=attempts, look_wanted=True)
    await store.devices.update_device(tx, device, hold.render(device, lock.account))
    again = tx.now + backoff(attempts, first=2.0, longest=60.0)
    moments = [m for code in lock.codes for m in code.times if m and m > tx.now]
    await act.set_due(tx, device_id, min([again, *moments]))


async def _synchronised(tx: Tx, hold: Hold, device_id: str) -> None:
    lock = await _load(tx, device_id)
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
    tx: Tx, hold: Hold, device_id: str, entries: Sequence[ObservedCode]
) -> Sequence[PlannedStep]:
    """Facts, events and steps of one look in one transaction; returns what to write next."""
    tx.ledger.cause = "seen"
    lock = await _load(tx, device_id)
    if lock is None:
        return ()
    seen = _seen(tx, device_id, entries)
    codes = [*lock.codes, *await _ghosts(tx, lock, seen)]
    names = _names(hold, codes)
    before = {code.access_code_id: code for code in codes}
    written = await _written(tx, codes, seen)
    observation = reconcile.observe(codes, lock.steps, seen, lock.can, names, tx.now, written)
    for change in observation.changes:
        await _store_change(tx, lock, before[change.code.access_code_id], change)
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
                change = await _naming_the_other(tx, lock.device.device_id, change)
            await _store_change(tx, lock, code, change)
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


async def _naming_the_other(tx: Tx, device_id: str, change: Change) -> Change:
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


# --- the writes --------------------------------------------------------------------------------------------


async def _write(hold: Hold, device_id: str, planned: PlannedStep) -> None:
    """Write down, send, settle. Nothing is sent that was not written down, nor after its wish changed."""
    step = await hold.write(_write_down, device_id, planned)
    if step is None:
        return
    try:
        told = await hold.call(lambda account: _send(account, hold, device_id, planned))
    except OutcomeUnknown as error:
        await hold.write(_settle_step, device_id, step, "unknown", None, error)
    except Rejected as error:
        await hold.write(_refused, hold, device_id, step, error)
    except NoSuchObject as error:
        await hold.write(_missed, device_id, step, error)
        if planned.kind == "set":
            raise  # it is the device that the vendor does not know
    except (LoginExpired, LoginRejected) as error:
        await hold.write(_settle_step, device_id, step, "not_sent", None, error)
        raise LoginRejected(str(error)) from error
    except ProviderError as error:
        await hold.write(_settle_step, device_id, step, "not_sent", None, error)
        raise
    else:
        await hold.write(_settle_step, device_id, step, "accepted", told)


async def _send(account: Account, hold: Hold, device_id: str, planned: PlannedStep) -> Secret | None:
    """The PIN, if the vendor chose one and has now told it."""
    vendor_device_id = await hold.read(_vendor_device_id, device_id)
    if planned.kind == "remove":
        assert planned.vendor_code_id is not None
        await account.remove_access_code(vendor_device_id, planned.vendor_code_id)
        return None
    assert planned.wanted is not None
    if planned.kind == "change":
        assert planned.vendor_code_id is not None
        return await account.change_access_code(vendor_device_id, planned.vendor_code_id, planned.wanted)
    return await account.set_access_code(vendor_device_id, planned.wanted)


async def _vendor_device_id(tx: Tx, device_id: str) -> str:
    device = await store.devices.find(tx, device_id)
    if device is None:
        raise NoSuchObject("the device was deleted here")
    return device.vendor_device_id


async def _write_down(tx: Tx, device_id: str, planned: PlannedStep) -> Step | None:
    """None: the wish has changed since the plan was made."""
    code = await store.access_codes.find(tx, planned.code.access_code_id)
    if code is None or code.generation != planned.code.generation:
        return None
    if planned.kind != "remove" and code.is_over(tx.now):
        return None
    if planned.makes_room and code.is_active(tx.now) and not code.is_spare:
        return None
    device = await store.devices.find(tx, device_id)
    assert device is not None
    sent_by = tx.now + timedelta(seconds=CALL_SECONDS)
    step = Step(
        step_id=str(uuid4()),
        access_code_id=code.access_code_id,
        kind=planned.kind,
        generation=code.generation,
        vendor_code_id=planned.vendor_code_id,
        code_hash=code.code_hash,
        planned_at=tx.now,
        outcome="planned",
        wait_until=sent_by + _settling(planned.kind, device.can),
        reaches_at=sent_by + _reaching(device.can) if _reaching(device.can) else tx.now,
    )
    await store.access_codes.write_down(tx, device.workspace_id, device_id, step)
    tx.ledger.note(code.access_code_id, evidence.sending(step))
    if planned.kind == "set" and not code.was_sent:
        await store.access_codes.update_code(tx, replace(code, was_sent=True))
    return step


async def _settle_step(
    tx: Tx,
    device_id: str,
    step: Step,
    outcome: Outcome,
    told: Secret | None = None,
    error: ProviderError | None = None,
) -> None:
    """
    What the vendor answered. Accepted and unknown stay open until a look shows more. A PIN that the vendor
    tells only now is kept with the step that made it: if this is lost, so is the PIN, and it is renewed.
    """
    device = await store.devices.find(tx, device_id)
    if device is None:
        return
    tx.ledger.note(step.access_code_id, evidence.answered(step, outcome, error))
    if outcome == "not_sent":
        await store.access_codes.update_step(tx, replace(step, outcome=outcome, settled_at=tx.now))
        return
    settled = replace(
        step,
        outcome=outcome,
        wait_until=tx.now + _settling(step.kind, device.can),
        reaches_at=tx.now + _reaching(device.can),
    )
    code = await store.access_codes.find(tx, step.access_code_id)
    if code is not None and code.released_at is not None:
        settled = replace(settled, settled_at=tx.now)  # it was handed over meanwhile: nobody waits for it
    if told is not None:
        settled = await _keep_pin(tx, device_id, settled, told)
    await store.access_codes.update_step(tx, settled)


async def _keep_pin(tx: Tx, device_id: str, step: Step, told: Secret) -> Step:
    code = await store.access_codes.find(tx, step.access_code_id)
    if code is None:
        return step
    code_hash = tx.vault.pin_hash(device_id, told)
    holder = await store.access_codes.by_pin(tx, device_id, code_hash)
    is_taken = holder is not None and holder.access_code_id != code.access_code_id
    after, answered = reconcile.pin_told(code, step, told, code_hash, tx.now, is_taken=is_taken)
    if after != code:
        await store.access_codes.update_code(tx, after)
    return answered


def _reaching(can: Capabilities) -> timedelta:
    return timedelta(seconds=can.reaches_device_after)


def _settling(kind: StepKind, can: Capabilities) -> timedelta:
    """
    How long an effect may take to show. A removal names one entry: repeating it does no harm, and waiting
    keeps a guest's code on the lock, so it is given less time.
    """
    seconds = min(REMOVAL_SETTLES, can.settles_within) if kind == "remove" else can.settles_within
    return timedelta(seconds=seconds) + _reaching(can)


async def _missed(tx: Tx, device_id: str, step: Step, error: NoSuchObject) -> None:
    """The vendor does not know what the write was about; a later look tells what there is."""
    tx.ledger.note(step.access_code_id, evidence.answered(step, "not_sent", error))
    await store.access_codes.update_step(tx, replace(step, outcome="not_sent", settled_at=tx.now))
    code = await store.access_codes.find(tx, step.access_code_id)
    if code is not None:
        await store.access_codes.update_code(tx, replace(code, retry_at=tx.now + backoff(1)))


async def _refused(tx: Tx, hold: Hold, device_id: str, step: Step, error: Rejected) -> None:
    """The vendor will not have it as it is: a problem on the code, told once."""
    await store.access_codes.update_step(tx, replace(step, outcome="refused", settled_at=tx.now))
    tx.ledger.note(step.access_code_id, evidence.answered(step, "refused", error))
    lock = await _load(tx, device_id)
    code = await store.access_codes.find(tx, step.access_code_id)
    if lock is None or code is None:
        return
    # A problem of the account stands on the account, and from there on its codes: see `look_soon`.
    error_code = reconcile.SETTING_ERROR if error.is_of_account else error.error_code
    change = reconcile.refused(code, step, error_code, str(error), tx.now)
    if error.error_code == reconcile.DUPLICATE and change.code.attempts == 1:
        # A code that was removed at the door stays taken in the vendor's record until it reads the lock.
        device = replace(lock.device, sync_wanted=True)
        await store.devices.update_device(tx, device, hold.render(device, lock.account))
    if error.error_code == reconcile.DUPLICATE:
        change = await _naming_the_other(tx, device_id, change)
    if error.is_of_account:
        await poll.look_soon(tx, lock.account)
    if change.code.refused_generation == code.generation:
        why = msgspec.json.encode({"type": error.error_code, "message": str(error)}).decode()
        await store.action_attempts.give_up_code(tx, code.access_code_id, why)
        if code.conversion == "pending" and code.is_on_lock:
            change = conversion.failed(change, tx.now)
    await _store_change(tx, lock, code, change)


async def _finish(tx: Tx, hold: Hold, device_id: str, has_more: bool) -> None:
    """
    When to come back, by what stands in the rows now; at once if not all that was planned is written. A spare
    that has to make room counts no more from here on.
    """
    lock = await _load(tx, device_id)
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
