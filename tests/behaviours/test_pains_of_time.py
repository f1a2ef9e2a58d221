"""Pains about time and about what is worth an answer, against the simulated vendors (`pains.md`)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ostiary.domain.instants import parse_instant, to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    Wire,
    at_home,
    at_site,
    clear_faults,
    code_soon,
    engine_passes,
    fault,
    kinds_of_writes,
    named,
    problem,
    set_code,
    told,
    until_gone,
    until_set,
)
from .test_8_9_unmanaged import BRANDS, _as_owner

UPDATE, DELETE = "/access_codes/update", "/access_codes/delete"
SECOND = timedelta(seconds=1)
ZONES = pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2027-03-28"),
        ("Europe/Berlin", "2027-10-31"),
        ("America/New_York", "2027-03-14"),
        ("America/New_York", "2027-11-07"),
        ("Australia/Sydney", "2027-04-04"),
        ("Australia/Sydney", "2027-10-03"),
        ("Europe/London", "2027-03-28"),
        ("Europe/London", "2027-10-31"),
    ],
)
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database has a say in."""


async def test_pain_05_success_is_no_proof(open_: OpenHouse) -> None:
    """
    The vendor accepts writes, and nobody can look: neither `set` nor gone, until a look through another path
    than the answer shows it. Salto KS: `test_34_nothing_is_announced_without_a_pin`.
    """
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], code="498882")
        await house.until(house.code_writes, lambda writes: len(writes) == 1)
        await fault(house, "http_503", match={"method": "GET", "route": "/smartlock/*/auth"})
        await engine_passes(house, 60)
        if not (await house.code(code["access_code_id"]))["pending_mutations"]:
            pytest.fail("set before anybody could look")
        assert len(await house.codes_on_lock(lock)) == 1
        assert "set_on_device" not in await told(house, code)
        await clear_faults(house)
        await engine_passes(house, 600)
        await until_set(house, code["access_code_id"])
        await house.call(DELETE, access_code_id=code["access_code_id"])
        await house.until(house.code_writes, lambda writes: len(writes) == 2)
        await fault(house, "http_503", match={"method": "GET", "route": "/smartlock/*/auth"})
        await engine_passes(house, 60)
        assert await house.codes_on_lock(lock) == []
        assert (await house.code(code["access_code_id"]))["status"] == "removing"
        await clear_faults(house)
        await engine_passes(house, 600)
        await until_gone(house, code["access_code_id"])


async def test_pain_09_a_duplicate_costs_three_tries_and_no_more(open_: OpenHouse) -> None:
    """The vendor says that the PIN is taken: told as that, and then only another wish is tried."""
    async with at_home(open_) as (house, lock):
        await fault(house, "http_409", match={"method": "PUT"})
        code = await house.create_code(lock["device_id"], code="498882")
        for _ in range(20):
            await engine_passes(house, HOUR.total_seconds())
        requests = (await house.simulated("requests"))["requests"]
        assert len([line for line in requests if line["method"] == "PUT"]) == 3
        found = await house.code(code["access_code_id"])
        assert problem(found, "duplicate_code_on_device") is not None
        assert (await told(house, code)).count("failed_to_set_on_device") == 1
        assert await kinds_of_writes(house) == []
        await clear_faults(house)
        await house.call(UPDATE, access_code_id=code["access_code_id"], code="776655")
        assert (await until_set(house, code["access_code_id"]))["errors"] == []


async def test_pain_10_exchanged_pins_name_each_other(open_: OpenHouse) -> None:
    """Somebody gives each of two codes the other's PIN: each names the other, and a third code gets on."""
    async with at_home(open_) as (house, lock):
        ann = await set_code(house, lock, code="498882", name="Ann")
        bea = await set_code(house, lock, code="776655", name="Bea")
        await fault(house, "http_503", match={"method": "GET", "route": "/smartlock/*/auth"})
        entries = {entry["name"][:3]: entry for entry in await house.codes_on_lock(lock)}
        for name, pin in (("Ann", 445566), ("Bea", 498882), ("Ann", 776655)):
            path = f"/smartlock/{await house.smartlock_id(lock)}/auth/{entries[name]['id']}"
            await _as_owner(house, "POST", path, json={"name": entries[name]["name"], "code": pin})
            await engine_passes(house, 60)
        third = await house.create_code(lock["device_id"], code="665544", name="Cleo")
        await clear_faults(house)
        await engine_passes(house, 660)
        await until_set(house, third["access_code_id"])
        for one, other in ((ann, bea), (bea, ann)):
            error = problem(await house.code(one["access_code_id"]), "duplicate_code_on_device")
            assert error is not None
            assert error["managed_access_code_id"] == other["access_code_id"]


async def in_zone(house: TestHouse, zone: str) -> Wire:
    """A lock that keeps the time of that zone."""
    home = f"{zone.rpartition('/')[2].lower()}@example.com"
    await house.simulator("homes", home=home, devices=[{"name": "Front door", "time_zone": zone}])
    await house.connect(home)
    return await house.lock_with_keypad()


@SQLITE
@ZONES
async def test_pain_16_windows_over_both_changes_of_clocks_are_exact(
    open_: OpenHouse, zone: str, day: str
) -> None:
    """
    Second by second at each edge, for windows before, around, within and after the change. Salto KS:
    `test_windows_over_a_change_of_clocks_are_exact`.
    """
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    async with open_() as house:
        await house.set_clock(midnight - DAY)
        lock = await in_zone(house, zone)
        for begin, end in ((-9, 3), (0, 2), (1, 4), (3, 35)):
            starts_at, ends_at = midnight + begin * HOUR, midnight + end * HOUR
            frame = {"starts_at": to_wire(starts_at), "ends_at": to_wire(ends_at)}
            code = await house.create_code(lock["device_id"], **frame)
            await code_soon(house, code["access_code_id"], lambda code: code["is_scheduled_on_device"])
            for edge, before, after in ((starts_at, False, True), (ends_at, True, False)):
                for second in range(-3, 3):
                    opens = await house.type_code(lock, code["code"], edge + second * SECOND)
                    assert opens is (before if second < 0 else after), (edge, second)
            await house.call(DELETE, access_code_id=code["access_code_id"])
            await until_gone(house, code["access_code_id"])


@SQLITE
@BRANDS
@pytest.mark.parametrize("day", ["2027-03-28", "2027-10-31"])
async def test_pain_17_a_change_of_clocks_alone_is_no_event(open_: OpenHouse, brand: str, day: str) -> None:
    """Codes of all kinds on a lock, and the night of the change passes: nothing is told, nothing written."""
    night = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    async with open_() as house:
        await house.set_clock(night - DAY)
        house.provider = brand
        await house.connect()
        lock = await (house.lock_with_keypad() if brand == "nuki" else named(house, "BACK DOOR"))
        frame = {"starts_at": to_wire(night - 12 * HOUR), "ends_at": to_wire(night + 40 * HOUR)}
        bound = await house.create_code(lock["device_id"], name="Ann", **frame)
        await code_soon(house, bound["access_code_id"], lambda code: code["is_scheduled_on_device"])
        await set_code(house, lock, name="Bea")
        await house.set_clock(parse_instant(frame["starts_at"]) + HOUR)
        await engine_passes(house, 1)
        await until_set(house, bound["access_code_id"])
        await engine_passes(house, 900)
        events, writes = await house.events(), await house.steering.code_writes()
        while await house.now() < night + 6 * HOUR:
            await engine_passes(house, 1800)
        assert await house.events() == events
        assert await house.steering.code_writes() == writes


@SQLITE
@BRANDS
async def test_pain_18_a_preloaded_pin_opens_at_no_instant_before_its_start(
    open_: OpenHouse, brand: str
) -> None:
    """From three days ahead to the second before, and after its end; at both vendors."""
    async with (at_home if brand == "nuki" else at_site)(open_) as (house, lock):
        now = (await house.now()).replace(second=0, microsecond=0)
        starts_at, ends_at = now + 70 * HOUR, now + 90 * HOUR
        frame = {"starts_at": to_wire(starts_at), "ends_at": to_wire(ends_at)}
        code = await house.create_code(lock["device_id"], **frame)
        found = await code_soon(house, code["access_code_id"], lambda code: code["is_scheduled_on_device"])
        name, pin = lock["properties"]["name"], found["code"]
        before = [timedelta(hours=hours) for hours in range(1, 70, 3)] + [SECOND, 2 * SECOND, 59 * SECOND]
        for span in before:
            assert not await house.steering.opens(name, pin, starts_at - span), span
        for instant, opens in ((starts_at, True), (ends_at - SECOND, True), (ends_at, False)):
            assert await house.steering.opens(name, pin, instant) is opens
