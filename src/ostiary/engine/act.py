"""
Doors: a lock or unlock is sent at most once, within its time, and then looked for.

That it will be sent is written down before it is. After a crash such an attempt is only looked for, never
sent again, and past its deadline every attempt fails: nobody's door opens late.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from .. import store
from ..domain.action_attempts import ActionAttempt, outcome_events
from ..domain.devices import Device
from ..domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
    Unreachable,
)
from ..domain.provider import Account, ObservedDevice
from ..store.tx import Tx
from . import poll
from .hold import Hold

LOOK_EVERY: Final = 0.4
AT_REST: Final = timedelta(seconds=15)
"""After an opening for a moment a door has locked itself again by then."""


async def operate_door(hold: Hold, device_id: str) -> None:
    """Settle every pending attempt at one door, in the order in which they were asked."""
    while True:
        found = await hold.write(_next, hold, device_id)
        if found is None:
            return
        attempt, device = found
        await _operate(hold, attempt, device)


async def set_due(
    tx: Tx, device_id: str, at: datetime | None, *, not_before: timedelta = timedelta(0)
) -> None:
    """
    When the device is worked on next. Its time is overwritten here, and with it the wake-up of a door that
    was asked for since `operate_door` has looked: such a door makes the device due at once, or after
    `not_before` where something is broken. So do notices, as long as nothing is broken.
    """
    if await store.action_attempts.pending_at_door(tx, device_id):
        soon = tx.now + not_before
        at = soon if at is None else min(at, soon)
    device = await store.devices.find(tx, device_id)
    noticed = device.noticed_due(tx.now) if device is not None and device.attempts == 0 else None
    if noticed is not None:
        at = noticed if at is None else min(at, noticed)
    await store.devices.set_due(tx, device_id, at)


async def is_waited_for(tx: Tx, device_id: str) -> bool:
    """Somebody stands before this door."""
    return bool(await store.action_attempts.pending_at_door(tx, device_id))


async def _operate(hold: Hold, attempt: ActionAttempt, device: Device) -> None:
    if attempt.sent_at is None and not await _send_once(hold, attempt, device):
        return  # settled: it failed, or the vendor's answer itself was the door's
    look: ObservedDevice | None = None
    while await _time_left(hold, attempt) > 0:
        number = hold.asks()
        look = await _look(hold, device)
        if look is not None and _is_done(attempt, device, look):
            await hold.write(_succeed, hold, attempt, look, number)
            return
        await asyncio.sleep(LOOK_EVERY)
    message = f"{device.display_name} did not confirm in time. Look at the door before you try again."
    await hold.write(_fail, hold, attempt, "action_attempt_expired", message)


def _is_done(attempt: ActionAttempt, device: Device, look: ObservedDevice) -> bool:
    """
    In the wanted state and at rest. A device without a bolt shows no state and is done when it is at rest; a
    lock that shows none has jammed.
    """
    if look.is_busy:
        return False
    has_bolt = device.can.can_remotely_lock is not None
    return look.is_locked == attempt.wants_locked if has_bolt else True


async def _send_once(hold: Hold, attempt: ActionAttempt, device: Device) -> bool:
    """True: the vendor has it, or may have it, and a look must tell. False: the attempt is settled."""
    while (left := await _time_left(hold, attempt)) > 0:
        if not await hold.write(_mark_sent, attempt):
            return False
        try:
            async with asyncio.timeout(left):
                is_done = await hold.call(
                    lambda account: _verb(account, hold, attempt, device), is_at_door=True
                )
        except (OutcomeUnknown, TimeoutError):
            return True
        except (Rejected, NoSuchObject) as error:
            await hold.write(_fail, hold, attempt, "provider_issue", str(error) or "The vendor refused.")
            return False
        except (LoginExpired, LoginRejected):
            await hold.write(
                _fail, hold, attempt, "account_disconnected", "The account's login is no longer accepted."
            )
            raise
        except (Unreachable, RateLimited) as error:
            # Nothing was changed: it may be sent again while there is time.
            await hold.write(_unmark_sent, attempt)
            await _rest(hold, attempt, error.retry_after or 1.0)
        except ProviderError as error:
            await hold.write(_fail, hold, attempt, "provider_issue", str(error))
            return False
        else:
            if is_done:
                await hold.write(_succeed, hold, attempt, None)
            return not is_done
    message = f"{device.display_name} could not be reached in time. Nothing was sent."
    await hold.write(_fail, hold, attempt, "action_attempt_expired", message)
    return False


async def _verb(account: Account, hold: Hold, attempt: ActionAttempt, device: Device) -> bool:
    """
    The deadline is looked at once more: a machine may have slept since it was marked as sent, or a login been
    renewed, and what is under way in this process does not notice by itself that time has passed.
    """
    if await _time_left(hold, attempt) <= 0:
        raise Unreachable("the time for it ended before it was sent")
    if attempt.wants_locked:
        return await account.lock_door(device.vendor_device_id)
    return await account.unlock_door(device.vendor_device_id)


async def _look(hold: Hold, device: Device) -> ObservedDevice | None:
    """None: the vendor could not be asked just now."""
    try:
        return await hold.call(lambda account: account.get_device(device.vendor_device_id), is_at_door=True)
    except (Unreachable, RateLimited) as error:
        await asyncio.sleep(min(error.retry_after or 0.5, 5.0))
        return None


async def _rest(hold: Hold, attempt: ActionAttempt, seconds: float) -> None:
    """So long, by the workspace's clock, and not past the deadline."""
    begun = left = await _time_left(hold, attempt)
    while left > max(0.0, begun - seconds):
        await asyncio.sleep(min(LOOK_EVERY, seconds, left))
        left = await _time_left(hold, attempt)


async def _time_left(hold: Hold, attempt: ActionAttempt) -> float:
    """Seconds until the deadline, by the workspace's clock."""
    now: datetime = await hold.read(_now)
    assert attempt.deadline_at is not None
    return (attempt.deadline_at - now).total_seconds()


async def _now(tx: Tx) -> datetime:
    return tx.now


async def _next(tx: Tx, hold: Hold, device_id: str) -> tuple[ActionAttempt, Device] | None:
    """The oldest pending attempt; one never sent that is late, or whose lock is offline, fails here."""
    device = await store.devices.find(tx, device_id)
    if device is None:
        return None
    for attempt in await store.action_attempts.pending_at_door(tx, device_id):
        assert attempt.deadline_at is not None
        if attempt.sent_at is None and tx.now >= attempt.deadline_at:
            message = "The attempt could not be made in time. Nothing was sent."
            await _fail(tx, hold, attempt, "action_attempt_expired", message)
        elif attempt.sent_at is None and not device.is_online:
            message = f"{device.display_name} is offline. Nothing was sent."
            await _fail(tx, hold, attempt, "device_disconnected", message)
        else:
            return attempt, device
    return None


async def _mark_sent(tx: Tx, attempt: ActionAttempt) -> bool:
    current = await store.action_attempts.get(tx, attempt.workspace_id, attempt.action_attempt_id)
    if current.status != "pending":
        return False
    await store.action_attempts.update_attempt(tx, replace(current, sent_at=tx.now))
    return True


async def _unmark_sent(tx: Tx, attempt: ActionAttempt) -> None:
    current = await store.action_attempts.get(tx, attempt.workspace_id, attempt.action_attempt_id)
    await store.action_attempts.update_attempt(tx, replace(current, sent_at=None))


async def _succeed(
    tx: Tx, hold: Hold, attempt: ActionAttempt, look: ObservedDevice | None, number: int = 0
) -> None:
    """
    Args:
        look: None: the vendor answers for the door, and there is nothing to see any more.
        number: Of the look, as the hold counts them.
    """
    current = await store.action_attempts.get(tx, attempt.workspace_id, attempt.action_attempt_id)
    device = await store.devices.find(tx, attempt.device_id)
    account = await store.connected_accounts.find(tx, attempt.connected_account_id)
    if current.status != "pending" or device is None or account is None:
        return
    if look is None:
        await poll.look_soon(tx, account, AT_REST)  # what the door looks like when it is at rest again
    else:
        device = await poll.settle_device(tx, hold, account, device, look, number)
    result = {"was_confirmed_by_device": look is None or look.is_locked is not None}
    settled = current.succeeded(tx.now, result)
    await store.action_attempts.update_attempt(tx, settled)
    for told in outcome_events(settled, device, tx.now):
        tx.emit(told)


async def _fail(tx: Tx, hold: Hold, attempt: ActionAttempt, error_type: str, message: str) -> None:
    current = await store.action_attempts.get(tx, attempt.workspace_id, attempt.action_attempt_id)
    device = await store.devices.find(tx, attempt.device_id)
    if current.status != "pending" or device is None:
        return
    settled = current.failed(tx.now, error_type, message)
    await store.action_attempts.update_attempt(tx, settled)
    for told in outcome_events(settled, device, tx.now):
        tx.emit(told)
