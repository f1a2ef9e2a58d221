"""
The schema's version, and the way from one to the next.

Alembic and SQLAlchemy are imported only when there is something to migrate: a server that starts on a
current database never loads them.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

HEAD: Final = "0001"
"""The revision that this code knows; the newest file in `migrations/versions/`. A test compares."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"
ADVISORY_LOCK: Final = 0x057_1A27


class SchemaError(Exception):
    """The database's schema does not fit this version; the message says what to do."""


def sqlite_revision(path: Path) -> str | None:
    """None: an empty or new database."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as connection:
        return _revision(connection.execute)


def revision(url: str) -> str | None:
    """Of either kind of database. None: an empty or new one."""
    if url.startswith("sqlite:///"):
        return sqlite_revision(Path(url.removeprefix("sqlite:///")))
    return postgres_revision(url)


def postgres_revision(url: str) -> str | None:
    import psycopg

    with psycopg.connect(url) as connection:
        exists = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if exists is None or exists[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])


def _revision(execute: Any) -> str | None:
    try:
        row = execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # more than that the table is not there
            raise
        return None
    return None if row is None else str(row[0])


def migrate_sqlite(path: Path) -> str | None:
    """
    Bring a file to HEAD, after a backup beside it.

    Returns:
        The revision it had.

    Raises:
        SchemaError: It was written by a newer version.
    """
    before = sqlite_revision(path)
    if before == HEAD:
        return before
    refuse_newer(before)
    if before is not None:
        with (
            closing(sqlite3.connect(path)) as source,
            closing(sqlite3.connect(path.with_name(f"{path.name}.before-{HEAD}"))) as backup,
        ):
            source.backup(backup)
    _upgrade(f"sqlite:///{path}")
    return before


def migrate_postgres(url: str) -> str | None:
    """Bring a database to HEAD under an advisory lock. Returns the revision it had."""
    before = postgres_revision(url)
    refuse_newer(before)
    if before != HEAD:
        _upgrade(sqlalchemy_url(url))
    return before


def refuse_newer(revision: str | None) -> None:
    """Raises: SchemaError, when this code does not know the revision."""
    known = {path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if revision is not None and revision not in known:
        raise SchemaError(
            f"the database has schema {revision}, which this version does not know; "
            "start the newer version that wrote it, or restore a backup"
        )


def refuse_stale(revision: str | None) -> None:
    """Raises: SchemaError, when a server must not run on it."""
    refuse_newer(revision)
    if revision != HEAD:
        raise SchemaError(
            f"the database has schema {revision or 'none'} and this version needs {HEAD}; "
            "run: ostiary migrate"
        )


def sqlalchemy_url(url: str) -> str:
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def _upgrade(url: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, pool, text

    engine = create_engine(url, poolclass=pool.NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        else:
            # Python's driver begins none for what changes a schema: half of it would stay on a full disk.
            connection.execute(text("BEGIN IMMEDIATE"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
