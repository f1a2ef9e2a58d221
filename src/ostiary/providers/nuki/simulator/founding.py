"""How a home comes into being: the known homes, and homes as a test describes them."""

import hashlib
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta

import msgspec

from .generations import GENERATIONS, USUAL
from .state import (
    APP,
    BOX,
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
        type: The vendor's device type, 2.3; None: follows from the generation.
        generation: A key of `generations.GENERATIONS`; None: the usual one of the type.
        keypad: With a Keypad 1, unless it has a Keypad 2 (`keypad2`). A Box takes neither.
        time_zone: An IANA name out of 10.4.
        subscription: Smart Hosting: True active, False lapsed, None never had it.
        battery: Percent.
    """

    name: str
    type: int | None = None
    keypad: bool = True
    time_zone: str = BERLIN
    subscription: bool | None = True
    knob: bool = False
    generation: str | None = None
    keypad2: bool = False
    door_sensor: bool = False
    battery: int = 86

    def kind(self) -> str:
        """
        The generation.

        Raises:
            ValueError: Type or generation is unknown, or the two are not about the same devices.
        """
        if self.type is not None and self.type not in DEVICE_TYPES:
            raise ValueError(f"There is no device type {self.type}; known are {DEVICE_TYPES}.")
        if self.generation is None:
            return USUAL[LOCK_3_4 if self.type is None else self.type]
        if self.generation not in GENERATIONS:
            raise ValueError(
                f"There is no generation {self.generation!r}; known are {', '.join(GENERATIONS)}."
            )
        if self.type not in (None, GENERATIONS[self.generation].type):
            raise ValueError(f"A {self.generation} has not the type {self.type}.")
        return self.generation


DEVELOPER = "integrator@example.com"
"""Who has registered the client: here its access to the Advanced API is kept (1.4)."""

KNOWN_HOMES: dict[str, tuple[DeviceSketch, ...]] = {
    "john@example.com": (
        DeviceSketch("Street entrance", type=OPENER, keypad=False, subscription=None),
        DeviceSketch("Front door"),
        DeviceSketch("Garden door", keypad=False, subscription=None),
    ),
    DEVELOPER: (),
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
    kind = sketch.kind()
    generation = GENERATIONS[kind]
    if not 0 <= sketch.battery <= 100:
        raise ValueError("`battery` is a percentage, 0 to 100.")
    if sketch.time_zone not in ZONES.values():
        raise ValueError(f"The vendor has no number for the time zone {sketch.time_zone!r}.")
    number = _number(home.seed, f"device {len(home.devices)}", 32)
    truth = Side(status=Status(battery_charge=sketch.battery, door_state=2 if sketch.door_sensor else 0))
    device = Device(
        smartlock_id=(generation.type << 32) | number,  # 2.2
        type=generation.type,
        generation=kind,
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
    connect(home, device, now)
    if device.type != BOX and (sketch.keypad or sketch.keypad2):
        pair_keypad(home, device, now, is_second=sketch.keypad2)
    read_into_cloud(device)
    return device


def read_into_cloud(device: Device) -> None:
    """The cloud knows all that the device knows, as after it was connected."""
    truth = device.truth
    device.cloud = Side(
        status=copy(truth.status),
        keypad_paired=truth.keypad_paired,
        keypad2_paired=truth.keypad2_paired,
        settings=truth.settings,
        auths={auth_id: copy(auth) for auth_id, auth in truth.auths.items()},
    )


def connect(home: Home, device: Device, now: datetime) -> None:
    """Nuki Web and the bridge have their authorizations on the device, anew where they were taken away."""
    auths = device.truth.auths
    if device.web_auth_id not in auths:
        device.web_auth_id = _add(home, device, APP, "Nuki Web", now)
    if not any(auth.type == BRIDGE for auth in auths.values()):
        _add(home, device, BRIDGE, "Bridge", now)


def pair_keypad(home: Home, device: Device, now: datetime, *, is_second: bool) -> None:
    """A keypad is an authorization of its own besides the flag (7.5)."""
    name = "Keypad 2" if is_second else "Keypad"
    if is_second:
        device.truth.keypad2_paired = True
    else:
        device.truth.keypad_paired = True
    auths = device.truth.auths.values()
    if not any(auth.type == KEYPAD and auth.name == name for auth in auths):
        _add(home, device, KEYPAD, name, now)


def unpair_keypad(device: Device, *, is_second: bool) -> None:
    """The codes stay on the device; there is nowhere to type them."""
    name = "Keypad 2" if is_second else "Keypad"
    if is_second:
        device.truth.keypad2_paired = False
    else:
        device.truth.keypad_paired = False
    auths = device.truth.auths
    device.truth.auths = {
        auth.id: auth for auth in auths.values() if not (auth.type == KEYPAD and auth.name == name)
    }


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
