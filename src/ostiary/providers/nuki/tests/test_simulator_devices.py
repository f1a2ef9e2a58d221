"""Devices: actions step by step, logs, renaming, and what the simulator does not serve."""

import pytest

from .test_simulator_support import E2, JOHN, Nuki, e1, run


async def _states(nuki: Nuki, lock: int) -> list[int]:
    seen: list[int] = []
    for _ in range(450):
        state = (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"]
        if not seen or seen[-1] != state:
            seen.append(state)
        nuki.clock.move(0.01)
    return seen


@run
async def test_actions_pass_through_the_states_between() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    for action, states in ((1, [1, 2, 3]), (2, [3, 4, 1]), (3, [1, 7, 5, 3]), (4, [3, 2, 6, 4, 1])):
        assert (await nuki.call("POST", f"/smartlock/{lock}/action", {"action": str(action)})).status == 204
        assert await _states(nuki, lock) == states
        device = (await nuki.call("GET", f"/smartlock/{lock}")).json
        assert device["state"]["lastAction"] == action
    log = (await nuki.call("GET", f"/smartlock/{lock}/log")).json
    assert [entry["action"] for entry in log] == [4, 3, 2, 1]
    assert {(entry["trigger"], entry["state"], entry["name"]) for entry in log} == {(4, 0, "Nuki Web")}
    auths = (await nuki.call("GET", f"/smartlock/{lock}/auth?types=0")).json
    assert {entry["authId"] for entry in log} == {auths[0]["id"]}


@run
async def test_simple_verbs_depend_on_fitting_and_device() -> None:
    nuki = Nuki("knob@example.com")
    devices = [{"name": "Knob", "knob": True}, {"name": "Handle"}, {"name": "Street", "type": 2}]
    home = await nuki.control("POST", "homes", devices=devices)
    nuki.token = home["api_token"]
    actions = []
    for device in home["devices"]:
        assert (await nuki.call("POST", f"/smartlock/{device['smartlock_id']}/action/unlock")).status == 204
        nuki.clock.move(5)
        log = (await nuki.call("GET", f"/smartlock/{device['smartlock_id']}/log")).json
        actions.append(log[0]["action"])
    assert actions == [3, 1, 3]
    assert "openerLog" in log[0]


@run
async def test_ring_to_open_ends_by_itself_and_continuous_mode_does_not() -> None:
    nuki = await Nuki(JOHN).enter()
    opener = await nuki.lock_id(keypad=False, kind=2)
    assert (await nuki.call("POST", f"/smartlock/{opener}/action", {"action": 1})).status == 204
    nuki.clock.move(5)
    state = (await nuki.call("GET", f"/smartlock/{opener}")).json["state"]
    assert state["state"] == 3
    assert state["ringToOpenEnd"] > "2026-03-01T12:20:00"
    await nuki.call("POST", f"/smartlock/{opener}/action", {"action": 6})
    nuki.clock.move(21 * 60)
    state = (await nuki.call("GET", f"/smartlock/{opener}")).json["state"]
    assert (state["state"], state["mode"]) == (1, 3)
    assert "ringToOpenEnd" not in state
    await nuki.call("POST", f"/smartlock/{opener}/action/lock")
    nuki.clock.move(5)
    assert (await nuki.call("GET", f"/smartlock/{opener}")).json["state"]["mode"] == 2


@pytest.mark.parametrize("action", [0, 6, None])
@run
async def test_an_action_that_the_device_has_not_is_refused(action: int | None) -> None:
    nuki = await Nuki().enter()
    reply = await nuki.call("POST", f"/smartlock/{await nuki.lock_id()}/action", {"action": action})
    assert (reply.status, reply.json) == (400, e1("null" if action is None else str(action), "action"))


@run
async def test_a_jammed_lock_is_reported_blocked() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "device", smartlock_id=lock, jammed=True)
    assert (await nuki.call("POST", f"/smartlock/{lock}/action/unlock")).status == 204
    nuki.clock.move(5)
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 254
    assert (await nuki.call("GET", f"/smartlock/{lock}/log")).json[0]["state"] == 1


@run
async def test_what_a_device_does_offline_is_pushed_when_it_returns() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "device", smartlock_id=lock, locked=False, battery=15, door="open")
    state = (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]
    assert (state["state"], state["batteryCharge"], state["batteryCritical"], state["doorState"]) == (
        3,
        15,
        True,
        3,
    )
    await nuki.control("POST", "device", smartlock_id=lock, online=False)
    await nuki.control("POST", "device", smartlock_id=lock, locked=True)
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 3
    entries = len((await nuki.call("GET", f"/smartlock/{lock}/log")).json)
    await nuki.control("POST", "device", smartlock_id=lock, online=True)
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 1
    assert len((await nuki.call("GET", f"/smartlock/{lock}/log")).json) == entries + 1


@run
async def test_the_log_is_newest_first_limited_and_continues_after_an_id() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    for number in range(60):
        await nuki.control("POST", "device", smartlock_id=lock, locked=bool(number % 2))
        nuki.clock.move(60)
    log = (await nuki.call("GET", f"/smartlock/{lock}/log")).json
    assert len(log) == 20
    assert [one["date"] for one in log] == sorted((one["date"] for one in log), reverse=True)
    everything = (await nuki.call("GET", "/smartlock/log?limit=99")).json
    assert len(everything) == 50
    after = (await nuki.call("GET", f"/smartlock/{lock}/log?id={everything[49]['id']}&limit=50")).json
    assert len(after) == 10
    assert not {one["id"] for one in after} & {one["id"] for one in everything}
    since = log[3]["date"]
    assert len((await nuki.call("GET", f"/smartlock/{lock}/log?fromDate={since}")).json) == 4
    assert (await nuki.call("GET", f"/smartlock/{lock}/log?action=2&limit=50")).json[0]["action"] == 2


@run
async def test_rename_remove_and_filters() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    assert (
        await nuki.call("POST", f"/smartlock/{lock}", {"name": "Haustür", "favorite": True})
    ).status == 204
    device = (await nuki.call("GET", f"/smartlock/{lock}")).json
    assert (device["name"], device["favorite"]) == ("Haustür", True)
    assert (await nuki.call("POST", f"/smartlock/{lock}", {"name": "x" * 33})).status == 422
    assert len((await nuki.call("GET", "/smartlock?type=4")).json) == 2
    assert (await nuki.call("GET", "/smartlock?type=2")).json == []
    assert (await nuki.call("DELETE", f"/smartlock/{lock}")).status == 204
    assert (await nuki.call("GET", f"/smartlock/{lock}")).status == 404
    reply = await nuki.call("DELETE", f"/smartlock/{lock}")
    assert (reply.status, reply.json) == (403, E2)


@run
async def test_what_is_not_served_says_so() -> None:
    nuki = await Nuki().enter()
    for method, path in (
        ("GET", "/notification"),
        ("POST", "/service/airbnb/link"),
        ("GET", "/address/1/reservation"),
        ("POST", "/address/token/5f0a/redeem"),
    ):
        reply = await nuki.call(method, path)
        assert reply.status == 501
        assert path in reply.json["error"]
        assert reply.json["error"].endswith(".")
        assert (await nuki.call(method, path, token="")).status == 401
    for path in ("/nothing", "/smartlock/1/action/unlatch", "/account/nothing"):
        assert (await nuki.call("GET", path)).status == 404
    assert (await nuki.call("PATCH", "/smartlock")).status == 405
    assert (await nuki.call("PUT", "/smartlock")).status == 405
    assert (await nuki.call("DELETE", "/notification")).status == 405


@run
async def test_an_account_shows_its_address() -> None:
    nuki = await Nuki().enter()
    account = (await nuki.call("GET", "/account")).json
    assert account["email"] == "ann@example.com"
    assert account["accountId"] == (await nuki.call("GET", "/smartlock")).json[0]["accountId"]
