"""People of other homes at a site: who they are, what they may, and that it is over at once."""

import uuid
from typing import Any

import pytest

from .test_simulator_support import INTEGRATION, JANE, SMALL, Salto, message, refused, run, small_site, value

NOWHERE = "11111111-1111-4111-8111-111111111111"
OPEN = {"locked_state": "unlocked"}


async def _both(**membership: Any) -> tuple[Salto, Salto, dict[str, Any]]:
    """Jane at her simulator, and the integration user as a member of her first site."""
    jane = await Salto().enter()
    integration = await jane.beside(INTEGRATION)
    return jane, integration, await jane.member(integration, **membership)


async def _names(salto: Salto) -> list[str]:
    return [site["customer_reference"] for site in await salto.items("/v1.2/sites")]


# --- who they are ---------------------------------------------------------------------------------------


@run
async def test_a_person_is_the_same_wherever_they_appear() -> None:
    jane, integration, added = await _both()
    ids = [await one.me() for one in (jane, integration)]
    assert len(set(ids)) == 2
    assert [str(uuid.UUID(one)) for one in ids] == ids
    assert added["user"] == {
        "id": ids[1],
        "first_name": "Integration",
        "last_name": "Example",
        "email": INTEGRATION,
        "image_url": None,
        "tag_number": None,
        "is_managed_by_current_site": False,
        "has_profile": True,
    }
    assert added["id"] != ids[1]
    at_site = value(await integration.call("GET", f"{await jane.site()}/me"))
    assert (at_site["id"], at_site["user"], at_site["roles"][0]["code"]) == (
        *(added["id"], added["user"], "site_admin"),
    )
    world = Salto(INTEGRATION)
    await world.control("POST", "homes", seed="another", sites=[])
    assert await (await world.enter()).me() == ids[1]


@run
async def test_the_integration_user_has_no_site_of_its_own() -> None:
    integration = await Salto(INTEGRATION).enter()
    assert await integration.items("/v1.2/sites") == []
    assert (await integration.control("GET", "truth"))["devices"] == []


@run
async def test_ids_of_two_homes_differ_even_with_the_same_seed() -> None:
    jane = Salto()
    other = Salto(SMALL, homes=jane.homes, clock=jane.clock)
    site = {"name": "Site", "locks": [{"name": "Door"}]}
    for one in (jane, other):
        await one.control("POST", "homes", seed="same", sites=[site])
    sites = [await (await one.enter()).site() for one in (jane, other)]
    assert sites[0] != sites[1]
    assert refused(await other.call("GET", sites[0])) == (403, "2203")


@pytest.mark.parametrize("entered", [True, False])
@run
async def test_who_has_a_login_is_added_by_id_though_nobody_entered_the_home(entered: bool) -> None:
    jane = await Salto().enter()
    user_id = await (await Salto(INTEGRATION).enter()).me()  # the same in every world
    if entered:
        await jane.beside(INTEGRATION)
    body = {"id": user_id.upper(), "role_ids": [await jane.role("site_admin")]}
    path = f"{await jane.site(version='v1.1')}/users/existing"
    assert value(await jane.call("POST", path, body))["user"]["email"] == INTEGRATION
    assert refused(await jane.call("POST", path, body)) == (400, "1101")
    assert refused(await jane.call("POST", path, {**body, "id": NOWHERE})) == (404, "2202")
    integration = await jane.beside(INTEGRATION)
    assert await _names(integration) == ["Main Site"]


@run
async def test_who_was_heard_of_at_one_site_is_known_at_all_others() -> None:
    jane = await Salto().enter()
    user = await jane.user(email="zoe@example.com")
    ann = await jane.beside(SMALL)
    site = await ann.site()
    body = {"id": user["user"]["id"], "role_ids": [await ann.role()]}
    assert value(await ann.call("POST", f"{site}/users/existing", body))["user"]["first_name"] == "Zoe"
    guest = await jane.user("Guest")
    body = {"id": guest["user"]["id"], "role_ids": [await ann.role()]}
    assert refused(await ann.call("POST", f"{site}/users/existing", body)) == (404, "2202")


@run
async def test_an_address_with_a_login_is_that_very_person() -> None:
    jane = await Salto().enter()
    user = await jane.user("Somebody", last_name="Else", email="Ben@Example.com")
    person = user["user"]
    assert (person["first_name"], person["email"], person["has_profile"]) == ("Ben", "ben@example.com", True)
    assert person["is_managed_by_current_site"] is False
    ben = await jane.beside("ben@example.com")
    assert await ben.me() == person["id"]
    assert await _names(ben) == ["Small Site", "Main Site"]
    site = await jane.site()
    body = {"first_name": "A", "last_name": "B", "role_ids": [await jane.role()], "email": "ben@example.com"}
    assert refused(await jane.call("POST", f"{site}/users", body)) == (400, "1101")
    renamed = value(await jane.call("PATCH", f"{site}/users/{user['id']}", {"first_name": "X", "alias": "Y"}))
    assert (renamed["user"], renamed["alias"]) == (person, "Y")
    assert (await jane.call("DELETE", f"{site}/users/{user['id']}")).status == 202
    again = {"id": person["id"], "role_ids": [await jane.role()]}
    assert value(await jane.call("POST", f"{site}/users/existing", again))["user"] == person


@run
async def test_an_address_without_a_login_is_one_person_too() -> None:
    jane = await Salto().enter()
    main, second = await jane.site("Main Site"), await jane.site("Second Site")
    first = await jane.user("Ben", site=main, email="ben@example.org")
    also = await jane.user("Benjamin", site=second, email="BEN@example.org")
    assert first["user"]["id"] == also["user"]["id"]
    assert (also["user"]["first_name"], also["user"]["is_managed_by_current_site"]) == ("Ben", False)


# --- what they may --------------------------------------------------------------------------------------


@run
async def test_an_integration_user_works_at_the_site() -> None:
    jane, integration, _ = await _both()
    sites = await integration.items("/v1.2/sites")
    assert sites == [(await jane.items("/v1.2/sites"))[0]]
    assert await integration.items("/v1.1/sites", filter="customer_reference eq 'Other'") == []
    site, lock = await integration.site(), await integration.lock("BACK DOOR")
    assert await integration.items(f"{site}/users") == await jane.items(f"{site}/users")
    user, digits = await integration.guest(lock)
    assert await jane.opens("BACK DOOR", digits) == "ok"
    assert user in await jane.items(f"{site}/users")
    created = value(await integration.call("POST", f"{site}/guests", {"alias": "A", "expires_at": "2030-01-01"
                                                                      "T00:00:00Z"}), 201)  # fmt: skip
    assert (await integration.call("DELETE", f"{site}/users/{created['id']}")).status == 202
    owner = next(
        one for one in await integration.items(f"{site}/users") if one["roles"][0]["code"] == "site_owner"
    )
    assert refused(await integration.call("DELETE", f"{site}/users/{owner['id']}")) == (403, "2203")
    for other in ("Second Site", "Unfinished Site"):
        path = await jane.site(other)
        assert refused(await integration.call("GET", f"{path}/locks")) == (403, "2203")


@run
async def test_whoever_opens_from_afar_is_in_the_log() -> None:
    jane, integration, added = await _both()
    site, lock = await jane.site(version="v1.1"), await jane.lock()
    shown = value(await integration.call("PATCH", f"{site}/locks/{lock}/locking", OPEN))
    assert shown["locked_state"] == "unlocked"
    assert value(await jane.call("GET", f"{site}/locks/{lock}"))["locked_state"] == "unlocked"
    jane.clock.move(10)
    value(await jane.call("PATCH", f"{site}/locks/{lock}/locking", OPEN))
    jane.clock.move(10)
    entries = value(await integration.call("GET", f"{site}/entries"))["items"]
    assert [(one["user_id"], one["user_first_name"], one["access_by"]) for one in entries] == [
        (await jane.me(), "Jane", "remote"),
        (added["user"]["id"], "Integration", "remote"),
    ]


@run
async def test_remote_opening_is_the_callers_own_right() -> None:
    jane, integration, added = await _both(remote_access=False)
    path = f"{await jane.site()}/locks/{await jane.lock()}/locking"
    assert refused(await integration.call("PATCH", path, OPEN)) == (403, "2203")
    value(await jane.call("PATCH", path, OPEN))
    user = f"{await jane.site()}/users/{added['id']}"
    value(await jane.call("PATCH", user, {"remote_access": True}))
    value(await integration.call("PATCH", path, OPEN))


@run
async def test_passwords_of_an_iq_are_the_callers_own() -> None:
    jane, integration, _ = await _both()
    second = await jane.site("Second Site")
    await jane.member(integration, site=second)
    iq = await jane.iq(second)
    path = f"{second}/iqs/{iq}"
    secrets = [value(await one.call("GET", f"{path}/secret"))["secret"] for one in (jane, integration)]
    assert secrets[0] != secrets[1]
    assert (await integration.call("GET", f"{path}/pin?send_email=true")).status == 204
    mail = (await jane.control("GET", "inbox"))["inbox"][-1]
    assert (mail["to"], mail["channel"]) == (INTEGRATION, "email")
    site_id = second.rpartition("/")[2]
    for one in (jane, integration):
        held = await one.items(f"/v1.2/me/{site_id}/activated_iqs")
        assert [(entry["iq_id"], entry["activated"]) for entry in held] == [(iq, False)]
    fields = {"iq_id": iq, "activate_in_app": True, "user": INTEGRATION}
    await jane.control("POST", "iq", **fields)
    assert refused(await integration.call("GET", f"{path}/secret")) == (403, "2203")
    assert value(await jane.call("GET", f"{path}/secret"))["secret"] == secrets[0]


@run
async def test_a_full_site_adds_a_suspended_member_who_sees_nothing() -> None:
    jane = await small_site(seats=2)
    integration = await jane.beside(INTEGRATION)
    added = await jane.member(integration)
    assert added["subscription_state"] == "suspended"
    assert await _names(integration) == ["Site"]
    assert refused(await integration.call("GET", f"{await jane.site()}/locks")) == (403, "2203")
    await jane.control("POST", "site", seats=3)
    path = f"{await jane.site()}/users/{added['id']}/subscription"
    assert (await jane.call("PATCH", path, {"state": "subscribed"})).status == 204
    assert (await integration.call("GET", f"{await jane.site()}/locks")).status == 200


@run
async def test_the_owner_of_the_sites_may_log_in_too() -> None:
    jane = await Salto().enter()
    owner = await jane.beside("owner@example.com")
    sites = await owner.items("/v1.2/sites")
    assert sites[1:] == await jane.items("/v1.2/sites")
    site = await jane.site()
    assert value(await owner.call("GET", f"{site}/me"))["ownership_state"] == "site_owner"
    [itself] = await owner.items(f"{await owner.site('Small Site')}/users")
    assert (itself["user"]["id"], itself["roles"][0]["code"]) == (await owner.me(), "site_owner")
    me = value(await jane.call("GET", f"{site}/me"))
    assert (await owner.call("DELETE", f"{site}/users/{me['id']}")).status == 202
    assert "Main Site" not in await _names(jane)


# --- and that it is over at once --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "fields", "back"),
    [
        ("owner/users", {"do": "block"}, {"do": "unblock"}),
        ("owner/users", {"do": "suspend"}, {"do": "subscribe"}),
        ("owner/users", {"do": "remove"}, None),
        ("me", {"blocked": True}, {"blocked": False}),
        ("me", {"suspended": True}, {"suspended": False}),
        ("me", {"removed": True}, None),
    ],
)
@run
async def test_a_member_who_is_shut_out_has_no_rights_from_then_on(
    verb: str, fields: dict[str, Any], back: dict[str, Any] | None
) -> None:
    jane, integration, added = await _both()
    site, lock = await jane.site(), await jane.lock()
    for named in (INTEGRATION, added["id"], added["user"]["id"], "Integration Example"):
        assert (await integration.call("GET", f"{site}/users")).status == 200
        value(await integration.call("PATCH", f"{site}/locks/{lock}/locking", OPEN))
        await jane.control("POST", verb, site="Main Site", user=named, **fields)
        for method, path, body in (
            *(("GET", site, None), ("GET", f"{site}/users", None), ("GET", f"{site}/me", None)),
            ("PATCH", f"{site}/locks/{lock}/locking", OPEN),
            ("POST", f"{site}/access_groups", {"customer_reference": "G"}),
        ):
            assert refused(await integration.call(method, path, body)) == (403, "2203")
        assert await _names(integration) == ([] if back is None else ["Main Site"])
        assert (await jane.call("GET", f"{site}/users")).status == 200
        if back is None:
            await jane.member(integration)
            return
        await jane.control("POST", verb, site="Main Site", user=named, **back)


@run
async def test_another_role_counts_at_once() -> None:
    jane, integration, _ = await _both()
    site, lock = await jane.site(), await jane.lock()
    for verb, fields in (("me", {}), ("owner/users", {"do": "change"})):
        await jane.control("POST", verb, site="Main Site", user=INTEGRATION, role="site_user", **fields)
        assert refused(await integration.call("GET", f"{site}/users")) == (403, "2203")
        assert refused(await integration.call("PATCH", f"{site}/locks/{lock}/locking", OPEN)) == (403, "2203")
        assert (await integration.call("GET", f"{site}/locks")).status == 200
        await jane.control("POST", verb, site="Main Site", user=INTEGRATION, role="site_admin", **fields)
        assert (await integration.call("GET", f"{site}/users")).status == 200
    changed = await jane.control(
        *("POST", "owner/users"), site="Main Site", user=INTEGRATION, do="change", remote_access=False
    )
    assert (changed["remote_access"], changed["blocked"]) == (False, False)
    assert "permission" in message(await integration.call("PATCH", f"{site}/locks/{lock}/locking", OPEN))


@run
async def test_through_the_api_a_member_is_shut_out_as_well() -> None:
    jane, integration, added = await _both()
    site = await jane.site()
    path = f"{site}/users/{added['id']}"
    value(await jane.call("PATCH", path, {"blocked": True}))
    assert refused(await integration.call("GET", f"{site}/locks")) == (403, "2203")
    value(await jane.call("PATCH", path, {"blocked": False}))
    assert (await integration.call("GET", f"{site}/locks")).status == 200
    assert (await jane.call("DELETE", path)).status == 202
    assert refused(await integration.call("GET", f"{site}/locks")) == (403, "2203")
    assert (await integration.call("GET", "/v1.2/me")).status == 200


@run
async def test_the_admin_adds_by_address() -> None:
    jane = await Salto().enter()
    fields = {"site": "Main Site", "do": "add", "user": INTEGRATION, "role": "site_admin"}
    added = await jane.control("POST", "owner/users", **fields)
    integration = await jane.beside(INTEGRATION)
    assert added["user"]["id"] == await integration.me()
    assert (await integration.call("GET", f"{await jane.site()}/users")).status == 200
    reply = await jane.send(
        "POST",
        "/_simulator/owner/users",
        {},
        b'{"home":"%b","site":"Main Site","do":"add","user":"%b"}' % (JANE.encode(), INTEGRATION.encode()),
    )
    assert reply.status == 409
