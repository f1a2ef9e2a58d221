"""
What happened, in the wire's words. An event is stored with the change that it tells of, or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from .ids import ordered_id
from .instants import to_wire
from .secrets import Secret

EventType = Literal[
    "connect_webview.login_succeeded",
    "connect_webview.login_failed",
    "connected_account.created",
    "connected_account.connected",
    "connected_account.successful_login",
    "connected_account.completed_first_sync",
    "connected_account.completed_first_sync_after_reconnection",
    "connected_account.disconnected",
    "connected_account.deleted",
    "client_session.deleted",
    "device.added",
    "device.connected",
    "device.disconnected",
    "device.removed",
    "device.deleted",
    "device.name_changed",
    "device.low_battery",
    "device.battery_status_changed",
    "device.accessory_keypad_connected",
    "device.accessory_keypad_disconnected",
    "device.converted_to_unmanaged",
    "device.unmanaged.converted_to_managed",
    "device.unmanaged.connected",
    "device.unmanaged.disconnected",
    "device.third_party_integration_detected",
    "device.third_party_integration_no_longer_detected",
    "device.error.subscription_required",
    "device.error.subscription_required.resolved",
    "lock.locked",
    "lock.unlocked",
    "lock.access_denied",
    "action_attempt.lock_door.succeeded",
    "action_attempt.lock_door.failed",
    "action_attempt.unlock_door.succeeded",
    "action_attempt.unlock_door.failed",
    "access_code.created",
    "access_code.mutations_requested",
    "access_code.name_changed",
    "access_code.code_changed",
    "access_code.time_frame_changed",
    "access_code.scheduled_on_device",
    "access_code.set_on_device",
    "access_code.removed_from_device",
    "access_code.deleted",
    "access_code.delay_in_setting_on_device",
    "access_code.failed_to_set_on_device",
    "access_code.failed_to_remove_from_device",
    "access_code.modified_external_to_seam",
    "access_code.deleted_external_to_seam",
    "access_code.backup_access_code_pulled",
    "access_code.unmanaged.created",
    "access_code.unmanaged.removed",
    "access_code.unmanaged.converted_to_managed",
    "access_code.unmanaged.failed_to_convert_to_managed",
]
EMITTED = frozenset(get_args(EventType))


@dataclass(frozen=True, slots=True)
class Event:
    """
    One thing that happened once.

    Attributes:
        payload: The wire's further fields. Never a PIN.
        secret_fields: JSON object with the fields that carry a PIN; encrypted at rest.
    """

    event_id: str
    workspace_id: str
    event_type: str
    device_id: str | None
    access_code_id: str | None
    connected_account_id: str | None
    connect_webview_id: str | None
    action_attempt_id: str | None
    customer_key: str | None
    occurred_at: datetime
    created_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    secret_fields: Secret | None = None

    def as_wire(self) -> dict[str, Any]:
        """The wire's object, PINs included: this is where they are meant to go."""
        ids = {
            "device_id": self.device_id,
            "access_code_id": self.access_code_id,
            "connected_account_id": self.connected_account_id,
            "connect_webview_id": self.connect_webview_id,
            "action_attempt_id": self.action_attempt_id,
            "customer_key": self.customer_key,
        }
        wire: dict[str, Any] = {
            "event_id": self.event_id,
            "event_type": self.event_type,
            "workspace_id": self.workspace_id,
            "created_at": to_wire(self.created_at),
            "occurred_at": to_wire(self.occurred_at),
            **{name: value for name, value in ids.items() if value is not None},
            **self.payload,
        }
        if self.secret_fields is not None:
            wire.update(msgspec.json.decode(self.secret_fields.reveal()))
        return wire


OwnEventType = Literal["ostiary.webhook.disabled", "ostiary.webhook.test"]
"""Ours: in the stream and at webhooks that name them, in no answer of the wire."""
OWN = frozenset(get_args(OwnEventType))


def own_event(event_type: OwnEventType, workspace_id: str, now: datetime, **payload: Any) -> Event:
    """An event of now."""
    return Event(
        ordered_id(now), workspace_id, event_type, None, None, None, None, None, None, now, now, payload
    )


def event(
    event_type: EventType,
    workspace_id: str,
    now: datetime,
    *,
    device_id: str | None = None,
    access_code_id: str | None = None,
    connected_account_id: str | None = None,
    connect_webview_id: str | None = None,
    action_attempt_id: str | None = None,
    customer_key: str | None = None,
    secret_fields: Mapping[str, Any] | None = None,
    **payload: Any,
) -> Event:
    """An event of now."""
    return Event(
        event_id=ordered_id(now),
        workspace_id=workspace_id,
        event_type=event_type,
        device_id=device_id,
        access_code_id=access_code_id,
        connected_account_id=connected_account_id,
        connect_webview_id=connect_webview_id,
        action_attempt_id=action_attempt_id,
        customer_key=customer_key,
        occurred_at=now,
        created_at=now,
        payload=payload,
        secret_fields=None if secret_fields is None else Secret(msgspec.json.encode(secret_fields).decode()),
    )
