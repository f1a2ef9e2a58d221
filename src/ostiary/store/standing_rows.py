"""
Rows that stand until their table is written: what the one writer has read of keys, devices, accounts and
webhooks, it need not read again.

They are read by nearly every write, are wide, and seldom change. Whatever could change them ends all of them:
a statement that changed a row of such a table or deleted anything (which may cascade), a rollback, and a
commit of another process.
"""

from typing import Final

from .sql import Call, Rows

MOST: Final = 2048


class StandingRows:
    """Of one connection, which holds the write lock whenever it asks."""

    def __init__(self) -> None:
        self._rows: dict[Call, Rows] = {}
        self._version: int | None = None

    def begin(self, version: int) -> None:
        """A transaction begins; `version` is another when others have committed since the last."""
        if version != self._version:
            self._version = version
            self._rows.clear()

    def find(self, call: Call) -> Rows | None:
        return self._rows.get(call)

    def keep(self, call: Call, rows: Rows) -> None:
        if len(self._rows) >= MOST:
            self._rows.clear()
        self._rows[call] = rows

    def end(self) -> None:
        self._rows.clear()
