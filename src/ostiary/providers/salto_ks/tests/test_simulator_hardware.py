"""Locks and IQs: their shapes, and opening from afar without passwords."""

from typing import Any

import pytest

from .test_simulator_support import Salto, message, refused, run, value

FIELDS_OF_A_LOCK = [
    *("id", "customer_reference", "mac", "floor", "lock_type", "locked_state", "online", "iq_link_state"),
    *("tag_registration_state", "battery_level", "left_open_alarm", "intrusion_alarm", "privacy_mode"),
    *("communication_type", "offline_access_keys_limit", "offline_access_keys_count"),
    *("easy_office_mode_schedule", "repeater", "iq", "vendor"),
]
FIELDS_OF_AN_IQ = [
    *("id", "customer_reference", "time_zone", "mac", "operator", "state", "online", "restore_required"),
    *("reset_date", "led_enabled", "data_sync_state", "signal_strength", "revision", "otp_enabled"),
]


# --- shapes ---------------------------------------------------------------------------------------------


@run
async def test_locks_and_iqs_have_the_recorded_fields() -> None:
    salto = await Salto().enter()
    site = await salto.site()
    locks = await salto.items(f"{site}/locks")
    assert [(lock["customer_reference"], lock["lock_type"], lock["battery_level"]) for lock in locks] == [
        ("FRONT_DOOR", "escutcheon_pin", "good"),
        ("BACK DOOR", "wall_reader_pin", "fresh"),
        ("EXTRA DOOR", "escutcheon", "good"),
    ]
    for lock in locks:
        assert list(lock) == FIELDS_OF_A_LOCK
        assert value(await salto.call("GET", f"{site}/locks/{lock['id']}")) == lock
    for lock in locks[:2]:
        assert list(lock["iq"]) == [
            *("id", "customer_reference", "mac_address", "is_online", "revision", "otp_enabled")
        ]
        assert (lock["locked_state"], lock["online"], lock["iq_link_state"]) == ("locked", True, "attached")
    iqs = await salto.items(f"{site}/iqs")
    assert [list(iq) for iq in iqs] == [FIELDS_OF_AN_IQ]
    assert (iqs[0]["time_zone"], iqs[0]["data_sync_state"]) == ("Europe/Berlin", "not_synced")
    assert value(await salto.call("GET", f"{site}/iqs/{iqs[0]['id']}")) == iqs[0]


@run
async def test_a_lock_may_be_attached_to_no_iq() -> None:
    salto = await Salto().enter()
    site, lock = await salto.site(), await salto.lock("EXTRA DOOR")
    held = value(await salto.call("GET", f"{site}/locks/{lock}"))
    assert (held["iq"], held["online"], held["iq_link_state"]) == (None, False, "detached")
    reply = await salto.call("PATCH", f"{site}/locks/{lock}/locking", {"locked_state": "unlocked"})
    assert (refused(reply), "lock_offline" in message(reply)) == ((400, "3102"), True)
    await salto.control("POST", "iq", iq_id="IQ 01", online=False, noticed=True)
    await salto.control("POST", "iq", iq_id="IQ 01", online=True)
    assert value(await salto.call("GET", f"{site}/locks/{lock}")) == held
    door = await salto.control("POST", "device", lock_id=lock, opened="tag", battery_level="low")
    assert (door["online"], door["iq_online"], door["battery_level"]) == (False, False, "low")
    salto.clock.move(3600)
    assert value(await salto.call("GET", f"{site}/locks/{lock}")) == held
    assert value(await salto.call("GET", f"{site.replace('v1.2', 'v1.1')}/entries"))["items"] == []


@run
async def test_a_door_without_an_iq_learns_no_pin() -> None:
    site = {"name": "Site", "locks": [{"name": "Near"}, {"name": "Far", "attached": False}]}
    salto = Salto()
    await salto.control("POST", "homes", home=salto.home, sites=[site], requests_per_second=0)
    await salto.enter()
    near, far = await salto.lock("Near"), await salto.lock("Far")
    user, group = await salto.user(), await salto.group(near, far)
    value(await salto.call("POST", f"{group}/users", {"user_id": user["user"]["id"]}))
    digits = await salto.pin(user)
    salto.clock.move(3600)
    assert [await salto.opens(lock, digits) for lock in (near, far)] == ["ok", "offline"]
    reply = await salto.send(
        "POST", "/_simulator/device", {}, b'{"lock_id":"Far","online":true,"home":"jane@example.com"}'
    )
    assert (reply.status, b"no IQ" in reply.body) == (409, True)


@run
async def test_the_same_seed_makes_the_same_home() -> None:
    first, second, other = Salto(), Salto(), Salto("ben@example.com")
    ids = [(await (await salto.enter()).items("/v1.2/sites"))[0]["id"] for salto in (first, second, other)]
    assert ids[0] == ids[1] != ids[2]


@run
async def test_anybody_at_example_com_has_a_small_site() -> None:
    salto = await Salto("ann@example.com").enter()
    sites = await salto.items("/v1.2/sites")
    assert [(site["customer_reference"], site["subscribed_user_amount"]) for site in sites] == [
        ("Small Site", 10)
    ]
    assert [lock["customer_reference"] for lock in await salto.items(f"{await salto.site()}/locks")] == [
        *("Front door", "Garden door")
    ]


# --- without passwords ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1.1", "v1.2"])
@run
async def test_a_momentary_opening_locks_again_by_itself(version: str) -> None:
    salto = await Salto().enter()
    site, lock = await salto.site(version=version), await salto.lock()
    path = f"{site}/locks/{lock}"
    shown = value(await salto.call("PATCH", f"{path}/locking", {"locked_state": "unlocked"}))
    assert list(shown) == FIELDS_OF_A_LOCK
    assert shown["locked_state"] == "unlocked"
    salto.clock.move(4)
    assert value(await salto.call("GET", path))["locked_state"] == "unlocked"
    salto.clock.move(1)
    assert value(await salto.call("GET", path))["locked_state"] == "locked"
    entry = value(await salto.call("GET", f"{await salto.site(version='v1.1')}/entries"))["items"][0]
    me = value(await salto.call("GET", "/v1.2/me"))
    assert (entry["event_category"], entry["access_by"]) == ("lock_opened", "remote")
    assert (entry["user_id"], entry["user_first_name"]) == (me["id"], "Jane")


@run
async def test_office_mode_holds_until_it_is_ended() -> None:
    salto = await Salto().enter()
    site, lock = await salto.site(version="v1.1"), await salto.lock()
    path = f"{site}/locks/{lock}"

    async def turn(state: str) -> str:
        reply = await salto.call("PATCH", f"{path}/locking", {"locked_state": state})
        return str(value(reply)["locked_state"])

    assert [await turn(state) for state in ("office_mode", "unlocked")] == ["office_mode", "unlocked"]
    salto.clock.move(3600)
    assert value(await salto.call("GET", path))["locked_state"] == "office_mode"
    assert [await turn(state) for state in ("locked", "locked")] == ["locked", "locked"]
    salto.clock.move(2)
    entries = value(await salto.call("GET", f"{site}/entries"))["items"]
    assert [(one["event_category"], one["event_detail"]) for one in entries] == [
        *(("office_mode", "end"), ("lock_opened", None), ("office_mode", "start"))
    ]


@run
async def test_who_may_open_from_afar() -> None:
    salto = await Salto().enter()
    site, lock = await salto.site(), await salto.lock()
    path, body = f"{site}/locks/{lock}/locking", {"locked_state": "unlocked"}
    await salto.control("POST", "me", site="Main Site", remote_access=False)
    reply = await salto.call("PATCH", path, body)
    assert refused(reply) == (403, "2203")
    assert "User does not have permission for this operation" in message(reply)
    await salto.control("POST", "me", site="Main Site", remote_access=True, role="site_user")
    assert refused(await salto.call("PATCH", path, body)) == (403, "2203")
    await salto.control("POST", "me", site="Main Site", role="site_admin")
    group = await salto.group(lock)
    me = value(await salto.call("GET", "/v1.2/me"))["id"]
    value(await salto.call("POST", f"{group}/users", {"user_id": me}))
    await salto.control("POST", "me", site="Main Site", role="site_user")
    value(await salto.call("PATCH", path, body))  # a lock that the caller may use anyway


@pytest.mark.parametrize("what", ["iq", "device"])
@run
async def test_nothing_opens_from_afar_without_connection(what: str) -> None:
    salto = await Salto().enter()
    site, lock = await salto.site(), await salto.lock()
    target = {"lock_id": lock} if what == "device" else {"iq_id": await salto.iq()}
    await salto.control("POST", what, online=False, **target)
    reply = await salto.call("PATCH", f"{site}/locks/{lock}/locking", {"locked_state": "unlocked"})
    assert refused(reply) == (400, "3102")
    word = "lock" if what == "device" else "iq"
    assert message(reply) == f"Request execution failed with code: {word}_offline"


@pytest.mark.parametrize(
    ("body", "code"), [({}, "1100"), ({"locked": False}, "1100"), ({"locked_state": "none"}, "1101")]
)
@run
async def test_locking_takes_three_words(body: dict[str, Any], code: str) -> None:
    salto = await Salto().enter()
    path = f"{await salto.site()}/locks/{await salto.lock()}/locking"
    assert refused(await salto.call("PATCH", path, body)) == (400, code)
    assert (await salto.call("POST", path, {"locked_state": "unlocked"})).status == 405


# --- setting up -----------------------------------------------------------------------------------------


@run
async def test_a_new_site_waits_for_its_installer() -> None:
    salto = await Salto().enter()
    body = {"customer_reference": "New", "country_code": "de", "time_zone": "Europe/Berlin"}
    site = value(await salto.call("POST", "/v1.1/sites", body))
    assert (site["installation_state"], site["country_code"]) == ("unreleased", "DE")
    path = f"/v1.2/sites/{site['id']}"
    assert value(await salto.call("GET", path)) == site
    assert refused(await salto.call("GET", f"{path}/locks")) == (400, "2210")
    await salto.control("POST", "site", site="New", released=True)
    iq = {"customer_reference": "IQ", "time_zone": "Europe/Berlin", "activation_code": "ABCD-1234-EFGH"}
    assert list(value(await salto.call("POST", f"{path}/iqs", iq))) == FIELDS_OF_AN_IQ
    assert refused(await salto.call("POST", f"{path}/iqs", {**iq, "activation_code": "no"})) == (400, "1501")
    assert refused(await salto.call("POST", f"{path}/iqs", {**iq, "time_zone": "Mars"})) == (400, "1101")
    assert refused(await salto.call("POST", "/v1.1/sites", {**body, "time_zone": "Mars"})) == (400, "1101")
