"""
What the device does when somebody types a code at the door. The cloud is not asked.

The rules of 4.9: dates count in UTC, weekdays and times of day in the lock's own zone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .cloud import UNLOCKED, push, write_log
from .state import CODE, OPENER, Auth, Device, Home, LogEntry
from .zones import zone_of

# Log codes of 6.1.
UNLOCK, OPEN = 1, 3
BY_KEYPAD, SOURCE_CODE = 255, 1
REJECTED, INVALID_CODE = 9, 224


@dataclass(frozen=True, slots=True)
class Entry:
    """
    The door's answer.

    Attributes:
        reason: `ok`, `no_keypad`, `unknown_code`, `disabled`, `not_yet`, `over`, `weekday` or `time`.
    """

    accepted: bool
    reason: str
    auth: Auth | None = None


def judge(device: Device, digits: str, at: datetime) -> Entry:
    """Whether the door would open, without touching it."""
    if not device.truth.keypad_paired:
        return Entry(False, "no_keypad")
    for auth in device.truth.auths.values():
        if auth.type == CODE and str(auth.code) == digits:
            reason = standing(auth, device, at)
            return Entry(reason == "ok", reason, auth)
    return Entry(False, "unknown_code")


def standing(auth: Auth, device: Device, at: datetime) -> str:
    """`ok`, or why the device does not let this authorization in."""
    return _window(auth, device, at) if auth.enabled else "disabled"


def _window(auth: Auth, device: Device, at: datetime) -> str:
    """
    Where the moment lies in the auth's limits.

    Without a first date or without weekdays nothing is limited (4.9, quirks 8 and 9). A mask of 0 is
    taken for no weekdays. A daily window that ends before it begins is taken to run past midnight and
    to belong to the weekday on which it began. Both are assumed.
    """
    if auth.from_date is None or not auth.week_days:
        return "ok"
    if at < auth.from_date:
        return "not_yet"
    if auth.until_date is not None and at >= auth.until_date:
        return "over"
    local = at.astimezone(zone_of(device.timezone_id))
    minute = local.hour * 60 + local.minute
    begin, end = auth.from_time or 0, auth.until_time or 0
    day = local.date()
    if begin == end == 0:
        in_time = True
    elif begin <= end:
        in_time = begin <= minute < end
    else:
        in_time = minute >= begin or minute < end
        if minute < end:
            day -= timedelta(days=1)
    if not auth.week_days & (64 >> day.weekday()):
        return "weekday"
    return "ok" if in_time else "time"


def enter_code(home: Home, smartlock_id: int, digits: str, now: datetime) -> Entry:
    """
    Type a code at the door.

    A right one unlocks, counts its use and is logged; a wrong one is logged. Use counts stay on the
    device until the next sync; state and log go to the cloud at once.

    Raises:
        LookupError: There is no such device.
    """
    device = next((found for found in home.devices if found.smartlock_id == smartlock_id), None)
    if device is None:
        raise LookupError(f"There is no device {smartlock_id}.")
    entry = judge(device, digits, now)
    if entry.reason == "no_keypad":
        return entry
    action = OPEN if device.type == OPENER else UNLOCK
    line = LogEntry(
        id=home.object_id(now),
        at=now,
        action=action,
        trigger=BY_KEYPAD,
        source=SOURCE_CODE,
        state=INVALID_CODE,
    )
    if entry.auth is not None:
        line.auth_id, line.name = entry.auth.id, entry.auth.name
        line.account_user_id = entry.auth.account_user_id
        line.state = 0 if entry.accepted else REJECTED
    write_log(home, device, line)
    if entry.accepted and entry.auth is not None:
        entry.auth.lock_count += 1
        entry.auth.last_active_at = now
        if device.type != OPENER:
            device.truth.status.state = UNLOCKED
        device.truth.status.last_action = action
    push(device, now)
    return entry
