"""A whole server in a thread of its own, for tests whose other half is a browser."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

import uvicorn
from tests.transport.loopback import free_socket

from ostiary import app, providers, store
from ostiary.domain.provider import Brand
from ostiary.settings import read_settings
from ostiary.store.tx import Tx

EXAMPLE = "example_locks"


def brands() -> dict[str, Brand]:
    """The brands that there are, and the first once more under a name of its own: a picker needs two."""
    found = providers.load()
    first = next(iter(found.values()))
    manifest = replace(first.manifest, key=EXAMPLE, display_name="Example Locks")
    return {**found, EXAMPLE: replace(first, manifest=manifest)}


class Server(uvicorn.Server):
    """Leaves when it is told, not at the next tenth of a second; signals are the test runner's."""

    def __init__(self, asgi: Any) -> None:
        super().__init__(uvicorn.Config(asgi, lifespan="off", log_level="warning", access_log=False))
        self.leave = asyncio.Event()

    async def main_loop(self) -> None:
        await self.leave.wait()

    async def serve(self, sockets: Any = None) -> None:
        await self._serve(sockets)


class Running:
    """
    Attributes:
        house: What runs; use it inside `call` only.
        url: Its public URL.
    """

    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._listener = free_socket()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.brands = brands()
        manifests = {key: brand.manifest for key, brand in self.brands.items()}
        self._settings = read_settings({"OSTIARY_DATA_DIR": str(data_dir), **environment}, manifests)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="house")
        self.house: app.House
        self._server: Server

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(20)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.leave.set)
        self._thread.join(20)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._main())
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        with patch.object(providers, "load", lambda: self.brands):
            opening = app.opened(self._settings, self.url)
            self.house = await opening.__aenter__()
        try:
            await self._serve_until_left()
        finally:
            await opening.__aexit__(None, None, None)

    async def _serve_until_left(self) -> None:
        self._server = Server(self.house.asgi)
        async with self.house.engine():
            serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
            while not self._server.started:
                await asyncio.sleep(0.002)
            self._ready.set()
            await self._server.leave.wait()
            self._server.force_exit = True
            await serving

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def workspace(self, name: str, *, is_sandbox: bool = True) -> "Caller":
        """A new workspace, and somebody who may call its API."""

        async def create() -> tuple[Any, str]:
            database = self.house.database
            workspace = await database.write(store.workspaces.create, name, is_sandbox=is_sandbox)
            _, key = await database.write(store.workspaces.create_api_key, workspace, "tests")
            return workspace, key.reveal()

        return Caller(self, *self.call(create()))


class Caller:
    """The API of one workspace."""

    def __init__(self, running: Running, workspace: Any, api_key: str) -> None:
        self.running = running
        self.workspace = workspace
        self._api_key = api_key

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        request = Request(
            self.running.url + path,
            json.dumps(body).encode(),
            {"authorization": f"Bearer {self._api_key}", "content-type": "application/json"},
        )
        with urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def webview(self, **body: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.post("/connect_webviews/create", **body)["connect_webview"]
        return found

    def home(self, provider: str, email: str, **described: Any) -> None:
        """Found a home of that login in the sandbox's simulated cloud."""
        base = f"/ostiary/sandbox/{self.workspace.workspace_id}/{provider}/_simulator"
        self.post(f"{base}/homes", home=email, **described)

    def again(self, webview: Mapping[str, Any]) -> dict[str, Any]:
        """The webview as it stands now."""
        identifier = webview["connect_webview_id"]
        found: dict[str, Any] = self.post("/connect_webviews/get", connect_webview_id=identifier)[
            "connect_webview"
        ]
        return found

    def later(self, hours: float) -> None:
        """Move the sandbox's clock."""

        async def move(tx: Tx) -> None:
            now = self.workspace.at(tx.real_now) + timedelta(hours=hours)
            self.workspace = self.workspace.with_clock(now, is_frozen=False, real_now=tx.real_now)
            await store.workspaces.set_clock(tx, self.workspace)

        self.running.call(self.running.house.database.write(move))

    def events(self, *event_types: str) -> list[str]:
        """What happened of these, oldest first."""
        found = self.post("/events/list", since="2000-01-01", event_types=list(event_types))["events"]
        return [event["event_type"] for event in reversed(found)]


@contextmanager
def running(data_dir: Path, **environment: str) -> Iterator[Running]:
    """A server for the time of the block. Simulated vendors are quick: they pace themselves by nothing."""
    server = Running(data_dir, {"OSTIARY_SANDBOX_PACE": "0", "OSTIARY_RATE_LIMITS": "off", **environment})
    server.start()
    try:
        yield server
    finally:
        server.stop()
