"""Deliveries as work: one worker per line, over processes, restarts and stops."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ostiary import store
from ostiary.engine.deliver import Deliveries, DeliveryDispatcher
from ostiary.store.tx import Tx

from ..conftest import OpenHouse
from ..house import TestHouse, open_house
from ..receivers import Reply, receiving


async def hook(house: TestHouse, url: str) -> str:
    made: dict[str, Any] = await house.call("/webhooks/create", url=url, event_types=["ostiary.webhook.test"])
    return str(made["webhook"]["webhook_id"])


async def caused(house: TestHouse, webhook_id: str, number: int) -> list[str]:
    made = [await house.call("/ostiary/webhooks/test", webhook_id=webhook_id) for _ in range(number)]
    return [answer["delivery"]["event_id"] for answer in made]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_two_processes_send_one_at_a_time_and_each_event_once(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        receiving() as receiver,
        open_house(tmp_path, database_url) as one,
        open_house(tmp_path, database_url) as other,
    ):
        receiver.behaviour = lambda _: Reply(200, after=0.005)
        webhook_id = await hook(one, receiver.url())
        halves = await asyncio.gather(caused(one, webhook_id, 30), caused(other, webhook_id, 30))
        sent = [event_id for half in halves for event_id in half]
        parcels = await receiver.until(lambda parcels: len(parcels) >= 60)
        await asyncio.sleep(0.1)
        assert receiver.most_at_once["/hook"] == 1
        assert sorted(parcel.event_id for parcel in parcels) == sorted(sent)
        for half in halves:
            arrived = [parcel.event_id for parcel in parcels if parcel.event_id in half]
            assert arrived == half, "in the order in which one caller caused them"


async def test_a_stop_settles_what_has_arrived(open_: OpenHouse) -> None:
    async with receiving() as receiver:
        receiver.behaviour = lambda parcel: Reply(200, after=0 if len(receiver.parcels) < 4 else 60)
        async with open_() as house:
            webhook_id = await hook(house, receiver.url())
            await caused(house, webhook_id, 6)
            await receiver.until(lambda parcels: len(parcels) == 4)
        receiver.behaviour = lambda _: Reply()
        async with open_() as house:
            parcels = await receiver.until(lambda parcels: len({each.event_id for each in parcels}) == 6)
    ids = [parcel.event_id for parcel in parcels]
    assert ids[:4] == list(dict.fromkeys(ids))[:4]
    assert ids[4:] == ids[3:4] + list(dict.fromkeys(ids))[4:], "only the one under way came again"


async def test_a_worker_without_the_lease_sends_nothing(open_: OpenHouse) -> None:
    async with receiving() as receiver, open_(is_working=False) as house:
        webhook_id = await hook(house, receiver.url())
        await caused(house, webhook_id, 1)
        database = house.house.database

        async def take(tx: Tx, token: str) -> bool:
            return await store.webhooks.claim(tx, webhook_id, token, tx.real_now + timedelta(seconds=30))

        assert await database.write(take, "theirs")
        assert not await database.write(take, "mine")

        def nobody() -> Any:
            raise AssertionError("nothing is to be sent")

        await Deliveries(database, nobody, linger=0).deliver(webhook_id, asyncio.Event())
        assert receiver.parcels == []
        [(waiting, seconds)] = await database.read(store.webhooks.waiting)
        assert waiting == webhook_id
        assert 25 < seconds <= 30, "it is looked at again when the other's lease has ended"
        await database.write(store.webhooks.release, webhook_id, "theirs")
        assert await database.read(store.webhooks.waiting) == [(webhook_id, 0.0)]


async def test_the_standing_clock_holds_retries_and_no_first_attempt(open_: OpenHouse) -> None:
    async with receiving() as receiver, open_() as house:
        receiver.behaviour = lambda _: Reply(500)
        await house.call("/ostiary/clock/update", advance_seconds=10, is_frozen=True)
        webhook_id = await hook(house, receiver.url())
        await caused(house, webhook_id, 1)
        await receiver.until(lambda parcels: len(parcels) == 1)
        await asyncio.sleep(0.3)
        assert len(receiver.parcels) == 1
        await house.call("/ostiary/clock/update", advance_seconds=6, is_frozen=True)
        await receiver.until(lambda parcels: len(parcels) == 2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_hundred_lines_are_not_begun_in_one_turn(open_: OpenHouse) -> None:
    """In between, requests get their turn, first of all the one that caused the event."""
    begun: list[str] = []

    async def begin(webhook_id: str, woken: asyncio.Event) -> None:
        begun.append(webhook_id)

    async with open_(is_working=False) as house:
        dispatcher = DeliveryDispatcher(house.house.database)
        await dispatcher.open(begin)
        running = asyncio.create_task(dispatcher.run())
        await asyncio.sleep(0)
        wanted = [str(number) for number in range(100)]
        dispatcher.wake([f"webhook/{each}" for each in wanted])
        counts = [0]
        while counts[-1] < len(wanted) and len(counts) < 1000:
            await asyncio.sleep(0)
            counts.append(len(begun))
        dispatcher.stop()
        await running
    assert begun == wanted
    in_a_turn = max(after - before for before, after in pairwise(counts))
    assert in_a_turn <= DeliveryDispatcher.IN_A_TURN
