"""Writes are whole, none gets lost, and nobody waits for somebody else's slow read."""

import asyncio
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from ostiary import store
from ostiary.domain.events import event
from ostiary.domain.workspaces import Workspace
from ostiary.store.sql import Statement
from ostiary.store.sqlite import COPIED_ROWS, SqliteDatabase
from ostiary.store.tx import Database, Tx

from .opened import add_code, add_workspace, found_all, opened


async def _name(tx: Tx, number: int) -> str:
    return (await store.workspaces.create(tx, f"w{number}", is_sandbox=True)).name


async def _names(tx: Tx) -> set[str]:
    return {workspace.name for workspace in await store.workspaces.list_all(tx)}


async def test_many_writers_share_few_commits(tmp_path: Path) -> None:
    async with opened(f"sqlite:///{tmp_path / 'test.db'}") as database:
        assert isinstance(database, SqliteDatabase)
        statements: list[str] = []
        database._writer.set_trace_callback(statements.append)
        names = await asyncio.gather(*(database.write(_name, number) for number in range(200)))
        database._writer.set_trace_callback(None)
        assert len(set(names)) == 200
        assert await database.read(_names) == set(names)
        assert statements.count("COMMIT") <= 20
        assert statements.count("COMMIT") == statements.count("BEGIN IMMEDIATE")


async def test_one_that_fails_takes_nothing_of_the_others_along(database_url: str) -> None:
    async def write(tx: Tx, number: int) -> None:
        await _name(tx, number)
        if number % 3 == 0:
            raise ValueError(number)

    async with opened(database_url) as database:
        done = await asyncio.gather(
            *(database.write(write, number) for number in range(30)), return_exceptions=True
        )
        assert [number for number, outcome in enumerate(done) if outcome] == list(range(0, 30, 3))
        assert await database.read(_names) == {f"w{number}" for number in range(30) if number % 3}


async def test_one_that_breaks_a_rule_of_the_schema_fails_alone(database_url: str) -> None:
    async def twice(tx: Tx, workspace: Workspace) -> None:
        await store.workspaces._record.write(store.workspaces._INSERT, tx.vault, workspace)

    async with opened(database_url) as database:
        workspace = await database.write(add_workspace)
        done = await asyncio.gather(
            database.write(_name, 1),
            database.write(twice, workspace),
            database.write(_name, 2),
            return_exceptions=True,
        )
        assert isinstance(done[1], sqlite3.IntegrityError | psycopg.IntegrityError)
        assert await database.read(_names) == {"house", "w1", "w2"}


async def _emit(tx: Tx, workspace: Workspace, *, fails: bool) -> None:
    for _ in range(3):
        tx.emit(event("device.added", workspace.workspace_id, tx.now))
    await _name(tx, 1)
    if fails:
        raise ValueError


async def test_events_are_written_with_their_change_or_not_at_all(database_url: str) -> None:
    async with opened(database_url) as database:
        workspace = await database.write(add_workspace)
        with pytest.raises(ValueError):
            await database.write(_emit, workspace, fails=True)
        assert await database.read(store.events.count, workspace.workspace_id) == 0
        assert await database.read(_names) == {"house"}
        await database.write(_emit, workspace, fails=False)
        assert await database.read(store.events.count, workspace.workspace_id) == 3


async def _increment(tx: Tx, workspace_id: str) -> int:
    workspace = await store.workspaces.get(tx, workspace_id)
    assert workspace is not None
    more = replace(workspace, clock_offset_ms=workspace.clock_offset_ms + 1)
    tx.emit(event("device.added", workspace_id, tx.now))
    await store.workspaces.set_clock(tx, more)
    return more.clock_offset_ms


async def test_no_update_is_lost(database_url: str) -> None:
    """On PostgreSQL nearly all of them collide and are run again, whole."""
    async with opened(database_url) as database:
        workspace = await database.write(add_workspace)
        told = await asyncio.gather(*(database.write(_increment, workspace.workspace_id) for _ in range(50)))
        assert sorted(told) == list(range(1, 51))
        after = await database.read(store.workspaces.get, workspace.workspace_id)
        assert after is not None
        assert after.clock_offset_ms == 50
        assert await database.read(store.events.count, workspace.workspace_id) == 50


async def test_two_who_decide_on_what_they_read_do_not_both_win(database_url: str) -> None:
    """Write skew: each sees the PIN free and takes it in a row of its own."""

    async def take(tx: Tx, device_id: str, pin: str) -> None:
        device = await store.devices.find(tx, device_id)
        assert device is not None
        if not await store.access_codes.on_device(tx, device_id):
            await add_code(tx, device, pin)

    async with opened(database_url) as database:
        _, _, device = await database.write(found_all)
        pins = [f"{number:06}" for number in range(111111, 111121)]
        await asyncio.gather(*(database.write(take, device.device_id, pin) for pin in pins))
        assert len(await database.read(store.access_codes.on_device, device.device_id)) == 1


async def test_a_read_sees_what_was_committed_before_it_began(database_url: str) -> None:
    async with opened(database_url) as database:
        for number in range(50):
            await database.write(_name, number)
            assert f"w{number}" in await database.read(_names)


async def test_a_cancelled_writer_harms_nobody(database_url: str) -> None:
    async with opened(database_url) as database:
        tasks = [asyncio.create_task(database.write(_name, number)) for number in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await database.write(_name, 100)
        kept = {f"w{number}" for number in range(1, 20, 2)} | {"w100"}
        assert kept <= await database.read(_names)


async def test_wakes_are_told_after_the_commit_and_not_for_what_failed(database_url: str) -> None:
    async def wake(tx: Tx, key: str, *, fails: bool) -> None:
        tx.wake(key)
        if fails:
            raise ValueError

    async with opened(database_url) as database:
        told: set[str] = set()
        database.on_wake(told.update)
        with pytest.raises(ValueError):
            await database.write(wake, "failed", fails=True)
        await database.write(wake, "done", fails=False)
        assert told == {"done"}


class Slow(Statement):
    """One that the house does not have."""

    sqlite = postgres = """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000)
        SELECT max(i) AS i FROM n
    """
    names = ()
    returns_rows = True

    def __init__(self) -> None:
        self.name = "test.slow"


async def _longest_gap(database: Database, statement: Statement) -> tuple[float, float]:
    """How long the loop stood still at most, and how long the read took."""

    async def slowly(tx: Tx) -> int:
        return int((await statement())[0][0])

    gaps: list[float] = []
    done = asyncio.Event()

    async def tick() -> None:
        last = time.perf_counter()
        while not done.is_set():
            await asyncio.sleep(0.002)
            gaps.append(time.perf_counter() - last)
            last = time.perf_counter()

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    began = time.perf_counter()
    assert await database.read(slowly) == 4_000_000
    took = time.perf_counter() - began
    done.set()
    await ticking
    return max(gaps), took


async def test_a_slow_read_delays_nobody_and_still_returns(database_url: str) -> None:
    async with opened(database_url) as database:
        gap, took = await _longest_gap(database, Slow())
        assert took > 0.2, "not slow enough to tell anything"
        assert gap < took / 3, "whoever reads slowly holds the others up"
        assert await database.write(_name, 1) == "w1"
        assert await database.read(_names) == {"w1"}


class Abort(Statement):
    """What an error of the disk does: the whole transaction is gone."""

    sqlite = postgres = "ROLLBACK"
    names = ()
    returns_rows = False

    def __init__(self) -> None:
        self.name = "test.abort"


async def test_nobody_is_told_of_success_when_the_transaction_is_lost(tmp_path: Path) -> None:
    async def lose(tx: Tx) -> None:
        await Abort()()
        raise sqlite3.OperationalError("disk I/O error")

    async with opened(f"sqlite:///{tmp_path / 'test.db'}") as database:
        done = await asyncio.gather(
            database.write(_name, 1), database.write(lose), database.write(_name, 2), return_exceptions=True
        )
        kept = {name for name in done if isinstance(name, str)}
        assert isinstance(done[1], sqlite3.Error)
        assert "w1" not in kept
        assert await database.read(_names) == kept
        assert await database.write(_name, 3) == "w3"


async def test_the_wal_is_copied_back_beside_the_commits(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    async with opened(f"sqlite:///{path}") as database:
        before = path.stat().st_size
        for start in range(0, COPIED_ROWS + 200, 200):
            await asyncio.gather(*(database.write(_name, start + number) for number in range(200)))
        patience = time.monotonic() + 10
        while path.stat().st_size == before and time.monotonic() < patience:
            await asyncio.sleep(0.01)
        assert path.stat().st_size > before
        assert await database.write(_name, 10_000) == "w10000"
