"""Keyset pagination: ascending by creation, then id; a page asks for one row more than it shows."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The first row of a page. The default is before every row."""

    created_at_ms: int = -1
    row_id: str = ""

    def params(self) -> dict[str, Any]:
        """For statements that `page` of `store.statements` made."""
        return {"from_at": self.created_at_ms, "from_id": self.row_id}
