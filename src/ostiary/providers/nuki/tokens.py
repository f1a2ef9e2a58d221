"""
API tokens: an owner's own way in, for their own account, without an OAuth client (1.1).

Which scopes a token has can only be found out by trying. Sections are those of `nuki-web-api.md`.
"""

import re
from typing import Final

from ostiary.domain.errors import LoginExpired, LoginRejected, ProviderError
from ostiary.domain.provider import Credentials, Login, LoginFailed, ProviderHttp
from ostiary.domain.secrets import Secret

from .client import NukiClient

NEEDED: Final = {
    "account": "/account",
    "smartlock.readOnly": "/smartlock",
    "smartlock.auth": "/smartlock/auth?types=13",
}
"""Without these nothing works; each with what it lets a token read."""

WELCOME: Final = {"smartlock.log": "/smartlock/log?limit=1"}

UNTRIED: Final = ("smartlock.action",)
"""Nothing can be read by it: it shows at the first door."""

_TOKEN: Final = re.compile(r"[!-~]{8,4096}")


def is_token(credentials: Credentials) -> bool:
    """Of `login`, and not of OAuth, whose access tokens end."""
    return credentials.refresh_token is None and credentials.expires_at is None


async def login(http: ProviderHttp, api_url: str, token: Secret) -> Login:
    """Raises: LoginFailed."""
    stripped = Secret(token.reveal().strip())
    if not _TOKEN.fullmatch(stripped.reveal()):
        raise LoginFailed("invalid_token", "That is not an API token: it has no blanks and is much longer.")
    client = NukiClient(http, api_url, stripped)
    try:
        scopes = [scope for scope, path in (NEEDED | WELCOME).items() if await client.may_read(path)]
        _refuse_missing(scopes)
        who = await client.account()
    except (LoginExpired, LoginRejected):
        raise _unknown() from None
    except ProviderError:
        raise LoginFailed("provider_unavailable", "Nuki could not finish the login.") from None
    return Login(
        credentials=Credentials(stripped),
        vendor_account_id=str(who.account_id),
        display_name=who.name or who.email or f"Nuki {who.account_id}",
        user_identifier={"email": who.email} if who.email else {"username": str(who.account_id)},
        settings={"scopes": [*scopes, *UNTRIED]},
    )


def _refuse_missing(scopes: list[str]) -> None:
    """Raises: LoginFailed."""
    missing = [scope for scope in NEEDED if scope not in scopes]
    if not scopes:
        raise _unknown()
    if missing:
        raise LoginFailed(
            "insufficient_scope",
            f"Nuki knows the API token, but it does not allow enough: {', '.join(missing)}. "
            "A token keeps the scopes that it was made with, so make another one in Nuki Web.",
        )


def _unknown() -> LoginFailed:
    return LoginFailed(
        "invalid_token",
        "Nuki does not know this API token. It may be incomplete or deleted, or went with a change of the "
        "password: make a new one in Nuki Web.",
    )
