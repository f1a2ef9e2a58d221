"""Settings of devices, and the admin PIN that guards them."""

from typing import Any

import pytest

from .test_simulator_support import E2, JOHN, Nuki, e1, run

SECTIONS = {
    "config": "config",
    "advanced/config": "advancedConfig",
    "advanced/openerconfig": "openerAdvancedConfig",
    "advanced/smartdoorconfig": "smartdoorAdvancedConfig",
}


async def with_devices(*devices: dict[str, object]) -> tuple[Nuki, list[int]]:
    nuki = Nuki("config@example.com")
    home = await nuki.control("POST", "homes", devices=list(devices))
    nuki.token = home["api_token"]
    return nuki, [device["smartlock_id"] for device in home["devices"]]


async def section(nuki: Nuki, lock: int, name: str) -> dict[str, object]:
    return dict((await nuki.call("GET", f"/smartlock/{lock}")).json[name])


@pytest.mark.parametrize(
    ("path", "device", "change"),
    [
        ("config", {"name": "Lock"}, {"ledBrightness": 0}),
        ("config", {"name": "Box", "type": 2, "keypad": False}, {"buttonEnabled": False}),
        ("advanced/config", {"name": "Lock"}, {"batteryType": 2, "lngTimeout": "60"}),
        ("advanced/openerconfig", {"name": "Street", "type": 2}, {"rtoTimeout": 5}),
        ("advanced/smartdoorconfig", {"name": "Door", "type": 3}, {"buzzerVolume": 0}),
    ],
)
@run
async def test_a_whole_section_goes_back_and_counts_later(
    path: str, device: dict[str, Any], change: dict[str, Any]
) -> None:
    nuki, (lock,) = await with_devices(device)
    name = SECTIONS[path]
    before = await section(nuki, lock, name)
    assert (await nuki.call("POST", f"/smartlock/{lock}/{path}", before | change)).status == 204
    assert "operationId" in (await nuki.call("GET", f"/smartlock/{lock}")).json
    assert await section(nuki, lock, name) == before
    busy = await nuki.call("POST", f"/smartlock/{lock}/{path}", before)
    assert (busy.status, busy.json) == (423, E2)
    nuki.clock.move(10)
    numbers = {key: int(value) if isinstance(value, str) else value for key, value in change.items()}
    assert await section(nuki, lock, name) == before | numbers
    device_now = (await nuki.call("GET", f"/smartlock/{lock}")).json
    assert "operationId" not in device_now
    assert "error" not in device_now


@run
async def test_read_only_and_unknown_keys_are_ignored() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id(keypad=False)
    before = await section(nuki, lock, "config")
    written = before | {
        "keypadPaired": True,
        "deviceType": 5,
        "fobPaired": "x",
        "singleLock": True,
        "more": 1,
    }
    assert (await nuki.call("POST", f"/smartlock/{lock}/config", written)).status == 204
    nuki.clock.move(10)
    assert await section(nuki, lock, "config") == before | {"singleLock": True}


@pytest.mark.parametrize(
    ("path", "change", "status", "body"),
    [
        ("config", {"timezoneId": None}, 400, e1("null", "timezoneId")),
        ("config", {"timezoneId": 46}, 400, e1("46", "timezoneId")),
        ("config", {"name": ""}, 400, e1("", "name")),
        ("config", {"name": "x" * 33}, 422, None),
        ("config", {"singleLock": "perhaps"}, 422, None),
        ("config", {"latitude": 91}, 400, e1("91.0", "latitude")),
        ("config", {"ledBrightness": 6}, 400, e1("6", "ledBrightness")),
        ("advanced/config", {"batteryType": None}, 400, e1("null", "batteryType")),
        ("advanced/config", {"lngTimeout": 7}, 400, e1("7", "lngTimeout")),
        ("advanced/config", {"unlatchDuration": "long"}, 422, None),
    ],
)
@run
async def test_a_bad_section_is_refused(
    path: str, change: dict[str, Any], status: int, body: dict[str, Any] | None
) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    before = await section(nuki, lock, SECTIONS[path])
    reply = await nuki.call("POST", f"/smartlock/{lock}/{path}", before | change)
    assert reply.status == status
    assert body is None or reply.json == body
    nuki.clock.move(10)
    assert await section(nuki, lock, SECTIONS[path]) == before


@run
async def test_a_section_that_the_device_has_not_is_refused() -> None:
    nuki, (lock, opener) = await with_devices({"name": "Lock"}, {"name": "Street", "type": 2})
    rules = await section(nuki, opener, "openerAdvancedConfig")
    reply = await nuki.call("POST", f"/smartlock/{lock}/advanced/openerconfig", rules)
    assert (reply.status, reply.json) == (400, e1(str(lock), "smartlockId"))
    assert (await nuki.call("POST", "/smartlock/1/config", {})).status == 403


@run
async def test_what_is_written_works_at_the_door() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    config = await section(nuki, lock, "config")
    changed = config | {"timezoneId": 29, "autoUnlatch": True}  # Tokyo
    await nuki.call("POST", f"/smartlock/{lock}/config", changed)
    nuki.clock.move(10)
    assert (await nuki.control("GET", "truth"))["devices"][0]["time_zone"] == "Asia/Tokyo"
    window = {"allowedFromDate": "2026-03-01T00:00Z", "allowedWeekDays": 127}
    window |= {"allowedFromTime": 21 * 60, "allowedUntilTime": 22 * 60}
    await nuki.created(lock, "Guest", 384756, **window)
    entered = await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    assert entered["reason"] == "ok"  # noon in London is nine in the evening there
    await nuki.call("POST", f"/smartlock/{lock}/action/unlock")
    nuki.clock.move(5)
    assert (await nuki.call("GET", f"/smartlock/{lock}/log")).json[0]["action"] == 3


@run
async def test_auto_lock_waits_two_seconds_at_the_least() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    before = await section(nuki, lock, "advancedConfig")
    await nuki.call(
        "POST", f"/smartlock/{lock}/advanced/config", before | {"autoLock": True, "autoLockTimeout": 0}
    )
    nuki.clock.move(10)
    after = await section(nuki, lock, "advancedConfig")
    assert (after["autoLock"], after["autoLockTimeout"]) == (True, 2)


@run
async def test_a_device_out_of_reach_keeps_its_settings() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    before = await section(nuki, lock, "config")
    await nuki.control("POST", "device", smartlock_id=lock, online=False)
    assert (await nuki.call("POST", f"/smartlock/{lock}/config", before | {"singleLock": True})).status == 204
    nuki.clock.move(10)
    device = (await nuki.call("GET", f"/smartlock/{lock}")).json
    assert device["config"] == before
    assert "ff" in device["error"]
    assert "operationId" not in device


# --- the cloud's own settings ---------------------------------------------------------------------------


@run
async def test_web_settings_may_be_written_in_part() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    path = f"/smartlock/{lock}/web/config"
    assert (await nuki.call("POST", path, {"dismissedLiftUpHandleWarning": [7]})).status == 204
    assert (await nuki.call("POST", path, {"batteryWarningPerMailEnabled": True})).status == 204
    both = {"batteryWarningPerMailEnabled": True, "dismissedLiftUpHandleWarning": [7]}
    assert await section(nuki, lock, "webConfig") == both
    await nuki.call("POST", path, {"dismissedLiftUpHandleWarning": [], "batteryWarningPerMailEnabled": None})
    assert await section(nuki, lock, "webConfig") == both | {"dismissedLiftUpHandleWarning": []}


@run
async def test_web_settings_of_many_devices_are_written_together_or_not_at_all() -> None:
    nuki = await Nuki(JOHN).enter()
    locks = [one["smartlockId"] for one in (await nuki.call("GET", "/smartlock")).json]
    wanted = {"batteryWarningPerMailEnabled": True}
    requests = [{"smartlockId": str(lock), "webConfig": wanted} for lock in locks]
    foreign = [*requests, {"smartlockId": 1, "webConfig": wanted}]
    assert (await nuki.call("POST", "/bulk-web-config", {"webConfigRequests": foreign})).status == 403
    assert not (await section(nuki, locks[0], "webConfig"))["batteryWarningPerMailEnabled"]
    assert (await nuki.call("POST", "/bulk-web-config", {"webConfigRequests": requests})).status == 204
    assert all([(await section(nuki, lock, "webConfig"))["batteryWarningPerMailEnabled"] for lock in locks])
    assert (await nuki.call("POST", "/bulk-web-config", {})).status == 422


# --- the admin PIN --------------------------------------------------------------------------------------


async def pin_state(nuki: Nuki, lock: int) -> int:
    return int((await nuki.call("GET", f"/smartlock/{lock}")).json["adminPinState"])


@run
async def test_a_pin_changed_in_the_app_blocks_administrative_writes_until_it_is_told() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    await nuki.control("POST", "owner/admin_pin", smartlock_id=lock, pin=4711)
    assert await pin_state(nuki, lock) == 0
    await nuki.call("POST", f"/smartlock/{lock}/sync")
    nuki.clock.move(9)
    assert await pin_state(nuki, lock) == 2
    path = f"/smartlock/{lock}/auth/{guest['id']}"
    refused = [
        await nuki.create(lock, "Other", 495867),
        await nuki.call("POST", path, {"enabled": False}),
        await nuki.call("DELETE", path),
        await nuki.call("POST", f"/smartlock/{lock}/config", await section(nuki, lock, "config")),
    ]
    assert [(reply.status, reply.json) for reply in refused] == [(403, E2)] * 4
    assert (await nuki.call("POST", f"/smartlock/{lock}", {"favorite": True})).status == 204
    assert (await nuki.call("POST", f"/smartlock/{lock}/action", {"action": 1})).status == 204
    nuki.clock.move(5)
    for pin, state in ((1234, 2), ("4711", 0)):
        assert (await nuki.call("POST", f"/smartlock/{lock}/admin/pin", {"adminPin": pin})).status == 204
        nuki.clock.move(10)
        assert await pin_state(nuki, lock) == state
        error = (await nuki.call("GET", f"/smartlock/{lock}")).json.get("error", "")
        assert ("21" in error) == (state == 2)
    assert (await nuki.create(lock, "Other", 495867)).status == 204


@run
async def test_a_write_that_comes_before_the_sync_finds_the_pin_changed() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "owner/admin_pin", smartlock_id=lock, pin=4711)
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}
    assert "21" in (await nuki.call("GET", f"/smartlock/{lock}")).json["error"]
    assert await pin_state(nuki, lock) == 2


@run
async def test_a_new_pin_is_set_while_the_old_one_is_good() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    path = f"/smartlock/{lock}/admin/pin"
    for pin in (None, -1, 10000):
        assert (await nuki.call("POST", path, {"adminPin": pin})).status == 400
    assert (await nuki.call("POST", path, {"adminPin": 4711})).status == 204
    assert (await nuki.call("POST", path, {"adminPin": 4711})).status == 423
    nuki.clock.move(10)
    assert await pin_state(nuki, lock) == 0
    await nuki.call("POST", f"/smartlock/{lock}/sync")
    nuki.clock.move(9)
    assert await pin_state(nuki, lock) == 0


@run
async def test_a_lost_write_is_accepted_and_never_arrives() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    before = await section(nuki, lock, "config")
    await nuki.control("POST", "faults", fault="lost", times=1)
    changed = before | {"ledBrightness": 0, "timezoneId": 65535}  # as a device without zones sends it back
    assert (await nuki.call("POST", f"/smartlock/{lock}/config", changed)).status == 204
    nuki.clock.move(10)
    assert await section(nuki, lock, "config") == before
    assert (await nuki.call("POST", f"/smartlock/{lock}/config", changed)).status == 204
    nuki.clock.move(10)
    assert await section(nuki, lock, "config") == changed
    assert (await nuki.control("GET", "truth"))["devices"][0]["time_zone"] == "Europe/Berlin"
