"""What was written down and not sent yet is looked at once more: its wish may have changed meanwhile."""

import pytest

from ostiary import store
from ostiary.engine import act, reconcile
from ostiary.engine.hold import LEASE, LeaseLost
from ostiary.store.tx import Tx

from ..behaviours.support import (
    MINUTE,
    Wire,
    at_home,
    engine_passes,
    kinds_of_writes,
    set_code,
    soon,
    told,
    until_set,
    vendor_writes,
)
from ..behaviours.test_8_9_changing_hands import CONVERT, DELETE, attempt_of, standing
from ..behaviours.test_8_9_unmanaged import made_in_the_app, others
from ..conftest import OpenHouse
from ..house import TestHouse
from .interrupting import Deed, interrupted


async def tick_meanwhile(house: TestHouse, lock: Wire, wish: Deed, meanwhile: Deed) -> None:
    """What `wish` leaves to be done at the lock is written down; then comes `meanwhile`, then it is sent."""
    async with interrupted(house, lock, after="_write_down", meanwhile=meanwhile) as hold:
        await wish()
        await reconcile.tick(hold, lock["device_id"])


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
        await until_set(house, made[0]["access_code_id"])
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


async def test_a_worker_that_slept_sends_nothing_for_an_account_that_another_has_taken(
    open_: OpenHouse,
) -> None:
    """The other finds the step written down and sends it when it may: once, and not by both."""
    async with at_home(open_) as (house, lock):
        writes, account_id = await kinds_of_writes(house), lock["connected_account_id"]
        made: list[Wire] = []

        async def sleeps(tx: Tx) -> None:
            await store.connected_accounts.free_all(tx)
            assert await store.connected_accounts.claim(tx, account_id, "another", tx.real_now + LEASE)

        async def meanwhile() -> None:
            await house.house.database.write(sleeps)

        async with interrupted(house, lock, after="_write_down", meanwhile=meanwhile) as hold:
            made.append(await house.create_code(lock["device_id"], code="443322"))
            with pytest.raises(LeaseLost):
                await reconcile.tick(hold, lock["device_id"])
        assert await kinds_of_writes(house) == writes
        await house.house.database.write(store.connected_accounts.free_all)
        await engine_passes(house, 5 * MINUTE.total_seconds())
        await until_set(house, made[0]["access_code_id"])
        assert len(await kinds_of_writes(house)) == len(writes) + 1


async def test_a_door_is_not_opened_by_a_machine_that_slept_before_it_was_sent(open_: OpenHouse) -> None:
    """Its time was left when it was marked as sent, and over when it was to be sent."""
    async with at_home(open_) as (house, lock):
        async with interrupted(house, lock, after="_mark_sent", meanwhile=lambda: house.advance(31)) as hold:
            asked = await house.call("/locks/unlock_door", device_id=lock["device_id"])
            await act.operate_door(hold, lock["device_id"])
        attempt = await attempt_of(house, asked)
        assert (attempt["status"], attempt["error"]["type"]) == ("error", "action_attempt_expired")
        assert "Nothing was sent" in attempt["error"]["message"]
        assert await vendor_writes(house) == []
        assert (await house.lock_with_keypad())["properties"]["locked"] is True
