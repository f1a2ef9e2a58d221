"""
The load: connections that are kept open, each with one request under way.

All subjects get it from this one generator, which lives in the benchmark's own process and so has the second
core to itself. `README.md` says what it can do at most, and why it is not autocannon.
"""

import asyncio
import gc
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from .children import cpu_seconds

CONNECTIONS = 16
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class WrongAnswer(Exception):
    """A subject answered something else than 200; figures of such a run would mean nothing."""


@dataclass(frozen=True)
class Measured:
    """
    One subject under one load for a moment.

    Attributes:
        rate: Answers per second.
        p50, p99: Milliseconds from writing a request to the last byte of its answer.
        answer_bytes: Body of the last answer.
        generator_share: Of one core, used by the generator itself; near 1 it would be the limit.
        cpu_us: Processor time of the subject's process per answer, in microseconds.
    """

    rate: float
    p50: float
    p99: float
    answers: int
    answer_bytes: int
    generator_share: float
    cpu_us: float


def request_bytes(url: str, path: str, key: str, body: dict[str, Any]) -> bytes:
    """A POST as an SDK sends it, without the headers that nobody reads."""
    content = msgspec.json.encode(body)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {urlsplit(url).netloc}\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class _Run:
    """What the connections of one measurement share."""

    def __init__(self, requests: Iterator[bytes], most: int | None) -> None:
        self.requests = requests
        self.left = -1 if most is None else most
        self.is_over = False
        self.latencies: list[float] = []
        self.answer_bytes = 0
        self.busy = 0
        self.failure: Exception | None = None
        self.done = asyncio.get_running_loop().create_future()

    def fail(self, error: Exception) -> None:
        self.failure = self.failure or error
        self.is_over = True
        if not self.done.done():
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._transport: asyncio.Transport | None = None
        self._started = 0.0
        self._head = b""
        self._missing = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own are no subclass

    def connection_lost(self, error: Exception | None) -> None:
        if not self._run.is_over:
            self._run.fail(error or WrongAnswer("the connection was closed"))

    def next(self) -> None:
        """Send one more, unless it is over."""
        run = self._run
        if run.is_over or run.left == 0:
            run.busy -= 1
            if run.busy == 0 and not run.done.done():
                run.done.set_result(None)
            return
        run.left -= 1
        assert self._transport is not None
        self._started = time.perf_counter()
        self._transport.write(next(run.requests))

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            data = self._head + data if self._head else data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._head = data
                return
            self._head = b""
            length = _LENGTH.search(data, 0, end)
            if not data.startswith(b"HTTP/1.1 200") or length is None:
                self._run.fail(WrongAnswer(data[:600].decode(errors="replace")))
                return
            size = self._run.answer_bytes = int(length[1])
            self._missing = size - (len(data) - end - 4)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = -1
            self._run.latencies.append(time.perf_counter() - self._started)
            self.next()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def measure(
    url: str, pid: int, requests: Iterator[bytes], seconds: float, most: int | None = None
) -> Measured:
    """
    Load one subject.

    Args:
        pid: Its process.
        seconds: For how long, at most.
        most: After how many requests it ends, if that is sooner.

    Raises:
        WrongAnswer: Some answer was not 200.
    """
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_measure(url, pid, requests, seconds, most))
    finally:
        gc.enable()


async def _measure(
    url: str, pid: int, requests: Iterator[bytes], seconds: float, most: int | None
) -> Measured:
    loop = asyncio.get_running_loop()
    run = _Run(requests, most)
    place = urlsplit(url)
    open_ = [
        (await loop.create_connection(lambda: _Connection(run), str(place.hostname), place.port or 80))[1]
        for _ in range(CONNECTIONS)
    ]
    run.busy = CONNECTIONS
    theirs, own, started = cpu_seconds(pid), time.process_time(), time.perf_counter()
    loop.call_later(seconds, setattr, run, "is_over", True)
    for connection in open_:
        connection.next()
    try:
        async with asyncio.timeout(seconds + 30):
            await run.done
        took, used = time.perf_counter() - started, time.process_time() - own
    finally:
        run.is_over = True
        for connection in open_:
            connection.close()
    if run.failure is not None:
        raise run.failure
    cuts = statistics.quantiles(run.latencies, n=100, method="inclusive")
    return Measured(
        rate=len(run.latencies) / took,
        p50=cuts[49] * 1000,
        p99=cuts[98] * 1000,
        answers=len(run.latencies),
        answer_bytes=run.answer_bytes,
        generator_share=used / took,
        cpu_us=(cpu_seconds(pid) - theirs) / len(run.latencies) * 1e6,
    )
