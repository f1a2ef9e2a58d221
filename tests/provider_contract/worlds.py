"""
A brand's adapter in front of its simulator, over both transports; nothing is patched.

Brands are known here by what `providers.load()` found. The simulator is steered through the control plane
that every simulator has under `/_simulator`; the vendor's word for a device's id is read from what it shows.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from tests.transport.loopback import free_socket, network, serving

from ostiary import providers
from ostiary.domain.access_codes import candidate_pins
from ostiary.domain.provider import (
    Account,
    Adapter,
    Brand,
    DesiredCode,
    HttpRequest,
    HttpResponse,
    Login,
    ObservedCode,
    ObservedDevice,
    ProviderHttp,
    VendorSite,
)
from ostiary.domain.secrets import Secret
from ostiary.simulation.homes import MemoryHomes
from ostiary.transport.in_process import InProcessHttp

BRANDS = providers.load()
BACK = "https://ostiary.invalid/connect_webviews/callback"
VERIFIER = "v" * 43

every_brand = pytest.mark.parametrize("brand", BRANDS.values(), ids=BRANDS.keys())
over_both = pytest.mark.parametrize("transport", ["in_process", "loopback"])


@dataclass
class World:
    brand: Brand
    http: ProviderHttp
    url: str
    adapter: Adapter
    now: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC)

    @property
    def home(self) -> str:
        return self.brand.manifest.known_logins[0]

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # --- logging in ---------------------------------------------------------------------------------

    async def answer_of_login(self, decision: str = "allow", state: str = "s 1") -> dict[str, str]:
        """Fill in the vendor's pages as a person would; what comes back to us."""
        url = self.adapter.login_url(state=state, redirect_uri=BACK, verifier=VERIFIER)
        page = await self._submit(url, email=self.home, password="1234", decision="login")
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.body.decode())
        assert ticket is not None, page.body
        target = urljoin(url, page.headers.get("location", url))
        answer = await self._submit(target, ticket=ticket[1], decision=decision)
        assert answer.status in (302, 303), answer.body
        back = urlsplit(answer.headers["location"])
        assert back._replace(query="").geturl() == BACK
        return dict(parse_qsl(back.query))

    async def _submit(self, url: str, **form: str) -> HttpResponse:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.http.send(HttpRequest("POST", url, headers, urlencode(form).encode()))

    async def log_in(self) -> Login:
        query = await self.answer_of_login()
        return await self.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=self.now)

    async def account(self) -> Account:
        return self.adapter.account((await self.log_in()).credentials)

    # --- the vendor's side ---------------------------------------------------------------------------

    async def control(self, method: str, verb: str, **fields: Any) -> Any:
        body = json.dumps({"home": self.home, **fields}).encode() if method == "POST" else b""
        url = f"{self.url}/_simulator/{verb}?{urlencode({'home': self.home})}"
        answer = await self.http.send(HttpRequest(method, url, {}, body))
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    async def fault(self, name: str, *, times: int = 1, **fields: Any) -> None:
        await self.control("POST", "faults", fault=name, times=times, **fields)

    async def truth(self, device: ObservedDevice) -> dict[str, Any]:
        """What the device itself holds."""
        devices = (await self.control("GET", "truth"))["devices"]
        found: dict[str, Any] = next(one for one in devices if one["name"] == device.name)
        return found

    async def codes_on(self, device: ObservedDevice) -> dict[str, str]:
        """Name to PIN, by the device itself."""
        return {code["name"]: str(code["code"]) for code in (await self.truth(device))["codes"]}

    async def owner(self, device: ObservedDevice, do: str, **fields: Any) -> None:
        """The owner works on the device's codes without us."""
        truth = await self.truth(device)
        word = next(name for name in truth if name.endswith("_id"))
        await self.control("POST", "owner/codes", **{word: truth[word]}, do=do, **fields)


def keypad(devices: Any) -> ObservedDevice:
    found: ObservedDevice = next(d for d in devices if d.capabilities.can_program_online_access_codes)
    return found


def lock(devices: Any) -> ObservedDevice:
    found: ObservedDevice = next(d for d in devices if d.capabilities.can_remotely_lock)
    return found


def wish(
    world: World,
    device: ObservedDevice,
    name: str = "Anna",
    mark: str = "abc234",
    window: tuple[datetime, datetime] | tuple[None, None] = (None, None),
    but: frozenset[Secret] = frozenset(),
) -> DesiredCode:
    """A code that the device must accept."""
    pin = next(pin for pin in candidate_pins(device.capabilities) if pin not in but)
    return DesiredCode(f"id-{mark}", world.adapter.vendor_name(name, mark), pin, *window)


async def settled(world: World, account: Account, device: ObservedDevice) -> dict[str | None, ObservedCode]:
    """A look after everything had its time; by mark."""
    world.pass_time(device.capabilities.settles_within)
    entries = await account.list_access_codes(device.vendor_device_id)
    marks = [entry.mark for entry in entries if entry.mark is not None]
    assert len(marks) == len(set(marks)), "one write, two codes"
    return {entry.mark: entry for entry in entries}


@asynccontextmanager
async def opened(brand: Brand, transport: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        listener = free_socket() if transport == "loopback" else None
        url = (
            f"http://127.0.0.1:{listener.getsockname()[1]}"
            if listener
            else "http://simulators.invalid/vendor"
        )
        simulator = brand.simulator(
            MemoryHomes(),
            lambda: world.now,
            url=url,
            client_id="client",
            client_secret=Secret("secret of client"),
            redirect_uris=[BACK],
        )
        if listener:
            await stack.enter_async_context(serving(simulator, listener))
            http: ProviderHttp = await stack.enter_async_context(network())
        else:
            in_process = InProcessHttp({url: simulator}.get)
            stack.push_async_callback(in_process.close)
            http = in_process
        site = VendorSite(
            dict.fromkeys(brand.manifest.default_urls, url), "client", Secret("secret of client")
        )
        world = World(brand, http, url, brand.adapter(http, site))
        yield world
