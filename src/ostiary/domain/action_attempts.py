"""An action attempt: something asked of a door or of a code, with the answer when there is one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from .devices import Device
from .events import Event, EventType
from .ids import ordered_id

DOOR_DEADLINE: Final = timedelta(seconds=30)
"""After this a door is not operated any more: an unlock that comes late is worse than one that failed."""

ActionType = Literal[
    "LOCK_DOOR",
    "UNLOCK_DOOR",
    "CREATE_ACCESS_CODE",
    "UPDATE_ACCESS_CODE",
    "DELETE_ACCESS_CODE",
    "CONVERT_ACCESS_CODE_TO_MANAGED",
]
Status = Literal["pending", "success", "error"]


@dataclass(frozen=True, slots=True)
class ActionAttempt:
    """
    Attributes:
        deadline_at: For doors: past it the attempt fails. None for access codes, which are tried until done.
        sent_at: When the vendor was called, written down before the call. A door is called at most once.
        vendor_entry_id: The line of the vendor's log that tells of the same movement.
    """

    action_attempt_id: str
    workspace_id: str
    connected_account_id: str
    device_id: str
    access_code_id: str | None
    action_type: str
    status: str
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    generation: int
    created_at: datetime
    deadline_at: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None
    vendor_entry_id: str | None = None

    @property
    def wants_locked(self) -> bool:
        return self.action_type == "LOCK_DOOR"

    def succeeded(self, now: datetime, result: Mapping[str, Any]) -> "ActionAttempt":
        return replace(self, status="success", result=result, settled_at=now)

    def failed(self, now: datetime, error_type: str, message: str) -> "ActionAttempt":
        return replace(self, status="error", error={"type": error_type, "message": message}, settled_at=now)

    def as_wire(self, result: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The wire's object; `result` replaces the stored one, for those that hold a whole access code."""
        return {
            "action_attempt_id": self.action_attempt_id,
            "action_type": self.action_type,
            "status": self.status,
            "result": (result if result is not None else self.result) if self.status == "success" else None,
            "error": self.error,
        }


def requested(
    action_type: ActionType,
    device: Device,
    now: datetime,
    *,
    access_code_id: str | None = None,
    generation: int = 0,
    deadline_at: datetime | None = None,
) -> ActionAttempt:
    return ActionAttempt(
        action_attempt_id=ordered_id(now),
        workspace_id=device.workspace_id,
        connected_account_id=device.connected_account_id,
        device_id=device.device_id,
        access_code_id=access_code_id,
        action_type=action_type,
        status="pending",
        result=None,
        error=None,
        generation=generation,
        created_at=now,
        deadline_at=deadline_at,
        sent_at=None,
        settled_at=None,
    )


def outcome_events(attempt: ActionAttempt, device: Device, now: datetime) -> list[Event]:
    """
    The events of a settled door attempt: its own and, when the door moved, the lock's.

    The second names the first, so that one unlock is not read as two.
    """
    noun = attempt.action_type.lower()
    verdict = "succeeded" if attempt.status == "success" else "failed"
    own: Any = f"action_attempt.{noun}.{verdict}"
    told = [
        device.event(
            own,
            now,
            action_attempt_id=attempt.action_attempt_id,
            action_type=attempt.action_type,
            status=attempt.status,
        )
    ]
    if attempt.status == "success":
        lock: EventType = "lock.locked" if attempt.wants_locked else "lock.unlocked"
        told.append(device.event(lock, now, action_attempt_id=attempt.action_attempt_id, method="remote"))
    return told
