"""Keyset pagination: ascending by creation, then id; a page asks for one row more than it shows."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Column, and_, bindparam, or_
from sqlalchemy.sql import Select


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The first row of a page. The default is before every row."""

    created_at_ms: int = -1
    row_id: str = ""

    def params(self) -> dict[str, Any]:
        return {"from_at": self.created_at_ms, "from_id": self.row_id}


def page(clause: Select[Any], created_at: Column[Any], row_id: Column[Any]) -> Select[Any]:
    """`clause` from a position on (`from_at`, `from_id`), at most `limit` rows."""
    at: BindParameter[int] = bindparam("from_at")
    key: BindParameter[str] = bindparam("from_id")
    return (
        clause.where(created_at >= at, or_(created_at > at, and_(created_at == at, row_id >= key)))
        .order_by(created_at, row_id)
        .limit(bindparam("limit"))
    )
