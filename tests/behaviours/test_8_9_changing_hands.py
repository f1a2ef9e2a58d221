"""Behaviours 8.9, the part about doing: codes of others are taken over or removed, ours are handed over."""

from datetime import timedelta

import pytest

from ostiary.domain.instants import to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    Wire,
    at_home,
    clear_faults,
    code_soon,
    codes,
    engine_kept_away,
    engine_passes,
    fault,
    kinds_of_writes,
    neighbour,
    nothing_changes,
    problem,
    set_code,
    soon,
    told,
    until_gone,
    until_set,
    window,
)
from .test_8_9_unmanaged import (
    BRANDS,
    CREATED,
    NOBODY,
    REMOVED,
    _as_owner,
    a_day_passes,
    at_door,
    door,
    made_in_the_app,
    others,
    story,
)

CONVERT = "/access_codes/unmanaged/convert_to_managed"
UPDATE = "/access_codes/unmanaged/update"
DELETE = "/access_codes/unmanaged/delete"
CONVERTED = "access_code.unmanaged.converted_to_managed"
FAILED = "access_code.unmanaged.failed_to_convert_to_managed"
ARRAYS = [
    f"{noun}_{kind}"
    for noun in ("access_code", "device", "connected_account")
    for kind in ("errors", "warnings")
]


async def attempt_of(house: TestHouse, answer: Wire) -> Wire:
    """The attempt once it is decided."""
    which = answer["action_attempt"]["action_attempt_id"]

    async def look() -> Wire:
        found = await house.call("/action_attempts/get", action_attempt_id=which)
        attempt: Wire = found["action_attempt"]
        return attempt

    decided: Wire = await soon(house, look, lambda attempt: attempt["status"] != "pending")
    return decided


async def standing(house: TestHouse, lock: Wire) -> list[Wire]:
    """What the vendor holds; not whether it opens the door now."""
    entries = await house.codes_on_lock(lock)
    return [{key: value for key, value in entry.items() if key != "opens"} for entry in entries]


@pytest.mark.parametrize(
    ("path", "more"), [(CONVERT, {"force": False, "sync": False}), (UPDATE, {"is_managed": True})]
)
async def test_86_a_converted_code_is_managed_and_stays_on_the_lock(
    open_: OpenHouse, path: str, more: Wire
) -> None:
    """The same id, changed in place, told once; and then everything works that works with codes of ours."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        its_id = {"access_code_id": other["access_code_id"]}
        [before] = await house.codes_on_lock(lock)
        answer = await house.call(path, **its_id, **more)
        assert answer["action_attempt"]["action_type"] == "CONVERT_ACCESS_CODE_TO_MANAGED"
        assert answer["action_attempt"]["status"] == "pending"
        assert await others(house, lock) == []
        managed = await house.code(other["access_code_id"])
        assert (managed["is_managed"], managed["name"], managed["code"]) == (True, "Mum", "332211")
        assert managed["created_at"] == other["created_at"]
        assert (await attempt_of(house, answer))["status"] == "success"
        [after] = await house.codes_on_lock(lock)
        assert after["id"] == before["id"]
        assert after["name"].startswith("Mum #")
        assert await kinds_of_writes(house) == ["update"]
        assert await story(house) == [
            (CREATED, its_id["access_code_id"]),
            (CONVERTED, its_id["access_code_id"]),
        ]
        assert (await until_set(house, other["access_code_id"]))["errors"] == []
        await house.call("/access_codes/update", **its_id, name="Mother", code="443322")
        await code_soon(house, other["access_code_id"], lambda code: not code["pending_mutations"])
        [changed] = await house.codes_on_lock(lock)
        assert (changed["id"], changed["code"]) == (before["id"], 443322)
        await house.call("/access_codes/delete", **its_id)
        await until_gone(house, other["access_code_id"])
        assert await house.codes_on_lock(lock) == []
        await a_day_passes(house)
        assert await others(house, lock) == []
        assert len(await story(house)) == 2


async def test_86_a_code_for_later_is_never_off_the_lock_while_it_is_converted(open_: OpenHouse) -> None:
    """Its start is further ahead than a code of ours would be preloaded: it was there before, and stays."""
    async with at_home(open_) as (house, lock):
        now = (await house.now()).replace(microsecond=0)
        frame = {"starts_at": to_wire(now + timedelta(days=20)), "ends_at": to_wire(now + timedelta(days=25))}
        limits = {
            "allowedFromDate": frame["starts_at"],
            "allowedUntilDate": frame["ends_at"],
            "allowedWeekDays": 127,
        }
        body = {"name": "Booking", "type": 13, "code": 443322, **limits}
        await _as_owner(house, "PUT", f"/smartlock/{await house.smartlock_id(lock)}/auth", json=body)
        await a_day_passes(house)
        [other] = await others(house, lock)
        await attempt_of(house, await house.call(CONVERT, access_code_id=other["access_code_id"]))
        await a_day_passes(house)
        code = await house.code(other["access_code_id"])
        assert {key: code[key] for key in frame} == frame
        assert (code["status"], code["is_scheduled_on_device"]) == ("unset", True)
        assert await kinds_of_writes(house) == ["create", "update"]  # the owner's, and ours
        await house.set_clock(now + timedelta(days=20, minutes=1))
        await until_set(house, other["access_code_id"])
        await house.set_clock(now + timedelta(days=25, minutes=1))
        await until_gone(house, other["access_code_id"])
        assert await house.codes_on_lock(lock) == []


async def test_86_a_code_that_goes_before_it_is_ours_is_not_put_back(open_: OpenHouse) -> None:
    """Its owner took it away meanwhile: the conversion has failed, and it is gone. Each told once."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        [held] = await house.codes_on_lock(lock)
        path = f"/smartlock/{await house.smartlock_id(lock)}/auth/{held['id']}"
        async with engine_kept_away(house, lock):
            await _as_owner(house, "DELETE", path)
            answer = await house.call(CONVERT, access_code_id=other["access_code_id"])
        attempt = await attempt_of(house, answer)
        assert (attempt["status"], attempt["error"]["type"]) == ("error", "access_code_not_found")
        await a_day_passes(house)
        its_id = other["access_code_id"]
        assert await story(house) == [(CREATED, its_id), (FAILED, its_id), (REMOVED, its_id)]
        [event] = await house.events(event_type=FAILED)
        assert set(ARRAYS) <= set(event)
        assert [error["error_code"] for error in event["access_code_errors"]] == ["failed_to_set_on_device"]
        assert await house.codes_on_lock(lock) == []
        assert await codes(house, lock) == []


@pytest.mark.parametrize(("refusal", "times"), [("http_422", 1), ("http_409", 3)])
async def test_86_a_conversion_that_the_vendor_refuses_leaves_everything_as_it_was(
    open_: OpenHouse, refusal: str, times: int
) -> None:
    """It is told, the code is somebody else's again, and another attempt may go well."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        await fault(house, refusal, times=times, match={"method": "POST", "route": "/smartlock/*/auth/*"})
        answer = await house.call(CONVERT, access_code_id=other["access_code_id"])
        assert (await attempt_of(house, answer))["status"] == "error"
        await a_day_passes(house)
        assert await others(house, lock) == [other]
        assert await codes(house, lock) == []
        its_id = other["access_code_id"]
        assert await story(house) == [(CREATED, its_id), (FAILED, its_id)]
        assert (await attempt_of(house, await house.call(CONVERT, access_code_id=its_id)))[
            "status"
        ] == "success"
        assert [what for what, _ in await story(house)] == [CREATED, FAILED, CONVERTED]


async def test_86_an_answer_that_is_lost_changes_nothing_about_it(open_: OpenHouse) -> None:
    """The vendor has renamed it and nobody told us: told once, written once."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        await fault(house, "drop_answer", times=1, match={"method": "POST"})
        answer = await house.call(CONVERT, access_code_id=other["access_code_id"])
        assert (await attempt_of(house, answer))["status"] == "success"
        await a_day_passes(house)
        assert [what for what, _ in await story(house)] == [CREATED, CONVERTED]
        assert await kinds_of_writes(house) == ["update"]
        assert len(await house.codes_on_lock(lock)) == 1


async def test_86_what_cannot_be_managed_is_refused(open_: OpenHouse) -> None:
    """With weekdays that its lock does not keep, disabled, or of another workspace."""
    async with at_home(open_) as (house, lock):
        smartlock = await house.smartlock_id(lock)
        office = {"name": "Office", "type": 13, "code": 554433, "allowedWeekDays": 124}
        marked = {"name": "Guest #abcdef", "type": 13, "code": 665544}
        for body in (office, marked):
            await _as_owner(house, "PUT", f"/smartlock/{smartlock}/auth", json=body)
            await house.advance(30)
        await made_in_the_app(house, lock)
        await house.steering.owner_changes(door(lock), "Mum", enabled=False)
        await a_day_passes(house)
        found = {code["name"]: code for code in await others(house, lock)}
        assert {name: code.get("cannot_be_managed") for name, code in found.items()} == {
            "Office": True,
            "Guest #abcdef": None,
            "Mum": True,
        }
        async with nothing_changes(house, lock):
            for code in found.values():
                which = {"access_code_id": code["access_code_id"]}
                await house.refused(CONVERT, 400, "access_code_cannot_be_managed", **which, force=True)
            await house.refused(CONVERT, 404, "access_code_not_found", access_code_id=NOBODY)
            await house.refused(CONVERT, 400, "invalid_input")
            await house.refused(UPDATE, 400, "invalid_input", access_code_id=found["Mum"]["access_code_id"])


async def test_86_a_pin_that_one_of_ours_has_is_refused(open_: OpenHouse) -> None:
    """`duplicate_access_code`: ours was asked for first and waits for the same PIN."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        ours = await house.create_code(lock["device_id"], code="332211")
        which = {"access_code_id": other["access_code_id"]}
        error = await house.refused(CONVERT, 409, "duplicate_access_code", **which)
        assert error["data"]["access_code_id"] == ours["access_code_id"]
        assert "332211" not in str(error)
        assert await others(house, lock) == [other]


async def test_codes_whose_pin_nobody_can_read_are_neither_taken_over_nor_removed(open_: OpenHouse) -> None:
    """Salto KS: they belong to people, who would lose their keys and rights with them."""
    async with at_door(open_, "salto_ks") as (house, lock):
        other = await made_in_the_app(house, lock)
        which = {"access_code_id": other["access_code_id"]}
        async with nothing_changes(house, lock):
            await house.refused(CONVERT, 400, "access_code_cannot_be_managed", **which)
            await house.refused(UPDATE, 400, "access_code_cannot_be_managed", **which, is_managed=True)
            await house.refused(DELETE, 400, "access_code_cannot_be_deleted", **which)
        assert await others(house, lock) == [other]


@BRANDS
async def test_87_an_unmanaged_code_cannot_be_made_unmanaged(open_: OpenHouse, brand: str) -> None:
    """The message points to the operation that does it for managed ones."""
    async with at_door(open_, brand) as (house, lock):
        other = await made_in_the_app(house, lock)
        which = {"access_code_id": other["access_code_id"]}
        error = await house.refused(UPDATE, 400, "invalid_input", **which, is_managed=False)
        assert "/access_codes/update" in error["message"]
        assert await others(house, lock) == [other]


@BRANDS
async def test_88_a_code_that_is_handed_over_stays_on_the_lock(open_: OpenHouse, brand: str) -> None:
    """The same id, on the other list, and nothing is written about it any more, not even at its end."""
    async with at_door(open_, brand) as (house, lock):
        code = await set_code(house, lock, name="Ann", **await window(house, -HOUR, 2 * DAY))
        await engine_passes(house, HOUR.total_seconds())
        writes, before = await house.code_writes(), await standing(house, lock)
        its_id = {"access_code_id": code["access_code_id"]}
        events = await told(house, code)
        answer = await house.call("/access_codes/update", **its_id, is_managed=False)
        assert answer["action_attempt"]["action_type"] == "UPDATE_ACCESS_CODE"
        [other] = await others(house, lock)
        assert (other["access_code_id"], other["is_managed"], other["status"]) == (
            code["access_code_id"],
            False,
            "set",
        )
        assert await codes(house, lock) == []
        await house.refused("/access_codes/get", 404, "access_code_not_found", **its_id)
        attempt = await attempt_of(house, answer)
        assert (attempt["status"], attempt["result"]) == ("success", {})
        for _ in range(3):
            await a_day_passes(house)
        assert await house.code_writes() == writes
        assert await standing(house, lock) == before
        [still] = await others(house, lock)
        assert (still["access_code_id"], still["status"]) == (code["access_code_id"], "unset")
        assert still["ends_at"] == code["ends_at"]
        assert await told(house, code) == events


async def test_88_there_and_back_again(open_: OpenHouse) -> None:
    """What was handed over can be taken over again: the same id, name and mark, and no write is needed."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Ann", code="498882")
        its_id = {"access_code_id": code["access_code_id"]}
        before = await house.codes_on_lock(lock)
        for _ in range(2):
            await house.call("/access_codes/update", **its_id, is_managed=False)
            [other] = await others(house, lock)
            assert (other["code"], other["access_code_id"]) == ("498882", code["access_code_id"])
            await attempt_of(house, await house.call(CONVERT, **its_id))
            assert await others(house, lock) == []
            assert (await until_set(house, code["access_code_id"]))["name"] == "Ann"
        assert await house.codes_on_lock(lock) == before
        assert await kinds_of_writes(house) == ["create"]
        await house.steering.owner_removes(door(lock), before[0]["name"])
        await a_day_passes(house)
        assert "deleted_external_to_seam" in await told(house, code), "it is watched over as before"


async def test_88_a_handed_over_code_with_our_mark_is_no_leftover(open_: OpenHouse) -> None:
    """Nor is it one after its owner has changed its PIN; and its PIN may not be given to another."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Ann", code="498882")
        await house.call("/access_codes/update", access_code_id=code["access_code_id"], is_managed=False)
        [held] = await house.codes_on_lock(lock)
        made = await set_code(house, lock, name="Bob", code="667755")
        await house.steering.owner_changes(door(lock), held["name"], code=443322)
        await a_day_passes(house)
        pins = {entry["code"] for entry in await house.codes_on_lock(lock)}
        assert pins == {443322, 667755}
        [other] = await others(house, lock)
        assert (other["access_code_id"], other["code"]) == (code["access_code_id"], "443322")
        assert [one["access_code_id"] for one in await codes(house, lock)] == [made["access_code_id"]]


async def test_88_a_wish_that_was_under_way_is_not_carried_out_any_more(open_: OpenHouse) -> None:
    """The lock could not be told of it before; after the handover nobody tells it: the wish has failed."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Ann", code="498882")
        its_id = {"access_code_id": code["access_code_id"]}
        before = await house.codes_on_lock(lock)
        await fault(house, "http_503", match={"method": "POST"})
        wish = await house.call("/access_codes/update", **its_id, code="667755")
        await house.call("/access_codes/update", **its_id, is_managed=False)
        await clear_faults(house)
        assert (await attempt_of(house, wish))["status"] == "error"
        await a_day_passes(house)
        assert await house.codes_on_lock(lock) == before
        assert [other["code"] for other in await others(house, lock)] == ["498882"]
        assert (await set_code(house, lock, code="667755"))["code"] == "667755", "its PIN is free again"


async def test_88_a_write_that_landed_unanswered_belongs_to_the_new_owner(open_: OpenHouse) -> None:
    """Handed over between the write and its answer's look: it shows as it stands, and comes back as it is."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Ann", code="498882")
        its_id = {"access_code_id": code["access_code_id"]}
        await fault(house, "http_503", match={"method": "GET", "route": "/smartlock/{smartlockId}/auth"})
        await house.call("/access_codes/update", **its_id, code="667755")
        await house.call("/access_codes/update", **its_id, is_managed=False)
        await clear_faults(house)
        await a_day_passes(house)
        [held] = await house.codes_on_lock(lock)
        [other] = await others(house, lock)
        assert other["code"] == str(held["code"])
        await attempt_of(house, await house.call(CONVERT, **its_id))
        managed = await until_set(house, code["access_code_id"])
        assert managed["code"] == str(held["code"])
        assert len(await house.codes_on_lock(lock)) == 1


@BRANDS
async def test_88_what_is_not_on_the_lock_cannot_be_handed_over(open_: OpenHouse, brand: str) -> None:
    """There is nothing that somebody else could have."""
    async with at_door(open_, brand) as (house, lock):
        made = await house.create_code(lock["device_id"], **await window(house, 30 * DAY))
        which = {"access_code_id": made["access_code_id"]}
        async with nothing_changes(house, lock):
            await house.refused(
                "/access_codes/update", 400, "access_code_not_on_device", **which, is_managed=False
            )


async def test_a_removed_unmanaged_code_is_listed_until_a_look_shows_it_gone(open_: OpenHouse) -> None:
    """Told once, by POST and by DELETE; asked for twice it is removed once."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        await made_in_the_app(house, lock, "Papa", "443322")
        which = {"access_code_id": other["access_code_id"]}
        answer = await house.call(DELETE, **which)
        assert answer["action_attempt"]["action_type"] == "DELETE_ACCESS_CODE"
        assert answer["action_attempt"]["status"] == "pending"
        again = await house.request("DELETE", DELETE, params=which)
        assert again.status_code in (200, 404)
        attempt = await attempt_of(house, answer)
        assert (attempt["status"], attempt["result"]) == ("success", {})
        assert [code["name"] for code in await others(house, lock)] == ["Papa"]
        await a_day_passes(house)
        assert [entry["name"] for entry in await house.codes_on_lock(lock)] == ["Papa"]
        assert (await story(house))[2:] == [(REMOVED, other["access_code_id"])]
        assert await kinds_of_writes(house) == ["delete"]
        await house.refused(DELETE, 404, "access_code_not_found", **which)


async def test_a_removal_that_gets_no_answer_is_settled_by_a_look(open_: OpenHouse) -> None:
    """And one that never arrived is sent again."""
    async with at_home(open_) as (house, lock):
        for name, pin, what in (("Mum", "332211", "drop_answer"), ("Papa", "443322", "http_503")):
            other = await made_in_the_app(house, lock, name, pin)
            await fault(house, what, times=1, match={"method": "DELETE"})
            answer = await house.call(DELETE, access_code_id=other["access_code_id"])
            assert (await attempt_of(house, answer))["status"] == "success"
        await a_day_passes(house)
        assert await house.codes_on_lock(lock) == []
        assert [what for what, _ in await story(house)] == [CREATED, REMOVED] * 2


async def test_another_workspace_changes_nothing_about_it(open_: OpenHouse) -> None:
    """404, whatever is asked."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        which = {"access_code_id": other["access_code_id"]}
        stranger = await neighbour(house)
        async with nothing_changes(house, lock):
            await stranger.refused(CONVERT, 404, "access_code_not_found", **which)
            await stranger.refused(UPDATE, 404, "access_code_not_found", **which, is_managed=True)
            await stranger.refused(DELETE, 404, "access_code_not_found", **which)


async def test_89_what_somebody_changes_about_ours_is_told_and_put_back(open_: OpenHouse) -> None:
    """The error says what was changed for as long as it stands; the same for one that was taken over."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        await attempt_of(house, await house.call(CONVERT, access_code_id=other["access_code_id"]))
        [held] = await house.codes_on_lock(lock)
        await fault(house, "http_503", match={"method": "POST", "route": "/smartlock/*/auth/*"})
        await house.steering.owner_changes(door(lock), held["name"], code=443322)
        await a_day_passes(house)
        code = await house.code(other["access_code_id"])
        error = problem(code, "conflicting_external_modification")
        assert error is not None
        assert error["change_type"] == "modified"
        await clear_faults(house)
        await code_soon(house, other["access_code_id"], lambda found: found["errors"] == [])
        [restored] = await house.codes_on_lock(lock)
        assert (restored["id"], restored["code"]) == (held["id"], 332211)
        assert (await told(house, code)).count("modified_external_to_seam") == 1


async def test_90_what_somebody_removes_of_ours_is_told_and_set_again(open_: OpenHouse) -> None:
    """Until its end; the same for one that was taken over."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        await attempt_of(house, await house.call(CONVERT, access_code_id=other["access_code_id"]))
        [held] = await house.codes_on_lock(lock)
        await fault(house, "http_503", match={"method": "PUT"})
        await house.steering.owner_removes(door(lock), held["name"])
        await a_day_passes(house)
        code = await house.code(other["access_code_id"])
        error = problem(code, "conflicting_external_modification")
        assert error is not None
        assert error["change_type"] == "removed"
        await clear_faults(house)
        await code_soon(house, other["access_code_id"], lambda found: found["errors"] == [])
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [332211]
        assert (await told(house, code)).count("deleted_external_to_seam") == 1
        assert await others(house, lock) == []
