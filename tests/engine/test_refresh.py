"""A login is renewed once, by whoever needs it first, and what the vendor then tells is never lost."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ostiary import store
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.engine.drain import drain_account
from ostiary.store.tx import Tx

from ..behaviours.support import (
    DAY,
    HOUR,
    at_home,
    fault,
    set_code,
    soon,
    until_idle,
    until_set,
    vendor_requests,
    window,
)
from ..conftest import OpenHouse
from ..house import TestHouse

HOME = "many@example.com"


async def _refreshes(house: TestHouse) -> list[int]:
    """The answers of the token endpoint since the login."""
    lines = [line for line in await vendor_requests(house) if line["path"] == "/oauth/token"]
    return [line["status"] for line in lines][1:]


async def _account(house: TestHouse, account_id: str) -> ConnectedAccount:
    account = await house.house.database.read(store.connected_accounts.find, account_id)
    assert account is not None
    return account


async def _unaware(tx: Tx, account_id: str) -> None:
    """We take the token for one without an end: only the vendor's 401 will tell."""
    account = await store.connected_accounts.find(tx, account_id)
    assert account is not None
    await store.connected_accounts.update_account(tx, replace(account, token_expires_at=None))


async def test_several_devices_with_one_expired_token_renew_it_once(open_: OpenHouse) -> None:
    """A poll and four locks start at the same moment with a dead token: five refusals, one renewal."""
    async with open_() as house:
        sketches = [{"name": f"Door {number}"} for number in range(4)]
        await house.simulator("homes", home=HOME, devices=sketches)
        account_id = await house.connect(HOME)
        wish = await window(house, 5 * DAY)
        made = [await house.create_code(lock["device_id"], **wish) for lock in await house.devices()]
        await until_idle(house)
        await house.house.database.write(_unaware, account_id)
        await fault(house, "hang", times=1, seconds=0.3, match={"route": "/oauth/token"})
        before = await _refreshes(house)
        await house.advance(2 * DAY.total_seconds() + 60)
        for code in made:
            await house.code_until(code["access_code_id"], lambda code: code["is_scheduled_on_device"])
        refused = [line for line in await vendor_requests(house) if line["status"] == 401]
        assert len(refused) >= 3, "they were under way together"
        assert (await _refreshes(house))[len(before) :] == [200]
        assert (await _account(house, account_id)).errors == ()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_two_processes_never_renew_at_once(open_: OpenHouse) -> None:
    """Both are woken for the same account with a dead login: the lease lets one of them do it."""
    async with at_home(open_) as (house, lock), open_() as other:
        account_id = lock["connected_account_id"]
        for _ in range(3):
            before = len(await _refreshes(house))
            await fault(house, "hang", times=1, seconds=0.3, match={"route": "/oauth/token"})
            await house.advance(5 * HOUR.total_seconds())
            drains = [
                drain_account(each.house.database, each.house.vendors, account_id, asyncio.Event())
                for each in (house, other, house, other)
            ]
            await asyncio.gather(*drains)
            await set_code(house, lock)
            assert (await _refreshes(house))[before:] == [200]
        assert (await _account(house, account_id)).errors == ()
        assert "connected_account.disconnected" not in await house.event_types()


async def test_a_refresh_token_spent_elsewhere_disconnects_cleanly(open_: OpenHouse) -> None:
    """Quirk 32: one refusal, one event, and nobody asks again; a new login heals it."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        account_id = lock["connected_account_id"]
        held = (await _account(house, account_id)).credentials
        adapter = house.house.vendors.adapter(house.workspace, "nuki")
        await adapter.refresh(held, now=await house.now())
        await house.advance(5 * HOUR.total_seconds())
        await soon(house, house.event_types, lambda types: "connected_account.disconnected" in types)
        await until_idle(house)
        assert (await _refreshes(house))[-2:] == [200, 400]
        before = await vendor_requests(house)
        await house.advance(DAY.total_seconds())
        await until_idle(house)
        assert await vendor_requests(house) == before
        assert (await house.event_types()).count("connected_account.disconnected") == 1
        assert await house.connect() == account_id
        assert (await until_set(house, code["access_code_id"]))["errors"] == []


async def test_a_worker_that_is_stopped_keeps_what_a_refresh_has_told(open_: OpenHouse) -> None:
    """The vendor has spent the old token and its answer is on its way: the next worker has the new one."""
    async with at_home(open_) as (house, lock):
        account_id = lock["connected_account_id"]
        await until_idle(house)
        house.house.dispatcher.stop()
        await asyncio.sleep(0.1)
        old = await _account(house, account_id)
        await house.advance(5 * HOUR.total_seconds())
        await fault(house, "hang", times=1, seconds=0.4, match={"route": "/oauth/token"})
        drain = asyncio.create_task(_drain(house, account_id))
        await house.until(lambda: _refreshes(house), lambda answers: answers == [200])
        await _cancel(drain)
        assert (await _account(house, account_id)).refresh_token != old.refresh_token
        await _drain(house, account_id)
        assert (await _account(house, account_id)).errors == ()
        assert await _refreshes(house) == [200]


async def _drain(house: TestHouse, account_id: str) -> None:
    await drain_account(house.house.database, house.house.vendors, account_id, asyncio.Event())


async def _cancel(task: "asyncio.Task[Any]") -> None:
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)
