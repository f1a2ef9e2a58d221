"""What is right of a wish, said a second time and without the code under test."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ostiary.domain.access_codes import AccessCode
from ostiary.domain.provider import Capabilities
from ostiary.domain.weekly_windows import WeeklyWindow

from .model_vendor import Entry, comes_twice, read_back

MINUTE = timedelta(minutes=1)


def pin_hash(pin: str) -> str:
    return f"hash of {pin}"


def vendor_name(code: AccessCode) -> str:
    return f"{code.name or ''} #{code.mark}".strip()


def is_native(code: AccessCode, can: Capabilities) -> bool:
    return can.has_native_scheduling and code.prefer_native_scheduling


def is_wanted(code: AccessCode, can: Capabilities, now: datetime) -> bool:
    if code.delete_requested_at is not None:
        return False
    if code.starts_at is None or code.ends_at is None:
        return True
    lead = timedelta(hours=72) if is_native(code, can) else timedelta(hours=1)
    return code.starts_at - lead <= now < code.ends_at


def as_wished(
    code: AccessCode, can: Capabilities
) -> tuple[str, str | None, WeeklyWindow | None, datetime | None, datetime | None]:
    starts_at, ends_at = (code.starts_at, code.ends_at) if is_native(code, can) else (None, None)
    if starts_at is not None and starts_at == code.pulled_at:
        starts_at -= timedelta(days=1)  # the lock's clock may be behind
    if can.wall_clock_zone is not None and starts_at is not None and ends_at is not None:
        zone = ZoneInfo(can.wall_clock_zone)
        while read_back(starts_at, zone) != starts_at:
            starts_at += MINUTE
        while comes_twice(ends_at - MINUTE, zone) and comes_twice(ends_at, zone):
            ends_at -= MINUTE
    return vendor_name(code), shown_pin(code), code.weekly_window, starts_at, ends_at


def has_no_frame(code: AccessCode, can: Capabilities) -> bool:
    """Nothing is left of its window in the device's wall-clock time."""
    *_, starts_at, ends_at = as_wished(code, can)
    return starts_at is not None and ends_at is not None and ends_at <= starts_at


def shown_pin(code: AccessCode) -> str | None:
    return None if code.code is None else code.code.reveal()


def shown(entry: Entry) -> tuple[str, str, WeeklyWindow | None, datetime | None, datetime | None]:
    return entry.name, entry.pin, entry.weekly, entry.starts_at, entry.ends_at
