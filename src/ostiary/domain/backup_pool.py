"""
The pool of a device: spares that stand on the lock before anybody needs them. Pure.

A spare is a code like every other, ongoing, with a PIN of its own. Until it is pulled it is nobody's: no
operation shows it, no event tells of it, and it is the first to leave when the lock is full (`domain.room`).
Pulling one changes nothing about whether its PIN works: it stands in for a code that does not, from that
moment until that code ends, and the lock only learns the end.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from . import problems
from .access_codes import AccessCode, Wish, requested, rewished
from .attribution import Step
from .devices import EMPTY_POOL, MANY_ACTIVE, PARTIAL_POOL, Device
from .errors import ApiError
from .failure import DUPLICATE, Change
from .instants import rounded
from .problems import Problems
from .provider import Capabilities
from .retry import backoff
from .secrets import Secret

POOL_SIZE: Final = 3
"""
Spares on a lock; the wire publishes no figure. Each costs a place and a write. One that was pulled is
replaced by the next tick, within seconds where the lock answers, so that the others have to last only for
guests who need one at the same time, or while the lock is away.
"""

MANY: Final = 5
"""So many guests with a spare at once are no accident any more: something is wrong with the lock."""

NAME: Final = "Backup {} (Ostiary)"
"""As the wire's makers name theirs. What the vendor shows of it is cut short; the mark tells them apart."""


def refuse_unsupported(device: Device) -> None:
    """Raises: ApiError, 400 `unsupported_device`."""
    if not device.can.supports_backup_access_code_pool:
        raise ApiError(
            "unsupported_device",
            f"{device.display_name} does not support a backup access code pool",
            data={"device_id": device.device_id},
        )


# --- keeping it filled -----------------------------------------------------------------------------------


def missing(device: Device, codes: Sequence[AccessCode]) -> int:
    """How many spares are to be made. Those that have no place on the lock are there, and wait for one."""
    if not device.has_backup_pool or not device.can.supports_backup_access_code_pool:
        return 0
    return max(0, POOL_SIZE - len(kept(codes)))


def kept(codes: Sequence[AccessCode]) -> list[AccessCode]:
    """Spares that are in the pool, on the lock or on their way."""
    return [code for code in codes if code.is_spare and code.gone_at is None and not code.delete_requested_at]


def made(device: Device, pin: Secret, code_hash: str, now: datetime) -> AccessCode:
    """A new spare, not yet on the lock."""
    code = requested(device, Wish(None, pin, None, None), code_hash, now)
    # The end of the id: its beginning is the time, which spares that are made together share.
    return replace(code, name=NAME.format(code.access_code_id[-8:]), is_backup=True)


def hopeless(codes: Sequence[AccessCode], steps: Sequence[Step]) -> list[AccessCode]:
    """Spares whose PIN the lock will not have. Nobody has wished for it, so that another does as well."""
    busy = {step.access_code_id for step in steps}
    return [
        code
        for code in kept(codes)
        if code.access_code_id not in busy
        and (code.refused_generation == code.generation or problems.has(code.errors, "error_code", DUPLICATE))
    ]


def renewed(code: AccessCode, pin: Secret, code_hash: str, now: datetime) -> AccessCode:
    """Another PIN, and the pauses go on growing: it may not be the PIN that stands in the way."""
    return replace(
        rewished(code, now, code=pin, code_hash=code_hash),
        errors=problems.cleared(code.errors, "error_code", DUPLICATE),
        attempts=code.attempts,
        retry_at=now + backoff(max(code.attempts, 1)),
    )


def silenced(change: Change) -> Change:
    """What becomes of a spare is told to nobody."""
    return replace(change, events=(), problem_events=()) if change.code.is_spare else change


# --- what is in it ---------------------------------------------------------------------------------------


def available(codes: Sequence[AccessCode], steps: Sequence[Step]) -> list[AccessCode]:
    """Spares to give away, the oldest first: the last look showed them, and nothing is under way."""
    busy = {step.access_code_id for step in steps}
    return [
        code
        for code in kept(codes)
        if code.is_confirmed and code.is_as_wished and not code.errors and code.access_code_id not in busy
    ]


def stocked(device: Device, codes: Sequence[AccessCode], steps: Sequence[Step], now: datetime) -> Device:
    """
    The device with the state of its pool: how many spares there are, and what its owner should know of it.

    Args:
        codes: All of the device.
        steps: The open ones.
    """
    spares = len(available(codes, steps)) if device.has_backup_pool else 0
    pulled_now = sum(
        code.pulled_at is not None and code.gone_at is None and not code.is_over(now) for code in codes
    )
    name = device.display_name
    errors = _standing(
        device.errors,
        ("error_code", EMPTY_POOL),
        device.has_backup_pool and spares == 0,
        f"There is no backup access code on {name} now. New ones are being set.",
        now,
        is_device_error=True,
    )
    warnings = _standing(
        device.warnings,
        ("warning_code", PARTIAL_POOL),
        0 < spares < POOL_SIZE,
        f"{name} has fewer backup access codes than it should. More are being set.",
        now,
    )
    warnings = _standing(
        warnings,
        ("warning_code", MANY_ACTIVE),
        pulled_now >= MANY,
        f"Many backup access codes of {name} are in use at once. Find out why the first ones do not work.",
        now,
    )
    return replace(device, spares=spares, errors=errors, warnings=warnings)


def _standing(
    found: Problems, key: tuple[str, str], is_there: bool, message: str, now: datetime, **extra: Any
) -> Problems:
    if is_there:
        return problems.raised(found, *key, message, now, **extra)
    return problems.cleared(found, *key)


# --- pulling ---------------------------------------------------------------------------------------------


def refuse_pull(code: AccessCode) -> None:
    """Raises: ApiError, 400 `access_code_not_time_bound`: nobody could say when the spare should go."""
    if not code.is_time_bound:
        raise ApiError(
            "access_code_not_time_bound",
            "A backup access code can only be pulled for a time-bound access code",
            data={"access_code_id": code.access_code_id},
        )


def pulled(spare: AccessCode, original: AccessCode, can: Capabilities, now: datetime) -> AccessCode:
    """The spare as a guest's code, from now until the original ends. It stands on the lock already."""
    step = timedelta(seconds=can.time_step)
    since = rounded(now - step / 2, step)  # never ahead of now
    return rewished(
        spare,
        now,
        starts_at=since,
        ends_at=original.ends_at,
        pulled_at=since,
        pulled_for=original.access_code_id,
    )


def relieved(original: AccessCode, spare: AccessCode, now: datetime) -> AccessCode:
    """The code that a spare stands in for. The lock keeps it as it is, in case that it does work."""
    warnings = problems.raised(
        original.warnings,
        "warning_code",
        "using_backup_access_code",
        "A backup access code was pulled for this code. Give its PIN to whoever should have this one.",
        now,
    )
    return replace(original, warnings=warnings, pulled_backup_access_code_id=spare.access_code_id)


def following(spare: AccessCode, original: AccessCode, now: datetime) -> AccessCode:
    """A pulled spare after its original was given another end, or was deleted."""
    if original.delete_requested_at is not None:
        return rewished(spare, now, delete_requested_at=now)
    if original.ends_at is None:
        starts_at = None
    elif spare.starts_at is None or spare.starts_at >= original.ends_at:
        starts_at = spare.pulled_at
    else:
        starts_at = spare.starts_at
    if (starts_at, original.ends_at) == (spare.starts_at, spare.ends_at):
        return spare
    return rewished(spare, now, starts_at=starts_at, ends_at=original.ends_at)
