"""Every statement uses an index, or says why it does not."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg
from sqlalchemy import LargeBinary
from sqlalchemy.dialects import sqlite as sqlite_dialect

from ostiary.store import schema
from ostiary.store.opening import is_postgres, sqlite_path
from ostiary.store.sql import compiled
from ostiary.store.statements import DEFINITIONS


def _statements() -> list[str]:
    return [name for name, definition in DEFINITIONS.items() if not definition.scans]


def _params(name: str) -> Mapping[str, Any]:
    """A value of the right type for every parameter, so that nothing is decided before the plan."""
    binds: Any = DEFINITIONS[name].clause.compile(dialect=sqlite_dialect.dialect())
    numbers = {"limit", "offset", *re.findall(r"%\((\w+)\)s::(?:BIGINT|INTEGER)", compiled("postgres")[name])}
    found: dict[str, Any] = {}
    for parameter, bind in binds.binds.items():
        if isinstance(bind.type, LargeBinary):
            found[parameter] = b"x"
        else:
            found[parameter] = 1 if parameter in numbers else '["x"]'
    return found


def _sqlite_scans(url: str) -> dict[str, list[str]]:
    path = sqlite_path(url)
    schema.migrate_sqlite(path)
    scans: dict[str, list[str]] = {}
    with closing(sqlite3.connect(path)) as connection:
        for name in _statements():
            rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled('sqlite')[name]}", _params(name))
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
        for name in _statements():
            text = compiled("postgres")[name]
            rows = connection.execute(f"EXPLAIN {text}".encode(), _params(name)).fetchall()
            bad = [str(row[0]).strip() for row in rows if "Seq Scan" in str(row[0])]
            if bad:
                scans[name] = bad
    return scans


def test_every_statement_uses_an_index(database_url: str) -> None:
    assert len(_statements()) > 60
    assert (_postgres_scans if is_postgres(database_url) else _sqlite_scans)(database_url) == {}


def test_who_may_scan_says_why() -> None:
    allowed = {name: definition.scans for name, definition in DEFINITIONS.items() if definition.scans}
    assert all(len(reason) > 8 for reason in allowed.values())
    assert len(allowed) < 12, "more and more statements read whole tables"
