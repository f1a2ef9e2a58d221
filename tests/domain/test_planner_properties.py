"""
Any wishes and any faults converge: the planner against a model vendor, in simulated time.

Each example is a story of wishes, owner's edits and waiting, with a fate for every write. The models check
every plan and every event as they go; the tests here say what must hold once the faults have stopped.
"""

import os
import random
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.domain.access_codes import AccessCode
from ostiary.domain.instants import rounded
from ostiary.domain.provider import Capabilities
from ostiary.domain.reconcile import Plan
from ostiary.domain.secrets import Secret
from ostiary.domain.weekly_windows import DAY, WeeklyWindow

from .model_checks import EXTERNAL, ON_DEVICE
from .model_engine import POLL, Engine
from .model_vendor import CHOOSING_FATES, FATES, ChoosingVendor, Entry, Vendor
from .model_wishes import as_wished, has_no_frame, is_wanted, pin_hash, shown, shown_pin

NO_SPACE = "no_space_for_access_code_on_device"
REMOVED = "access_code.removed_from_device"
START = datetime(2026, 7, 1, 12, tzinfo=UTC)
FOLD_NIGHT = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
"""In Berlin the hour from 01:00 UTC on shows the same wall-clock times as the one before it."""

ZONE = "Europe/Berlin"
PINS = ("111111", "222222", "333333", "444444")
LEFT_TO_THE_VENDOR = PINS[:2]
"""What `create` makes of these PINs where both may choose."""

NAMES = ("Anna", "Ben", "")
HOUR = timedelta(hours=1)
WINDOWS: dict[str, tuple[timedelta, timedelta] | None] = {
    "ongoing": None,
    "now": (timedelta(0), HOUR),
    "soon": (timedelta(minutes=20), 3 * HOUR),
    "later": (5 * HOUR, 9 * HOUR),
    "far": (80 * HOUR, 90 * HOUR),
    "brief": (timedelta(0), timedelta(minutes=2)),
    "longer": None,  # the same start and a later end; ongoing for a new code
}

WAITS = [0.3, 3.0, 12.0, 70.0, 400.0, 4000.0]
DELAYS = [2.0, 30.0, 100.0, 900.0]
ROLLOUTS = [0.0, 45.0, 240.0]
ZONES = [None, None, ZONE]
EDITS = ["delete", "rename", "disable", "limit", "window", "hours", "pin"]
WEEKLY = [None, WeeklyWindow((0, 4), 480, 1050), WeeklyWindow((5,), 0, DAY)]
PER_BATCH = int(os.environ.get("OSTIARY_TEST_STORIES", "200"))

waits = st.sampled_from(WAITS)
fates = st.tuples(st.sampled_from(["ok", "ok", "ok", "ok", *FATES]), st.sampled_from(DELAYS))
pins, names, windows = st.sampled_from(PINS), st.sampled_from(NAMES), st.sampled_from(list(WINDOWS))
index = st.integers(0, 5)
what_the_owner_does = st.sampled_from(EDITS)
happenings = st.one_of(
    st.tuples(st.just("wait"), waits),
    st.tuples(st.just("create"), names, pins, windows, st.booleans()),
    st.tuples(st.just("create"), names, pins, windows, st.booleans()),
    st.tuples(st.just("new_pin"), index, pins),
    st.tuples(st.just("new_name"), index, names),
    st.tuples(st.just("new_window"), index, windows),
    st.tuples(st.just("new_weekly"), index, st.sampled_from(WEEKLY)),
    st.tuples(st.just("delete"), index),
    st.tuples(st.just("owner"), index, what_the_owner_does, pins),
    st.tuples(st.just("foreign"), st.booleans(), index, pins),
)


@dataclass(frozen=True)
class Story:
    """
    Attributes:
        chosen_by: Not `caller`: against a vendor that tells its PINs once and shows none.
        rollout: Seconds from the vendor's record to the door.
        zone: In whose wall-clock time schedules are kept; then the story plays when the clocks go back.
    """

    has_schedules: bool
    keeps_pins_unique: bool
    room: int
    happenings: list[tuple[Any, ...]]
    fates: list[tuple[Any, float]]
    failing_looks: list[bool]
    chosen_by: Literal["caller", "vendor", "either"] = "caller"
    rollout: float = 0.0
    zone: str | None = None

    @property
    def start(self) -> datetime:
        return START if self.zone is None else FOLD_NIGHT

    @property
    def vendor(self) -> Vendor:
        fates, failing_looks = deque(self.fates), deque(self.failing_looks)
        if self.chosen_by == "caller":
            return Vendor(self.start, self.keeps_pins_unique, self.room, fates, failing_looks)
        return ChoosingVendor(
            self.start,
            self.keeps_pins_unique,
            self.room,
            fates,
            failing_looks,
            rollout=timedelta(seconds=self.rollout),
            zone=None if self.zone is None else ZoneInfo(self.zone),
        )

    @property
    def can(self) -> Capabilities:
        return Capabilities(
            can_program_online_access_codes=True,
            code_chosen_by=self.chosen_by,
            codes_are_readable=self.chosen_by == "caller",
            has_native_scheduling=self.has_schedules,
            max_access_codes=self.room,
            settles_within=60.0,
            reaches_device_after=self.rollout,
            time_step=0.0 if self.chosen_by == "caller" else 60.0,
            wall_clock_zone=self.zone,
        )


stories = st.builds(
    Story,
    has_schedules=st.booleans(),
    keeps_pins_unique=st.booleans(),
    room=st.sampled_from([1, 2, 3, 20]),
    happenings=st.lists(st.tuples(happenings, waits), min_size=4, max_size=14),
    fates=st.lists(fates, max_size=14),
    failing_looks=st.lists(st.booleans(), max_size=8),
)

choosing_fates = st.tuples(
    st.sampled_from(["ok", "ok", "ok", "ok", "ok", *CHOOSING_FATES]), st.sampled_from(DELAYS)
)
choosing_stories = st.builds(
    Story,
    has_schedules=st.booleans(),
    keeps_pins_unique=st.just(True),
    room=st.sampled_from([1, 2, 3, 20]),
    happenings=st.lists(st.tuples(happenings, waits), min_size=4, max_size=14),
    fates=st.lists(choosing_fates, max_size=14),
    failing_looks=st.lists(st.booleans(), max_size=8),
    chosen_by=st.sampled_from(["vendor", "vendor", "either"]),
    rollout=st.sampled_from(ROLLOUTS),
    zone=st.sampled_from(ZONES),
)


class World:
    """A story as it is lived."""

    def __init__(self, story: Story, *, polls: bool) -> None:
        self.vendor = story.vendor
        self.engine = Engine(self.vendor, story.can, story.start, polls=polls)
        if isinstance(self.vendor, ChoosingVendor):
            self.vendor.meanwhile = self._wish_meanwhile
        self.causes = 0
        self.is_troubled = story.room < len(story.happenings) or any(
            happening[0] in ("owner", "foreign") for happening, _ in story.happenings
        )
        for happening, pause in story.happenings:
            self.happen(*happening)
            self.engine.run_until(self.engine.now + timedelta(seconds=pause))

    def happen(self, kind: str, *details: Any) -> None:
        self.causes += 1
        getattr(self, f"_{kind}")(*details)

    def _wait(self, seconds: float) -> None:
        self.engine.run_until(self.engine.now + timedelta(seconds=seconds))

    def _window(self, word: str) -> tuple[datetime, datetime] | None:
        window, step = WINDOWS[word], timedelta(seconds=self.engine.can.time_step)
        if window is None:
            return None
        return rounded(self.engine.now + window[0], step), rounded(self.engine.now + window[1], step)

    def _create(self, name: str, pin: str | None, window: str, native: bool) -> None:
        chosen_by = self.engine.can.code_chosen_by
        if chosen_by == "vendor" or (chosen_by == "either" and pin in LEFT_TO_THE_VENDOR):
            pin = None
        self.engine.create(name, pin, self._window(window), native)

    def _code(self, at: int) -> AccessCode | None:
        """One that can still be changed."""
        codes = [code for code in self.engine.living() if not code.is_over(self.engine.now)]
        return codes[at % len(codes)] if codes else None

    def _new_pin(self, at: int, pin: str) -> None:
        code = self._code(at)
        can = self.engine.can
        if code is None or can.code_chosen_by == "vendor" or self.engine.is_taken(pin, code.access_code_id):
            return
        if not can.codes_are_readable or not self.engine.is_pin_forgotten(code):
            changes = {"code": Secret(pin), "code_hash": pin_hash(pin), "is_code_from_vendor": False}
            self.engine.rewish(code, **changes)

    def _new_name(self, at: int, name: str) -> None:
        code = self._code(at)
        if code is not None:
            self.engine.rewish(code, name=name)

    def _new_window(self, at: int, word: str) -> None:
        code, window = self._code(at), self._window(word)
        if code is not None:
            starts_at, ends_at = window or (None, None)
            if word == "longer" and code.ends_at is not None:
                starts_at, ends_at = code.starts_at, code.ends_at + HOUR
            self.engine.rewish(code, starts_at=starts_at, ends_at=ends_at)

    def _new_weekly(self, at: int, weekly: WeeklyWindow | None) -> None:
        """Of a vendor that is told the PINs: the other one keeps none."""
        code = self._code(at)
        if code is not None and self.engine.can.code_chosen_by == "caller":
            self.engine.rewish(code, weekly_window=weekly)

    def _delete(self, at: int) -> None:
        code = self._code(at)
        if code is not None:
            self.engine.rewish(code, delete_requested_at=self.engine.now)

    def _wish_meanwhile(self, access_code_id: str) -> None:
        """While the vendor is at work on it: another PIN where callers may choose, else another name."""
        code, can = self.engine.codes[access_code_id], self.engine.can
        if code.is_over(self.engine.now):
            return
        self.causes += 1
        pins = [pin for pin in PINS if not self.engine.is_taken(pin, None)]
        if can.code_chosen_by == "either" and pins:
            changes = {"code": Secret(pins[0]), "code_hash": pin_hash(pins[0]), "is_code_from_vendor": False}
            self.engine.rewish(code, **changes)
        else:
            self.engine.rewish(code, name="Eve")

    def _owner(self, at: int, what: str, pin: str) -> None:
        entries = sorted(self.vendor.entries)
        if entries:
            key = entries[at % len(entries)]
            is_known = any(code.vendor_code_id == key for code in self.engine.living())
            self.vendor.edit(key, what, pin, is_known=is_known)

    def _foreign(self, copies_a_name: bool, at: int, pin: str) -> None:
        code = self._code(at)
        if copies_a_name and code is not None and self.engine.can.codes_are_readable:
            self.vendor.add_foreign(f"copy #{code.mark}", f"5555{at:02}")
        else:
            self.vendor.add_foreign("Cleaner", pin)

    # --- afterwards --------------------------------------------------------------------------------------

    def calm_down(self) -> None:
        """No more faults; whoever was refused for good wishes again; and time passes."""
        self.vendor.calm_down()
        for code in self.engine.living():
            if code.refused_generation == code.generation and not code.is_over(self.engine.now):
                self.causes += 1
                self.engine.rewish(code)
        self.engine.run_until(self.engine.now + 3 * HOUR)
        self.come_to_rest()

    def come_to_rest(self) -> None:
        """Until no code has just begun, ended, or come into its lead time, or is about to."""
        while any(self._turns(code) for code in self.engine.codes.values()):
            self.engine.run_until(self.engine.now + POLL)

    def _turns(self, code: AccessCode) -> bool:
        now = self.engine.now
        moments = (code.programmed_from(self.engine.can), code.starts_at, code.ends_at)
        return any(moment is not None and abs(now - moment) <= 2 * POLL for moment in moments)

    def check(self) -> None:
        """The lock holds exactly what is wished and fits, and everybody knows."""
        can, now = self.engine.can, self.engine.now
        by_id = {code.vendor_code_id: code.mark for code in self.engine.living()}
        on_lock = {by_id.get(e.vendor_code_id, e.mark): e for e in self.vendor.ours()}
        assert len(on_lock) == len(list(self.vendor.ours())), "a surplus entry"
        foreign_pins = {entry.pin for entry in self.vendor.owned().values()}
        wanted = {code.mark: code for code in self.engine.living() if is_wanted(code, can, now)}
        assert set(on_lock) <= set(wanted), "a code that nobody wants"
        for mark, code in wanted.items():
            self._check_code(code, on_lock.get(mark), foreign_pins)
        missing = [
            code
            for mark, code in wanted.items()
            if mark not in on_lock and shown_pin(code) not in foreign_pins and not has_no_frame(code, can)
        ]
        assert not missing or len(self.vendor.entries) >= self.vendor.room, "room, and a code is missing"
        holders = [wanted[mark] for mark in on_lock if mark is not None]
        for code in missing:
            self._check_queue(code, holders)
        for code in self.engine.living():
            asked = self.engine.asked.get(code.access_code_id)
            assert asked in (None, shown_pin(code)), "another PIN than its caller wants"
        for code in self.engine.codes.values():
            self._check_story(code)

    def _check_queue(self, code: AccessCode, on_lock: list[AccessCode]) -> None:
        """Whoever waits for a place is not needed sooner than anybody who has one and could leave it."""
        start = max(code.starts_at or self.engine.now, self.engine.now)
        for other in on_lock:
            if other.starts_at is not None and not other.is_code_from_vendor:
                assert other.starts_at <= start, "a nearer code is missing"

    def check_peace(self) -> None:
        """Where nothing went wrong nothing is said to have failed, and nothing is written twice."""
        engine = self.engine
        is_at_peace = not self.is_troubled and not self.vendor.faults
        if is_at_peace and engine.can.wall_clock_zone is None:  # else a window may come to nothing
            types = {event.event_type for events in engine.told.values() for event in events}
            assert not [word for word in types if "failed" in word or "external" in word]

    def _check_code(self, code: AccessCode, entry: Entry | None, foreign_pins: set[str]) -> None:
        errors = {str(error["error_code"]) for error in code.errors}
        pin = shown_pin(code)
        is_right = entry is not None and shown(entry) == as_wished(code, self.engine.can)
        is_whole = entry is not None and entry.is_enabled and entry.is_exact
        if pin in foreign_pins and not (is_right and is_whole):
            is_unseen = entry is None and not self.engine.can.codes_are_readable  # that somebody has the PIN
            assert "duplicate_code_on_device" in errors or (is_unseen and NO_SPACE in errors)
            return
        if has_no_frame(code, self.engine.can):
            assert "code_constraints_violated" in errors
            return
        if entry is None:
            assert NO_SPACE in errors
            return
        assert pin is not None
        assert is_right
        assert entry.is_enabled
        assert entry.is_exact
        assert code.is_as_wished
        assert not errors
        assert code.status(self.engine.can, self.engine.now, is_view_stale=False) in ("set", "unset")

    def _check_story(self, code: AccessCode) -> None:
        """Its events, from the first to the last."""
        now, can = self.engine.now, self.engine.can
        told = self.engine.told[code.access_code_id]
        types = [event.event_type for event in told]
        status = code.status(can, now, is_view_stale=False)
        assert status != "removing"
        assert status != "setting" or code.errors, "in `setting` without a reason"
        if code.is_over(now):
            assert code.gone_at is not None
            assert types.count("access_code.deleted") == 1
            stood = [t for t in types if t in (*ON_DEVICE, EXTERNAL[1], REMOVED)]
            assert not stood or stood[-1] not in ON_DEVICE, "it left the lock, and nobody was told"
        else:
            assert "access_code.deleted" not in types
            if code.is_as_wished and is_wanted(code, can, now) and not code.errors:
                last = next(e for e in reversed(told) if e.event_type in (*ON_DEVICE, *EXTERNAL, REMOVED))
                is_set = code.is_active(now) or not code.has_native_schedule(can)
                assert last.event_type == ON_DEVICE[0 if is_set else 1]
                assert last.generation == code.generation


property_test = settings(
    max_examples=PER_BATCH,
    report_multiple_bugs=False,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)


@property_test
@given(stories)
def test_any_story_converges(story: Story) -> None:
    _live(story)


@property_test
@given(choosing_stories)
def test_any_story_converges_where_the_vendor_chooses_pins(story: Story) -> None:
    _live(story)


@pytest.mark.parametrize("throw", ["caller", "vendor"])
@pytest.mark.parametrize("batch", range(10))
def test_many_stories_converge(batch: int, throw: str) -> None:
    """The same with plain dice, which try more different things in the time than a search for small ones."""
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        dice = random.Random(seed)
        story = _thrown(dice) if throw == "caller" else _choosing(_thrown(dice), dice)
        random.seed(seed)  # the jitter of retries
        try:
            _live(story)
        except Exception as error:
            error.add_note(f"seed {seed}: {story}")
            raise


@pytest.mark.parametrize("throw", ["caller", "vendor"])
@pytest.mark.parametrize("batch", range(3))
def test_wishes_come_true_in_time_without_polls(batch: int, throw: str) -> None:
    """What nobody else disturbs needs no look from outside: `due` alone brings every stride about."""
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        dice = random.Random(seed)
        thrown = _thrown(dice) if throw == "caller" else _choosing(_thrown(dice), dice)
        story = replace(
            thrown,
            happenings=[pair for pair in thrown.happenings if pair[0][0] not in ("owner", "foreign")],
            fates=[(fate, delay) for fate, delay in thrown.fates if fate not in ("late", "twice")],
        )
        random.seed(seed)
        try:
            _live(story, polls=False)
        except Exception as error:
            error.add_note(f"seed {seed}: {story}")
            raise


def _thrown(dice: random.Random) -> Story:
    long = dice.choice([3, 6, 10, 14])
    return Story(
        has_schedules=dice.random() < 0.5,
        keeps_pins_unique=dice.random() < 0.5,
        room=dice.choice([1, 2, 3, 20, 20]),
        happenings=[(_happening(dice), dice.choice(WAITS)) for _ in range(dice.randint(1, long))],
        fates=[
            (dice.choice(["ok"] * 4 + list(FATES)), dice.choice(DELAYS)) for _ in range(dice.randint(0, long))
        ],
        failing_looks=[dice.random() < 0.3 for _ in range(dice.randint(0, 4))],
    )


def _choosing(story: Story, dice: random.Random) -> Story:
    """The same wishes of a vendor that chooses PINs, with its own fates for them."""
    return replace(
        story,
        fates=[(dice.choice(["ok"] * 5 + list(CHOOSING_FATES)), delay) for _, delay in story.fates],
        chosen_by=dice.choice(["vendor", "vendor", "either"]),
        rollout=dice.choice(ROLLOUTS),
        zone=dice.choice(ZONES),
    )


def _happening(dice: random.Random) -> tuple[Any, ...]:
    at, pin, name = dice.randrange(6), dice.choice(PINS), dice.choice(NAMES)
    window, coin = dice.choice(list(WINDOWS)), dice.random() < 0.5
    choices: list[tuple[Any, ...]] = [
        ("wait", dice.choice(WAITS)),
        ("create", name, pin, window, coin),
        ("create", name, pin, window, coin),
        ("new_pin", at, pin),
        ("new_name", at, name),
        ("new_window", at, window),
        ("new_weekly", at, dice.choice(WEEKLY)),
        ("delete", at),
        ("owner", at, dice.choice(EDITS), pin),
        ("owner", at, dice.choice(EDITS), pin),
        ("foreign", coin, at, pin),
    ]
    return dice.choice(choices)


def _live(story: Story, *, polls: bool = True) -> None:
    """One story from its first wish to long after its last, with everything that must hold."""
    world = World(story, polls=polls)
    owned = world.vendor.owned()
    world.calm_down()
    assert world.vendor.owned() == owned, "somebody else's code was touched"
    world.check()
    assert world.vendor.writes <= 6 * (world.causes + world.vendor.faults) + 6

    world.check_peace()

    writes, changes = world.vendor.writes, world.engine.changes
    world.engine.last_plan = Plan()
    world.engine.run_until(world.engine.now + 2 * POLL)
    assert world.vendor.writes == writes, "a lock as wished was written to"
    assert world.engine.last_plan.steps == ()
    assert world.engine.changes == changes, "a look at a lock as wished changed something"

    for hours in (4, 70, 10, 30):
        ticks = world.engine.ticks
        world.engine.jump_to(world.engine.now + timedelta(hours=hours))
        assert world.engine.ticks - ticks <= 60 * hours + 60, "it looks again and again at nothing"
        world.engine.run_until(world.engine.now + HOUR)
        world.come_to_rest()
        world.check()
    assert world.vendor.owned() == owned
    assert world.vendor.writes <= 6 * (world.causes + world.vendor.faults) + 6 + 4 * len(world.engine.codes)
