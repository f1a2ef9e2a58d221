"""Trouble on demand, and the log that proves that nothing was written twice."""

import pytest

from ostiary.domain.provider import NoAnswer

from .test_simulator_support import FULL, Salto, basic, run, value


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("http_429", 429, b""),
        ("http_503", 503, b"nginx"),
        ("http_500", 500, b'{"ErrorCode":"2201"'),
        ("http_401", 401, b""),
    ],
)
@run
async def test_refusals_strike_as_often_as_asked_and_change_nothing(
    fault: str, status: int, body: bytes
) -> None:
    salto = await Salto().enter()
    path = f"{await salto.site()}/access_groups"
    await salto.control("POST", "faults", fault=fault, times=2, seconds=7)
    for _ in range(2):
        reply = await salto.call("POST", path, {"customer_reference": "G"})
        assert reply.status == status
        assert body in reply.body
        if fault == "http_429":
            assert reply.headers["retry-after"] == "7"
    assert await salto.items(path) == []
    value(await salto.call("POST", path, {"customer_reference": "G"}))


@pytest.mark.parametrize(("fault", "carried_out"), [("drop_answer_before", False), ("drop_answer", True)])
@run
async def test_a_dropped_answer_breaks_the_connection(fault: str, carried_out: bool) -> None:
    salto = await Salto().enter()
    path = f"{await salto.site()}/access_groups"
    await salto.control("POST", "faults", fault=fault, times=1)
    with pytest.raises(NoAnswer):
        await salto.call("POST", path, {"customer_reference": "G"})
    assert len(await salto.items(path)) == carried_out
    log = await salto.control("GET", "requests")
    assert len(log["writes"]) == carried_out
    line = next(one for one in log["requests"] if one["path"] == path)
    assert (line["status"], line["fault"]) == (None, fault)
    count = log["counts"]["POST /v1.2/sites/{site_id}/access_groups"]
    assert count == {"received": 1, "accepted": int(carried_out)}


@run
async def test_a_fault_strikes_only_what_it_matches() -> None:
    salto = await Salto().enter()
    site = await salto.site()
    match = {"method": "PUT", "route": "/v1.2/sites/{site}/users/{user}/pin"}
    user = await salto.user()
    await salto.control("POST", "faults", fault="http_503", match=match)
    assert (await salto.call("PUT", f"{site}/users/{user['id']}/pin", {})).status == 503
    assert (await salto.call("GET", f"{site}/users/{user['id']}")).status == 200
    await salto.control("DELETE", "faults")
    assert (await salto.call("PUT", f"{site}/users/{user['id']}/pin", {})).status == 200


@run
async def test_the_token_endpoint_is_hit_only_by_name() -> None:
    salto = await Salto().enter()
    answer = value(await salto.log_in(scope=f"{FULL} offline_access"))
    await salto.control("POST", "faults", fault="http_503")
    form = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    answer = value(await salto.form("/connect/token", basic(), **form))
    await salto.control("DELETE", "faults")
    route = {"route": "/connect/token"}
    await salto.control("POST", "faults", fault="drop_answer", times=1, match=route)
    form["refresh_token"] = answer["refresh_token"]
    with pytest.raises(NoAnswer):
        await salto.form("/connect/token", basic(), **form)
    spent = await salto.form("/connect/token", basic(), **form)
    assert value(spent, 400)["error"] == "invalid_grant"


@run
async def test_what_is_lost_is_accepted_and_never_reaches_the_door() -> None:
    salto = await Salto().enter()
    lock = await salto.lock()
    user, old = await salto.guest(lock)
    await salto.control("POST", "faults", fault="lost", times=1)
    value(await salto.call("GET", f"{await salto.site()}/users"))  # nothing to lose: does not use it up
    new = await salto.pin(user)
    salto.clock.move(3600)
    assert [await salto.opens(lock, pin) for pin in (old, new)] == ["ok", "unknown_code"]
    writes = (await salto.control("GET", "requests"))["writes"]
    assert [(one["kind"], one["lost"]) for one in writes[-2:]] == [("put_pin", False), ("put_pin", True)]
    newest = await salto.pin(user)
    salto.clock.move(46)
    assert [await salto.opens(lock, pin) for pin in (old, newest)] == ["unknown_code", "ok"]


@run
async def test_a_command_may_be_lost_too() -> None:
    salto = await Salto().enter()
    path = f"{await salto.site()}/locks/{await salto.lock()}"
    await salto.control("POST", "faults", fault="lost", times=1)
    shown = value(await salto.call("PATCH", f"{path}/locking", {"locked_state": "unlocked"}))
    assert shown["locked_state"] == "locked"
    assert value(await salto.call("PATCH", f"{path}/locking", {"locked_state": "unlocked"}))
    assert value(await salto.call("GET", path))["locked_state"] == "unlocked"
    writes = (await salto.control("GET", "requests"))["writes"]
    assert [(one["kind"], one["lost"]) for one in writes] == [
        *(("locking_unlocked", True), ("locking_unlocked", False))
    ]


@run
async def test_what_is_late_comes_so_much_later() -> None:
    salto = await Salto().enter()
    lock = await salto.lock()
    user, old = await salto.guest(lock)
    await salto.control("POST", "faults", fault="late", times=1, seconds=600)
    new = await salto.pin(user)
    salto.clock.move(604)
    assert [await salto.opens(lock, pin) for pin in (old, new)] == ["ok", "unknown_code"]
    salto.clock.move(42)
    assert [await salto.opens(lock, pin) for pin in (old, new)] == ["unknown_code", "ok"]


@run
async def test_a_user_may_be_slow_to_get_ready() -> None:
    salto = await Salto().enter()
    site = await salto.site()
    await salto.control("POST", "faults", fault="user_not_ready", times=1, seconds=600)
    user = await salto.user()
    assert user["roles"] == []
    path = f"{site}/users/{user['id']}"
    assert value(await salto.call("PUT", f"{path}/pin", {}), 403)["ErrorCode"] == "2203"
    salto.clock.move(540)
    value(await salto.call("PUT", f"{path}/pin", {}))
    assert (await salto.user())["roles"] != []


@run
async def test_an_unknown_fault_is_refused_with_the_list() -> None:
    salto = await Salto().enter()
    reply = await salto.send("POST", "/_simulator/faults", {}, b'{"fault":"flood"}')
    assert reply.status == 400
    known = ("http_429", "http_503", "http_500", "http_401", "drop_answer_before", "drop_answer", "hang")
    for name in (*known, "lost", "late", "user_not_ready", "login_rejected"):
        assert name.encode() in reply.body


@run
async def test_chance_is_repeatable() -> None:
    async def statuses() -> list[int]:
        salto = await Salto().enter()
        await salto.control("POST", "faults", fault="http_503", probability=0.5)
        return [(await salto.call("GET", "/v1.2/me")).status for _ in range(40)]

    first = await statuses()
    assert first == await statuses()
    assert 5 < first.count(503) < 35


@run
async def test_every_write_leaves_one_line() -> None:
    salto = await Salto().enter()
    site, lock = await salto.site(), await salto.lock()
    user, _ = await salto.guest(lock)
    await salto.call("PATCH", f"{site}/users/{user['id']}/subscription", {"state": "suspended"})
    await salto.call("DELETE", f"{site}/users/{user['id']}")
    writes = (await salto.control("GET", "requests"))["writes"]
    assert [(one["kind"], one["site"], one["name"]) for one in writes] == [
        ("create_user", "Main Site", "Guest"),
        ("create_group", "Main Site", "Group"),
        ("create_schedule", "Main Site", "Group"),
        ("add_lock", "Main Site", "Group / FRONT_DOOR"),
        ("add_member", "Main Site", "Group / Guest"),
        ("put_pin", "Main Site", "Guest"),
        ("suspend_user", "Main Site", "Guest"),
        ("delete_user", "Main Site", "Guest"),
    ]
    assert {one["id"] for one in writes if "user" in one["kind"] or "pin" in one["kind"]} == {user["id"]}
