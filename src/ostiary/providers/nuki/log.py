"""
Nuki's activity log: what its lines mean, and how it is read back to an instant.

Sections in brackets are those of `nuki-web-api.md`; what is assumed stands in `NOTES.md`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from ostiary.domain.provider import EntryKind, EntryMethod, LogEntry, RecentEntries

from .client import NukiClient
from .mapping import device_type, instant
from .models import (
    DeviceType,
    LogAction,
    LogLine,
    LogSource,
    LogState,
    LogTrigger,
    OpenerSource,
)

DEFAULT_PAGE: Final = 20
"""Lines in a page whose `limit` Nuki ignores (6). A page with fewer is the last, whatever it made of ours."""

_TICK: Final = timedelta(milliseconds=1)

# --- what a line means -------------------------------------------------------------------------------

_OF_LOCKS: Final[Mapping[LogAction, EntryKind]] = {
    LogAction.UNLOCK: "unlocked",  # 6.1
    LogAction.LOCK: "locked",  # 6.1
    LogAction.UNLATCH: "unlocked",  # 6.1, 3.4: the bolt is drawn first, and no line of its own is known
    LogAction.LOCK_N_GO: "unlocked",  # 3.4: it unlocks, lets somebody through, and locks
    LogAction.LOCK_N_GO_UNLATCH: "unlocked",  # 3.4
}
"""Everything else tells of the lock itself or of its door sensor (6.1), not of locking."""

_OF_OPENERS: Final[Mapping[LogAction, EntryKind]] = {
    LogAction.UNLATCH: "unlocked",  # 6.1: the strike. 1 and 2 arm and disarm ring to open, 6 and 7 a mode
}

_METHODS: Final[Mapping[LogTrigger, EntryMethod]] = {
    LogTrigger.MANUAL: "manual",  # 6.1: the knob or the key
    LogTrigger.BUTTON: "manual",  # 6.1: the button on the device
    LogTrigger.AUTOMATIC: "automatic",  # 6.1
    LogTrigger.WEB: "remote",  # 3.4: everything that comes through the cloud, ours too
    LogTrigger.APP: "remote",  # 6.1: a phone, near or far
    LogTrigger.AUTO_LOCK: "automatic",  # 6.1
    LogTrigger.NUKI_MODE: "automatic",  # 6.1: a change of mode by time
}
"""0 system and 7 accessory name no hand (6.1)."""

_METHODS_OF_OPENERS: Final[Mapping[OpenerSource, EntryMethod]] = {
    OpenerSource.DOORBELL: "automatic",  # 6.1: ring to open
    OpenerSource.TIME_CONTROL: "automatic",  # 6.1
    OpenerSource.APP: "remote",  # 6.1
    OpenerSource.BUTTON: "manual",  # 6.1
    OpenerSource.FOB: "remote",  # 6.1
    OpenerSource.BRIDGE: "remote",  # 6.1
    OpenerSource.KEYPAD: "keycode",  # 6.1
}

_METHODS_AT_KEYPADS: Final[Mapping[LogSource, EntryMethod]] = {
    LogSource.CODE: "keycode",  # 6.1
    LogSource.FINGERPRINT: "unknown",  # 6.1: the wire has no word for fingers
    LogSource.TAP: "card",  # 6.1: tap to unlock, by NFC
}

_REFUSALS: Final[Mapping[LogState, str]] = {
    LogState.INVALID_CODE: "unknown_code",  # 6.1
    LogState.INVALID_FINGERPRINT: "credential_error",  # 6.1
    LogState.INVALID_TAG: "credential_error",  # 6.1
    LogState.REJECTED: "expired_code",  # 6.1, 4.9: known and outside its limits, or disabled
    LogState.REJECTED_AT_NIGHT: "credential_error",  # 6.1
}


def entry(line: LogLine, smartlock_id: str | None = None) -> LogEntry | None:
    """
    None for a line without a date or a device: it has no place.

    Args:
        smartlock_id: Whose log it is from.
    """
    vendor_device_id = smartlock_id if line.smartlock_id is None else str(line.smartlock_id)
    if line.date is None or vendor_device_id is None:
        return None
    kind, reason_code = _kind(line, device_type(vendor_device_id))
    return LogEntry(
        entry_id=line.id,
        vendor_device_id=vendor_device_id,
        occurred_at=line.date.replace(tzinfo=UTC) if line.date.tzinfo is None else line.date.astimezone(UTC),
        kind=kind,
        method=_method(line) if kind in ("locked", "unlocked") else "unknown",
        vendor_code_id=str(line.auth_id) if line.auth_id else None,
        reason_code=reason_code,
    )


def _kind(line: LogLine, device: DeviceType) -> tuple[EntryKind | None, str | None]:
    """
    What happened and, where somebody was not let in, why.

    A refusal counts at a keypad alone: there somebody stands. Motors that are blocked and calls that are
    refused are no attempts to get in.
    """
    if line.trigger is LogTrigger.KEYPAD_ERROR and line.source is LogSource.TAP:
        # 6.1: states of another table; 0 is a revoked document, the others speak of the exchange.
        revoked = line.state is LogState.SUCCESS
        return "access_denied", "blocklisted_code" if revoked else "credential_error"
    if line.state not in (None, LogState.SUCCESS):
        refusal = _REFUSALS.get(line.state)
        return ("access_denied", refusal) if refusal and _is_at_keypad(line) else (None, None)
    if line.action is None or line.trigger is LogTrigger.KEYPAD_ERROR:
        return None, None
    return (_OF_OPENERS if device is DeviceType.OPENER else _OF_LOCKS).get(line.action), None


def _is_at_keypad(line: LogLine) -> bool:
    return line.trigger in (LogTrigger.KEYPAD, LogTrigger.KEYPAD_ERROR) or line.source in _METHODS_AT_KEYPADS


def _method(line: LogLine) -> EntryMethod:
    if line.auto_unlock:
        return "automatic"  # 6.1: the phone came near
    if line.trigger is LogTrigger.KEYPAD:
        # Without a source: the keypad's arrow locks without a code; what unlocks there is a code.
        bare: EntryMethod = "manual" if line.action is LogAction.LOCK else "keycode"
        return bare if line.source is None else _METHODS_AT_KEYPADS.get(line.source, bare)
    if line.trigger is not None and line.trigger in _METHODS:
        return _METHODS[line.trigger]
    if line.opener_log is not None and line.opener_log.source is not None:
        return _METHODS_OF_OPENERS.get(line.opener_log.source, "unknown")
    return "unknown"


# --- reading -----------------------------------------------------------------------------------------


async def recent(client: NukiClient) -> RecentEntries:
    """
    One page of all devices.

    It is complete after its oldest line, if it is in the order of dates: otherwise a line that came late may
    hide how far it reaches, and only its newest instant is safe.
    """
    lines = await client.log(None)
    entries = _placed(lines)
    dates = [each.occurred_at for each in entries]
    if len(lines) < DEFAULT_PAGE or not dates:
        return RecentEntries(entries, None)
    is_in_order = dates == sorted(dates, reverse=True)
    return RecentEntries(entries, dates[-1] if is_in_order else max(dates))


async def since(client: NukiClient, smartlock_id: str, begin: datetime) -> Sequence[LogEntry]:
    """
    Every line of one device from `begin` on, newest first.

    Nuki documents a cursor, and how deep it goes is doubted (6). So where one way brings nothing older, the
    next is tried.
    """
    found: dict[str, LogEntry] = {}
    page = await client.log(smartlock_id)
    way = 0
    while True:
        fresh = [each for each in _placed(page, smartlock_id) if each.entry_id not in found]
        found.update((each.entry_id, each) for each in fresh)
        is_last = 0 < len(page) < DEFAULT_PAGE
        if is_last or not found or min(each.occurred_at for each in found.values()) < begin:
            break
        way = min(way, _BY_DATE) if fresh else way + 1
        if way == len(_WAYS):
            break
        page = await client.log(smartlock_id, **_WAYS[way](list(found.values())))
    return sorted(found.values(), key=lambda each: each.occurred_at, reverse=True)


def _before_the_oldest(found: Sequence[LogEntry]) -> dict[str, str]:
    """Lines of one instant may stand on both sides of a border: those that are known are shown once more."""
    oldest = min(each.occurred_at for each in found)
    newer = [each for each in found if each.occurred_at > oldest]
    return {"older_than": (newer or found)[-1].entry_id}


def _after_the_last(found: Sequence[LogEntry]) -> dict[str, str]:
    """A page has not been enough for the lines of that instant."""
    return {"older_than": found[-1].entry_id}


def _by_date(found: Sequence[LogEntry]) -> dict[str, str]:
    """The cursor leads nowhere. Nobody says whether `toDate` itself is still shown (6)."""
    return {"until": instant(min(each.occurred_at for each in found) + _TICK)}


def _past_the_instant(found: Sequence[LogEntry]) -> dict[str, str]:
    """A page holds nothing but lines of one instant, and shows no others."""
    return {"until": instant(min(each.occurred_at for each in found) - _TICK)}


_WAYS: Final = (_before_the_oldest, _after_the_last, _by_date, _past_the_instant)
_BY_DATE: Final = _WAYS.index(_by_date)


def _placed(lines: Sequence[LogLine], smartlock_id: str | None = None) -> list[LogEntry]:
    return [found for line in lines if (found := entry(line, smartlock_id)) is not None]
