"""
The identity server (1.2 to 1.5): what it allows, the grants beyond the usual, and what it says of itself.

It stands under the same address as the API. The vendor's has one of its own, so a client should be told both.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn

from ostiary.simulation.oauth import Client, Form, Grant, OAuthServer, Refused, field_of, invalid_grant
from ostiary.simulation.pages import PASSWORD, home_name
from ostiary.simulation.tokens import home_of as home_named_in
from ostiary.simulation.tokens import new_token

from . import jwt
from .choices import ACCESS_LASTS, CODE_LASTS, REFRESH_LASTS
from .refusals import WRONG_METHOD
from .state import Home

AUDIENCE = "user_api"
FULL_ACCESS = "user_api.full_access"
OPENID, PROFILE, OFFLINE = "openid", "profile", "offline_access"
# What our client may ask for, in the words of the consent page (9.1).
SCOPES = {
    FULL_ACCESS: "Full Access: see and change your sites, users and access groups, and open your doors",
    OPENID: "Know who you are",
    PROFILE: "See your name and your e-mail address",
    OFFLINE: "Keep this access until you take it back",
}
# What the server as a whole has (1.2).
_ALL_SCOPES = (
    *SCOPES,
    *("user_api.eloxx", "core_api.full", "core_api.standard", "hardware_api", "wallet_hardware_api"),
)
DISCOVERY = "/.well-known/openid-configuration"
KEYS = DISCOVERY + "/jwks"
AUTHORIZE, TOKEN, END_SESSION = "/connect/authorize", "/connect/token", "/connect/endsession"


# --- grants ---------------------------------------------------------------------------------------------


def _scopes_in(form: Form) -> list[str]:
    """All that the client may have when nothing is asked for."""
    asked = list(dict.fromkeys(form.get("scope", "").split()))
    if any(scope not in SCOPES for scope in asked):
        raise Refused("invalid_scope", "The client may not ask for this scope")
    return asked or list(SCOPES)


def _home_of_password(form: Form) -> str | None:
    _scopes_in(form)
    name = home_name(field_of(form, "username"))
    if name is None or field_of(form, "password") != PASSWORD:
        raise Refused("invalid_grant", "invalid_username_or_password")
    return name


def _spend_password(home: Home, client: Client, form: Form, now: datetime) -> list[str]:
    return _scopes_in(form)


def _no_client_credentials(form: Form) -> NoReturn:
    """It exists for other APIs of the vendor; ours needs a person (1.3)."""
    raise Refused("unauthorized_client", "The client may not use this grant")


def _never(home: Home, client: Client, form: Form, now: datetime) -> list[str]:
    raise invalid_grant()


SERVER: OAuthServer[Home] = OAuthServer(
    authorize_path=AUTHORIZE,
    token_path=TOKEN,
    scopes=SCOPES,
    refresh_scope=OFFLINE,
    access_lasts=ACCESS_LASTS,
    refresh_lasts=REFRESH_LASTS,
    code_lasts=CODE_LASTS,
    grants={
        "password": Grant(_home_of_password, _spend_password, creates=True),
        "client_credentials": Grant(_no_client_credentials, _never),
    },
    needs_pkce=True,
    wrong_client_status=400,  # 1.5
    wrong_method=WRONG_METHOD,
)


# --- tokens ---------------------------------------------------------------------------------------------


def access_token(home: Home, scopes: Sequence[str], now: datetime, issuer: str, client_id: str) -> str:
    """
    The claims of 1.4, and a `jti` that leads to the home and makes each token unlike all others.

    `scope` is an array. None of the ids is the platform's or a site's (2.4).
    """
    issued_at, product_id = int(now.timestamp()), home.steady_id("product")
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "scope": list(scopes),
        "client_id": client_id,
        "sub": home.subject,
        "amr": ["password"],
        "idp": "local",
        "auth_time": issued_at,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + int(ACCESS_LASTS.total_seconds()),
        "product_id": product_id,
        "tenant_id": home.steady_id("tenant"),
        "identity_id": home.subject,
        "skip_email": False,
        f"profile_id_{product_id}": home.steady_id("profile"),
        "jti": new_token(home.name),
    }
    return jwt.sign(claims, "at+jwt")


def id_token(home: Home, now: datetime, issuer: str, client_id: str, scopes: Sequence[str]) -> str:
    issued_at = int(now.timestamp())
    person = home.account
    name = {"name": f"{person.first_name} {person.last_name}".strip(), "email": person.email}
    claims = {
        "iss": issuer,
        "aud": client_id,
        "sub": home.subject,
        "amr": ["password"],
        "idp": "local",
        "auth_time": issued_at,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + int(CODE_LASTS.total_seconds()),
        **(name if PROFILE in scopes else {}),
    }
    return jwt.sign(claims, "JWT")


def home_of(token: str) -> str | None:
    """The home that an access token names. Whether it says the truth, its digest in the state decides."""
    try:
        mark = jwt.unverified_claims(token).get("jti")
    except ValueError:
        return None
    return home_named_in(mark) if isinstance(mark, str) else None


# --- what it says of itself -----------------------------------------------------------------------------


def discovery(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "jwks_uri": issuer + KEYS,
        "authorization_endpoint": issuer + AUTHORIZE,
        "token_endpoint": issuer + TOKEN,
        "end_session_endpoint": issuer + END_SESSION,
        "scopes_supported": list(_ALL_SCOPES),
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token", "password"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"],
        "code_challenge_methods_supported": ["plain", "S256"],
    }
