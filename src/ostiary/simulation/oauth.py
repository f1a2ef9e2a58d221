"""
An OAuth 2 server without its pages: what may be asked, codes, and tokens.

A login goes: request, e-mail and password, ticket; ticket and consent, code; code, tokens. The ticket
stands for the person between the two pages, so that the password travels once. `OAuthServer` is how a
brand says in what its server differs.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic
from urllib.parse import unquote, urlencode, urlsplit

from ostiary.domain.secrets import Secret

from .answers import Answer
from .state import Code, H, H_contra, Home, Ticket, Token
from .tokens import digest, home_of, new_token

TICKET_LASTS = timedelta(minutes=10)
_NO_SUCH_METHOD = Answer(405)

Form = Mapping[str, str]
Mint = Callable[[H, Sequence[str], datetime], str]  # makes an access token for these scopes
Extras = Callable[[H, Sequence[str], datetime], dict[str, Any]]  # what goes with it


@dataclass(frozen=True, slots=True)
class Client:
    """The one application that is registered. No `redirect_uris` allow any."""

    client_id: str
    client_secret: Secret
    redirect_uris: Sequence[str]


class BadLink(Exception):
    """A request that must not be answered by a redirect: we do not know to whom."""


class BadRequest(Exception):
    """A request that is refused by sending the browser back. Carries the address."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class Refused(Exception):
    """The token endpoint says no."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass(frozen=True, slots=True)
class Grant(Generic[H_contra]):
    """
    How one `grant_type` becomes tokens.

    Attributes:
        home_of: The home that a form is about, None if there cannot be any. May raise `Refused`.
        spend: Uses up what the form brings and gives the scopes it is worth. Raises `Refused` if it is
            worth nothing.
        creates: Found the home if nobody has entered it yet.
    """

    home_of: Callable[[Form], str | None]
    spend: Callable[[H_contra, Client, Form, datetime], list[str]]
    creates: bool = False


def _accept_any(form: Form) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthServer(Generic[H_contra]):
    """
    In what a brand's server differs from others.

    Attributes:
        authorize_path, token_path: Below the application's address.
        scopes: All that may be asked for, in the words of the consent page.
        always_granted: Scopes that come along unasked.
        refresh_scope: The scope without which there is no refresh token.
        agreements: What a person has to tick on the consent page: names of fields and words.
        access_lasts, refresh_lasts, code_lasts: From when the token or code is handed out.
        token_type: As the token endpoint writes it.
        grants: Grant types beyond `authorization_code` and `refresh_token`.
        needs_pkce: Whether a request without a challenge is refused. A challenge is verified in any case.
        invents_state: Whether a request without `state` gets one.
        wrong_client_status: Of `invalid_client`.
        inspect_form: Raises `Refused` for a form on which the vendor chokes, before anything else.
        wrong_method: The answer to a method that a path does not have.
    """

    authorize_path: str
    token_path: str
    scopes: Mapping[str, str]
    always_granted: tuple[str, ...] = ()
    refresh_scope: str
    agreements: Mapping[str, str] = field(default_factory=dict)
    access_lasts: timedelta
    refresh_lasts: timedelta
    code_lasts: timedelta
    token_type: str = "Bearer"  # noqa: S105 - a word of the protocol
    grants: Mapping[str, Grant[H_contra]] = field(default_factory=dict)
    needs_pkce: bool = False
    invents_state: bool = False
    wrong_client_status: int = 401
    inspect_form: Callable[[Form], None] = _accept_any
    wrong_method: Answer = _NO_SUCH_METHOD


@dataclass(frozen=True, slots=True)
class Authorization:
    """A request to the authorization endpoint that may be shown to a person. `state` may be empty."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    challenge: str | None = None
    challenge_method: str = "plain"

    def fingerprint(self) -> str:
        """What a ticket is bound to. Without `state`, which we may have invented for each page anew."""
        parts = (self.client_id, self.redirect_uri, *self.scopes, self.challenge or "")
        return digest("\n".join(parts))

    def back(self, **answer: str) -> str:
        return _back(self.redirect_uri, self.state, answer)


def read_authorization(server: OAuthServer[H], client: Client, query: Mapping[str, str]) -> Authorization:
    """
    Check what an application asks for.

    Raises:
        BadLink: The client or its redirect_uri is not registered.
        BadRequest: Everything else; the application is told.
    """
    redirect_uri = query.get("redirect_uri", "")
    if query.get("client_id", "") != client.client_id:
        raise BadLink("The application that sent you here is not registered: its client_id is unknown.")
    if not _is_allowed(client, redirect_uri):
        raise BadLink("The application that sent you here wants the answer at an address (redirect_uri) "
                      "that is not registered for it.")  # fmt: skip
    state = query.get("state") or (secrets.token_urlsafe(16) if server.invents_state else "")

    def refuse(error: str, description: str) -> BadRequest:
        return BadRequest(_back(redirect_uri, state, {"error": error, "error_description": description}))

    if query.get("response_type") != "code":
        raise refuse("unsupported_response_type", "The response_type has to be 'code'.")
    asked = query.get("scope", "").split()
    strange = [scope for scope in asked if scope not in server.scopes]
    if strange or not asked:
        raise refuse("invalid_scope", f"The scope {' '.join(strange)!r} is not known.")
    challenge, method = query.get("code_challenge") or None, query.get("code_challenge_method", "plain")
    if method not in ("plain", "S256"):
        raise refuse("invalid_request", "The code_challenge_method is not supported.")
    if challenge is None and server.needs_pkce:
        raise refuse("invalid_request", "The code_challenge is missing.")
    scopes = tuple(dict.fromkeys((*asked, *server.always_granted)))
    return Authorization(client.client_id, redirect_uri, scopes, state, challenge, method)


def _is_allowed(client: Client, redirect_uri: str) -> bool:
    if client.redirect_uris:
        return redirect_uri in client.redirect_uris
    parts = urlsplit(redirect_uri)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment


def _back(address: str, state: str, fields: Mapping[str, str]) -> str:
    query = urlencode({**fields, "state": state} if state else fields)
    return f"{address}{'&' if urlsplit(address).query else '?'}{query}"


# --- the person ---------------------------------------------------------------------------------------


def log_in(home: Home, request: Authorization, now: datetime) -> str:
    """A ticket for somebody who knew the password."""
    home.tickets = {key: held for key, held in home.tickets.items() if held.expires_at > now}
    ticket = new_token(home.name)
    home.tickets[digest(ticket)] = Ticket(request.fingerprint(), now + TICKET_LASTS)
    return ticket


def is_logged_in(home: Home, ticket: str, request: Authorization, now: datetime) -> bool:
    held = home.tickets.get(digest(ticket))
    return held is not None and held.expires_at > now and held.request_hash == request.fingerprint()


def grant(home: Home, ticket: str, request: Authorization, expires_at: datetime, now: datetime) -> str:
    """The person said yes: where to send the browser, with a code. Uses up the ticket."""
    home.tickets.pop(digest(ticket))
    home.codes = {key: held for key, held in home.codes.items() if held.expires_at > now}
    code = new_token(home.name)
    home.codes[digest(code)] = Code(
        client_id=request.client_id,
        redirect_uri=request.redirect_uri,
        scopes=list(request.scopes),
        expires_at=expires_at,
        challenge=request.challenge,
        challenge_method=request.challenge_method,
    )
    return request.back(code=code, scope=" ".join(request.scopes))


# --- the application ------------------------------------------------------------------------------------


def check_client(server: OAuthServer[H], client: Client, form: Form, authorization: str) -> None:
    """
    The credentials may come in the form or as Basic.

    Raises:
        Refused: They are not the registered ones, or the form is one that the vendor chokes on.
    """
    server.inspect_form(form)
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if authorization.lower().startswith("basic "):
        try:
            pair = base64.b64decode(authorization[6:], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        client_id, _, secret = (unquote(part) for part in pair.partition(":"))
    if client_id != client.client_id or Secret(secret) != client.client_secret:
        raise Refused("invalid_client", "Client authentication failed", server.wrong_client_status)


def grant_for(server: OAuthServer[H], form: Form) -> Grant[H] | Grant[Home]:
    """
    Raises:
        Refused: There is no grant type, or none that the server knows.
    """
    kind = form.get("grant_type", "")
    if not kind:
        raise Refused("invalid_request", "The grant_type is missing")
    found = server.grants.get(kind) or _GRANTS.get(kind)
    if found is None:
        raise Refused("unsupported_grant_type", "The grant_type is not supported")
    return found


def field_of(form: Form, name: str) -> str:
    """
    Raises:
        Refused: It is missing.
    """
    if not form.get(name):
        raise Refused("invalid_request", f"The {name} is missing")
    return form[name]


def invalid_grant() -> Refused:
    return Refused("invalid_grant", "The provided authorization grant is invalid, expired or revoked")


def _spend_code(home: Home, client: Client, form: Form, now: datetime) -> list[str]:
    code = home.codes.pop(digest(field_of(form, "code")), None)
    if code is None or code.expires_at <= now or code.client_id != client.client_id:
        raise invalid_grant()
    if form.get("redirect_uri", "") != code.redirect_uri:
        raise invalid_grant()
    if code.challenge is not None:
        verifier = form.get("code_verifier", "")
        if code.challenge_method == "S256":
            hashed = hashlib.sha256(verifier.encode()).digest()
            verifier = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        if not hmac.compare_digest(verifier.encode(), code.challenge.encode()):
            raise invalid_grant()
    return code.scopes


def _spend_refresh_token(home: Home, client: Client, form: Form, now: datetime) -> list[str]:
    """A refresh token works once."""
    key = digest(field_of(form, "refresh_token"))
    held = home.tokens.get(key)
    if held is None or held.kind != "refresh" or held.is_over(now):
        raise invalid_grant()
    del home.tokens[key]
    return held.scopes


_GRANTS: Mapping[str, Grant[Home]] = {
    "authorization_code": Grant(lambda form: home_of(field_of(form, "code")), _spend_code),
    "refresh_token": Grant(lambda form: home_of(field_of(form, "refresh_token")), _spend_refresh_token),
}


def issue(server: OAuthServer[H], home: H, scopes: list[str], mint: Mint[H], now: datetime) -> dict[str, Any]:
    """New tokens, as the token endpoint answers with them."""
    home.tokens = {key: held for key, held in home.tokens.items() if not held.is_over(now)}
    access = mint(home, scopes, now)
    home.tokens[digest(access)] = Token("access", scopes, now + server.access_lasts)
    answer: dict[str, Any] = {
        "access_token": access,
        "token_type": server.token_type,
        "expires_in": int(server.access_lasts.total_seconds()),
    }
    if server.refresh_scope in scopes:
        refresh = new_token(home.name)
        home.tokens[digest(refresh)] = Token("refresh", scopes, now + server.refresh_lasts)
        answer["refresh_token"] = refresh
    return {**answer, "scope": " ".join(scopes)}
