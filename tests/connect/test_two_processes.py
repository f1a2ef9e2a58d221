"""Connect pages of two processes over one database: a balancer may send each request elsewhere."""

import asyncio
from dataclasses import replace
from pathlib import Path

from starlette.applications import Starlette

from ostiary.connect.pages import routes
from ostiary.domain.provider import HttpRequest, Login, LoginChoices, LoginFailed
from ostiary.transport.in_process import InProcessHttp

from .acme import LOGIN, URL, house
from .test_choosing import CHOICES, answer, choices_of


async def test_a_reload_elsewhere_does_not_spoil_the_login(tmp_path: Path) -> None:
    """The vendor's code is good once, so only one of them may take it to the vendor."""
    began, proceed = asyncio.Event(), asyncio.Event()

    async def once() -> Login:
        if began.is_set():
            raise LoginFailed("invalid_grant", "The code was used already")
        began.set()
        await proceed.wait()
        return LOGIN

    async with house(tmp_path, once) as it:
        elsewhere = Starlette(routes=routes(it.database, it.vendor, URL))
        other = InProcessHttp({URL: elsewhere}.get)
        webview = await it.webview()
        callback = await it.callback(webview)
        first = asyncio.create_task(it.get(callback))
        await began.wait()
        second = await other.send(HttpRequest("GET", callback, {}))
        assert b"This sign-in is over" in second.body
        proceed.set()
        assert (await first).status == 303
        assert (await it.again(webview)).status == "authorized"
        assert len(it.vendor.asked) == 1
        await other.close()


async def test_a_double_click_that_reaches_two_processes_connects_once(tmp_path: Path) -> None:
    began, proceed = asyncio.Event(), asyncio.Event()

    async def offer() -> LoginChoices:
        return CHOICES

    async def once() -> Login:
        if began.is_set():
            raise LoginFailed("invalid_response", "The refresh token was used already")
        began.set()
        await proceed.wait()
        return LOGIN

    async with house(tmp_path, offer) as it:
        it.vendor.completion = once
        app = Starlette(routes=routes(it.database, it.vendor, URL))
        other = replace(it, http=InProcessHttp({URL: app}.get))
        webview = await it.webview()
        html = await choices_of(it, webview)
        first = asyncio.create_task(answer(it, webview, html, "a-1"))
        await began.wait()
        for decision in ("connect", "cancel"):
            second = await answer(other, webview, html, "a-1", decision=decision)
            assert b"This sign-in is over" in second.body
        proceed.set()
        assert (await first).status == 303
        assert (await it.again(webview)).status == "authorized"
        await other.http.close()
