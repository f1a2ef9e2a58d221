"""A production workspace and a vendor that tells it what happens, each behind a port of 127.0.0.1."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from ostiary import app, providers, store
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.domain.secrets import Secret
from ostiary.simulation import MemoryHomes, ShiftableClock
from ostiary.store.tx import Tx

from .. import databases, processes
from ..house import Seen, settings_for
from ..transport.loopback import free_socket, network, serving

LOGIN = "ann@example.com"


@dataclass
class Vendor:
    """The simulated cloud, on its port."""

    app: Any
    url: str

    async def ask(self, method: str, path: str, **fields: Any) -> Any:
        async with httpx.AsyncClient(timeout=20, verify=False) as http:
            body: dict[str, Any] = {"params": fields} if method == "GET" else {"json": fields}
            answer = await http.request(method, f"{self.url}{path}", **body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def control(self, method: str, verb: str, **fields: Any) -> Any:
        return await self.ask(method, f"/_simulator/{verb}", **{"home": LOGIN, **fields})

    async def hooks(self) -> list[Any]:
        found: list[Any] = await self.app.look(LOGIN, lambda home: list(home.hooks))
        return found

    async def sent(self) -> list[Any]:
        """The log of messages."""
        found: list[Any] = await self.app.look(LOGIN, lambda home: list(home.sent))
        return found

    async def asked(self, path: str) -> int:
        """How often that path was read."""
        lines = (await self.control("GET", "requests"))["requests"]
        return sum(line["method"] == "GET" and line["path"] == path for line in lines)


@dataclass
class Told:
    """The open house, with an account that is connected, if it was asked for."""

    house: app.House
    url: str
    key: str
    vendor: Vendor

    async def call(self, path: str, **body: Any) -> dict[str, Any]:
        return await asyncio.to_thread(processes.call, self.url, self.key, path, **body)

    async def connect(self) -> dict[str, Any]:
        """Log in as a person does; the first device."""
        devices = await asyncio.to_thread(processes.connect, self.url, self.key, LOGIN, "nuki")
        return dict(devices[0])

    async def another_workspace(self) -> str:
        """A key to it."""
        return await self.house.database.write(_workspace)

    async def account(self) -> ConnectedAccount:
        async def find(tx: Tx) -> ConnectedAccount:
            for workspace in await store.workspaces.list_all(tx):
                for account in await store.connected_accounts.list_all(tx, workspace.workspace_id):
                    return account
            raise AssertionError("there is no account")

        return await self.house.database.read(find)

    async def registered(self) -> ConnectedAccount:
        """Told of everything, and done with the look that closes the gap before."""

        def is_settled(account: ConnectedAccount) -> bool:
            soon = app.now() + timedelta(minutes=30)
            return account.has_notices and account.poll_at is not None and account.poll_at > soon

        return await self.until(self.account, is_settled)

    async def until(
        self, look: Callable[[], Awaitable[Seen]], is_right: Callable[[Seen], bool], seconds: float = 8
    ) -> Seen:
        loop = asyncio.get_running_loop()
        patience = loop.time() + seconds
        while not is_right(seen := await look()):
            assert loop.time() < patience, f"still not right: {seen}"
            await asyncio.sleep(0.02)
        return seen

    async def is_locked(self, device_id: str) -> bool:
        found = await self.call("/devices/get", device_id=device_id)
        return bool(found["device"]["properties"]["locked"])

    async def post(self, path: str, body: bytes, **headers: str) -> int:
        async with httpx.AsyncClient(timeout=20, verify=False) as http:
            return (await http.post(f"{self.url}{path}", content=body, headers=headers)).status_code


@asynccontextmanager
async def a_vendor(*, is_told: bool = True) -> AsyncIterator[Vendor]:
    listener = free_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with network() as http:
        simulator: Any = providers.load()["nuki"].simulator(
            MemoryHomes(),
            ShiftableClock(),
            url=url,
            client_id="client",
            client_secret=Secret("secret-of-client"),
            pace=0,
            http=http if is_told else None,
        )
        try:
            async with serving(simulator, listener):
                yield Vendor(simulator, url)
        finally:
            await simulator.close()


@asynccontextmanager
async def a_house(
    folder: Path, vendor: Vendor, database_url: str | None = None, *, host: str = "127.0.0.1", **env: str
) -> AsyncIterator[Told]:
    """Opened on a port; the same folder or database opened again is the same house."""
    settings = settings_for(
        folder,
        database_url,
        OSTIARY_NUKI_API_URL=vendor.url,
        OSTIARY_NUKI_CLIENT_ID="client",
        OSTIARY_NUKI_CLIENT_SECRET="secret-of-client",
        **{"OSTIARY_NUKI_WEBHOOKS": "on", **env},
    )
    await databases.migrate(settings.database_url)
    listener = free_socket()
    public_url = f"http://{host}:{listener.getsockname()[1]}"
    async with app.opened(settings, public_url) as house:
        key = await house.database.write(_workspace)
        async with serving(house.asgi, listener), house.engine():
            yield Told(house, public_url, key, vendor)


def body_of(**content: Any) -> bytes:
    return json.dumps(content).encode()


async def _workspace(tx: Tx) -> str:
    workspace = await store.workspaces.create(tx, f"told {uuid4()}", is_sandbox=False)
    _, token = await store.workspaces.create_api_key(tx, workspace, "test")
    return token.reveal()
