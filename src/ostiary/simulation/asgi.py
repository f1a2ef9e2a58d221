"""The mechanics of ASGI for a simulated cloud: reading a request, answering it, and not answering it."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlsplit

from ostiary.domain.provider import Receive, Scope, Send

from .answers import Answer
from .calls import Incoming

_BODY_MOST = 1_000_000


class ConnectionDropped(ConnectionAbortedError):
    """The simulated connection broke: the client gets no answer, whether or not the request was done."""


async def read_body(receive: Receive) -> bytes | None:
    """None: more than anybody would send to such an API."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > _BODY_MOST:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def read_request(scope: Scope, body: bytes, url: str) -> Incoming:
    """
    Args:
        url: The address under which the application is known. A server that mounts it below a path may
            leave that path in front of the request's, with or without saying it in `root_path`.
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    return Incoming(scope["method"], url, _path(scope, urlsplit(url).path), query, headers, body)


def _path(scope: Scope, prefix: str) -> str:
    path: str = scope["path"]
    for start in (scope.get("root_path", ""), prefix):
        if start and (path == start or path.startswith(start + "/")):
            return path[len(start) :] or "/"
    return path


async def send_answer(send: Send, answer: Answer) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def drop(send: Send) -> None:
    """
    Break the connection without a byte.

    ASGI has no word for that, and a server that meets an exception answers 500. uvicorn's `send` is
    bound to an object that knows its `transport`, so under uvicorn that is cut, and its handling of a
    lost connection does the rest. Everywhere else, above all in process, the exception says it.
    """
    exchange = getattr(send, "__self__", None)
    transport = getattr(exchange, "transport", None)
    if transport is None:
        raise ConnectionDropped("The simulated connection broke.")
    transport.abort()
    for _ in range(100):  # until uvicorn has noticed; it would answer to a connection that it thinks alive
        if getattr(exchange, "disconnected", True):
            break
        await asyncio.sleep(0)


async def serve_lifespan(
    receive: Receive, send: Send, begin: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]
) -> None:
    """`begin` before the first request, `end` after the last."""
    while True:
        message = await receive()
        is_end = message["type"] == "lifespan.shutdown"
        await (end if is_end else begin)()
        await send({"type": f"{message['type']}.complete"})
        if is_end:
            return
