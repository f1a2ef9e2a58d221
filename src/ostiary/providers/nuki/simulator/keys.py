"""
The API's operations on API keys, their tokens, and on who else may act for the account (1.1, 1.5).

What the vendor knows of advanced keys and webhooks is not here.
"""

import base64
import secrets
from typing import Any

from ostiary.simulation.answers import Answer, json_answer
from ostiary.simulation.calls import Route
from ostiary.simulation.state import Token
from ostiary.simulation.tokens import digest, new_hex_token

from . import views
from .account_state import ApiKey, KeyToken
from .bodies import Fields, query_integer, read_object, text, texts
from .call import Call, number_in_path
from .oauth import API_TOKEN_BYTES, API_TOKEN_SCOPES
from .refusals import ACCEPTED, bad_parameter, unknown
from .shapes import present
from .state import Home

_CLIENT_ID = 16  # bytes: 22 characters of base64url (1.2)
_APPLICATION = 0  # stands for the application that logs in through OAuth: it belongs to another account


# --- keys -----------------------------------------------------------------------------------------------


def list_keys(call: Call) -> Answer:
    return json_answer([_key(call.home, key) for key in call.home.keys])


def create_key(call: Call) -> Answer:
    fields = read_object(call.body)
    client_id = base64.urlsafe_b64encode(secrets.token_bytes(_CLIENT_ID)).rstrip(b"=").decode()
    key = ApiKey(call.home.number(), client_id, call.now)
    key.description, key.redirect_uris = text(fields, "description"), texts(fields, "redirectUris")
    call.home.keys.append(key)
    return json_answer(_key(call.home, key))


def update_key(call: Call) -> Answer:
    """What is absent stays."""
    key, fields = _key_in_path(call), read_object(call.body)
    description, uris = text(fields, "description"), texts(fields, "redirectUris")
    key.description = key.description if description is None else description
    key.redirect_uris = key.redirect_uris if uris is None else uris
    return ACCEPTED


def delete_key(call: Call) -> Answer:
    """Its tokens go with it."""
    key = _key_in_path(call)
    revoke(call.home, key.tokens)
    call.home.keys.remove(key)
    return ACCEPTED


# --- tokens ---------------------------------------------------------------------------------------------


def list_tokens(call: Call) -> Answer:
    return json_answer([_token(call.home, token) for token in _key_in_path(call).tokens])


def create_token(call: Call) -> Answer:
    """The one answer that shows the token. Its scopes are chosen here, and for good (1.1)."""
    key, fields = _key_in_path(call), read_object(call.body)
    scopes, access_token = _scopes(fields), new_hex_token(call.home.name, API_TOKEN_BYTES)
    token = KeyToken(call.home.object_id(call.now), digest(access_token), scopes, call.now)
    token.description = text(fields, "description")
    key.tokens.append(token)
    call.home.tokens[token.digest] = Token("api", scopes)
    return json_answer(_token(call.home, token) | {"accessToken": access_token})


def update_token(call: Call) -> Answer:
    """The definition takes scopes here too, the documents call them permanent: other ones are refused."""
    token, fields = _token_in_path(call), read_object(call.body)
    description = text(fields, "description")
    if fields.get("scopes") is not None and set(_scopes(fields)) != set(token.scopes):
        raise bad_parameter("scopes", ",".join(_scopes(fields)))
    token.description = token.description if description is None else description
    return ACCEPTED


def delete_token(call: Call) -> Answer:
    token = _token_in_path(call)
    revoke(call.home, [token])
    _key_in_path(call).tokens.remove(token)
    return ACCEPTED


def _scopes(fields: Fields) -> list[str]:
    """Without any: all that a token can have (assumed). Webhooks are not for tokens (1.1)."""
    wanted = texts(fields, "scopes")
    if wanted is None:
        return list(API_TOKEN_SCOPES)
    for scope in wanted:
        if scope not in API_TOKEN_SCOPES:
            raise bad_parameter("scopes", scope)
    return list(dict.fromkeys(wanted))


def revoke(home: Home, tokens: list[KeyToken]) -> None:
    for token in tokens:
        home.tokens.pop(token.digest, None)


def revoke_api_tokens(home: Home) -> None:
    """Quirk 34: a new password takes all API tokens with it, those without a key too."""
    home.tokens = {name: token for name, token in home.tokens.items() if token.kind != "api"}
    for key in home.keys:
        key.tokens = []


def _key_in_path(call: Call) -> ApiKey:
    number = number_in_path(call, "apiKeyId")
    return _found(next((key for key in call.home.keys if key.id == number), None))


def _token_in_path(call: Call) -> KeyToken:
    tokens = _key_in_path(call).tokens
    token = next((token for token in tokens if token.id == call.ids["id"]), None)
    if token is None:
        raise unknown()
    return token


def _found(key: ApiKey | None) -> ApiKey:
    if key is None:
        raise unknown()
    return key


# --- integrations ---------------------------------------------------------------------------------------


def list_integrations(call: Call) -> Answer:
    """Who may act for the account: API tokens, and the application if it is logged in."""
    home = call.home
    found = [_integration(key, token) for key in home.keys for token in key.tokens]
    alive = [token for token in home.tokens.values() if token.kind != "api" and not token.is_over(call.now)]
    scopes = {scope for token in alive for scope in token.scopes}
    if scopes:
        found.append(
            {
                "version": "HYDRA",
                "vendorKey": "OAUTH",
                "name": "The application that logs in with OAuth",
                "clientId": str(_APPLICATION),
                "subAccount": False,
                "scopes": sorted(scopes),
                "device": False,
            }
        )
    return json_answer([one | {"sortOrder": place} for place, one in enumerate(found)])


def delete_integration(call: Call) -> Answer:
    """Without `tokenId`, all tokens of the key go (5.1)."""
    home, number, token_id = call.home, query_integer(call.query, "apiKeyId"), call.query.get("tokenId")
    if number is None:
        raise bad_parameter("apiKeyId", None)
    if number == _APPLICATION:
        home.tokens = {name: token for name, token in home.tokens.items() if token.kind == "api"}
        home.codes = {}
        return ACCEPTED
    key = _found(next((key for key in home.keys if key.id == number), None))
    gone = [token for token in key.tokens if not token_id or token.id == token_id]
    revoke(home, gone)
    key.tokens = [token for token in key.tokens if token not in gone]
    return ACCEPTED


def _integration(key: ApiKey, token: KeyToken) -> dict[str, Any]:
    return present(
        {
            "version": "LEGACY",
            "vendorKey": "API_TOKEN",
            "name": token.description or key.description or "API token",
            "clientId": key.api_key,
            "subAccount": False,
            "description": token.description,
            "createdAt": views.instant(token.created_at),
            "scopes": token.scopes,
            "tokenId": token.id,
            "device": False,
        }
    )


def _key(home: Home, key: ApiKey) -> dict[str, Any]:
    return present(
        {
            "apiKeyId": key.id,
            "accountId": home.account_id,
            "description": key.description,
            "redirectUris": key.redirect_uris,
            "creationDate": views.instant(key.created_at),
            "apiKey": key.api_key,
        }
    )


def _token(home: Home, token: KeyToken) -> dict[str, Any]:
    return present(
        {
            "id": token.id,
            "accountId": home.account_id,
            "description": token.description,
            "scopes": token.scopes,
            "creationDate": views.instant(token.created_at),
        }
    )


_SCOPES = ("account",)
_KEY, _TOKEN = "/api/key/{apiKeyId}", "/api/key/{apiKeyId}/token/{id}"

ROUTES: tuple[Route[Home], ...] = (
    Route("GET", "/api/key", _SCOPES, list_keys),
    Route("PUT", "/api/key", _SCOPES, create_key),
    Route("POST", _KEY, _SCOPES, update_key),
    Route("DELETE", _KEY, _SCOPES, delete_key),
    Route("GET", f"{_KEY}/token", _SCOPES, list_tokens),
    Route("PUT", f"{_KEY}/token", _SCOPES, create_token),
    Route("POST", _TOKEN, _SCOPES, update_token),
    Route("DELETE", _TOKEN, _SCOPES, delete_token),
    Route("GET", "/account/integration", _SCOPES, list_integrations),
    Route("DELETE", "/account/integration", _SCOPES, delete_integration),
)
