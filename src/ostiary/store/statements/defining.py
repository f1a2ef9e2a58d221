"""What the definitions are made with, beside SQLAlchemy Core itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Column,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement, Executable, Select
from sqlalchemy.sql.elements import ColumnElement

from ..rows import kinds, stored, usual

DEFINITIONS: Final[dict[str, "Definition"]] = {}
ENTITIES: Final[dict[type[Any], str]] = {}
"""The dataclasses that statements read and write whole, each with its table's name."""


@dataclass(frozen=True, slots=True)
class Definition:
    """
    Attributes:
        scans: Why it may read a whole table; empty for every statement that uses an index.
    """

    name: str
    clause: ClauseElement
    scans: str


def define(name: str, clause: Executable, *, scans: str = "") -> None:
    """
    Args:
        name: What `store.sql.Statement` finds it by.
        clause: Its parameters are named with `bindparam`; every other value becomes part of the text.
        scans: Why it may read a whole table; a test looks at the plan of all others.
    """
    if name in DEFINITIONS:
        raise ValueError(f"two statements are called {name}")
    assert isinstance(clause, ClauseElement)
    DEFINITIONS[name] = Definition(name, clause, scans)


def define_within(
    name: str,
    clause: Select[Any],
    account: Column[Any] | None = None,
    webview: Column[Any] | None = None,
) -> None:
    """
    Two statements: `clause` over everything in a workspace, and as `<name>_within` over what a client session
    may see of it (`store.within.Within`).

    Args:
        account: Whose a row is.
        webview: To which it belongs; where there is an account as well, only as long as that is NULL.
    """
    by_webview = None if webview is None else any_of(webview, "reach_webviews")
    by_account = None if account is None else any_of(account, "reach_accounts")
    if account is None or by_account is None:
        assert by_webview is not None
        reached: ColumnElement[bool] = by_webview
    elif by_webview is None:
        reached = by_account
    else:
        reached = or_(by_account, and_(account.is_(None), by_webview))
    define(name, clause)
    define(f"{name}_within", clause.where(reached))


def select_entity(table: Table, entity: type[Any]) -> Select[Any]:
    """The columns that `store.rows.Record` reads."""
    return select(*_columns(table, entity))


def define_insert(table: Table, entity: type[Any], *extra: str) -> None:
    """Writes every field; `extra` names columns beyond the dataclass."""
    names = [*(column.name for column in _columns(table, entity)), *extra]
    define(f"{table.name}.insert", insert(table).values(_parameters(names)).inline())


def define_insert_usual(table: Table, entity: type[Any], *but: str) -> None:
    """
    For an entity with its defaults, which stand in the text: to bind them costs more than to store them. Only
    fields without one, and those in `but`, are parameters.
    """
    defaults = usual(entity, *but)
    values: dict[str, Any] = {}
    for column in _columns(table, entity):
        value = stored(entity, column.name, defaults.get(column.name))
        values[column.name] = bindparam(column.name) if column.name not in defaults else value
    define(f"{table.name}.insert_usual", insert(table).values(values))


def define_update(table: Table, entity: type[Any], *extra: str, without: tuple[str, ...] = ()) -> None:
    """Writes every field but the id of the row `the_key`."""
    key, *others = _columns(table, entity)
    names = [name for name in (*(column.name for column in others), *extra) if name not in without]
    define(
        f"{table.name}.update",
        update(table).where(key == bindparam("the_key")).values(_parameters(names)),
    )


def _parameters(names: Iterable[str]) -> dict[str, Any]:
    return {name: bindparam(name) for name in names}


def _columns(table: Table, entity: type[Any]) -> list[Column[Any]]:
    """
    A column for every field, the id first.

    Raises:
        TypeError: Rows would be stored in another way than the table says.
    """
    columns = [table.c[name] for name in kinds(entity)]
    told = {column.name: column.info.get("kind", "plain") for column in columns}
    is_key = next(iter(table.primary_key)) is columns[0] or any(
        isinstance(each, UniqueConstraint) and list(each.columns) == [columns[0]]
        for each in table.constraints
    )
    if told != kinds(entity) or not is_key:
        raise TypeError(f"{entity.__name__} and the table {table.name} differ in a kind or in the id")
    ENTITIES[entity] = table.name
    return columns


def page(clause: Select[Any], created_at: Column[Any], row_id: Column[Any]) -> Select[Any]:
    """`clause` from a `store.pages.Position` on (`from_at`, `from_id`), at most `limit` rows."""
    at: BindParameter[int] = bindparam("from_at")
    key: BindParameter[str] = bindparam("from_id")
    return (
        clause.where(created_at >= at, or_(created_at > at, and_(created_at == at, row_id >= key)))
        .order_by(created_at, row_id)
        .limit(bindparam("limit"))
    )


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
