"""The account itself, one-time passwords, settings, sub accounts."""

from typing import Any

import pytest

from ostiary.providers.nuki.simulator.otp import password_at

from .test_simulator_support import E2, Nuki, e1, run

PROFILE = {
    "firstName": "Ann",
    "lastName": "Example",
    "address": "Street 1",
    "zip": "10115",
    "city": "Berlin",
    "country": "DE",
}
SUB = {"email": "sub@example.com", "password": "sevenup", "name": "Sub", "rights": "3", "language": "de"}


@run
async def test_an_account_shows_what_was_written_to_it() -> None:
    nuki = await Nuki().enter()
    assert (await nuki.call("GET", "/account")).json["language"] == "en"
    nuki.clock.move(60)
    body = {"language": "de", "name": "Ann E.", "profile": PROFILE, "config": {"alexaPin": "4711"}}
    assert (await nuki.call("POST", "/account", body)).status == 204
    assert (await nuki.call("POST", "/account", {"language": "fr"})).status == 204
    account = (await nuki.call("GET", "/account")).json
    assert (account["language"], account["name"]) == ("fr", "Ann E.")
    assert (account["profile"], account["config"]) == (PROFILE, {"alexaPin": "4711"})
    assert account["updateDate"] == "2026-03-01T12:01:00.000Z"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"name": "Ann"}, e1("null", "language")),
        ({"language": "xx"}, e1("xx", "language")),
        ({"language": "en", "name": ""}, e1("", "name")),
        ({"language": "en", "email": "nobody"}, e1("nobody", "email")),
        ({"language": "en", "password": "secret"}, e1("***", "password")),
        ({"language": "en", "profile": PROFILE | {"country": "DEU"}}, e1("DEU", "country")),
        ({"language": "en", "profile": {"city": "Berlin"}}, e1("null", "firstName")),
    ],
)
@run
async def test_a_bad_account_is_refused(body: dict[str, Any], answer: dict[str, Any]) -> None:
    nuki = await Nuki().enter()
    before = (await nuki.call("GET", "/account")).json
    reply = await nuki.call("POST", "/account", body)
    assert (reply.status, reply.json) == (400, answer)
    assert (await nuki.call("GET", "/account")).json == before


@run
async def test_a_new_address_counts_when_it_is_verified() -> None:
    nuki = await Nuki().enter()
    assert (await nuki.call("POST", "/account/email/verify")).status == 400
    assert (await nuki.call("POST", "/account/email/change", {"email": "new@example.org"})).status == 204
    (mail,) = (await nuki.control("GET", "inbox"))["inbox"]
    assert (mail["to"], mail["kind"]) == ("new@example.org", "verify_email")
    assert (await nuki.call("GET", "/account")).json["email"] == "ann@example.com"
    assert (await nuki.call("POST", "/account/email/verify")).status == 204
    assert (await nuki.call("GET", "/account")).json["email"] == "new@example.org"
    assert (await nuki.call("POST", "/account/email/verify")).status == 400
    assert (await nuki.call("PUT", "/account/sub", SUB)).status == 200
    for path, body in (("email/change", {}), ("", {"language": "en"})):
        reply = await nuki.call("POST", f"/account/{path}".rstrip("/"), body | {"email": SUB["email"]})
        assert (reply.status, reply.json) == (409, E2)


@run
async def test_a_deleted_account_is_empty_and_nobody_is_logged_in() -> None:
    nuki = await Nuki().enter()
    sub = (await nuki.call("PUT", "/account/sub", SUB)).json
    await nuki.call("PUT", "/account/user", {"email": "guest@example.org", "name": "Guest"})
    assert (await nuki.call("DELETE", "/account")).status == 409
    assert (await nuki.call("DELETE", f"/account/sub/{sub['accountId']}")).status == 204
    assert (await nuki.call("DELETE", "/account")).status == 204
    assert (await nuki.call("GET", "/account")).status == 401
    await nuki.enter()
    assert (await nuki.call("GET", "/smartlock")).json == []
    assert (await nuki.call("GET", "/account/user")).json == []


# --- one-time passwords ---------------------------------------------------------------------------------


@run
async def test_one_time_passwords_are_switched_on_with_one_of_them() -> None:
    nuki = await Nuki().enter()
    assert (await nuki.call("POST", "/account/otp", {"otp": "123456"})).status == 400
    secret = (await nuki.call("PUT", "/account/otp")).json
    assert (await nuki.call("POST", "/account/otp", {"otp": ""})).status == 400
    assert (await nuki.call("POST", "/account/otp", {"otp": "wrong"})).status == 401
    good = password_at(secret, nuki.clock.now)
    assert len(good) == 6
    assert (await nuki.call("POST", "/account/otp", {"otp": good})).status == 204
    assert "otpEnabledDate" in (await nuki.call("GET", "/account")).json["config"]
    assert (await nuki.call("PUT", "/account/otp")).status == 405
    assert (await nuki.call("DELETE", "/account/otp")).status == 204
    assert "config" not in (await nuki.call("GET", "/account")).json
    assert (await nuki.call("PUT", "/account/otp")).json != secret


def test_one_time_passwords_are_those_of_the_standard() -> None:
    """The appendix of RFC 6238, its last six digits."""
    from datetime import UTC, datetime

    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, password in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert password_at(secret, datetime.fromtimestamp(seconds, UTC)) == password


@run
async def test_too_many_wrong_passwords_are_429_for_a_while() -> None:
    nuki = await Nuki().enter()
    secret = (await nuki.call("PUT", "/account/otp")).json
    for _ in range(5):
        assert (await nuki.call("POST", "/account/otp", {"otp": "000000x"})).status == 401
    good = {"otp": password_at(secret, nuki.clock.now)}
    reply = await nuki.call("POST", "/account/otp", good)
    assert reply.status == 429
    wait = int(reply.headers["retry-after"])
    assert 0 < wait <= 301
    nuki.clock.move(wait)
    good = {"otp": password_at(secret, nuki.clock.now)}
    assert (await nuki.call("POST", "/account/otp", good)).status == 204


# --- settings and sub accounts ----------------------------------------------------------------------------


@run
async def test_settings_are_kept_as_they_come() -> None:
    nuki = await Nuki().enter()
    assert (await nuki.call("GET", "/account/setting")).status == 404
    setting = {"web": {"deviceViewType": "TILE", "annotations": {"a/b": "c"}}}
    assert (await nuki.call("PUT", "/account/setting", setting)).json == setting
    assert (await nuki.call("GET", "/account/setting")).json == setting
    bad = {"web": {"deviceViewType": "CIRCLE"}}
    assert (await nuki.call("PUT", "/account/setting", bad)).json == e1("CIRCLE", "deviceViewType")
    assert (await nuki.call("DELETE", "/account/setting")).status == 204
    assert (await nuki.call("GET", "/account/setting")).status == 404


@run
async def test_sub_accounts_come_change_and_go() -> None:
    nuki = await Nuki().enter()
    sub = (await nuki.call("PUT", "/account/sub", SUB)).json
    assert (sub["email"], sub["rights"], sub["language"]) == ("sub@example.com", 3, "de")
    assert sub["masterAccountId"] == (await nuki.call("GET", "/account")).json["accountId"]
    assert "password" not in sub
    other = (await nuki.call("PUT", "/account/sub", SUB | {"email": "two@example.com"})).json
    path = f"/account/sub/{sub['accountId']}"
    assert (await nuki.call("POST", path, {"language": "en", "rights": 127})).status == 204
    changed = (await nuki.call("GET", path)).json
    assert (changed["rights"], changed["name"], changed["language"]) == (127, "Sub", "en")
    taken = await nuki.call("POST", path, {"language": "en", "email": "TWO@example.com"})
    assert (taken.status, taken.json) == (409, E2)
    assert [one["accountId"] for one in (await nuki.call("GET", "/account/sub")).json] == [
        sub["accountId"],
        other["accountId"],
    ]
    filtered = (await nuki.call("GET", "/account/sub?email=^two.*example%5C.com$")).json
    assert [one["accountId"] for one in filtered] == [other["accountId"]]
    assert (await nuki.call("GET", "/account/sub?email=(a%2B)%2B$")).status == 400
    assert (await nuki.call("DELETE", path)).status == 204
    assert (await nuki.call("GET", path)).status == 404


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"rights": 32}, e1("32", "rights")),
        ({"rights": None}, e1("null", "rights")),
        ({"password": "sixsix"}, e1("***", "password")),
        ({"language": None}, e1("null", "language")),
        ({"email": "ann@example.com"}, e1("ann@example.com", "email")),
    ],
)
@run
async def test_a_bad_sub_account_is_refused(change: dict[str, Any], answer: dict[str, Any]) -> None:
    nuki = await Nuki().enter()
    reply = await nuki.call("PUT", "/account/sub", SUB | change)
    assert (reply.status, reply.json) == (400, answer)
    assert (await nuki.call("GET", "/account/sub")).json == []
