"""
The login: OAuth's code grant with PKCE as a person, the choice of sites, and from then on a user of ours.

Where the operator has an integration user, it is added to the chosen sites and acts there with the password
grant, as production integrations do (1.3); without one the person's own login is used and renewed. Sections
are those of `salto-ks-connect-api.md`.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from oauthlib.common import add_params_to_uri, urlencode

from ostiary.domain.errors import LoginRejected, OutcomeUnknown, ProviderError, RateLimited, Unreachable
from ostiary.domain.provider import (
    Choice,
    Credentials,
    HttpRequest,
    HttpResponse,
    Integrator,
    Login,
    LoginChoices,
    LoginFailed,
    ProviderHttp,
    VendorSite,
)
from ostiary.domain.secrets import Secret

from . import mapping, models
from .client import NoSeat, SaltoClient, exchange
from .models import Person, Site, SiteUser, Tokens

FULL_ACCESS: Final = "user_api.full_access"
STAY: Final = "offline_access"  # without it there is no refresh token (1.3)

TOKEN_LIFE: Final = timedelta(seconds=3600)
MARGIN: Final = timedelta(minutes=1)
RELEASED: Final = "released"

READY_TRIES: Final = 35
READY_EVERY: Final = 2.0

_WORD: Final = re.compile(r"[a-z_]{1,40}")


class Pending(msgspec.Struct):
    """What is kept between the login and the choice."""

    access_token: str
    refresh_token: str | None
    expires_at: datetime
    person: Person
    site_ids: list[str]


class Logins:
    def __init__(self, http: ProviderHttp, site: VendorSite) -> None:
        self._http = http
        self._site = site
        self._identity_url = site.urls["identity_url"]

    def url(self, state: str, redirect_uri: str, verifier: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        return str(
            add_params_to_uri(
                f"{self._identity_url}/connect/authorize",
                [
                    ("response_type", "code"),
                    ("client_id", self._site.client_id),
                    ("redirect_uri", redirect_uri),
                    ("scope", self._scope()),
                    ("state", state),
                    ("code_challenge", base64.urlsafe_b64encode(digest).rstrip(b"=").decode()),
                    ("code_challenge_method", "S256"),
                ],
            )
        )

    def _scope(self) -> str:
        """No more than is needed: some clients are let have the one and nothing else (1.3)."""
        return FULL_ACCESS if self._site.integrator else f"{FULL_ACCESS} {STAY}"

    # --- the person -----------------------------------------------------------------------------------

    async def finish(
        self, query: Mapping[str, str], redirect_uri: str, verifier: str, now: datetime
    ) -> LoginChoices:
        """A code serves once, so trouble on the way is `LoginFailed` too, and the login is begun anew."""
        if "error" in query:
            raise LoginFailed(_word(query["error"]), "Salto KS did not let you in, or you cancelled.")
        if not query.get("code"):
            raise LoginFailed("invalid_response", "Salto KS came back without a code.")
        form = {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": redirect_uri,
            "client_id": self._site.client_id,
            "code_verifier": verifier,
        }
        try:
            tokens = await self._ask(form)
            client = self._client(tokens.access_token)
            person = await client.me()
            sites = [(site, await _rights(client, site)) for site in await client.sites()]
        except _Refused as error:
            raise LoginFailed(error.word, "Salto KS refused the login.") from None
        except ProviderError:
            raise LoginFailed("provider_unavailable", "Salto KS could not finish the login.") from None
        return self._offer(tokens, person, sites, now)

    def _offer(
        self, tokens: Tokens, person: Person, sites: Sequence[tuple[Site, bool]], now: datetime
    ) -> LoginChoices:
        if sites and not any(has_rights for _, has_rights in sites):
            raise LoginFailed(
                "insufficient_permissions", "Only a Site Admin can connect a Salto KS site, and you are none."
            )
        if not sites:
            raise LoginFailed("no_sites", "This Salto KS account has no site.")
        choices = [_choice(site, has_rights=has_rights) for site, has_rights in sites]
        pending = Pending(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_at=_expiry(tokens, now),
            person=person,
            site_ids=[choice.choice_id for choice in choices if choice.refusal is None],
        )
        text = msgspec.json.encode(pending).decode()
        return LoginChoices(Secret(text), "sites", choices, self._notice())

    def _notice(self) -> str:
        seats = "Each door code takes one user seat of the site while it is on a lock."
        integrator = self._site.integrator
        if integrator is None:
            return f"Door codes are made in your name, with a user and an access group each. {seats}"
        return (
            f"An integration user, {integrator.username}, is added to each site as a Site Admin, and makes "
            f"the door codes there. Codes stop working when it is blocked, suspended or removed. {seats}"
        )

    async def complete(self, pending: Secret, chosen: Sequence[str], now: datetime) -> Login:
        try:
            held = msgspec.json.decode(pending.reveal(), type=Pending)
        except msgspec.DecodeError:
            raise LoginFailed("invalid_response", "The login cannot be continued.") from None
        if not chosen or not set(chosen) <= set(held.site_ids):
            raise LoginFailed("invalid_response", "A site was chosen that cannot be connected.")
        site_ids = [site_id for site_id in held.site_ids if site_id in chosen]
        try:
            if now >= held.expires_at - MARGIN and held.refresh_token is not None:
                held = await self._prolonged(held, now)
            if self._site.integrator is None:
                credentials = Credentials(
                    Secret(held.access_token), _secret(held.refresh_token), held.expires_at
                )
            else:
                credentials = await self._move_in(self._site.integrator, held, site_ids, now)
        except _Refused:
            raise LoginFailed("provider_not_set_up", "The integration user cannot log in.") from None
        except ProviderError:
            raise LoginFailed("provider_unavailable", "Salto KS could not finish the login.") from None
        person = held.person
        names = " ".join(filter(None, (person.first_name, person.last_name)))
        return Login(
            credentials=credentials,
            vendor_account_id=person.id,
            display_name=person.email or names or f"Salto KS {person.id[:8]}",
            user_identifier={"email": person.email} if person.email else {"username": person.id},
            settings={"site_ids": site_ids},
        )

    async def _prolonged(self, held: Pending, now: datetime) -> Pending:
        """The person took their time over the choice. Raises: LoginFailed, ProviderError."""
        assert held.refresh_token is not None
        try:
            tokens = await self._renew(held.refresh_token)
        except _Refused as error:
            raise LoginFailed(error.word, "The login has ended while you chose.") from None
        return msgspec.structs.replace(
            held,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token or held.refresh_token,
            expires_at=_expiry(tokens, now),
        )

    # --- the integration user ---------------------------------------------------------------------------

    async def _move_in(
        self, integrator: Integrator, held: Pending, site_ids: Sequence[str], now: datetime
    ) -> Credentials:
        """Add the integration user wherever it is not yet. A second time it finds itself there."""
        tokens = await self._password(integrator)
        itself = await self._client(tokens.access_token).me()
        person = self._client(held.access_token)
        for site_id in site_ids:
            user = await _member(person, site_id, itself.id)
            if user is not None:
                await _restore(person, site_id, user)
                continue
            roles = {role.code: role.id for role in await person.roles(site_id)}
            if "site_admin" not in roles:
                raise LoginFailed("insufficient_permissions", "You may not add a Site Admin to this site.")
            await person.add_existing_user(
                site_id, {"id": itself.id, "role_ids": [roles["site_admin"]], "remote_access": True}
            )
            added = await _member(person, site_id, itself.id)
            if added is not None and added.subscription_state != "subscribed":
                await person.delete_user(
                    site_id, added.id
                )  # the site is full, and says no more than this (2.7)
                raise _no_seat()
        for site_id in site_ids:
            await _until_let_in(self._client(tokens.access_token), site_id)
        return _credentials(tokens, now)

    # --- tokens -----------------------------------------------------------------------------------------

    async def refresh(self, credentials: Credentials, now: datetime) -> Credentials:
        """
        A refresh token is renewed by each use (1.3). The integration user has none and logs in anew.

        Only `invalid_grant` speaks of the account; any other refusal is about us, and the accounts wait.
        """
        try:
            if credentials.refresh_token is not None:
                fresh = _credentials(await self._renew(credentials.refresh_token.reveal()), now)
                return fresh if fresh.refresh_token else _keeping(fresh, credentials)
            if self._site.integrator is None:
                raise LoginRejected("there is neither a refresh token nor an integration user")
            return _credentials(await self._password(self._site.integrator), now)
        except _Refused as error:
            if error.word == "invalid_grant":
                raise LoginRejected("Salto KS does not accept the login any more") from None
            raise Unreachable(f"Salto KS refused to renew the login: {error.word}") from None

    async def _renew(self, refresh_token: str) -> Tokens:
        return await self._ask(
            {
                "grant_type": "refresh_token",
                "refresh_token": refresh_token,
                "client_id": self._site.client_id,
            }
        )

    async def _password(self, integrator: Integrator) -> Tokens:
        return await self._ask(
            {
                "grant_type": "password",
                "username": integrator.username,
                "password": integrator.password.reveal(),
                "scope": FULL_ACCESS,
            }
        )

    async def _ask(self, form: Mapping[str, str]) -> Tokens:
        """Raises: _Refused; Unreachable, RateLimited: nothing is used up; OutcomeUnknown: perhaps it is."""
        pair = f"{self._site.client_id}:{self._site.client_secret.reveal()}"
        headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode(list(form.items())).encode()
        request = HttpRequest("POST", f"{self._identity_url}/connect/token", headers, body, kind="login")
        return _tokens(await exchange(self._http, request, is_write=True))

    def _client(self, access_token: str) -> SaltoClient:
        return SaltoClient(self._http, self._site.urls["api_url"], Secret(access_token))


class _Refused(Exception):
    """OAuth's error word."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def _tokens(response: HttpResponse) -> Tokens:
    if 200 <= response.status < 300:
        try:
            return models.read(response.body, Tokens)
        except models.UnreadableError:
            raise OutcomeUnknown("Salto KS answered a request for tokens without them") from None
    if response.status == 429:
        raise RateLimited("Salto KS refuses more logins", retry_after=5.0)
    if response.status in (400, 401):
        try:
            found = msgspec.json.decode(response.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = {}
        if isinstance(found.get("error"), str):
            raise _Refused(_word(found["error"]))
    if response.status >= 500 and response.status != 503:
        raise OutcomeUnknown(f"Salto KS answered {response.status} to a request for tokens")
    raise Unreachable(f"Salto KS answered {response.status} to a request for tokens")


def _credentials(tokens: Tokens, now: datetime) -> Credentials:
    return Credentials(Secret(tokens.access_token), _secret(tokens.refresh_token), _expiry(tokens, now))


def _keeping(fresh: Credentials, old: Credentials) -> Credentials:
    return Credentials(fresh.access_token, old.refresh_token, fresh.expires_at)


def _secret(text: str | None) -> Secret | None:
    return Secret(text) if text else None


def _expiry(tokens: Tokens, now: datetime) -> datetime:
    life = tokens.expires_in
    return now + (timedelta(seconds=life) if life is not None and life > 0 else TOKEN_LIFE)


async def _rights(client: SaltoClient, site: Site) -> bool:
    """Whether the person is an admin of the site. Roles are known by their code only (2.5)."""
    if site.installation_state not in (None, RELEASED):
        return True  # refused for another reason, and its own calls may be too
    try:
        return any(role.code in mapping.ADMIN_ROLES for role in (await client.my_user(site.id)).roles)
    except LoginRejected:
        return False


def _choice(site: Site, *, has_rights: bool) -> Choice:
    refusal = None
    if site.installation_state not in (None, RELEASED):
        refusal = "Not released yet. The installer has to release this site first."
    elif not has_rights:
        refusal = "You are not a Site Admin there."
    elif site.subscription_valid is False:
        refusal = "The subscription of this site has ended."
    seats = ""
    if site.active_user_amount is not None and site.subscribed_user_amount is not None:
        seats = f"{site.active_user_amount} of {site.subscribed_user_amount} user seats taken"
    return Choice(site.id, site.customer_reference or site.site_uid or site.id, seats, refusal)


async def _member(person: SaltoClient, site_id: str, user_id: str) -> SiteUser | None:
    return next((user for user in await person.users(site_id) if user.user.id == user_id), None)


async def _until_let_in(client: SaltoClient, site_id: str) -> None:
    """
    A user that was added just now may be refused for up to a minute (5.4), which must not look like one that
    was put out. Raises: Unreachable.
    """
    for attempt in range(READY_TRIES):
        try:
            await client.my_user(site_id)
        except LoginRejected:
            await asyncio.sleep(READY_EVERY if attempt < READY_TRIES - 1 else 0)
        else:
            return
    raise Unreachable("Salto KS does not let the integration user in")


async def _restore(person: SaltoClient, site_id: str, user: SiteUser) -> None:
    """It is there, but somebody may have blocked or suspended it since."""
    if user.blocked or not user.remote_access:
        await person.update_user(site_id, user.id, {"blocked": False, "remote_access": True})
    if user.subscription_state == "subscribed":
        return
    try:
        await person.subscribe(site_id, user.id)
    except NoSeat:
        raise _no_seat() from None
    if (await person.user(site_id, user.id)).subscription_state != "subscribed":
        raise _no_seat()


def _no_seat() -> LoginFailed:
    return LoginFailed(
        "subscription_limit_exceeded",
        "All user seats of a chosen site are taken, and the integration user needs one.",
    )


def _word(error: object) -> str:
    """OAuth's short word for what went wrong. Free text does not pass: it comes from outside."""
    text = str(error)
    return text if _WORD.fullmatch(text) else "login_failed"
