"""
How a code changes hands: somebody else's becomes ours, and ours is handed over to its unmanaged life. Pure.

Neither touches the lock at that moment. What is taken over is known by the vendor's id from the same
transaction on, and the next write puts our mark into its name, in place. What is handed over is in no plan
any more. A code keeps its id either way.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from . import problems
from .access_codes import AccessCode, Wish, check_time_frame, requested, shown
from .devices import Device
from .errors import ApiError
from .events import EventType
from .failure import SETTING_ERROR, Change
from .provider import Capabilities
from .unmanaged_codes import UnmanagedCode, unmanageable

FAILED: Final[EventType] = "access_code.unmanaged.failed_to_convert_to_managed"


def taken_over(
    code: UnmanagedCode,
    earlier: AccessCode | None,
    device: Device,
    now: datetime,
    *,
    is_external_modification_allowed: bool,
) -> AccessCode:
    """
    The managed code that an unmanaged one becomes. What its owner wrote is what is wished, and what the last
    look showed; only the name at the vendor is not yet as we write it.

    Args:
        earlier: Its row of a former managed life, if it had one: its mark, and its name if nobody changed it.
    """
    is_renamed = earlier is None or earlier.vendor_name != code.name
    wish = Wish(
        name=code.name if earlier is None or is_renamed else earlier.name,
        code=code.code,
        starts_at=code.starts_at,
        ends_at=code.ends_at,
        is_external_modification_allowed=is_external_modification_allowed,
        weekly_window=code.weekly_window,
    )
    made = requested(device, wish, code.code_hash, now)
    return replace(
        made,
        access_code_id=code.access_code_id,
        mark=made.mark if earlier is None else earlier.mark,
        generation=1 if earlier is None else earlier.generation + 1,
        created_at=code.created_at,
        was_sent=True,
        vendor_code_id=code.vendor_code_id,
        vendor_name=code.name,
        confirmed_at=now,
        confirmed_name=wish.name,
        confirmed_code=wish.code,
        confirmed_code_hash=code.code_hash,
        confirmed_starts_at=wish.starts_at,
        confirmed_ends_at=wish.ends_at,
        confirmed_weekly_window=wish.weekly_window,
        is_code_from_vendor=earlier is not None and earlier.is_code_from_vendor,
        conversion="pending",
    )


def refuse(code: UnmanagedCode, our_marks: Collection[str], device: Device, now: datetime) -> None:
    """
    Refuse what cannot be taken over as it stands.

    Args:
        our_marks: Those of this workspace's codes on the device, former ones too.

    Raises:
        ApiError: 400; the message says why.
    """
    if code.delete_requested_at is not None:
        raise ApiError(
            "access_code_being_removed",
            "This access code is being removed and cannot be converted",
            data={"access_code_id": code.access_code_id},
        )
    why = unmanageable(code)
    if why is None and code.mark is not None and code.mark not in our_marks:
        why = "another workspace manages it, which would change it back"
    if why is not None:
        raise ApiError(
            "access_code_cannot_be_managed",
            f"This access code on {device.display_name} cannot be converted to managed: {why}",
            data={"access_code_id": code.access_code_id, "device_id": code.device_id},
        )
    check_time_frame(code.starts_at, code.ends_at, now)


def released(code: AccessCode, now: datetime) -> AccessCode:
    """
    The managed side of a code after it was handed over. The row stays for steps and log lines that name it; a
    plan that was made before finds another generation and writes nothing.
    """
    return replace(
        code,
        code=None,
        code_hash=None,
        confirmed_code=None,
        confirmed_code_hash=None,
        vendor_code_id=None,
        generation=code.generation + 1,
        gone_at=now,
        released_at=now,
        retry_at=None,
        conversion="none",
    )


def handed_over(code: AccessCode, can: Capabilities) -> UnmanagedCode:
    """
    The unmanaged side of a code that stands on the lock, as the last look showed it.

    Args:
        code: As it was before it was released.
    """
    assert code.vendor_code_id is not None, "what is not on the lock cannot be somebody's there"
    is_limited = code.has_native_schedule(can)
    return UnmanagedCode(
        access_code_id=code.access_code_id,
        workspace_id=code.workspace_id,
        connected_account_id=code.connected_account_id,
        device_id=code.device_id,
        vendor_code_id=code.vendor_code_id,
        name=code.vendor_name or code.confirmed_name,
        code=code.confirmed_code,
        code_hash=code.confirmed_code_hash,
        starts_at=code.confirmed_starts_at if is_limited else None,
        ends_at=code.confirmed_ends_at if is_limited else None,
        is_enabled=True,
        created_at=code.created_at,
        mark=code.mark,
        weekly_window=code.confirmed_weekly_window,
    )


def refuse_release(code: AccessCode, *, is_leaving: bool) -> None:
    """
    Args:
        is_leaving: A removal of it is under way, to make room for another.

    Raises:
        ApiError: 400, while there is nothing on the lock that somebody could have.
    """
    is_there = code.vendor_code_id is not None and code.confirmed_at is not None
    has_its_end = not code.is_backup or code.is_as_wished  # a pulled spare would stay for ever without it
    if is_there and has_its_end and not is_leaving:
        return
    raise ApiError(
        "access_code_not_on_device",
        "This access code is not on the device now. It can be handed over when it is, or be deleted",
        data={"access_code_id": code.access_code_id},
    )


def failed(change: Change, now: datetime) -> Change:
    """It cannot become ours: it is handed back as it stands, and that is told instead of what failed."""
    return replace(change, code=released(change.code, now), problem_events=(FAILED,))


def lost(code: AccessCode, now: datetime) -> Change:
    """Somebody took it off the lock before it was ours: it is not put back, as its owner wanted it gone."""
    message = "The code was removed from the device before it could be converted to managed."
    errors = problems.raised(
        code.errors, "error_code", SETTING_ERROR, message, now, is_access_code_error=True
    )
    return failed(Change(replace(code, errors=errors)), now)


def left_behind(code: AccessCode, now: datetime) -> Change:
    """
    Its device is managed no longer. What stands there is handed over as it stands, whatever was wished of it;
    what does not is over: if a write for it lands later, that is somebody else's code.
    """
    if code.is_on_lock:
        return failed(Change(code), now) if code.conversion == "pending" else Change(released(code, now))
    pin = code.confirmed_code if code.is_code_from_vendor else code.code
    told = code.event("access_code.deleted", now, secret_fields={"code": shown(pin)})
    return Change(released(code, now), (told,))
