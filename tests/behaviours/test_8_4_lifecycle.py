"""Behaviours 8.4: from the wish to the lock and off it again, by the clock."""

from datetime import timedelta

from ostiary.domain.instants import parse_instant, to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    at_home,
    clear_faults,
    code_soon,
    codes,
    engine_passes,
    fault,
    kinds_of_writes,
    move_to,
    mutations,
    online,
    preloaded_code,
    problem,
    set_code,
    told,
    until_gone,
    until_set,
    vendor_writes,
    window,
)

SECOND = timedelta(seconds=1)


async def test_37_a_far_code_makes_no_call_before_72_hours(open_: OpenHouse) -> None:
    """A code of in ten days waits: `deferring_creation` says until when, and the vendor hears nothing."""
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], **await window(house, 10 * DAY))
        starts_at = parse_instant(code["starts_at"])
        [mutation] = code["pending_mutations"]
        assert mutation["mutation_code"] == "deferring_creation"
        assert mutation["scheduled_at"] == to_wire(starts_at - 72 * HOUR)
        for moment in (starts_at - 5 * DAY, starts_at - 72 * HOUR - 20 * SECOND):
            await move_to(house, moment)
            assert await vendor_writes(house) == []
            waiting = await house.code(code["access_code_id"])
            assert (waiting["status"], mutations(waiting)) == ("unset", ["deferring_creation"])
            assert waiting["is_scheduled_on_device"] is False


async def test_38_at_72_hours_it_is_preloaded_and_announced(open_: OpenHouse) -> None:
    """It is written 72 hours ahead; on confirmation `scheduled_on_device` with the PIN, still `unset`."""
    async with at_home(open_) as (house, lock):
        wish = await window(house, 10 * DAY)
        code = await house.create_code(lock["device_id"], code="498882", **wish)
        opens_at = parse_instant(code["starts_at"]) - 72 * HOUR
        await move_to(house, opens_at)
        found = await code_soon(house, code["access_code_id"], lambda code: code["is_scheduled_on_device"])
        assert found["status"] == "unset"
        assert found["pending_mutations"] == []
        [write] = await house.code_writes()
        assert opens_at <= parse_instant(write["at"]) <= opens_at + MINUTE
        [on_lock] = await house.codes_on_lock(lock)
        assert on_lock["allowedFromDate"] == code["starts_at"]
        assert on_lock["allowedUntilDate"] == code["ends_at"]
        assert await told(house, code) == ["created", "mutations_requested", "scheduled_on_device"]
        assert (await house.events(access_code_id=code["access_code_id"]))[-1]["code"] == "498882"


async def test_39_a_preloaded_code_becomes_set_without_a_call(open_: OpenHouse) -> None:
    """At `starts_at` it is `set` and told so, and nothing is sent for it."""
    async with at_home(open_) as (house, lock):
        code = await preloaded_code(house, lock, code="498882")
        before = await vendor_writes(house)
        await move_to(house, parse_instant(code["starts_at"]))
        found = await code_soon(house, code["access_code_id"], lambda code: code["status"] == "set")
        assert found["pending_mutations"] == []
        assert await vendor_writes(house) == before
        assert (await told(house, code))[2:] == ["scheduled_on_device", "set_on_device"]
        assert (await house.events(access_code_id=code["access_code_id"]))[-1]["code"] == "498882"


async def test_40_a_near_code_is_preloaded_at_once(open_: OpenHouse) -> None:
    """A start in one hour is inside the 72: it is written now."""
    async with at_home(open_) as (house, lock):
        made = await house.create_code(lock["device_id"], **await window(house, HOUR))
        assert (made["status"], mutations(made)) == ("unset", ["creating"])
        found = await code_soon(house, made["access_code_id"], lambda code: code["is_scheduled_on_device"])
        assert found["status"] == "unset"
        assert len(await house.codes_on_lock(lock)) == 1


async def test_41_without_native_scheduling_it_is_written_an_hour_ahead(open_: OpenHouse) -> None:
    """`prefer_native_scheduling: false`: the first write is 60 minutes ahead and carries no schedule."""
    async with at_home(open_) as (house, lock):
        wish = await window(house, 10 * DAY)
        code = await house.create_code(lock["device_id"], prefer_native_scheduling=False, **wish)
        opens_at = parse_instant(code["starts_at"]) - 60 * MINUTE
        assert code["pending_mutations"][0]["scheduled_at"] == to_wire(opens_at)
        await move_to(house, opens_at - 20 * SECOND)
        assert await vendor_writes(house) == []
        await move_to(house, opens_at)
        await until_set(house, code["access_code_id"])
        [write] = await house.code_writes()
        assert opens_at <= parse_instant(write["at"]) <= opens_at + MINUTE
        [on_lock] = await house.codes_on_lock(lock)
        assert on_lock.get("allowedFromDate") is None
        assert on_lock.get("allowedUntilDate") is None


async def test_42_just_in_time_is_setting_an_hour_ahead_and_removed_at_the_end(open_: OpenHouse) -> None:
    """
    `setting` from 60 minutes ahead, `set` as soon as the lock confirms, removed at `ends_at`.

    Shown on a lock that is told not to schedule. A lock that cannot ("J") is no brand yet; what is left to
    show there is that the flag makes no difference.
    """
    async with at_home(open_) as (house, lock):
        wish = await window(house, 2 * HOUR, HOUR)
        code = await house.create_code(lock["device_id"], prefer_native_scheduling=False, **wish)
        assert code["status"] == "unset"
        await fault(house, "http_503", match={"method": "PUT"})
        await move_to(house, parse_instant(code["starts_at"]) - 60 * MINUTE)
        assert (await house.code(code["access_code_id"]))["status"] == "setting"
        await clear_faults(house)
        await until_set(house, code["access_code_id"])
        assert await house.now() < parse_instant(code["starts_at"])
        await move_to(house, parse_instant(code["ends_at"]) - 20 * SECOND)
        assert await kinds_of_writes(house) == ["create"]
        await move_to(house, parse_instant(code["ends_at"]))
        await until_gone(house, code["access_code_id"])
        assert await house.codes_on_lock(lock) == []
        assert parse_instant((await house.code_writes())[-1]["at"]) >= parse_instant(code["ends_at"])


async def test_43_a_code_that_is_late_says_so_and_heals(open_: OpenHouse) -> None:
    """Offline past `starts_at`: `setting` with the delay told once; back online: `set`, and no warning."""
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], **await window(house, 4 * DAY))
        starts_at = parse_instant(code["starts_at"])
        await online(house, lock, False)
        await move_to(house, starts_at - 72 * HOUR)
        await move_to(house, starts_at - MINUTE)
        early = await house.code(code["access_code_id"])
        assert (early["status"], problem(early, "delay_in_setting_on_device")) == ("unset", None)
        for later in (starts_at, starts_at + HOUR):
            await move_to(house, later)
            late = await house.code(code["access_code_id"])
            assert late["status"] == "setting"
            assert problem(late, "delay_in_setting_on_device") is not None
            assert (await told(house, code)).count("delay_in_setting_on_device") == 1
        event = (await house.events(access_code_id=code["access_code_id"]))[-1]
        assert [entry["warning_code"] for entry in event["access_code_warnings"]] == [
            "delay_in_setting_on_device"
        ]
        assert [entry["error_code"] for entry in event["device_errors"]] == ["device_disconnected"]
        await online(house, lock, True)
        found = await until_set(house, code["access_code_id"])
        assert (found["warnings"], found["errors"]) == ([], [])
        assert (await told(house, code))[-1] == "set_on_device"


async def test_44_at_its_end_it_is_removed_and_then_gone(open_: OpenHouse) -> None:
    """`removing`, then `removed_from_device` and `deleted`, then 404 and in no list."""
    async with at_home(open_) as (house, lock):
        code = await preloaded_code(house, lock, HOUR, code="498882")
        await move_to(house, parse_instant(code["starts_at"]))
        await until_set(house, code["access_code_id"])
        await fault(house, "http_503", match={"method": "DELETE"})
        await move_to(house, parse_instant(code["ends_at"]))
        ending = await house.code(code["access_code_id"])
        assert (ending["status"], mutations(ending)) == ("removing", ["deleting"])
        await clear_faults(house)
        await until_gone(house, code["access_code_id"])
        assert await house.codes_on_lock(lock) == []
        assert await codes(house, lock) == []
        assert (await told(house, code))[-2:] == ["removed_from_device", "deleted"]
        assert (await house.events(access_code_id=code["access_code_id"]))[-1]["code"] == "498882"


async def test_45_a_code_that_was_never_set_was_never_removed(open_: OpenHouse) -> None:
    """Its window ends while the lock is offline: `deleted`, without `removed_from_device` or a call."""
    async with at_home(open_) as (house, lock):
        await online(house, lock, False)
        code = await house.create_code(lock["device_id"], **await window(house, HOUR, HOUR))
        await move_to(house, parse_instant(code["ends_at"]))
        await until_gone(house, code["access_code_id"])
        types = await told(house, code)
        assert types[-1] == "deleted"
        assert "removed_from_device" not in types
        assert "set_on_device" not in types
        assert await vendor_writes(house) == []


async def test_46_a_disconnected_account_makes_its_codes_unknown(open_: OpenHouse) -> None:
    """`unknown` with a copy of the account's error; connected again, the computed status returns."""
    async with at_home(open_) as (house, lock):
        active = await set_code(house, lock)
        waiting = await house.create_code(lock["device_id"], **await window(house, 10 * DAY))
        await fault(house, "login_rejected")
        for code in (active, waiting):
            cut_off = await code_soon(house, code["access_code_id"], lambda code: code["status"] == "unknown")
            error = problem(cut_off, "account_disconnected")
            assert error is not None
            assert error["is_connected_account_error"] is True
            assert error["is_device_error"] is False
        await house.connect()
        assert (await until_set(house, active["access_code_id"]))["errors"] == []
        healed = await house.code(waiting["access_code_id"])
        assert (healed["status"], healed["errors"]) == ("unset", [])


async def test_47_a_living_ongoing_code_is_never_unset(open_: OpenHouse) -> None:
    """Through trouble of every kind its status is `setting`, `set` or `unknown`, until it is deleted."""
    async with at_home(open_) as (house, lock):
        seen: set[str] = set()
        made = await house.create_code(lock["device_id"], code="498882", name="Ann")

        async def note() -> None:
            seen.add((await house.code(made["access_code_id"]))["status"])

        async def settle() -> None:
            await until_set(house, made["access_code_id"])
            await note()

        await note()
        await settle()
        for trouble in ("lost", "http_503", "drop_answer", "late"):
            await fault(house, trouble, times=1, match={"method": "POST"})
            await house.call(
                "/access_codes/update", access_code_id=made["access_code_id"], name=f"after {trouble}"
            )
            for _ in range(3):
                await note()
                await engine_passes(house, 30)
            await settle()
        await house.simulator(
            "owner/codes", smartlock_id=await house.smartlock_id(lock), do="delete", code=498882
        )
        await engine_passes(house, 25 * 3600)  # the vendor's cloud reads the lock once a day
        await note()
        await settle()
        await online(house, lock, False)
        await note()
        await online(house, lock, True)
        await fault(house, "login_rejected")
        await code_soon(house, made["access_code_id"], lambda code: code["status"] == "unknown")
        await house.connect()
        await settle()
        assert seen <= {"setting", "set", "unknown"}
        assert "setting" in seen


async def test_48_a_restart_before_the_confirmation_doubles_nothing(open_: OpenHouse) -> None:
    """The server ends between write and confirmation: one code on the lock, one `set_on_device`."""
    code: Wire
    async with at_home(open_) as (house, lock):
        await house.simulator("pace", pace=5)  # seconds until the lock has it
        code = await house.create_code(lock["device_id"], code="498882")
        await house.until(house.code_writes, lambda writes: len(writes) == 1)
        assert await house.codes_on_lock(lock) == []
    async with open_() as house:
        assert (await house.code(code["access_code_id"]))["status"] == "setting"
        await house.advance(30)
        await until_set(house, code["access_code_id"])
        await _stays_at_one(house, lock, code)


async def _stays_at_one(house: TestHouse, lock: Wire, code: Wire) -> None:
    for _ in range(3):
        await engine_passes(house, 120)
    assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [498882]
    assert (await told(house, code)).count("set_on_device") == 1
    assert await kinds_of_writes(house) == ["create"]
