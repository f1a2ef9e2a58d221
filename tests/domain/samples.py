"""One device, one account, one code, as they are when nothing is special."""

from datetime import UTC, datetime
from typing import Any

from ostiary.domain.access_codes import AccessCode, Wish, requested
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.domain.devices import Device, added, observed
from ostiary.domain.provider import Capabilities, ObservedDevice
from ostiary.domain.secrets import Secret

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
CAN = Capabilities(can_remotely_lock=True, can_remotely_unlock=True, can_program_online_access_codes=True)


def account(**changes: Any) -> ConnectedAccount:
    fields: dict[str, Any] = {
        "connected_account_id": "account-1",
        "workspace_id": "workspace-1",
        "provider": "acme",
        "vendor_account_id": "v-1",
        "display_name": "Acme",
        "user_identifier": {},
        "accepted_capabilities": [],
        "automatically_manage_new_devices": True,
        "custom_metadata": {},
        "customer_key": None,
        "errors": (),
        "warnings": (),
        "settings": {},
        "access_token": Secret("token"),
        "refresh_token": None,
        "token_expires_at": None,
        "created_at": NOW,
        "connected_at": NOW,
        "first_synced_at": None,
        "poll_at": None,
        "attempts": 0,
    }
    return ConnectedAccount(**{**fields, **changes})


def look(**changes: Any) -> ObservedDevice:
    fields: dict[str, Any] = {
        "vendor_device_id": "d-1",
        "device_type": "acme_lock",
        "name": "Front Door",
        "is_online": True,
        "capabilities": CAN,
        "properties": {},
        "is_locked": True,
        "battery_level": 0.8,
    }
    return ObservedDevice(**{**fields, **changes})


def device(**changes: Any) -> Device:
    seen = look(**changes)
    return observed(added("device-1", seen, account(), NOW), seen, NOW)


def code(
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    *,
    native: bool = True,
    pin: str = "1234",
) -> AccessCode:
    wish = Wish("Anna", Secret(pin), starts_at, ends_at, prefer_native_scheduling=native)
    return requested(device(), wish, f"hash of {pin}", NOW)
