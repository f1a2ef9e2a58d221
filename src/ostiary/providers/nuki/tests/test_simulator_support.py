"""A small client for the simulator's tests: it speaks ASGI, holds a token, and moves the clock."""

import asyncio
import inspect
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from ostiary.domain.provider import AsgiApp, HomeStore
from ostiary.domain.secrets import Secret
from ostiary.providers.nuki.simulator import MemoryHomes, Simulator

CLIENT_ID, CLIENT_SECRET = "client-1", "secret-1"
BACK = "https://app.example.org/back"
JOHN, HOME = "john@example.com", "ann@example.com"


class Clock:
    def __init__(self, now: str = "2026-03-01T12:00:00+00:00") -> None:
        self.now = datetime.fromisoformat(now).astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


async def request(
    app: AsgiApp,
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    root_path: str = "",
) -> Reply:
    parts = urlsplit(url)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": parts.path,
        "root_path": root_path,
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    data = b"".join(message["body"] for message in sent if message["type"] == "http.response.body")
    return Reply(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, data)


class Nuki:
    """One simulator and one API token for one of its homes."""

    def __init__(
        self,
        home: str = HOME,
        *,
        homes: HomeStore | None = None,
        clock: Clock | None = None,
        pace: float = 1.0,
        redirect_uris: Sequence[str] = (BACK,),
        url: str = "https://nuki.test",
    ) -> None:
        self.home = home
        self.homes: HomeStore = MemoryHomes() if homes is None else homes
        self.clock = clock or Clock()
        self.token = ""
        self.app = Simulator(
            self.homes,
            self.clock,
            url=url,
            client_id=CLIENT_ID,
            client_secret=Secret(CLIENT_SECRET),
            redirect_uris=redirect_uris,
            pace=pace,
        )

    async def enter(self) -> "Nuki":
        self.token = await self.app.issue_api_token(self.home)
        return self

    async def call(self, method: str, path: str, value: Any = None, *, token: str | None = None) -> Reply:
        body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return await request(self.app, method, path, body=body, headers=headers)

    async def control(self, method: str, verb: str, **fields: Any) -> Any:
        fields.setdefault("home", self.home)
        reply = await request(self.app, method, f"/_simulator/{verb}", body=json.dumps(fields).encode())
        assert reply.status in (200, 201), reply.text
        return reply.json

    async def form(self, path: str, headers: dict[str, str] | None = None, /, **fields: str) -> Reply:
        return await request(
            self.app,
            "POST",
            path,
            body=urlencode(fields).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", **(headers or {})},
        )

    async def lock_id(self, *, keypad: bool = True, kind: int = 4) -> int:
        for one in (await self.call("GET", "/smartlock")).json:
            if one["type"] == kind and one["config"]["keypadPaired"] == keypad:
                return int(one["smartlockId"])
        raise AssertionError("no such device")

    async def create(self, lock: int, name: str, code: int, **fields: Any) -> Reply:
        return await self.call(
            "PUT", f"/smartlock/{lock}/auth", {"name": name, "type": 13, "code": code} | fields
        )

    async def codes(self, lock: int) -> dict[str, Any]:
        reply = await self.call("GET", f"/smartlock/{lock}/auth?types=13")
        assert reply.status == 200
        return {one["name"]: one for one in reply.json}

    async def created(self, lock: int, name: str, code: int, **fields: Any) -> Any:
        assert (await self.create(lock, name, code, **fields)).status == 204
        self.clock.move(10)
        return (await self.codes(lock))[name]


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Lets an `async def` be a test, fixtures included."""

    def wrapped(**fixtures: Any) -> None:
        asyncio.run(test(**fixtures))

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    wrapped.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]  # for pytest
    return wrapped


E2: dict[str, Any] = {"stackTrace": [], "suppressedExceptions": []}


def e1(value: str, name: str) -> dict[str, Any]:
    return {"detailMessage": f"The supplied value '{value}' for parameter '{name}' is not valid", **E2}
