"""
Every type of event that happens here, as a webhook hears of it, against the official schema of that type.

Nothing is made up: stories are played through whole houses, of both brands, and what a webhook for everything
was sent is kept. A type that no story brings about is a failure, so that none is ever left out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ostiary.domain.event_types import WIRE
from ostiary.domain.events import EMITTED

from ..behaviours.support import engine_passes, named, set_code, until_set
from ..behaviours.test_8_9_drift import an_hour_passes, by_program, name_there
from ..behaviours.test_8_9_unmanaged import _as_owner, a_day_passes, door
from ..behaviours.test_8_10_events import a_spare, others_at_work, the_ordinary, trouble
from ..house import TestHouse, open_house
from ..receivers import Parcel, receiving
from . import official
from .left_alone import devices_are_left_alone
from .test_official_schema import devices_change, logging_in
from .with_sessions import users_ask_themselves

HOUR = 3600.0
Story = Callable[[TestHouse], Awaitable[None]]


@dataclass
class Heard:
    """
    What webhooks were sent in all stories.

    Attributes:
        bodies: By event type, as JSON.
        unlike: Deliveries that are not what `/events/get` answers, by event type.
        by_brand: The types that each brand's stories brought about.
    """

    bodies: dict[str, list[Any]] = field(default_factory=dict)
    unlike: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    by_brand: dict[str, set[str]] = field(default_factory=dict)

    async def add(self, house: TestHouse, parcel: Parcel) -> None:
        event_type = parcel.event["event_type"]
        self.bodies.setdefault(event_type, []).append(parcel.event)
        self.by_brand.setdefault(house.provider, set()).add(event_type)
        asked = {"event_id": parcel.event_id}
        answer = (await house.request("POST", "/events/get", json=asked)).content
        if answer != b'{"event":%s,"ok":true}' % parcel.body:
            self.unlike[event_type] = (parcel.body, answer)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """After all stories."""
    heard = Heard()

    async def play() -> None:
        for story in STORIES:
            await listened_to(story, tmp_path_factory.mktemp(story.__name__), heard)

    asyncio.run(play())
    return heard


async def listened_to(story: Story, folder: Path, heard: Heard) -> None:
    """A house of its own, with a webhook that is there before anything happens."""
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving())
        house = await stack.enter_async_context(open_house(folder))
        await house.call("/webhooks/create", url=receiver.url(), event_types=["*"])
        await story(house)
        stored = {event["event_id"] for event in await house.events(limit=5000)}
        await receiver.until(lambda parcels: stored <= {parcel.event_id for parcel in parcels})
        for parcel in receiver.parcels:
            await heard.add(house, parcel)


def test_every_type_that_can_be_emitted_was_delivered(heard: Heard) -> None:
    missing = sorted(EMITTED - set(heard.bodies))
    assert not missing, f"no story here brings about {', '.join(missing)}: tell one"
    assert sorted(set(heard.bodies) - EMITTED) == []


def test_each_is_as_the_official_schema_has_its_type(heard: Heard) -> None:
    wrong = {
        f"{event_type}: {complaint}"
        for event_type, bodies in heard.bodies.items()
        for body in bodies
        for complaint in official.validate_event(body)
    }
    assert wrong == set()


def test_none_has_fields_that_its_official_schema_does_not_know(heard: Heard) -> None:
    extra = {
        f"{event_type}: {name}"
        for event_type, bodies in heard.bodies.items()
        for body in bodies
        for name in official.unknown_fields("/events/get", {"event": body, "ok": True})
    }
    assert extra == set()


def test_each_is_to_the_byte_what_is_answered_later(heard: Heard) -> None:
    assert heard.unlike == {}


def test_both_brands_have_told_of_themselves(heard: Heard) -> None:
    """The schema is the same for both, and the payloads are each brand's own."""
    common = {
        *("connected_account.connected", "device.connected", "device.added", "device.disconnected"),
        *("access_code.created", "access_code.scheduled_on_device", "access_code.set_on_device"),
        *("access_code.removed_from_device", "access_code.deleted", "access_code.deleted_external_to_seam"),
        *("lock.unlocked", "action_attempt.unlock_door.succeeded", "action_attempt.lock_door.succeeded"),
    }
    for brand in ("nuki", "salto_ks"):
        assert sorted(common - heard.by_brand[brand]) == [], brand


def test_our_list_of_types_is_the_official_one() -> None:
    official_types = set(official.event_schemas())
    assert len(official_types) == 109
    assert sorted(official_types - WIRE) == []
    assert sorted(WIRE - official_types) == []
    assert sorted(EMITTED - official_types) == []


def test_a_mistake_in_an_event_is_found(heard: Heard) -> None:
    """The comparison itself: a field that is missing, one of the wrong form, another type's, no type."""
    official.schema()
    [good, *_] = heard.bodies["access_code.set_on_device"]
    assert official.validate_event(good) == []
    assert official.validate_event({**good, "code": None}) == ["code: None is not of type 'string'"]
    assert official.validate_event({**good, "occurred_at": "yesterday"}) == [
        "occurred_at: 'yesterday' is not a 'date-time'"
    ]
    assert official.validate_event({name: good[name] for name in good if name != "device_id"}) == [
        "$: 'device_id' is a required property"
    ]
    assert official.validate_event({**good, "event_type": "device.low_battery"}) == [
        "$: 'battery_level' is a required property"
    ]
    assert official.validate_event({**good, "event_type": "device.exploded"}) == [
        "event_type: 'device.exploded' is unknown"
    ]


# --- the stories ---------------------------------------------------------------------------------------


async def codes_of_every_kind(house: TestHouse) -> None:
    """Changed in every way, late, refused, made and unmade by others, and a spare."""
    await house.connect()
    lock = await house.lock_with_keypad()
    await the_ordinary(house, lock, code="498882")
    await trouble(house, lock)
    await others_at_work(house, lock)
    await a_spare(house, lock)


async def two_systems_at_one_lock(house: TestHouse) -> None:
    """Our code is changed twice within a day, then never again; at last the lock leaves the account."""
    await house.connect()
    lock = await house.lock_with_keypad()
    code = await set_code(house, lock, code="498882", name="Ann")
    for change in ({"code": 776655}, {}):
        await by_program(house, lock, **change)
        await an_hour_passes(house)
        await engine_passes(house, 60)
    await until_set(house, code["access_code_id"])
    for _ in range(26):
        await engine_passes(house, HOUR)
    await _as_owner(house, "DELETE", f"/smartlock/{await house.smartlock_id(lock)}")
    await a_day_passes(house)


async def somebody_at_the_keypad(house: TestHouse) -> None:
    """With the right PIN and with a wrong one; then the door is locked through us. And it has a new name."""
    await house.connect()
    lock = await house.lock_with_keypad()
    await house.call("/devices/update", device_id=lock["device_id"], name="Main door")
    await set_code(house, lock, code="498882", name="Ann")
    assert await house.type_code(lock, "498882")
    assert not await house.type_code(lock, "777777")
    await engine_passes(house, timedelta(minutes=12).total_seconds())
    asked = await house.call("/locks/lock_door", device_id=lock["device_id"])
    await house.attempt(asked["action_attempt"]["action_attempt_id"])
    await house.until(
        house.event_types, lambda types: {"lock.locked", "lock.unlocked", "lock.access_denied"} <= set(types)
    )


async def at_salto(house: TestHouse) -> None:
    """A site: its doors, a code's whole life, one that somebody removes, and a door that goes offline."""
    house.provider = "salto_ks"
    await house.connect()
    lock = await named(house, "BACK DOOR")
    await the_ordinary(house, lock)
    await set_code(house, lock, name="Dan")
    await house.steering.owner_removes(door(lock), await name_there(house, lock))
    await an_hour_passes(house)
    for verb in ("unlock_door", "lock_door"):
        asked = await house.call(f"/locks/{verb}", device_id=lock["device_id"])
        await house.attempt(asked["action_attempt"]["action_attempt_id"])
    await house.steering.set_online(door(lock), False)
    await engine_passes(house, HOUR)


STORIES: tuple[Story, ...] = (
    *(logging_in, devices_change, devices_are_left_alone, codes_of_every_kind),
    *(two_systems_at_one_lock, somebody_at_the_keypad, at_salto, users_ask_themselves),
)
