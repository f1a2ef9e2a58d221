"""A small client for the simulator's tests: HTTP in process, one login, and a clock to move."""

import asyncio
import base64
import inspect
import json
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from ostiary.domain.provider import HomeStore, HttpRequest, HttpResponse
from ostiary.domain.secrets import Secret
from ostiary.providers.salto_ks.simulator import Simulator
from ostiary.simulation import MemoryHomes, ShiftableClock
from ostiary.transport.in_process import InProcessHttp

CLIENT_ID, CLIENT_SECRET = "0f4c1f3e-1111-4111-8111-000000000001", "secret-1"
BACK = "https://app.example.org/back"
JANE, SMALL, INTEGRATION = "jane@example.com", "ann@example.com", "integration@example.com"
URL = "https://salto.test"
FULL = "user_api.full_access"
ALWAYS = {
    **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), True),
    "start_time": "00:00:00",
    "end_time": "23:59:59",
    "start_date": None,
    "end_date": None,
}


class Clock:
    def __init__(self, now: str = "2026-03-01T12:00:00+00:00") -> None:
        self.now = datetime.fromisoformat(now).astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def value(reply: HttpResponse, status: int = 200) -> Any:
    """The JSON of an answer, which has to have this status."""
    assert reply.status == status, (reply.status, reply.body)
    return json.loads(reply.body) if reply.body else None


def refused(reply: HttpResponse) -> tuple[int, str]:
    """Status and code of an application error, in the shape of 8.2."""
    body = json.loads(reply.body)
    assert list(body) == ["ErrorCode", "Message"]
    assert isinstance(body["Message"], str)
    return reply.status, body["ErrorCode"]


def message(reply: HttpResponse) -> str:
    return str(json.loads(reply.body)["Message"])


def basic(client_id: str = CLIENT_ID, secret: str = CLIENT_SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


class Salto:
    """One simulator, and one login at it."""

    def __init__(
        self,
        home: str = JANE,
        *,
        homes: HomeStore | None = None,
        clock: Clock | ShiftableClock | None = None,
        pace: float = 1.0,
        redirect_uris: Sequence[str] = (BACK,),
        url: str = URL,
    ) -> None:
        self.home, self.url = home, url
        self.homes: HomeStore = MemoryHomes() if homes is None else homes
        self.clock: Any = clock or Clock()
        self.token = ""
        self._renew_at = self.clock()
        self.app = Simulator(
            self.homes,
            self.clock,
            url=url,
            client_id=CLIENT_ID,
            client_secret=Secret(CLIENT_SECRET),
            redirect_uris=redirect_uris,
            pace=pace,
        )
        self.http = InProcessHttp({url: self.app}.get)

    async def enter(self, *, limited: bool = False) -> "Salto":
        """Log in with the password; without the limit on requests, which only its own tests want."""
        await self._renew()
        if not limited:
            await self.control("POST", "limits", requests_per_second=0)
        return self

    async def beside(self, home: str) -> "Salto":
        """Another login at the same simulator."""
        other = Salto(home, homes=self.homes, clock=self.clock, url=self.url)
        other.app, other.http = self.app, self.http
        return await other.enter()

    def again(self) -> "Salto":
        """The same login at another simulator with the same homes."""
        other = Salto(self.home, homes=self.homes, clock=self.clock, url=self.url)
        other.token, other._renew_at = self.token, self._renew_at
        return other

    async def _renew(self) -> None:
        self.token = value(await self.log_in())["access_token"]
        self._renew_at = self.clock() + timedelta(seconds=3600)

    async def log_in(self, *, password: str = "1234", scope: str = FULL) -> HttpResponse:
        form = {"grant_type": "password", "username": self.home, "password": password, "scope": scope}
        return await self.form("/connect/token", basic(), **form)

    # --- HTTP -------------------------------------------------------------------------------------------

    async def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> HttpResponse:
        return await self.http.send(HttpRequest(method, self.url + path, headers or {}, body))

    async def call(
        self,
        method: str,
        path: str,
        fields: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        """Our own token is renewed where it is too old."""
        if token is None and self.token and self.clock() >= self._renew_at:
            await self._renew()
        sent = {"Authorization": f"Bearer {self.token if token is None else token}", **(headers or {})}
        body = b"" if fields is None else json.dumps(fields).encode()
        if fields is not None:
            sent.setdefault("Content-Type", "application/json")
        return await self.send(method, path, sent, body)

    async def form(self, path: str, headers: dict[str, str] | None = None, /, **fields: str) -> HttpResponse:
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self.send("POST", path, sent, urlencode(fields).encode())

    async def control(self, method: str, verb: str, **fields: Any) -> Any:
        fields.setdefault("home", self.home)
        reply = await self.send(method, f"/_simulator/{verb}", {}, json.dumps(fields).encode())
        assert reply.status in (200, 201), reply.body
        return json.loads(reply.body)

    async def items(self, path: str, /, **query: str) -> list[Any]:
        found = value(await self.call("GET", asked(path, **query)))
        assert list(found) == ["items", "next_page_link", "count"]
        return list(found["items"])

    # --- finding ----------------------------------------------------------------------------------------

    async def site(self, name: str | None = None, version: str = "v1.2") -> str:
        """The path of a site, of the first one without a name."""
        for site in await self.items("/v1.2/sites"):
            if name in (None, site["customer_reference"]):
                return f"/{version}/sites/{site['id']}"
        raise AssertionError("no such site")

    async def lock(self, name: str | None = None, site: str | None = None) -> str:
        """The id of a lock, of the first one with a keypad without a name."""
        for lock in await self.items(f"{site or await self.site()}/locks"):
            if name == lock["customer_reference"] or (name is None and lock["lock_type"].endswith("_pin")):
                return str(lock["id"])
        raise AssertionError("no such lock")

    async def iq(self, site: str | None = None) -> str:
        return str((await self.items(f"{site or await self.site()}/iqs"))[0]["id"])

    async def role(self, code: str = "site_user", site: str | None = None) -> str:
        roles = await self.items(f"{site or await self.site()}/roles")
        return str(next(role["id"] for role in roles if role["code"] == code))

    # --- people and rights ------------------------------------------------------------------------------

    async def user(self, name: str = "Guest", *, site: str | None = None, **fields: Any) -> dict[str, Any]:
        """A new user with the right to use a PIN, of whom the cloud has made up its mind."""
        site = site or await self.site()
        body = {"first_name": name, "last_name": "", "role_ids": [await self.role(site=site)]}
        user = value(await self.call("POST", f"{site}/users", {**body, "use_pin": True, **fields}))
        self.clock.move(60)
        found = value(await self.call("GET", f"{site}/users/{user['id']}"))
        assert isinstance(found, dict)
        return found

    async def me(self) -> str:
        """The platform id of who is logged in."""
        return str(value(await self.call("GET", "/v1.2/me"))["id"])

    async def member(
        self, other: "Salto", *, site: str | None = None, role: str = "site_admin", remote_access: bool = True
    ) -> dict[str, Any]:
        """Add who is logged in there to a site, as production does."""
        site = (site or await self.site()).replace("v1.2", "v1.1")
        body = {"id": await other.me(), "role_ids": [await self.role(role, site)]}
        path = f"{site}/users/existing"
        added = value(await self.call("POST", path, {**body, "remote_access": remote_access}))
        self.clock.move(60)
        assert isinstance(added, dict)
        return added

    async def group(self, *locks: str, site: str | None = None, **schedule: Any) -> str:
        """The path (version 1.1) of a new group with these locks and one schedule, `ALWAYS` if not said."""
        site = (site or await self.site()).replace("v1.2", "v1.1")
        group = value(await self.call("POST", f"{site}/access_groups", {"customer_reference": "Group"}))
        path = f"{site}/access_groups/{group['id']}"
        value(await self.call("POST", f"{path}/time_schedules", {**ALWAYS, **schedule}))
        for lock in locks:
            value(await self.call("POST", f"{path}/locks", {"lock_id": lock}))
        return path

    async def pin(self, user: dict[str, Any], site: str | None = None) -> str:
        path = f"{site or await self.site()}/users/{user['id']}/pin"
        return str(value(await self.call("PUT", path, {})))

    async def guest(
        self, lock: str, *, site: str | None = None, **schedule: Any
    ) -> tuple[dict[str, Any], str]:
        """Somebody whose PIN has reached the door: the user and the digits."""
        user = await self.user(site=site)
        group = await self.group(lock, site=site, **schedule)
        value(await self.call("POST", f"{group}/users", {"user_id": user["user"]["id"]}))
        digits = await self.pin(user, site)
        self.clock.move(300)
        return user, digits

    async def opens(self, lock: str, code: str, at: datetime | str | None = None) -> str:
        """What the door says; `ok` if it opens. With `at` it is only asked."""
        if isinstance(at, datetime):
            at = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        answer = await self.control("POST", "enter_code", lock_id=lock, code=code, at=at)
        assert answer["accepted"] is (answer["reason"] == "ok")
        return str(answer["reason"])


async def small_site(seats: int = 3, role: str = "site_admin", **site: object) -> Salto:
    """A site with one keypad door. The owner and who logs in take two of the seats."""
    salto = Salto()
    sketch = {"name": "Site", "seats": seats, "role": role, "locks": [{"name": "Door"}], **site}
    await salto.control("POST", "homes", home=salto.home, sites=[sketch], requests_per_second=0)
    return await salto.enter()


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Lets an `async def` be a test, fixtures included."""

    def wrapped(**fixtures: Any) -> None:
        asyncio.run(test(**fixtures))

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    wrapped.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]  # for pytest
    return wrapped


def asked(path: str, /, **query: str) -> str:
    """A path with a query, whose names come without the dollar signs."""
    return f"{path}?{urlencode({f'${name}': text for name, text in query.items()})}" if query else path


def query_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
