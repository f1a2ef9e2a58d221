"""Open a database: the right driver, a schema that fits, and the installation's own keys."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from . import schema
from .sql import Statement
from .tx import Clock, Database, Tx
from .vault import Vault

_GET = Statement("installation.get")
_INSERT = Statement("installation.insert")
_TOUCH = Statement("installation.touch")
PIN_KEY: Final = "pin_key"


class DatabaseError(Exception):
    """The database cannot be read; the message is the driver's, without the address of the database."""


def is_postgres(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def sqlite_path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def open_database(url: str, keys: Sequence[bytes], clock: Clock) -> Database:
    """
    Args:
        url: `sqlite:///path` (migrated here, after a backup) or `postgresql://…` (only `ostiary migrate`
            changes it).
        keys: Secret keys, newest first.

    Raises:
        SchemaError: The schema is unknown, or on PostgreSQL not current.
        VaultError: None of the keys opens what is stored.
    """
    vault = Vault(keys)
    if is_postgres(url):
        schema.refuse_stale(schema.postgres_revision(url))
    else:
        schema.migrate_sqlite(sqlite_path(url))
    database = await _driver(url, vault, clock)
    vault.set_pin_key(await database.write(_pin_key))
    return database


async def open_as_it_is(url: str, keys: Sequence[bytes], clock: Clock) -> Database:
    """
    For who only reads: nothing is migrated, and nothing is made that is not there.

    Raises:
        SchemaError: The schema is unknown, or not current.
        VaultError: None of the keys opens what is stored.
        DatabaseError: It is not there, does not answer, or is none.
    """
    with in_plain_words(url):
        schema.refuse_stale(schema.revision(url))
        vault = Vault(keys)
        database = await _driver(url, vault, clock)
        try:
            vault.set_pin_key(await database.read(_stored_pin_key))
        except BaseException:
            await database.close()
            raise
    return database


async def trouble(database: Database) -> str | None:
    """
    Why nothing can be read or stored now, as the driver says it; None: it can. Where the last commit failed
    this tries another, which changes nothing.
    """
    try:
        await database.read(_stored_pin_key)
        if database.trouble() is not None:
            await database.write(_touch)
    except Exception as error:
        return database.trouble() or type(error).__name__
    return database.trouble()


async def _touch(tx: Tx) -> None:
    await _TOUCH(the_name=PIN_KEY)


@contextmanager
def in_plain_words(url: str) -> Iterator[None]:
    """Turn what the driver raises into `DatabaseError`."""
    try:
        yield
    except Exception as error:
        is_drivers = isinstance(error, (sqlite3.Error, OSError)) or _module(error) == "psycopg"
        if not is_drivers:
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatabaseError(first.replace(url, "its address")) from error


def _module(error: Exception) -> str:
    """PostgreSQL's driver is imported only where it is used."""
    return type(error).__module__.partition(".")[0].removesuffix("_pool")


async def _driver(url: str, vault: Vault, clock: Clock) -> Database:
    if is_postgres(url):
        from .postgres import PostgresDatabase

        postgres = PostgresDatabase(url, vault, clock)
        await postgres.open()
        return postgres
    from .sqlite import SqliteDatabase

    return SqliteDatabase(sqlite_path(url), vault, clock)


async def _stored_pin_key(tx: Tx) -> bytes:
    """Raises: DatabaseError: No server has ever been started on it."""
    rows = await _GET(name=PIN_KEY)
    if not rows:
        raise DatabaseError("no server has been started on it yet; start it with ostiary serve")
    return tx.vault.open(rows[0][0], f"installation.value.{PIN_KEY}")


async def _pin_key(tx: Tx) -> bytes:
    """Made once per installation; outlives a rotation of the secret keys."""
    rows = await _GET(name=PIN_KEY)
    if rows:
        return tx.vault.open(rows[0][0], f"installation.value.{PIN_KEY}")
    key = os.urandom(32)
    await _INSERT(name=PIN_KEY, value=tx.vault.seal(key, f"installation.value.{PIN_KEY}"))
    return key
