"""Devices that are seen and left alone, and what becomes of codes when their device is one (behaviour 92)."""

from ostiary.domain.instants import parse_instant

from ..conftest import OpenHouse
from ..house import TestHouse
from . import test_8_8_backup_pool as pool
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    at_home,
    at_site,
    clear_faults,
    codes,
    engine_passes,
    fault,
    kinds_of_writes,
    neighbour,
    preloaded_code,
    set_code,
    soon,
    told,
    until_set,
    window,
)
from .test_8_9_changing_hands import CONVERT, DELETE, attempt_of, standing
from .test_8_9_unmanaged import a_day_passes, made_in_the_app, others, story

GET, LIST, UPDATE = "/devices/unmanaged/get", "/devices/unmanaged/list", "/devices/unmanaged/update"
NOBODY = "11111111-2222-4333-8444-555555555555"
KEPT = {"battery", "battery_level", "manufacturer", "model", "name", "online", "accessory_keypad"}


async def unmanaged(house: TestHouse, **filters: object) -> list[Wire]:
    found: list[Wire] = (await house.call(LIST, **filters))["devices"]
    return found


async def manage_no_longer(house: TestHouse, lock: Wire, **more: object) -> Wire:
    """What the device is afterwards."""
    await house.call("/devices/update", device_id=lock["device_id"], is_managed=False, **more)
    found: Wire = (await house.call(GET, device_id=lock["device_id"]))["device"]
    return found


async def manage(house: TestHouse, lock: Wire) -> None:
    await house.call(UPDATE, device_id=lock["device_id"], is_managed=True)


async def device_story(house: TestHouse, lock: Wire) -> list[str]:
    types = await house.event_types(device_id=lock["device_id"])
    return [name for name in types if name.startswith("device.")]


async def test_92_codes_of_an_unmanaged_device_stay_on_the_lock_under_their_ids(open_: OpenHouse) -> None:
    """
    Handed over as they stand, also one whose removal was asked for and one that is being taken over. What the
    lock does not have is deleted. Nothing is written from then on, and a native schedule ends by itself.
    """
    async with at_home(open_) as (house, lock):
        mum = await made_in_the_app(house, lock)
        ongoing = await set_code(house, lock, name="Anna", code="443322")
        stay = await preloaded_code(house, lock, DAY, name="Guest", code="554433")
        far = await house.create_code(lock["device_id"], **await window(house, 10 * DAY), code="665544")
        leaving = await set_code(house, lock, name="Old", code="776655")
        for method in ("DELETE", "POST"):
            await fault(house, "http_503", match={"method": method, "route": "/smartlock/*/auth/*"})
        removal = await house.call("/access_codes/delete", access_code_id=leaving["access_code_id"])
        taking_over = await house.call(CONVERT, access_code_id=mum["access_code_id"])
        before, writes = await standing(house, lock), await kinds_of_writes(house)

        await manage_no_longer(house, lock)
        for asked in (removal, taking_over):
            decided = await attempt_of(house, asked)
            assert (decided["status"], decided["error"]["type"]) == ("error", "device_unmanaged")
        await clear_faults(house)
        for _ in range(3):
            await engine_passes(house, HOUR.total_seconds())
        here = {code["access_code_id"]: code for code in await others(house, lock)}
        stayed = {code["access_code_id"] for code in (ongoing, stay, leaving, mum)}
        assert set(here) == stayed
        guest = here[stay["access_code_id"]]
        assert {key: guest[key] for key in ("starts_at", "ends_at", "code", "status")} == {
            "starts_at": stay["starts_at"],
            "ends_at": stay["ends_at"],
            "code": "554433",
            "status": "unset",
        }
        assert (await told(house, far))[-1] == "deleted"
        [deleted] = await house.events(event_type="access_code.deleted")
        assert (deleted["access_code_id"], deleted["code"]) == (far["access_code_id"], "665544")
        assert (await told(house, mum))[-1] == "unmanaged.failed_to_convert_to_managed"
        for code in (ongoing, stay, far, leaving):
            which = {"access_code_id": code["access_code_id"]}
            await house.refused("/access_codes/get", 404, "access_code_not_found", **which)

        starts_at, ends_at = parse_instant(stay["starts_at"]), parse_instant(stay["ends_at"])
        assert not await house.type_code(lock, "554433", at=starts_at - MINUTE)
        assert await house.type_code(lock, "554433", at=starts_at + MINUTE)
        assert not await house.type_code(lock, "554433", at=ends_at + MINUTE)
        await house.set_clock(ends_at + HOUR)
        await engine_passes(house)
        assert await standing(house, lock) == before
        assert await kinds_of_writes(house) == writes

        await manage(house, lock)
        await engine_passes(house, HOUR.total_seconds())
        assert {code["access_code_id"] for code in await others(house, lock)} == stayed
        assert await codes(house, lock) == []
        its_id = {"access_code_id": ongoing["access_code_id"]}
        assert (await attempt_of(house, await house.call(CONVERT, **its_id)))["status"] == "success"
        assert (await until_set(house, its_id["access_code_id"]))["code"] == "443322"
        assert (await standing(house, lock))[1]["id"] in {entry["id"] for entry in before}
        assert len(await house.codes_on_lock(lock)) == len(before)
        assert "unmanaged.removed" not in str(await story(house))


async def test_92_spares_leave_the_lock_of_an_unmanaged_device(open_: OpenHouse) -> None:
    """The guests' codes stay, and so does a spare that somebody has been given."""
    async with at_home(open_) as (house, lock):
        code = await pool.guest(house, lock, name="Guest", code="443322")
        _, pulled = await pool.pull(house, code)
        await pool.until_full(house, lock)
        rests = lambda found: found["pending_mutations"] == []  # noqa: E731 - it has its end on the lock
        await soon(house, lambda: house.code(pulled["access_code_id"]), rests)
        await manage_no_longer(house, lock)

        async def pins() -> set[str]:
            return {str(entry["code"]) for entry in await house.codes_on_lock(lock)}

        given = {"443322", pulled["code"]}
        await soon(house, pins, lambda held: held == given)
        await engine_passes(house, HOUR.total_seconds())
        assert await pins() == given
        await manage(house, lock)
        await engine_passes(house, HOUR.total_seconds())
        assert await pins() == given, "the pool is not opened again by itself"


async def test_92_a_write_that_lands_late_is_a_code_of_others(open_: OpenHouse) -> None:
    """On its way when the device was left alone: deleted here, and then seen on the lock once."""
    async with at_home(open_) as (house, lock):
        await fault(house, "late", seconds=600, times=1)
        code = await house.create_code(lock["device_id"], name="Late", code="443322")

        async def sent() -> list[str]:
            return await kinds_of_writes(house)

        await soon(house, sent, lambda kinds: kinds == ["create"])
        await manage_no_longer(house, lock)
        assert await told(house, code) == ["created", "mutations_requested", "deleted"]
        await a_day_passes(house)
        await manage(house, lock)
        await a_day_passes(house)
        assert len(await house.codes_on_lock(lock)) == 1
        [other] = await others(house, lock)
        assert (other["code"], other["access_code_id"] == code["access_code_id"]) == ("443322", False)
        assert await kinds_of_writes(house) == ["create"]
        assert (await told(house, code))[-1] == "deleted"


async def test_92_a_pin_that_the_vendor_chose_stays_with_its_code(open_: OpenHouse) -> None:
    """Salto KS: on the door, under its id, and nobody but the guest needs to know the PIN any more."""
    async with at_site(open_) as (house, door):
        code = await set_code(house, door, name="Anna")
        before = await standing(house, door)
        await manage_no_longer(house, door)
        await engine_passes(house, HOUR.total_seconds())
        [other] = await others(house, door)
        assert other["access_code_id"] == code["access_code_id"]
        assert await standing(house, door) == before
        await manage(house, door)
        await engine_passes(house, HOUR.total_seconds())
        assert [one["access_code_id"] for one in await others(house, door)] == [code["access_code_id"]]


async def test_an_unmanaged_device_is_listed_apart_and_takes_nothing(open_: OpenHouse) -> None:
    """Neither code nor door; the two lists never show the same device; the way back is in the message."""
    async with at_home(open_) as (house, lock):
        mum = await made_in_the_app(house, lock)
        which = {"device_id": lock["device_id"]}
        assert await unmanaged(house) == []
        error = await house.refused(GET, 404, "device_not_found", **which)
        assert "/devices/get" in error["message"]
        await house.refused(UPDATE, 400, "device_managed", **which, is_managed=True)
        shown = await manage_no_longer(house, lock, custom_metadata={"room": "12"})
        assert shown == {
            **{key: lock[key] for key in shown if key in lock},
            "properties": {
                key: value
                for key, value in lock["properties"].items()
                if key in KEPT or key.endswith("line_access_codes_enabled")
            },
            "custom_metadata": {"room": "12"},
            "is_managed": False,
        }
        assert (await house.call(GET, name=lock["properties"]["name"]))["device"] == shown
        assert await unmanaged(house) == [shown]
        assert await unmanaged(house, search=lock["properties"]["name"][:4].lower()) == [shown]
        assert await unmanaged(house, device_ids=[]) == []
        assert await unmanaged(house, custom_metadata_has={"room": "12"}, limit=1) == [shown]
        assert lock["device_id"] not in [device["device_id"] for device in await house.devices()]
        locks = (await house.call("/locks/list"))["locks"]
        assert lock["device_id"] not in [device["device_id"] for device in locks]
        times = {"code": "443322"}
        for path, body in (
            ("/devices/get", {}),
            ("/locks/get", {}),
            ("/locks/lock_door", {}),
            ("/locks/unlock_door", {}),
            ("/access_codes/create", times),
            ("/access_codes/list", {}),
            ("/access_codes/generate_code", {}),
            ("/ostiary/devices/plan", {}),
            ("/ostiary/devices/update", {"preload_hours": 5}),
        ):
            error = await house.refused(path, 404, "device_not_found", **which, **body)
            assert "/devices/unmanaged/update" in error["message"], path
        for path in (CONVERT, DELETE):
            its_id = {"access_code_id": mum["access_code_id"]}
            await house.refused(path, 404, "device_not_found", **its_id)
        await house.refused("/devices/update", 400, "device_unmanaged", **which, name="Front")
        error = await house.refused(UPDATE, 400, "invalid_input", **which, is_managed=False)
        assert "/devices/update" in error["message"]
        await house.refused(UPDATE, 404, "device_not_found", device_id=NOBODY, is_managed=True)
        other = await neighbour(house)
        for path in (GET, UPDATE):
            error = await other.refused(path, 404, "device_not_found", **which)
            assert "managed" not in error["message"]
        assert await unmanaged(other) == []
        await house.call(UPDATE, **which, custom_metadata={"room": "13"})
        [renamed] = await unmanaged(house)
        assert (renamed["custom_metadata"], renamed["is_managed"]) == ({"room": "13"}, False)
        await manage(house, lock)
        back = (await house.call("/devices/get", **which))["device"]
        assert back == {**lock, "custom_metadata": {"room": "13"}}
        assert await unmanaged(house) == []
        await set_code(house, lock, **times)
        assert (await device_story(house, lock))[-2:] == [
            "device.converted_to_unmanaged",
            "device.unmanaged.converted_to_managed",
        ]


async def test_an_unmanaged_device_tells_whether_it_can_be_reached_and_nothing_else(
    open_: OpenHouse,
) -> None:
    """It is polled as before. What happens at its door is not told, then or when it is managed again."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="443322")
        await engine_passes(house, HOUR.total_seconds())
        await manage_no_longer(house, lock)
        await house.type_code(lock, "443322")
        await _reachable(house, lock, False)
        await _reachable(house, lock, True)
        assert (await device_story(house, lock))[-2:] == [
            "device.unmanaged.disconnected",
            "device.unmanaged.connected",
        ]
        [gone] = await house.events(event_type="device.unmanaged.disconnected")
        assert gone["error_code"] == "device_disconnected"
        assert [error["error_code"] for error in gone["device_errors"]] == ["device_disconnected"]
        await house.steering.owner_removes(lock["properties"]["name"], code["appearance"]["name"])
        await a_day_passes(house)
        assert await others(house, lock) == []
        await manage(house, lock)
        await a_day_passes(house)
        assert not [name for name in await house.event_types() if name.startswith("lock.")]


async def _reachable(house: TestHouse, lock: Wire, is_online: bool) -> None:
    await house.simulator("device", smartlock_id=await house.smartlock_id(lock), online=is_online)

    async def look() -> bool:
        return bool((await unmanaged(house))[0]["properties"]["online"])

    await soon(house, look, lambda seen: seen is is_online)


async def test_new_devices_can_be_left_alone_until_somebody_manages_them(open_: OpenHouse) -> None:
    """`automatically_manage_new_devices: false`: no `device.added`, no looks at codes; then as any other."""
    async with open_() as house:
        await house.connect(automatically_manage_new_devices=False)
        assert await house.devices() == []
        found = await unmanaged(house)
        assert len(found) == 3
        types = [name for name in await house.event_types() if name.startswith("device.")]
        assert types == ["device.unmanaged.connected"] * 3
        lock = next(device for device in found if device.get("can_program_online_access_codes"))
        await house.steering.owner_adds(lock["properties"]["name"], "Mum", "332211")
        await a_day_passes(house)
        assert await others(house, lock) == []
        await manage(house, lock)
        assert [device["device_id"] for device in await house.devices()] == [lock["device_id"]]
        await engine_passes(house)
        [mum] = await others(house, lock)
        assert mum["name"] == "Mum"
        await set_code(house, lock, code="443322")
