"""However a new code is inserted, it is read as what it was."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ostiary import store
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.secrets import Secret
from ostiary.domain.weekly_windows import WeeklyWindow
from ostiary.store.rows import usual
from ostiary.store.sql import Params, Run, Statement
from ostiary.store.tx import Tx

from .opened import add_code, found_all, opened

UNUSUAL: dict[str, Any] = {
    "was_sent": True,
    "vendor_code_id": "7",
    "confirmed_at": datetime(2026, 7, 1, tzinfo=UTC),
    "confirmed_code": Secret("345678"),
    "errors": ({"error_code": "x", "message": "y"},),
    "conversion": "pending",
    "is_backup": True,
    "drift": "modified",
    "undone": 2,
}
WINDOW = {"weekly_window": WeeklyWindow((0, 6), 480, 600)}


@pytest.mark.parametrize("changes", [{}, WINDOW, *({name: value} for name, value in UNUSUAL.items())])
async def test_what_is_inserted_is_read(
    database_url: str, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    run: list[str] = []
    made = Run.__init__

    def noted(self: Run, statement: Statement, params: Params) -> None:
        run.append(statement.name)
        made(self, statement, params)

    async with opened(database_url) as database:
        _, _, device = await database.write(found_all)
        first = await database.write(add_code, device)
        code = replace(first, access_code_id="another", code_hash="of another", **changes)

        async def insert(tx: Tx) -> None:
            await store.access_codes.insert_code(tx, code)

        monkeypatch.setattr(Run, "__init__", noted)
        await database.write(insert)
        assert await database.read(store.access_codes.find, "another") == replace(code, code=first.code)
        is_usual = not set(changes) & set(usual(AccessCode, "weekly_window"))
        assert ("access_codes.insert_usual" in run) == is_usual
        assert ("access_codes.insert" in run) != is_usual
