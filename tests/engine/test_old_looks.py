"""What a look has shown is as old as the question: a machine may be suspended before it counts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from ostiary.engine import act, entries, poll, reconcile
from ostiary.engine.hold import Hold

from ..behaviours.support import (
    Wire,
    at_home,
    engine_kept_away,
    fault,
    kinds_of_writes,
    set_code,
    told,
    until_idle,
    until_set,
)
from ..conftest import OpenHouse
from ..house import TestHouse
from .interrupting import Deed


class Dozing(Hold):
    """A hold at which something happens, once, right after the vendor has answered with such a thing."""

    meanwhile: Deed | None = None
    answer: type = list

    async def call(self, verb: Callable[..., Awaitable[Any]], *, is_at_door: bool = False) -> Any:
        result = await super().call(verb, is_at_door=is_at_door)
        if isinstance(result, self.answer) and self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return result


@asynccontextmanager
async def held(house: TestHouse, lock: Wire) -> AsyncIterator[Dozing]:
    """The account of a lock, kept away from the house's own worker."""
    async with engine_kept_away(house, lock) as taken:
        hold = Dozing(house.house.database, house.house.vendors, taken.account, taken.workspace, taken.lease)
        yield hold
        assert hold.meanwhile is None, "it was not asked: the test shows nothing"


async def test_a_write_is_not_lost_because_a_look_from_before_its_time_has_missed_it(
    open_: OpenHouse,
) -> None:
    async with at_home(open_) as (house, lock):
        writes = await kinds_of_writes(house)
        async with held(house, lock) as hold:
            await fault(house, "late", seconds=30, times=1)
            code = await house.create_code(lock["device_id"], code="443322")
            await reconcile.tick(hold, lock["device_id"])
            hold.meanwhile = lambda: house.advance(120)
            await reconcile.tick(hold, lock["device_id"])
        await until_set(house, code["access_code_id"])
        assert "failed_to_set_on_device" not in await told(house, code)
        assert len(await kinds_of_writes(house)) == len(writes) + 1
        history = await house.call("/ostiary/access_codes/evidence", access_code_id=code["access_code_id"])
        assert "lost" not in str(history)


async def test_what_the_log_says_is_not_told_of_a_device_that_was_handed_over(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await set_code(house, lock, code="498882")
        async with held(house, lock) as hold:
            assert await house.type_code(lock, "498882")
            [watched] = [
                each
                for each in await hold.read(entries._watched, hold)
                if each.device.device_id == lock["device_id"]
            ]
            hold.meanwhile = lambda: house.call(
                "/devices/update", device_id=lock["device_id"], is_managed=False
            )
            assert await entries._tell_one(hold, watched, await house.now())
        assert [kind for kind in await house.event_types() if kind.startswith("lock.")] == []


async def test_an_older_look_does_not_undo_a_newer_one(open_: OpenHouse) -> None:
    """A door was opened, and seen open, while the list of devices from before was still on its way."""
    async with at_home(open_) as (house, lock):
        assert lock["properties"]["locked"] is True
        async with held(house, lock) as hold:

            async def opened() -> None:
                await house.call("/locks/unlock_door", device_id=lock["device_id"])
                await act.operate_door(hold, lock["device_id"])
                assert await _is_locked(house, lock) is False

            hold.meanwhile = opened
            await poll.poll(hold)
            assert await _is_locked(house, lock) is False


async def _is_locked(house: TestHouse, lock: Wire) -> bool:
    shown = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
    return bool(shown["properties"]["locked"])


async def test_what_a_look_at_a_door_shows_first_is_told(open_: OpenHouse) -> None:
    """The next look at the list of devices shows nothing new any more."""
    async with at_home(open_) as (house, lock):
        await until_idle(house)
        device = {"smartlock_id": await house.smartlock_id(lock)}
        async with held(house, lock) as hold:
            await house.simulator("device", **device, battery=15)
            await house.call("/locks/unlock_door", device_id=lock["device_id"])
            await act.operate_door(hold, lock["device_id"])
            await poll.poll(hold)
        kinds = await house.event_types(device_id=lock["device_id"])
        assert kinds.count("device.low_battery") == 1
