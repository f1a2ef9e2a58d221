"""A look at an account's list of devices: who is there, online, powered, paired."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .. import store
from ..domain import devices
from ..domain.action_attempts import DOOR_DEADLINE, outcome_events
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.errors import LoginExpired, LoginRejected, RateLimited, Unreachable
from ..domain.events import event
from ..domain.ids import ordered_id
from ..domain.provider import AccountProblem, ObservedDevice
from ..domain.retry import backoff
from ..store.tx import Tx
from . import entries
from .hold import Hold, LeaseLost


async def poll(hold: Hold) -> None:
    """List the devices and settle what changed. A vendor that cannot be reached is asked again later."""
    asked = await hold.read(_asked, hold, hold.asks())
    try:
        seen = await hold.call(lambda account: account.list_devices())
        found = await hold.call(lambda account: account.list_problems())
    except (Unreachable, RateLimited) as error:
        await hold.write(_postpone, hold, error.retry_after)
        return
    except LoginExpired as error:
        raise LoginRejected(str(error)) from error
    hold.note_poll()
    await hold.write(settle, hold, seen, found, asked)
    if not await entries.tell(hold):
        await hold.write(_look_after_door, hold)


@dataclass(frozen=True, slots=True)
class Asked:
    """
    The account as it was before its vendor was asked.

    Attributes:
        number: Of the look, as the hold counts them.
        poll_at: Another one by the time of the answer means that somebody asked for a look after ours began,
            which may have missed what they know of: it stays due.
        connected_at: Another one means that somebody has logged in again, and may have let us into other
            things: what the login before shows is not settled.
    """

    number: int
    poll_at: datetime | None
    connected_at: datetime


async def _asked(tx: Tx, hold: Hold, number: int) -> Asked:
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if account is None:
        raise LeaseLost
    return Asked(number, account.poll_at, account.connected_at)


async def _postpone(tx: Tx, hold: Hold, retry_after: float | None) -> None:
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if account is None:
        return
    attempts = account.attempts + 1
    wait = backoff(attempts) if retry_after is None else timedelta(seconds=retry_after)
    await store.connected_accounts.update_account(
        tx, replace(account, attempts=attempts, poll_at=tx.now + wait)
    )


async def settle(
    tx: Tx,
    hold: Hold,
    seen: Sequence[ObservedDevice],
    found: Sequence[AccountProblem],
    asked: Asked,
) -> None:
    """One transaction for the whole look: problems, devices, their events, and the account's first sync."""
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if account is None or account.connected_at != asked.connected_at:
        return
    account = await _settle_problems(tx, hold, account, found)
    known = {device.vendor_device_id: device for device in await store.devices.of_account(tx, account)}
    for look in seen:
        before = known.pop(look.vendor_device_id, None)
        if before is None:
            await _add(tx, hold, account, look)
        else:
            await settle_device(tx, hold, account, before, look, asked.number, is_poll=True)
    for gone in known.values():
        if gone.removed_at is None and hold.is_newest(gone.device_id, asked.number):
            device = devices.removed(gone, tx.now)
            await store.devices.update_device(tx, device, hold.render(device, account))
            tx.emit(device.event("device.removed", tx.now))
    await _settle_account(tx, hold, account, asked.poll_at)


async def _settle_problems(
    tx: Tx, hold: Hold, account: ConnectedAccount, found: Sequence[AccountProblem]
) -> ConnectedAccount:
    """
    What the vendor has against the account stands on its devices and codes too. When it changes, codes that
    have failed are tried again at once: what was in their way may be gone.
    """
    after = account.observed(found, tx.now)
    if (after.errors, after.warnings) == (account.errors, account.warnings):
        return account
    await store.connected_accounts.update_account(tx, after)
    for device in await store.devices.of_account(tx, after):
        await store.devices.update_device(tx, device, hold.render(device, after))
        for code in await store.access_codes.on_device(tx, device.device_id):
            if code.retry_at is not None:
                await store.access_codes.update_code(tx, replace(code, retry_at=None))
        await store.devices.wake(tx, device.device_id)
    return after


async def _add(tx: Tx, hold: Hold, account: ConnectedAccount, look: ObservedDevice) -> None:
    device = devices.observed(devices.added(ordered_id(tx.now), look, account, tx.now), look, tx.now)
    device = replace(device, look_wanted=device.may_hold_codes)
    await store.devices.insert(tx, device, hold.render(device, account))
    for told in devices.changes(None, device, account, tx.now):
        tx.emit(told)
    if device.look_wanted:
        await store.devices.wake(tx, device.device_id)


async def settle_device(
    tx: Tx,
    hold: Hold,
    account: ConnectedAccount,
    before: Device,
    look: ObservedDevice,
    number: int,
    *,
    is_poll: bool = False,
) -> Device:
    """
    One look at one known device: its state, its events, and a tick if its codes may be affected.

    Args:
        number: Of the look, as the hold counts them: an older one does not undo what a newer one has shown.
    """
    is_newest = hold.is_newest(before.device_id, number)
    after = devices.observed(before, look, tx.now) if is_newest else before
    came_back = before.removed_at is not None
    matters = (after.is_online, after.capabilities) != (before.is_online, before.capabilities)
    # At the poll that is nearest to its time: half an interval early rather than a whole one late.
    every = timedelta(seconds=hold.manifest.look_every - hold.manifest.poll_every / 2)
    if is_poll and (matters or came_back or devices.is_look_due(before, every, tx.now)):
        may_hold_any = before.may_hold_codes or after.may_hold_codes  # the keypad may have come or gone
        may_hold_any = may_hold_any or await store.access_codes.was_ever_sent(tx, after.device_id)
        if not after.is_managed:  # as long as codes are known there, they are shown as they are
            may_hold_any = may_hold_any or bool(await store.unmanaged_codes.on_device(tx, after))
        after = replace(after, look_wanted=after.look_wanted or may_hold_any)
    if after != before or came_back:
        if matters:
            after = replace(after, attempts=0)
        await store.devices.update_device(tx, after, hold.render(after, account))
        for told in devices.changes(None if came_back else before, after, account, tx.now):
            tx.emit(told)
    if matters or after.look_wanted:
        await store.devices.wake(tx, after.device_id)
    return after


async def _settle_account(tx: Tx, hold: Hold, account: ConnectedAccount, asked_at: datetime | None) -> None:
    told_every = hold.manifest.poll_every_with_notices
    is_told = account.has_notices and told_every is not None
    every = timedelta(seconds=told_every if is_told and told_every else hold.manifest.poll_every)
    poll_at = account.poll_at
    if poll_at == asked_at:
        poll_at = tx.now + every
    elif poll_at is not None and account.has_notices:
        poll_at = max(poll_at, tx.now + devices.NOTICES_APART)  # however many notices come
    settled = replace(account, attempts=0, poll_at=poll_at)
    if account.first_synced_at is None:
        settled = replace(settled, first_synced_at=tx.now)
        is_first_login = account.connected_at == account.created_at
        tx.emit(
            event(
                "connected_account.completed_first_sync"
                if is_first_login
                else "connected_account.completed_first_sync_after_reconnection",
                account.workspace_id,
                tx.now,
                connected_account_id=account.connected_account_id,
                customer_key=account.customer_key,
            )
        )
    await store.connected_accounts.update_account(tx, settled)


async def _look_after_door(tx: Tx, hold: Hold) -> None:
    """The log has lines that wait for the outcome of an attempt: by then there is one."""
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if account is not None:
        await look_soon(tx, account, DOOR_DEADLINE)


async def look_soon(tx: Tx, account: ConnectedAccount, wait: timedelta = timedelta(seconds=5)) -> None:
    """Something at the account is not as it was: the list of devices and problems will tell what."""
    if account.poll_at is not None:
        sooner = min(account.poll_at, tx.now + wait)
        await store.connected_accounts.update_account(tx, replace(account, poll_at=sooner))


async def disconnect(tx: Tx, hold: Hold) -> None:
    """
    The login is dead: say so everywhere, and stop until somebody logs in again. Whoever has done so while the
    old login was being refused is not cut off for it.
    """
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if account is None or not account.is_same_login(hold.refused or hold.account.credentials):
        return
    cut_off, events = account.disconnected(tx.now)
    await store.connected_accounts.update_account(tx, cut_off)
    for told in events:
        tx.emit(told)
    tx.ledger.cause = "account"
    for device in await store.devices.of_account(tx, account):
        for code in await store.access_codes.on_device(tx, device.device_id):
            tx.ledger.touch(code)
        for attempt in await store.action_attempts.pending_at_door(tx, device.device_id):
            message = "The account was disconnected before the door was seen to move."
            failed = attempt.failed(tx.now, "account_disconnected", message)
            await store.action_attempts.update_attempt(tx, failed)
            for told in outcome_events(failed, device, tx.now):
                tx.emit(told)
        offline = replace(device, is_online=False)
        await store.devices.update_device(tx, offline, hold.render(offline, cut_off))
        if device.is_online:
            tx.emit(offline.disconnected("account_disconnected", cut_off, tx.now))
