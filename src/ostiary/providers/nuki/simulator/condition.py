"""The control plane's view of a device's condition: what befalls it, its keypad, its battery, its account."""

from datetime import datetime
from typing import Any, Literal

from ostiary.simulation.control import Command, Fields, Mistake

from . import cloud, founding, handling, looking
from .doorstep import device_in
from .generations import is_lock
from .state import BOX, BRIDGE, Device, Home, LogEntry

DOOR_STATES = looking.DOOR_STATES
_DOOR_OPENED, _DOOR_CLOSED = 240, 241
_ADMIN_PIN_MISSING = 1  # adminPinState (2.3)
# `serverState` (2.3), in words.
_BRIDGE_GONE, _WEB_GONE = 1, 3


class ChangeDevice(Fields):
    """
    Attributes:
        server_state: 1 to 3: the cloud is shut out; 0: connected to Nuki Web again (2.3, quirk 42).
        admin_pin: `ok`: the cloud has the device's; `owner/admin_pin` changes it outside.
        subscription, grace: Smart Hosting. `grace`: lapsed, and still counting for a while.
    """

    smartlock_id: int
    online: bool | None = None
    keypad_paired: bool | None = None
    keypad2_paired: bool | None = None
    battery: int | None = None
    charging: bool | None = None
    keypad_battery_critical: bool | None = None
    door_sensor_battery_critical: bool | None = None
    subscription: bool | None = None
    grace: bool | None = None
    server_state: int | None = None
    admin_pin: Literal["ok", "missing"] | None = None
    locked: bool | None = None
    jammed: bool | None = None
    door: Literal["open", "closed", "unpaired"] | None = None


class Sync(Fields):
    smartlock_id: int


def change_device(home: Home, command: ChangeDevice, now: datetime) -> dict[str, Any]:
    """
    Something happens to a device.

    State, battery and door are pushed to the cloud at once if the device is online; a keypad is seen
    there only after a sync. Smart Hosting and the connection are the cloud's own knowledge.
    """
    device = device_in(home, command.smartlock_id)
    _check(device, command)
    if command.server_state is not None:
        _cut_off(home, device, command.server_state, now)
    if command.admin_pin is not None:
        device.known_pin = device.admin_pin
        device.admin_pin_state = 0 if command.admin_pin == "ok" else _ADMIN_PIN_MISSING
    _pair(home, device, command, now)
    _change_hosting(device, command)
    for name in ("online", "jammed"):
        value = getattr(command, name)
        if value is not None:
            setattr(device, name, value)
    _drain(device, command)
    if command.locked is not None:
        _turn(home, device, command.locked, now)
    if command.door is not None:
        _move_door(home, device, DOOR_STATES[command.door], now)
    cloud.push(device, now)
    return looking.side(device, device.truth)


def _check(device: Device, command: ChangeDevice) -> None:
    if command.battery is not None and not 0 <= command.battery <= 100:
        raise Mistake("`battery` is a percentage, 0 to 100.")
    if command.server_state is not None and not 0 <= command.server_state <= 3:
        raise Mistake("`server_state` is 0 to 3; 4 is what `online` false looks like.")
    if device.type == BOX and (command.keypad_paired or command.keypad2_paired):
        raise Mistake("A Box takes no keypad.", 409)
    if command.locked is not None and not is_lock(device):
        raise Mistake("The device has no bolt to turn.", 409)


def _cut_off(home: Home, device: Device, state: int, now: datetime) -> None:
    """
    The owner takes Nuki Web's or the bridge's authorization away, or connects the device again.

    Which state belongs to which of the two is assumed; 2 leaves both in place. Connecting reads the
    device into the cloud at once.
    """
    auths = device.truth.auths
    if state == _WEB_GONE:
        auths.pop(device.web_auth_id, None)
    elif state == _BRIDGE_GONE:
        for auth in [auth for auth in auths.values() if auth.type == BRIDGE]:
            del auths[auth.id]
    was, device.server_state = device.server_state, state
    if state == 0 and was:
        founding.connect(home, device, now)
        cloud.synchronise(home, device, now)


def _pair(home: Home, device: Device, command: ChangeDevice, now: datetime) -> None:
    for wanted, is_second in ((command.keypad_paired, False), (command.keypad2_paired, True)):
        if wanted:
            founding.pair_keypad(home, device, now, is_second=is_second)
        elif wanted is False:
            founding.unpair_keypad(device, is_second=is_second)


def _change_hosting(device: Device, command: ChangeDevice) -> None:
    if command.subscription is not None:
        device.subscription, device.in_grace = "ACTIVE" if command.subscription else "EXPIRED", False
    if command.grace is not None:
        if command.grace:
            device.subscription = "EXPIRED"
        device.in_grace = command.grace


def _drain(device: Device, command: ChangeDevice) -> None:
    for name, value in (
        ("battery_charge", command.battery),
        ("is_charging", command.charging),
        ("keypad_battery_critical", command.keypad_battery_critical),
        ("sensor_battery_critical", command.door_sensor_battery_critical),
    ):
        if value is not None:
            setattr(device.truth.status, name, value)


def _turn(home: Home, device: Device, locked: bool, now: datetime) -> None:
    """By hand, at the knob; nothing when it stands there already."""
    status = device.truth.status
    state, action = (cloud.LOCKED, handling.LOCK) if locked else (cloud.UNLOCKED, handling.UNLOCK)
    if status.state != state:
        handling.perform(home, device, action, now, handling.MANUAL)


def _move_door(home: Home, device: Device, state: int, now: datetime) -> None:
    status = device.truth.status
    if status.door_state == state:
        return
    status.door_state = state
    if state != DOOR_STATES["unpaired"]:
        action = _DOOR_OPENED if state == DOOR_STATES["open"] else _DOOR_CLOSED
        cloud.write_log(home, device, LogEntry(id=home.object_id(now), at=now, action=action))


def sync(home: Home, command: Sync, now: datetime) -> dict[str, Any]:
    """The sync of every 24 hours, now and without a job."""
    device = device_in(home, command.smartlock_id)
    if not device.is_reachable:
        raise Mistake("The cloud does not reach the device.", 409)
    cloud.synchronise(home, device, now)
    return looking.side(device, device.cloud)


COMMANDS: dict[tuple[str, str], Command[Home]] = {
    ("POST", "device"): Command(ChangeDevice, change_device, True),
    ("POST", "sync"): Command(Sync, sync, True),
}
