"""A client of the event stream that a test holds by the hand: it reads what it wants, when it wants."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ostiary.wire.stream import PATH


@dataclass
class Block:
    """What stands between two empty lines of a stream."""

    id: str | None = None
    event: str | None = None
    data: str | None = None
    comments: list[str] = field(default_factory=list)
    retry: int | None = None

    @property
    def body(self) -> dict[str, Any]:
        assert self.data is not None
        found: dict[str, Any] = json.loads(self.data)
        return found


def parsed(text: str) -> Block:
    block = Block()
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "":
            block.comments.append(value)
        elif name == "data":
            assert block.data is None, "more than one line of data"
            block.data = value
        elif name == "retry":
            block.retry = int(value)
        else:
            assert name in ("id", "event"), line
            setattr(block, name, value)
    return block


class Client:
    """
    One connection to an ASGI application.

    Attributes:
        room: How many more messages the client takes before `send` has to wait.
    """

    def __init__(self, app: Any, key: str, query: dict[str, Any], headers: dict[str, str]) -> None:
        given = {"authorization": f"Bearer {key}", **headers}
        self._scope = {
            "type": "http",
            "method": "GET",
            "path": PATH,
            "query_string": urlencode(query, doseq=True).encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        self.status = 0
        self.headers: dict[str, str] = {}
        self.taken = 0
        self.room = asyncio.Semaphore(1_000_000)
        self.is_complete = False
        self._text = ""
        self._news = asyncio.Event()
        self._left = asyncio.Event()
        self.task = asyncio.create_task(app(self._scope, self._receive, self._send))
        self.task.add_done_callback(lambda _: self._news.set())

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.room.acquire()
        self.taken += 1
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self._text += message["body"].decode()
            self.is_complete = not message.get("more_body", False)
        self._news.set()

    async def block(self, seconds: float = 10) -> Block:
        async with asyncio.timeout(seconds):
            while "\n\n" not in self._text:
                assert not self.task.done(), f"the stream has ended: {self.status} {self._text}"
                self._news.clear()
                await self._news.wait()
        text, _, self._text = self._text.partition("\n\n")
        return parsed(text)

    async def event(self, seconds: float = 10) -> Block:
        async with asyncio.timeout(seconds):
            while (block := await self.block(seconds)).data is None:
                continue
        return block

    async def events(self, count: int, seconds: float = 20) -> list[Block]:
        async with asyncio.timeout(seconds):
            return [await self.event(seconds) for _ in range(count)]

    async def begun(self) -> Block:
        """Past the head and the first block, which has no event."""
        block = await self.block()
        assert self.status == 200
        assert (block.retry, block.data) == (2000, None)
        return block

    async def silent(self, seconds: float = 0.2) -> None:
        with contextlib.suppress(TimeoutError):
            block = await self.event(seconds)
            raise AssertionError(f"not silent: {block}")

    async def ended(self, seconds: float = 5) -> str:
        """What it said until its end."""
        async with asyncio.timeout(seconds):
            await asyncio.wait({self.task})
        self.task.result()
        return self._text

    def leave(self) -> None:
        self._left.set()


@asynccontextmanager
async def listening(
    app: Any, key: str, *, headers: dict[str, str] | None = None, **query: Any
) -> AsyncIterator[Client]:
    """Connected for the time of the block."""
    client = Client(app, key, query, headers or {})
    try:
        yield client
    finally:
        client.leave()
        client.room = asyncio.Semaphore(1_000_000)
        await client.ended()
