"""What the control plane shows of a home: what the devices hold, and what the cloud believes."""

from datetime import datetime
from typing import Any

from ostiary.simulation.control import Nothing

from . import cloud, generations, views
from .state import CODE, Device, Home, Side
from .zones import ZONES

DOOR_STATES = {"unpaired": 0, "closed": 2, "open": 3}


def summary(home: Home) -> dict[str, Any]:
    devices = [
        {"smartlock_id": device.smartlock_id, "name": device.name, "type": device.type}
        for device in home.owned()
    ]
    return {"home": home.name, "account_id": home.account_id, "devices": devices}


def truth(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    """What the devices hold, PINs included, as nobody but the devices knows it."""
    return {"home": home.name, "devices": [side(device, device.truth) for device in home.devices]}


def cloud_side(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    """What the API answers from, and the work that is still under way."""
    devices = [
        {
            **side(device, device.cloud),
            "operation_id": device.operation_id,
            "error": views.device_error(device),
            "server_state": views.server_state(device),
            "admin_pin_state": device.admin_pin_state,
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


def side(device: Device, shown: Side) -> dict[str, Any]:
    status = shown.status
    return {
        "smartlock_id": device.smartlock_id,
        "name": device.name,
        "name_on_device": shown.name or device.name,
        "type": device.type,
        "generation": device.generation or generations.USUAL[device.type],
        "time_zone": ZONES[device.timezone_id],
        "online": device.online,
        "jammed": device.jammed,
        "subscription": device.subscription,
        "grace": device.in_grace,
        "keypad_paired": shown.keypad_paired,
        "keypad2_paired": shown.keypad2_paired,
        "state": status.alert or status.state,
        "mode": status.mode,
        "locked": status.state == cloud.LOCKED,
        "battery": status.battery_charge,
        "charging": status.is_charging,
        "keypad_battery_critical": status.keypad_battery_critical,
        "door": next(word for word, number in DOOR_STATES.items() if number == status.door_state),
        "codes": [views.auth(device, held) for held in views.codes_of(shown.auths)],
        "auths": [views.auth(device, held) for held in shown.auths.values() if held.type != CODE],
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
