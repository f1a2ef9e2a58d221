"""
A vendor with one lock, small enough to be understood whole: the world of the planner's properties.

Accepted writes happen later, some much later or never; answers get lost; the owner edits, adds and deletes
what he likes. The vendor knows which entries are its owner's and fails the test if we touch one.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from ostiary.domain.errors import Busy, NoSuchObject, OutcomeUnknown, Rejected, Unreachable
from ostiary.domain.provider import DesiredCode, ObservedCode
from ostiary.domain.reconcile import PlannedStep
from ostiary.domain.secrets import Secret

FateKind = Literal[
    "ok",
    "lost",
    "late",
    "twice",
    "not_sent",
    "busy",
    "unknown_done",
    "unknown_lost",
    "crash_before",
    "crash_after",
    "refused",
    "refused_for_good",
]
FATES: Sequence[FateKind] = FateKind.__args__  # type: ignore[attr-defined]


class Crash(Exception):
    """Our process dies here."""


@dataclass(frozen=True)
class Entry:
    """A code as the lock holds it. `owner` True: not ours to touch."""

    vendor_code_id: str
    name: str
    pin: str
    mark: str | None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_enabled: bool = True
    is_exact: bool = True
    owner: bool = False


@dataclass(frozen=True)
class Job:
    """Accepted work on its way to the lock."""

    due_at: datetime
    kind: str
    vendor_code_id: str | None
    wanted: DesiredCode | None
    copies: int = 1


@dataclass
class Vendor:
    """
    Args:
        keeps_pins_unique: Refuses a PIN that the lock has; else two entries may have the same.
        room: How many codes the lock holds.
        fates: What becomes of the next writes; then everything goes well.
        failing_looks: How many of the next looks fail, one entry each.
    """

    now: datetime
    keeps_pins_unique: bool
    room: int
    fates: deque[tuple[FateKind, float]]
    failing_looks: deque[bool]
    entries: dict[str, Entry] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    shows_busy: bool = True
    writes: int = 0
    syncs: int = 0
    faults: int = 0
    _ids: int = 0

    def pass_time(self, now: datetime) -> None:
        """Everything that was due by then happens, in order."""
        for job in sorted((job for job in self.jobs if job.due_at <= now), key=lambda job: job.due_at):
            self.jobs.remove(job)
            for _ in range(job.copies):
                self._land(job)
        self.now = now

    def calm_down(self) -> None:
        self.fates.clear()
        self.failing_looks.clear()

    # --- what we may call ---------------------------------------------------------------------------

    def list_access_codes(self) -> list[ObservedCode]:
        if self.failing_looks and self.failing_looks.popleft():
            self.faults += 1
            raise Unreachable
        busy = {job.vendor_code_id for job in self.jobs if self.shows_busy}
        return [
            ObservedCode(
                vendor_code_id=entry.vendor_code_id,
                name=entry.name,
                code=Secret(entry.pin),
                mark=entry.mark,
                starts_at=entry.starts_at,
                ends_at=entry.ends_at,
                is_enabled=entry.is_enabled,
                is_busy=entry.vendor_code_id in busy,
                is_exact=entry.is_exact,
            )
            for entry in self.entries.values()
        ]

    def synchronise(self) -> None:
        self.syncs += 1
        if self.failing_looks and self.failing_looks.popleft():
            self.faults += 1
            raise Unreachable

    def write(self, step: PlannedStep) -> None:
        """One write with the fate that is its turn."""
        self.writes += 1
        fate, delay = self.fates.popleft() if self.fates else ("ok", 3.0)
        self.faults += fate != "ok"
        if fate == "crash_before":
            raise Crash
        if fate == "not_sent":
            raise Unreachable
        if fate == "refused":
            raise Rejected("subscription_required", "not now")
        if fate == "refused_for_good":
            raise Rejected("provider_issue", "never")
        if fate == "unknown_lost":
            raise OutcomeUnknown
        self._refuse(step, is_busy=fate == "busy")
        if fate != "lost":
            late = delay if fate == "late" else min(delay, 6.0)
            copies = 2 if fate == "twice" and step.kind == "set" and not self.keeps_pins_unique else 1
            due_at = self.now + timedelta(seconds=late)
            self.jobs.append(Job(due_at, step.kind, step.vendor_code_id, step.wanted, copies))
        if fate == "unknown_done":
            raise OutcomeUnknown
        if fate == "crash_after":
            raise Crash

    def _refuse(self, step: PlannedStep, *, is_busy: bool) -> None:
        if step.kind == "set":
            assert step.wanted is not None
            if self.keeps_pins_unique and self._has_pin(step.wanted.code.reveal(), None):
                raise Rejected("duplicate_code_on_device", "taken")
            if len(self.entries) >= self.room:
                raise Rejected("no_space_for_access_code_on_device", "full")
            return
        entry = self.entries.get(step.vendor_code_id or "")
        if entry is None:
            raise NoSuchObject
        assert not entry.owner, f"{step.kind} of a code that is not ours: {entry}"
        assert entry.mark is None or entry.mark == step.code.mark, f"{step.kind} of another code's entry"
        if is_busy or any(job.vendor_code_id == entry.vendor_code_id for job in self.jobs):
            raise Busy
        if step.kind == "change" and self.keeps_pins_unique:
            assert step.wanted is not None
            if self._has_pin(step.wanted.code.reveal(), entry.vendor_code_id):
                raise Rejected("duplicate_code_on_device", "taken")

    def _has_pin(self, pin: str, but: str | None) -> bool:
        return any(e.pin == pin and e.vendor_code_id != but for e in self.entries.values())

    def _land(self, job: Job) -> None:
        """The lock carries out what it can; what it cannot is silently nothing."""
        if job.kind == "remove":
            self.entries.pop(job.vendor_code_id or "", None)
            return
        wanted = job.wanted
        assert wanted is not None
        pin = wanted.code.reveal()
        if self.keeps_pins_unique and self._has_pin(pin, job.vendor_code_id):
            return
        if job.kind == "set":
            if len(self.entries) < self.room:
                mark = wanted.vendor_name.rpartition("#")[2]
                window = (wanted.starts_at, wanted.ends_at)
                self._put(Entry(self._new_id(), wanted.vendor_name, pin, mark, *window))
        elif job.vendor_code_id in self.entries:
            held = self.entries[job.vendor_code_id]
            self._put(
                replace(
                    held,
                    name=wanted.vendor_name,
                    pin=pin,
                    starts_at=wanted.starts_at,
                    ends_at=wanted.ends_at,
                    is_enabled=True,
                    is_exact=True,
                    mark=wanted.vendor_name.rpartition("#")[2],
                )
            )

    def _put(self, entry: Entry) -> None:
        self.entries[entry.vendor_code_id] = entry

    def _new_id(self) -> str:
        self._ids += 1
        return f"v{self._ids}"

    # --- what the owner may do ------------------------------------------------------------------------

    def add_foreign(self, name: str, pin: str) -> None:
        """Somebody else's code; its name may carry one of our marks, for people copy names."""
        taken = self.keeps_pins_unique and self._has_pin(pin, None)
        if not taken and len(self.entries) < self.room:
            mark = name.rpartition("#")[2] if "#" in name else None
            self._put(Entry(self._new_id(), name, pin, mark, owner=True))

    def edit(self, vendor_code_id: str, what: str, pin: str, *, is_known: bool) -> None:
        """
        The owner changes or deletes an entry. One of ours that we have not met yet, with another PIN, is
        his from then on: nothing tells it from a copied name.
        """
        entry = self.entries[vendor_code_id]
        if what == "delete":
            del self.entries[vendor_code_id]
        elif what == "rename":
            self._put(replace(entry, name="renamed", mark=None, owner=entry.owner or not is_known))
        elif what == "disable":
            self._put(replace(entry, is_enabled=False))
        elif what == "limit":
            self._put(replace(entry, is_exact=False))
        elif what == "window":
            self._put(replace(entry, starts_at=self.now, ends_at=self.now + timedelta(days=9)))
        elif entry.owner or not is_known:
            # Never one of our PINs: with our mark and our PIN it would be ours by any rule.
            self._put(replace(entry, pin=f"7777{len(self.entries):02}", owner=True))
        elif not (self.keeps_pins_unique and self._has_pin(pin, vendor_code_id)):
            self._put(replace(entry, pin=pin))

    def owned(self) -> dict[str, Entry]:
        return {key: entry for key, entry in self.entries.items() if entry.owner}

    def ours(self) -> Iterable[Entry]:
        return [entry for entry in self.entries.values() if not entry.owner]
