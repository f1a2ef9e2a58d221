"""What befalls a device: offline, cut off, drained, without hosting, unpaired; and the owner in the app."""

import json
from typing import Any

import pytest

from .test_simulator_support import E2, Nuki, request, run


async def _device(nuki: Nuki, lock: int) -> dict[str, Any]:
    found: dict[str, Any] = (await nuki.call("GET", f"/smartlock/{lock}")).json
    return found


async def _change(nuki: Nuki, lock: int, **fields: Any) -> Any:
    return await nuki.control("POST", "device", smartlock_id=lock, **fields)


async def _status(nuki: Nuki, verb: str, **fields: Any) -> int:
    body = json.dumps({"home": nuki.home, **fields}).encode()
    return (await request(nuki.app, "POST", f"/_simulator/{verb}", body=body)).status


# --- the connection -------------------------------------------------------------------------------------


@run
async def test_twelve_hours_offline_arrive_in_order_with_state_and_battery() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.created(lock, "Guest", 384756)
    await _change(nuki, lock, online=False)
    assert (await _device(nuki, lock))["serverState"] == 4
    for hour in range(12):
        nuki.clock.move(3600)
        if hour % 2:
            await nuki.control("POST", "touch", smartlock_id=lock, do="lock")
        else:
            await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    await _change(nuki, lock, battery=9, keypad_battery_critical=True)
    assert (await nuki.call("GET", f"/smartlock/{lock}/log")).json == []
    assert (await _device(nuki, lock))["state"]["batteryCharge"] == 86
    await _change(nuki, lock, online=True)
    log = (await nuki.call("GET", f"/smartlock/{lock}/log")).json
    assert [(line["action"], line["trigger"]) for line in log] == [(2, 1), (1, 255)] * 6
    assert [line["date"] for line in log] == sorted((line["date"] for line in log), reverse=True)
    shown = await _device(nuki, lock)
    state = shown["state"]
    assert (shown["serverState"], state["state"], state["batteryCharge"]) == (0, 1, 9)
    assert (state["batteryCritical"], state["keypadBatteryCritical"]) == (True, True)


@pytest.mark.parametrize("state", [1, 2, 3])
@run
async def test_a_device_that_shuts_the_cloud_out_goes_on_alone(state: int) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    await _change(nuki, lock, server_state=state)
    assert (await _device(nuki, lock))["serverState"] == state
    assert (await nuki.create(lock, "Other", 495867)).status == 204
    await nuki.call("POST", f"/smartlock/{lock}/auth/{guest['id']}", {"name": "Guest", "enabled": False})
    await nuki.call("POST", f"/smartlock/{lock}/action/unlock")
    nuki.clock.move(10)
    codes = await nuki.codes(lock)
    assert set(codes) == {"Guest"}
    assert "(ff)" in codes["Guest"]["error"]
    assert (await _device(nuki, lock))["state"]["state"] == 1
    assert (await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756))["accepted"]
    assert (await nuki.call("GET", f"/smartlock/{lock}/log")).json == []
    assert await _status(nuki, "sync", smartlock_id=lock) == 409
    await _change(nuki, lock, server_state=0)
    assert (await _device(nuki, lock))["serverState"] == 0
    assert len((await nuki.call("GET", f"/smartlock/{lock}/log")).json) == 1
    await nuki.created(lock, "Other", 495867)


@pytest.mark.parametrize(("name", "state"), [("Nuki Web", 3), ("Bridge", 1)])
@run
async def test_deleting_the_clouds_own_authorization_cuts_it_off_until_it_is_connected_anew(
    name: str, state: int
) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    before = {one["name"]: one["id"] for one in (await nuki.call("GET", f"/smartlock/{lock}/auth")).json}
    await nuki.control("POST", "owner/auths", smartlock_id=lock, do="delete", name=name)
    assert (await _device(nuki, lock))["serverState"] == state
    await _change(nuki, lock, server_state=0)
    after = {one["name"]: one["id"] for one in (await nuki.call("GET", f"/smartlock/{lock}/auth")).json}
    assert set(after) == set(before)
    assert [key for key in after if after[key] != before[key]] == [name]
    await nuki.call("POST", f"/smartlock/{lock}/action/unlock")
    nuki.clock.move(5)
    line = (await nuki.call("GET", f"/smartlock/{lock}/log")).json[0]
    assert (line["authId"], line["name"]) == (after["Nuki Web"], "Nuki Web")


@run
async def test_cut_off_outweighs_offline() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await _change(nuki, lock, server_state=2, online=False)
    assert (await _device(nuki, lock))["serverState"] == 2
    await _change(nuki, lock, server_state=0)
    assert (await _device(nuki, lock))["serverState"] == 4
    for wrong in (4, -1):
        assert await _status(nuki, "device", smartlock_id=lock, server_state=wrong) == 400


@run
async def test_the_admin_pin_is_changed_and_told_again() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "owner/admin_pin", smartlock_id=lock, pin=4711)
    assert (await _device(nuki, lock))["adminPinState"] == 0  # nobody has asked the device yet
    await nuki.control("POST", "sync", smartlock_id=lock)
    assert (await _device(nuki, lock))["adminPinState"] == 2
    assert (await nuki.create(lock, "Guest", 384756)).status == 403
    for word, number, code, status in (
        ("ok", 0, 384756, 204),
        ("missing", 1, 495867, 403),
        ("ok", 0, 495867, 204),
    ):
        await _change(nuki, lock, admin_pin=word)
        assert (await _device(nuki, lock))["adminPinState"] == number
        assert (await nuki.create(lock, "Guest", code)).status == status


# --- Smart Hosting --------------------------------------------------------------------------------------


@run
async def test_smart_hosting_lapses_has_its_grace_and_is_renewed() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await _change(nuki, lock, grace=True)
    shown = await _device(nuki, lock)
    assert (shown["currentSubscription"]["state"], shown["currentSubscription"]["isInGracePeriod"]) == (
        "EXPIRED",
        True,
    )
    assert "error" not in shown
    await nuki.created(lock, "Guest", 384756)
    await _change(nuki, lock, grace=False)
    shown = await _device(nuki, lock)
    assert "Smart Hosting" in shown["error"]
    assert "currentSubscription" not in shown
    assert (await nuki.create(lock, "Other", 495867)).status == 402
    await _change(nuki, lock, subscription=True)
    assert "error" not in await _device(nuki, lock)
    await nuki.created(lock, "Other", 495867)


# --- the keypad -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "key"), [("keypad_paired", "keypadPaired"), ("keypad2_paired", "keypad2Paired")]
)
@run
async def test_a_keypad_is_paired_at_the_device_and_believed_after_a_sync(field: str, key: str) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id(keypad=False)
    await _change(nuki, lock, **{field: True})
    assert (await nuki.create(lock, "Guest", 384756)).status == 400
    await nuki.control("POST", "sync", smartlock_id=lock)
    assert (await _device(nuki, lock))["config"][key] is True
    auths = (await nuki.call("GET", f"/smartlock/{lock}/auth?types=3")).json
    assert len(auths) == 1
    await nuki.created(lock, "Guest", 384756)
    await _change(nuki, lock, **{field: False})
    typed = await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    assert typed["reason"] == "no_keypad"
    assert (await _device(nuki, lock))["config"][key] is True
    await nuki.control("POST", "sync", smartlock_id=lock)
    assert (await _device(nuki, lock))["config"][key] is False
    assert (await nuki.call("GET", f"/smartlock/{lock}/auth?types=3")).json == []
    assert "Guest" in await nuki.codes(lock)


# --- the owner in the app -------------------------------------------------------------------------------


@run
async def test_the_owner_limits_and_frees_a_code_unseen_until_a_sync() -> None:
    nuki = await Nuki().enter()  # a Sunday, noon in UTC
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    window = {"from_date": "2026-01-01T00:00:00Z", "until_date": "2026-12-01T00:00:00Z", "week_days": 64}
    change = {"smartlock_id": lock, "do": "change", "id": guest["id"]}
    await nuki.control("POST", "owner/codes", **change, **window, from_time=480, until_time=600)
    typed = await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    assert typed["reason"] == "weekday"
    assert "allowedWeekDays" not in (await nuki.codes(lock))["Guest"]
    await nuki.control("POST", "sync", smartlock_id=lock)
    code = (await nuki.codes(lock))["Guest"]
    assert (code["allowedFromDate"], code["allowedUntilDate"], code["allowedWeekDays"]) == (
        "2026-01-01T00:00:00.000Z",
        "2026-12-01T00:00:00.000Z",
        64,
    )
    assert (code["allowedFromTime"], code["allowedUntilTime"]) == (480, 600)
    await nuki.control("POST", "owner/codes", **change, week_days=None, name="Anna", code=495867)
    typed = await nuki.control("POST", "enter_code", smartlock_id=lock, code=495867)
    assert (typed["accepted"], typed["name"]) == (True, "Anna")
    assert (await nuki.control("GET", "truth"))["devices"][0]["codes"][0]["allowedFromTime"] == 480  # stays


@run
async def test_the_owner_renames_adds_and_takes_away() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "owner/rename", smartlock_id=lock, name="Haustür")
    added = await nuki.control("POST", "owner/auths", smartlock_id=lock, do="add", type=2, name="Fob")
    shown = await _device(nuki, lock)
    assert (shown["name"], shown["config"]["fobPaired"]) == ("Front door", False)
    nuki.clock.move(25 * 3600)
    shown = await _device(nuki, lock)
    assert (shown["name"], shown["config"]["name"]) == ("Haustür", "Haustür")
    assert shown["config"]["fobPaired"] is True
    await nuki.call("POST", f"/smartlock/{lock}", {"name": "Flat 3"})
    await nuki.control("POST", "sync", smartlock_id=lock)
    shown = await _device(nuki, lock)
    assert (shown["name"], shown["config"]["name"]) == ("Flat 3", "Haustür")
    await nuki.control("POST", "owner/auths", smartlock_id=lock, do="delete", id=added["auth"]["id"])
    path = f"/smartlock/{lock}/auth/{added['auth']['id']}"
    assert (await nuki.call("GET", path)).status == 200
    await nuki.control("POST", "sync", smartlock_id=lock)
    reply = await nuki.call("GET", path)
    assert (reply.status, reply.json) == (403, E2)


@pytest.mark.parametrize(
    ("verb", "fields", "status"),
    [
        ("owner/codes", {"do": "add", "name": "x" * 21, "code": 777777}, 400),
        ("owner/codes", {"do": "add", "name": "New"}, 400),
        ("owner/codes", {"do": "add", "name": "New", "code": 384756}, 409),
        ("owner/codes", {"do": "change", "name": "Guest", "week_days": 128}, 400),
        ("owner/codes", {"do": "change", "name": "Guest", "from_date": "soon"}, 400),
        ("owner/codes", {"do": "delete", "name": "Nobody"}, 404),
        ("owner/auths", {"do": "add", "type": 13, "name": "New"}, 400),
        ("owner/auths", {"do": "change", "name": "Guest"}, 404),
        ("owner/rename", {"name": " "}, 400),
        ("device", {"battery": 101}, 400),
    ],
)
@run
async def test_what_the_device_would_not_take_is_refused_and_changes_nothing(
    verb: str, fields: dict[str, Any], status: int
) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.created(lock, "Guest", 384756)
    before = await nuki.control("GET", "truth")
    assert await _status(nuki, verb, smartlock_id=lock, **fields) == status
    assert await nuki.control("GET", "truth") == before
