"""
A world for the adapter's tests: the simulator, a clock that the test moves, and the adapter.

Over both transports, and nothing is patched: `in_process` calls the simulator, `loopback` serves it with
uvicorn on a port of 127.0.0.1.
"""

import asyncio
import html
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.transport.loopback import free_socket, network, serving

from ostiary.domain.provider import (
    Account,
    Adapter,
    Credentials,
    DesiredCode,
    HttpRequest,
    HttpResponse,
    Login,
    ProviderHttp,
    VendorSite,
)
from ostiary.domain.secrets import Secret
from ostiary.providers.nuki import MANIFEST
from ostiary.providers.nuki import Adapter as NukiAdapter
from ostiary.providers.nuki import Simulator as NukiSimulator
from ostiary.providers.nuki.mapping import vendor_name
from ostiary.providers.nuki.simulator import MemoryHomes
from ostiary.transport.in_process import InProcessHttp

JOHN = MANIFEST.known_logins[0]
BACK = "https://ostiary.invalid/connect_webviews/callback"
MOUNTED = "http://simulators.invalid/home-1/nuki"
TRANSPORTS = ("in_process", "loopback")

over_both = pytest.mark.parametrize("transport", TRANSPORTS)


@dataclass
class World:
    http: ProviderHttp
    url: str
    adapter: Adapter
    now: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC)
    taken: list[HttpRequest] = field(default_factory=list)

    # --- logging in ---------------------------------------------------------------------------------

    async def answer_of_login(
        self, decision: str = "allow", state: str = "s 1", *, without: str = ""
    ) -> dict[str, str]:
        """
        Walk through Nuki's pages as a person would; gives what comes back to us. `without`: a scope that is
        not asked for.
        """
        url = self.adapter.login_url(state=state, redirect_uri=BACK, verifier="v" * 43)
        url = url.replace(f"+{without}", "") if without else url
        assert (await self.http.send(HttpRequest("GET", url))).status == 200
        page = await self._submit(url, email=JOHN, password="1234")
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.body.decode())
        assert ticket
        answer = await self._submit(url, ticket=html.unescape(ticket[1]), decision=decision)
        assert (answer.status, answer.headers["location"].split("?")[0]) == (302, BACK)
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def _submit(self, url: str, **form: str) -> HttpResponse:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.http.send(HttpRequest("POST", url, headers, urlencode(form).encode()))

    async def log_in(self) -> Login:
        return await self.finish_login(await self.answer_of_login())

    async def finish_login(self, query: dict[str, str]) -> Login:
        login = await self.adapter.finish_login(query, redirect_uri=BACK, verifier="v" * 43, now=self.now)
        assert isinstance(login, Login)
        return login

    async def account(self) -> Account:
        login = await self.log_in()
        return self.adapter.account(login.credentials, login.settings)

    # --- what stands in the home ------------------------------------------------------------------------

    async def control(self, method: str, verb: str, **fields: Any) -> Any:
        """The simulator's control plane."""
        body = json.dumps({"home": JOHN, **fields}).encode() if method == "POST" else b""
        url = f"{self.url}/_simulator/{verb}?{urlencode({'home': JOHN})}"
        answer = await self.http.send(HttpRequest(method, url, {}, body))
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    async def device_id(self, name: str) -> str:
        truth = await self.control("GET", "truth")
        return next(str(device["smartlock_id"]) for device in truth["devices"] if device["name"] == name)

    async def truth(self, device_id: str) -> dict[str, Any]:
        devices = (await self.control("GET", "truth"))["devices"]
        return next(device for device in devices if str(device["smartlock_id"]) == device_id)

    async def fault(self, name: str, *, times: int = 1, seconds: float = 5.0, **match: str) -> None:
        await self.control("POST", "faults", fault=name, times=times, seconds=seconds, match=match)

    async def is_opened_by(self, device_id: str, code: str) -> bool:
        entry = await self.control("POST", "enter_code", smartlock_id=int(device_id), code=code)
        return bool(entry["accepted"])

    def pass_time(self, seconds: float = 30.0) -> None:
        self.now += timedelta(seconds=seconds)


class Recorder:
    """Passes requests on and keeps them."""

    def __init__(self, http: ProviderHttp, taken: list[HttpRequest]) -> None:
        self._http = http
        self._taken = taken

    async def send(self, request: HttpRequest) -> HttpResponse:
        self._taken.append(request)
        return await self._http.send(request)


def in_world(transport: str, use: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            listener = free_socket() if transport == "loopback" else None
            url = f"http://127.0.0.1:{listener.getsockname()[1]}" if listener else MOUNTED
            simulator = NukiSimulator(
                MemoryHomes(),
                lambda: world.now,
                url=url,
                client_id="client",
                client_secret=Secret("secret-of-client"),
                redirect_uris=[BACK],
            )
            if listener:
                await stack.enter_async_context(serving(simulator, listener))
                http: ProviderHttp = await stack.enter_async_context(network())
            else:
                in_process = InProcessHttp({url: simulator}.get)
                stack.push_async_callback(in_process.close)
                http = in_process
            taken: list[HttpRequest] = []
            world = World(http, url, adapter(Recorder(http, taken), url), taken=taken)
            await use(world)

    asyncio.run(run())


def adapter(http: ProviderHttp, url: str, secret: str = "secret-of-client") -> Adapter:
    return NukiAdapter(http, VendorSite({"api_url": url}, "client", Secret(secret)))


def wish(
    name: str | None = "Anna",
    pin: str = "384756",
    mark: str = "abc234",
    window: tuple[datetime, datetime] | None = None,
) -> DesiredCode:
    starts_at, ends_at = window or (None, None)
    return DesiredCode(f"id-{mark}", vendor_name(name, mark), Secret(pin), starts_at, ends_at)


class Canned:
    """A vendor that always says the same, for answers that the simulator has no reason to give."""

    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        self._answer = HttpResponse(
            status, {name.replace("_", "-"): text for name, text in headers.items()}, body
        )

    async def send(self, request: HttpRequest) -> HttpResponse:
        return self._answer

    def adapter(self) -> Adapter:
        return adapter(self, "https://api.nuki.io")

    def account(self) -> Account:
        return self.adapter().account(Credentials(Secret("token")), {})
