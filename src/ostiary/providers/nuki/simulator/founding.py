"""How a home comes into being: the known homes, and homes as a test describes them."""

import hashlib
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta

import msgspec

from .state import (
    APP,
    BRIDGE,
    DEVICE_TYPES,
    KEYPAD,
    LOCK_3_4,
    OPENER,
    Auth,
    Device,
    Home,
    Side,
    Status,
)
from .zones import BERLIN, ZONES

SYNC_EVERY = timedelta(hours=24)  # 7.1


class DeviceSketch(msgspec.Struct, forbid_unknown_fields=True):
    """
    One device as a person describes it.

    Attributes:
        type: The vendor's device type, 2.3.
        time_zone: An IANA name out of 10.4.
        subscription: Smart Hosting: True active, False lapsed, None never had it.
    """

    name: str
    type: int = LOCK_3_4
    keypad: bool = True
    time_zone: str = BERLIN
    subscription: bool | None = True
    knob: bool = False


KNOWN_HOMES: dict[str, tuple[DeviceSketch, ...]] = {
    "john@example.com": (
        DeviceSketch("Street entrance", type=OPENER, keypad=False, subscription=None),
        DeviceSketch("Front door"),
        DeviceSketch("Garden door", keypad=False, subscription=None),
    ),
}
OTHER_HOMES = (
    DeviceSketch("Front door"),
    DeviceSketch("Garden door", keypad=False, subscription=None),
)


def found(
    name: str, now: datetime, sketches: Sequence[DeviceSketch] | None = None, seed: str | None = None
) -> Home:
    """
    A new home.

    Every number in it follows from `seed`, by default the name: the same home looks the same each time.

    Raises:
        ValueError: A sketch has a type or a zone that the vendor does not know.
    """
    seed = name if seed is None else seed
    home = Home(name=name, seed=seed, account_id=_number(seed, "account", 31) or 1, created_at=now)
    for sketch in KNOWN_HOMES.get(name, OTHER_HOMES) if sketches is None else sketches:
        home.devices.append(_device(home, sketch, now))
    return home


def _device(home: Home, sketch: DeviceSketch, now: datetime) -> Device:
    if sketch.type not in DEVICE_TYPES:
        raise ValueError(f"There is no device type {sketch.type}; known are {DEVICE_TYPES}.")
    if sketch.time_zone not in ZONES.values():
        raise ValueError(f"The vendor has no number for the time zone {sketch.time_zone!r}.")
    number = _number(home.seed, f"device {len(home.devices)}", 32)
    truth = Side(status=Status(state=1), keypad_paired=sketch.keypad)
    device = Device(
        smartlock_id=(sketch.type << 32) | number,  # 2.2
        type=sketch.type,
        name=sketch.name,
        created_at=now,
        updated_at=now,
        next_sync_at=now + SYNC_EVERY,
        truth=truth,
        cloud=Side(status=Status()),
        web_auth_id="",
        timezone_id=next(number for number, zone in ZONES.items() if zone == sketch.time_zone),
        last_auth_number=_number(home.seed, f"auths {len(home.devices)}", 20),
        has_knob=sketch.knob,
        subscription=None if sketch.subscription is None else "ACTIVE" if sketch.subscription else "EXPIRED",
    )
    device.web_auth_id = _add(home, device, APP, "Nuki Web", now)
    _add(home, device, BRIDGE, "Bridge", now)
    if sketch.keypad:
        _add(home, device, KEYPAD, "Keypad", now)
    device.cloud = Side(
        status=copy(truth.status),
        keypad_paired=truth.keypad_paired,
        auths={auth_id: copy(auth) for auth_id, auth in truth.auths.items()},
    )
    return device


def _add(home: Home, device: Device, kind: int, name: str, now: datetime) -> str:
    device.last_auth_number += 1
    auth = Auth(
        id=home.object_id(now),
        auth_id=device.last_auth_number,
        type=kind,
        name=name,
        created_at=now,
        updated_at=now,
        remote_allowed=kind == APP,
    )
    device.truth.auths[auth.id] = auth
    return auth.id


def _number(seed: str, what: str, bits: int) -> int:
    digest = hashlib.sha256(f"{seed}/{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - bits)
