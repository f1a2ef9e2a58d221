"""Behaviours 8.9, the part about seeing: codes that somebody made in the vendor's own app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from ostiary import store
from ostiary.domain.instants import to_wire
from ostiary.domain.secrets import Secret
from ostiary.domain.unmanaged_codes import UnmanagedCode
from ostiary.store.tx import Tx

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
    engine_passes,
    named,
    neighbour,
    nothing_changes,
    problem,
    set_code,
    soon,
    told,
    until_gone,
)

GET, LIST = "/access_codes/unmanaged/get", "/access_codes/unmanaged/list"
CREATED, REMOVED = "access_code.unmanaged.created", "access_code.unmanaged.removed"
NOBODY = "11111111-2222-4333-8444-555555555555"
UNTOUCHABLE = {"cannot_be_managed": True, "cannot_delete_unmanaged_access_code": True}
BRANDS = pytest.mark.parametrize("brand", ["nuki", "salto_ks"])


@asynccontextmanager
async def at_door(open_: OpenHouse, brand: str) -> AsyncIterator[tuple[TestHouse, Wire]]:
    at = at_home if brand == "nuki" else at_site
    async with at(open_) as (house, lock):
        yield house, lock


def door(lock: Wire) -> str:
    name: str = lock["properties"]["name"]
    return name


async def others(house: TestHouse, lock: Wire, **filters: object) -> list[Wire]:
    found: list[Wire] = (await house.call(LIST, device_id=lock["device_id"], **filters))["access_codes"]
    return found


async def a_day_passes(house: TestHouse) -> None:
    """The vendor reads the lock, which Nuki does by itself once a day, and the engine looks at the record."""
    await engine_passes(house, (DAY + HOUR).total_seconds())
    await engine_passes(house, HOUR.total_seconds())


async def story(house: TestHouse) -> list[tuple[str, str]]:
    """What was told of unmanaged codes: type and id, oldest first."""
    return [
        (event["event_type"], event["access_code_id"])
        for event in await house.events()
        if event["event_type"].startswith("access_code.unmanaged.")
    ]


async def made_in_the_app(house: TestHouse, lock: Wire, name: str = "Mum", pin: str = "332211") -> Wire:
    """Somebody's new code, as it is listed after the vendor has read the lock."""
    await house.steering.owner_adds(door(lock), name, pin)
    await a_day_passes(house)
    [code] = [code for code in await others(house, lock) if code["name"] == name]
    return code


@BRANDS
async def test_85_a_code_that_was_made_in_the_app_is_listed_and_told_of_once(
    open_: OpenHouse, brand: str
) -> None:
    """Unmanaged, on a lock where we have no code at all; never among the managed ones."""
    async with at_door(open_, brand) as (house, lock):
        assert await others(house, lock) == []
        before = await house.now()
        code = await made_in_the_app(house, lock)
        assert code == {
            "access_code_id": code["access_code_id"],
            "device_id": lock["device_id"],
            "workspace_id": lock["workspace_id"],
            "name": "Mum",
            "code": "332211" if brand == "nuki" else None,
            "type": "ongoing",
            "status": "set",
            "starts_at": None,
            "ends_at": None,
            "created_at": code["created_at"],
            "is_managed": False,
            "errors": [],
            "warnings": [],
            **({} if brand == "nuki" else UNTOUCHABLE),
        }
        assert to_wire(before) <= code["created_at"] <= to_wire(await house.now())
        await a_day_passes(house)
        assert await others(house, lock) == [code]
        assert await story(house) == [(CREATED, code["access_code_id"])]
        [event] = await house.events(event_type=CREATED)
        assert event["device_id"] == lock["device_id"]
        assert event["connected_account_id"] == lock["connected_account_id"]
        assert await codes(house, lock) == []
        which = {"access_code_id": code["access_code_id"]}
        await house.refused("/access_codes/get", 404, "access_code_not_found", **which)
        for path in ("/access_codes/update", "/access_codes/delete"):
            await house.refused(path, 404, "access_code_not_found", **which)
        assert (await house.call("/access_codes/list", access_code_ids=[code["access_code_id"]]))[
            "access_codes"
        ] == []


@BRANDS
async def test_codes_that_were_there_before_us_are_told_of_too(open_: OpenHouse, brand: str) -> None:
    """The first look at a lock is made when its account is connected, not at some later wish."""
    async with open_() as house:
        house.provider = brand
        first = house.house.vendors.manifests[brand].known_logins[0]
        await house.simulator("homes", home=first)
        name = "BACK DOOR" if brand == "salto_ks" else await _keypad_lock(house)
        await house.steering.owner_adds(name, "Mum", "332211")
        await house.advance((DAY + HOUR).total_seconds())  # the vendor reads the lock
        await house.connect(first)
        lock = await named(house, name)
        [code] = await soon(house, lambda: others(house, lock), bool)
        assert await story(house) == [(CREATED, code["access_code_id"])]


async def _keypad_lock(house: TestHouse) -> str:
    devices = (await house.simulated("truth"))["devices"]
    return str(next(one["name"] for one in devices if one["keypad_paired"]))


@BRANDS
async def test_what_is_changed_in_the_app_is_listed_as_changed_under_the_same_id(
    open_: OpenHouse, brand: str
) -> None:
    """Another name and PIN, and then disabled: `unset`. No event tells of it, as the wire has none."""
    async with at_door(open_, brand) as (house, lock):
        code = await made_in_the_app(house, lock)
        await house.steering.owner_changes(door(lock), "Mum", name="Mother", code=443322)
        await a_day_passes(house)
        changed = {"name": "Mother", "code": "443322" if brand == "nuki" else None}
        assert await others(house, lock) == [{**code, **changed}]
        await house.steering.owner_changes(door(lock), "Mother", enabled=False)
        await a_day_passes(house)
        disabled = {"status": "unset", "cannot_be_managed": True}
        assert await others(house, lock) == [{**code, **changed, **disabled}]
        assert await story(house) == [(CREATED, code["access_code_id"])]


@BRANDS
async def test_what_is_deleted_in_the_app_is_gone_and_told_of_once(open_: OpenHouse, brand: str) -> None:
    """Not listed, 404; made again it is another code. The row that stays keeps no PIN."""
    async with at_door(open_, brand) as (house, lock):
        code = await made_in_the_app(house, lock)
        await house.steering.owner_removes(door(lock), "Mum")
        await a_day_passes(house)
        await a_day_passes(house)
        assert await others(house, lock) == []
        await house.refused(GET, 404, "access_code_not_found", access_code_id=code["access_code_id"])
        again = await made_in_the_app(house, lock)
        assert await story(house) == [
            (CREATED, code["access_code_id"]),
            (REMOVED, code["access_code_id"]),
            (CREATED, again["access_code_id"]),
        ]


@BRANDS
async def test_our_own_codes_are_never_unmanaged(open_: OpenHouse, brand: str) -> None:
    """Not while they are set, changed, tampered with or removed."""
    async with at_door(open_, brand) as (house, lock):
        code = await set_code(house, lock, name="Ann")
        await a_day_passes(house)
        await house.call("/access_codes/update", access_code_id=code["access_code_id"], name="Anna")
        await code_soon(house, code["access_code_id"], lambda found: not found["pending_mutations"])
        await a_day_passes(house)
        assert await others(house, lock) == []
        await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        await until_gone(house, code["access_code_id"])
        await a_day_passes(house)
        assert await others(house, lock) == []
        assert await story(house) == []


async def test_our_code_that_somebody_changes_stays_ours(open_: OpenHouse) -> None:
    """It is put back, and never shows up as somebody else's."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Ann", code="498882")
        [held] = await house.codes_on_lock(lock)
        await house.steering.owner_changes(door(lock), held["name"], name="Bob", code=443322)
        await a_day_passes(house)
        assert "modified_external_to_seam" in await told(house, code)
        await code_soon(house, code["access_code_id"], lambda found: found["errors"] == [])
        assert await others(house, lock) == []
        assert await story(house) == []


async def test_93_a_clash_names_the_code_of_others_and_get_finds_it(open_: OpenHouse) -> None:
    """`duplicate_code_on_device` carries `unmanaged_access_code_id`."""
    async with at_home(open_) as (house, lock):
        other = await made_in_the_app(house, lock)
        made = await house.create_code(lock["device_id"], code="332211", name="Guest")
        code = await code_soon(
            house,
            made["access_code_id"],
            lambda found: bool(
                (problem(found, "duplicate_code_on_device") or {}).get("unmanaged_access_code_id")
            ),
        )
        assert problem(code, "failed_to_set_on_device")
        error = problem(code, "duplicate_code_on_device")
        assert error is not None
        assert error["unmanaged_access_code_id"] == other["access_code_id"]
        found = await house.call(GET, access_code_id=error["unmanaged_access_code_id"])
        assert found["access_code"] == other


async def test_get_finds_by_id_or_by_device_and_pin(open_: OpenHouse) -> None:
    """By POST and by query; both ids must fit, and half of a pair is refused."""
    async with at_home(open_) as (house, lock):
        code = await made_in_the_app(house, lock)
        here, its_id = {"device_id": lock["device_id"]}, {"access_code_id": code["access_code_id"]}
        for which in (its_id, {**its_id, **here}, {**here, "code": "332211"}):
            assert (await house.call(GET, **which))["access_code"] == code
            answer = await house.request("GET", GET, params=which)
            assert answer.json()["access_code"] == code
        for which in ({}, here, {"code": "332211"}, {**its_id, "code": "332211"}):
            await house.refused(GET, 400, "invalid_input", **which)
        for which in ({"access_code_id": NOBODY}, {**here, "code": "776655"}):
            error = await house.refused(GET, 404, "access_code_not_found", **which)
            assert error["data"] == {key: value for key, value in which.items() if key != "code"}
        await house.refused(GET, 404, "device_not_found", device_id=NOBODY, code="332211")
        ours = await set_code(house, lock, code="498882")
        for path, which in (
            (GET, {"access_code_id": ours["access_code_id"]}),
            (GET, {**here, "code": "498882"}),
            ("/access_codes/get", {**here, "code": "332211"}),
        ):
            await house.refused(path, 404, "access_code_not_found", **which)


async def test_lists_have_pages_and_can_be_searched(open_: OpenHouse) -> None:
    """`device_id` is required; oldest first; the search looks at name, PIN and id."""
    async with at_home(open_) as (house, lock):
        for at, name in enumerate(("Mum", "Papa", "Cleaner")):
            await house.steering.owner_adds(door(lock), name, f"33221{at + 1}")
        await a_day_passes(house)
        every = await others(house, lock)
        assert {code["name"] for code in every} == {"Mum", "Papa", "Cleaner"}
        page = await house.call(LIST, device_id=lock["device_id"], limit=2)
        assert page["access_codes"] == every[:2]
        assert page["pagination"]["has_next_page"] is True
        cursor = page["pagination"]["next_page_cursor"]
        last = await house.call(LIST, device_id=lock["device_id"], limit=2, page_cursor=cursor)
        assert last["access_codes"] == every[2:]
        assert last["pagination"] == {
            "has_next_page": False,
            "next_page_cursor": None,
            "next_page_url": None,
        }
        [papa] = [code for code in every if code["name"] == "Papa"]
        for text in ("pA", papa["code"], papa["access_code_id"]):
            assert await others(house, lock, search=text) == [papa]
        stranger = {"device_id": lock["device_id"], "user_identifier_key": "anybody"}
        await house.refused(LIST, 404, "device_not_found", **stranger)
        query = {"device_id": lock["device_id"], "search": "clean"}
        answer = await house.request("GET", LIST, params=query)
        assert [code["name"] for code in answer.json()["access_codes"]] == ["Cleaner"]
        await house.refused(LIST, 400, "invalid_input")
        await house.refused(LIST, 404, "device_not_found", device_id=NOBODY)


async def test_problems_of_device_and_account_stand_on_codes_of_others_too(open_: OpenHouse) -> None:
    """As on managed ones, with the same flags."""
    async with at_home(open_) as (house, lock):
        code = await made_in_the_app(house, lock)
        await house.steering.set_online(door(lock), is_online=False)
        await engine_passes(house, HOUR.total_seconds())
        found = (await house.call(GET, access_code_id=code["access_code_id"]))["access_code"]
        assert [(error["error_code"], error["is_device_error"]) for error in found["errors"]] == [
            ("device_disconnected", True)
        ]
        await house.simulator("faults", fault="login_rejected")
        await house.advance(HOUR.total_seconds())

        async def look() -> list[str]:
            [code] = await others(house, lock)
            return [error["error_code"] for error in code["errors"]]

        await soon(house, look, lambda seen: "account_disconnected" in seen)


async def test_another_workspace_sees_none_of_it(open_: OpenHouse) -> None:
    """404 by id and by device."""
    async with at_home(open_) as (house, lock):
        code = await made_in_the_app(house, lock)
        other = await neighbour(house)
        async with nothing_changes(house, lock):
            which = {"access_code_id": code["access_code_id"]}
            await other.refused(GET, 404, "access_code_not_found", **which)
            here = {"device_id": lock["device_id"]}
            await other.refused(GET, 404, "device_not_found", **here, code="332211")
            await other.refused(LIST, 404, "device_not_found", **here)


async def test_time_frames_are_told_where_two_instants_say_it_all(open_: OpenHouse) -> None:
    """A window of dates is time-bound and `set` only inside. Hours over midnight are none."""
    async with at_home(open_) as (house, lock):
        now = (await house.now()).replace(microsecond=0)
        starts_at, ends_at = now + timedelta(days=3), now + timedelta(days=5)
        window = {"allowedFromDate": to_wire(starts_at), "allowedUntilDate": to_wire(ends_at)}
        await _through_the_api(house, lock, "Booking", 443322, **window, allowedWeekDays=127)
        nights = {"allowedFromTime": 1320, "allowedUntilTime": 360}
        await _through_the_api(house, lock, "Guard", 554433, **window, allowedWeekDays=124, **nights)
        await _through_the_api(house, lock, "Night", 665544, allowedFromTime=1200, allowedUntilTime=360)
        await a_day_passes(house)
        by_name = {code["name"]: code for code in await others(house, lock)}
        frame = {"starts_at": to_wire(starts_at), "ends_at": to_wire(ends_at)}
        assert {key: by_name["Booking"][key] for key in frame} == frame
        assert (by_name["Booking"]["type"], by_name["Booking"]["status"]) == ("time_bound", "unset")
        for name in ("Guard", "Night"):
            assert (by_name[name]["type"], by_name[name]["starts_at"]) == ("ongoing", None)
            assert by_name[name]["ends_at"] is None
        for instant, status in ((starts_at, "set"), (ends_at, "unset")):
            await house.set_clock(instant)
            found = await house.call(GET, access_code_id=by_name["Booking"]["access_code_id"])
            assert found["access_code"]["status"] == status


async def _through_the_api(house: TestHouse, lock: Wire, name: str, code: int, **limits: object) -> None:
    """As another program of the owner's does it."""
    body = {"name": name, "type": 13, "code": code, **limits}
    await _as_owner(house, "PUT", f"/smartlock/{await house.smartlock_id(lock)}/auth", json=body)
    await house.advance(30)  # one at a time: the device is busy with it


async def _as_owner(
    house: TestHouse, method: str, path: str, *, home: str = "john@example.com", **more: Any
) -> None:
    token = (await house.simulator("api_token", home=home))["api_token"]
    base = f"/ostiary/sandbox/{house.workspace.workspace_id}/nuki"
    headers = {"authorization": f"Bearer {token}"}
    answer = await house.http.request(method, base + path, headers=headers, **more)
    assert answer.status_code == 204, answer.text


async def test_a_lock_that_left_the_account_tells_nothing_of_its_codes(open_: OpenHouse) -> None:
    """They stand as the last look showed them: nobody has taken them off the lock."""
    async with at_home(open_) as (house, lock):
        code = await made_in_the_app(house, lock)
        await _as_owner(house, "DELETE", f"/smartlock/{await house.smartlock_id(lock)}")
        await a_day_passes(house)
        assert "device.removed" in await house.event_types()
        [still] = await others(house, lock)
        assert still["access_code_id"] == code["access_code_id"]
        assert [error["error_code"] for error in still["errors"]] == ["device_removed"]
        assert await story(house) == [(CREATED, code["access_code_id"])]


async def test_the_row_of_a_code_that_is_gone_keeps_no_pin(open_: OpenHouse) -> None:
    """It can still be found by what the vendor called it, for what a log tells late."""
    async with at_home(open_) as (house, lock):
        code = await made_in_the_app(house, lock)
        [held] = await house.codes_on_lock(lock)

        async def stored(tx: Tx) -> UnmanagedCode | None:
            return await store.unmanaged_codes.by_vendor_code(tx, lock["device_id"], held["id"])

        found = await house.house.database.read(stored)
        assert found is not None
        assert (found.access_code_id, found.code) == (code["access_code_id"], Secret("332211"))
        await house.steering.owner_removes(door(lock), "Mum")
        await a_day_passes(house)
        gone = await house.house.database.read(stored)
        assert gone is not None
        assert (gone.access_code_id, gone.code, gone.code_hash) == (code["access_code_id"], None, None)
        assert gone.gone_at is not None
