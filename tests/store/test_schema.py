"""Migrations add up to the tables, a backup comes first, and nobody runs on a schema that does not fit."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, pool

from ostiary.store import schema, tables
from ostiary.store.opening import is_postgres, open_database, sqlite_path
from ostiary.store.schema import SchemaError

from .opened import KEY, Clock, found_all, opened

SECOND = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "0002", "0001"
def upgrade():
    op.add_column("workspaces", sa.Column("colour", sa.Text()))
"""


@pytest.fixture
def is_migrated() -> bool:
    return False


def _migrate(url: str) -> str | None:
    return schema.migrate_postgres(url) if is_postgres(url) else schema.migrate_sqlite(sqlite_path(url))


def _revision(url: str) -> str | None:
    return schema.postgres_revision(url) if is_postgres(url) else schema.sqlite_revision(sqlite_path(url))


def _execute(url: str, statement: str) -> None:
    if is_postgres(url):
        with psycopg.connect(url) as postgres:
            postgres.execute(statement)
    else:
        with closing(sqlite3.connect(sqlite_path(url), isolation_level=None)) as connection:
            connection.execute(statement)


def _with_a_second_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it will be after the next release."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "0002_colour.py").write_text(SECOND)
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    monkeypatch.setattr(schema, "HEAD", "0002")


def test_head_is_the_newest_file() -> None:
    newest = max(path.name.split("_")[0] for path in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert newest == schema.HEAD


def test_migrations_add_up_to_the_tables(database_url: str) -> None:
    assert _revision(database_url) is None
    assert _migrate(database_url) is None
    assert _revision(database_url) == schema.HEAD
    assert _migrate(database_url) == schema.HEAD, "a second time there is nothing to do"
    url = schema.sqlalchemy_url(database_url) if is_postgres(database_url) else database_url
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


async def test_a_newer_schema_is_refused_in_words(database_url: str) -> None:
    _migrate(database_url)
    _execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match=r"9999.*does not know.*newer version.*backup"):
        await open_database(database_url, [KEY], Clock())
    with pytest.raises(SchemaError, match="9999"):
        _migrate(database_url)
    assert _revision(database_url) == "9999"


async def test_a_migration_keeps_rows_and_on_sqlite_a_backup(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database_url) as database:
        workspace, _, _ = await database.write(found_all)
    _with_a_second_migration(tmp_path, monkeypatch)
    assert await asyncio.to_thread(_migrate, database_url) == "0001"
    assert _revision(database_url) == "0002"
    _execute(database_url, "UPDATE workspaces SET colour = 'red'")
    if is_postgres(database_url):
        return
    path = sqlite_path(database_url)
    backup = path.with_name(f"{path.name}.before-0002")
    assert schema.sqlite_revision(backup) == "0001"
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT workspace_id FROM workspaces").fetchall() == [
            (workspace.workspace_id,)
        ]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_first_start_makes_no_backup(tmp_path: Path) -> None:
    assert schema.migrate_sqlite(tmp_path / "new.db") is None
    assert [path.name for path in tmp_path.iterdir()] == ["new.db"]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_server_refuses_a_stale_postgres(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SchemaError, match=r"schema none.*run: ostiary migrate"):
        await open_database(database_url, [KEY], Clock())
    _migrate(database_url)
    _with_a_second_migration(tmp_path, monkeypatch)
    with pytest.raises(SchemaError, match=r"schema 0001.*needs 0002; run: ostiary migrate"):
        await open_database(database_url, [KEY], Clock())


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_who_migrate_at_once_do_it_once(database_url: str) -> None:
    async def both() -> list[str | None]:
        return await asyncio.gather(
            *(asyncio.to_thread(schema.migrate_postgres, database_url) for _ in range(2))
        )

    asyncio.run(both())
    assert _revision(database_url) == schema.HEAD
