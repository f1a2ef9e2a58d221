"""
On PostgreSQL two transactions that change the same rows in different orders wait for each other, until after
a second the server ends one. So whoever changes what belongs to an account begins with the account's own row.
"""

import asyncio

import psycopg
import pytest

from ..conftest import OpenHouse
from .support import at_home, codes, problem, soon, until_idle

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
ROUNDS = 15


async def test_requests_the_engine_and_a_changing_world_never_wait_for_each_other(
    open_: OpenHouse, database_url: str
) -> None:
    async with at_home(open_) as (house, lock):
        smartlock_id = await house.smartlock_id(lock)
        for number in range(ROUNDS):
            code = await house.create_code(lock["device_id"])
            renamed = {"access_code_id": code["access_code_id"], "name": f"Guest {number}"}
            await asyncio.gather(
                house.call("/access_codes/update", **renamed),
                house.create_code(lock["device_id"]),
                house.simulator("device", smartlock_id=smartlock_id, battery=90 - number),
                house.advance(1),
            )
            await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        found = await soon(
            house,
            lambda: codes(house, lock),
            lambda found: len(found) == ROUNDS and all(code["status"] == "set" for code in found),
        )
        assert not any(problem(code, "failed_to_set_on_device") for code in found)
        await until_idle(house)
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT deadlocks, xact_commit FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    assert row[1] > ROUNDS * 5, "the server has counted by now"
    assert row[0] == 0
