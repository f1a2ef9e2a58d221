"""In what the vendor's OAuth 2 server (1.2) differs from others, and the API tokens next to it (1.1)."""

from collections.abc import Sequence
from datetime import timedelta

from ostiary.simulation.oauth import Form, OAuthServer, Refused
from ostiary.simulation.state import Token
from ostiary.simulation.tokens import digest, new_hex_token

from .refusals import wrong_method
from .state import Home

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
API_TOKEN_BYTES = 40  # bytes; the vendor's tokens have 80 hex digits (1.1)


def _inspect_form(form: Form) -> None:
    """A scope that was encoded twice brings the vendor down (quirk 33)."""
    if "+" in form.get("scope", "") or "%" in form.get("scope", ""):
        raise Refused("server_error", "Internal Server Error (500)", 500)


# PKCE is verified when it is used, though the vendor does not mention it (1.2, inferred). The credentials
# may come in the form or as Basic: the sources differ (1.2).
SERVER: OAuthServer[Home] = OAuthServer(
    authorize_path="/oauth/authorize",
    token_path="/oauth/token",  # noqa: S106 - a path
    scopes=SCOPES,
    always_granted=(OFFLINE,),  # 1.3
    refresh_scope=OFFLINE,
    access_lasts=timedelta(seconds=3600),
    refresh_lasts=timedelta(days=90),
    code_lasts=timedelta(seconds=300),
    token_type="bearer",  # noqa: S106 - a word of the protocol
    invents_state=True,  # 1.2
    inspect_form=_inspect_form,
    wrong_method=wrong_method().answer,
)


def issue_api_token(home: Home, scopes: Sequence[str] = API_TOKEN_SCOPES) -> str:
    """One that never expires; by itself good for everything but webhooks."""
    token = new_hex_token(home.name, API_TOKEN_BYTES)
    home.tokens[digest(token)] = Token("api", list(scopes))
    return token
