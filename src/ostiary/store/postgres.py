"""
PostgreSQL: where more than one process runs.

Writes are serializable and repeated whole when the database says that they collided. Reads are single
statements, each with its own snapshot. Who was woken by a commit is told to every process by `NOTIFY`.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import psycopg
from psycopg import AsyncConnection, IsolationLevel, errors
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool

from . import events, evidence
from .sql import Call, Rows, refuse_missing
from .tx import AnyUseCase, Clock, Tx
from .vault import Vault

CHANNEL: Final = "ostiary_wake"
TRIES: Final = 30
ALONE_FROM: Final = 3
"""After so many collisions a transaction collides no more with others of this process that lost as often."""
Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]


class PostgresDatabase:
    """
    Args:
        url: `postgresql://…`, a database that is already migrated.
        clock: The machine's time.
    """

    def __init__(self, url: str, vault: Vault, clock: Clock, *, connections: int = 10) -> None:
        refuse_missing("postgres")
        self.url = url
        self.vault = vault
        self._clock = clock
        self._size = connections
        self._readers: Pool | None = None
        self._writers: Pool | None = None
        self._losers = asyncio.Lock()
        self._listeners: list[Callable[[set[str]], None]] = []
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._readers = await self._pool(_configure_reader)
        self._writers = await self._pool(_configure_writer)
        self._listening = asyncio.create_task(self._listen())

    async def _pool(self, configure: Any) -> Pool:
        pool: Pool = AsyncConnectionPool(
            self.url,
            min_size=2,
            max_size=self._size,
            open=False,
            configure=configure,
            kwargs={"row_factory": tuple_row},
        )
        await pool.open(wait=True, timeout=10)
        return pool

    def on_wake(self, listener: Callable[[set[str]], None]) -> None:
        self._listeners.append(listener)

    async def read(self, use_case: AnyUseCase, *args: Any, **kwargs: Any) -> Any:
        assert self._readers is not None
        async with self._readers.connection() as connection:
            return await _step(connection, use_case(Tx(self.vault, self._clock()), *args, **kwargs))

    def version(self) -> int | None:
        return None

    def trouble(self) -> str | None:
        return None  # what is wrong with the server, each use case meets by itself

    async def write(self, use_case: AnyUseCase, *args: Any, **kwargs: Any) -> Any:
        for attempt in range(TRIES):
            try:
                async with self._losers if attempt >= ALONE_FROM else contextlib.nullcontext():
                    result, wakes = await self._write_once(use_case, args, kwargs)
            except (errors.SerializationFailure, errors.DeadlockDetected):
                if attempt == TRIES - 1:
                    raise
                await asyncio.sleep(random.random() * min(0.2, 0.002 * 2**attempt))  # noqa: S311
                continue
            if wakes:
                self._tell(wakes)
            return result
        raise AssertionError("unreachable")

    async def _write_once(
        self, use_case: AnyUseCase, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, set[str]]:
        assert self._writers is not None
        tx = Tx(self.vault, self._clock())
        async with self._writers.connection() as connection, connection.transaction():
            result = await _step(connection, use_case(tx, *args, **kwargs))
            await _step(connection, evidence.flush(tx))
            await _take_turn(connection, tx)
            tx.go_on(self._clock())
            await _step(connection, events.flush(tx))
            if tx.wakes:
                payload = msgspec.json.encode(sorted(tx.wakes)[:100]).decode()
                await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
        return result, tx.wakes

    def _tell(self, wakes: set[str]) -> None:
        for listener in self._listeners:
            listener(wakes)

    async def _listen(self) -> None:
        """Hear of other processes' commits. Losing the connection costs speed, not correctness."""
        while True:
            with contextlib.suppress(psycopg.Error):
                async with await AsyncConnection.connect(self.url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for notice in connection.notifies():
                        self._tell(set(msgspec.json.decode(notice.payload, type=list[str])))
            await asyncio.sleep(1)

    async def close(self) -> None:
        while self._listening is not None and not self._listening.done():
            self._listening.cancel()  # before Python 3.12 one alone can get lost in the driver
            await asyncio.wait({self._listening}, timeout=0.5)
        for pool in (self._readers, self._writers):
            if pool is not None:
                await pool.close()


async def _configure_reader(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await connection.set_read_only(True)


async def _configure_writer(connection: AsyncConnection[Any]) -> None:
    await connection.set_isolation_level(IsolationLevel.SERIALIZABLE)


async def _take_turn(connection: AsyncConnection[Any], tx: Tx) -> None:
    """
    One transaction of a workspace at a time writes events, from here until it is committed.

    Positions come from a sequence, in the order of asking: only so is it also the order in which they can be
    seen, and a reader who has seen one position has missed none below. Deliveries are due in that order, too,
    if they are dated after this.
    """
    for workspace_id in sorted({event.workspace_id for event in tx.events}):
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (workspace_id,))


async def _step(connection: AsyncConnection[Any], coroutine: Coroutine[Call, Rows, Any]) -> Any:
    """Run a use case to its end: it yields statements and is sent their rows."""
    rows: Any = None
    try:
        async with connection.cursor() as cursor:
            while True:
                statement, params = coroutine.send(rows)
                by_name = dict(zip(statement.names, params, strict=True))
                await cursor.execute(statement.postgres, by_name)
                rows = await cursor.fetchall() if statement.returns_rows else [(cursor.rowcount,)]
    except StopIteration as stop:
        return stop.value
    finally:
        coroutine.close()
