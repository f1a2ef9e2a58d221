"""Two systems on one lock: recognised, told, and never fought for ever."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ostiary.domain.fights import MOST_A_DAY

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    HOUR,
    MINUTE,
    Wire,
    at_home,
    at_site,
    engine_passes,
    problem,
    set_code,
    told,
    until_set,
)
from .test_8_9_drift import an_hour_passes, by_program, name_there
from .test_8_9_unmanaged import _as_owner, door

WARNING = "third_party_integration_detected"
DETECTED = "device.third_party_integration_detected"
OVER = "device.third_party_integration_no_longer_detected"
EACH_LOOK = timedelta(minutes=10)


async def device(house: TestHouse, lock: Wire) -> Wire:
    found: Wire = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
    return found


async def undo(house: TestHouse, lock: Wire, mark: str, do: str) -> bool:
    """The other system has its way with our code, if that stands as we want it."""
    for entry in (await house.steering.record()).values():
        if entry["name"].endswith(mark) and entry["code"] == 498882 and not entry.get("operationId"):
            path = f"/smartlock/{await house.smartlock_id(lock)}/auth/{entry['id']}"
            if do == "change":
                body = {"name": entry["name"], "code": 776655}
                await _as_owner(house, "POST", path, json=body)
            else:
                await _as_owner(house, "DELETE", path)
            return True
    return False


async def fight(house: TestHouse, lock: Wire, mark: str, do: str, until: datetime) -> int:
    """It looks as often as we do. Returns how often it found something to undo."""
    times = 0
    while await house.now() < until:
        times += await undo(house, lock, mark, do)
        await engine_passes(house, EACH_LOOK.total_seconds())
        await engine_passes(house, 10)
    return times


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("do", "external"), [("change", "modified_external_to_seam"), ("remove", "deleted_external_to_seam")]
)
async def test_pain_15_a_day_of_two_systems_costs_a_stated_number_of_writes(
    open_: OpenHouse, do: str, external: str
) -> None:
    """Undone at every look, over a restart: writes and events stay within the bound, and others get on."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        mark = code["appearance"]["name"][-7:]
        start = await house.now()
        times = await fight(house, lock, mark, do, start + 8 * HOUR)
        found = await device(house, lock)
        assert problem(found, WARNING) is not None
        assert problem(await house.code(code["access_code_id"]), WARNING) is not None
        await set_code(house, lock, code="665544", name="Bea")
    async with open_() as house:
        times += await fight(house, lock, mark, do, start + 24 * HOUR)
        ours = await restorations(house, do, times)
        assert 20 <= ours <= MOST_A_DAY
        types = await told(house, code)
        assert 20 <= types.count(external) <= MOST_A_DAY + 1
        assert types.count("set_on_device") <= MOST_A_DAY + 1
        assert (await house.event_types()).count(DETECTED) == 1
        await engine_passes(house, 2 * HOUR.total_seconds())
        await engine_passes(house, 60)
        restored = await until_set(house, code["access_code_id"])
        assert (restored["errors"], restored["code"]) == ([], "498882")
        for _ in range(26):
            await engine_passes(house, HOUR.total_seconds())
        assert (await device(house, lock))["warnings"] == []
        assert (await house.code(code["access_code_id"]))["warnings"] == []
        assert (await house.event_types()).count(OVER) == 1


async def restorations(house: TestHouse, do: str, undone: int) -> int:
    """Accepted writes about codes that were neither the other system's nor the making of the two codes."""
    kinds = [write["kind"] for write in await house.code_writes()]
    if do == "change":
        return kinds.count("update") - undone
    assert kinds.count("delete") == undone
    return kinds.count("create") - 2


async def test_15_one_change_is_a_mistake_and_the_second_is_a_system(open_: OpenHouse) -> None:
    """Whichever of our codes is changed the second time, and both are back within a minute."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        await by_program(house, lock, code=776655)
        await an_hour_passes(house)
        await engine_passes(house, 60)
        assert (await house.code(code["access_code_id"]))["errors"] == []
        assert (await device(house, lock))["warnings"] == []
        await by_program(house, lock)
        await an_hour_passes(house)
        await engine_passes(house, 60)
        again = await until_set(house, code["access_code_id"])
        assert [warning["warning_code"] for warning in again["warnings"]] == [WARNING]
        [warning] = (await device(house, lock))["warnings"]
        assert warning["warning_code"] == WARNING
        assert set(warning) == {"warning_code", "message", "created_at"}
        assert (await house.event_types()).count(DETECTED) == 1
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [498882]


async def test_15_a_change_every_other_day_is_no_fight(open_: OpenHouse) -> None:
    """A day's rest, and the next one is the first again."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        for _ in range(3):
            await by_program(house, lock, code=776655)
            for _ in range(26):
                await engine_passes(house, HOUR.total_seconds())
            assert (await house.code(code["access_code_id"]))["errors"] == []
        assert (await device(house, lock))["warnings"] == []
        assert DETECTED not in await house.event_types()


async def test_15_salto_too(open_: OpenHouse) -> None:
    """The site's admin removes the guest twice."""
    async with at_site(open_) as (house, lock):
        code = await set_code(house, lock, name="Ann")
        for _ in range(2):
            await house.steering.owner_removes(door(lock), await name_there(house, lock))
            await an_hour_passes(house)
            await engine_passes(house, 10 * MINUTE.total_seconds())
            await until_set(house, code["access_code_id"])
        assert problem(await device(house, lock), WARNING) is not None
        assert (await told(house, code)).count("deleted_external_to_seam") == 2


async def test_15_a_code_that_waits_for_its_turn_says_why(open_: OpenHouse) -> None:
    """The plan of the lock tells who is in the way and when it is restored."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        mark = code["appearance"]["name"][-7:]
        await fight(house, lock, mark, "change", await house.now() + 4 * HOUR)
        await an_hour_passes(house)
        await undo(house, lock, mark, "change")
        await engine_passes(house, 30)
        why = await _why(house, lock)
        assert why["reason"] == "undone"
        assert why["until"] is not None
        await house.call("/access_codes/update", access_code_id=code["access_code_id"], name="Bea")
        await engine_passes(house, 30)
        await until_set(house, code["access_code_id"])  # a new wish need not wait


async def _why(house: TestHouse, lock: Wire) -> Any:
    plan = (await house.call("/ostiary/devices/plan", device_id=lock["device_id"]))["plan"]
    [desired] = plan["desired"]
    return desired["why"]
