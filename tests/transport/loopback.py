"""Small servers on 127.0.0.1, each on a free port, gone when the test leaves the block."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn

from ostiary.domain.provider import AsgiApp
from ostiary.transport.network import NetworkHttp


@asynccontextmanager
async def network(*, connections: int = 256, max_body: int = 8 * 1024 * 1024) -> AsyncIterator[NetworkHttp]:
    """A transport that is closed at the end, whatever happened."""
    http = NetworkHttp(connections=connections, max_body=max_body)
    try:
        yield http
    finally:
        await http.close()


def free_socket() -> socket.socket:
    # With the protocol named: asyncio turns Nagle's delay (40 ms a request) off only for sockets that
    # say that they are TCP, and an accepted socket says what its listener says.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    return listener


class _Server(uvicorn.Server):
    """Leaves when it is told, not at the next tenth of a second."""

    def __init__(self, app: AsgiApp) -> None:
        super().__init__(uvicorn.Config(app, lifespan="off", log_level="critical", access_log=False))
        self.leave = asyncio.Event()

    async def main_loop(self) -> None:
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's with `force_exit`, but its tenth of a second ends when nobody is connected."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        until = time.monotonic() + 0.1
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < until:
            await asyncio.sleep(0.001)
        for server in self.servers:
            await server.wait_closed()
        for listener in sockets or ():
            listener.close()


@asynccontextmanager
async def serving(app: AsgiApp, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """Run an ASGI application on uvicorn; gives its URL."""
    listener = listener or free_socket()
    server = _Server(app)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.002)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.force_exit = True
        server.leave.set()
        await task


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """Run a bare TCP server, for what no HTTP server would do; gives its port."""
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)
