"""The control plane at the door: what people do there with a code, a finger, a key, a button or a bell."""

from datetime import datetime
from typing import Any, Literal

from ostiary.simulation.control import Command, Fields, Mistake

from . import cloud, handling, keypad
from .bodies import parse_instant
from .generations import is_lock
from .state import APP, FOB, OPENER, Auth, Device, Home

_OPEN = 3  # `state.doorState` (2.9)


class EnterCode(Fields):
    """`at`: only say what the keypad would do at that instant."""

    smartlock_id: int
    code: str | int
    at: str | None = None


class LayFinger(Fields):
    """`fingerprint`: its number or its name."""

    smartlock_id: int
    fingerprint: str
    at: str | None = None


class Touch(Fields):
    """
    Attributes:
        by: Whose fob or app: id or name of the authorization; may be left out where there is only one.
        presses: Of a fob: one, two or three.
        action: Of an app: the vendor's number (3.2).
        minutes: How long the door has stood open.
    """

    smartlock_id: int
    do: Literal[
        "lock",
        "unlock",
        "unlatch",
        "button",
        "double_button",
        "fob",
        "app",
        "auto_lock",
        "ring",
        "ajar",
        "keypad_error",
    ]
    by: str | None = None
    presses: int = 1
    action: int = handling.UNLOCK
    minutes: int = 5


def device_in(home: Home, smartlock_id: int) -> Device:
    """Also one that was taken out of the account: it is still on its door."""
    for device in home.devices:
        if device.smartlock_id == smartlock_id:
            return device
    raise Mistake(f"There is no device {smartlock_id} in the home {home.name}.", 404)


# --- at the keypad --------------------------------------------------------------------------------------


def enter_code(home: Home, command: EnterCode, now: datetime) -> dict[str, Any]:
    device, digits = device_in(home, command.smartlock_id), str(command.code).strip()
    if command.at is None:
        return _verdict(keypad.enter_code(home, device, digits, now))
    return _verdict(keypad.judge(device, digits, _instant(command.at)))


def lay_finger(home: Home, command: LayFinger, now: datetime) -> dict[str, Any]:
    device = device_in(home, command.smartlock_id)
    if command.at is None:
        return _verdict(keypad.press_finger(home, device, command.fingerprint, now))
    return _verdict(keypad.judge_finger(device, command.fingerprint, _instant(command.at)))


def _verdict(entry: keypad.Entry) -> dict[str, Any]:
    name = entry.auth.name if entry.auth else None
    return {"accepted": entry.accepted, "reason": entry.reason, "name": name}


def _instant(text: str) -> datetime:
    at = parse_instant(text)
    if at is None:
        raise Mistake("`at` has to be an instant like 2026-07-01T13:00:00Z.")
    return at


# --- everything else ------------------------------------------------------------------------------------


def touch(home: Home, command: Touch, now: datetime) -> dict[str, Any]:
    """`done` False: nothing came of it, and `reason` says why."""
    device = device_in(home, command.smartlock_id)
    reason = _touch(home, device, command, now)
    status = device.truth.status
    return {"done": reason == "ok", "reason": reason, "state": status.state, "mode": status.mode}


def _touch(home: Home, device: Device, command: Touch, now: datetime) -> str:
    if command.do in ("lock", "unlock", "unlatch", "auto_lock"):
        return _turn(home, device, command.do, now)
    if command.do in ("fob", "app"):
        return _come_with(home, device, command, now)
    if command.do in ("button", "double_button"):
        action = handling.button_action(home, device, is_double=command.do == "double_button")
        return _perform(home, device, action, now, handling.BUTTON, handling.FROM_BUTTON)
    if command.do == "ring":
        if device.type != OPENER:
            raise Mistake("Only an Opener hears the bell.", 409)
        return "ok" if handling.ring(home, device, now) else "nobody_opens"
    if command.do == "ajar":
        if device.truth.status.door_state != _OPEN:
            raise Mistake("The door is not open, as far as a door sensor can tell.", 409)
        handling.warn_ajar(home, device, command.minutes, now)
        return "ok"
    if not device.truth.has_keypad:
        raise Mistake("The device has no keypad.", 409)
    keypad.fail(home, device, now)
    return "ok"


def _turn(home: Home, device: Device, do: str, now: datetime) -> str:
    if not is_lock(device):
        raise Mistake("The device has no bolt to turn.", 409)
    action = {"unlock": handling.UNLOCK, "unlatch": handling.UNLATCH}.get(do, handling.LOCK)
    is_locked = device.truth.status.state == cloud.LOCKED
    if (action == handling.LOCK and is_locked) or (
        action == handling.UNLOCK and device.truth.status.state == cloud.UNLOCKED
    ):
        return "already"
    trigger = handling.AUTO_LOCK if do == "auto_lock" else handling.MANUAL
    return _perform(home, device, action, now, trigger)


def _come_with(home: Home, device: Device, command: Touch, now: datetime) -> str:
    is_fob = command.do == "fob"
    auth = _bearer(device, FOB if is_fob else APP, command.by)
    if not 1 <= command.presses <= 3:
        raise Mistake("A fob knows one, two or three `presses`.")
    if not is_fob and not cloud.can_act(device, command.action):
        raise Mistake(f"The device has no action {command.action}.")
    standing = keypad.standing(auth, device, now)
    if standing != "ok":
        return standing
    action = handling.fob_action(home, device, command.presses) if is_fob else command.action
    if action is not None:
        handling.use(auth, now)
    source = handling.FROM_FOB if is_fob else handling.FROM_APP
    return _perform(home, device, action, now, handling.BLUETOOTH, source, auth)


def _perform(
    home: Home,
    device: Device,
    action: int | None,
    now: datetime,
    trigger: int,
    opener_source: int | None = None,
    auth: Auth | None = None,
) -> str:
    if action is None:
        return "no_action"
    opener_source = opener_source if device.type == OPENER else None
    handling.perform(home, device, action, now, trigger, auth=auth, opener_source=opener_source)
    return "jammed" if device.jammed else "ok"


def _bearer(device: Device, kind: int, by: str | None) -> Auth:
    """Nuki Web itself is nobody's app."""
    held = [
        auth
        for auth in device.truth.auths.values()
        if auth.type == kind and auth.id != device.web_auth_id and by in (None, auth.id, auth.name)
    ]
    if len(held) != 1:
        words = "There is none" if not held else "Say whose, with `by`; there are several"
        raise Mistake(f"{words}: {'a fob' if kind == FOB else 'an app'} with access to this device.", 404)
    return held[0]


COMMANDS: dict[tuple[str, str], Command[Home]] = {
    ("POST", "enter_code"): Command(EnterCode, enter_code, True),
    ("POST", "lay_finger"): Command(LayFinger, lay_finger, True),
    ("POST", "touch"): Command(Touch, touch, True),
}
