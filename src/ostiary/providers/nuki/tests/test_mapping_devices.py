"""Nuki's devices in the house's words."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ostiary.domain.provider import Capabilities, DeviceProblem, ObservedDevice
from ostiary.providers.nuki import mapping, models

ID = 0x02860A24  # a leading zero, as clients forget
HOSTING = "No active Smart Hosting subscription for the Smart Lock, please get one!"


def smartlock(kind: int = 4, **fields: Any) -> ObservedDevice:
    base = {
        "smartlockId": (kind << 32) | ID,
        "type": kind,
        "name": "Front door",
        "config": {"keypadPaired": True, "timezoneId": 37},
        "state": {"state": 1, "batteryCharge": 86, "doorState": 2},
        "serverState": 0,
        "adminPinState": 0,
    }
    return mapping.device(models.read(json.dumps({**base, **fields}).encode(), models.Smartlock))


def state(number: int, kind: int = 4, **fields: Any) -> ObservedDevice:
    return smartlock(kind, state={"state": number, **fields})


def programs(device: ObservedDevice) -> bool | None:
    return device.capabilities.can_program_online_access_codes


def test_a_lock_by_example() -> None:
    device = smartlock(
        advancedConfig={"autoLock": True, "autoLockTimeout": 300},
        state={"state": 1, "batteryCharge": 86, "doorState": 3, "keypadBatteryCritical": False},
    )
    assert device == ObservedDevice(
        vendor_device_id="17222208036",
        device_type="nuki_lock",
        name="Front door",
        is_online=True,
        capabilities=Capabilities(
            can_remotely_lock=True,
            can_remotely_unlock=True,
            can_program_online_access_codes=True,
            code_lengths=(6,),
            code_constraints=("no_zeros", "cannot_start_with_12"),
            name_max_length=20,
            supports_backup_access_code_pool=True,
            max_access_codes=200,
            keeps_weekly_windows=True,
        ),
        properties={
            "manufacturer": "nuki",
            "model": {
                "display_name": "Smart Lock",
                "manufacturer_display_name": "Nuki",
                "can_connect_accessory_keypad": True,
                "has_built_in_keypad": False,
                "accessory_keypad_supported": True,
                "online_access_codes_supported": True,
                "offline_access_codes_supported": False,
            },
            "accessory_keypad": {"is_connected": True},
            "door_open": True,
            "auto_lock_enabled": True,
            "auto_lock_delay_seconds": 300,
            "supported_code_lengths": [6],
            "max_active_codes_supported": 200,
            "code_constraints": [
                {"constraint_type": "no_zeros"},
                {"constraint_type": "cannot_start_with_12"},
                {"constraint_type": "name_length", "max_length": 20},
            ],
            "supports_backup_access_code_pool": True,
            "has_native_entry_events": False,
            "serial_number": "02860A24",
            "nuki_metadata": {
                "device_id": "42338852",
                "device_name": "Front door",
                "keypad_paired": True,
                "keypad_battery_critical": False,
            },
        },
        is_locked=True,
        time_zone="Europe/Berlin",
        battery_level=0.86,
    )


def test_an_id_alone_is_a_device() -> None:
    device = mapping.device(models.read(b'{"smartlockId":17222208036}', models.Smartlock))
    assert (device.name, device.is_online, device.is_locked) == ("Nuki 02860A24", True, None)
    assert device.capabilities.can_remotely_lock
    assert programs(device) is False
    assert (device.time_zone, device.battery_level, device.problems) == (None, None, ())


@pytest.mark.parametrize(
    ("number", "is_locked", "is_busy"),
    [
        (0, None, False),
        (1, True, False),
        (2, None, True),
        (3, False, False),
        (4, None, True),
        (5, False, False),
        (6, False, False),
        (7, None, True),
        (224, None, False),
        (225, None, False),
        (253, None, False),
        (254, None, False),
        (255, None, False),
        (99, None, False),
    ],
)
def test_states_of_a_lock(number: int, is_locked: bool | None, is_busy: bool) -> None:
    for kind in (0, 3, 4, 5):
        device = state(number, kind)
        assert (device.is_locked, device.is_busy) == (is_locked, is_busy)


@pytest.mark.parametrize(("number", "is_busy"), [(1, False), (3, False), (5, False), (7, True)])
def test_an_opener_is_neither_locked_nor_unlocked(number: int, is_busy: bool) -> None:
    device = state(number, kind=2)
    assert (device.is_locked, device.is_busy) == (None, is_busy)
    assert device.capabilities.can_remotely_lock is None
    assert device.capabilities.can_remotely_unlock is True


@pytest.mark.parametrize("fields", [{"operationId": "65f0"}, {"state": {"state": 1, "operationId": {}}}])
def test_a_running_operation_keeps_a_device_busy(fields: dict[str, Any]) -> None:
    assert smartlock(**fields).is_busy


@pytest.mark.parametrize(
    ("kind", "config", "flag"),
    [
        (4, {"keypadPaired": True}, True),
        (4, {"keypad2Paired": True}, True),
        (4, {"keypadPaired": False, "keypad2Paired": False}, False),
        (4, {}, False),
        (0, {}, False),
        (2, {}, False),
        (2, {"keypadPaired": True}, True),
        (3, {}, False),
        (1, {}, None),
        (9, {}, None),
        (9, {"keypadPaired": True}, True),
    ],
)
def test_codes_need_a_keypad(kind: int, config: dict[str, Any], flag: bool | None) -> None:
    device = smartlock(kind, config=config)
    assert programs(device) is flag
    assert ("supported_code_lengths" in device.properties) is (flag is not None)
    keypad = device.properties.get("accessory_keypad")
    assert keypad == (None if flag is None else {"is_connected": flag})
    assert device.properties["model"]["can_connect_accessory_keypad"] is (flag is not None)


@pytest.mark.parametrize(
    ("fields", "is_missing"),
    [
        ({}, False),
        ({"currentSubscription": {"type": "B2C"}}, False),
        ({"currentSubscription": {"state": "ACTIVE"}}, False),
        ({"currentSubscription": {"state": "PENDING_CANCEL"}}, False),
        ({"currentSubscription": {"state": "PENDING"}}, False),
        ({"currentSubscription": {"state": "BRAND_NEW"}}, False),
        ({"currentSubscription": {"state": "EXPIRED", "isInGracePeriod": True}}, False),
        ({"currentSubscription": {"state": "EXPIRED"}}, True),
        ({"currentSubscription": {"state": "INACTIVE"}}, True),
        ({"currentSubscription": {"state": "CANCELLED"}}, True),
        ({"currentSubscription": {"state": "ON_HOLD"}}, True),
        ({"previousSubscriptions": [{"state": "EXPIRED"}]}, False),
        ({"error": HOSTING}, True),
        ({"error": "motor blocked"}, False),
    ],
)
def test_codes_need_smart_hosting(fields: dict[str, Any], is_missing: bool) -> None:
    device = smartlock(**fields)
    assert programs(device) is not is_missing
    assert [problem.error_code for problem in device.problems] == ["subscription_required"] * is_missing
    assert device.capabilities.can_remotely_unlock is True


def test_a_box_needs_no_smart_hosting() -> None:
    assert smartlock(1, config={}, error=HOSTING).problems == ()


@pytest.mark.parametrize(
    ("fields", "is_online", "codes"),
    [
        ({"serverState": 0}, True, []),
        ({"serverState": 4}, False, []),
        ({"serverState": 1}, False, ["missing_device_credentials"]),
        ({"serverState": 2}, False, ["missing_device_credentials"]),
        ({"serverState": 3}, False, ["missing_device_credentials"]),
        ({"serverState": 77}, False, []),
        ({"adminPinState": 1}, True, []),
        ({"adminPinState": 2}, True, ["missing_device_credentials"]),
        ({"adminPinState": 2, "serverState": 1}, False, ["missing_device_credentials"]),
    ],
)
def test_reaching_the_device(fields: dict[str, Any], is_online: bool, codes: list[str]) -> None:
    device = smartlock(**fields)
    assert device.is_online is is_online
    assert [problem.error_code for problem in device.problems] == codes
    assert all(isinstance(problem, DeviceProblem) and problem.message for problem in device.problems)
    assert programs(device) is True  # being away is not being unable


def test_the_door_is_told_only_while_online() -> None:
    assert state(1, doorState=2).properties["door_open"] is False
    assert state(1, doorState=3).properties["door_open"] is True
    for number in (0, 1, 4, 5, 16, 240, 255, 99):
        assert "door_open" not in state(1, doorState=number).properties
    assert "door_open" not in smartlock(serverState=4).properties


@pytest.mark.parametrize(
    ("config", "enabled", "delay"),
    [
        ({}, None, None),
        ({"autoLock": False, "autoLockTimeout": 300}, False, None),
        ({"autoLock": True, "autoLockTimeout": 300}, True, 300),
        ({"autoLock": True}, True, None),
        ({"autoLockTimeout": 0}, False, None),
        ({"autoLockTimeout": 60}, True, 60),
    ],
)
@pytest.mark.parametrize("key", ["advancedConfig", "smartdoorAdvancedConfig"])
def test_auto_lock(key: str, config: dict[str, Any], enabled: bool | None, delay: int | None) -> None:
    fields: dict[str, Any] = {key: config}
    properties = smartlock(**fields).properties
    assert properties.get("auto_lock_enabled") is enabled
    assert properties.get("auto_lock_delay_seconds") == delay


@pytest.mark.parametrize(
    ("kind", "config", "name", "most"),
    [
        (0, {}, "Smart Lock", 100),
        (2, {}, "Opener", 100),
        (3, {}, "Smart Door", 100),
        (4, {"wifiEnabled": False}, "Smart Lock", 200),
        (4, {"wifiEnabled": True}, "Smart Lock Pro", 200),
        (5, {"productVariant": 1}, "Smart Lock Go", 200),
        (5, {"productVariant": 3}, "Smart Lock Ultra", 200),
        (5, {"productVariant": 8}, "Smart Lock", 200),
        (5, {}, "Smart Lock", 200),
        (1, {}, "Box", None),
        (9, {}, "Nuki device", None),
    ],
)
def test_models(kind: int, config: dict[str, Any], name: str, most: int | None) -> None:
    device = smartlock(kind, config=config)
    assert device.properties["model"]["display_name"] == name
    assert device.capabilities.max_access_codes == most
    assert device.properties.get("max_active_codes_supported") == most


@pytest.mark.parametrize(("charge", "level"), [(0, 0.0), (100, 1.0), (101, 1.0), (-1, 0.0), (None, None)])
def test_battery(charge: int | None, level: float | None) -> None:
    assert state(1, batteryCharge=charge).battery_level == level


def test_a_critical_battery_without_a_charge_is_not_guessed() -> None:
    assert state(1, batteryCritical=True).battery_level is None


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "Africa/Cairo"),
        (15, "America/Santiago"),
        (16, "America/Sao_Paulo"),
        (31, "Australia/Adelaide"),
        (37, "Europe/Berlin"),
        (45, "Pacific/Pago_Pago"),
        (46, None),
        (65535, None),
        (None, None),
    ],
)
def test_time_zones(number: int | None, name: str | None) -> None:
    assert smartlock(config={"timezoneId": number}).time_zone == name


def test_every_time_zone_exists() -> None:
    assert len(mapping.ZONES) == 46
    assert all(ZoneInfo(name).key == name for name in mapping.ZONES.values())


def test_the_house_adds_these_itself() -> None:
    houses_own = {"online", "name", "appearance", "locked", "battery", "battery_level", "keypad_battery"}
    assert not houses_own & smartlock().properties.keys()
