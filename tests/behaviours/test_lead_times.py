"""How early codes are put on a lock: what is usual, what can be asked for, and what the keypad says to it."""

from datetime import datetime, timedelta

import pytest

from ostiary import store
from ostiary.domain.devices import Device
from ostiary.domain.evidence import View
from ostiary.domain.instants import parse_instant
from ostiary.store.tx import Tx

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    at_home,
    at_site,
    code_soon,
    codes,
    engine_passes,
    kinds_of_writes,
    move_to,
    mutations,
    neighbour,
    nothing_changes,
    preloaded_code,
    told,
    until_set,
    window,
)

GET, UPDATE = "/ostiary/devices/get", "/ostiary/devices/update"
NOBODY = "11111111-2222-4333-8444-555555555555"
SECOND = timedelta(seconds=1)


async def leads(house: TestHouse, lock: Wire, **changes: int | None) -> Wire:
    """The settings of a lock after these changes, as both operations tell them."""
    which = {"device_id": lock["device_id"]}
    changed: Wire = (await house.call(UPDATE, **which, **changes))["device_settings"]
    assert (await house.call(GET, **which))["device_settings"] == changed
    return changed


def scheduled_at(code: Wire) -> datetime:
    [mutation] = code["pending_mutations"]
    assert mutation["mutation_code"] == "deferring_creation"
    assert mutation["scheduled_at"] in mutation["message"]
    return parse_instant(mutation["scheduled_at"])


async def test_pain_19_a_code_says_when_it_is_programmed_and_why_and_the_lead_is_configurable(
    open_: OpenHouse,
) -> None:
    """Ten days ahead: usually it waits for seven of them; with a longer lead it is on the lock at once."""
    async with at_home(open_) as (house, lock):
        usual = {"device_id": lock["device_id"], "preload_hours": 72, "just_in_time_minutes": 60}
        none = {"preload_hours": None, "just_in_time_minutes": None}
        assert await leads(house, lock) == {**usual, "overrides": none}
        far = await house.create_code(lock["device_id"], **await window(house, 10 * DAY), code="554433")
        its_id, starts_at = far["access_code_id"], parse_instant(far["starts_at"])
        assert scheduled_at(far) == starts_at - 72 * HOUR
        assert "72 hours before their start" in far["pending_mutations"][0]["message"]

        assert (await leads(house, lock, preload_hours=48))["preload_hours"] == 48
        waiting = await house.code(its_id)
        assert scheduled_at(waiting) == starts_at - 48 * HOUR
        assert "48 hours before" in waiting["pending_mutations"][0]["message"]
        await engine_passes(house)
        assert await house.codes_on_lock(lock) == []

        longer = await leads(house, lock, preload_hours=24 * 14)
        assert longer["overrides"] == {"preload_hours": 336, "just_in_time_minutes": None}
        ahead = await code_soon(house, its_id, lambda code: code["is_scheduled_on_device"])
        assert (ahead["status"], mutations(ahead)) == ("unset", [])
        assert not await house.type_code(lock, "554433")
        assert not await house.type_code(lock, "554433", at=starts_at - SECOND)
        assert await house.type_code(lock, "554433", at=starts_at + SECOND)

        # Shorter again: what is preloaded stays, and does no harm; what is asked for now has to wait.
        assert await leads(house, lock, preload_hours=None) == {**usual, "overrides": none}
        await engine_passes(house, HOUR.total_seconds())
        assert (await house.code(its_id))["is_scheduled_on_device"] is True
        other = await house.create_code(lock["device_id"], **await window(house, 9 * DAY))
        assert scheduled_at(other) == parse_instant(other["starts_at"]) - 72 * HOUR
        await engine_passes(house)
        assert await kinds_of_writes(house) == ["create"]
        assert await told(house, far) == ["created", "mutations_requested", "scheduled_on_device"]

        # A new wish for it is one of today, by the lead of today (behaviour 67).
        await house.call("/access_codes/update", access_code_id=its_id, **await window(house, 11 * DAY))
        await code_soon(house, its_id, lambda code: mutations(code) == ["deferring_creation"])
        assert await house.codes_on_lock(lock) == []


async def test_pain_18_no_code_opens_earlier_than_the_configured_buffer(open_: OpenHouse) -> None:
    """Without times on the lock it opens from when it is set: not before, and not after it is shortened."""
    async with at_home(open_) as (house, lock):
        wish = {**await window(house, 6 * HOUR), "prefer_native_scheduling": False, "code": "554433"}
        code = await house.create_code(lock["device_id"], **wish)
        starts_at = parse_instant(code["starts_at"])
        await leads(house, lock, just_in_time_minutes=15)
        waiting = await house.code(code["access_code_id"])
        assert scheduled_at(waiting) == starts_at - 15 * MINUTE
        assert "15 minutes before its start" in waiting["pending_mutations"][0]["message"]
        await move_to(house, starts_at - 16 * MINUTE)
        assert not await house.type_code(lock, "554433")

        await leads(house, lock, just_in_time_minutes=60)
        await until_set(house, code["access_code_id"])
        assert await house.type_code(lock, "554433")

        await leads(house, lock, just_in_time_minutes=15)
        again = await code_soon(
            house, code["access_code_id"], lambda found: mutations(found) == ["deferring_creation"]
        )
        assert again["status"] == "unset"
        assert not await house.type_code(lock, "554433")
        assert await told(house, code) == [
            "created",
            "mutations_requested",
            "set_on_device",
            "removed_from_device",
        ]

        await move_to(house, starts_at - 15 * MINUTE)
        await until_set(house, code["access_code_id"])
        assert await house.type_code(lock, "554433")
        assert await kinds_of_writes(house) == ["create", "delete", "create"]


async def test_a_pin_that_the_vendor_chose_survives_a_shorter_lead(open_: OpenHouse) -> None:
    """The guest may have been told it: the code stays on the door, and nothing is written."""
    async with at_site(open_) as (house, door):
        await leads(house, door, preload_hours=24 * 8)
        code = await preloaded_code(house, door, 7 * DAY)
        assert code["code"] is not None
        await leads(house, door, preload_hours=1)
        await engine_passes(house, HOUR.total_seconds())
        after = await house.code(code["access_code_id"])
        assert (after["code"], after["is_scheduled_on_device"]) == (code["code"], True)
        assert [entry["access_code_id"] for entry in await codes(house, door)] == [code["access_code_id"]]
        await move_to(house, parse_instant(code["starts_at"]) + MINUTE)
        assert (await until_set(house, code["access_code_id"]))["code"] == code["code"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"preload_hours": 0},
        {"preload_hours": 8761},
        {"preload_hours": 1.5},
        {"preload_hours": "72"},
        {"just_in_time_minutes": 4},
        {"just_in_time_minutes": 1441},
        {"lead": 5},
    ],
)
async def test_leads_out_of_range_are_refused(open_: OpenHouse, wrong: Wire) -> None:
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        before = await leads(house, lock)
        await house.refused(UPDATE, 400, "invalid_input", device_id=lock["device_id"], **wrong)
        assert await leads(house, lock) == before


async def test_leads_belong_to_one_device_of_one_workspace(open_: OpenHouse) -> None:
    """Nobody else reads or changes them, and they survive looks at the device."""
    async with at_home(open_) as (house, lock):
        await leads(house, lock, preload_hours=96, just_in_time_minutes=5)
        other = await neighbour(house)
        for path in (GET, UPDATE):
            await other.refused(path, 404, "device_not_found", device_id=lock["device_id"])
            await house.refused(path, 404, "device_not_found", device_id=NOBODY)
        await engine_passes(house, DAY.total_seconds())
        kept = await leads(house, lock)
        assert (kept["preload_hours"], kept["just_in_time_minutes"]) == (96, 5)
        others = [device for device in await house.devices() if device["device_id"] != lock["device_id"]]
        assert others
        for device in others:
            assert (await leads(house, device))["preload_hours"] == 72


async def test_the_record_of_a_code_goes_by_the_lead_that_was_asked_for(open_: OpenHouse) -> None:
    """Whether what it needs was at hand or had to be read."""
    async with at_home(open_) as (house, lock):
        await leads(house, lock, preload_hours=24)

        async def read(tx: Tx) -> tuple[View | None, Device | None]:
            device_id = lock["device_id"]
            return await store.evidence.view(tx, device_id), await store.devices.find(tx, device_id)

        view, device = await house.house.database.read(read)
        assert device is not None
        assert view == View(device.can, is_account_connected=True)
        assert device.can.native_lead == DAY.total_seconds()
