"""
When a PIN opens, to the second, around both changes of the clocks in four zones.

The door reads the clock on its wall: an hour that comes twice counts twice, one that is left out never comes.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .test_simulator_support import ALWAYS, Salto, refused, run, value

SECOND = timedelta(seconds=1)
# Zone, the instant at which its clocks change, and what they show before and after.
FORWARD = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z", "02:00:00", "03:00:00"),
    ("America/New_York", "2026-03-08T07:00:00Z", "02:00:00", "03:00:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", "02:00:00", "02:30:00"),
    ("America/St_Johns", "2026-03-08T05:30:00Z", "02:00:00", "03:00:00"),
]
BACK = [
    ("Europe/Berlin", "2026-10-25T01:00:00Z", "03:00:00", "02:00:00"),
    ("America/New_York", "2026-11-01T06:00:00Z", "02:00:00", "01:00:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", "02:00:00", "01:30:00"),
    ("America/St_Johns", "2026-11-01T04:30:00Z", "02:00:00", "01:00:00"),
]
BOTH = [case[:2] for case in FORWARD + BACK]


async def _world(zone: str) -> Salto:
    """A site whose own zone is another than its IQ's: the IQ's counts."""
    salto = Salto()
    lock = {"name": "Door", "lock_type": "wall_reader_pin"}
    iq = {"name": "IQ", "time_zone": zone}
    site = {"name": "Site", "time_zone": "Asia/Tokyo", "iqs": [iq], "locks": [lock]}
    await salto.control("POST", "homes", home=salto.home, sites=[site], requests_per_second=0)
    return await salto.enter()


async def _answers(salto: Salto, schedule: dict[str, Any], moments: list[datetime]) -> list[str]:
    lock = await salto.lock()
    _, digits = await salto.guest(lock, **schedule)
    return [await salto.opens(lock, digits, at) for at in moments]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _middle(first: str, second: str) -> tuple[str, timedelta]:
    """The wall clock halfway between two, and how far that is from both."""
    ends = sorted(datetime.fromisoformat(f"2026-01-01T{text}") for text in (first, second))
    half = (ends[1] - ends[0]) / 2
    return f"{ends[0] + half:%H:%M:%S}", half


@pytest.mark.parametrize(("zone", "change"), BOTH)
@run
async def test_a_stay_over_the_change_begins_and_ends_on_the_second(zone: str, change: str) -> None:
    salto = await _world(zone)
    at, local = _at(change), ZoneInfo(zone)
    day = at.astimezone(local).replace(tzinfo=None, hour=0, minute=0, second=0)
    begin, end = day - timedelta(hours=9), day + timedelta(hours=11)
    schedule = {"start_date": f"{begin:%Y-%m-%dT%H:%M:%S}", "end_date": f"{end:%Y-%m-%dT%H:%M:%S}"}
    first, last = begin.replace(tzinfo=local), end.replace(tzinfo=local)
    moments = [first - SECOND, first, at - SECOND, at, at + SECOND, last, last + SECOND]
    assert await _answers(salto, schedule, moments) == ["not_yet", *["ok"] * 5, "over"]


@pytest.mark.parametrize(("zone", "change"), BOTH)
@run
async def test_daily_windows_follow_the_wall_clock_on_the_day_of_the_change(zone: str, change: str) -> None:
    salto = await _world(zone)
    local = ZoneInfo(zone)
    day = _at(change).astimezone(local).replace(tzinfo=None, hour=0, minute=0, second=0)
    begin = day.replace(hour=8, tzinfo=local)
    end = day.replace(hour=18, minute=30, second=59, tzinfo=local)
    schedule = {"start_time": "08:00", "end_time": "18:30"}
    moments = [begin - SECOND, begin, end, end + SECOND, begin + timedelta(days=7), end + timedelta(hours=12)]
    assert await _answers(salto, schedule, moments) == ["time", "ok", "ok", "time", "ok", "time"]


@pytest.mark.parametrize(("zone", "change", "before", "after"), FORWARD)
@run
async def test_a_bound_in_the_hour_that_is_left_out_takes_effect_at_the_change(
    zone: str, change: str, before: str, after: str
) -> None:
    salto = await _world(zone)
    at = _at(change)
    gap, _ = _middle(before, after)
    moments = [at - SECOND, at, at + SECOND]
    assert await _answers(salto, {"start_time": gap}, moments) == ["time", "ok", "ok"]
    assert await _answers(salto, {"end_time": gap}, moments) == ["ok", "time", "time"]
    day = f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d}"
    assert await _answers(salto, {"start_date": f"{day}T{gap}"}, moments) == ["not_yet", "ok", "ok"]
    assert await _answers(salto, {"end_date": f"{day}T{gap}"}, moments) == ["ok", "over", "over"]


@pytest.mark.parametrize(("zone", "change", "before", "after"), BACK)
@run
async def test_a_bound_in_the_hour_that_comes_twice_counts_twice(
    zone: str, change: str, before: str, after: str
) -> None:
    salto = await _world(zone)
    at = _at(change)
    twice, half = _middle(before, after)
    first, second = at - half, at + half  # both times the clock on the wall shows the bound
    moments = [
        first - SECOND,
        first,
        first + SECOND,
        at - SECOND,
        at,
        second - SECOND,
        second,
        second + SECOND,
    ]
    shut, begun = "time", ["ok"] * 3
    found = await _answers(salto, {"start_time": twice}, moments)
    assert found == [shut, *begun, shut, shut, "ok", "ok"]
    found = await _answers(salto, {"end_time": twice}, moments)
    assert found == ["ok", "ok", shut, shut, "ok", "ok", "ok", shut]
    day = f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d}"
    found = await _answers(salto, {"start_date": f"{day}T{twice}"}, moments)
    assert found == ["not_yet", *begun, "not_yet", "not_yet", "ok", "ok"]
    found = await _answers(salto, {"end_date": f"{day}T{twice}"}, moments)
    assert found == ["ok", "ok", "over", "over", "ok", "ok", "ok", "over"]


@pytest.mark.parametrize("zone", [case[0] for case in FORWARD])
@run
async def test_weekdays_are_local_days_and_a_full_day_has_no_hole(zone: str) -> None:
    salto = await _world(zone)
    local = ZoneInfo(zone)
    midnight = datetime(2026, 7, 5, tzinfo=local)  # a Sunday
    sundays = {**dict.fromkeys(ALWAYS, False), "sunday": True, "start_time": "00:00", "end_time": "23:59"}
    sundays |= {"start_date": None, "end_date": None}
    moments = [
        midnight - SECOND,
        midnight,
        midnight + timedelta(days=1) - SECOND,
        midnight + timedelta(days=1),
    ]
    assert await _answers(salto, sundays, moments) == ["day", "ok", "ok", "day"]
    assert await _answers(salto, {}, moments) == ["ok"] * 4
    half_second = timedelta(milliseconds=500)
    assert await _answers(salto, {}, [moments[0] + half_second, moments[2] + half_second]) == ["ok", "ok"]


@run
async def test_several_schedules_open_when_one_of_them_does() -> None:
    salto = await _world("Europe/Berlin")
    lock = await salto.lock()
    user = await salto.user()
    group = await salto.group(lock, start_time="08:00:00", end_time="10:00:00")
    late = {**ALWAYS, "start_time": "18:00:00", "end_time": "20:00:00"}
    value(await salto.call("POST", f"{group}/time_schedules", late))
    value(await salto.call("POST", f"{group}/users", {"user_id": user["user"]["id"]}))
    digits = await salto.pin(user)
    salto.clock.move(300)
    hours = [datetime(2026, 7, 1, hour, tzinfo=ZoneInfo("Europe/Berlin")) for hour in (7, 9, 12, 19, 21)]
    assert [await salto.opens(lock, digits, at) for at in hours] == ["time", "ok", "time", "ok", "time"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({"start_time": "08:00", "end_time": "18:00"}, {"start_time": "08:00:00", "end_time": "18:00:59"}),
        (
            {"start_time": "08:00:30", "end_time": "18:00:00"},
            {"start_time": "08:00:30", "end_time": "18:00:00"},
        ),
        (
            {"start_date": "2026-05-01", "end_date": "2026-05-04"},
            {"start_date": "2026-05-01T00:00:00", "end_date": "2026-05-04T23:59:59"},
        ),
        (
            {"start_date": "2026-05-01T15:00:00Z", "end_date": "2026-05-04T11:00:00.000Z"},
            {"start_date": "2026-05-01T15:00:00", "end_date": "2026-05-04T11:00:00"},
        ),
    ],
)
@run
async def test_what_is_sent_short_is_completed(sent: dict[str, str], shown: dict[str, str]) -> None:
    salto = await _world("Europe/Berlin")
    group = await salto.group(**sent)
    held = (await salto.items(f"{group}/time_schedules"))[0]
    assert list(held) == ["id", *ALWAYS]
    assert {name: held[name] for name in shown} == shown


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")),
            "1101",
        ),
        ({"monday": "yes"}, "1101"),
        ({"start_time": None}, "1100"),
        ({"end_time": None}, "1100"),
        ({"start_time": "18:00:00", "end_time": "08:00:00"}, "1101"),
        ({"start_time": "24:00:00"}, "1101"),
        ({"start_time": "8:00"}, "1101"),
        ({"start_date": "2026-05-04T11:00:00", "end_date": "2026-05-01T15:00:00"}, "1101"),
        ({"start_date": "2026-05-04T11:00:00", "end_date": "2026-05-04T11:00:00"}, "1101"),
        ({"start_date": "2026-02-30"}, "1101"),
        ({"start_date": "2026-05-01T15:00:00+02:00"}, "1101"),
        ({"start_date": "soon"}, "1101"),
    ],
)
@run
async def test_schedules_that_are_refused(change: dict[str, Any], code: str) -> None:
    salto = await _world("Europe/Berlin")
    group = await salto.group()
    assert refused(await salto.call("POST", f"{group}/time_schedules", {**ALWAYS, **change})) == (400, code)
    days = {"days": ["monday"], "start_time": "08:00", "end_time": "10:00"}
    reply = await salto.call("POST", f"{group}/time_schedules", days)
    assert b"At least one day should be selected" in reply.body
    held = (await salto.items(f"{group}/time_schedules"))[0]
    assert refused(await salto.call("PATCH", f"{group}/time_schedules/{held['id']}", days)) == (400, "1101")
    assert await salto.items(f"{group}/time_schedules") == [held]
