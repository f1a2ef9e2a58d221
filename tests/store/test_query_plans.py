"""Every statement uses an index, or says why it does not."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg
import pytest
from sqlalchemy import LargeBinary
from sqlalchemy.dialects import sqlite as sqlite_dialect

from ostiary import store
from ostiary.store import schema
from ostiary.store.opening import is_postgres, sqlite_path
from ostiary.store.sql import Statement

assert store  # its modules fill the registry


def _statements() -> dict[str, Statement]:
    return {name: statement for name, statement in Statement.registry.items() if not statement.scans}


def _params(statement: Statement) -> Mapping[str, Any]:
    """A value of the right type for every parameter, so that nothing is decided before the plan."""
    binds: Any = statement.clause.compile(dialect=sqlite_dialect.dialect())  # type: ignore[attr-defined]
    numbers = {"limit", "offset", *re.findall(r"%\((\w+)\)s::(?:BIGINT|INTEGER)", statement.postgres)}
    found: dict[str, Any] = {}
    for name, bind in binds.binds.items():
        if isinstance(bind.type, LargeBinary):
            found[name] = b"x"
        else:
            found[name] = 1 if name in numbers else '["x"]'
    return {**found, **statement.constants}


def _sqlite_scans(url: str) -> dict[str, list[str]]:
    path = sqlite_path(url)
    schema.migrate_sqlite(path)
    scans: dict[str, list[str]] = {}
    with closing(sqlite3.connect(path)) as connection:
        for name, statement in _statements().items():
            rows = connection.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", _params(statement))
            plan = [str(row[3]) for row in rows]
            bad = [line for line in plan if line.startswith("SCAN ") and "INDEX" not in line]
            if bad:
                scans[name] = bad
    return scans


def _postgres_scans(url: str) -> dict[str, list[str]]:
    schema.migrate_postgres(url)
    scans: dict[str, list[str]] = {}
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET enable_seqscan = off")
        for name, statement in _statements().items():
            rows = connection.execute(f"EXPLAIN {statement.postgres}".encode(), _params(statement)).fetchall()
            bad = [str(row[0]).strip() for row in rows if "Seq Scan" in str(row[0])]
            if bad:
                scans[name] = bad
    return scans


def test_every_statement_uses_an_index(database_url: str) -> None:
    assert len(_statements()) > 60
    assert (_postgres_scans if is_postgres(database_url) else _sqlite_scans)(database_url) == {}


def test_who_may_scan_says_why() -> None:
    allowed = {name: s.scans for name, s in Statement.registry.items() if s.scans}
    assert all(len(reason) > 8 for reason in allowed.values())
    assert len(allowed) < 12, "more and more statements read whole tables"


@pytest.mark.parametrize("name", sorted(Statement.registry))
def test_every_statement_is_compiled_for_both(name: str) -> None:
    statement = Statement.registry[name]
    assert statement.sqlite
    assert statement.postgres
    assert "%(" not in statement.sqlite
