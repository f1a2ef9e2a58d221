"""Behaviours 8.8: spares on the lock before anybody needs them, and what becomes of one that is pulled."""

from datetime import timedelta
from typing import Any

from ostiary.domain.backup_pool import MANY, POOL_SIZE
from ostiary.domain.instants import parse_instant

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    Wire,
    at_home,
    at_site,
    code_soon,
    codes,
    create_multiple,
    engine_passes,
    mutations,
    named,
    problem,
    set_code,
    soon,
    told,
    two_locks,
    until_gone,
    until_set,
    window,
)

PULL = "/access_codes/pull_backup_access_code"
NOT_FOUND = "access_code_not_found"


async def device_of(house: TestHouse, lock: Wire) -> Wire:
    found: Wire = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
    return found


async def spares(house: TestHouse, lock: Wire) -> list[Wire]:
    """Codes on the lock that no code of the API user's explains."""
    listed = {code["code"] for code in await codes(house, lock)}
    return [entry for entry in await house.codes_on_lock(lock) if str(entry["code"]) not in listed]


async def until_full(house: TestHouse, lock: Wire) -> Wire:
    """The pool has all its spares, and nothing is wrong with it."""

    def is_full(device: Wire) -> bool:
        return not problem(device, "empty_backup_access_code_pool") and not problem(
            device, "partial_backup_access_code_pool"
        )

    found: Wire = await soon(house, lambda: device_of(house, lock), is_full)
    return found


async def guest(house: TestHouse, lock: Wire, **wish: Any) -> Wire:
    """A code of now that is set, on a lock whose pool is full."""
    times = await window(house, timedelta(0), DAY)
    code = await set_code(house, lock, use_backup_access_code_pool=True, **{**times, **wish})
    await until_full(house, lock)
    return await house.code(code["access_code_id"])


async def pull(house: TestHouse, code: Wire) -> tuple[Wire, Wire]:
    made = await house.call(PULL, access_code_id=code["access_code_id"])
    assert set(made) == {"access_code", "backup_access_code", "ok"}
    return made["access_code"], made["backup_access_code"]


async def test_78_a_code_from_the_pool_has_spares_set(open_: OpenHouse) -> None:
    """Spares are on the lock, the codes say that there are some, and nothing shows the spares themselves."""
    async with at_home(open_) as (house, lock):
        assert lock["properties"]["supports_backup_access_code_pool"] is True
        assert lock["properties"]["backup_access_code_pool_enabled"] is False
        ongoing = await set_code(house, lock, name="Owner")
        assert ongoing["is_backup_access_code_available"] is False
        code = await house.create_code(
            lock["device_id"], use_backup_access_code_pool=True, **await window(house, 10 * DAY)
        )
        empty = problem(code, "empty_backup_access_code_pool")
        assert empty is not None
        assert empty["is_device_error"] is True
        device = await until_full(house, lock)
        assert device["properties"]["backup_access_code_pool_enabled"] is True
        for each in (code, ongoing):
            found = await house.code(each["access_code_id"])
            assert found["is_backup_access_code_available"] is True
            assert problem(found, "empty_backup_access_code_pool") is None
        assert {each["access_code_id"] for each in await codes(house, lock)} == {
            ongoing["access_code_id"],
            code["access_code_id"],
        }
        on_lock = await spares(house, lock)
        assert len(on_lock) == POOL_SIZE
        assert all(entry["name"].startswith("Backup ") for entry in on_lock)
        assert all("allowedFromDate" not in entry for entry in on_lock)
        listed = await house.call("/access_codes/unmanaged/list", device_id=lock["device_id"])
        assert listed["access_codes"] == []
        await _check_that_a_spare_is_nobodys(house, lock, str(on_lock[0]["code"]))
        again = await window(house, 20 * DAY)
        await house.create_code(lock["device_id"], use_backup_access_code_pool=True, **again)
        assert await house.type_code(lock, str(on_lock[0]["code"]))
        await engine_passes(house, 3600)
        await engine_passes(house, 3600)
        [entry] = await house.events(event_type="lock.unlocked")
        assert (entry["method"], "access_code_id" in entry, "code" in entry) == ("keycode", False, False)
        assert len(await spares(house, lock)) == POOL_SIZE
        known = {ongoing["access_code_id"], *(each["access_code_id"] for each in await codes(house, lock))}
        assert {event.get("access_code_id") for event in await house.events()} <= {None, *known}


async def _check_that_a_spare_is_nobodys(house: TestHouse, lock: Wire, pin: str) -> None:
    """It is in the plan, and no operation of the wire finds it. Its PIN is taken."""
    await house.refused("/access_codes/get", 404, NOT_FOUND, device_id=lock["device_id"], code=pin)
    plan = (await house.call("/ostiary/devices/plan", device_id=lock["device_id"]))["plan"]
    hidden = [code["access_code_id"] for code in plan["desired"] if code["is_backup"]]
    assert len(hidden) == POOL_SIZE
    assert plan["spares_to_make"] == 0
    for path in ("get", "update", "delete", "pull_backup_access_code", "unmanaged/get"):
        await house.refused(f"/access_codes/{path}", 404, NOT_FOUND, access_code_id=hidden[0])
    assert (await house.call("/access_codes/list", access_code_ids=hidden))["access_codes"] == []
    found = await house.call("/access_codes/list", search=hidden[0])
    assert found["access_codes"] == []
    await house.refused(
        "/access_codes/create", 409, "duplicate_access_code", device_id=lock["device_id"], code=pin
    )


async def test_78_create_multiple_opens_a_pool_on_each(open_: OpenHouse) -> None:
    """All of its locks keep spares of their own."""
    async with two_locks(open_) as (house, front, back):
        times = await window(house, DAY)
        made = await create_multiple(house, front, back, use_backup_access_code_pool=True, **times)
        assert all(problem(code, "empty_backup_access_code_pool") for code in made)
        for lock in (front, back):
            await until_full(house, lock)
            assert len(await spares(house, lock)) == POOL_SIZE


async def test_79_an_ongoing_code_cannot_use_the_pool(open_: OpenHouse) -> None:
    """400 in the words of the wire, and the pool stays closed."""
    async with at_home(open_) as (house, lock):
        error = await house.refused(
            "/access_codes/create",
            400,
            "invalid_input",
            device_id=lock["device_id"],
            use_backup_access_code_pool=True,
        )
        assert "Cannot use the backup pool for ongoing codes" in error["message"]
        assert (await device_of(house, lock))["properties"]["backup_access_code_pool_enabled"] is False


async def test_where_there_is_no_pool_none_is_switched_on(open_: OpenHouse) -> None:
    """Salto KS: refused by create and by the device itself. Switching off what is not there is no mistake."""
    async with at_site(open_) as (house, lock):
        assert lock["properties"]["supports_backup_access_code_pool"] is False
        body = {"device_id": lock["device_id"]}
        times = await window(house, DAY)
        wish = {"use_backup_access_code_pool": True, **times}
        await house.refused("/access_codes/create", 400, "unsupported_device", **body, **wish)
        switch = "backup_access_code_pool_enabled"
        await house.refused("/devices/update", 400, "unsupported_device", **body, **{switch: True})
        await house.call("/devices/update", **body, **{switch: False})
        assert (await named(house, lock["display_name"]))["properties"][switch] is False


async def test_80_a_pulled_spare_works_at_once_and_goes_on_working(open_: OpenHouse) -> None:
    """The original says which; the spare is set, has its end, and is changed in place and never removed."""
    async with at_home(open_) as (house, lock):
        code = await guest(house, lock, name="Anna")
        before = {str(entry["code"]): entry["id"] for entry in await spares(house, lock)}
        original, spare = await pull(house, code)
        assert original["access_code_id"] == code["access_code_id"]
        assert original["pulled_backup_access_code_id"] == spare["access_code_id"]
        assert problem(original, "using_backup_access_code")
        assert "is_backup" not in original
        assert (spare["is_backup"], spare["status"], spare["type"]) == (True, "set", "time_bound")
        assert (spare["ends_at"], spare["is_managed"]) == (code["ends_at"], True)
        now = await house.now()
        assert now - HOUR < parse_instant(spare["starts_at"]) <= now
        assert spare["code"] in before
        assert mutations(spare) == ["updating_time_frame"]
        writes = len(await house.code_writes())
        shown = await until_set(house, spare["access_code_id"])
        await until_full(house, lock)
        assert await house.type_code(lock, spare["code"])
        [entry] = [each for each in await house.codes_on_lock(lock) if str(each["code"]) == spare["code"]]
        assert entry["id"] == before[spare["code"]]
        assert entry["allowedUntilDate"] == spare["ends_at"]
        assert parse_instant(entry["allowedFromDate"]) <= parse_instant(spare["starts_at"]) - HOUR
        kinds = sorted(write["kind"] for write in (await house.code_writes())[writes:])
        assert kinds == ["create", "update"]
        assert shown["is_backup"] is True
        assert {each["access_code_id"] for each in await codes(house, lock)} == {
            code["access_code_id"],
            spare["access_code_id"],
        }
        assert (await told(house, code))[-1] == "backup_access_code_pulled"
        [event] = await house.events(event_type="access_code.backup_access_code_pulled")
        assert event["backup_access_code_id"] == spare["access_code_id"]
        assert await told(house, spare) == [
            "created",
            "set_on_device",
            "mutations_requested",
            "time_frame_changed",
            "set_on_device",
        ]


async def test_81_pulled_twice_is_the_same_spare(open_: OpenHouse) -> None:
    """And one place of the pool is filled again, not two. Another code gets another spare."""
    async with at_home(open_) as (house, lock):
        code = await guest(house, lock)
        first = await pull(house, code)
        assert [each["access_code_id"] for each in await pull(house, code)] == [
            each["access_code_id"] for each in first
        ]
        await until_full(house, lock)
        await engine_passes(house, 600)
        assert (await pull(house, code))[1]["code"] == first[1]["code"]
        assert len(await spares(house, lock)) == POOL_SIZE
        assert await house.event_types(event_type="access_code.backup_access_code_pulled") == [
            "access_code.backup_access_code_pulled"
        ]
        other = await set_code(house, lock, **await window(house, timedelta(0)))
        assert (await pull(house, other))[1]["code"] != first[1]["code"]


async def test_82_there_is_no_spare_for_an_ongoing_code(open_: OpenHouse) -> None:
    """Nor for one that is over or unknown, nor where the pool has nothing to give."""
    async with at_home(open_) as (house, lock):
        ongoing = await set_code(house, lock)
        await house.refused(PULL, 400, "access_code_not_time_bound", access_code_id=ongoing["access_code_id"])
        code = await set_code(house, lock, **await window(house, timedelta(0)))
        id_ = {"access_code_id": code["access_code_id"]}
        await house.refused(PULL, 404, "backup_access_code_not_found", **id_)
        await house.call("/access_codes/delete", **id_)
        await house.refused(PULL, 400, "access_code_being_removed", **id_)
        await until_gone(house, code["access_code_id"])
        await house.refused(PULL, 404, NOT_FOUND, **id_)


async def test_83_the_spare_leaves_with_the_original(open_: OpenHouse) -> None:
    """It ends when the original does, also when that end is moved, and goes when that is deleted."""
    async with at_home(open_) as (house, lock):
        kept, deleted = [await guest(house, lock, name=name) for name in ("Anna", "Ben")]
        spare, other = [(await pull(house, code))[1] for code in (kept, deleted)]
        times = await window(house, timedelta(0), 2 * DAY)
        await house.call(
            "/access_codes/update", access_code_id=kept["access_code_id"], ends_at=times["ends_at"]
        )
        moved = await until_set(house, spare["access_code_id"])
        assert (moved["starts_at"], moved["ends_at"]) == (spare["starts_at"], times["ends_at"])
        await house.call("/access_codes/delete", access_code_id=deleted["access_code_id"])
        await until_gone(house, other["access_code_id"])
        assert not await house.type_code(lock, other["code"])
        await engine_passes(house, DAY.total_seconds() + 3600)
        assert await house.type_code(lock, spare["code"])
        await engine_passes(house, DAY.total_seconds())
        await until_gone(house, spare["access_code_id"])
        assert not await house.type_code(lock, spare["code"])
        assert len(await house.codes_on_lock(lock)) == POOL_SIZE
        for code in (spare, other):
            assert (await told(house, code))[-2:] == ["removed_from_device", "deleted"]


async def test_84_a_pool_that_is_switched_off_is_emptied(open_: OpenHouse) -> None:
    """What nobody has pulled leaves the lock; what somebody has stays. On again, there are new ones."""
    async with at_home(open_) as (house, lock):
        code = await guest(house, lock)
        _, spare = await pull(house, code)
        await until_full(house, lock)
        old = {str(entry["code"]) for entry in await spares(house, lock)}
        events = len(await house.events())
        switch = {"device_id": lock["device_id"], "backup_access_code_pool_enabled": False}
        await house.call("/devices/update", **switch)
        device = await device_of(house, lock)
        assert device["properties"]["backup_access_code_pool_enabled"] is False
        assert problem(device, "empty_backup_access_code_pool") is None
        assert (await house.code(code["access_code_id"]))["is_backup_access_code_available"] is False
        other = await set_code(house, lock, **await window(house, timedelta(0)))
        await house.refused(PULL, 404, "backup_access_code_not_found", access_code_id=other["access_code_id"])
        await soon(house, lambda: spares(house, lock), lambda found: found == [])
        await engine_passes(house, 7200)
        assert await spares(house, lock) == []
        assert await house.type_code(lock, spare["code"])
        assert (await pull(house, code))[1]["access_code_id"] == spare["access_code_id"]
        told_of = {event.get("access_code_id") for event in (await house.events())[events:]}
        assert told_of <= {None, code["access_code_id"], spare["access_code_id"], other["access_code_id"]}
        await house.call("/devices/update", **{**switch, "backup_access_code_pool_enabled": True})
        assert problem(await device_of(house, lock), "empty_backup_access_code_pool")
        await until_full(house, lock)
        new = {str(entry["code"]) for entry in await spares(house, lock)}
        assert (len(new), len(new & old)) == (POOL_SIZE, 0)


# --- beyond the list -------------------------------------------------------------------------------------


async def test_a_pulled_spare_is_renamed_and_deleted_like_any_code(open_: OpenHouse) -> None:
    """After that another can be pulled for the same code."""
    async with at_home(open_) as (house, lock):
        code = await guest(house, lock)
        _, spare = await pull(house, code)
        id_ = spare["access_code_id"]
        await house.call("/access_codes/update", access_code_id=id_, name="Anna, second try")
        renamed = await code_soon(house, id_, lambda found: not found["pending_mutations"])
        assert (renamed["name"], renamed["status"]) == ("Anna, second try", "set")
        assert (renamed["starts_at"], renamed["ends_at"]) == (spare["starts_at"], spare["ends_at"])
        await house.call("/access_codes/delete", access_code_id=id_)
        await until_gone(house, id_)
        original, another = await pull(house, code)
        assert another["access_code_id"] != id_
        assert original["pulled_backup_access_code_id"] == another["access_code_id"]


async def test_a_used_up_pool_says_so_until_it_is_full_again(open_: OpenHouse) -> None:
    """The error on the device and its codes, then the warning, and another when very many are in use."""
    async with at_home(open_) as (house, lock):
        guests = [await guest(house, lock, name=str(number)) for number in range(MANY)]
        for code in guests[:POOL_SIZE]:
            original, _ = await pull(house, code)
            if original["is_backup_access_code_available"]:
                assert problem(await device_of(house, lock), "partial_backup_access_code_pool")
            await until_full(house, lock)
        assert problem(await device_of(house, lock), "many_active_backup_codes") is None
        for code in guests[POOL_SIZE:]:
            await pull(house, code)
        assert problem(await device_of(house, lock), "many_active_backup_codes")
        for code in guests:
            await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        await soon(
            house,
            lambda: device_of(house, lock),
            lambda found: not problem(found, "many_active_backup_codes"),
        )
