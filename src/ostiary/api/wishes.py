"""
From a request to a code: the steps that operations for one code and for several share.

What is refused is refused before anything is written, so that an operation may look at all of its devices
first and then write for each.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import store
from ..domain import access_codes, backup_pool, pins, weekly_windows
from ..domain.access_codes import AccessCode, Wish
from ..domain.devices import Device
from ..domain.errors import ApiError, InvalidInput
from ..domain.instants import parse_instant, rounded
from ..domain.provider import Capabilities
from ..domain.secrets import Secret
from ..domain.weekly_windows import WeeklyWindow
from ..store.tx import Tx
from ..wire import forms
from ..wire.validation import Instant, NonEmpty, Uuid
from .backup_pool import follow

Code = Annotated[
    str, Meta(min_length=4, max_length=12, pattern=r"^[0-9]+(?!\n)$", extra={"hint": "digits only"})
]
Name = Annotated[str, Meta(max_length=255)]
Rounding = Literal["1hour", "1day", "1h", "1d"]


class CreateAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid
    name: Name | None = None
    code: Code | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    common_code_key: NonEmpty | None = None
    allow_external_modification: bool | None = None
    is_external_modification_allowed: bool | None = None
    attempt_for_offline_device: bool | None = None
    prefer_native_scheduling: bool | None = None
    preferred_code_length: float | None = None
    use_backup_access_code_pool: bool | None = None
    is_offline_access_code: bool | None = None
    use_offline_access_code: bool | None = None
    is_one_time_use: bool | None = None
    max_time_rounding: Rounding | None = None
    sync: bool | None = None
    ostiary_weekly_window: forms.WeeklyWindow | None = None


class UpdateAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays; null takes it away."""

    access_code_id: Uuid
    device_id: Uuid | None = None
    name: Name | UnsetType | None = UNSET
    code: Code | None = None
    starts_at: Instant | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET
    type: Literal["ongoing", "time_bound"] | None = None
    is_managed: bool | None = None
    allow_external_modification: bool | None = None
    is_external_modification_allowed: bool | None = None
    attempt_for_offline_device: bool | None = None
    # Listed by the wire for updates and without effect there.
    prefer_native_scheduling: bool | None = None
    preferred_code_length: float | None = None
    use_backup_access_code_pool: bool | None = None
    is_offline_access_code: bool | None = None
    use_offline_access_code: bool | None = None
    is_one_time_use: bool | None = None
    max_time_rounding: Rounding | None = None
    sync: bool | None = None
    ostiary_weekly_window: forms.WeeklyWindow | UnsetType | None = UNSET


# --- a new code ------------------------------------------------------------------------------------------


def check(body: CreateAccessCode, device: Device, now: datetime) -> None:
    """
    Whether the device can have such a code, its PIN aside. What this device, or this server, does not do is
    refused and not quietly left out.

    Raises:
        ApiError: 400.
    """
    access_codes.refuse_uncodable(device, device.can)
    _refuse_unsupported(body, device)
    external_modification(body)
    access_codes.check_time_frame(*_frame(body, device.can), now)
    _weekly_window(body.ostiary_weekly_window, device)


def _weekly_window(
    asked: forms.WeeklyWindow | None, device: Device, before: WeeklyWindow | None = None
) -> WeeklyWindow | None:
    """
    Args:
        before: The one that the code has: to wish for it again is no reason to refuse anything.

    Raises:
        InvalidInput: There can be no such window, or not on this device.
    """
    if asked is None:
        return None
    window = weekly_windows.wished(asked.weekdays, asked.begins, asked.ends)
    if window != before:
        keeps = device.can.keeps_weekly_windows
        weekly_windows.refuse_unkept(device.display_name, device.time_zone, keeps_weekly_windows=keeps)
    return window


def _refuse_unsupported(body: CreateAccessCode, device: Device) -> None:
    if body.is_offline_access_code or body.use_offline_access_code:
        raise ApiError(
            "unsupported_device",
            f"{device.display_name} does not support offline access codes",
            data={"device_id": device.device_id},
        )
    if body.is_one_time_use:
        raise InvalidInput("is_one_time_use requires is_offline_access_code", "is_one_time_use")
    if body.use_backup_access_code_pool and body.starts_at is None:
        raise InvalidInput("Cannot use the backup pool for ongoing codes", "use_backup_access_code_pool")
    if body.use_backup_access_code_pool:
        backup_pool.refuse_unsupported(device)
    if body.attempt_for_offline_device is False and not device.is_online:
        raise ApiError(
            "device_disconnected",
            f"{device.display_name} is offline, and attempt_for_offline_device is false",
            data={"device_id": device.device_id},
        )


def new_code(
    body: CreateAccessCode, device: Device, pin: Secret | None, tx: Tx, *, common_code_key: str | None
) -> AccessCode:
    """A code for a checked request; nothing is written. `pin` None: the vendor chooses."""
    starts_at, ends_at = _frame(body, device.can)
    wish = Wish(
        name=body.name,
        code=pin,
        starts_at=starts_at,
        ends_at=ends_at,
        is_external_modification_allowed=external_modification(body) is True,
        prefer_native_scheduling=body.prefer_native_scheduling is not False,
        attempt_for_offline_device=body.attempt_for_offline_device is not False,
        common_code_key=common_code_key,
        weekly_window=_weekly_window(body.ostiary_weekly_window, device),
    )
    code_hash = None if pin is None else tx.vault.pin_hash(device.device_id, pin)
    return access_codes.requested(device, wish, code_hash, tx.now)


async def refuse_taken(code: AccessCode, tx: Tx) -> None:
    """Raises: ApiError, 409, when the device has the PIN already. One without a PIN is always welcome."""
    if code.code_hash is not None:
        await store.access_codes.refuse_taken(
            tx, code.device_id, code.code_hash, code.access_code_id, _pin_words(code)
        )


async def add(code: AccessCode, device: Device, tx: Tx) -> None:
    """Write a new code down, tell of it, and have the engine come."""
    await store.access_codes.insert_code(tx, code)
    tx.emit(code.event("access_code.created", tx.now))
    tx.emit(access_codes.mutations_requested(code, device.can, tx.now))
    await _wake(code, device, tx)


async def free_pin(device: Device, length: float | None, tx: Tx) -> Secret:
    """A PIN that the device takes and does not have. Raises: ApiError, 400 when there is none."""
    return await store.access_codes.free_pin(tx, device, length)


def _frame(body: CreateAccessCode, can: Capabilities) -> tuple[datetime | None, datetime | None]:
    return _instant(body.starts_at, can), _instant(body.ends_at, can)


class ExternalModification(Protocol):
    """A request that says whether others may change the code on the lock."""

    allow_external_modification: bool | None
    is_external_modification_allowed: bool | None


def external_modification(body: ExternalModification) -> bool | None:
    """Two names for one switch. Raises: InvalidInput, when they contradict each other."""
    one, other = body.allow_external_modification, body.is_external_modification_allowed
    if one is not None and other is not None and one != other:
        raise InvalidInput(
            "allow_external_modification and is_external_modification_allowed contradict each other"
        )
    return one if one is not None else other


def _instant(text: str | None, can: Capabilities) -> datetime | None:
    """As near to what was asked for as the device can keep."""
    return None if text is None else rounded(parse_instant(text), timedelta(seconds=can.time_step))


def _pin_words(code: AccessCode) -> str:
    """For the message about a duplicate: which request, without its PIN, as messages are logged."""
    name = f' of "{code.name}"' if code.name else ""
    if code.starts_at is None or code.ends_at is None:
        return f"The code{name}"
    return f"The code{name} for period {code.starts_at.isoformat()}-{code.ends_at.isoformat()}"


async def _wake(code: AccessCode, device: Device, tx: Tx) -> None:
    """The lock is due now, or when the code's programming may begin."""
    since = code.programmed_from(device.can)
    at = since if since is not None and since > tx.now and not code.is_over(tx.now) else None
    await store.connected_accounts.wake(tx, device.connected_account_id, at)
    if device.due_at is None or device.due_at > (at or tx.now):
        await store.devices.wake(tx, device.device_id, at)


# --- another wish ----------------------------------------------------------------------------------------


async def changes(body: UpdateAccessCode, code: AccessCode, device: Device, tx: Tx) -> dict[str, Any]:
    """
    The fields of the code that an update makes different; nothing is written. What is compared is what the
    API user was shown: the code as others have left it, if that is allowed.

    Raises:
        ApiError: 400 for a PIN, a time frame or a weekly window that cannot be, 409 for a PIN that is taken.
    """
    found: dict[str, Any] = {}
    code = code.in_effect
    if body.name is not UNSET:
        found["name"] = body.name
    starts_at, ends_at = _new_frame(body, code, device.can)
    if (starts_at, ends_at) != (code.starts_at, code.ends_at):
        access_codes.check_time_frame(starts_at, ends_at, tx.now)
        found.update(starts_at=starts_at, ends_at=ends_at)
    if body.ostiary_weekly_window is not UNSET:
        found["weekly_window"] = _weekly_window(body.ostiary_weekly_window, device, code.weekly_window)
    if body.code is not None and (code.code is None or body.code != code.code.reveal()):
        pins.check_pin(body.code, device.can, device)
        pin = Secret(body.code)
        code_hash = tx.vault.pin_hash(device.device_id, pin)
        await refuse_taken(replace(code, code_hash=code_hash), tx)
        found.update(code=pin, code_hash=code_hash, is_code_from_vendor=False)
    external = external_modification(body)
    if external is not None:
        found["is_external_modification_allowed"] = external
    if body.attempt_for_offline_device is not None:
        found["attempt_for_offline_device"] = body.attempt_for_offline_device
    return {name: value for name, value in found.items() if getattr(code, name) != value}


async def rewish(code: AccessCode, changed: dict[str, Any], device: Device, tx: Tx) -> AccessCode:
    """Write the changes down and, where the lock must show them, tell of them and have the engine come."""
    wished = _rewished(code, changed, tx.now)
    if wished.code_hash != code.code_hash and "code" not in changed:
        await refuse_taken(wished, tx)  # somebody else's choice, which the wish now makes its own
    if wished.generation != code.generation:
        await _wake(wished, device, tx)
        await store.connected_accounts.wake(tx, device.connected_account_id)
        await store.devices.wake(tx, device.device_id)
        tx.emit(access_codes.mutations_requested(wished, device.can, tx.now))
        if wished.ends_at != code.ends_at:
            await follow(wished, device, tx)
    await store.access_codes.update_code(tx, wished)
    return wished


def _new_frame(
    body: UpdateAccessCode, code: AccessCode, can: Capabilities
) -> tuple[datetime | None, datetime | None]:
    """
    The time frame after an update: what is left out stays, `ongoing` clears both ends.

    Raises:
        InvalidInput: `time_bound` without both ends, or `ongoing` with one.
    """
    if body.type == "ongoing":
        for name, value in (("starts_at", body.starts_at), ("ends_at", body.ends_at)):
            if value is not UNSET and value is not None:  # or a code would outlive the stay it was meant for
                raise InvalidInput(f"An ongoing code cannot have {name}: leave out either it or type", name)
        return None, None
    starts_at = code.starts_at if body.starts_at is UNSET else _instant(body.starts_at, can)
    ends_at = code.ends_at if body.ends_at is UNSET else _instant(body.ends_at, can)
    if body.type == "time_bound" and (starts_at is None or ends_at is None):
        raise InvalidInput("Both starts_at and ends_at must be provided for a time_bound code")
    return starts_at, ends_at


def _rewished(code: AccessCode, changes: dict[str, Any], now: datetime) -> AccessCode:
    """
    A new generation only for what the lock must show; the rest is ours alone.

    A code that others have changed, which was allowed, is wished for as it was shown, with the changes; or as
    it was wished before they came, when it is no longer allowed. One that they have removed is set again.
    """
    is_disallowed = changes.get("is_external_modification_allowed") is False
    if code.drift == "removed" or (code.drift != "none" and is_disallowed):
        return access_codes.rewished(code, now, **changes)
    if {"name", "code", "starts_at", "ends_at", "weekly_window"} & set(changes):
        return access_codes.rewished(code.in_effect, now, **changes)
    return replace(code, **changes)
