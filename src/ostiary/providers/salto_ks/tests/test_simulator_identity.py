"""The identity server: what it says of itself, the pages as a browser uses them, grants and tokens."""

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ostiary.domain.provider import HttpResponse

from .test_simulator_support import BACK, CLIENT_ID, FULL, SMALL, URL, Salto, basic, query_of, run, value

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def _link(**changes: str) -> str:
    fields = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "scope": f"{FULL} openid profile offline_access",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    fields |= changes
    return "/connect/authorize?" + urlencode({name: text for name, text in fields.items() if text})


def _ticket(page: HttpResponse) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page.body.decode())
    assert found, page.body
    return found[1]


def _sent_back(reply: HttpResponse) -> dict[str, str]:
    assert reply.status == 302
    location = reply.headers["location"]
    assert location.startswith(BACK + "?")
    return query_of(location)


async def _code(salto: Salto, link: str = "") -> dict[str, str]:
    link = link or _link()
    page = await salto.form(link, email=salto.home, password="1234", decision="login")
    assert page.status == 200
    return _sent_back(await salto.form(link, ticket=_ticket(page), decision="allow"))


async def _exchange(salto: Salto, code: str, **changes: str) -> HttpResponse:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return await salto.form("/connect/token", basic(), **{**form, **changes})


async def _refresh(salto: Salto, token: str) -> HttpResponse:
    fields = {"client_id": CLIENT_ID, "client_secret": "secret-1", "refresh_token": token}
    return await salto.form("/connect/token", grant_type="refresh_token", **fields)


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (json.loads(_bytes(part)) for part in token.split(".")[:2])
    return header, claims


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _oauth_error(reply: HttpResponse) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["error"]


@run
async def test_it_says_of_itself_what_clients_need() -> None:
    salto = Salto()
    found = value(await salto.send("GET", "/.well-known/openid-configuration"))
    assert found["issuer"] == URL
    assert found["authorization_endpoint"] == f"{URL}/connect/authorize"
    assert found["token_endpoint"] == f"{URL}/connect/token"
    assert found["end_session_endpoint"] == f"{URL}/connect/endsession"
    assert found["jwks_uri"] == f"{URL}/.well-known/openid-configuration/jwks"
    assert set(found["grant_types_supported"]) == {
        *("authorization_code", "client_credentials", "refresh_token", "password")
    }
    assert {FULL, "user_api.eloxx", "core_api.full", "hardware_api"} <= set(found["scopes_supported"])
    assert (await salto.send("POST", "/.well-known/openid-configuration")).status == 405


@run
async def test_an_access_token_is_a_jwt_with_the_recorded_claims() -> None:
    salto = await Salto().enter()
    header, claims = _parts(salto.token)
    assert (header["alg"], header["typ"]) == ("RS256", "at+jwt")
    assert (claims["iss"], claims["aud"], claims["scope"]) == (URL, "user_api", [FULL])
    assert (claims["client_id"], claims["amr"], claims["idp"]) == (CLIENT_ID, ["password"], "local")
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["iat"] == claims["nbf"] == claims["auth_time"] == int(salto.clock.now.timestamp())
    assert {"product_id", "tenant_id", "identity_id", "skip_email"} <= set(claims)
    assert any(name.startswith("profile_id_") for name in claims)
    person = value(await salto.call("GET", "/v1.2/me"))
    site_user = value(await salto.call("GET", f"{await salto.site()}/me"))
    assert len({claims["sub"], person["id"], site_user["id"]}) == 3
    keys = value(await salto.send("GET", "/.well-known/openid-configuration/jwks"))["keys"]
    key = next(key for key in keys if key["kid"] == header["kid"])
    public = rsa.RSAPublicNumbers(
        int.from_bytes(_bytes(key["e"]), "big"), int.from_bytes(_bytes(key["n"]), "big")
    ).public_key()
    signed, _, signature = salto.token.rpartition(".")
    public.verify(_bytes(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())


@run
async def test_from_the_link_to_the_sites() -> None:
    salto = Salto()
    page = await salto.send("GET", _link())
    assert page.status == 200
    assert b"<script" not in page.body
    page = await salto.form(_link(), email=salto.home, password="1234", decision="login")
    assert b"Full Access" in page.body
    back = _sent_back(await salto.form(_link(), ticket=_ticket(page), decision="allow"))
    assert back["state"] == "s1"
    answer = value(await _exchange(salto, back["code"]))
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert answer["scope"] == f"{FULL} openid profile offline_access"
    _, claims = _parts(answer["id_token"])
    assert (claims["aud"], claims["email"]) == (CLIENT_ID, salto.home)
    sites = value(await salto.call("GET", "/v1.2/sites", token=answer["access_token"]))["items"]
    names = [site["customer_reference"] for site in sites]
    assert names == ["Main Site", "Second Site", "Unfinished Site"]
    assert (await salto.call("GET", "/v1.2/me", token=answer["refresh_token"])).status == 401
    assert (await salto.call("GET", "/v1.2/me", token=answer["id_token"])).status == 401


@pytest.mark.parametrize("field", ["code_verifier", "redirect_uri"])
@run
async def test_a_code_belongs_to_its_verifier_and_its_address(field: str) -> None:
    salto = Salto()
    code = (await _code(salto))["code"]
    changed = {field: "w" * 43 if field == "code_verifier" else f"{BACK}/else"}
    assert _oauth_error(await _exchange(salto, code, **changed)) == (400, "invalid_grant")


@run
async def test_a_code_works_once_and_for_minutes() -> None:
    salto = Salto()
    first, second = (await _code(salto))["code"], (await _code(salto))["code"]
    value(await _exchange(salto, first))
    assert _oauth_error(await _exchange(salto, first)) == (400, "invalid_grant")
    salto.clock.move(301)
    assert _oauth_error(await _exchange(salto, second)) == (400, "invalid_grant")


@run
async def test_refresh_tokens_rotate_slide_and_die() -> None:
    salto = Salto()
    tokens = value(await _exchange(salto, (await _code(salto))["code"]))
    salto.clock.move(3600)
    assert (await salto.call("GET", "/v1.2/me", token=tokens["access_token"])).status == 401
    newer = tokens
    for _ in range(3):
        older, newer = newer, value(await _refresh(salto, newer["refresh_token"]))
        assert newer["refresh_token"] != older["refresh_token"]
        assert newer["scope"] == tokens["scope"]
        assert (await salto.call("GET", "/v1.2/me", token=newer["access_token"])).status == 200
        assert _oauth_error(await _refresh(salto, older["refresh_token"])) == (400, "invalid_grant")
        salto.clock.move(29 * 24 * 3600)
    salto.clock.move(24 * 3600)
    assert _oauth_error(await _refresh(salto, newer["refresh_token"])) == (400, "invalid_grant")


@run
async def test_a_password_login_has_the_scopes_that_it_asks_for() -> None:
    salto = Salto(SMALL)
    answer = value(await salto.log_in())
    assert set(answer) == {"access_token", "expires_in", "token_type", "scope"}
    answer = value(await salto.log_in(scope=f"{FULL} offline_access"))
    assert "refresh_token" in answer
    form = {"grant_type": "password", "username": SMALL, "password": "1234"}
    answer = value(await salto.form("/connect/token", basic(), **form))
    assert answer["scope"] == f"{FULL} openid profile offline_access"
    only = value(await salto.log_in(scope="openid"))
    assert (await salto.call("GET", "/v1.2/me", token=only["access_token"])).status == 401


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": "client_credentials", "scope": "hardware_api"}, "unauthorized_client"),
        ({"grant_type": "password", "username": SMALL, "password": "no"}, "invalid_grant"),
        ({"grant_type": "password", "username": "ann@elsewhere.org", "password": "1234"}, "invalid_grant"),
        ({"grant_type": "password", "password": "1234"}, "invalid_request"),
        ({"grant_type": "password", "username": SMALL, "password": "1234", "scope": "core_api.full"},
         "invalid_scope"),
        ({"grant_type": "authorization_code", "code": "rubbish", "redirect_uri": BACK}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "rubbish"}, "invalid_grant"),
        ({"grant_type": "device_code"}, "unsupported_grant_type"),
        ({}, "invalid_request"),
    ],
)  # fmt: skip
@run
async def test_token_requests_that_fail(fields: dict[str, str], error: str) -> None:
    assert _oauth_error(await Salto().form("/connect/token", basic(), **fields)) == (400, error)


@pytest.mark.parametrize("headers", [basic(secret="no"), basic(client_id="no"), {}])
@run
async def test_the_client_has_to_be_right(headers: dict[str, str]) -> None:
    form = {"grant_type": "password", "username": SMALL, "password": "1234"}
    assert _oauth_error(await Salto().form("/connect/token", headers, **form)) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "hardware_api"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
    ],
)
@run
async def test_requests_for_a_login_that_are_sent_back(changes: dict[str, str], error: str) -> None:
    back = _sent_back(await Salto().send("GET", _link(**changes)))
    assert (back["error"], back["state"]) == (error, "s1")


@pytest.mark.parametrize("changes", [{"client_id": "other"}, {"redirect_uri": "https://evil.example.org/"}])
@run
async def test_links_of_strangers_lead_nowhere(changes: dict[str, str]) -> None:
    assert (await Salto().send("GET", _link(**changes))).status == 400


@run
async def test_a_person_may_say_no() -> None:
    salto = Salto()
    page = await salto.form(_link(), email=salto.home, password="1234", decision="login")
    back = _sent_back(await salto.form(_link(), ticket=_ticket(page), decision="cancel"))
    assert back["error"] == "access_denied"
    wrong = await salto.form(_link(), email=salto.home, password="wrong", decision="login")
    assert wrong.status == 422


@run
async def test_the_end_of_a_session_leads_back_to_the_application() -> None:
    salto = Salto()
    query = {"id_token_hint": "any", "post_logout_redirect_uri": BACK}
    assert (await salto.send("GET", "/connect/endsession?" + urlencode(query))).headers["location"] == BACK
    query["post_logout_redirect_uri"] = "https://evil.example.org/"
    stays = await salto.send("GET", "/connect/endsession?" + urlencode(query))
    assert (stays.status, b"logged out" in stays.body) == (200, True)


@pytest.mark.parametrize("token", ["", "rubbish", "a.b.c", "e30.e30.e30"])
@run
async def test_a_token_that_is_none_is_401_without_a_body(token: str) -> None:
    salto = Salto()
    reply = await salto.call("GET", "/v1.2/sites", token=token)
    assert (reply.status, reply.body) == (401, b"")
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert ("invalid_token" in reply.headers["www-authenticate"]) is bool(token)


@run
async def test_a_rejected_login_kills_every_token() -> None:
    salto = await Salto().enter()
    tokens = value(await _exchange(salto, (await _code(salto))["code"]))
    await salto.control("POST", "faults", fault="login_rejected")
    assert (await salto.call("GET", "/v1.2/me")).status == 401
    assert _oauth_error(await _refresh(salto, tokens["refresh_token"])) == (400, "invalid_grant")
    await salto.enter()
    assert (await salto.call("GET", "/v1.2/me")).status == 200


@run
async def test_another_instance_knows_the_token_and_states_are_shared() -> None:
    first = await Salto().enter()
    second = Salto(homes=first.homes, clock=first.clock)
    second.token, second._renew_at = first.token, first._renew_at
    await second.control("POST", "site", site="Main Site", seats=7)
    main = (await first.items("/v1.2/sites"))[0]
    assert main["subscribed_user_amount"] == 7
    assert (await second.items("/v1.2/sites"))[0] == main
