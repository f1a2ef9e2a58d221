"""
SQLite: one file, one writer.

Writers wait in line. The line is stepped on the event loop and then committed as one: the disk is asked
once for all who wait (`synchronous=FULL`). `COMMIT`, which can block, runs in a thread of its own. Reads run
inline against a snapshot; one that takes longer than 50 ms is stopped and repeated in a thread, so that it
delays nobody.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from . import events
from .sql import Call, Rows, refuse_missing
from .standing_rows import StandingRows
from .tx import AnyUseCase, Clock, Tx
from .vault import Vault

log = logging.getLogger("ostiary.store")

BATCH: Final = 256
BATCH_SECONDS: Final = 0.02
GATHER_SECONDS: Final = 0.001
INLINE_READ_SECONDS: Final = 0.05
LOCK_WAIT_SECONDS: Final = 10.0
COPIED_ROWS: Final = 1000
"""After so many changed rows the WAL is copied back, in a thread: commits, and who waits for them, go on."""
MOST_WAL_PAGES: Final = 16_000
"""64 MB. Then a commit copies what is left and waits for it, should the thread not have kept up."""


LOST: Final = "the database file was removed or replaced under the running server; put it back and restart"


class _Write:
    """One who waits in line, and what has become of it."""

    __slots__ = ("args", "future", "kwargs", "refusal", "result", "use_case", "wakes")

    def __init__(
        self, use_case: AnyUseCase, args: tuple[Any, ...], kwargs: dict[str, Any], future: asyncio.Future[Any]
    ) -> None:
        self.use_case = use_case
        self.args = args
        self.kwargs = kwargs
        self.future = future
        self.result: Any = None
        self.refusal: Exception | None = None
        self.wakes: set[str] = set()

    def settle(self, refusal: Exception | None) -> None:
        if self.future.cancelled():
            return
        if refusal is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(refusal)


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
        self._copier = _connect(path)
        self._copies = ThreadPoolExecutor(1, "sqlite-copy")
        self._copying: Future[None] | None = None
        self._copied = 0
        self._waiting: deque[_Write] = deque()
        self._task: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[set[str]], None]] = []
        self._standing = StandingRows()
        self._batch = 0
        self._deadline = 0.0
        self._reader.set_progress_handler(self._is_too_slow, 5_000)
        self._file = _identity(path)
        self._trouble: str | None = None

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
        return _version(self._watcher)

    def trouble(self) -> str | None:
        return self._trouble if self._is_there() else LOST

    def _is_there(self) -> bool:
        """A file that was deleted takes writes as before, and takes them along when the process ends."""
        return _identity(self.path) == self._file

    def _note(self, error: Exception | None) -> None:
        """What became of a commit: trouble is told when it begins and when it ends."""
        was, self._trouble = self._trouble, None if error is None else str(error)
        if was is None and error is not None:
            log.error("nothing can be stored: %s", error)
        elif was is not None and error is None:
            log.warning("what happens is stored again")

    # --- writes ------------------------------------------------------------------------------------

    async def write(self, use_case: AnyUseCase, *args: Any, **kwargs: Any) -> Any:
        write = _Write(use_case, args, kwargs, asyncio.get_running_loop().create_future())
        self._waiting.append(write)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain_line())
        return await write.future

    async def _drain_line(self) -> None:
        while self._waiting:
            await self._gather()
            try:
                await self._begin()
            except sqlite3.Error as error:
                self._note(error)
                self._fail_all(error)
                return
            done: list[_Write] = []
            loop = asyncio.get_running_loop()
            try:
                self._step_batch(done)
                self._batch = len(done)
                await loop.run_in_executor(self._commits, self._writer.commit)
            except sqlite3.Error as error:
                self._note(error)
                self._writer.rollback()
                self._standing.end()
                for write in done:
                    write.settle(error)
                continue
            self._note(None)
            self._tell(set().union(*(write.wakes for write in done)))
            for write in done:
                write.settle(write.refusal)
            self._copy_soon()

    def _copy_soon(self) -> None:
        changes = self._writer.total_changes
        if changes - self._copied >= COPIED_ROWS and (self._copying is None or self._copying.done()):
            self._copied = changes
            self._copying = self._copies.submit(self._copy_back)

    def _copy_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # what is wrong with the disk, commits say
            self._copier.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    async def _gather(self) -> None:
        """
        Those who were answered a moment ago come again in a moment, and a commit for the first of them would
        cost as much as two use cases. Who writes alone, or with as many others as before, waits for nobody.
        """
        if 2 * len(self._waiting) < self._batch:
            await asyncio.sleep(GATHER_SECONDS)

    async def _begin(self) -> None:
        """
        Take the write lock; another process (the command line) may hold it for a moment.

        Raises:
            sqlite3.OperationalError: It cannot be had, or the file is not there any more.
        """
        if not self._is_there():
            raise sqlite3.OperationalError(LOST)
        patience = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                self._standing.begin(_version(self._writer))
                return
            except sqlite3.OperationalError as error:
                busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > patience:
                    raise
            await asyncio.sleep(0.005)

    def _step_batch(self, done: "list[_Write]") -> None:
        """
        Step those who wait: one that fails takes nothing of the others along.

        What is refused is nearly always refused before anything is written. So all are stepped without a way
        back to each; should one have written and fail, all are taken back and stepped again, each by itself.

        Raises:
            sqlite3.Error: The transaction is lost as a whole, with what `done` had written.
        """
        until = time.perf_counter() + BATCH_SECONDS
        self._writer.execute("SAVEPOINT batch")
        while self._waiting and len(done) < BATCH and (not done or time.perf_counter() < until):
            write = self._waiting.popleft()
            if write.future.cancelled():
                continue
            done.append(write)
            changes = self._writer.total_changes
            self._step_write(write)
            if write.refusal is not None and self._writer.total_changes != changes:
                self._take_back("batch")
                for each in done:
                    self._step_alone(each)
                break

    def _step_write(self, write: "_Write") -> None:
        tx = Tx(self.vault, self._clock())
        write.refusal, write.wakes = None, tx.wakes
        try:
            complete = events.complete(write.use_case, tx, write.args, write.kwargs)
            write.result = _step(self._writer, complete, self._standing)
        except Exception as error:  # handed to the caller, who waits for it
            if isinstance(error, sqlite3.Error) and not self._writer.in_transaction:
                raise  # a full disk, say, takes back the whole transaction by itself
            write.refusal, write.wakes = error, set()

    def _step_alone(self, write: "_Write") -> None:
        self._writer.execute("SAVEPOINT use_case")
        self._step_write(write)
        if write.refusal is not None:
            self._take_back("use_case")
        self._writer.execute("RELEASE use_case")

    def _take_back(self, savepoint: str) -> None:
        self._writer.execute(f"ROLLBACK TO {savepoint}")
        self._standing.end()

    def _fail_all(self, error: Exception) -> None:
        while self._waiting:
            self._waiting.popleft().settle(error)

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
        self._copies.shutdown()
        for connection in (self._slow_reader, self._watcher, self._reader, self._copier, self._writer):
            if connection is not None:
                connection.close()


def _run_snapshot(connection: sqlite3.Connection, coroutine: Coroutine[Call, Rows, Any]) -> Any:
    connection.execute("BEGIN")
    try:
        return _step(connection, coroutine)
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")


def _step(
    connection: sqlite3.Connection,
    coroutine: Coroutine[Call, Rows, Any],
    standing: StandingRows | None = None,
) -> Any:
    """
    Run a use case to its end: it yields statements and is sent their rows.

    Args:
        standing: For the writer.
    """
    execute = connection.execute
    rows: Any = None
    try:
        while True:
            call = coroutine.send(rows)
            statement, params = call
            if standing is not None and statement.is_standing:
                rows = standing.find(call)
                if rows is None:
                    rows = execute(statement.sqlite, params).fetchall()
                    standing.keep(call, rows)
                continue
            cursor = execute(statement.sqlite, params)
            if statement.returns_rows:
                rows = cursor.fetchall()
            else:
                rows = [(cursor.rowcount,)]
                if standing is not None and statement.ends_standing and cursor.rowcount:
                    standing.end()
    except StopIteration as stop:
        return stop.value
    finally:
        coroutine.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _version(connection: sqlite3.Connection) -> int:
    """Another number after every commit but the connection's own."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        f"wal_autocheckpoint={MOST_WAL_PAGES}",
        f"busy_timeout={5000 if read_only else 0}",
        f"query_only={int(read_only)}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection
