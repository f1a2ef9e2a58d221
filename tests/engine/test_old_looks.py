"""What a look has shown is as old as the question: a machine may be suspended before it counts."""

from collections.abc import Awaitable, Callable
from typing import Any

from ostiary.engine import drain, reconcile
from ostiary.engine.hold import Hold

from ..behaviours.support import Wire, at_home, fault, kinds_of_writes, told, until_idle, until_set
from ..conftest import OpenHouse
from .test_wish_changes import Deed


class Dozing(Hold):
    """A hold at which something happens, once, right after the codes of a lock were listed."""

    meanwhile: Deed | None = None

    async def call(self, verb: Callable[..., Awaitable[Any]], *, is_at_door: bool = False) -> Any:
        result = await super().call(verb, is_at_door=is_at_door)
        if isinstance(result, list | tuple) and self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return result


async def test_a_write_is_not_lost_because_a_look_from_before_its_time_has_missed_it(
    open_: OpenHouse,
) -> None:
    async with at_home(open_) as (house, lock):
        await until_idle(house)
        writes = await kinds_of_writes(house)
        database, vendors = house.house.database, house.house.vendors
        taken = await drain.take(database, vendors, lock["connected_account_id"])
        assert taken is not None
        hold = Dozing(database, vendors, taken.account, taken.workspace, taken.lease)
        await fault(house, "late", seconds=30, times=1)
        code: Wire = await house.create_code(lock["device_id"], code="443322")
        await reconcile.tick(hold, lock["device_id"])
        hold.meanwhile = lambda: house.advance(120)
        await reconcile.tick(hold, lock["device_id"])
        assert hold.meanwhile is None, "nothing was looked at: the test shows nothing"
        await drain.give_back(database, hold)
        await until_set(house, code["access_code_id"])
        assert "failed_to_set_on_device" not in await told(house, code)
        assert len(await kinds_of_writes(house)) == len(writes) + 1
        history = await house.call("/ostiary/access_codes/evidence", access_code_id=code["access_code_id"])
        assert "lost" not in str(history)
