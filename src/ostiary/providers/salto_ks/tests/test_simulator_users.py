"""Users, roles, guests, and the seats that they take."""

from typing import Any

import pytest

from .test_simulator_support import Salto, refused, run, small_site, value

ROLE = {
    "id": "8f6081a3-80fb-11e8-a892-000d3a221c5b",
    "customer_reference": "Site User",
    "code": "site_user",
    "parent_id": "76f7e578-80fb-11e8-a892-000d3a221c5b",
    "is_hierarchical": True,
}


async def _seats(salto: Salto) -> tuple[int, int]:
    site = (await salto.items("/v1.2/sites"))[0]
    subscription = value(await salto.call("GET", f"{await salto.site()}/subscription"))
    assert subscription["user_amount"] == site["subscribed_user_amount"]
    return site["active_user_amount"], site["subscribed_user_amount"]


@run
async def test_a_user_has_the_recorded_shape() -> None:
    salto = await small_site()
    user = await salto.user("Guest", alias="")
    person = user["user"]
    assert user == {
        "id": user["id"],
        "user": {
            "id": person["id"],
            "first_name": "Guest",
            "last_name": "",
            "email": None,
            "image_url": None,
            "tag_number": None,
            "is_managed_by_current_site": True,
            "has_profile": False,
        },
        "roles": [ROLE],
        "alias": "",
        "toggle_easy_office_mode": False,
        "toggle_manual_office_mode": False,
        "remote_access": False,
        "blocked": False,
        "tag_owned_by_this_site": False,
        "subscription_state": "subscribed",
        "override_privacy_mode": False,
        "use_pin": True,
        "data_removal_expires_at": None,
        "expires_at": None,
    }
    assert user["id"] != person["id"]
    assert await salto.items(f"{await salto.site()}/users/{user['id']}/keys") == []


@run
async def test_a_guest_comes_with_201_and_without_the_right_to_a_pin() -> None:
    salto = await small_site()
    site = await salto.site()
    body = {"alias": "Stay 1", "expires_at": "2026-03-05T11:00:00.000Z"}
    guest = value(await salto.call("POST", f"{site}/guests", body), 201)
    assert (guest["use_pin"], guest["subscription_state"], guest["alias"]) == (False, "subscribed", "Stay 1")
    assert (guest["expires_at"], guest["user"]["email"]) == ("2026-03-05T11:00:00Z", None)
    salto.clock.move(60)
    path = f"{site}/users/{guest['id']}"
    changed = value(await salto.call("PATCH", path, {"use_pin": True}))
    assert (changed["use_pin"], changed["roles"][0]["code"]) == (True, "site_guest")


@run
async def test_a_full_site_creates_users_suspended_and_says_nothing() -> None:
    salto = await small_site(seats=3)
    lock, site = await salto.lock(), await salto.site()
    first, digits = await salto.guest(lock)
    assert await _seats(salto) == (3, 3)
    user, suspended = await salto.guest(lock)
    assert user["subscription_state"] == "suspended"
    assert len(suspended) == 6
    body = {"alias": "Stay", "expires_at": "2026-03-05T11:00:00Z"}
    guest = value(await salto.call("POST", f"{site}/guests", body), 201)
    assert guest["subscription_state"] == "suspended"
    assert await _seats(salto) == (3, 3)
    assert [await salto.opens(lock, one) for one in (digits, suspended)] == ["ok", "suspended"]
    salto.clock.move(2)
    entries = value(await salto.call("GET", f"{site.replace('v1.2', 'v1.1')}/entries"))["items"]
    assert (entries[0]["event_category"], entries[0]["event_detail"]) == ("lock_rejected", "suspended")
    assert entries[0]["user_id"] == user["user"]["id"]
    path = f"{site}/users/{user['id']}"
    assert refused(await salto.call("PATCH", f"{path}/subscription", {"state": "subscribed"})) == (
        403,
        "2212",
    )
    assert value(await salto.call("GET", path))["subscription_state"] == "suspended"
    assert (await salto.call("DELETE", f"{site}/users/{first['id']}")).status == 202
    assert await _seats(salto) == (2, 3)
    reply = await salto.call("PATCH", f"{path}/subscription", {"state": "subscribed"})
    assert (reply.status, reply.body) == (204, b"")
    assert value(await salto.call("GET", path))["subscription_state"] == "subscribed"
    salto.clock.move(46)
    assert [await salto.opens(lock, one) for one in (digits, suspended)] == ["unknown_code", "ok"]


@run
async def test_suspending_frees_a_seat_and_an_expiry_frees_nothing() -> None:
    salto = await small_site(seats=4)
    lock, site = await salto.lock(), await salto.site()
    user, digits = await salto.guest(lock)
    path = f"{site}/users/{user['id']}"
    value(await salto.call("PATCH", path, {"expires_at": "2026-03-01T13:00:00Z"}))
    salto.clock.move(7200)
    held = value(await salto.call("GET", path))
    assert (held["expires_at"], held["subscription_state"]) == ("2026-03-01T13:00:00Z", "subscribed")
    assert len(await salto.items(f"{path}/keys")) == 1
    assert await salto.opens(lock, digits) == "ok"  # that a lock goes by the expiry was never measured
    assert await _seats(salto) == (3, 4)
    assert (await salto.call("PATCH", f"{path}/subscription", {"state": "suspended"})).status == 204
    assert await _seats(salto) == (2, 4)
    salto.clock.move(46)
    assert await salto.opens(lock, digits) == "suspended"
    assert len(await salto.items(f"{path}/keys")) == 1


@pytest.mark.parametrize("body", [{"subscription_state": "suspended"}, {"state": "gone"}, {"state": 1}, {}])
@run
async def test_the_key_of_a_subscription_is_state(body: dict[str, Any]) -> None:
    salto = await small_site()
    path = f"{await salto.site()}/users/{(await salto.user())['id']}/subscription"
    assert refused(await salto.call("PATCH", path, body)) == (400, "1101")


@run
async def test_a_site_without_subscription_lets_nobody_in_and_changes_nothing() -> None:
    salto = await small_site(seats=5)
    lock, site = await salto.lock(), await salto.site()
    user, digits = await salto.guest(lock)
    await salto.control("POST", "site", subscription_valid=False)
    assert (await salto.items("/v1.2/sites"))[0]["subscription_valid"] is False
    path = f"{site}/users/{user['id']}"
    assert value(await salto.call("GET", path))["subscription_state"] == "suspended"
    for method, target, body in (
        ("PATCH", path, {"use_pin": False}),
        ("PUT", f"{path}/pin", {}),
        ("DELETE", path, None),
        ("POST", f"{site}/access_groups", {"customer_reference": "G"}),
        ("PATCH", f"{site}/locks/{lock}/locking", {"locked_state": "unlocked"}),
    ):
        assert refused(await salto.call(method, target, body)) == (403, "2212")
    salto.clock.move(46)
    assert await salto.opens(lock, digits) == "suspended"
    for is_valid in (True, False, True):
        await salto.control("POST", "site", subscription_valid=is_valid)
    salto.clock.move(46)
    assert await salto.opens(lock, digits) == "ok"
    assert value(await salto.call("GET", path))["subscription_state"] == "subscribed"


@run
async def test_deleting_is_202_and_done_at_once() -> None:
    salto = await small_site()
    site = await salto.site()
    group = await salto.group()
    user = await salto.user()
    value(await salto.call("POST", f"{group}/users", {"user_id": user["user"]["id"]}))
    reply = await salto.call("DELETE", f"{site}/users/{user['id']}")
    assert (reply.status, reply.body) == (202, b"")
    assert refused(await salto.call("GET", f"{site}/users/{user['id']}")) == (404, "2202")
    assert await salto.items(f"{group}/users") == []
    assert await _seats(salto) == (2, 3)
    again = {"id": user["user"]["id"], "role_ids": [await salto.role()]}
    assert refused(await salto.call("POST", f"{site}/users/existing", again)) == (404, "2202")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"email": ""}, 400, "1101"),
        ({"email": "nobody"}, 400, "1101"),
        ({"first_name": None}, 400, "1100"),
        ({"last_name": None}, 400, "1100"),
        ({"role_ids": None}, 400, "1100"),
        ({"role_ids": []}, 400, "1101"),
        ({"role_ids": ["9df437bb-80fb-11e8-a892-000d3a221c5b"]}, 400, "1101"),  # not hierarchical
        ({"role_ids": ["11111111-1111-4111-8111-111111111111"]}, 400, "1101"),
        ({"role_ids": ["5a0c4f9e-3ef7-11e8-9f1c-0050568d6e36"]}, 403, "2203"),  # the owner's
        ({"use_pin": "yes"}, 400, "1101"),
        ({"first_name": 7}, 400, "1101"),
    ],
)
@run
async def test_users_that_are_refused(change: dict[str, Any], status: int, code: str) -> None:
    salto = await small_site()
    site = await salto.site()
    body = {"first_name": "A", "last_name": "B", "role_ids": [await salto.role()], "tag_id": ""}
    assert refused(await salto.call("POST", f"{site}/users", {**body, **change})) == (status, code)
    assert len(await salto.items(f"{site}/users")) == 2
    assert value(await salto.call("POST", f"{site}/users", body))["use_pin"] is False


@run
async def test_an_address_gets_an_invitation() -> None:
    salto = await small_site()
    user = await salto.user(email="ben@example.org")
    assert (user["user"]["email"], user["user"]["has_profile"]) == ("ben@example.org", False)
    assert (user["user"]["first_name"], user["user"]["is_managed_by_current_site"]) == ("Guest", True)
    mail = (await salto.control("GET", "inbox"))["inbox"][-1]
    assert (mail["to"], mail["channel"]) == ("ben@example.org", "email")


@run
async def test_somebody_of_another_site_can_be_added() -> None:
    salto = await Salto().enter()
    main, second = await salto.site("Main Site", "v1.1"), await salto.site("Second Site", "v1.1")
    user = await salto.user("Guest", site=main)
    body = {"id": user["user"]["id"], "role_ids": [await salto.role(site=second)], "use_pin": True}
    added = value(await salto.call("POST", f"{second}/users/existing", body))
    assert added["id"] != user["id"]
    assert added["user"]["id"] == user["user"]["id"]
    assert added["user"]["is_managed_by_current_site"] is False
    assert refused(await salto.call("POST", f"{second}/users/existing", body)) == (400, "1101")
    assert (await salto.call("DELETE", f"{main}/users/{user['id']}")).status == 202
    assert value(await salto.call("GET", f"{second}/users/{added['id']}"))["user"]["first_name"] == "Guest"


@run
async def test_roles_are_those_that_the_caller_may_give() -> None:
    codes = {}
    for role in ("site_owner", "site_admin", "site_super_user", "site_user"):
        salto = await small_site(role=role)
        roles = await salto.items(f"{await salto.site()}/roles")
        assert roles == await salto.items(f"{await salto.site(version='v1.1')}/roles")
        codes[role] = {one["code"] for one in roles}
    assert codes["site_user"] == {"site_user"}
    assert codes["site_super_user"] >= {"site_user", "site_guest"}
    assert "site_admin" not in codes["site_super_user"]
    assert "site_admin" in codes["site_admin"]
    assert "site_owner" not in codes["site_owner"]


@pytest.mark.parametrize("role", ["site_user", "site_super_user"])
@run
async def test_who_has_no_right_is_refused(role: str) -> None:
    salto = await small_site(role=role, remote_access=False)
    site, lock = await salto.site(), await salto.lock()
    expected = 403 if role == "site_user" else 200
    for path in ("users", "access_groups"):
        assert (await salto.call("GET", f"{site}/{path}")).status == expected
    assert (await salto.call("GET", f"{site.replace('v1.2', 'v1.1')}/entries")).status == expected
    reply = await salto.call("POST", f"{site}/access_groups", {"customer_reference": "G"})
    assert reply.status == expected
    for path in ("locks", "iqs", "roles", "me", "subscription"):
        assert (await salto.call("GET", f"{site}/{path}")).status == 200
    locking = await salto.call("PATCH", f"{site}/locks/{lock}/locking", {"locked_state": "unlocked"})
    assert refused(locking) == (403, "2203")
    owner = (await salto.control("GET", "cloud"))["sites"][0]["users"][0]["id"]
    if role == "site_super_user":
        assert [user["roles"][0]["code"] for user in await salto.items(f"{site}/users")] == [role]
        assert refused(await salto.call("GET", f"{site}/users/{owner}")) == (404, "2202")


@run
async def test_an_admin_sees_the_owner_and_leaves_them_alone() -> None:
    salto = await small_site()
    owner = (await salto.items(f"{await salto.site()}/users"))[0]
    assert owner["roles"][0]["code"] == "site_owner"
    path = f"{await salto.site()}/users/{owner['id']}"
    assert value(await salto.call("GET", path)) == owner
    for method, target, body in (
        ("PATCH", path, {"blocked": True}),
        ("PATCH", f"{path}/subscription", {"state": "suspended"}),
        ("PUT", f"{path}/pin", {}),
        ("DELETE", path, None),
    ):
        assert refused(await salto.call(method, target, body)) == (403, "2203")


@pytest.mark.parametrize("change", [{"blocked": True}, {"suspended": True}, {"removed": True}])
@run
async def test_who_is_shut_out_of_a_site_sees_it_no_more(change: dict[str, Any]) -> None:
    salto = await Salto().enter()
    site = await salto.site("Second Site")
    await salto.control("POST", "me", site="Second Site", **change)
    for path in (site, f"{site}/locks", f"{site}/users", f"{site}/me"):
        assert refused(await salto.call("GET", path)) == (403, "2203")
    names = [one["customer_reference"] for one in await salto.items("/v1.2/sites")]
    assert ("Second Site" in names) is ("removed" not in change)
    assert (await salto.call("GET", f"{await salto.site()}/locks")).status == 200


@run
async def test_the_caller_is_a_user_too() -> None:
    salto = await small_site()
    person = value(await salto.call("GET", "/v1.2/me"))
    assert list(person) == [
        *("id", "first_name", "last_name", "phone", "email", "language", "tag_number", "tag_rf_id_uid"),
        "image_url",
    ]
    me = value(await salto.call("GET", f"{await salto.site()}/me"))
    assert me["user"]["id"] == person["id"]
    assert (me["ownership_state"], me["member_of_pods"], me["guest_of_pods"]) == ("site_user", [], [])
    assert me["roles"][0]["code"] == "site_admin"
