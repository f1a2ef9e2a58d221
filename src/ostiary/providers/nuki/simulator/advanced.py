"""
The result of an advanced call (8.5): what its webhook says when the work is done.

Accepting such a call is in `devices.py` and `auths.py`, since it is checked like its simple twin.
"""

from datetime import datetime
from typing import Any

from . import hooks
from .state import Asked, Device, Home, Job

OFFLINE, MOTOR_BLOCKED = "ff", "42"  # 8.6


def ask(home: Home, kind: str, jobs: int, now: datetime) -> Asked:
    """
    Expect the result of an advanced call.

    Args:
        kind: `LockAction`, `UnlockAction`, `SmartlockAction` or `AuthCreation`.
        jobs: After how many pieces of work it is complete.
    """
    asked = Asked(request_id=home.object_id(now), type=kind, open_jobs=jobs)
    if jobs:
        home.asked.append(asked)
    return asked


def settle(home: Home, job: Job, at: datetime) -> None:
    """A job has run; if it is over and was asked for by an advanced call, the result may be complete."""
    if not job.request_id or any(other is job for other in home.jobs):
        return
    asked = next((one for one in home.asked if one.request_id == job.request_id), None)
    if asked is None:
        return
    device = home.device(job.smartlock_id)
    asked.detail.append(_detail(device, job))
    asked.open_jobs -= 1
    if asked.open_jobs <= 0:
        home.asked.remove(asked)
        hooks.queue_result(home, asked.request_id, _body(asked), at)


def _detail(device: Device | None, job: Job) -> dict[str, Any]:
    error = _error(device, job)
    detail: dict[str, Any] = {"smartlockId": job.smartlock_id, "success": error is None}
    if error is not None:
        detail["errorCode"] = error
    if job.auth_id:
        detail["id"] = job.auth_id
        held = device.truth.auths.get(job.auth_id) if device else None
        if error is None and held is not None:
            detail["authId"] = held.auth_id
    return detail


def _error(device: Device | None, job: Job) -> str | None:
    """Hex digits of 8.6; None: it went well."""
    if device is None:
        return OFFLINE
    if job.kind == "action":
        return OFFLINE if not job.is_started else MOTOR_BLOCKED if device.jammed else None
    return None if job.error is None else job.error[-3:-1]  # the texts end in the code, in brackets


def _body(asked: Asked) -> dict[str, Any]:
    errors = [one["errorCode"] for one in asked.detail if not one["success"]]
    common: dict[str, Any] = {"type": asked.type, "requestId": asked.request_id, "success": not errors}
    if errors:
        common["errorCode"] = errors[0]
    if asked.type != "AuthCreation":
        return {**common, "smartlockId": asked.detail[0]["smartlockId"]}
    body: dict[str, Any] = {"detail": asked.detail, **common}
    if asked.invite_code is not None and not errors:
        body = {"inviteCode": asked.invite_code, **body}
    return body
