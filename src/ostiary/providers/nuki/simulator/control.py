"""
What the control plane has for Nuki alone: a look at both sides of the devices, and what happens at them.

Pure, like the rest: `SimulatedCloud` finds the home, loads and saves it.
"""

from copy import copy
from datetime import datetime
from typing import Any, Literal

from ostiary.simulation import control
from ostiary.simulation.control import Command, Fields, Mistake, Nothing

from . import cloud, config, invites, keypad, oauth, views
from .bodies import parse_instant
from .faults import FAULTS
from .founding import DeviceSketch
from .state import CODE, Auth, Device, Home, LogEntry, Side
from .zones import ZONES

DOOR_STATES = {"unpaired": 0, "closed": 2, "open": 3}
_DOOR_OPENED, _DOOR_CLOSED = 240, 241


class NewHome(control.NewHome):
    """`devices` None: those that everybody gets."""

    devices: list[DeviceSketch] | None = None


class EnterCode(Fields):
    smartlock_id: int
    code: str | int
    at: str | None = None


class ChangeDevice(Fields):
    smartlock_id: int
    online: bool | None = None
    keypad_paired: bool | None = None
    battery: int | None = None
    subscription: bool | None = None
    locked: bool | None = None
    jammed: bool | None = None
    door: Literal["open", "closed", "unpaired"] | None = None


class OwnerCode(Fields):
    smartlock_id: int
    do: Literal["add", "change", "delete"]
    id: str | None = None
    name: str | None = None
    code: int | None = None
    enabled: bool | None = None


# --- looking --------------------------------------------------------------------------------------------


def summary(home: Home) -> dict[str, Any]:
    devices = [
        {"smartlock_id": device.smartlock_id, "name": device.name, "type": device.type}
        for device in home.owned()
    ]
    return {"home": home.name, "account_id": home.account_id, "devices": devices}


def truth(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    """What the devices hold, PINs included, as nobody but the devices knows it."""
    return {"home": home.name, "devices": [_side(device, device.truth) for device in home.devices]}


def cloud_side(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    """What the API answers from, and the work that is still under way."""
    devices = [
        {
            **_side(device, device.cloud),
            "operation_id": device.operation_id,
            "error": views.device_error(device),
            "server_state": views.ONLINE if device.online else views.OFFLINE,
        }
        for device in home.owned()
    ]
    jobs = [
        {
            "operation_id": job.id,
            "kind": job.kind,
            "smartlock_id": job.smartlock_id,
            "auth_id": job.auth_id,
            "run_at": views.instant(job.run_at),
        }
        for job in home.jobs
    ]
    return {"home": home.name, "devices": devices, "jobs": jobs}


def _side(device: Device, side: Side) -> dict[str, Any]:
    status = side.status
    return {
        "smartlock_id": device.smartlock_id,
        "name": device.name,
        "type": device.type,
        "time_zone": ZONES[device.timezone_id],
        "online": device.online,
        "jammed": device.jammed,
        "subscription": device.subscription,
        "keypad_paired": side.keypad_paired,
        "state": status.state,
        "mode": status.mode,
        "locked": status.state == cloud.LOCKED,
        "battery": status.battery_charge,
        "door": next(word for word, number in DOOR_STATES.items() if number == status.door_state),
        "codes": [views.auth(device, held) for held in views.codes_of(side.auths)],
        "auths": [views.auth(device, held) for held in side.auths.values() if held.type != CODE],
    }


def writes(home: Home) -> list[dict[str, Any]]:
    return [
        {
            "at": views.instant(write.at),
            "kind": write.kind,
            "smartlock_id": write.smartlock_id,
            "auth_id": write.auth_id,
            "name": write.name,
            "lost": write.is_lost,
        }
        for write in home.writes
    ]


# --- at the door ----------------------------------------------------------------------------------------


def enter_code(home: Home, command: EnterCode, now: datetime) -> dict[str, Any]:
    digits = str(command.code)
    device = _device(home, command.smartlock_id)
    if command.at is None:
        entry = keypad.enter_code(home, device.smartlock_id, digits, now)
    else:
        at = parse_instant(command.at)
        if at is None:
            raise Mistake("`at` has to be an instant like 2026-07-01T13:00:00Z.")
        entry = keypad.judge(device, digits, at)
    return {
        "accepted": entry.accepted,
        "reason": entry.reason,
        "name": entry.auth.name if entry.auth else None,
    }


def _device(home: Home, smartlock_id: int) -> Device:
    for device in home.devices:
        if device.smartlock_id == smartlock_id:
            return device
    raise Mistake(f"There is no device {smartlock_id} in the home {home.name}.", 404)


def change_device(home: Home, command: ChangeDevice, now: datetime) -> dict[str, Any]:
    """
    Something happens to a device.

    State, battery and door are pushed to the cloud at once if the device is online; a keypad is seen
    there only after a sync. Smart Hosting and being online are the cloud's own knowledge.
    """
    device = _device(home, command.smartlock_id)
    status = device.truth.status
    if command.battery is not None and not 0 <= command.battery <= 100:
        raise Mistake("`battery` is a percentage, 0 to 100.")
    if command.online is not None:
        device.online = command.online
    if command.keypad_paired is not None:
        device.truth.keypad_paired = command.keypad_paired
    if command.subscription is not None:
        device.subscription = "ACTIVE" if command.subscription else "EXPIRED"
    if command.jammed is not None:
        device.jammed = command.jammed
    if command.battery is not None:
        status.battery_charge = command.battery
    if command.locked is not None:
        _turn(home, device, command.locked, now)
    if command.door is not None and DOOR_STATES[command.door] != status.door_state:
        status.door_state = DOOR_STATES[command.door]
        if command.door != "unpaired":
            action = _DOOR_OPENED if command.door == "open" else _DOOR_CLOSED
            cloud.write_log(home, device, LogEntry(id=home.object_id(now), at=now, action=action))
    cloud.push(device, now)
    return _side(device, device.truth)


def _turn(home: Home, device: Device, locked: bool, now: datetime) -> None:
    """By hand, at the knob: log trigger 1 (6.1)."""
    status = device.truth.status
    state, action = (cloud.LOCKED, 2) if locked else (cloud.UNLOCKED, 1)
    if status.state == state:
        return
    status.state, status.last_action, status.trigger = state, action, 1
    cloud.write_log(home, device, LogEntry(id=home.object_id(now), at=now, action=action, trigger=1))


def owner_codes(home: Home, command: OwnerCode, now: datetime) -> dict[str, Any]:
    """The owner changes keypad codes in the app: over Bluetooth, unseen by the cloud until a sync."""
    device = _device(home, command.smartlock_id)
    auths = device.truth.auths
    if command.do == "add":
        auth = _owners_new_code(home, device, command, now)
        auths[auth.id] = auth
        return {"code": views.auth(device, auth)}
    held = next(
        (
            held
            for held in views.codes_of(auths)
            if held.id == command.id
            or (command.id is None and (held.name == command.name or held.code == command.code))
        ),
        None,
    )
    if held is None:
        raise Mistake("There is no such code on the device; give its `id`, or its `name` or `code`.", 404)
    if command.do == "delete":
        del auths[held.id]
        return {"code": views.auth(device, held)}
    changed = copy(held)
    changed.updated_at = now
    if command.id is not None:
        changed.name = command.name or held.name
        changed.code = command.code or held.code
    if command.enabled is not None:
        changed.enabled = command.enabled
    if any(other.code == changed.code for other in auths.values() if other.id != changed.id):
        raise Mistake("The device has that code already.", 409)
    auths[changed.id] = changed
    return {"code": views.auth(device, changed)}


def _owners_new_code(home: Home, device: Device, command: OwnerCode, now: datetime) -> Auth:
    codes = views.codes_of(device.truth.auths)
    if command.code is None or not command.name:
        raise Mistake("A new code needs `name` and `code`.")
    if not device.truth.keypad_paired:
        raise Mistake("The device has no keypad.", 409)
    if any(held.code == command.code for held in codes):
        raise Mistake("The device has that code already.", 409)
    if len(codes) >= cloud.capacity(device):
        raise Mistake("The device is full.", 409)
    device.last_auth_number += 1
    return Auth(
        id=home.object_id(now),
        auth_id=device.last_auth_number,
        type=CODE,
        name=command.name,
        code=command.code,
        created_at=now,
        updated_at=now,
        enabled=command.enabled is not False,
    )


def api_token(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    return {"home": home.name, "api_token": oauth.issue_api_token(home)}


COMMANDS: dict[tuple[str, str], Command[Home]] = {
    **control.commands(FAULTS),
    ("GET", "truth"): Command(Nothing, truth, False),
    ("GET", "cloud"): Command(Nothing, cloud_side, False),
    ("POST", "enter_code"): Command(EnterCode, enter_code, True),
    ("POST", "device"): Command(ChangeDevice, change_device, True),
    ("POST", "owner/codes"): Command(OwnerCode, owner_codes, True),
    ("POST", "owner/admin_pin"): Command(config.OwnerPin, config.change_pin_in_app, True),
    ("POST", "api_token"): Command(Nothing, api_token, True),
    ("GET", "inbox"): Command(Nothing, invites.inbox, False),
    ("POST", "redeem"): Command(invites.Redeem, invites.redeem, True),
    ("POST", "use_key"): Command(invites.UseKey, invites.use_key, True),
}
