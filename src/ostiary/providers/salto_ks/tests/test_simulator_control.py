"""The control plane: homes as one describes them, and what happens without the API."""

import json
from pathlib import Path
from typing import Any

import pytest

from ostiary.simulation import FileHomes, ShiftableClock

from .test_simulator_support import ALWAYS, Clock, Salto, refused, run, value


async def _refusal(salto: Salto, verb: str, **fields: Any) -> tuple[int, str]:
    body = json.dumps({"home": salto.home, **fields}).encode()
    reply = await salto.send("POST", f"/_simulator/{verb}", {}, body)
    return reply.status, str(json.loads(reply.body)["error"])


@run
async def test_a_home_is_as_one_describes_it() -> None:
    salto = Salto()
    sites = [
        {
            "name": "Hotel",
            "time_zone": "Australia/Lord_Howe",
            "country_code": "AU",
            "seats": 4,
            "role": "site_super_user",
            "remote_access": False,
            "features": ["custom_pin"],
            "iqs": [{"name": "A"}, {"name": "B", "time_zone": "Asia/Tokyo", "otp_enabled": True}],
            "locks": [{"name": "Room"}, {"name": "Gate", "lock_type": "wall_reader", "iq": "B"}],
        }
    ]
    made = await salto.control("POST", "homes", home=salto.home, sites=sites, seed="x")
    assert [lock["name"] for lock in made["devices"]] == ["Room", "Gate"]
    await salto.enter()
    site = (await salto.items("/v1.2/sites"))[0]
    assert (site["time_zone"], site["subscribed_user_amount"]) == ("Australia/Lord_Howe", 4)
    path = await salto.site()
    assert [iq["time_zone"] for iq in await salto.items(f"{path}/iqs")] == [
        "Australia/Lord_Howe",
        "Asia/Tokyo",
    ]
    locks = await salto.items(f"{path}/locks")
    assert [(lock["lock_type"], lock["iq"]["otp_enabled"]) for lock in locks] == [
        ("wall_reader_pin", False),
        ("wall_reader", True),
    ]
    me = value(await salto.call("GET", f"{path}/me"))
    assert (me["roles"][0]["code"], me["remote_access"]) == ("site_super_user", False)
    listed = json.loads((await salto.send("GET", "/_simulator/homes")).body)["homes"]
    assert [one["home"] for one in listed] == [salto.home]
    again = await _refusal(salto, "homes", sites=sites)
    assert again[0] == 409


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ({"time_zone": "Mars/Base"}, "time zone"),
        ({"role": "king"}, "role"),
        ({"locks": [{"name": "Door", "iq": "X"}]}, "no IQ"),
        ({"locks": [{"name": "Door", "battery_level": "half"}]}, "battery level"),
        ({"locks": [{"name": "Door", "iq": "IQ 01", "attached": False}]}, "attached"),
        ({"pin_digits": 3}, "pin_digits"),
        ({"pin_digits": 11}, "pin_digits"),
        ({"rooms": 7}, "rooms"),
    ],
)
@run
async def test_a_description_that_makes_no_sense_is_refused(site: dict[str, Any], words: str) -> None:
    status, message = await _refusal(Salto(), "homes", sites=[{"name": "Site", **site}])
    assert (status, words in message) == (400, True)


@run
async def test_the_owner_works_in_the_web_app_and_the_doors_follow() -> None:
    salto = await Salto().enter()
    lock, site = await salto.lock(), await salto.site()
    group = value(await salto.call("POST", f"{site}/access_groups", {"customer_reference": "Family"}))
    await salto.control("POST", "owner/users", site="Main Site", do="add", user="Neighbour")
    given = await salto.control("POST", "owner/users", site="Main Site", do="give_pin", user="Neighbour")
    await salto.control("POST", "owner/groups", group="Family", do="add_lock", lock_id="FRONT_DOOR")
    await salto.control("POST", "owner/groups", group="Family", do="add_member", user="Neighbour")
    held = await salto.control("POST", "owner/groups", group="Family", do="set_schedule", schedule=ALWAYS)
    assert (held["lock_ids"], len(held["members"])) == ([lock], 1)
    salto.clock.move(300)
    assert await salto.opens("FRONT_DOOR", given["digits"]) == "ok"
    assert (await salto.control("GET", "requests"))["writes"][-1]["kind"] == "create_group"
    user = next(one for one in await salto.items(f"{site}/users") if one["user"]["first_name"] == "Neighbour")
    for do, reason in (
        ("suspend", "suspended"),
        ("subscribe", "ok"),
        ("block", "blocked"),
        ("unblock", "ok"),
    ):
        await salto.control("POST", "owner/users", site="Main Site", do=do, user=user["id"])
        salto.clock.move(46)
        assert await salto.opens(lock, given["digits"]) == reason
    later = {**ALWAYS, "start_date": "2027-01-01", "end_date": "2027-01-02"}
    schedule = held["time_schedules"][0]["id"]
    await salto.control(
        "POST", "owner/groups", group=group["id"], do="set_schedule", schedule_id=schedule, schedule=later
    )
    salto.clock.move(211)
    assert await salto.opens(lock, given["digits"]) == "not_yet"
    assert (await _refusal(salto, "owner/groups", group="Family", do="set_schedule", schedule={}))[0] == 400
    await salto.control("POST", "owner/groups", group="Family", do="remove_schedule")
    salto.clock.move(211)
    assert await salto.opens(lock, given["digits"]) == "unknown_code"
    await salto.control("POST", "owner/users", site="Main Site", do="remove", user="Neighbour")
    await salto.control("POST", "owner/groups", group="Family", do="remove")
    assert await salto.items(f"{site}/access_groups") == []


@run
async def test_the_owner_gives_a_code_for_one_door() -> None:
    salto = await Salto().enter()
    fields = {"lock_id": await salto.lock(), "name": "Cleaner"}
    await salto.control("POST", "owner/codes", do="add", code="0815", **fields)
    salto.clock.move(211)
    door = (await salto.control("GET", "truth"))["devices"][0]
    assert [(one["name"], one["code"]) for one in door["codes"]] == [("Cleaner", "0815")]
    answer = await salto.control("POST", "enter_code", lock_id=fields["lock_id"], code="0815")
    assert (answer["accepted"], answer["reason"], answer["name"]) == (True, "ok", "Cleaner")
    held = (await salto.control("POST", "owner/codes", do="change", enabled=False, **fields))["code"]
    salto.clock.move(46)
    assert await salto.opens(fields["lock_id"], held["code"]) == "pin_disabled"
    await salto.control("POST", "owner/codes", do="delete", id=held["id"], lock_id=fields["lock_id"])
    salto.clock.move(46)
    assert await salto.opens(fields["lock_id"], held["code"]) == "unknown_code"
    assert await salto.items(f"{await salto.site()}/access_groups") == []


@run
async def test_names_change() -> None:
    salto = await Salto().enter()
    await salto.control("POST", "owner/rename", lock_id="FRONT_DOOR", name="Street")
    await salto.control("POST", "owner/rename", site="Main Site", name="House")
    await salto.control("POST", "owner/rename", iq_id="IQ 01", name="Hub")
    site = await salto.site("House")
    lock = (await salto.items(f"{site}/locks"))[0]
    assert (lock["customer_reference"], lock["iq"]["customer_reference"]) == ("Street", "Hub")
    assert (await _refusal(salto, "owner/rename", lock_id="FRONT_DOOR", name="X"))[0] == 404
    await salto.control("POST", "owner/rename", lock_id="Street", name="BACK DOOR")
    assert (await _refusal(salto, "device", lock_id="BACK DOOR", online=False))[0] == 409


@run
async def test_a_lock_may_lose_its_keypad_and_other_things_happen() -> None:
    salto = await Salto().enter()
    lock, site = await salto.lock("BACK DOOR"), await salto.site()
    _, digits = await salto.guest(lock)
    await salto.control("POST", "device", lock_id=lock, lock_type="wall_reader", battery_level="low")
    held = value(await salto.call("GET", f"{site}/locks/{lock}"))
    assert (held["lock_type"], held["battery_level"]) == ("wall_reader", "low")
    assert await salto.opens(lock, digits) == "no_keypad"
    await salto.control("POST", "device", lock_id=lock, lock_type="wall_reader_pin", privacy_mode=True)
    assert await salto.opens(lock, digits) == "privacy"
    await salto.control("POST", "device", lock_id=lock, privacy_mode=False, locked_state="office_mode")
    assert value(await salto.call("GET", f"{site}/locks/{lock}"))["locked_state"] == "office_mode"
    assert (await _refusal(salto, "device", lock_id=lock, battery_level="half"))[0] == 400
    assert (await _refusal(salto, "device", lock_id=lock, incident="flood"))[0] == 400
    assert (await _refusal(salto, "device", lock_id="CELLAR", online=True))[0] == 404


@run
async def test_the_cloud_does_not_know_what_an_offline_door_does() -> None:
    salto = await Salto().enter()
    lock, site = await salto.lock(), await salto.site()
    await salto.control("POST", "device", lock_id=lock, online=False)
    door = await salto.control(
        "POST", "device", lock_id=lock, locked_state="office_mode", battery_level="critical"
    )
    assert (door["locked_state"], door["battery_level"]) == ("office_mode", "critical")
    held = value(await salto.call("GET", f"{site}/locks/{lock}"))
    assert (held["locked_state"], held["battery_level"]) == ("locked", "good")
    await salto.control("POST", "device", lock_id=lock, online=True)
    held = value(await salto.call("GET", f"{site}/locks/{lock}"))
    assert (held["locked_state"], held["battery_level"]) == ("office_mode", "critical")


@run
async def test_to_ask_the_door_is_not_to_touch_it() -> None:
    salto = await Salto().enter()
    lock = await salto.lock()
    user, digits = await salto.guest(lock)
    before = await salto.control("GET", "truth")
    held = before["devices"][0]["codes"][0]
    assert (held["name"], held["code"], held["opens"]) == ("Guest", digits, "ok")
    assert held["user_id"] == user["user"]["id"]
    assert [{**one, "id": None} for one in held["schedules"]] == [{"id": None, **ALWAYS}]
    assert await salto.opens(lock, digits, "2030-01-01T00:00:00Z") == "ok"
    assert await salto.control("GET", "truth") == before
    await salto.opens(lock, digits)
    after = await salto.control("GET", "truth")
    assert after["devices"][0]["locked_state"] == "unlocked"
    assert (await _refusal(salto, "enter_code", lock_id=lock, code=digits, at="soon"))[0] == 400


@run
async def test_a_changed_zone_counts_at_once() -> None:
    salto = await Salto().enter()
    lock = await salto.lock()
    _, digits = await salto.guest(lock, start_time="08:00:00", end_time="09:00:00")
    at = "2026-07-01T08:30:00Z"
    assert await salto.opens(lock, digits, at) == "time"
    await salto.control("POST", "iq", iq_id="IQ 01", time_zone="Africa/Abidjan")
    assert await salto.opens(lock, digits, at) == "ok"
    assert (await _refusal(salto, "iq", iq_id="IQ 01", time_zone="Mars"))[0] == 400


@run
async def test_a_file_keeps_everything(tmp_path: Path) -> None:
    clock = Clock()
    salto = await Salto(homes=FileHomes(tmp_path / "homes"), clock=clock).enter()
    lock = await salto.lock()
    _, digits = await salto.guest(lock, start_date="2026-02-01T08:00:00", end_date="2026-04-01T08:00:00")
    before = await salto.control("GET", "truth")
    again = Salto(homes=FileHomes(tmp_path / "homes"), clock=clock)
    assert await again.control("GET", "truth") == before
    assert await again.opens(lock, digits) == "ok"
    again.token, again._renew_at = salto.token, salto._renew_at
    assert refused(await again.call("GET", f"/v1.2/sites/{lock}")) == (403, "2203")


@run
async def test_alone_it_has_a_clock_to_move() -> None:
    clock = ShiftableClock()
    salto = Salto(clock=clock)
    reply = await salto.send("POST", "/_simulator/clock", {}, b'{"frozen_at":"2026-07-01T13:00:00Z"}')
    assert json.loads(reply.body)["now"] == "2026-07-01T13:00:00.000Z"
    assert clock().hour == 13
    assert (await Salto().send("POST", "/_simulator/clock", {}, b'{"offset_seconds":1}')).status == 409


@run
async def test_a_form_is_answered_as_a_program_is_where_there_is_no_page() -> None:
    salto = await Salto().enter()
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = b"home=" + salto.home.encode() + b"&pace=0.5"
    reply = await salto.send("POST", "/_simulator/pace", form, body)
    assert (reply.status, json.loads(reply.body)["pace"]) == (200, 0.5)
    foreign = await salto.send("POST", "/_simulator/pace", form | {"sec-fetch-site": "cross-site"}, body)
    assert foreign.status == 403
    page = await salto.send("GET", "/_simulator/")
    assert (page.status, "error" in json.loads(page.body)) == (404, True)
