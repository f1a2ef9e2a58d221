"""Authorizations: what a write does at once, later, and when it goes wrong."""

from typing import Any

import pytest

from .test_simulator_support import E2, HOME, JOHN, Clock, Nuki, e1, run

WINDOW = {
    "allowedFromDate": "2026-07-01T13:00:00.000Z",
    "allowedUntilDate": "2026-07-05T09:00:00.000Z",
    "allowedWeekDays": 127,
    "allowedFromTime": 600,
    "allowedUntilTime": 1200,
}


@run
async def test_a_new_code_is_not_listed_before_the_device_has_it() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    reply = await nuki.create(lock, "Guest", 384756, **WINDOW)
    assert (reply.status, reply.body) == (204, b"")
    nuki.clock.move(1.9)
    assert await nuki.codes(lock) == {}
    nuki.clock.move(4.2)
    guest = (await nuki.codes(lock))["Guest"]
    assert guest["code"] == 384756
    assert guest["enabled"] is True
    assert guest["lockCount"] == 0
    assert len(guest["id"]) == 24
    assert {name: guest[name] for name in WINDOW} == WINDOW
    assert "operationId" not in guest
    assert "accountUserId" not in guest


@run
async def test_output_has_the_vendors_order_and_forms() -> None:
    nuki = await Nuki(JOHN).enter()
    devices = (await nuki.call("GET", "/smartlock")).json
    assert [one["type"] for one in devices] == [2, 4, 4]
    lock = next(one for one in devices if one["config"]["keypadPaired"])
    assert list(lock)[:5] == ["smartlockId", "accountId", "type", "authId", "name"]
    assert lock["smartlockId"] >> 32 == 4
    assert lock["config"]["timezoneId"] == 37
    assert lock["state"]["batteryCharge"] == 86
    assert lock["currentSubscription"]["state"] == "ACTIVE"
    assert lock["creationDate"] == "2026-03-01T12:00:00.000Z"
    assert "operationId" not in lock
    assert "error" not in lock
    assert b"null" not in (await nuki.call("GET", "/smartlock")).body
    auths = (await nuki.call("GET", f"/smartlock/{lock['smartlockId']}/auth")).json
    assert [one["type"] for one in auths] == [0, 1, 3]
    assert auths[0]["authId"] == lock["authId"]


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        ({"code": 123456}, 400, e1("123456", "code")),
        ({"code": 304756}, 400, e1("304756", "code")),
        ({"code": 34756}, 400, e1("34756", "code")),
        ({"code": None}, 400, e1("null", "code")),
        ({"type": 0, "code": 384756}, 400, e1("384756", "code")),
        ({"type": 0, "code": None}, 400, e1("null", "accountUserId")),
        ({"type": 3}, 400, e1("3", "type")),
        ({"allowedWeekDays": 128}, 400, e1("128", "allowedWeekDays")),
        ({"allowedFromTime": 1440}, 400, e1("1440", "allowedFromTime")),
        ({"name": None}, 400, e1("null", "name")),
        ({"name": "x" * 21}, 422, None),
        ({"name": "ü" * 11}, 422, None),
        ({"name": "x" * 33, "type": 0, "code": None, "accountUserId": 1}, 422, None),
        ({"allowedFromDate": "tomorrow"}, 422, None),
        ({"code": "abc"}, 422, None),
        ({"remoteAllowed": "perhaps"}, 422, None),
        # Lengths come before parameters (12).
        ({"name": "x" * 21, "code": 123456}, 422, None),
    ],
)
@run
async def test_a_bad_create_is_refused(
    fields: dict[str, Any], status: int, body: dict[str, Any] | None
) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    value = {"name": "Guest", "type": 13, "code": 384756} | fields
    reply = await nuki.call("PUT", f"/smartlock/{lock}/auth", value)
    assert reply.status == status
    if body is None:
        assert reply.json["reasonPhrase"] == "Unprocessable Entity"
        assert reply.json["code"] == 422
    else:
        assert reply.json == body
    nuki.clock.move(60)
    assert await nuki.codes(lock) == {}


@run
async def test_numbers_may_come_as_strings_and_names_may_be_just_as_long_as_allowed() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    value = {"name": "ü" * 10, "type": "13", "code": "384756", "smartlockIds": [str(lock)]}
    assert (await nuki.call("PUT", "/smartlock/auth", value)).status == 204
    nuki.clock.move(10)
    assert (await nuki.codes(lock))["ü" * 10]["code"] == 384756


@run
async def test_unreadable_bodies_are_422() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    for body in (b"{'name':'x'}", b"", b"[]", b"\xff"):
        assert (await nuki.call("PUT", f"/smartlock/{lock}/auth", body)).status == 422
    singular = {"name": "Guest", "type": 13, "code": 384756, "smartlockId": lock}
    assert (await nuki.call("PUT", "/smartlock/auth", singular)).status == 422


@run
async def test_a_lock_without_keypad_knows_no_type_13() -> None:
    nuki = await Nuki().enter()
    reply = await nuki.create(await nuki.lock_id(keypad=False), "Guest", 384756)
    assert (reply.status, reply.json) == (400, e1("13", "type"))


@run
async def test_a_new_keypad_is_seen_only_after_a_sync() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id(keypad=False)
    await nuki.control("POST", "device", smartlock_id=lock, keypad_paired=True)
    assert (await nuki.create(lock, "Guest", 384756)).status == 400
    assert (await nuki.call("POST", f"/smartlock/{lock}/sync")).status == 204
    assert (await nuki.create(lock, "Guest", 384756)).status == 400
    nuki.clock.move(9)
    assert (await nuki.create(lock, "Guest", 384756)).status == 204


@run
async def test_a_taken_code_is_409_from_acceptance_to_the_end_of_its_deletion() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    again = await nuki.create(lock, "Other", 384756)
    assert (again.status, again.json) == (409, E2)
    nuki.clock.move(10)
    assert (await nuki.create(lock, "Other", 384756)).status == 409
    guest = (await nuki.codes(lock))["Guest"]
    assert (await nuki.call("DELETE", f"/smartlock/{lock}/auth/{guest['id']}")).status == 204
    nuki.clock.move(1)
    assert (await nuki.codes(lock))["Guest"]["operationId"]["timestamp"] > 0
    assert (await nuki.create(lock, "Other", 384756)).status == 409
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}
    assert (await nuki.create(lock, "Other", 384756)).status == 204


@run
async def test_a_code_that_the_owner_deleted_stays_taken_until_the_sync() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    await nuki.control("POST", "owner/codes", smartlock_id=lock, do="delete", id=guest["id"])
    assert "Guest" in await nuki.codes(lock)
    assert (await nuki.create(lock, "Other", 384756)).status == 409
    await nuki.call("POST", f"/smartlock/{lock}/sync")
    nuki.clock.move(9)
    assert await nuki.codes(lock) == {}
    assert (await nuki.create(lock, "Other", 384756)).status == 204


@run
async def test_a_code_that_the_owner_made_collides_on_the_device() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "owner/codes", smartlock_id=lock, do="add", name="Family", code=384756)
    assert await nuki.codes(lock) == {}
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}
    assert "2a" in (await nuki.call("GET", f"/smartlock/{lock}")).json["error"]
    nuki.clock.move(24 * 3600)  # the daily sync
    assert list(await nuki.codes(lock)) == ["Family"]


@run
async def test_an_update_clears_the_window_that_it_does_not_repeat() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756, **WINDOW)
    path = f"/smartlock/{lock}/auth/{guest['id']}"
    assert (await nuki.call("POST", path, {"enabled": False, "allowedUntilTime": None})).status == 204
    assert (await nuki.codes(lock))["Guest"]["enabled"] is True
    nuki.clock.move(10)
    changed = (await nuki.codes(lock))["Guest"]
    assert not set(WINDOW) & set(changed)
    assert (changed["enabled"], changed["code"], changed["id"]) == (False, 384756, guest["id"])
    value = {"code": "495867", "name": "Renamed", **WINDOW}
    assert (await nuki.call("POST", path, value)).status == 204
    nuki.clock.move(10)
    changed = (await nuki.call("GET", path)).json
    assert (changed["name"], changed["code"], changed["enabled"]) == ("Renamed", 495867, False)
    assert {name: changed[name] for name in WINDOW} == WINDOW


@run
async def test_an_auth_at_work_is_locked_but_creates_may_overlap() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    path = f"/smartlock/{lock}/auth/{guest['id']}"
    assert (await nuki.call("POST", path, {"code": 495867})).status == 204
    refused = await nuki.call("POST", path, {"code": 495868})
    assert (refused.status, refused.json) == (423, E2)
    assert (await nuki.call("DELETE", path)).status == 423
    assert (await nuki.create(lock, "Other", 495867)).status == 409  # both the old and the new are taken
    assert (await nuki.create(lock, "Other", 384756)).status == 409
    assert (await nuki.create(lock, "Other", 666666)).status == 204
    assert (await nuki.create(lock, "Third", 777777)).status == 204
    nuki.clock.move(10)
    assert {name: one["code"] for name, one in (await nuki.codes(lock)).items()} == {
        "Guest": 495867,
        "Other": 666666,
        "Third": 777777,
    }
    assert (await nuki.call("POST", path, {"code": 666666})).status == 409
    assert (await nuki.call("POST", path, {"code": 495867})).status == 204  # its own


@run
async def test_an_action_locks_the_device_for_actions_and_not_for_codes() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    assert (await nuki.call("POST", f"/smartlock/{lock}/action/unlock")).status == 204
    assert "operationId" in (await nuki.call("GET", f"/smartlock/{lock}")).json
    assert (await nuki.call("POST", f"/smartlock/{lock}/action", {"action": 2})).status == 423
    assert (await nuki.call("POST", f"/smartlock/{lock}/sync")).status == 423
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    nuki.clock.move(10)
    assert "operationId" not in (await nuki.call("GET", f"/smartlock/{lock}")).json


@run
async def test_foreign_ids_are_403_on_writes_and_404_on_reads_and_actions() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    foreign = await (await Nuki(JOHN).enter()).lock_id()
    for method, path in (
        ("GET", f"/smartlock/{foreign}/auth"),
        ("PUT", f"/smartlock/{foreign}/auth"),
        ("POST", f"/smartlock/{foreign}/auth/{'0' * 24}"),
        ("DELETE", f"/smartlock/{lock}/auth/{'0' * 24}"),
    ):
        reply = await nuki.call(method, path, b"not even JSON")
        assert (reply.status, reply.json) == (403, E2), path
    bulk = {"name": "Guest", "type": 13, "code": 384756, "smartlockIds": [lock, foreign]}
    assert (await nuki.call("PUT", "/smartlock/auth", bulk)).status == 403
    for method, path in (("GET", ""), ("POST", "/action"), ("POST", "/action/lock"), ("GET", "/log")):
        reply = await nuki.call(method, f"/smartlock/{foreign}{path}", {"action": 1})
        assert (reply.status, reply.json["code"]) == (404, 404), path
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}


@run
async def test_bulk_writes_reach_every_device_or_none() -> None:
    nuki = await Nuki().enter()
    home = await nuki.control(
        "POST", "homes", home="many@example.com", devices=[{"name": f"Door {n}"} for n in range(3)]
    )
    many = Nuki("many@example.com", homes=nuki.homes, clock=nuki.clock)
    many.token = home["api_token"]
    locks = [one["smartlock_id"] for one in home["devices"]]
    value = {"name": "Guest", "type": 13, "code": 384756, "smartlockIds": locks[:2]}
    assert (await many.call("PUT", "/smartlock/auth", value)).status == 204
    many.clock.move(10)
    assert (await many.call("PUT", "/smartlock/auth", value | {"smartlockIds": locks[1:]})).status == 409
    many.clock.move(10)
    found = (await many.call("GET", "/smartlock/auth?types=13&accountUserId=-1")).json
    assert [one["smartlockId"] for one in found] == locks[:2]
    assert (await many.call("GET", "/smartlock/auth?types=13&accountUserId=5")).json == []
    changes = [{"id": one["id"], "code": 495867 + n} for n, one in enumerate(found)]
    assert (await many.call("POST", "/smartlock/auth", changes)).status == 204
    assert (await many.call("DELETE", "/smartlock/auth", [found[0]["id"]])).status == 423
    many.clock.move(10)
    codes = [one["code"] for one in (await many.call("GET", "/smartlock/auth?types=13")).json]
    assert codes == [495867, 495868]
    assert (await many.call("DELETE", "/smartlock/auth", [one["id"] for one in found])).status == 204
    many.clock.move(10)
    assert (await many.call("GET", "/smartlock/auth?types=13")).json == []


@run
async def test_writes_to_a_device_out_of_reach_fail_silently_or_with_an_error() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    leaving = await nuki.created(lock, "Leaving", 495867)
    state = (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]
    await nuki.control("POST", "device", smartlock_id=lock, online=False)
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["serverState"] == 4
    assert (await nuki.create(lock, "Other", 666666)).status == 204
    path = f"/smartlock/{lock}/auth"
    assert (await nuki.call("POST", f"{path}/{guest['id']}", {"code": 777777})).status == 204
    assert (await nuki.call("DELETE", f"{path}/{leaving['id']}")).status == 204
    assert (await nuki.call("POST", f"/smartlock/{lock}/action/unlock")).status == 204
    nuki.clock.move(10)
    codes = await nuki.codes(lock)
    assert set(codes) == {"Guest", "Leaving"}
    assert codes["Guest"]["code"] == 384756
    assert "ff" in codes["Guest"]["error"]
    assert "ff" in codes["Leaving"]["error"]
    assert "operationId" not in codes["Guest"]
    device = (await nuki.call("GET", f"/smartlock/{lock}")).json
    assert device["state"] == state
    assert "error" not in device
    assert "operationId" not in device
    await nuki.control("POST", "device", smartlock_id=lock, online=True)
    assert (await nuki.call("DELETE", f"{path}/{leaving['id']}")).status == 204
    assert (await nuki.call("POST", f"{path}/{guest['id']}", {"code": 777777})).status == 204
    nuki.clock.move(10)
    codes = await nuki.codes(lock)
    assert set(codes) == {"Guest"}
    assert "error" not in codes["Guest"]


@pytest.mark.parametrize(("kind", "most"), [(0, 100), (4, 200)])
@run
async def test_a_full_device_says_so_afterwards(kind: int, most: int) -> None:
    nuki = Nuki("full@example.com")
    devices = [{"name": "Door", "type": kind}]
    home = await nuki.control("POST", "homes", devices=devices)
    nuki.token, lock = home["api_token"], home["devices"][0]["smartlock_id"]
    pins = [pin for pin in range(333333, 345678) if "0" not in str(pin)]
    for number in range(most - 1):
        value = {"name": f"C{number}", "code": pins[number]}
        await nuki.control("POST", "owner/codes", smartlock_id=lock, do="add", **value)
    assert (await nuki.create(lock, "Last", 888888)).status == 204
    nuki.clock.move(10)
    assert list(await nuki.codes(lock)) == ["Last"]
    assert (await nuki.create(lock, "One more", 999999)).status == 204
    nuki.clock.move(10)
    assert list(await nuki.codes(lock)) == ["Last"]
    assert "29" in (await nuki.call("GET", f"/smartlock/{lock}")).json["error"]


@run
async def test_a_lapse_of_smart_hosting_stops_writes_but_not_deletes() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    await nuki.control("POST", "device", smartlock_id=lock, subscription=False)
    device = (await nuki.call("GET", f"/smartlock/{lock}")).json
    sentence = "No active Smart Hosting subscription for the Smart Lock, please get one!"
    assert device["error"] == sentence
    assert "currentSubscription" not in device
    path = f"/smartlock/{lock}/auth/{guest['id']}"
    for reply in (
        await nuki.create(lock, "Other", 495867),
        await nuki.call("POST", path, {"enabled": False}),
    ):
        assert (reply.status, reply.json) == (402, {"error": sentence})
    assert (await nuki.call("DELETE", path)).status == 204
    await nuki.control("POST", "device", smartlock_id=lock, subscription=True)
    assert "error" not in (await nuki.call("GET", f"/smartlock/{lock}")).json


@run
async def test_an_expired_code_stays_listed() -> None:
    nuki = await Nuki(clock=Clock("2026-07-01T12:00:00+00:00")).enter()
    lock = await nuki.lock_id()
    await nuki.created(lock, "Guest", 384756, **WINDOW)
    nuki.clock.move(30 * 24 * 3600)
    assert "Guest" in await nuki.codes(lock)
    assert (await nuki.create(lock, "Other", 384756)).status == 409


@run
async def test_delays_can_be_repeated_and_scaled() -> None:
    async def seconds_until_listed(home: str, pace: float) -> float:
        nuki = await Nuki(home, pace=pace).enter()
        lock = await nuki.lock_id()
        await nuki.create(lock, "Guest", 384756)
        jobs = (await nuki.control("GET", "cloud"))["jobs"]
        assert jobs[0]["kind"] == "create"
        waited = 0.0
        while not await nuki.codes(lock):
            nuki.clock.move(0.01)
            waited += 0.01
        return waited

    first = await seconds_until_listed(HOME, 1.0)
    assert 2.0 <= first <= 6.02
    assert await seconds_until_listed(HOME, 1.0) == first
    assert await seconds_until_listed("bob@example.com", 1.0) != first
    assert await seconds_until_listed(HOME, 0.1) == pytest.approx(first / 10, abs=0.02)
