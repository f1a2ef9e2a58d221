"""Behaviours 8.7, the other half: one change of all codes that share a key."""

import pytest

from ostiary.domain.instants import parse_instant, to_wire

from ..conftest import OpenHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    OWN_PINS,
    Wire,
    ahead,
    at_both_brands,
    create_multiple,
    ids,
    kinds_of_writes,
    neighbour,
    nothing_changes,
    online,
    set_code,
    told,
    two_locks,
    until_gone,
    until_set,
    window,
)

CREATE_MULTIPLE, UPDATE_MULTIPLE = "/access_codes/create_multiple", "/access_codes/update_multiple"


@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_77_one_update_changes_all_codes_of_a_key(open_: OpenHouse, method: str) -> None:
    """Name and times of all, in place; the PIN stays, and cannot be asked for."""
    async with two_locks(open_) as (house, front, back):
        made = await create_multiple(house, front, back, name="Ann")
        apart = await set_code(house, front, name="Ann")
        for code in made:
            await until_set(house, code["access_code_id"])
        times = await window(house, -HOUR)
        body = {"common_code_key": made[0]["common_code_key"], "name": "Bea", **times}
        answer = await house.request(method, UPDATE_MULTIPLE, json=body)
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
        for lock, code in zip((front, back), made, strict=True):
            shown = await house.code(code["access_code_id"])
            assert {name: shown[name] for name in ("name", *times)} == {"name": "Bea", **times}
            done = await until_set(house, code["access_code_id"])
            assert (done["type"], done["code"]) == ("time_bound", code["code"])
            assert done["common_code_key"] == code["common_code_key"]
            assert await house.type_code(lock, code["code"])
            assert not await house.type_code(lock, code["code"], (await ahead(house, 2 * DAY))[0])
            types = await told(house, code)
            assert types.count("mutations_requested") == 2
            assert sorted(types[-3:]) == ["name_changed", "set_on_device", "time_frame_changed"]
        assert (await house.code(apart["access_code_id"]))["name"] == "Ann"
        assert (await kinds_of_writes(house)).count("delete") == 0


async def test_77_a_pin_is_no_part_of_it(open_: OpenHouse) -> None:
    """`code` and what else an update of one code takes is refused as unknown; nothing changes."""
    async with two_locks(open_) as (house, front, back):
        made = await create_multiple(house, front, back, name="Ann")
        for code in made:
            await until_set(house, code["access_code_id"])
        which = {"common_code_key": made[0]["common_code_key"], "name": "Bea"}
        more: tuple[Wire, ...] = (
            {"code": "498882"},
            {"type": "ongoing"},
            {"sync": True},
            {"is_managed": False},
        )
        async with nothing_changes(house, front), nothing_changes(house, back):
            for wish in more:
                error = await house.refused(UPDATE_MULTIPLE, 400, "invalid_input", **which, **wish)
                assert repr(*wish) in error["message"]
            await house.refused(UPDATE_MULTIPLE, 400, "invalid_input", name="Bea")


async def test_77_what_is_left_out_stays(open_: OpenHouse) -> None:
    """One end alone moves that end; both null make the codes ongoing; what cannot be changes none of them."""
    async with at_both_brands(open_, OWN_PINS) as (house, nuki, salto):
        starts_at, ends_at, late = await ahead(house, 10 * DAY, 11 * DAY, 12 * DAY)
        made = await create_multiple(
            house, nuki, salto, name="Ann", starts_at=to_wire(starts_at), ends_at=to_wire(ends_at)
        )
        key = made[0]["common_code_key"]
        await house.call(UPDATE_MULTIPLE, common_code_key=key, ends_at=to_wire(late))
        lock, door = [await house.code(code["access_code_id"]) for code in made]
        assert (lock["name"], lock["starts_at"], lock["ends_at"]) == (
            "Ann",
            to_wire(starts_at),
            to_wire(late),
        )
        assert door["starts_at"] == made[1]["starts_at"]
        assert parse_instant(door["ends_at"]).second == 0
        assert abs(parse_instant(door["ends_at"]) - late) <= MINUTE / 2
        async with nothing_changes(house, nuki), nothing_changes(house, salto):
            for wish in (
                {"ends_at": to_wire(starts_at)},
                {"ends_at": None},
                {"ends_at": to_wire(starts_at - 9 * DAY), "name": "Bea"},
            ):
                await house.refused(UPDATE_MULTIPLE, 400, "invalid_input", common_code_key=key, **wish)
        await house.call(UPDATE_MULTIPLE, common_code_key=key, starts_at=None, ends_at=None, name=None)
        for code in made:
            done = await until_set(house, code["access_code_id"])
            assert (done["type"], done["name"], done["code"]) == ("ongoing", None, code["code"])


async def test_77_what_one_code_cannot_have_no_code_gets(open_: OpenHouse) -> None:
    """An end alone suits the code that has a window and not the one that has none: neither changes."""
    async with two_locks(open_) as (house, front, back):
        key = {"common_code_key": "stay 17"}
        bound = await set_code(house, front, **key, **await window(house, -HOUR))
        ongoing = await set_code(house, back, **key)
        late = to_wire((await ahead(house, 4 * DAY))[0])
        async with nothing_changes(house, front), nothing_changes(house, back):
            await house.refused(UPDATE_MULTIPLE, 400, "invalid_input", ends_at=late, name="Bea", **key)
        await house.call(UPDATE_MULTIPLE, ends_at=late, starts_at=bound["starts_at"], **key)
        for code in (bound, ongoing):
            found = await until_set(house, code["access_code_id"])
            assert (found["starts_at"], found["ends_at"]) == (bound["starts_at"], late)


async def test_77_a_key_without_codes_is_not_found(open_: OpenHouse) -> None:
    """404 with the key; codes that are over are left out, and if there are no others, said to be so."""
    async with two_locks(open_) as (house, front, back):
        made = await create_multiple(house, front, back)
        key = made[0]["common_code_key"]
        first, second = [await until_set(house, code["access_code_id"]) for code in made]
        for missing in ("stay 17", key[:-1]):
            error = await house.refused(
                UPDATE_MULTIPLE, 404, "access_code_not_found", common_code_key=missing
            )
            assert error["data"] == {"common_code_key": missing}
        other = await neighbour(house)
        await other.refused(UPDATE_MULTIPLE, 404, "access_code_not_found", common_code_key=key, name="Eve")
        await other.refused(CREATE_MULTIPLE, 404, "device_not_found", device_ids=ids(front, back))
        await online(house, front, False)
        await house.call("/access_codes/delete", access_code_id=first["access_code_id"])
        await house.call(UPDATE_MULTIPLE, common_code_key=key, name="Bea")
        assert (await house.code(first["access_code_id"]))["name"] is None
        assert (await until_set(house, second["access_code_id"]))["name"] == "Bea"
        await house.call("/access_codes/delete", access_code_id=second["access_code_id"])
        await until_gone(house, second["access_code_id"])
        await house.refused(
            UPDATE_MULTIPLE, 400, "access_code_being_removed", common_code_key=key, name="Cleo"
        )
        await online(house, front, True)
        await until_gone(house, first["access_code_id"])
        await house.refused(UPDATE_MULTIPLE, 404, "access_code_not_found", common_code_key=key, name="Cleo")


async def test_an_update_without_a_change_is_quiet(open_: OpenHouse) -> None:
    """The same name again: no event, nothing pending, nothing sent."""
    async with two_locks(open_) as (house, front, back):
        made = await create_multiple(house, front, back, name="Ann")
        for code in made:
            await until_set(house, code["access_code_id"])
        async with nothing_changes(house, front), nothing_changes(house, back):
            await house.call(UPDATE_MULTIPLE, common_code_key=made[0]["common_code_key"], name="Ann")
            await house.call(UPDATE_MULTIPLE, common_code_key=made[0]["common_code_key"])
