"""Requests to addresses that somebody else has chosen: where they may go, and what an answer may cost."""

import asyncio
import ipaddress
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from ostiary.domain.addresses import Network
from ostiary.domain.webhooks import Answer, NotDelivered
from ostiary.transport import outbound
from ostiary.transport.outbound import OutboundHttp

from ..receivers import Parcel, Receiver, Reply, receiving
from .loopback import listening


class Names(AbstractResolver):
    """Answers each question about a name with the next of its addresses."""

    def __init__(self, **addresses: list[str]) -> None:
        self.addresses = addresses
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        answers = self.addresses[host]
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def sending(*networks: Network, names: Names | None = None) -> AsyncIterator[OutboundHttp]:
    http = OutboundHttp(networks, names)
    try:
        yield http
    finally:
        await http.close()


async def post(http: OutboundHttp, url: str, *, is_guarded: bool = False, seconds: float = 5) -> Answer:
    return await http.post(url, {"x-test": "1"}, b"{}", seconds=seconds, is_guarded=is_guarded)


async def problem(http: OutboundHttp, url: str, **more: Any) -> str:
    with pytest.raises(NotDelivered) as refusal:
        await post(http, url, **more)
    assert refusal.value.__cause__ is None
    return str(refusal.value)


async def test_a_name_that_points_inside_is_refused_where_the_connection_is_made() -> None:
    async with receiving() as receiver, sending(names=Names(inside=["127.0.0.1"])) as http:
        assert await problem(http, receiver.url(host="inside"), is_guarded=True) == "address_not_public"
        assert await problem(http, receiver.url(), is_guarded=True) == "address_not_public"
        assert receiver.parcels == []
        assert (await post(http, receiver.url(host="inside"))).status == 200, "a sandbox may"


async def test_a_name_that_changes_its_mind_between_two_looks() -> None:
    names = Names(moving=["203.0.113.9", "127.0.0.1"])
    documentation = ipaddress.ip_network("203.0.113.0/24")  # nobody answers there
    async with receiving() as receiver, sending(documentation, names=names) as http:
        url = receiver.url(host="moving")
        first = await problem(http, url, is_guarded=True, seconds=0.3)
        assert first in ("timeout", "connection_failed"), "it was allowed, and nobody is there"
        connector = http._sessions[True].connector
        assert isinstance(connector, TCPConnector)
        connector.clear_dns_cache()
        assert await problem(http, url, is_guarded=True) == "address_not_public"
        assert names.asked == 2
        assert receiver.parcels == []


async def test_a_redirect_inside_is_not_followed() -> None:
    loopback = ipaddress.ip_network("127.0.0.0/8")
    async with receiving() as receiver, receiving() as secret, sending(loopback) as http:
        receiver.behaviour = lambda _: Reply(307, headers={"location": secret.url("/secret")})
        assert (await post(http, receiver.url(), is_guarded=True)).status == 307
        assert secret.parcels == []


async def test_an_operator_s_networks_are_reached() -> None:
    async with receiving() as receiver, sending(ipaddress.ip_network("127.0.0.1/32")) as http:
        assert (await post(http, receiver.url(), is_guarded=True)).status == 200


async def test_a_connection_is_used_again_and_its_end_is_no_failure() -> None:
    connections = 0

    async def two_answers_then_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()

    async with listening(two_answers_then_gone) as port, sending() as http:
        for _ in range(6):
            assert (await post(http, f"http://127.0.0.1:{port}/")).status == 200
    assert connections == 3


async def test_who_hangs_up_at_once_is_asked_once() -> None:
    async with receiving() as receiver, sending() as http:
        receiver.behaviour = lambda _: Reply(None)
        assert await problem(http, receiver.url()) == "connection_lost"
        assert len(receiver.parcels) == 1


async def test_who_cannot_be_found_is_looked_for_once() -> None:
    """Trying again at once is for connections that were kept."""

    class Nowhere(Names):
        async def resolve(self, *place: Any, **more: Any) -> list[ResolveResult]:
            self.asked += 1
            raise OSError("no such name")

    names = Nowhere()
    async with sending(names=names) as http:
        assert await problem(http, "http://nowhere.test/") == "unknown_host"
    assert names.asked == 1


async def test_an_answer_costs_little_time_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "DRAIN_SECONDS", 0.1)
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 202 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with listening(endless) as one, listening(dripping) as other, sending() as http:
        assert (await post(http, f"http://127.0.0.1:{one}/")).status == 200
        began = time.monotonic()
        assert (await post(http, f"http://127.0.0.1:{other}/")).status == 202
        assert 0.1 <= time.monotonic() - began < 2
    assert sent < 10_000_000, "what the system buffers, and no more"


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (Reply(200, after=9), "timeout"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"), "invalid_answer"),
        (Reply(raw=b"\x00\x01\x02\r\n\r\n"), "invalid_answer"),
    ],
    ids=["silence", "a head without end", "not HTTP"],
)
async def test_what_is_no_answer(reply: Reply, word: str) -> None:
    async with receiving() as receiver, sending() as http:
        receiver.behaviour = lambda _: reply
        assert await problem(http, receiver.url(), seconds=0.3) == word


async def test_who_asks_for_no_more() -> None:
    async with receiving() as receiver, sending() as http:
        receiver.behaviour = _gone
        assert await post(http, receiver.url("/abort")) == Answer(410, is_last=True)
        assert await post(http, receiver.url("/gone")) == Answer(410, is_last=False)


def _gone(parcel: Parcel) -> Reply:
    return Reply(410, headers={"Webhook-Delivery": "abort-message"} if parcel.path == "/abort" else {})


async def test_what_is_sent() -> None:
    async with receiving() as receiver, sending() as http:
        await post(http, receiver.url("/a?b=c"))
        [parcel] = receiver.parcels
    assert parcel.path == "/a?b=c"
    assert parcel.headers["x-test"] == "1"
    assert parcel.headers["user-agent"].startswith("ostiary/")
    assert parcel.body == b"{}"
    assert Receiver is type(receiver)
