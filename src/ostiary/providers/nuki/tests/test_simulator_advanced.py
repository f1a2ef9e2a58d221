"""The Advanced API: calls whose result comes by webhook (8.5)."""

import re
from typing import Any

import pytest

from ostiary.providers.nuki.simulator.webhooks import key_id

from .test_simulator_support import CLIENT_ID, run
from .told import told


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("lock/advanced", None, "LockAction"),
        ("unlock/advanced", None, "UnlockAction"),
        ("advanced", {"action": 4}, "SmartlockAction"),
    ],
)
@pytest.mark.parametrize(
    ("trouble", "error"), [({}, None), ({"online": False}, "ff"), ({"jammed": True}, "42")]
)
@run
async def test_the_result_of_an_action_comes_by_webhook(
    path: str, body: dict[str, Any] | None, kind: str, trouble: dict[str, Any], error: str | None
) -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_LOGS"])
        lock = await nuki.lock_id()
        if trouble:
            await nuki.control("POST", "device", smartlock_id=lock, **trouble)
        reply = await nuki.call("POST", f"/smartlock/{lock}/action/{path}", body)
        assert reply.status == 200
        assert re.fullmatch(r"[0-9a-f]{24}", reply.json["requestId"])
        assert (await nuki.call("POST", f"/smartlock/{lock}/action/{path}", body)).status == 423
        await nuki.moved(10)
        wanted = {
            "type": kind,
            "requestId": reply.json["requestId"],
            "success": error is None,
            "smartlockId": lock,
        }
        assert nuki.receiver.bodies(kind) == [{**wanted, **({"errorCode": error} if error else {})}]
        logged = (await nuki.call("GET", f"/api/key/{key_id(CLIENT_ID)}/webhook/logs")).json
        assert logged[0]["requestId"] == reply.json["requestId"]


@run
async def test_the_result_of_an_auth_comes_for_all_devices_together() -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_LOGS"])
        locks, user = [await nuki.lock_id(), await nuki.lock_id(keypad=False)], await nuki.user()
        await nuki.control("POST", "device", smartlock_id=locks[1], online=False)
        wish = {
            "name": "Ann",
            "type": "0",
            "accountUserId": user,
            "smartlockIds": locks,
            "remoteAllowed": True,
        }
        reply = await nuki.call("PUT", "/smartlock/auth/advanced", wish)
        assert (reply.status, list(reply.json)) == (200, ["requestId"])
        await nuki.moved(10)
        (body,) = nuki.receiver.bodies("AuthCreation")
        assert (body["requestId"], body["success"], body["errorCode"]) == (
            reply.json["requestId"],
            False,
            "ff",
        )
        assert "inviteCode" not in body
        by_lock = {one["smartlockId"]: one for one in body["detail"]}
        assert by_lock[locks[0]]["success"] is True
        held = (await nuki.call("GET", f"/smartlock/{locks[0]}/auth/{by_lock[locks[0]]['id']}")).json
        assert held["authId"] == by_lock[locks[0]]["authId"]
        assert (by_lock[locks[1]]["errorCode"], "authId" in by_lock[locks[1]]) == ("ff", False)
        reply = await nuki.call("PUT", "/smartlock/auth/advanced", {**wish, "smartlockIds": locks[:1]})
        await nuki.moved(10)
        (body,) = nuki.receiver.bodies("AuthCreation")
        assert re.fullmatch(r"([A-Z]{3}-){2}[A-Z]{3}", body["inviteCode"])
        assert (await nuki.control("GET", "inbox"))["inbox"] == [], "the integrator sends it"
        await nuki.control("POST", "redeem", code=body["inviteCode"])


@run
async def test_a_full_lock_says_so_in_the_result() -> None:
    async with told() as nuki:
        await nuki.register()
        lock, user = await nuki.lock_id(), await nuki.user()
        wish = {"name": "Ann", "accountUserId": user, "smartlockIds": [lock], "remoteAllowed": True}
        for _ in range(200):
            await nuki.call("PUT", "/smartlock/auth/advanced", wish)
        await nuki.moved(10)
        bodies = nuki.receiver.bodies("AuthCreation")
        assert len(bodies) == 200
        assert {one.get("errorCode") for one in bodies} == {None, "13"}


@run
async def test_advanced_auths_know_no_codes_and_name_locks_without_hosting() -> None:
    async with told() as nuki:
        await nuki.register()
        lock, user = await nuki.lock_id(), await nuki.user()
        wish = {"name": "Ann", "accountUserId": user, "smartlockIds": [lock], "remoteAllowed": True}
        for more, name in (
            ({"type": 13}, "type"),
            ({"code": 384756}, "code"),
            ({"accountUserId": None}, "accountUserId"),
        ):
            reply = await nuki.call("PUT", "/smartlock/auth/advanced", {**wish, **more})
            assert (reply.status, f"'{name}'" in reply.json["detailMessage"]) == (400, True)
        await nuki.control("POST", "device", smartlock_id=lock, subscription=False)
        reply = await nuki.call("PUT", "/smartlock/auth/advanced", wish)
        assert reply.status == 200
        assert str(lock) in reply.json["error"]
        await nuki.moved(10)
        assert nuki.receiver.bodies("AuthCreation") == []
