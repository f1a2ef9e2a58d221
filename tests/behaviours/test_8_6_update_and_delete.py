"""Behaviours 8.6: another wish for a code, and none any more."""

from datetime import timedelta

from ostiary.domain.instants import parse_instant, to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    Wire,
    ahead,
    at_home,
    clear_faults,
    code_soon,
    engine_passes,
    fault,
    kinds_of_writes,
    mutations,
    nothing_changes,
    online,
    preloaded_code,
    problem,
    set_code,
    soon,
    told,
    until_gone,
    until_set,
    vendor_writes,
    window,
)

UPDATE, DELETE = "/access_codes/update", "/access_codes/delete"


async def _update(house: TestHouse, code: Wire, /, **wish: object) -> Wire:
    """The answer's attempt."""
    answer = await house.call(UPDATE, access_code_id=code["access_code_id"], **wish)
    attempt: Wire = answer["action_attempt"]
    assert attempt["action_type"] == "UPDATE_ACCESS_CODE"
    return attempt


async def test_60_an_update_shows_at_once(open_: OpenHouse) -> None:
    """Name, PIN and times are the new ones in the next get, before the lock knows of them."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        await fault(house, "http_503", match={"method": "POST"})
        wish = {"name": "Bea", "code": "776655", **await window(house, -HOUR)}
        attempt = await _update(house, code, **wish)
        assert (attempt["status"], attempt["result"], attempt["error"]) == ("pending", None, None)
        found = await house.code(code["access_code_id"])
        assert {name: found[name] for name in wish} == wish
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [498882]


async def test_61_what_the_lock_does_not_show_yet_is_pending(open_: OpenHouse) -> None:
    """`updating_…` with `from` and `to` for each change, until the lock shows them all."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        await fault(house, "http_503", match={"method": "POST"})
        times = await window(house, -HOUR)
        attempt = await _update(house, code, name="Bea", code="776655", **times)
        pending = {
            mutation["mutation_code"]: (mutation["from"], mutation["to"])
            for mutation in (await house.code(code["access_code_id"]))["pending_mutations"]
        }
        assert pending == {
            "updating_name": ({"name": "Ann"}, {"name": "Bea"}),
            "updating_code": ({"code": "498882"}, {"code": "776655"}),
            "updating_time_frame": ({"starts_at": None, "ends_at": None}, times),
        }
        await clear_faults(house)
        done = await until_set(house, code["access_code_id"])
        assert done["pending_mutations"] == done["errors"] == []
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [776655]
        assert (await house.attempt(attempt["action_attempt_id"]))["result"] == {"access_code": done}
        assert sorted((await told(house, code))[-4:]) == [
            "code_changed",
            "name_changed",
            "set_on_device",
            "time_frame_changed",
        ]
        assert (await told(house, code))[-1] == "set_on_device"


async def test_62_both_times_make_an_ongoing_code_time_bound(open_: OpenHouse) -> None:
    """No `type` is needed; the lock gets the window and the PIN goes on."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        times = await window(house, -HOUR)
        await _update(house, code, **times)
        found = await until_set(house, code["access_code_id"])
        assert found["type"] == "time_bound"
        [on_lock] = await house.codes_on_lock(lock)
        assert on_lock["allowedFromDate"] == times["starts_at"]
        assert on_lock["allowedUntilDate"] == times["ends_at"]
        assert on_lock["code"] == 498882


async def test_63_type_ongoing_clears_the_times(open_: OpenHouse) -> None:
    """A time-bound code that becomes `ongoing` has no times, here and on the lock."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", **await window(house, -HOUR))
        await _update(house, code, type="ongoing")
        found = await until_set(house, code["access_code_id"])
        assert (found["type"], found["starts_at"], found["ends_at"]) == ("ongoing", None, None)
        [on_lock] = await house.codes_on_lock(lock)
        assert on_lock.get("allowedFromDate") is None
        assert on_lock.get("allowedUntilDate") is None
        assert await house.type_code(lock, "498882", (await ahead(house, 300 * DAY))[0])


async def test_63_an_ongoing_code_is_not_wished_with_an_end(open_: OpenHouse) -> None:
    """The end would be lost without a word, and the code would outlive the stay."""
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], **await window(house, 10 * DAY))
        its_id = {"access_code_id": code["access_code_id"]}
        async with nothing_changes(house, lock):
            for name in ("starts_at", "ends_at"):
                refused = await house.refused(
                    "/access_codes/update",
                    400,
                    "invalid_input",
                    **its_id,
                    type="ongoing",
                    **{name: code[name]},
                )
                assert name in refused["message"]
        await house.call("/access_codes/update", **its_id, type="ongoing", starts_at=None, ends_at=None)
        assert (await house.code(code["access_code_id"]))["type"] == "ongoing"


async def test_64_another_name_changes_nothing_else(open_: OpenHouse) -> None:
    """Updating the name of a time-bound code keeps its type, its times and its PIN."""
    async with at_home(open_) as (house, lock):
        code = await preloaded_code(house, lock, name="Ann")
        [before] = await house.codes_on_lock(lock)
        await _update(house, code, name="Bea")
        found = await code_soon(house, code["access_code_id"], lambda code: not code["pending_mutations"])
        kept = ("type", "starts_at", "ends_at", "code", "status", "is_scheduled_on_device")
        assert {name: found[name] for name in kept} == {name: code[name] for name in kept}
        assert found["name"] == "Bea"
        [after] = await house.codes_on_lock(lock)
        assert (after["allowedFromDate"], after["allowedUntilDate"]) == (
            before["allowedFromDate"],
            before["allowedUntilDate"],
        )
        assert (await told(house, code))[-3:] == [
            "mutations_requested",
            "name_changed",
            "scheduled_on_device",
        ]


async def test_65_a_pin_that_breaks_a_rule_leaves_the_old_one(open_: OpenHouse) -> None:
    """Zero, 12, length or a PIN of another code: refused, and the old PIN stays and opens."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await set_code(house, lock, code="776655")
        async with nothing_changes(house, lock):
            for pin, status, error_type in (
                ("408882", 400, "invalid_access_code"),
                ("123456", 400, "invalid_access_code"),
                ("88888", 400, "invalid_access_code"),
                ("776655", 409, "duplicate_access_code"),
                ("77665x", 400, "invalid_input"),
            ):
                await house.refused(
                    UPDATE, status, error_type, access_code_id=code["access_code_id"], code=pin
                )
            assert (await house.code(code["access_code_id"]))["code"] == "498882"
        assert await house.type_code(lock, "498882")


async def test_66_moving_a_preloaded_window_leaves_one_code(open_: OpenHouse) -> None:
    """The lock ends with exactly one code, with the new window; it was never without it."""
    async with at_home(open_) as (house, lock):
        code = await preloaded_code(house, lock, code="498882")
        times = await window(house, 2 * DAY)
        await _update(house, code, **times)
        found = await code_soon(house, code["access_code_id"], lambda code: not code["pending_mutations"])
        assert (found["status"], found["is_scheduled_on_device"]) == ("unset", True)
        [on_lock] = await house.codes_on_lock(lock)
        assert on_lock["allowedFromDate"] == times["starts_at"]
        assert on_lock["allowedUntilDate"] == times["ends_at"]
        assert await kinds_of_writes(house) == ["create", "update"]


async def test_67_a_start_beyond_72_hours_is_taken_off_again(open_: OpenHouse) -> None:
    """The preloaded code leaves the lock, waits as `deferring_creation`, and is preloaded in its time."""
    async with at_home(open_) as (house, lock):
        code = await preloaded_code(house, lock, code="498882")
        await _update(house, code, **await window(house, 10 * DAY))
        found = await code_soon(
            house, code["access_code_id"], lambda code: mutations(code) == ["deferring_creation"]
        )
        assert (found["status"], found["is_scheduled_on_device"]) == ("unset", False)
        preload_at = parse_instant(found["starts_at"]) - 72 * HOUR
        assert found["pending_mutations"][0]["scheduled_at"] == to_wire(preload_at)
        assert await house.codes_on_lock(lock) == []
        assert "deleted_external_to_seam" not in await told(house, code)
        await engine_passes(house, (preload_at - await house.now()).total_seconds())
        await code_soon(house, code["access_code_id"], lambda code: code["is_scheduled_on_device"])
        assert len(await house.codes_on_lock(lock)) == 1
        assert await kinds_of_writes(house) == ["create", "delete", "create"]


async def test_68_a_set_code_is_removed_and_then_deleted(open_: OpenHouse) -> None:
    """200 at once; `being_deleted`, `deleting`, `removing`; then both events; then 404."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        which = {"access_code_id": code["access_code_id"]}
        await fault(house, "http_503", match={"method": "DELETE"})
        attempt = (await house.call(DELETE, **which))["action_attempt"]
        assert (attempt["action_type"], attempt["status"]) == ("DELETE_ACCESS_CODE", "pending")
        leaving = await house.code(code["access_code_id"])
        assert problem(leaving, "being_deleted") is not None
        assert (leaving["status"], mutations(leaving)) == ("removing", ["deleting"])
        await house.refused(UPDATE, 400, "access_code_being_removed", **which, name="Bea")
        again = (await house.call(DELETE, **which))["action_attempt"]
        await clear_faults(house)
        await until_gone(house, code["access_code_id"])
        assert await house.codes_on_lock(lock) == []
        assert (await told(house, code))[-3:] == ["mutations_requested", "removed_from_device", "deleted"]
        for each in (attempt, again):
            done = await house.attempt(each["action_attempt_id"])
            assert (done["status"], done["result"]) == ("success", {})
        for path in ("/access_codes/get", UPDATE, DELETE):
            await house.refused(path, 404, "access_code_not_found", **which)


async def test_69_an_unprogrammed_code_is_deleted_without_a_call(open_: OpenHouse) -> None:
    """A code that still waits leaves with `deleted` alone; the vendor hears nothing."""
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], **await window(house, 10 * DAY))
        before = await told(house, code)
        await house.call(DELETE, access_code_id=code["access_code_id"])
        await until_gone(house, code["access_code_id"])
        assert await told(house, code) == [*before, "deleted"]
        assert await vendor_writes(house) == []


async def test_70_a_removal_that_fails_is_told_and_tried_until_done(open_: OpenHouse) -> None:
    """Offline: error and event `failed_to_remove_from_device`; back: gone. The old delay is never told."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await online(house, lock, False)
        await house.call(DELETE, access_code_id=code["access_code_id"])
        failing = await code_soon(
            house,
            code["access_code_id"],
            lambda code: problem(code, "failed_to_remove_from_device") is not None,
        )
        assert failing["status"] == "removing"
        for _ in range(3):
            await engine_passes(house, timedelta(hours=1).total_seconds())
        await online(house, lock, True)
        await until_gone(house, code["access_code_id"])
        assert await house.codes_on_lock(lock) == []
        types = await told(house, code)
        assert types.count("failed_to_remove_from_device") == 1
        assert types[-2:] == ["removed_from_device", "deleted"]
        assert "delay_in_removing_from_device" not in types
        assert len([w for w in await vendor_writes(house) if w["method"] == "DELETE"]) == 1


async def test_71_a_pin_is_free_again_after_deleted(open_: OpenHouse) -> None:
    """While the code is on its way out its PIN is taken; afterwards a new code may have it."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await fault(house, "http_503", match={"method": "DELETE"})
        await house.call(DELETE, access_code_id=code["access_code_id"])
        wish = {"device_id": lock["device_id"], "code": "498882"}
        await house.refused("/access_codes/create", 409, "duplicate_access_code", **wish)
        await clear_faults(house)
        await until_gone(house, code["access_code_id"])
        again = await set_code(house, lock, code="498882", name="Bea")
        assert again["access_code_id"] != code["access_code_id"]
        assert await soon(house, lambda: house.type_code(lock, "498882"), bool)
