"""The Connect pages over plain HTTP with a vendor that does what a test wants: headers, races, failures."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from ostiary import store
from ostiary.connect.pages import routes
from ostiary.domain.connect_webviews import ConnectWebview
from ostiary.domain.errors import Unreachable
from ostiary.domain.provider import Credentials, HttpRequest, HttpResponse, Login, LoginFailed, Manifest
from ostiary.domain.secrets import Secret
from ostiary.domain.workspaces import Workspace
from ostiary.store.opening import open_database
from ostiary.store.tx import Database, Tx
from ostiary.transport.in_process import InProcessHttp

URL = "https://locks.example.com/gate"
LOGIN = Login(
    Credentials(Secret("let me in")), "account 1", "john@example.com", {"email": "john@example.com"}
)
ACME = Manifest(
    key="acme_locks",
    display_name="Acme <Locks>",
    provider_categories=("stable",),
    default_urls={},
    needs_client=False,
    flags=("can_remotely_unlock",),
    device_types=("acme_lock",),
    known_logins=(),
)


@dataclass
class Vendor:
    """Adapter and `Vendors` in one. `answer` is what finishing a login does."""

    answer: Callable[[], Awaitable[Login]]
    is_set_up: bool = True
    manifests: Mapping[str, Manifest] = field(default_factory=lambda: {ACME.key: ACME})
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def adapter(self, workspace: Workspace, provider: str) -> Any:
        if not self.is_set_up:
            raise KeyError(provider)
        return {ACME.key: self}[provider]

    def login_url(self, *, state: str, redirect_uri: str, verifier: str) -> str:
        return "https://acme.example/login?" + urlencode({"state": state, "redirect_uri": redirect_uri})

    async def finish_login(self, query: Mapping[str, str], **more: Any) -> Login:
        self.asked.append({**query, **more})
        return await self.answer()


class Clock:
    now = datetime(2025, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class House:
    database: Database
    vendor: Vendor
    http: InProcessHttp
    clock: "Clock"

    async def get(self, url: str, **headers: str) -> HttpResponse:
        return await self.http.send(HttpRequest("GET", url, headers))

    async def page(self, url: str, status: int = 200) -> str:
        answer = await self.get(url)
        assert answer.status == status
        return answer.body.decode()

    async def choose(self, webview: ConnectWebview, provider: str = ACME.key) -> HttpResponse:
        form = {
            "connect_webview_id": webview.connect_webview_id,
            "auth_token": webview.auth_token.reveal(),
            "provider": provider,
        }
        url = f"{URL}/connect_webviews/view/choose"
        return await self.http.send(HttpRequest("POST", url, body=urlencode(form).encode()))

    async def callback(self, webview: ConnectWebview) -> str:
        """Begin a login; the address to which the vendor sends the person back."""
        chosen = await self.choose(webview)
        assert chosen.status == 303
        state = parse_qs(urlsplit(chosen.headers["location"]).query)["state"][0]
        return f"{URL}/connect_webviews/callback?state={state}&code=c"

    async def webview(self, **fields: Any) -> ConnectWebview:
        return await self.database.write(_create, fields)

    async def again(self, webview: ConnectWebview) -> ConnectWebview:
        return await self.database.read(
            store.connect_webviews.get, webview.workspace_id, webview.connect_webview_id
        )


async def _create(tx: Tx, fields: Mapping[str, Any]) -> ConnectWebview:
    workspace = (await store.workspaces.list_all(tx))[0]
    tx.enter(workspace)
    webview = ConnectWebview(
        connect_webview_id=str(uuid4()),
        workspace_id=workspace.workspace_id,
        auth_token=Secret(f"token{uuid4()}"),
        status="pending",
        connected_account_id=None,
        selected_provider=None,
        accepted_providers=[ACME.key],
        accepted_capabilities=["lock"],
        any_provider_allowed=False,
        device_selection_mode="none",
        custom_redirect_url=None,
        custom_redirect_failure_url=None,
        custom_metadata={},
        customer_key=None,
        automatically_manage_new_devices=True,
        wait_for_device_creation=False,
        login_state_hash=None,
        login_verifier=None,
        authorized_at=None,
        expires_at=tx.now + timedelta(hours=24),
        created_at=tx.now,
    )
    webview = replace(webview, **fields)
    await store.connect_webviews.insert(tx, webview)
    return webview


async def _let_in() -> Login:
    return LOGIN


def _failing(error: Exception) -> Callable[[], Awaitable[Login]]:
    async def fail() -> Login:
        raise error

    return fail


@asynccontextmanager
async def house(
    tmp_path: Path, answer: Callable[[], Awaitable[Login]] = _let_in, *, is_set_up: bool = True
) -> AsyncIterator[House]:
    """The pages, behind a proxy that serves them below a path."""
    vendor = Vendor(answer, is_set_up)
    clock = Clock()
    database = await open_database(f"sqlite:///{tmp_path / 'ostiary.db'}", [bytes(32)], clock)
    app = Starlette(routes=routes(database, vendor, URL))
    opened = House(database, vendor, InProcessHttp({URL: app}.get), clock)
    await database.write(store.workspaces.create, "Hotel", is_sandbox=True)
    try:
        yield opened
    finally:
        await opened.http.close()
        await database.close()


def test_pages_are_private_and_can_be_framed(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            webview = await it.webview()
            answers = [
                await it.get(webview.url(URL)),
                await it.choose(webview),
                await it.get(f"{URL}/connect_webviews/callback?state=unknown"),
            ]
            for answer in answers:
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["referrer-policy"] == "no-referrer"
                assert "x-frame-options" not in answer.headers
                assert "set-cookie" not in answer.headers
            policy = answers[0].headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; ")
            assert "base-uri 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors" not in policy

    asyncio.run(story())


def test_what_a_page_loads_is_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            html = await it.page((await it.webview()).url(URL))
            (style,) = (part.split('"')[0] for part in html.split('rel="stylesheet" href="')[1:])
            assert style.startswith("/gate/connect_webviews/style.css?v=")
            named = await it.get(f"https://locks.example.com{style}")
            assert named.headers["content-type"] == "text/css; charset=utf-8"
            assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
            plain = await it.get(f"{URL}/connect_webviews/brands/acme_locks.svg")
            assert plain.headers["content-type"] == "image/svg+xml"
            assert plain.headers["cache-control"] == "no-cache"
            assert b">A&lt;<" in plain.body
            etag = {"if-none-match": plain.headers["etag"]}
            known = await it.get(f"{URL}/connect_webviews/brands/acme_locks.svg", **etag)
            assert (known.status, known.body) == (304, b"")
            assert (
                (await it.get(f"{URL}/connect_webviews/parent.js"))
                .headers["content-type"]
                .startswith("text/javascript")
            )

    asyncio.run(story())


def test_impatient_reload_waits_for_the_same_answer(tmp_path: Path) -> None:
    async def story() -> None:
        proceed = asyncio.Event()

        async def slowly() -> Login:
            await proceed.wait()
            return LOGIN

        async with house(tmp_path, slowly) as it:
            webview = await it.webview()
            callback = await it.callback(webview)
            both = [asyncio.create_task(it.get(callback)) for _ in range(2)]
            await asyncio.sleep(0.05)
            proceed.set()
            first, second = await asyncio.gather(*both)
            assert first.status == second.status == 303
            assert first.headers["location"] == second.headers["location"]
            assert len(it.vendor.asked) == 1, "a code is good once"
            assert it.vendor.asked[0]["redirect_uri"] == f"{URL}/connect_webviews/callback"
            assert (await it.again(webview)).status == "authorized"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("error", "error_code", "words"),
    [
        (Unreachable("no"), "provider_unavailable", "is not answering"),
        (LoginFailed("invalid_grant", "no"), "invalid_grant", "The account was not connected"),
        (LoginFailed("<b>A</b>", "no"), "login_failed", "The account was not connected"),
        (LoginFailed("access_denied", "no"), "access_denied", "You stopped before connecting"),
    ],
)
def test_failure_says_what_to_do(tmp_path: Path, error: Exception, error_code: str, words: str) -> None:
    async def story() -> None:
        async with house(tmp_path, _failing(error)) as it:
            webview = await it.webview()
            answer = await it.get(await it.callback(webview))
            assert answer.status == 303
            location = answer.headers["location"]
            assert parse_qs(urlsplit(location).query)["error_code"] == [error_code]
            html = await it.page(f"https://locks.example.com{location}")
            assert words in html
            assert "Try again" in html
            assert "Acme <Locks>" not in html
            assert (await it.again(webview)).status == "failed"

            to_caller = await it.webview(custom_redirect_failure_url="https://a.example/b?c=d")
            answer = await it.get(await it.callback(to_caller))
            assert answer.headers["location"].startswith("https://a.example/b?c=d&connect_webview_id=")
            assert f"error_code={error_code}&" in answer.headers["location"]

    asyncio.run(story())


def test_own_bug_is_a_page_and_the_link_stays_good(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with house(tmp_path, _failing(ZeroDivisionError("bug"))) as it:
            webview = await it.webview()
            callback = await it.callback(webview)
            assert "Something went wrong on our side" in await it.page(callback, 500)
            assert (await it.again(webview)).status == "pending"
            it.vendor.answer = _let_in
            assert (await it.get(await it.callback(webview))).status == 303
            assert (await it.again(webview)).status == "authorized"
            assert "a Connect page failed: /gate/connect_webviews/callback" in caplog.text
            state = parse_qs(urlsplit(callback).query)["state"][0]
            assert webview.auth_token.reveal() not in caplog.text
            assert state not in caplog.text

    with caplog.at_level(logging.DEBUG):
        asyncio.run(story())


def test_only_the_newest_login_counts(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            webview = await it.webview()
            old, new = await it.callback(webview), await it.callback(webview)
            assert "This sign-in is over" in await it.page(old, 410)
            assert (await it.get(new)).status == 303
            assert "This sign-in is over" in await it.page(new, 410)

    asyncio.run(story())


def test_waiting_for_devices(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            webview = await it.webview(
                wait_for_device_creation=True, custom_redirect_url="https://a.example/b"
            )
            answer = await it.get(await it.callback(webview))
            done = f"https://locks.example.com{answer.headers['location']}"
            html = await it.page(done)
            assert '<meta http-equiv="refresh" content="1">' in html
            assert "data-told" not in html, "the parent is told when it is over"
            it.clock.now += timedelta(seconds=30)
            assert '<meta http-equiv="refresh" content="2">' in await it.page(done)
            it.clock.now += timedelta(seconds=31)
            html = await it.page(done)
            assert "http-equiv" not in html
            assert "takes longer than usual" in html
            assert "Go on to a.example without waiting" in html
            await it.database.write(_sync, webview)
            answer = await it.get(done)
            assert answer.status == 303
            assert answer.headers["location"].startswith("https://a.example/b?connect_webview_id=")

    asyncio.run(story())


async def _sync(tx: Tx, webview: ConnectWebview) -> None:
    webview = await store.connect_webviews.get(tx, webview.workspace_id, webview.connect_webview_id)
    account = await store.connected_accounts.find(tx, webview.connected_account_id or "")
    assert account is not None
    await store.connected_accounts.update_account(tx, replace(account, first_synced_at=tx.now))


def test_account_is_shown_masked(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            webview = await it.webview()
            answer = await it.get(await it.callback(webview))
            html = await it.page(f"https://locks.example.com{answer.headers['location']}")
            assert "j**n@example.com" in html
            assert "john@example.com" not in html

    asyncio.run(story())


def test_forms_that_no_page_of_ours_sends(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            webview = await it.webview()
            assert (await it.choose(webview, "other_locks")).status == 400
            assert (await it.choose(replace(webview, auth_token=Secret("x")))).status == 404
            url = f"{URL}/connect_webviews/view/choose"
            for body in (b"", b"\xff" * 10, b"a=b&" * 50, b"a" * 10_000):
                assert (await it.http.send(HttpRequest("POST", url, body=body))).status == 404
            assert (await it.get(url)).status == 410
            assert await it.again(webview) == webview

    asyncio.run(story())


def test_settings_that_vanish_during_a_login(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            callback = await it.callback(await it.webview())
            it.vendor.is_set_up = False
            location = (await it.get(callback)).headers["location"]
            html = await it.page(f"https://locks.example.com{location}", 503)
            assert "has not finished setting up" in html
            assert "Try again" not in html

    asyncio.run(story())
