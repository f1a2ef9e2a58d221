"""The Connect pages over plain HTTP with a vendor that does what a test wants: headers, races, failures."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary import store
from ostiary.domain.connect_webviews import ConnectWebview
from ostiary.domain.errors import Unreachable
from ostiary.domain.provider import HttpRequest, Login, LoginFailed
from ostiary.domain.secrets import Secret
from ostiary.store.tx import Tx

from .acme import LOGIN, URL, failing, house, let_in


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
        (LoginFailed("insufficient_permissions", "no"), "insufficient_permissions", "no admin rights"),
        (LoginFailed("no_sites", "no"), "no_sites", "account has no sites"),
        (LoginFailed("<b>A</b>", "no"), "login_failed", "The account was not connected"),
        (LoginFailed("access_denied", "no"), "access_denied", "You stopped before connecting"),
    ],
)
def test_failure_says_what_to_do(tmp_path: Path, error: Exception, error_code: str, words: str) -> None:
    async def story() -> None:
        async with house(tmp_path, failing(error)) as it:
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
        async with house(tmp_path, failing(ZeroDivisionError("bug"))) as it:
            webview = await it.webview()
            callback = await it.callback(webview)
            assert "Something went wrong on our side" in await it.page(callback, 500)
            assert (await it.again(webview)).status == "pending"
            it.vendor.answer = let_in
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
