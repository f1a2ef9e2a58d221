"""
The dispatcher: brings the key of a due account to a worker, quickly, at least once, one at a time here.

It has no payload, no schedule, no retry policy and no state of its own: all that is in the accounts' rows.
`EmbeddedDispatcher` serves a process from either database; several processes may run one each, as the
lease keeps them off each other's accounts.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol

from .. import store
from ..domain.instants import to_ms
from ..store.tx import Database, Tx
from .tasks import cancel_all

log = logging.getLogger("ostiary.engine")
Handler = Callable[[str, asyncio.Event], Awaitable[None]]

SWEEP_SECONDS: Final = 5.0
"""How long a wake-up that was lost (another process's, say) can go unnoticed."""


class Dispatcher(Protocol):
    """How accounts that are due reach a worker."""

    async def open(self, handler: Handler) -> None: ...

    def wake(self, keys: Iterable[str]) -> None:
        """A hint that these have work now."""
        ...

    async def run(self) -> None:
        """Until `stop`."""
        ...

    def stop(self) -> None:
        """Let `run` end; what is running goes on until `close`."""
        ...

    def stats(self) -> dict[str, int]: ...

    async def close(self) -> None:
        """Let running handlers stop at a good place."""
        ...


class EmbeddedDispatcher:
    """A loop over the accounts' rows in this process."""

    AT_ONCE = 32

    def __init__(self, database: Database) -> None:
        self._database = database
        self._handler: Handler | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._woken: dict[str, asyncio.Event] = {}
        self._something = asyncio.Event()
        self._handled = 0
        self._is_running = False
        self._is_stopping = False

    async def open(self, handler: Handler) -> None:
        self._handler = handler
        self._database.on_wake(self.wake)

    def wake(self, keys: Iterable[str]) -> None:
        """Of all that a commit woke, accounts have keys without a slash."""
        for key in keys:
            if "/" not in key:
                if key in self._woken:
                    self._woken[key].set()
                self._something.set()

    async def run(self) -> None:
        self._is_running = True
        while not self._is_stopping:
            self._something.clear()
            wait = SWEEP_SECONDS
            try:
                wait = await self._start_due()
            except Exception:
                log.exception("the dispatcher could not read what is due; it tries again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0 if self._is_stopping else wait):
                    await self._something.wait()

    async def _start_due(self) -> float:
        """Start what is due and free; returns seconds until something else is."""
        room = self.AT_ONCE - len(self._running)
        if room <= 0:
            return SWEEP_SECONDS
        for key in await self._database.read(store.connected_accounts.due, self.AT_ONCE):
            if key not in self._running and len(self._running) < self.AT_ONCE:
                self._start(key)
        wait_ms = await self._database.read(_wait_ms)
        return SWEEP_SECONDS if wait_ms is None else max(0.01, min(SWEEP_SECONDS, wait_ms / 1000))

    def _start(self, key: str) -> None:
        self._woken[key] = asyncio.Event()
        task = asyncio.create_task(self._handle(key))
        self._running[key] = task
        task.add_done_callback(lambda _: self._finished(key))

    async def _handle(self, key: str) -> None:
        assert self._handler is not None
        try:
            await self._handler(key, self._woken[key])
        except Exception:
            log.exception("the work on %s broke off", key)
            await asyncio.sleep(1)

    def _finished(self, key: str) -> None:
        self._handled += 1
        self._running.pop(key, None)
        self._woken.pop(key, None)
        self._something.set()

    def stop(self) -> None:
        self._is_stopping, self._is_running = True, False
        self._something.set()

    def stats(self) -> dict[str, int]:
        return {"running": len(self._running), "handled": self._handled}

    async def close(self) -> None:
        await cancel_all(self._running.values())


async def _wait_ms(tx: Tx) -> int | None:
    due = await store.connected_accounts.next_due_ms(tx)
    return None if due is None else due - to_ms(tx.real_now)
