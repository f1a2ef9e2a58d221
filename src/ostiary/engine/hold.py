"""
A hold on one connected account: its lease, its login, and the way to its vendor.

Everything that works on an account (`act`, `poll`, `reconcile`) reads, writes and calls through the hold that
the drain has taken; what is written after the lease was lost is refused.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from .. import store
from ..domain.connected_accounts import ConnectedAccount
from ..domain.errors import (
    BudgetSpent,
    LoginExpired,
    LoginRejected,
    OutcomeUnknown,
    RateLimited,
    Unreachable,
)
from ..domain.provider import Account, Activations, Credentials
from ..domain.workspaces import Workspace
from ..store.tx import Database, Tx
from .tasks import cancel_all, finish
from .traffic import Cloud
from .vendors import Vendors, render

T = TypeVar("T")

LEASE: Final = timedelta(seconds=30)
"""Longer than any vendor call, so that a worker that is alive never loses it."""

CALL: Final = timedelta(seconds=15)
"""
Longer than a vendor call may take: after this a write that was written down is either sent or never will
be. For so long at least the lease still lasts when a call begins.
"""

REFRESH_AHEAD: Final = timedelta(minutes=2)

PAUSE_WITHOUT_A_WORD: Final = 60.0
"""Seconds. Of a refusal of too many calls that does not say for how long."""


LAST_WORD: Final = 3.0
"""Seconds that a worker who is stopped waits for the answer to a refresh."""


class LeaseLost(Exception):
    """Another worker has the account now: drop everything."""


class Hold:
    """
    One worker's hold on one account.

    Attributes:
        account: As it was taken, with the newest login.
        refused: The login that the vendor would not take any more.
    """

    def __init__(
        self,
        database: Database,
        vendors: Vendors,
        account: ConnectedAccount,
        workspace: Workspace,
        lease: str,
    ) -> None:
        self.database = database
        self.vendors = vendors
        self.account = account
        self.workspace = workspace
        self.lease = lease
        self.manifest = vendors.manifests[account.provider]
        self.adapter = vendors.adapter(workspace, account.provider, account.connected_account_id)
        self._door_adapter = vendors.adapter(
            workspace, account.provider, account.connected_account_id, is_at_door=True
        )
        self.notices_base = vendors.notices_base(workspace, account.provider)
        self._login = asyncio.Lock()
        self._is_login_dead = False
        self.refused: Credentials | None = None
        self._asked = 0
        self._settled: dict[str, int] = {}

    # --- transactions under the lease ----------------------------------------------------------------

    async def write(self, use_case: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """
        Settle something, in the workspace's time.

        Raises:
            LeaseLost: Nothing was written.
        """
        return await self.database.write(self._under_lease, use_case, args)

    async def _under_lease(
        self, tx: Tx, use_case: Callable[..., Coroutine[Any, Any, T]], args: tuple[Any, ...]
    ) -> T:
        until = tx.real_now + LEASE
        if not await store.connected_accounts.renew(tx, self.account.connected_account_id, self.lease, until):
            raise LeaseLost
        await self._enter(tx)
        return await use_case(tx, *args)

    async def read(self, use_case: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        return await self.database.read(self._in_workspace, use_case, args)

    async def _in_workspace(
        self, tx: Tx, use_case: Callable[..., Coroutine[Any, Any, T]], args: tuple[Any, ...]
    ) -> T:
        await self._enter(tx)
        return await use_case(tx, *args)

    async def _enter(self, tx: Tx) -> None:
        """The clock may have been moved since the last transaction."""
        workspace = await store.workspaces.get(tx, self.workspace.workspace_id)
        if workspace is None:
            raise LeaseLost
        tx.enter(workspace)

    def render(self, device: Any, account: ConnectedAccount) -> dict[str, Any]:
        return render(self.vendors.manifests, device, account)

    # --- the order of looks --------------------------------------------------------------------------

    def asks(self) -> int:
        """A number for a look at one device or at all of them, to be drawn before the vendor is asked."""
        self._asked += 1
        return self._asked

    def is_newest(self, device_id: str, number: int) -> bool:
        """
        Whether what that look has shown of a device may be settled: looks at one device and at all of them
        are under way at the same time, and one that began later may have told more than an older one knows.
        """
        newest = self._settled[device_id] = max(number, self._settled.get(device_id, 0))
        return newest == number

    # --- calls to the vendor -------------------------------------------------------------------------

    async def call(self, verb: Callable[[Account], Awaitable[T]], *, is_at_door: bool = False) -> T:
        """
        One vendor call as this account, with a refresh of the login when that is what it takes.

        Raises LeaseLost, without asking anybody, when another worker has the account.

        A 429 pauses the account, and so does a budget that is spent; until the pause ends nothing is sent but
        for doors. Those the vendor may refuse itself: what our polls have cost must not decide whether
        somebody gets in.

        Args:
            is_at_door: Somebody waits for it.
        """
        if not is_at_door:
            await self._mind_pause()
        try:
            return await self._call(verb, is_at_door)
        except BudgetSpent as error:
            if not is_at_door:  # a door leaves more than its own reserve to nobody anyway
                await self._pause(error)
            raise
        except RateLimited as error:
            await self._pause(error)
            raise

    async def _call(self, verb: Callable[[Account], Awaitable[T]], is_at_door: bool) -> T:
        await self._make_sure()
        credentials = self.account.credentials
        try:
            try:
                return await verb(await self._verbs(credentials, is_at_door))
            except LoginExpired:
                await self._refresh(credentials.access_token)
            await self._make_sure()
            credentials = self.account.credentials
            try:
                return await verb(await self._verbs(credentials, is_at_door))
            except LoginExpired:
                raise LoginRejected("the vendor refuses a login that it has just renewed") from None
        except LoginRejected as error:
            if self.account.is_same_login(credentials):
                self.refused = credentials
                raise
            raise Unreachable("somebody has logged in again since") from error  # with theirs, then

    async def _verbs(self, credentials: Credentials, is_at_door: bool) -> Account:
        kept = self.account.activations
        activations = None if kept is None else Activations(kept, await self.read(now_of))
        adapter = self._door_adapter if is_at_door else self.adapter
        return adapter.account(credentials, self.account.settings, activations)

    async def _mind_pause(self) -> None:
        """Raises: RateLimited, without asking anybody."""
        if self.account.paused_until is None:
            return
        left = self.account.pause_left(await self.read(now_of))
        if left > 0:
            raise RateLimited("the account is paused", retry_after=left)

    async def _pause(self, error: RateLimited) -> None:
        await self.write(self._store_pause, error.retry_after or PAUSE_WITHOUT_A_WORD)

    async def _store_pause(self, tx: Tx, seconds: float) -> None:
        account = await store.connected_accounts.find(tx, self.account.connected_account_id)
        if account is None:
            raise LeaseLost
        paused = account.paused(seconds, tx.now)
        await store.connected_accounts.update_account(tx, paused)
        self.account = replace(self.account, paused_until=paused.paused_until)

    @property
    def cloud(self) -> Cloud:
        return "simulated" if self.workspace.is_sandbox else "real"

    def note_poll(self) -> None:
        self.vendors.traffic.note_poll(self.cloud, self.account.provider)

    def note_code_look(self) -> None:
        self.vendors.traffic.note_code_look(self.cloud, self.account.provider)

    async def _refresh(self, spent: Any) -> None:
        """
        New credentials, stored before anything else happens: with rotation the old ones are dead by now.
        """
        async with self._login:
            await self._make_sure()
            if self.account.access_token != spent:
                return  # somebody else in this drain has done it, or has logged in again
            if self._is_login_dead:
                raise LoginRejected("the vendor has refused to renew the login")
            work = asyncio.create_task(self._renew_login())
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                # What the vendor is about to tell is the only login that will be good: stopping waits for it.
                await finish(asyncio.wait({work}, timeout=LAST_WORD))
                await cancel_all({work})
                raise

    async def _renew_login(self) -> None:
        now = await self.read(now_of)
        spent = self.account.credentials
        try:
            credentials = await self.adapter.refresh(spent, now=now)
        except OutcomeUnknown as error:
            raise Unreachable("the vendor did not answer a refresh") from error
        except LoginRejected:
            # Two calls at once may find it out: the second does not ask again.
            self._is_login_dead = self.account.is_same_login(spent)
            self.refused = spent
            raise
        if self.account.is_same_login(spent):
            self.account = self.account.with_credentials(credentials)
        await self.write(self._store_credentials, spent, credentials)

    async def _store_credentials(self, tx: Tx, spent: Credentials, renewed: Credentials) -> None:
        """Unless somebody has logged in again meanwhile: that login is newer than what the old one gave."""
        account = await store.connected_accounts.find(tx, self.account.connected_account_id)
        if account is None:
            raise LeaseLost
        if account.is_same_login(spent):
            await store.connected_accounts.update_account(tx, account.with_credentials(renewed))

    async def _make_sure(self) -> None:
        """
        That the account is still this worker's, and the login the newest, before each word to the vendor: a
        machine that was suspended goes on in the middle, when another has long done what was to be done; and
        whoever has logged in again may have let us into other things. Raises: LeaseLost.
        """
        connected_at = await self.database.read(self._held)
        if connected_at is None:
            await self.renew()
            connected_at = await self.database.read(self._held)
        if connected_at != self.account.connected_at:
            account = await self.read(store.connected_accounts.find, self.account.connected_account_id)
            if account is None:
                raise LeaseLost
            self.account, self._is_login_dead = account, False

    async def _held(self, tx: Tx) -> datetime | None:
        until = tx.real_now + CALL
        return await store.connected_accounts.held(tx, self.account.connected_account_id, self.lease, until)

    async def renew(self) -> None:
        """Keep the lease while a vendor takes its time. Raises: LeaseLost."""
        await self.write(_nothing)

    async def freshen_login(self) -> None:
        """
        Renew a login that is about to expire, before it fails somebody's call. That of a disconnected account
        is dead, and the vendor is not asked again; in a pause only a door is worth it.
        """
        now = await self.read(now_of)
        if self.account.is_disconnected or self.account.pause_left(now) > 0:
            return
        expires_at = self.account.token_expires_at
        if expires_at is not None and now >= expires_at - REFRESH_AHEAD:
            with contextlib.suppress(Unreachable, RateLimited):  # the calls to come will wait for it
                await self._refresh(self.account.access_token)


async def now_of(tx: Tx) -> datetime:
    """The workspace's time."""
    return tx.now


async def _nothing(tx: Tx) -> None:
    """The renewal around it is all that is wanted."""
