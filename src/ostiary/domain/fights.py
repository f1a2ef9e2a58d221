"""
Two systems, one lock: how often a code that somebody else undoes is brought back, and when it is told. Pure.

A code that others have changed or removed is restored at once, and at once again: a guest may stand at the
door. From then on the pauses grow, so that two systems that undo each other never write without end. A day
without anybody's interference ends a fight.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from . import problems
from .access_codes import INACTIVE, AccessCode
from .devices import THIRD_PARTY, Device
from .events import Event

QUIET: Final = timedelta(hours=24)
"""So long nobody has undone anything: the fight is over."""

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (0, 0, 1, 5, 15, 30))
LONGEST: Final = timedelta(hours=1)

MOST_A_DAY: Final = 30
"""So often a code is restored in any 24 hours at most, if somebody undoes it each time at once."""

CONFLICT: Final = "conflicting_external_modification"


def pause(undone: int) -> timedelta:
    """Before a code is restored that others have undone for that many times."""
    return PAUSES[undone - 1] if undone <= len(PAUSES) else LONGEST


def disturbed(code: AccessCode, now: datetime) -> AccessCode:
    """A look has shown that somebody undid it."""
    is_rested = code.undone_at is None or now - code.undone_at >= QUIET
    undone = 1 if is_rested else code.undone + 1
    return replace(code, undone=undone, undone_at=now, retry_at=_restored_from(code, undone, now))


def not_restored(code: AccessCode, now: datetime) -> AccessCode:
    """
    A write that was to restore it does not show. Perhaps it was lost; perhaps somebody was quicker than the
    look, so it counts.
    """
    undone = code.undone + 1
    return replace(code, undone=undone, retry_at=_restored_from(code, undone, now))


def is_fought_over(code: AccessCode, now: datetime) -> bool:
    """Others have undone it within the last day."""
    return code.undone_at is not None and now - code.undone_at < QUIET


def _restored_from(code: AccessCode, undone: int, now: datetime) -> datetime | None:
    later = now + pause(undone) if pause(undone) else None
    return max((at for at in (code.retry_at, later) if at is not None and at > now), default=None)


# --- the lock ------------------------------------------------------------------------------------------


def watched(device: Device, codes: Sequence[AccessCode], now: datetime) -> Device:
    """
    The device after a look: interference that was seen once may be a mistake of the owner's; seen again after
    something was restored, it is another system.

    Args:
        codes: As the look has left them.
    """
    fresh = [code for code in codes if code.undone_at == now]
    if not fresh:
        return _rested(device, now)
    device = replace(device, disturbed_at=now)
    restored_before = any(
        code.undone_at != now and is_fought_over(code, now) and not is_undone(code) for code in codes
    )
    if not restored_before and all(code.undone < 2 for code in fresh):
        return device
    warnings = problems.raised(
        device.warnings,
        "warning_code",
        THIRD_PARTY,
        f"Somebody else keeps changing codes of this workspace on {device.name}. They are restored less and "
        "less often. Find the other system, and let only one of them manage the lock.",
        now,
    )
    return replace(device, warnings=warnings)


def is_undone(code: AccessCode) -> bool:
    """It does not stand on the lock as it should, because of somebody else."""
    return any(problems.has(code.errors, "error_code", each) for each in (CONFLICT, INACTIVE))


def _rested(device: Device, now: datetime) -> Device:
    if device.disturbed_at is None or now - device.disturbed_at < QUIET:
        return device
    warnings = problems.cleared(device.warnings, "warning_code", THIRD_PARTY)
    return replace(device, warnings=warnings, disturbed_at=None)


def told(before: Device, after: Device, now: datetime) -> list[Event]:
    """When such a fight was noticed, and when it is over."""
    was, is_ = (problems.has(device.warnings, "warning_code", THIRD_PARTY) for device in (before, after))
    if was == is_:
        return []
    if is_:
        return [after.event("device.third_party_integration_detected", now)]
    return [after.event("device.third_party_integration_no_longer_detected", now)]
