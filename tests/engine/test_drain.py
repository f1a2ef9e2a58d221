"""A worker that is stopped leaves nothing behind, wherever it was."""

import asyncio

from ostiary import store
from ostiary.domain.provider import AccountProblem
from ostiary.engine.drain import Drain, drain_account
from ostiary.store.tx import Tx

from ..behaviours.support import at_home, engine_kept_away, fault
from ..conftest import OpenHouse
from ..house import TestHouse


async def _is_free(house: TestHouse, connected_account_id: str) -> bool:
    """Somebody else can have the account at once; gives it back."""

    async def use(tx: Tx) -> bool:
        until = tx.real_now
        taken = await store.connected_accounts.claim(tx, connected_account_id, "another", until)
        await store.connected_accounts.release(tx, connected_account_id, "another", tx.real_now)
        return taken

    return await house.house.database.write(use)


async def test_an_account_is_free_after_its_worker_was_stopped_anywhere(open_: OpenHouse) -> None:
    """In the middle of taking it, too: an account that nobody can have for half a minute opens no doors."""
    async with open_() as house:
        account_id = await house.connect()
        await house.until(lambda: _idle(house), bool)
        house.house.dispatcher.stop()
        await asyncio.sleep(0.1)
        lock = await house.lock_with_keypad()
        for number in range(60):
            if number % 10 == 0:
                await house.create_code(lock["device_id"])
            drain = asyncio.create_task(
                drain_account(house.house.database, house.house.vendors, account_id, asyncio.Event())
            )
            await asyncio.sleep(number * 0.0004)
            while not drain.done():
                drain.cancel()
                await asyncio.wait({drain}, timeout=1)
            assert await _is_free(house, account_id), f"stopped after {number * 0.4:.1f} ms"


async def test_a_device_that_is_put_off_shows_its_account_as_it_is_by_then(open_: OpenHouse) -> None:
    """What the vendor has against the account may have been found since the worker took it."""
    async with at_home(open_) as (house, lock), engine_kept_away(house, lock) as hold:

        async def in_debt(tx: Tx) -> None:
            account = await store.connected_accounts.find(tx, lock["connected_account_id"])
            assert account is not None
            found = [AccountProblem("error", "bridge_disconnected", "The bridge does not answer.")]
            await store.connected_accounts.update_account(tx, account.observed(found, tx.now))

        await hold.write(in_debt)
        await fault(house, "http_503")
        await house.create_code(lock["device_id"])
        await Drain(hold, asyncio.Event())._device(lock["device_id"])
        shown = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
        assert [error["error_code"] for error in shown["errors"]] == ["bridge_disconnected"]


async def _idle(house: TestHouse) -> bool:
    return house.house.dispatcher.stats()["running"] == 0
