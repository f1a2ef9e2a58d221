"""
A brand's adapter in front of its simulator, over both transports; nothing is patched.

Brands are known here by what `providers.load()` found. Their simulators are worked through the control plane
that every simulator has under `/_simulator`, and through the `Steering` in the tests of each brand, which
says the rest in words that all brands share.
"""

import importlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from tests.transport.loopback import free_socket, network, serving

from ostiary import providers
from ostiary.domain.instants import rounded
from ostiary.domain.pins import candidate_pins
from ostiary.domain.provider import (
    Account,
    Adapter,
    Brand,
    DesiredCode,
    HttpRequest,
    HttpResponse,
    Integrator,
    Login,
    LoginChoices,
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
MARK = "abc234"
TRIES = 5

Window = tuple[datetime, datetime] | tuple[None, None]
ALWAYS: Window = (None, None)


class Steering(Protocol):
    """What `tests/steering.py` of a brand's folder offers."""

    faults: frozenset[str]
    refuses_duplicates: bool
    whole: Mapping[str, int]

    async def begin(self) -> None: ...
    async def truth(self, name: str) -> dict[str, Any]: ...
    async def codes_on(self, name: str) -> dict[str, str]: ...
    async def opens(self, name: str, pin: str, at: datetime | None = None) -> bool: ...
    async def owner_adds(self, name: str, code_name: str, pin: str) -> None: ...
    async def owner_changes(self, name: str, code_name: str, /, **fields: Any) -> None: ...
    async def owner_removes(self, name: str, code_name: str) -> None: ...
    async def set_online(self, name: str, is_online: bool) -> None: ...
    async def code_writes(self) -> list[dict[str, Any]]: ...
    async def parts(self, mark: str) -> dict[str, int]: ...
    async def record(self) -> dict[str, Any]: ...


def steering_of(brand: Brand) -> Any:
    """The class."""
    return importlib.import_module(f"ostiary.providers.{brand.manifest.key}.tests.steering").Steering


# --- which brands, and how ------------------------------------------------------------------------------


def brands_where(has_it: Callable[[Any], bool]) -> pytest.MarkDecorator:
    """Those whose steering says so; never none, which would be a test left out."""
    found = {key: brand for key, brand in BRANDS.items() if has_it(steering_of(brand))}
    assert found
    return pytest.mark.parametrize("brand", found.values(), ids=found.keys())


def brands_with(fault: str) -> pytest.MarkDecorator:
    """Those whose simulator has a fault that not every simulator has."""
    return brands_where(lambda steering: fault in steering.faults)


every_brand = brands_where(lambda steering: True)
over_both = pytest.mark.parametrize("transport", ["in_process", "loopback"])


# --- the world ------------------------------------------------------------------------------------------


class Line:
    """Between the adapter and its HTTP: keeps what passes, and can do something before a request."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http
        self.requests: list[HttpRequest] = []
        self._trap: tuple[int, Callable[[], Awaitable[Any]]] | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        if self._trap is not None and len(self.requests) == self._trap[0]:
            _, spring = self._trap
            self._trap = None
            await spring()
        self.requests.append(request)
        return await self._http.send(request)

    def set_trap(self, ahead: int, spring: Callable[[], Awaitable[Any]]) -> None:
        """`ahead` 0: before the next request."""
        self._trap = (len(self.requests) + ahead, spring)

    def clear(self) -> None:
        self._trap = None

    @property
    def has_trap(self) -> bool:
        return self._trap is not None


@dataclass
class World:
    brand: Brand
    http: ProviderHttp
    url: str
    line: Line
    adapter: Adapter
    now: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC)
    home: str = field(init=False)
    steering: Steering = field(init=False)
    _has_begun: bool = False

    def __post_init__(self) -> None:
        self.home = self.brand.manifest.known_logins[0]
        self.steering = cast(Steering, steering_of(self.brand)(self.control))

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
        if not self._has_begun:
            self._has_begun = True
            await self.steering.begin()
        return dict(parse_qsl(back.query))

    async def _submit(self, url: str, **form: str) -> HttpResponse:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.http.send(HttpRequest("POST", url, headers, urlencode(form).encode()))

    async def finish(self, query: Mapping[str, str]) -> Login:
        """To the end: let us into all that may be chosen, where the vendor asks."""
        done = await self.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=self.now)
        return await self.complete(done) if isinstance(done, LoginChoices) else done

    async def complete(self, offered: LoginChoices) -> Login:
        chosen = [choice.choice_id for choice in offered.choices if choice.refusal is None]
        return await self.adapter.complete_login(offered.pending, chosen, now=self.now)

    async def log_in(self) -> Login:
        return await self.finish(await self.answer_of_login())

    async def account(self) -> Account:
        return self.of(await self.log_in())

    def of(self, login: Login) -> Account:
        return self.adapter.account(login.credentials, login.settings)

    # --- the vendor's side ---------------------------------------------------------------------------

    async def control(self, method: str, verb: str, **fields: Any) -> Any:
        body = json.dumps({"home": self.home, **fields}).encode() if method == "POST" else b""
        url = f"{self.url}/_simulator/{verb}?{urlencode({'home': self.home})}"
        answer = await self.http.send(HttpRequest(method, url, {}, body))
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    async def fault(self, name: str, *, times: int = 1, **fields: Any) -> None:
        await self.control("POST", "faults", fault=name, times=times, **fields)


@asynccontextmanager
async def opened(
    brand: Brand,
    transport: str,
    *,
    origin: str = "http://simulators.invalid",
    integrator: Integrator | None = None,
) -> AsyncIterator[World]:
    """
    Args:
        origin: Of the simulator's address where it is called in process.
        integrator: A user of ours at the vendor, which has to know it.
    """
    async with AsyncExitStack() as stack:
        listener = free_socket() if transport == "loopback" else None
        url = f"http://127.0.0.1:{listener.getsockname()[1]}" if listener else f"{origin}/vendor"
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
        urls = dict.fromkeys(brand.manifest.default_urls, url)
        site = VendorSite(urls, "client", Secret("secret of client"), integrator)
        line = Line(http)
        world = World(brand, http, url, line, brand.adapter(line, site))
        yield world


# --- devices and wishes ---------------------------------------------------------------------------------


def keypad(devices: Sequence[ObservedDevice]) -> ObservedDevice:
    return next(d for d in devices if d.capabilities.can_program_online_access_codes)


def lock(devices: Sequence[ObservedDevice]) -> ObservedDevice:
    return next(d for d in devices if d.capabilities.can_remotely_lock)


def wish(
    world: World,
    device: ObservedDevice,
    name: str = "Anna",
    mark: str = MARK,
    window: Window = ALWAYS,
    but: frozenset[Secret | None] = frozenset(),
) -> DesiredCode:
    """A code that the device must accept; its PIN is left to the vendor where that chooses."""
    can = device.capabilities
    pin = None if can.vendor_may_choose else next(pin for pin in candidate_pins(can) if pin not in but)
    return DesiredCode(f"id-{mark}", world.adapter.vendor_name(name, mark), pin, *window)


def rewished(
    world: World, device: ObservedDevice, held: DesiredCode, name: str = "Ben", window: Window = ALWAYS
) -> DesiredCode:
    """Another wish for the same code, with another PIN; one that the vendor has chosen stays."""
    mark = held.access_code_id.removeprefix("id-")
    other = wish(world, device, name, mark, window, but=frozenset([held.code]))
    return replace(other, code=held.code, is_from_vendor=True) if held.is_from_vendor else other


def in_hours(world: World, device: ObservedDevice, start: float, end: float) -> tuple[datetime, datetime]:
    """A window so many hours from now, in times that the device can keep."""
    step = timedelta(seconds=device.capabilities.time_step)
    starts_at, ends_at = (rounded(world.now + timedelta(hours=hours), step) for hours in (start, end))
    return starts_at, ends_at


# --- what the engine does -------------------------------------------------------------------------------


async def programmed(
    world: World, account: Account, device: ObservedDevice, wanted: DesiredCode
) -> DesiredCode:
    """
    Set a code, and do what the engine would do until the device holds it.

    Returns:
        The wish with its PIN, which the vendor may have chosen.
    """
    told = await account.set_access_code(device.vendor_device_id, wanted)
    return await completed(world, account, device, knowing(wanted, told))


async def completed(
    world: World, account: Account, device: ObservedDevice, wanted: DesiredCode, *, renews: bool = False
) -> DesiredCode:
    """
    Look, and set what is not there and change what is not as wished, until a look finds nothing to do; then
    wait for the device itself. For a code that is half there, for whatever reason.

    Args:
        renews: The PIN that the vendor once chose is gone, so that it may tell another.
    """
    door, can = device.vendor_device_id, device.capabilities
    for _ in range(TRIES):
        world.pass_time(can.settles_within)
        entry = (await look(account, device)).get(mark_of(wanted))
        if entry is None:
            wanted = knowing(wanted, await account.set_access_code(door, wanted), renews=renews)
        elif stands_as(entry, wanted):
            world.pass_time(can.reaches_device_after)
            return wanted
        elif not entry.is_busy:
            told = await account.change_access_code(door, entry.vendor_code_id, wanted)
            wanted = knowing(wanted, told, renews=renews)
    raise AssertionError(f"it does not come to an end: {await look(account, device)}")


def knowing(wanted: DesiredCode, told: Secret | None, *, renews: bool = False) -> DesiredCode:
    """The wish, once the vendor has told the PIN that it has chosen: once, and only when it was to choose."""
    if told is None:
        return wanted
    assert wanted.code is None or (renews and wanted.is_from_vendor), "a PIN that stands is not replaced"
    return replace(wanted, code=told, is_from_vendor=True)


def stands_as(entry: ObservedCode, wanted: DesiredCode) -> bool:
    return (
        wanted.code is not None
        and entry.name == wanted.vendor_name
        and entry.code in (wanted.code, None)
        and (entry.starts_at, entry.ends_at) == (wanted.starts_at, wanted.ends_at)
        and entry.weekly == wanted.weekly
        and entry.is_enabled
        and entry.is_exact
        and not entry.is_busy
    )


async def look(account: Account, device: ObservedDevice) -> dict[str, ObservedCode]:
    """What bears a mark, by it."""
    entries = await account.list_access_codes(device.vendor_device_id)
    marks = [entry.mark for entry in entries if entry.mark is not None]
    assert len(marks) == len(set(marks)), "one write, two codes"
    return {entry.mark: entry for entry in entries if entry.mark is not None}


async def settled(world: World, account: Account, device: ObservedDevice) -> dict[str, ObservedCode]:
    """A look after everything had its time, at the vendor and on its way to the device."""
    world.pass_time(device.capabilities.settles_within + device.capabilities.reaches_device_after)
    return await look(account, device)


async def removed(world: World, account: Account, device: ObservedDevice, mark: str = MARK) -> None:
    """Take a code off, and what is left of one, as the engine does: until a look shows nothing of it."""
    for _ in range(TRIES):
        entry = (await settled(world, account, device)).get(mark)
        if entry is None:
            return
        await account.remove_access_code(device.vendor_device_id, entry.vendor_code_id)
    raise AssertionError("it stays")


def mark_of(wanted: DesiredCode) -> str:
    return wanted.access_code_id.removeprefix("id-")


def pin_of(wanted: DesiredCode) -> str:
    """The PIN of a code that stands."""
    assert wanted.code is not None
    return wanted.code.reveal()
