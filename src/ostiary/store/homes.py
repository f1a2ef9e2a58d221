"""The simulated vendors of one sandbox workspace: state in a table, encrypted, saved before they answer."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from .sql import Statement
from .tx import Database, Tx

T = TypeVar("T")
_GET = Statement("virtual_homes.get")
_INSERT = Statement("virtual_homes.insert")
_SAVE = Statement("virtual_homes.save")
_NAMES = Statement("virtual_homes.names")


Home = tuple[str, str, str]
"""Workspace, provider, and the home's name."""


async def change_one(
    tx: Tx, workspace_id: str, provider: str, change: Callable[[bytes], tuple[bytes, T] | None]
) -> T | None:
    """
    Change the first simulated home that `change` gives a new state for; with what it found out. None: it had
    nothing to change in any.
    """
    for row in await _NAMES(ws=workspace_id, by_provider=provider):
        home = (workspace_id, provider, row[0])
        state, version = await _load(tx, home)
        changed = None if state is None else change(state)
        if changed is not None:
            assert await _save(tx, home, changed[0], version), "nobody else saves in this transaction"
            return changed[1]
    return None


async def _load(tx: Tx, home: Home) -> tuple[bytes | None, int]:
    rows = await _GET(**_key(home))
    return (tx.vault.open(rows[0][0], _place(home)), int(rows[0][1])) if rows else (None, 0)


async def _save(tx: Tx, home: Home, state: bytes, version: int) -> bool:
    blob = tx.vault.seal(state, _place(home))
    if version == 0:
        if await _GET(**_key(home)):
            return False
        await _INSERT(workspace_id=home[0], provider=home[1], home=home[2], version=1, state=blob)
        return True
    rows = await _SAVE(**_key(home), old=version, new=version + 1, blob=blob)
    return bool(rows[0][0])


def _key(home: Home) -> dict[str, str]:
    return {"ws": home[0], "by_provider": home[1], "by_home": home[2]}


def _place(home: Home) -> str:
    return f"virtual_homes.state.{home[0]}/{home[1]}/{home[2]}"


class WorkspaceHomes:
    """A `HomeStore` (`domain.provider`) in Ostiary's own database, shared by all its processes."""

    def __init__(self, database: Database, workspace_id: str, provider: str) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._provider = provider

    async def load(self, home: str) -> tuple[bytes | None, int]:
        return await self._database.read(_load, self._home(home))

    async def save(self, home: str, state: bytes, version: int) -> bool:
        return await self._database.write(_save, self._home(home), state, version)

    async def homes(self) -> Sequence[str]:
        async def query(tx: Tx) -> list[str]:
            rows = await _NAMES(ws=self._workspace_id, by_provider=self._provider)
            return [row[0] for row in rows]

        return await self._database.read(query)

    def _home(self, home: str) -> Home:
        return self._workspace_id, self._provider, home
