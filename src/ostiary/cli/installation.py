"""
What commands work on: settings, data folder, key file and database.

Who only reads makes nothing. Who makes things may begin a new installation, and then says so.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from ..settings import KEY_FILE, Settings, make_data_dir, read_settings, with_key_file, with_new_key
from ..store.opening import (
    has_keys,
    in_plain_words,
    is_postgres,
    no_folder,
    open_as_it_is,
    open_database,
    sqlite_path,
)
from .errors import Failed, explained
from .output import notice

if TYPE_CHECKING:
    from ..app import House
    from ..store.tx import Clock, Database

T = TypeVar("T")
DATABASE = "the database"


def settings() -> Settings:
    """As they are: without keys where there are none. Raises: SettingsError."""
    from .. import providers

    manifests = {key: brand.manifest for key, brand in providers.load().items()}
    return read_settings(os.environ, manifests, may_make_key=False)


def brand_key(name: str) -> str:
    """A brand as people write it, as the wire does."""
    return name.strip().lower().replace("-", "_")


# --- what has to be there ------------------------------------------------------------------------------


def missing(chosen: Settings) -> tuple[str, str] | None:
    """
    Where there lacks what has to be there before anything can be read, and what to do. None: nothing lacks.

    Raises:
        DatabaseError: It does not answer, or is none.
    """
    url = chosen.database_url
    if _is_new(chosen):
        path = sqlite_path(url)
        lacking = None if path.parent == chosen.data_dir else no_folder(url)
        return str(path), lacking or (
            f"there is no database at {path} yet; start it with ostiary serve, which makes one. "
            "If there should be one, OSTIARY_DATA_DIR or OSTIARY_DATABASE_URL points elsewhere"
        )
    if chosen.secret_keys:
        return None
    if not has_keys(url):
        return DATABASE, "no server has been started on it yet; start it with ostiary serve"
    path = chosen.data_dir / KEY_FILE
    return str(path), (
        f"the key file {path} is missing, and this database was written with one; "
        "put it back from your backup: what was encrypted with it opens with nothing else"
    )


def _is_new(chosen: Settings) -> bool:
    """Whether a file of SQLite would have to be made."""
    return not is_postgres(chosen.database_url) and not sqlite_path(chosen.database_url).exists()


def refuse_missing(chosen: Settings) -> None:
    """Raises: Failed, DatabaseError."""
    found = missing(chosen)
    if found is not None:
        where, message = found
        raise Failed(f"{DATABASE}: {message}" if where == DATABASE else message)


def prepared(chosen: Settings) -> Settings:
    """
    With a folder and with keys, which a new installation gets, and one that has lost its own does not.

    Raises:
        SettingsError, DatabaseError, Failed: What keeps it from it.
    """
    make_data_dir(chosen.data_dir)
    if chosen.secret_keys:
        return chosen
    if has_keys(chosen.database_url):
        chosen = with_key_file(chosen)  # somebody else may have made both just now
        refuse_missing(chosen)
        return chosen
    return with_new_key(chosen)


# --- the database, for a moment ------------------------------------------------------------------------


def reading(use: "Callable[[Database], Awaitable[T]]") -> T:
    """Open the database, use it, close it. Works while a server runs. Raises: Failed."""

    async def run(chosen: Settings) -> T:
        database = await open_as_it_is(chosen.database_url, chosen.secret_keys, _clock())
        return await _used(database, use)

    with explained():
        chosen = settings()
        refuse_missing(chosen)
        return asyncio.run(run(chosen))


def writing(use: "Callable[[Database], Awaitable[T]]", *, may_make: bool = True) -> T:
    """
    The same for a command that makes things, in a new installation too. Raises: Failed.

    Args:
        may_make: Whether there may be none yet.
    """

    async def run(chosen: Settings) -> T:
        database = await open_database(chosen.database_url, chosen.secret_keys, _clock())
        return await _used(database, use)

    with explained():
        chosen = settings()
        is_new = _is_new(chosen)
        if not may_make:
            refuse_missing(chosen)
        found = asyncio.run(run(prepared(chosen)))
    if is_new:
        path = sqlite_path(chosen.database_url)
        notice(f"no database at {path}; made a new one")
    return found


async def _used(database: "Database", use: "Callable[[Database], Awaitable[T]]") -> T:
    try:
        return await use(database)
    finally:
        await database.close()


def _clock() -> "Clock":
    from ..app import now

    return now


@asynccontextmanager
async def opened(chosen: Settings, public_url: str | None = None) -> AsyncIterator["House"]:
    """A house on a database that is there. Raises: Failed, and what `app.opened` raises, in plain words."""
    from .. import app

    async with AsyncExitStack() as stack:
        with in_plain_words(chosen.database_url):
            url = public_url or chosen.public_url or app.USUAL_URL
            house = await stack.enter_async_context(app.opened(chosen, url))
        yield house
