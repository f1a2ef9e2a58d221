"""What servers run is what the definitions say, and nothing is named that is not there."""

import re
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from ostiary import store
from ostiary.store.rows import Record
from ostiary.store.sql import Dialect, NotCompiled, Statement, compiled, compiled_file
from ostiary.store.statements import DEFINITIONS, ENTITIES, compile_all
from ostiary.store.statements.defining import select_entity
from ostiary.store.tables import workspaces

from .opened import opened

DIALECTS = get_args(Dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_files_are_as_the_definitions_compile(dialect: Dialect) -> None:
    is_current = compile_all(dialect) == compiled_file(dialect).read_text()
    assert is_current, f"{compiled_file(dialect).name} is not what store/statements says; run: make sql"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_definition_is_found_and_used(dialect: Dialect) -> None:
    assert compiled(dialect).keys() == DEFINITIONS.keys()
    assert Statement.registry.keys() == DEFINITIONS.keys()


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_a_statement_takes_the_same_and_answers_the_same_on_both(name: str) -> None:
    clause: Any = DEFINITIONS[name].clause
    statement = Statement.registry[name]
    returns_rows = bool(getattr(clause, "is_select", False) or getattr(clause, "_returning", ()))
    assert statement.returns_rows == returns_rows
    asked = set(statement.names)
    assert asked == set(re.findall(r"%\((\w+)\)s", statement.postgres))
    assert not [parameter for parameter in asked if re.search(r"_\d+$", parameter)], "a value without a name"


def test_rows_are_read_into_the_entities_that_were_defined() -> None:
    modules = [getattr(store, name) for name in store.__all__]
    records = [each for module in modules for each in vars(module).values() if isinstance(each, Record)]
    assert {record.entity: record.table for record in records} == ENTITIES


async def test_a_database_is_not_opened_when_a_statement_is_missing(database_url: str) -> None:
    name = "workspaces.by_colour"
    Statement(name)
    try:
        with pytest.raises(NotCompiled, match=rf"\.sql lacks {name}; run: make sql"):
            async with opened(database_url):
                raise AssertionError("it was opened")
    finally:
        del Statement.registry[name]


@dataclass(frozen=True)
class Coloured:
    workspace_id: str
    clock_offset_ms: bool


@dataclass(frozen=True)
class Unordered:
    name: str
    workspace_id: str


@pytest.mark.parametrize("entity", [Coloured, Unordered])
def test_a_table_must_store_what_the_entity_says(entity: type[Any]) -> None:
    with pytest.raises(TypeError, match="differ in a kind or in the id"):
        select_entity(workspaces, entity)
    assert entity not in ENTITIES


@dataclass(frozen=True)
class Heavy:
    workspace_id: str
    weight: float


def test_a_type_that_no_column_holds_is_refused() -> None:
    with pytest.raises(TypeError, match="no column holds"):
        Record("workspaces", Heavy)
