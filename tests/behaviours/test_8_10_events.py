"""Behaviours 8.10: what every event of an access code carries, in which order, and how often."""

from datetime import timedelta
from uuid import UUID

import pytest

from ostiary.domain.events import EMITTED
from ostiary.domain.instants import parse_instant

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    at_home,
    at_site,
    clear_faults,
    code_soon,
    codes,
    engine_kept_away,
    engine_passes,
    fault,
    online,
    preloaded_code,
    problem,
    set_code,
    told,
    until_gone,
    until_set,
    window,
)
from .test_8_8_backup_pool import guest, pull
from .test_8_9_changing_hands import ARRAYS, CONVERT, attempt_of
from .test_8_9_drift import an_hour_passes, by_program, name_there
from .test_8_9_unmanaged import BRANDS, _as_owner, a_day_passes, at_door, door, made_in_the_app

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For long stories about rules that no database has a say in."""

UPDATE, DELETE = "/access_codes/update", "/access_codes/delete"
BASE = ("event_id", "event_type", "workspace_id", "created_at", "occurred_at")
IDS = ("access_code_id", "device_id", "connected_account_id")
WITH_PROBLEMS = {
    f"access_code.{name}"
    for name in (
        "delay_in_setting_on_device",
        "failed_to_set_on_device",
        "failed_to_remove_from_device",
        "unmanaged.failed_to_convert_to_managed",
    )
}


def of_codes(events: list[Wire]) -> list[Wire]:
    return [event for event in events if event["event_type"].startswith("access_code.")]


def check_fields(house: TestHouse, lock: Wire, events: list[Wire]) -> None:
    """What 94, 95 and 96 ask of each."""
    for event in events:
        kind = event["event_type"]
        assert set(BASE) | set(IDS) <= set(event), kind
        for name in ("event_id", "workspace_id", *IDS):
            UUID(event[name])
        assert event["workspace_id"] == house.workspace.workspace_id
        assert event["device_id"] == lock["device_id"]
        assert event["connected_account_id"] == lock["connected_account_id"]
        assert parse_instant(event["occurred_at"]) <= parse_instant(event["created_at"])
        if kind in ("access_code.set_on_device", "access_code.scheduled_on_device"):
            assert event["code"].isdigit(), kind
        if kind == "access_code.deleted":
            assert event["code"] is None or event["code"].isdigit()
        if kind in WITH_PROBLEMS:
            assert set(ARRAYS) <= set(event), kind
            entries = [entry for array in ARRAYS for entry in event[array]]
            assert entries, kind
            assert all({"message", "created_at"} <= set(entry) for entry in entries)
    ids = [event["event_id"] for event in events]
    assert len(set(ids)) == len(ids)


def check_order(events: list[Wire]) -> int:
    """97: before each `…_changed` there is a request of its own for it. Returns how many there were."""
    asked: list[tuple[str, str]] = []
    changes = 0
    for event in events:
        its_id, kind = event["access_code_id"], event["event_type"].removeprefix("access_code.")
        if kind == "mutations_requested":
            asked += [(its_id, mutation["mutation_code"]) for mutation in event["requested_mutations"]]
        if kind in ("name_changed", "code_changed", "time_frame_changed"):
            mutation = f"updating_{kind.removesuffix('_changed')}"
            assert (its_id, mutation) in asked, f"{kind} without a request"
            asked = [each for each in asked if each != (its_id, mutation)]
            changes += 1
    return changes


async def the_ordinary(house: TestHouse, lock: Wire, **pins: str) -> Wire:
    """Made, loaded ahead, changed in every way, active and over."""
    code = await preloaded_code(house, lock, 9 * HOUR, name="Ann", **pins)
    which = {"access_code_id": code["access_code_id"]}
    new_pin = {"code": "776655"} if pins else {}
    await house.call(UPDATE, **which, name="Bea", **new_pin, **await window(house, 2 * HOUR, DAY))
    await engine_passes(house, 600)
    changed = await code_soon(house, code["access_code_id"], lambda code: not code["pending_mutations"])
    await house.set_clock(parse_instant(changed["starts_at"]) + MINUTE)
    await engine_passes(house, 1)
    await until_set(house, code["access_code_id"])
    await house.call(DELETE, **which)
    await engine_passes(house, 600)
    await until_gone(house, code["access_code_id"])
    return code


async def trouble(house: TestHouse, lock: Wire) -> None:
    """Too late, refused, not to be removed."""
    await online(house, lock, False)
    late = await house.create_code(lock["device_id"], **await window(house, HOUR))
    await house.set_clock(parse_instant(late["starts_at"]) + MINUTE)
    await engine_passes(house, 1)
    await online(house, lock, True)
    await until_set(house, late["access_code_id"])
    await fault(house, "http_422", times=1, match={"method": "PUT"})
    refused = await house.create_code(lock["device_id"])
    await engine_passes(house, 60)
    assert problem(await house.code(refused["access_code_id"]), "failed_to_set_on_device") is not None
    await fault(house, "lost", match={"method": "DELETE"})
    await house.call(DELETE, access_code_id=late["access_code_id"])
    for _ in range(3):
        await engine_passes(house, 60)
    await clear_faults(house)


async def others_at_work(house: TestHouse, lock: Wire) -> None:
    """Ours changed and removed, theirs come, taken over, not to be taken over, and gone."""
    for ours in await codes(house, lock):
        await house.call(DELETE, access_code_id=ours["access_code_id"])
        for _ in range(4):
            await engine_passes(house, 620)
        await until_gone(house, ours["access_code_id"])
    await set_code(house, lock, code="665544", name="Cleo")
    await by_program(house, lock, code=554433)
    await an_hour_passes(house)
    await by_program(house, lock)
    await an_hour_passes(house)
    taken = await made_in_the_app(house, lock)
    await attempt_of(house, await house.call(CONVERT, access_code_id=taken["access_code_id"]))
    lost = await made_in_the_app(house, lock, "Papa", "443322")
    held = next(entry for entry in await house.codes_on_lock(lock) if entry["name"] == "Papa")
    path = f"/smartlock/{await house.smartlock_id(lock)}/auth/{held['id']}"
    async with engine_kept_away(house, lock):
        await _as_owner(house, "DELETE", path)
        attempt = await house.call(CONVERT, access_code_id=lost["access_code_id"])
    await attempt_of(house, attempt)
    await a_day_passes(house)


async def a_spare(house: TestHouse, lock: Wire) -> None:
    """Pulled for a code, and at its end with it."""
    code = await guest(house, lock, name="Eve", code="778899")
    await pull(house, code)
    await engine_passes(house, 600)


async def test_94_to_97_every_kind_of_event_is_whole(open_: OpenHouse) -> None:
    """One long story with all of them: base fields, PINs where they belong, problems, and the order."""
    async with at_home(open_) as (house, lock):
        await the_ordinary(house, lock, code="498882")
        await trouble(house, lock)
        await others_at_work(house, lock)
        await a_spare(house, lock)
        events = of_codes(await house.events())
        every = {kind for kind in EMITTED if kind.startswith("access_code.")}
        assert {event["event_type"] for event in events} == every
        check_fields(house, lock, events)
        assert check_order(events) >= 3


async def test_94_to_97_at_salto_too(open_: OpenHouse) -> None:
    """No event says that a code is there before its PIN is known."""
    async with at_site(open_) as (house, lock):
        code = await the_ordinary(house, lock)
        await set_code(house, lock, name="Dan")
        await house.steering.owner_removes(door(lock), await name_there(house, lock))
        await an_hour_passes(house)
        await engine_passes(house, 600)
        events = of_codes(await house.events())
        assert {
            "access_code.created",
            "access_code.scheduled_on_device",
            "access_code.time_frame_changed",
            "access_code.set_on_device",
            "access_code.deleted_external_to_seam",
            "access_code.deleted",
        } <= {event["event_type"] for event in events}
        check_fields(house, lock, events)
        assert check_order(events) == 2
        [deleted] = await house.events(event_type="access_code.deleted")
        assert deleted["code"] == (await house.events(event_type="access_code.set_on_device"))[0]["code"]
        assert deleted["access_code_id"] == code["access_code_id"]


@SQLITE
async def test_98_a_failure_that_lasts_is_told_once(open_: OpenHouse) -> None:
    """Twenty tries and more, one event; and when it works at last, that is told."""
    async with at_home(open_) as (house, lock):
        await fault(house, "lost", match={"method": "PUT"})
        code = await house.create_code(lock["device_id"], code="498882")
        writes: list[Wire] = []
        for _ in range(90):
            await engine_passes(house, 350)
            writes = await house.code_writes()
            if len(writes) > 20:
                break
        assert len(writes) > 20
        assert all(write["lost"] for write in writes)
        assert (await told(house, code)).count("failed_to_set_on_device") == 1
        await clear_faults(house)
        for _ in range(5):
            await engine_passes(house, 300)
        await until_set(house, code["access_code_id"])
        assert (await told(house, code)).count("failed_to_set_on_device") == 1
        assert (await told(house, code))[-1] == "set_on_device"


@SQLITE
async def test_98_a_site_that_stays_full_is_told_once(open_: OpenHouse) -> None:
    """The same at Salto: the code is tried again and again."""
    site = {
        "name": "Main Site",
        "locks": [{"name": "BACK DOOR", "lock_type": "wall_reader_pin"}],
        "seats": 3,
    }
    async with at_site(open_, site) as (house, lock):
        code = await house.create_code(lock["device_id"], name="Ann")
        attempts = 0
        for _ in range(60):
            await engine_passes(house, 660)
            plan = (await house.call("/ostiary/devices/plan", device_id=lock["device_id"]))["plan"]
            attempts = plan["desired"][0]["why"]["attempts"]
            if attempts > 20:
                break
        assert attempts > 20
        assert (await told(house, code)).count("failed_to_set_on_device") == 1


@BRANDS
async def test_99_the_events_of_a_code_outlive_it(open_: OpenHouse, brand: str) -> None:
    """Its whole story by its id, days after it has gone."""
    async with at_door(open_, brand) as (house, lock):
        code = await set_code(house, lock, name="Ann")
        before = await house.events(access_code_id=code["access_code_id"])
        await house.call(DELETE, access_code_id=code["access_code_id"])
        await engine_passes(house, 600)
        await until_gone(house, code["access_code_id"])
        await engine_passes(house, timedelta(days=3).total_seconds())
        after = await house.events(access_code_id=code["access_code_id"])
        assert after[: len(before)] == before
        assert [name.removeprefix("access_code.") for name in (e["event_type"] for e in after)][-2:] == [
            "removed_from_device",
            "deleted",
        ]
        for event in after:
            got = await house.call("/events/get", event_id=event["event_id"])
            assert got["event"] == event
