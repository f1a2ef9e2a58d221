"""An answer stands only for as long as nothing was committed, by whomever."""

import sqlite3
from pathlib import Path

from ostiary import store
from ostiary.store.opening import is_postgres, sqlite_path
from ostiary.store.tx import Tx
from ostiary.wire.standing import KEPT_BYTES, StandingAnswers

from ..house import TestHouse, open_house
from ..store.opened import add_workspace, opened


async def _add(tx: Tx, name: str) -> None:
    await add_workspace(tx, name)


async def test_every_commit_makes_another_version(database_url: str) -> None:
    async with opened(database_url) as database:
        versions = [database.version()]
        for number in range(3):
            await database.write(_add, f"w{number}")
            versions.append(database.version())
            await database.read(store.workspaces.list_all)
            assert database.version() == versions[-1], "a read is no commit"
        if is_postgres(database_url):
            assert set(versions) == {None}
        else:
            assert len(set(versions)) == 4


async def test_another_process_counts_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with opened(url) as database:
        await database.write(_add, "w")
        before = database.version()
        other = sqlite3.connect(sqlite_path(url))
        other.execute("UPDATE workspaces SET name = 'renamed'")
        assert database.version() == before, "not committed yet"
        other.commit()
        other.close()
        assert database.version() != before


async def test_a_commit_ends_every_answer() -> None:
    answers = StandingAnswers()
    assert answers.find(("a",), 1) is None
    answers.keep(("a",), 1, b"A")
    assert answers.find(("a",), 1) == b"A"
    assert answers.find(("b",), 1) is None
    assert answers.find(("a",), 2) is None
    assert answers.find(("a",), 1) is None, "an old version does not come back"


async def test_an_answer_of_a_version_that_is_over_replaces_nothing_newer() -> None:
    answers = StandingAnswers()
    answers.keep(("a",), 2, b"new")
    answers.keep(("a",), 1, b"old")
    assert answers.find(("a",), 2) is None


async def test_what_is_kept_is_bounded() -> None:
    answers = StandingAnswers()
    size = KEPT_BYTES // 4
    for number in range(9):
        answers.find((number,), 1)
        answers.keep((number,), 1, bytes(size))
        kept = sum(answers.find((n,), 1) is not None for n in range(9))
        assert 1 <= kept <= 4
    answers.keep(("huge",), 1, bytes(KEPT_BYTES + 1))
    assert answers.find(("huge",), 1) is None, "one that fills everything is not kept at all"


async def _names(house: TestHouse) -> list[str]:
    return [device["display_name"] for device in await house.devices()]


async def test_a_change_shows_in_the_next_answer(tmp_path: Path, database_url: str) -> None:
    async with open_house(tmp_path, database_url) as house:
        await house.connect()
        first = await _names(house)
        assert await _names(house) == first
        device = (await house.devices())[0]
        await house.call("/devices/update", device_id=device["device_id"], name="Cellar")
        assert "Cellar" in await _names(house)
        shown = await house.call("/devices/get", device_id=device["device_id"])
        assert shown["device"]["display_name"] == "Cellar"


async def test_a_revoked_key_reads_nothing_any_more(tmp_path: Path, database_url: str) -> None:
    async with open_house(tmp_path, database_url) as house:
        assert (await house.request("GET", "/workspaces/get")).status_code == 200
        [key] = [
            k for k in await house.house.database.read(store.workspaces.list_api_keys) if not k.revoked_at
        ]
        await house.house.database.write(store.workspaces.revoke_api_key, key.api_key_id)
        await house.refused("/workspaces/get", 401, "unauthorized")


async def test_who_asks_and_how_is_part_of_the_question(tmp_path: Path, database_url: str) -> None:
    async with open_house(tmp_path, database_url) as house:
        await house.call("/devices/list")
        stranger = await house.http.post(
            "/devices/list", json={}, headers={"authorization": "Bearer seam_x_y"}
        )
        assert stranger.status_code == 401
        form = await house.request(
            "POST", "/devices/list", content=b"{}", headers={"content-type": "text/plain"}
        )
        assert form.status_code == 400
        wrong_method = await house.request("DELETE", "/devices/list")
        assert wrong_method.status_code == 405


def test_no_timeless_operation_tells_the_time() -> None:
    """Their handlers must not look at the transaction's clock."""
    import inspect

    from ostiary.wire.operation import OPERATIONS

    timeless = [operation for operation in OPERATIONS.values() if operation.is_timeless]
    assert {operation.path for operation in timeless} >= {"/devices/get", "/devices/list"}
    for operation in timeless:
        assert not operation.is_write
        assert "tx.now" not in inspect.getsource(operation.handler), operation.path
