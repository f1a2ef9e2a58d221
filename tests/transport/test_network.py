"""What `NetworkHttp` says about requests that fail: the engine builds on it whether to send again."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Receive, Scope, Send

from ostiary.domain.provider import HttpRequest, HttpResponse, NoAnswer, NotSent
from ostiary.transport.network import NetworkHttp

from .loopback import free_socket, listening, network, serving

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def stub(scope: Scope, receive: Receive, send: Send) -> None:
    """An application with one path per way to behave."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break

    async def answer(status: int, content: bytes = b"", *headers: tuple[bytes, bytes]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": content})

    match scope["path"]:
        case "/echo":
            seen = {
                "method": scope["method"],
                "path": scope["raw_path"].decode(),
                "query": scope["query_string"].decode(),
                "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
                "body": body.decode(),
            }
            await answer(200, json.dumps(seen).encode(), (b"X-Two", b"1"), (b"X-Two", b"2"))
        case "/moved":
            await answer(302, b"", (b"location", b"/echo"))
        case "/cookie":
            await answer(200, b"", (b"set-cookie", b"session=1; Path=/"))
        case "/half":
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99")]}
            )
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise RuntimeError("the server dies")
        case "/slow":
            await asyncio.sleep(5)
        case "/slow-body":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"start", "more_body": True})
            await asyncio.sleep(5)
        case "/long":
            await answer(200, b"x" * 3000)
        case "/bomb":
            await answer(200, gzip.compress(b"x" * 3000), (b"content-encoding", b"gzip"))
        case _:
            await answer(404)


def over_network(use: Callable[[NetworkHttp, str], Awaitable[None]], **options: int) -> None:
    async def run() -> None:
        async with serving(stub) as url, network(**options) as http:
            await use(http, url)

    asyncio.run(run())


def test_an_exchange_arrives_as_it_was_meant() -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        request = HttpRequest(
            "PUT", f"{url}/echo?types=13&name=a%2Bb", {"Authorization": "Bearer t"}, b'{"a":1}'
        )
        answer = await http.send(request)
        seen = json.loads(answer.body)
        assert (answer.status, answer.headers["x-two"]) == (200, "1, 2")
        assert (seen["method"], seen["query"], seen["body"]) == ("PUT", "types=13&name=a%2Bb", '{"a":1}')
        assert seen["headers"]["authorization"] == "Bearer t"
        assert seen["headers"]["user-agent"].startswith("ostiary/")

    over_network(use)


def test_a_write_without_a_body_says_so() -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        seen = json.loads((await http.send(HttpRequest("POST", f"{url}/echo"))).body)
        assert (seen["body"], seen["headers"]["content-length"]) == ("", "0")
        assert "content-type" not in seen["headers"]

    over_network(use)


def test_redirects_come_back_as_they_are() -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        assert (await http.send(HttpRequest("GET", f"{url}/moved"))).status == 302

    over_network(use)


def test_cookies_are_not_kept() -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        url = url.replace("127.0.0.1", "localhost")  # aiohttp's own jar ignores cookies of bare addresses
        await http.send(HttpRequest("GET", f"{url}/cookie"))
        seen = json.loads((await http.send(HttpRequest("GET", f"{url}/echo"))).body)
        assert "cookie" not in seen["headers"]

    over_network(use)


@pytest.mark.parametrize("path", ["/half", "/slow", "/slow-body", "/long", "/bomb"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_no_whole_answer_is_no_answer(path: str, method: str) -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        with pytest.raises(NoAnswer):
            await http.send(HttpRequest(method, url + path, timeout=0.2))

    over_network(use, max_body=2000)


def test_nobody_listens() -> None:
    async def run() -> None:
        async with network() as http:
            with free_socket() as silent, pytest.raises(NotSent):
                await http.send(HttpRequest("PUT", f"http://127.0.0.1:{silent.getsockname()[1]}/"))
            with pytest.raises(NotSent):
                await http.send(HttpRequest("PUT", "http://nobody.invalid/"))
            with pytest.raises(NotSent):
                await http.send(HttpRequest("PUT", "no address"))

    asyncio.run(run())


def test_time_that_runs_out_while_connecting() -> None:
    """A TLS handshake that nobody answers: the request waits behind it and never leaves."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def run() -> None:
        async with network() as http, listening(silent) as port:
            with pytest.raises(NotSent):
                await http.send(HttpRequest("PUT", f"https://127.0.0.1:{port}/", timeout=0.2))

    asyncio.run(run())


def test_encryption_that_fails() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWER)
        await reader.read()

    async def run() -> None:
        async with network() as http, listening(plain) as port:
            with pytest.raises(NotSent):
                await http.send(HttpRequest("PUT", f"https://127.0.0.1:{port}/"))

    asyncio.run(run())


def test_time_that_runs_out_in_the_queue_for_a_connection() -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        first = asyncio.create_task(http.send(HttpRequest("PUT", f"{url}/slow", timeout=0.4)))
        await asyncio.sleep(0.05)
        with pytest.raises(NotSent):
            await http.send(HttpRequest("PUT", f"{url}/echo", timeout=0.1))
        with pytest.raises(NoAnswer):
            await first

    over_network(use, connections=1)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "GET"])
def test_a_request_is_sent_at_most_once(method: str) -> None:
    """
    The server takes a request on a reused connection, then hangs up.

    aiohttp on its own repeats all but POST then.
    """
    taken: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        head = await reader.readuntil(b"\r\n\r\n")
        taken.append(head)

    async def once_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not taken:
            await hang_up(reader, writer)
        else:
            taken.append(await reader.readuntil(b"\r\n\r\n"))

    async def run() -> None:
        async with network() as http, listening(once_more) as port:
            url = f"http://127.0.0.1:{port}/"
            assert (await http.send(HttpRequest("GET", url))).body == b"ok"
            with pytest.raises(NoAnswer):
                await http.send(HttpRequest(method, url))

    asyncio.run(run())
    assert [head.split()[0].decode() for head in taken] == [method]


def test_an_answer_that_is_not_http() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example.com\r\n")
        await reader.read()

    async def run() -> None:
        async with network() as http, listening(babble) as port:
            for method in ("GET", "PUT"):
                with pytest.raises(NoAnswer):
                    await http.send(HttpRequest(method, f"http://127.0.0.1:{port}/", timeout=1))

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/half", "/slow"])
def test_what_is_raised_shows_no_token(path: str) -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        request = HttpRequest("PUT", url + path, {"Authorization": "Bearer hush"}, b"hush", timeout=0.1)
        with pytest.raises(NoAnswer) as caught:
            await http.send(request)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        assert "hush" not in repr(caught.value)

    over_network(use)


def test_a_cancelled_sender_is_cancelled() -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        task = asyncio.create_task(http.send(HttpRequest("PUT", f"{url}/slow")))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    over_network(use)


def test_closing_twice_and_sending_again() -> None:
    async def use(http: NetworkHttp, url: str) -> None:
        for _ in range(2):
            answer: HttpResponse = await http.send(HttpRequest("GET", f"{url}/nothing"))
            assert answer.status == 404
            await http.close()
            await http.close()

    over_network(use)
