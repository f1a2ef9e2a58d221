"""Who was let in before comes straight into the line of writers, and is asked again there."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ostiary import store
from ostiary.store.opening import is_postgres
from ostiary.wire.http import MOST_KNOWN, WireApp

from ..house import TestHouse, open_house

WRITE = "/connect_webviews/create"


async def _is_shut_out(house: TestHouse) -> None:
    await house.refused(WRITE, 401, "unauthorized")
    await house.refused(WRITE, 401, "unauthorized", colour="red")
    await house.refused("/connect_webviews/list", 401, "unauthorized")


async def test_a_revoked_key_writes_nothing_more(tmp_path: Path, database_url: str) -> None:
    async with open_house(tmp_path, database_url) as house:
        await house.call(WRITE)
        await house.refused(WRITE, 400, "invalid_input", colour="red")
        [key] = await house.house.database.read(store.workspaces.list_api_keys)
        assert await house.house.database.write(store.workspaces.revoke_api_key, key.api_key_id)
        await _is_shut_out(house)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_another_process_may_revoke_it(tmp_path: Path, database_url: str) -> None:
    assert not is_postgres(database_url)
    async with open_house(tmp_path, database_url) as house:
        await house.call(WRITE)
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as other:
            other.execute("UPDATE api_keys SET revoked_at = 1")
            other.commit()
        await _is_shut_out(house)


async def test_strangers_do_not_get_known(tmp_path: Path, database_url: str) -> None:
    async with open_house(tmp_path, database_url) as house:
        wire = house.house.asgi
        assert isinstance(wire, WireApp)
        own = house.api_key
        await house.call(WRITE)
        for number in range(3):
            house.api_key = f"seam_test{number}_nobody"
            await house.refused(WRITE, 401, "unauthorized")
        [key] = wire._known
        wire._known |= {(number,) for number in range(MOST_KNOWN)}
        house.api_key = own
        wire._known.discard(key)
        await house.call(WRITE)
        assert len(wire._known) == 1
