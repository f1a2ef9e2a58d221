"""
The guide's story of Salto KS locks with an official Python SDK:
`python -m tests.conformance.sdk.story_salto ENDPOINT API_KEY`.

Knows nothing of Ostiary. The first line that it prints is the webview that somebody has to log in at, the
second is what it saw, as JSON.
"""

import json
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from seam import SeamActionAttemptFailedError

from .steps import Sdk, connected, events_of, is_set, opened, python_instant, refusal, told, until

FAR = {"starts_at": "2028-08-12T19:23:42+0000", "ends_at": "2028-08-13T19:23:42+0000"}
DAY = timedelta(days=1)


def doors(seam: Sdk, lock: Sdk, guarded: Sdk) -> dict[str, Any]:
    """A door that opens and locks itself again, and one that asks for one-time passwords."""
    unlocked = seam.locks.unlock_door(device_id=lock.device_id)
    locked = seam.locks.lock_door(device_id=lock.device_id)
    try:
        attempt = seam.locks.unlock_door(device_id=guarded.device_id)  # the first generation raises nothing
        failed = {
            "code": attempt.error["type"],
            "message": attempt.error["message"],
            "status": attempt.status,
        }
    except SeamActionAttemptFailedError as error:
        failed = {"code": error.code, "message": str(error), "status": error.action_attempt.status}
    return {
        "unlock": [unlocked.action_type, unlocked.status],
        "lock": [locked.action_type, locked.status],
        "failed": failed,
    }


def shown(code: Sdk) -> dict[str, Any]:
    names = ("name", "code", "type", "status", "starts_at", "ends_at")
    return {
        **{name: getattr(code, name) for name in names},
        "is_waiting": bool(getattr(code, "is_waiting_for_code_assignment", None)),
        "is_scheduled": bool(code.is_scheduled_on_device),
    }


def codes(seam: Sdk, lock: Sdk) -> dict[str, Any]:
    def get(code: Sdk) -> Sdk:
        return seam.access_codes.get(access_code_id=code.access_code_id)

    def window(start: datetime) -> dict[str, str]:
        return {"starts_at": python_instant(start), "ends_at": python_instant(start + DAY)}

    ongoing = seam.access_codes.create(device_id=lock.device_id, name="Ann")
    far = seam.access_codes.create(device_id=lock.device_id, name="Far", **FAR)
    tomorrow = datetime.now(UTC).replace(second=0, microsecond=0) + DAY
    near = seam.access_codes.create(device_id=lock.device_id, name="Near", **window(tomorrow))
    ongoing_set = until(lambda: get(ongoing), is_set)
    near_ready = until(lambda: get(near), lambda code: code.is_scheduled_on_device)
    seam.access_codes.update(access_code_id=near.access_code_id, **window(tomorrow + DAY))
    until(lambda: told(seam, near, "access_code.time_frame_changed"), bool)
    near_moved = until(lambda: get(near), lambda code: code.is_scheduled_on_device)
    far_still = get(far)
    for code in (ongoing, far, near):
        seam.access_codes.delete(access_code_id=code.access_code_id)
    until(lambda: seam.access_codes.list(device_id=lock.device_id), lambda left: not left)
    return {
        "ongoing": [shown(ongoing), shown(ongoing_set)],
        "far": [shown(far), shown(far_still)],
        "near": [shown(near), shown(near_ready), shown(near_moved)],
        "gone": refusal(seam.access_codes.get, access_code_id=ongoing.access_code_id),
        "events": sorted({event.event_type for event in events_of(seam, lock)}),
    }


def main() -> None:
    seam = opened()
    result: dict[str, Any] = {"version": version("seam"), "connected": connected(seam, "salto_ks")}
    devices = until(seam.devices.list, lambda found: len(found) == 4)
    named = {device.properties.name: device for device in devices}
    lock = named["BACK DOOR"]
    result["devices"] = {
        name: [device.device_type, sorted(device.capabilities_supported)] for name, device in named.items()
    }
    result["by_name"] = seam.locks.get(name="BACK DOOR").device_id == lock.device_id
    result["doors"] = doors(seam, lock, named["SIDE DOOR"])
    result["codes"] = codes(seam, lock)
    create = seam.access_codes.create
    result["refusals"] = {
        "own_pin": refusal(create, device_id=lock.device_id, code="123456"),
        "no_keypad": refusal(create, device_id=named["EXTRA DOOR"].device_id),
    }
    print(json.dumps(result))


main()
