"""
Wished codes against the codes on one lock. Pure: no I/O, no clock but the `now` that is given.

The engine walks through it in three strides, each about one lock:

1. `attribute` (`domain.attribution`) says which of the codes that a look showed are which of ours.
2. `observe` (`domain.observation`) turns the look into facts: what is confirmed, what is gone, which
   written-down steps came true or were lost, and the events of it all. `advance` does the same for what
   happens by the passing of time alone and needs no look.
3. `plan` says what to write next (`domain.room`: for whom there is a place), and `due` when to come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from .access_codes import AccessCode
from .attribution import (
    Attribution,
    Outcome,
    PlannedStep,
    Seen,
    Step,
    StepKind,
    WrittenPins,
    attribute,
    desired,
    stands_as,
)
from .failure import DUPLICATE, FINAL, REMOVING_ERROR, SETTING_ERROR, Change, failed, refused
from .fights import is_undone
from .observation import Observation, advance, late_from, observe, pin_told
from .provider import Capabilities, DesiredCode
from .room import NO_SPACE, NO_SPACE_MESSAGE, Holder, coming, deal, places_of, without_room

__all__ = [
    "DUPLICATE",
    "FINAL",
    "NO_SPACE",
    "REMOVING_ERROR",
    "SETTING_ERROR",
    "WRITES_AT_ONCE",
    "Attribution",
    "Change",
    "Observation",
    "Outcome",
    "Plan",
    "PlannedStep",
    "Seen",
    "Step",
    "StepKind",
    "WrittenPins",
    "advance",
    "attribute",
    "blocked",
    "desired",
    "due",
    "failed",
    "has_moved_on",
    "needs_look",
    "observe",
    "pin_told",
    "plan",
    "refused",
    "stands_as",
]

WRITES_AT_ONCE: Final = 10
"""In one tick. A door that is asked for meanwhile waits for one of them, not for a whole lock's codes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Attributes:
        steps: In the order in which to write: what is over goes first, so that a full lock has room.
        blocked: access_code_id to (error code, message): wanted, and the lock has no place for it, or
            somebody else has its PIN there.
        taken: Places that are taken when the steps have come true.
    """

    steps: tuple[PlannedStep, ...] = ()
    blocked: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    taken: int = 0


def plan(
    codes: Sequence[AccessCode],
    open_steps: Sequence[Step],
    seen: Sequence[Seen],
    can: Capabilities,
    names: Mapping[str, str],
    now: datetime,
    written: WrittenPins = MappingProxyType({}),
) -> Plan:
    """
    The writes that bring the lock from what a look showed to what is wished.

    Never more than one open write per code; never a removal of a code that can be changed in place; codes
    that somebody else put there are left alone. A lock as wished gets no step. Where there are fewer places
    than codes, those that are not active yet may have to leave for more urgent ones.
    """
    attribution = attribute(codes, open_steps, seen, written)
    step_of = {step.access_code_id: step for step in open_steps}
    removals: list[PlannedStep] = []
    changes: list[PlannedStep] = []
    additions: list[tuple[AccessCode, DesiredCode]] = []
    holders: list[Holder] = []
    leaving = 0
    for code in codes:
        entries = attribution.ours.get(code.access_code_id, ())
        step = step_of.get(code.access_code_id)
        wanted = None if code.gone_at is not None else desired(code, can, names[code.access_code_id], now)
        surplus = entries if wanted is None else entries[1:]
        if step is not None:
            leaving += _is_leaving(step, entries, surplus, is_wanted=wanted is not None)
            if wanted is not None and step.kind != "remove" and code.conversion != "pending":
                holders.append(Holder(code, None))
        elif _must_wait(code, now) or any(i.entry.is_busy for i in entries):
            continue
        elif surplus:
            removals.append(PlannedStep("remove", code, None, surplus[0].entry.vendor_code_id))
            leaving += 1
        elif wanted is not None and entries:
            if code.drift != "none":
                continue  # it stays as somebody else has left it
            if code.conversion != "pending":  # what is not ours yet makes no room
                holders.append(Holder(code, entries[0].entry.vendor_code_id))
            if code.refused_generation != code.generation and not stands_as(code, entries[0].entry, wanted):
                changes.append(PlannedStep("change", code, wanted, entries[0].entry.vendor_code_id))
        elif wanted is not None and code.drift == "none" and code.refused_generation != code.generation:
            additions.append((code, wanted))
    newcomers, blocked_pins = _with_free_pins(additions, attribution, seen)
    taken = sum(item.entry.takes_room for item in seen) + coming(open_steps, attribution)
    dealt = deal(newcomers, places_of(can, taken, leaving, holders, now), now)
    evicted = {step.code.access_code_id for step in dealt.evictions}
    staying = [step for step in changes if step.code.access_code_id not in evicted]
    kept_changes, blocked_changes = _without_clashes(staying, attribution, seen, codes)
    no_space = dict.fromkeys(dealt.waiting, (NO_SPACE, NO_SPACE_MESSAGE))
    return Plan(
        (*removals, *dealt.evictions, *kept_changes, *dealt.sets),
        {**blocked_changes, **blocked_pins, **no_space},
        taken + len(dealt.sets),
    )


def _is_leaving(step: Step, entries: Sequence[Seen], surplus: Sequence[Seen], *, is_wanted: bool) -> bool:
    """A place is being cleared by an open step, or will be when a set that nobody wants now has landed."""
    if step.kind == "remove":
        return any(item.entry.vendor_code_id == step.vendor_code_id for item in entries)
    return bool(surplus) or not is_wanted


def blocked(code: AccessCode, error_code: str, message: str, now: datetime) -> Change:
    """What a code becomes that the plan has no step for."""
    if error_code == NO_SPACE:
        return without_room(code, now)
    return failed(Change(code), "set", error_code, message, now)


def _must_wait(code: AccessCode, now: datetime) -> bool:
    return code.retry_at is not None and now < code.retry_at


def _without_clashes(
    changes: list[PlannedStep],
    attribution: Attribution,
    seen: Sequence[Seen],
    codes: Sequence[AccessCode],
) -> tuple[list[PlannedStep], dict[str, tuple[str, str]]]:
    """A PIN that another entry on the lock still has cannot be taken over yet."""
    kept: list[PlannedStep] = []
    blocked: dict[str, tuple[str, str]] = {}
    waits_for: dict[str, str] = {}
    owner_of = {
        item.entry.vendor_code_id: access_code_id
        for access_code_id, entries in attribution.ours.items()
        for item in entries
    }
    for step in changes:
        own = {i.entry.vendor_code_id for i in attribution.ours.get(step.code.access_code_id, ())}
        holder = _holder(step.code, seen, own)
        if holder is None:
            kept.append(step)
        elif holder in attribution.foreign:
            blocked[step.code.access_code_id] = _duplicate()
        else:
            waits_for[step.code.access_code_id] = owner_of[holder.entry.vendor_code_id]
    for access_code_id in waits_for:
        if _is_in_a_circle(access_code_id, waits_for):
            blocked[access_code_id] = _duplicate()
    return kept, blocked


def _is_in_a_circle(access_code_id: str, waits_for: Mapping[str, str]) -> bool:
    """Somebody has exchanged PINs among our codes: none of them can have its own back before another."""
    at: str | None = access_code_id
    for _ in waits_for:
        at = waits_for.get(at) if at is not None else None
        if at == access_code_id:
            return True
    return False


def _with_free_pins(
    additions: list[tuple[AccessCode, DesiredCode]], attribution: Attribution, seen: Sequence[Seen]
) -> tuple[list[tuple[AccessCode, DesiredCode]], dict[str, tuple[str, str]]]:
    """New codes whose PIN nobody has on the lock."""
    free: list[tuple[AccessCode, DesiredCode]] = []
    blocked: dict[str, tuple[str, str]] = {}
    for code, wanted in additions:
        holder = _holder(code, seen, set())
        if holder is None:
            free.append((code, wanted))
        elif holder in attribution.foreign:
            blocked[code.access_code_id] = _duplicate()
        # Else it is one of ours that is about to go or to change: wait until a look shows it.
    return free, blocked


def _holder(code: AccessCode, seen: Sequence[Seen], own: set[str]) -> Seen | None:
    if code.code_hash is None:
        return None
    for item in seen:
        if item.code_hash == code.code_hash and item.entry.vendor_code_id not in own:
            return item
    return None


def _duplicate() -> tuple[str, str]:
    return (
        "duplicate_code_on_device",
        "Another code on the device, made elsewhere, has the same PIN. Choose another, or remove that one.",
    )


# --- when to come back ------------------------------------------------------------------------------------


def needs_look(
    codes: Sequence[AccessCode], open_steps: Sequence[Step], can: Capabilities, now: datetime
) -> bool:
    """Something is open that only a look can tell or that a write must follow."""
    return bool(open_steps) or any(_wants_write(code, can, now) for code in codes)


def _wants_write(code: AccessCode, can: Capabilities, now: datetime) -> bool:
    if code.gone_at is not None or _must_wait(code, now):
        return False
    if code.is_over(now):
        return code.was_sent or code.is_on_lock
    if code.drift != "none":
        return False
    if not code.is_wanted(can, now):
        return code.is_on_lock  # what was sent and is not there needs no look until its time comes
    if is_undone(code) and code.refused_generation == code.generation:
        return False
    if code.is_as_wished:  # to be restored; or it would not make room: try again if room is still needed
        return code.retry_at is not None or is_undone(code)
    return not code.waits_for_room and code.refused_generation != code.generation


def due(
    codes: Sequence[AccessCode], open_steps: Sequence[Step], can: Capabilities, now: datetime
) -> datetime | None:
    """The next instant at which a tick has something to do; None: never by itself."""
    met = {code.access_code_id for code in codes if code.is_on_lock}
    instants = [_next_look(step, now, is_met=step.access_code_id in met) for step in open_steps]
    waiting = {step.access_code_id for step in open_steps}
    for code in codes:
        if code.gone_at is not None:
            continue
        moments = (code.programmed_from(can), *code.times, code.retry_at)
        instants.extend(moment for moment in moments if moment is not None and moment > now)
        if code.confirmed_at is None and code.drift == "none" and late_from(code, can) > now:
            instants.append(late_from(code, can))
        if code.access_code_id not in waiting and _wants_write(code, can, now):
            instants.append(now + timedelta(seconds=2))
        if has_moved_on(code, open_steps, can, now):
            instants.append(now)
    return min(instants, default=None)


def has_moved_on(code: AccessCode, open_steps: Sequence[Step], can: Capabilities, now: datetime) -> bool:
    """
    Time, or somebody's wish, has changed what `advance` makes of it. A tick begins with `advance`: what came
    about since needs another.
    """
    has_open_step = any(step.access_code_id == code.access_code_id for step in open_steps)
    return advance(code, can, now, has_open_step=has_open_step).code != code


def _next_look(step: Step, now: datetime, *, is_met: bool) -> datetime:
    """
    Often at first, as a device usually answers within seconds, then ever less; and not before the device can
    know of it, when all that is left to do is to wait for that: a look has shown the entry (`is_met`), which
    may have to be completed, or it is to go.
    """
    age = (now - step.planned_at).total_seconds()
    soon = now + timedelta(seconds=0.4 if age < 2 else 1.0 if age < 10 else 3.0 if age < 60 else 15.0)
    is_told = step.kind == "remove" or (step.code_hash is not None and is_met)
    waits = step.outcome == "accepted" and is_told and age >= 2
    return max(soon, step.reaches_at) if waits else soon
