"""
A receiver of webhooks that costs as little as it can: it reads a request, notes when it was whole, answers.

`python -m bench.receiver` prints its URL. Requests to `/dead` are noted and never answered. Its own controls
are GETs: `/hold` keeps answers back until `/open`; `/until/N` answers when N requests have been answered or
held since the last `/take`, which tells of all of them.
"""

import asyncio
import json
import re
import time
from typing import Any, cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class _Desk:
    """What the connections share."""

    def __init__(self) -> None:
        self.came: list[tuple[float, bytes]] = []
        self.living = 0
        self.is_holding = False
        self.held: list[asyncio.Transport] = []
        self.dead: list[asyncio.Transport] = []
        self.waiter: tuple[int, asyncio.Transport] | None = None

    def receive(self, request: bytes, transport: asyncio.Transport) -> None:
        if request.startswith(b"GET "):
            self.control(request[4 : request.index(b" ", 4)].decode(), transport)
            return
        self.came.append((time.monotonic(), request))
        if request.startswith(b"POST /dead "):
            self.dead.append(transport)
            return
        self.living += 1
        if self.is_holding:
            self.held.append(transport)
        else:
            transport.write(_OK)
        self.tell_waiter()

    def control(self, path: str, transport: asyncio.Transport) -> None:
        if path.startswith("/until/"):
            self.waiter = (int(path.removeprefix("/until/")), transport)
            self.tell_waiter()
        elif path == "/take":
            came, self.came, self.living = self.came, [], 0
            for hanging in self.dead:
                hanging.abort()
            self.dead.clear()
            answer(transport, [_told(at, request) for at, request in came])
        else:
            self.is_holding = path == "/hold"
            at = time.monotonic()
            for each in () if self.is_holding else self.held:
                each.write(_OK)
            self.held.clear()
            answer(transport, at)

    def tell_waiter(self) -> None:
        if self.waiter is not None and self.living >= self.waiter[0]:
            answer(self.waiter[1], self.came[-1][0] if self.came else time.monotonic())
            self.waiter = None


def answer(transport: asyncio.Transport, value: Any) -> None:
    body = json.dumps(value).encode()
    transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))


def _told(at: float, request: bytes) -> dict[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {"at": at, "path": first.split(" ")[1], "headers": headers, "body": body.decode()}


class _Connection(asyncio.Protocol):
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk
        self._transport: asyncio.Transport | None = None
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own are no subclass

    def data_received(self, data: bytes) -> None:
        self._data = data = self._data + data if self._data else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(data, 0, end)
        if len(data) < end + 4 + (int(length[1]) if length else 0):
            return
        self._data = b""
        assert self._transport is not None
        self._desk.receive(data, self._transport)  # nobody here sends the next before the answer


async def _serve() -> None:
    desk = _Desk()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(desk), "127.0.0.1", 0, backlog=1024
    )
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
