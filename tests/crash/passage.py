"""
The road between Ostiary and its vendor, with trapdoors.

A plain relay over sockets. It writes down every write that passes and, where a trap is set, ends the server
at the one place that the trap names: before the vendor has the write, after the vendor has it but not its
answer, around the commit that follows the answer, or with the write still on the road.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

Place = Literal["before", "after", "around", "on_the_road"]
PLACES: Final[tuple[Place, ...]] = ("before", "after", "around", "on_the_road")
"""
`before`: the write never arrives. `after`: it arrives, its answer does not. `around`: so many milliseconds
after the answer. `on_the_road`: it arrives seconds after its sender has died.
"""


@dataclass
class Write:
    """
    One write that a server sent to the vendor.

    Attributes:
        at: Monotonic time at which the vendor was given it; None: never.
        place: The trap that it ran into.
    """

    method: str
    path: str
    body: dict[str, Any]
    left_at: float
    at: float | None = None
    status: int | None = None
    place: Place | None = None

    @property
    def is_action(self) -> bool:
        return self.path.endswith(("/action", "/locking"))

    @property
    def is_taken(self) -> bool:
        return self.status in (200, 204)


@dataclass
class Trap:
    """Strikes at the `countdown`-th write; `delay` seconds as the place understands them."""

    place: Place
    countdown: int
    delay: float


@dataclass
class Passage:
    """
    Attributes:
        strike: Ends the server, now.
        is_watched: Whether a write can be trapped.
    """

    vendor_url: str
    strike: Callable[[], None]
    is_watched: Callable[[Write], bool] = lambda write: True
    writes: list[Write] = field(default_factory=list)
    trap: Trap | None = None
    url: str = ""
    _late: set["asyncio.Task[None]"] = field(default_factory=set)

    async def open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return server

    async def close(self, server: asyncio.Server) -> None:
        await asyncio.gather(*self._late, return_exceptions=True)
        server.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._relay(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = [line for line in lines[1:] if line and not line.lower().startswith("connection:")]
        length = next((int(h.split(":")[1]) for h in headers if h.lower().startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        request = "\r\n".join([lines[0], *headers, "Connection: close", "", ""]).encode("latin-1") + body
        if method == "GET" or not path.startswith(("/smartlock", "/v1")):
            writer.write(await self._ask(request))
            await writer.drain()
            return
        write = Write(method, path, json.loads(body) if body else {}, time.monotonic())
        self.writes.append(write)
        trap = self._sprung(write)
        if trap is None:
            answer = await self._deliver(write, request)
            writer.write(answer)
            await writer.drain()
            return
        write.place = trap.place
        if trap.place == "before":
            self.strike()
        elif trap.place == "on_the_road":
            self.strike()
            task = asyncio.create_task(self._arrive_late(write, request, trap.delay))
            self._late.add(task)
        elif trap.place == "after":
            await self._deliver(write, request)
            self.strike()
        else:
            writer.write(await self._deliver(write, request))
            await writer.drain()
            await asyncio.sleep(trap.delay)
            self.strike()

    def _sprung(self, write: Write) -> Trap | None:
        trap = self.trap
        if trap is None or not self.is_watched(write):
            return None
        trap.countdown -= 1
        if trap.countdown > 0:
            return None
        self.trap = None
        return trap

    async def _arrive_late(self, write: Write, request: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._deliver(write, request)

    async def _deliver(self, write: Write, request: bytes) -> bytes:
        write.at = time.monotonic()
        answer = await self._ask(request)
        write.status = int(answer.split(b" ", 2)[1])
        return answer

    async def _ask(self, request: bytes) -> bytes:
        """The vendor's whole answer, as it came."""
        parts = urlsplit(self.vendor_url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(request)
            return await reader.read()
        finally:
            writer.close()
