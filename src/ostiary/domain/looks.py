"""What a look shows: devices, what they can do, their codes, and the lines of their log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from .lead_times import JUST_IN_TIME_LEAD, NATIVE_LEAD
from .secrets import Secret
from .weekly_windows import WeeklyWindow


@dataclass(frozen=True, slots=True)
class Capabilities:
    """
    What one device can do. Lengths in digits, times in seconds, capacity in codes.

    The `can_` flags have three values: True works now, False has it in principle but not now,
    None does not have it (the wire leaves the flag out).
    """

    can_remotely_lock: bool | None = None
    can_remotely_unlock: bool | None = None
    can_program_online_access_codes: bool | None = None
    code_chosen_by: Literal["caller", "vendor", "either"] = "caller"  # either: the vendor, if nobody says one
    code_lengths: tuple[int, ...] = ()
    code_constraints: tuple[str, ...] = ()  # the wire's constraint types without parameters
    name_max_length: int | None = None
    codes_are_readable: bool = True
    has_native_scheduling: bool = True
    supports_backup_access_code_pool: bool = False
    max_access_codes: int | None = None
    settles_within: float = 60.0
    reaches_device_after: float = 0.0
    """How long the device goes on as before after the vendor's record has changed, where no look can tell."""
    time_step: float = 0.0
    """Starts and ends are whole multiples of this; 0: any instant."""
    wall_clock_zone: str | None = None
    """IANA name of the zone in whose wall-clock time the device keeps schedules; None: it keeps instants."""
    keeps_weekly_windows: bool = False
    """It opens a code on some weekdays or between some times of day only, by its own clock."""
    native_lead: float = NATIVE_LEAD.total_seconds()
    just_in_time_lead: float = JUST_IN_TIME_LEAD.total_seconds()
    """How early codes may be put on it. No brand says these two: they are the API user's (`Device.can`)."""

    @property
    def vendor_may_choose(self) -> bool:
        return self.code_chosen_by != "caller"


@dataclass(frozen=True, slots=True)
class DeviceProblem:
    """A wire error of a device as its vendor reports it. The house adds the time."""

    error_code: str
    message: str


@dataclass(frozen=True, slots=True)
class DeviceWarning:
    """A wire warning of a device."""

    warning_code: str
    message: str


@dataclass(frozen=True, slots=True)
class AccountProblem:
    """
    A wire error or warning of a whole account.

    Attributes:
        more: Further fields that the wire has for that code.
    """

    kind: Literal["error", "warning"]
    code: str
    message: str
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedDevice:
    """
    One look at one device.

    Attributes:
        properties: The wire's `properties`, except what the house adds or withholds itself: `online`,
            `name`, `appearance`, `locked`, and the battery, which is left out while offline.
        is_locked: None when the device cannot tell.
        is_busy: The vendor is at work on the device: its state is not final.
        time_zone: IANA name, None when unknown.
        battery_level: 0..1.
    """

    vendor_device_id: str
    device_type: str
    name: str
    is_online: bool
    capabilities: Capabilities
    properties: Mapping[str, Any]
    is_locked: bool | None = None
    is_busy: bool = False
    time_zone: str | None = None
    battery_level: float | None = None
    problems: tuple[DeviceProblem, ...] = ()
    warnings: tuple[DeviceWarning, ...] = ()


# --- access codes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DesiredCode:
    """
    One code as it should stand on the device.

    Attributes:
        vendor_name: From `vendor_name()`; carries our mark.
        code: None: the vendor chooses a PIN, anew if it has chosen one before, and tells it.
        is_from_vendor: `code` is what the vendor has chosen: it is to stay, not to be written.
        starts_at, ends_at: Both or neither; None when the device must not limit it.
        weekly: The device is to keep it beside start and end, or without them. None: every day, at all hours.
    """

    access_code_id: str
    vendor_name: str
    code: Secret | None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_from_vendor: bool = False
    weekly: WeeklyWindow | None = None


@dataclass(frozen=True, slots=True)
class ObservedCode:
    """
    One code as a look at the device shows it.

    Attributes:
        code: None when the vendor does not tell.
        mark: Our mark, found in the vendor's name or reference field; None for somebody else's code.
        is_enabled: False: stands there but opens nothing.
        is_busy: The vendor is still at work on it; a write now would be refused.
        starts_at, ends_at: Both or neither; with a weekly window there may be a start alone.
        is_exact: False: a part of it is missing, or it is limited by something that we never write.
        error: The vendor's last error about it.
        takes_room: It counts towards `max_access_codes`.
        is_removable: False: it is more than a code, so that removing it would take away other things too.
        weekly: The device keeps it beside start and end; never one that limits nothing.
    """

    vendor_code_id: str
    name: str
    code: Secret | None
    mark: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_enabled: bool = True
    is_busy: bool = False
    is_exact: bool = True
    error: str | None = None
    takes_room: bool = True
    is_removable: bool = True
    weekly: WeeklyWindow | None = None


# --- the vendor's log --------------------------------------------------------------------------------

EntryKind = Literal["locked", "unlocked", "access_denied"]
EntryMethod = Literal["keycode", "manual", "automatic", "remote", "card", "unknown"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """
    One line of what a vendor has written down about a door.

    Attributes:
        entry_id: The vendor's own, unique among the lines of one device.
        occurred_at: By the device's clock.
        kind: None: it means nothing to us.
        method: How the door was moved; `unknown` also when access was denied.
        vendor_code_id: What was used, as `ObservedCode` names it. It may name something that is no code.
        reason_code: The wire's, when access was denied.
    """

    entry_id: str
    vendor_device_id: str
    occurred_at: datetime
    kind: EntryKind | None
    method: EntryMethod = "unknown"
    vendor_code_id: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class RecentEntries:
    """
    The end of an account's log.

    Attributes:
        entries: Newest first, of all devices.
        complete_after: Every line after this instant is among them; None: every line that there is.
    """

    entries: Sequence[LogEntry]
    complete_after: datetime | None
