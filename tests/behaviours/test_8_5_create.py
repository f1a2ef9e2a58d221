"""Behaviours 8.5: what create makes of parameters that bear on each other."""

from typing import Any

from ostiary.domain.instants import to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    ahead,
    at_home,
    codes,
    nothing_changes,
    set_code,
    two_locks,
    until_set,
    window,
)

CREATE = "/access_codes/create"


async def _refused_whole(
    house: TestHouse, lock: Wire, error_type: str, status: int = 400, **wish: Any
) -> Wire:
    """Refused, and nothing stored, told or sent."""
    async with nothing_changes(house, lock):
        error: Wire = await house.refused(CREATE, status, error_type, device_id=lock["device_id"], **wish)
    return error


async def test_49_one_end_of_a_time_frame_is_refused(open_: OpenHouse) -> None:
    """`starts_at` needs `ends_at`, and the other way round."""
    async with at_home(open_) as (house, lock):
        for name, text in (await window(house, DAY)).items():
            error = await _refused_whole(house, lock, "invalid_input", **{name: text})
            assert error["message"] == "Both starts_at and ends_at must be provided if one is"


async def test_50_a_time_frame_ends_after_it_begins_and_after_now(open_: OpenHouse) -> None:
    """No end at or before the start, no end in the past; a start in the past is welcome."""
    async with at_home(open_) as (house, lock):
        long_ago, past, soon, later = map(to_wire, await ahead(house, -DAY, -HOUR, HOUR, DAY))
        for starts_at, ends_at in ((later, soon), (soon, soon), (long_ago, past)):
            error = await _refused_whole(house, lock, "invalid_input", starts_at=starts_at, ends_at=ends_at)
            assert error["validation_errors"]["ends_at"]["_errors"], error
        code = await set_code(house, lock, starts_at=past, ends_at=later)
        assert code["starts_at"] == past
        assert await house.type_code(lock, code["code"])


async def test_51_a_pin_belongs_to_one_code_of_a_device(open_: OpenHouse) -> None:
    """409 `duplicate_access_code`, also when the windows never meet."""
    async with at_home(open_) as (house, lock):
        first = await house.create_code(lock["device_id"], code="498882", **await window(house, 10 * DAY))
        for wish in ({}, await window(house, 20 * DAY)):
            error = await _refused_whole(
                house, lock, "duplicate_access_code", status=409, code="498882", name="Bob", **wish
            )
            assert error["data"]["access_code_id"] == first["access_code_id"]
            assert "498882" not in error["message"]


async def test_52_a_pin_may_open_two_devices(open_: OpenHouse) -> None:
    """The same PIN on two locks is two codes, both set."""
    async with two_locks(open_) as (house, front, back):
        for lock in (front, back):
            await set_code(house, lock, code="498882")
            assert await house.type_code(lock, "498882")


async def test_53_a_given_pin_beats_a_preferred_length(open_: OpenHouse) -> None:
    """`preferred_code_length` is about PINs that are made here."""
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], code="498882", preferred_code_length=4)
        assert code["code"] == "498882"


async def test_54_an_unsupported_length_falls_back_to_the_shortest(open_: OpenHouse) -> None:
    """
    A preferred length that the lock has is taken, any other gives its shortest.

    A lock with several lengths ("J", 4 to 8) is no brand yet, so that six of several is not shown.
    """
    async with at_home(open_) as (house, lock):
        for length in (6, 12, 4):
            code = await house.create_code(lock["device_id"], preferred_code_length=length)
            assert len(code["code"]) == 6


async def test_55_either_name_allows_external_modification(open_: OpenHouse) -> None:
    """Two names on the way in, one on the way out; neither means no, and a contradiction is refused."""
    async with at_home(open_) as (house, lock):
        shown = "is_external_modification_allowed"
        for wish, is_allowed in (
            ({"allow_external_modification": True}, True),
            ({"is_external_modification_allowed": True}, True),
            ({"allow_external_modification": False}, False),
            ({}, False),
        ):
            code = await house.create_code(lock["device_id"], **wish)
            assert code[shown] is is_allowed
            assert "allow_external_modification" not in code
        both = {"allow_external_modification": True, "is_external_modification_allowed": False}
        await house.refused(CREATE, 400, "invalid_input", device_id=lock["device_id"], **both)


async def test_56_a_common_key_shares_one_pin(open_: OpenHouse) -> None:
    """Two creates with one `common_code_key` on two devices: the same PIN, and that key on both."""
    async with two_locks(open_) as (house, front, back):
        first = await house.create_code(front["device_id"], common_code_key="stay 17")
        second = await house.create_code(back["device_id"], common_code_key="stay 17")
        assert first["code"] == second["code"]
        assert first["common_code_key"] == second["common_code_key"] == "stay 17"
        for lock, code in ((front, first), (back, second)):
            await until_set(house, code["access_code_id"])
            assert await house.type_code(lock, code["code"])
        other = "498882" if first["code"] != "498882" else "498883"
        await house.refused(
            CREATE,
            400,
            "invalid_input",
            device_id=back["device_id"],
            common_code_key="stay 17",
            code=other,
        )


async def test_57_no_offline_codes_on_a_lock_that_is_online(open_: OpenHouse) -> None:
    """`is_offline_access_code`, by either name, is refused."""
    async with at_home(open_) as (house, lock):
        for name in ("is_offline_access_code", "use_offline_access_code"):
            error = await _refused_whole(
                house, lock, "unsupported_device", **{name: True}, **await window(house, DAY)
            )
            assert error["data"] == {"device_id": lock["device_id"]}


async def test_58_a_pin_is_4_to_12_digits(open_: OpenHouse) -> None:
    """Letters, blanks and other lengths are mistakes in the request, before any rule of the lock."""
    async with at_home(open_) as (house, lock):
        for pin in ("abcdef", "49888a", "49 882", "498882\n", "٤٩٨٨٨٢", "498", "4988824988824", "", "-49888"):
            error = await _refused_whole(house, lock, "invalid_input", code=pin)
            assert error["validation_errors"]["code"]["_errors"]
            assert pin not in error["message"] or not pin


async def test_59_the_eleventh_create_of_a_minute_waits(open_: OpenHouse) -> None:
    """Ten creates per device and minute; the next is 429 and says when to come back."""
    async with at_home(open_, OSTIARY_RATE_LIMITS="on") as (house, lock):
        wish = await window(house, 10 * DAY)
        for _ in range(10):
            await house.create_code(lock["device_id"], **wish)
        body = {"device_id": lock["device_id"], **wish}
        answer = await house.request("POST", CREATE, json=body)
        assert answer.status_code == 429, answer.text
        assert answer.json()["error"]["type"] == "rate_limited"
        assert 0 < int(answer.headers["retry-after"]) <= MINUTE.total_seconds()
        assert len(await codes(house, lock)) == 10
        await house.refused(CREATE, 400, "invalid_access_code", device_id=lock["device_id"], code="123456")
