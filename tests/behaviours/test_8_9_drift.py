"""Behaviour 91 and what belongs to it: what others make of our codes, where that is allowed and where not."""

from datetime import timedelta
from typing import Any

from ostiary.domain.instants import parse_instant, to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    at_home,
    at_site,
    clear_faults,
    code_soon,
    engine_passes,
    fault,
    preloaded_code,
    problem,
    set_code,
    told,
    until_gone,
    until_set,
    vendor_writes,
    window,
)
from .test_8_9_unmanaged import BRANDS, _as_owner, a_day_passes, at_door, door

UPDATE = "/access_codes/update"
IN_EFFECT, CONFLICT = "external_modification_in_effect", "conflicting_external_modification"
INACTIVE = "access_code_inactive"


async def held(house: TestHouse, lock: Wire) -> Wire:
    """What the lock has of our only code."""
    [entry] = await house.codes_on_lock(lock)
    return entry


async def name_there(house: TestHouse, lock: Wire) -> str:
    [name] = await house.steering.codes_on(door(lock))
    return str(name)


async def by_program(house: TestHouse, lock: Wire, **fields: Any) -> None:
    """Another program of the owner's changes our code through Nuki's API; or removes it, without fields."""
    entry = await held(house, lock)
    path = f"/smartlock/{await house.smartlock_id(lock)}/auth/{entry['id']}"
    body = {key: entry[key] for key in ("name", "code") if key in entry}
    if fields:
        await _as_owner(house, "POST", path, json={**body, **fields})
    else:
        await _as_owner(house, "DELETE", path)


async def an_hour_passes(house: TestHouse) -> None:
    """The engine looks at the vendor's record."""
    await engine_passes(house, (HOUR + MINUTE).total_seconds())
    await engine_passes(house, 1)


async def test_91_what_is_changed_where_that_is_allowed_stays_and_is_shown(open_: OpenHouse) -> None:
    """Same event, a warning with the fields, no write; the object follows, and so does its end."""
    async with at_home(open_) as (house, lock):
        frame = await window(house, -HOUR)
        code = await set_code(
            house, lock, code="498882", name="Ann", is_external_modification_allowed=True, **frame
        )
        which = {"access_code_id": code["access_code_id"]}
        longer = to_wire(parse_instant(frame["ends_at"]) + timedelta(days=1))
        dates = {"allowedFromDate": frame["starts_at"], "allowedUntilDate": longer}
        limits = {**dates, "allowedWeekDays": 127, "allowedFromTime": 0, "allowedUntilTime": 0}
        await by_program(house, lock, name="Bea", code=776655, **limits)
        await an_hour_passes(house)
        writes = await vendor_writes(house)
        found = await house.code(code["access_code_id"])
        assert (found["name"], found["code"], found["ends_at"]) == ("Bea", "776655", longer)
        assert (found["status"], found["errors"], found["pending_mutations"]) == ("set", [], [])
        warning = problem(found, IN_EFFECT)
        assert warning is not None
        assert warning["change_type"] == "modified"
        assert sorted(warning["modified_fields"], key=lambda each: str(each["field"])) == [
            {"field": "code", "from": "498882", "to": "776655"},
            {"field": "ends_at", "from": frame["ends_at"], "to": longer},
            {"field": "name", "from": code["appearance"]["name"].split(" #")[0], "to": "Bea"},
        ]
        assert (await told(house, code)).count("modified_external_to_seam") == 1
        assert (await house.call("/access_codes/list", search="bea"))["access_codes"] == [found]
        await an_hour_passes(house)
        assert await vendor_writes(house) == writes
        assert (await told(house, code)).count("modified_external_to_seam") == 1
        await house.refused(
            "/access_codes/create", 409, "duplicate_access_code", device_id=lock["device_id"], code="776655"
        )
        await house.set_clock(parse_instant(frame["ends_at"]) + MINUTE)
        await engine_passes(house)
        assert (await house.code(code["access_code_id"]))["status"] == "set"
        await house.call(UPDATE, **which, name="Cleo")
        changed = await until_set(house, code["access_code_id"])
        assert (changed["name"], changed["code"], changed["ends_at"]) == ("Cleo", "776655", longer)
        assert changed["warnings"] == []
        entry = await held(house, lock)
        assert (entry["name"].split(" #")[0], entry["code"]) == ("Cleo", 776655)
        await house.set_clock(parse_instant(longer) + MINUTE)
        await until_gone(house, code["access_code_id"])
        assert await house.codes_on_lock(lock) == []


async def test_91_the_warning_goes_when_the_states_agree_again(open_: OpenHouse) -> None:
    """Whoever changed it changes it back; further changes in between are told, each once."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", is_external_modification_allowed=True)
        for pin, times in ((776655, 1), (665544, 2)):
            await by_program(house, lock, code=pin)
            await an_hour_passes(house)
            assert (await house.code(code["access_code_id"]))["code"] == str(pin)
            assert (await told(house, code)).count("modified_external_to_seam") == times
        await by_program(house, lock, code=498882)
        await an_hour_passes(house)
        found = await house.code(code["access_code_id"])
        assert (found["code"], found["warnings"], found["status"]) == ("498882", [], "set")
        types = await told(house, code)
        assert types[-1] == "set_on_device"
        assert "code_changed" not in types


@BRANDS
async def test_91_what_is_removed_where_that_is_allowed_stays_away_until_an_update(
    open_: OpenHouse, brand: str
) -> None:
    """Told, a warning, not on the device; nothing is written until somebody wishes anew."""
    async with at_door(open_, brand) as (house, lock):
        code = await set_code(house, lock, name="Ann", is_external_modification_allowed=True)
        await house.steering.owner_removes(door(lock), await name_there(house, lock))
        await a_day_passes(house)
        writes = len(await house.steering.code_writes())
        await a_day_passes(house)
        found = await house.code(code["access_code_id"])
        assert (found["status"], found["errors"], found["pending_mutations"]) == ("setting", [], [])
        assert found["appearance"] is None
        warning = problem(found, IN_EFFECT)
        assert warning is not None
        assert (warning["change_type"], len(found["warnings"])) == ("removed", 1)
        types = await told(house, code)
        assert types.count("deleted_external_to_seam") == 1
        assert "delay_in_setting_on_device" not in types
        assert len(await house.steering.code_writes()) == writes
        await house.call(UPDATE, access_code_id=code["access_code_id"])
        await engine_passes(house, 600)
        again = await until_set(house, code["access_code_id"])
        assert again["warnings"] == []
        assert again["code"] is not None
        assert len(await house.steering.codes_on(door(lock))) == 1


async def test_91_a_removed_code_is_over_at_its_end(open_: OpenHouse) -> None:
    """It is not on the lock, so nothing is removed, and it is gone."""
    async with at_home(open_) as (house, lock):
        frame = await window(house, -HOUR, 9 * DAY)
        code = await set_code(house, lock, is_external_modification_allowed=True, **frame)
        await by_program(house, lock)
        await an_hour_passes(house)
        await house.set_clock(parse_instant(frame["ends_at"]) + MINUTE)
        await until_gone(house, code["access_code_id"])
        assert (await told(house, code))[-2:] == ["deleted_external_to_seam", "deleted"]


async def test_91_what_is_no_longer_allowed_is_put_back(open_: OpenHouse) -> None:
    """As it was wished before somebody changed it; and an update is one switch away from leaving it again."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann", is_external_modification_allowed=True)
        which = {"access_code_id": code["access_code_id"]}
        await by_program(house, lock, name="Bea", code=776655)
        await an_hour_passes(house)
        assert (await house.code(code["access_code_id"]))["code"] == "776655"
        await house.call(UPDATE, **which, is_external_modification_allowed=False)
        back = await until_set(house, code["access_code_id"])
        assert (back["name"], back["code"], back["warnings"]) == ("Ann", "498882", [])
        assert (await held(house, lock))["code"] == 498882
        await house.call(UPDATE, **which, is_external_modification_allowed=True)
        await by_program(house, lock, code=776655)
        await an_hour_passes(house)
        assert (await house.code(code["access_code_id"]))["code"] == "776655"


async def test_91_a_preloaded_code_opens_with_what_somebody_made_of_it(open_: OpenHouse) -> None:
    """At its start it is told with the PIN that opens the door."""
    async with at_home(open_) as (house, lock):
        code = await preloaded_code(
            house, lock, 9 * HOUR, code="498882", is_external_modification_allowed=True
        )
        entry = await held(house, lock)
        limits = {key: value for key, value in entry.items() if key.startswith("allowed")}
        await by_program(house, lock, code=776655, **limits)
        await an_hour_passes(house)
        assert (await house.code(code["access_code_id"]))["status"] == "unset"
        await house.set_clock(parse_instant(code["starts_at"]) + MINUTE)
        await engine_passes(house, 1)
        await until_set(house, code["access_code_id"])
        [event] = await house.events(event_type="access_code.set_on_device")
        assert event["code"] == "776655"
        assert await house.type_code(lock, "776655")


async def test_91_salto_shows_windows_and_no_pins(open_: OpenHouse) -> None:
    """The site's admin moves the end: it is honoured. A PIN that he changes is not seen."""
    async with at_site(open_) as (house, lock):
        frame = await window(house, -HOUR)
        code = await set_code(house, lock, name="Ann", is_external_modification_allowed=True, **frame)
        await a_schedule_of_the_admins(house)
        await house.steering.owner_changes(door(lock), "Ann", code="77665")
        await an_hour_passes(house)
        found = await house.code(code["access_code_id"])
        warning = problem(found, IN_EFFECT)
        assert warning is not None
        assert [each["field"] for each in warning["modified_fields"]] == ["starts_at", "ends_at"]
        assert (found["type"], found["starts_at"], found["ends_at"]) == ("ongoing", None, None)
        assert found["code"] == (await house.code(code["access_code_id"]))["code"]
        await house.set_clock(parse_instant(code["ends_at"]) + HOUR)
        await engine_passes(house)
        assert (await house.code(code["access_code_id"]))["status"] == "set"
        await house.call(
            UPDATE, access_code_id=code["access_code_id"], is_external_modification_allowed=False
        )
        await until_gone(house, code["access_code_id"])


async def a_schedule_of_the_admins(house: TestHouse) -> None:
    """Always, instead of ours."""
    groups = [one for one in (await house.steering.record()).values() if "customer_reference" in one]
    [group] = [one for one in groups if one["customer_reference"].startswith("Ostiary")]
    [schedule] = group["time_schedules"]
    whole = {key: value for key, value in schedule.items() if key not in ("id", "start_date", "end_date")}
    await house.simulator(
        "owner/groups", group=group["id"], do="set_schedule", schedule_id=schedule["id"], schedule=whole
    )


@BRANDS
async def test_a_disabled_code_says_so_and_is_enabled_again(open_: OpenHouse, brand: str) -> None:
    """In place, with the same PIN; `access_code_inactive` as long as it is so, and it is not called `set`."""
    async with at_door(open_, brand) as (house, lock):
        code = await set_code(house, lock, name="Ann")
        name = "Ann" if brand == "salto_ks" else await name_there(house, lock)
        await fault(house, "http_503", match={"method": "POST" if brand == "nuki" else "PATCH"})
        await fault(house, "http_503", match={"method": "PUT"})
        await house.steering.owner_changes(door(lock), name, enabled=False)
        await a_day_passes(house)
        found = await house.code(code["access_code_id"])
        error = problem(found, INACTIVE)
        assert error is not None
        assert error["is_access_code_error"] is True
        assert problem(found, CONFLICT) is None
        assert found["status"] == "setting"
        assert not await house.steering.opens(door(lock), code["code"])
        assert (await told(house, code)).count("modified_external_to_seam") == 1
        await clear_faults(house)
        await engine_passes(house, 1200)
        await engine_passes(house, 600)
        again = await code_soon(house, code["access_code_id"], lambda found: found["errors"] == [])
        assert (again["status"], again["code"]) == ("set", code["code"])
        assert await house.steering.opens(door(lock), code["code"])


@BRANDS
async def test_a_code_that_may_be_disabled_stays_so(open_: OpenHouse, brand: str) -> None:
    """A warning, no error, no write; and it is not called `set`, as it opens nothing."""
    async with at_door(open_, brand) as (house, lock):
        code = await set_code(house, lock, name="Ann", is_external_modification_allowed=True)
        name = "Ann" if brand == "salto_ks" else await name_there(house, lock)
        await house.steering.owner_changes(door(lock), name, enabled=False)
        await a_day_passes(house)
        writes = len(await house.steering.code_writes())
        found = await house.code(code["access_code_id"])
        warning = problem(found, IN_EFFECT)
        assert warning is not None
        assert (warning["change_type"], warning["modified_fields"]) == ("modified", [])
        assert (found["status"], found["errors"]) == ("setting", [])
        assert len(await house.steering.code_writes()) == writes
        await house.steering.owner_changes(door(lock), name, enabled=True)
        await a_day_passes(house)
        again = await house.code(code["access_code_id"])
        assert (again["status"], again["warnings"]) == ("set", [])


async def test_modified_fields_say_what_was_changed_and_to_what(open_: OpenHouse) -> None:
    """Where it is not allowed, too; and a code that was restored has not changed by a wish."""
    async with at_home(open_) as (house, lock):
        frame = await window(house, -HOUR)
        code = await set_code(house, lock, code="498882", name="Ann", **frame)
        await by_program(house, lock, name="Bea", code=776655)
        await fault(house, "http_503", match={"method": "POST", "route": "/smartlock/*/auth/*"})
        await an_hour_passes(house)
        error = problem(await house.code(code["access_code_id"]), CONFLICT)
        assert error is not None
        assert sorted(error["modified_fields"], key=lambda each: str(each["field"])) == [
            {"field": "code", "from": "498882", "to": "776655"},
            {"field": "ends_at", "from": frame["ends_at"], "to": None},
            {"field": "name", "from": "Ann", "to": "Bea"},
            {"field": "starts_at", "from": frame["starts_at"], "to": None},
        ]
        await clear_faults(house)
        await code_soon(house, code["access_code_id"], lambda found: found["errors"] == [])
        assert not {"code_changed", "name_changed"} & set(await told(house, code))
