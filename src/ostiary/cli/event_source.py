"""A client of the event stream that comes back where it was, as often as the connection is lost."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec

from ..domain.retry import backoff
from .errors import Failed

CONNECT_SECONDS: Final = 10
SILENCE_SECONDS: Final = 45
"""Three heartbeats: a connection that says nothing for so long is dead."""

FIRST_WAIT, LONGEST_WAIT = 1.0, 15.0
_LATER: Final = (429, 500, 502, 503, 504)
"""What passes by itself."""


def in_words(error: Exception) -> str:
    """
    What became of a request. In words of ours: the text of aiohttp's exceptions may hold the request's
    headers, and with them the key.
    """
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name leads nowhere"
    if isinstance(error, aiohttp.ClientSSLError):
        return "its certificate is not accepted"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return "it closed the connection"
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return os.strerror(error.errno).lower()
    return "the connection failed"


@dataclass(frozen=True, slots=True)
class Told:
    """
    One event as it stands in the stream.

    Attributes:
        data: JSON, byte by byte what a webhook would be sent.
    """

    event_id: str
    data: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.data)
        return found


@dataclass(slots=True)
class _Block:
    event_id: str | None = None
    data: list[bytes] | None = None


class Blocks:
    """Puts together what arrives in pieces."""

    def __init__(self) -> None:
        self._rest = b""
        self._block = _Block()

    def feed(self, piece: bytes) -> Iterator[_Block]:
        """The blocks that are whole by now; one without data carries an id at most."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            name, _, value = line.removesuffix(b"\r").partition(b":")
            value = value.removeprefix(b" ")
            if name == b"id":
                self._block.event_id = value.decode()
            elif name == b"data":
                self._block.data = [*(self._block.data or ()), value]
            elif not line.rstrip(b"\r"):
                whole, self._block = self._block, _Block()
                yield whole


class EventSource:
    """
    Args:
        notice: Told, in a sentence, when the connection is lost and when it is there again.
        greeting: What it is told at the first connection; from then on nothing is missed.

    Attributes:
        last_event_id: After which event a new connection begins; moves on when its event has been handled.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        headers: Mapping[str, str],
        query: Mapping[str, Any],
        notice: Callable[[str], None],
        greeting: str,
        last_event_id: str | None = None,
    ) -> None:
        self._http = http
        self._url = url
        self._headers = headers
        self._query = query
        self._notice = notice
        self._greeting = greeting
        self._was_connected = False
        self._failures = 0
        self.last_event_id = last_event_id

    async def events(self) -> AsyncIterator[Told]:
        """
        Each event once, in order, for ever. The one before counts as handled when the next is asked for.

        Raises:
            Failed: The server cannot be reached at all, or refuses.
        """
        while True:
            reason = "it ended the stream"
            try:
                async with self._connect() as answer:
                    if answer.status == 200:
                        self._connected()
                        async for told in self._read(answer):
                            yield told
                            self.last_event_id = told.event_id
                    else:
                        reason = await self._refused(answer)
            except (aiohttp.ClientError, OSError) as error:  # OSError includes TimeoutError
                reason = in_words(error)
            await self._wait(reason)

    def _connect(self) -> Any:
        headers = dict(self._headers)
        if self.last_event_id is not None:
            headers["last-event-id"] = self.last_event_id
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
        return self._http.get(
            self._url, headers=headers, params=self._query, timeout=timeout, allow_redirects=False
        )

    async def _read(self, answer: aiohttp.ClientResponse) -> AsyncIterator[Told]:
        blocks = Blocks()
        async for piece in answer.content.iter_any():
            for block in blocks.feed(piece):
                if block.data is not None and block.event_id is not None:
                    yield Told(block.event_id, b"\n".join(block.data))
                elif block.event_id is not None:
                    self.last_event_id = block.event_id

    def _connected(self) -> None:
        if self._failures:
            self._notice("connected again; nothing was lost")
        elif not self._was_connected:
            self._notice(self._greeting)
        self._was_connected = True
        self._failures = 0

    async def _refused(self, answer: aiohttp.ClientResponse) -> str:
        """Why, where it makes sense to come back. Raises: Failed."""
        body = await answer.content.read(10_000)
        try:
            reason = str(msgspec.json.decode(body)["error"]["message"])
        except (msgspec.DecodeError, KeyError, TypeError):
            reason = f"status {answer.status}"
        if self._was_connected and answer.status in _LATER:
            return reason
        raise Failed(f"the server refuses: {reason}")

    async def _wait(self, reason: str) -> None:
        """Raises: Failed, when there has never been a connection."""
        if not self._was_connected:
            address = self._url.partition("/ostiary/")[0]
            raise Failed(f"cannot reach a server at {address} ({reason}); start one with: ostiary serve")
        if not self._failures:
            self._notice(f"the server is gone ({reason}); trying again until it is back")
        self._failures += 1
        await asyncio.sleep(backoff(self._failures, first=FIRST_WAIT, longest=LONGEST_WAIT).total_seconds())
