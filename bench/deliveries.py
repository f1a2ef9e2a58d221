"""
Webhooks: how fast events reach those who want them, beside the HTTP client alone.

The client posts what Ostiary has sent, the same bodies under the same headers, to the same receiver, with as
many connections, one request at a time on each, in the benchmark's own process. It signs nothing, looks
nothing up and remembers nothing, so it is what deliveries cannot go below.
"""

import asyncio
import gc
import os
import re
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, cycle, repeat
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import httpx
import uvloop

from .children import OSTIARY, child, cpu_seconds, environment, ready_line
from .load import Measured, WrongAnswer, measure, request_bytes
from .subjects import CLIENT, SQLITE, Subject

ENDPOINTS = 100
EVENTS = 4000
SETTLED = 0.3
"""Seconds in which what came of the last ones is written down."""

_SENT = ("content-type", "svix-timestamp", "svix-signature", "user-agent")
_MARK = re.compile(r'"device_name":"(Door \d+)"')


@dataclass(frozen=True)
class Case:
    """
    Attributes:
        each: Deliveries per endpoint, to tell how many there are per second.
        events, interval: How many single ones, so many seconds apart, to tell how long they take.
    """

    name: str
    paths: tuple[str, ...]
    each: int
    events: int
    interval: float

    @property
    def living(self) -> int:
        return sum(path != "/dead" for path in self.paths)


_PATHS = tuple(f"/{number}" for number in range(ENDPOINTS))
ONE, MANY, DEAD = CASES = (
    Case("deliveries to one endpoint", _PATHS[:1], EVENTS, 80, 0.025),
    Case(f"deliveries to {ENDPOINTS} endpoints", _PATHS, 40, 10, 0.2),
    Case(f"deliveries to {ENDPOINTS} endpoints, one of them dead", (*_PATHS[1:], "/dead"), 40, 10, 0.2),
)


@dataclass
class Post:
    """
    A server with a webhook for each path, and their receiver.

    Attributes:
        since: From when on there are events to send again.
        sent: Some of what was sent, as it came.
    """

    http: httpx.Client
    server: Subject
    receiver: str
    receiver_pid: int
    since: str
    webhooks: dict[str, str] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def call(self, path: str, **body: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.server.key}"}
        return dict(self._asked("POST", f"{self.server.url}{path}", json=body, headers=headers))

    def ask(self, path: str) -> Any:
        """The receiver."""
        return self._asked("GET", f"{self.receiver}{path}")

    def _asked(self, method: str, url: str, **more: Any) -> Any:
        try:
            answer = self.http.request(method, url, **more)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise WrongAnswer(f"{url}: {error!r}") from error
        return answer.json()

    def listen(self, paths: tuple[str, ...]) -> None:
        """These and no others."""
        for path, webhook_id in self.webhooks.items():
            self.call("/ostiary/webhooks/update", webhook_id=webhook_id, is_enabled=path in paths)

    def renaming(self) -> tuple[str, bytes]:
        """A request that causes one event, and what the event can be known by."""
        number = next(self.numbers)
        mark = f"Door {number:07d}"
        device_id = self.server.devices[number % len(self.server.devices)]
        body = {"device_id": device_id, "name": mark}
        return mark, request_bytes(self.server.url, "/devices/update", self.server.key, body)


@contextmanager
def post(folder: Path, server: Subject) -> Iterator[Post]:
    """The server is given its webhooks, and events that can be sent again."""
    log = folder / "receiver.log"
    receiver = child([OSTIARY[0], "-m", "bench.receiver"], log, environment())
    with receiver as process, httpx.Client(timeout=60) as http:
        url = str(ready_line(process, log)["url"])
        made = Post(http, server, url, process.pid, datetime.now(UTC).isoformat())
        measure(server.url, server.pid, (made.renaming()[1] for _ in repeat(None)), 60, EVENTS)
        for path in (*_PATHS, "/dead"):
            asked = {"url": url + path, "event_types": ["device.name_changed"]}
            made.webhooks[path] = made.call("/webhooks/create", **asked)["webhook"]["webhook_id"]
        yield made


def measured(post: Post, case: Case, *, is_quick: bool) -> dict[str, Measured]:
    """Ostiary and the client alone, by their names."""
    each, events = (case.each // 5, case.events // 2) if is_quick else (case.each, case.events)
    post.listen(case.paths)
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return {
                SQLITE: runner.run(_one(_Ostiary(post, case, each), events)),
                CLIENT: runner.run(_one(_ClientAlone(post, case, each), events)),
            }
    finally:
        gc.enable()


class _Sender(ABC):
    """What Ostiary and the client alone do differently."""

    pid: int

    def __init__(self, post: Post, case: Case, each: int) -> None:
        self.post = post
        self.case = case
        self.each = each

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    @abstractmethod
    async def begin(self) -> None:
        """Have `each` requests to each path under way, one after the other."""

    @abstractmethod
    async def cause(self) -> str:
        """Have one request to each path made now; what they can be known by."""

    @abstractmethod
    def mark(self, request: dict[str, Any]) -> str:
        """What a request can be known by."""


class _Ostiary(_Sender):
    def __init__(self, post: Post, case: Case, each: int) -> None:
        super().__init__(post, case, each)
        self.pid = post.server.pid

    async def __aenter__(self) -> Self:
        place = urlsplit(self.post.server.url)
        reader, self._writer = await asyncio.open_connection(place.hostname, place.port)
        self._answers = asyncio.create_task(reader.read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._answers.cancel()
        self._writer.close()

    async def begin(self) -> None:
        """The rest is put in line when the first is on its way, so that reading the line is measured, too."""
        first = {path: self._replay(path, 1) for path in self.case.paths}
        await asyncio.to_thread(self.post.ask, f"/until/{self.case.living}")
        for path in self.case.paths:
            self._replay(path, self.each - 1, after_event_id=first[path])

    def _replay(self, path: str, limit: int, **more: str) -> str:
        asked = {"webhook_id": self.post.webhooks[path], "since": self.post.since, "limit": limit}
        found = self.post.call("/ostiary/webhooks/replay", **asked, **more)["replay"]
        if found["event_count"] != limit:
            raise WrongAnswer(f"{found['event_count']} events instead of {limit}")
        return str(found["last_event_id"])

    async def cause(self) -> str:
        mark, request = self.post.renaming()
        self._writer.write(request)
        return mark

    def mark(self, request: dict[str, Any]) -> str:
        found = _MARK.search(request["body"])
        return found[1] if found else ""


class _ClientAlone(_Sender):
    """Each request has an id of its own, and is otherwise as Ostiary has sent it."""

    def __init__(self, post: Post, case: Case, each: int) -> None:
        super().__init__(post, case, each)
        self.pid = os.getpid()
        self._tasks: list[asyncio.Task[None]] = []
        self._requests = cycle(post.sent)
        self._numbers = count()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    async def begin(self) -> None:
        self._send(self.each, "begin")

    async def cause(self) -> str:
        mark = str(next(self._numbers))
        self._send(1, mark)
        return mark

    def mark(self, request: dict[str, Any]) -> str:
        return str(request["headers"]["svix-id"])

    def _send(self, each: int, mark: str) -> None:
        for path in self.case.paths:
            requests = [next(self._requests) for _ in range(each)]
            self._tasks.append(asyncio.create_task(self._line(self.post.receiver + path, requests, mark)))

    async def _line(self, url: str, requests: list[dict[str, Any]], mark: str) -> None:
        for request in requests:
            headers = {name: request["headers"][name] for name in _SENT} | {"svix-id": mark}
            body = request["body"].encode()
            async with self._session.post(url, headers=headers, data=body, allow_redirects=False) as answer:
                await answer.read()


async def _one(sender: _Sender, events: int) -> Measured:
    post, case = sender.post, sender.case
    await asyncio.to_thread(post.ask, "/take")
    async with sender:
        rate, cpu_us, share = await _rate(sender)
        came = await asyncio.to_thread(post.ask, "/take")
        post.sent = post.sent or [request for request in came if request["path"] != "/dead"]
        cuts = statistics.quantiles(await _latencies(sender, events), n=100, method="inclusive")
    return Measured(
        rate=rate,
        p50=cuts[49] * 1000,
        p99=cuts[98] * 1000,
        answers=case.living * sender.each,
        answer_bytes=len(came[-1]["body"]),
        generator_share=share,
        cpu_us=cpu_us,
    )


async def _rate(sender: _Sender) -> tuple[float, float, float]:
    """
    Deliveries per second, processor time for each, and the receiver's share of a core.

    Answers are held back until a first request has come to each endpoint, so that neither putting
    deliveries in line nor making connections counts.
    """
    post, living = sender.post, sender.case.living
    total = living * sender.each
    await asyncio.to_thread(post.ask, "/hold")
    await sender.begin()
    await asyncio.to_thread(post.ask, f"/until/{living}")
    used, receiver = cpu_seconds(sender.pid), cpu_seconds(post.receiver_pid)
    opened = await asyncio.to_thread(post.ask, "/open")
    last = await asyncio.to_thread(post.ask, f"/until/{total}")
    share = (cpu_seconds(post.receiver_pid) - receiver) / (last - opened)
    await asyncio.sleep(SETTLED)
    sent = total - living
    return sent / (last - opened), (cpu_seconds(sender.pid) - used) / sent * 1e6, share


async def _latencies(sender: _Sender, events: int) -> list[float]:
    """Seconds from what causes an event (a request; for the client alone, a decision) to arrivals."""
    began: dict[str, float] = {}
    following = time.monotonic()
    for _ in range(events):
        at = time.monotonic()
        began[await sender.cause()] = at
        following = max(following + sender.case.interval, time.monotonic())
        await asyncio.sleep(following - time.monotonic())
    await asyncio.to_thread(sender.post.ask, f"/until/{sender.case.living * events}")
    came = await asyncio.to_thread(sender.post.ask, "/take")
    return [
        request["at"] - began[mark]
        for request in came
        if request["path"] != "/dead" and (mark := sender.mark(request)) in began
    ]
