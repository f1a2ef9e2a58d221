"""What the writer has read stands until it may be another, whoever changes it."""

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ostiary import store
from ostiary.domain.devices import Device
from ostiary.store.sql import STANDING, Statement
from ostiary.store.sqlite import SqliteDatabase
from ostiary.store.standing_rows import MOST, StandingRows
from ostiary.store.tx import Database, Tx

from .opened import found_all, opened


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


async def _read(tx: Tx, device_id: str) -> Device | None:
    return await store.devices.find(tx, device_id)


async def _rename(tx: Tx, device: Device, name: str, *, fails: bool = False) -> str:
    await store.devices.update_device(tx, replace(device, name=name), {})
    found = await _read(tx, device.device_id)
    assert found is not None
    assert found.name == name, "a transaction sees what it has written itself"
    if fails:
        raise ValueError(name)
    return found.name


async def _name(database: Database, device: Device) -> str | None:
    found = await database.write(_read, device.device_id)
    return None if found is None else found.name


async def test_a_row_is_read_once_until_it_is_written(url: str) -> None:
    async with opened(url) as database:
        assert isinstance(database, SqliteDatabase)
        _, _, device = await database.write(found_all)
        statements: list[str] = []
        database._writer.set_trace_callback(statements.append)
        await asyncio.gather(*(_name(database, device) for _ in range(5)))
        assert await _name(database, device) == device.name
        assert len([each for each in statements if "FROM devices" in each]) == 1
        await database.write(_rename, device, "renamed")
        assert await _name(database, device) == "renamed"
        await database.write(store.devices.wake, device.device_id)
        found = await database.write(_read, device.device_id)
        assert found is not None
        assert found.due_at is not None
        before = len(statements)
        await database.write(store.devices.wake, device.device_id, found.due_at)
        await _name(database, device)
        assert not [each for each in statements[before:] if "FROM devices" in each], "nothing was changed"


async def test_who_is_taken_back_leaves_nothing_behind(url: str) -> None:
    async with opened(url) as database:
        _, _, device = await database.write(found_all)
        with pytest.raises(ValueError, match="never"):
            await database.write(_rename, device, "never", fails=True)
        assert await _name(database, device) == device.name
        done = await asyncio.gather(
            database.write(_rename, device, "first"),
            database.write(_rename, device, "never", fails=True),
            _name(database, device),
            return_exceptions=True,
        )
        assert (done[0], str(done[1])) == ("first", "never")
        assert await _name(database, device) == "first"


async def test_another_process_counts_too(url: str) -> None:
    async with opened(url) as database:
        assert isinstance(database, SqliteDatabase)
        _, _, device = await database.write(found_all)
        assert await _name(database, device) == device.name
        with closing(sqlite3.connect(database.path)) as other:
            other.execute("UPDATE devices SET name = 'by another'")
            other.commit()
        assert await _name(database, device) == "by another"


async def test_a_deletion_takes_along_what_hangs_on_it(url: str) -> None:
    async with opened(url) as database:
        _, account, device = await database.write(found_all)
        assert await _name(database, device) == device.name
        await database.write(store.connected_accounts.remove, account.connected_account_id)
        assert await _name(database, device) is None


def test_only_such_rows_stand_and_whatever_writes_them_ends_them() -> None:
    for name, statement in Statement.registry.items():
        text = statement.sqlite
        tables = set(re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)", text))
        if statement.is_standing:
            assert tables <= STANDING, name
            assert re.search(r"WHERE\s+\w+\.\w+_(id|hash) = \?1", text), f"{name} reads many rows"
            assert set(statement.names) <= {"id", "ws", "hash", "kind"}, f"{name} depends on more than ids"
        elif not text.startswith("SELECT"):
            (table,) = re.findall(r"\A(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", text)
            assert statement.ends_standing == (table in STANDING or text.startswith("DELETE")), name


def test_what_is_kept_is_bounded() -> None:
    standing, statement = StandingRows(), Statement.registry["devices.find"]
    for number in range(MOST + 1):
        standing.keep((statement, (str(number),)), [])
    assert standing.find((statement, ("0",))) is None
    assert standing.find((statement, (str(MOST),))) == []
