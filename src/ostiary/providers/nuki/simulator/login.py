"""The two OAuth paths over HTTP: the pages for people, the token endpoint for applications."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl

from . import oauth, pages
from .api import Outcome, keep, note, serve_with_faults
from .call import Call
from .founding import NoSuchHome
from .refusals import Answer, json_answer, wrong_method
from .state import Home
from .tokens import home_of


class WithHome(Protocol):
    """`Simulator.with_home`."""

    async def __call__(self, name: str, work: Any, *, creates: bool = False, changes: Any = ...) -> Any: ...


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _redirect(location: str) -> Answer:
    return Answer(302, b"", (("location", location), ("cache-control", "no-store")))


class Logins:
    """Leads a person from the login page to a code, and an application from the code to tokens."""

    def __init__(self, client: oauth.Client, with_home: WithHome) -> None:
        self._client = client
        self._with_home = with_home

    async def authorize(self, method: str, query: Mapping[str, str], body: bytes) -> Answer:
        if method not in ("GET", "POST"):
            return wrong_method().answer
        try:
            request = oauth.read_authorization(self._client, query)
        except oauth.BadLink as bad:
            return pages.problem(str(bad))
        except oauth.BadRequest as bad:
            return _redirect(bad.location)
        if method == "GET":
            return pages.login()
        form = _form(body)
        if form.get("decision") == "cancel":
            description = "The resource owner denied the request"
            return _redirect(request.back(error="access_denied", error_description=description))
        if "ticket" in form:
            return await self._agree(form["ticket"], request)
        return await self._log_in(form, request)

    async def _log_in(self, form: Mapping[str, str], request: oauth.Authorization) -> Answer:
        email = form.get("email", "")
        page = pages.check_login(email, form.get("password", ""))
        if page is not None:
            return page
        name = pages.home_name(email)
        assert name
        ticket = await self._with_home(name, lambda home, now: oauth.log_in(home, request, now), creates=True)
        return pages.consent(name, ticket, request)

    async def _agree(self, ticket: str, request: oauth.Authorization) -> Answer:
        def work(home: Home, now: datetime) -> Answer:
            if not oauth.is_logged_in(home, ticket, request, now):
                return pages.timed_out()
            return _redirect(oauth.grant(home, ticket, request, now))

        try:
            answer: Answer = await self._with_home(home_of(ticket) or "", work)
        except NoSuchHome:
            return pages.timed_out()
        return answer

    async def token(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, pace: float
    ) -> Outcome:
        """Exchange a code or a refresh token. The home's faults for `/oauth/token` strike here."""
        if method != "POST":
            return Outcome(wrong_method().answer)
        form = _form(body)
        try:
            oauth.check_client(self._client, form, headers.get("authorization", ""))
            name = home_of(oauth.token_in(form))
        except oauth.Refused as refused:
            return Outcome(_refused(refused))

        def exchange(call: Call) -> Answer:
            try:
                answer = oauth.exchange(call.home, self._client, form, call.now)
            except oauth.Refused as refused:
                return _refused(refused)
            return json_answer(answer, 200, *_NO_STORE)

        def work(home: Home, now: datetime) -> Outcome:
            call = Call(home, now, method, path, path, {}, {}, b"", pace)
            outcome = serve_with_faults(call, exchange)
            keep(home, note(call, outcome))
            return outcome

        try:
            outcome: Outcome = await self._with_home(name or "", work)
        except NoSuchHome:
            return Outcome(_refused(oauth.invalid_grant()))
        return outcome


_NO_STORE = (("cache-control", "no-store"), ("pragma", "no-cache"))


def _refused(refused: oauth.Refused) -> Answer:
    challenge = (("www-authenticate", "Basic"),) if refused.status == 401 else ()
    return json_answer(refused.body, refused.status, *_NO_STORE, *challenge)
