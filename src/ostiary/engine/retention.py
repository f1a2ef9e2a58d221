"""
What is not kept any longer: events, and deliveries that were settled, once they are old enough.

A quiet task beside the dispatcher. It removes a few hundred rows in a transaction and pauses before the next,
so that requests do not feel it. Every process has one; where several remove the same, the database lets one
go first. Age is by the workspace's clock: where that stands still, nothing grows old.

Events go in the order of their positions and without gaps, so whoever can still find one has all that came
after it. The newest of a workspace always stays: a client that has heard everything can find its place.
"""

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from .. import store
from ..domain.workspaces import Workspace
from ..store.tx import Database, Tx

log = logging.getLogger("ostiary.engine")


@dataclass(frozen=True, slots=True)
class Pace:
    """
    Attributes:
        step: Rows that one transaction removes.
        pause: Seconds after each transaction.
        every: Seconds between two rounds, and before the first; up to a quarter more, so that processes
            that were started together come apart.
    """

    step: int = 200
    pause: float = 0.2
    every: float = 300.0


class Retention:
    """
    Args:
        events: For how long events are kept; None: for ever.
        deliveries: The same for deliveries, from when they were settled.
    """

    def __init__(
        self,
        database: Database,
        events: timedelta | None,
        deliveries: timedelta | None,
        pace: Pace | None = None,
    ) -> None:
        self._database = database
        self._events = events
        self._deliveries = deliveries
        self._pace = pace or Pace()

    async def run(self) -> None:
        """Until it is cancelled."""
        while self._events is not None or self._deliveries is not None:
            await asyncio.sleep(self._pace.every * (1 + random.random() / 4))  # noqa: S311 - spreads load
            try:
                await self.round()
            except Exception:
                log.exception("what is old could not be removed; it is tried again")

    async def round(self) -> tuple[int, int]:
        """Remove all that is old by now. Returns how many events, and how many deliveries."""
        events = deliveries = 0
        for workspace in await self._database.read(store.workspaces.list_all):
            if self._events is not None:
                events += await self._remove_events(workspace, self._events)
            if self._deliveries is not None:
                deliveries += await self._remove_deliveries(workspace, self._deliveries)
        if events or deliveries:
            log.info("removed %d old events and %d old deliveries", events, deliveries)
        return events, deliveries

    async def _remove_events(self, workspace: Workspace, kept: timedelta) -> int:
        removed = 0
        while await self._database.read(_is_event_old, workspace, kept):
            step = await self._database.write(_remove_events, workspace, kept, self._pace.step)
            removed += step
            await asyncio.sleep(self._pace.pause)
            if not step:  # the first of them is still to be delivered
                break
        return removed

    async def _remove_deliveries(self, workspace: Workspace, kept: timedelta) -> int:
        removed = 0
        while await self._database.read(_is_delivery_old, workspace, kept):
            removed += await self._database.write(_remove_deliveries, workspace, kept, self._pace.step)
            await asyncio.sleep(self._pace.pause)
        return removed


def _limit(tx: Tx, workspace: Workspace, kept: timedelta) -> datetime:
    """What was before this is old. By a clock that is a little behind its row: it only moves forward."""
    return workspace.at(tx.real_now) - kept


async def _is_event_old(tx: Tx, workspace: Workspace, kept: timedelta) -> bool:
    """One that is not the last."""
    found = await store.events.oldest(tx, workspace.workspace_id, 2)
    return len(found) == 2 and found[0][1] < _limit(tx, workspace, kept)


async def _remove_events(tx: Tx, workspace: Workspace, kept: timedelta, step: int) -> int:
    found = await store.events.oldest(tx, workspace.workspace_id, step + 1)
    waiting = await store.deliveries.first_waiting(tx, workspace.workspace_id)
    old = 0
    for position, created_at in found[:-1]:
        if created_at >= _limit(tx, workspace, kept) or (waiting is not None and position >= waiting):
            break
        old = position
    return await store.events.remove(tx, workspace.workspace_id, old) if old else 0


async def _is_delivery_old(tx: Tx, workspace: Workspace, kept: timedelta) -> bool:
    before = _limit(tx, workspace, kept)
    return await store.deliveries.is_any_settled(tx, workspace.workspace_id, before)


async def _remove_deliveries(tx: Tx, workspace: Workspace, kept: timedelta, step: int) -> int:
    before = _limit(tx, workspace, kept)
    return await store.deliveries.remove_settled(tx, workspace.workspace_id, before, step)
