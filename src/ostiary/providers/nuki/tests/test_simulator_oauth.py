"""Logging in: the pages as a browser without scripts uses them, codes, tokens and scopes."""

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from .test_simulator_support import BACK, CLIENT_ID, CLIENT_SECRET, HOME, Nuki, Reply, request, run

SCOPE = "smartlock smartlock.auth"


def _link(**changes: str) -> str:
    fields = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "scope": SCOPE,
        "state": "s1",
    }
    fields |= changes
    return "/oauth/authorize?" + urlencode({name: value for name, value in fields.items() if value})


def _ticket(page: Reply) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found
    return found[1]


def _query(reply: Reply) -> dict[str, str]:
    assert reply.status == 302
    location = reply.headers["location"]
    assert location.startswith(BACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def _code(nuki: Nuki, link: str = "") -> dict[str, str]:
    link = link or _link()
    page = await nuki.form(link, email=" Ann@Example.com ", password="1234", decision="login")
    assert page.status == 200
    return _query(await nuki.form(link, ticket=_ticket(page), decision="allow"))


async def _tokens(nuki: Nuki, **fields: str) -> Reply:
    return await nuki.form("/oauth/token", client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **fields)


async def _exchange(nuki: Nuki, code: str, **fields: str) -> Reply:
    return await _tokens(nuki, grant_type="authorization_code", code=code, redirect_uri=BACK, **fields)


async def _refresh(nuki: Nuki, token: str) -> Reply:
    return await _tokens(nuki, grant_type="refresh_token", refresh_token=token)


@run
async def test_from_the_link_to_the_devices() -> None:
    nuki = Nuki()
    page = await request(nuki.app, "GET", _link())
    assert page.status == 200
    assert "Simulated Nuki cloud" in page.text
    assert "<script" not in page.text
    back = await _code(nuki)
    assert back["state"] == "s1"
    assert back["scope"] == f"{SCOPE} offline_access"
    assert [len(part) for part in back["code"].split(".")] == [43, 43]
    reply = await _exchange(nuki, back["code"])
    assert reply.status == 200
    tokens = reply.json
    assert list(tokens) == ["access_token", "token_type", "expires_in", "refresh_token", "scope"]
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 3600)
    devices = await nuki.call("GET", "/smartlock", token=tokens["access_token"])
    assert [one["name"] for one in devices.json] == ["Front door", "Garden door"]
    assert (await nuki.call("GET", "/smartlock", token=tokens["refresh_token"])).status == 401


@run
async def test_a_code_works_once_and_for_minutes() -> None:
    nuki = Nuki()
    first, second = (await _code(nuki))["code"], (await _code(nuki))["code"]
    assert (await _exchange(nuki, first)).status == 200
    again = await _exchange(nuki, first)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    nuki.clock.move(601)
    assert (await _exchange(nuki, second)).json["error"] == "invalid_grant"
    third = (await _code(nuki))["code"]
    nuki.clock.move(59)
    assert (await _exchange(nuki, third)).status == 200


@run
async def test_refresh_tokens_rotate_and_die() -> None:
    nuki = Nuki()
    tokens = (await _exchange(nuki, (await _code(nuki))["code"])).json
    nuki.clock.move(3601)
    expired = await nuki.call("GET", "/smartlock", token=tokens["access_token"])
    assert (expired.status, expired.json["detailMessage"]) == (401, "Invalid Token Error")
    fresh = (await _refresh(nuki, tokens["refresh_token"])).json
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert fresh["scope"] == tokens["scope"]
    assert (await nuki.call("GET", "/smartlock", token=fresh["access_token"])).status == 200
    reused = await _refresh(nuki, tokens["refresh_token"])
    assert (reused.status, reused.json["error"]) == (400, "invalid_grant")
    nuki.clock.move(89 * 24 * 3600)
    newest = (await _refresh(nuki, fresh["refresh_token"])).json
    nuki.clock.move(91 * 24 * 3600)
    assert (await _refresh(nuki, newest["refresh_token"])).status == 400


@run
async def test_the_client_may_come_as_basic_and_has_to_be_right() -> None:
    nuki = Nuki()
    code = (await _code(nuki))["code"]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    wrong = await nuki.form("/oauth/token", client_id=CLIENT_ID, client_secret="no", **grant)
    assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    assert (await nuki.form("/oauth/token", {"Authorization": f"Basic {basic}"}, **grant)).status == 200


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({}, 400, "invalid_request"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "rubbish"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x.y", "scope": "a+b"}, 500, "server_error"),
    ],
)
@run
async def test_token_requests_that_fail(fields: dict[str, str], status: int, error: str) -> None:
    reply = await _tokens(Nuki(), **fields)
    assert (reply.status, reply.json["error"]) == (status, error)
    assert "error_description" in reply.json


@run
async def test_a_code_belongs_to_its_redirect_uri_and_its_verifier() -> None:
    nuki = Nuki()
    code = (await _code(nuki))["code"]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://evil.example.org/"}
    assert (await _tokens(nuki, **fields)).json["error"] == "invalid_grant"
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    link = _link(code_challenge=challenge, code_challenge_method="S256")
    assert (await _exchange(nuki, (await _code(nuki, link))["code"])).status == 400
    assert (await _exchange(nuki, (await _code(nuki, link))["code"], code_verifier=verifier)).status == 200


@run
async def test_the_server_invents_a_state() -> None:
    assert len((await _code(Nuki(), _link(state="")))["state"]) > 10


@pytest.mark.parametrize(
    "change", [{"client_id": "other"}, {"redirect_uri": BACK + "/x"}, {"redirect_uri": ""}]
)
@run
async def test_a_bad_link_is_a_page_and_never_a_redirect(change: dict[str, str]) -> None:
    nuki = Nuki()
    for method in ("GET", "POST"):
        reply = await request(nuki.app, method, _link(**change), body=b"decision=cancel")
        assert reply.status == 400
        assert "This link does not work" in reply.text
        assert "location" not in reply.headers


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": "smartlock everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
@run
async def test_other_bad_requests_go_back_to_the_application(change: dict[str, str], error: str) -> None:
    back = _query(await request(Nuki().app, "GET", _link(**change)))
    assert (back["error"], back["state"]) == (error, "s1")


@pytest.mark.parametrize(
    ("email", "password", "field", "words"),
    [
        ("ann@example.com", "4321", "password", "not right"),
        ("ann@example.org", "1234", "password", "not right"),
        ("ann@example.com", "", "password", "Enter your password"),
        ("", "1234", "email", "Enter your e-mail"),
        ('"><b>ann', "1234", "email", "not an e-mail address"),
    ],
)
@run
async def test_a_failed_login_says_where_and_keeps_the_address(
    email: str, password: str, field: str, words: str
) -> None:
    nuki = Nuki()
    page = await nuki.form(_link(), email=email, password=password)
    assert page.status == 422
    assert f'aria-invalid="true" aria-describedby="{field}-error' in page.text
    alert = re.search(rf'<p class="error" id="{field}-error" role="alert">([^<]*)</p>', page.text)
    assert alert
    assert words in alert[1]
    assert "<b>" not in page.text
    if "<" not in email:
        assert f'value="{email}"' in page.text
    assert page.text.count("autofocus") == 1
    assert "1234" not in page.text.replace("with the password 1234", "")
    assert await nuki.homes.homes() == []


@run
async def test_the_consent_page_says_what_for_and_carries_no_password() -> None:
    page = await Nuki().form(_link(scope="smartlock.action smartlock.log"), email=HOME, password="1234")
    assert "Lock and unlock your doors" in page.text
    assert "See who used your doors" in page.text
    assert "Keep this access" in page.text
    assert "See your devices" not in page.text
    assert HOME in page.text
    assert "1234" not in page.text
    assert page.headers["cache-control"] == "no-store"


@run
async def test_cancel_goes_back_with_access_denied_from_both_pages() -> None:
    nuki = Nuki()
    back = _query(await nuki.form(_link(), email="", password="", decision="cancel"))
    assert (back["error"], back["state"]) == ("access_denied", "s1")
    page = await nuki.form(_link(), email=HOME, password="1234")
    assert (
        _query(await nuki.form(_link(), ticket=_ticket(page), decision="cancel"))["error"] == "access_denied"
    )


@run
async def test_a_ticket_works_once_soon_and_for_its_request() -> None:
    nuki = Nuki()
    page = await nuki.form(_link(), email=HOME, password="1234")
    other = _link(scope="smartlock.config")
    assert "Log in again" in (await nuki.form(other, ticket=_ticket(page), decision="allow")).text
    _query(await nuki.form(_link(), ticket=_ticket(page), decision="allow"))
    assert (await nuki.form(_link(), ticket=_ticket(page), decision="allow")).status == 422
    page = await nuki.form(_link(), email=HOME, password="1234")
    nuki.clock.move(601)
    assert (await nuki.form(_link(), ticket=_ticket(page), decision="allow")).status == 422
    assert (await nuki.form(_link(), ticket="rubbish", decision="allow")).status == 422


@run
async def test_a_mounted_simulator_works_below_its_path() -> None:
    nuki = Nuki(url="https://ostiary.test/sandbox/nuki")
    for root_path in ("/sandbox/nuki", ""):
        link = "/sandbox/nuki" + _link()
        page = await request(nuki.app, "GET", link, root_path=root_path)
        assert page.status == 200
        assert "action=" not in page.text  # posts to where it came from
    assert "code" in await _code(nuki, "/sandbox/nuki" + _link())


@run
async def test_any_redirect_uri_is_allowed_when_none_is_registered() -> None:
    nuki = Nuki(redirect_uris=())
    assert (await request(nuki.app, "GET", _link(redirect_uri="http://localhost:9/x"))).status == 200
    assert (await request(nuki.app, "GET", _link(redirect_uri="javascript:alert(1)"))).status == 400


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("smartlock.readOnly", {"/smartlock"}),
        ("smartlock", {"/smartlock", "rename"}),
        ("smartlock.auth", {"/smartlock/{}/auth", "/smartlock/auth"}),
        ("smartlock.log", {"/smartlock/{}/log", "/smartlock/log"}),
        ("smartlock.action", {"sync"}),
        ("account", {"/account"}),
    ],
)
@run
async def test_each_scope_allows_its_own(scope: str, allowed: set[str]) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    token = (await _exchange(nuki, (await _code(nuki, _link(scope=scope)))["code"])).json["access_token"]
    reads = [
        "/smartlock",
        "/smartlock/{}/auth",
        "/smartlock/auth",
        "/smartlock/{}/log",
        "/smartlock/log",
        "/account",
    ]
    statuses = {path: (await nuki.call("GET", path.format(lock), token=token)).status for path in reads}
    rename = await nuki.call("POST", f"/smartlock/{lock}", {"name": "Door"}, token=token)
    sync = await nuki.call("POST", f"/smartlock/{lock}/sync", token=token)
    statuses |= {"rename": rename.status, "sync": sync.status}
    assert {path for path, status in statuses.items() if status in (200, 204)} == allowed
    assert {status for path, status in statuses.items() if path not in allowed} == {401}


@run
async def test_api_tokens_have_the_vendors_form_and_do_not_expire() -> None:
    nuki = await Nuki().enter()
    assert re.fullmatch("[0-9a-f]{80}", nuki.token)
    long = Nuki("a" * 60 + "@example.com", homes=nuki.homes)
    assert (await (await long.enter()).call("GET", "/smartlock")).status == 200
    nuki.clock.move(10 * 365 * 24 * 3600)
    assert (await nuki.call("GET", "/smartlock")).status == 200
    almost = nuki.token[:-1] + ("1" if nuki.token.endswith("0") else "0")
    for token in ("", "00", "zz", nuki.token[:-1] + "x", almost):
        assert (await nuki.call("GET", "/smartlock", token=token)).status == 401
    state, _ = await nuki.homes.load(HOME)
    assert state
    assert nuki.token.encode() not in state


@run
async def test_the_owner_takes_the_applications_access_back() -> None:
    nuki = await Nuki().enter()
    tokens = (await _exchange(nuki, (await _code(nuki))["code"])).json
    (application,) = (await nuki.call("GET", "/account/integration")).json
    assert (application["version"], application["clientId"]) == ("HYDRA", "0")
    assert application["scopes"] == sorted([*SCOPE.split(), "offline_access"])
    assert (await nuki.call("DELETE", "/account/integration?apiKeyId=0")).status == 204
    assert (await nuki.call("GET", "/smartlock", token=tokens["access_token"])).status == 401
    assert (await _refresh(nuki, tokens["refresh_token"])).json["error"] == "invalid_grant"
    assert (await nuki.call("GET", "/account/integration")).json == []


@run
async def test_a_new_password_leaves_the_application_alone() -> None:
    nuki = await Nuki().enter()
    tokens = (await _exchange(nuki, (await _code(nuki))["code"])).json
    await nuki.call("POST", "/account", {"language": "en", "password": "new password"})
    assert (await nuki.call("GET", "/smartlock")).status == 401
    assert (await nuki.call("GET", "/smartlock", token=tokens["access_token"])).status == 200
    nuki.clock.move(91 * 24 * 3600)
    await nuki.enter()
    assert (await nuki.call("GET", "/account/integration")).json == []
