"""A receiver of webhooks on 127.0.0.1 that does what a test tells it, and remembers what came."""

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from .transport.loopback import listening


@dataclass
class Parcel:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def event_id(self) -> str:
        return str(self.event["event_id"])


@dataclass(frozen=True)
class Reply:
    """
    What a request is answered with.

    Attributes:
        after: Seconds before anything is sent; `None` status: the connection is cut instead.
        raw: Sent instead of an answer, byte by byte.
    """

    status: int | None = 200
    after: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    raw: bytes | None = None


Behaviour = Callable[[Parcel], Reply]


class Receiver:
    """
    Several addresses on one port, one per path.

    Attributes:
        parcels: Everything that came, in order.
        behaviour: Decides on the reply; asked when the request is whole.
    """

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.behaviour: Behaviour = lambda _: Reply()
        self.open_now: defaultdict[str, int] = defaultdict(int)
        self.most_at_once: defaultdict[str, int] = defaultdict(int)
        self.port = 0

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def at(self, path: str = "/hook") -> list[Parcel]:
        return [parcel for parcel in self.parcels if parcel.path == path]

    async def until(
        self, is_right: Callable[[list[Parcel]], bool], seconds: float = 15, path: str = "/hook"
    ) -> list[Parcel]:
        """Fails with what has come instead."""
        patience = time.monotonic() + seconds
        while not is_right(self.at(path)):
            assert time.monotonic() < patience, [parcel.event for parcel in self.at(path)]
            await asyncio.sleep(0.005)
        return self.at(path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                parcel = await _read(reader)
                if parcel is None:
                    return
                self.parcels.append(parcel)
                reply = self.behaviour(parcel)
                self.open_now[parcel.path] += 1
                self.most_at_once[parcel.path] = max(
                    self.most_at_once[parcel.path], self.open_now[parcel.path]
                )
                try:
                    await asyncio.sleep(reply.after)
                finally:
                    self.open_now[parcel.path] -= 1
                if reply.status is None and reply.raw is None:
                    return
                writer.write(reply.raw if reply.raw is not None else _written(reply))
                await writer.drain()
                if reply.raw is not None:
                    return


async def _read(reader: asyncio.StreamReader) -> Parcel | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Parcel(first.split(" ")[1], headers, body)


def _written(reply: Reply) -> bytes:
    headers = {"content-length": str(len(reply.body)), **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} Whatever\r\n{lines}\r\n".encode() + reply.body


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with listening(receiver._serve) as port:
        receiver.port = port
        yield receiver
