"""What opens the door: the device's own rules, to the second, around both changes of the clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .test_simulator_support import Nuki, run

BERLIN = ZoneInfo("Europe/Berlin")


async def _opens(nuki: Nuki, lock: int, at: datetime, code: int = 384756) -> str:
    text = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    entry = await nuki.control("POST", "enter_code", smartlock_id=lock, code=code, at=text)
    assert entry["accepted"] is (entry["reason"] == "ok")
    return str(entry["reason"])


async def _edges(nuki: Nuki, lock: int, begin: datetime, end: datetime, before: str, after: str) -> None:
    second = timedelta(seconds=1)
    found = [await _opens(nuki, lock, at) for at in (begin - second, begin, end - second, end)]
    assert found == [before, "ok", "ok", after]


@pytest.mark.parametrize(
    "day", ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26"]
)
@run
async def test_daily_windows_follow_the_local_clock(day: str) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    window = {"allowedFromDate": "2026-01-01T00:00Z", "allowedWeekDays": 127}
    await nuki.created(lock, "Guest", 384756, allowedFromTime=8 * 60, allowedUntilTime=18 * 60 + 30, **window)
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    await _edges(nuki, lock, midnight.replace(hour=8), midnight.replace(hour=18, minute=30), "time", "time")


@run
async def test_the_hour_that_comes_twice_counts_twice_and_the_missing_one_never() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    window = {"allowedFromDate": "2026-01-01T00:00Z", "allowedWeekDays": 127}
    await nuki.created(lock, "Guest", 384756, allowedFromTime=120, allowedUntilTime=180, **window)
    autumn = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00 local, for the first time
    await _edges(nuki, lock, autumn, autumn + timedelta(hours=2), "time", "time")
    spring = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)  # 01:59:59 local; a second later it is 03:00
    assert [await _opens(nuki, lock, spring + timedelta(seconds=n)) for n in (0, 1)] == ["time", "time"]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-07-05"])
@run
async def test_weekdays_are_local_days(day: str) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.created(
        lock, "Guest", 384756, allowedFromDate="2026-01-01T00:00Z", allowedWeekDays=1
    )  # Sundays
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    next_midnight = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=BERLIN)
    await _edges(nuki, lock, midnight, next_midnight, "weekday", "weekday")


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("2026-03-28T23:30:00.000Z", "2026-03-29T01:30:00.000Z"),
        ("2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"),
        ("2026-07-01T13:00:00.500Z", "2026-07-05T09:00:00.000Z"),
    ],
)
@run
async def test_dates_count_in_utc_and_are_half_open(begin: str, end: str) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.created(
        lock, "Guest", 384756, allowedFromDate=begin, allowedUntilDate=end, allowedWeekDays=127
    )
    first, last = datetime.fromisoformat(begin), datetime.fromisoformat(end)
    await _edges(nuki, lock, first, last, "not_yet", "over")


@pytest.mark.parametrize(
    "window",
    [
        {"allowedFromDate": "2027-01-01T00:00Z"},
        {"allowedFromDate": "2027-01-01T00:00Z", "allowedWeekDays": 0},
        {"allowedUntilDate": "2025-01-01T00:00Z", "allowedWeekDays": 127},
        {"allowedWeekDays": 1, "allowedFromTime": 1, "allowedUntilTime": 2},
    ],
)
@run
async def test_without_first_date_and_weekdays_nothing_is_limited(window: dict[str, Any]) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.created(lock, "Guest", 384756, **window)
    assert await _opens(nuki, lock, datetime(2026, 6, 3, 12, 0, tzinfo=UTC)) == "ok"


@run
async def test_a_window_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    window = {"allowedFromDate": "2026-01-01T00:00Z", "allowedWeekDays": 4}  # Fridays
    await nuki.created(lock, "Guest", 384756, allowedFromTime=22 * 60, allowedUntilTime=2 * 60, **window)
    friday = datetime(2026, 6, 5, 22, 0, tzinfo=BERLIN)
    await _edges(nuki, lock, friday, friday + timedelta(hours=4), "time", "weekday")
    assert await _opens(nuki, lock, friday - timedelta(hours=21)) == "weekday"  # Friday, 01:00


@run
async def test_a_right_code_opens_counts_and_is_logged() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756, accountUserId=7)
    before = await nuki.control("GET", "truth")
    assert await _opens(nuki, lock, nuki.clock.now) == "ok"
    assert await nuki.control("GET", "truth") == before
    entry = await nuki.control("POST", "enter_code", smartlock_id=lock, code="384756")
    assert entry == {"accepted": True, "reason": "ok", "name": "Guest"}
    line = (await nuki.call("GET", f"/smartlock/{lock}/log?accountUserId=7")).json[0]
    assert (line["action"], line["trigger"], line["state"], line["source"]) == (1, 255, 0, 1)
    assert (line["name"], line["authId"]) == ("Guest", guest["id"])
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 3
    truth = (await nuki.control("GET", "truth"))["devices"][0]["codes"][0]
    assert (truth["lockCount"], truth["lastActiveDate"]) == (1, "2026-03-01T12:00:10.000Z")
    assert (await nuki.codes(lock))["Guest"]["lockCount"] == 0  # not before a sync
    await nuki.call("POST", f"/smartlock/{lock}/sync")
    nuki.clock.move(9)
    assert (await nuki.codes(lock))["Guest"]["lockCount"] == 1


@run
async def test_what_does_not_open_is_logged_too() -> None:
    nuki = await Nuki().enter()
    lock, other = await nuki.lock_id(), await nuki.lock_id(keypad=False)
    guest = await nuki.created(lock, "Guest", 384756)
    wrong = await nuki.control("POST", "enter_code", smartlock_id=lock, code="999999")
    assert wrong == {"accepted": False, "reason": "unknown_code", "name": None}
    assert (await nuki.call("GET", f"/smartlock/{lock}/log")).json[0]["state"] == 224
    assert "authId" not in (await nuki.call("GET", f"/smartlock/{lock}/log")).json[0]
    await nuki.call("POST", f"/smartlock/{lock}/auth/{guest['id']}", {"enabled": False})
    nuki.clock.move(10)
    assert (await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756))["reason"] == "disabled"
    assert (await nuki.call("GET", f"/smartlock/{lock}/log")).json[0]["state"] == 9
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 1
    no_keypad = await nuki.control("POST", "enter_code", smartlock_id=other, code=384756)
    assert no_keypad["reason"] == "no_keypad"


@run
async def test_the_door_knows_what_the_cloud_does_not() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.create(lock, "Guest", 384756)
    assert await _opens(nuki, lock, nuki.clock.now) == "unknown_code"
    family = {"name": "Family", "code": 495867}
    await nuki.control("POST", "owner/codes", smartlock_id=lock, do="add", **family)
    assert await _opens(nuki, lock, nuki.clock.now, 495867) == "ok"
    assert await nuki.codes(lock) == {}
    await nuki.control("POST", "owner/codes", smartlock_id=lock, do="change", name="Family", enabled=False)
    assert await _opens(nuki, lock, nuki.clock.now, 495867) == "disabled"
