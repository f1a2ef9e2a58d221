"""The event stream of a real server, over real sockets."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from ostiary import app, store
from ostiary.domain.events import event
from ostiary.store.opening import open_database
from ostiary.store.tx import Database, Tx
from ostiary.wire.stream import PATH

from . import processes


def data(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def raw(url: str, key: str) -> socket.socket:
    """A connection that asks for the stream from the beginning, and then does not read."""
    place = urlsplit(url)
    connection = socket.create_connection((place.hostname, place.port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(
        f"GET {PATH}?last_event_id={'0' * 8}-0000-0000-0000-{'0' * 12} HTTP/1.1\r\n"
        f"host: {place.netloc}\r\nauthorization: Bearer {key}\r\n\r\n".encode()
    )
    return connection


@asynccontextmanager
async def at_the_database(folder: Path) -> AsyncIterator[Database]:
    """Of a server that runs, or of none."""
    key = base64.b64decode((folder / "secret.key").read_text())
    database = await open_database(f"sqlite:///{folder / 'ostiary.db'}", [key], app.now)
    try:
        yield database
    finally:
        await database.close()


async def many_events(folder: Path, count: int, size: int = 10) -> None:
    """As another process would make them."""

    async def write(tx: Tx) -> None:
        workspace = await store.workspaces.find(tx, "sandbox")
        assert workspace is not None
        for _ in range(count):
            tx.emit(event("device.added", workspace.workspace_id, tx.now, customer_key="x" * size))

    async with at_the_database(folder) as database:
        await database.write(write)


def test_a_server_with_open_streams_stops_in_time(tmp_path: Path) -> None:
    """Those who read get a proper end; who does not is left behind."""
    with processes.serving(tmp_path, OSTIARY_RATE_LIMITS="off") as server, ExitStack() as stack:
        key = processes.api_key(tmp_path)
        headers = {"authorization": f"Bearer {key}"}
        http = stack.enter_context(httpx.Client(base_url=server.url, headers=headers, timeout=20))
        streams = [stack.enter_context(http.stream("GET", PATH)) for _ in range(3)]
        assert {stream.status_code for stream in streams} == {200}
        silent = stack.enter_context(raw(server.url, key))
        asyncio.run(many_events(tmp_path, 3000, 3000))  # more than the buffers hold
        lines = [stream.iter_lines() for stream in streams]
        assert {next(data(each))["event_type"] for each in lines} == {"device.added"}
        silent.settimeout(5)
        assert silent.recv(100).startswith(b"HTTP/1.1 200")
        # As clients do, they read all the time. One that is behind when the server stops has to come back.
        readers = stack.enter_context(ThreadPoolExecutor(len(lines)))
        seen: list[list[Any]] = [[] for _ in lines]
        reading = [readers.submit(kept.extend, data(each)) for kept, each in zip(seen, lines, strict=True)]
        patience = time.monotonic() + 30
        while any(len(kept) < 2999 for kept in seen):
            assert time.monotonic() < patience, [len(kept) for kept in seen]
            time.sleep(0.01)
        began = time.monotonic()
        assert server.end(processes.END_SECONDS) == 0
        assert time.monotonic() - began < processes.END_SECONDS
        for each in reading:
            each.result(20)  # httpx raises where an answer has no proper end
        assert "Traceback" not in server.log.read_text()
