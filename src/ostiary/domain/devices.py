"""A device: what a look showed, what its owner named it, and the wire's object made of both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from . import problems
from .connected_accounts import ConnectedAccount
from .errors import ApiError
from .events import Event, EventType, event
from .instants import to_wire
from .lead_times import lead_times
from .problems import Problems
from .provider import Capabilities, ObservedDevice

RENDERING: Final = 1
"""Version of `as_wire`. A stored rendering of another version is made anew before it is served."""

LOW_BATTERY: Final = 0.2

FULL: Final = "max_access_codes_reached"
EMPTY_POOL: Final = "empty_backup_access_code_pool"
PARTIAL_POOL: Final = "partial_backup_access_code_pool"
THIRD_PARTY: Final = "third_party_integration_detected"
MANY_ACTIVE: Final = "many_active_backup_codes"
OURS: Final = frozenset({FULL, EMPTY_POOL, PARTIAL_POOL, MANY_ACTIVE, THIRD_PARTY})
"""Problems that come from what we know of a device's codes: no look at the device itself ends them."""

NOTICES_APART: Final = timedelta(seconds=5)
"""
Between two looks at one device because of notices. The first notice is followed at once; those that come
soon after it share one look, so that no number of them makes many.
"""


def as_asked(
    capabilities: Capabilities, preload_hours: int | None, just_in_time_minutes: int | None
) -> Capabilities:
    """What a device can do, with the lead times that were asked for."""
    if preload_hours is None and just_in_time_minutes is None:
        return capabilities
    lead = lead_times(preload_hours, just_in_time_minutes)
    return replace(
        capabilities,
        native_lead=lead.native.total_seconds(),
        just_in_time_lead=lead.just_in_time.total_seconds(),
    )


@dataclass(frozen=True, slots=True)
class Device:
    """
    Attributes:
        name: As the vendor has it.
        nickname: As the API user named it; None: like `name`.
        properties: The wire's, complete but for what depends on being online.
        due_at: When something about its codes or actions must happen next.
        sync_wanted: A write was lost: let the vendor read the lock anew before it is repeated.
        look_wanted: Look at the codes even if nothing is known to differ.
        noticed_at: When its vendor last said that it has changed, until a look that began later has shown it.
        seen_at: When such a look last ended.
        has_backup_pool: Spares are kept on it (`domain.backup_pool`).
        spares: How many of them could be given away now.
        preload_hours, just_in_time_minutes: How early codes are put on it (`lead_times`); None: as usual.
        disturbed_at: When a look last showed that somebody else had undone codes of ours.
    """

    device_id: str
    workspace_id: str
    connected_account_id: str
    provider: str
    vendor_device_id: str
    device_type: str
    name: str
    nickname: str | None
    is_managed: bool
    is_online: bool
    capabilities: Capabilities
    properties: Mapping[str, Any]
    time_zone: str | None
    errors: Problems
    warnings: Problems
    custom_metadata: Mapping[str, str | bool]
    created_at: datetime
    removed_at: datetime | None
    due_at: datetime | None
    attempts: int
    sync_wanted: bool
    look_wanted: bool
    looked_at: datetime | None
    noticed_at: datetime | None = None
    seen_at: datetime | None = None
    has_backup_pool: bool = False
    spares: int = 0
    preload_hours: int | None = None
    just_in_time_minutes: int | None = None
    disturbed_at: datetime | None = None

    @property
    def can(self) -> Capabilities:
        """What the last look showed, with the lead times that hold here."""
        return as_asked(self.capabilities, self.preload_hours, self.just_in_time_minutes)

    @property
    def display_name(self) -> str:
        return self.nickname or self.name

    @property
    def may_hold_codes(self) -> bool:
        """Somebody may put codes on it now, whom we tell the API user of."""
        return self.is_managed and self.capabilities.can_program_online_access_codes is True

    def noticed_due(self, now: datetime) -> datetime | None:
        """When to look because of what the vendor said; None: there is nothing to look for."""
        if self.noticed_at is None:
            return None
        return now if self.seen_at is None else max(now, self.seen_at + NOTICES_APART)

    def event(self, event_type: EventType, now: datetime, **payload: Any) -> Event:
        return event(
            event_type,
            self.workspace_id,
            now,
            device_id=self.device_id,
            connected_account_id=self.connected_account_id,
            **payload,
        )

    def connected(self, now: datetime) -> Event:
        return self.event("device.connected" if self.is_managed else "device.unmanaged.connected", now)

    def disconnected(self, error_code: str, account: ConnectedAccount, now: datetime) -> Event:
        told: EventType = "device.disconnected" if self.is_managed else "device.unmanaged.disconnected"
        return self.event(told, now, error_code=error_code, **self.problem_fields(account))

    def problem_fields(self, account: ConnectedAccount) -> dict[str, Any]:
        """The four arrays that some events must carry."""
        return {
            "device_errors": problems.for_event(self.errors),
            "device_warnings": problems.for_event(self.warnings),
            "connected_account_errors": problems.for_event(account.errors),
            "connected_account_warnings": problems.for_event(account.warnings),
        }


def is_look_due(device: Device, every: timedelta, now: datetime) -> bool:
    """Nobody has looked at its codes for that long. Whose clock was set back is looked at, too."""
    looked_at = device.looked_at
    return looked_at is None or not looked_at <= now < looked_at + every


def added(device_id: str, seen: ObservedDevice, account: ConnectedAccount, now: datetime) -> Device:
    """A device that was not there at the last poll. `observed` fills the rest."""
    return Device(
        device_id=device_id,
        workspace_id=account.workspace_id,
        connected_account_id=account.connected_account_id,
        provider=account.provider,
        vendor_device_id=seen.vendor_device_id,
        device_type=seen.device_type,
        name=seen.name,
        nickname=None,
        is_managed=account.automatically_manage_new_devices,
        is_online=seen.is_online,
        capabilities=seen.capabilities,
        properties={},
        time_zone=seen.time_zone,
        errors=(),
        warnings=(),
        custom_metadata={},
        created_at=now,
        removed_at=None,
        due_at=None,
        attempts=0,
        sync_wanted=False,
        look_wanted=False,
        looked_at=None,
    )


def observed(device: Device, seen: ObservedDevice, now: datetime) -> Device:
    """The device after a look."""
    battery = seen.battery_level
    properties: dict[str, Any] = _as_stored(seen.properties)
    if battery is not None:
        properties["battery"] = {"level": battery, "status": battery_status(battery)}
        properties["battery_level"] = battery
    if seen.is_locked is not None:
        properties["locked"] = seen.is_locked
    elif seen.is_busy and "locked" in device.properties:
        properties["locked"] = device.properties["locked"]  # in motion: the last known state stands
    errors = problems.cleared(
        device.errors,
        "error_code",
        *({p["error_code"] for p in device.errors} - {q.error_code for q in seen.problems} - OURS),
    )
    for problem in seen.problems:
        errors = problems.raised(
            errors, "error_code", problem.error_code, problem.message, now, is_device_error=True
        )
    if not seen.is_online:
        errors = problems.raised(
            (*errors, *(p for p in device.errors if p["error_code"] == "device_disconnected")),
            "error_code",
            "device_disconnected",
            f"{seen.name} is offline. It is asked again and again until it answers.",
            now,
            is_device_error=True,
        )
    return replace(
        device,
        name=seen.name,
        is_online=seen.is_online,
        capabilities=seen.capabilities,
        properties=properties,
        time_zone=seen.time_zone,
        errors=errors,
        warnings=_warnings(device, seen, now),
        removed_at=None,
    )


def _as_stored(seen: Any) -> dict[str, Any]:
    """As its column gives it back, where a tuple is a list: two looks at the same thing are equal."""
    stored: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(seen))
    return stored


def _warnings(device: Device, seen: ObservedDevice, now: datetime) -> Problems:
    codes = {*OURS, *(warning.warning_code for warning in seen.warnings)}
    standing = tuple(warning for warning in device.warnings if warning["warning_code"] in codes)
    for warning in seen.warnings:
        standing = problems.raised(standing, "warning_code", warning.warning_code, warning.message, now)
    return standing


def counted(device: Device, taken: int, now: datetime) -> Device:
    """The device after a look at its codes: full or not, whoever they are from."""
    most = device.can.max_access_codes
    if most is None or taken < most:
        return replace(device, warnings=problems.cleared(device.warnings, "warning_code", FULL))
    warnings = problems.raised(
        device.warnings,
        "warning_code",
        FULL,
        f"{device.name} holds as many codes as it can. More of them wait until some leave it.",
        now,
        active_access_code_count=taken,
        max_active_access_code_count=most,
    )
    return replace(device, warnings=warnings)


def removed(device: Device, now: datetime) -> Device:
    """The vendor does not list it any more."""
    errors = problems.raised(
        device.errors,
        "error_code",
        "device_removed",
        f"{device.name} is no longer in the account at its vendor.",
        now,
        is_device_error=True,
    )
    return replace(device, is_online=False, errors=errors, removed_at=now)


def changes(before: Device | None, after: Device, account: ConnectedAccount, now: datetime) -> list[Event]:
    """
    The events between two states of one device; `before` is None for a new one or one that came back. One
    that is not managed tells only whether it can be reached.
    """
    if before is None:
        told = [after.event("device.added", now)] if after.is_managed else []
        return [*told, after.connected(now)] if after.is_online else told
    events: list[Event] = []
    if after.is_online and not before.is_online:
        events.append(after.connected(now))
    if before.is_online and not after.is_online:
        events.append(after.disconnected("device_disconnected", account, now))
    if not after.is_managed:
        return events
    events.extend(_keypad_events(before, after, account, now))
    events.extend(_battery_events(before, after, now))
    owed = problems.has(after.errors, "error_code", "subscription_required")
    if owed and not problems.has(before.errors, "error_code", "subscription_required"):
        events.append(after.event("device.error.subscription_required", now, **after.problem_fields(account)))
    if not owed and problems.has(before.errors, "error_code", "subscription_required"):
        events.append(after.event("device.error.subscription_required.resolved", now))
    return events


def _keypad_events(before: Device, after: Device, account: ConnectedAccount, now: datetime) -> list[Event]:
    was, is_ = (d.properties.get("accessory_keypad", {}).get("is_connected") for d in (before, after))
    if was is False and is_ is True:
        return [after.event("device.accessory_keypad_connected", now)]
    if was is True and is_ is False:
        return [after.event("device.accessory_keypad_disconnected", now, **after.problem_fields(account))]
    return []


def _battery_events(before: Device, after: Device, now: datetime) -> list[Event]:
    was, is_ = (d.properties.get("battery") for d in (before, after))
    if not was or not is_ or was["status"] == is_["status"]:
        return []
    level = is_["level"]
    events = [
        after.event("device.battery_status_changed", now, battery_level=level, battery_status=is_["status"])
    ]
    if level < LOW_BATTERY <= was["level"]:
        events.append(after.event("device.low_battery", now, battery_level=level))
    return events


def battery_status(level: float) -> str:
    """The wire's four words; their thresholds are unpublished, so these are our choice."""
    if level < 0.1:
        return "critical"
    if level < LOW_BATTERY:
        return "low"
    return "good" if level < 0.75 else "full"


def copied_warnings(device: Device) -> Problems:
    """The device's warnings that its codes carry, too."""
    return tuple(warning for warning in device.warnings if warning["warning_code"] == THIRD_PARTY)


def account_errors(account: ConnectedAccount) -> list[dict[str, Any]]:
    """The account's errors as its devices and their codes carry them."""
    return [{**e, "is_connected_account_error": True, "is_device_error": False} for e in account.errors]


def flags(can: Capabilities) -> dict[str, bool]:
    """The wire's capability flags: what a device does not have at all is left out."""
    three_valued = {
        "can_remotely_lock": can.can_remotely_lock,
        "can_remotely_unlock": can.can_remotely_unlock,
        "can_program_online_access_codes": can.can_program_online_access_codes,
        "can_unlock_with_code": can.can_program_online_access_codes,
    }
    return {name: value for name, value in three_valued.items() if value is not None}


def as_wire(
    device: Device, account: ConnectedAccount, provider_display_name: str, category: str
) -> dict[str, Any]:
    """The wire's device. Holds nothing that changes with the clock, so that it can be stored."""
    if not device.is_managed:
        return _unmanaged_as_wire(device, account)
    properties = _properties(device)
    wire: dict[str, Any] = {
        "display_name": device.display_name,
        **({"nickname": device.nickname} if device.nickname else {}),
        **_common_as_wire(device, account),
        "properties": properties,
        "space_ids": [],
        "is_managed": True,
        "device_provider": {
            "device_provider_name": device.provider,
            "display_name": provider_display_name,
            "provider_category": category,
        },
        "device_manufacturer": {"manufacturer": device.provider, "display_name": provider_display_name},
    }
    return wire


SHOWN_UNMANAGED: Final = (
    "online",
    "name",
    "manufacturer",
    "model",
    "battery",
    "battery_level",
    "accessory_keypad",
    "online_access_codes_enabled",
    "offline_access_codes_enabled",
)
"""What the wire tells of a device that is not managed. Neither its door nor who is let in."""


def _unmanaged_as_wire(device: Device, account: ConnectedAccount) -> dict[str, Any]:
    properties = _properties(device)
    shown = {name: properties[name] for name in SHOWN_UNMANAGED if name in properties}
    return {**_common_as_wire(device, account), "properties": shown, "is_managed": False}


def _properties(device: Device) -> dict[str, Any]:
    can = device.can
    properties = {
        "online": device.is_online,
        "name": device.name,
        "appearance": {"name": device.name},
        "manufacturer": device.provider,
        **device.properties,
        "online_access_codes_enabled": bool(can.can_program_online_access_codes),
        "offline_access_codes_enabled": False,
        "supports_backup_access_code_pool": can.supports_backup_access_code_pool,
        "backup_access_code_pool_enabled": device.has_backup_pool,
    }
    if not device.is_online:
        for name in ("locked", "battery", "battery_level", "door_open"):
            properties.pop(name, None)
    return properties


def _common_as_wire(device: Device, account: ConnectedAccount) -> dict[str, Any]:
    """What managed and unmanaged devices have."""
    can = device.can
    capabilities = [
        *(["access_code"] if can.can_program_online_access_codes else []),
        *(["lock"] if can.can_remotely_lock or can.can_remotely_unlock else []),
    ]
    wire: dict[str, Any] = {
        "device_id": device.device_id,
        "device_type": device.device_type,
        "capabilities_supported": capabilities,
        **flags(can),
        "connected_account_id": device.connected_account_id,
        "workspace_id": device.workspace_id,
        "errors": [*device.errors, *account_errors(account)],
        "warnings": list(device.warnings),
        "created_at": to_wire(device.created_at),
        "custom_metadata": device.custom_metadata,
    }
    if device.time_zone:
        wire["location"] = {"time_zone": device.time_zone, "timezone": device.time_zone}
    return wire


def refuse_without(device: Device, flag: bool | None, verb: str) -> None:
    """
    Refuse what a device does not have.

    Raises:
        ApiError: 400 `unsupported_device` when the flag is absent.
    """
    if flag is None:
        raise ApiError(
            "unsupported_device",
            f"{device.display_name} cannot {verb}",
            data={"device_id": device.device_id},
        )
