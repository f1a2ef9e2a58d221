"""
The requests of a Connect Webview.

A person comes with a link, and its token is all that lets them in: there are no cookies, so that the pages
work inside somebody else's frame. Whatever changes something is a POST or the vendor's callback, and both
end in a redirect, so that reload and the back button repeat nothing. `app.py` mounts `routes` at the root.
"""

import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .. import store
from ..domain.connect_webviews import ConnectWebview
from ..domain.errors import ApiError
from ..domain.instants import to_ms
from ..domain.secrets import Secret
from ..store.tx import Database, Tx
from ..wire.http import read_body
from . import login, wording
from .assets import Assets
from .login import LinkRefused, Offer
from .screens import CALLBACK, SELECT, TOKEN, VIEW, Screens
from .way_back import Logins, Vendors, Visit, word

log = logging.getLogger("ostiary.connect")

PATIENCE: Final = 60.0
"""Seconds that a page waits for the first look at an account's locks."""

_FORM_BYTES: Final = 8 * 1024
_FORM_FIELDS: Final = 10
_CHOICES_BYTES: Final = 256 * 1024
_CHOICES_FIELDS: Final = 4000  # some thousand sites in one account are more than anybody has
_ID: Final = re.compile(r"[0-9A-Fa-f-]{36}")

Handler = Callable[[Request], Awaitable[Response]]


def routes(database: Database, vendors: Vendors, public_url: str) -> list[BaseRoute]:
    """
    The pages and what they load, to be mounted at the root.

    Args:
        public_url: Under which browsers reach us; vendors send people back there.
    """
    assets = Assets(vendors.manifests)
    pages = Pages(database, vendors, Screens(vendors.manifests, assets, public_url), public_url)
    return [
        Route("/", pages.kindly(pages.front), methods=["GET"]),
        Route(VIEW, pages.kindly(pages.view), methods=["GET"]),
        Route(f"{VIEW}/choose", pages.kindly(pages.choose), methods=["GET", "POST"]),
        Route(SELECT, pages.kindly(pages.select), methods=["GET"]),
        Route(SELECT, pages.kindly(pages.chosen), methods=["POST"]),
        Route(TOKEN, pages.kindly(pages.token), methods=["GET"]),
        Route(TOKEN, pages.kindly(pages.token_given), methods=["POST"]),
        Route(f"{VIEW}/done", pages.kindly(pages.done), methods=["GET"]),
        Route(f"{VIEW}/failed", pages.kindly(pages.failed), methods=["GET"]),
        Route(CALLBACK, pages.kindly(pages.callback), methods=["GET"]),
        *assets.routes(),
    ]


class Pages:
    """One method per address."""

    def __init__(self, database: Database, vendors: Vendors, screens: Screens, public_url: str) -> None:
        self._database = database
        self._vendors = vendors
        self._screens = screens
        self._redirect_uri = public_url + CALLBACK
        self._logins = Logins(database, vendors, screens, self._redirect_uri)

    def kindly(self, handler: Handler) -> Handler:
        """Whatever happens, a person gets a page that they can read."""

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except LinkRefused as refused:
                return self._screens.trouble(wording.of_link(refused.reason))
            except Exception:
                log.exception("a Connect page failed: %s", request.url.path)
                return self._screens.trouble(wording.of_link("broken"))

        return handle

    async def view(self, request: Request) -> Response:
        """Who asks for what; with `step=brands` the picker. Looking at a link changes nothing."""
        visit = await self._opened(request.query_params)
        if visit.webview.status == "authorized":
            return self._screens.redirect(self._screens.done(visit.webview))
        if request.query_params.get("step") == "brands":
            return self._screens.brands(visit.place(2), self._by_token(visit))
        return self._screens.intro(visit.place(1), self._by_token(visit))

    async def choose(self, request: Request) -> Response:
        """Write down that a login begins, and send the person to the vendor."""
        if request.method != "POST":  # somebody asks for the address again after an answer was shown there
            raise LinkRefused("over")
        form = await _form(request)
        visit = await self._opened(form)
        provider = form.get("provider", "")
        if provider not in visit.webview.accepted_providers:
            back = self._screens.view(visit.webview, step="brands")
            return self._screens.trouble(wording.of_link("not_offered"), back)
        adapter = self._logins.adapter(visit.workspace, provider)
        if adapter is None:
            return self._screens.failure(visit.place(), wording.NOT_SET_UP, provider=provider)
        try:
            state, verifier = await self._database.write(_begin, visit, provider)
        except LinkRefused as refused:
            if refused.reason != "used":
                raise
            return self._screens.redirect(self._screens.done(visit.webview))
        if self._vendors.wants_token(visit.workspace, provider):
            return self._screens.redirect(self._screens.token(visit.webview, state))
        url = adapter.login_url(state=state, redirect_uri=self._redirect_uri, verifier=verifier)
        return self._screens.redirect(url)

    async def front(self, request: Request) -> Response:
        return self._screens.front()

    async def callback(self, request: Request) -> Response:
        """The vendor sends the person back."""
        query = dict(request.query_params)
        return await self._go(self._logins.returned(query, query.get("state", "")))

    async def token(self, request: Request) -> Response:
        """A form for a token of the person's own. Looking changes nothing."""
        visit = await self._opened(request.query_params)
        state = request.query_params.get("state", "")
        if visit.webview.status == "authorized":
            return self._screens.redirect(self._screens.done(visit.webview))
        if not login.is_under_way(visit.webview, state):
            return self._screens.redirect(self._screens.view(visit.webview))
        return self._screens.token_form(visit.place(), state)

    async def token_given(self, request: Request) -> Response:
        """
        The person has given a token. It travels in the body alone, and a second post of the same form, such
        as by a double click, waits for the answer to the first.
        """
        form = await _form(request)
        visit = await self._opened(form)
        state = form.get("state", "")
        if not self._logins.is_under_way(state) and not login.is_under_way(visit.webview, state):
            return await self._again(form, "connect")
        token = Secret(form.get("token", ""))
        return await self._go(self._logins.token_given(visit, state, token), form)

    async def select(self, request: Request) -> Response:
        """
        What the person lets us into, where their vendor has several such things. Looking changes nothing.

        With `tick=none` nothing is ticked: whoever wants three of sixty need not take away the rest.
        """
        visit = await self._opened(request.query_params)
        offer = login.offered(visit.webview)
        if visit.webview.status == "authorized":
            return self._screens.redirect(self._screens.done(visit.webview))
        if offer is None or (offer.is_taken and not self._logins.is_under_way(offer.mark)):
            return self._screens.redirect(self._screens.view(visit.webview))
        ticked = () if request.query_params.get("tick") == "none" else None
        return self._screens.choices(visit.place(), offer, ticked)

    async def chosen(self, request: Request) -> Response:
        """The person has chosen, or does not want to."""
        form = await _fields(request, _CHOICES_BYTES, _CHOICES_FIELDS)
        given = dict(form)
        visit = await self._opened(given)
        decision = given.get("decision", "")
        if decision not in ("connect", "cancel"):
            raise LinkRefused("unknown")
        offer = login.offered(visit.webview)
        if offer is None:
            return await self._again(given, decision)
        chosen = list(dict.fromkeys(value for name, value in form if name == "choice"))
        if given.get("mark") != offer.mark:
            return self._screens.choices(visit.place(), offer, chosen, mistake="outdated")
        if offer.is_taken and not self._logins.is_under_way(offer.mark):
            return await self._again(given, decision)  # another process is at it, or it ended just now
        if decision == "cancel":
            return await self._go(self._logins.cancelled(visit, offer), given, decision)
        mistake = _mistake(offer, chosen)
        if mistake is not None:
            return self._screens.choices(visit.place(), offer, chosen, mistake=mistake)
        return await self._go(self._logins.chosen(visit, offer, chosen), given)

    async def _go(
        self, address: Awaitable[str], given: Mapping[str, str] | None = None, decision: str = "connect"
    ) -> Response:
        """
        To where a login leads.

        Args:
            given: The form of whoever may not have been the first to send it.
        """
        try:
            return self._screens.redirect(await address)
        except LinkRefused as refused:
            reason = "expired" if refused.reason == "expired" else "over"
        if given is not None and reason == "over":
            with contextlib.suppress(LinkRefused):
                return await self._again(given, decision)
        raise LinkRefused(reason)

    async def _again(self, given: Mapping[str, str], decision: str) -> Response:
        """
        For the second post of a form, such as by a double click. What was known of the login when it came in
        may be from before the first one's end. Raises: LinkRefused.
        """
        visit = await self._opened(given)
        if login.offered(visit.webview) is not None:
            raise LinkRefused("over")  # of another login, or another process is at it
        return self._screens.redirect(self._logins.again(visit, decision))

    async def done(self, request: Request) -> Response:
        """
        The account is connected. With `since` (milliseconds) the person has just come from the vendor and
        goes on to the custom URL; without it they have opened a used link.
        """
        visit = await self._opened(request.query_params)
        webview = visit.webview
        if webview.status != "authorized" or webview.connected_account_id is None:
            return self._screens.redirect(self._screens.view(webview))
        waited = _waited(request.query_params.get("since", ""), visit.real_now)
        account, is_synced = await self._database.read(_account, webview.connected_account_id)
        is_waiting = waited is not None and webview.wait_for_device_creation and not is_synced
        if is_waiting and waited is not None and waited < PATIENCE:
            return self._screens.waiting(visit.place(), refresh=1 if waited < 10 else 2)
        target = webview.success_url()
        if waited is not None and target is not None and not is_waiting:
            return self._screens.redirect(target)
        return self._screens.connected(
            visit.place(), account, is_fresh=waited is not None, is_slow=is_waiting
        )

    async def failed(self, request: Request) -> Response:
        """What a login ended with, and a way to try again: the link stays good."""
        visit = await self._opened(request.query_params)
        if visit.webview.status == "authorized":
            return self._screens.redirect(self._screens.done(visit.webview))
        if visit.webview.selected_provider is None:
            return self._screens.redirect(self._screens.view(visit.webview))
        return self._screens.failure(visit.place(), word(request.query_params.get("error_code", "")))

    def _by_token(self, visit: Visit) -> list[str]:
        """Which of the offered brands are connected by a token."""
        offered = visit.webview.accepted_providers
        return [key for key in offered if self._vendors.wants_token(visit.workspace, key)]

    async def _opened(self, given: Mapping[str, str]) -> Visit:
        """Raises: LinkRefused."""
        connect_webview_id = given.get("connect_webview_id", "")
        if not _ID.fullmatch(connect_webview_id):
            raise LinkRefused("unknown")
        return await self._database.read(_open, connect_webview_id, given.get("auth_token", ""))


# --- use cases ------------------------------------------------------------------------------------------


async def _open(tx: Tx, connect_webview_id: str, auth_token: str) -> Visit:
    webview, workspace = await login.opened(tx, connect_webview_id, auth_token)
    _refuse_expired(tx, webview)
    return Visit(webview, workspace, tx.now, tx.real_now)


async def _begin(tx: Tx, visit: Visit, provider: str) -> tuple[str, str]:
    """The `state` and `verifier` to send along to the vendor. Raises: LinkRefused."""
    (begun, _), state, verifier = await login.begin(tx, *visit.link, provider)
    _refuse_expired(tx, begun)
    return state, verifier


async def _account(tx: Tx, connected_account_id: str) -> tuple[str, bool]:
    """Its masked name (empty when it was deleted since), and whether its locks were read."""
    account = await store.connected_accounts.find(tx, connected_account_id)
    name = "" if account is None else account.display_name
    return name, account is None or await login.is_synced(tx, connected_account_id)


def _refuse_expired(tx: Tx, webview: ConnectWebview) -> None:
    """A login that failed is no end: such a link grows old like one that was never used."""
    if webview.status != "authorized" and tx.now >= webview.expires_at:
        raise LinkRefused("expired")


# --- what comes in --------------------------------------------------------------------------------------


async def _form(request: Request) -> dict[str, str]:
    """Raises: LinkRefused for what no page of ours has sent."""
    return dict(await _fields(request, _FORM_BYTES, _FORM_FIELDS))


async def _fields(request: Request, most_bytes: int, most_fields: int) -> list[tuple[str, str]]:
    """Raises: LinkRefused."""
    try:
        body = await read_body(request.receive, most_bytes)
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=most_fields)
    except (ApiError, ValueError):
        raise LinkRefused("unknown") from None


def _mistake(offer: Offer, chosen: Sequence[str]) -> str | None:
    """What is wrong with a choice, for `wording.of_choice`."""
    if not chosen:
        return "nothing"
    free = {choice.choice_id for choice in offer.choices.choices if choice.refusal is None}
    return None if free.issuperset(chosen) else "outdated"


def _waited(since: str, real_now: datetime) -> float | None:
    """Seconds since the person came back; None when the page was opened in another way."""
    if not (since.isascii() and since.isdigit() and len(since) <= 15):
        return None
    return (to_ms(real_now) - int(since)) / 1000
