"""
The simulated Salto KS cloud: its identity server and its Connect API under one address.

What its API, its homes and its pages add to any simulated cloud.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ostiary.domain.provider import HomeStore, ProviderHttp
from ostiary.domain.secrets import Secret
from ostiary.simulation.answers import Answer, Refusal, json_answer, redirect
from ostiary.simulation.calls import Errand, Incoming, Match
from ostiary.simulation.cloud import SimulatedCloud
from ostiary.simulation.pages import Pages

from . import api, control, founding, identity, jwt, rollout, sites, users
from .directory import Directory
from .limits import Limiter
from .refusals import FAULTS, WRONG_METHOD, too_many, unauthorized
from .state import Home
from .visits import Call


class Simulator(SimulatedCloud[Home]):
    """
    One simulated Salto KS cloud. See `SimulatorType` for the arguments.

    A request is carried out in the home of the site that it is about: that home's faults, log, writes,
    counts, pace and limit on requests are met, whoever sends it. What is about no site, and every request for
    tokens, is of the caller's own home. There alone a token is good or not.
    """

    home_type = Home
    new_home = control.NewHome
    faults = FAULTS
    oauth = identity.SERVER
    helpers = tuple(name for name, sketches in founding.KNOWN_HOMES.items() if not sketches)
    pages = Pages("Salto KS", "SALTO KS", Path(__file__).parent / "templates")

    def __init__(
        self,
        homes: HomeStore,
        clock: Callable[[], datetime],
        *,
        url: str,
        client_id: str,
        client_secret: Secret,
        redirect_uris: Sequence[str] = (),
        pace: float = 1.0,
        http: ProviderHttp | None = None,
    ) -> None:
        super().__init__(
            homes,
            clock,
            url=url,
            client_id=client_id,
            client_secret=client_secret,
            redirect_uris=redirect_uris,
            pace=pace,
            http=http,
        )
        self.commands = control.commands(pace)
        self._client_id = client_id
        self._redirect_uris = redirect_uris
        self._limiter = Limiter()
        self._directory = Directory(self)

    # --- homes ------------------------------------------------------------------------------------------

    def found(self, name: str, now: datetime, wanted: Any = None) -> Home:
        if wanted is None:
            return founding.found(name, now)
        home = founding.found(name, now, wanted.sites, wanted.seed)
        if wanted.requests_per_second is not None:
            home.requests_per_second = wanted.requests_per_second or None
        return home

    def is_due(self, home: Home, now: datetime) -> bool:
        return rollout.is_due(home, now)

    def advance(self, home: Home, now: datetime) -> None:
        rollout.advance(home, now)

    def summary(self, home: Home) -> dict[str, Any]:
        return control.summary(home)

    def writes(self, home: Home) -> list[dict[str, Any]]:
        return control.writes(home)

    # --- the API ----------------------------------------------------------------------------------------

    def match(self, method: str, path: str) -> Match[Home] | Answer:
        return api.match(method, path)

    async def errand(self, login: str, matched: Match[Home]) -> Errand:
        handler, site_id = matched.route.handler, matched.ids.get("site_id")
        if handler is sites.list_sites:
            return Errand(login, await self._directory.sites_elsewhere(login))
        if site_id is None:
            return Errand(login)
        home = await self._directory.home_of(site_id.lower(), login)
        is_addition = handler is users.add_existing_user
        return Errand(home, await self._directory.addresses() if is_addition else None)

    def admit(self, call: Call, token: str, scopes: tuple[str, ...]) -> None:
        """A token that does not reach the API is of no use at all there; then the limit counts."""
        held = call.access
        if held is None or not any(scope in held.scopes for scope in scopes):
            raise Refusal(unauthorized(token))
        if not self._limiter.allows(call.home, call.now, call.pace):
            raise Refusal(too_many())

    def bad_token(self, token: str) -> Answer:
        return unauthorized(token)

    # --- the identity server ----------------------------------------------------------------------------

    def mint(self, home: Home, scopes: Sequence[str], now: datetime) -> str:
        return identity.access_token(home, scopes, now, self.url, self._client_id)

    def extras(self, home: Home, scopes: Sequence[str], now: datetime) -> dict[str, Any]:
        if identity.OPENID not in scopes:
            return {}
        return {"id_token": identity.id_token(home, now, self.url, self._client_id, scopes)}

    def home_of(self, token: str) -> str | None:
        return identity.home_of(token)

    def page(self, incoming: Incoming) -> Answer | None:
        if incoming.path not in (identity.DISCOVERY, identity.KEYS, identity.END_SESSION):
            return super().page(incoming)
        if incoming.path == identity.END_SESSION and incoming.method in ("GET", "POST"):
            return self._end_session(incoming)
        if incoming.method != "GET":
            return WRONG_METHOD
        if incoming.path == identity.KEYS:
            return json_answer(jwt.key_set())
        return json_answer(identity.discovery(self.url))

    def _end_session(self, incoming: Incoming) -> Answer:
        """There is no session to end: a login leaves no trace in the browser. So only where to go next."""
        wanted = incoming.query.get("post_logout_redirect_uri", "")
        if wanted in self._redirect_uris and incoming.query.get("id_token_hint"):
            return redirect(wanted)
        return self.pages.page("ended.html")
