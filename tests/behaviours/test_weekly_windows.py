"""Weekly windows: a code that opens on some weekdays, between some times of day, by the lock's own clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ostiary.domain.instants import to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    Wire,
    ahead,
    at_both_brands,
    at_home,
    clear_faults,
    code_soon,
    codes,
    engine_kept_away,
    fault,
    kinds_of_writes,
    mutations,
    nothing_changes,
    problem,
    set_code,
    told,
    until_set,
)
from .test_8_9_changing_hands import CONVERT, attempt_of
from .test_8_9_unmanaged import _as_owner, _through_the_api, a_day_passes, others
from .test_plans import of, planned

CREATE, UPDATE = "/access_codes/create", "/access_codes/update"
MULTIPLE = "/access_codes/create_multiple"
FIELD = "ostiary_weekly_window"
NIGHTLY = {"weekdays": ["monday", "sunday"], "from": "02:30", "until": "17:30"}
OFFICE = {
    "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
    "from": "08:00",
    "until": "17:30",
}
OFFICE_ON_LOCK = {"allowedWeekDays": 124, "allowedFromTime": 480, "allowedUntilTime": 1050}
LIMITS = ("allowedFromDate", "allowedUntilDate", "allowedWeekDays", "allowedFromTime", "allowedUntilTime")
SECOND = timedelta(seconds=1)


@asynccontextmanager
async def at_lock(open_: OpenHouse, **sketch: Any) -> AsyncIterator[tuple[TestHouse, Wire]]:
    """A home with one lock as it is described."""
    async with open_() as house:
        await house.simulator("homes", home="one@example.com", devices=[{"name": "Front door", **sketch}])
        await house.connect("one@example.com")
        yield house, await house.lock_with_keypad()


async def limits_on(house: TestHouse, lock: Wire) -> Wire:
    """How the one code on the lock is limited, by the lock itself."""
    [held] = await house.codes_on_lock(lock)
    return {key: held[key] for key in LIMITS if held.get(key) is not None}


async def opens_only(house: TestHouse, lock: Wire, pin: str, *frames: tuple[str, str]) -> None:
    """To the second: shut before each frame and after it, open from its first second to its last."""
    for begins, ends in frames:
        first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (begins, ends))
        moments = (first - SECOND, first, last - SECOND, last)
        found = [await house.type_code(lock, pin, at) for at in moments]
        assert found == [False, True, True, False], (begins, ends)


# By hand: an ordinary Sunday and Monday, the Sunday without 02:30, and the one on which clocks are set back.
# In Berlin that night has 02:30 twice, with half an hour of 02:00 to 02:30 between; in New York once.
FRAMES = {
    "Europe/Berlin": [
        ("2026-07-05T00:30", "2026-07-05T15:30"),
        ("2026-07-06T00:30", "2026-07-06T15:30"),
        ("2027-03-28T01:00", "2027-03-28T15:30"),
        ("2026-10-25T00:30", "2026-10-25T01:00"),
        ("2026-10-25T01:30", "2026-10-25T16:30"),
    ],
    "America/New_York": [
        ("2026-07-05T06:30", "2026-07-05T21:30"),
        ("2026-07-06T06:30", "2026-07-06T21:30"),
        ("2027-03-14T07:00", "2027-03-14T21:30"),
        ("2026-11-01T07:30", "2026-11-01T22:30"),
    ],
}


@pytest.mark.parametrize("zone", FRAMES)
async def test_a_code_opens_inside_its_weekly_window_only(open_: OpenHouse, zone: str) -> None:
    """By the clock on the wall at the lock, also in the nights in which it is set; shown as wished."""
    async with at_lock(open_, time_zone=zone) as (house, lock):
        made = await house.create_code(lock["device_id"], name="Anna", ostiary_weekly_window=NIGHTLY)
        assert (made["status"], made[FIELD], made["type"]) == ("setting", NIGHTLY, "ongoing")
        code = await until_set(house, made["access_code_id"])
        assert (code[FIELD], code["starts_at"], code["ends_at"]) == (NIGHTLY, None, None)
        assert (await codes(house, lock)) == [code]
        assert await told(house, code) == ["created", "mutations_requested", "set_on_device"]
        await opens_only(house, lock, code["code"], *FRAMES[zone])
        for day in (3, 4, 7, 8):  # Friday, Saturday, Tuesday, Wednesday
            noon = datetime(2026, 7, day, 12, tzinfo=UTC)
            assert not await house.type_code(lock, code["code"], noon)
        assert await kinds_of_writes(house) == ["create"]


async def test_it_is_set_at_every_hour(open_: OpenHouse) -> None:
    """The wire has no word for "not at this hour": what stands on the lock as wished is `set`."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, ostiary_weekly_window=OFFICE)
        for instant in ("2027-01-08T11:00", "2027-01-08T23:00", "2027-01-09T11:00"):  # Friday and Saturday
            at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
            await house.set_clock(at)
            found = await house.code(code["access_code_id"])
            assert (found["status"], found["errors"], found["warnings"]) == ("set", [], [])
        assert await kinds_of_writes(house) == ["create"]


async def test_both_limits_hold(open_: OpenHouse) -> None:
    """A stay with office hours opens in the hours of its days; before, after and at night not."""
    async with at_home(open_) as (house, lock):
        now = datetime(2027, 1, 3, 12, tzinfo=UTC)
        await house.set_clock(now)
        frame = {"starts_at": "2027-01-05T10:00:00.000Z", "ends_at": "2027-01-12T08:00:00.000Z"}
        made = await house.create_code(lock["device_id"], **frame, ostiary_weekly_window=OFFICE)
        code = await code_soon(house, made["access_code_id"], lambda code: code["is_scheduled_on_device"])
        assert (code["status"], code[FIELD], code["type"]) == ("unset", OFFICE, "time_bound")
        dates = {"allowedFromDate": frame["starts_at"], "allowedUntilDate": frame["ends_at"]}
        assert await limits_on(house, lock) == {**dates, **OFFICE_ON_LOCK}
        frames = [
            ("2027-01-05T10:00", "2027-01-05T16:30"),  # Tuesday: the stay begins at 11:00 local
            ("2027-01-08T07:00", "2027-01-08T16:30"),
            ("2027-01-11T07:00", "2027-01-11T16:30"),
            ("2027-01-12T07:00", "2027-01-12T08:00"),  # and ends at 09:00
        ]
        await opens_only(house, lock, code["code"], *frames)
        for shut in ("2027-01-04T12:00", "2027-01-09T12:00", "2027-01-13T12:00"):
            at = datetime.fromisoformat(shut).replace(tzinfo=UTC)
            assert not await house.type_code(lock, code["code"], at)


async def test_the_lock_keeps_it_also_without_the_times(open_: OpenHouse) -> None:
    """`prefer_native_scheduling: false`: on the lock early, and open in its window only."""
    async with at_home(open_) as (house, lock):
        await house.set_clock(datetime(2027, 1, 5, 9, 30, tzinfo=UTC))
        frame = {"starts_at": "2027-01-05T10:00:00.000Z", "ends_at": "2027-01-06T08:00:00.000Z"}
        code = await set_code(
            house, lock, **frame, prefer_native_scheduling=False, ostiary_weekly_window=OFFICE
        )
        on_lock = await limits_on(house, lock)
        assert on_lock == {"allowedFromDate": "2020-01-01T00:00:00.000Z", **OFFICE_ON_LOCK}
        await opens_only(house, lock, code["code"], ("2027-01-05T07:00", "2027-01-05T16:30"))


async def test_an_update_changes_the_window_in_place_and_nothing_else(open_: OpenHouse) -> None:
    """And one that does not name it leaves it (pain 3): name, PIN, start and end, the window by itself."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Anna", code="445566", ostiary_weekly_window=OFFICE)
        its_id = {"access_code_id": code["access_code_id"]}
        [before] = await house.codes_on_lock(lock)
        always = {"allowedFromDate": "2020-01-01T00:00:00.000Z"}

        async def updated(**wish: Any) -> Wire:
            await house.call(UPDATE, **its_id, **wish)
            found = await code_soon(house, code["access_code_id"], lambda one: not one["pending_mutations"])
            [held] = await house.codes_on_lock(lock)
            assert held["id"] == before["id"]
            return found

        assert (await updated(name="Ben"))[FIELD] == OFFICE
        assert await limits_on(house, lock) == {**always, **OFFICE_ON_LOCK}
        assert (await updated(code="665544"))[FIELD] == OFFICE
        assert await limits_on(house, lock) == {**always, **OFFICE_ON_LOCK}
        starts_at, ends_at = await ahead(house, -HOUR, DAY)
        found = await updated(starts_at=to_wire(starts_at), ends_at=to_wire(ends_at))
        assert (found[FIELD], found["type"]) == (OFFICE, "time_bound")
        dates = {"allowedFromDate": to_wire(starts_at), "allowedUntilDate": to_wire(ends_at)}
        assert await limits_on(house, lock) == {**dates, **OFFICE_ON_LOCK}
        weekend = {"weekdays": ["saturday"], "from": "00:00", "until": "24:00"}
        found = await updated(ostiary_weekly_window=weekend)
        assert (found[FIELD], found["name"], found["code"]) == (weekend, "Ben", "665544")
        assert found["starts_at"] == to_wire(starts_at)
        whole_day = {"allowedWeekDays": 2, "allowedFromTime": 0, "allowedUntilTime": 0}
        assert await limits_on(house, lock) == {**dates, **whole_day}
        assert (await updated(type="ongoing"))[FIELD] == weekend
        assert await limits_on(house, lock) == {**always, **whole_day}
        found = await updated(ostiary_weekly_window=None)
        assert FIELD not in found
        assert await limits_on(house, lock) == {}
        assert await house.type_code(lock, "665544", datetime(2027, 1, 8, 23, tzinfo=UTC))
        assert await kinds_of_writes(house) == ["create", *["update"] * 6]
        assert (await told(house, code)).count("time_frame_changed") == 4
        await house.call(UPDATE, **its_id, ostiary_weekly_window=None)
        assert (await house.code(code["access_code_id"]))["pending_mutations"] == []


async def test_a_changed_window_is_a_pending_mutation(open_: OpenHouse) -> None:
    """`updating_time_frame`, with the window beside start and end, which stay; and so is its event."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, ostiary_weekly_window=OFFICE)
        async with engine_kept_away(house, lock):
            await house.call(UPDATE, access_code_id=code["access_code_id"], ostiary_weekly_window=NIGHTLY)
            found = await house.code(code["access_code_id"])
            assert (found["status"], found[FIELD]) == ("set", NIGHTLY)
            assert mutations(found) == ["updating_time_frame"]
            [mutation] = found["pending_mutations"]
            assert mutation["from"] == {"starts_at": None, "ends_at": None, FIELD: OFFICE}
            assert mutation["to"] == {"starts_at": None, "ends_at": None, FIELD: NIGHTLY}
            plan = of(await planned(house, lock), code)
            assert (plan["weekly_window"], plan["differences"]) == (NIGHTLY, ["weekly_window"])
            [seen] = (await planned(house, lock))["observed"]
            assert seen["weekly_window"] == OFFICE
        await code_soon(house, code["access_code_id"], lambda one: not one["pending_mutations"])
        [event] = await house.events(event_type="access_code.time_frame_changed")
        assert (event["from"], event["to"]) == (mutation["from"], mutation["to"])
        assert of(await planned(house, lock), code)["differences"] == []


async def test_what_somebody_changes_about_the_window_is_told_and_put_back(open_: OpenHouse) -> None:
    """Widened by another program of the owner's: the error has both, as text, until it is restored."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Anna", code="445566", ostiary_weekly_window=OFFICE)
        [held] = await house.codes_on_lock(lock)
        wider = {**OFFICE_ON_LOCK, "allowedFromDate": held["allowedFromDate"], "allowedUntilTime": 1439}
        path = f"/smartlock/{await house.smartlock_id(lock)}/auth/{held['id']}"
        await _as_owner(house, "POST", path, json={"name": held["name"], **wider})
        await fault(house, "http_503", match={"method": "POST", "route": "/smartlock/*/auth/*"})
        await a_day_passes(house)
        error = problem(await house.code(code["access_code_id"]), "conflicting_external_modification")
        assert error is not None
        days = ", ".join(OFFICE["weekdays"])
        assert error["modified_fields"] == [
            {"field": FIELD, "from": f"{days} 08:00-17:30", "to": f"{days} 08:00-23:59"}
        ]
        await clear_faults(house)
        found = await code_soon(house, code["access_code_id"], lambda one: one["errors"] == [])
        assert found[FIELD] == OFFICE
        assert (await limits_on(house, lock))["allowedUntilTime"] == 1050
        assert (await told(house, code)).count("modified_external_to_seam") == 1


# --- refusals ---------------------------------------------------------------------------------------------


BAD: list[tuple[Any, tuple[str, ...], str]] = [
    ({**OFFICE, "weekdays": []}, ("weekdays",), "At least one weekday must be named"),
    ({**OFFICE, "weekdays": ["monday", "monday"]}, ("weekdays",), "Each weekday can be named only once"),
    ({**OFFICE, "until": "08:00"}, ("until",), "until must be after from; a whole day is 00:00 to 24:00"),
    (
        {**OFFICE, "from": "22:00", "until": "02:00"},
        ("until",),
        "until must be after from: what locks do with a window over midnight is not known",
    ),
    ({**OFFICE, "until": "24:00"}, ("until",), "24:00 ends whole days only; else 23:59 is the latest"),
    (
        {"weekdays": [*OFFICE["weekdays"], "saturday", "sunday"], "from": "00:00", "until": "24:00"},
        (),
        "Every day and all day long is no limit: leave it out",
    ),
    ({**OFFICE, "from": "08:00:00"}, ("from",), "Invalid"),
    ({**OFFICE, "from": "8:00"}, ("from",), "Invalid"),
    ({**OFFICE, "from": "24:00"}, ("from",), "Invalid"),
    ({**OFFICE, "until": "17:60"}, ("until",), "Invalid"),
    ({**OFFICE, "until": "17:30\n"}, ("until",), "Invalid"),
    ({**OFFICE, "until": 1050}, ("until",), "Expected string, received number"),
    ({**OFFICE, "weekdays": "monday"}, ("weekdays",), "Expected array, received string"),
    ({key: OFFICE[key] for key in ("weekdays", "until")}, ("from",), "Required"),
    ({**OFFICE, "zone": "Europe/Berlin"}, (), "Unrecognized key(s) in object: 'zone'"),
    ("weekdays", (), "Expected object, received string"),
    ([OFFICE], (), "Expected object, received array"),
]


def _tree(path: tuple[str, ...], words: str) -> Wire:
    tree: Wire = {"_errors": [words]}
    for name in reversed((FIELD, *path)):
        tree = {"_errors": [], name: tree}
    return tree


async def test_bad_windows_are_named_and_nothing_is_stored(open_: OpenHouse) -> None:
    """The wire's 400 with the field, for create, for several at once and for update alike."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, ostiary_weekly_window=OFFICE)
        async with nothing_changes(house, lock):
            for asked, path, words in BAD:
                for operation, which in (
                    (CREATE, {"device_id": lock["device_id"]}),
                    (MULTIPLE, {"device_ids": [lock["device_id"]]}),
                    (UPDATE, {"access_code_id": code["access_code_id"]}),
                ):
                    error = await house.refused(operation, 400, "invalid_input", **which, **{FIELD: asked})
                    assert error["validation_errors"] == _tree(path, words), asked
            unknown = {**OFFICE, "weekdays": ["Monday"]}
            error = await house.refused(
                CREATE, 400, "invalid_input", device_id=lock["device_id"], **{FIELD: unknown}
            )
            assert "monday" in error["validation_errors"][FIELD]["weekdays"]["0"]["_errors"][0]


async def test_a_door_that_cannot_keep_one_refuses_it(open_: OpenHouse) -> None:
    """Salto KS for now, named; null is no wish for one. One such door stops several at once."""
    async with at_both_brands(open_) as (house, nuki, salto):
        words = f"{salto['display_name']} cannot keep weekly windows"
        async with nothing_changes(house, nuki), nothing_changes(house, salto):
            for path, which in (
                (CREATE, {"device_id": salto["device_id"]}),
                (
                    MULTIPLE,
                    {
                        "device_ids": [nuki["device_id"], salto["device_id"]],
                        "behavior_when_code_cannot_be_shared": "create_random_code",
                    },
                ),
            ):
                error = await house.refused(path, 400, "invalid_input", **which, **{FIELD: OFFICE})
                assert error["validation_errors"] == _tree((), words)
        made = await house.create_code(salto["device_id"], ostiary_weekly_window=None)
        which = {"access_code_id": made["access_code_id"]}
        await house.refused(UPDATE, 400, "invalid_input", **which, **{FIELD: OFFICE})
        await house.call(UPDATE, **which, **{FIELD: None})
        [code] = (await house.call(MULTIPLE, device_ids=[nuki["device_id"]], **{FIELD: OFFICE}))[
            "access_codes"
        ]
        assert (await until_set(house, code["access_code_id"]))[FIELD] == OFFICE


async def test_a_lock_whose_zone_nobody_knows_refuses_it(open_: OpenHouse) -> None:
    """
    A Smart Lock 1.0 tells an offset and no zone: nobody could say by which clock it would open. One that it
    keeps for somebody else stays through a conversion, and may be wished for again.
    """
    async with at_lock(open_, generation="smart_lock_1") as (house, lock):
        async with nothing_changes(house, lock):
            which = {"device_id": lock["device_id"]}
            error = await house.refused(CREATE, 400, "invalid_input", **which, **{FIELD: OFFICE})
            assert "its zone is not known" in error["message"]
        [starts_at] = await ahead(house, -DAY)
        body = {"name": "Cleaner", "type": 13, "code": 443322, "allowedFromDate": to_wire(starts_at)}
        path = f"/smartlock/{await house.smartlock_id(lock)}/auth"
        await _as_owner(house, "PUT", path, home="one@example.com", json={**body, **OFFICE_ON_LOCK})
        await a_day_passes(house)
        [other] = await others(house, lock)
        its_id = {"access_code_id": other["access_code_id"]}
        assert (await attempt_of(house, await house.call(CONVERT, **its_id)))["status"] == "success"
        await house.call(UPDATE, **its_id, name="Ann", **{FIELD: OFFICE})
        await code_soon(house, other["access_code_id"], lambda code: not code["pending_mutations"])
        assert (await limits_on(house, lock))["allowedUntilTime"] == 1050
        await house.refused(UPDATE, 400, "invalid_input", **its_id, **{FIELD: NIGHTLY})


# --- codes of others ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [False, True])
async def test_a_cleaners_code_that_is_taken_over_never_opens_at_night(open_: OpenHouse, ends: bool) -> None:
    """It shows its window, keeps it through the conversion, and has it still when it is handed back."""
    async with at_home(open_) as (house, lock):
        starts_at, ends_at = await ahead(house, -DAY, 30 * DAY)
        dates = {"allowedFromDate": to_wire(starts_at)}
        if ends:
            dates["allowedUntilDate"] = to_wire(ends_at)
        await _through_the_api(house, lock, "Cleaner", 443322, **dates, **OFFICE_ON_LOCK)
        await a_day_passes(house)
        [other] = await others(house, lock)
        assert (other[FIELD], other["type"]) == (OFFICE, "time_bound" if ends else "ongoing")
        assert "cannot_be_managed" not in other
        its_id = {"access_code_id": other["access_code_id"]}
        assert (await attempt_of(house, await house.call(CONVERT, **its_id)))["status"] == "success"
        code = await house.code(other["access_code_id"])
        assert (code[FIELD], code["ends_at"]) == (OFFICE, to_wire(ends_at) if ends else None)
        limits = await limits_on(house, lock)
        assert {key: limits[key] for key in OFFICE_ON_LOCK} == OFFICE_ON_LOCK
        assert limits.get("allowedUntilDate") == dates.get("allowedUntilDate")
        now = await house.now()
        for hours in range(24 * 7):
            at = (now + timedelta(hours=hours)).astimezone(UTC)
            assert await house.type_code(lock, "443322", at) is _is_office_hour_in_berlin(at)
        await house.call(UPDATE, **its_id, is_managed=False)
        await a_day_passes(house)
        [back] = await others(house, lock)
        assert (back["access_code_id"], back[FIELD]) == (other["access_code_id"], OFFICE)


def _is_office_hour_in_berlin(at: datetime) -> bool:
    local = at.astimezone(ZoneInfo("Europe/Berlin"))
    return local.weekday() < 5 and 480 <= local.hour * 60 + local.minute < 1050


async def test_what_a_managed_code_cannot_be_is_left_as_it_is(open_: OpenHouse) -> None:
    """Hours over midnight, and a start alone that is still to come: taken over they would open for longer."""
    async with at_home(open_) as (house, lock):
        [starts_at] = await ahead(house, 7 * DAY)
        nights = {"allowedWeekDays": 124, "allowedFromTime": 1320, "allowedUntilTime": 360}
        since = {"allowedFromDate": "2026-01-01T00:00:00.000Z"}
        later = {"allowedFromDate": to_wire(starts_at)}
        await _through_the_api(house, lock, "Guard", 443322, **since, **nights)
        await _through_the_api(house, lock, "Cleaner", 554433, **later, **OFFICE_ON_LOCK)
        await a_day_passes(house)
        found = {code["name"]: code for code in await others(house, lock)}
        async with nothing_changes(house, lock):
            for code in found.values():
                assert code["cannot_be_managed"]
                assert FIELD not in code
                which = {"access_code_id": code["access_code_id"]}
                await house.refused(CONVERT, 400, "access_code_cannot_be_managed", **which)
        await house.set_clock(starts_at)
        await a_day_passes(house)
        found = {code["name"]: code for code in await others(house, lock)}
        assert found["Cleaner"][FIELD] == OFFICE
        assert found["Guard"]["cannot_be_managed"]
        which = {"access_code_id": found["Cleaner"]["access_code_id"]}
        assert (await attempt_of(house, await house.call(CONVERT, **which)))["status"] == "success"
        assert (await house.code(which["access_code_id"]))[FIELD] == OFFICE
