"""The evidence of a code in its table: written with the change, kept when the code is gone, and signed."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from ostiary import store
from ostiary.domain.access_codes import AccessCode, rewished
from ostiary.domain.evidence import Entry, Note, broken_at
from ostiary.store.opening import is_postgres, sqlite_path
from ostiary.store.sql import Params, Run, Statement
from ostiary.store.tx import Database, Tx

from .opened import add_account, add_code, add_device, found_all, opened

COLUMNS = "access_code_id, position, workspace_id, at, kind, status, facts, previous_hash, hash, seal"


async def _code(tx: Tx, house: str = "house") -> AccessCode:
    workspace = await store.workspaces.create(tx, house, is_sandbox=True)
    tx.enter(workspace)
    return await add_code(tx, await add_device(tx, await add_account(tx, workspace)))


async def _rename(tx: Tx, code: AccessCode, name: str) -> AccessCode:
    wished = rewished(code, tx.now, name=name)
    await store.access_codes.update_code(tx, wished)
    return wished


async def _touch(tx: Tx, code: AccessCode) -> None:
    await store.access_codes.update_code(tx, code)


async def _put_off(tx: Tx, code: AccessCode) -> None:
    await store.access_codes.update_code(tx, replace(code, attempts=code.attempts + 1, retry_at=tx.now))


async def _note(tx: Tx, code: AccessCode, *kinds: Any) -> None:
    for kind in kinds:
        tx.ledger.note(code.access_code_id, Note(kind, {"n": kind}))


async def _remove_account(tx: Tx, code: AccessCode) -> None:
    tx.emit(code.event("access_code.deleted", tx.now))
    await store.connected_accounts.remove(tx, code.connected_account_id)


async def _entries(database: Database, code: AccessCode) -> list[Entry]:
    return await database.read(store.evidence.of_code, code.workspace_id, code.access_code_id)


def _change(url: str, statement: str) -> None:
    """As somebody would who can write to the database and has no key."""
    if is_postgres(url):
        with psycopg.connect(url, autocommit=True) as postgres:
            postgres.execute(statement.encode())
        return
    sqlite = sqlite3.connect(sqlite_path(url), isolation_level=None, timeout=5)
    sqlite.execute(statement)
    sqlite.close()


async def _with_history(database: Database, house: str = "house") -> AccessCode:
    """Six entries."""
    code = await database.write(_code, house)
    for name in ("Ben", "Cara", "Dora"):
        code = await database.write(_rename, code, name)
    await database.write(_note, code, "sending", "answered")
    return code


async def test_what_is_stored_gets_an_entry_and_what_changes_nothing_gets_none(database_url: str) -> None:
    async with opened(database_url) as database:
        code = await database.write(_code)
        await database.write(_touch, code)
        await database.write(_put_off, code)  # how often it was tried is no fact about the code
        [first] = await _entries(database, code)
        assert (first.position, first.kind, first.status) == (1, "told", "setting")
        assert first.state is not None
        assert first.state.name == "Anna"
        assert code.code_hash is not None
        assert first.state.pin == code.code_hash[:32]
        assert "498882" not in first.facts
        renamed = await database.write(_rename, code, "Ben")
        await database.write(_note, renamed, "sending", "answered")
        entries = await _entries(database, code)
        assert [entry.position for entry in entries] == [1, 2, 3, 4]
        assert [entry.kind for entry in entries] == ["told", "told", "sending", "answered"]
        assert [entry.seal is not None for entry in entries] == [False, False, False, True]
        assert broken_at(entries, database.vault.evidence_hash) is None


async def test_a_transaction_that_fails_leaves_no_entry(database_url: str) -> None:
    async with opened(database_url) as database:
        code = await database.write(_code)

        async def fails(tx: Tx) -> None:
            await _rename(tx, code, "Ben")
            raise RuntimeError("after the change")

        with pytest.raises(RuntimeError):
            await database.write(fails)
        assert len(await _entries(database, code)) == 1


async def test_the_evidence_outlives_code_device_and_account(database_url: str) -> None:
    async with opened(database_url) as database:
        code = await _with_history(database)
        await database.write(_remove_account, code)
        assert await database.read(store.access_codes.find, code.access_code_id) is None
        entries = await _entries(database, code)
        assert len(entries) == 7
        assert entries[-1].status is None
        assert entries[-1].all_facts["told"][0]["event_type"] == "access_code.deleted"
        assert entries[-1].state is not None
        assert entries[-1].state.is_gone
        assert broken_at(entries, database.vault.evidence_hash) is None


async def test_another_workspace_reads_nothing(database_url: str) -> None:
    async with opened(database_url) as database:
        code = await _with_history(database)
        assert await database.read(store.evidence.of_code, "another", code.access_code_id) == []


async def test_other_secret_keys_keep_the_chain_whole(database_url: str) -> None:
    async with opened(database_url) as database:
        code = await _with_history(database)
    async with opened(database_url, keys=(b"2" * 32, b"1" * 32)) as database:
        await database.write(_note, code, "seen")
        entries = await _entries(database, code)
        assert len(entries) == 7
        assert broken_at(entries, database.vault.evidence_hash) is None


async def test_a_new_code_costs_one_insert_and_reads_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where device and account are at hand, as they are when somebody asks for a code."""
    async with opened(database_url) as database:
        _, account, device = await database.write(found_all)
        run: list[str] = []
        made = Run.__init__

        def noted(self: Run, statement: Statement, params: Params) -> None:
            run.append(statement.name)
            made(self, statement, params)

        async def create(tx: Tx) -> None:
            tx.ledger.know(device, account)
            code = await add_code(tx, device)
            tx.emit(code.event("access_code.created", tx.now))
            tx.emit(code.event("access_code.mutations_requested", tx.now))

        monkeypatch.setattr(Run, "__init__", noted)
        await database.write(create)
        assert [name for name in run if name.startswith("evidence.")] == ["evidence.insert"]
        assert set(run) == {
            "access_codes.insert_usual",
            "events.insert",
            "evidence.insert",
            "webhooks.of_workspace",
        }


CUT_SHORT = "DELETE FROM evidence WHERE position > 4"
COPY = f"INSERT INTO evidence ({COLUMNS}) SELECT access_code_id, {{}}, workspace_id, at, kind, status, facts"


def _moved(*positions: tuple[int, int]) -> list[str]:
    return [f"UPDATE evidence SET position = {to} WHERE position = {at}" for at, to in positions]


TAMPERED: dict[str, tuple[int, list[str]]] = {
    "other facts": (2, ["UPDATE evidence SET facts = replace(facts, 'Ben', 'Bob') WHERE position = 2"]),
    "facts that are none": (2, ["UPDATE evidence SET facts = 'x' WHERE position = 2"]),
    "another status": (3, ["UPDATE evidence SET status = 'set' WHERE position = 3"]),
    "another kind": (3, ["UPDATE evidence SET kind = 'used' WHERE position = 3"]),
    "another time": (1, ["UPDATE evidence SET at = at - 1 WHERE position = 1"]),
    "the newest changed": (6, ["UPDATE evidence SET at = at + 1 WHERE position = 6"]),
    "one hash made up": (5, ["UPDATE evidence SET hash = 'abc' WHERE position = 5"]),
    "the first removed": (1, ["DELETE FROM evidence WHERE position = 1"]),
    "one in the middle removed": (4, ["DELETE FROM evidence WHERE position = 4"]),
    "removed, and the others moved up": (
        4,
        ["DELETE FROM evidence WHERE position = 4", *_moved((5, 4), (6, 5))],
    ),
    "the newest removed": (6, ["DELETE FROM evidence WHERE position = 6"]),
    "the end cut off": (5, [CUT_SHORT]),
    "the end cut off and its seal kept": (
        5,
        [
            "UPDATE evidence SET seal = (SELECT seal FROM evidence WHERE position = 6) WHERE position = 4",
            CUT_SHORT,
        ],
    ),
    "all removed": (1, ["DELETE FROM evidence"]),
    "two swapped": (2, _moved((2, 99), (3, 2), (99, 3))),
    "one put at the end": (
        7,
        [f"{COPY.format(7)}, hash, previous_hash, seal FROM evidence WHERE position = 6"],
    ),
    "one put in between": (
        3,
        [
            *_moved((6, 7), (5, 6), (4, 5), (3, 4)),
            f"{COPY.format(3)}, hash, hash, NULL FROM evidence WHERE position = 2",
        ],
    ),
}
"""What somebody does, and the first position that is then wrong."""


async def test_whatever_somebody_does_to_the_rows_is_noticed(database_url: str) -> None:
    """And stays so when the engine goes on writing afterwards."""
    async with opened(database_url) as database:
        for what, (position, statements) in TAMPERED.items():
            _change(database_url, "DELETE FROM evidence")
            code = await _with_history(database, what)
            assert broken_at(await _entries(database, code), database.vault.evidence_hash) is None
            for statement in statements:
                _change(database_url, statement)
            assert broken_at(await _entries(database, code), database.vault.evidence_hash) == position, what
            await database.write(_note, code, "seen")
            later = broken_at(await _entries(database, code), database.vault.evidence_hash)
            assert later == position, f"{what}, and then another entry"


def test_no_tampering_is_left_out() -> None:
    """Every position of the chain is somewhere the first that is wrong."""
    found: Sequence[int] = sorted({position for position, _ in TAMPERED.values()})
    assert found == [1, 2, 3, 4, 5, 6, 7]
