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
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.domain.access_codes import AccessCode
from ostiary.domain.provider import Capabilities
from ostiary.domain.secrets import Secret

from .model_engine import EXTERNAL, ON_DEVICE, POLL, Engine, as_wished, is_wanted, pin_hash, shown
from .model_vendor import FATES, Entry, Vendor

REMOVED = "access_code.removed_from_device"
START = datetime(2026, 7, 1, 12, tzinfo=UTC)
PINS = ("111111", "222222", "333333", "444444")
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
EDITS = ["delete", "rename", "disable", "limit", "window", "pin"]
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
    st.tuples(st.just("delete"), index),
    st.tuples(st.just("owner"), index, what_the_owner_does, pins),
    st.tuples(st.just("foreign"), st.booleans(), index, pins),
)


@dataclass(frozen=True)
class Story:
    has_schedules: bool
    keeps_pins_unique: bool
    room: int
    happenings: list[tuple[Any, ...]]
    fates: list[tuple[Any, float]]
    failing_looks: list[bool]


stories = st.builds(
    Story,
    has_schedules=st.booleans(),
    keeps_pins_unique=st.booleans(),
    room=st.sampled_from([1, 2, 3, 20]),
    happenings=st.lists(st.tuples(happenings, waits), min_size=4, max_size=14),
    fates=st.lists(fates, max_size=14),
    failing_looks=st.lists(st.booleans(), max_size=8),
)


class World:
    """A story as it is lived."""

    def __init__(self, story: Story, *, polls: bool) -> None:
        self.vendor = Vendor(
            START, story.keeps_pins_unique, story.room, deque(story.fates), deque(story.failing_looks)
        )
        can = Capabilities(
            can_program_online_access_codes=True,
            has_native_scheduling=story.has_schedules,
            max_access_codes=story.room,
            settles_within=60.0,
        )
        self.engine = Engine(self.vendor, can, START, polls=polls)
        self.causes = 0
        for happening, pause in story.happenings:
            self.happen(*happening)
            self.engine.run_until(self.engine.now + timedelta(seconds=pause))

    def happen(self, kind: str, *details: Any) -> None:
        self.causes += 1
        getattr(self, f"_{kind}")(*details)

    def _wait(self, seconds: float) -> None:
        self.engine.run_until(self.engine.now + timedelta(seconds=seconds))

    def _window(self, word: str) -> tuple[datetime, datetime] | None:
        window = WINDOWS[word]
        return None if window is None else (self.engine.now + window[0], self.engine.now + window[1])

    def _create(self, name: str, pin: str, window: str, native: bool) -> None:
        self.engine.create(name, pin, self._window(window), native)

    def _code(self, at: int) -> AccessCode | None:
        """One that can still be changed."""
        codes = [code for code in self.engine.living() if not code.is_over(self.engine.now)]
        return codes[at % len(codes)] if codes else None

    def _new_pin(self, at: int, pin: str) -> None:
        code = self._code(at)
        if code is None or self.engine.is_taken(pin, code.access_code_id):
            return
        if not self.engine.is_pin_forgotten(code):
            self.engine.rewish(code, code=Secret(pin), code_hash=pin_hash(pin))

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

    def _delete(self, at: int) -> None:
        code = self._code(at)
        if code is not None:
            self.engine.rewish(code, delete_requested_at=self.engine.now)

    def _owner(self, at: int, what: str, pin: str) -> None:
        entries = sorted(self.vendor.entries)
        if entries:
            key = entries[at % len(entries)]
            is_known = any(code.vendor_code_id == key for code in self.engine.living())
            self.vendor.edit(key, what, pin, is_known=is_known)

    def _foreign(self, copies_a_name: bool, at: int, pin: str) -> None:
        code = self._code(at)
        if copies_a_name and code is not None:
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
        missing = [c for m, c in wanted.items() if m not in on_lock and c.code.reveal() not in foreign_pins]  # type: ignore[union-attr]
        assert not missing or len(self.vendor.entries) >= self.vendor.room, "room, and a code is missing"
        for code in self.engine.codes.values():
            self._check_story(code)

    def _check_code(self, code: AccessCode, entry: Entry | None, foreign_pins: set[str]) -> None:
        errors = {str(error["error_code"]) for error in code.errors}
        assert code.code is not None
        is_right = entry is not None and shown(entry) == as_wished(code, self.engine.can)
        if code.code.reveal() in foreign_pins and not (is_right and entry.is_enabled and entry.is_exact):  # type: ignore[union-attr]
            assert "duplicate_code_on_device" in errors
            return
        if entry is None:
            assert "no_space_for_access_code_on_device" in errors
            return
        assert shown(entry) == as_wished(code, self.engine.can)
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


@pytest.mark.parametrize("batch", range(10))
def test_many_stories_converge(batch: int) -> None:
    """The same with plain dice, which try more different things in the time than a search for small ones."""
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        dice = random.Random(seed)
        story = _thrown(dice)
        random.seed(seed)  # the jitter of retries
        try:
            _live(story)
        except Exception as error:
            error.add_note(f"seed {seed}: {story}")
            raise


@pytest.mark.parametrize("batch", range(3))
def test_wishes_come_true_in_time_without_polls(batch: int) -> None:
    """What nobody else disturbs needs no look from outside: `due` alone brings every stride about."""
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        dice = random.Random(seed)
        thrown = _thrown(dice)
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

    writes, changes = world.vendor.writes, world.engine.changes
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
