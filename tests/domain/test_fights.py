"""How often a code that others undo is brought back, and what becomes of one that they may have."""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ostiary.domain import fights
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.devices import Device
from ostiary.domain.provider import Capabilities

from .model_engine import Engine
from .model_vendor import Entry, Vendor
from .samples import code, device

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
CAN = Capabilities(can_program_online_access_codes=True, max_access_codes=20, settles_within=60.0)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(hours=24)


def _engine() -> Engine:
    return Engine(Vendor(START, True, 20, deque(), deque()), CAN, START)


def _most_in_a_day(moments: list[datetime]) -> int:
    return max(sum(1 for other in moments if at <= other < at + DAY) for at in moments)


@pytest.mark.parametrize("what", ["pin", "rename", "disable", "delete"])
@pytest.mark.parametrize("seconds", [0, 3, 45, 900])
def test_pain_15_writes_are_bounded_however_quick_the_other_system_is(what: str, seconds: int) -> None:
    """For three days it undoes us so many seconds after we have restored the code, before or after a look."""
    engine = _engine()
    engine.create("Anna", "111111", None, True)
    engine.run_until(engine.now + MINUTE)
    written: list[datetime] = []
    writes, stood_since = engine.vendor.writes, None
    while engine.now < START + 3 * DAY:
        engine.run_until(engine.now + timedelta(seconds=15))
        written += [engine.now] * (engine.vendor.writes - writes)
        writes = engine.vendor.writes
        stood_since = (stood_since or engine.now) if _stands(engine) else None
        if stood_since is not None and engine.now >= stood_since + timedelta(seconds=seconds):
            [entry] = engine.vendor.entries.values()
            engine.vendor.edit(entry.vendor_code_id, what, "999999", is_known=True)
            engine.look_wanted = True
            engine.wake()
    assert 20 <= _most_in_a_day(written) <= fights.MOST_A_DAY


@pytest.mark.parametrize("what", ["pin", "delete"])
def test_pain_15_the_same_when_it_undoes_us_before_we_look(what: str) -> None:
    """To us each restoration looks as if it had been lost."""
    engine = _engine()
    engine.create("Anna", "111111", None, True)
    engine.run_until(engine.now + MINUTE)
    [entry] = engine.vendor.entries.values()
    engine.vendor.edit(entry.vendor_code_id, what, "999999", is_known=True)
    engine.vendor.fates.extend([("lost", 0.0)] * 500)
    writes = engine.vendor.writes
    engine.run_until(START + DAY)
    assert 20 <= engine.vendor.writes - writes <= fights.MOST_A_DAY


def _stands(engine: Engine) -> bool:
    entries: list[Entry] = list(engine.vendor.entries.values())
    return [(each.name, each.pin, each.is_enabled) for each in entries] == [("Anna #mark01", "111111", True)]


def test_a_code_that_is_removed_comes_back_at_once_the_first_times() -> None:
    """A guest stands at the door: within seconds twice, within a good minute the third time."""
    engine = _engine()
    engine.create("Anna", "111111", None, True)
    engine.run_until(engine.now + MINUTE)
    for seconds in (5, 5, 70):
        [entry] = engine.vendor.entries.values()
        engine.vendor.edit(entry.vendor_code_id, "delete", "", is_known=True)
        engine.look_wanted = True
        engine.wake()
        engine.run_until(engine.now + timedelta(seconds=seconds))
        assert _stands(engine)


def test_the_bound_is_what_the_pauses_add_up_to() -> None:
    at, restored = timedelta(0), 0
    while at < DAY:
        restored += 1
        at += fights.pause(restored + 1)
    assert restored <= fights.MOST_A_DAY < restored + 3


def _disturbed(*moments: datetime) -> AccessCode:
    found = code()
    for moment in moments:
        found = fights.disturbed(found, moment)
    return found


@pytest.mark.parametrize(
    ("moments", "undone", "waits"),
    [
        ((START,), 1, None),
        ((START, START + HOUR), 2, None),
        ((START, START + HOUR, START + 2 * HOUR), 3, MINUTE),
        ((START, START + DAY), 1, None),
        ((START, START + HOUR, START + HOUR + DAY - MINUTE), 3, MINUTE),
        (tuple(START + each * HOUR for each in range(9)), 9, HOUR),
    ],
)
def test_a_fight_grows_and_a_quiet_day_ends_it(
    moments: tuple[datetime, ...], undone: int, waits: timedelta | None
) -> None:
    found = _disturbed(*moments)
    assert found.undone == undone
    assert found.retry_at == (None if waits is None else moments[-1] + waits)


def _conflict(found: AccessCode) -> AccessCode:
    return replace(found, errors=({"error_code": fights.CONFLICT, "message": ""},))


@pytest.mark.parametrize(
    ("codes", "is_told"),
    [
        ([_conflict(_disturbed(START))], False),
        ([_conflict(_disturbed(START - HOUR, START))], True),
        ([_conflict(_disturbed(START)), _disturbed(START - HOUR)], True),
        ([_conflict(_disturbed(START)), _conflict(_disturbed(START - HOUR))], False),
        ([_conflict(_disturbed(START)), _disturbed(START - DAY)], False),
        ([_conflict(_disturbed(START)), code()], False),
    ],
    ids=["once", "again", "another", "nothing restored yet", "long ago", "undisturbed"],
)
def test_what_raises_the_warning(codes: list[AccessCode], is_told: bool) -> None:
    after = fights.watched(device(), codes, START)
    assert _warnings(after) == (["third_party_integration_detected"] if is_told else [])
    assert after.disturbed_at == START


def test_the_warning_goes_after_a_quiet_day() -> None:
    warned = fights.watched(device(), [_conflict(_disturbed(START - HOUR, START))], START)
    for later, is_there in ((HOUR, True), (DAY - MINUTE, True), (DAY, False)):
        after = fights.watched(warned, [code()], START + later)
        assert bool(_warnings(after)) is is_there
        types = [event.event_type for event in fights.told(warned, after, START + later)]
        assert types == ([] if is_there else ["device.third_party_integration_no_longer_detected"])


def _warnings(found: Device) -> list[Any]:
    return [warning["warning_code"] for warning in found.warnings]
