"""
`ProviderHttp` over sockets.

Adapters send through one `NetworkHttp` per process. It answers a single question about a failure: had
the request left? The engine repeats what had not left, and only looks after what may have arrived, so
a wrong "not sent" would program a code twice, while a wrong "no answer" costs one look. Whatever is not
certain is therefore `NoAnswer`.
"""

import asyncio
from types import SimpleNamespace
from typing import Final

import aiohttp

from .. import __version__
from ..domain.provider import HttpRequest, HttpResponse, NoAnswer, NotSent

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes of a response, unpacked. A vendor's longest list is far below."""

KEEP_ALIVE: Final = 4.0
"""
Seconds for which an idle connection is used again: below the 5 s after which uvicorn, and the 60 s and
more after which nginx hangs up. A write that meets a closing connection ends as `NoAnswer`.
"""


class NetworkHttp:
    """
    One pool of connections towards all vendors, bound to the event loop of its first request.

    Cookies are not kept: a vendor's cookie for one account must not travel with the next one. The
    environment's proxy settings are not read.

    Args:
        connections: How many may be open at once; who waits for one spends the request's timeout.
    """

    def __init__(self, *, connections: int = 256, max_body: int = MAX_BODY) -> None:
        self._connections = connections
        self._max_body = max_body
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """
        Send once and return whatever status came back. Redirects are not followed.

        Raises:
            NotSent: The name, the connection or its encryption failed, or the time ran out before.
            NoAnswer: Anything else but a whole answer of at most `max_body` bytes within the time.
        """
        passage = _Passage()
        try:
            async with (
                asyncio.timeout(request.timeout),
                self._open_session().request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    data=request.body or None,
                    allow_redirects=False,
                    trace_request_ctx=passage,
                ) as answer,
            ):
                body = await self._read(answer)
                return HttpResponse(answer.status, _headers(answer), body)
        except (aiohttp.ClientError, OSError, _BrokenError) as error:  # OSError includes TimeoutError
            # aiohttp's exceptions hold the request's headers, and with them a bearer token: their
            # class is all that goes on, without a chain.
            reason = str(error) if isinstance(error, _BrokenError) else type(error).__name__
            raise (NoAnswer if passage.has_connection else NotSent)(reason) from None

    async def close(self) -> None:
        """Close every connection. A later `send` opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(_once,),
                headers={"User-Agent": f"ostiary/{__version__}"},
                skip_auto_headers=("Content-Type",),  # a command without a body has no type either
                timeout=aiohttp.ClientTimeout(total=None),
                trace_configs=[_tracing()],
            )
        return self._session

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        parts = bytearray()
        async for part in answer.content.iter_any():
            parts += part
            if len(parts) > self._max_body:
                raise _BrokenError(f"the answer is longer than {self._max_body} bytes")
        return bytes(parts)


class _Passage:
    """
    How far one request came.

    Before it had a connection not a byte can have left; afterwards nobody knows. This is more than the
    class of an exception tells: a timeout, for one, looks the same on both sides of that line.
    """

    __slots__ = ("has_connection",)

    def __init__(self) -> None:
        self.has_connection = False


class _BrokenError(Exception):
    """What aiohttp must not see, because it would send again, or does not know."""


async def _once(request: aiohttp.ClientRequest, send_on: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """
    Keep aiohttp from sending twice.

    Its `ClientSession._request` repeats reads, PUT and DELETE on a new connection when a reused one turns out
    to be closed, even if the server had taken the request (aiohttp 3.14.5, read 2026-11-21:
    `retry_persistent_connection`; the session has no public switch). A middleware runs inside that loop, so
    an exception that the loop does not know ends it. Reads are not repeated either: when to
    try again is for the engine to say, and both transports behave alike.
    """
    try:
        return await send_on(request)
    except (aiohttp.ClientError, OSError) as error:
        raise _BrokenError(type(error).__name__) from None


def _tracing() -> aiohttp.TraceConfig:
    async def connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.has_connection = True

    config = aiohttp.TraceConfig()
    config.on_connection_create_end.append(connected)
    config.on_connection_reuseconn.append(connected)
    return config


def _headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in answer.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
