"""What the API refuses before it looks at anything, where it is not, and access groups."""

import json
from typing import Any

import pytest

from .test_simulator_support import Salto, refused, run, value

NOWHERE = "11111111-1111-4111-8111-111111111111"


@run
async def test_a_site_has_the_recorded_fields() -> None:
    salto = await Salto().enter()
    sites = await salto.items("/v1.2/sites")
    assert [site["installation_state"] for site in sites] == ["released", "released", "unreleased"]
    assert [site["time_zone"] for site in sites] == ["Europe/Berlin", "America/New_York", "Europe/Berlin"]
    for site in sites:
        assert list(site) == [
            *("id", "site_uid", "customer_reference", "country_code", "time_zone", "active_user_amount"),
            *("subscribed_user_amount", "active_iq_amount", "pin_enabled", "subscription_valid"),
            *("installation_state", "mkey_compatible", "store_events_ttl", "owner"),
        ]
        assert site["store_events_ttl"] == "90.00:00:00"
        assert value(await salto.call("GET", f"/v1.1/sites/{site['id']}")) == site
    assert (sites[0]["active_user_amount"], sites[0]["subscribed_user_amount"]) == (2, 50)
    subscription = value(await salto.call("GET", f"/v1.2/sites/{sites[0]['id']}/subscription"))
    assert list(subscription) == ["user_amount", "type", "features"]
    assert all(isinstance(feature, str) for feature in subscription["features"])
    assert "custom_pin" not in subscription["features"]


@run
async def test_only_the_uuid_names_a_site() -> None:
    salto = await Salto().enter()
    site = (await salto.items("/v1.2/sites"))[0]
    for path in ("", "/users", "/locks", "/me"):
        assert refused(await salto.call("GET", f"/v1.2/sites/{site['site_uid']}{path}")) == (400, "1100")
        assert refused(await salto.call("GET", f"/v1.2/sites/{NOWHERE}{path}")) == (403, "2203")


@run
async def test_an_unreleased_site_is_good_for_nothing() -> None:
    salto = await Salto().enter()
    site = await salto.site("Unfinished Site")
    assert (await salto.call("GET", site)).status == 200
    for method, path in (("GET", "locks"), ("GET", "users"), ("GET", "iqs"), ("POST", "access_groups")):
        reply = await salto.call(method, f"{site}/{path}", {} if method == "POST" else None)
        assert refused(reply) == (400, "2210")


@run
async def test_a_body_has_to_be_json_and_to_say_so() -> None:
    salto = await Salto().enter()
    site = await salto.site()
    path, token = f"{site}/access_groups", {"Authorization": f"Bearer {salto.token}"}
    body = json.dumps({"customer_reference": "G"}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        reply = await salto.send("POST", path, {**token, "Content-Type": kind}, body)
        assert (reply.status, reply.body) == (415, b"")
    for said in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        assert (await salto.send("POST", path, {**token, "Content-Type": said}, body)).status == 200
    for wrong in (b"", b"{", b"[]", b"\xff"):
        reply = await salto.send("POST", path, {**token, "Content-Type": "application/json"}, wrong)
        assert refused(reply) == (400, "1100")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/v1.2/sites", 405),
        ("POST", "/v1.2/me", 405),
        ("POST", "/v1.2/sites/{site}/locks", 405),
        ("GET", "/v1.2/sites/{site}/users/existing", 405),
        ("GET", "/v1.2/sites/{site}/locks/{id}/settings", 501),
        ("PUT", "/v1.2/sites/{site}/iqs/{id}/tree", 501),
        ("PATCH", "/v1.2/sites/{site}/locks/{id}/tag_registration", 501),
        ("GET", "/v1.1/sites/{site}/pods", 501),
        ("GET", "/v1.1/me/devices", 501),
        ("GET", "/v1.2/sites/{site}/access_groups/{id}/time_schedules", 501),
        ("GET", "/v1/hub/entries", 501),
        ("GET", "/v2/sites/{site}/me/permissions", 403),
        ("GET", "/v2/sites/{site}/roles", 403),
        ("GET", "/v3/sites", 404),
        ("GET", "/sites", 404),
    ],
)
@run
async def test_what_is_not_there(method: str, path: str, status: int) -> None:
    salto = await Salto().enter()
    site = (await salto.site()).rpartition("/")[2]
    reply = await salto.call(method, path.format(site=site, id=NOWHERE))
    assert reply.status == status
    if status == 501:
        assert "does not serve" in json.loads(reply.body)["error"]
    elif status == 403:
        assert reply.headers["content-type"] == "application/problem+json"
        assert json.loads(reply.body)["status"] == 403
    else:
        assert reply.body == b""


@pytest.mark.parametrize(
    "path",
    [
        *("users/{id}", "users/{id}/keys", "users/{id}/activated_iqs", "locks/{id}", "iqs/{id}"),
        *("iqs/{id}/secret", "access_groups/{id}/users", "access_groups/{id}/locks"),
        "access_groups/{id}/time_schedules",
    ],
)
@run
async def test_unknown_ids_are_2202(path: str) -> None:
    salto = await Salto().enter()
    site = await salto.site(version="v1.1")
    assert refused(await salto.call("GET", f"{site}/{path.format(id=NOWHERE)}")) == (404, "2202")


# --- access groups --------------------------------------------------------------------------------------


@run
async def test_groups_are_made_filled_and_removed() -> None:
    salto = await Salto().enter()
    site, lock, user = await salto.site(version="v1.1"), await salto.lock(), await salto.user()
    group = value(await salto.call("POST", f"{site}/access_groups", {"customer_reference": "Room 1"}))
    assert list(group) == ["id", "customer_reference"]
    assert await salto.items(f"{site}/access_groups") == [group]
    path = f"{site}/access_groups/{group['id']}"
    user_id = user["user"]["id"]
    assert value(await salto.call("POST", f"{path}/users", {"user_id": user_id}))["id"] == user_id
    assert value(await salto.call("POST", f"{path}/users", {"user_id": user_id}))["id"] == user_id
    added = value(await salto.call("POST", f"{path}/locks", {"lock_id": lock}))
    assert added == {"id": lock, "customer_reference": "FRONT_DOOR"}
    assert [one["id"] for one in await salto.items(f"{path}/users")] == [user_id]
    assert [one["id"] for one in await salto.items(f"{path}/locks")] == [lock]
    for target in (f"{path}/users/{user_id}", f"{path}/locks/{lock}"):
        assert (await salto.call("DELETE", target)).status == 204
        assert refused(await salto.call("DELETE", target)) == (404, "2202")
    both = {"add_ids": [user_id], "remove_ids": []}
    assert (await salto.call("PATCH", f"{path}/users", both)).status == 204
    assert (await salto.call("PATCH", f"{path}/locks", {"add_ids": [lock]})).status == 204
    bad = {"add_ids": [NOWHERE], "remove_ids": [user_id]}
    assert refused(await salto.call("PATCH", f"{path}/users", bad)) == (404, "2202")
    assert [one["id"] for one in await salto.items(f"{path}/users")] == [user_id]
    assert (await salto.call("DELETE", path)).status == 204
    assert refused(await salto.call("DELETE", path)) == (404, "2202")
    assert await salto.items(f"{site}/access_groups") == []


@run
async def test_members_are_named_by_their_platform_id() -> None:
    salto = await Salto().enter()
    user, group = await salto.user(), await salto.group()
    reply = await salto.call("POST", f"{group}/users", {"user_id": user["id"]})
    assert value(reply, 404) == {"ErrorCode": "2202", "Message": "User not found"}
    assert refused(await salto.call("DELETE", f"{group}/users/{user['id']}")) == (404, "2202")
    assert refused(await salto.call("PATCH", f"{group}/users", {"add_ids": [user["id"]]})) == (404, "2202")


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("", {}, (400, "1100")),
        ("", {"customer_reference": 7}, (400, "1101")),
        ("/users", {}, (400, "1100")),
        ("/users", {"user_id": NOWHERE}, (404, "2202")),
        ("/locks", {}, (400, "1100")),
        ("/locks", {"lock_id": NOWHERE}, (404, "2202")),
        ("/locks", {"lock_id": 7}, (400, "1101")),
    ],
)
@run
async def test_bodies_that_are_refused(path: str, body: dict[str, Any], expected: tuple[int, str]) -> None:
    salto = await Salto().enter()
    group = await salto.group()
    target = group.rpartition("/")[0] if path == "" else group + path
    assert refused(await salto.call("POST", target, body)) == expected


# --- how many -------------------------------------------------------------------------------------------


@run
async def test_eight_requests_a_second() -> None:
    salto = await Salto().enter(limited=True)
    replies = [await salto.call("GET", "/v1.2/me") for _ in range(10)]
    assert [reply.status for reply in replies] == [200] * 8 + [429] * 2
    assert (replies[-1].body, replies[-1].headers["retry-after"]) == (b"", "1")
    salto.clock.move(1)
    assert [(await salto.call("GET", "/v1.2/me")).status for _ in range(9)] == [200] * 8 + [429]
    salto.clock.move(0.5)
    assert [(await salto.call("GET", "/v1.2/me")).status for _ in range(5)] == [200] * 4 + [429]
    log = await salto.control("GET", "requests")
    assert sum(line["status"] == 429 for line in log["requests"]) == 4


@run
async def test_the_limit_is_one_of_the_login_and_follows_the_pace() -> None:
    salto = await Salto(pace=0.0).enter(limited=True)
    assert {(await salto.call("GET", "/v1.2/me")).status for _ in range(30)} == {200}
    salto = await Salto().enter(limited=True)
    other = Salto("ann@example.com", homes=salto.homes, clock=salto.clock)
    other.app, other.http = salto.app, salto.http
    await other.enter(limited=True)
    assert [(await one.call("GET", "/v1.2/me")).status for one in (salto, other) for _ in range(8)] == [
        200
    ] * 16
    await salto.control("POST", "limits", requests_per_second=2)
    assert (await salto.call("GET", "/v1.2/me")).status == 429
    salto.clock.move(10)
    assert [(await salto.call("GET", "/v1.2/me")).status for _ in range(3)] == [200, 200, 429]
