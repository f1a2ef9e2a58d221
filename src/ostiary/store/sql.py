"""
Statements: defined once in `store.statements`, compiled ahead per database, run on the drivers directly.

A use case awaits statements and nothing else. Awaiting one yields it with its parameters to whoever steps
the use case, a driver, and receives the rows: so the same function runs on both databases, and inside
SQLite's single writer without any other task getting in between.

The texts lie in `sqlite.sql` and `postgres.sql` beside this module, so that no process needs SQLAlchemy to
start. `make sql` writes both files, and a test compares them with the definitions.
"""

import re
from collections.abc import Generator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import msgspec

Rows = list[tuple[Any, ...]]
Params = tuple[Any, ...]
"""In the order of the statement's `names`."""
Call = tuple["Statement", Params]
Dialect = Literal["sqlite", "postgres"]
_ENTRY: Final = re.compile(r"^-- ([\w.]+)\n(.+?);\n", re.M | re.S)
_PARAMETER: Final = re.compile(r":(\w+)")
_WRITTEN: Final = re.compile(r"\A(?:INSERT\s+INTO|UPDATE|(DELETE)\s+FROM)\s+(\w+)")
_RETURNS_ROWS: Final = re.compile(r"\ASELECT\b|\bRETURNING\b")


STANDING: Final = frozenset({"api_keys", "connected_accounts", "devices", "webhooks", "workspaces"})
"""Tables that are seldom written, and whose rows may stand (`store.standing_rows`)."""


class NotCompiled(Exception):
    """The code names statements that the files of compiled ones do not hold; the message says what to do."""


def compiled_file(dialect: Dialect) -> Path:
    return Path(__file__).with_name(f"{dialect}.sql")


@cache
def compiled(dialect: Dialect) -> Mapping[str, str]:
    """Every statement's text by its name."""
    return dict(_ENTRY.findall(compiled_file(dialect).read_text()))


class Statement:
    """
    One SQL statement with named parameters, by the name under which `store.statements` defines it.

    Making one reads nothing: `make sql` has to run when the files lack it. A database looks for every
    statement's text when it is opened.

    Args:
        is_standing: It reads a few rows of tables of `STANDING` by an id, and depends on nothing else.
    """

    registry: ClassVar[dict[str, "Statement"]] = {}
    is_standing = False

    def __init__(self, name: str, *, is_standing: bool = False) -> None:
        if name in Statement.registry:
            raise ValueError(f"two statements are called {name}")
        self.name = name
        self.is_standing = is_standing
        Statement.registry[name] = self

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its parameters, in the order in which SQLite's text first names them."""
        return tuple(dict.fromkeys(_PARAMETER.findall(compiled("sqlite")[self.name])))

    @cached_property
    def sqlite(self) -> str:
        """With `?1`, `?2`, … for `names`: to bind 50 parameters by name costs as much as the insert."""
        numbers = {name: f"?{number}" for number, name in enumerate(self.names, 1)}
        return _PARAMETER.sub(lambda match: numbers[match[1]], compiled("sqlite")[self.name])

    @cached_property
    def postgres(self) -> str:
        return compiled("postgres")[self.name]

    @cached_property
    def returns_rows(self) -> bool:
        return _RETURNS_ROWS.search(self.sqlite) is not None

    @cached_property
    def ends_standing(self) -> bool:
        """Whether it may change rows that stand; a deletion may cascade to any table."""
        written = _WRITTEN.match(self.sqlite)
        return written is not None and (written[1] is not None or written[2] in STANDING)

    def __call__(self, **params: Any) -> "Run":
        return Run(self, tuple([params[name] for name in self.names]))

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


def refuse_missing(dialect: Dialect) -> None:
    """
    Raises:
        NotCompiled: Some statement has no text, and would be missed when a request needs it.
    """
    missing = Statement.registry.keys() - compiled(dialect).keys()
    if missing:
        raise NotCompiled(f"{compiled_file(dialect).name} lacks {', '.join(sorted(missing))}; run: make sql")


def text_list(values: Any) -> str:
    """A parameter for `any_of` of `store.statements`."""
    return msgspec.json.encode(list(values)).decode()
