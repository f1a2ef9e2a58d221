"""`/ostiary/devices/plan`: why a code is not on the door, and what the engine does next."""

from datetime import timedelta
from typing import Any

import msgspec

from ostiary.domain.instants import parse_instant
from ostiary.wire.objects import Plan

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    Wire,
    at_home,
    clear_faults,
    code_soon,
    engine_passes,
    fault,
    kinds_of_writes,
    neighbour,
    nothing_changes,
    online,
    problem,
    set_code,
    until_idle,
    until_set,
    vendor_requests,
    window,
)

PLAN = "/ostiary/devices/plan"
NOBODY = "11111111-2222-4333-8444-555555555555"


async def planned(house: TestHouse, lock: Wire) -> Wire:
    found: Wire = (await house.call(PLAN, device_id=lock["device_id"]))["plan"]
    msgspec.convert(found, Plan)  # it has the shape that `/openapi.json` tells
    return found


def of(plan: Wire, code: Wire) -> Wire:
    """What a plan says of a code."""
    [one] = [one for one in plan["desired"] if one["access_code_id"] == code["access_code_id"]]
    found: Wire = one
    return found


def because(plan: Wire, code: Wire) -> Any:
    why = of(plan, code)["why"]
    return why and why["reason"]


async def when_told(house: TestHouse, lock: Wire, code: Wire, reason: str) -> Wire:
    found: Wire = await house.until(lambda: planned(house, lock), lambda plan: because(plan, code) == reason)
    return found


async def test_a_lock_as_wished_has_nothing_to_be_written(open_: OpenHouse) -> None:
    """Ours and others' are shown, and no PIN. Nothing is asked of the vendor, nothing is stored."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Anna", code="445566")
        await house.steering.owner_adds(lock["properties"]["name"], "Mum", "332211")
        await engine_passes(house, 25 * 3600)
        await engine_passes(house, 3600)
        await until_idle(house)
        before = len(await vendor_requests(house))
        plan = await planned(house, lock)
        assert len(await vendor_requests(house)) == before
        assert of(plan, code)["differences"] == []
        assert because(plan, code) is None
        assert plan["writes"] == plan["open_steps"] == plan["calls"] == []
        seen = {(one["name"], one["is_managed"]) for one in plan["observed"]}
        assert seen == {(code["appearance"]["name"], True), ("Mum", False)}
        assert of(plan, code)["name_on_device"] == code["appearance"]["name"]
        assert parse_instant(plan["looked_at"]) <= parse_instant(plan["as_of"])
        assert "445566" not in str(plan)
        assert "332211" not in str(plan)
        async with nothing_changes(house, lock):
            get = await house.request("GET", PLAN, params={"device_id": lock["device_id"]})
            assert get.json()["plan"]["device_id"] == lock["device_id"]


async def test_too_early_then_planned_for_its_time(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        times = await window(house, 5 * DAY)
        code = await house.create_code(lock["device_id"], name="Ben", **times)
        await until_idle(house)
        plan = await when_told(house, lock, code, "not_yet")
        since = parse_instant(times["starts_at"]) - timedelta(hours=72)
        one = of(plan, code)
        assert parse_instant(one["wanted_from"]) == parse_instant(one["why"]["until"]) == since
        assert one["is_wanted"] is False
        assert one["starts_at"] == times["starts_at"]

        plan = await house.until(
            lambda: planned(house, lock), lambda p: p["due_at"] and parse_instant(p["due_at"]) == since
        )
        [write] = plan["writes"]
        assert (write["kind"], write["name"], write["reason"]) == ("set", "Ben", "missing")


async def test_a_write_under_way(open_: OpenHouse) -> None:
    """What was written is an open step until a look shows it, and nothing more is planned for its code."""
    async with at_home(open_, OSTIARY_SANDBOX_PACE="1") as (house, lock):
        await fault(house, "late", times=1, seconds=40)
        code = await house.create_code(lock["device_id"])
        plan = await when_told(house, lock, code, "step_open")
        [step] = plan["open_steps"]
        assert (step["kind"], step["access_code_id"]) == ("set", code["access_code_id"])
        assert step["outcome"] in ("planned", "accepted")
        assert of(plan, code)["why"]["until"] == step["wait_until"] > plan["as_of"]
        assert of(plan, code)["differences"] == ["missing"]
        assert plan["writes"] == []


async def test_offline(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        gone = await set_code(house, lock)
        await online(house, lock, False)
        code = await house.create_code(lock["device_id"])
        await house.call("/access_codes/delete", access_code_id=gone["access_code_id"])
        await until_idle(house)
        plan = await planned(house, lock)
        assert because(plan, code) == because(plan, gone) == "device_offline"
        assert of(plan, gone)["differences"] == ["unwanted"]
        assert plan["is_online"] is False
        assert plan["writes"] == []
        assert of(plan, code)["why"]["until"] == plan["due_at"]


async def test_an_account_that_is_cut_off(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await fault(house, "login_rejected")
        code = await house.create_code(lock["device_id"])
        plan = await when_told(house, lock, code, "account_disconnected")
        assert plan["held_by"] == "account_disconnected"
        assert plan["due_at"] is None


async def test_tried_in_vain(open_: OpenHouse) -> None:
    """Somebody else's code has the PIN: with the attempts, the error, and when it is tried again."""
    async with at_home(open_) as (house, lock):
        await house.steering.owner_adds(lock["properties"]["name"], "Mum", "332211")
        await engine_passes(house, 25 * 3600)
        await engine_passes(house, 3600)
        code = await house.create_code(lock["device_id"], code="332211")
        await code_soon(
            house, code["access_code_id"], lambda seen: problem(seen, "duplicate_code_on_device") is not None
        )
        await until_idle(house)
        plan = await planned(house, lock)
        why = of(plan, code)["why"]
        assert why["reason"] in ("retry_later", "duplicate_pin")
        assert why["error_code"] == "duplicate_code_on_device"
        assert why["attempts"] >= 1
        assert of(plan, code)["differences"] == ["missing"]
        assert plan["writes"] == []
        assert "332211" not in str(plan)


async def test_no_room(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        device_id = lock["device_id"]
        smartlock_id = await house.smartlock_id(lock)
        for number in range(200):
            fields = {
                "smartlock_id": smartlock_id,
                "do": "add",
                "name": f"O{number}",
                "code": 211111 + number,
            }
            await house.simulator("owner/codes", **fields)
        await engine_passes(house, 25 * 3600)
        code = await house.create_code(device_id)
        plan = await when_told(house, lock, code, "no_room")
        assert of(plan, code)["why"]["error_code"] == "no_space_for_access_code_on_device"
        assert plan["writes"] == []
        assert len(plan["observed"]) == 200


async def test_what_is_planned_is_what_is_written(open_: OpenHouse) -> None:
    """While the account is offline at its vendor wishes gather; the plan tells the writes of its return."""
    async with at_home(open_) as (house, lock):
        old = await set_code(house, lock, name="Old")
        kept = await set_code(house, lock, name="Kept")
        await fault(house, "http_503")
        await house.call("/access_codes/delete", access_code_id=old["access_code_id"])
        await house.call("/access_codes/update", access_code_id=kept["access_code_id"], name="New")
        made = await house.create_code(lock["device_id"], name="Made")
        await until_idle(house)
        plan = await planned(house, lock)
        assert [(write["kind"], write["reason"]) for write in plan["writes"]] == [
            ("remove", "deleted"),
            ("change", "name"),
            ("set", "missing"),
        ]
        assert [because(plan, code) for code in (old, kept, made)] == ["next_tick"] * 3
        asked = [(call["call"], call["access_code_id"]) for call in plan["calls"]]
        assert asked == [
            ("list_access_codes", None),
            ("remove_access_code", old["access_code_id"]),
            ("change_access_code", kept["access_code_id"]),
            ("set_access_code", made["access_code_id"]),
        ]
        held = {entry["name"]: entry["id"] for entry in await house.codes_on_lock(lock)}
        removal, change, addition = plan["calls"][1:]
        assert removal["vendor_code_id"] == held[old["appearance"]["name"]]
        assert change["vendor_code_id"] == held[kept["appearance"]["name"]]
        assert change["name_on_device"].startswith("New #")
        assert (addition["vendor_code_id"], addition["name_on_device"][:6]) == (None, "Made #")
        before = await kinds_of_writes(house)
        await clear_faults(house)
        await until_set(house, made["access_code_id"])
        assert (await kinds_of_writes(house))[len(before) :] == ["delete", "update", "create"]


async def test_a_device_of_nobody(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await house.refused(PLAN, 404, "device_not_found", device_id=NOBODY)
        other = await neighbour(house)
        await other.refused(PLAN, 404, "device_not_found", device_id=lock["device_id"])
