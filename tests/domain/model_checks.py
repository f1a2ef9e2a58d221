"""
What has to hold of every plan, every event and every door on the way, whatever the story: see `model_engine`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ostiary.domain.access_codes import AccessCode
from ostiary.domain.provider import Capabilities, ObservedCode
from ostiary.domain.reconcile import Change, Plan, PlannedStep, Seen, Step
from ostiary.domain.secrets import Secret

from .model_vendor import ChoosingVendor, Vendor
from .model_wishes import as_wished, is_wanted, shown_pin

ON_DEVICE = ("access_code.set_on_device", "access_code.scheduled_on_device")
EXTERNAL = ("access_code.modified_external_to_seam", "access_code.deleted_external_to_seam")


@dataclass(frozen=True)
class Told:
    """One event with the code's generation at the time."""

    event_type: str
    generation: int
    errors: tuple[str, ...]


@dataclass
class Checked:
    """What an engine knows, and the checks of it."""

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
    """Of whom we have removed the entry that counts."""
    relieved: set[str] = field(default_factory=set)
    """Codes whose problems have ended because they are not needed yet: the next one is news."""

    pins_told: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def living(self) -> list[AccessCode]:
        return [code for code in self.codes.values() if code.gone_at is None]

    # --- events -----------------------------------------------------------------------------------------

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
