"""
The vendor's log about a door, told exactly once. Pure: no I/O, no clock but the instants that are given.

Lines come late: what a lock did while it was offline reaches its vendor when it is back, with the dates of
then. So a mark follows only where nothing can be missing any more, each reading begins well before it, and
the lines in that overlap are remembered by their ids.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from .access_codes import AccessCode
from .action_attempts import DOOR_DEADLINE, ActionAttempt
from .connected_accounts import ConnectedAccount
from .devices import Device
from .events import Event, EventType
from .instants import to_ms
from .provider import EntryKind, LogEntry, RecentEntries

OVERLAP: Final = timedelta(minutes=10)
"""A line that is dated longer before the mark is taken for told. More than clocks at doors go wrong."""

CLOCKS_DIFFER: Final = timedelta(minutes=2)
"""So far from our own call a line may be dated that tells of it."""

EVENTS: Final[Mapping[EntryKind, EventType]] = {
    "locked": "lock.locked",
    "unlocked": "lock.unlocked",
    "access_denied": "lock.access_denied",
}

REASONS: Final[Mapping[str, str]] = {
    "unknown_code": "The code is not known to the lock.",
    "expired_code": "The code was used outside of its time.",
    "blocklisted_code": "What was used has been revoked.",
    "credential_error": "The lock did not accept what was used.",
}


@dataclass(frozen=True, slots=True)
class EntryMark:
    """
    How far the log about one device has been told.

    Attributes:
        since_at: When we came to know the device: older lines are history that nobody asked for.
        read_until: Every line dated before it has been told.
        asked_at: When its log was last read; None: never, and the mark is not stored yet.
        was_online: Whether the device was online then.
        told: Ids of the told lines that a reading may show again, each with its date in milliseconds.
    """

    device_id: str
    since_at: datetime
    read_until: datetime
    asked_at: datetime | None
    was_online: bool
    told: Mapping[str, int]

    @classmethod
    def first(cls, device: Device, account: ConnectedAccount) -> "EntryMark":
        """A login that did not reach as far as the log begins anew when somebody has logged in again."""
        since_at = max(device.created_at, account.connected_at)
        return cls(device.device_id, since_at, since_at, None, False, {})

    @property
    def floor(self) -> datetime:
        """From where the next reading has to show every line."""
        return max(self.since_at, self.read_until - OVERLAP)

    @property
    def is_new(self) -> bool:
        return self.asked_at is None

    def is_covered_by(self, recent: RecentEntries) -> bool:
        return recent.complete_after is None or recent.complete_after < self.floor

    def must_read_alone(self, recent: RecentEntries, shown: Sequence[LogEntry], *, is_online: bool) -> bool:
        """
        The end of the account's log may not show all that is new of this device: it does not reach far
        enough, or the device has been offline. While it stays offline nothing can arrive.

        Args:
            shown: The lines of this device in `recent`. News among them, of a device that is said to be
                offline, came a moment ago: then what is older is there too, and goes first.
        """
        may_have_news = is_online or self.was_online or bool(self.news(shown))
        came_back = is_online and self.asked_at is not None and not self.was_online
        return came_back or (may_have_news and not self.is_covered_by(recent))

    def news(self, entries: Sequence[LogEntry]) -> list[LogEntry]:
        """Which of them are to be told, oldest first. `entries` are newest first, some perhaps twice."""
        fresh = {
            entry.entry_id: entry
            for entry in reversed(entries)
            if entry.kind is not None and entry.occurred_at >= self.floor and entry.entry_id not in self.told
        }
        return sorted(fresh.values(), key=lambda entry: entry.occurred_at)

    def after(self, news: Iterable[LogEntry], asked_at: datetime, *, is_online: bool) -> "EntryMark":
        """
        The mark once `news` are told.

        It moves up to the reading before this one, and only if the device was online at both: whatever the
        device did until then has had the time between them to reach the vendor.
        """
        read_until = self.read_until
        if self.asked_at is not None and self.was_online and is_online:
            read_until = max(read_until, self.asked_at)
        moved = replace(self, read_until=read_until, asked_at=asked_at, was_online=is_online)
        told = {**self.told, **{entry.entry_id: to_ms(entry.occurred_at) for entry in news}}
        floor = to_ms(moved.floor)
        return replace(moved, told={key: at for key, at in told.items() if at >= floor})


def attempt_behind(entry: LogEntry, attempts: Iterable[ActionAttempt]) -> ActionAttempt | None:
    """Which attempt of ours that line tells of: sent nearest to it, and not yet told of by another line."""
    if entry.method != "remote" or entry.kind not in ("locked", "unlocked"):
        return None
    candidates = [
        (abs(entry.occurred_at - attempt.sent_at), attempt.action_attempt_id, attempt)
        for attempt in attempts
        if attempt.sent_at is not None
        and attempt.vendor_entry_id is None
        and attempt.wants_locked == (entry.kind == "locked")
        and attempt.sent_at - CLOCKS_DIFFER
        <= entry.occurred_at
        <= attempt.sent_at + DOOR_DEADLINE + CLOCKS_DIFFER
    ]
    return min(candidates)[2] if candidates else None


def attempts_from(entries: Iterable[LogEntry]) -> datetime | None:
    """Since when an attempt may have been asked for that one of these lines tells of; None: there is none."""
    remote = [entry.occurred_at for entry in entries if entry.method == "remote"]
    return min(remote) - CLOCKS_DIFFER - 2 * DOOR_DEADLINE if remote else None


def event_of(
    entry: LogEntry,
    device: Device,
    used: AccessCode | str | None,
    attempt: ActionAttempt | None,
    now: datetime,
) -> Event:
    """
    What a line tells.

    Args:
        used: The code of ours; or the id of somebody else's.
        attempt: An attempt of ours that moved the door and was thought to have failed.
    """
    assert entry.kind is not None
    payload: dict[str, Any] = {} if entry.kind == "access_denied" else {"method": entry.method}
    if isinstance(used, AccessCode):
        payload["access_code_id"] = used.access_code_id
    elif used is not None:
        payload["access_code_id"] = used
    if attempt is not None:
        payload["action_attempt_id"] = attempt.action_attempt_id
    if entry.kind == "access_denied":
        payload["reason"] = _reason(entry, used)
    elif used is not None:
        payload["access_code_is_managed"] = isinstance(used, AccessCode)
        payload["secret_fields"] = _pin_used(used, entry.occurred_at)
    told = device.event(EVENTS[entry.kind], now, **payload)
    return replace(told, occurred_at=entry.occurred_at)


def _reason(entry: LogEntry, used: AccessCode | str | None) -> dict[str, str]:
    reason_code = entry.reason_code or "credential_error"
    if reason_code == "expired_code" and isinstance(used, AccessCode) and used.is_active(entry.occurred_at):
        reason_code = "credential_error"  # its time is not what stood in the way
    return {"reason_code": reason_code, "message": REASONS[reason_code]}


def _pin_used(used: AccessCode | str, at: datetime) -> dict[str, str] | None:
    """The PIN of a code of ours, unless it may have had another one at the time."""
    if isinstance(used, str) or used.code is None or used.confirmed_at is None or used.wished_at > at:
        return None
    return {"code": used.code.reveal()} if used.confirmed_code_hash == used.code_hash else None
