"""
What `engine/reconcile.py` does with the pure functions, without its database: for the planner's properties.

It checks as it goes: every plan, every event. What must hold at the end is for the tests to say.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ostiary.domain import access_codes, reconcile
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.backup_pool import silenced
from ostiary.domain.errors import NoSuchObject, OutcomeUnknown, ProviderError, Rejected
from ostiary.domain.provider import Capabilities, ObservedCode
from ostiary.domain.reconcile import Change, Outcome, Plan, PlannedStep, Seen, Step
from ostiary.domain.retry import backoff
from ostiary.domain.secrets import Secret
from ostiary.domain.weekly_windows import WeeklyWindow

from .model_vendor import ChoosingVendor, Crash, Entry, Vendor, comes_twice, read_back

CALL = timedelta(seconds=15)
REMOVAL_SETTLES = 20.0
MINUTE = timedelta(minutes=1)
POLL = timedelta(seconds=600)
ON_DEVICE = ("access_code.set_on_device", "access_code.scheduled_on_device")
EXTERNAL = ("access_code.modified_external_to_seam", "access_code.deleted_external_to_seam")


def pin_hash(pin: str) -> str:
    return f"hash of {pin}"


def vendor_name(code: AccessCode) -> str:
    return f"{code.name or ''} #{code.mark}".strip()


@dataclass(frozen=True)
class Told:
    """One event with the code's generation at the time."""

    event_type: str
    generation: int
    errors: tuple[str, ...]


@dataclass
class Engine:
    vendor: Vendor
    can: Capabilities
    now: datetime
    codes: dict[str, AccessCode] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    told: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    last_look: list[ObservedCode] = field(default_factory=list)
    looked_at: datetime | None = None
    pins_of_look: dict[str, str] = field(default_factory=dict)
    due_at: datetime | None = None
    poll_at: datetime | None = None
    attempts: int = 0
    sync_wanted: bool = False
    look_wanted: bool = False
    last_plan: Plan = field(default_factory=Plan)
    polls: bool = True
    changes: int = 0
    ticks: int = 0
    written: dict[str, set[str]] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    """The PIN that a caller wants, where one has said so last."""
    evictions: int = 0
    taken_off: set[str] = field(default_factory=set)
    relieved: set[str] = field(default_factory=set)
    """Codes whose problems have ended because they are not needed yet: the next one is news."""
    """Of whom we have removed the entry that counts."""

    pins_told: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    # --- time ---------------------------------------------------------------------------------------

    def run_until(self, end: datetime) -> None:
        """Tick whenever something is due, and look at least at every poll."""
        self.poll_at = (self.poll_at or self.now + POLL) if self.polls else None
        while True:
            moments = [moment for moment in (self.due_at, self.poll_at) if moment is not None]
            at = max(min(moments, default=end), self.now)
            if at > end or not moments:
                break
            self._go_to(at)
            if self.poll_at is not None and self.poll_at <= at:
                self.look_wanted = True
                self.poll_at = at + POLL
            self.tick()
        self._go_to(end)

    def jump_to(self, at: datetime) -> None:
        """A long time in which nobody polls: only what the engine itself asked for happens."""
        self.poll_at = at
        self.run_until(at)

    def _go_to(self, at: datetime) -> None:
        self.now = at
        self.vendor.pass_time(at)
        self._check_doors()

    def wake(self, at: datetime | None = None) -> None:
        at = at or self.now
        self.due_at = at if self.due_at is None else min(self.due_at, at)

    # --- a tick, as in engine/reconcile.py --------------------------------------------------------------

    def tick(self) -> None:
        self.ticks += 1
        assert self.ticks < 8_000, "it never comes to rest"
        try:
            self._tick()
        except Crash:
            self.due_at = self.now + timedelta(seconds=1)
        except ProviderError:
            self.attempts += 1
            self.due_at = self.now + backoff(self.attempts)
        self._check_doors()

    def _tick(self) -> None:
        waiting = {step.access_code_id for step in self.steps}
        for code in self.living():
            is_open = code.access_code_id in waiting
            self._store(reconcile.advance(code, self.can, self.now, has_open_step=is_open))
        must_look = self.look_wanted or self.sync_wanted
        if not must_look and not reconcile.needs_look(self.living(), self.steps, self.can, self.now):
            self.due_at = reconcile.due(self.living(), self.steps, self.can, self.now)
            return
        if self.sync_wanted:
            self.vendor.synchronise()
            self.sync_wanted, self.look_wanted = False, True
            self.due_at = self.now + timedelta(seconds=8)
            return
        entries = self.vendor.list_access_codes()
        for step in self._settle_look(entries).steps:
            self._write(step)
        self.due_at = (
            self.now if self.sync_wanted else reconcile.due(self._loaded(), self.steps, self.can, self.now)
        )

    def living(self) -> list[AccessCode]:
        return [code for code in self.codes.values() if code.gone_at is None]

    def _loaded(self) -> list[AccessCode]:
        """Living codes, and gone ones that a step still waits for."""
        waiting = {step.access_code_id for step in self.steps}
        return [c for c in self.codes.values() if c.gone_at is None or c.access_code_id in waiting]

    def _settle_look(self, entries: Sequence[ObservedCode]) -> Plan:
        self.last_look, self.looked_at = list(entries), self.now
        self.pins_of_look = {key: entry.pin for key, entry in self.vendor.entries.items()}
        seen = [Seen(entry, pin_hash(entry.code.reveal()) if entry.code else None) for entry in entries]
        codes = self._loaded()
        known = {code.access_code_id for code in codes}
        marks = {entry.mark for entry in entries}
        gone = [c for c in self.codes.values() if c.access_code_id not in known and c.mark in marks]
        codes += gone
        names = {code.access_code_id: vendor_name(code) for code in codes}
        written = self._written(codes, entries)
        observation = reconcile.observe(codes, self.steps, seen, self.can, names, self.now, written)
        for change in observation.changes:
            self.changes += 1
            self._store(change)
        settled = {step.step_id for step in observation.settled}
        self.steps = [step for step in self.steps if step.step_id not in settled]
        self.look_wanted, self.attempts = False, 0
        self.sync_wanted = self.sync_wanted or observation.sync_wanted
        if self.sync_wanted:
            return Plan()
        now_codes = self._filled([self.codes[code.access_code_id] for code in codes])
        names = {code.access_code_id: vendor_name(code) for code in now_codes}
        plan = reconcile.plan(now_codes, self.steps, seen, self.can, names, self.now, written)
        self._check(plan, seen)
        for code in now_codes:
            if code.access_code_id in plan.blocked:
                self._store(reconcile.blocked(code, *plan.blocked[code.access_code_id], self.now))
            elif code.waits_for_room:
                self.codes[code.access_code_id] = replace(code, waits_for_room=False)
        self.last_plan = plan
        return plan

    def _filled(self, codes: list[AccessCode]) -> list[AccessCode]:
        """With the spares of a device that keeps some: see `test_spares`."""
        return codes

    def _written(self, codes: Iterable[AccessCode], entries: Iterable[ObservedCode]) -> dict[str, set[str]]:
        """For entries that bear our mark and are not known by their id."""
        known = {code.vendor_code_id for code in codes}
        marks = {entry.mark for entry in entries if entry.vendor_code_id not in known}
        return {c.access_code_id: self.written.get(c.access_code_id, set()) for c in codes if c.mark in marks}

    # --- writes ---------------------------------------------------------------------------------------

    def _write(self, planned: PlannedStep) -> None:
        step = self._write_down(planned)
        if step is None:
            return
        try:
            told = self.vendor.write(planned)
        except OutcomeUnknown:
            self._settle(step, "unknown")
        except Rejected as error:
            self._refused(step, error)
        except NoSuchObject:
            self._drop(step)
            code = self.codes[step.access_code_id]
            self.codes[code.access_code_id] = replace(code, retry_at=self.now + backoff(1))
        except ProviderError:
            self._drop(step)
            raise
        else:
            self._settle(step, "accepted", told)

    def _write_down(self, planned: PlannedStep) -> Step | None:
        code = self.codes[planned.code.access_code_id]
        if code.generation != planned.code.generation:
            return None
        if planned.kind != "remove" and code.is_over(self.now):
            return None
        if planned.makes_room and code.is_active(self.now) and not code.is_spare:
            return None
        sent_by, reaching = self.now + CALL, timedelta(seconds=self.can.reaches_device_after)
        step = Step(
            step_id=f"s{self.vendor.writes}-{len(self.steps)}",
            access_code_id=code.access_code_id,
            kind=planned.kind,
            generation=code.generation,
            vendor_code_id=planned.vendor_code_id,
            code_hash=code.code_hash,
            planned_at=self.now,
            outcome="planned",
            wait_until=sent_by + self._settling(planned),
            reaches_at=sent_by + reaching if reaching else self.now,
        )
        self.steps.append(step)
        self.evictions += planned.makes_room
        if planned.kind == "remove" and planned.vendor_code_id == code.vendor_code_id:
            self.taken_off.add(code.access_code_id)
        if code.code_hash is not None:
            self.written.setdefault(code.access_code_id, set()).add(code.code_hash)
        if planned.kind == "set":
            self.codes[code.access_code_id] = replace(code, was_sent=True)
        return step

    def _settle(self, step: Step, outcome: Outcome, told: str | None = None) -> None:
        self._drop(step)
        settled = replace(
            step,
            outcome=outcome,
            wait_until=self.now + self._settling(step),
            reaches_at=self.now + timedelta(seconds=self.can.reaches_device_after),
        )
        self.steps.append(settled if told is None else self._keep_pin(settled, told))

    def _keep_pin(self, step: Step, told: str) -> Step:
        code, code_hash = self.codes[step.access_code_id], pin_hash(told)
        others = [c for c in self.living() if c.access_code_id != code.access_code_id]
        is_taken = any(other.code_hash == code_hash for other in others)
        code, step = reconcile.pin_told(code, step, Secret(told), code_hash, self.now, is_taken=is_taken)
        self.codes[code.access_code_id] = code
        if step.code_hash is not None:
            self.written.setdefault(code.access_code_id, set()).add(step.code_hash)
        return step

    def _settling(self, step: Step | PlannedStep) -> timedelta:
        settles = self.can.settles_within
        seconds = min(REMOVAL_SETTLES, settles) if step.kind == "remove" else settles
        return timedelta(seconds=seconds + self.can.reaches_device_after)

    def _refused(self, step: Step, error: Rejected) -> None:
        self._drop(step)
        code = self.codes[step.access_code_id]
        change = reconcile.refused(code, step, error.error_code, str(error), self.now)
        if error.error_code == reconcile.DUPLICATE and change.code.attempts == 1:
            self.sync_wanted = True
        self._store(change)

    def _drop(self, step: Step) -> None:
        self.steps = [other for other in self.steps if other.step_id != step.step_id]

    # --- events -----------------------------------------------------------------------------------------

    def _store(self, change: Change) -> None:
        change = silenced(change)
        code = change.code
        before = self.codes[code.access_code_id]
        self._check_pins(before, change)
        if before.errors and not code.errors and not is_wanted(code, self.can, self.now):
            self.relieved.add(code.access_code_id)
        self.codes[code.access_code_id] = code
        types = [*(event.event_type for event in change.events), *change.problem_events]
        for event_type in types:
            errors = tuple(str(error["error_code"]) for error in code.errors)
            told = Told(event_type, code.generation, errors)
            self._check_event(code, told)
            self.told[code.access_code_id].append(told)

    def _check_pins(self, before: AccessCode, change: Change) -> None:
        """A PIN that the vendor has told stands in no event before a look has confirmed it."""
        known = (None, before.confirmed_code, change.code.confirmed_code)
        for event in change.events:
            pins = pins_in(event.as_wire())
            if before.is_code_from_vendor:
                for pin in pins:
                    assert pin is None or Secret(pin) in known, f"{event.event_type} tells a PIN too soon"
            if event.event_type in ON_DEVICE:
                assert pins == [shown_pin(change.code)], "told without its PIN"
                self.pins_told[before.access_code_id].update(filter(None, pins))

    def _check_event(self, code: AccessCode, told: Told) -> None:
        before = self.told[code.access_code_id]
        types = [earlier.event_type for earlier in before]
        assert "access_code.deleted" not in types, f"{told.event_type} after it was deleted"
        if told.event_type in ON_DEVICE:
            assert any(self._is_as_wished(code, entry) for entry in self.last_look), "told, but not seen"
            since = _after_last(before, (told.event_type,))
            is_news = since is None or told.generation > since[0].generation
            gone_since = (*EXTERNAL, "access_code.removed_from_device")
            assert is_news or any(t.event_type in gone_since for t in since or ()), f"{told} again"
        if told.event_type == "access_code.removed_from_device":
            last = _after_last(before, (*ON_DEVICE, EXTERNAL[1], told.event_type))
            assert last is not None, "removed, but never on the device"
            assert last[0].event_type in ON_DEVICE, "removed, but not on the device"
            by_us = code.access_code_id in self.taken_off
            assert by_us or not is_wanted(code, self.can, self.now)
        if told.event_type == "access_code.deleted":
            assert code.is_over(self.now)
        if told.event_type in ("access_code.removed_from_device", "access_code.deleted"):
            assert not any(e.vendor_code_id == code.vendor_code_id for e in self.last_look)
            assert code.vendor_code_id is None
            self._check_closed(code)
        if told.event_type == EXTERNAL[0]:
            since = _after_last(before, (told.event_type,))
            is_news = since is None or told.generation > since[0].generation
            assert is_news or any(t.event_type in (*ON_DEVICE, EXTERNAL[1]) for t in since or ()), "again"
        if told.event_type.endswith("_changed"):
            since = _after_last(before, (told.event_type,))
            assert since is None or told.generation > since[0].generation, f"{told} again"
        if told.event_type == "access_code.failed_to_set_on_device":
            since = _after_last(before, (told.event_type,))
            is_same = since is not None and set(told.errors) <= set(since[0].errors)
            is_later = since is not None and told.generation > since[0].generation
            waits_again = is_later and code.access_code_id in self.relieved  # it was not needed in between
            stood = any(t.event_type in ON_DEVICE for t in since or ())
            assert not is_same or stood or waits_again, f"{told} again"
            self.relieved.discard(code.access_code_id)

    def _is_as_wished(self, code: AccessCode, entry: ObservedCode) -> bool:
        """As the look shows it; a PIN that no look shows, as the vendor had it then."""
        wanted = as_wished(code, self.can)
        pin = self.pins_of_look.get(entry.vendor_code_id) if entry.code is None else entry.code.reveal()
        shown = (entry.name, pin, entry.weekly, entry.starts_at, entry.ends_at)
        return shown == wanted and entry.is_enabled and entry.is_exact and not entry.is_busy

    # --- doors, where they are not what the record says -------------------------------------------------

    def _check_doors(self) -> None:
        """What we say is what the door does, as long as nobody else has had a hand in it."""
        if not isinstance(self.vendor, ChoosingVendor):
            return
        for code in self.living():
            status = code.status(self.can, self.now, is_view_stale=False)
            assert status != "set" or code.code is not None, "set, and nobody knows its PIN"
            is_leaving = any(
                s.kind == "remove" and s.access_code_id == code.access_code_id for s in self.steps
            )
            stands = code.is_as_wished and code.is_on_lock and not code.is_over(self.now)
            if stands and not is_leaving and not self._is_disturbed(self.vendor, code):
                self._check_door(self.vendor, code)

    def _check_door(self, vendor: ChoosingVendor, code: AccessCode) -> None:
        assert code.code is not None
        assert code.code == code.confirmed_code, "confirmed with another PIN than it has"
        pin = code.code.reveal()
        assert vendor.entries[code.vendor_code_id or ""].pin == pin, "the PIN that we hold is not the lock's"
        *_, starts_at, ends_at = as_wished(code, self.can)
        if (starts_at is None or starts_at <= self.now) and (ends_at is None or self.now < ends_at):
            assert vendor.opens(pin, code.mark), "the door does not know what we say of it"

    def _check_closed(self, code: AccessCode) -> None:
        vendor = self.vendor
        if isinstance(vendor, ChoosingVendor) and not self._is_disturbed(vendor, code):
            for pin in self.pins_told[code.access_code_id]:
                assert not vendor.opens(pin, code.mark), "off the device, and it opens the door"

    def _is_disturbed(self, vendor: ChoosingVendor, code: AccessCode) -> bool:
        """Its owner has touched it, and we have not seen that, or have not undone it, or his door not yet."""
        undone = {"conflicting_external_modification", "access_code_inactive"}
        if any(error["error_code"] in undone for error in code.errors):
            return True
        at = vendor.touched_at(code.mark)
        if at is None:
            return False
        return self.now < at + vendor.rollout or self.looked_at is None or self.looked_at <= at

    # --- plans ----------------------------------------------------------------------------------------

    def _check(self, plan: Plan, seen: Sequence[Seen]) -> None:
        """What holds for every plan."""
        waiting = {step.access_code_id for step in self.steps}
        planned = [step.code.access_code_id for step in plan.steps]
        assert len(planned) == len(set(planned)), "two writes for one code"
        assert not waiting & set(planned), "a write for a code that waits for one"
        assert not set(plan.blocked) & set(planned)
        kinds = [step.kind for step in plan.steps]
        assert kinds == sorted(kinds, key=lambda kind: kind == "set"), "a set before something else"
        sets = kinds.count("set")
        for step in plan.steps:
            self._check_step(step, seen, sets)
        if sets:
            unseen = [s for s in self.steps if s.kind == "set" and not self._entries(s.access_code_id, seen)]
            room = self.can.max_access_codes
            assert room is None or len(seen) + len(unseen) + sets <= room, "more than the lock holds"

    def _check_step(self, step: PlannedStep, seen: Sequence[Seen], sets: int) -> None:
        entries = self._entries(step.code.access_code_id, seen)
        assert not any(item.entry.is_busy for item in entries), "a write to what the vendor is at work on"
        if step.kind == "set":
            assert not entries, "a second entry for one code"
            pins = {item.code_hash for item in seen} - {None}
            assert step.code.code_hash not in pins, "a PIN that is there"
        if step.kind != "remove":
            assert step.wanted is not None
            assert is_wanted(step.code, self.can, self.now)
            assert step.code.refused_generation != step.code.generation, "refused for good, and sent again"
            assert step.code.retry_at is None or step.code.retry_at <= self.now
        elif step.makes_room:
            self._check_eviction(step.code, seen, sets)
        elif is_wanted(step.code, self.can, self.now) and step.code.gone_at is None:
            kept = [i for i in entries if i.entry.vendor_code_id != step.vendor_code_id]
            assert kept, "a wanted code would leave the lock"
            assert step.vendor_code_id != step.code.vendor_code_id, "the entry that counts is taken away"
        if step.kind == "change":
            assert not self._stands(step.code, entries), "a write for a code that stands as wished"

    def _check_eviction(self, code: AccessCode, seen: Sequence[Seen], sets: int) -> None:
        """Of a code that is not needed yet, from a full lock, for one that is needed sooner."""
        starts_at = datetime.max.replace(tzinfo=UTC) if code.is_spare else code.starts_at
        assert starts_at is not None
        assert starts_at > self.now, "an active code would leave the lock"
        assert not code.is_code_from_vendor, "its PIN would die with it"
        assert self.can.max_access_codes is not None
        assert len(seen) + len(self.steps) + sets >= self.can.max_access_codes, "there is room"
        assert any(
            (other.starts_at is None or other.starts_at < starts_at)
            and not other.is_spare
            and is_wanted(other, self.can, self.now)
            and not self._entries(other.access_code_id, seen)
            for other in self.living()
        ), "nobody gains by it"

    def _stands(self, code: AccessCode, entries: Sequence[Seen]) -> bool:
        """The lock has it as it is wished, and we know that."""
        if not code.is_as_wished or code.code is None or code.code_hash != code.confirmed_code_hash:
            return False
        counting = [i.entry for i in entries if i.entry.vendor_code_id == code.vendor_code_id]
        return any(self._is_as_wished(code, entry) for entry in counting)

    def _entries(self, access_code_id: str, seen: Iterable[Seen]) -> list[Seen]:
        """Those that the vendor's model knows to be of this code."""
        code = self.codes[access_code_id]
        owned = self.vendor.owned()
        return [
            item
            for item in seen
            if item.entry.vendor_code_id not in owned
            and (item.entry.mark == code.mark or item.entry.vendor_code_id == code.vendor_code_id)
        ]

    # --- wishes ---------------------------------------------------------------------------------------

    def is_taken(self, pin: str, but: str | None) -> bool:
        """As `store.access_codes.refuse_taken`: a code that is on its way out still holds its PIN."""
        wanted = pin_hash(pin)
        return any(
            wanted in (code.code_hash, code.confirmed_code_hash)
            for code in self.living()
            if code.access_code_id != but
        )

    def create(
        self, name: str, pin: str | None, window: tuple[datetime, datetime] | None, native: bool
    ) -> None:
        """`pin` None: the vendor is to choose it."""
        if pin is not None and self.is_taken(pin, None):
            return
        number = len(self.codes) + 1
        starts_at, ends_at = window or (None, None)
        code = AccessCode(
            access_code_id=f"code-{number}",
            workspace_id="w",
            connected_account_id="a",
            device_id="d",
            mark=f"mark{number:02}",
            name=name,
            code=None if pin is None else Secret(pin),
            code_hash=None if pin is None else pin_hash(pin),
            starts_at=starts_at,
            ends_at=ends_at,
            is_external_modification_allowed=False,
            prefer_native_scheduling=native,
            attempt_for_offline_device=True,
            common_code_key=None,
            generation=1,
            created_at=self.now + timedelta(microseconds=number),
            wished_at=self.now,
        )
        self.codes[code.access_code_id] = code
        if pin is not None:
            self.asked[code.access_code_id] = pin
        self.wake()

    def rewish(self, before: AccessCode, **changes: Any) -> None:
        if "code" in changes:
            self.asked[before.access_code_id] = changes["code"].reveal()
        self.codes[before.access_code_id] = access_codes.rewished(before, self.now, **changes)
        self.wake()

    def is_pin_forgotten(self, code: AccessCode) -> bool:
        """
        A set with the present PIN is under way, or stands there unmet, and no open step remembers it.

        See `test_a_write_that_lands_after_its_pin_was_changed_is_removed` for what a new PIN does then.
        """
        patience = {step.code_hash: step.wait_until for step in self.steps if step.kind == "set"}
        under_way = [(job.wanted, job.due_at, job.copies) for job in self.vendor.jobs if job.kind == "set"]
        for wanted, due_at, copies in under_way:
            if wanted is not None and wanted.access_code_id == code.access_code_id:
                assert wanted.code is not None
                until = patience.get(pin_hash(wanted.code.reveal()))
                if copies > 1 or until is None or due_at + timedelta(seconds=16) > until:
                    return True
        unmet = [e for e in self.vendor.ours() if e.mark == code.mark]
        return len(unmet) > 1 or any(
            e.vendor_code_id != code.vendor_code_id
            and patience.get(pin_hash(e.pin), self.now) - self.now < timedelta(seconds=16)
            for e in unmet
        )


def pins_in(wire: Mapping[str, Any]) -> list[str | None]:
    """Every PIN that an event tells, the old one of a change as well."""
    found = [wire["code"]] if "code" in wire else []
    return found + [pin for value in wire.values() if isinstance(value, Mapping) for pin in pins_in(value)]


def _after_last(told: Sequence[Told], types: tuple[str, ...]) -> list[Told] | None:
    """From the last event of these types on; None: there is none."""
    for at in range(len(told) - 1, -1, -1):
        if told[at].event_type in types:
            return list(told[at:])
    return None


# --- what is right, said a second time and without the code under test -----------------------------------


def is_native(code: AccessCode, can: Capabilities) -> bool:
    return can.has_native_scheduling and code.prefer_native_scheduling


def is_wanted(code: AccessCode, can: Capabilities, now: datetime) -> bool:
    if code.delete_requested_at is not None:
        return False
    if code.starts_at is None or code.ends_at is None:
        return True
    lead = timedelta(hours=72) if is_native(code, can) else timedelta(hours=1)
    return code.starts_at - lead <= now < code.ends_at


def as_wished(
    code: AccessCode, can: Capabilities
) -> tuple[str, str | None, WeeklyWindow | None, datetime | None, datetime | None]:
    starts_at, ends_at = (code.starts_at, code.ends_at) if is_native(code, can) else (None, None)
    if starts_at is not None and starts_at == code.pulled_at:
        starts_at -= timedelta(days=1)  # the lock's clock may be behind
    if can.wall_clock_zone is not None and starts_at is not None and ends_at is not None:
        zone = ZoneInfo(can.wall_clock_zone)
        while read_back(starts_at, zone) != starts_at:
            starts_at += MINUTE
        while comes_twice(ends_at - MINUTE, zone) and comes_twice(ends_at, zone):
            ends_at -= MINUTE
    return vendor_name(code), shown_pin(code), code.weekly_window, starts_at, ends_at


def has_no_frame(code: AccessCode, can: Capabilities) -> bool:
    """Nothing is left of its window in the device's wall-clock time."""
    *_, starts_at, ends_at = as_wished(code, can)
    return starts_at is not None and ends_at is not None and ends_at <= starts_at


def shown_pin(code: AccessCode) -> str | None:
    return None if code.code is None else code.code.reveal()


def shown(entry: Entry) -> tuple[str, str, WeeklyWindow | None, datetime | None, datetime | None]:
    return entry.name, entry.pin, entry.weekly, entry.starts_at, entry.ends_at
