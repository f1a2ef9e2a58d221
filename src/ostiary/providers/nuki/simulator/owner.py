"""
What the owner does in the vendor's app: over Bluetooth, unseen by the cloud until a sync.

Keypad codes have a command of their own; apps and fobs share one. The rules of the device hold (a code is
there once, a full device takes no more), those of the API do not.
"""

from copy import copy
from datetime import datetime
from typing import Any, Literal

import msgspec

from ostiary.domain.errors import Rejected
from ostiary.domain.failure import DUPLICATE
from ostiary.domain.room import NO_SPACE
from ostiary.simulation import control
from ostiary.simulation.control import Command, Fields, Mistake

from . import cloud, views
from .doorstep import device_in
from .state import APP, BRIDGE, CODE, FOB, WINDOW, Auth, Device, Home

_WEEK, _DAY = 127, 24 * 60
_NAME_BYTES, _CODE_NAME_BYTES = 32, 20  # 10.2


class Window(Fields, kw_only=True):
    """The limits of an authorization (4.9). What is not said stays; null takes a limit away."""

    from_date: str | msgspec.UnsetType | None = msgspec.UNSET
    until_date: str | msgspec.UnsetType | None = msgspec.UNSET
    week_days: int | msgspec.UnsetType | None = msgspec.UNSET
    from_time: int | msgspec.UnsetType | None = msgspec.UNSET
    until_time: int | msgspec.UnsetType | None = msgspec.UNSET


class OwnerCode(Window, kw_only=True):
    """
    One keypad code.

    To change its name or its digits it has to be named by `id`; otherwise either of the two says which.

    Attributes:
        fingerprints: Number and name of each finger that a Keypad 2 takes for it.
    """

    smartlock_id: int
    do: Literal["add", "change", "delete"]
    id: str | None = None
    name: str | None = None
    code: int | None = None
    enabled: bool | None = None
    fingerprints: dict[str, str] | None = None


class OwnerAuth(Window, kw_only=True):
    """
    An app or a fob; to delete, also the bridge and Nuki Web itself.

    Attributes:
        type: 0 app, 2 fob.
    """

    smartlock_id: int
    do: Literal["add", "change", "delete"]
    id: str | None = None
    type: int = APP
    name: str | None = None
    enabled: bool | None = None
    remote_allowed: bool | None = None


class Rename(Fields):
    smartlock_id: int
    name: str


# --- keypad codes ---------------------------------------------------------------------------------------


def owner_codes(home: Home, command: OwnerCode, now: datetime) -> dict[str, Any]:
    device = device_in(home, command.smartlock_id)
    if command.do == "add":
        auth = _new_code(home, device, command, now)
    else:
        auth = _find_code(device, command)
        if command.do == "change":
            auth = _changed_code(auth, command, now)
    if command.do == "delete":
        del device.truth.auths[auth.id]
        return {"code": views.auth(device, auth)}
    if any(held.code == auth.code and held.id != auth.id for held in views.codes_of(device.truth.auths)):
        raise Mistake("The device has that code already.", 409)
    device.truth.auths[auth.id] = auth
    return {"code": views.auth(device, auth)}


def code_for(home: Home, device: Device, name: str, code: str, now: datetime) -> Auth:
    """
    A code that the cloud knows as soon as the device does, as the phone that made it was online.

    Raises:
        Rejected: The device does not take it.
    """
    if not device.is_reachable:
        raise Rejected("device_disconnected", "The device is offline: the vendor could not know of the code")
    if cloud.is_full(device, CODE):
        raise Rejected(NO_SPACE, "The device is full")
    command = OwnerCode(smartlock_id=device.smartlock_id, do="add", name=name, code=int(code))
    try:
        made = owner_codes(home, command, now)["code"]["id"]
    except Mistake as error:
        error_code = DUPLICATE if error.status == 409 else "invalid_access_code"
        raise Rejected(error_code, str(error)) from error
    auth = device.truth.auths[made]
    device.cloud.auths[made] = copy(auth)
    return auth


def _find_code(device: Device, command: OwnerCode) -> Auth:
    for held in views.codes_of(device.truth.auths):
        if command.id is None and (held.name == command.name or held.code == command.code):
            return held
        if held.id == command.id:
            return held
    raise Mistake("There is no such code on the device; give its `id`, or its `name` or `code`.", 404)


def _new_code(home: Home, device: Device, command: OwnerCode, now: datetime) -> Auth:
    if command.code is None or not command.name:
        raise Mistake("A new code needs `name` and `code`.")
    if not device.truth.has_keypad:
        raise Mistake("The device has no keypad.", 409)
    auth = _new(home, device, CODE, command.name, now)
    auth.code = command.code
    _apply(auth, command)
    _add_fingers(auth, command)
    return auth


def _changed_code(held: Auth, command: OwnerCode, now: datetime) -> Auth:
    changed = copy(held)
    changed.updated_at = now
    if command.id is not None:
        changed.name = _checked_name(command.name, CODE) or held.name
        changed.code = command.code or held.code
    _apply(changed, command)
    _add_fingers(changed, command)
    return changed


def _add_fingers(auth: Auth, command: OwnerCode) -> None:
    if command.fingerprints is not None:
        auth.fingerprints = dict(command.fingerprints)


# --- apps and fobs --------------------------------------------------------------------------------------


def owner_auths(home: Home, command: OwnerAuth, now: datetime) -> dict[str, Any]:
    device = device_in(home, command.smartlock_id)
    if command.do == "add":
        if command.type not in (APP, FOB) or not command.name:
            raise Mistake("A new authorization needs a `name` and a `type`: 0 for an app, 2 for a fob.")
        auth = _new(home, device, command.type, command.name, now)
    else:
        auth = _find_auth(device, command)
    if command.do == "delete":
        return _delete_auth(device, auth)
    changed = copy(auth)
    changed.updated_at = now
    if command.id is not None:
        changed.name = _checked_name(command.name, changed.type) or changed.name
    if command.remote_allowed is not None:
        changed.remote_allowed = command.remote_allowed
    _apply(changed, command)
    device.truth.auths[changed.id] = changed
    return {"auth": views.auth(device, changed)}


def _find_auth(device: Device, command: OwnerAuth) -> Auth:
    for held in device.truth.auths.values():
        is_meant = held.id == command.id if command.id is not None else held.name == command.name
        if held.type != CODE and is_meant:
            return held
    raise Mistake("There is no such authorization on the device; give its `id` or its `name`.", 404)


def _delete_auth(device: Device, auth: Auth) -> dict[str, Any]:
    """Without Nuki Web, or without the bridge, the API is cut off (quirk 42)."""
    del device.truth.auths[auth.id]
    if auth.id == device.web_auth_id:
        device.server_state = 3
    elif auth.type == BRIDGE:
        device.server_state = 1
    return {"auth": views.auth(device, auth)}


# --- what both have -------------------------------------------------------------------------------------


def _new(home: Home, device: Device, kind: int, name: str, now: datetime) -> Auth:
    if cloud.is_full(device, kind):
        raise Mistake("The device is full.", 409)
    checked = _checked_name(name, kind)
    assert checked
    device.last_auth_number += 1
    return Auth(
        id=home.object_id(now),
        auth_id=device.last_auth_number,
        type=kind,
        name=checked,
        created_at=now,
        updated_at=now,
    )


def _checked_name(name: str | None, kind: int) -> str | None:
    most = _CODE_NAME_BYTES if kind == CODE else _NAME_BYTES
    if name is not None and len(name.encode()) > most:
        raise Mistake(f"A name has at most {most} bytes.")
    return name


def _apply(auth: Auth, command: OwnerCode | OwnerAuth) -> None:
    if command.enabled is not None:
        auth.enabled = command.enabled
    for name in WINDOW:
        value = getattr(command, name)
        if value is msgspec.UNSET:
            continue
        if name.endswith("_date") and value is not None:
            value = control.read_instant(name, value)
        most = _WEEK if name == "week_days" else _DAY - 1
        if isinstance(value, int) and not 0 <= value <= most:
            raise Mistake(f"`{name}` is 0 to {most}.")
        setattr(auth, name, value)


def rename(home: Home, command: Rename, now: datetime) -> dict[str, Any]:
    """Another name for the device. The account's name for it follows at the next sync (assumed)."""
    device = device_in(home, command.smartlock_id)
    if not command.name.strip() or len(command.name.encode()) > _NAME_BYTES:
        raise Mistake(f"A name has 1 to {_NAME_BYTES} bytes.")
    settings = device.truth.settings
    device.truth.settings = {**settings, "config": {**settings.get("config", {}), "name": command.name}}
    return {"smartlock_id": device.smartlock_id, "name": device.name, "name_on_device": command.name}


COMMANDS: dict[tuple[str, str], Command[Home]] = {
    ("POST", "owner/codes"): Command(OwnerCode, owner_codes, True),
    ("POST", "owner/auths"): Command(OwnerAuth, owner_auths, True),
    ("POST", "owner/rename"): Command(Rename, rename, True),
}
