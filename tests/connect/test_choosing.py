"""What a person lets us into, over plain HTTP and on both databases: the states, the races, the secrets."""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest

from ostiary import store
from ostiary.domain.connect_webviews import ConnectWebview
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.domain.errors import Unreachable
from ostiary.domain.provider import Choice, HttpRequest, HttpResponse, Login, LoginChoices, LoginFailed
from ostiary.domain.secrets import Secret
from ostiary.store.tx import Tx

from .acme import ACME, BOLT, LOGIN, URL, House, failing, house, let_in, link, overtaken

PENDING = "pending-token-that-nobody-sees"
NORTH, EAST, SOUTH = (
    Choice("a-1", "North <b>", "3 of 5 seats taken"),
    Choice("b-2", "East", refusal="Not released <yet>."),
    Choice("c-3", "South"),
)
CHOICES = LoginChoices(Secret(PENDING), "sites", [NORTH, EAST, SOUTH], "A user <x> is added.")
OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


async def _offer() -> LoginChoices:
    return CHOICES


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> OpenHouse:
    """A house whose vendor asks what it may be let into; again for a restart."""

    def open_() -> AbstractAsyncContextManager[House]:
        return house(tmp_path, _offer, database_url=database_url)

    return open_


async def choices_of(it: House, webview: ConnectWebview, provider: str = ACME.key) -> str:
    """Log in; the page that asks."""
    return await it.go(await it.get(await it.callback(webview, provider)))


def mark_in(html: str) -> str:
    (mark,) = re.findall(r'name="mark" value="([^"]+)"', html)
    return str(mark)


async def answer(
    it: House, webview: ConnectWebview, html: str, *chosen: str, decision: str = "connect"
) -> HttpResponse:
    """Fill in the form of a page."""
    ticks = [("choice", choice_id) for choice_id in chosen]
    return await it.post("select", [*link(webview), ("mark", mark_in(html)), *ticks, ("decision", decision)])


def select_url(webview: ConnectWebview, **more: str) -> str:
    return f"{URL}/connect_webviews/view/select?{urlencode([*link(webview), *more.items()])}"


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def accounts(it: House) -> list[ConnectedAccount]:
    async def look(tx: Tx) -> list[ConnectedAccount]:
        (workspace,) = await store.workspaces.list_all(tx)
        return await store.connected_accounts.list_all(tx, workspace.workspace_id)

    return await it.database.read(look)


async def events(it: House) -> list[str]:
    async def look(tx: Tx) -> list[str]:
        (workspace,) = await store.workspaces.list_all(tx)
        found = await store.events.list_events(tx, workspace.workspace_id, since=None, until=None, limit=50)
        return [each.event_type for each in reversed(found)]

    return await it.database.read(look)


async def delete(it: House, webview: ConnectWebview) -> None:
    await it.database.write(store.connect_webviews.remove, webview.workspace_id, webview.connect_webview_id)


class Gate:
    """A vendor's answer, or its refusal, that comes when the test wants."""

    def __init__(self, error: Exception | None = None) -> None:
        self.is_asked = asyncio.Event()
        self.proceed = asyncio.Event()
        self._error = error

    async def pass_(self) -> Login:
        self.is_asked.set()
        await self.proceed.wait()
        if self._error is not None:
            raise self._error
        return LOGIN


# --- the way through --------------------------------------------------------------------------------------


async def test_what_is_ticked_is_connected(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
        assert "North &lt;b&gt;" in html
        assert "Not released &lt;yet&gt;." in html
        assert "A user &lt;x&gt; is added." in html
        assert re.findall(r'name="choice" value="([^"]+)" checked>', html) == ["a-1", "c-3"]
        assert (await it.again(webview)).status == "pending"
        done = await it.go(await answer(it, webview, html, "c-3", "c-3"))
        assert "Your account is connected" in done
        assert it.vendor.chosen == [(ACME.key, PENDING, ["c-3"])]
        after = await it.again(webview)
        (account,) = await accounts(it)
        assert (after.status, after.connected_account_id) == ("authorized", account.connected_account_id)
        assert after.pending_login is None
        assert await events(it) == [
            "connected_account.created",
            "connected_account.connected",
            "connected_account.successful_login",
            "connect_webview.login_succeeded",
        ]


async def test_looking_again_changes_nothing(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
        before = await it.again(webview)
        assert await it.page(select_url(webview)) == html
        assert 'value="a-1" checked' not in await it.page(select_url(webview, tick="none"))
        assert "Connect your locks" in await it.page(webview.url(URL))
        assert await it.again(webview) == before
        assert await events(it) == []


async def test_choices_outlive_a_restart(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
    async with opened() as it:
        assert await it.page(select_url(webview)) == html
        await it.go(await answer(it, webview, html, "a-1"))
        assert it.vendor.chosen == [(ACME.key, PENDING, ["a-1"])]
        assert (await it.again(webview)).status == "authorized"


@pytest.mark.parametrize("several", [False, True])
async def test_steps_are_as_many_as_were_said_at_the_start(opened: OpenHouse, several: bool) -> None:
    async with opened() as it:
        brands = [ACME.key, BOLT.key] if several else [ACME.key]
        webview = await it.webview(accepted_providers=brands)
        steps = len(brands) + 1
        assert f"Step 1 of {steps}" in await it.page(webview.url(URL))
        assert f"Step {steps} of {steps}" in await choices_of(it, webview)


# --- secrets ----------------------------------------------------------------------------------------------


async def test_what_is_pending_stays_in_the_database(
    opened: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with opened() as it:
            webview = await it.webview()
            returned = await it.get(await it.callback(webview))
            asked = await it.get(urljoin(URL, returned.headers["location"]))
            html = asked.body.decode()
            sealed = await it.database.read(_pending_of, webview)
            assert sealed
            assert PENDING.encode() not in sealed
            nothing = await answer(it, webview, html)
            it.vendor.completion = failing(Unreachable(PENDING))
            failed = await answer(it, webview, html, "a-1")
            assert await it.database.read(_pending_of, webview) is None, "it is gone with the login"
    for each in (returned, asked, nothing, failed):
        assert each.headers["cache-control"] == "no-store"
        assert each.headers["referrer-policy"] == "no-referrer"
        assert PENDING not in f"{each.headers} {each.body.decode()}"
    assert PENDING not in caplog.text
    assert webview.auth_token.reveal() not in caplog.text


async def _pending_of(tx: Tx, webview: ConnectWebview) -> bytes | None:
    """As it lies in the table."""
    rows = await store.connect_webviews._GET(tx, id=webview.connect_webview_id, ws=webview.workspace_id)
    sealed = rows[0][store.connect_webviews._record._names.index("pending_login")]
    return None if sealed is None else bytes(sealed)


# --- what does not do -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([], "Tick at least one of your sites, or cancel."),
        (["b-2"], "choose again"),
        (["a-1", "b-2"], "choose again"),
        (["x-9"], "choose again"),
        ([""], "choose again"),
    ],
)
async def test_choice_that_was_not_offered(opened: OpenHouse, chosen: list[str], words: str) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
        before = await it.again(webview)
        refused = await answer(it, webview, html, *chosen)
        again = refused.body.decode()
        assert refused.status == 422
        assert words in again
        assert "<title>Error: " in again
        assert re.findall(r'aria-invalid="true" aria-describedby="mistake" autofocus', again)
        assert ('value="a-1" checked' in again) == ("a-1" in chosen), "what was ticked stays ticked"
        assert 'value="b-2"' not in again
        assert it.vendor.chosen == []
        assert await it.again(webview) == before
        assert (await answer(it, webview, again, "a-1")).status == 303


async def test_form_that_no_page_of_ours_sends(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        mark = ("mark", mark_in(await choices_of(it, webview)))
        before = await it.again(webview)
        whole = [*link(webview), mark, ("choice", "a-1"), ("decision", "connect")]
        forms: list[Sequence[tuple[str, str]]] = [
            [],
            whole[:-1],
            [*whole[:-1], ("decision", "perhaps")],
            [*link(replace(webview, auth_token=Secret("x"))), *whole[2:]],
            [*whole, *[("choice", "a-1")] * 4000],
            [*whole, ("choice", "a" * 300_000)],
        ]
        for form in forms:
            assert (await it.post("select", form)).status == 404
        broken = HttpRequest("POST", f"{URL}/connect_webviews/view/select", body=b"\xff" * 10)
        assert (await it.http.send(broken)).status == 404
        assert it.vendor.chosen == []
        assert await it.again(webview) == before


async def test_thousands_of_sites_fit_the_form(opened: OpenHouse) -> None:
    many = [Choice(f"{number:036}", f"Site {number}") for number in range(3000)]

    async def offer() -> LoginChoices:
        return replace(CHOICES, choices=many)

    async with opened() as it:
        it.vendor.answer = offer
        webview = await it.webview()
        html = await choices_of(it, webview)
        every = [choice.choice_id for choice in many]
        assert (await answer(it, webview, html, *every)).status == 303
        assert it.vendor.chosen == [(ACME.key, PENDING, every)]


async def test_nothing_but_refusals(opened: OpenHouse) -> None:
    async def offer() -> LoginChoices:
        return replace(CHOICES, choices=[EAST])

    async with opened() as it:
        it.vendor.answer = offer
        webview = await it.webview(custom_redirect_failure_url="https://a.example/b")
        html = await choices_of(it, webview)
        assert "None of your sites can be connected yet" in html
        assert "Not released &lt;yet&gt;." in html
        assert "checkbox" not in html
        assert "Agree" not in html
        assert (await answer(it, webview, html, "b-2")).status == 422
        assert it.vendor.chosen == []
        ended = await answer(it, webview, html, decision="cancel")
        assert query(ended.headers["location"])["error_code"] == "access_denied"


# --- how it ends ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "error_code", "words"),
    [
        (Unreachable("no"), "provider_unavailable", "is not answering"),
        (LoginFailed("insufficient_permissions", "no"), "insufficient_permissions", "no admin rights"),
        (LoginFailed("<b>A</b>", "no"), "login_failed", "The account was not connected"),
    ],
)
async def test_vendor_that_refuses_the_choice(
    opened: OpenHouse, error: Exception, error_code: str, words: str
) -> None:
    async with opened() as it:
        it.vendor.completion = failing(error)
        webview = await it.webview()
        failed = await answer(it, webview, await choices_of(it, webview), "a-1")
        assert query(failed.headers["location"])["error_code"] == error_code
        html = await it.go(failed)
        assert words in html
        assert "Try again" in html
        after = await it.again(webview)
        assert (after.status, after.pending_login) == ("failed", None)
        assert await events(it) == ["connect_webview.login_failed"]

        to_caller = await it.webview(custom_redirect_failure_url="https://a.example/b?c=d")
        failed = await answer(it, to_caller, await choices_of(it, to_caller), "a-1")
        assert failed.headers["location"].startswith("https://a.example/b?c=d&connect_webview_id=")
        assert f"error_code={error_code}&" in failed.headers["location"]


async def test_account_of_another_customer_is_refused_after_the_choice(opened: OpenHouse) -> None:
    async with opened() as it:
        one = await it.webview(customer_key="a")
        assert (await answer(it, one, await choices_of(it, one), "a-1")).status == 303
        other = await it.webview(customer_key="b")
        failed = await answer(it, other, await choices_of(it, other), "a-1")
        assert query(failed.headers["location"])["error_code"] == "customer_key_already_set"
        assert (await it.again(other)).status == "failed"


async def test_success_goes_on_to_the_custom_url_after_the_choice(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview(custom_redirect_url="https://a.example/b?c=d")
        done = await answer(it, webview, await choices_of(it, webview), "a-1")
        assert done.headers["location"].startswith("https://a.example/b?c=d&connect_webview_id=")


async def test_patience_begins_when_the_vendor_is_done(opened: OpenHouse) -> None:
    async with opened() as it:

        async def slowly() -> Login:
            it.clock.now += timedelta(seconds=90)
            return LOGIN

        it.vendor.completion = slowly
        webview = await it.webview(wait_for_device_creation=True, custom_redirect_url="https://a.example/b")
        html = await it.go(await answer(it, webview, await choices_of(it, webview), "a-1"))
        assert "Finding your locks" in html
        assert '<meta http-equiv="refresh" content="1">' in html


async def test_own_bug_leaves_the_choice_open(opened: OpenHouse, caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as it:
        it.vendor.completion = failing(ZeroDivisionError("bug"))
        webview = await it.webview()
        html = await choices_of(it, webview)
        assert (await answer(it, webview, html, "a-1")).status == 500
        assert "a Connect page failed: /gate/connect_webviews/view/select" in caplog.text
        it.vendor.completion = let_in
        assert (await answer(it, webview, html, "a-1")).status == 303
        assert (await it.again(webview)).status == "authorized"


async def test_settings_that_vanish_while_the_person_chooses(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
        it.vendor.is_set_up = False
        assert "has not finished setting up" in await it.go(await answer(it, webview, html, "a-1"), 503)


# --- twice, and at the same time ----------------------------------------------------------------------------


async def test_double_click_connects_once(opened: OpenHouse) -> None:
    async with opened() as it:
        gate = Gate()
        it.vendor.completion = gate.pass_
        webview = await it.webview(custom_redirect_url="https://a.example/b")
        html = await choices_of(it, webview)
        first = asyncio.create_task(answer(it, webview, html, "a-1"))
        await gate.is_asked.wait()
        second = asyncio.create_task(answer(it, webview, html, "a-1"))
        await it.page(select_url(webview))  # by then the second has been read as well
        gate.proceed.set()
        locations = {(await each).headers["location"] for each in (first, second)}
        locations.add((await answer(it, webview, html, "a-1")).headers["location"])
        assert locations == {f"https://a.example/b?connect_webview_id={webview.connect_webview_id}"}
        assert len(it.vendor.chosen) == 1
        assert (await events(it)).count("connect_webview.login_succeeded") == 1


@pytest.mark.parametrize(
    ("is_taken", "end", "decision", "target"),
    [
        (False, "connected", "connect", "https://a.example/b?connect_webview_id="),
        (True, "connected", "connect", "https://a.example/b?connect_webview_id="),
        (False, "connected", "cancel", "view/done?"),
        (True, "connected", "cancel", "view/done?"),
        (False, "refused", "connect", "error_code=login_failed"),
        (True, "refused", "connect", "error_code=login_failed"),
        (False, "cancelled", "cancel", "error_code=access_denied"),
    ],
)
async def test_second_click_that_the_first_overtakes_leads_where_that_one_led(
    opened: OpenHouse, is_taken: bool, end: str, decision: str, target: str
) -> None:
    """It was read before the first one's end, or even its beginning, and goes on after it."""
    async with opened() as it, overtaken(it) as (late, database):
        gate = Gate(LoginFailed("login_failed", "No") if end == "refused" else None)
        it.vendor.completion = gate.pass_
        webview = await it.webview(custom_redirect_url="https://a.example/b")
        html = await choices_of(it, webview)

        def begin() -> asyncio.Task[HttpResponse]:
            first_decision = "cancel" if end == "cancelled" else "connect"
            return asyncio.create_task(answer(late, webview, html, "a-1", decision=first_decision))

        begun = begin() if is_taken else None
        if begun is not None:
            await gate.is_asked.wait()

        async def first_ends() -> None:
            first = begun or begin()
            gate.proceed.set()
            assert (await first).status == 303

        database.meanwhile = first_ends
        second = await answer(late, webview, html, "a-1", decision=decision)
        assert second.status == 303, second.body
        assert target in second.headers["location"]
        assert len(it.vendor.chosen) == (end != "cancelled")


async def test_double_click_on_cancel_ends_once(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
        for _ in range(2):
            ended = await answer(it, webview, html, decision="cancel")
            assert "You stopped before connecting" in await it.go(ended)
        assert await events(it) == ["connect_webview.login_failed"]
        assert "The account was not connected" in await it.go(await answer(it, webview, html, "a-1"))
        assert it.vendor.chosen == []


async def test_back_to_the_choices_when_it_is_over(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
        await answer(it, webview, html, "a-1")
        assert "Already connected" in await it.go(await it.get(select_url(webview)))
        ended = await answer(it, webview, html, decision="cancel")
        assert "Already connected" in await it.go(ended)
        assert (await it.again(webview)).status == "authorized"

        cancelled = await it.webview()
        await answer(it, cancelled, await choices_of(it, cancelled), decision="cancel")
        assert "Connect your locks" in await it.go(await it.get(select_url(cancelled)))


async def test_second_login_takes_the_place_of_the_first(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview(accepted_providers=[ACME.key, BOLT.key])
        old = await choices_of(it, webview)
        callback = await it.callback(webview, BOLT.key)
        assert "This sign-in is over" in (await answer(it, webview, old, "a-1")).body.decode()
        assert "Connect your locks" in await it.go(await it.get(select_url(webview)))

        new = await it.go(await it.get(callback))
        for decision in ("connect", "cancel"):
            refused = await answer(it, webview, old, "a-1", decision=decision)
            assert refused.status == 422
            assert "This list is newer" in refused.body.decode()
        assert it.vendor.chosen == []
        assert (await answer(it, webview, new, "c-3")).status == 303
        assert it.vendor.chosen == [(BOLT.key, PENDING, ["c-3"])]
        assert (await it.again(webview)).selected_provider == BOLT.key


@pytest.mark.parametrize("error", [None, LoginFailed("no", "no")])
async def test_second_login_that_is_faster_than_the_vendor(
    opened: OpenHouse, error: LoginFailed | None
) -> None:
    """Else the first one's account would be written down for the other brand, or its failure end both."""
    async with opened() as it:
        gate = Gate(error)
        it.vendor.completion = gate.pass_
        webview = await it.webview(accepted_providers=[ACME.key, BOLT.key])
        old = await choices_of(it, webview)
        late = asyncio.create_task(answer(it, webview, old, "a-1"))
        await gate.is_asked.wait()
        new = await choices_of(it, webview, BOLT.key)
        gate.proceed.set()
        assert (await late).status == 410
        assert await accounts(it) == []
        assert await events(it) == []

        it.vendor.completion = let_in
        assert (await answer(it, webview, new, "c-3")).status == 303
        (account,) = await accounts(it)
        assert account.provider == BOLT.key


# --- links that end meanwhile -------------------------------------------------------------------------------


async def test_link_that_expires_while_the_person_chooses(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
        it.clock.now += timedelta(hours=25)
        assert "This link has expired" in await it.page(select_url(webview), 410)
        for decision in ("connect", "cancel"):
            ended = await answer(it, webview, html, "a-1", decision=decision)
            assert ended.status == 410
        assert it.vendor.chosen == []
        assert await events(it) == []


async def test_link_that_expires_while_the_vendor_is_at_work(opened: OpenHouse) -> None:
    async with opened() as it:

        async def slowly() -> Login:
            it.clock.now += timedelta(hours=25)
            return LOGIN

        it.vendor.completion = slowly
        webview = await it.webview()
        late = await answer(it, webview, await choices_of(it, webview), "a-1")
        assert (late.status, "This link has expired" in late.body.decode()) == (410, True)
        assert await accounts(it) == []


async def test_link_that_is_deleted_while_the_person_chooses(opened: OpenHouse) -> None:
    async with opened() as it:
        webview = await it.webview()
        html = await choices_of(it, webview)
        await delete(it, webview)
        assert "This link does not work" in await it.page(select_url(webview), 404)
        assert (await answer(it, webview, html, "a-1")).status == 404
        assert it.vendor.chosen == []


async def test_link_that_is_deleted_while_the_vendor_is_at_work(opened: OpenHouse) -> None:
    async with opened() as it:

        async def meanwhile() -> Login:
            await delete(it, webview)
            return LOGIN

        it.vendor.completion = meanwhile
        webview = await it.webview()
        late = await answer(it, webview, await choices_of(it, webview), "a-1")
        assert (late.status, "This sign-in is over" in late.body.decode()) == (410, True)
        assert await accounts(it) == []
