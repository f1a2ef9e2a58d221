"""
Databases for tests that are not about migrations: a copy of one that is migrated already.

What the copies are made from is migrated once per process, by the code that does it everywhere.
"""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from ostiary.store import schema
from ostiary.store.opening import is_postgres, sqlite_path


async def migrate(url: str) -> None:
    """Bring the database to the newest schema; a file of SQLite that is not there begins as a copy."""
    if is_postgres(url):
        await asyncio.to_thread(schema.migrate_postgres, url)
        return
    path = sqlite_path(url)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(_migrated_file(), path)


@cache
def _migrated_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ostiary-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    schema.migrate_sqlite(folder / "ostiary.db")
    return folder / "ostiary.db"


@contextmanager
def postgres_database(server: str, *, template: str | None = None) -> Iterator[str]:
    """The URL of a database for the time of the block: empty, or a copy of the template."""
    name = f"ostiary_{uuid4().hex}"
    copy = f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{copy}')
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def postgres_template(server: str) -> Iterator[str]:
    """The name of a migrated database that nobody opens."""
    with postgres_database(server) as url:
        schema.migrate_postgres(url)
        yield urlsplit(url).path.removeprefix("/")
