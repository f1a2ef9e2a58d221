"""A worker that was suspended (its machine was) goes on when another has long taken its account."""

import contextlib
from typing import Any

import pytest

from ostiary import store
from ostiary.engine import reconcile
from ostiary.engine.hold import LeaseLost

from ..behaviours.support import Wire, at_home, at_site, until_idle, vendor_writes
from ..behaviours.test_8_9_unmanaged import made_in_the_app
from ..conftest import OpenHouse
from ..house import TestHouse
from .interrupting import Deed, interrupted


async def suspended(house: TestHouse, lock: Wire, wish: Deed, meanwhile: Deed) -> list[Wire]:
    """
    A worker of our own begins what `wish` leaves to be done, and is suspended right after it has written
    down what it will send. Its lease ends, the house's own engine takes the account, and `meanwhile` passes.
    Returns what the sleeper writes to the vendor when it goes on.
    """
    before: list[Wire] = []

    async def overslept() -> None:
        await house.house.database.write(store.connected_accounts.free_all)
        house.house.dispatcher.wake([lock["connected_account_id"]])
        await meanwhile()
        await until_idle(house)
        before.extend(await vendor_writes(house))

    async with interrupted(house, lock, after="_write_down", meanwhile=overslept) as hold:
        await wish()
        with contextlib.suppress(LeaseLost):
            await reconcile.tick(hold, lock["device_id"])
        return (await vendor_writes(house))[len(before) :]


@pytest.mark.parametrize("at", [at_home, at_site], ids=["our PIN", "the vendor's PIN"])
async def test_a_code_is_not_set_a_second_time(open_: OpenHouse, at: Any) -> None:
    """Where the vendor chooses the PINs nothing else would keep two of them from the lock."""
    async with at(open_) as (house, lock):
        made: list[Wire] = []

        async def wish() -> None:
            made.append(await house.create_code(lock["device_id"]))

        async def meanwhile() -> None:
            """The other waits the first one's write out, and then sends its own."""
            await house.advance(300)
            await house.code_until(made[0]["access_code_id"], lambda code: code["status"] == "set", 30)

        assert await suspended(house, lock, wish, meanwhile) == []


async def test_somebody_elses_code_is_not_removed_a_second_time(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        mum = await made_in_the_app(house, lock)
        already = len(await vendor_writes(house))

        async def wish() -> None:
            await house.call("/access_codes/unmanaged/delete", access_code_id=mum["access_code_id"])

        async def meanwhile() -> None:
            """The other waits until the first one's removal would have shown, and then sends its own."""
            await house.advance(60)
            await house.until(lambda: vendor_writes(house), lambda writes: len(writes) > already)

        assert await suspended(house, lock, wish, meanwhile) == []
