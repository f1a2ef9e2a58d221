"""
A world for the adapter's tests: a site, all that can be seen of it from all sides, and a clock to move.

It is the world of the provider contract, over both transports, with this vendor's own words. Nothing is
patched; only what the simulator has no reason to say comes from `Canned`.
"""

import asyncio
import inspect
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from tests.provider_contract.worlds import (
    ALWAYS,
    MARK,
    Window,
    World,
    completed,
    look,
    opened,
    pin_of,
    programmed,
    removed,
    wish,
)

from ostiary.domain.provider import (
    Account,
    Adapter,
    Brand,
    Credentials,
    DesiredCode,
    HttpRequest,
    HttpResponse,
    Integrator,
    Login,
    ObservedCode,
    ObservedDevice,
    ProviderHttp,
    VendorSite,
)
from ostiary.domain.secrets import Secret
from ostiary.providers.salto_ks import MANIFEST, Simulator
from ostiary.providers.salto_ks import Adapter as SaltoAdapter

__all__ = [
    "MARK",
    "Canned",
    "Site",
    "adapter",
    "at_site",
    "in_world",
    "look",
    "main_site",
    "pin_of",
    "programmed",
    "removed",
    "wish",
]

BRAND = Brand(MANIFEST, SaltoAdapter, Simulator)
TRANSPORTS = ("in_process", "loopback")
BACK_DOOR, FRONT_DOOR, MAIN_SITE = "BACK DOOR", "FRONT_DOOR", "Main Site"
URLS = {"api_url": "https://connect.my-clay.com", "identity_url": "https://identity.eu.my-clay.com"}


def main_site(**fields: Any) -> dict[str, Any]:
    """A sketch of a site with two doors that take codes, and what else a test says."""
    locks = [{"name": BACK_DOOR}, {"name": FRONT_DOOR, "lock_type": "escutcheon_pin"}]
    return {"name": MAIN_SITE, "locks": locks, **fields}


# --- worlds ---------------------------------------------------------------------------------------------


@dataclass
class Site:
    """One door of one site, as we have it, as the cloud has it, and as it is."""

    world: World
    login: Login
    account: Account
    device: ObservedDevice

    @property
    def door(self) -> str:
        return self.device.vendor_device_id

    # --- what we do -----------------------------------------------------------------------------------

    def wish(self, name: str = "Anna", mark: str = MARK, window: Window = ALWAYS) -> DesiredCode:
        return wish(self.world, self.device, name, mark, window)

    async def set(self, wanted: DesiredCode) -> Secret | None:
        return await self.account.set_access_code(self.door, wanted)

    async def programmed(self, wanted: DesiredCode | None = None) -> DesiredCode:
        return await programmed(self.world, self.account, self.device, wanted or self.wish())

    async def completed(self, wanted: DesiredCode, *, renews: bool = False) -> DesiredCode:
        return await completed(self.world, self.account, self.device, wanted, renews=renews)

    async def entry(self, mark: str = MARK) -> ObservedCode:
        return (await look(self.account, self.device))[mark]

    async def change(self, wanted: DesiredCode, mark: str = MARK) -> Secret | None:
        """What stands with that mark, whoever it was that left it so."""
        key = (await self.entry(mark)).vendor_code_id
        return await self.account.change_access_code(self.door, key, wanted)

    async def remove(self, mark: str = MARK) -> None:
        await self.account.remove_access_code(self.door, (await self.entry(mark)).vendor_code_id)

    async def look_again(self) -> ObservedDevice:
        return await self.account.get_device(self.door)

    def pass_time(self, seconds: float = 60.0) -> None:
        self.world.pass_time(seconds)

    def settle(self) -> None:
        """Until the door knows of everything."""
        can = self.device.capabilities
        self.world.pass_time(can.settles_within + can.reaches_device_after)

    # --- what the vendor has --------------------------------------------------------------------------

    async def control(self, method: str, verb: str, **fields: Any) -> Any:
        return await self.world.control(method, verb, **fields)

    async def cloud(self) -> dict[str, Any]:
        """The site's record."""
        sites = (await self.control("GET", "cloud"))["sites"]
        return next(one for one in sites if one["site"]["id"] == self.door.partition("/")[0])

    async def user(self, mark: str = MARK) -> dict[str, Any]:
        """The one user with that mark."""
        users = (await self.cloud())["users"]
        [found] = [user for user in users if user["user"]["last_name"].endswith(f"#{mark}")]
        return dict(found)

    async def group(self, mark: str = MARK) -> dict[str, Any]:
        groups = (await self.cloud())["groups"]
        [found] = [group for group in groups if group["customer_reference"].endswith(f"#{mark}")]
        return dict(found)

    async def seats(self) -> int:
        return int((await self.cloud())["site"]["active_user_amount"])

    async def parts(self, mark: str = MARK) -> dict[str, int]:
        return await self.world.steering.parts(mark)

    @property
    def whole(self) -> Any:
        return self.world.steering.whole

    async def opens(self, pin: str, at: datetime | None = None) -> bool:
        return await self.world.steering.opens(self.device.name, pin, at)

    async def held(self) -> dict[str, str]:
        """Names and PINs, by the door itself."""
        return await self.world.steering.codes_on(self.device.name)

    async def admin(self, do: str, user: str, **fields: Any) -> Any:
        """The site's admin works on a user in the web app; a site's id is taken for its name too."""
        site = self.door.partition("/")[0]
        return await self.control("POST", "owner/users", do=do, user=user, site=site, **fields)

    async def api(self, method: str, path: str, fields: Any = None) -> Any:
        """A call to the vendor below the site that is not the adapter's, such as of another integrator."""
        site = f"/v1.1/sites/{self.door.partition('/')[0]}"
        headers = {
            "Authorization": f"Bearer {self.login.credentials.access_token.reveal()}",
            "Content-Type": "application/json",
        }
        body = b"" if fields is None else json.dumps(fields).encode()
        request = HttpRequest(method, self.world.url + site + path, headers, body)
        answer = await self.world.http.send(request)
        assert answer.status < 300, answer.body
        return json.loads(answer.body) if answer.body else None

    # --- what went over the line ----------------------------------------------------------------------

    def count(self) -> int:
        return len(self.world.line.requests)

    def calls(self, since: int = 0) -> list[str]:
        """Method and the last part of the path that is no id, in order."""
        found = []
        for request in self.world.line.requests[since:]:
            path = request.url.removeprefix(self.world.url).partition("?")[0].split("/")
            words = [part for part in path if part and len(part) != 36 and not part.startswith("v1")]
            found.append(f"{request.method} {'/'.join(words[1:])}".rstrip())
        return found

    def writes(self, since: int = 0) -> list[str]:
        return [call for call in self.calls(since) if not call.startswith("GET")]


Test = Callable[..., Coroutine[Any, Any, None]]


def in_world(
    *sketches: dict[str, Any], integrator: Integrator | None = None
) -> Callable[[Test], Callable[..., None]]:
    """`async def test(world, …)` in a world that nobody has entered yet, over both transports."""

    def decorate(test: Test) -> Callable[..., None]:
        async def run(transport: str, fixtures: dict[str, Any]) -> None:
            async with opened(BRAND, transport, integrator=integrator) as world:
                if sketches:
                    await at_home_of(world, *sketches)
                await test(world, **fixtures)

        return _over(TRANSPORTS, test, run)

    return decorate


async def at_home_of(world: World, *sketches: dict[str, Any], home: str = "sites@example.com") -> None:
    """Somebody with these sites; from now on it is they who log in."""
    world.home = home
    await world.control("POST", "homes", sites=list(sketches))


def at_site(
    *sketches: dict[str, Any], door: str = BACK_DOOR, over: Sequence[str] = TRANSPORTS
) -> Callable[[Test], Callable[..., None]]:
    """`async def test(site, …)` at that door of Jane's sites, or of those that are described."""

    def decorate(test: Test) -> Callable[..., None]:
        async def run(transport: str, fixtures: dict[str, Any]) -> None:
            async with opened(BRAND, transport) as world:
                if sketches:
                    await at_home_of(world, *sketches)
                login = await world.log_in()
                account = world.of(login)
                devices = {device.name: device for device in await account.list_devices()}
                await test(Site(world, login, account, devices[door]), **fixtures)

        return _over(over, test, run)

    return decorate


def _over(
    transports: Sequence[str], test: Test, run: Callable[[str, dict[str, Any]], Coroutine[Any, Any, None]]
) -> Callable[..., None]:
    def wrapped(transport: str, **fixtures: Any) -> None:
        asyncio.run(run(transport, fixtures))

    _, *others = inspect.signature(test).parameters.values()
    first = inspect.Parameter("transport", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str)
    wrapped.__dict__.update(test.__dict__)  # the marks below it
    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    wrapped.__signature__ = inspect.Signature([first, *others])  # type: ignore[attr-defined]  # for pytest
    varied: Callable[..., None] = pytest.mark.parametrize("transport", transports)(wrapped)
    return varied


# --- a vendor that always says the same -----------------------------------------------------------------


def adapter(http: ProviderHttp, secret: str = "secret-of-client", **urls: str) -> Adapter:
    return SaltoAdapter(http, VendorSite({**URLS, **urls}, "client", Secret(secret)))


class Canned:
    """
    For answers that the simulator has no reason to give.

    Args:
        routes: Part of a URL to the answer there, status and body; the first that fits counts.
        headers: Of every answer.
    """

    def __init__(self, routes: dict[str, tuple[int, Any]], **headers: str) -> None:
        self._routes = routes
        self._headers = {name.replace("_", "-"): text for name, text in headers.items()}
        self.requests: list[HttpRequest] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        fitting = (found for part, found in self._routes.items() if part in f"{request.method} {request.url}")
        status, body = next(fitting)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return HttpResponse(status, self._headers, raw)

    def adapter(self) -> Adapter:
        return adapter(self)

    def account(self, *site_ids: str) -> Account:
        return self.adapter().account(Credentials(Secret("token")), {"site_ids": list(site_ids)})


def with_pin(wanted: DesiredCode, pin: str) -> DesiredCode:
    """The same wish with a PIN of the caller's own."""
    return replace(wanted, code=Secret(pin), is_from_vendor=False)


def wish_for(vendor_name: str, **fields: Any) -> DesiredCode:
    """For a vendor that says what a test wants it to."""
    return DesiredCode(f"id-{vendor_name[-6:]}", vendor_name, fields.pop("code", None), **fields)
