"""
Statements: written once with SQLAlchemy Core, compiled once per database, run on the drivers directly.

A use case awaits statements and nothing else. Awaiting one yields it with its parameters to whoever steps
the use case, a driver, and receives the rows: so the same function runs on both databases, and inside
SQLite's single writer without any other task getting in between.
"""

from collections.abc import Generator, Mapping
from functools import cache, cached_property
from typing import Any, ClassVar, Literal

import msgspec
from sqlalchemy import Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement, Executable
from sqlalchemy.sql.elements import ColumnElement

Rows = list[tuple[Any, ...]]
Params = Mapping[str, Any]
Call = tuple["Statement", Params]
Dialect = Literal["sqlite", "postgres"]


@cache
def _sqlite() -> Any:
    from sqlalchemy.dialects import sqlite

    return sqlite.dialect(paramstyle="named")


@cache
def _postgres() -> Any:
    """Loaded only where it is used: it costs a start a tenth of a second."""
    from sqlalchemy.dialects.postgresql import psycopg

    return psycopg.dialect()  # type: ignore[no-untyped-call]


class Statement:
    """
    One SQL statement with named parameters.

    Args:
        name: For people and for the test that looks at every query plan.
        clause: A SQLAlchemy Core construct.
        scans: Why it may read a whole table; empty for every statement that uses an index.
    """

    registry: ClassVar[dict[str, "Statement"]] = {}

    def __init__(self, name: str, clause: Executable, *, scans: str = "") -> None:
        if name in Statement.registry:
            raise ValueError(f"two statements are called {name}")
        assert isinstance(clause, ClauseElement)
        self.name = name
        self.clause = clause
        self.scans = scans
        self.returns_rows = bool(getattr(clause, "is_select", False) or getattr(clause, "_returning", ()))
        Statement.registry[name] = self

    @cached_property
    def sqlite(self) -> str:
        return str(self.clause.compile(dialect=_sqlite()))

    @cached_property
    def postgres(self) -> str:
        return str(self.clause.compile(dialect=_postgres()))

    @cached_property
    def constants(self) -> Params:
        """Values that stand in the clause itself, which SQLAlchemy also makes parameters of."""
        binds: Any = self.clause.compile(dialect=_sqlite())
        return {name: bind.value for name, bind in binds.binds.items() if not bind.required}

    def __call__(self, **params: Any) -> "Run":
        return Run(self, {**self.constants, **params} if self.constants else params)

    def __repr__(self) -> str:
        return f"Statement({self.name})"


class Run:
    """A statement with its parameters; awaiting it gives the rows (none for a write without RETURNING)."""

    __slots__ = ("params", "statement")

    def __init__(self, statement: Statement, params: Params) -> None:
        self.statement = statement
        self.params = params

    def __await__(self) -> Generator[Call, Rows, Rows]:
        rows = yield (self.statement, self.params)
        return rows


def compile_all(dialect: Dialect) -> int:
    """Compile every statement for a database, so that no request pays for it. Returns how many."""
    for statement in Statement.registry.values():
        getattr(statement, dialect)
        _ = statement.constants
    return len(Statement.registry)


class any_of(ColumnElement[bool]):  # noqa: N801 - reads as SQL
    """`column IN (…)` over a parameter that holds a JSON list of texts, for any number of them."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.param = bindparam(name, type_=Text)


@compiles(any_of, "sqlite")
def _any_of_sqlite(element: any_of, compiler: Any, **kwargs: Any) -> str:
    column, param = compiler.process(element.column), compiler.process(element.param)
    return f"{column} IN (SELECT value FROM json_each({param}))"  # noqa: S608 - compiled parts, no values


@compiles(any_of, "postgresql")
def _any_of_postgres(element: any_of, compiler: Any, **kwargs: Any) -> str:
    column, param = compiler.process(element.column), compiler.process(element.param)
    return f"{column} IN (SELECT jsonb_array_elements_text(CAST({param} AS jsonb)))"


def text_list(values: Any) -> str:
    """A parameter for `any_of`."""
    return msgspec.json.encode(list(values)).decode()
