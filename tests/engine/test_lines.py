"""What somebody decides about a webhook while its line is being worked off holds from the next request on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from ostiary import store
from ostiary.engine import deliver
from ostiary.store.tx import Tx

from ..conftest import OpenHouse
from ..house import TestHouse
from ..receivers import Parcel, Receiver, Reply, receiving
from .test_deliveries import caused, hook

AFTER = 0.4
"""Seconds that the receiver takes for an answer, in which somebody decides something."""


@asynccontextmanager
async def one_under_way(
    open_: OpenHouse, status: int, waiting: int = 4
) -> AsyncIterator[tuple[TestHouse, Receiver, str, list[str]]]:
    """A line of several deliveries, of which the first is with its slow receiver; none failed before."""
    async with receiving() as receiver, open_(is_working=False) as house:
        receiver.behaviour = lambda _: Reply(status, after=AFTER)
        webhook_id = await hook(house, receiver.url())
        event_ids = await caused(house, webhook_id, waiting)
        async with house.house.engine():
            await receiver.until(lambda parcels: len(parcels) == 1)
            yield house, receiver, webhook_id, event_ids


async def state(house: TestHouse, webhook_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await house.call("/ostiary/webhooks/get", webhook_id=webhook_id))["webhook"]
    return found


async def delivery(house: TestHouse, webhook_id: str, event_id: str) -> dict[str, Any]:
    asked = {"webhook_id": webhook_id, "event_id": event_id}
    found: dict[str, Any] = (await house.call("/ostiary/webhooks/deliveries/get", **asked))["delivery"]
    return found


async def settled(house: TestHouse) -> None:
    """The one under way has been answered, and nobody works on the line any more."""
    await asyncio.sleep(AFTER)
    await house.until(_running(house), lambda running: running == 0)


def _running(house: TestHouse) -> Any:
    async def look() -> int:
        return house.house.deliveries.stats()["running"]

    return look


@pytest.mark.parametrize("status", [200, 400], ids=["taken", "refused"])
async def test_a_disabled_webhook_gets_nothing_but_what_was_under_way(open_: OpenHouse, status: int) -> None:
    async with one_under_way(open_, status) as (house, receiver, webhook_id, event_ids):
        await house.call("/ostiary/webhooks/update", webhook_id=webhook_id, is_enabled=False)
        await settled(house)
        assert len(receiver.parcels) == 1
        assert (await state(house, webhook_id))["pending_count"] == 0
        first = await delivery(house, webhook_id, event_ids[0])
        assert first["status"] == ("succeeded" if status == 200 else "failed")
        assert first["next_attempt_at"] is None
        assert [attempt["response_status"] for attempt in first["attempts"]] == [status]
        assert await house.house.database.read(store.webhooks.waiting) == []
        handled = house.house.deliveries.stats()["handled"]
        await asyncio.sleep(0.2)
        assert house.house.deliveries.stats()["handled"] == handled, "the line is left alone"


async def test_a_deleted_webhook_gets_nothing_but_what_was_under_way(open_: OpenHouse) -> None:
    async with one_under_way(open_, 200) as (house, receiver, webhook_id, _):
        await house.call("/webhooks/delete", webhook_id=webhook_id)
        await settled(house)
        assert len(receiver.parcels) == 1


async def test_a_webhook_that_was_disabled_and_enabled_again_gets_nothing_of_before(open_: OpenHouse) -> None:
    """What waited was given up; it can be replayed."""
    async with one_under_way(open_, 200) as (house, receiver, webhook_id, _):
        await house.call("/ostiary/webhooks/update", webhook_id=webhook_id, is_enabled=False)
        await house.call("/ostiary/webhooks/update", webhook_id=webhook_id, is_enabled=True)
        [new] = await caused(house, webhook_id, 1)
        parcels = await receiver.until(lambda parcels: parcels[-1].event_id == new)
        assert len(parcels) == 2


async def test_a_secret_that_was_ended_signs_nothing_any_more(open_: OpenHouse) -> None:
    async with one_under_way(open_, 200) as (house, receiver, webhook_id, event_ids):
        rotated = await house.call(
            "/ostiary/webhooks/rotate_secret", webhook_id=webhook_id, old_secret_valid_for_seconds=0
        )
        parcels = await receiver.until(lambda parcels: len(parcels) == len(event_ids))
        secret = rotated["webhook"]["secret"]
        assert [is_signed(parcel, secret) for parcel in parcels] == [False, True, True, True]


def is_signed(parcel: Parcel, secret: str) -> bool:
    headers = {name.replace("svix-", "webhook-"): value for name, value in parcel.headers.items()}
    with contextlib.suppress(WebhookVerificationError):
        Verifier(secret).verify(parcel.body, headers)
        return True
    return False


@pytest.mark.parametrize("status", [200, 400], ids=["taken", "refused"])
async def test_what_is_to_be_sent_again_is_not_forgotten_over_the_attempt_under_way(
    open_: OpenHouse, status: int
) -> None:
    """That one began before somebody, who had just mended the receiver, say, asked for another."""
    async with one_under_way(open_, status, waiting=1) as (house, receiver, webhook_id, [event_id]):
        await house.call("/ostiary/webhooks/deliveries/resend", webhook_id=webhook_id, event_id=event_id)
        receiver.behaviour = lambda _: Reply(200)
        await receiver.until(lambda parcels: len(parcels) == 2, seconds=3)

        async def look() -> dict[str, Any]:
            return await delivery(house, webhook_id, event_id)

        done = await house.until(look, lambda found: found["status"] == "succeeded")
        assert [attempt["response_status"] for attempt in done["attempts"]] == [status, 200]


async def test_a_worker_that_has_overslept_its_lease_sends_nothing_any_more(
    open_: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "STALE", 0.0)  # any time is a long time
    async with one_under_way(open_, 200) as (house, receiver, webhook_id, _):

        async def overslept(tx: Tx) -> bool:
            """As when a machine was suspended: meanwhile another has taken the line."""
            await store.webhooks.free_all(tx)
            return await store.webhooks.claim(tx, webhook_id, "theirs", tx.real_now + timedelta(seconds=30))

        assert await house.house.database.write(overslept)
        await settled(house)
        assert len(receiver.parcels) == 1
