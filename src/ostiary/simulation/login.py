"""The two OAuth paths over HTTP: the pages for people, the token endpoint for applications."""

from collections.abc import Mapping
from datetime import datetime
from typing import Generic
from urllib.parse import parse_qsl

from . import oauth
from .answers import Answer, json_answer, redirect
from .calls import Call, Incoming, Outcome, keep, note, serve_with_faults
from .faults import Faults
from .pages import Pages, home_name
from .registry import Registry
from .state import H, NoSuchHome
from .tokens import home_of

_NO_STORE = (("cache-control", "no-store"), ("pragma", "no-cache"))


class Logins(Generic[H]):
    """Leads a person from the login page to a code, and an application from the code to tokens."""

    def __init__(
        self,
        registry: Registry[H],
        server: oauth.OAuthServer[H],
        client: oauth.Client,
        pages: Pages,
        faults: Faults,
        mint: oauth.Mint[H],
        extras: oauth.Extras[H],
    ) -> None:
        self._registry = registry
        self._server = server
        self._client = client
        self._pages = pages
        self._faults = faults
        self._mint = mint
        self._extras = extras

    async def authorize(self, incoming: Incoming) -> Answer:
        if incoming.method not in ("GET", "POST"):
            return self._server.wrong_method
        try:
            request = oauth.read_authorization(self._server, self._client, incoming.query)
        except oauth.BadLink as bad:
            return self._pages.problem(str(bad))
        except oauth.BadRequest as bad:
            return redirect(bad.location)
        if incoming.method == "GET":
            return self._pages.login()
        form = _form(incoming.body)
        if form.get("decision") == "cancel":
            description = "The resource owner denied the request"
            return redirect(request.back(error="access_denied", error_description=description))
        if "ticket" in form:
            return await self._agree(form, request)
        return await self._log_in(form, request)

    async def _log_in(self, form: Mapping[str, str], request: oauth.Authorization) -> Answer:
        email = form.get("email", "")
        page = self._pages.check_login(email, form.get("password", ""))
        if page is not None:
            return page
        name = home_name(email)
        assert name
        ticket = await self._registry.with_home(
            name, lambda home, now: oauth.log_in(home, request, now), creates=True
        )
        return self._pages.consent(name, ticket, self._words(request), self._server.agreements)

    async def _agree(self, form: Mapping[str, str], request: oauth.Authorization) -> Answer:
        ticket, server = form["ticket"], self._server
        given = {name for name in server.agreements if form.get(name)}

        def work(home: H, now: datetime) -> Answer:
            if not oauth.is_logged_in(home, ticket, request, now):
                return self._pages.timed_out()
            if len(given) < len(server.agreements):
                return self._pages.consent(home.name, ticket, self._words(request), server.agreements, given)
            return redirect(oauth.grant(home, ticket, request, now + server.code_lasts, now))

        try:
            return await self._registry.with_home(home_of(ticket) or "", work)
        except NoSuchHome:
            return self._pages.timed_out()

    def _words(self, request: oauth.Authorization) -> list[str]:
        return [self._server.scopes[scope] for scope in request.scopes]

    async def token(self, incoming: Incoming, pace: float) -> Outcome:
        """Tokens for a code, a refresh token or what else the brand takes. The home's faults strike here."""
        if incoming.method != "POST":
            return Outcome(self._server.wrong_method)
        form = _form(incoming.body)
        try:
            authorization = incoming.headers.get("authorization", "")
            oauth.check_client(self._server, self._client, form, authorization)
            grant = oauth.grant_for(self._server, form)
            name = grant.home_of(form)
        except oauth.Refused as refused:
            return Outcome(_refused(refused))

        def exchange(call: Call[H]) -> Answer:
            try:
                scopes = grant.spend(call.home, self._client, form, call.now)
            except oauth.Refused as refused:
                return _refused(refused)
            answer = oauth.issue(self._server, call.home, scopes, self._mint, call.now)
            extras = self._extras(call.home, scopes, call.now)
            return json_answer({**answer, **extras}, 200, *_NO_STORE)

        def work(home: H, now: datetime) -> Outcome:
            call = incoming.call(home, now, incoming.path, {}, pace, is_login=True)
            outcome = serve_with_faults(call, exchange, self._faults)
            keep(home, note(call, outcome))
            return outcome

        nothing = Outcome(_refused(oauth.invalid_grant()))
        if name is None:
            return nothing
        try:
            return await self._registry.with_home(name, work, creates=grant.creates)
        except NoSuchHome:
            return nothing


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _refused(refused: oauth.Refused) -> Answer:
    challenge = (("www-authenticate", "Basic"),) if refused.status == 401 else ()
    return json_answer(refused.body, refused.status, *_NO_STORE, *challenge)
