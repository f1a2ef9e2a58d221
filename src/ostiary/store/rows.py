"""
Between rows and frozen dataclasses, by the kind that each column declares (`store.tables`).

A `Record` is made once per table and dataclass. The dataclass's fields are the columns of the same names;
columns that the dataclass does not have are written from extra parameters and skipped in reading.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

import msgspec
from sqlalchemy import Column, Table, bindparam, insert, select, update
from sqlalchemy.sql import Select

from ..domain.instants import from_ms, to_ms
from ..domain.secrets import Secret
from .sql import Rows, Statement
from .vault import Vault

T = TypeVar("T")
RECALLED: Final = 1024
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Record(Generic[T]):
    """
    Reads and writes one dataclass.

    Args:
        table: Where it lives. The first primary-key column is its id.
        entity: The frozen dataclass.
    """

    def __init__(self, table: Table, entity: type[T]) -> None:
        names = [field.name for field in fields(entity)]  # type: ignore[arg-type]
        self.table = table
        self.entity = entity
        self.columns: list[Column[Any]] = [table.c[name] for name in names]
        self.key = next(iter(table.primary_key.columns)).name
        self._key_at = names.index(self.key)
        self._names = names
        decoders = [(at, _decoder(column)) for at, column in enumerate(self.columns)]
        self._decoders = [(at, decode) for at, decode in decoders if decode is not None]
        self._secrets = [(at, name) for at, name in enumerate(names) if _kind(table.c[name]) == "secret"]
        self._values = attrgetter(*names)
        encoders = [(at, _encoder(column)) for at, column in enumerate(self.columns)]
        self._encoders = [(at, encode) for at, encode in encoders if encode is not None]
        self.recall = lru_cache(RECALLED)(self.read)
        """As `read`; equal rows are equal entities, and the rows that are read most seldom change."""

    def select(self) -> Select[Any]:
        return select(*self.columns)

    def insert(self, *extra: str) -> Statement:
        """A statement that writes every field; `extra` names columns beyond the dataclass."""
        values: dict[str, Any] = {name: bindparam(name) for name in (*self._names, *extra)}
        return Statement(f"{self.table.name}.insert", insert(self.table).values(values))

    def update(self, *extra: str, without: tuple[str, ...] = ()) -> Statement:
        """A statement that writes every field but the id of the row `the_key`."""
        columns = [n for n in (*self._names, *extra) if n != self.key and n not in without]
        clause = (
            update(self.table)
            .where(self.table.c[self.key] == bindparam("the_key"))
            .values({name: bindparam(name) for name in columns})
        )
        return Statement(f"{self.table.name}.update", clause)

    def read(self, vault: Vault, row: tuple[Any, ...]) -> T:
        values = list(row[: len(self._names)])
        for at, decode in self._decoders:
            if values[at] is not None:
                values[at] = decode(values[at])
        for at, name in self._secrets:
            if values[at] is not None:
                place = f"{self.table.name}.{name}.{values[self._key_at]}"
                values[at] = Secret(vault.open(values[at], place).decode())
        return self.entity(*values)

    def read_all(self, vault: Vault, rows: Rows) -> list[T]:
        return [self.read(vault, row) for row in rows]

    def params(self, vault: Vault, entity: T) -> dict[str, Any]:
        """Parameters for `insert` and `update` (with `the_key`)."""
        values = list(self._values(entity))
        key = values[self._key_at]
        for at, encode in self._encoders:
            if values[at] is not None:
                values[at] = encode(values[at])
        for at, name in self._secrets:
            if values[at] is not None:
                values[at] = vault.seal(values[at].reveal().encode(), f"{self.table.name}.{name}.{key}")
        params = dict(zip(self._names, values, strict=True))
        params["the_key"] = key
        return params

    def update_params(self, vault: Vault, entity: T, *without: str) -> dict[str, Any]:
        params = self.params(vault, entity)
        for name in (self.key, *without):
            params.pop(name, None)
        return params

    def insert_params(self, vault: Vault, entity: T) -> dict[str, Any]:
        params = self.params(vault, entity)
        del params["the_key"]
        return params


def _kind(column: Column[Any]) -> str | None:
    kind = column.info.get("kind")
    return kind if isinstance(kind, str) else None


def _decoder(column: Column[Any]) -> Callable[[Any], Any] | None:
    decoders: dict[str, Callable[[Any], Any]] = {"instant": from_ms, "flag": bool, "json": _decode}
    return decoders.get(_kind(column) or "")


def _encoder(column: Column[Any]) -> Callable[[Any], Any] | None:
    """None: stored as it is, or a secret, which needs the vault."""
    encoders: dict[str, Callable[[Any], Any]] = {
        "instant": to_ms,
        "flag": int,
        "json": lambda value: _encode(value).decode(),
    }
    return encoders.get(_kind(column) or "")
