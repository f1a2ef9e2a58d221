"""What people do at the door with keys, buttons, fobs, fingers and bells, and what the log says of it."""

import json
from typing import Any

import pytest

from ostiary.providers.nuki.simulator import views

from .test_simulator_support import JOHN, Nuki, request, run


async def _log(nuki: Nuki, lock: int) -> dict[str, Any]:
    found: dict[str, Any] = (await nuki.call("GET", f"/smartlock/{lock}/log")).json[0]
    return found


async def _state(nuki: Nuki, lock: int) -> dict[str, Any]:
    found: dict[str, Any] = (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]
    return found


async def _refused(nuki: Nuki, verb: str, **fields: Any) -> tuple[int, str]:
    body = json.dumps({"home": nuki.home, **fields}).encode()
    reply = await request(nuki.app, "POST", f"/_simulator/{verb}", body=body)
    return reply.status, reply.json["error"]


@pytest.mark.parametrize(
    ("do", "action", "trigger", "state"),
    [("unlock", 1, 1, 3), ("unlatch", 3, 1, 3), ("button", 1, 2, 3), ("double_button", 4, 2, 1)],
)
@run
async def test_by_hand_and_with_the_button(do: str, action: int, trigger: int, state: int) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    assert (await nuki.control("POST", "touch", smartlock_id=lock, do=do))["done"]
    line, shown = await _log(nuki, lock), await _state(nuki, lock)
    assert (line["action"], line["trigger"], line["state"], line["name"]) == (action, trigger, 0, "")
    assert (shown["state"], shown["lastAction"], shown["trigger"]) == (state, action, trigger)


@run
async def test_auto_lock_locks_what_is_unlocked_once() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    again = await nuki.control("POST", "touch", smartlock_id=lock, do="auto_lock")
    assert (again["done"], again["reason"]) == (False, "already")
    await nuki.control("POST", "touch", smartlock_id=lock, do="unlock")
    assert (await nuki.control("POST", "touch", smartlock_id=lock, do="auto_lock"))["done"]
    line = await _log(nuki, lock)
    assert (line["action"], line["trigger"]) == (2, 6)
    assert (await _state(nuki, lock))["state"] == 1


@run
async def test_a_fob_and_an_app_act_in_their_own_name_and_within_their_limits() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    fob = await nuki.control("POST", "owner/auths", smartlock_id=lock, do="add", type=2, name="Blue fob")
    app = await nuki.control("POST", "owner/auths", smartlock_id=lock, do="add", name="Anna")
    assert (await nuki.control("POST", "touch", smartlock_id=lock, do="fob"))["done"]
    line = await _log(nuki, lock)
    assert (line["action"], line["trigger"], line["authId"]) == (1, 0, fob["auth"]["id"])
    assert (await nuki.control("POST", "touch", smartlock_id=lock, do="fob", presses=2))["state"] == 1
    await nuki.control("POST", "touch", smartlock_id=lock, do="app", by="Anna", action=3)
    line = await _log(nuki, lock)
    assert (line["action"], line["name"], line["authId"]) == (3, "Anna", app["auth"]["id"])
    await nuki.control("POST", "owner/auths", smartlock_id=lock, do="change", name="Blue fob", enabled=False)
    refused = await nuki.control("POST", "touch", smartlock_id=lock, do="fob")
    assert (refused["done"], refused["reason"]) == (False, "disabled")
    auths = {one["name"]: one for one in (await nuki.control("GET", "truth"))["devices"][0]["auths"]}
    assert (auths["Blue fob"]["lockCount"], auths["Anna"]["lockCount"]) == (2, 1)


@run
async def test_a_wrong_code_shows_for_a_moment_and_the_bolt_stays() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "enter_code", smartlock_id=lock, code="999999")
    line = await _log(nuki, lock)
    assert (line["state"], line["trigger"], line["source"]) == (224, 255, 1)
    assert (await _state(nuki, lock))["state"] == 224
    assert (await nuki.control("GET", "truth"))["devices"][0]["locked"] is True
    nuki.clock.move(2)
    await nuki.control("POST", "enter_code", smartlock_id=lock, code="999999")
    nuki.clock.move(2)
    assert (await _state(nuki, lock))["state"] == 224  # the second one counts anew
    nuki.clock.move(2)
    assert (await _state(nuki, lock))["state"] == 1
    await nuki.created(lock, "Guest", 384756)
    await nuki.control("POST", "enter_code", smartlock_id=lock, code="999999")
    await nuki.control("POST", "enter_code", smartlock_id=lock, code="384756")
    assert (await _state(nuki, lock))["state"] == 3


@run
async def test_a_keypad_can_report_an_error() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "touch", smartlock_id=lock, do="keypad_error")
    line = await _log(nuki, lock)
    assert (line["trigger"], line["state"]) == (253, 255)
    assert (await _state(nuki, lock))["state"] == 1


@run
async def test_a_finger_belongs_to_a_code() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    fields = {"smartlock_id": lock, "fingerprint": "Thumb"}
    family = {"name": "Family", "code": 495867, "fingerprints": {"1": "Thumb"}}
    await nuki.control("POST", "owner/codes", smartlock_id=lock, do="add", **family)
    assert (await nuki.control("POST", "lay_finger", **fields))["reason"] == "no_keypad"  # a Keypad 1
    await nuki.control("POST", "device", smartlock_id=lock, keypad2_paired=True)
    assert await nuki.control("POST", "lay_finger", **fields) == {
        "accepted": True,
        "reason": "ok",
        "name": "Family",
    }
    assert (await _log(nuki, lock))["source"] == 2
    await nuki.control("POST", "sync", smartlock_id=lock)
    assert (await nuki.codes(lock))["Family"]["fingerprints"] == {"1": "Thumb"}
    wrong = await nuki.control("POST", "lay_finger", smartlock_id=lock, fingerprint="Toe")
    assert wrong["reason"] == "unknown_finger"
    assert ((await _log(nuki, lock))["state"], (await _state(nuki, lock))["state"]) == (225, 225)


@run
async def test_a_jammed_lock_stays_where_it_is_by_any_way() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.created(lock, "Guest", 384756)
    await nuki.control("POST", "device", smartlock_id=lock, jammed=True)
    turned = await nuki.control("POST", "touch", smartlock_id=lock, do="unlock")
    assert (turned["done"], turned["reason"], turned["state"]) == (False, "jammed", 254)
    await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    assert ((await _log(nuki, lock))["state"], (await _state(nuki, lock))["state"]) == (1, 254)
    await nuki.control("POST", "device", smartlock_id=lock, jammed=False)
    assert (await nuki.control("POST", "touch", smartlock_id=lock, do="lock"))["state"] == 1


@run
async def test_an_opener_opens_to_the_bell_only_when_it_was_told_to() -> None:
    nuki = await Nuki(JOHN).enter()
    opener = await nuki.lock_id(keypad=False, kind=2)
    rung = await nuki.control("POST", "touch", smartlock_id=opener, do="ring")
    assert (rung["done"], rung["reason"]) == (False, "nobody_opens")
    line = await _log(nuki, opener)
    assert (line["action"], line["openerLog"]["source"], line["openerLog"]["activeRto"]) == (224, 0, False)
    await nuki.control("POST", "touch", smartlock_id=opener, do="button")  # toggles ring to open
    line = await _log(nuki, opener)
    assert (line["action"], line["trigger"], line["openerLog"]["source"]) == (1, 2, 3)
    assert (await _state(nuki, opener))["state"] == 3
    assert (await nuki.control("POST", "touch", smartlock_id=opener, do="ring"))["done"]
    log = (await nuki.call("GET", f"/smartlock/{opener}/log?limit=2")).json
    assert {(line["action"], line["openerLog"]["activeRto"]) for line in log} == {(3, True), (224, True)}
    nuki.clock.move(21 * 60)
    assert not (await nuki.control("POST", "touch", smartlock_id=opener, do="ring"))["done"]
    await nuki.control("POST", "touch", smartlock_id=opener, do="double_button")  # continuous mode
    assert (await _state(nuki, opener))["mode"] == 3
    assert (await nuki.control("POST", "touch", smartlock_id=opener, do="ring"))["done"]
    await nuki.control("POST", "touch", smartlock_id=opener, do="double_button")
    assert (await _state(nuki, opener))["mode"] == 2


@run
async def test_a_door_that_stands_open_is_told_of() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    assert (await _refused(nuki, "touch", smartlock_id=lock, do="ajar"))[0] == 409
    await nuki.control("POST", "device", smartlock_id=lock, door="open")
    assert (await _log(nuki, lock))["action"] == 240
    await nuki.control("POST", "touch", smartlock_id=lock, do="ajar", minutes=7)
    line = await _log(nuki, lock)
    assert (line["action"], line["ajarTimeout"]) == (208, 7)
    await nuki.control("POST", "device", smartlock_id=lock, door="closed")
    assert (await _log(nuki, lock))["action"] == 241


@run
async def test_what_cannot_be_done_says_why() -> None:
    nuki = await Nuki(JOHN).enter()
    opener, lock = await nuki.lock_id(keypad=False, kind=2), await nuki.lock_id()
    for fields, status, words in (
        ({"smartlock_id": opener, "do": "lock"}, 409, "no bolt"),
        ({"smartlock_id": lock, "do": "ring"}, 409, "Opener"),
        ({"smartlock_id": lock, "do": "fob"}, 404, "fob"),
        ({"smartlock_id": lock, "do": "app", "by": "Nuki Web"}, 404, "app"),
        ({"smartlock_id": opener, "do": "keypad_error"}, 409, "no keypad"),
        ({"smartlock_id": lock, "do": "kick"}, 400, "kick"),
    ):
        found = await _refused(nuki, "touch", **fields)
        assert (found[0], words in found[1]) == (status, True), found


@run
async def test_ring_to_open_may_end_with_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a setting (2.6), which is off unless somebody changes it."""
    settings = {**views._opener_config(), "disableRtoAfterRing": True}
    monkeypatch.setattr(views, "_opener_config", lambda: settings)
    nuki = await Nuki(JOHN).enter()
    opener = await nuki.lock_id(keypad=False, kind=2)
    await nuki.control("POST", "touch", smartlock_id=opener, do="button")
    assert (await nuki.control("POST", "touch", smartlock_id=opener, do="ring"))["done"]
    state = await _state(nuki, opener)
    assert (state["state"], "ringToOpenEnd" in state) == (1, False)
    assert not (await nuki.control("POST", "touch", smartlock_id=opener, do="ring"))["done"]
