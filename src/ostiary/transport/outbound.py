"""
POST to addresses that API users have chosen.

Whoever chooses where a server sends requests could have it ask its own neighbours: the machine itself, its
network, a cloud's metadata. So each connection is checked where it is made, by the very address it is made
to: after every name was resolved, whatever the URL's spelling, and again for each new connection. Redirects
are not followed, proxies not asked, and of an answer nothing is kept but its status and one header.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from .. import __version__
from ..domain.addresses import Network, is_public, is_within
from ..domain.webhooks import Answer, NotDelivered

DRAINED: Final = 64 * 1024
"""Bytes of an answer that are read, so that its connection can be used again; a longer one costs it."""

DRAIN_SECONDS: Final = 1.0
KEEP_ALIVE: Final = 4.0
"""Seconds; below the 5 after which common servers hang up."""

_REFUSED: Final = "not a public address"


@dataclass(slots=True)
class _Passage:
    """What became of one request. `is_new`: a connection was made for it."""

    is_new: bool = False


_passage: ContextVar[_Passage] = ContextVar("_passage")
"""Of the request under way in a task, and in those that look for an address on its behalf."""


class OutboundHttp:
    """
    Two pools of connections, bound to the event loop of their first request: one that reaches only the open
    internet and `networks`, and one that reaches everything.

    Args:
        networks: Where guarded requests may go beside the open internet.
        resolver: Of names; None: the system's.
    """

    def __init__(
        self, networks: Sequence[Network] = (), resolver: aiohttp.abc.AbstractResolver | None = None
    ) -> None:
        self._networks = tuple(networks)
        self._resolver = resolver
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float, is_guarded: bool
    ) -> Answer:
        """
        Raises:
            NotDelivered: `timeout`, `address_not_public`, `unknown_host`, `connection_failed`,
                `connection_lost`, `certificate_invalid`, `invalid_url` or `invalid_answer`.
        """
        passage = _Passage()
        _passage.set(passage)
        try:
            async with asyncio.timeout(seconds):
                try:
                    return await self._post(url, headers, body, is_guarded=is_guarded)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                    if passage.is_new or isinstance(error, aiohttp.ClientConnectorError):
                        raise
                # The receiver had just hung up a connection that was kept: nothing to call a failure.
                return await self._post(url, headers, body, is_guarded=is_guarded)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # OSError includes TimeoutError
            raise NotDelivered(_word(error)) from None

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes, *, is_guarded: bool) -> Answer:
        async with self._session(is_guarded).post(
            url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            if not answer.content.is_eof():  # it rarely is still to come
                await _drain(answer)
            is_last = answer.headers.get("webhook-delivery", "").strip().lower() == "abort-message"
            return Answer(answer.status, is_last)

    async def close(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _session(self, is_guarded: bool) -> aiohttp.ClientSession:
        if is_guarded not in self._sessions:
            self._sessions[is_guarded] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # one line sends one at a time, so lines bound the connections
                    keepalive_timeout=KEEP_ALIVE,
                    socket_factory=self._guarded_socket if is_guarded else _new_socket,
                    resolver=self._resolver,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"ostiary/{__version__}"},
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        return self._sessions[is_guarded]

    def _guarded_socket(self, address: Any) -> socket.socket:
        """The socket for a connection to an address as it was resolved. Raises: OSError."""
        *_, (host, *_) = address
        if not is_public(host) and not is_within(host, self._networks):
            raise PermissionError(errno.EACCES, _REFUSED)  # with a number, or the text would be lost
        return _new_socket(address)


def _new_socket(address: Any) -> socket.socket:
    """The only place that knows whether a request had to connect; hooks of the client would cost each one."""
    _passage.get().is_new = True
    family, kind, protocol, *_ = address
    return socket.socket(family, kind, protocol)


async def _drain(answer: aiohttp.ClientResponse) -> None:
    """What it says is not asked for; reading it lets the connection be used again."""
    size = 0
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for part in answer.content.iter_any():
                size += len(part)
                if size > DRAINED:
                    break
    if not answer.content.at_eof():
        answer.close()


def _word(error: Exception) -> str:
    """
    Why there was no answer. Never the exception's own text: it may hold the URL.
    """
    if isinstance(error, TimeoutError):
        return "timeout"
    if _REFUSED in str(error):
        return "address_not_public"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "unknown_host"
    if isinstance(error, aiohttp.ClientSSLError):
        return "certificate_invalid"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connection_failed"
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return "invalid_url"
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError | ValueError):
        return "invalid_answer"
    return "connection_lost"
