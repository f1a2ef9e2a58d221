"""Open a database: the right driver, a schema that fits, and the installation's own keys."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from . import schema
from .sql import Statement
from .tx import Clock, Database, Tx
from .vault import Vault

_GET = Statement("installation.get")
_INSERT = Statement("installation.insert")
PIN_KEY: Final = "pin_key"


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
    database: Database
    if is_postgres(url):
        from .postgres import PostgresDatabase

        schema.refuse_stale(schema.postgres_revision(url))
        postgres = PostgresDatabase(url, vault, clock)
        await postgres.open()
        database = postgres
    else:
        from .sqlite import SqliteDatabase

        path = sqlite_path(url)
        schema.migrate_sqlite(path)
        database = SqliteDatabase(path, vault, clock)
    vault.set_pin_key(await database.write(_pin_key))
    return database


async def _pin_key(tx: Tx) -> bytes:
    """Made once per installation; outlives a rotation of the secret keys."""
    rows = await _GET(name=PIN_KEY)
    if rows:
        return tx.vault.open(rows[0][0], f"installation.value.{PIN_KEY}")
    key = os.urandom(32)
    await _INSERT(name=PIN_KEY, value=tx.vault.seal(key, f"installation.value.{PIN_KEY}"))
    return key
