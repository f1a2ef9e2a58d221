"""Vendors that tell: what happens at a door is known at once, and nothing that is told is believed."""

import asyncio
import hashlib
import hmac
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from ostiary import app, store
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.domain.devices import NOTICES_APART
from ostiary.engine.receive import MAX_BODY
from ostiary.store.tx import Tx

from .. import processes
from ..house import fixed, settings_for
from .told import LOGIN, Told, a_house, a_vendor, body_of

SIGNATURE = "X-Nuki-Signature-SHA256"


async def turn(told: Told, device: dict[str, Any], *, locked: bool) -> None:
    """By hand, at the door."""
    lock = int(await vendor_id(told, device))
    await told.vendor.control("POST", "device", smartlock_id=lock, locked=locked)


async def vendor_id(told: Told, device: dict[str, Any]) -> str:
    for found in (await told.vendor.control("GET", "truth"))["devices"]:
        if found["name"] == device["properties"]["name"]:
            return str(found["smartlock_id"])
    raise AssertionError("no such lock")


async def path_and_secret(told: Told) -> tuple[str, str]:
    hook = (await told.vendor.hooks())[0]
    return urlsplit(hook.url).path, hook.secret


def sign(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def test_a_lock_turned_by_hand_is_known_at_once(tmp_path: Path, database_url: str) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor, database_url) as told:
        device = await told.connect()
        account = await told.registered()
        assert account.poll_at is not None
        assert (account.poll_at - account.created_at).total_seconds() > 0
        lists = await vendor.asked("/smartlock")
        began = time.monotonic()
        for locked in (False, True):
            await turn(told, device, locked=locked)
            await told.until(
                lambda: told.is_locked(device["device_id"]),
                fixed(locked, lambda wanted, seen: seen is wanted),
            )
        polls = 1 + (time.monotonic() - began) / NOTICES_APART.total_seconds()
        assert await vendor.asked("/smartlock") <= lists + polls, "lines of the log share their polls"
        await told.until(vendor.sent, lambda sent: all(one.succeeded for one in sent))
        assert {one.status for one in await vendor.sent()} == {204}


async def test_what_happens_at_the_door_is_told_within_seconds(tmp_path: Path) -> None:
    """The log is read when there is more in it, not only at the next poll in an hour."""
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        device = await told.connect()
        await told.registered()
        lock = int(await vendor_id(told, device))
        await vendor.control("POST", "enter_code", smartlock_id=lock, code="777777")

        async def denied() -> list[Any]:
            found = await told.call(
                "/events/list", since="2000-01-01T00:00:00Z", device_id=device["device_id"]
            )
            return [event for event in found["events"] if event["event_type"] == "lock.access_denied"]

        [event] = await told.until(denied, bool)
        assert event["reason"]["reason_code"] == "unknown_code"


async def test_a_webhook_that_is_missing_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        device = await told.connect()
        await told.registered()
        await vendor.control("POST", "faults", fault="webhook_missing")
        await turn(told, device, locked=False)
        assert await vendor.sent() == []
        assert await told.is_locked(device["device_id"])
        await vendor.control("DELETE", "faults")
        lock = int(await vendor_id(told, device))
        await vendor.control("POST", "device", smartlock_id=lock, battery=50)
        await told.until(lambda: told.is_locked(device["device_id"]), lambda seen: seen is False)


async def test_a_webhook_that_comes_twice_makes_no_more_looks(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        device = await told.connect()
        await told.registered()
        await vendor.control("POST", "faults", fault="webhook_twice")
        await turn(told, device, locked=False)
        await told.until(lambda: told.is_locked(device["device_id"]), lambda seen: seen is False)
        await told.until(vendor.sent, lambda sent: len(sent) == 4 and all(one.succeeded for one in sent))
        lock = await vendor_id(told, device)
        assert await vendor.asked(f"/smartlock/{lock}") <= 2  # at once, and once for all that came after


async def test_a_webhook_with_a_wrong_signature_is_refused(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        device = await told.connect()
        await told.registered()
        await vendor.control("POST", "faults", fault="webhook_forged")
        await turn(told, device, locked=False)
        sent = await told.until(
            vendor.sent, lambda sent: bool(sent) and all(one.succeeded is False for one in sent)
        )
        assert {one.status for one in sent} == {401}
        lock = await vendor_id(told, device)
        assert await vendor.asked(f"/smartlock/{lock}") == 0
        assert await told.is_locked(device["device_id"])


async def test_only_a_signed_notice_to_a_known_address_is_taken(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        device = await told.connect()
        await told.registered()
        path, secret = await path_and_secret(told)
        lock = await vendor_id(told, device)
        body = body_of(feature="DEVICE_STATUS", smartlockId=int(lock))
        good = sign(body, secret)
        assert len(path.rpartition("/")[2]) >= 43, "256 random bits"
        assert await told.post(path.replace("/nuki/", "/salto_ks/"), body, **{SIGNATURE: good}) == 404
        assert await told.post(f"{path}x", body, **{SIGNATURE: good}) == 404
        assert await told.post(path, body) == 401
        assert await told.post(path, body, **{SIGNATURE: sign(body, "another")}) == 401
        assert await told.post(path, body + b" ", **{SIGNATURE: good}) == 401
        assert await told.post(path, body, **{"X-Nuki-Signature": good}) == 401
        long = b" " * (MAX_BODY + 1)
        assert await told.post(path, long, **{SIGNATURE: sign(long, secret)}) == 413
        nonsense = b"[not json"
        assert await told.post(path, nonsense, **{SIGNATURE: sign(nonsense, secret)}) == 401
        assert await vendor.asked(f"/smartlock/{lock}") == 0
        assert await told.post(path, body, **{SIGNATURE: good}) == 204
        await told.until(lambda: vendor.asked(f"/smartlock/{lock}"), lambda looks: looks == 1)


async def test_a_notice_that_lies_and_is_repeated_costs_a_look_and_changes_nothing(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        device = await told.connect()
        await told.registered()
        path, secret = await path_and_secret(told)
        lock = await vendor_id(told, device)
        lies = body_of(
            feature="DEVICE_STATUS",
            smartlockId=int(lock),
            state={"state": 3, "batteryCharge": 1},
            serverState=4,
        )
        before = (await told.call("/devices/get", device_id=device["device_id"]))["device"]
        lists = await vendor.asked("/smartlock")
        began = time.monotonic()
        for _ in range(200):
            assert await told.post(path, lies, **{SIGNATURE: sign(lies, secret)}) == 204
        await told.until(lambda: vendor.asked(f"/smartlock/{lock}"), lambda looks: looks >= 1)
        looks = 1 + (time.monotonic() - began) / NOTICES_APART.total_seconds()
        assert await vendor.asked(f"/smartlock/{lock}") <= looks, "they share their looks"
        stranger = body_of(feature="DEVICE_STATUS", smartlockId=17)
        for _ in range(100):
            assert await told.post(path, stranger, **{SIGNATURE: sign(stranger, secret)}) == 204
        polls = 1 + (time.monotonic() - began) / NOTICES_APART.total_seconds()
        assert await vendor.asked("/smartlock") <= lists + polls
        assert (await told.call("/devices/get", device_id=device["device_id"]))["device"] == before


async def test_a_notice_that_comes_during_a_look_makes_another(tmp_path: Path, database_url: str) -> None:
    """The look was answered before the door moved: it must not swallow what was told since."""
    async with a_vendor() as vendor, a_house(tmp_path, vendor, database_url) as told:
        device = await told.connect()
        await told.registered()
        path, secret = await path_and_secret(told)
        lock = await vendor_id(told, device)
        looked_at = f"/smartlock/{lock}"
        await vendor.control("POST", "faults", fault="webhook_missing")
        await vendor.control("POST", "faults", fault="hang", times=1, seconds=1.5, match={"route": looked_at})
        body = body_of(feature="DEVICE_STATUS", smartlockId=int(lock))
        assert await told.post(path, body, **{SIGNATURE: sign(body, secret)}) == 204
        await told.until(lambda: vendor.asked(looked_at), lambda looks: looks == 1)
        await turn(told, device, locked=False)
        assert await told.post(path, body, **{SIGNATURE: sign(body, secret)}) == 204
        await told.until(lambda: told.is_locked(device["device_id"]), lambda seen: seen is False, 12)
        assert await vendor.asked(looked_at) == 2


async def test_a_notice_is_followed_when_the_vendor_answers_again(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        device = await told.connect()
        await told.registered()
        lock = await vendor_id(told, device)
        match = {"route": f"/smartlock/{lock}"}
        await vendor.control("POST", "faults", fault="http_503", times=1, match=match)
        await turn(told, device, locked=False)
        await told.until(lambda: told.is_locked(device["device_id"]), lambda seen: seen is False, 20)
        assert 2 <= await vendor.asked(f"/smartlock/{lock}") <= 4


async def test_a_code_that_the_owner_made_in_the_app_is_looked_at_after_the_sync(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        await told.connect()
        await told.registered()
        devices = (await told.call("/devices/list"))["devices"]
        device = next(one for one in devices if one.get("can_program_online_access_codes"))
        lock = await vendor_id(told, device)
        codes = f"/smartlock/{lock}/auth"
        before = await vendor.asked(codes)
        await vendor.control("POST", "owner/codes", smartlock_id=int(lock), do="add", name="Mum", code=498882)
        await asyncio.sleep(0.5)
        assert await vendor.asked(codes) == before
        token = (await vendor.control("POST", "api_token"))["api_token"]
        async with httpx.AsyncClient(timeout=20) as http:
            synced = await http.post(
                f"{vendor.url}/smartlock/{lock}/sync", headers={"Authorization": f"Bearer {token}"}
            )
        assert synced.status_code == 204
        await told.until(lambda: vendor.asked(codes), lambda looks: looks > before)


# --- the registration --------------------------------------------------------------------------------------


async def test_a_registration_is_checked_once_a_day_and_what_is_left_of_others_is_ended(
    tmp_path: Path, database_url: str
) -> None:
    """An address of ours that nobody knows is ended, another workspace's and a stranger's are left alone."""
    async with a_vendor() as vendor, a_house(tmp_path, vendor, database_url) as told:
        await told.connect()
        account = await told.registered()
        hook = (await vendor.hooks())[0]
        base = f"{told.url}/ostiary/providers/nuki/notices"
        assert hook.url.startswith(f"{base}/")
        assert account.notices_hash == hashlib.sha256(hook.url.rpartition("/")[2].encode()).hexdigest()
        assert account.notices_secret is not None
        assert account.notices_secret.reveal() == hook.secret

        def left_behind(home: Any, now: datetime) -> None:
            for number, url in ((1, f"{base}/lost"), (2, "https://example.com/other")):
                home.hooks.append(type(hook)(number, url, ["DEVICE_STATUS"], "secret"))

        await vendor.app.with_home(LOGIN, left_behind)
        await due_again(told)
        await told.until(vendor.hooks, lambda hooks: [one.id for one in hooks] == [hook.id, 2])
        await told.until(told.account, lambda seen: seen.notices_id == str(hook.id))
        other = await told.another_workspace()
        await asyncio.to_thread(processes.connect, told.url, other, LOGIN, "nuki")
        await told.until(vendor.hooks, lambda hooks: len(hooks) == 3)
        await due_again(told)
        await asyncio.sleep(1)
        assert len(await vendor.hooks()) == 3


async def due_again(told: Told) -> None:
    """A day has passed."""
    account = await told.account()

    async def again(tx: Tx) -> None:
        found = await store.connected_accounts.find(tx, account.connected_account_id)
        assert found is not None
        await store.connected_accounts.update_account(tx, replace(found, notices_at=tx.now))
        await store.connected_accounts.wake(tx, account.connected_account_id)

    await told.house.database.write(again)
    before = account.notices_at
    assert before is not None
    await told.until(told.account, lambda seen: seen.notices_at is not None and seen.notices_at > before)


async def test_a_registration_that_the_vendor_lost_is_made_anew(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        await told.connect()
        before = await told.registered()
        await vendor.app.with_home(LOGIN, lambda home, now: home.hooks.clear())
        await due_again(told)
        after = await told.until(told.account, lambda seen: seen.notices_id not in (None, before.notices_id))
        assert [str(hook.id) for hook in await vendor.hooks()] == [after.notices_id]


async def test_another_address_of_ours_takes_the_registration_with_it(tmp_path: Path) -> None:
    async with a_vendor() as vendor:
        async with a_house(tmp_path, vendor) as told:
            await told.connect()
            before = await told.registered()
        async with a_house(tmp_path, vendor) as told:
            assert f"{told.url}/" not in (before.notices_base or "")
            after = await told.until(
                told.account, lambda seen: seen.has_notices and seen.notices_id != before.notices_id
            )
            assert [hook.url.startswith(f"{told.url}/") for hook in await vendor.hooks()] == [True]
            assert after.notices_hash != before.notices_hash


async def test_switched_off_the_registration_goes_and_polling_is_as_before(tmp_path: Path) -> None:
    async with a_vendor() as vendor:
        async with a_house(tmp_path, vendor) as told:
            await told.connect()
            account = await told.registered()
            await told.until(told.account, waits(told, 3600))
        async with a_house(tmp_path, vendor, OSTIARY_NUKI_WEBHOOKS="off") as told:
            await told.house.database.write(wake, account.connected_account_id)
            await told.until(told.account, lambda seen: not seen.has_notices and seen.notices_base is None)
            assert await vendor.hooks() == []
            await told.until(told.account, waits(told, 600))


def waits(told: Told, seconds: float) -> Any:
    """Whether the account's next poll is about so far away."""

    def is_so(account: ConnectedAccount) -> bool:
        assert account.poll_at is not None
        return seconds - 60 < (account.poll_at - app.now()).total_seconds() <= seconds

    return is_so


async def wake(tx: Tx, connected_account_id: str) -> None:
    await store.connected_accounts.wake(tx, connected_account_id)


async def test_who_may_not_have_webhooks_is_polled_and_told_once(tmp_path: Path, caplog: Any) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        developer = "integrator@example.com"
        await vendor.control("POST", "homes", home=developer)
        await vendor.control("POST", "integration", home=developer, status="INACTIVE")
        device = await told.connect()
        refused = await told.until(told.account, lambda seen: seen.are_notices_refused)
        assert not refused.is_disconnected
        assert refused.notices_at is not None
        assert (refused.notices_at - app.now()).total_seconds() > 23 * 3600
        await due_again(told)
        said = [line for line in caplog.messages if "does not let account" in line]
        assert len(said) == 1
        await told.until(told.account, waits(told, 600))
        assert await told.is_locked(device["device_id"])
        await vendor.control("POST", "integration", home=developer, status="ACTIVE")
        await due_again(told)
        await told.registered()


async def test_a_login_without_the_scope_stays_connected(tmp_path: Path) -> None:
    """Webhooks were switched on after it was made; the next login brings them."""
    async with a_vendor() as vendor:
        async with a_house(tmp_path, vendor, OSTIARY_NUKI_WEBHOOKS="off") as told:
            await told.connect()
        async with a_house(tmp_path, vendor) as told:
            refused = await told.until(told.account, lambda seen: seen.are_notices_refused)
            assert not refused.is_disconnected


async def test_webhooks_stay_off_where_no_vendor_could_reach_us(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, OSTIARY_NUKI_WEBHOOKS="on")
    for url, is_on in (
        ("http://locks.example.com", False),
        ("https://locks.example.com", True),
        ("http://localhost:8420", True),
    ):
        async with app.opened(settings, url) as house:
            assert bool(house.vendors.told_by) is is_on


# --- as an operator has it ---------------------------------------------------------------------------------


def test_two_processes_that_know_each_other_only_by_http(tmp_path: Path) -> None:
    """`ostiary simulate` sends by itself; both end cleanly while there is something to send."""
    with processes.simulating(tmp_path / "vendor") as vendor:
        settings = {**processes.pointed_at(vendor), "OSTIARY_NUKI_WEBHOOKS": "on"}
        processes.data(tmp_path, "workspaces", "create", "--name", "told", "--production")
        with processes.serving(tmp_path, **settings) as server:
            key = processes.api_key(tmp_path, "told")
            device = processes.connect(server.url, key, LOGIN, "nuki")[0]
            home = {"home": LOGIN}
            httpx.post(f"{vendor.url}/_simulator/pace", json={**home, "pace": 0.0})
            truth = httpx.get(f"{vendor.url}/_simulator/truth", params=home).json()
            name = device["properties"]["name"]
            lock = next(one["smartlock_id"] for one in truth["devices"] if one["name"] == name)
            patience = time.monotonic() + 15
            locked = True
            while locked and time.monotonic() < patience:
                # Turned to and fro: the first turns may come before the registration.
                for is_locked in (True, False):
                    turn = {**home, "smartlock_id": lock, "locked": is_locked}
                    httpx.post(f"{vendor.url}/_simulator/device", json=turn).raise_for_status()
                time.sleep(0.5)
                shown = processes.call(server.url, key, "/devices/get", device_id=device["device_id"])
                locked = shown["device"]["properties"]["locked"]
            assert not locked
            assert server.end() == 0
        turn = {**home, "smartlock_id": lock, "locked": True}
        httpx.post(f"{vendor.url}/_simulator/device", json=turn).raise_for_status()
        assert vendor.end() == 0
        assert "Traceback" not in vendor.log.read_text()


async def test_what_signs_notices_is_not_readable_at_rest(tmp_path: Path) -> None:
    async with a_vendor() as vendor, a_house(tmp_path, vendor) as told:
        await told.connect()
        await told.registered()
        path, secret = await path_and_secret(told)
        for file in tmp_path.glob("ostiary.db*"):
            content = file.read_bytes()
            assert secret.encode() not in content
            assert path.rpartition("/")[2].encode() not in content
