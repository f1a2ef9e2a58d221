"""Fewer places than codes: who has one, at any time, with how many writes."""

import random
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ostiary.domain.provider import Capabilities
from ostiary.domain.reconcile import NO_SPACE, due, needs_look
from ostiary.domain.room import SAFE_REMOVAL

from .model_engine import Engine
from .model_vendor import FateKind, Vendor
from .model_wishes import is_wanted

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = (4 * HOUR, 5 * HOUR)
LATEST = (8 * HOUR, 9 * HOUR)


def _engine(room: int, *fates: tuple[FateKind, float], native: bool = True) -> Engine:
    can = Capabilities(
        can_program_online_access_codes=True,
        max_access_codes=room,
        has_native_scheduling=native,
        settles_within=60.0,
    )
    return Engine(Vendor(START, True, room, deque(fates), deque()), can, START)


def _create(engine: Engine, starts_in: timedelta | None, lasts: timedelta = HOUR, native: bool = True) -> str:
    number = len(engine.codes) + 1
    times = None if starts_in is None else (engine.now + starts_in, engine.now + starts_in + lasts)
    engine.create(f"G{number}", f"{200000 + number}", times, native)
    return f"code-{number}"


def _wait(engine: Engine, span: timedelta) -> None:
    engine.run_until(engine.now + span)


def _on_lock(engine: Engine) -> set[str]:
    by_mark = {code.mark: code.access_code_id for code in engine.codes.values()}
    return {by_mark[entry.mark or ""] for entry in engine.vendor.ours()}


def _waiting(engine: Engine) -> set[str]:
    return {
        code.access_code_id
        for code in engine.living()
        if any(error["error_code"] == NO_SPACE for error in code.errors)
    }


# --- any wishes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_the_most_urgent_are_on_the_lock_at_any_time(seed: int) -> None:
    """
    Bookings at random, some deleted, foreign codes that come and go, steps of time. The models see to it that
    no active code is made to leave, that nobody leaves for nothing, and that no event is told twice.
    """
    dice = random.Random(seed)
    random.seed(seed)
    room = dice.choice([1, 2, 5, 9])
    engine = _engine(room, native=dice.random() < 0.7)
    deleted = 0
    for _ in range(dice.choice([8, 20, 40])):
        for _ in range(dice.choice([0, 1, 1, 3])):
            starts_in = dice.choice(
                [None, *(HOUR * dice.choice([0, 1, 2, 2, 3, 8, 30, 71, 90]) for _ in range(9))]
            )
            _create(engine, starts_in, HOUR * dice.choice([1, 1, 2, 20]), native=dice.random() < 0.8)
        living = [code for code in engine.living() if not code.is_over(engine.now)]
        if living and dice.random() < 0.3:
            deleted += 1
            engine.rewish(dice.choice(living), delete_requested_at=engine.now)
        if dice.random() < 0.1:
            engine.vendor.add_foreign("Cleaner", f"{dice.randrange(300000, 400000)}")
        _wait(engine, timedelta(minutes=dice.choice([3, 3, 20, 55, 180])))
        _wait(engine, timedelta(minutes=2))
        _check_urgency(engine)
    wishes = len(engine.codes)
    assert engine.evictions <= wishes
    assert engine.vendor.writes <= 2 * (wishes + engine.evictions)
    _check_peace(engine)


def _check_urgency(engine: Engine) -> None:
    """As far as nobody has just turned: come into his lead time, begun, or ended."""
    now, can = engine.now, engine.can
    wanted = {code.access_code_id: code for code in engine.living() if is_wanted(code, can, now)}
    on_lock = _on_lock(engine)
    if any(
        moment is not None and timedelta(0) <= now - moment <= timedelta(minutes=2)
        for code in engine.living()
        for moment in (code.programmed_from(can), code.starts_at, code.ends_at)
    ):
        return
    assert on_lock <= set(wanted)
    missing = [wanted[key] for key in set(wanted) - on_lock]
    assert {code.access_code_id for code in missing} == _waiting(engine)
    assert not missing or len(engine.vendor.entries) == engine.vendor.room
    for code in missing:
        start = max(code.starts_at or now, now)
        for key in on_lock:
            other = max(wanted[key].starts_at or now, now)
            assert other <= max(start, now + 2 * SAFE_REMOVAL), "a nearer code is missing"


def _check_peace(engine: Engine) -> None:
    """Another look writes nothing, and changes nothing."""
    writes, changes = engine.vendor.writes, engine.changes
    engine.look_wanted = True
    engine.wake()
    engine.tick()
    _wait(engine, timedelta(0))
    assert (engine.vendor.writes, engine.changes) == (writes, changes)


# --- scenes -----------------------------------------------------------------------------------------------


def test_the_farthest_makes_room_and_comes_back_when_there_is_some() -> None:
    engine = _engine(2)
    near, far = _create(engine, LATER[0]), _create(engine, LATEST[0])
    _wait(engine, HOUR)
    nearest = _create(engine, HOUR)
    _wait(engine, timedelta(minutes=2))
    assert _on_lock(engine) == {near, nearest}
    assert _waiting(engine) == {far}
    assert engine.codes[far].announced == "none"
    assert engine.codes[far].confirmed_at is None
    _wait(engine, 2 * HOUR)
    assert _on_lock(engine) == {near, far}
    types = [event.event_type.removeprefix("access_code.") for event in engine.told[far]]
    assert types == [
        "scheduled_on_device",
        "removed_from_device",
        "failed_to_set_on_device",
        "scheduled_on_device",
    ]
    assert (engine.evictions, engine.vendor.writes) == (1, 6)


def test_a_place_that_is_being_cleared_anyway_makes_nobody_else_leave() -> None:
    """One is deleted and one is made before the engine looks again."""
    engine = _engine(2)
    leaving, far = _create(engine, None), _create(engine, LATEST[0])
    _wait(engine, timedelta(minutes=5))
    assert _on_lock(engine) == {leaving, far}
    engine.rewish(engine.codes[leaving], delete_requested_at=engine.now)
    near = _create(engine, LATER[0])
    _wait(engine, timedelta(minutes=5))
    assert _on_lock(engine) == {near, far}
    assert (engine.evictions, engine.vendor.writes) == (0, 4)


def test_between_codes_that_start_together_whoever_stands_there_stays() -> None:
    engine = _engine(1)
    first = _create(engine, LATER[0])
    _wait(engine, timedelta(minutes=5))
    code = _create(engine, LATER[0])
    engine.codes[code] = replace(
        engine.codes[code], starts_at=engine.codes[first].starts_at, created_at=START - HOUR
    )
    _wait(engine, HOUR)
    assert _on_lock(engine) == {first}
    assert engine.vendor.writes == 1


def test_active_codes_and_those_of_others_stay_whoever_waits() -> None:
    engine = _engine(3)
    ongoing, active = _create(engine, None), _create(engine, timedelta(0), 9 * HOUR)
    engine.vendor.add_foreign("Cleaner", "999999")
    _wait(engine, timedelta(minutes=5))
    _create(engine, None)
    _create(engine, timedelta(minutes=1))
    _wait(engine, 3 * HOUR)
    assert _on_lock(engine) == {ongoing, active}
    assert (engine.evictions, engine.vendor.writes) == (0, 2)


def test_who_starts_in_a_moment_is_not_made_to_leave() -> None:
    """The removal might reach the lock when the code is active."""
    engine = _engine(1)
    first = _create(engine, timedelta(minutes=10))
    _wait(engine, timedelta(minutes=9))
    _create(engine, None)
    _wait(engine, timedelta(minutes=30))
    assert _on_lock(engine) == {first}
    assert engine.evictions == 0


def test_waiting_for_room_asks_for_no_look() -> None:
    engine = _engine(1)
    engine.polls = False
    first = _create(engine, None)
    _wait(engine, timedelta(minutes=5))
    waiting = engine.codes[_create(engine, LATER[0])]
    _wait(engine, timedelta(minutes=5))
    codes = engine.living()
    assert engine.codes[waiting.access_code_id].waits_for_room
    assert not needs_look(codes, [], engine.can, engine.now)
    assert due(codes, [], engine.can, engine.now) == waiting.starts_at
    looked_at, told = engine.looked_at, len(engine.told[waiting.access_code_id])
    _wait(engine, 3 * HOUR)
    assert (engine.looked_at, len(engine.told[waiting.access_code_id])) == (looked_at, told)
    engine.rewish(engine.codes[first], delete_requested_at=engine.now)
    _wait(engine, timedelta(minutes=2))
    assert _on_lock(engine) == {waiting.access_code_id}
    assert engine.codes[waiting.access_code_id].errors == ()


def test_who_waits_no_longer_needs_a_place_is_told_of_no_problem() -> None:
    engine = _engine(1)
    _create(engine, None)
    second = _create(engine, HOUR)
    _wait(engine, timedelta(minutes=5))
    assert _waiting(engine) == {second}
    times = {"starts_at": engine.now + 99 * HOUR, "ends_at": engine.now + 100 * HOUR}
    engine.rewish(engine.codes[second], **times)
    _wait(engine, timedelta(minutes=5))
    assert _waiting(engine) == set()


def test_a_removal_that_makes_no_room_is_tried_with_pauses_and_others_go_instead() -> None:
    engine = _engine(2, ("ok", 3.0), ("ok", 3.0), ("lost", 0.0))
    near, far = _create(engine, LATER[0]), _create(engine, LATEST[0])
    _wait(engine, timedelta(minutes=5))
    now = _create(engine, None)
    _wait(engine, timedelta(minutes=10))
    assert now in _on_lock(engine)
    assert len(_on_lock(engine)) == 2
    for key in (near, far):
        assert "access_code.failed_to_remove_from_device" not in [e.event_type for e in engine.told[key]]
    _wait(engine, HOUR)
    assert _on_lock(engine) == {now, near}, "the nearer one has its place again"


def test_a_vendor_that_loses_every_removal_is_asked_ever_less() -> None:
    losses: list[tuple[FateKind, float]] = [("lost", 0.0)] * 500
    engine = _engine(1, ("ok", 3.0), *losses)
    first = _create(engine, 40 * HOUR)
    _wait(engine, timedelta(minutes=5))
    second = _create(engine, None)
    _wait(engine, 6 * HOUR)
    assert _on_lock(engine) == {first}
    assert _waiting(engine) == {second}
    assert engine.vendor.writes < 80
    assert engine.codes[first].errors == ()
