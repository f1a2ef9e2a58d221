"""
Wished codes against the codes on one lock. Pure: no I/O, no clock but the `now` that is given.

The engine walks through it in three strides, each about one lock:

1. `attribute` says which of the codes that a look showed are which of ours.
2. `observe` turns the look into facts: what is confirmed, what is gone, which written-down steps came true
   or were lost, and the events of it all.
3. `plan` says what to write next, and when to come back.

`advance` is the fourth: what happens by the passing of time alone and needs no look.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from . import problems
from .access_codes import AccessCode, Announced, frame, shown
from .events import Event
from .provider import Capabilities, DesiredCode, ObservedCode
from .retry import backoff
from .secrets import Secret

StepKind = Literal["set", "change", "remove"]
Outcome = Literal["planned", "accepted", "unknown", "seen", "lost", "not_sent", "refused"]

SETTING_ERRORS: Final = (
    "failed_to_set_on_device",
    "duplicate_code_on_device",
    "no_space_for_access_code_on_device",
    "provider_issue",
    "code_constraints_violated",
    "subscription_required",
    "access_code_inactive",
)
"""What a confirmation clears."""

REMOVING_ERROR: Final = "failed_to_remove_from_device"
"""Ends with the entry that would not go, or with the wish that it should."""

SLOW_ONGOING: Final = timedelta(minutes=10)
"""An ongoing code that takes longer than this is late; the wire publishes no figure."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One write to the vendor, as it was written down before it was made.

    Attributes:
        code_hash: Of the PIN that it carries, so that its effect can be recognised.
        outcome: `planned` until the vendor answered, `accepted` or `unknown` until a look settles it.
        wait_until: Until then an effect that is not seen may still come; afterwards the step is lost.
    """

    step_id: str
    access_code_id: str
    kind: StepKind
    generation: int
    vendor_code_id: str | None
    code_hash: str | None
    planned_at: datetime
    outcome: Outcome
    wait_until: datetime
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What to write next. `wanted` is None for a removal."""

    kind: StepKind
    code: AccessCode
    wanted: DesiredCode | None
    vendor_code_id: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One code of a look with what the house adds: the keyed hash of its PIN."""

    entry: ObservedCode
    code_hash: str | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """
    Whose the codes on the lock are.

    Attributes:
        ours: access_code_id to its entries; the first is the one that counts, the rest are surplus.
        foreign: Somebody else's. Never touched.
    """

    ours: Mapping[str, tuple[Seen, ...]]
    foreign: tuple[Seen, ...]

    def of(self, code: AccessCode) -> Seen | None:
        entries = self.ours.get(code.access_code_id, ())
        return entries[0] if entries else None


def attribute(codes: Sequence[AccessCode], open_steps: Sequence[Step], seen: Sequence[Seen]) -> Attribution:
    """
    Recognise our codes: by the vendor's id where a look has told it before, else by our mark **and** the
    PIN. A name alone never makes a code ours: people copy names.
    """
    by_vendor_id = {code.vendor_code_id: code for code in codes if code.vendor_code_id is not None}
    by_mark = {code.mark: code for code in codes}
    ours: dict[str, list[Seen]] = {}
    foreign: list[Seen] = []
    for item in seen:
        code = by_vendor_id.get(item.entry.vendor_code_id)
        if code is None:
            marked = by_mark.get(item.entry.mark or "")
            code = marked if marked is not None and _may_be(marked, open_steps, item) else None
        if code is None:
            foreign.append(item)
        else:
            ours.setdefault(code.access_code_id, []).append(item)
    living = {code.access_code_id: code for code in codes}
    return Attribution(
        {key: tuple(_counting_first(living[key], entries)) for key, entries in ours.items()}, tuple(foreign)
    )


def _may_be(code: AccessCode, open_steps: Iterable[Step], item: Seen) -> bool:
    if item.code_hash is None:
        return True
    hashes = {code.code_hash, code.confirmed_code_hash}
    hashes.update(step.code_hash for step in open_steps if step.access_code_id == code.access_code_id)
    return item.code_hash in hashes


def _counting_first(code: AccessCode, entries: list[Seen]) -> list[Seen]:
    """The entry that we know by id, else one with the wished PIN, else the first listed."""

    def rank(item: Seen) -> tuple[bool, bool, str]:
        entry = item.entry
        is_known = entry.vendor_code_id == code.vendor_code_id
        return (not is_known, item.code_hash != code.code_hash, entry.vendor_code_id)

    return sorted(entries, key=rank)


def desired(code: AccessCode, can: Capabilities, vendor_name: str, now: datetime) -> DesiredCode | None:
    """How a code should stand on the lock at this instant; None: not at all, or its PIN is not known."""
    if code.code is None or not code.is_wanted(can, now):
        return None
    native = code.has_native_schedule(can)
    return DesiredCode(
        access_code_id=code.access_code_id,
        vendor_name=vendor_name,
        code=code.code,
        starts_at=code.starts_at if native else None,
        ends_at=code.ends_at if native else None,
    )


def stands_as(entry: ObservedCode, wanted: DesiredCode) -> bool:
    """The lock shows exactly what is wanted, and nothing limits it that we did not write."""
    return (
        entry.name == wanted.vendor_name
        and (entry.code is None or entry.code == wanted.code)
        and entry.starts_at == wanted.starts_at
        and entry.ends_at == wanted.ends_at
        and entry.is_enabled
        and entry.is_exact
    )


# --- facts ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """
    What became of one code.

    Attributes:
        problem_events: Events that must carry the six arrays of problems, which the engine adds.
        finished: Action types whose pending attempts are now done.
    """

    code: AccessCode
    events: tuple[Event, ...] = ()
    problem_events: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()


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
) -> Observation:
    """
    Turn a look into facts.

    Args:
        codes: Every code of the lock that is not gone, and gone ones whose mark was seen.
        names: access_code_id to the vendor's name that it should have.
    """
    attribution = attribute(codes, open_steps, seen)
    step_of = {step.access_code_id: step for step in open_steps}
    changes: list[Change] = []
    settled: list[Step] = []
    sync_wanted = False
    for code in codes:
        entries = attribution.ours.get(code.access_code_id, ())
        step = step_of.get(code.access_code_id)
        outcome = None if step is None else _outcome(step, code, entries, can, names, now)
        if step is not None and outcome is not None:
            settled.append(replace(step, outcome=outcome, settled_at=now))
            sync_wanted = sync_wanted or outcome == "lost"
        is_open = step is not None and outcome is None
        change = _observed(code, entries, can, names[code.access_code_id], now, is_open=is_open)
        if outcome == "lost" and step is not None:
            change = _after_loss(change, step, now)
        if change.code != code or change.events or change.problem_events:
            changes.append(change)
    return Observation(tuple(changes), tuple(settled), attribution, sync_wanted)


def _outcome(
    step: Step,
    code: AccessCode,
    entries: tuple[Seen, ...],
    can: Capabilities,
    names: Mapping[str, str],
    now: datetime,
) -> Outcome | None:
    """Whether a look shows what a step was to bring about; None: not yet, and it may still come."""
    entry = entries[0].entry if entries else None
    if step.kind == "remove":
        listed = {item.entry.vendor_code_id for item in entries}
        came_true = step.vendor_code_id not in listed
    elif step.kind == "set":
        came_true = entry is not None and not entry.is_busy
    else:
        wanted = desired(code, can, names[code.access_code_id], now)
        is_current = step.generation == code.generation and wanted is not None
        same_pin = entry is not None and entries[0].code_hash == step.code_hash
        came_true = (
            entry is not None
            and not entry.is_busy
            and (stands_as(entry, wanted) if is_current and wanted is not None else same_pin)
        )
    if came_true:
        return "seen"
    return "lost" if now >= step.wait_until else None


def _observed(
    code: AccessCode,
    entries: tuple[Seen, ...],
    can: Capabilities,
    name: str,
    now: datetime,
    *,
    is_open: bool,
) -> Change:
    """One code after a look."""
    if code.gone_at is not None:
        return Change(code)  # a ghost: its write landed after everybody had given it up; `plan` removes it
    if not entries:
        return _absent(code, can, now, is_open=is_open)
    entry = entries[0].entry
    known = replace(code, vendor_code_id=entry.vendor_code_id, vendor_name=entry.name, was_sent=True)
    wanted = desired(known, can, name, now)
    if wanted is None:
        return Change(known)
    if stands_as(entry, wanted) and not entry.is_busy:
        return _confirmed(known, can, now)
    if known.is_as_wished and not is_open:
        return _tampered(known, entries[0], wanted, now)
    return Change(known)


def _absent(code: AccessCode, can: Capabilities, now: datetime, *, is_open: bool) -> Change:
    """The lock does not have it."""
    missing = replace(code, vendor_code_id=None, vendor_name=None)
    if is_open:
        return Change(missing)
    missing = replace(missing, errors=problems.cleared(code.errors, "error_code", REMOVING_ERROR))
    if code.is_over(now):
        return _gone(missing, now)
    if code.confirmed_at is None:
        return Change(missing)
    forgotten = _unconfirmed(missing)
    if not code.is_wanted(can, now):
        # Its start moved out of the lead time, and it was taken off.
        told = [] if code.announced == "none" else [code.event("access_code.removed_from_device", now)]
        return Change(forgotten, tuple(told))
    errors = problems.raised(
        missing.errors,
        "error_code",
        "conflicting_external_modification",
        "The code was removed from the device by somebody else. It is being set again.",
        now,
        is_access_code_error=True,
        change_type="removed",
    )
    return Change(
        replace(forgotten, errors=errors), (code.event("access_code.deleted_external_to_seam", now),)
    )


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
        confirmed_generation=0,
        announced="none",
    )


def _tampered(code: AccessCode, item: Seen, wanted: DesiredCode, now: datetime) -> Change:
    """It was as wished and is not any more: somebody changed it at the vendor. It is brought back."""
    entry = item.entry
    if _is_tampered(code):
        return Change(code)
    fields = [
        {"field": name, "from": before, "to": after}
        for name, before, after in (
            ("name", wanted.vendor_name, entry.name),
            ("starts_at", *_instants(wanted.starts_at, entry.starts_at)),
            ("ends_at", *_instants(wanted.ends_at, entry.ends_at)),
        )
        if before != after
    ]
    errors = problems.raised(
        code.errors,
        "error_code",
        "conflicting_external_modification",
        "The code was changed on the device by somebody else. It is being restored.",
        now,
        is_access_code_error=True,
        change_type="modified",
        modified_fields=fields,
    )
    return Change(replace(code, errors=errors), (code.event("access_code.modified_external_to_seam", now),))


def _is_tampered(code: AccessCode) -> bool:
    return problems.has(code.errors, "error_code", "conflicting_external_modification")


def _instants(before: datetime | None, after: datetime | None) -> tuple[str | None, str | None]:
    wire = frame(before, after)
    return wire["starts_at"], wire["ends_at"]


def _confirmed(code: AccessCode, can: Capabilities, now: datetime) -> Change:
    """A look shows the present wish."""
    events = list(_change_events(code, now)) if code.confirmed_at is not None else []
    was_as_wished = code.is_as_wished
    confirmed = replace(
        code,
        confirmed_at=code.confirmed_at if was_as_wished else now,
        confirmed_name=code.name,
        confirmed_code=code.code,
        confirmed_code_hash=code.code_hash,
        confirmed_starts_at=code.starts_at,
        confirmed_ends_at=code.ends_at,
        confirmed_generation=code.generation,
        attempts=0,
        retry_at=None,
        errors=problems.cleared(
            code.errors,
            "error_code",
            *SETTING_ERRORS,
            REMOVING_ERROR,
            "conflicting_external_modification",
        ),
        warnings=problems.cleared(code.warnings, "warning_code", "delay_in_setting_on_device"),
    )
    was_restored = _is_tampered(code)
    is_set = confirmed.is_active(now) or not confirmed.has_native_schedule(can)
    told: Announced = "set" if is_set else "scheduled"
    is_news = not was_as_wished or was_restored or confirmed.announced != told
    if is_news:
        events.append(_announcement(confirmed, told, now))
    finished = () if was_as_wished else ("CREATE_ACCESS_CODE", "UPDATE_ACCESS_CODE")
    return Change(replace(confirmed, announced=told), tuple(events), finished=finished)


def _announcement(code: AccessCode, told: str, now: datetime) -> Event:
    event_type: Any = f"access_code.{told}_on_device"
    return code.event(event_type, now, secret_fields={"code": shown(code.code)})


def _change_events(code: AccessCode, now: datetime) -> Iterable[Event]:
    """The confirmed differences between the last wish that stood on the lock and the present one."""
    for mutation, noun, change in code.differences():
        event_type: Any = f"access_code.{mutation.removeprefix('updating_')}_changed"
        description = f"The {noun} on the device is now the one that was requested."
        if mutation == "updating_code":
            yield code.event(event_type, now, description=description, secret_fields=change)
        else:
            yield code.event(event_type, now, description=description, **change)


def _gone(code: AccessCode, now: datetime) -> Change:
    """Over, and the lock does not have it."""
    events = [] if code.announced == "none" else [code.event("access_code.removed_from_device", now)]
    events.append(code.event("access_code.deleted", now, secret_fields={"code": shown(code.code)}))
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
    """A write was accepted, its time is up, and the lock does not show it."""
    message = (
        "The vendor accepted the removal, but the code is still on the device. It is removed again."
        if step.kind == "remove"
        else "The vendor accepted the code, but the device does not show it. It is sent again."
    )
    if change.code.gone_at is not None or (step.kind != "remove" and change.code.is_as_wished):
        return change
    return failed(change, step.kind, None, message, now)


def failed(change: Change, kind: StepKind, error_code: str | None, message: str, now: datetime) -> Change:
    """
    A write that led to nothing: the problem, its event once, and the time of the next try.

    Args:
        error_code: A more specific error of the wire beside the general one.
    """
    code = change.code
    general = REMOVING_ERROR if kind == "remove" else "failed_to_set_on_device"
    is_new = not problems.has(code.errors, "error_code", general)
    errors = problems.raised(code.errors, "error_code", general, message, now, is_access_code_error=True)
    if error_code is not None and error_code != general:
        is_new = is_new or not problems.has(code.errors, "error_code", error_code)
        errors = problems.raised(errors, "error_code", error_code, message, now, is_access_code_error=True)
    attempts = code.attempts + 1
    broken = replace(code, errors=errors, attempts=attempts, retry_at=now + backoff(attempts))
    is_ghost = code.gone_at is not None  # its story ended with `deleted`
    told = (f"access_code.{general}",) if is_new and not is_ghost else ()
    return replace(change, code=broken, problem_events=(*change.problem_events, *told))


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
    stands = code.is_on_lock and code.is_as_wished and not _is_tampered(code)
    if code.is_active(now) and code.announced == "scheduled" and stands:
        told = replace(code, announced="set")
        return Change(told, (_announcement(told, "set", now),))
    return _warned_of_delay(code, now)


def late_from(code: AccessCode) -> datetime:
    return code.starts_at if code.starts_at is not None else code.created_at + SLOW_ONGOING


def _warned_of_delay(code: AccessCode, now: datetime) -> Change:
    is_late = code.confirmed_at is None and now >= late_from(code)
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


# --- plans -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Attributes:
        steps: In the order in which to write: what is over goes first, so that a full lock has room.
        blocked: access_code_id to (error code, message): wanted, and the lock has no place for it.
    """

    steps: tuple[PlannedStep, ...] = ()
    blocked: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def plan(
    codes: Sequence[AccessCode],
    open_steps: Sequence[Step],
    seen: Sequence[Seen],
    can: Capabilities,
    names: Mapping[str, str],
    now: datetime,
) -> Plan:
    """
    The writes that bring the lock from what a look showed to what is wished.

    Never more than one open write per code; never a removal of a code that can be changed in place; codes
    that somebody else put there are left alone. A lock as wished gets no step.
    """
    attribution = attribute(codes, open_steps, seen)
    waiting = {step.access_code_id for step in open_steps}
    removals: list[PlannedStep] = []
    changes: list[PlannedStep] = []
    additions: list[tuple[AccessCode, DesiredCode]] = []
    for code in codes:
        entries = attribution.ours.get(code.access_code_id, ())
        if code.access_code_id in waiting or _must_wait(code, now) or any(i.entry.is_busy for i in entries):
            continue
        wanted = None if code.gone_at is not None else desired(code, can, names[code.access_code_id], now)
        surplus = entries if wanted is None else entries[1:]
        if surplus:
            removals.append(PlannedStep("remove", code, None, surplus[0].entry.vendor_code_id))
        elif wanted is not None and code.refused_generation != code.generation:
            if not entries:
                additions.append((code, wanted))
            elif not stands_as(entries[0].entry, wanted):
                changes.append(PlannedStep("change", code, wanted, entries[0].entry.vendor_code_id))
    kept_changes, blocked_changes = _without_clashes(changes, attribution, seen, codes)
    sets, blocked_sets = _within_room(additions, attribution, open_steps, seen, can, now)
    return Plan((*removals, *kept_changes, *sets), {**blocked_changes, **blocked_sets})


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
    for step in changes:
        own = {i.entry.vendor_code_id for i in attribution.ours.get(step.code.access_code_id, ())}
        holder = _holder(step.code, seen, own)
        if holder is None:
            kept.append(step)
        elif holder in attribution.foreign:
            blocked[step.code.access_code_id] = _duplicate()
    return kept, blocked


def _within_room(
    additions: list[tuple[AccessCode, DesiredCode]],
    attribution: Attribution,
    open_steps: Sequence[Step],
    seen: Sequence[Seen],
    can: Capabilities,
    now: datetime,
) -> tuple[list[PlannedStep], dict[str, tuple[str, str]]]:
    """New codes, the soonest first, as long as the lock has room and nobody else has the PIN."""
    coming = sum(
        1 for step in open_steps if step.kind == "set" and step.access_code_id not in attribution.ours
    )
    room = None if can.max_access_codes is None else can.max_access_codes - len(seen) - coming
    steps: list[PlannedStep] = []
    blocked: dict[str, tuple[str, str]] = {}
    for code, wanted in sorted(additions, key=lambda pair: _urgency(pair[0], now)):
        holder = _holder(code, seen, set())
        if holder is not None and holder in attribution.foreign:
            blocked[code.access_code_id] = _duplicate()
        elif holder is not None:
            continue  # one of ours that is about to go or to change: wait until a look shows it
        elif room is not None and room <= 0:
            blocked[code.access_code_id] = (
                "no_space_for_access_code_on_device",
                "The device holds as many codes as it can. The code is set when one leaves it.",
            )
        else:
            steps.append(PlannedStep("set", code, wanted, None))
            room = None if room is None else room - 1
    return steps, blocked


def _urgency(code: AccessCode, now: datetime) -> tuple[datetime, datetime]:
    return (max(code.starts_at or now, now), code.created_at)


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
    if not code.is_wanted(can, now):
        return code.is_on_lock  # what was sent and is not there needs no look until its time comes
    return not code.is_as_wished and code.refused_generation != code.generation


def due(
    codes: Sequence[AccessCode], open_steps: Sequence[Step], can: Capabilities, now: datetime
) -> datetime | None:
    """The next instant at which a tick has something to do; None: never by itself."""
    instants = [now + _look_interval(step, now) for step in open_steps]
    waiting = {step.access_code_id for step in open_steps}
    for code in codes:
        if code.gone_at is not None:
            continue
        moments = (code.programmed_from(can), code.starts_at, code.ends_at, code.retry_at)
        instants.extend(moment for moment in moments if moment is not None and moment > now)
        if code.confirmed_at is None and late_from(code) > now:
            instants.append(late_from(code))
        if code.access_code_id not in waiting and _wants_write(code, can, now):
            instants.append(now + timedelta(seconds=2))
    return min(instants, default=None)


def _look_interval(step: Step, now: datetime) -> timedelta:
    """Often at first, as a device usually answers within seconds, then ever less."""
    age = (now - step.planned_at).total_seconds()
    return timedelta(seconds=0.4 if age < 2 else 1.0 if age < 10 else 3.0 if age < 60 else 15.0)


def pins_in(codes: Iterable[AccessCode]) -> set[Secret]:
    """Every PIN that is taken among codes: wished ones and those that the lock still shows."""
    return {pin for code in codes for pin in (code.code, code.confirmed_code) if pin is not None}
