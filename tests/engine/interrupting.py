"""A worker of our own at one account, at which something happens between two of its steps."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from ostiary.engine.hold import Hold

from ..behaviours.support import Wire, engine_kept_away, until_idle
from ..house import TestHouse

Deed = Callable[[], Awaitable[object]]


class InterruptedHold(Hold):
    """
    Attributes:
        after: The use case after whose first commit with a result `meanwhile` happens.
        is_done: It has happened.
    """

    after: str
    meanwhile: Deed
    is_done = False

    async def write(self, use_case: Callable[..., Any], *args: Any) -> Any:
        result = await super().write(use_case, *args)
        if use_case.__name__ == self.after and result and not self.is_done:
            self.is_done = True
            await self.meanwhile()
        return result


@asynccontextmanager
async def interrupted(
    house: TestHouse, lock: Wire, *, after: str, meanwhile: Deed
) -> AsyncIterator[InterruptedHold]:
    """Inside the block the house's own engine is kept away from the lock's account; then it is back."""
    async with engine_kept_away(house, lock) as taken:
        hold = InterruptedHold(
            house.house.database, house.house.vendors, taken.account, taken.workspace, taken.lease
        )
        hold.after, hold.meanwhile = after, meanwhile
        yield hold
        assert hold.is_done, "nothing was interrupted: the test shows nothing"
    await until_idle(house)
