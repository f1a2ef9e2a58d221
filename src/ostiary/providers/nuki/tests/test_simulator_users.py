"""Account users: created at once, deleted later, with what belongs to them."""

from typing import Any

import pytest

from .test_simulator_support import E2, Nuki, e1, run

GUEST = {"email": "guest@example.org", "name": "Guest"}


async def with_user(nuki: Nuki) -> int:
    reply = await nuki.call("PUT", "/account/user", GUEST)
    assert reply.status == 200
    return int(reply.json["accountUserId"])


@run
async def test_a_new_user_is_in_the_answer_and_in_the_list() -> None:
    nuki = await Nuki().enter()
    reply = await nuki.call("PUT", "/account/user", GUEST | {"language": "pl"})
    user = reply.json
    assert (reply.status, user["email"], user["name"], user["language"]) == (200, *GUEST.values(), "pl")
    assert user["creationDate"] == "2026-03-01T12:00:00.000Z"
    assert (await nuki.call("GET", "/account/user")).json == [user]
    assert (await nuki.call("GET", f"/account/user/{user['accountUserId']}")).json == user
    again = await nuki.call("PUT", "/account/user", GUEST | {"email": "GUEST@example.org"})
    assert (again.status, again.json) == (200, user)
    assert (await nuki.call("GET", "/account/user/1")).status == 404


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"name": "Guest"}, e1("null", "email")),
        ({"email": "guest@example.org"}, e1("null", "name")),
        (GUEST | {"email": "guest"}, e1("guest", "email")),
        (GUEST | {"language": "pt"}, e1("pt", "language")),
        (GUEST | {"type": 2}, e1("2", "type")),
    ],
)
@run
async def test_a_bad_user_is_refused(body: dict[str, Any], answer: dict[str, Any]) -> None:
    nuki = await Nuki().enter()
    reply = await nuki.call("PUT", "/account/user", body)
    assert (reply.status, reply.json) == (400, answer)
    assert (await nuki.call("GET", "/account/user")).json == []


@run
async def test_the_list_has_a_filter_an_offset_and_a_limit_that_is_cut() -> None:
    nuki = await Nuki().enter()
    for number in range(103):
        await nuki.call("PUT", "/account/user", {"email": f"g{number}@example.org", "name": f"G{number}"})
    names = [one["name"] for one in (await nuki.call("GET", "/account/user?limit=1000")).json]
    assert names == [f"G{number}" for number in range(100)]
    page = (await nuki.call("GET", "/account/user?offset=100&limit=2")).json
    assert [one["name"] for one in page] == ["G100", "G101"]
    found = (await nuki.call("GET", "/account/user?email=g7@example.org")).json
    assert [one["name"] for one in found] == ["G7"]
    for query in ("limit=0", "offset=-1", "limit=x"):
        assert (await nuki.call("GET", f"/account/user?{query}")).status == 400


@run
async def test_a_user_is_changed_and_the_names_of_keys_stay() -> None:
    nuki = await Nuki().enter()
    lock, user = await nuki.lock_id(), await with_user(nuki)
    await nuki.call("PUT", f"/smartlock/{lock}/auth", {"name": "Guest", "accountUserId": user})
    nuki.clock.move(10)
    path = f"/account/user/{user}"
    changed = (await nuki.call("POST", path, {"name": "Renamed"})).json
    assert (changed["name"], changed["email"]) == ("Renamed", GUEST["email"])
    assert changed["updateDate"] > changed["creationDate"]
    listed = (await nuki.call("GET", f"/smartlock/auth?accountUserId={user}")).json
    assert [one["name"] for one in listed] == ["Guest"]
    await nuki.call("PUT", "/account/user", {"email": "other@example.org", "name": "Other"})
    taken = await nuki.call("POST", path, {"email": "other@example.org"})
    assert (taken.status, taken.json) == (409, E2)
    assert (await nuki.call("POST", path, {"email": GUEST["email"]})).status == 200
    assert (await nuki.call("POST", path, {"name": ""})).status == 400


@run
async def test_deleting_a_user_deletes_the_keys_and_unlinks_the_codes_later() -> None:
    nuki = await Nuki().enter()
    lock, user = await nuki.lock_id(), await with_user(nuki)
    await nuki.call("PUT", f"/smartlock/{lock}/auth", {"name": "Key", "accountUserId": str(user)})
    code = await nuki.created(lock, "Code", 384756, accountUserId=user)
    assert code["accountUserId"] == user
    path = f"/account/user/{user}"
    assert (await nuki.call("DELETE", path)).status == 204
    assert (await nuki.call("GET", path)).json["operationId"]
    for method, body in (("DELETE", None), ("POST", {"name": "Late"})):
        reply = await nuki.call(method, path, body)
        assert (reply.status, reply.json) == (423, E2)
    busy = (await nuki.call("GET", f"/smartlock/auth?accountUserId={user}&types=0")).json
    assert [("operationId" in one) for one in busy] == [True]
    nuki.clock.move(10)
    assert (await nuki.call("GET", path)).status == 404
    listed = (await nuki.call("GET", f"/smartlock/{lock}/auth")).json
    assert "Key" not in [one["name"] for one in listed]
    assert "accountUserId" not in next(one for one in listed if one["name"] == "Code")
    truth = (await nuki.control("GET", "truth"))["devices"]
    held = [one["name"] for device in truth for one in (*device["auths"], *device["codes"])]
    assert "Key" not in held
    assert "Code" in held


@run
async def test_a_user_whose_keys_are_being_worked_on_cannot_be_deleted() -> None:
    nuki = await Nuki().enter()
    lock, user = await nuki.lock_id(), await with_user(nuki)
    await nuki.call("PUT", f"/smartlock/{lock}/auth", {"name": "Key", "accountUserId": user})
    assert (await nuki.call("DELETE", f"/account/user/{user}")).status == 423
    nuki.clock.move(10)
    key = (await nuki.call("GET", f"/smartlock/auth?accountUserId={user}")).json[0]
    await nuki.call("POST", f"/smartlock/{lock}/auth/{key['id']}", {"enabled": False})
    assert (await nuki.call("DELETE", f"/account/user/{user}")).status == 423
    nuki.clock.move(10)
    assert (await nuki.call("DELETE", f"/account/user/{user}")).status == 204


@run
async def test_a_device_out_of_reach_keeps_the_key_and_the_cloud_says_so() -> None:
    nuki = await Nuki().enter()
    lock, user = await nuki.lock_id(), await with_user(nuki)
    await nuki.call("PUT", f"/smartlock/{lock}/auth", {"name": "Key", "accountUserId": user})
    nuki.clock.move(10)
    await nuki.control("POST", "device", smartlock_id=lock, online=False)
    assert (await nuki.call("DELETE", f"/account/user/{user}")).status == 204
    nuki.clock.move(10)
    assert (await nuki.call("GET", "/account/user")).json == []
    key = next(
        one for one in (await nuki.call("GET", f"/smartlock/{lock}/auth")).json if one["name"] == "Key"
    )
    assert "ff" in key["error"]
    assert "accountUserId" not in key
