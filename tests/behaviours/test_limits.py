"""
Vendors that refuse more calls: nothing fails by it, and whoever stands before a door is let in all the same.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ostiary import app, providers, store
from ostiary.domain.instants import parse_instant
from ostiary.domain.secrets import Secret
from ostiary.simulation import MemoryHomes

from ..conftest import OpenHouse
from ..house import PUBLIC_URL, TestHouse
from ..transport.loopback import serving
from .support import (
    Wire,
    at_home,
    clear_faults,
    engine_passes,
    fault,
    set_code,
    told,
    two_locks,
    until_idle,
    until_set,
    vendor_requests,
)

AUTHS = {"route": "/smartlock/{smartlockId}/auth"}
ACTION = {"method": "POST", "route": "/smartlock/{smartlockId}/action"}


async def _unlock(house: TestHouse, lock: Wire) -> str:
    made = await house.call("/locks/unlock_door", device_id=lock["device_id"])
    return str(made["action_attempt"]["action_attempt_id"])


async def _actions(house: TestHouse) -> dict[str, int]:
    counts: dict[str, dict[str, int]] = (await house.simulated("requests"))["counts"]
    return counts.get("POST /smartlock/{smartlockId}/action", {"received": 0, "accepted": 0})


async def _limited(house: TestHouse, lock: Wire, seconds: float = 600) -> Wire:
    """A look at codes has met a 429, and the account is paused."""
    await fault(house, "http_429", times=1, seconds=seconds, match=AUTHS)
    code = await house.create_code(lock["device_id"], code="498882")

    async def struck() -> bool:
        return any(line["status"] == 429 for line in await vendor_requests(house))

    await house.until(struck, bool)
    await until_idle(house)
    return code


# --- the vendor's limits ----------------------------------------------------------------------------------


async def test_a_pause_of_the_background_lets_a_door_through_and_nothing_else(open_: OpenHouse) -> None:
    """429 with `Retry-After: 300` to a look at codes: the door opens at once, the code comes 300 s later."""
    async with two_locks(open_) as (house, front, back):
        code = await _limited(house, front, 300)
        before = len(await vendor_requests(house))
        for lock in (front, back):
            attempt = await house.attempt(await _unlock(house, lock))
            assert attempt["status"] == "success"
        other = await house.create_code(back["device_id"], code="776655")
        await house.advance(250)
        await until_idle(house)
        lines = (await vendor_requests(house))[before:]
        kinds = {(line["method"], line["path"].rpartition("/")[2].isdigit()) for line in lines}
        assert kinds == {("POST", False), ("GET", True)}, "doors, and looks at doors"
        assert (await _actions(house)) == {"received": 2, "accepted": 2}
        waiting = await house.code(code["access_code_id"])
        assert (waiting["status"], waiting["errors"]) == ("setting", [])
        await house.advance(60)
        for made in (code, other):
            assert (await until_set(house, made["access_code_id"]))["errors"] == []
            assert await told(house, made) == ["created", "mutations_requested", "set_on_device"]


async def test_a_pause_is_remembered_by_the_next_process(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await _limited(house, lock)
    async with open_() as house:
        await house.house.database.write(store.connected_accounts.wake, lock["connected_account_id"])
        await house.until(lambda: _handled(house), lambda handled: handled > 0)
        await until_idle(house)
        assert await _sent(house) == 0
        await house.advance(610)
        await until_set(house, code["access_code_id"])
        assert await _sent(house) > 0


async def _handled(house: TestHouse) -> int:
    return house.house.dispatcher.stats()["handled"]


async def _sent(house: TestHouse) -> float:
    """By this process."""
    figures = await _figures(house)
    return sum(value for name, value in figures.items() if name.startswith("ostiary_vendor_requests_total"))


async def test_a_door_that_is_refused_keeps_to_the_vendors_word(open_: OpenHouse) -> None:
    """`Retry-After: 3` to the door itself: one more try, three seconds later, and it opens."""
    async with at_home(open_) as (house, lock):
        await fault(house, "http_429", times=1, seconds=3, match=ACTION)
        attempt_id = await _unlock(house, lock)
        await house.until(lambda: _actions(house), lambda count: count["received"] == 1)
        assert (await house.attempt(attempt_id))["status"] == "success"
        sent = [line for line in await vendor_requests(house) if line["path"].endswith("/action")]
        first, second = (line["at"] for line in sent)
        assert timedelta(seconds=2.9) < parse_instant(second) - parse_instant(first) < timedelta(seconds=6)


async def test_a_door_that_is_refused_for_long_is_tried_once_and_fails(open_: OpenHouse) -> None:
    """`Retry-After: 600` is longer than anybody waits: one request, an honest error, and nothing later."""
    async with at_home(open_) as (house, lock):
        await fault(house, "http_429", seconds=600)
        attempt_id = await _unlock(house, lock)
        await house.until(lambda: _actions(house), lambda count: count["received"] == 1)
        await house.advance(31)
        attempt = await house.attempt(attempt_id)
        assert (attempt["status"], attempt["error"]["type"]) == ("error", "action_attempt_expired")
        assert "Nothing was sent" in attempt["error"]["message"]
        await clear_faults(house)
        await engine_passes(house, 700)
        assert await _actions(house) == {"received": 1, "accepted": 0}


async def test_a_door_goes_before_the_codes_of_its_lock(open_: OpenHouse) -> None:
    """Twenty codes are on their way, each answer takes a moment: the door is opened between two of them."""
    async with at_home(open_) as (house, lock):
        made = [await _limited(house, lock, 60)]
        made += [await house.create_code(lock["device_id"]) for _ in range(20)]
        await fault(house, "hang", seconds=0.15, match={"method": "PUT"})
        await house.advance(61)
        await house.until(lambda: house.code_writes(), lambda writes: len(writes) >= 3)
        attempt = await house.attempt(await _unlock(house, lock))
        assert attempt["status"] == "success"
        assert len(await house.code_writes()) < 20
        await clear_faults(house)
        for code in made:
            await until_set(house, code["access_code_id"])


# --- no code fails by it ------------------------------------------------------------------------------------


def is_as_wished(code: Wire) -> bool:
    return code["status"] == "set" and not code["pending_mutations"]


@pytest.mark.parametrize("trouble", ["busy", "http_429", "http_503", "http_502_html"])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_pain_24_a_vendor_under_load_fails_no_code(open_: OpenHouse, trouble: str, method: str) -> None:
    """423, 429, 503 and a proxy's 502, twice each, to each kind of request: later, and nothing else."""
    async with at_home(open_) as (house, lock):
        kept = await set_code(house, lock, code="776655", name="Ann")
        gone = await set_code(house, lock, code="665544")
        route = AUTHS["route"] + ("" if method in ("GET", "PUT") else "/{id}")
        await fault(house, trouble, times=2, seconds=30, match={"method": method, "route": route})
        new = await house.create_code(lock["device_id"], code="498882")
        await house.call("/access_codes/update", access_code_id=kept["access_code_id"], name="Bea")
        await house.call("/access_codes/delete", access_code_id=gone["access_code_id"])
        for _ in range(20):
            await house.advance(90)
            await until_idle(house)
            codes = (await house.call("/access_codes/list", device_id=lock["device_id"]))["access_codes"]
            for code in codes:
                errors = [error["error_code"] for error in code["errors"]]
                assert set(errors) <= {"being_deleted"}, errors
            set_by_now = {code["access_code_id"] for code in codes if is_as_wished(code)}
            if set_by_now == {new["access_code_id"], kept["access_code_id"]} and len(codes) == 2:
                break
        assert {entry["code"] for entry in await house.codes_on_lock(lock)} == {498882, 776655}
        assert not [name for name in await house.event_types() if "failed" in name]


# --- our own limits -----------------------------------------------------------------------------------------


@asynccontextmanager
async def _production(open_: OpenHouse, **environment: str) -> AsyncIterator[tuple[TestHouse, Wire, Wire]]:
    """A production workspace whose vendor is a simulator behind a socket, and its two locks."""
    secret, host = "hush", httpx.AsyncHTTPTransport()
    homes = MemoryHomes()
    brand = providers.load()["nuki"]
    parts: dict[str, Any] = {}

    async def vendor(scope: Any, receive: Any, send: Any) -> None:
        await parts["app"](scope, receive, send)

    async with serving(vendor) as url:
        parts["app"] = brand.simulator(
            homes, app.now, url=url, client_id="id", client_secret=Secret(secret), pace=0.0
        )
        settings = {
            "OSTIARY_NUKI_API_URL": url,
            "OSTIARY_NUKI_CLIENT_ID": "id",
            "OSTIARY_NUKI_CLIENT_SECRET": secret,
            **environment,
        }
        async with open_(**settings) as sandbox, host:
            real = await sandbox.house.database.write(_new_workspace)
            _, token = await sandbox.house.database.write(store.workspaces.create_api_key, real, "test")
            to_us = httpx.ASGITransport(app=sandbox.house.asgi)
            client = httpx.AsyncClient(
                transport=to_us, mounts={url: host}, base_url=PUBLIC_URL, timeout=30, cookies=None
            )
            async with client:
                house = replace(sandbox, workspace=real, api_key=token.reveal(), http=client)
                sketches = [{"name": "Front door"}, {"name": "Back door"}]
                made = await client.post(
                    f"{url}/_simulator/homes", json={"home": "two@example.com", "devices": sketches}
                )
                assert made.status_code == 201, made.text
                await house.connect("two@example.com")
                front, back = await house.devices()
                yield house, front, back


async def _new_workspace(tx: Any) -> Any:
    return await store.workspaces.create(tx, "real", is_sandbox=False)


async def _figures(house: TestHouse) -> dict[str, float]:
    text = (await house.request("GET", "/metrics")).text
    pairs = (line.rpartition(" ") for line in text.splitlines() if line.startswith("ostiary_vendor_"))
    return {name: float(value) for name, _, value in pairs}


async def test_a_spent_budget_delays_codes_and_no_door(open_: OpenHouse) -> None:
    """
    Twenty requests a minute, thirty codes at once: the last wait, without an error; a door does not; and the
    vendor never saw more than it was to see.
    """
    async with _production(open_, OSTIARY_NUKI_REQUESTS_PER_MINUTE="20") as (house, front, back):
        begun = time.monotonic()
        traffic = house.house.vendors.traffic
        made = [await house.create_code(front["device_id"]) for _ in range(30)]
        waits = 'ostiary_vendor_budget_waits_total{provider="nuki",work="background"}'
        await house.until(lambda: _figures(house), lambda found: found.get(waits, 0) > 0)
        await until_idle(house)
        asked = time.monotonic()
        attempt = await house.attempt(await _unlock(house, back))
        assert attempt["status"] == "success"
        assert time.monotonic() - asked < 5
        sent = await _sent(house)
        logins = 3  # of the person, before there was an account
        assert sent <= 20 + logins + (time.monotonic() - begun + 5) * 20 / 60 + 1
        for code in made:
            assert (await house.code(code["access_code_id"]))["errors"] == []
        assert not [name for name in await house.event_types() if "failed" in name]
        steady, since = traffic._clock, traffic._clock()
        traffic._clock = lambda: since + (steady() - since) * 100  # tokens come back faster than in life
        await house.code_until(made[-1]["access_code_id"], lambda code: code["status"] == "set", 40)
        for code in made:
            assert (await house.code(code["access_code_id"]))["errors"] == []


async def test_a_sandbox_has_no_budget(open_: OpenHouse) -> None:
    async with at_home(open_, OSTIARY_NUKI_REQUESTS_PER_MINUTE="1") as (house, lock):
        for pin in ("498882", "776655", "665544", "554433"):
            await set_code(house, lock, code=pin)
        assert not [name for name in await _figures(house) if "budget_waits" in name and "{" in name]
