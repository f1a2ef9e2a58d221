"""
What a day costs on which nobody wants anything: the figures that `docs/reference/engine.md` states.

The clock goes through the day in small steps. Unlike a caller's `clock/update`, which makes everybody look, a
step here only wakes the account, as the passing of time does: what is due is the engine's own decision.
"""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from ostiary import store
from ostiary.domain.devices import observed
from ostiary.domain.instants import parse_instant
from ostiary.store.tx import Tx

from ..conftest import OpenHouse
from ..docs.pages import REFERENCE, section
from ..house import TestHouse
from .support import DAY, HOUR, MINUTE, Wire, preloaded_code, set_code, until_idle, vendor_requests, window

STEP = timedelta(minutes=5)
LOCKS = 3
HOME = "quiet@example.com"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def documented(provider: str) -> dict[str, int]:
    """The rows of the table: what is asked, and how often in a day."""
    rows = re.findall(
        r"^\| (.+?) \| (\d+) \| (\d+) \|$", section(REFERENCE / "engine.md", "A quiet day"), re.M
    )
    column = {"nuki": 1, "salto_ks": 2}[provider]
    return {row[0]: int(row[column]) for row in rows}


async def _step(tx: Tx, house: TestHouse, account_id: str, seconds: float) -> None:
    workspace = await store.workspaces.get(tx, house.workspace.workspace_id)
    assert workspace is not None
    target = workspace.at(tx.real_now) + timedelta(seconds=seconds)
    moved = workspace.with_clock(target, is_frozen=False, real_now=tx.real_now)
    await store.workspaces.set_clock(tx, moved)
    tx.enter(moved)
    await store.connected_accounts.wake(tx, account_id)


async def _a_day(house: TestHouse, account_id: str) -> None:
    stats = house.house.dispatcher.stats
    for _ in range(int(DAY / STEP)):
        handled = stats()["handled"]
        await house.house.database.write(_step, house, account_id, STEP.total_seconds())

        async def look(handled: int = handled) -> bool:
            return stats()["handled"] > handled and stats()["running"] == 0

        await house.until(look, bool)


async def _figures(house: TestHouse) -> Counter[str]:
    """Vendor traffic by `/metrics`, labels dropped but the kind."""
    found: Counter[str] = Counter()
    for line in (await house.request("GET", "/metrics")).text.splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith(("ostiary_vendor_", "ostiary_engine_")) and "_created" not in name:
            kind = re.search(r'kind="(\w+)"', name)
            found[f"{name.partition('{')[0]} {kind[1] if kind else ''}".strip()] += int(float(value))
    return found


def _classes(lines: list[Wire], routes: dict[str, str]) -> Counter[str]:
    """Requests by the words of the table; what fits no row stands as itself."""
    found: Counter[str] = Counter()
    for line in lines:
        asked = f"{line['method']} {line['path']}"
        found[next((row for row, route in routes.items() if re.fullmatch(route, asked)), asked)] += 1
    return found


ROUTES = {
    "Lists of devices, an account": r"GET /smartlock",
    "Ends of the log, an account": r"GET /smartlock/log",
    "Lists of codes, a lock with codes": r"GET /smartlock/\d+/auth",
    "Renewals of the login, an account": r"POST /oauth/token",
}


async def _quiet_home(house: TestHouse) -> str:
    """Three locks with codes of every kind that stand for longer than the day."""
    sketches = [{"name": f"Door {number}"} for number in range(LOCKS)]
    await house.simulator("homes", home=HOME, devices=sketches)
    account_id = await house.connect(HOME)
    for lock in await house.devices():
        await set_code(house, lock, name="Ann")
        await set_code(house, lock, **await window(house, -HOUR, 9 * DAY))
        await set_code(house, lock, prefer_native_scheduling=False, **await window(house, -HOUR, 9 * DAY))
        await preloaded_code(house, lock, 2 * DAY)
    await _a_few_steps(house, account_id)
    return account_id


async def _a_few_steps(house: TestHouse, account_id: str) -> None:
    """What is left of the beginning is done, and polls and looks have found their rhythm."""
    for _ in range(3):
        await house.house.database.write(_step, house, account_id, MINUTE.total_seconds() * 10)
        await until_idle(house)


async def test_a_quiet_day_costs_what_the_reference_says_and_wakes_no_lock(open_: OpenHouse) -> None:
    """Requests by the vendor's own log, by `/metrics` and by the documentation: the same; writes: none."""
    rows = documented("nuki")
    async with open_() as house:
        account_id = await _quiet_home(house)
        begun, before = (await house.now()), await _figures(house)
        events = len(await house.events())
        await _a_day(house, account_id)
        lines = [line for line in await vendor_requests(house) if parse_instant(line["at"]) > begun]
        metrics = await _figures(house)
        metrics.subtract(before)
        seen = _classes(lines, ROUTES)
        assert len(await house.events()) == events
    per_account, logins = rows["Lists of devices, an account"], rows["Renewals of the login, an account"]
    looks = rows["Lists of codes, a lock with codes"] * LOCKS
    assert rows["Requests that wake a device"] == 0
    assert set(seen) <= set(ROUTES), "nothing else is asked, and nothing is written"
    _near(seen["Lists of devices, an account"], per_account, 1)
    _near(seen["Ends of the log, an account"], rows["Ends of the log, an account"], 1)
    _near(seen["Lists of codes, a lock with codes"], looks, LOCKS)
    _near(seen["Renewals of the login, an account"], logins, 1)
    assert metrics["ostiary_engine_polls_total"] == seen["Lists of devices, an account"]
    assert metrics["ostiary_engine_code_looks_total"] == seen["Lists of codes, a lock with codes"]
    assert metrics["ostiary_vendor_requests_total login"] == seen["Renewals of the login, an account"]
    reads = seen.total() - seen["Renewals of the login, an account"]
    assert metrics["ostiary_vendor_requests_total read"] == reads
    for kind in ("write", "command", "wake"):
        assert metrics[f"ostiary_vendor_requests_total {kind}"] == 0
    assert metrics["ostiary_vendor_wakes_total"] == 0


def _near(seen: int, stated: int, slack: int) -> None:
    """A day's end may cut an interval."""
    assert stated - slack <= seen <= stated + slack, f"{seen} and not {stated}"


async def test_a_quiet_day_of_the_other_vendor_writes_nothing_either(open_: OpenHouse) -> None:
    rows = documented("salto_ks")
    async with open_() as house:
        house.provider = "salto_ks"
        account_id = await house.connect()
        locks: list[Any] = [d for d in await house.devices() if d.get("can_program_online_access_codes")]
        for lock in locks:
            await house.create_code(lock["device_id"])
        await _a_few_steps(house, account_id)
        before = await _figures(house)
        await _a_day(house, account_id)
        metrics = await _figures(house)
        metrics.subtract(before)
    _near(metrics["ostiary_engine_polls_total"], rows["Lists of devices, an account"], 1)
    looks = rows["Lists of codes, a lock with codes"] * len(locks)
    _near(metrics["ostiary_engine_code_looks_total"], looks, len(locks))
    assert metrics["ostiary_vendor_requests_total write"] == 0
    assert metrics["ostiary_vendor_wakes_total"] == rows["Requests that wake a device"] == 0


@pytest.mark.parametrize("provider", ["nuki", "salto_ks"])
async def test_a_look_that_shows_nothing_new_changes_nothing(open_: OpenHouse, provider: str) -> None:
    """What is stored and read again equals what is seen: no row is written and no lock is woken by a poll."""
    async with open_() as house:
        house.provider = provider
        account_id = await house.connect()
        account = await house.house.database.read(store.connected_accounts.find, account_id)
        assert account is not None
        devices = await house.house.database.read(store.devices.of_account, account)
        known = {device.vendor_device_id: device for device in devices}
        adapter = house.house.vendors.adapter(house.workspace, provider)
        seen = await adapter.account(account.credentials, account.settings).list_devices()
        assert len(seen) == len(known) > 1
        for look in seen:
            before = known[look.vendor_device_id]
            assert observed(before, look, await house.now()) == before
