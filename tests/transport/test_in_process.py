"""`InProcessHttp` does what a socket would do, towards an application of the same process."""

import asyncio
import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ostiary.domain.provider import AsgiApp, HttpRequest, HttpResponse, NoAnswer, NotSent
from ostiary.transport.in_process import InProcessHttp

from .loopback import network, serving

HOST = "http://simulators.invalid"


async def echo(request: Request) -> Response:
    seen = {
        "method": request.method,
        "url": str(request.url),
        "path": request.scope["path"],
        "root_path": request.scope["root_path"],
        "here": str(request.url_for("echo", name=request.path_params["name"])),
        "name": request.path_params["name"],
        "query": dict(request.query_params),
        "body": (await request.body()).decode(),
        "headers": dict(request.headers),
    }
    return JSONResponse(seen, headers={"X-Kind": "Echo"})


APP = Starlette(
    routes=[
        Route("/smartlock/{name}", echo, methods=["GET", "PUT"], name="echo"),
        Mount("/inner", routes=[Route("/{name}", echo)]),
    ]
)


def send(
    request: HttpRequest, apps: dict[str, AsgiApp] | None = None, *, settle: float | None = None
) -> HttpResponse:
    async def run() -> HttpResponse:
        http = InProcessHttp(({f"{HOST}/home-1/nuki": APP} if apps is None else apps).get)
        try:
            return await http.send(request)
        finally:
            if settle is not None:
                await asyncio.sleep(settle)
            await http.close()

    return asyncio.run(run())


def raising(error: BaseException) -> AsgiApp:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    return app


def test_a_mounted_application_finds_its_routes() -> None:
    request = HttpRequest(
        "PUT", f"{HOST}/home-1/nuki/smartlock/a%20b?x=1&x%2B=2", {"Authorization": "Bearer t"}, b"{}"
    )
    answer = send(request)
    seen = json.loads(answer.body)
    assert (answer.status, answer.headers["x-kind"]) == (200, "Echo")
    assert (seen["path"], seen["root_path"]) == ("/home-1/nuki/smartlock/a b", "/home-1/nuki")
    assert (seen["name"], seen["query"], seen["body"]) == ("a b", {"x": "1", "x+": "2"}, "{}")
    assert seen["headers"]["authorization"] == "Bearer t"
    assert seen["headers"]["content-length"] == "2"
    assert seen["here"] == f"{HOST}/home-1/nuki/smartlock/a b"  # Starlette does not quote


def test_it_looks_like_the_network_to_the_application() -> None:
    """The same request over uvicorn: the application sees the same, but for the address."""

    async def run() -> None:
        async with serving(APP) as url, network() as there:
            here = InProcessHttp({url: APP}.get)
            for method, body in (("GET", b""), ("PUT", b""), ("PUT", b'{"a":1}')):
                request = HttpRequest(method, f"{url}/smartlock/a%20b?x=1%202", {"Accept": "x/y"}, body)
                answers = [await there.send(request), await here.send(request)]
                far, near = (json.loads(answer.body) for answer in answers)
                added = far["headers"].keys() - near["headers"].keys()
                assert added <= {"user-agent", "accept-encoding"}
                for name in added:
                    del far["headers"][name]
                assert far == near
                assert answers[0].status == answers[1].status
                for name in ("content-type", "x-kind"):
                    assert answers[0].headers[name] == answers[1].headers[name]

    asyncio.run(run())


@pytest.mark.parametrize(("path", "found"), [("/a/b/smartlock/1", "inner"), ("/a/smartlock/1", "outer")])
def test_the_longest_prefix_wins(path: str, found: str) -> None:
    def named(name: str) -> AsgiApp:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": name.encode()})

        return app

    answer = send(
        HttpRequest("GET", HOST + path), {f"{HOST}/a": named("outer"), f"{HOST}/a/b": named("inner")}
    )
    assert answer.body.decode() == found


@pytest.mark.parametrize("url", [HOST, f"{HOST}/home-2/nuki/smartlock", "http://elsewhere/home-1/nuki"])
def test_nothing_is_mounted(url: str) -> None:
    with pytest.raises(NotSent):
        send(HttpRequest("GET", url))


def test_a_dropped_connection() -> None:
    class Dropped(ConnectionResetError):
        pass

    with pytest.raises(NoAnswer):
        send(HttpRequest("PUT", f"{HOST}/x"), {HOST: raising(Dropped())})


def test_a_connection_dropped_inside_starlette() -> None:
    """Starlette answers 500 to any exception before it lets it go on: the drop wins."""

    async def drop(request: Request) -> Response:
        raise ConnectionResetError

    app = Starlette(routes=[Route("/x", drop)])
    with pytest.raises(NoAnswer):
        send(HttpRequest("GET", f"{HOST}/x"), {HOST: app})


def test_a_bug_in_the_application_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        send(HttpRequest("GET", f"{HOST}/x"), {HOST: raising(ZeroDivisionError())})


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"type": "http.response.start", "status": 200}],
        [
            {"type": "http.response.start", "status": 200},
            {"type": "http.response.body", "body": b"half", "more_body": True},
        ],
    ],
)
def test_half_an_answer_is_none(messages: list[dict[str, Any]]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    with pytest.raises(NoAnswer):
        send(HttpRequest("PUT", f"{HOST}/x"), {HOST: app})


def test_a_late_application_finishes_its_work() -> None:
    done: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        done.append(await receive())

    with pytest.raises(NoAnswer):
        send(HttpRequest("PUT", f"{HOST}/x", timeout=0.05), {HOST: app}, settle=0.05)
    assert done == [{"type": "http.disconnect"}]


def test_closing_stops_what_is_still_at_work() -> None:
    stopped: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append(True)
            raise

    with pytest.raises(NoAnswer):
        send(HttpRequest("PUT", f"{HOST}/x", timeout=0.05), {HOST: app})
    assert stopped == [True]


def test_an_error_after_the_sender_left_troubles_nobody() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()
        raise ZeroDivisionError

    with pytest.raises(NoAnswer):
        send(HttpRequest("PUT", f"{HOST}/x", timeout=0.05), {HOST: app}, settle=0.05)
