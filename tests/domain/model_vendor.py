"""
Vendors with one lock, small enough to be understood whole: the world of the planner's properties.

Accepted writes happen later, some much later or never; answers get lost; the owner edits, adds and deletes
what he likes. The vendor knows which entries are its owner's and fails the test if we touch one.

`Vendor` is told PINs and shows them. `ChoosingVendor` chooses them, tells each once and shows none; what its
door knows is kept apart from what its record says.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from ostiary.domain.errors import Busy, NoSuchObject, OutcomeUnknown, Rejected, Unreachable
from ostiary.domain.provider import DesiredCode, ObservedCode
from ostiary.domain.reconcile import PlannedStep
from ostiary.domain.secrets import Secret
from ostiary.domain.weekly_windows import WeeklyWindow

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
FATES: Sequence[FateKind] = get_args(FateKind)

ChoosingFateKind = FateKind | Literal["partly", "unknown_partly", "crash_partly", "meanwhile"]
CHOOSING_FATES: Sequence[ChoosingFateKind] = (
    *FATES,
    "partly",
    "unknown_partly",
    "crash_partly",
    "meanwhile",
    "unknown_done",
    "crash_after",  # after the PIN was told as well: to us it is the same
)


class Crash(Exception):
    """Our process dies here."""


@dataclass(frozen=True)
class Entry:
    """A code as the lock holds it. `owner` True: not ours to touch. An empty `pin`: it has none."""

    vendor_code_id: str
    name: str
    pin: str
    mark: str | None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_enabled: bool = True
    is_exact: bool = True
    owner: bool = False
    weekly: WeeklyWindow | None = None


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
    fates: deque[tuple[ChoosingFateKind, float]]
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
                weekly=entry.weekly,
            )
            for entry in self.entries.values()
        ]

    def synchronise(self) -> None:
        self.syncs += 1
        if self.failing_looks and self.failing_looks.popleft():
            self.faults += 1
            raise Unreachable

    def write(self, step: PlannedStep) -> str | None:
        """One write with the fate that is its turn. Returns the PIN, if the vendor has chosen one."""
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
        told = self._accept(step, fate, delay)
        if fate in ("unknown_done", "unknown_partly"):
            raise OutcomeUnknown
        if fate in ("crash_after", "crash_partly"):
            raise Crash
        return told

    def _accept(self, step: PlannedStep, fate: ChoosingFateKind, delay: float) -> str | None:
        if fate != "lost":
            late = delay if fate == "late" else min(delay, 6.0)
            copies = 2 if fate == "twice" and step.kind == "set" and not self.keeps_pins_unique else 1
            due_at = self.now + timedelta(seconds=late)
            self.jobs.append(Job(due_at, step.kind, step.vendor_code_id, step.wanted, copies))
        return None

    def _refuse(self, step: PlannedStep, *, is_busy: bool) -> None:
        if step.kind == "set":
            if self.keeps_pins_unique and self._has_pin(_pin(step.wanted), None):
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
        is_new_pin = step.kind == "change" and self.keeps_pins_unique
        if is_new_pin and self._has_pin(_pin(step.wanted), entry.vendor_code_id):
            raise Rejected("duplicate_code_on_device", "taken")

    def _has_pin(self, pin: str, but: str | None) -> bool:
        return any(e.pin == pin and e.vendor_code_id != but for e in self.entries.values())

    def _land(self, job: Job) -> None:
        """The lock carries out what it can; what it cannot is silently nothing."""
        if job.kind == "remove":
            self._take(job.vendor_code_id or "")
            return
        wanted = job.wanted
        assert wanted is not None
        pin = _pin(wanted)
        if self.keeps_pins_unique and self._has_pin(pin, job.vendor_code_id):
            return
        if job.kind == "set":
            if len(self.entries) < self.room:
                mark = wanted.vendor_name.rpartition("#")[2]
                window = (wanted.starts_at, wanted.ends_at)
                made = Entry(self._new_id(), wanted.vendor_name, pin, mark, *window, weekly=wanted.weekly)
                self._put(made)
        elif job.vendor_code_id in self.entries:
            held = self.entries[job.vendor_code_id]
            self._put(
                replace(
                    held,
                    name=wanted.vendor_name,
                    pin=pin,
                    starts_at=wanted.starts_at,
                    ends_at=wanted.ends_at,
                    weekly=wanted.weekly,
                    is_enabled=True,
                    is_exact=True,
                    mark=wanted.vendor_name.rpartition("#")[2],
                )
            )

    def _put(self, entry: Entry) -> None:
        self.entries[entry.vendor_code_id] = entry

    def _take(self, vendor_code_id: str) -> None:
        self.entries.pop(vendor_code_id, None)

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
            self._take(vendor_code_id)
        elif what == "rename":
            self._put(replace(entry, name="renamed", mark=None, owner=entry.owner or not is_known))
        elif what == "disable":
            self._put(replace(entry, is_enabled=False))
        elif what == "limit":
            self._put(replace(entry, is_exact=False))
        elif what == "window":
            self._put(replace(entry, starts_at=self.now, ends_at=self.now + timedelta(days=9)))
        elif what == "hours":
            self._put(replace(entry, weekly=None if entry.weekly else WeeklyWindow((6,), 600, 660)))
        elif entry.owner or not is_known:
            # Never one of our PINs: with our mark and our PIN it would be ours by any rule.
            self._put(replace(entry, pin=f"7777{len(self.entries):02}", owner=True))
        elif not (self.keeps_pins_unique and self._has_pin(pin, vendor_code_id)):
            self._put(replace(entry, pin=pin))

    def owned(self) -> dict[str, Entry]:
        return {key: entry for key, entry in self.entries.items() if entry.owner}

    def ours(self) -> Iterable[Entry]:
        return [entry for entry in self.entries.values() if not entry.owner]


def _pin(wanted: DesiredCode | None) -> str:
    assert wanted is not None
    assert wanted.code is not None
    return wanted.code.reveal()


@dataclass(frozen=True)
class News:
    """A state of an entry on its way to the lists or to the door. None: it is not there any more."""

    due_at: datetime
    version: int
    vendor_code_id: str
    entry: Entry | None


@dataclass
class ChoosingVendor(Vendor):
    """
    Chooses PINs, tells each in the answer of the write that made it, and never shows one.

    The record (`entries`) is changed before the answer leaves. The lists show that after a while, and until
    then an entry that they show is busy; the door knows it after `rollout`. A set may be done only partly:
    then the entry has no PIN until a change completes it. A PIN that is free again goes to the next code.

    Args:
        rollout: From the record to the door.
        zone: Schedules are kept in its wall-clock time, where the second of two equal times is read as the
            first.
        meanwhile: Called while a write of the code with that id is under way, when that is its fate.
    """

    rollout: timedelta = timedelta(0)
    zone: ZoneInfo | None = None
    meanwhile: Callable[[str], None] = lambda access_code_id: None
    shown: dict[str, Entry] = field(default_factory=dict)
    door: dict[str, Entry] = field(default_factory=dict)
    made_for: dict[str, str] = field(default_factory=dict)
    touched: dict[str, datetime] = field(default_factory=dict)
    _lag: timedelta = timedelta(0)
    _versions: dict[str, int] = field(default_factory=dict)
    _to_lists: list[News] = field(default_factory=list)
    _to_door: list[News] = field(default_factory=list)
    _unready_until: dict[str, datetime] = field(default_factory=dict)
    _told: int = 0

    def pass_time(self, now: datetime) -> None:
        self.now = now
        for news in [news for news in self._to_lists if news.due_at <= now]:
            self._to_lists.remove(news)
            if news.version > self._versions.get(news.vendor_code_id, 0):
                self._versions[news.vendor_code_id] = news.version
                _learn(self.shown, news)
        for news in [news for news in self._to_door if news.due_at <= now]:
            self._to_door.remove(news)
            _learn(self.door, news)

    def list_access_codes(self) -> list[ObservedCode]:
        if self.failing_looks and self.failing_looks.popleft():
            self.faults += 1
            raise Unreachable
        return [
            ObservedCode(
                vendor_code_id=entry.vendor_code_id,
                name=entry.name,
                code=None,
                mark=entry.mark,
                starts_at=entry.starts_at,
                ends_at=entry.ends_at,
                is_enabled=entry.is_enabled,
                is_busy=self._is_busy(entry.vendor_code_id),
                is_exact=entry.is_exact and entry.pin != "",
            )
            for entry in self.shown.values()
        ]

    # --- what the door does -----------------------------------------------------------------------------

    def opens(self, pin: str, mark: str | None = None) -> bool:
        """Now; with a mark, by what was made for that code."""
        return any(
            entry.pin == pin
            and entry.is_enabled
            and entry.is_exact
            and (entry.starts_at is None or entry.starts_at <= self.now)
            and (entry.ends_at is None or self.now < entry.ends_at)
            for entry in self.door.values()
            if mark is None or self.made_for.get(entry.vendor_code_id) == mark
        )

    def touched_at(self, mark: str) -> datetime | None:
        """When the owner last had a hand in what was made for a code."""
        times = [at for key, at in self.touched.items() if self.made_for.get(key) == mark]
        return max(times, default=None)

    # --- writes -------------------------------------------------------------------------------------------

    def _is_busy(self, vendor_code_id: str) -> bool:
        is_unready = self.now < self._unready_until.get(vendor_code_id, self.now)
        return is_unready or any(news.vendor_code_id == vendor_code_id for news in self._to_lists)

    def _refuse(self, step: PlannedStep, *, is_busy: bool) -> None:
        wanted = step.wanted
        if wanted is not None:
            starts_at, ends_at = self._kept(wanted.starts_at), self._kept(wanted.ends_at)
            if starts_at is not None and ends_at is not None and ends_at <= starts_at:
                raise Rejected("code_constraints_violated", "no such window")
            is_callers = wanted.code is not None and not wanted.is_from_vendor
            if is_callers and self._has_pin(_pin(wanted), step.vendor_code_id):
                raise Rejected("duplicate_code_on_device", "taken")
        if step.kind == "set":
            if len(self.entries) >= self.room:
                raise Rejected("no_space_for_access_code_on_device", "full")
            return
        entry = self.entries.get(step.vendor_code_id or "")
        if entry is None:
            raise NoSuchObject
        assert not entry.owner, f"{step.kind} of a code that is not ours: {entry}"
        assert self.made_for[entry.vendor_code_id] == step.code.mark, f"{step.kind} of another code's entry"
        if is_busy or self._is_busy(entry.vendor_code_id):
            raise Busy

    def _accept(self, step: PlannedStep, fate: ChoosingFateKind, delay: float) -> str | None:
        if fate == "meanwhile":
            self.meanwhile(step.code.access_code_id)
        self._lag = timedelta(seconds=delay if fate == "late" else min(delay, 6.0))
        try:
            if step.kind == "set":
                return self._set(step, fate, delay)
            if step.kind == "change":
                return self._change(step, fate)
            if fate != "lost":
                self._take(step.vendor_code_id or "")
            return None
        finally:
            self._lag = timedelta(0)

    def _set(self, step: PlannedStep, fate: ChoosingFateKind, delay: float) -> str | None:
        """Lost: the PIN is told, and the entry is never made. Twice: the PIN of the second one is told."""
        wanted, told = step.wanted, None
        assert wanted is not None
        is_chosen_here = wanted.code is None or wanted.is_from_vendor
        is_partly = fate in ("partly", "unknown_partly", "crash_partly")
        copies = min(2, self.room - len(self.entries)) if fate == "twice" and is_chosen_here else 1
        if fate == "lost":
            return self._free_pin("") if is_chosen_here else None
        for _ in range(copies):
            key = self._new_id()
            self.made_for[key] = step.code.mark
            if is_partly:
                self._unready_until[key] = self.now + timedelta(seconds=min(delay, 60.0))
                self._put(Entry(key, wanted.vendor_name, "", step.code.mark))
                continue
            pin = told = self._free_pin("") if is_chosen_here else _pin(wanted)
            window = (self._kept(wanted.starts_at), self._kept(wanted.ends_at))
            self._put(Entry(key, wanted.vendor_name, pin, step.code.mark, *window))
        return told if is_chosen_here else None

    def _change(self, step: PlannedStep, fate: ChoosingFateKind) -> str | None:
        """Lost: all but the PIN, which is made or written before the answer leaves."""
        wanted = step.wanted
        assert wanted is not None
        held = self.entries[step.vendor_code_id or ""]
        is_new = wanted.code is None or (wanted.is_from_vendor and held.pin == "")
        kept = held.pin if wanted.is_from_vendor else None
        pin = self._free_pin(held.pin) if is_new else kept or _pin(wanted)
        if fate == "lost":
            self._put(replace(held, pin=pin))
        else:
            self._put(
                replace(
                    held,
                    name=wanted.vendor_name,
                    pin=pin,
                    starts_at=self._kept(wanted.starts_at),
                    ends_at=self._kept(wanted.ends_at),
                    is_enabled=True,
                    is_exact=True,
                    mark=step.code.mark,
                )
            )
        return pin if is_new else None

    def _free_pin(self, old: str) -> str:
        taken = {old, *(entry.pin for entry in self.entries.values())}
        return next(pin for pin in map(str, range(800_001, 800_999)) if pin not in taken)

    def _kept(self, instant: datetime | None) -> datetime | None:
        """As it reads back: wall-clock time without a zone."""
        return None if instant is None else read_back(instant, self.zone)

    def _put(self, entry: Entry) -> None:
        super()._put(entry)
        self._tell(entry.vendor_code_id, entry)

    def _take(self, vendor_code_id: str) -> None:
        super()._take(vendor_code_id)
        self._tell(vendor_code_id, None)

    def _tell(self, vendor_code_id: str, entry: Entry | None) -> None:
        self._told += 1
        self._to_lists.append(News(self.now + self._lag, self._told, vendor_code_id, entry))
        self._to_door.append(News(self.now + self.rollout, self._told, vendor_code_id, entry))
        self.pass_time(self.now)

    # --- what the owner may do ------------------------------------------------------------------------

    def edit(self, vendor_code_id: str, what: str, pin: str, *, is_known: bool) -> None:
        """
        The owner changes or deletes an entry, or takes its PIN away. Our mark stands where he does not see
        it, so that an entry of ours stays ours before we have met it.
        """
        entry = self.entries[vendor_code_id]
        self.touched[vendor_code_id] = self.now
        if what == "rename":
            self._put(replace(entry, name="renamed", mark=None if is_known else entry.mark))
        elif what == "window":
            ends_at = self._kept(self.now + timedelta(days=9))
            self._put(replace(entry, starts_at=self._kept(self.now), ends_at=ends_at))
        elif what == "pin":
            if not entry.owner:
                self._put(replace(entry, pin=""))
        else:  # hours of the day are nothing that its codes could have: a limit like any other
            what = "limit" if what == "hours" else what
            super().edit(vendor_code_id, what, pin, is_known=is_known)


def _learn(known: dict[str, Entry], news: News) -> None:
    if news.entry is None:
        known.pop(news.vendor_code_id, None)
    else:
        known[news.vendor_code_id] = news.entry


def read_back(instant: datetime, zone: ZoneInfo | None) -> datetime:
    """What wall-clock time without a zone makes of an instant: of two equal times it is the first."""
    if zone is None:
        return instant
    return instant.astimezone(zone).replace(fold=0).astimezone(UTC)


def comes_twice(instant: datetime, zone: ZoneInfo) -> bool:
    """Another instant, half an hour or an hour away, has the same wall-clock time."""
    times = [instant + minutes * timedelta(minutes=1) for minutes in (0, -60, -30, 30, 60)]
    own, *others = [time.astimezone(zone).replace(tzinfo=None, fold=0) for time in times]
    return own in others
