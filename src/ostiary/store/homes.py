"""The simulated vendors of one sandbox workspace: state in a table, encrypted, saved before they answer."""

from collections.abc import Sequence

from .sql import Statement
from .tx import Database, Tx

_GET = Statement("virtual_homes.get")
_INSERT = Statement("virtual_homes.insert")
_SAVE = Statement("virtual_homes.save")
_NAMES = Statement("virtual_homes.names")


class WorkspaceHomes:
    """A `HomeStore` (`domain.provider`) in Ostiary's own database, shared by all its processes."""

    def __init__(self, database: Database, workspace_id: str, provider: str) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._provider = provider

    async def load(self, home: str) -> tuple[bytes | None, int]:
        async def query(tx: Tx) -> tuple[bytes | None, int]:
            rows = await _GET(**self._key(home))
            if not rows:
                return None, 0
            return tx.vault.open(rows[0][0], self._place(home)), int(rows[0][1])

        return await self._database.read(query)

    async def save(self, home: str, state: bytes, version: int) -> bool:
        async def command(tx: Tx) -> bool:
            blob = tx.vault.seal(state, self._place(home))
            if version == 0:
                if await _GET(**self._key(home)):
                    return False
                await _INSERT(
                    workspace_id=self._workspace_id, provider=self._provider, home=home, version=1, state=blob
                )
                return True
            rows = await _SAVE(**self._key(home), old=version, new=version + 1, blob=blob)
            return bool(rows[0][0])

        return await self._database.write(command)

    async def homes(self) -> Sequence[str]:
        async def query(tx: Tx) -> list[str]:
            rows = await _NAMES(ws=self._workspace_id, by_provider=self._provider)
            return [row[0] for row in rows]

        return await self._database.read(query)

    def _key(self, home: str) -> dict[str, str]:
        return {"ws": self._workspace_id, "by_provider": self._provider, "by_home": home}

    def _place(self, home: str) -> str:
        return f"virtual_homes.state.{self._workspace_id}/{self._provider}/{home}"
