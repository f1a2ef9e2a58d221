"""
A house whose clock stands, and whose engine works only when it is told to.

Nothing of it is patched: the same drains, adapters, simulators and databases as everywhere. What a server
does by itself, waiting for what is due, is done here step by step, so that a day takes as long as its work
and every run of a story is the same story. The engine can be made to die at any call and at any transaction.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ostiary import app, store
from ostiary.domain.instants import from_ms
from ostiary.domain.provider import HttpRequest, HttpResponse
from ostiary.engine.drain import drain_account
from ostiary.store.tx import Database, Tx
from ostiary.transport.in_process import InProcessHttp

from ..house import TestHouse, open_house

INSTANT = timedelta(milliseconds=200)
"""Between two drains that find something due at the same instant: a vendor is asked again, not at once."""

MOST_DRAINS = 400
"""Before one wait is over. More would be an engine that goes round in circles."""


class Death(BaseException):
    """The process ends here. Nothing of it may run any more."""


@dataclass
class Fuse:
    """
    Attributes:
        left: Calls and transactions until the death; None: nobody dies.
        is_after: The last one still happens, and its answer is heard by nobody.
    """

    left: int | None = None
    is_after: bool = False
    is_dead: bool = False

    def set(self, left: int, *, is_after: bool) -> None:
        self.left, self.is_after, self.is_dead = left, is_after, False

    def burn(self) -> bool:
        """Whether this is the last one. Raises: Death, for whatever comes after it, and before it too."""
        if self.is_dead:
            raise Death
        if self.left is None:
            return False
        self.left -= 1
        self.is_dead = self.left <= 0
        if self.is_dead and not self.is_after:
            raise Death
        return self.is_dead


class MortalHttp:
    """The way to the vendors, as long as the process lives."""

    def __init__(self, http: InProcessHttp, fuse: Fuse) -> None:
        self._http, self._fuse = http, fuse

    async def send(self, request: HttpRequest) -> HttpResponse:
        is_last = self._fuse.burn()
        answer = await self._http.send(request)
        if is_last:
            raise Death
        return answer

    async def close(self) -> None:
        await self._http.close()


class MortalDatabase:
    """The engine's way to the database, as long as the process lives."""

    def __init__(self, database: Database, fuse: Fuse) -> None:
        self._database, self._fuse = database, fuse
        self.vault = database.vault

    async def read(self, use_case: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> Any:
        if self._fuse.is_dead:
            raise Death
        return await self._database.read(use_case, *args)

    async def write(self, use_case: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> Any:
        is_last = self._fuse.burn()
        done = await self._database.write(use_case, *args)
        if is_last:
            raise Death
        return done


@dataclass
class StandingHouse:
    """
    Attributes:
        deaths: How often the engine has died.
        drains: How often it was let work.
    """

    folder: Path
    database_url: str
    provider: str
    environment: dict[str, str] = field(default_factory=dict)
    fuse: Fuse = field(default_factory=Fuse)
    account_id: str = ""
    deaths: int = 0
    drains: int = 0
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open(self) -> None:
        opened = open_house(self.folder, self.database_url, is_working=False, **self.environment)
        self.house: TestHouse = await self._stack.enter_async_context(opened)
        self.house.provider = self.provider
        vendors = self.house.house.vendors
        vendors.simulated = MortalHttp(vendors.simulated, self.fuse)  # type: ignore[assignment]  # stands in for it
        self.database = self.house.house.database
        self.mortal: Any = MortalDatabase(self.database, self.fuse)

    async def close(self) -> None:
        await self._stack.aclose()

    async def restart(self) -> None:
        """As a server that was killed comes back: leases of the dead are void."""
        await self.close()
        self.fuse.left, self.fuse.is_dead = None, False
        await self.open()
        await self.database.write(app.free_leases)

    async def connect(self, email: str) -> None:
        """Log in; the engine works until the first sync is done."""
        await self.database.write(_stop_clock, self.house.workspace.workspace_id, 0.0)
        login = asyncio.create_task(self.house.connect(email))
        while not login.done():
            accounts = await self.database.read(store.connected_accounts.list_all, self._workspace_id)
            for account in accounts:
                await drain_account(
                    self.database, self.house.house.vendors, account.connected_account_id, asyncio.Event()
                )
            await asyncio.sleep(0.01)
        self.account_id = await login

    @property
    def _workspace_id(self) -> str:
        return self.house.workspace.workspace_id

    @property
    def steering(self) -> Any:
        return self.house.steering

    # --- time -------------------------------------------------------------------------------------------

    async def now(self) -> datetime:
        return await self.house.now()

    async def jump(self, seconds: float) -> None:
        """Time passes and nobody works: the server is down."""
        await self.database.write(_stop_clock, self._workspace_id, seconds)

    async def wait(self, seconds: float, each: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Time passes, and the engine does what is due when it is due. `each` looks on after each drain."""
        end = await self.now() + timedelta(seconds=seconds)
        for _ in range(MOST_DRAINS):
            await self.drain()
            if each is not None:
                await each()
            now, due = await self.database.read(_due, self._workspace_id, self.account_id)
            if due is None or due > end:
                await self.jump(max(0.0, (end - now).total_seconds()))
                return
            await self.jump(max(INSTANT, due - now).total_seconds())
            if await self.now() > end:
                return
        raise AssertionError(f"{MOST_DRAINS} drains in {seconds} s: the engine goes round in circles")

    async def drain(self) -> None:
        """All that is due at this instant. If the engine dies of it, the server comes back at once."""
        self.drains += 1
        vendors = self.house.house.vendors
        with suppress(Death):
            await drain_account(self.mortal, vendors, self.account_id, asyncio.Event())
        if self.fuse.is_dead:
            self.deaths += 1
            await self.restart()

    async def look_again(self) -> None:
        """The engine looks at every lock, whether or not it thinks that anything is due."""
        await self.database.write(_want_looks, self._workspace_id)
        await self.drain()


async def _stop_clock(tx: Tx, workspace_id: str, seconds: float) -> None:
    workspace = await store.workspaces.get(tx, workspace_id)
    assert workspace is not None
    later = workspace.at(tx.real_now) + timedelta(seconds=seconds)
    await store.workspaces.set_clock(tx, workspace.with_clock(later, is_frozen=True, real_now=tx.real_now))


async def _due(tx: Tx, workspace_id: str, account_id: str) -> tuple[datetime, datetime | None]:
    """The time, and when the account has something to do, by its rows."""
    workspace = await store.workspaces.get(tx, workspace_id)
    account = await store.connected_accounts.find(tx, account_id)
    assert workspace is not None
    assert account is not None
    tx.enter(workspace)
    if account.is_disconnected:
        return tx.now, None
    device = await store.devices.next_due_ms(tx, account_id)
    instants = [account.poll_at, account.notices_at, None if device is None else from_ms(device)]
    due = min((instant for instant in instants if instant is not None), default=None)
    if due is not None and account.paused_until is not None:
        due = max(due, account.paused_until)
    return tx.now, due


async def _want_looks(tx: Tx, workspace_id: str) -> None:
    workspace = await store.workspaces.get(tx, workspace_id)
    assert workspace is not None
    tx.enter(workspace)
    await store.devices.forget_looks(tx, workspace_id)
    await store.connected_accounts.wake_workspace(tx, workspace_id)
