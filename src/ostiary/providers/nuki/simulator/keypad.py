"""
What the device does when somebody types a code or lays on a finger. The cloud is not asked.

The rules of 4.9: dates count in UTC, weekdays and times of day in the lock's own zone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from . import cloud, handling
from .generations import is_lock
from .state import CODE, OPENER, SMART_DOOR, Auth, Device, Home, Job, LogEntry
from .zones import zone_of

# Log codes of 6.1.
UNLOCK, OPEN = 1, 3
BY_KEYPAD, KEYPAD_ERROR = 255, 253
SOURCE_CODE, SOURCE_FINGER = 1, 2
REJECTED, INVALID_CODE, INVALID_FINGER, UNKNOWN_ERROR = 9, 224, 225, 255

ALERT_LASTS = timedelta(seconds=3)
"""How long a lock shows that a code was wrong ("briefly", 12)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    The door's answer.

    Attributes:
        reason: `ok`, `no_keypad`, `unknown_code`, `unknown_finger`, `disabled`, `not_yet`, `over`, `weekday`
            or `time`.
    """

    accepted: bool
    reason: str
    auth: Auth | None = None


def judge(device: Device, digits: str, at: datetime) -> Entry:
    """Whether the door would open, without touching it."""
    if not device.truth.has_keypad:
        return Entry(False, "no_keypad")
    for auth in device.truth.auths.values():
        if auth.type == CODE and str(auth.code) == digits:
            return _entry(auth, device, at)
    return Entry(False, "unknown_code")


def judge_finger(device: Device, fingerprint: str, at: datetime) -> Entry:
    """The same for a finger: only a Keypad 2 has a reader, and each finger belongs to a code (4.2)."""
    if not device.truth.keypad2_paired:
        return Entry(False, "no_keypad")
    for auth in device.truth.auths.values():
        if fingerprint in auth.fingerprints or fingerprint in auth.fingerprints.values():
            return _entry(auth, device, at)
    return Entry(False, "unknown_finger")


def _entry(auth: Auth, device: Device, at: datetime) -> Entry:
    reason = standing(auth, device, at)
    return Entry(reason == "ok", reason, auth)


def standing(auth: Auth, device: Device, at: datetime) -> str:
    """`ok`, or why the device does not let this authorization in."""
    return window(auth, device, at) if auth.enabled else "disabled"


def window(auth: Auth, device: Device, at: datetime) -> str:
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


def enter_code(home: Home, device: Device, digits: str, now: datetime) -> Entry:
    """
    Type a code at the door.

    A right one unlocks, counts its use and is logged; a wrong one is logged. Use counts stay on the
    device until the next sync; state and log go to the cloud at once.
    """
    entry = judge(device, digits, now)
    _answer(home, device, entry, SOURCE_CODE, INVALID_CODE, now)
    return entry


def press_finger(home: Home, device: Device, fingerprint: str, now: datetime) -> Entry:
    """Lay a finger on the reader: like a code, with a source of its own (6.1)."""
    entry = judge_finger(device, fingerprint, now)
    _answer(home, device, entry, SOURCE_FINGER, INVALID_FINGER, now)
    return entry


def _answer(home: Home, device: Device, entry: Entry, source: int, invalid: int, now: datetime) -> None:
    if entry.reason == "no_keypad":
        return
    action = OPEN if device.type == OPENER else UNLOCK
    auth = entry.auth
    if auth is not None and entry.accepted:
        handling.use(auth, now)
        handling.perform(home, device, action, now, BY_KEYPAD, auth=auth, source=source)
        return
    line = LogEntry(
        id=home.object_id(now), at=now, action=action, trigger=BY_KEYPAD, source=source, state=REJECTED
    )
    if auth is None:
        line.state = invalid
        _alert(home, device, invalid, now)
    else:
        line.auth_id, line.name, line.account_user_id = auth.id, auth.name, auth.account_user_id
    cloud.write_log(home, device, line)
    cloud.push(device, now)


def _alert(home: Home, device: Device, code: int, now: datetime) -> None:
    """A lock shows for a moment that the entry was wrong; the Opener and the Smart Door do not (2.9)."""
    if not is_lock(device) or device.type == SMART_DOOR:
        return
    device.truth.status.alert = code
    home.jobs = [
        job for job in home.jobs if not (job.kind == "alert_end" and job.smartlock_id == device.smartlock_id)
    ]
    job = Job(
        id=home.object_id(now),
        kind="alert_end",
        smartlock_id=device.smartlock_id,
        run_at=now + ALERT_LASTS,
    )
    home.jobs.append(job)


def fail(home: Home, device: Device, now: datetime) -> None:
    """The keypad reports that something is wrong with itself: log trigger 253 (6.1)."""
    action = OPEN if device.type == OPENER else UNLOCK
    line = LogEntry(id=home.object_id(now), at=now, action=action, trigger=KEYPAD_ERROR, state=UNKNOWN_ERROR)
    cloud.write_log(home, device, line)
    cloud.push(device, now)
