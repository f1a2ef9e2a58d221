"""
The guide's story of a Nuki lock with an official Python SDK:
`python -m tests.conformance.sdk.story_nuki ENDPOINT API_KEY`.

Knows nothing of Ostiary. The first line that it prints is the webview that somebody has to log in at, the
second is what it saw, as JSON.
"""

import json
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from seam import SeamActionAttemptTimeoutError

from .steps import Sdk, connected, events_of, is_set, opened, python_instant, refusal, stranger, told, until


def doors(seam: Sdk, lock: Sdk) -> dict[str, Any]:
    unlocked = seam.locks.unlock_door(device_id=lock.device_id)
    between = seam.devices.get(device_id=lock.device_id).properties.locked
    patient = {"timeout": 20.0, "polling_interval": 0.2}
    locked = seam.locks.lock_door(device_id=lock.device_id, wait_for_action_attempt=patient)
    hurried = seam.locks.unlock_door(device_id=lock.device_id, wait_for_action_attempt=False)
    later = until(
        lambda: seam.action_attempts.get(action_attempt_id=hurried.action_attempt_id),
        lambda seen: seen.status != "pending",
    )
    try:
        seam.locks.lock_door(
            device_id=lock.device_id, wait_for_action_attempt={"timeout": 0.0, "polling_interval": 0.01}
        )
        timed_out = None
    except SeamActionAttemptTimeoutError as error:
        timed_out = error.action_attempt.action_type
    return {
        "unlock": [unlocked.action_type, unlocked.status, between],
        "lock": [locked.action_type, locked.status],
        "hurried": [hurried.status, later.status],
        "timed_out": timed_out,
    }


def shown(code: Sdk) -> dict[str, Any]:
    return {name: getattr(code, name) for name in ("name", "code", "type", "status", "starts_at", "ends_at")}


def codes(seam: Sdk, lock: Sdk) -> dict[str, Any]:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    end = start + timedelta(days=2)
    ongoing = seam.access_codes.create(device_id=lock.device_id, name="Ann", code="498882")
    bound = seam.access_codes.create(
        device_id=lock.device_id,
        name="Bob",
        starts_at=python_instant(start),
        ends_at=python_instant(end),
    )

    def get(code: Sdk) -> Sdk:
        return seam.access_codes.get(access_code_id=code.access_code_id)

    ongoing_set = until(lambda: get(ongoing), is_set)
    bound_set = until(lambda: get(bound), is_set)
    listed = seam.access_codes.list(device_id=lock.device_id)
    later = end + timedelta(days=1)
    seam.access_codes.update(access_code_id=ongoing.access_code_id, name="Anna", code="498883")
    seam.access_codes.update(
        access_code_id=bound.access_code_id, starts_at=python_instant(start), ends_at=python_instant(later)
    )
    wished = get(ongoing)

    until(lambda: told(seam, ongoing, "access_code.code_changed"), bool)
    until(lambda: told(seam, bound, "access_code.time_frame_changed"), bool)
    ongoing_changed, bound_changed = until(lambda: get(ongoing), is_set), until(lambda: get(bound), is_set)
    seam.access_codes.delete(access_code_id=ongoing.access_code_id)
    seam.access_codes.delete(access_code_id=bound.access_code_id)
    until(lambda: seam.access_codes.list(device_id=lock.device_id), lambda left: not left)
    events = events_of(seam, lock)
    return {
        "ongoing": [shown(ongoing), shown(ongoing_set), shown(wished), shown(ongoing_changed)],
        "bound": [shown(bound), shown(bound_set), shown(bound_changed)],
        "listed": sorted(code.name for code in listed),
        "gone": refusal(seam.access_codes.get, access_code_id=ongoing.access_code_id),
        "events": sorted({event.event_type for event in events}),
        "newest_first": [event.occurred_at for event in events],
    }


def pages(seam: Sdk) -> dict[str, Any] | None:
    """Three devices on pages of one; the first generation has no paginator."""
    if not hasattr(seam, "create_paginator"):
        return None
    paginator = seam.create_paginator(seam.devices.list, {"limit": 1})
    first, pagination = paginator.first_page()
    found = [[device.device_id for device in first]]
    while pagination.has_next_page:
        page, pagination = paginator.next_page(pagination.next_page_cursor)
        found.append([device.device_id for device in page])
    return {"pages": found, "flat": [device.device_id for device in paginator.flatten()]}


def main() -> None:
    seam = opened()
    result: dict[str, Any] = {"version": version("seam"), "connected": connected(seam, "nuki")}
    devices = until(seam.devices.list, lambda found: len(found) == 3)
    lock = next(device for device in devices if device.can_program_online_access_codes)
    other = next(device for device in devices if not device.can_program_online_access_codes)
    result["devices"] = sorted(device.properties.name for device in devices)
    result["locks"] = sorted(device.properties.name for device in seam.locks.list())
    result["got"] = seam.devices.get(device_id=lock.device_id).properties.name
    result["by_name"] = seam.locks.get(name="Front door").device_id == lock.device_id
    result["device_type"] = lock.device_type
    result["pages"] = pages(seam)
    result["doors"] = doors(seam, lock)
    result["codes"] = codes(seam, lock)
    create = seam.access_codes.create
    result["refusals"] = {
        "unknown_device": refusal(seam.devices.get, device_id="8d7e2a30-6c1f-4a52-9f5b-0d2c5a3f1e77"),
        "bad_pin": refusal(create, device_id=lock.device_id, code="120000"),
        "short_pin": refusal(create, device_id=lock.device_id, code="12"),
        "no_keypad": refusal(create, device_id=other.device_id, code="498882"),
        "wrong_key": refusal(stranger().devices.list),
    }
    print(json.dumps(result))


main()
