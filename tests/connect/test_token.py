"""A brand where nobody can log in from here, but owners can make tokens: the form, over plain HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary import store
from ostiary.domain.connect_webviews import ConnectWebview
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.domain.errors import Unreachable
from ostiary.domain.provider import HttpResponse, Login, LoginFailed
from ostiary.store.tx import Tx

from .acme import ACME, BOLT, LOGIN, House, failing, house, link, overtaken

TOKEN = "deadbeef" * 10


@asynccontextmanager
async def by_token(folder: Path) -> AsyncIterator[tuple[House, ConnectWebview]]:
    async with house(folder) as open_house:
        open_house.vendor.is_by_token = True
        yield open_house, await open_house.webview()


async def form_of(open_house: House, webview: ConnectWebview) -> tuple[str, str]:
    """The form that the choice of the brand leads to, and the state that it sends along."""
    chosen = await open_house.choose(webview)
    page = await open_house.go(chosen)
    return page, parse_qs(urlsplit(chosen.headers["location"]).query)["state"][0]


async def give(open_house: House, webview: ConnectWebview, state: str, token: str = TOKEN) -> HttpResponse:
    return await open_house.post("token", [*link(webview), ("state", state), ("token", token)])


async def accounts(open_house: House) -> list[ConnectedAccount]:
    async def read(tx: Tx) -> list[ConnectedAccount]:
        workspace = (await store.workspaces.list_all(tx))[0]
        return await store.connected_accounts.list_all(tx, workspace.workspace_id)

    return await open_house.database.read(read)


async def test_a_token_connects_the_account(tmp_path: Path) -> None:
    """The pages say what will be asked for; the form keeps the token to itself."""
    async with by_token(tmp_path) as (open_house, webview):
        url = webview.url("https://locks.example.com/gate")
        intro = await open_house.page(url)
        assert "paste an API token of" in intro
        assert "You sign in" not in intro
        page, state = await form_of(open_house, webview)
        assert "Make a token in the Acme app." in page
        assert 'type="password"' in page
        assert 'autocomplete="off"' in page
        assert 'method="post"' in page
        answer = await give(open_house, webview, state)
        assert open_house.vendor.tokens == [TOKEN]
        assert TOKEN not in str(answer.headers)
        done = await open_house.go(answer)
        assert "Your account is connected" in done
        assert TOKEN not in done
        after = await open_house.again(webview)
        assert after.status == "authorized"
        assert TOKEN not in repr(after)


async def test_a_second_click_that_the_first_overtakes_leads_where_that_one_led(tmp_path: Path) -> None:
    async with by_token(tmp_path) as (open_house, webview), overtaken(open_house) as (late, database):
        _, state = await form_of(open_house, webview)
        led: list[HttpResponse] = []

        async def first_ends() -> None:
            led.append(await give(late, webview, state))

        database.meanwhile = first_ends
        second = await give(late, webview, state)
        assert [answer.status for answer in (*led, second)] == [303, 303]
        assert second.headers["location"].split("&since")[0] == led[0].headers["location"].split("&since")[0]
        assert open_house.vendor.tokens == [TOKEN]


async def test_the_page_does_not_repeat_what_was_given(tmp_path: Path) -> None:
    """Reload, back and a second click lead on, and the vendor is asked once."""
    async with by_token(tmp_path) as (open_house, webview):
        _, state = await form_of(open_house, webview)
        answers = await asyncio.gather(*(give(open_house, webview, state) for _ in range(3)))
        assert {answer.status for answer in answers} == {303}
        assert len({answer.headers["location"].split("&since")[0] for answer in answers}) == 1
        late = await give(open_house, webview, state)
        assert late.status == 303
        assert "Your account is connected" in await open_house.go(late)
        assert open_house.vendor.tokens == [TOKEN]
        again = await open_house.get(f"https://locks.example.com/gate{_path(webview, state)}")
        assert "/view/done?" in again.headers["location"]


def _path(webview: ConnectWebview, state: str) -> str:
    return (
        f"/connect_webviews/view/token?connect_webview_id={webview.connect_webview_id}"
        f"&auth_token={webview.auth_token.reveal()}&state={state}"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LoginFailed("invalid_token", "unknown"), "does not know this token"),
        (LoginFailed("insufficient_scope", "too little"), "does not allow enough"),
        (LoginFailed("provider_unavailable", "down"), "is not answering"),
        (Unreachable("down"), "is not answering"),
    ],
)
async def test_a_token_that_does_not_do_is_explained_and_can_be_given_again(
    tmp_path: Path, error: Exception, words: str
) -> None:
    async with by_token(tmp_path) as (open_house, webview):
        open_house.vendor.answer = failing(error)
        _, state = await form_of(open_house, webview)
        failed = await open_house.go(await give(open_house, webview, state))
        assert words in failed
        assert "Try again" in failed
        assert (await open_house.again(webview)).status == "failed"
        assert await accounts(open_house) == []

        async def let_in() -> Login:
            return LOGIN

        open_house.vendor.answer = let_in
        _, state = await form_of(open_house, webview)
        assert "Your account is connected" in await open_house.go(await give(open_house, webview, state))


async def test_a_new_token_reconnects_the_same_account(tmp_path: Path) -> None:
    async with by_token(tmp_path) as (open_house, webview):
        _, state = await form_of(open_house, webview)
        await give(open_house, webview, state)
        [before] = await accounts(open_house)

        async def cut_off(tx: Tx) -> None:
            workspace = await store.workspaces.get(tx, before.workspace_id)
            assert workspace is not None
            tx.enter(workspace)
            account, _ = before.disconnected(tx.now)
            await store.connected_accounts.update_account(tx, account)

        await open_house.database.write(cut_off)
        [lost] = await accounts(open_house)
        assert "API token" in lost.errors[0]["message"]
        second = await open_house.webview()
        _, state = await form_of(open_house, second)
        await give(open_house, second, state, "c0ffee" * 10)
        [after] = await accounts(open_house)
        assert after.connected_account_id == before.connected_account_id
        assert (list(after.errors), after.is_disconnected) == ([], False)


async def test_only_the_newest_form_of_the_right_link_counts(tmp_path: Path) -> None:
    """A state of another login, of another link, or none at all is refused before anybody is asked."""
    async with by_token(tmp_path) as (open_house, webview):
        other = await open_house.webview()
        _, old = await form_of(open_house, webview)
        _, theirs = await form_of(open_house, other)
        _, state = await form_of(open_house, webview)
        for wrong in (old, theirs, "", "x" * 43):
            answer = await give(open_house, webview, wrong)
            assert answer.status == 410
            shown = await open_house.get(f"https://locks.example.com/gate{_path(webview, wrong)}")
            assert shown.status == 303
            assert "/view?" in shown.headers["location"]
        bad_link = [("connect_webview_id", webview.connect_webview_id), ("auth_token", "no")]
        refused = await open_house.post("token", [*bad_link, ("state", state), ("token", TOKEN)])
        assert refused.status == 404
        assert open_house.vendor.tokens == []
        assert (await give(open_house, webview, state)).status == 303


async def test_a_brand_with_a_login_of_its_own_takes_no_token(tmp_path: Path) -> None:
    """Its state is good, and yet a token is not what it waits for."""
    async with by_token(tmp_path) as (open_house, _):
        webview = await open_house.webview(accepted_providers=[ACME.key, BOLT.key])
        picker = await open_house.page(webview.url("https://locks.example.com/gate") + "&step=brands")
        assert "or give a token that you make there" in picker
        chosen = await open_house.choose(webview, BOLT.key)
        assert chosen.headers["location"].startswith("https://acme.example/login")
        state = parse_qs(urlsplit(chosen.headers["location"]).query)["state"][0]
        failed = await open_house.go(await give(open_house, webview, state), 503)
        assert "not available yet" in failed
        assert open_house.vendor.tokens == []


async def test_no_log_ever_has_the_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not even when something breaks that nobody has thought of."""
    caplog.set_level(logging.DEBUG)
    async with by_token(tmp_path) as (open_house, webview):
        for error in (ValueError("a bug"), Unreachable("down"), LoginFailed("invalid_token", "no")):
            open_house.vendor.answer = failing(error)
            _, state = await form_of(open_house, webview)
            answer = await give(open_house, webview, state)
            assert TOKEN not in answer.body.decode() + str(answer.headers)
        assert open_house.vendor.tokens == [TOKEN] * 3
        assert caplog.records
        assert TOKEN not in caplog.text
