"""
A drain: everything that is due at one connected account, by one worker at a time.

Vendors limit and authenticate per account, so the account is the unit. The worker holds the account's
lease and renews it; whatever it wants to write after it lost the lease is refused. Inside, a few devices
are worked on at once, each strictly in order: doors first (`act`), then codes (`reconcile`).
"""

import asyncio
import contextlib
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from .. import store
from ..domain.connected_accounts import ConnectedAccount
from ..domain.errors import (
    LoginRejected,
    NoSuchObject,
    ProviderError,
    RateLimited,
)
from ..domain.instants import from_ms
from ..domain.retry import backoff
from ..domain.workspaces import Workspace
from ..store.tx import Database, Tx
from . import act, notices, poll, reconcile
from .hold import LEASE, Hold, LeaseLost
from .tasks import cancel_all, finish
from .vendors import Vendors

log = logging.getLogger("ostiary.engine")
T = TypeVar("T")

HEARTBEAT: Final = 10.0
DEVICES_AT_ONCE: Final = 4
DOORS_AT_ONCE: Final = 8
"""More than devices, so that a door finds a place beside locks whose vendor is slow."""


@dataclass(frozen=True, slots=True)
class Work:
    """
    Attributes:
        doors: Devices at which somebody waits for a door. They wait for no other device, and for no pause.
        are_notices_due: Whether the registration for the vendor's notices is to be seen to.
    """

    is_poll_due: bool = False
    device_ids: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    are_notices_due: bool = False


class Drain:
    """
    One worker's time with one account.

    Args:
        woken: Set when new work for the account was committed, here or elsewhere.
    """

    def __init__(self, hold: Hold, woken: asyncio.Event) -> None:
        self.hold = hold
        self.woken = woken

    async def run(self) -> None:
        """Work until nothing is due. Raises LeaseLost or LoginRejected to end early."""
        running: dict[str, asyncio.Task[None]] = {}
        rest = asyncio.Event()
        heartbeat = asyncio.create_task(self._beat(rest))
        try:
            await self._work_off(running)
        except asyncio.CancelledError:
            await cancel_all(running.values())
            raise
        finally:
            # Whatever ended the drain, what is under way ends at a good place: a write that is cut off would
            # have to be waited out.
            await asyncio.gather(*running.values(), return_exceptions=True)
            rest.set()
            await asyncio.gather(heartbeat, return_exceptions=True)

    async def _work_off(self, running: dict[str, asyncio.Task[None]]) -> None:
        await self.hold.freshen_login()
        while True:
            self.woken.clear()
            self._start(await self.hold.read(self._work), running)
            if not running:
                return
            await self._wait(running)
            for key in [key for key, task in running.items() if task.done()]:
                running.pop(key).result()

    def _start(self, work: Work, running: dict[str, asyncio.Task[None]]) -> None:
        if work.is_poll_due and "poll" not in running:
            running["poll"] = asyncio.create_task(poll.poll(self.hold))
        if work.are_notices_due and "notices" not in running:
            running["notices"] = asyncio.create_task(notices.see_to(self.hold))
        for device_ids, most in ((work.doors, DOORS_AT_ONCE), (work.device_ids, DEVICES_AT_ONCE)):
            for device_id in device_ids:
                if device_id not in running and len(running) < most:
                    running[device_id] = asyncio.create_task(self._device(device_id))

    async def _wait(self, running: dict[str, asyncio.Task[None]]) -> None:
        woken = asyncio.create_task(self.woken.wait())
        try:
            await asyncio.wait({woken, *running.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _work(self, tx: Tx) -> Work:
        account = await store.connected_accounts.find(tx, self.hold.account.connected_account_id)
        if account is None:
            raise LeaseLost
        if account.is_disconnected:
            return Work()
        waiting = await store.action_attempts.waiting_doors(tx, account.connected_account_id)
        doors = tuple(device_id for device_id, due_at in waiting if due_at <= tx.now)
        if account.pause_left(tx.now) > 0:
            return Work(doors=doors)
        is_poll_due = account.poll_at is not None and account.poll_at <= tx.now
        device_ids = await store.devices.due(tx, account.connected_account_id)
        are_notices_due = notices.is_due(account, self.hold.notices_base, tx.now)
        return Work(is_poll_due, tuple(device_ids), doors, are_notices_due)

    async def _beat(self, rest: asyncio.Event) -> None:
        """Keep the lease while a vendor takes its time."""
        while not rest.is_set():
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await rest.wait()
            except TimeoutError:
                await self.hold.renew()

    async def _device(self, device_id: str) -> None:
        """Doors, then codes; what goes wrong at one device moves only that device."""
        try:
            await act.operate_door(self.hold, device_id)
            await notices.look_if_noticed(self.hold, device_id)
            await reconcile.tick(self.hold, device_id)
        except (LeaseLost, LoginRejected):
            raise
        except RateLimited:
            pass  # the account is paused, and the device stays due
        except NoSuchObject:
            await self.hold.write(self._look_at_account_again, device_id)
        except ProviderError as error:
            await self.hold.write(self._postpone, device_id, error.retry_after)
        except Exception:
            log.exception("a bug at device %s; it is tried again later", device_id)
            await self.hold.write(self._postpone, device_id, 60.0)

    async def _postpone(self, tx: Tx, device_id: str, retry_after: float | None) -> None:
        device = await store.devices.find(tx, device_id)
        account = await store.connected_accounts.find(tx, self.hold.account.connected_account_id)
        if device is None or account is None:
            return
        attempts = device.attempts + 1
        wait = backoff(attempts) if retry_after is None else timedelta(seconds=retry_after)
        device = replace(device, attempts=attempts)
        await store.devices.update_device(tx, device, self.hold.render(device, account))
        await act.set_due(tx, device_id, tx.now + wait, not_before=timedelta(seconds=1))

    async def _look_at_account_again(self, tx: Tx, device_id: str) -> None:
        """The vendor does not know the device: the list of devices will tell what became of it."""
        await self._postpone(tx, device_id, None)
        account = await store.connected_accounts.find(tx, self.hold.account.connected_account_id)
        if account is not None:
            await poll.look_soon(tx, account)


# --- taking and giving back an account -------------------------------------------------------------------


async def drain_account(
    database: Database, vendors: Vendors, connected_account_id: str, woken: asyncio.Event
) -> None:
    """Take the account if it is free, drain it, and give it back with the time of the next drain."""
    lease = secrets.token_hex(8)
    try:
        await _drain(database, vendors, connected_account_id, woken, lease)
    except asyncio.CancelledError:
        # Wherever it was, in the middle of taking it too: whoever knows the lease can give it back.
        await finish(database.write(_give_back, connected_account_id, lease, 0.0))
        raise


async def _drain(
    database: Database, vendors: Vendors, connected_account_id: str, woken: asyncio.Event, lease: str
) -> None:
    taken = await database.write(_take, connected_account_id, lease)
    if taken is None:
        return
    account, workspace = taken
    try:
        hold = Hold(database, vendors, account, workspace, lease)
    except KeyError:
        log.error("the brand %s has no settings; its accounts wait", account.provider)
        await database.write(_give_back, connected_account_id, lease, 300.0)
        return
    retry_after: float | None = None
    try:
        await Drain(hold, woken).run()
    except LeaseLost:
        return
    except LoginRejected:
        with contextlib.suppress(LeaseLost):
            await hold.write(poll.disconnect, hold)
    except Exception:
        log.exception("a bug in the drain of account %s; it is tried again later", connected_account_id)
        retry_after = 30.0
    await database.write(_give_back, connected_account_id, lease, retry_after)


async def take(database: Database, vendors: Vendors, connected_account_id: str) -> Hold | None:
    """The account, for other work than a drain; None while somebody else has it. Raises: KeyError."""
    lease = secrets.token_hex(8)
    taken = await database.write(_take, connected_account_id, lease)
    return None if taken is None else Hold(database, vendors, *taken, lease)


async def give_back(database: Database, hold: Hold) -> None:
    """What `take` took; the engine goes on at once."""
    await database.write(_give_back, hold.account.connected_account_id, hold.lease, None)


async def _take(tx: Tx, connected_account_id: str, lease: str) -> tuple[ConnectedAccount, Workspace] | None:
    if not await store.connected_accounts.claim(tx, connected_account_id, lease, tx.real_now + LEASE):
        return None
    account = await store.connected_accounts.find(tx, connected_account_id)
    workspace = None if account is None else await store.workspaces.get(tx, account.workspace_id)
    return None if account is None or workspace is None else (account, workspace)


async def _give_back(tx: Tx, connected_account_id: str, lease: str, retry_after: float | None) -> None:
    """Due again at the earliest of what the account's rows wait for, read here and now."""
    account = await store.connected_accounts.find(tx, connected_account_id)
    if account is None:
        return
    workspace = await store.workspaces.get(tx, account.workspace_id)
    if workspace is None:
        return
    tx.enter(workspace)
    due_at: datetime | None = None
    if not account.is_disconnected:
        next_device = await store.devices.next_due_ms(tx, connected_account_id)
        instants = [
            account.poll_at,
            account.notices_at,
            None if next_device is None else from_ms(next_device),
        ]
        waits = [instant for instant in instants if instant is not None]
        due_at = await _after_pause(tx, account, min(waits)) if waits else None
    if due_at is not None and retry_after is not None:
        due_at = max(due_at, tx.real_now + timedelta(seconds=retry_after))
    await store.connected_accounts.release(tx, connected_account_id, lease, due_at)


async def _after_pause(tx: Tx, account: ConnectedAccount, due: datetime) -> datetime | None:
    """In real time. A pause moves everything but doors, one of which may have come since the last look."""
    if account.paused_until is None or account.pause_left(tx.now) <= 0:
        return tx.real(due)
    doors = await store.action_attempts.waiting_doors(tx, account.connected_account_id)
    return tx.real(min([max(due, account.paused_until), *(due_at for _, due_at in doors)]))
