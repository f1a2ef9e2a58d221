"""
`GET /ostiary/events/stream`: a workspace's events as they are committed, as server-sent events.

A stream keeps no queue. It remembers the position of the last event that it has looked at and reads on from
there, a page at a time and never before the client has taken the page before: a slow client costs one page.
Positions are in the order of commits, so nothing can come in below one that was read.

One listener per process hears from the database in which workspaces something was committed, and wakes their
streams. A wake that gets lost costs seconds: a stream that hears nothing looks by itself, and with every look
it shows its key again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

import msgspec

from .. import store
from ..domain.errors import ApiError, not_found
from ..domain.events import OWN, Event
from ..domain.instants import parse_instant
from ..domain.provider import Receive, Scope, Send
from ..domain.webhooks import EVERYTHING, checked_event_types
from ..domain.workspaces import Workspace
from ..store.tx import Database, Tx
from .auth import BACKEND, authenticate, enter
from .http import common_headers, error_body, respond
from .params import parse_query, plan_query
from .validation import Instant, Shape, Uuid

log = logging.getLogger("ostiary.wire")

PATH: Final = "/ostiary/events/stream"
AT_MOST: Final = 100
"""Streams of one workspace in one process."""

BEGINNING: Final = "00000000-0000-0000-0000-000000000000"
"""The id before the first event: after it comes all that is kept."""

CHUNK: Final = 64 * 1024
"""Bytes after which a part of a page is sent: what a client that does not read can make us hold twice."""

_HEADER_OF_ITS_OWN: Final = ((b"access-control-allow-headers", b"last-event-id"),)
_FAREWELL_SECONDS: Final = 0.5
_encode = msgspec.json.Encoder().encode


class StreamEvents(msgspec.Struct, forbid_unknown_fields=True):
    """
    Which events, and from where on: after `last_event_id`, else those created after `since`, else from now.

    `last_event_id` is for clients that cannot set the header `Last-Event-ID`, which wins over it.
    """

    event_types: list[str] | None = None
    since: Instant | None = None
    last_event_id: Uuid | None = None


SHAPE: Final = Shape(StreamEvents)
QUERY: Final = plan_query(StreamEvents)


@dataclass(frozen=True, slots=True)
class Pace:
    """
    All in seconds, but for the page.

    Attributes:
        heartbeat: After so long without an event a comment is sent, so that proxies keep the connection.
        look: After so long without a wake a stream looks by itself, also whether its key is still good.
        gather: Apart at least are two looks of a stream that has caught up.
        stalled: A client that has taken nothing for so long is let go; it can come back where it was.
        page: Events that are read at once.
        retry: What clients are told to wait before they come back.
    """

    heartbeat: float = 15.0
    look: float = 3.0
    gather: float = 0.05
    stalled: float = 15.0
    page: int = 100
    retry: float = 2.0


@dataclass(frozen=True, slots=True)
class _Start:
    """
    Attributes:
        event_types: None: all, ours included.
        since: Only what was created after it; None: whatever follows `position`.
        event_id: Of the last event before the stream, or `BEGINNING`.
    """

    workspace_id: str
    event_types: frozenset[str] | None
    since: datetime | None
    position: int
    event_id: str

    def wants(self, event: Event) -> bool:
        types, kind = self.event_types, event.event_type
        if self.since is not None and event.created_at <= self.since:
            return False
        return types is None or kind in types or (EVERYTHING in types and kind not in OWN)


class Streams:
    """
    All streams of this process, as one ASGI application for their path.

    Args:
        observe: Told of every answer's status when its head is sent.
    """

    def __init__(
        self,
        database: Database,
        *,
        pace: Pace | None = None,
        at_most: int = AT_MOST,
        observe: Callable[[str, int], None] = lambda path, status: None,
    ) -> None:
        self._database = database
        self._pace = pace or Pace()
        self._at_most = at_most
        self._observe = observe
        self._open: dict[str, set[_Stream]] = {}
        self._is_stopping = False
        database.on_wake(self._wake)

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    def _wake(self, keys: Iterable[str]) -> None:
        for key in keys:
            kind, _, workspace_id = key.partition("/")
            if kind == "events":
                for stream in self._open.get(workspace_id, ()):
                    stream.wake()

    def stop(self) -> None:
        """End all streams, and those that are still to come: the server stops."""
        self._is_stopping = True
        for streams in self._open.values():
            for stream in streams:
                stream.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        request_id = str(uuid4())
        if scope["method"] == "OPTIONS":
            await respond(send, 200, b"", request_id, headers, _HEADER_OF_ITS_OWN)
            return
        try:
            start = await self._database.read(_start, scope, headers)
            self._refuse_more(start.workspace_id)
        except ApiError as error:
            await self._refuse(send, error, request_id, headers)
            return
        except Exception:
            log.exception("request %s to %s failed", request_id, PATH)
            failure = ApiError("internal_server_error", "Internal server error", status=500)
            await self._refuse(send, failure, request_id, headers)
            return
        stream = _Stream(self._database, self._pace, start, headers, send)
        with self._entered(start.workspace_id, stream):
            self._observe(PATH, 200)
            await stream.run(receive, request_id)

    def _refuse_more(self, workspace_id: str) -> None:
        """Raises: ApiError, 429."""
        if len(self._open.get(workspace_id, ())) >= self._at_most:
            raise ApiError(
                "too_many_streams",
                f"A workspace has at most {self._at_most} streams of events; end some",
                status=429,
                retry_after=round(self._pace.stalled),
            )

    async def _refuse(
        self, send: Send, error: ApiError, request_id: str, headers: Mapping[bytes, bytes]
    ) -> None:
        more: tuple[tuple[bytes, bytes], ...] = _HEADER_OF_ITS_OWN
        if error.retry_after is not None:
            more = (*more, (b"retry-after", b"%d" % error.retry_after))
        await respond(send, error.status, error_body(error, request_id), request_id, headers, more)
        self._observe(PATH, error.status)

    @contextlib.contextmanager
    def _entered(self, workspace_id: str, stream: "_Stream") -> Iterator[None]:
        """It is woken for the time of the block."""
        streams = self._open.setdefault(workspace_id, set())
        streams.add(stream)
        if self._is_stopping:
            stream.end()
        try:
            yield
        finally:
            streams.discard(stream)
            if not streams:
                self._open.pop(workspace_id, None)


async def _start(tx: Tx, scope: Scope, headers: Mapping[bytes, bytes]) -> _Start:
    """
    From where on a stream tells. What is committed after this is behind it, so it comes before the head.

    Raises:
        ApiError: 401, 405, or 400 and 404 for what is asked.
    """
    workspace = await _workspace(tx, headers)
    if scope["method"] != "GET":
        raise ApiError("method_not_allowed", "only GET accepted", status=405)
    given = parse_query(QUERY, scope["query_string"])
    if last := headers.get(b"last-event-id", b"").decode("latin-1").strip():
        given = {**given, "last_event_id": last}
    asked = SHAPE.convert(given, ignore_unknown=True)
    types = None if asked.event_types is None else frozenset(checked_event_types(asked.event_types))
    since = None if asked.since is None else parse_instant(asked.since)
    position, event_id = await _place(tx, workspace.workspace_id, asked.last_event_id, since)
    return _Start(workspace.workspace_id, types, since, position, event_id)


async def _workspace(tx: Tx, headers: Mapping[bytes, bytes]) -> Workspace:
    """Raises: ApiError, 401; also for whoever answers for less than the whole workspace."""
    identity = await authenticate(tx, headers, BACKEND)
    enter(tx, identity)
    return tx.workspace


async def _place(
    tx: Tx, workspace_id: str, last_event_id: str | None, since: datetime | None
) -> tuple[int, str]:
    """A position and the id that stands for it. Raises: ApiError, 404 `event_not_found`."""
    if last_event_id == BEGINNING:
        return 0, BEGINNING
    if last_event_id is not None:
        found = await store.events.position_of(tx, workspace_id, last_event_id)
        if found is None:
            raise not_found(
                "event",
                "The last event is not kept any more, or never was: what came after it may be gone as well. "
                "Begin anew, with since or without a last event",
                event_id=last_event_id,
            )
        return found, last_event_id
    return await store.events.last_before(tx, workspace_id, since) or (0, BEGINNING)


class _Stream:
    """One client that listens."""

    def __init__(
        self, database: Database, pace: Pace, start: _Start, headers: Mapping[bytes, bytes], send: Send
    ) -> None:
        self._database = database
        self._pace = pace
        self._start = start
        self._headers = headers
        self._send = send
        self._position = start.position
        self._passed_over: str | None = start.event_id
        """Of the last event that was looked at, where the client does not know it."""
        self._woken = asyncio.Event()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._spoken_at = time.monotonic()

    def wake(self) -> None:
        self._woken.set()

    def end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)
        self._woken.set()

    async def run(self, receive: Receive, request_id: str) -> None:
        """Until the client leaves or stalls, its key ends, or the server does."""
        leaving = asyncio.create_task(self._end_when_left(receive))
        try:
            await self._put({"type": "http.response.start", "status": 200, "headers": self._head(request_id)})
            await self._say(f"retry: {self._pace.retry * 1000:.0f}\n{self._mark()}")
            await self._follow(request_id)
            await self._part()
        except _Stalled:
            if not self._over.done():
                log.info("stream %s ends: its client does not read", request_id)
        finally:
            leaving.cancel()

    def _head(self, request_id: str) -> list[tuple[bytes, bytes]]:
        return [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store, no-transform"),
            (b"x-accel-buffering", b"no"),
            *common_headers(request_id, self._headers),
            *_HEADER_OF_ITS_OWN,
        ]

    async def _end_when_left(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        self.end()

    # --- events ----------------------------------------------------------------------------------------

    async def _follow(self, request_id: str) -> None:
        while not self._over.done():
            self._woken.clear()
            try:
                page = await self._database.read(self._look)
            except ApiError as refusal:
                await self._say(f": {refusal.message}\n")
                return
            except Exception:
                log.exception("stream %s cannot read on; its client may come back", request_id)
                return
            for chunk in self._chunks(page):
                await self._say(chunk)
            if len(page) < self._pace.page:
                await self._rest()
            await asyncio.sleep(0)  # a read need not have given way to anybody

    async def _look(self, tx: Tx) -> list[tuple[int, Event]]:
        """The next page. Raises: ApiError, when the key is not good any more."""
        workspace = await _workspace(tx, self._headers)
        return await store.events.after(tx, workspace.workspace_id, self._position, self._pace.page)

    def _chunks(self, page: Iterable[tuple[int, Event]]) -> Iterator[str]:
        parts: list[str] = []
        size = 0
        for position, event in page:
            self._position = position
            if not self._start.wants(event):
                self._passed_over = event.event_id
                continue
            self._passed_over = None
            parts.append(_text(event))
            size += len(parts[-1])
            if size > CHUNK:
                yield "".join(parts)
                parts, size = [], 0
        if parts:
            yield "".join(parts)

    async def _rest(self) -> None:
        """Until there may be something to do; says that it is still there when it is time to."""
        await asyncio.sleep(self._pace.gather)
        silence = time.monotonic() - self._spoken_at
        until_heartbeat = max(self._pace.heartbeat - silence, 0.0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(self._pace.look, until_heartbeat)):
                await self._woken.wait()
                return
        if time.monotonic() - self._spoken_at >= self._pace.heartbeat:
            await self._say(f": still here\n{self._mark()}")

    def _mark(self) -> str:
        """
        An id without an event, which clients keep: so that coming back also works for who has heard nothing,
        or whose last event was so long ago that it is not kept any more.
        """
        event_id, self._passed_over = self._passed_over, None
        return "" if event_id is None else f"id: {event_id}\n"

    # --- the client --------------------------------------------------------------------------------------

    async def _say(self, text: str) -> None:
        body = text.encode() + (b"" if text.endswith("\n\n") else b"\n")
        await self._put({"type": "http.response.body", "body": body, "more_body": True})
        self._spoken_at = time.monotonic()

    async def _put(self, message: dict[str, object]) -> None:
        """Returns when the client has taken what was sent before. Raises: _Stalled."""
        sending = asyncio.ensure_future(self._send(message))
        try:
            await asyncio.wait(
                {sending, self._over}, timeout=self._pace.stalled, return_when=asyncio.FIRST_COMPLETED
            )
            if not sending.done():
                raise _Stalled
            sending.result()
        finally:
            sending.cancel()

    async def _part(self) -> None:
        """The proper end of an answer, for whom still reads."""
        ending = asyncio.ensure_future(
            self._send({"type": "http.response.body", "body": b"", "more_body": False})
        )
        await asyncio.wait({ending}, timeout=_FAREWELL_SECONDS)
        ending.cancel()


class _Stalled(Exception):
    """The client does not take what it is sent, or has gone."""


def _text(event: Event) -> str:
    data = _encode(event.as_wire()).decode()
    return f"id: {event.event_id}\nevent: {event.event_type}\ndata: {data}\n\n"
