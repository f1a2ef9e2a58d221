"""
The vendor's OAuth 2 server (1.2), without its pages: what may be asked, codes, and tokens.

A login goes: request, e-mail and password, ticket; ticket and consent, code; code, tokens. The ticket
stands for the person between the two pages, so that the password travels once.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from ostiary.domain.secrets import Secret

from .state import Code, Home, Ticket, Token
from .tokens import digest, new_api_token, new_token

TICKET_LASTS = timedelta(minutes=10)
CODE_LASTS = timedelta(seconds=300)
ACCESS_LASTS = timedelta(seconds=3600)
REFRESH_LASTS = timedelta(days=90)

OFFLINE = "offline_access"
# What each scope allows, in the words of the consent page (1.3).
SCOPES = {
    "account": "See and change your account and its users",
    "notification": "See and change your notification settings",
    "smartlock": "See, rename and remove your devices",
    "smartlock.readOnly": "See your devices",
    "smartlock.action": "Lock and unlock your doors, and synchronise your devices",
    "smartlock.auth": "See, create, change and delete authorizations, keypad codes among them",
    "smartlock.config": "Change the settings of your devices",
    "smartlock.log": "See who used your doors, and when",
    "smartlock.create": "Add devices to your account",
    "webhook.central": "Be told when something happens at your devices",
    "webhook.decentral": "Set up addresses that are told what happens at your devices",
    OFFLINE: "Keep this access until you take it back",
}
API_TOKEN_SCOPES = tuple(scope for scope in SCOPES if not scope.startswith("webhook.") and scope != OFFLINE)


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
    """The token endpoint says no, in the shape E4."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass(frozen=True, slots=True)
class Authorization:
    """A request to `/oauth/authorize` that may be shown to a person."""

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
        return _with_query(self.redirect_uri, {**answer, "state": self.state})


def read_authorization(client: Client, query: Mapping[str, str]) -> Authorization:
    """
    Check what an application asks for.

    PKCE is verified when it is used, though the vendor does not mention it (1.2, inferred).

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
    state = query.get("state") or secrets.token_urlsafe(16)  # invented if missing (1.2)

    def refuse(error: str, description: str) -> BadRequest:
        fields = {"error": error, "error_description": description, "state": state}
        return BadRequest(_with_query(redirect_uri, fields))

    if query.get("response_type") != "code":
        raise refuse("unsupported_response_type", "The response_type has to be 'code'.")
    asked = query.get("scope", "").split()
    strange = [scope for scope in asked if scope not in SCOPES]
    if strange or not asked:
        raise refuse("invalid_scope", f"The scope {' '.join(strange)!r} is not known.")
    method = query.get("code_challenge_method", "plain")
    if method not in ("plain", "S256"):
        raise refuse("invalid_request", "The code_challenge_method is not supported.")
    scopes = tuple(dict.fromkeys((*asked, OFFLINE)))  # always granted (1.3)
    return Authorization(
        client.client_id, redirect_uri, scopes, state, query.get("code_challenge") or None, method
    )


def _is_allowed(client: Client, redirect_uri: str) -> bool:
    if client.redirect_uris:
        return redirect_uri in client.redirect_uris
    parts = urlsplit(redirect_uri)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment


def _with_query(address: str, fields: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(fields)}"


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


def grant(home: Home, ticket: str, request: Authorization, now: datetime) -> str:
    """The person said yes: where to send the browser. Uses up the ticket."""
    home.tickets.pop(digest(ticket))
    home.codes = {key: held for key, held in home.codes.items() if held.expires_at > now}
    code = new_token(home.name)
    home.codes[digest(code)] = Code(
        client_id=request.client_id,
        redirect_uri=request.redirect_uri,
        scopes=list(request.scopes),
        expires_at=now + CODE_LASTS,
        challenge=request.challenge,
        challenge_method=request.challenge_method,
    )
    return request.back(code=code, scope=" ".join(request.scopes))


# --- the application ------------------------------------------------------------------------------------


def check_client(client: Client, form: Mapping[str, str], authorization: str) -> None:
    """
    The credentials may come in the form or as Basic (1.2: the sources differ).

    Raises:
        Refused: They are not the registered ones, or the request is one that the vendor chokes on.
    """
    if "+" in form.get("scope", "") or "%" in form.get("scope", ""):
        # A scope that was encoded twice brings the vendor down (quirk 33).
        raise Refused("server_error", "Internal Server Error (500)", 500)
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if authorization.lower().startswith("basic "):
        try:
            pair = base64.b64decode(authorization[6:], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        client_id, _, secret = (unquote(part) for part in pair.partition(":"))
    if client_id != client.client_id or Secret(secret) != client.client_secret:
        raise Refused("invalid_client", "Client authentication failed", 401)


def token_in(form: Mapping[str, str]) -> str:
    """
    The code or refresh token that is to be exchanged.

    Raises:
        Refused: It is missing, or the grant type is none of the two.
    """
    names = {"authorization_code": "code", "refresh_token": "refresh_token"}
    kind = form.get("grant_type", "")
    if not kind:
        raise Refused("invalid_request", "The grant_type is missing")
    if kind not in names:
        raise Refused("unsupported_grant_type", "The grant_type is not supported")
    token = form.get(names[kind], "")
    if not token:
        raise Refused("invalid_request", f"The {names[kind]} is missing")
    return token


def exchange(home: Home, client: Client, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """
    Tokens for a code, or new tokens for a refresh token, which is then spent.

    Raises:
        Refused: The code or refresh token is unknown, spent or too old, or belongs to other details.
    """
    key = digest(token_in(form))
    if form["grant_type"] == "authorization_code":
        scopes = _spend_code(home, client, key, form, now)
    else:
        held = home.tokens.get(key)
        if held is None or held.kind != "refresh" or held.expires_at is None or held.expires_at <= now:
            raise invalid_grant()
        del home.tokens[key]
        scopes = held.scopes
    return _issue(home, scopes, now)


def invalid_grant() -> Refused:
    return Refused("invalid_grant", "The provided authorization grant is invalid, expired or revoked")


def _spend_code(home: Home, client: Client, key: str, form: Mapping[str, str], now: datetime) -> list[str]:
    code = home.codes.pop(key, None)
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


def _issue(home: Home, scopes: list[str], now: datetime) -> dict[str, Any]:
    home.tokens = {
        key: held for key, held in home.tokens.items() if held.expires_at is None or held.expires_at > now
    }
    access, refresh = new_token(home.name), new_token(home.name)
    home.tokens[digest(access)] = Token("access", scopes, now + ACCESS_LASTS)
    home.tokens[digest(refresh)] = Token("refresh", scopes, now + REFRESH_LASTS)
    return {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": int(ACCESS_LASTS.total_seconds()),
        "refresh_token": refresh,
        "scope": " ".join(scopes),
    }


def issue_api_token(home: Home) -> str:
    token = new_api_token(home.name)
    home.tokens[digest(token)] = Token("api", list(API_TOKEN_SCOPES))
    return token


def revoke_all(home: Home) -> None:
    """Nobody is logged in any more: tokens, codes and tickets are void."""
    home.tokens, home.codes, home.tickets = {}, {}, {}
