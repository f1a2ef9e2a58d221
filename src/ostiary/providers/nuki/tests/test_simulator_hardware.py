"""Devices of every generation, with their fittings, and how much fits into them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ostiary.providers.nuki.simulator.generations import GENERATIONS

from .test_simulator_support import Nuki, request, run


async def _home(nuki: Nuki, *sketches: dict[str, Any]) -> list[dict[str, Any]]:
    """The devices as the API shows them."""
    made = await nuki.control("POST", "homes", devices=list(sketches))
    nuki.token = made["api_token"]
    found: list[dict[str, Any]] = (await nuki.call("GET", "/smartlock")).json
    return found


@run
async def test_every_generation_shows_what_it_is() -> None:
    nuki = Nuki()
    shown = await _home(nuki, *({"name": name, "generation": name} for name in GENERATIONS))
    by_name = {device["name"]: device for device in shown}
    assert {name: device["type"] for name, device in by_name.items()} == {
        name: generation.type for name, generation in GENERATIONS.items()
    }
    assert {device["smartlockId"] >> 32 for device in shown} == {0, 1, 2, 3, 4, 5}
    assert by_name["smart_lock_2"]["firmwareVersion"] == 133135  # 2.8.15, the reference's own example
    assert by_name["smart_lock_3"]["firmwareVersion"] == 199175
    assert {
        name: device["config"]["wifiEnabled"] for name, device in by_name.items() if "smart_lock" in name
    } == {name: bool(GENERATIONS[name].has_wifi) for name in GENERATIONS if "smart_lock" in name}
    variants = {name: device["config"].get("productVariant") for name, device in by_name.items()}
    assert {name: number for name, number in variants.items() if number} == {
        "smart_lock_5_go": 1,
        "smart_lock_5_pro": 2,
        "smart_lock_5_ultra": 3,
    }


@pytest.mark.parametrize(
    ("generation", "section", "flag"),
    [
        ("smart_lock_1", "advancedConfig", "keyturner"),
        ("smart_lock_5_ultra", "advancedConfig", "keyturner"),
        ("opener", "openerAdvancedConfig", "opener"),
        ("smart_door", "smartdoorAdvancedConfig", "smartDoor"),
        ("box", None, "box"),
    ],
)
@run
async def test_each_type_has_its_own_sections(generation: str, section: str | None, flag: str) -> None:
    [device] = await _home(Nuki(), {"name": "Door", "generation": generation})
    sections = {"advancedConfig", "openerAdvancedConfig", "smartdoorAdvancedConfig"} & set(device)
    assert sections == ({section} if section else set())
    assert [name for name in ("opener", "box", "smartDoor", "keyturner") if device[name]] == [flag]
    assert ("batteryCharge" in device["state"]) is (generation in ("smart_lock_5_ultra", "smart_door"))


@run
async def test_a_first_smart_lock_knows_an_offset_and_no_zone() -> None:
    [device] = await _home(
        Nuki(), {"name": "Door", "generation": "smart_lock_1", "time_zone": "Europe/London"}
    )
    config = device["config"]
    assert (config["timezoneId"], config["timezoneOffset"], config["daylightSavingMode"]) == (65535, 0, 1)
    [device] = await _home(Nuki("b@example.com"), {"name": "Door", "type": 0, "time_zone": "Asia/Kolkata"})
    assert (device["config"]["timezoneId"], device["config"]["timezoneOffset"]) == (24, 0)


@run
async def test_a_box_unlocks_and_nothing_else() -> None:
    nuki = Nuki()
    [box] = await _home(nuki, {"name": "Box", "type": 1})
    path = f"/smartlock/{box['smartlockId']}"
    assert (await nuki.call("POST", f"{path}/action/lock")).status == 405
    assert (await nuki.call("POST", f"{path}/action", {"action": 2})).status == 400
    assert (await nuki.call("POST", f"{path}/action/unlock")).status == 204
    nuki.clock.move(5)
    assert [line["action"] for line in (await nuki.call("GET", f"{path}/log")).json] == [1]
    assert (await nuki.create(box["smartlockId"], "Guest", 384756)).status == 400
    assert box["config"]["keypadPaired"] is False


@run
async def test_fittings_are_shown() -> None:
    [device, plain] = await _home(
        Nuki(),
        {"name": "Full", "keypad2": True, "door_sensor": True, "battery": 15},
        {"name": "Plain", "keypad": False},
    )
    config, state = device["config"], device["state"]
    assert (config["keypadPaired"], config["keypad2Paired"]) == (False, True)
    assert (state["doorState"], state["batteryCharge"], state["batteryCritical"]) == (2, 15, True)
    assert (state["keypadBatteryCritical"], state["doorsensorBatteryCritical"]) == (False, False)
    assert not {"keypadBatteryCritical", "doorsensorBatteryCritical"} & set(plain["state"])


@run
async def test_a_keypad_2_takes_codes_as_well() -> None:
    nuki = Nuki()
    [device] = await _home(nuki, {"name": "Door", "keypad2": True})
    await nuki.created(device["smartlockId"], "Guest", 384756)
    opened = await nuki.control("POST", "enter_code", smartlock_id=device["smartlockId"], code=384756)
    assert opened["accepted"]


@pytest.mark.parametrize(
    ("sketch", "words"),
    [
        ({"generation": "smart_lock_9"}, "smart_lock_9"),
        ({"generation": "opener", "type": 4}, "opener"),
        ({"battery": 101}, "percentage"),
    ],
)
@run
async def test_a_device_that_cannot_be_is_refused(sketch: dict[str, Any], words: str) -> None:
    body = json.dumps({"home": "c@example.com", "devices": [{"name": "Door", **sketch}]}).encode()
    reply = await request(Nuki().app, "POST", "/_simulator/homes", body=body)
    assert (reply.status, words in reply.json["error"]) == (400, True)


def _codes() -> Iterator[int]:
    """Codes that the vendor takes, one after the other."""
    return (
        int(f"{a}{b}{c}{d}11")
        for a in range(3, 9)
        for b in range(1, 9)
        for c in range(1, 9)
        for d in range(1, 9)
    )


@pytest.mark.parametrize(("generation", "room"), [("smart_lock_2", 100), ("smart_lock_3", 200)])
@run
async def test_a_full_lock_refuses_one_more_code_and_says_29(generation: str, room: int) -> None:
    nuki = Nuki()
    [device] = await _home(nuki, {"name": "Door", "generation": generation})
    lock, codes = device["smartlockId"], _codes()
    for number in range(room - 1):
        await nuki.control(
            "POST", "owner/codes", smartlock_id=lock, do="add", name=f"G{number}", code=next(codes)
        )
    await nuki.created(lock, "Last", next(codes))
    assert (await nuki.create(lock, "Too many", next(codes))).status == 204
    nuki.clock.move(10)
    assert "Too many" not in await nuki.codes(lock)
    assert "(29)" in (await nuki.call("GET", f"/smartlock/{lock}")).json["error"]
    last = (await nuki.codes(lock))["Last"]
    await nuki.call("DELETE", f"/smartlock/{lock}/auth/{last['id']}")
    nuki.clock.move(10)
    await nuki.created(lock, "Fits", next(codes))
    assert "error" not in (await nuki.call("GET", f"/smartlock/{lock}")).json


@run
async def test_a_lock_full_of_users_says_13_and_still_takes_codes() -> None:
    nuki = Nuki()
    [device] = await _home(nuki, {"name": "Door", "generation": "smart_lock_1"})
    lock = device["smartlockId"]
    held = len((await nuki.call("GET", f"/smartlock/{lock}/auth")).json)
    for number in range(100 - held):
        await nuki.control("POST", "owner/auths", smartlock_id=lock, do="add", name=f"User {number}")
    user = (await nuki.call("PUT", "/account/user", {"email": "one@example.com", "name": "One"})).json
    body = {"name": "One more", "type": 2, "accountUserId": user["accountUserId"]}
    assert (await nuki.call("PUT", f"/smartlock/{lock}/auth", body)).status == 204
    nuki.clock.move(10)
    assert "(13)" in (await nuki.call("GET", f"/smartlock/{lock}")).json["error"]
    await nuki.created(lock, "Guest", 384756)
