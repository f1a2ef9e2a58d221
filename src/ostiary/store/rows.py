"""
Between rows and frozen dataclasses. How a field is stored follows from its type.

A `Record` is made once per table and dataclass. The dataclass's fields are the columns of the same names;
columns that the dataclass does not have are written from extra parameters and skipped in reading.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from types import NoneType
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from ..domain.instants import from_ms, to_ms
from ..domain.secrets import Secret
from .sql import Rows, Run, Statement
from .vault import Vault

T = TypeVar("T")
Kind = Literal["plain", "instant", "flag", "json", "secret"]
RECALLED: Final = 1024
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_KINDS: Final[Mapping[Any, Kind]] = {
    str: "plain",
    int: "plain",
    Literal: "plain",
    datetime: "instant",
    bool: "flag",
    Mapping: "json",
    list: "json",
    tuple: "json",
    Secret: "secret",
}
_DECODERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {"instant": from_ms, "flag": bool, "json": _decode}
_ENCODERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "instant": to_ms,
    "flag": int,
    "json": lambda value: _encode(value).decode(),
}


def kinds(entity: type[Any]) -> dict[str, Kind]:
    """
    How each field of a dataclass is stored, in their order (`store.tables` says what a kind means).

    Raises:
        TypeError: A field has a type that no column holds.
    """
    hints = get_type_hints(entity)
    return {field.name: _kind(hints[field.name]) for field in fields(entity)}


def usual(entity: type[Any], *but: str) -> dict[str, Any]:
    """What a dataclass's fields are by default, less those that are named."""
    return {
        field.name: field.default
        for field in fields(entity)
        if field.default is not MISSING and field.name not in but
    }


def stored(entity: type[Any], name: str, value: Any) -> Any:
    """A value as the column of that field holds it; none of a secret's."""
    encode = _ENCODERS.get(kinds(entity)[name])
    return value if encode is None or value is None else encode(value)


def _kind(hint: Any) -> Kind:
    types = [each for each in get_args(hint) if each is not NoneType]
    if NoneType in get_args(hint) and len(types) == 1:
        return _kind(types[0])
    kind = _KINDS.get(get_origin(hint) or hint)
    if kind is None and is_dataclass(hint):
        return "json"
    if kind is None:
        raise TypeError(f"no column holds a {hint}")
    return kind


def _decoder(kind: Kind, hint: Any) -> Callable[[Any], Any]:
    """One for the field's own type where that is a dataclass, perhaps with None."""
    for each in (hint, *get_args(hint)):
        if is_dataclass(each):
            return msgspec.json.Decoder(each).decode
    return _DECODERS[kind]


def _is_tuple(hint: Any) -> bool:
    return (get_origin(hint) or hint) is tuple


class Record(Generic[T]):
    """
    Reads and writes one dataclass.

    Args:
        table: The name of the table where it lives; secrets are bound to it.
        entity: The frozen dataclass. Its first field is its id.
    """

    def __init__(self, table: str, entity: type[T]) -> None:
        by_name = kinds(entity)
        self.table = table
        self.entity = entity
        self._names = list(by_name)
        self.key = self._names[0]
        stored = list(enumerate(by_name.values()))
        hints = get_type_hints(entity)
        self._decoders = [
            (at, _decoder(kind, hints[self._names[at]])) for at, kind in stored if kind in _DECODERS
        ]
        # JSON has lists only: what is written and read again has to be equal to what it was.
        self._tuples = [at for at, name in enumerate(by_name) if _is_tuple(hints[name])]
        self._secrets = [(at, self._names[at]) for at, kind in stored if kind == "secret"]
        self._kinds = by_name
        self._plans: dict[str, _Plan] = {}
        self._equal = lru_cache(RECALLED)(self.read)
        self._same: dict[int, tuple[tuple[Any, ...], T]] = {}

    def recall(self, vault: Vault, row: tuple[Any, ...]) -> T:
        """
        As `read`; equal rows are equal entities, and the rows that are read most seldom change. To see that a
        row is the very same is quicker still than to compare: those that stand come back again and again.
        """
        same = self._same.get(id(row))
        if same is not None and same[0] is row:
            return same[1]
        entity = self._equal(vault, row)
        if len(self._same) >= RECALLED:
            self._same.clear()
        self._same[id(row)] = (row, entity)
        return entity

    def read(self, vault: Vault, row: tuple[Any, ...]) -> T:
        values = list(row[: len(self._names)])
        for at, decode in self._decoders:
            if values[at] is not None:
                values[at] = decode(values[at])
        for at in self._tuples:
            values[at] = tuple(values[at])
        for at, name in self._secrets:
            if values[at] is not None:
                place = f"{self.table}.{name}.{values[0]}"
                values[at] = Secret(vault.open(values[at], place).decode())
        return self.entity(*values)

    def read_all(self, vault: Vault, rows: Rows) -> list[T]:
        return [self.read(vault, row) for row in rows]

    def write(self, statement: Statement, vault: Vault, entity: T, **extra: Any) -> Run:
        """
        A statement that inserts or updates it, to be awaited.

        Args:
            extra: The columns that the dataclass does not have.
        """
        plan = self._plans.get(statement.name) or self._planned(statement)
        values = list(plan.values(entity))
        for at, encode in plan.encoders:
            if values[at] is not None:
                values[at] = encode(values[at])
        for at, name in plan.secrets:
            if values[at] is not None:
                place = f"{self.table}.{name}.{getattr(entity, self.key)}"
                values[at] = vault.seal(values[at].reveal().encode(), place)
        for at, name in plan.extra:
            values[at] = extra[name]
        return Run(statement, tuple(values))

    def _planned(self, statement: Statement) -> "_Plan":
        """From the order of the fields to that of the statement's parameters; `the_key` is the id."""
        fields_ = [name if name in self._kinds else self.key for name in statement.names]
        stored = [(at, name, self._kinds[name]) for at, name in enumerate(fields_)]
        own = {*self._kinds, "the_key"}
        plan = _Plan(
            attrgetter(*fields_),
            [(at, _ENCODERS[kind]) for at, _, kind in stored if kind in _ENCODERS],
            [(at, name) for at, name, kind in stored if kind == "secret"],
            [(at, name) for at, name in enumerate(statement.names) if name not in own],
        )
        self._plans[statement.name] = plan
        return plan


@dataclass(frozen=True, slots=True)
class _Plan:
    """How an entity becomes the parameters of one statement: what is done at which position."""

    values: Callable[[Any], tuple[Any, ...]]
    encoders: list[tuple[int, Callable[[Any], Any]]]
    secrets: list[tuple[int, str]]
    extra: list[tuple[int, str]]
