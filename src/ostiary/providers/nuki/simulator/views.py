"""
Turning state into the vendor's JSON: its names, its order of keys (2.3), no key without a value (0.2).
"""

from datetime import UTC, datetime
from typing import Any

from . import generations
from .account_state import AccountUser
from .refusals import NO_HOSTING
from .shapes import present as _present
from .state import (
    BOX,
    CODE,
    FOB,
    LOCK_1_2,
    LOCK_3_4,
    LOCK_5,
    OPENER,
    SMART_DOOR,
    Auth,
    Device,
    Home,
    LogEntry,
    Status,
)
from .zones import NO_ZONE, offset_of

ONLINE, OFFLINE = 0, 4  # serverState
_BATTERY_LOW = 20  # percent


def instant(moment: datetime | None) -> str | None:
    """UTC with milliseconds (0.2)."""
    if moment is None:
        return None
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def smartlock(home: Home, device: Device) -> dict[str, Any]:
    opener, smart_door, box = device.type == OPENER, device.type == SMART_DOOR, device.type == BOX
    generation = generations.of(device)
    return _present(
        {
            "smartlockId": device.smartlock_id,
            "accountId": home.account_id,
            "type": device.type,
            "lmType": 1 if smart_door else None,
            "authId": _web_auth_number(device),
            "name": device.name,
            "favorite": device.favorite,
            "config": section(device, "config"),
            "advancedConfig": section(device, "advancedConfig"),
            "openerAdvancedConfig": section(device, "openerAdvancedConfig"),
            "smartdoorAdvancedConfig": section(device, "smartdoorAdvancedConfig"),
            "webConfig": {"batteryWarningPerMailEnabled": False} | device.web_config,
            "state": _state(device, device.cloud.status),
            "firmwareVersion": generation.packed_firmware,
            "hardwareVersion": generation.packed_hardware,
            "operationId": device.operation_id,
            "serverState": server_state(device),
            "adminPinState": device.admin_pin_state,
            "virtualDevice": False,
            "creationDate": instant(device.created_at),
            "updateDate": instant(device.updated_at),
            "error": device_error(device),
            "currentSubscription": _subscription(device) if has_hosting(device) else None,
            "previousSubscriptions": [_subscription(device)] if is_without_hosting(device) else None,
            "opener": opener,
            "box": box,
            "smartDoor": smart_door,
            "keyturner": not (opener or smart_door or box),
        }
    )


def section(device: Device, name: str) -> dict[str, Any] | None:
    """One section of the configuration: what a new device has, and what was written since. None: no such."""
    opener, smart_door = device.type == OPENER, device.type == SMART_DOOR
    if name == "config":
        fresh = _config(device)
    elif name == "openerAdvancedConfig" and opener:
        fresh = _opener_config()
    elif name == "smartdoorAdvancedConfig" and smart_door:
        fresh = _smart_door_config()
    elif name == "advancedConfig" and device.type in (LOCK_1_2, LOCK_3_4, LOCK_5):
        fresh = _advanced_config()
    else:
        return None
    return fresh | device.cloud.settings.get(name, {})


def device_error(device: Device) -> str | None:
    """A lapse of Smart Hosting outweighs what went wrong before (1.4)."""
    return NO_HOSTING if is_without_hosting(device) else device.error


def server_state(device: Device) -> int:
    """That the cloud is shut out outweighs that the device is offline (assumed)."""
    return device.server_state or (ONLINE if device.online else OFFLINE)


def has_hosting(device: Device) -> bool:
    return device.subscription == "ACTIVE" or (device.subscription == "EXPIRED" and device.in_grace)


def is_without_hosting(device: Device) -> bool:
    """It lapsed. A device that never had it is not asked for it (1.4)."""
    return device.subscription == "EXPIRED" and not device.in_grace


def _web_auth_number(device: Device) -> int:
    auth = device.cloud.auths.get(device.web_auth_id)
    return auth.auth_id if auth else 0


def _subscription(device: Device) -> dict[str, Any]:
    shown = {"type": "B2C", "state": device.subscription, "creationDate": instant(device.created_at)}
    return {**shown, "isInGracePeriod": True} if device.in_grace else shown


def _config(device: Device) -> dict[str, Any]:
    opener, box, generation = device.type == OPENER, device.type == BOX, generations.of(device)
    offset, summer = (0, 0) if generation.knows_zones else offset_of(device.timezone_id)
    return _present(
        {
            "name": device.name,
            "latitude": 48.137154,
            "longitude": 11.576124,
            "capabilities": 1 if opener else None,
            "autoUnlatch": None if opener or box else device.has_knob,
            "liftUpHandle": None if opener or box else False,
            "pairingEnabled": True,
            "buttonEnabled": True,
            "ledEnabled": True,
            "ledBrightness": 3,
            "timezoneOffset": offset,
            "daylightSavingMode": summer,
            "fobPaired": any(held.type == FOB for held in device.cloud.auths.values()),
            "fobAction1": 1,
            "fobAction2": 2,
            "fobAction3": 7 if opener else 3,
            "singleLock": False,
            "operatingMode": 0 if opener else None,
            "advertisingMode": 0,
            "keypadPaired": device.cloud.keypad_paired,
            "keypad2Paired": device.cloud.keypad2_paired,
            "homekitState": generation.homekit,
            "matterState": generation.matter,
            "timezoneId": device.timezone_id if generation.knows_zones else NO_ZONE,
            "deviceType": device.type,
            "wifiEnabled": generation.has_wifi,
            "productVariant": generation.product_variant,
        }
    )


def _advanced_config() -> dict[str, Any]:
    return {
        "lngTimeout": 20,
        "singleButtonPressAction": 1,
        "doubleButtonPressAction": 5,
        "automaticBatteryTypeDetection": False,
        "unlatchDuration": 3,
        "totalDegrees": 765,
        "singleLockedPositionOffsetDegrees": 0,
        "unlockedToLockedTransitionOffsetDegrees": 0,
        "unlockedPositionOffsetDegrees": 0,
        "lockedPositionOffsetDegrees": 0,
        "detachedCylinder": False,
        "batteryType": 1,
        "autoLock": False,
        "autoLockTimeout": 300,
        "autoUpdateEnabled": True,
    }


def _opener_config() -> dict[str, Any]:
    return {
        "intercomId": 1,
        "busModeSwitch": 0,
        "shortCircuitDuration": 0,
        "electricStrikeDelay": 0,
        "randomElectricStrikeDelay": False,
        "electricStrikeDuration": 3000,
        "disableRtoAfterRing": False,
        "rtoTimeout": 20,
        "doorbellSuppression": 0,
        "doorbellSuppressionDuration": 500,
        "soundRing": 0,
        "soundOpen": 0,
        "soundRto": 0,
        "soundCm": 0,
        "soundConfirmation": 0,
        "soundLevel": 0,
        "singleButtonPressAction": 1,
        "doubleButtonPressAction": 4,
        "batteryType": 0,
        "automaticBatteryTypeDetection": True,
        "autoUpdateEnabled": True,
    }


def _smart_door_config() -> dict[str, Any]:
    return {
        "lngTimeout": 20,
        "singleButtonPressAction": 1,
        "doubleButtonPressAction": 5,
        "automaticBatteryTypeDetection": True,
        "unlatchDuration": 3,
        "buzzerVolume": 1,
        "supportedBatteryTypes": [0, 1, 2],
        "batteryType": 1,
        "autoLockTimeout": 300,
        "autoLock": False,
    }


def _state(device: Device, status: Status) -> dict[str, Any]:
    tells_charge = generations.of(device).tells_charge
    return _present(
        {
            "mode": status.mode,
            "state": status.alert or status.state,
            "trigger": status.trigger,
            "lastAction": status.last_action,
            "batteryCritical": status.battery_charge <= _BATTERY_LOW,
            "batteryCharging": status.is_charging if tells_charge else None,
            "batteryCharge": status.battery_charge if tells_charge else None,
            "keypadBatteryCritical": status.keypad_battery_critical if device.cloud.has_keypad else None,
            "doorsensorBatteryCritical": status.sensor_battery_critical if status.door_state else None,
            "doorState": status.door_state,
            "ringToOpenTimer": 0,
            "ringToOpenEnd": instant(status.rto_end),
            "nightMode": False,
        }
    )


def auth(device: Device, held: Auth) -> dict[str, Any]:
    return _present(
        {
            "id": held.id,
            "smartlockId": device.smartlock_id,
            "accountUserId": held.account_user_id,
            "authId": held.auth_id,
            "code": held.code,
            "fingerprints": held.fingerprints or None,
            "type": held.type,
            "name": held.name,
            "enabled": held.enabled,
            "remoteAllowed": held.remote_allowed,
            "lockCount": held.lock_count,
            "allowedFromDate": instant(held.from_date),
            "allowedUntilDate": instant(held.until_date),
            "allowedWeekDays": held.week_days,
            "allowedFromTime": held.from_time,
            "allowedUntilTime": held.until_time,
            "lastActiveDate": instant(held.last_active_at),
            "creationDate": instant(held.created_at),
            "updateDate": instant(held.updated_at),
            "operationId": object_id(held.operation_id) if held.operation_id else None,
            "error": held.error,
        }
    )


def object_id(text: str) -> dict[str, Any]:
    """An ObjectId taken apart, as the vendor shows it on authorizations alone (4.2)."""
    seconds = int(text[:8], 16)
    return {
        "timestamp": seconds,
        "counter": int(text[18:24], 16),
        "time": seconds * 1000,
        "date": instant(datetime.fromtimestamp(seconds, UTC)),
        "machineIdentifier": int(text[8:14], 16),
        "processIdentifier": int(text[14:18], 16),
        "timeSecond": seconds,
    }


def log_entry(device: Device, entry: LogEntry) -> dict[str, Any]:
    return _present(
        {
            "id": entry.id,
            "smartlockId": device.smartlock_id,
            "deviceType": LOCK_1_2 if device.type == BOX else device.type,  # 6.1
            "accountUserId": entry.account_user_id,
            "authId": entry.auth_id,
            "name": entry.name,
            "action": entry.action,
            "trigger": entry.trigger,
            "state": entry.state,
            "autoUnlock": False,
            "date": instant(entry.at),
            "openerLog": _opener_log(entry) if device.type == OPENER else None,
            "ajarTimeout": entry.ajar_minutes,
            "source": entry.source,
        }
    )


def _opener_log(entry: LogEntry) -> dict[str, Any]:
    return {
        "activeCm": entry.active_cm,
        "activeRto": entry.active_rto,
        "source": entry.opener_source if entry.opener_source is not None else 6 if entry.source else 2,
        "flagGeoFence": False,
        "flagForce": False,
        "flagDoorbellSuppression": False,
    }


def codes_of(auths: dict[str, Auth]) -> list[Auth]:
    return [held for held in auths.values() if held.type == CODE]


def account_user(home: Home, user: AccountUser) -> dict[str, Any]:
    return _present(
        {
            "accountUserId": user.id,
            "accountId": home.account_id,
            "type": user.type,
            "email": user.email,
            "name": user.name,
            "language": user.language,
            "operationId": user.operation_id,
            "creationDate": instant(user.created_at),
            "updateDate": instant(user.updated_at),
        }
    )
