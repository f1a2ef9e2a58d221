"""
The sections of a device's configuration as a client may write them (2.4 to 2.8).

A client reads a section, changes one key and sends all of it back, read-only keys included: those, and
keys that nobody knows, are accepted and ignored (7.3).
"""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Literal

from .bodies import Fields, as_integer, boolean, text
from .refusals import bad_parameter, unprocessable
from .zones import ZONES

_NAME_BYTES = 32
_NO_ZONE = 65535  # what devices send back that know no zones (10.4)


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `allowed` None: any value of that kind. Keys that are read-only are not listed at all."""

    kind: Literal["integer", "number", "boolean", "text"] = "integer"
    is_required: bool = False
    allowed: Container[int] | None = None


def _integer(*allowed: int, required: bool = False) -> Key:
    return Key("integer", required, allowed or None)


def _up_to(most: int, *, required: bool = False, least: int = 0) -> Key:
    return Key("integer", required, range(least, most + 1))


_FLAG, _FLAG_REQUIRED = Key("boolean"), Key("boolean", True)
_LONG = 65535  # seconds, minutes or milliseconds; the definition has no bounds that count (0.4)
_LNG_TIMEOUT = _integer(5, 10, 15, 20, 30, 45, 60)
_UNLATCH = _integer(1, 3, 5, 7, 10, 15, 20, 30)

_CONFIG = {
    "name": Key("text", True),
    "latitude": Key("number", True),
    "longitude": Key("number", True),
    "autoUnlatch": _FLAG,
    "liftUpHandle": _FLAG,
    "pairingEnabled": _FLAG,
    "buttonEnabled": _FLAG,
    "ledEnabled": _FLAG,
    "ledBrightness": _up_to(5),
    "timezoneOffset": Key(is_required=True),
    "daylightSavingMode": _up_to(1),
    "singleLock": _FLAG_REQUIRED,
    "advertisingMode": _up_to(3, required=True),
    "timezoneId": Key("integer", True, (*ZONES, _NO_ZONE)),
}

_LOCK = {
    "lngTimeout": _LNG_TIMEOUT,
    "singleButtonPressAction": _up_to(6),
    "doubleButtonPressAction": _up_to(6),
    "automaticBatteryTypeDetection": _FLAG,
    "unlatchDuration": _UNLATCH,
    "singleLockedPositionOffsetDegrees": Key(is_required=True),
    "unlockedToLockedTransitionOffsetDegrees": Key(),
    "unlockedPositionOffsetDegrees": Key(is_required=True),
    "lockedPositionOffsetDegrees": Key(is_required=True),
    "detachedCylinder": _FLAG,
    "batteryType": _up_to(2, required=True),
    "autoLock": _FLAG,
    "autoLockTimeout": _up_to(_LONG),
    "autoUpdateEnabled": _FLAG,
    "motorSpeed": _up_to(2),
    "enableSlowSpeedDuringNightmode": _FLAG,
}

_OPENER = {
    "shortCircuitDuration": _up_to(_LONG, required=True),
    "electricStrikeDelay": _up_to(_LONG, required=True),
    "randomElectricStrikeDelay": _FLAG_REQUIRED,
    "electricStrikeDuration": _up_to(_LONG, required=True),
    "disableRtoAfterRing": _FLAG_REQUIRED,
    "rtoTimeout": _up_to(_LONG, required=True),
    "doorbellSuppression": _up_to(7, required=True),
    "doorbellSuppressionDuration": _up_to(_LONG, required=True),
    "soundRing": _up_to(3, required=True),
    "soundOpen": _up_to(3, required=True),
    "soundRto": _up_to(3, required=True),
    "soundCm": _up_to(3, required=True),
    "soundConfirmation": _up_to(1, required=True),
    "soundLevel": _up_to(255, required=True),
    "singleButtonPressAction": _up_to(7, required=True),
    "doubleButtonPressAction": _up_to(7, required=True),
    "batteryType": _up_to(3, required=True),
    "automaticBatteryTypeDetection": _FLAG,
    "autoUpdateEnabled": _FLAG,
}

_SMART_DOOR = {
    "lngTimeout": _LNG_TIMEOUT,
    "singleButtonPressAction": _up_to(6),
    "doubleButtonPressAction": _up_to(6),
    "automaticBatteryTypeDetection": _FLAG,
    "unlatchDuration": _UNLATCH,
    "buzzerVolume": _up_to(2),
    "batteryType": _integer(0, 1, 2, 3, 255, required=True),
    "autoLockTimeout": _up_to(_LONG),
    "autoLock": _FLAG_REQUIRED,
}

SECTIONS: dict[str, dict[str, Key]] = {
    "config": _CONFIG,
    "advancedConfig": _LOCK,
    "openerAdvancedConfig": _OPENER,
    "smartdoorAdvancedConfig": _SMART_DOOR,
}

_LEAST_AUTO_LOCK = 2  # seconds; less becomes this when `autoLock` is on (2.5)


def read(section: str, fields: Fields) -> dict[str, Any]:
    """What a client wants a section to be; absent and null keys are left out."""
    values: dict[str, Any] = {}
    for name, key in SECTIONS[section].items():
        value = _value(fields, name, key)
        if value is not None:
            values[name] = value
    for name, key in SECTIONS[section].items():
        _check(name, key, values.get(name))
    if section == "advancedConfig" and values.get("autoLock") and "autoLockTimeout" in values:
        values["autoLockTimeout"] = max(values["autoLockTimeout"], _LEAST_AUTO_LOCK)
    return values


def _value(fields: Fields, name: str, key: Key) -> Any:
    value = fields.get(name)
    if value is None:
        return None
    if key.kind == "boolean":
        return boolean(fields, name)
    if key.kind == "integer":
        return as_integer(value)
    if key.kind == "number":
        return _number(value)
    words = text(fields, name)
    if words is not None and len(words.encode()) > _NAME_BYTES:
        raise unprocessable()
    return words


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise unprocessable()
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise unprocessable() from None


def _check(name: str, key: Key, value: Any) -> None:
    if value is None or value == "":
        if key.is_required or value == "":
            raise bad_parameter(name, value)
        return
    if key.allowed is not None and value not in key.allowed:
        raise bad_parameter(name, value)
    if (name == "latitude" and not -90 <= value <= 90) or (name == "longitude" and not -180 <= value <= 180):
        raise bad_parameter(name, value)
