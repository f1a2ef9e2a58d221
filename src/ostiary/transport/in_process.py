"""
`ProviderHttp` into an ASGI application of the same process: how sandboxes reach their simulators.

It keeps what a socket would do. An application that is late finishes its work although nobody waits any
more, so that a write whose answer was lost has happened; and one that raises `ConnectionError` has
dropped the connection.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from ..domain.provider import AsgiApp, HttpRequest, HttpResponse, NoAnswer, NotSent, Scope


class InProcessHttp:
    """
    Send requests to the applications that `app_for` knows.

    Args:
        app_for: What is mounted at a URL without trailing slash, None when nothing is. It is asked from
            the longest prefix of a request's URL to its bare origin; a `dict.get` will do.
    """

    def __init__(self, app_for: Callable[[str], AsgiApp | None]) -> None:
        self._app_for = app_for
        self._running: set[asyncio.Task[None]] = set()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """
        Call the application and return its answer.

        Raises:
            NotSent: Nothing is mounted there.
            NoAnswer: The application was late, raised a `ConnectionError`, or left without a whole answer.
            Exception: Whatever else the application raised: a bug in it.
        """
        url = urlsplit(request.url)
        app, prefix = self._mounted(url)
        if app is None:
            raise NotSent("nothing is mounted at that address")
        exchange = _Exchange(request.body)
        task = asyncio.create_task(_call(app, _scope(request, url, prefix), exchange))
        self._running.add(task)
        task.add_done_callback(self._forget)
        try:
            # Unlike `asyncio.timeout`, this leaves the application running when the time is over.
            await asyncio.wait({task}, timeout=request.timeout)
        finally:
            exchange.caller_left.set()
        return _outcome(task, exchange)

    async def close(self) -> None:
        """Cancel applications that still work on requests whose sender is gone."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _mounted(self, url: SplitResult) -> tuple[AsgiApp | None, str]:
        origin, prefix = f"{url.scheme}://{url.netloc}", url.path.rstrip("/")
        while True:
            app = self._app_for(origin + prefix)
            if app is not None or not prefix:
                return app, prefix
            prefix = prefix.rpartition("/")[0]

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # asked for, so that asyncio does not report it for a sender who left


class _Exchange:
    """The two callables of ASGI, and what came through them."""

    def __init__(self, body: bytes) -> None:
        self._unread: bytes | None = body
        self.caller_left = asyncio.Event()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.is_whole = False

    async def receive(self) -> MutableMapping[str, Any]:
        if self._unread is not None:
            body, self._unread = self._unread, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.caller_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            for raw_name, raw_value in message.get("headers", ()):
                name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
                self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            self.is_whole = not message.get("more_body", False)


async def _call(app: AsgiApp, scope: Scope, exchange: _Exchange) -> None:
    await app(scope, exchange.receive, exchange.send)


def _outcome(task: asyncio.Task[None], exchange: _Exchange) -> HttpResponse:
    if not task.done():
        raise NoAnswer("the time ran out")
    if task.cancelled():
        raise NoAnswer("the application was stopped")
    error = task.exception()
    if isinstance(error, ConnectionError):
        raise NoAnswer("the application dropped the connection") from error
    if error is not None:
        raise error
    if not exchange.is_whole:
        raise NoAnswer("the application left without a whole answer")
    return HttpResponse(exchange.status, exchange.headers, bytes(exchange.body))


def _scope(request: HttpRequest, url: SplitResult, prefix: str) -> Scope:
    """As a server with `root_path` builds it: `path` is the whole path, `root_path` the mounted part."""
    path = url.path or "/"
    headers = [(b"host", url.netloc.encode())]
    headers += [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()
    ]
    if request.body or request.method not in ("GET", "HEAD"):
        headers.append((b"content-length", str(len(request.body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "root_path": unquote(prefix),
        "query_string": url.query.encode("ascii"),
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": (url.hostname, url.port or (443 if url.scheme == "https" else 80)),
    }
