"""
The vendor's log, read after each look at the list of devices, and told as events of locks.

One cheap call shows the end of the log of all devices. A device is read by itself only where that does not
reach back to its mark. Lines and mark are settled in one transaction: a crash before it tells nothing, and
the next poll reads the same again (`domain.entries`).
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .. import store
from ..domain import evidence
from ..domain.access_codes import AccessCode
from ..domain.action_attempts import ActionAttempt
from ..domain.devices import Device
from ..domain.entries import EntryMark, attempt_behind, attempts_from, event_of
from ..domain.errors import NoSuchObject, NotPermitted, RateLimited, Unreachable
from ..domain.provider import LogEntry, RecentEntries
from ..store.tx import Tx
from .hold import Hold, now_of

log = logging.getLogger("ostiary.engine")


@dataclass(frozen=True, slots=True)
class Watched:
    """A device whose log is to be read, as it was before the vendor was asked."""

    device: Device
    mark: EntryMark

    def must_be_read(self, recent: RecentEntries) -> bool:
        vendor_device_id = self.device.vendor_device_id
        shown = [entry for entry in recent.entries if entry.vendor_device_id == vendor_device_id]
        return self.mark.must_read_alone(recent, shown, is_online=self.device.is_online)


async def tell(hold: Hold) -> bool:
    """
    Read what is new and tell it. What cannot be read now is read at the next poll.

    Returns:
        Whether all of it is told; False: a door is being operated, and its lines wait for the outcome.
    """
    asked_at = await hold.read(now_of)
    try:
        recent = await hold.call(lambda account: account.recent_entries())
        if recent is None:
            return True
        watched = await hold.read(_watched, hold)
        covered = [each for each in watched if not each.must_be_read(recent)]
        is_all = await hold.write(_settle, covered, recent.entries, asked_at)
        for each in watched:
            if each.must_be_read(recent):
                is_all = await _tell_one(hold, each, asked_at) and is_all
        return is_all
    except (Unreachable, RateLimited) as error:
        log.info("the log of account %s waits: %s", hold.account.connected_account_id, error)
    except NotPermitted:
        log.warning("the login of account %s cannot read the log", hold.account.connected_account_id)
    return True


async def _tell_one(hold: Hold, watched: Watched, asked_at: datetime) -> bool:
    vendor_device_id, since = watched.device.vendor_device_id, watched.mark.floor
    try:
        entries = await hold.call(lambda account: account.entries_since(vendor_device_id, since))
    except NoSuchObject:
        return True  # the next list of devices tells what became of it
    return await hold.write(_settle, [watched], entries, asked_at)


async def _watched(tx: Tx, hold: Hold) -> list[Watched]:
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if account is None or account.is_disconnected:
        return []
    marks = await store.entries.marks(tx, account)
    return [
        Watched(device, marks.get(device.device_id) or EntryMark.first(device, account))
        for device in await store.devices.of_account(tx, account)
        if device.removed_at is None
    ]


async def _settle(
    tx: Tx, watched: Iterable[Watched], entries: Iterable[LogEntry], asked_at: datetime
) -> bool:
    """
    For each of these devices its new events and its moved mark, or neither.

    A door that is being operated waits: what the log has of it may be what its attempt is about to tell.
    False: there was one.
    """
    is_all = True
    lines: dict[str, list[LogEntry]] = {}
    for entry in entries:
        lines.setdefault(entry.vendor_device_id, []).append(entry)
    for each in watched:
        device, mark = each.device, each.mark
        news = mark.news(lines.get(device.vendor_device_id, ()))
        if news:
            if await store.action_attempts.pending_at_door(tx, device.device_id):
                is_all = False
                continue
            current = await store.devices.find(tx, device.device_id)
            # Of others nothing is told, now or when they are managed again.
            if current is not None and current.is_managed:
                await _emit(tx, current, news)
        moved = mark.after(news, asked_at, is_online=device.is_online)
        if mark.is_new:
            await store.entries.insert_mark(tx, moved)
        else:
            await store.entries.update_mark(tx, moved)
    return is_all


async def _emit(tx: Tx, device: Device, news: Sequence[LogEntry]) -> None:
    attempts = await _attempts(tx, device, news)
    codes: dict[str, AccessCode | str | None] = {}
    for entry in news:
        attempt = attempt_behind(entry, attempts.values())
        if attempt is not None:
            attempts[attempt.action_attempt_id] = replace(attempt, vendor_entry_id=entry.entry_id)
            await store.action_attempts.update_attempt(tx, attempts[attempt.action_attempt_id])
            if attempt.status == "success":
                continue  # the attempt itself has told it
        named = entry.vendor_code_id
        if named is not None and named not in codes:
            codes[named] = await store.entries.code_named(tx, device.device_id, named)
        used = codes.get(named) if named else None
        told = event_of(entry, device, used, attempt, tx.now)
        tx.emit(told)
        if isinstance(used, AccessCode) and entry.kind is not None:
            tx.ledger.note(used.access_code_id, evidence.used(entry.kind, told))


async def _attempts(tx: Tx, device: Device, news: Iterable[LogEntry]) -> dict[str, ActionAttempt]:
    """Ours, that a line among these may tell of."""
    since = attempts_from(news)
    if since is None:
        return {}
    found = await store.action_attempts.at_door(tx, device.device_id, since)
    return {attempt.action_attempt_id: attempt for attempt in found}
