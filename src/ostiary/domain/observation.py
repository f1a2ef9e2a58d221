"""
From a look to facts: what is confirmed, what is gone, which steps came true or were lost, with the events of
it all; and what the passing of time alone brings. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from . import conversion, drift, fights, problems
from .access_codes import IN_EFFECT, AccessCode, Announced, shown
from .attribution import (
    Attribution,
    Outcome,
    Seen,
    Step,
    WrittenPins,
    attribute,
    desired,
    stands_as,
)
from .events import Event
from .failure import DUPLICATE, REMOVING_ERROR, SETTING_ERROR, Change, failed, is_eviction, put_off
from .fights import is_undone
from .provider import Capabilities, DesiredCode
from .retry import backoff
from .room import out_of_the_queue
from .secrets import Secret

UNTOLD_LOSSES: Final = 2
"""So many writes in a row without an answer are repeated without a word."""

_FINISHED: Final = ("CREATE_ACCESS_CODE", "UPDATE_ACCESS_CODE", "CONVERT_ACCESS_CODE_TO_MANAGED")

GRACE: Final = timedelta(minutes=1)
SLOW_ONGOING: Final = timedelta(minutes=10)
"""An ongoing code that takes longer than this is late; the wire publishes no figure."""


@dataclass(frozen=True, slots=True)
class Observation:
    changes: tuple[Change, ...]
    settled: tuple[Step, ...]
    attribution: Attribution
    sync_wanted: bool


def observe(
    codes: Sequence[AccessCode],
    open_steps: Sequence[Step],
    seen: Sequence[Seen],
    can: Capabilities,
    names: Mapping[str, str],
    now: datetime,
    written: WrittenPins = MappingProxyType({}),
    *,
    asked_at: datetime | None = None,
) -> Observation:
    """
    Turn a look into facts.

    Args:
        codes: Every code of the lock that is not gone, and gone ones whose mark was seen.
        names: access_code_id to the vendor's name that it should have.
        asked_at: When the vendor was asked, which may be long ago. None: just now.
    """
    asked_at = now if asked_at is None else asked_at
    attribution = attribute(codes, open_steps, seen, written)
    step_of = {step.access_code_id: step for step in open_steps}
    changes: list[Change] = []
    settled: list[Step] = []
    sync_wanted = False
    for code in codes:
        entries = attribution.ours.get(code.access_code_id, ())
        step = step_of.get(code.access_code_id)
        believed = _believed(code, entries, step)
        wanted = desired(believed, can, names[code.access_code_id], now)
        proof = None if _is_doubtful(step, code, entries) else step
        stands = wanted is not None and bool(entries) and stands_as(believed, entries[0].entry, wanted, proof)
        outcome = None
        if step is not None:
            outcome = _outcome(step, believed, entries, wanted, now, asked_at, stands=stands)
        if step is not None and outcome is not None:
            settled.append(replace(step, outcome=outcome, settled_at=now))
            sync_wanted = sync_wanted or outcome == "lost"
        is_open = step is not None and outcome is None
        change = _observed(believed, entries, can, wanted, now, step, stands=stands, is_open=is_open)
        if outcome == "lost" and step is not None:
            change = _after_loss(change, step, now)
        if change.code != code or change.events or change.problem_events:
            changes.append(change)
    return Observation(tuple(changes), tuple(settled), attribution, sync_wanted)


def _is_doubtful(step: Step | None, code: AccessCode, entries: tuple[Seen, ...]) -> bool:
    """
    Where no look tells PINs, nobody knows whether an entry was made by this set or by an earlier one that was
    given up: there are two of them, or something has failed before.
    """
    if step is None or step.kind != "set" or not entries or entries[0].code_hash is not None:
        return False
    return len(entries) > 1 or problems.has(code.errors, "error_code", SETTING_ERROR)


def _believed(code: AccessCode, entries: tuple[Seen, ...], step: Step | None) -> AccessCode:
    """
    The code without a PIN that the device may not have, where no look tells it: the confirmed one counts no
    more once another was sent or a part of the entry is missing, which may be the PIN.
    """
    if code.gone_at is not None or not entries or entries[0].code_hash is not None:
        return code
    if code.is_code_from_vendor and _is_doubtful(step, code, entries):
        return _forgotten(code)
    is_other = step is not None and step.kind != "remove" and step.code_hash != code.confirmed_code_hash
    may_miss_pin = code.is_code_from_vendor and not entries[0].entry.is_exact
    return replace(code, confirmed_code_hash=None) if is_other or may_miss_pin else code


def _forgotten(code: AccessCode) -> AccessCode:
    """The PIN that the vendor had chosen is lost, to us or to the device: the next write asks for another."""
    if not code.is_code_from_vendor:
        return code
    return replace(
        code,
        code=None,
        code_hash=None,
        is_code_from_vendor=False,
        confirmed_code_hash=None,
        confirmed_generation=0,
    )


def pin_told(
    code: AccessCode, step: Step, pin: Secret, code_hash: str, now: datetime, *, is_taken: bool
) -> tuple[AccessCode, Step]:
    """
    The code and its step after the answer to a write has told the PIN that the vendor chose: it is the code's
    own from then on. A PIN that was wished for while the write was under way stays wished for.

    Args:
        is_taken: Another code of the lock has it. It is not kept, and renewed after a pause, as the other may
            be on its way out.
    """
    answered = replace(step, code_hash=None if is_taken else code_hash)
    if code.gone_at is not None or code.code_hash != step.code_hash:
        return code, answered
    if is_taken:
        attempts = code.attempts + 1
        return replace(_forgotten(code), attempts=attempts, retry_at=now + backoff(attempts)), answered
    return replace(code, code=pin, code_hash=code_hash, is_code_from_vendor=True), answered


def _outcome(
    step: Step,
    code: AccessCode,
    entries: tuple[Seen, ...],
    wanted: DesiredCode | None,
    now: datetime,
    asked_at: datetime,
    *,
    stands: bool,
) -> Outcome | None:
    """
    Whether a look shows what a step was to bring about; None: not yet, and it may still come. What was asked
    before the step's time was up does not tell that it has not come.
    """
    entry = entries[0].entry if entries else None
    if step.kind == "remove":
        listed = {item.entry.vendor_code_id for item in entries}
        came_true = step.vendor_code_id not in listed
    elif entry is None or entry.is_busy:
        came_true = False
    elif step.kind == "set":
        came_true = True
    else:
        is_current = step.generation == code.generation and wanted is not None and wanted.code is not None
        came_true = stands if is_current else _is_done(step, entries[0])
    if came_true:
        is_whole = stands or step.kind == "remove"  # if it is not, the next write need not wait
        return None if is_whole and now < step.reaches_at else "seen"
    return "lost" if asked_at >= step.wait_until else None


def _is_done(step: Step, item: Seen) -> bool:
    """A change that nobody waits for any more is out of the way: its PIN stands there, or it was answered."""
    return step.outcome == "accepted" if item.code_hash is None else item.code_hash == step.code_hash


def _observed(
    code: AccessCode,
    entries: tuple[Seen, ...],
    can: Capabilities,
    wanted: DesiredCode | None,
    now: datetime,
    step: Step | None,
    *,
    stands: bool,
    is_open: bool,
) -> Change:
    """One code after a look."""
    if code.gone_at is not None:
        return Change(code)  # a ghost: its write landed after everybody had given it up; `plan` removes it
    if not entries:
        return _absent(code, can, now, step, is_open=is_open)
    entry = entries[0].entry
    known = replace(code, vendor_code_id=entry.vendor_code_id, vendor_name=entry.name, was_sent=True)
    if not code.is_on_lock and problems.has(code.errors, "error_code", DUPLICATE):
        known = replace(known, refused_generation=None)  # what was in the way may have been this very entry
    if wanted is None:
        return Change(known)
    if stands and not entry.is_busy:
        is_on_its_way = is_open and step is not None and now < step.reaches_at
        return Change(known) if is_on_its_way else _confirmed(known, can, now, step)
    if (known.is_as_wished or known.drift == "removed") and not is_open:
        return drift.modified(known, entries[0], wanted, now)
    return Change(known)


def _absent(
    code: AccessCode, can: Capabilities, now: datetime, step: Step | None, *, is_open: bool
) -> Change:
    """The lock does not have it."""
    missing = replace(code, vendor_code_id=None, vendor_name=None)
    if is_open:
        return Change(missing)
    missing = replace(missing, errors=problems.cleared(code.errors, "error_code", REMOVING_ERROR))
    if code.is_over(now):
        return _gone(missing, now)
    if code.conversion == "pending":
        return conversion.lost(missing, now)
    missing = _forgotten(missing)  # a PIN of the vendor's goes with its entry
    if code.confirmed_at is None:
        return Change(missing)
    forgotten = _unconfirmed(missing)
    if not code.is_wanted(can, now) or _was_removed_by_us(code, step):
        # Its start moved out of the lead time, or it made room for a more urgent one.
        told = [] if code.announced == "none" else [code.event("access_code.removed_from_device", now)]
        return Change(forgotten, tuple(told))
    return drift.removed(code, forgotten, now)


def _was_removed_by_us(code: AccessCode, step: Step | None) -> bool:
    """The removal that has come true was of this entry, and not of a second one beside it."""
    if step is None or step.kind != "remove":
        return False
    return code.vendor_code_id in (None, step.vendor_code_id)


def _unconfirmed(code: AccessCode) -> AccessCode:
    return replace(
        code,
        was_sent=False,
        confirmed_at=None,
        confirmed_name=None,
        confirmed_code=None,
        confirmed_code_hash=None,
        confirmed_starts_at=None,
        confirmed_ends_at=None,
        confirmed_weekly_window=None,
        confirmed_generation=0,
        announced="none",
    )


def _confirmed(code: AccessCode, can: Capabilities, now: datetime, step: Step | None) -> Change:
    """A look shows the present wish. Tries to make it leave for a more urgent one are no tries to set it."""
    events = list(_change_events(code, now)) if code.confirmed_at is not None else []
    was_somebody_elses = code.conversion == "pending"
    if was_somebody_elses:
        events.insert(0, code.event("access_code.unmanaged.converted_to_managed", now))
    was_as_wished = code.is_as_wished
    was_restored = is_undone(code) or code.drift != "none"
    stood = was_as_wished and not was_restored
    may_leave = stood and (step is not None or code.retry_at is not None)
    rests = stood and code.retry_at is not None and now < code.retry_at
    confirmed = replace(
        code,
        confirmed_at=code.confirmed_at if was_as_wished else now,
        confirmed_name=code.name,
        confirmed_code=code.code,
        confirmed_code_hash=code.code_hash,
        confirmed_starts_at=code.starts_at,
        confirmed_ends_at=code.ends_at,
        confirmed_weekly_window=code.weekly_window,
        confirmed_generation=code.generation,
        conversion="done" if was_somebody_elses else code.conversion,
        attempts=code.attempts if may_leave else 0,
        retry_at=code.retry_at if rests else None,
        waits_for_room=False,
        errors=(),  # it is as it should be, whatever stood in the way
        warnings=problems.cleared(code.warnings, "warning_code", "delay_in_setting_on_device", IN_EFFECT),
        drift="none",
    )
    is_set = confirmed.is_active(now) or not confirmed.has_native_schedule(can)
    told: Announced = "set" if is_set else "scheduled"
    is_news = not was_as_wished or was_restored or confirmed.announced != told
    if is_news:
        events.append(_announcement(confirmed, told, now))
    finished = () if was_as_wished else _FINISHED
    return Change(replace(confirmed, announced=told), tuple(events), finished=finished)


def _announcement(code: AccessCode, told: str, now: datetime) -> Event:
    event_type: Any = f"access_code.{told}_on_device"
    return code.event(event_type, now, secret_fields={"code": shown(code.in_effect.code)})


def _change_events(code: AccessCode, now: datetime) -> Iterable[Event]:
    """
    The confirmed differences between the last wish that stood on the lock and the present one. What others
    had made of the same wish meanwhile is none; but that the vendor has chosen another PIN is.
    """
    for mutation, noun, change in code.differences():
        if code.is_as_wished and not (mutation == "updating_code" and code.is_code_from_vendor):
            continue
        event_type: Any = f"access_code.{mutation.removeprefix('updating_')}_changed"
        description = f"The {noun} on the device is now the one that was requested."
        if mutation == "updating_code":
            yield code.event(event_type, now, description=description, secret_fields=change)
        else:
            yield code.event(event_type, now, description=description, **change)


def _gone(code: AccessCode, now: datetime) -> Change:
    """Over, and the lock does not have it. A PIN of the vendor's that was never confirmed is not told now."""
    pin = code.confirmed_code if code.is_code_from_vendor else code.in_effect.code
    events = [] if code.announced == "none" else [code.event("access_code.removed_from_device", now)]
    events.append(code.event("access_code.deleted", now, secret_fields={"code": shown(pin)}))
    gone = replace(
        code,
        vendor_code_id=None,
        code=None,  # the hash stays, to know a late write again; the PIN is nobody's business any more
        confirmed_code=None,
        gone_at=now,
        retry_at=None,
        errors=problems.cleared(code.errors, "error_code", REMOVING_ERROR),
    )
    return Change(gone, tuple(events), finished=("DELETE_ACCESS_CODE",))


def _after_loss(change: Change, step: Step, now: datetime) -> Change:
    """
    A write's time is up, and the lock does not show it. One that got no answer was probably lost on its way:
    a few of those are nothing to tell anybody of.
    """
    message = (
        "The vendor accepted the removal, but the code is still on the device. It is removed again."
        if step.kind == "remove"
        else "The vendor accepted the code, but the device does not show it. It is sent again."
    )
    code = change.code
    if step.kind != "remove" and step.outcome != "accepted" and code.code_hash != code.confirmed_code_hash:
        code = _forgotten(code)  # the lost answer may have told another
    if code.gone_at is not None or (step.kind != "remove" and code.is_as_wished):
        return replace(change, code=fights.not_restored(code, now)) if is_undone(code) else change
    change = replace(change, code=code)
    is_untold = step.outcome != "accepted" and code.attempts < UNTOLD_LOSSES
    if is_untold or is_eviction(code, step, now):
        change = put_off(change, now)
    else:
        change = failed(change, step.kind, None, message, now)
    if step.kind == "remove" or not fights.is_fought_over(code, now):
        return change
    return replace(change, code=fights.not_restored(change.code, now))


# --- the passing of time --------------------------------------------------------------------------------


def advance(code: AccessCode, can: Capabilities, now: datetime, *, has_open_step: bool) -> Change:
    """
    What becomes of a code by the passing of time, without a look.

    A preloaded code becomes active, a late one gets its warning, and one that never reached the vendor is
    over at once.
    """
    if code.gone_at is not None:
        return Change(code)
    if code.is_over(now):
        return Change(code) if code.was_sent or code.is_on_lock or has_open_step else _gone(code, now)
    stands = code.is_on_lock and code.is_as_wished and not is_undone(code) and not code.is_inactive
    if code.is_active(now) and code.announced == "scheduled" and stands:
        told = replace(code, announced="set")
        return Change(told, (_announcement(told, "set", now),))
    if not code.is_wanted(can, now):
        code = out_of_the_queue(code)
        if not (code.is_on_lock or has_open_step):
            code = _untroubled(code)
    return _warned_of_delay(code, can, now)


def _untroubled(code: AccessCode) -> AccessCode:
    """It is neither on the lock nor to be there yet: what went wrong before its start was moved is over."""
    warnings = problems.cleared(code.warnings, "warning_code", "delay_in_setting_on_device")
    return replace(code, errors=(), warnings=warnings)


def late_from(code: AccessCode, can: Capabilities) -> datetime:
    """
    When a code that is not on the lock is late; one whose start is past already gets a moment's grace, and
    the time that its device needs to learn of it.
    """
    grace = GRACE + timedelta(seconds=can.reaches_device_after)
    late = code.created_at + SLOW_ONGOING
    if code.starts_at is not None:
        late = max(code.starts_at, code.created_at + grace)
    return late if code.undone_at is None else max(late, code.undone_at + grace)


def _warned_of_delay(code: AccessCode, can: Capabilities, now: datetime) -> Change:
    is_late = code.confirmed_at is None and code.drift == "none" and now >= late_from(code, can)
    if not is_late or problems.has(code.warnings, "warning_code", "delay_in_setting_on_device"):
        return Change(code)
    warnings = problems.raised(
        code.warnings,
        "warning_code",
        "delay_in_setting_on_device",
        "The code should be on the device by now and is not yet. It is tried until it is.",
        now,
    )
    return Change(
        replace(code, warnings=warnings), problem_events=("access_code.delay_in_setting_on_device",)
    )
