"""Logging in at Salto KS, choosing sites, staying logged in, and being thrown out."""

import asyncio
import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.provider_contract.worlds import BACK, VERIFIER, World

from ostiary.domain.errors import LoginExpired, LoginRejected, OutcomeUnknown, RateLimited, Unreachable
from ostiary.domain.provider import Credentials, Integrator, LoginChoices, LoginFailed
from ostiary.domain.secrets import Secret

from .test_adapter_support import Canned, adapter, in_world, main_site

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
OLD = Credentials(Secret("old-access"), Secret("old-refresh"), NOW)
INTEGRATION = "integration@example.com"
OURS = Integrator(INTEGRATION, Secret("1234"))
ADMIN, USER = main_site(), main_site(name="Other Site", role="site_user", locks=[{"name": "Gate"}])


async def offered(world: World) -> LoginChoices:
    query = await world.answer_of_login()
    done = await world.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=world.now)
    assert isinstance(done, LoginChoices)
    return done


async def failure_of(world: World) -> LoginFailed:
    query = await world.answer_of_login()
    with pytest.raises(LoginFailed) as caught:
        await world.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=world.now)
    return caught.value


def refusals(done: LoginChoices) -> dict[str, str | None]:
    return {choice.name: choice.refusal for choice in done.choices}


def refresh(vendor: Canned, credentials: Credentials = OLD) -> Credentials:
    return asyncio.run(vendor.adapter().refresh(credentials, now=NOW))


# --- the person -----------------------------------------------------------------------------------------


def test_the_login_page() -> None:
    """With a challenge that only who holds the verifier can answer."""
    url = Canned({}).adapter().login_url(state="a b&c", redirect_uri=BACK, verifier=VERIFIER)
    parts = urlsplit(url)
    assert (
        f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://identity.eu.my-clay.com/connect/authorize"
    )
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["client"],
        "redirect_uri": [BACK],
        "scope": ["user_api.full_access offline_access"],
        "state": ["a b&c"],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
    }
    assert VERIFIER not in url


def test_the_challenge_of_the_standards_example() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    url = Canned({}).adapter().login_url(state="s", redirect_uri=BACK, verifier=verifier)
    assert parse_qs(urlsplit(url).query)["code_challenge"] == ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]


@in_world()
async def test_a_whole_login(world: World) -> None:
    done = await offered(world)
    assert done.noun == "sites"
    assert "seat" in done.notice
    assert {choice.name: choice.details for choice in done.choices} == {
        "Main Site": "2 of 50 user seats taken",
        "Second Site": "2 of 10 user seats taken",
        "Unfinished Site": "2 of 0 user seats taken",
    }
    login = await world.complete(done)
    assert login.user_identifier == {"email": world.home}
    assert login.display_name == world.home
    assert login.credentials.expires_at == world.now + timedelta(seconds=3600)
    assert login.credentials.refresh_token
    assert len(login.settings["site_ids"]) == 2
    names = {device.name for device in await world.of(login).list_devices()}
    assert {"FRONT_DOOR", "SIDE DOOR"} <= names
    assert "NEW DOOR" not in names
    again = await world.log_in()
    assert again.vendor_account_id == login.vendor_account_id


@in_world()
async def test_only_the_chosen_sites_are_ours_in_the_order_of_the_list(world: World) -> None:
    done = await offered(world)
    main, second, _ = (choice.choice_id for choice in done.choices)
    login = await world.adapter.complete_login(done.pending, [second], now=world.now)
    assert login.settings == {"site_ids": [second]}
    assert [device.name for device in await world.of(login).list_devices()] == ["SIDE DOOR"]
    both = await world.adapter.complete_login(done.pending, [second, main, second], now=world.now)
    assert both.settings == {"site_ids": [main, second]}


@in_world()
async def test_the_code_is_worth_nothing_without_its_verifier(world: World) -> None:
    for verifier in ("w" * 43, ""):
        query = await world.answer_of_login()
        with pytest.raises(LoginFailed) as caught:
            await world.adapter.finish_login(query, redirect_uri=BACK, verifier=verifier, now=world.now)
        assert caught.value.error_code in ("invalid_grant", "invalid_request")


@in_world()
async def test_a_code_serves_once_and_a_person_may_cancel(world: World) -> None:
    query = await world.answer_of_login()
    await world.finish(query)
    with pytest.raises(LoginFailed) as caught:
        await world.finish(query)
    assert caught.value.error_code == "invalid_grant"
    with pytest.raises(LoginFailed) as caught:
        await world.finish(await world.answer_of_login(decision="cancel"))
    assert caught.value.error_code == "access_denied"


@pytest.mark.parametrize(
    ("query", "error_code"),
    [
        ({"error": "access_denied"}, "access_denied"),
        ({"error": "<script>"}, "login_failed"),
        ({"error": ""}, "login_failed"),
        ({}, "invalid_response"),
        ({"code": ""}, "invalid_response"),
        ({"code": "x"}, "provider_unavailable"),
    ],
)
def test_what_comes_back_may_be_anything(query: dict[str, str], error_code: str) -> None:
    vendor = Canned({"": (502, b"<html>")}).adapter()
    coming = vendor.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=NOW)
    with pytest.raises(LoginFailed) as caught:
        asyncio.run(coming)
    assert caught.value.error_code == error_code
    assert "<" not in caught.value.message


# --- which sites ----------------------------------------------------------------------------------------


@in_world()
async def test_a_site_that_is_not_released_is_shown_and_refused(world: World) -> None:
    done = await offered(world)
    refused = refusals(done)
    assert [name for name, refusal in refused.items() if refusal is None] == ["Main Site", "Second Site"]
    assert "released" in (refused["Unfinished Site"] or "")


@in_world(ADMIN, USER)
async def test_a_site_at_which_the_person_is_no_admin_is_shown_and_refused(world: World) -> None:
    done = await offered(world)
    refused = refusals(done)
    assert refused["Main Site"] is None
    assert "Site Admin" in (refused["Other Site"] or "")
    other = next(choice.choice_id for choice in done.choices if choice.name == "Other Site")
    with pytest.raises(LoginFailed) as caught:
        await world.adapter.complete_login(done.pending, [other], now=world.now)
    assert caught.value.error_code == "invalid_response"
    login = await world.complete(done)
    assert {device.name for device in await world.of(login).list_devices()} == {"BACK DOOR", "FRONT_DOOR"}


@in_world(main_site(role="site_user"), main_site(name="Other Site", role="site_super_user"))
async def test_who_is_an_admin_nowhere_cannot_connect(world: World) -> None:
    failed = await failure_of(world)
    assert failed.error_code == "insufficient_permissions"
    assert "Site Admin" in failed.message


@in_world(main_site(role="site_owner"))
async def test_the_owner_of_a_site_may_connect_it(world: World) -> None:
    assert refusals(await offered(world)) == {"Main Site": None}
    assert await (await world.account()).list_devices()


@pytest.mark.parametrize("how", ["blocked", "suspended"])
@in_world(ADMIN, main_site(name="Other Site", locks=[]))
async def test_whom_a_site_keeps_out_cannot_connect_it(world: World, how: str) -> None:
    await world.log_in()
    await world.control("POST", "me", site="Other Site", **{how: True})
    refused = refusals(await offered(world))
    assert refused["Main Site"] is None
    assert "Site Admin" in (refused["Other Site"] or "")


@in_world(ADMIN, main_site(name="Other Site", locks=[]))
async def test_a_site_whose_subscription_has_ended_is_refused(world: World) -> None:
    await world.log_in()
    await world.control("POST", "site", site="Other Site", subscription_valid=False)
    refused = refusals(await offered(world))
    assert refused["Main Site"] is None
    assert "subscription" in (refused["Other Site"] or "")


@in_world()
async def test_without_any_site_there_is_nothing_to_connect(world: World) -> None:
    world.home = "nobody@example.com"
    await world.control("POST", "homes", sites=[])
    failed = await failure_of(world)
    assert failed.error_code == "no_sites"


@in_world(main_site(released=False))
async def test_with_sites_that_may_not_be_chosen_alone_the_reasons_are_shown(world: World) -> None:
    done = await offered(world)
    assert "released" in (refusals(done)["Main Site"] or "")
    for chosen in ([], [done.choices[0].choice_id]):
        with pytest.raises(LoginFailed):
            await world.adapter.complete_login(done.pending, chosen, now=world.now)


@in_world()
async def test_what_is_kept_between_login_and_choice_is_secret(world: World) -> None:
    done = await offered(world)
    login = await world.complete(done)
    for secret in (login.credentials.access_token, login.credentials.refresh_token or Secret("")):
        assert secret.reveal() in done.pending.reveal()
        assert secret.reveal() not in f"{done!r} {login!r} {login.settings}"


@pytest.mark.parametrize("pending", ["", "{}", "[]", "null", '{"access_token":1}', "\x00"])
def test_what_cannot_be_continued_fails(pending: str) -> None:
    coming = Canned({}).adapter().complete_login(Secret(pending), ["s"], now=NOW)
    with pytest.raises(LoginFailed) as caught:
        asyncio.run(coming)
    assert caught.value.error_code == "invalid_response"


# --- staying logged in ----------------------------------------------------------------------------------


@in_world()
async def test_a_token_expires_and_is_renewed_with_a_new_refresh_token(world: World) -> None:
    """Each serves once; whoever comes with a spent one is shut out."""
    login = await world.log_in()
    held = [login.credentials]
    for _ in range(3):
        world.pass_time(3601)
        with pytest.raises(LoginExpired):
            await world.of(replace(login, credentials=held[-1])).list_devices()
        new = await world.adapter.refresh(held[-1], now=world.now)
        assert new.expires_at == world.now + timedelta(seconds=3600)
        assert await world.of(replace(login, credentials=new)).list_devices()
        held.append(new)
    tokens = [one.refresh_token.reveal() for one in held if one.refresh_token]
    assert len(set(tokens)) == 4
    with pytest.raises(LoginRejected):
        await world.adapter.refresh(held[0], now=world.now)


@in_world()
async def test_a_refresh_without_an_answer_may_have_spent_the_token(world: World) -> None:
    old = (await world.log_in()).credentials
    await world.fault("drop_answer", match={"route": "/connect/token"})
    with pytest.raises(OutcomeUnknown):
        await world.adapter.refresh(old, now=world.now)
    with pytest.raises(LoginRejected):
        await world.adapter.refresh(old, now=world.now)


@in_world()
async def test_a_person_who_takes_the_access_back(world: World) -> None:
    login = await world.log_in()
    await world.fault("login_rejected")
    with pytest.raises(LoginExpired):
        await world.of(login).list_devices()
    with pytest.raises(LoginRejected):
        await world.adapter.refresh(login.credentials, now=world.now)


@in_world()
async def test_a_wrong_secret_of_ours_does_not_disconnect_anybody(world: World) -> None:
    old = (await world.log_in()).credentials
    mistyped = adapter(world.http, "mistyped", api_url=world.url, identity_url=world.url)
    with pytest.raises(Unreachable) as caught:
        await mistyped.refresh(old, now=world.now)
    assert "invalid_client" in str(caught.value)
    renewed = await world.adapter.refresh(old, now=world.now)
    assert renewed.access_token != old.access_token


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"error":"invalid_grant","error_description":"hush"}', LoginRejected),
        (400, b'{"error":"invalid_client"}', Unreachable),
        (401, b'{"error":"invalid_client"}', Unreachable),
        (400, b'{"error":"invalid_scope"}', Unreachable),
        (400, b'{"error":{"a":1}}', Unreachable),
        (400, b"[]", Unreachable),
        (400, b"\xff", Unreachable),
        (403, b"<html>blocked</html>", Unreachable),
        (404, b"", Unreachable),
        (302, b"", Unreachable),
        (429, b"", RateLimited),
        (503, b"", Unreachable),
        (500, b'{"error":"server_error"}', OutcomeUnknown),
        (502, b"<html>", OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (200, b"", OutcomeUnknown),
        (200, b"[]", OutcomeUnknown),
        (200, b"null", OutcomeUnknown),
        (200, b"{}", OutcomeUnknown),
        (200, b"\xff", OutcomeUnknown),
        (200, b'{"access_token":null}', OutcomeUnknown),
    ],
)
def test_refusals_of_the_token_endpoint(status: int, body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        refresh(Canned({"": (status, body)}))
    assert type(caught.value) is kind
    shown = f"{caught.value!r} {caught.value.__cause__!r}"
    for secret in ("hush", "old-refresh", "secret-of-client"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("body", "refresh_token", "seconds"),
    [
        ({"access_token": "new", "expires_in": 60, "refresh_token": "next"}, "next", 60),
        ({"access_token": "new", "expires_in": "60"}, "old-refresh", 60),
        ({"access_token": "new", "token_type": "Bearer"}, "old-refresh", 3600),
        ({"access_token": "new", "expires_in": -1}, "old-refresh", 3600),
        ({"access_token": "new", "refresh_token": None}, "old-refresh", 3600),
        ({"access_token": "new", "refresh_token": ""}, "old-refresh", 3600),
    ],
)
def test_what_a_refresh_gives(body: dict[str, Any], refresh_token: str, seconds: int) -> None:
    vendor = Canned({"": (200, body)})
    new = refresh(vendor)
    assert new.access_token == Secret("new")
    assert new.refresh_token == Secret(refresh_token)
    assert new.expires_at == NOW + timedelta(seconds=seconds)
    [request] = vendor.requests
    assert request.url == "https://identity.eu.my-clay.com/connect/token"
    pair = base64.b64encode(b"client:secret-of-client").decode()
    assert request.headers["Authorization"] == f"Basic {pair}"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["old-refresh"],
        "client_id": ["client"],
    }


def test_with_neither_a_refresh_token_nor_a_user_of_ours_there_is_no_refresh() -> None:
    with pytest.raises(LoginRejected):
        refresh(Canned({}), Credentials(Secret("token")))


# --- the integration user -------------------------------------------------------------------------------


async def _member(world: World, site: str = "Main Site") -> dict[str, Any] | None:
    """The integration user as a site knows it."""
    sites = (await world.control("GET", "cloud"))["sites"]
    users = next(one["users"] for one in sites if one["site"]["customer_reference"] == site)
    found = [user for user in users if user["user"]["email"] == INTEGRATION]
    assert len(found) < 2
    return dict(found[0]) if found else None


@in_world(integrator=OURS)
async def test_a_user_of_ours_moves_into_the_chosen_sites_and_acts_there(world: World) -> None:
    done = await offered(world)
    assert INTEGRATION in done.notice
    assert await _member(world) is None, "nothing before the person has agreed"
    main = done.choices[0].choice_id
    login = await world.adapter.complete_login(done.pending, [main], now=world.now)
    ours = await _member(world)
    assert ours is not None
    assert ours["remote_access"] is True
    assert await _member(world, "Second Site") is None
    assert login.user_identifier == {"email": world.home}, "the account is still the person's"
    assert login.credentials.refresh_token is None
    world.pass_time(60)
    ours = await _member(world)
    assert ours is not None
    assert [role["code"] for role in ours["roles"]] == ["site_admin"]
    account = world.of(login)
    assert {device.name for device in await account.list_devices()} >= {"FRONT_DOOR", "BACK DOOR"}
    fresh = await world.adapter.refresh(login.credentials, now=world.now)
    assert await world.of(replace(login, credentials=fresh)).list_devices()
    assert OURS.password.reveal() not in f"{login!r} {done!r}".replace("1234-", "")


@in_world(integrator=OURS)
async def test_a_second_time_it_finds_itself_there_and_is_let_in_again(world: World) -> None:
    """Somebody may have blocked or suspended it, or taken its right, since."""
    login = await world.log_in()
    before = await _member(world)
    assert before is not None
    for change in ({"blocked": True}, {"suspended": True}, {"remote_access": False}):
        world.pass_time(60)
        await world.control("POST", "me", site="Main Site", user=INTEGRATION, **change)
        again = await world.log_in()
        assert again.vendor_account_id == login.vendor_account_id
        ours = await _member(world)
        assert ours is not None
        assert ours["id"] == before["id"]
        assert (ours["blocked"], ours["remote_access"]) == (False, True)
        assert ours["subscription_state"] == "subscribed"
        world.pass_time(60)
        assert await world.of(again).list_devices()


@in_world(main_site(seats=2), integrator=OURS)
async def test_without_a_seat_for_it_the_login_says_so_and_leaves_nothing(world: World) -> None:
    done = await offered(world)
    with pytest.raises(LoginFailed) as caught:
        await world.complete(done)
    assert "seat" in caught.value.message
    assert await _member(world) is None
    await world.control("POST", "site", site="Main Site", seats=3)
    login = await world.complete(done)
    world.pass_time(60)
    assert await world.of(login).list_devices()


@in_world(main_site(seats=3), integrator=OURS)
async def test_a_seat_that_it_lost_and_cannot_have_back_is_told(world: World) -> None:
    await world.log_in()
    world.pass_time(60)
    await world.control("POST", "me", site="Main Site", user=INTEGRATION, suspended=True)
    await world.control("POST", "owner/users", site="Main Site", user="Cleaner", do="add")
    with pytest.raises(LoginFailed) as caught:
        await world.log_in()
    assert "seat" in caught.value.message


@pytest.mark.parametrize("fault", ["drop_answer", "drop_answer_before", "http_503", "http_429"])
@in_world(integrator=OURS)
async def test_moving_in_may_be_begun_again_wherever_it_broke_off(world: World, fault: str) -> None:
    """At each of its requests: it is there once, and the same choice works a second time."""
    done = await offered(world)
    for ahead in range(30):
        world.line.set_trap(ahead, lambda: world.fault(fault, match={"route": "*"}))
        try:
            await world.complete(done)
        except LoginFailed as failed:
            word = failed.error_code
        else:
            assert world.line.has_trap
            world.line.clear()
            break
        assert word == "provider_unavailable"
        world.pass_time(60)
        assert (await world.complete(done)).settings
        assert await _member(world)
        world.pass_time(60)
        for site in ("Main Site", "Second Site"):
            await world.control("POST", "me", site=site, user=INTEGRATION, removed=True)
    else:
        raise AssertionError("it has no end")


@in_world(integrator=Integrator(INTEGRATION, Secret("mistyped")))
async def test_a_wrong_password_of_ours_is_not_the_persons_fault(world: World) -> None:
    done = await offered(world)
    with pytest.raises(LoginFailed) as caught:
        await world.complete(done)
    assert caught.value.error_code == "provider_not_set_up"
    assert await _member(world) is None


@in_world(integrator=OURS)
async def test_two_people_of_one_site_are_two_accounts_of_one_user_of_ours(world: World) -> None:
    first = await world.log_in()
    world.pass_time(60)
    await world.control("POST", "owner/users", site="Main Site", user="ann@example.com", do="add")
    await world.control("POST", "me", site="Main Site", user="ann@example.com", role="site_admin")
    home = world.home
    world.home = "ann@example.com"
    second = await world.log_in()
    world.home = home
    assert first.vendor_account_id != second.vendor_account_id
    assert set(second.settings["site_ids"]) & set(first.settings["site_ids"])
    assert await _member(world)
