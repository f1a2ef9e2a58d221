"""
What the page for people shows of a home: doors and codes, at the door and in the cloud side by side.

Only words and numbers leave this module: the page is drawn when the home is out of reach again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from . import cloud, generations, keypad, views
from .state import APP, BOX, BRIDGE, CODE, FOB, KEYPAD, OPENER, Auth, Device, Home, Job, LogEntry
from .zones import ZONES, zone_of

_LOG: Final = 8
_SENSOR_CLOSED: Final = 2

_STATES: Final = {
    0: "not calibrated",
    1: "locked",
    2: "unlocking",
    3: "unlocked",
    4: "locking",
    5: "unlatched",
    6: "unlocked (lock ’n’ go)",
    7: "unlatching",
    224: "wrong entry code",
    225: "wrong fingerprint",
    254: "motor blocked",
    255: "unknown",
}
_OPENER_STATES: Final = {1: "online", 3: "ring to open", 5: "open", 7: "opening"}
_DOORS: Final = {0: "no sensor", 2: "closed", 3: "open"}
_SERVER: Final = {
    0: "online",
    1: "cut off: the bridge is no longer authorized",
    2: "cut off: the authorization’s number is invalid",
    3: "cut off: Nuki Web is no longer authorized",
    4: "offline",
}
_ADMIN_PIN: Final = {0: "known to Nuki Web", 1: "missing", 2: "changed outside Nuki Web"}
_KINDS: Final = {APP: "app", BRIDGE: "bridge", FOB: "fob", KEYPAD: "keypad", CODE: "code"}
_VERDICTS: Final = {
    "ok": "opens the door now",
    "disabled": "does not open: it is disabled",
    "not_yet": "does not open yet: its stay begins later",
    "over": "does not open any more: its stay is over",
    "weekday": "does not open today: another weekday",
    "time": "does not open at this time of day",
    "absent": "does not open: the door does not have it",
    "no_keypad": "does not open: no keypad is paired",
}
_ACTIONS: Final = {
    1: "unlock",
    2: "lock",
    3: "unlatch",
    4: "lock ’n’ go",
    5: "lock ’n’ go with unlatch",
    208: "door ajar",
    224: "doorbell",
    240: "door opened",
    241: "door closed",
}
_OPENER_ACTIONS: Final = {
    1: "ring to open on",
    2: "ring to open off",
    3: "open",
    6: "continuous mode on",
    7: "continuous mode off",
}
_TRIGGERS: Final = {
    0: "",
    1: "by hand",
    2: "with the button",
    3: "automatically",
    4: "through the cloud",
    6: "by auto lock",
    253: "keypad error",
    255: "at the keypad",
}
_RESULTS: Final = {0: "", 1: "motor blocked", 9: "rejected", 224: "invalid code", 225: "invalid fingerprint"}
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_JOBS: Final = {
    "create": "a new authorization",
    "update": "a change of an authorization",
    "delete": "the deletion of an authorization",
    "action": "a lock action",
    "sync": "a sync",
    "config": "a change of settings",
    "pin": "another admin PIN",
    "rto_end": "the end of ring to open",
    "online": "the device’s return",
}


def show(home: Home, now: datetime) -> dict[str, Any]:
    return {"devices": [_device(home, device, now) for device in home.owned()]}


def said(verb: str, result: dict[str, Any]) -> str:
    """The word for what came of a form."""
    if verb in ("enter_code", "lay_finger"):
        return "opened" if result["accepted"] else f"no_{result['reason']}"
    if verb == "touch":
        return "done" if result["done"] else f"no_{result['reason']}"
    return "done"


# --- one device -----------------------------------------------------------------------------------------


def _device(home: Home, device: Device, now: datetime) -> dict[str, Any]:
    status = device.truth.status
    generation = device.generation or generations.USUAL[device.type]
    door_state = status.door_state
    return {
        "id": device.smartlock_id,
        "name": device.name,
        "kind": generation.replace("_", " ").title(),
        "zone": ZONES[device.timezone_id],
        "is_lock": generations.is_lock(device),
        "is_opener": device.type == OPENER,
        "is_online": device.online,
        "has_keypad": device.truth.has_keypad,
        "takes_keypad": device.type != BOX,
        "has_sensor": door_state != 0,
        "is_open": door_state not in (0, _SENSOR_CLOSED),
        "battery": status.battery_charge,
        "facts": _facts(device),
        "problem": views.device_error(device),
        "jobs": [
            _job(device, job, now)
            for job in home.jobs
            if job.smartlock_id == device.smartlock_id and _is_work(job)
        ],
        "codes": _codes(home, device, now),
        "others": [
            f"{_KINDS.get(auth.type, 'authorization')} “{auth.name}”"
            for auth in device.truth.auths.values()
            if auth.type != CODE
        ],
        "log": [_line(device, entry) for entry in reversed(device.log[-_LOG:])],
    }


def _facts(device: Device) -> list[dict[str, Any]]:
    """Each with its name, what holds at the door, and what the cloud says where that is something else."""
    truth, believed = device.truth, device.cloud
    pairs = [
        ("State", _state(device, truth.status), _state(device, believed.status)),
        ("Battery", _battery(truth.status), _battery(believed.status)),
        ("Keypad", _keypad(truth), _keypad(believed)),
        ("Door", _DOORS[truth.status.door_state], _DOORS[believed.status.door_state]),
        ("Name on the device", truth.name or device.name, believed.name or device.name),
    ]
    if device.type == BOX:
        del pairs[2:4]
    facts = [
        {"name": name, "door": door, "cloud": "" if door == seen else seen} for name, door, seen in pairs
    ]
    for name, word in (
        ("Connection", _SERVER[views.server_state(device)]),
        ("Smart Hosting", _hosting(device)),
        ("Admin PIN", _ADMIN_PIN[device.admin_pin_state]),
    ):
        facts.append({"name": name, "door": word, "cloud": ""})
    return facts


def _state(device: Device, status: Any) -> str:
    number = status.alert or status.state
    if device.type == BOX:
        return "no state to show"
    if device.type != OPENER:
        return _STATES.get(number, str(number)) + (" (jammed)" if device.jammed else "")
    word = _OPENER_STATES.get(number, str(number))
    return f"{word}, continuous mode" if status.mode == cloud.CONTINUOUS_MODE else word


def _battery(status: Any) -> str:
    words = [f"{status.battery_charge} %"]
    words += ["charging"] if status.is_charging else []
    words += ["keypad critical"] if status.keypad_battery_critical else []
    words += ["door sensor critical"] if status.sensor_battery_critical else []
    return ", ".join(words)


def _keypad(side: Any) -> str:
    words = [
        name
        for name, is_paired in (("Keypad", side.keypad_paired), ("Keypad 2", side.keypad2_paired))
        if is_paired
    ]
    return " and ".join(words) or "none"


def _hosting(device: Device) -> str:
    if views.is_without_hosting(device):
        return "lapsed"
    if device.subscription is None:
        return "never had it"
    return "lapsed, in its grace period" if device.in_grace else "active"


# --- codes ----------------------------------------------------------------------------------------------


def _codes(home: Home, device: Device, now: datetime) -> list[dict[str, Any]]:
    at_door = {auth.id: auth for auth in views.codes_of(device.truth.auths)}
    in_cloud = {auth.id: auth for auth in views.codes_of(device.cloud.auths)}
    both = [(at_door.get(key), in_cloud.get(key)) for key in dict.fromkeys([*at_door, *in_cloud])]
    return [_code(device, door, seen, now) for door, seen in both]


def _code(device: Device, door: Auth | None, seen: Auth | None, now: datetime) -> dict[str, Any]:
    either = door or seen
    assert either
    reason = "absent" if door is None else keypad.standing(door, device, now)
    if door is not None and not device.truth.has_keypad:
        reason = "no_keypad"
    rows = [
        {"name": name, "door": first, "cloud": second, "differs": first != second}
        for name, first, second in zip(
            ("Name", "PIN", "Window", "Enabled", "Uses"),
            _cells(device, door),
            _cells(device, seen),
            strict=True,
        )
    ]
    return {
        "name": either.name,
        "pin": str(either.code),
        "verdict": _VERDICTS[reason],
        "opens": reason == "ok",
        "rows": rows,
        "differs": _difference(door, seen, rows),
        "is_busy": seen is not None and seen.operation_id is not None,
        "error": seen.error if seen else None,
    }


def _difference(door: Auth | None, seen: Auth | None, rows: Iterable[dict[str, Any]]) -> str:
    """How many times a code was used is never news to the cloud before a sync, so that does not count."""
    if seen is None:
        return "only at the door"
    if door is None:
        return "only in the cloud"
    names = [row["name"] for row in rows if row["differs"] and row["name"] != "Uses"]
    return f"differs: {', '.join(names)}" if names else ""


def _cells(device: Device, auth: Auth | None) -> tuple[str, ...]:
    if auth is None:
        return ("–",) * 5
    enabled = "yes" if auth.enabled else "no"
    return auth.name, str(auth.code), _window(device, auth), enabled, str(auth.lock_count)


def _window(device: Device, auth: Auth) -> str:
    """In the lock's own zone."""
    zone, parts = zone_of(device.timezone_id), []
    for word, at in (("from", auth.from_date), ("until", auth.until_date)):
        if at is not None:
            parts.append(f"{word} {at.astimezone(zone):%Y-%m-%d %H:%M}")
    mask = auth.week_days
    if mask is not None and mask != 127:
        parts.append(" ".join(day for index, day in enumerate(_DAYS) if mask & (64 >> index)) or "no weekday")
    if auth.from_time or auth.until_time:
        parts.append(f"{_clock(auth.from_time)}–{_clock(auth.until_time)}")
    if not parts:
        return "always"
    is_kept = auth.from_date is not None and bool(mask)
    return ", ".join(parts) + ("" if is_kept else " (not enforced)")


def _clock(minutes: int | None) -> str:
    hours, minutes = divmod(minutes or 0, 60)
    return f"{hours:02d}:{minutes:02d}"


# --- work and log ---------------------------------------------------------------------------------------


def _is_work(job: Job) -> bool:
    return job.kind in _JOBS


def _job(device: Device, job: Job, now: datetime) -> str:
    auth = job.auth or device.cloud.auths.get(job.auth_id or "")
    whose = f" (“{auth.name}”)" if auth else ""
    seconds = max(0, round((job.run_at - now).total_seconds()))
    return f"{_JOBS[job.kind]}{whose}, in {seconds} s"


def _line(device: Device, entry: LogEntry) -> dict[str, Any]:
    actions = _OPENER_ACTIONS | {224: "doorbell"} if device.type == OPENER else _ACTIONS
    words = [
        actions.get(entry.action, _ACTIONS.get(entry.action, f"action {entry.action}")),
        _TRIGGERS.get(entry.trigger, f"trigger {entry.trigger}"),
        f"“{entry.name}”" if entry.name else "",
        _RESULTS.get(entry.state, f"state {entry.state}"),
    ]
    at = entry.at.astimezone(zone_of(device.timezone_id))
    return {
        "at": f"{at:%Y-%m-%d %H:%M:%S}",
        "text": ", ".join(word for word in words if word),
        "is_pushed": entry.is_pushed,
    }
