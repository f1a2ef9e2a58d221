"""What `ostiary doctor` finds in a house, on both databases; the rules are in `domain/test_diagnosis.py`."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from ostiary import store
from ostiary.cli.checkup import check
from ostiary.store.opening import is_postgres, sqlite_path
from ostiary.store.tx import Tx

from . import databases
from .behaviours.support import HOUR, Wire, at_home, engine_passes, fault, online, set_code, soon
from .conftest import OpenHouse
from .house import settings_for
from .store.opened import add_account
from .store.test_evidence import _change

OTHER_KEY = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="


async def checked(folder: Path, url: str, *, with_evidence: bool = False, **env: str) -> dict[str, Any]:
    settings = settings_for(folder, url, **env)
    data, people = await asyncio.to_thread(check, lambda: settings, with_evidence=with_evidence)
    lines = people.splitlines()
    assert len(lines) == 1 + 2 * len(data["findings"])
    assert data["ok"] is not any(finding["severity"] == "error" for finding in data["findings"])
    return data


def of(data: dict[str, Any], words: str) -> Wire:
    """The one finding that says so."""
    [finding] = [finding for finding in data["findings"] if words in finding["what"]]
    found: Wire = finding
    return found


async def test_what_is_wrong_with_locks_codes_and_accounts(
    open_: OpenHouse, tmp_path: Path, database_url: str
) -> None:
    async with at_home(open_) as (house, lock):
        set_ = await set_code(house, lock, name="Anna", code="445566")
        data = await checked(tmp_path, database_url, with_evidence=True)
        assert data["ok"] is True, data
        assert data["counts"] == {"accounts": 1, "locks": 3, "codes": 1, "records": 1}

        await online(house, lock, False)
        late = await house.create_code(lock["device_id"], name="Ben", code="332211")
        await house.call("/access_codes/delete", access_code_id=set_["access_code_id"])
        await engine_passes(house, HOUR.total_seconds())
        data = await checked(tmp_path, database_url)
        assert data["ok"] is False
        offline = of(data, f"{lock['display_name']} is offline")
        assert (offline["where"], offline["device_id"]) == (
            f"sandbox: {lock['display_name']}",
            lock["device_id"],
        )
        codes = of(data, "2 codes are not as they should be by now. Anna, Ben: The lock is offline.")
        assert codes["access_code_ids"] == [set_["access_code_id"], late["access_code_id"]]
        assert codes["do"].endswith(f"ostiary doctor --device {lock['device_id']}")
        assert "445566" not in str(data)
        assert "332211" not in str(data)

        _change(
            database_url,
            "UPDATE evidence SET facts = '{}' "
            f"WHERE position = 1 AND access_code_id = '{late['access_code_id']}'",
        )
        assert len((await checked(tmp_path, database_url))["findings"]) == len(data["findings"])
        changed = of(await checked(tmp_path, database_url, with_evidence=True), "was changed")
        assert changed["access_code_id"] == late["access_code_id"]
        assert "entry 1" in changed["what"]

        await fault(house, "login_rejected")
        account = {"connected_account_id": lock["connected_account_id"]}

        async def errors() -> list[Wire]:
            found: Wire = (await house.call("/connected_accounts/get", **account))["connected_account"]
            listed: list[Wire] = found["errors"]
            return listed

        await house.advance(HOUR.total_seconds())
        await soon(house, errors, bool)
        data = await checked(tmp_path, database_url)
        cut_off = of(data, "is disconnected")
        assert cut_off["connected_account_id"] == account["connected_account_id"]
        assert "/connect_webviews/create" in cut_off["do"]
        assert not any("Ben" in finding["what"] for finding in data["findings"])


async def test_what_is_wrong_with_settings_and_the_engine(
    open_: OpenHouse, tmp_path: Path, database_url: str
) -> None:
    """An account whose brand has no settings here; one that its vendor paused; and nobody who works."""

    async def prepare(tx: Tx) -> str:
        home = await store.workspaces.create(tx, "home", is_sandbox=False)
        tx.enter(home)
        made = await add_account(tx, home)
        account = replace(made, provider="salto_ks").paused(90, tx.now)
        await store.connected_accounts.remove(tx, made.connected_account_id)
        await store.connected_accounts.insert(tx, account)
        by_login = replace(account, connected_account_id=str(uuid4()), provider="nuki", paused_until=None)
        await store.connected_accounts.insert(tx, by_login)
        return account.connected_account_id

    async def forget(tx: Tx, account_id: str, seconds: int) -> None:
        assert await store.connected_accounts.claim(tx, account_id, "mine", tx.real_now)
        due_at = tx.real_now - timedelta(seconds=seconds)
        await store.connected_accounts.release(tx, account_id, "mine", due_at)

    async with open_(is_working=False) as house:
        account_id = await house.house.database.write(prepare)
        data = await checked(tmp_path, database_url)
        lacking = of(data, "OSTIARY_SALTO_KS_CLIENT_ID and OSTIARY_SALTO_KS_CLIENT_SECRET must be set")
        assert (lacking["severity"], lacking["connected_account_id"]) == ("error", account_id)
        assert of(data, "It is paused until")["severity"] == "warning"
        renewed = of(data, "OSTIARY_NUKI_CLIENT_ID and OSTIARY_NUKI_CLIENT_SECRET are not set")
        assert (renewed["severity"], renewed["do"]) == ("error", lacking["do"])
        assert len(data["findings"]) == 3

        await house.house.database.write(forget, account_id, 50)
        assert len((await checked(tmp_path, database_url))["findings"]) == 3
        await house.house.database.write(forget, account_id, 70)
        data = await checked(
            tmp_path, database_url, OSTIARY_SALTO_KS_CLIENT_ID="id", OSTIARY_SALTO_KS_CLIENT_SECRET="secret"
        )
        assert of(data, "Nobody works: 1 account")["connected_account_ids"] == [account_id]
        assert len(data["findings"]) == 3


async def test_what_is_wrong_with_the_database(open_: OpenHouse, tmp_path: Path, database_url: str) -> None:
    """What cannot be read is told, and left as it is."""

    async def only(**env: Any) -> tuple[str, str]:
        [finding] = (await checked(tmp_path, database_url, **env))["findings"]
        return finding["what"], finding["do"]

    await databases.migrate(database_url)
    assert await only() == ("No server has been started on it yet", "Start it with ostiary serve")
    async with open_(is_working=False):
        pass
    data = await checked(tmp_path, database_url)
    assert data == {"ok": True, "findings": [], "counts": {"accounts": 0, "locks": 0, "codes": 0}}
    what, do = await only(OSTIARY_SECRET_KEYS=OTHER_KEY)
    assert "was encrypted with a key that is not given here, by OSTIARY_SECRET_KEYS or else" in what
    assert do == "Add the old key after the new"

    _change(database_url, "UPDATE alembic_version SET version_num = '9999'")
    what, do = await only()
    assert what == "The database has schema 9999, which this version does not know"
    _change(database_url, "DELETE FROM alembic_version")
    what, do = await only()
    assert (what[:28], do) == ("The database has schema none", "Run: ostiary migrate")
    assert await only() == (what, do)  # nobody has migrated it
    _change(database_url, "INSERT INTO alembic_version VALUES ('0001')")
    _change(database_url, "ALTER TABLE connected_accounts RENAME TO lost")
    what, do = await only()
    assert "connected_accounts" in what

    if is_postgres(database_url):
        broken = "postgresql://me:topsecret@127.0.0.1:1/nowhere"
    else:
        sqlite_path(database_url).write_bytes(b"This is a letter, not a database." * 100)
        broken = database_url
    data = await checked(tmp_path, broken)
    [finding] = data["findings"]
    assert "OSTIARY_DATABASE_URL says where it is" in finding["do"]
    assert "topsecret" not in str(data)
