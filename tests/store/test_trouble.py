"""What cannot be stored is never answered as if it were, and the server says so."""

import logging
import sqlite3
from pathlib import Path

import pytest

from ostiary import store
from ostiary.store.opening import trouble
from ostiary.store.sqlite import LOST, SqliteDatabase
from ostiary.store.tx import Database, Tx

from .opened import add_workspace, opened


async def names(tx: Tx) -> list[str]:
    return [workspace.name for workspace in await store.workspaces.list_all(tx)]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records if record.name == "ostiary.store"]


async def many(tx: Tx) -> None:
    for number in range(400):
        await add_workspace(tx, f"{number} " + "n" * 200)


async def test_nothing_is_wrong_with_a_database_that_works(database_url: str) -> None:
    async with opened(database_url) as database:
        await database.write(add_workspace)
        assert await trouble(database) is None


@pytest.mark.parametrize("comes_another", [False, True], ids=["deleted", "replaced"])
async def test_a_file_that_is_not_there_any_more_takes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, comes_another: bool
) -> None:
    """The system would take writes to it until the process ends, and keep none."""
    path = tmp_path / "test.db"
    async with opened(f"sqlite:///{path}") as database:
        await database.write(add_workspace)
        path.rename(tmp_path / "elsewhere.db")
        if comes_another:
            path.touch()
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError, match="removed or replaced"):
                await database.write(add_workspace, "lost")
        assert await trouble(database) == LOST
        assert told(caplog) == ["ERROR"], "once, not for each request"
        path.unlink(missing_ok=True)
        (tmp_path / "elsewhere.db").rename(path)
        assert await trouble(database) is None
        await database.write(add_workspace, "kept")
        assert sorted(await database.read(names)) == ["house", "kept"]
        assert told(caplog) == ["ERROR", "WARNING"]


async def test_a_full_disk_is_trouble_until_there_is_room_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(f"sqlite:///{tmp_path / 'test.db'}") as database:
        assert isinstance(database, SqliteDatabase)
        await database.write(add_workspace)
        _most_pages(database, 1)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            await database.write(many)
        assert await database.read(names) == ["house"]
        assert told(caplog) == ["ERROR"]
        database._writer.execute("PRAGMA query_only=1")  # as long as not even a small write fits
        assert await trouble(database) is not None
        database._writer.execute("PRAGMA query_only=0")
        _most_pages(database, 1_000_000)
        caplog.set_level(logging.WARNING)
        assert await trouble(database) is None, "health tries by itself; it may be the only one who does"
        await database.write(many)
        assert told(caplog) == ["ERROR", "WARNING"]


def _most_pages(database: Database, pages: int) -> None:
    """Below what it has by now SQLite takes it for what it has."""
    assert isinstance(database, SqliteDatabase)
    database._writer.execute(f"PRAGMA max_page_count={pages}")
