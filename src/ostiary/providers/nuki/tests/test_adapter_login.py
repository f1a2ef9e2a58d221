"""Logging in at Nuki, staying logged in, and being thrown out."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.domain.errors import (
    LoginExpired,
    LoginRejected,
    OutcomeUnknown,
    RateLimited,
    Unreachable,
)
from ostiary.domain.provider import Credentials, LoginFailed
from ostiary.domain.secrets import Secret

from .test_adapter_support import BACK, JOHN, Canned, World, adapter, in_world, over_both

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
OLD = Credentials(Secret("old-access"), Secret("old-refresh"), NOW)


def refresh(vendor: Canned, credentials: Credentials = OLD) -> Credentials:
    return asyncio.run(vendor.adapter().refresh(credentials, now=NOW))


def test_the_login_page() -> None:
    url = Canned(200).adapter().login_url(state="a b&c", redirect_uri=BACK, verifier="v")
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://api.nuki.io/oauth/authorize"
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["client"],
        "redirect_uri": [BACK],
        "scope": ["account smartlock.readOnly smartlock.action smartlock.auth smartlock.log offline_access"],
        "state": ["a b&c"],
    }


@over_both
def test_a_whole_login(transport: str) -> None:
    async def use(world: World) -> None:
        query = await world.answer_of_login(state="s/1")
        assert query["state"] == "s/1"
        login = await world.finish_login(query)
        assert login.user_identifier == {"email": JOHN}
        assert login.vendor_account_id.isdigit()
        assert login.display_name
        assert login.credentials.expires_at == world.now + timedelta(seconds=3600)
        assert login.credentials.refresh_token
        assert len(await world.adapter.account(login.credentials, {}).list_devices()) == 3
        again = await world.log_in()
        assert again.vendor_account_id == login.vendor_account_id

    in_world(transport, use)


@over_both
def test_a_person_who_cancels(transport: str) -> None:
    async def use(world: World) -> None:
        with pytest.raises(LoginFailed) as caught:
            await world.finish_login(await world.answer_of_login(decision="cancel"))
        assert caught.value.error_code == "access_denied"

    in_world(transport, use)


@over_both
def test_a_code_serves_once(transport: str) -> None:
    async def use(world: World) -> None:
        query = await world.answer_of_login()
        await world.finish_login(query)
        with pytest.raises(LoginFailed) as caught:
            await world.finish_login(query)
        assert caught.value.error_code == "invalid_grant"

    in_world(transport, use)


@pytest.mark.parametrize(
    ("query", "error_code"),
    [
        ({"error": "access_denied"}, "access_denied"),
        ({"error": "<script>"}, "login_failed"),
        ({}, "invalid_response"),
        ({"code": ""}, "invalid_response"),
        ({"code": "x"}, "provider_unavailable"),
    ],
)
def test_what_comes_back_may_be_anything(query: dict[str, str], error_code: str) -> None:
    coming = Canned(502, b"<html>").adapter().finish_login(query, redirect_uri=BACK, verifier="v", now=NOW)
    with pytest.raises(LoginFailed) as caught:
        asyncio.run(coming)
    assert caught.value.error_code == error_code
    assert "<" not in caught.value.message


@over_both
def test_a_login_in_which_an_answer_is_lost(transport: str) -> None:
    async def use(world: World) -> None:
        for fault, route in (("drop_answer", "/oauth/token"), ("http_503", "/account")):
            query = await world.answer_of_login()
            await world.fault(fault, route=route)
            with pytest.raises(LoginFailed) as caught:
                await world.finish_login(query)
            assert caught.value.error_code == "provider_unavailable"

    in_world(transport, use)


@over_both
def test_a_token_expires_and_is_renewed(transport: str) -> None:
    async def use(world: World) -> None:
        old = (await world.log_in()).credentials
        world.pass_time(3601)
        with pytest.raises(LoginExpired):
            await world.adapter.account(old, {}).list_devices()
        new = await world.adapter.refresh(old, now=world.now)
        assert new.expires_at == world.now + timedelta(seconds=3600)
        assert new.refresh_token != old.refresh_token
        assert await world.adapter.account(new, {}).list_devices()
        with pytest.raises(LoginRejected):
            await world.adapter.refresh(old, now=world.now)

    in_world(transport, use)


@over_both
def test_a_refresh_without_an_answer_may_have_spent_the_token(transport: str) -> None:
    async def use(world: World) -> None:
        old = (await world.log_in()).credentials
        await world.fault("drop_answer", route="/oauth/token")
        with pytest.raises(OutcomeUnknown):
            await world.adapter.refresh(old, now=world.now)
        with pytest.raises(LoginRejected):
            await world.adapter.refresh(old, now=world.now)

    in_world(transport, use)


@over_both
def test_an_owner_who_takes_the_access_back(transport: str) -> None:
    async def use(world: World) -> None:
        old = (await world.log_in()).credentials
        await world.control("POST", "faults", fault="login_rejected")
        with pytest.raises(LoginExpired):
            await world.adapter.account(old, {}).list_devices()
        with pytest.raises(LoginRejected):
            await world.adapter.refresh(old, now=world.now)

    in_world(transport, use)


@over_both
def test_a_wrong_secret_of_ours_does_not_disconnect_anybody(transport: str) -> None:
    async def use(world: World) -> None:
        old = (await world.log_in()).credentials
        with pytest.raises(Unreachable) as caught:
            await adapter(world.http, world.url, "mistyped").refresh(old, now=world.now)
        assert "invalid_client" in str(caught.value)
        renewed = await world.adapter.refresh(old, now=world.now)
        assert renewed.access_token != old.access_token

    in_world(transport, use)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"error":"invalid_grant","error_description":"hush"}', LoginRejected),
        (401, b'{"error":"invalid_client"}', Unreachable),
        (400, b'{"error":"something_new"}', Unreachable),
        (400, b'{"error":{"a":1}}', Unreachable),
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
        (200, b'"text"', OutcomeUnknown),
        (200, b"{}", OutcomeUnknown),
        (200, b"\xff", OutcomeUnknown),
        (200, b'{"access_token":null}', OutcomeUnknown),
    ],
)
def test_refusals_of_the_token_endpoint(status: int, body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        refresh(Canned(status, body))
    assert type(caught.value) is kind
    shown = f"{caught.value!r} {caught.value.__cause__!r}"
    assert "hush" not in shown
    assert "old-refresh" not in shown
    assert "secret-of-client" not in shown


@pytest.mark.parametrize(
    ("body", "refresh_token", "seconds"),
    [
        (b'{"access_token":"new","expires_in":60,"refresh_token":"next"}', "next", 60),
        (b'{"access_token":"new","expires_in":"60"}', "old-refresh", 60),
        (b'{"access_token":"new","token_type":"bearer"}', "old-refresh", 3600),
        (b'{"access_token":"new","expires_in":-1}', "old-refresh", 3600),
        (b'{"access_token":"new","scope":"other scopes","refresh_token":null}', "old-refresh", 3600),
    ],
)
def test_what_a_refresh_gives(body: bytes, refresh_token: str, seconds: int) -> None:
    new = refresh(Canned(200, body))
    assert new.access_token == Secret("new")
    assert new.refresh_token == Secret(refresh_token)
    assert new.expires_at == NOW + timedelta(seconds=seconds)


def test_without_a_refresh_token_there_is_no_refresh() -> None:
    with pytest.raises(LoginRejected):
        refresh(Canned(200), Credentials(Secret("token")))
