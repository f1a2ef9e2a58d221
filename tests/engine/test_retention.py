"""What is old goes, a little at a time; what is new, awaited or of a slower clock stays."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ostiary import store
from ostiary.domain.events import event
from ostiary.domain.secrets import Secret
from ostiary.domain.webhooks import Webhook
from ostiary.domain.workspaces import Workspace
from ostiary.engine.retention import Pace, Retention
from ostiary.settings import SettingsError
from ostiary.store.opening import open_database
from ostiary.store.tx import Database, Tx
from ostiary.wire.stream import BEGINNING

from ..behaviours.support import at_home, set_code
from ..conftest import OpenHouse
from ..house import settings_for
from ..store.opened import KEY, Clock, add_workspace, opened
from ..streams import listening

DAY = timedelta(days=1)
QUICKLY = Pace(step=200, pause=0.001)


async def add_webhook(tx: Tx, workspace: Workspace) -> Webhook:
    secret, where = Secret("whsec_x"), "http://receiver.test/"
    made = Webhook(
        str(uuid4()), workspace.workspace_id, where, ("*",), secret, None, None, workspace.created_at, None
    )
    await store.webhooks.insert(tx, made)
    return made


async def emit(tx: Tx, workspace: Workspace, count: int) -> None:
    """In the present of the workspace as it is stored."""
    stored = await store.workspaces.get(tx, workspace.workspace_id)
    assert stored is not None
    tx.enter(stored)
    device_id, account_id = str(uuid4()), str(uuid4())
    for _ in range(count):
        ids: dict[str, Any] = {"device_id": device_id, "connected_account_id": account_id}
        tx.emit(event("device.added", workspace.workspace_id, tx.now, **ids))


async def settle(tx: Tx, workspace: Workspace, webhook: Webhook, keep: int = 0) -> None:
    """All that waits, but for the last so many."""
    stored = await store.workspaces.get(tx, workspace.workspace_id)
    assert stored is not None
    tx.enter(stored)
    due = await store.deliveries.due(tx, webhook.webhook_id, 10_000)
    for delivery in due[: len(due) - keep]:
        settled = replace(delivery, status="succeeded", due_at=None, settled_at=tx.now)
        await store.deliveries.settle(tx, delivery, settled)


async def kept(tx: Tx, workspace: Workspace, webhook: Webhook) -> tuple[list[int], int]:
    """Positions of events, and the number of deliveries."""
    events = await store.events.after(tx, workspace.workspace_id, 0, 100_000)
    deliveries = await store.deliveries.list_page(tx, webhook.webhook_id, 2**60, 100_000)
    return [position for position, _ in events], len(deliveries)


class Watching:
    """A database that keeps what its writes have answered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.read = database.read
        self.removed: list[int] = []

    async def write(self, use_case: Callable[..., Any], *args: Any) -> Any:
        count = await self._database.write(use_case, *args)
        self.removed.append(count)
        return count


async def test_thousands_go_in_small_steps_while_requests_are_answered(open_: OpenHouse) -> None:
    async with open_(is_working=False) as house:
        database = house.house.database
        webhook = await database.write(add_webhook, house.workspace)
        slow = await database.write(add_workspace, "slow")
        slow_webhook = await database.write(add_webhook, slow)
        frozen = replace(slow, clock_frozen_at=slow.created_at)
        await database.write(store.workspaces.set_clock, frozen)
        for _ in range(10):
            await database.write(emit, house.workspace, 200)
        await database.write(emit, slow, 40)
        for workspace, its in ((house.workspace, webhook), (slow, slow_webhook)):
            await database.write(settle, workspace, its)
        [old, *_] = (await house.call("/events/list", since="1970-01-02T00:00:00Z", limit=1))["events"]
        await house.advance(100 * 24 * 3600)
        await database.write(emit, house.workspace, 30)
        await database.write(settle, house.workspace, webhook, 20)
        before, deliveries = await database.read(kept, house.workspace, webhook)
        assert (len(before), deliveries) == (2030, 2030)

        watching: Any = Watching(database)
        gently = replace(QUICKLY, pause=0.03)
        round_ = asyncio.create_task(Retention(watching, 90 * DAY, 30 * DAY, gently).round())
        took: list[float] = []
        async with listening(house.house.streams, house.api_key) as client:
            await client.begun()
            while not round_.done():
                began = time.perf_counter()
                await house.call("/events/list", since="1970-01-02T00:00:00Z", limit=5)
                await database.write(emit, house.workspace, 1)
                took.append(time.perf_counter() - began)
                await client.event(2)
        assert await round_ == (2000, 2000)
        steps = [count for count in watching.removed if count]
        assert len(steps) == 20
        assert max(steps) == 200
        assert len(took) >= 10
        assert max(took) < 1

        after, deliveries = await database.read(kept, house.workspace, webhook)
        assert after[:30] == before[2000:]
        assert (len(after), deliveries) == (30 + len(took), 30 + len(took))
        waiting = await database.read(store.deliveries.count_pending, webhook.webhook_id)
        assert waiting == 20 + len(took)
        positions, deliveries = await database.read(kept, slow, slow_webhook)
        assert (len(positions), deliveries) == (40, 40)
        assert after[30:] == sorted(after[30:])
        assert after[30] > before[-1]

        await house.refused("/events/get", 404, "event_not_found", event_id=old["event_id"])
        resume = {"headers": {"last-event-id": old["event_id"]}}
        refused = await house.request("GET", "/ostiary/events/stream", **resume)
        assert (refused.status_code, refused.json()["error"]["type"]) == (404, "event_not_found")
        async with listening(house.house.streams, house.api_key, last_event_id=BEGINNING) as client:
            assert len(await client.events(len(after))) == len(after)
        assert await Retention(database, 90 * DAY, 30 * DAY, QUICKLY).round() == (0, 0)


async def test_what_is_still_to_be_delivered_stays_and_all_after_it(database_url: str) -> None:
    """Who can find an event can find all that came after: resuming never skips."""
    clock = Clock()
    async with opened(database_url, clock=clock) as database:
        workspace = await database.write(add_workspace)
        webhook = await database.write(add_webhook, workspace)
        for _ in range(6):
            await database.write(emit, workspace, 1)
            clock.move(1)
            await database.write(settle, workspace, webhook)
        await database.write(emit, workspace, 1)
        clock.move(1)
        await database.write(emit, workspace, 5)
        await database.write(settle, workspace, webhook, 6)
        first, _ = await database.read(kept, workspace, webhook)
        clock.move(91 * 86400)
        retention = Retention(database, 90 * DAY, None, Pace(step=4, pause=0))
        assert await retention.round() == (6, 0)
        assert (await database.read(kept, workspace, webhook)) == (first[6:], 12)
        await database.write(settle, workspace, webhook)
        assert await retention.round() == (5, 0)
        assert (await database.read(kept, workspace, webhook)) == (first[-1:], 12)
        clock.move(91 * 86400)
        assert await retention.round() == (0, 0), "the newest stays: clients resume after it"
        await database.write(emit, workspace, 1)
        assert await retention.round() == (1, 0)
        assert await Retention(database, None, 30 * DAY, Pace(step=5, pause=0)).round() == (0, 12)
        positions, deliveries = await database.read(kept, workspace, webhook)
        assert deliveries == 1, "it is not settled"
        assert positions[0] > first[-1]
        assert await Retention(database, None, None).round() == (0, 0)


async def test_positions_are_never_given_twice(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock=clock) as database:
        workspace = await database.write(add_workspace)
        webhook = await database.write(add_webhook, workspace)
        await database.write(emit, workspace, 3)
        before, _ = await database.read(kept, workspace, webhook)
        assert await database.write(store.events.remove, workspace.workspace_id, before[-1]) == 3
        await database.write(emit, workspace, 1)
        [after], _ = await database.read(kept, workspace, webhook)
        assert after > before[-1]


async def test_by_the_age_that_is_set_and_not_before(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock=clock) as database:
        workspace = await database.write(add_workspace)
        webhook = await database.write(add_webhook, workspace)
        await database.write(emit, workspace, 2)
        await database.write(settle, workspace, webhook)
        retention = Retention(database, 2 * DAY, 1 * DAY, Pace(pause=0))
        for seconds, gone in ((86400, (0, 0)), (1, (0, 2)), (86399, (0, 0)), (1, (1, 0))):
            clock.move(seconds)
            assert await retention.round() == gone, seconds


async def test_several_processes_are_harmless(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock=clock) as database:
        workspace = await database.write(add_workspace)
        webhook = await database.write(add_webhook, workspace)
        await database.write(emit, workspace, 301)
        await database.write(settle, workspace, webhook)
        clock.move(100 * 86400)
        other = await open_database(database_url, [KEY], clock)
        try:
            pace = Pace(step=20, pause=0.001)
            rounds = (Retention(each, 90 * DAY, 30 * DAY, pace).round() for each in (database, other))
            events, deliveries = zip(*await asyncio.gather(*rounds), strict=True)
        finally:
            await other.close()
        assert (sum(events), sum(deliveries)) == (300, 301)
        positions, deliveries_left = await database.read(kept, workspace, webhook)
        assert (len(positions), deliveries_left) == (1, 0)


async def test_it_looks_again_by_itself_and_survives_a_bad_moment(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock=clock) as database:
        workspace = await database.write(add_workspace)
        webhook = await database.write(add_webhook, workspace)
        await database.write(emit, workspace, 5)
        await database.write(settle, workspace, webhook)
        watching: Any = Watching(database)
        retention = Retention(watching, 90 * DAY, 30 * DAY, Pace(pause=0, every=0.05))
        read = watching.read

        async def fails(*args: Any, **kwargs: Any) -> Any:
            watching.read = read
            raise OSError("the database is away")

        watching.read = fails
        running = asyncio.create_task(retention.run())
        await asyncio.sleep(0.2)
        clock.move(100 * 86400)
        async with asyncio.timeout(5):
            while (await database.read(kept, workspace, webhook)) != ((await last(database, workspace)), 0):
                await asyncio.sleep(0.02)
        assert watching.read is read
        running.cancel()
        await asyncio.wait({running})


async def last(database: Database, workspace: Workspace) -> list[int]:
    return [await database.read(store.events.last_position, workspace.workspace_id)]


async def test_what_reads_events_goes_on_without_them(open_: OpenHouse) -> None:
    """The record of a code is not kept in events, and neither is where its timeline's lines belong."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        asked = {"access_code_id": code["access_code_id"]}
        before = (await house.call("/access_codes/get_timeline", **asked))["timeline_events"]
        kinds = [line["event_type"] for line in before]
        place = kinds.index("access_code.set_on_device")
        assert any(kind.startswith("internal.") for kind in kinds[:place])
        page = await house.call("/access_codes/get_timeline", **asked, limit=place)
        await house.advance(95 * 24 * 3600)
        await house.house.database.write(emit, house.workspace, 1)
        retention = Retention(house.house.database, 90 * DAY, 30 * DAY, QUICKLY)
        assert (await retention.round())[0] > 5
        assert await house.event_types(access_code_id=code["access_code_id"]) == []
        after = (await house.call("/access_codes/get_timeline", **asked))["timeline_events"]
        programming = [line for line in before if line["event_type"].startswith("internal.")]
        assert programming
        assert after[: len(programming)] == programming
        cursor = page["pagination"]["next_cursor"]
        following = await house.call("/access_codes/get_timeline", page_cursor=cursor, **asked, limit=place)
        begun = before[place]["occurred_at"]
        assert following["timeline_events"] == [line for line in after if line["occurred_at"] >= begun]
        proof = (await house.call("/ostiary/access_codes/evidence", **asked))["evidence"]
        assert proof["is_intact"] is True


@pytest.mark.parametrize("value", ["-1", "ninety", "1.5", "36501", "²", "999999999999"])
@pytest.mark.parametrize("name", ["OSTIARY_EVENTS_KEPT_DAYS", "OSTIARY_DELIVERIES_KEPT_DAYS"])
def test_a_wrong_setting_says_what_it_takes(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be a whole number of days from 0 to 36500"):
        settings_for(tmp_path, **{name: value})


def test_settings(tmp_path: Path) -> None:
    usual = settings_for(tmp_path)
    assert (usual.events_kept, usual.deliveries_kept) == (90 * DAY, 30 * DAY)
    zero = {"OSTIARY_EVENTS_KEPT_DAYS": "0", "OSTIARY_DELIVERIES_KEPT_DAYS": "7"}
    other = settings_for(tmp_path, **zero)
    assert (other.events_kept, other.deliveries_kept) == (None, 7 * DAY)
