"""What was written down and not sent yet is looked at once more: its wish may have changed meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ostiary.engine import drain, reconcile
from ostiary.engine.hold import Hold

from ..behaviours.support import Wire, at_home, kinds_of_writes, set_code, soon, told, until_idle
from ..behaviours.test_8_9_changing_hands import CONVERT, DELETE, attempt_of, standing
from ..behaviours.test_8_9_unmanaged import made_in_the_app, others
from ..conftest import OpenHouse
from ..house import TestHouse

Deed = Callable[[], Awaitable[object]]


class Interrupted(Hold):
    """A hold on an account at which something happens right after a write to the vendor was written down."""

    meanwhile: Deed
    is_done = False

    async def write(self, use_case: Callable[..., Any], *args: Any) -> Any:
        result = await super().write(use_case, *args)
        if use_case.__name__ == "_write_down" and result is not None and not self.is_done:
            self.is_done = True
            await self.meanwhile()
        return result


async def tick_meanwhile(house: TestHouse, lock: Wire, wish: Deed, meanwhile: Deed) -> None:
    """
    What `wish` leaves to be done at the lock is begun by a worker of our own; the house's is kept away from
    the account, and takes it afterwards.
    """
    await until_idle(house)
    database, vendors = house.house.database, house.house.vendors
    taken = await drain.take(database, vendors, lock["connected_account_id"])
    assert taken is not None
    hold = Interrupted(database, vendors, taken.account, taken.workspace, taken.lease)
    hold.meanwhile = meanwhile
    try:
        await wish()
        await reconcile.tick(hold, lock["device_id"])
        assert hold.is_done, "nothing was written down: the test shows nothing"
    finally:
        await drain.give_back(database, hold)
    await until_idle(house)


async def test_a_removal_is_not_sent_after_its_device_was_handed_over(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="443322")
        before, writes = await standing(house, lock), await kinds_of_writes(house)
        its_id = {"access_code_id": code["access_code_id"]}
        await tick_meanwhile(
            house,
            lock,
            wish=lambda: house.call("/access_codes/delete", **its_id),
            meanwhile=lambda: house.call("/devices/update", device_id=lock["device_id"], is_managed=False),
        )
        assert await standing(house, lock) == before
        assert await kinds_of_writes(house) == writes
        assert [other["access_code_id"] for other in await others(house, lock)] == [code["access_code_id"]]


async def test_the_removal_of_anothers_code_is_not_sent_after_its_device_was_handed_over(
    open_: OpenHouse,
) -> None:
    async with at_home(open_) as (house, lock):
        mum = await made_in_the_app(house, lock)
        before, writes = await standing(house, lock), await kinds_of_writes(house)
        asked: list[Wire] = []

        async def wish() -> None:
            asked.append(await house.call(DELETE, access_code_id=mum["access_code_id"]))

        await tick_meanwhile(
            house,
            lock,
            wish,
            meanwhile=lambda: house.call("/devices/update", device_id=lock["device_id"], is_managed=False),
        )
        assert (await attempt_of(house, asked[0]))["error"]["type"] == "device_unmanaged"
        assert await standing(house, lock) == before
        assert await kinds_of_writes(house) == writes


async def test_a_code_is_not_set_after_it_was_deleted(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        writes, made = await kinds_of_writes(house), list[Wire]()

        async def wish() -> None:
            made.append(await house.create_code(lock["device_id"], code="443322"))

        async def meanwhile() -> None:
            await house.call("/access_codes/delete", access_code_id=made[0]["access_code_id"])

        await tick_meanwhile(house, lock, wish, meanwhile)
        await soon(house, lambda: told(house, made[0]), lambda story: story[-1] == "deleted")
        assert await house.codes_on_lock(lock) == []
        assert await kinds_of_writes(house) == writes


@pytest.mark.parametrize("pin", ["554433", None], ids=["another PIN", "another name"])
async def test_a_code_is_set_as_it_was_wished_last(open_: OpenHouse, pin: str | None) -> None:
    """One write: what the first wish would have sent is not sent, and the second wish is not late for it."""
    async with at_home(open_) as (house, lock):
        writes, made = await kinds_of_writes(house), list[Wire]()
        new: dict[str, object] = {"name": "Bea"} if pin is None else {"code": pin}

        async def wish() -> None:
            made.append(await house.create_code(lock["device_id"], name="Anna", code="443322"))

        async def meanwhile() -> None:
            await house.call("/access_codes/update", access_code_id=made[0]["access_code_id"], **new)

        await tick_meanwhile(house, lock, wish, meanwhile)
        await house.until(lambda: house.code(made[0]["access_code_id"]), lambda code: code["status"] == "set")
        [entry] = await house.codes_on_lock(lock)
        assert str(entry["code"]) == (pin or "443322")
        assert len(await kinds_of_writes(house)) == len(writes) + 1


async def test_a_code_that_is_being_taken_over_stays_as_it_is_when_its_device_is_handed_over(
    open_: OpenHouse,
) -> None:
    async with at_home(open_) as (house, lock):
        mum = await made_in_the_app(house, lock)
        before, writes = await standing(house, lock), await kinds_of_writes(house)
        await tick_meanwhile(
            house,
            lock,
            wish=lambda: house.call(CONVERT, access_code_id=mum["access_code_id"]),
            meanwhile=lambda: house.call("/devices/update", device_id=lock["device_id"], is_managed=False),
        )
        assert await standing(house, lock) == before
        assert await kinds_of_writes(house) == writes
