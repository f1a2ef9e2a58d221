"""
A whole house for a test: real database, real engine, real adapter, real simulators, real HTTP dialect.

Nothing in it is patched. Time is the sandbox workspace's own clock, which tests move.
"""

import asyncio
import contextlib
import importlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from ostiary import app, providers, store
from ostiary.connect import login
from ostiary.domain.instants import parse_instant
from ostiary.domain.provider import LoginChoices
from ostiary.domain.workspaces import Workspace
from ostiary.settings import read_settings

from . import databases
from .conformance import official

PUBLIC_URL = "http://house.test"
PROVIDER = "nuki"
Fixed = TypeVar("Fixed")
Seen = TypeVar("Seen")
Said = TypeVar("Said")


def fixed(value: Fixed, rule: Callable[[Fixed, Seen], Said]) -> Callable[[Seen], Said]:
    """A rule about what is seen that keeps this value, though the loop around it goes on."""
    return lambda seen: rule(value, seen)


@dataclass
class TestHouse:
    """One open house with one sandbox workspace and a key to it."""

    __test__ = False

    house: app.House
    workspace: Workspace
    api_key: str
    http: httpx.AsyncClient
    provider: str = PROVIDER
    answers: list[tuple[str, int, Any]] = field(default_factory=list)

    # --- calls ------------------------------------------------------------------------------------

    async def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.api_key}", **kwargs.pop("headers", {})}
        answer = await self.http.request(method, path, headers=headers, **kwargs)
        with contextlib.suppress(ValueError):
            self.answers.append((path, answer.status_code, answer.json()))
        return answer

    async def call(self, path: str, **body: Any) -> dict[str, Any]:
        """A POST that must succeed; its whole answer."""
        answer = await self.request("POST", path, json=body)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        whole: dict[str, Any] = answer.json()
        return whole

    async def refused(self, path: str, status: int, error_type: str, **body: Any) -> dict[str, Any]:
        """A POST that must be refused in the wire's form; its error."""
        answer = await self.request("POST", path, json=body)
        whole = answer.json()
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        assert whole["ok"] is False
        assert whole["error"]["type"] == error_type, whole
        assert whole["error"]["request_id"] == answer.headers["seam-request-id"]
        error: dict[str, Any] = whole["error"]
        return error

    async def until(
        self, look: Callable[[], Awaitable[Seen]], is_right: Callable[[Seen], bool], seconds: float = 15
    ) -> Seen:
        """Look until it is right; fails with the last look."""
        patience = time.monotonic() + seconds
        while True:
            seen = await look()
            if is_right(seen):
                return seen
            assert time.monotonic() < patience, f"still not right: {seen}"
            await asyncio.sleep(0.02)

    # --- the story ---------------------------------------------------------------------------------

    async def connect(
        self, email: str | None = None, *, choose: Sequence[str] | None = None, **webview: Any
    ) -> str:
        """
        Log in at the simulated vendor and wait for the first sync. Returns connected_account_id.

        Args:
            email: None: the brand's first known login.
            choose: Names of what to let us into, where the vendor asks; None: all that may be chosen.
        """
        made = (await self.call("/connect_webviews/create", **webview))["connect_webview"]
        query = dict(parse_qsl(urlsplit(made["url"]).query))
        database = self.house.database
        (_, workspace), state, verifier = await database.write(
            login.begin, made["connect_webview_id"], query["auth_token"], self.provider
        )
        adapter = self.house.vendors.adapter(workspace, self.provider)
        redirect_uri = f"{PUBLIC_URL}/connect_webviews/callback"
        url = adapter.login_url(state=state, redirect_uri=redirect_uri, verifier=verifier)
        back = await self.log_in(url, email or self.house.vendors.manifests[self.provider].known_logins[0])
        now = workspace.at(app.now())
        done = await adapter.finish_login(back, redirect_uri=redirect_uri, verifier=verifier, now=now)
        manifests = self.house.vendors.manifests
        if isinstance(done, LoginChoices):
            offer = login.offered(await database.write(login.offer, state, done))
            assert offer is not None
            chosen = [
                choice.choice_id
                for choice in done.choices
                if choice.refusal is None and (choose is None or choice.name in choose)
            ]
            done = await adapter.complete_login(done.pending, chosen, now=now)
            link = (made["connect_webview_id"], query["auth_token"])
            _, account = await database.write(login.finish_chosen, *link, done, manifests, offer.mark)
        else:
            _, account = await database.write(login.finish, state, done, manifests)
        account_id: str = account.connected_account_id
        await self.until(
            lambda: database.read(login.is_synced, account_id), lambda is_synced: bool(is_synced)
        )
        return account_id

    async def log_in(self, url: str, email: str) -> dict[str, str]:
        """Fill in the vendor's own pages as a person would; what comes back to the redirect address."""
        page = await self.http.post(
            url, data={"email": email, "password": "1234", "decision": "login"}, follow_redirects=False
        )
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
        assert ticket is not None, page.text
        target = urljoin(url, str(page.url)) if page.is_redirect else url
        answer = await self.http.post(target, data={"ticket": ticket[1], "decision": "allow"})
        assert answer.status_code in (302, 303), answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def devices(self, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.call("/devices/list", **filters))["devices"]
        return found

    async def lock_with_keypad(self) -> dict[str, Any]:
        return next(d for d in await self.devices() if d.get("can_program_online_access_codes"))

    async def create_code(self, device_id: str, **wish: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.call("/access_codes/create", device_id=device_id, **wish)
        code: dict[str, Any] = made["access_code"]
        return code

    async def code(self, access_code_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.call("/access_codes/get", access_code_id=access_code_id))[
            "access_code"
        ]
        return found

    async def code_until(
        self, access_code_id: str, is_right: Callable[[dict[str, Any]], bool], seconds: float = 15
    ) -> dict[str, Any]:
        found: dict[str, Any] = await self.until(lambda: self.code(access_code_id), is_right, seconds)
        return found

    async def gone(self, access_code_id: str, seconds: float = 15) -> None:
        async def look() -> int:
            answer = await self.request("POST", "/access_codes/get", json={"access_code_id": access_code_id})
            return answer.status_code

        await self.until(look, lambda status: status == 404, seconds)

    async def attempt(self, action_attempt_id: str) -> dict[str, Any]:
        """A settled action attempt."""

        async def look() -> dict[str, Any]:
            found: dict[str, Any] = (
                await self.call("/action_attempts/get", action_attempt_id=action_attempt_id)
            )["action_attempt"]
            return found

        settled: dict[str, Any] = await self.until(look, lambda attempt: attempt["status"] != "pending", 40)
        return settled

    async def events(self, **filters: Any) -> list[dict[str, Any]]:
        """Oldest first."""
        found = await self.call("/events/list", since="1970-01-02T00:00:00Z", **filters)
        return list(reversed(found["events"]))

    async def event_types(self, **filters: Any) -> list[str]:
        return [event["event_type"] for event in await self.events(**filters)]

    # --- time ----------------------------------------------------------------------------------------

    async def now(self) -> datetime:
        return parse_instant((await self.call("/ostiary/clock/get"))["clock"]["now"])

    async def advance(self, seconds: float) -> None:
        await self.call("/ostiary/clock/update", advance_seconds=seconds)

    async def set_clock(self, instant: datetime) -> None:
        await self.call("/ostiary/clock/update", now=instant.isoformat())

    # --- the simulated vendor --------------------------------------------------------------------------

    async def simulator(self, operation: str, **body: Any) -> dict[str, Any]:
        """The vendor's control plane, as an API user reaches it."""
        base = f"/ostiary/sandbox/{self.workspace.workspace_id}/{self.provider}/_simulator"
        answer = await self.request("POST", f"{base}/{operation}", json=body)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def simulated(self, view: str, **query: Any) -> dict[str, Any]:
        base = f"/ostiary/sandbox/{self.workspace.workspace_id}/{self.provider}/_simulator"
        answer = await self.request("GET", f"{base}/{view}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    @property
    def steering(self) -> Any:
        """The brand's own way to work its simulator."""
        module = importlib.import_module(f"ostiary.providers.{self.provider}.tests.steering")

        async def control(method: str, verb: str, **fields: Any) -> dict[str, Any]:
            ask = self.simulator if method == "POST" else self.simulated
            return await ask(verb, **fields)

        return module.Steering(control)

    async def codes_on_lock(self, device: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What the lock itself holds, not what its vendor's cloud says."""
        for truth in (await self.simulated("truth"))["devices"]:
            if truth["name"] == device["properties"]["name"]:
                codes: list[dict[str, Any]] = truth["codes"]
                return codes
        raise AssertionError("no such lock")

    async def smartlock_id(self, device: Mapping[str, Any]) -> int:
        for truth in (await self.simulated("truth"))["devices"]:
            if truth["name"] == device["properties"]["name"]:
                return int(truth["smartlock_id"])
        raise AssertionError("no such lock")

    async def type_code(self, device: Mapping[str, Any], code: str, at: datetime | None = None) -> bool:
        """Whether the keypad opens; with `at`, whether it would at that instant."""
        body: dict[str, Any] = {"smartlock_id": await self.smartlock_id(device), "code": code}
        if at is not None:
            body["at"] = at.isoformat()
        answer = await self.simulator("enter_code", **body)
        return bool(answer["accepted"])

    async def code_writes(self) -> list[dict[str, Any]]:
        writes: list[dict[str, Any]] = (await self.simulated("requests"))["writes"]
        return writes


def settings_for(folder: Path, database_url: str | None = None, **more: str) -> Any:
    environment = {
        "OSTIARY_DATA_DIR": str(folder),
        "OSTIARY_SANDBOX_PACE": "0",
        "OSTIARY_RATE_LIMITS": "off",
        **({"OSTIARY_DATABASE_URL": database_url} if database_url else {}),
        **more,
    }
    manifests = {key: brand.manifest for key, brand in providers.load().items()}
    return read_settings(environment, manifests)


@asynccontextmanager
async def open_house(
    folder: Path, database_url: str | None = None, *, is_working: bool = True, **more: str
) -> AsyncIterator[TestHouse]:
    """
    Open, with the engine running; closed as a process would end it.

    Args:
        is_working: False: the engine stands still, as if our server were down while the world goes on.
    """
    settings = settings_for(folder, database_url, **more)
    await databases.migrate(settings.database_url)
    async with app.opened(settings, PUBLIC_URL) as house:
        await house.database.write(app.first_start)
        workspace = await house.database.read(store.workspaces.find, "sandbox")
        assert workspace is not None
        _, token = await house.database.write(store.workspaces.create_api_key, workspace, "test")
        recorder = official.Recorder(house.asgi)  # every answer of every test against the official schema
        transport = httpx.ASGITransport(app=recorder)
        http = httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, timeout=30)
        async with http, house.engine() if is_working else contextlib.nullcontext():
            yield TestHouse(house, workspace, token.reveal(), http)
        recorder.check()
