"""Open a database: the right driver, a schema that fits, and the installation's own keys."""

import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from . import schema
from .sql import Statement
from .tx import Clock, Database, Tx
from .vault import Vault, VaultError

_GET = Statement("installation.get")
_INSERT = Statement("installation.insert")
_TOUCH = Statement("installation.touch")
_ANY_KEY = "SELECT 1 FROM installation WHERE name = 'pin_key'"
PIN_KEY: Final = "pin_key"
LOOK: Final = "OSTIARY_DATABASE_URL says where it is, so see that it is there, and that it may be used"
REMEDIES: Final = (
    ("readonly database", "see that the file and its folder may be written by this user"),
    ("disk is full", "make room on the disk"),
    ("disk I/O error", "see whether the disk is full or damaged"),
    ("is locked", "another program keeps it locked, so end that, or try again"),
)
"""What to do about what a driver says; otherwise `LOOK`."""


class DatabaseError(Exception):
    """
    The database cannot be used: what the driver says, without the address of the database, and after a
    semicolon what to do.
    """


class AlreadyServed(Exception):
    """Another server has this database."""


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
        DatabaseError: It cannot be reached, read or written, or is none.
    """
    vault = Vault(keys)
    with in_plain_words(url):
        if is_postgres(url):
            schema.refuse_stale(schema.postgres_revision(url))
        else:
            schema.migrate_sqlite(sqlite_path(url))
        database = await _driver(url, vault, clock)
        try:
            vault.set_pin_key(await database.write(_pin_key))
        except BaseException:
            await database.close()
            raise
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
        words = plain_words(error, url)
        if words is None and isinstance(error, OSError):
            words = f"{error.strerror or type(error).__name__}; {LOOK}"
        if words is not None:
            words = no_folder(url) or words
        if words is None:
            raise
        raise DatabaseError(words) from error


def no_folder(url: str) -> str | None:
    """What is wrong, and what to do, where a file of SQLite cannot be because its folder is not there."""
    if is_postgres(url) or sqlite_path(url).parent.is_dir():
        return None
    folder = sqlite_path(url).parent
    return f"there is no folder {folder}; make it, or set OSTIARY_DATABASE_URL to another place"


def plain_words(error: BaseException, url: str = "") -> str | None:
    """
    What a driver says, without the address and its password, and what to do. None: it is not a driver's.

    Args:
        url: The address, if it may be in there.
    """
    error = getattr(error, "orig", None) or error  # SQLAlchemy wraps what migrations meet
    if isinstance(error, ModuleNotFoundError) and str(error.name).startswith("psycopg"):
        return "PostgreSQL's driver is not installed; install ostiary[postgres]"
    if not isinstance(error, sqlite3.Error) and _module(error) != "psycopg":
        return None
    if re.search(r"percent-encoded|connection option|conninfo", str(error)):
        # What it quotes may be a part of the password, where a sign in that is taken for the end of it.
        return (
            "its address cannot be read; OSTIARY_DATABASE_URL is postgresql://user:password@host:5432/name, "
            "and special signs of the password are written as in %40 for @"
        )
    first = (str(error).splitlines() or [type(error).__name__])[0]
    for secret in _secrets(url):
        first = first.replace(secret, "…")
    if url and not is_postgres(url):
        first = f"{first} ({sqlite_path(url)})"
    return f"{first}; {next((do for sign, do in REMEDIES if sign in first), LOOK)}"


def _secrets(url: str) -> Iterator[str]:
    """The address, and the password in it."""
    if url:
        yield url
    if is_postgres(url):
        try:
            password = urlsplit(url).password or ""
        except ValueError:
            return
        yield from (text for text in (password, unquote(password)) if len(text) > 2)


def _module(error: BaseException) -> str:
    """PostgreSQL's driver is imported only where it is used."""
    return type(error).__module__.partition(".")[0].removesuffix("_pool")


def has_keys(url: str) -> bool:
    """
    Whether it was written with secret keys: a server, or a command that makes things, has been there.

    Raises:
        DatabaseError: It does not answer, or is none.
    """
    with in_plain_words(url):
        if schema.revision(url) is None:
            return False
        if is_postgres(url):
            import psycopg

            with psycopg.connect(url) as connection:
                return connection.execute(_ANY_KEY).fetchone() is not None
        with closing(sqlite3.connect(sqlite_path(url))) as file:
            return file.execute(_ANY_KEY).fetchone() is not None


@contextmanager
def served_alone(url: str) -> Iterator[None]:
    """
    One server per file, whatever its data folder is. The lock is beside the file, which SQLite locks in its
    own way; it goes with the process, however that ends. PostgreSQL takes any number.

    Raises:
        AlreadyServed: Says which process has it.
        DatabaseError: There is no such folder, or nothing may be made in it.
    """
    if is_postgres(url):
        yield
        return
    path = sqlite_path(url).absolute().resolve()
    with in_plain_words(url):
        file = path.with_name(f"{path.name}.lock").open("a+")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise AlreadyServed(
                f"another ostiary (process {file.read().strip() or 'unknown'}) already serves the database "
                f"{path}; stop it, or set OSTIARY_DATA_DIR or OSTIARY_DATABASE_URL to another place"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


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
    return _opened(tx, rows[0][0])


async def _pin_key(tx: Tx) -> bytes:
    """Made once per installation; outlives a rotation of the secret keys."""
    rows = await _GET(name=PIN_KEY)
    if rows:
        return _opened(tx, rows[0][0])
    key = os.urandom(32)
    await _INSERT(name=PIN_KEY, value=tx.vault.seal(key, f"installation.value.{PIN_KEY}"))
    return key


def _opened(tx: Tx, value: bytes) -> bytes:
    """The first that is opened of a database. Raises: VaultError, for people who gave other keys."""
    try:
        return tx.vault.open(value, f"installation.value.{PIN_KEY}")
    except VaultError as error:
        raise VaultError(
            "the database was encrypted with a key that is not given here, by OSTIARY_SECRET_KEYS or else by "
            "the key file in the data folder; add the old key after the new"
        ) from error
