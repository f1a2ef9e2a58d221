"""From definitions to the text of `store/sqlite.sql` and `store/postgres.sql`."""

import re
from textwrap import fill
from typing import Any, Final

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from ..sql import Dialect
from .defining import DEFINITIONS

WIDTH: Final = 110
BEGINNINGS: Final = frozenset({"FROM", "JOIN", "WHERE", "AND", "SET", "VALUES", "UNION", "ORDER", "LIMIT"})
HEAD: Final = "-- Compiled from store/statements by `make sql`. A test compares; changes belong there.\n"


def compile_all(dialect: Dialect) -> str:
    """The whole file, statements in the order of their names."""
    made = _dialect(dialect)
    entries = (
        f"\n-- {name}\n{_laid_out(str(definition.clause.compile(dialect=made)))};\n"
        for name, definition in sorted(DEFINITIONS.items())
    )
    return HEAD + "".join(entries)


def _dialect(name: Dialect) -> Any:
    if name == "sqlite":
        made: Any = sqlite.dialect(paramstyle="named")
    else:
        made = psycopg.dialect()  # type: ignore[no-untyped-call]  # it has no types
    made.statement_compiler = _plain(made.statement_compiler)
    return made


def _plain(compiler: Any) -> Any:
    """Values that a clause brings along stand in the text; only named parameters stay parameters."""

    def visit_bindparam(self: Any, bindparam: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["literal_binds"] = not bindparam.required
        return compiler.visit_bindparam(self, bindparam, *args, **kwargs)

    return type("Plain", (compiler,), {"visit_bindparam": visit_bindparam})


def _laid_out(text: str) -> str:
    """A line for each part and each condition. Only blanks change, so no value in the text may hold one."""
    assert not any(re.search(r"[\s;]", value) for value in re.findall(r"'[^']*'", text)), text
    lines: list[list[str]] = [[]]
    depth = 0
    for word in text.split():
        if depth == 0 and word in BEGINNINGS:
            lines.append([])
        lines[-1].append(word)
        depth += word.count("(") - word.count(")")
    return "\n".join(
        fill(" ".join(line), WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        for line in lines
    )
