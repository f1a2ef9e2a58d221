"""API keys, their tokens, and who may act for the account."""

from typing import Any

import pytest

from .test_simulator_support import HOME, Nuki, e1, run


async def with_token(nuki: Nuki, **fields: object) -> tuple[str, dict[str, Any]]:
    """A key's path, and a token of it."""
    key = (await nuki.call("PUT", "/api/key", {"description": "mine"})).json
    path = f"/api/key/{key['apiKeyId']}"
    reply = await nuki.call("PUT", f"{path}/token", fields)
    assert reply.status == 200
    return path, reply.json


@run
async def test_a_key_has_a_client_id_and_can_be_described() -> None:
    nuki = await Nuki().enter()
    assert (await nuki.call("GET", "/api/key")).json == []
    uris = ["https://app.example.org/back"]
    key = (await nuki.call("PUT", "/api/key", {"redirectUris": uris})).json
    assert len(key["apiKey"]) == 22
    assert key["redirectUris"] == uris
    path = f"/api/key/{key['apiKeyId']}"
    assert (await nuki.call("POST", path, {"description": "mine"})).status == 204
    assert (await nuki.call("GET", "/api/key")).json == [key | {"description": "mine"}]
    assert (await nuki.call("DELETE", path)).status == 204
    assert (await nuki.call("DELETE", path)).status == 404
    assert (await nuki.call("GET", "/api/key")).json == []


@run
async def test_a_token_is_shown_once_and_opens_what_its_scopes_say() -> None:
    nuki = await Nuki().enter()
    path, made = await with_token(nuki, description="logs", scopes=["smartlock.log", "smartlock.readOnly"])
    token = made.pop("accessToken")
    assert len(token) >= 80
    assert (await nuki.call("GET", f"{path}/token")).json == [made]
    assert made["scopes"] == ["smartlock.log", "smartlock.readOnly"]
    assert (await nuki.call("GET", "/smartlock/log", token=token)).status == 200
    assert (await nuki.call("GET", "/smartlock", token=token)).status == 200
    assert (await nuki.call("GET", "/account", token=token)).status == 401
    state, _ = await nuki.homes.load(HOME)
    assert token.encode() not in (state or b"")


@run
async def test_scopes_are_chosen_at_creation_and_for_good() -> None:
    nuki = await Nuki().enter()
    path, made = await with_token(nuki)
    assert "account" in made["scopes"]
    assert not any(scope.startswith("webhook") for scope in made["scopes"])
    reply = await nuki.call("PUT", f"{path}/token", {"scopes": ["webhook.central"]})
    assert (reply.status, reply.json) == (400, e1("webhook.central", "scopes"))
    one = f"{path}/token/{made['id']}"
    assert (await nuki.call("POST", one, {"description": "new"})).status == 204
    assert (await nuki.call("POST", one, {"scopes": ["smartlock"]})).status == 400
    assert (await nuki.call("GET", f"{path}/token")).json[0]["description"] == "new"


@run
async def test_a_deleted_token_and_those_of_a_deleted_key_are_void() -> None:
    nuki = await Nuki().enter()
    path, first = await with_token(nuki)
    second = (await nuki.call("PUT", f"{path}/token", {})).json
    assert (await nuki.call("DELETE", f"{path}/token/{first['id']}")).status == 204
    assert (await nuki.call("GET", "/account", token=first["accessToken"])).status == 401
    assert (await nuki.call("GET", "/account", token=second["accessToken"])).status == 200
    assert (await nuki.call("DELETE", f"{path}/token/{first['id']}")).status == 404
    assert (await nuki.call("DELETE", path)).status == 204
    assert (await nuki.call("GET", "/account", token=second["accessToken"])).status == 401
    assert (await nuki.call("GET", "/account")).status == 200


@pytest.mark.parametrize(
    ("path", "body", "vanish"),
    [
        ("/account", {"language": "en", "password": "new password"}, True),
        ("/account?deleteApiTokens=true", {"language": "en", "password": "new password"}, True),
        ("/account?deleteApiTokens=false", {"language": "en", "password": "new password"}, False),
        ("/account", {"language": "en"}, False),
        ("/account", {"language": "en", "password": "short"}, False),
        ("/account/password/reset", {"email": HOME}, True),
        ("/account/password/reset", {"email": HOME, "deleteApiTokens": False}, False),
        ("/account/password/reset", {"email": "somebody@example.org"}, False),
    ],
)
@run
async def test_api_tokens_vanish_with_the_password(path: str, body: dict[str, Any], vanish: bool) -> None:
    nuki = await Nuki().enter()
    key, made = await with_token(nuki)
    await nuki.call("POST", path, body)
    assert (await nuki.call("GET", "/account", token=made["accessToken"])).status == (401 if vanish else 200)
    assert (await nuki.call("GET", "/account")).status == (401 if vanish else 200)
    await nuki.enter()
    assert (await nuki.call("GET", f"{key}/token")).json == (
        [] if vanish else [{name: made[name] for name in made if name != "accessToken"}]
    )


@run
async def test_integrations_are_listed_and_taken_back() -> None:
    nuki = await Nuki().enter()
    path, made = await with_token(nuki, description="logs")
    (one,) = (await nuki.call("GET", "/account/integration")).json
    assert (one["vendorKey"], one["name"], one["tokenId"]) == ("API_TOKEN", "logs", made["id"])
    assert (await nuki.call("DELETE", "/account/integration")).json == e1("null", "apiKeyId")
    number = path.rpartition("/")[2]
    assert (await nuki.call("DELETE", f"/account/integration?apiKeyId={number}&tokenId=x")).status == 204
    assert (await nuki.call("GET", "/account", token=made["accessToken"])).status == 200
    assert (await nuki.call("DELETE", f"/account/integration?apiKeyId={number}")).status == 204
    assert (await nuki.call("GET", "/account", token=made["accessToken"])).status == 401
    assert (await nuki.call("GET", "/account/integration")).json == []


@run
async def test_any_token_sees_the_partners() -> None:
    nuki = await Nuki().enter()
    _, made = await with_token(nuki, scopes=["smartlock.log"])
    reply = await nuki.call("GET", "/company", token=made["accessToken"])
    assert (reply.status, list(reply.json[0])) == (200, ["name", "email"])
    assert (await nuki.call("GET", "/company", token="")).status == 401
