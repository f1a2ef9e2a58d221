"""
An access code: what is wished, what the last look at the lock showed, and what the wire says of both.

The wish is the API user's and changes at once; the fact changes only by looks (`domain.observation`). Status,
mutations and copied errors are computed when somebody asks, so that they cannot go stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from . import problems, weekly_windows
from .connected_accounts import ConnectedAccount
from .devices import Device, account_errors, copied_warnings
from .errors import ApiError, InvalidInput
from .events import Event, EventType, event
from .ids import ordered_id
from .instants import RECENT, to_wire, unambiguous
from .lead_times import spelled
from .pins import random_text
from .problems import Problems
from .provider import Capabilities
from .secrets import Secret
from .weekly_windows import WeeklyWindow

PULLED_EARLIER: Final = timedelta(days=1)
"""
How long before its pull the window of a pulled spare begins on a device that keeps it. Its PIN worked there
anyway. If it began with the pull, a device whose clock is behind would shut the guest out for a while.
"""

MARK_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
MARK_LENGTH: Final = 6

Status = Literal["setting", "set", "unset", "removing", "unknown"]
Announced = Literal["none", "scheduled", "set"]
MutationCode = Literal[
    "creating", "deferring_creation", "updating_name", "updating_code", "updating_time_frame", "deleting"
]
Mutation = tuple[MutationCode, str, dict[str, Any]]
"""With a noun for people, and the wire's `from` and `to`."""

Conversion = Literal["none", "pending", "done"]
Drift = Literal["none", "modified", "inactive", "removed"]

INACTIVE: Final = "access_code_inactive"
IN_EFFECT: Final = "external_modification_in_effect"


@dataclass(frozen=True, slots=True)
class AccessCode:
    """
    Attributes:
        mark: Six characters in the vendor's name of the code, by which a later look recognises it.
        code: None until the vendor has told it, where the vendor chooses.
        code_hash: Keyed hash of the PIN on this device; equality without the PIN.
        generation: Grows with every wish.
        wished_at: When the wish last changed.
        was_sent: A write of this code may have reached the vendor.
        vendor_code_id, vendor_name: As the last look showed it; None: not on the lock.
        confirmed_…: The wish that a look last showed to be fulfilled, and when. `confirmed_at` None: never.
            Where somebody else has changed the code since, what it was changed to.
        announced: The last of `scheduled_on_device` and `set_on_device` that was told.
        gone_at: When it was over and a look showed that the lock does not have it.
        attempts: Writes in a row that led to nothing.
        retry_at: Not written before this instant.
        refused_generation: The wish that the vendor will never accept.
        waits_for_room: The last plan had no place for it on the device.
        conversion: `pending` while it is being taken over from somebody else, who had put it on the lock.
        released_at: When it was handed over to its unmanaged life: its entry is none of ours any more.
        weekly_window: The lock keeps it beside start and end, or without them.
        seen_as: What the last look showed of it (`domain.evidence.sighting`); None: nothing.
        is_backup: Made for the pool of its device (`domain.backup_pool`). A spare until it is pulled.
        pulled_at: When it was pulled; None: never.
        pulled_for: access_code_id of the code that it stands in for.
        pulled_backup_access_code_id: Of the spare that was pulled for this code last.
        drift: What somebody else has made of it and is left as it is, because that is allowed.
        undone: How often others have undone it on the lock, without a day's rest (`domain.fights`).
        undone_at: When a look last showed that.
    """

    access_code_id: str
    workspace_id: str
    connected_account_id: str
    device_id: str
    mark: str
    name: str | None
    code: Secret | None
    code_hash: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_external_modification_allowed: bool
    prefer_native_scheduling: bool
    attempt_for_offline_device: bool
    common_code_key: str | None
    generation: int
    created_at: datetime
    wished_at: datetime
    delete_requested_at: datetime | None = None
    was_sent: bool = False
    vendor_code_id: str | None = None
    vendor_name: str | None = None
    confirmed_at: datetime | None = None
    confirmed_name: str | None = None
    confirmed_code: Secret | None = None
    confirmed_code_hash: str | None = None
    confirmed_starts_at: datetime | None = None
    confirmed_ends_at: datetime | None = None
    confirmed_generation: int = 0
    announced: Announced = "none"
    gone_at: datetime | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    refused_generation: int | None = None
    is_code_from_vendor: bool = False
    waits_for_room: bool = False
    errors: Problems = ()
    warnings: Problems = ()
    conversion: Conversion = "none"
    released_at: datetime | None = None
    weekly_window: WeeklyWindow | None = None
    confirmed_weekly_window: WeeklyWindow | None = None
    seen_as: str | None = None
    is_backup: bool = False
    pulled_at: datetime | None = None
    pulled_for: str | None = None
    pulled_backup_access_code_id: str | None = None
    drift: Drift = "none"
    undone: int = 0
    undone_at: datetime | None = None

    @property
    def is_spare(self) -> bool:
        """In the pool, and nobody's yet: the API user neither sees it nor hears of it."""
        return self.is_backup and self.pulled_at is None

    @property
    def in_effect(self) -> "AccessCode":
        """As somebody else has left it on the lock, if that is allowed; else as it is wished."""
        if self.drift not in ("modified", "inactive"):
            return self
        return replace(
            self,
            name=self.confirmed_name,
            code=self.confirmed_code,
            code_hash=self.confirmed_code_hash,
            starts_at=self.confirmed_starts_at,
            ends_at=self.confirmed_ends_at,
            weekly_window=self.confirmed_weekly_window,
        )

    @property
    def times(self) -> tuple[datetime | None, datetime | None]:
        """Start and end by which it lives: those in effect."""
        if self.drift in ("modified", "inactive"):
            return self.confirmed_starts_at, self.confirmed_ends_at
        return self.starts_at, self.ends_at

    @property
    def is_time_bound(self) -> bool:
        return self.times[1] is not None

    def is_over(self, now: datetime) -> bool:
        """Its time has ended or somebody deleted it: it must not be on the lock."""
        ends_at = self.times[1]
        return self.delete_requested_at is not None or (ends_at is not None and now >= ends_at)

    def is_active(self, now: datetime) -> bool:
        """Inside its time range, whether or not the lock has it."""
        starts_at = self.times[0]
        return not self.is_over(now) and (starts_at is None or now >= starts_at)

    def has_native_schedule(self, can: Capabilities) -> bool:
        return can.has_native_scheduling and self.prefer_native_scheduling

    def frame_on_device(self, can: Capabilities) -> tuple[datetime | None, datetime | None]:
        """Start and end as the device is to keep them; both None when it must not limit the code."""
        if not self.has_native_schedule(can) or self.starts_at is None or self.ends_at is None:
            return None, None
        starts_at = self.starts_at
        if starts_at == self.pulled_at:
            starts_at -= PULLED_EARLIER
        if can.wall_clock_zone is None:
            return starts_at, self.ends_at
        zone = ZoneInfo(can.wall_clock_zone)
        return unambiguous(starts_at, zone, is_end=False), unambiguous(self.ends_at, zone, is_end=True)

    def programmed_from(self, can: Capabilities) -> datetime | None:
        """
        When programming may begin; None: at once, as for one that was on the lock before it was ours, or that
        stays as somebody else has changed it.
        """
        if self.starts_at is None or self.conversion != "none" or self.drift in ("modified", "inactive"):
            return None
        return self.starts_at - self.lead(can)

    def lead(self, can: Capabilities) -> timedelta:
        """How long before its start it may be put on the lock."""
        is_native = self.has_native_schedule(can)
        return timedelta(seconds=can.native_lead if is_native else can.just_in_time_lead)

    def is_wanted(self, can: Capabilities, now: datetime) -> bool:
        """
        It should be on the lock at this instant, active or preloaded. One that was preloaded when the lead
        was longer stays: it opens nothing before its start, and a PIN of the vendor's would go with it.
        """
        since = self.programmed_from(can)
        is_time = since is None or now >= since
        return not self.is_over(now) and (is_time or self._is_preloaded(can))

    def _is_preloaded(self, can: Capabilities) -> bool:
        return self.is_as_wished and self.is_on_lock and self.has_native_schedule(can)

    @property
    def is_as_wished(self) -> bool:
        """The last look showed the present wish."""
        return self.confirmed_at is not None and self.confirmed_generation == self.generation

    @property
    def is_on_lock(self) -> bool:
        return self.vendor_code_id is not None

    @property
    def is_confirmed(self) -> bool:
        """On the lock, as it is wished or was before, with a PIN that we know; and not disabled there."""
        is_known = self.is_on_lock and self.confirmed_at is not None and self.code is not None
        return is_known and not self.is_inactive

    @property
    def is_inactive(self) -> bool:
        """Somebody has disabled it on the lock: it opens nothing."""
        return self.drift == "inactive" or problems.has(self.errors, "error_code", INACTIVE)

    def event(self, event_type: EventType, now: datetime, **payload: Any) -> Event:
        return event(
            event_type,
            self.workspace_id,
            now,
            access_code_id=self.access_code_id,
            device_id=self.device_id,
            connected_account_id=self.connected_account_id,
            **payload,
        )

    # --- what the wire says -----------------------------------------------------------------------

    def status(self, can: Capabilities, now: datetime, *, is_view_stale: bool) -> Status:
        """The wire's status, computed in the published order of conditions."""
        if is_view_stale:
            return "unknown"
        if self.is_over(now):
            return "removing" if self.is_on_lock or (self.gone_at is None and self.was_sent) else "unset"
        if self.is_active(now):
            return "set" if self.is_confirmed else "setting"
        if self.has_native_schedule(can):
            return "unset"
        if self.is_confirmed:
            return "set"
        return "setting" if self.is_wanted(can, now) else "unset"

    def pending_mutations(self, can: Capabilities, now: datetime) -> list[dict[str, Any]]:
        """What the lock does not show yet, as the wire says it."""
        stamp = {"created_at": to_wire(self.wished_at)}
        return [
            {"mutation_code": code, **self._in_words(code, noun, can), **stamp, **change}
            for code, noun, change in self.mutations(can, now)
        ]

    def mutations(self, can: Capabilities, now: datetime) -> list[Mutation]:
        """What the lock does not show yet."""
        if self.is_over(now):
            return [("deleting", "", {})]
        if self.drift != "none":
            return []  # what differs is left as it is
        if self.confirmed_at is not None:
            return self.differences()
        since = self.programmed_from(can)
        is_later = since is not None and now < since
        return [("deferring_creation" if is_later else "creating", "", {})]

    def _in_words(self, mutation_code: MutationCode, noun: str, can: Capabilities) -> dict[str, str]:
        if mutation_code == "deleting":
            return {"message": "Being removed from the device."}
        if mutation_code == "creating":
            return {"message": "Being set on the device."}
        if mutation_code == "deferring_creation" and self.starts_at is not None:
            return _deferral(self.starts_at, self.lead(can), is_native=self.has_native_schedule(can))
        return {"message": f"The device does not show the new {noun} yet."}

    def differences(self) -> list[Mutation]:
        """Wish against last confirmation."""
        found: list[Mutation] = []
        if self.name != self.confirmed_name:
            change = {"from": {"name": self.confirmed_name}, "to": {"name": self.name}}
            found.append(("updating_name", "name", change))
        if self.code != self.confirmed_code:
            change = {"from": {"code": shown(self.confirmed_code)}, "to": {"code": shown(self.code)}}
            found.append(("updating_code", "code", change))
        before = frame(self.confirmed_starts_at, self.confirmed_ends_at)
        after = frame(self.starts_at, self.ends_at)
        if self.weekly_window != self.confirmed_weekly_window:
            before[weekly_windows.FIELD] = weekly_windows.to_wire(self.confirmed_weekly_window)
            after[weekly_windows.FIELD] = weekly_windows.to_wire(self.weekly_window)
        if before != after:
            found.append(("updating_time_frame", "time frame", {"from": before, "to": after}))
        return found

    def as_wire(self, device: Device, account: ConnectedAccount, now: datetime) -> dict[str, Any]:
        """The wire's managed access code at an instant."""
        can = device.can
        in_effect = self.in_effect
        warnings = (*map(self._with_pins, self.warnings), *copied_warnings(device))
        if self.delete_requested_at is not None:
            warnings = problems.raised(
                warnings,
                "warning_code",
                "being_deleted",
                "This code is being deleted.",
                self.delete_requested_at,
            )
        wire: dict[str, Any] = {
            "access_code_id": self.access_code_id,
            "device_id": self.device_id,
            "workspace_id": self.workspace_id,
            "name": in_effect.name,
            "code": shown(in_effect.code),
            "type": "time_bound" if self.is_time_bound else "ongoing",
            "status": self.status(can, now, is_view_stale=account.is_disconnected),
            **frame(*self.times),
            "created_at": to_wire(self.created_at),
            "common_code_key": self.common_code_key,
            "is_managed": True,
            "is_external_modification_allowed": self.is_external_modification_allowed,
            "is_backup_access_code_available": device.spares > 0,
            "is_offline_access_code": False,
            "is_one_time_use": False,
            "errors": self._errors_with_copies(device, account),
            "warnings": list(warnings),
            "pending_mutations": self.pending_mutations(can, now),
            "appearance": {"name": self.vendor_name} if self.vendor_name is not None else None,
        }
        if self.is_time_bound:
            wire["is_scheduled_on_device"] = self.is_confirmed
        if self.is_backup:
            wire["is_backup"] = True
        if self.pulled_backup_access_code_id is not None:
            wire["pulled_backup_access_code_id"] = self.pulled_backup_access_code_id
        if in_effect.code is None and self.gone_at is None:
            wire["is_waiting_for_code_assignment"] = True
        if in_effect.weekly_window is not None:
            wire[weekly_windows.FIELD] = in_effect.weekly_window.as_wire()
        return wire

    def _errors_with_copies(self, device: Device, account: ConnectedAccount) -> list[Mapping[str, Any]]:
        return [*map(self._with_pins, self.errors), *device.errors, *account_errors(account)]

    def _with_pins(self, problem: problems.Problem) -> problems.Problem:
        """Problems are stored in the clear, so the PINs of a changed `code` come from where PINs are kept."""
        if not any(each["field"] == "code" for each in problem.get("modified_fields", ())):
            return problem
        pins = {"from": shown(self.code), "to": shown(self.confirmed_code)}
        fields = [{**f, **pins} if f["field"] == "code" else f for f in problem["modified_fields"]]
        return {**problem, "modified_fields": fields}

    def problem_fields(self, device: Device, account: ConnectedAccount) -> dict[str, Any]:
        """The six arrays of the wire's failure events."""
        return {
            "access_code_errors": problems.for_event(self.errors),
            "access_code_warnings": problems.for_event(self.warnings),
            **device.problem_fields(account),
        }


@lru_cache(RECENT)
def _deferral(starts_at: datetime, lead: timedelta, *, is_native: bool) -> dict[str, str]:
    """When programming begins, and why then."""
    scheduled_at, early = to_wire(starts_at - lead), spelled(lead)
    why = (
        f"the device keeps times itself, and is given codes {early} before their start"
        if is_native
        else f"it opens the door from then on, so it is not set earlier than {early} before its start"
    )
    message = f"Will be programmed from {scheduled_at}: {why}."
    return {"message": message, "scheduled_at": scheduled_at}


def shown(code: Secret | None) -> str | None:
    return None if code is None else code.reveal()


def frame(starts_at: datetime | None, ends_at: datetime | None) -> dict[str, Any]:
    return {
        "starts_at": None if starts_at is None else to_wire(starts_at),
        "ends_at": None if ends_at is None else to_wire(ends_at),
    }


# --- wishes ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """What an API user asks of a new code."""

    name: str | None
    code: Secret | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_external_modification_allowed: bool = False
    prefer_native_scheduling: bool = True
    attempt_for_offline_device: bool = True
    common_code_key: str | None = None
    weekly_window: WeeklyWindow | None = None


def requested(device: Device, wish: Wish, code_hash: str | None, now: datetime) -> AccessCode:
    """A new code, not yet on the lock. The caller has checked its PIN and its time frame."""
    return AccessCode(
        access_code_id=ordered_id(now),
        workspace_id=device.workspace_id,
        connected_account_id=device.connected_account_id,
        device_id=device.device_id,
        mark=random_text(MARK_ALPHABET, MARK_LENGTH),
        name=wish.name,
        code=wish.code,
        code_hash=code_hash,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        is_external_modification_allowed=wish.is_external_modification_allowed,
        prefer_native_scheduling=wish.prefer_native_scheduling,
        attempt_for_offline_device=wish.attempt_for_offline_device,
        common_code_key=wish.common_code_key,
        generation=1,
        created_at=now,
        wished_at=now,
        weekly_window=wish.weekly_window,
    )


def rewished(code: AccessCode, now: datetime, /, **changes: Any) -> AccessCode:
    """
    The same code with another wish: it is tried afresh, and old failures no longer speak for it. What others
    have made of it counts no more.
    """
    return replace(
        code,
        drift="none",
        warnings=problems.cleared(code.warnings, "warning_code", IN_EFFECT),
        **changes,
        generation=code.generation + 1,
        wished_at=now,
        attempts=0,
        retry_at=None,
        refused_generation=None,
        waits_for_room=False,
    )


def mutations_requested(code: AccessCode, can: Capabilities, now: datetime) -> Event:
    """The event at request time: what is to become of the code. Carries no PIN."""
    requested_mutations = [
        {"mutation_code": mutation, **({} if mutation == "updating_code" else change)}
        for mutation, _, change in code.mutations(can, now)
    ]
    return code.event("access_code.mutations_requested", now, requested_mutations=requested_mutations)


def refuse_uncodable(device: Device, can: Capabilities) -> None:
    """
    Refuse a device that takes no codes now.

    Raises:
        ApiError: 400 `unsupported_device`; says what is missing. Being offline is no reason.
    """
    if can.can_program_online_access_codes:
        return
    reason = "has no keypad connected"
    if problems.has(device.errors, "error_code", "subscription_required"):
        reason = "needs an active subscription with its vendor"
    elif can.can_program_online_access_codes is None:
        reason = "is not made for access codes"
    raise ApiError(
        "unsupported_device",
        f"{device.display_name} cannot program access codes: it {reason}",
        data={"device_id": device.device_id},
    )


def refuse_over(code: AccessCode, now: datetime) -> None:
    """Raises: ApiError, 400 `access_code_being_removed`."""
    if code.is_over(now):
        raise ApiError(
            "access_code_being_removed",
            "This access code is being removed and cannot be changed",
            data={"access_code_id": code.access_code_id},
        )


def check_time_frame(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> None:
    """
    Raises:
        InvalidInput: Only one end, an end before the start, or an end that is past.
    """
    if (starts_at is None) != (ends_at is None):
        raise InvalidInput("Both starts_at and ends_at must be provided if one is")
    if starts_at is None or ends_at is None:
        return
    if ends_at <= starts_at:
        raise InvalidInput("ends_at must be after starts_at", "ends_at")
    if ends_at <= now:
        raise InvalidInput("ends_at must be in the future", "ends_at")
