"""
SQLite: one file, one writer.

Writers wait in line. The line is stepped on the event loop, each use case inside a savepoint, and then
committed as one: the disk is asked once for all who wait (`synchronous=FULL`). `BEGIN` and `COMMIT`, which
can block, run in a thread of their own. Reads run inline against a snapshot; one that takes longer than
50 ms is stopped and repeated in a thread, so that it delays nobody.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from . import events
from .sql import Call, Rows, refuse_missing
from .tx import AnyUseCase, Clock, Tx
from .vault import Vault

BATCH: Final = 256
BATCH_SECONDS: Final = 0.02
INLINE_READ_SECONDS: Final = 0.05
LOCK_WAIT_SECONDS: Final = 10.0


class SqliteDatabase:
    """
    Args:
        path: The database file, already migrated.
        clock: The machine's time.
    """

    def __init__(self, path: Path, vault: Vault, clock: Clock) -> None:
        refuse_missing("sqlite")
        self.path = path
        self.vault = vault
        self._clock = clock
        self._writer = _connect(path)
        self._reader = _connect(path, read_only=True)
        self._watcher = _connect(path, read_only=True)
        self._slow_reader: sqlite3.Connection | None = None
        self._commits = ThreadPoolExecutor(1, "sqlite-commit")
        self._slow_reads = ThreadPoolExecutor(1, "sqlite-read")
        self._waiting: deque[tuple[AnyUseCase, tuple[Any, ...], dict[str, Any], asyncio.Future[Any]]] = (
            deque()
        )
        self._task: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[set[str]], None]] = []
        self._deadline = 0.0
        self._reader.set_progress_handler(self._is_too_slow, 5_000)

    def on_wake(self, listener: Callable[[set[str]], None]) -> None:
        self._listeners.append(listener)

    # --- reads -------------------------------------------------------------------------------------

    def _is_too_slow(self) -> int:
        return time.perf_counter() > self._deadline

    async def read(self, use_case: AnyUseCase, *args: Any, **kwargs: Any) -> Any:
        tx = Tx(self.vault, self._clock())
        self._deadline = time.perf_counter() + INLINE_READ_SECONDS
        try:
            return _run_snapshot(self._reader, use_case(tx, *args, **kwargs))
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                raise
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._slow_reads, self._read_slowly, use_case, args, kwargs, tx.real_now
        )

    def _read_slowly(
        self, use_case: AnyUseCase, args: tuple[Any, ...], kwargs: dict[str, Any], now: datetime
    ) -> Any:
        if self._slow_reader is None:
            self._slow_reader = _connect(self.path, read_only=True)
        return _run_snapshot(self._slow_reader, use_case(Tx(self.vault, now), *args, **kwargs))

    def version(self) -> int | None:
        # Its own commits do not change a connection's number, so this one makes none.
        version: int = self._watcher.execute("PRAGMA data_version").fetchone()[0]
        return version

    # --- writes ------------------------------------------------------------------------------------

    async def write(self, use_case: AnyUseCase, *args: Any, **kwargs: Any) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((use_case, args, kwargs, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain_line())
        return await future

    async def _drain_line(self) -> None:
        while self._waiting:
            try:
                await self._begin()
            except sqlite3.Error as error:
                self._fail_all(error)
                return
            done = self._step_batch()
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(self._commits, self._writer.commit)
            except sqlite3.Error as error:
                self._writer.rollback()
                for future, _, _, _ in done:
                    _settle(future, None, error)
                continue
            self._tell(set().union(*(wakes for _, _, refusal, wakes in done if refusal is None)))
            for future, result, refusal, _ in done:
                _settle(future, result, refusal)

    async def _begin(self) -> None:
        """Take the write lock; another process (the command line) may hold it for a moment."""
        patience = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > patience:
                    raise
            await asyncio.sleep(0.005)

    def _step_batch(self) -> list[tuple[asyncio.Future[Any], Any, Exception | None, set[str]]]:
        """Step those who wait, each in a savepoint: one that fails takes nothing of the others along."""
        done: list[tuple[asyncio.Future[Any], Any, Exception | None, set[str]]] = []
        until = time.perf_counter() + BATCH_SECONDS
        while self._waiting and len(done) < BATCH and (not done or time.perf_counter() < until):
            use_case, args, kwargs, future = self._waiting.popleft()
            if future.cancelled():
                continue
            self._writer.execute("SAVEPOINT use_case")
            try:
                tx = Tx(self.vault, self._clock())
                result = _step(self._writer, events.complete(use_case, tx, args, kwargs))
            except Exception as error:  # handed to the caller, who waits for it
                self._writer.execute("ROLLBACK TO use_case")
                self._writer.execute("RELEASE use_case")
                done.append((future, None, error, set()))
                continue
            self._writer.execute("RELEASE use_case")
            done.append((future, result, None, tx.wakes))
        return done

    def _fail_all(self, error: Exception) -> None:
        while self._waiting:
            _settle(self._waiting.popleft()[3], None, error)

    def _tell(self, wakes: set[str]) -> None:
        if wakes:
            for listener in self._listeners:
                listener(wakes)

    async def close(self) -> None:
        if self._task is not None:
            with contextlib.suppress(Exception):
                await self._task
        self._commits.shutdown()
        self._slow_reads.shutdown()
        for connection in (self._slow_reader, self._watcher, self._reader, self._writer):
            if connection is not None:
                connection.close()


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _run_snapshot(connection: sqlite3.Connection, coroutine: Coroutine[Call, Rows, Any]) -> Any:
    connection.execute("BEGIN")
    try:
        return _step(connection, coroutine)
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")


def _step(connection: sqlite3.Connection, coroutine: Coroutine[Call, Rows, Any]) -> Any:
    """Run a use case to its end: it yields statements and is sent their rows."""
    execute = connection.execute
    rows: Any = None
    try:
        while True:
            statement, params = coroutine.send(rows)
            cursor = execute(statement.sqlite, params)
            rows = cursor.fetchall() if statement.returns_rows else []
            if not statement.returns_rows:
                rows = [(cursor.rowcount,)]
    except StopIteration as stop:
        return stop.value
    finally:
        coroutine.close()


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        f"busy_timeout={5000 if read_only else 0}",
        f"query_only={int(read_only)}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection
