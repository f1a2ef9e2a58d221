"""Invites: a mail with a code, good for 48 hours and for one redemption."""

import json
import re
from typing import Any

import pytest

from .test_simulator_support import JOHN, Nuki, Reply, e1, request, run
from .test_simulator_users import with_user


async def invited(nuki: Nuki, lock: int, **fields: Any) -> dict[str, Any]:
    """The mail to a new user about a key that the device has by now."""
    user = await with_user(nuki)
    body = {"name": "Guest", "accountUserId": user} | fields
    assert (await nuki.call("PUT", f"/smartlock/{lock}/auth", body)).status == 204
    nuki.clock.move(10)
    return (await inbox(nuki))[-1]


async def inbox(nuki: Nuki) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await nuki.control("GET", "inbox"))["inbox"]
    return found


async def redeem(nuki: Nuki, code: str) -> Reply:
    body = json.dumps({"home": nuki.home, "code": code}).encode()
    return await request(nuki.app, "POST", "/_simulator/redeem", body=body)


@run
async def test_a_key_for_a_user_mails_a_code_of_nine_letters() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    mail = await invited(nuki, lock)
    assert re.fullmatch(r"[A-Z]{3}-[A-Z]{3}-[A-Z]{3}", mail["invite_code"])
    assert (mail["to"], mail["kind"], mail["smartlock_ids"]) == ("guest@example.org", "invite", [lock])
    assert mail["sent_at"] == "2026-03-01T12:00:00.000Z"
    assert mail["expires_at"] == "2026-03-03T12:00:00.000Z"
    assert "Guest" in mail["subject"]
    answers = [await nuki.call("GET", path) for path in (f"/smartlock/{lock}/auth", "/smartlock/log")]
    assert not any(mail["invite_code"] in answer.text for answer in answers)


@run
async def test_a_keypad_code_mails_nothing() -> None:
    nuki = await Nuki().enter()
    user = await with_user(nuki)
    await nuki.created(await nuki.lock_id(), "Guest", 384756, accountUserId=user)
    assert await inbox(nuki) == []


@run
async def test_a_refused_key_and_one_for_nobody_mail_nothing() -> None:
    nuki = await Nuki().enter()
    lock, user = await nuki.lock_id(), await with_user(nuki)
    nobody = await nuki.call("PUT", f"/smartlock/{lock}/auth", {"name": "Guest", "accountUserId": 5})
    assert (nobody.status, nobody.json) == (400, e1("5", "accountUserId"))
    long = {"name": "x" * 33, "accountUserId": user}
    assert (await nuki.call("PUT", f"/smartlock/{lock}/auth", long)).status == 422
    assert await inbox(nuki) == []


@run
async def test_one_code_for_all_devices_of_a_request() -> None:
    nuki = await Nuki(JOHN).enter()
    user = await with_user(nuki)
    locks = [await nuki.lock_id(), await nuki.lock_id(keypad=False)]
    body = {"name": "Guest", "accountUserId": user, "smartlockIds": locks, "remoteAllowed": True}
    assert (await nuki.call("PUT", "/smartlock/auth", body)).status == 204
    nuki.clock.move(10)
    (mail,) = await inbox(nuki)
    assert mail["smartlock_ids"] == locks
    keys = (await redeem(nuki, mail["invite_code"])).json["keys"]
    listed = {one["id"] for one in (await nuki.call("GET", f"/smartlock/auth?accountUserId={user}")).json}
    assert {key["id"] for key in keys} == listed
    assert [key["smartlock_id"] for key in keys] == locks


@run
async def test_redemption_works_once_and_does_not_show() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    mail = await invited(nuki, lock)
    before = (await nuki.call("GET", f"/smartlock/{lock}/auth")).json
    assert before[-1]["lockCount"] == 0
    reply = await redeem(nuki, mail["invite_code"].lower())
    assert (reply.status, [key["smartlock_id"] for key in reply.json["keys"]]) == (200, [lock])
    assert (await nuki.call("GET", f"/smartlock/{lock}/auth")).json == before
    again = await redeem(nuki, mail["invite_code"])
    assert again.status == 409
    assert "already" in again.json["error"]
    assert (await redeem(nuki, "AAA-AAA-AAA")).status == 404


@pytest.mark.parametrize(("seconds", "status"), [(48 * 3600 - 11, 200), (48 * 3600 - 10, 409)])
@run
async def test_an_invite_expires_after_48_hours(seconds: int, status: int) -> None:
    nuki = await Nuki().enter()
    mail = await invited(nuki, await nuki.lock_id())
    nuki.clock.move(seconds)
    reply = await redeem(nuki, mail["invite_code"])
    assert reply.status == status
    assert status == 200 or "48 hours" in reply.json["error"]


@run
async def test_an_invite_is_worth_nothing_without_the_key_on_the_device() -> None:
    nuki = await Nuki().enter()
    lock, user = await nuki.lock_id(), await with_user(nuki)
    await nuki.call("PUT", f"/smartlock/{lock}/auth", {"name": "Guest", "accountUserId": user})
    code = (await inbox(nuki))[0]["invite_code"]
    early = await redeem(nuki, code)
    assert (early.status, "not yet" in early.json["error"]) == (409, True)
    nuki.clock.move(10)
    key = (await nuki.call("GET", f"/smartlock/{lock}/auth")).json[-1]
    assert (await nuki.call("DELETE", f"/smartlock/{lock}/auth/{key['id']}")).status == 204
    nuki.clock.move(10)
    assert (await redeem(nuki, code)).status == 409


@run
async def test_a_redeemed_key_opens_the_door_within_its_limits() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    window = {"allowedFromDate": "2026-03-02T00:00Z", "allowedUntilDate": "2026-03-05T00:00Z"}
    mail = await invited(nuki, lock, allowedWeekDays=127, **window)
    code = {"smartlock_id": lock, "code": mail["invite_code"]}
    assert (await nuki.control("POST", "use_key", **code))["reason"] == "not_redeemed"
    assert (await redeem(nuki, mail["invite_code"])).status == 200
    assert (await nuki.control("POST", "use_key", **code))["reason"] == "not_yet"
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 1
    nuki.clock.move(24 * 3600)
    used = await nuki.control("POST", "use_key", **code)
    assert used == {"accepted": True, "reason": "ok", "name": "Guest"}
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 3
    key = (await nuki.call("GET", f"/smartlock/{lock}/auth")).json[-1]
    line = (await nuki.call("GET", f"/smartlock/{lock}/log")).json[0]
    assert (line["authId"], line["name"], line["action"], line["trigger"]) == (key["id"], "Guest", 1, 0)
    await nuki.control("POST", "use_key", do="lock", **code)
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 1
    await nuki.call("POST", f"/smartlock/{lock}/sync")
    nuki.clock.move(9)
    assert (await nuki.call("GET", f"/smartlock/{lock}/auth")).json[-1]["lockCount"] == 2
    path = f"/smartlock/{lock}/auth/{key['id']}"
    assert (await nuki.call("POST", path, {"enable": False})).status == 204
    nuki.clock.move(10)
    assert (await nuki.control("POST", "use_key", **code))["reason"] == "disabled"
    assert (await nuki.call("DELETE", path)).status == 204
    nuki.clock.move(10)
    assert (await nuki.control("POST", "use_key", **code))["reason"] == "no_key"


@run
async def test_a_shared_key_is_in_the_answer_and_mails_nothing() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    path = f"/smartlock/{lock}/auth/advanced/sharedkey"
    reply = await nuki.call("PUT", path, {"name": "Shared"})
    assert reply.status == 405
    reply = await nuki.call("POST", path, {"name": "Shared", "allowedWeekDays": 127})
    (key,) = reply.json
    assert (reply.status, key["name"], key["type"], key["allowedWeekDays"]) == (200, "Shared", 0, 127)
    assert key["id"] not in (await nuki.call("GET", f"/smartlock/{lock}/auth")).text
    nuki.clock.move(10)
    held = (await nuki.call("GET", f"/smartlock/{lock}/auth/{key['id']}")).json
    assert held["authId"] > 0
    assert await inbox(nuki) == []
    for body, status in (({}, 400), ({"name": "x" * 33}, 422), ({"name": "x", "accountUserId": 5}, 400)):
        assert (await nuki.call("POST", path, body)).status == status
