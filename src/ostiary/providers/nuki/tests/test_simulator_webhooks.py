"""The simulator's webhooks: who may have them, when they come, what they say, and who signs them."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ostiary.providers.nuki.simulator import FileHomes, Simulator
from ostiary.providers.nuki.simulator import hooks as hooks_module
from ostiary.providers.nuki.simulator.founding import DEVELOPER
from ostiary.providers.nuki.simulator.webhooks import key_id

from .test_simulator_support import CLIENT_ID, CLIENT_SECRET, E2, HOME, e1, run
from .told import TARGET, Told, told

# --- registering ----------------------------------------------------------------------------------------


@run
async def test_a_secret_is_told_once_and_several_stand_side_by_side() -> None:
    async with told() as nuki:
        first = await nuki.register(features=["DEVICE_LOGS", "DEVICE_STATUS"])
        second = await nuki.register(features=["DEVICE_LOGS"])
        assert list(first) == ["id", "secret", "webhookUrl", "webhookFeatures"]
        assert re.fullmatch(r"[A-Za-z0-9]{32}", first["secret"])
        assert first["secret"] != second["secret"]
        assert first["webhookFeatures"] == ["DEVICE_STATUS", "DEVICE_LOGS"]
        listed = (await nuki.call("GET", "/api/decentralWebhook")).json
        assert listed == [{k: v for k, v in one.items() if k != "secret"} for one in (first, second)]
        path = f"/api/decentralWebhook/{first['id']}"
        assert (await nuki.call("DELETE", path)).status == 204
        assert [one["id"] for one in (await nuki.call("GET", "/api/decentralWebhook")).json] == [second["id"]]
        gone = await nuki.call("DELETE", path)
        assert (gone.status, gone.json) == (403, E2)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://a.example.com/x", True),
        ("http://127.0.0.1:8420/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:1/x", True),
        ("http://nuki.test/x", True),  # the simulator's own host
        ("http://a.example.com/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("ftp://127.0.0.1/x", False),
        ("https://", False),
        ("https://[", False),
        ("", False),
        (None, False),
    ],
)
@run
async def test_addresses_are_https_or_near(url: str | None, is_taken: bool) -> None:
    async with told() as nuki:
        wanted = {"webhookUrl": url, "webhookFeatures": ["DEVICE_LOGS"]}
        reply = await nuki.call("PUT", "/api/decentralWebhook", wanted)
        if is_taken:
            assert reply.status == 200
        else:
            assert (reply.status, reply.json) == (400, e1("null" if url is None else url, "webhookUrl"))


@pytest.mark.parametrize("features", [None, [], ["DEVICE_AUTH"], "DEVICE_LOGS"])
@run
async def test_features_have_to_be_known_ones(features: list[str] | str | None) -> None:
    async with told() as nuki:
        reply = await nuki.call(
            "PUT", "/api/decentralWebhook", {"webhookUrl": TARGET, "webhookFeatures": features}
        )
        assert reply.status == 400
        assert "webhookFeatures" in reply.json["detailMessage"]


@run
async def test_who_may_not() -> None:
    """A token without the scope, an API token, and everybody while the Advanced API is not active."""
    async with told() as nuki:
        lock = await nuki.lock_id()
        await nuki.register()
        paths = [
            ("GET", "/api/decentralWebhook", None),
            ("POST", f"/smartlock/{lock}/action/lock/advanced", None),
            ("POST", f"/smartlock/{lock}/action/advanced", {"action": 1}),
            ("PUT", "/smartlock/auth/advanced", {"name": "Ann"}),
        ]
        api_token = await nuki.app.issue_api_token(HOME)
        for method, path, body in paths:
            assert (await nuki.call(method, path, body, token=api_token)).status == 401
        plain = await nuki.log_in("account smartlock")
        assert (await nuki.call("GET", "/api/decentralWebhook", token=plain)).status == 401
        await nuki.control("POST", "homes", home=DEVELOPER)
        await nuki.control("POST", "integration", home=DEVELOPER, status="APPLIED")
        for method, path, body in paths:
            reply = await nuki.call(method, path, body)
            assert (reply.status, reply.json) == (403, E2)
        nuki.receiver.taken.clear()
        await nuki.control("POST", "device", smartlock_id=lock, locked=False)
        assert await nuki.settled() == []


# --- what comes -----------------------------------------------------------------------------------------


@run
async def test_both_signatures_are_over_the_raw_bytes() -> None:
    async with told() as nuki:
        hook = await nuki.register()
        await nuki.control("POST", "device", smartlock_id=await nuki.lock_id(), locked=False)
        await nuki.settled()
        sent = nuki.receiver.taken[0]
        assert (sent.method, sent.url) == ("POST", TARGET)
        assert sent.headers["Content-Type"] == "application/json; charset=UTF-8"
        key = hook["secret"].encode()
        assert sent.headers["X-Nuki-Signature-SHA256"] == hmac.new(key, sent.body, hashlib.sha256).hexdigest()
        assert sent.headers["X-Nuki-Signature"] == hmac.new(key, sent.body, hashlib.sha1).hexdigest()


@run
async def test_a_turn_of_the_key_tells_state_and_log_at_once_to_who_asked() -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_STATUS", "DEVICE_LOGS"])
        await nuki.register("https://other.example.com", ["DEVICE_CONFIG"])
        lock = await nuki.lock_id()
        await nuki.control("POST", "device", smartlock_id=lock, locked=False)
        assert await nuki.settled() == ["DEVICE_STATUS", "DEVICE_LOGS"]
        status, entry = nuki.receiver.bodies()
        shown = (await nuki.call("GET", f"/smartlock/{lock}")).json
        assert list(status) == ["feature", "smartlockId", "state", "serverState", "adminPinState"]
        assert (status["smartlockId"], status["state"]) == (lock, shown["state"])
        assert status["state"]["state"] == 3
        assert entry["smartlockLog"]["action"] == 1
        assert entry["smartlockLog"]["trigger"] == 1
        await nuki.control("POST", "device", smartlock_id=lock, locked=False)
        assert len(nuki.receiver.taken) == 2, "nothing has changed"


@run
async def test_an_action_tells_every_step_without_anybody_asking() -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_STATUS", "DEVICE_LOGS"])
        lock = await nuki.lock_id()
        assert (await nuki.call("POST", f"/smartlock/{lock}/action/unlock")).status == 204
        assert await nuki.settled() == []
        assert await nuki.moved(10) == ["DEVICE_STATUS", "DEVICE_STATUS", "DEVICE_LOGS"]
        assert [one["state"]["state"] for one in nuki.receiver.bodies("DEVICE_STATUS")] == [2, 3]


@run
async def test_a_code_of_the_api_is_told_with_its_digits_when_it_is_there_and_when_it_goes() -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_AUTHS"])
        lock = await nuki.lock_id()
        assert (await nuki.create(lock, "Guest", 384756)).status == 204
        assert await nuki.moved(0) == []
        assert await nuki.moved(10) == ["DEVICE_AUTHS"]
        made = nuki.receiver.bodies()[0]
        assert (made["deleted"], made["smartlockAuth"]["code"]) == (False, 384756)
        auth_id = made["smartlockAuth"]["id"]
        await nuki.call("POST", f"/smartlock/{lock}/auth/{auth_id}", {"name": "Other"})
        assert await nuki.moved(0) == [], "that work has begun is no change"
        await nuki.moved(10)
        assert [one["smartlockAuth"]["name"] for one in nuki.receiver.bodies()] == ["Other"]
        await nuki.call("DELETE", f"/smartlock/{lock}/auth/{auth_id}")
        await nuki.moved(10)
        assert [(one["deleted"], one["smartlockAuth"]["id"]) for one in nuki.receiver.bodies()] == [
            (True, auth_id)
        ]


@run
async def test_what_the_owner_does_in_the_app_is_told_at_the_next_sync() -> None:
    async with told() as nuki:
        await nuki.register()
        lock = await nuki.lock_id()
        await nuki.control("POST", "owner/codes", smartlock_id=lock, do="add", name="Mum", code=498882)
        await nuki.control("POST", "device", smartlock_id=lock, keypad_paired=False)
        assert "DEVICE_AUTHS" not in await nuki.settled()
        assert "DEVICE_CONFIG" not in await nuki.settled()
        nuki.receiver.taken.clear()
        await nuki.call("POST", f"/smartlock/{lock}/sync")
        found = await nuki.moved(10)
        assert sorted(set(found)) == ["DEVICE_AUTHS", "DEVICE_CONFIG", "DEVICE_MASTERDATA", "DEVICE_STATUS"]
        codes = [one for one in nuki.receiver.bodies("DEVICE_AUTHS") if one["smartlockAuth"]["type"] == 13]
        assert [(one["deleted"], one["smartlockAuth"]["name"]) for one in codes] == [(False, "Mum")]
        assert nuki.receiver.bodies("DEVICE_CONFIG")[0]["config"]["keypadPaired"] is False
        found = await nuki.moved(
            25 * 3600
        )  # the daily sync: nothing has changed, and it is told all the same
        assert sorted(set(found)) == ["DEVICE_CONFIG", "DEVICE_MASTERDATA"]


@run
async def test_masterdata_is_told_when_a_device_is_renamed_and_when_it_goes() -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_MASTERDATA", "DEVICE_AUTHS", "DEVICE_STATUS"])
        lock = await nuki.lock_id()
        await nuki.call("POST", f"/smartlock/{lock}", {"name": "Back door"})
        assert await nuki.settled() == ["DEVICE_MASTERDATA"]
        body = nuki.receiver.bodies()[0]
        assert (body["name"], body["deleted"], body["smartlockId"]) == ("Back door", False, lock)
        await nuki.call("DELETE", f"/smartlock/{lock}")
        await nuki.settled()
        assert [one["deleted"] for one in nuki.receiver.bodies()] == [False, True]
        await nuki.control("POST", "device", smartlock_id=await nuki.lock_id(keypad=False), online=False)
        assert (await nuki.settled())[2:] == ["DEVICE_STATUS", "DEVICE_MASTERDATA"]
        assert nuki.receiver.bodies("DEVICE_STATUS")[0]["serverState"] == 4


@run
async def test_account_users_are_told_when_they_come_change_and_go() -> None:
    async with told() as nuki:
        await nuki.register(features=["ACCOUNT_USER"])
        made = await nuki.call("PUT", "/account/user", {"email": "guest@example.com", "name": "Guest"})
        path = f"/account/user/{made.json['accountUserId']}"
        assert await nuki.settled() == ["ACCOUNT_USER"]
        assert nuki.receiver.bodies()[0] == {
            "feature": "ACCOUNT_USER",
            "deleted": False,
            "accountUser": made.json,
        }
        await nuki.call("POST", path, {"name": "Best guest"})
        await nuki.settled()
        assert nuki.receiver.bodies()[1]["accountUser"]["name"] == "Best guest"
        await nuki.call("DELETE", path)
        await nuki.settled()
        await nuki.moved(30)
        assert [one["deleted"] for one in nuki.receiver.bodies()] == [True]


# --- central --------------------------------------------------------------------------------------------


async def _developer(nuki: Told) -> tuple[str, str]:
    """A token of the developer's, and the path of the key."""
    token = await nuki.log_in("account", DEVELOPER)
    return token, f"/api/key/{key_id(CLIENT_ID)}/advanced"


@run
async def test_central_webhooks_go_to_the_integrator_for_who_granted_them() -> None:
    async with told() as nuki:
        token, path = await _developer(nuki)
        shown = (await nuki.call("GET", path, token=token)).json
        assert (shown["status"], shown["secret"], shown["webhookStatus"]) == (
            "ACTIVE",
            CLIENT_SECRET,
            "ACTIVE",
        )
        wanted = {"webhookUrl": "https://central.example.com", "webhookFeatures": ["DEVICE_STATUS"]}
        assert (await nuki.call("POST", path, wanted, token=token)).status == 204
        lock = await nuki.lock_id()
        await nuki.control("POST", "device", smartlock_id=lock, locked=False)
        assert await nuki.settled() == [], "the owner has not granted it"
        await nuki.log_in("smartlock webhook.central")
        await nuki.control("POST", "device", smartlock_id=lock, locked=True)
        assert await nuki.settled() == ["DEVICE_STATUS"], "and the log was not asked for"
        sent = nuki.receiver.taken[0]
        assert sent.url == "https://central.example.com"
        signed = hmac.new(CLIENT_SECRET.encode(), sent.body, hashlib.sha256).hexdigest()
        assert sent.headers["X-Nuki-Signature-SHA256"] == signed


@run
async def test_the_advanced_key_is_applied_for_changed_and_withdrawn() -> None:
    async with told() as nuki:
        token, path = await _developer(nuki)
        body = {
            "name": "Acme",
            "country": "CH",
            "description": "Holiday flats",
            "type": "SHORT_RENTAL",
            "url": "https://acme.example.com",
            "email": "dev@acme.example.com",
            "webhookUrl": TARGET,
            "webhookFeatures": ["DEVICE_LOGS"],
            "restricted": False,
        }
        assert (await nuki.call("PUT", path, body, token=token)).status == 204
        shown = (await nuki.call("GET", path, token=token)).json
        assert {name: shown[name] for name in body} == body
        assert (await nuki.call("PUT", path, {**body, "type": "FUN"}, token=token)).status == 400
        assert (await nuki.call("PUT", path, {**body, "name": ""}, token=token)).status == 400
        assert (await nuki.call("DELETE", path, token=token)).status == 204
        assert (await nuki.call("GET", path, token=token)).status == 404
        assert (await nuki.call("GET", "/api/decentralWebhook")).status == 403
        assert (await nuki.call("GET", "/api/key/1/advanced", token=token)).status == 403
        assert (await nuki.call("GET", path, token=nuki.token)).status == 404, (
            "anybody with `account` may ask"
        )


# --- delivery -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "succeeded"),
    [(200, True), (202, True), (204, True), (201, False), (302, False), (None, False)],
)
@run
async def test_a_delivery_is_made_once_and_logged(status: int | None, succeeded: bool) -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_STATUS"])
        nuki.receiver.status = status
        await nuki.control("POST", "device", smartlock_id=await nuki.lock_id(), locked=False)
        await nuki.settled()
        await nuki.moved(1800)
        assert nuki.receiver.taken == [], "no retry"
        entry = (await nuki.call("GET", f"/api/key/{key_id(CLIENT_ID)}/webhook/logs")).json[0]
        assert (entry["succeeded"], entry.get("responseStatus")) == (succeeded, status)
        assert entry["created"].endswith(".000Z")
        assert entry["response"]["path"] == TARGET
        assert entry["response"]["body"]["feature"] == "DEVICE_STATUS"
        assert set(entry["response"]["headers"]) == {"X-Nuki-Signature", "X-Nuki-Signature-SHA256"}
        assert "request" not in entry


@run
async def test_the_log_keeps_300_and_is_read_in_pages() -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_STATUS"])
        lock = await nuki.lock_id()
        for number in range(310):
            nuki.clock.move(1)
            await nuki.control("POST", "device", smartlock_id=lock, battery=number % 100)
            await nuki.settled()
        path = f"/api/key/{key_id(CLIENT_ID)}/webhook/logs"
        for asked, count in (
            ("", 50),
            ("?limit=100", 100),
            ("?limit=101", 50),
            ("?limit=x", 50),
            ("?limit=1", 1),
        ):
            assert len((await nuki.call("GET", path + asked)).json) == count
        seen: list[str] = []
        while page := (await nuki.call("GET", f"{path}?limit=100{f'&id={seen[-1]}' if seen else ''}")).json:
            seen += [one["id"] for one in page]
        assert len(seen) == len(set(seen)) == 300


@run
async def test_deliveries_stop_after_a_day_without_any_success_until_they_are_reactivated() -> None:
    async with told() as nuki:
        await nuki.register(features=["DEVICE_STATUS"])
        token, path = await _developer(nuki)
        lock = await nuki.lock_id()

        async def turn(status: int, seconds: float, *, locked: bool) -> int:
            nuki.receiver.status = status
            nuki.clock.move(seconds)
            nuki.token = await nuki.log_in()
            nuki.receiver.taken.clear()
            await nuki.control("POST", "device", smartlock_id=lock, locked=locked)
            await nuki.settled()
            return len(nuki.receiver.taken)

        assert await turn(500, 0, locked=False) == 1
        assert await turn(200, 23 * 3600, locked=True) == 1
        assert await turn(500, 2 * 3600, locked=False) == 1
        assert await turn(500, 23 * 3600, locked=True) == 1
        assert await turn(500, 2 * 3600, locked=False) == 1
        token, _ = await _developer(nuki)
        assert (await nuki.call("GET", path, token=token)).json["webhookStatus"] == "DEACTIVATED"
        assert await turn(200, 60, locked=True) == 0
        assert (await nuki.call("POST", f"{path}/reactivate", token=token)).status == 204
        assert await turn(200, 60, locked=False) == 1


@pytest.mark.parametrize(
    ("fault", "count", "is_signed"),
    [("webhook_missing", 0, True), ("webhook_twice", 2, True), ("webhook_forged", 1, False)],
)
@run
async def test_faults(fault: str, count: int, is_signed: bool) -> None:
    async with told() as nuki:
        hook = await nuki.register()
        await nuki.control("POST", "faults", fault=fault, times=1, match={"route": "/webhook/DEVICE_STATUS"})
        await nuki.control("POST", "device", smartlock_id=await nuki.lock_id(), locked=False)
        found = await nuki.settled()
        assert (found.count("DEVICE_STATUS"), found.count("DEVICE_LOGS")) == (count, 1)
        for sent in nuki.receiver.taken[:-1]:
            signed = hmac.new(hook["secret"].encode(), sent.body, hashlib.sha256).hexdigest()
            assert (sent.headers["X-Nuki-Signature-SHA256"] == signed) is is_signed


@run
async def test_a_simulator_that_reaches_nobody_logs_what_it_did_not_send() -> None:
    async with told() as nuki:
        nuki.app.courier = None
        await nuki.register(features=["DEVICE_STATUS"])
        await nuki.control("POST", "device", smartlock_id=await nuki.lock_id(), locked=False)
        logged = (await nuki.call("GET", f"/api/key/{key_id(CLIENT_ID)}/webhook/logs")).json
        assert [one["succeeded"] for one in logged] == [False]
        assert await nuki.app.look(HOME, lambda home: list(home.outbox)) == []


@run
async def test_what_a_life_left_behind_is_delivered_by_the_next_and_never_twice(tmp_path: Path) -> None:
    homes = FileHomes(tmp_path / "homes")
    async with told(homes=homes) as nuki:
        await nuki.register(features=["DEVICE_STATUS"])
        courier, nuki.app.courier = nuki.app.courier, None
        nuki.app.carry_out = _as_if_it_would_go_out(nuki.app)  # type: ignore[method-assign]  # a life that ended here
        await nuki.control("POST", "device", smartlock_id=await nuki.lock_id(), locked=False)
        nuki.app.courier = courier
    again = Told(homes=FileHomes(tmp_path / "homes"))
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    answered = []

    async def receive() -> Any:
        if len(messages) == 1:
            assert await again.settled() == ["DEVICE_STATUS"]
        return messages.pop(0)

    async def send(message: Any) -> None:
        answered.append(message["type"])

    await again.app({"type": "lifespan"}, receive, send)
    assert answered == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    third = Told(homes=FileHomes(tmp_path / "homes"))
    await third.app.begin()
    assert await third.settled() == []
    await third.app.close()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


def _as_if_it_would_go_out(app: Simulator) -> Callable[..., Any]:
    def carry_out(home: Any, now: Any, work: Any) -> Any:
        seen = hooks_module.look(home)
        result = work(home, now)
        hooks_module.tell(home, seen, now)
        return result

    return carry_out


@run
async def test_a_home_wakes_itself_in_real_time() -> None:
    """Nobody asks, nobody moves the clock: the courier does."""
    async with told() as nuki:
        await nuki.register(features=["DEVICE_STATUS"])
        lock = await nuki.lock_id()
        await nuki.call("POST", f"/smartlock/{lock}/action/unlock")
        nuki.clock.move(10)
        for _ in range(300):
            if len(nuki.receiver.taken) == 2:
                break
            await asyncio.sleep(0.01)
        assert [one["state"]["state"] for one in nuki.receiver.bodies()] == [2, 3]
