"""Behaviours 8.7: one wish for codes on several devices, and one change of them all."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from ostiary.domain import pins
from ostiary.domain.errors import ApiError
from ostiary.domain.instants import parse_instant
from ostiary.domain.secrets import Secret

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    OWN_PINS,
    TWO_LOCKS,
    Wire,
    at_both_brands,
    at_home,
    at_site,
    codes,
    create_multiple,
    engine_passes,
    ids,
    named,
    nothing_changes,
    online,
    set_code,
    told,
    two_locks,
    until_gone,
    until_set,
    window,
)

CREATE, CREATE_MULTIPLE = "/access_codes/create", "/access_codes/create_multiple"
UPDATE_MULTIPLE, REPORT = "/access_codes/update_multiple", "/access_codes/report_device_constraints"
KEY = re.compile(r"auto_set_by_create_multiple_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NOBODY = "11111111-2222-4333-8444-555555555555"


@asynccontextmanager
async def refused_whole(
    house: TestHouse, locks: tuple[Wire, ...], error_type: str, status: int = 400, **wish: Any
) -> AsyncIterator[Wire]:
    """Refused, and nothing stored, told or sent for any of the devices."""
    async with AsyncExitStack() as unchanged:
        for lock in locks:
            await unchanged.enter_async_context(nothing_changes(house, lock))
        wish.setdefault("device_ids", ids(*locks))
        yield await house.refused(CREATE_MULTIPLE, status, error_type, **wish)


# --- create ------------------------------------------------------------------------------------------


async def test_72_codes_made_together_share_pin_and_key(open_: OpenHouse) -> None:
    """Without `code`: one PIN, one key of ours, in the order of the devices, each code told of once."""
    async with two_locks(open_) as (house, front, back):
        made = await create_multiple(house, back, front, name="Ann", **await window(house, -HOUR))
        assert len({code["code"] for code in made}) == 1
        assert len({code["common_code_key"] for code in made}) == 1
        assert KEY.fullmatch(made[0]["common_code_key"])
        for lock, code in zip((back, front), made, strict=True):
            done = await until_set(house, code["access_code_id"])
            assert (done["name"], done["type"]) == ("Ann", "time_bound")
            assert await house.type_code(lock, code["code"])
            assert await told(house, code) == ["created", "mutations_requested", "set_on_device"]
        assert (await house.call("/action_attempts/list", device_id=front["device_id"]))[
            "action_attempts"
        ] == []
        again = await create_multiple(house, front, back)
        assert again[0]["common_code_key"] != made[0]["common_code_key"]
        assert again[0]["code"] != made[0]["code"]


@pytest.mark.parametrize(("preferred", "length"), [(None, 4), (5, 5), (12, 4)])
async def test_72_where_the_doors_take_several_lengths(
    open_: OpenHouse, preferred: int | None, length: int
) -> None:
    """The preferred length if all have it, else the shortest that all have; doors of the other brand."""
    async with at_site(open_, OWN_PINS) as (house, back):
        front = await named(house, "FRONT DOOR")
        wish = {} if preferred is None else {"preferred_code_length": preferred}
        made = await create_multiple(house, front, back, **wish)
        [pin] = {code["code"] for code in made}
        assert len(pin) == length
        for code in made:
            assert KEY.fullmatch(code["common_code_key"])
            await until_set(house, code["access_code_id"])
        for door in ("FRONT DOOR", "BACK DOOR"):
            assert await house.steering.opens(door, pin)


async def test_73_a_given_pin_makes_no_key(open_: OpenHouse) -> None:
    """`code` is shared, and `common_code_key` is null on all, now and later."""
    async with two_locks(open_) as (house, front, back):
        for code in await create_multiple(house, front, back, code="498882", preferred_code_length=4):
            done = await until_set(house, code["access_code_id"])
            assert (done["code"], done["common_code_key"]) == ("498882", None)


async def test_74_the_shared_pin_suits_every_device(open_: OpenHouse) -> None:
    """A door with 4 to 6 digits and a lock with 6, no zero and not 12 in front: what both take."""
    async with at_both_brands(open_, OWN_PINS) as (house, nuki, salto):
        for preferred in (None, 4, 5):
            wish = {} if preferred is None else {"preferred_code_length": preferred}
            made = await create_multiple(house, salto, nuki, **wish)
            [pin] = {code["code"] for code in made}
            assert re.fullmatch("(?!12)[1-9]{6}", pin)
            assert len({code["common_code_key"] for code in made}) == 1
        for code in made:
            await until_set(house, code["access_code_id"])
        assert await house.steering.opens("BACK DOOR", pin)
        house.provider = "nuki"
        assert await house.type_code(nuki, pin)


async def test_75_who_cannot_share_stops_all(open_: OpenHouse) -> None:
    """A door whose vendor chooses: refused with the rule and the device, and no code exists anywhere."""
    async with at_both_brands(open_) as (house, nuki, salto):
        wishes: list[Wire] = [{}, {"behavior_when_code_cannot_be_shared": "throw"}, {"code": "498882"}]
        for wish in wishes:
            async with refused_whole(house, (nuki, salto), "invalid_access_code", **wish) as error:
                assert error["data"] == {
                    "device_id": salto["device_id"],
                    "constraint_type": "cannot_specify_pin_code",
                }
                assert salto["display_name"] in error["message"]


async def test_76_or_gets_a_pin_of_its_own(open_: OpenHouse) -> None:
    """`create_random_code`: the lock has a PIN, the door gets its vendor's; only who shares has the key."""
    async with at_both_brands(open_) as (house, nuki, salto):
        wish = {"behavior_when_code_cannot_be_shared": "create_random_code"}
        theirs, ours = await create_multiple(house, salto, nuki, **wish)
        assert (theirs["code"], theirs["common_code_key"]) == (None, None)
        assert theirs["is_waiting_for_code_assignment"] is True
        assert KEY.fullmatch(ours["common_code_key"])
        done = await until_set(house, theirs["access_code_id"])
        assert done["code"] not in (None, ours["code"])
        assert await house.steering.opens("BACK DOOR", done["code"])
        theirs, ours = await create_multiple(house, salto, nuki, code="498882", **wish)
        assert (theirs["code"], ours["code"]) == (None, "498882")
        await until_set(house, ours["access_code_id"])


async def test_76_a_given_pin_that_breaks_a_rule_is_replaced_there(open_: OpenHouse) -> None:
    """Four digits suit the door and not the lock, which gets six of its own."""
    async with at_both_brands(open_, OWN_PINS) as (house, nuki, salto):
        async with refused_whole(house, (salto, nuki), "invalid_access_code", code="4711") as error:
            assert error["data"]["device_id"] == nuki["device_id"]
        door, lock = await create_multiple(
            house, salto, nuki, code="4711", behavior_when_code_cannot_be_shared="create_random_code"
        )
        assert door["code"] == "4711"
        assert re.fullmatch("(?!12)[1-9]{6}", lock["code"])
        assert door["common_code_key"] is lock["common_code_key"] is None


async def test_what_one_device_cannot_have_no_device_gets(open_: OpenHouse) -> None:
    """Unknown, named twice, without keypad, the PIN taken, times that cannot be: all or nothing."""
    async with at_home(open_) as (house, lock):
        other = next(each for each in await house.devices() if each["device_id"] != lock["device_id"])
        where = lock["device_id"]
        async with refused_whole(
            house, (lock,), "device_not_found", 404, device_ids=[where, NOBODY]
        ) as error:
            assert error["data"] == {"device_id": NOBODY}
        async with refused_whole(house, (lock,), "invalid_input", device_ids=[where, where]) as error:
            assert error["validation_errors"]["device_ids"]["_errors"] == [
                "Each device can be named only once"
            ]
        async with refused_whole(house, (lock,), "invalid_input", device_ids=[]) as error:
            assert error["validation_errors"]["device_ids"]["_errors"]
        wishes: list[Wire] = [{}, {"behavior_when_code_cannot_be_shared": "create_random_code"}]
        for wish in wishes:
            async with refused_whole(house, (lock, other), "unsupported_device", **wish) as error:
                assert error["data"] == {"device_id": other["device_id"]}
        for name, text in (await window(house, DAY)).items():
            async with refused_whole(house, (lock,), "invalid_input", **{name: text}):
                pass


async def test_a_pin_that_is_taken_on_one_device_is_a_duplicate(open_: OpenHouse) -> None:
    """409 with the code that has it, whatever is to be done where a PIN cannot be shared."""
    async with two_locks(open_) as (house, front, back):
        there = await set_code(house, back, code="498882")
        for behavior in ("throw", "create_random_code"):
            wish = {"code": "498882", "behavior_when_code_cannot_be_shared": behavior}
            async with refused_whole(house, (front, back), "duplicate_access_code", 409, **wish) as error:
                assert error["data"] == {
                    "device_id": back["device_id"],
                    "access_code_id": there["access_code_id"],
                }
                assert "498882" not in error["message"]


@pytest.fixture
def two_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are two PINs in the world to choose from."""

    def candidates(*_: object) -> Iterator[Secret]:
        yield from (Secret("498882"), Secret("776655"))
        raise ApiError("no_free_access_code", "No free code could be found; give one")

    monkeypatch.setattr(pins, "candidate_pins", candidates)


@pytest.mark.usefixtures("two_pins")
async def test_a_shared_pin_is_free_on_every_device(open_: OpenHouse) -> None:
    """Neither of ours nor of somebody else's; where none is left, refused, or each has its own."""
    async with two_locks(open_) as (house, front, back):
        await set_code(house, back, code="498882")
        made = await create_multiple(house, front, back)
        assert {code["code"] for code in made} == {"776655"}
        for code in made:
            await until_set(house, code["access_code_id"])
        async with refused_whole(house, (front, back), "no_free_access_code"):
            pass
        number = await house.smartlock_id(back)
        for pin in ("498882", "776655"):
            code = next(each for each in await codes(house, back) if each["code"] == pin)
            await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
            await until_gone(house, code["access_code_id"])
        await house.simulator("owner/codes", smartlock_id=number, do="add", name="Mum", code=498882)
        await engine_passes(house, (DAY + HOUR).total_seconds())  # the vendor reads the lock
        await engine_passes(house, HOUR.total_seconds())
        async with refused_whole(house, (front, back), "no_free_access_code"):
            pass
        wish = {"behavior_when_code_cannot_be_shared": "create_random_code"}
        made = await create_multiple(house, front, back, **wish)
        assert [(code["code"], code["common_code_key"]) for code in made] == [
            ("498882", None),
            ("776655", None),
        ]


async def test_the_other_fields_are_those_of_create(open_: OpenHouse) -> None:
    """Honoured for each code, or refused with a reason; what belongs to other operations is not known."""
    async with two_locks(open_) as (house, front, back):
        times = await window(house, 10 * DAY)
        made = await create_multiple(
            house,
            *(front, back),
            allow_external_modification=True,
            prefer_native_scheduling=False,
            attempt_for_offline_device=True,
            use_backup_access_code_pool=False,
            **times,
        )
        for code in made:
            assert code["is_external_modification_allowed"] is True
            [pending] = code["pending_mutations"]
            scheduled_at = parse_instant(pending["scheduled_at"])
            assert scheduled_at == parse_instant(times["starts_at"]) - 60 * MINUTE
        both = {"allow_external_modification": True, "is_external_modification_allowed": False}
        async with refused_whole(house, (front, back), "invalid_input", **both):
            pass
        for field in ("sync", "common_code_key", "is_offline_access_code", "is_one_time_use", "device_id"):
            async with refused_whole(house, (front, back), "invalid_input", **{field: True}) as error:
                assert f"'{field}'" in error["message"]
        pool = {"use_backup_access_code_pool": True}
        async with refused_whole(house, (front, back), "invalid_input", **pool):
            pass
        await online(house, back, False)
        wish = {"attempt_for_offline_device": False}
        async with refused_whole(house, (front, back), "device_disconnected", **wish) as error:
            assert error["data"] == {"device_id": back["device_id"]}


async def test_59_codes_made_together_count_for_each_device(open_: OpenHouse) -> None:
    """Ten creates per device and minute, in whatever company; what is refused counts for nobody."""
    async with open_(OSTIARY_RATE_LIMITS="on") as house:
        await house.simulator("homes", home=TWO_LOCKS, devices=[{"name": "Front"}, {"name": "Back"}])
        await house.connect(TWO_LOCKS)
        front, back = await house.devices()
        wish = await window(house, 10 * DAY)
        for _ in range(9):
            await house.create_code(back["device_id"], **wish)
        await create_multiple(house, front, back, **wish)
        for _ in range(10):
            answer = await house.request(
                "PUT", CREATE_MULTIPLE, json={"device_ids": ids(front, back), **wish}
            )
            assert answer.status_code == 429, answer.text
            assert answer.json()["error"]["data"] == {"device_id": back["device_id"]}
        for _ in range(9):
            await house.create_code(front["device_id"], **wish)
        await house.refused(CREATE, 429, "rate_limited", device_id=front["device_id"], **wish)
        assert len(await codes(house, front)) == len(await codes(house, back)) == 10


# --- a key of one's own ------------------------------------------------------------------------------


async def test_56_a_key_shares_also_where_the_vendor_would_choose(open_: OpenHouse) -> None:
    """With a `common_code_key` the PIN is made here, so that the next code can have it, of any brand."""
    async with at_both_brands(open_, OWN_PINS) as (house, nuki, salto):
        front = await named(house, "FRONT DOOR")
        first = await house.create_code(
            salto["device_id"], common_code_key="stay 17", preferred_code_length=5
        )
        assert re.fullmatch("[0-9]{5}", first["code"])
        second = await house.create_code(front["device_id"], common_code_key="stay 17")
        assert second["code"] == first["code"]
        for code in (first, second):
            assert (await until_set(house, code["access_code_id"]))["common_code_key"] == "stay 17"
        error = await house.refused(
            CREATE, 400, "invalid_access_code", device_id=nuki["device_id"], common_code_key="stay 17"
        )
        assert error["data"]["constraint_type"] == "supported_code_lengths"
        lock = await house.create_code(nuki["device_id"], common_code_key="stay 18")
        door = await house.create_code(salto["device_id"], common_code_key="stay 18")
        assert door["code"] == lock["code"]


# --- pains ---------------------------------------------------------------------------------------------


async def test_pain_21_one_dead_lock_leaves_the_others_set(open_: OpenHouse) -> None:
    """A lock that does not answer waits alone; when it comes back it gets the same PIN."""
    async with two_locks(open_) as (house, front, back):
        await online(house, front, False)
        waiting, fine = await create_multiple(house, front, back)
        done = await until_set(house, fine["access_code_id"])
        assert done["errors"] == []
        assert await house.type_code(back, fine["code"])
        for _ in range(5):
            await engine_passes(house, HOUR.total_seconds())
            assert (await house.code(waiting["access_code_id"]))["status"] == "setting"
            assert (await house.code(fine["access_code_id"]))["status"] == "set"
        await house.call(UPDATE_MULTIPLE, common_code_key=fine["common_code_key"], name="Bea")
        assert (await until_set(house, fine["access_code_id"]))["appearance"]["name"].startswith("Bea")
        await online(house, front, True)
        late = await until_set(house, waiting["access_code_id"])
        assert (late["name"], late["code"]) == ("Bea", fine["code"])
        assert await house.type_code(front, fine["code"])


# --- reports -------------------------------------------------------------------------------------------


async def test_reports_of_constraints_are_read_and_refused(open_: OpenHouse) -> None:
    """Only some vendors leave them to the user; here each vendor says itself, and the reason is told."""
    async with at_both_brands(open_) as (house, nuki, salto):
        lengths: tuple[Wire, ...] = (
            {"supported_code_lengths": [4, 20]},
            {"min_code_length": 4, "max_code_length": 20},
            {"min_code_length": 6, "max_code_length": 6},
        )
        for lock in (nuki, salto):
            for wish in lengths:
                error = await house.refused(
                    REPORT, 400, "unsupported_device", device_id=lock["device_id"], **wish
                )
                assert error["data"] == {"device_id": lock["device_id"]}
                assert lock["display_name"] in error["message"]
            found = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
            assert found["properties"]["supported_code_lengths"] == [6]
        bad: tuple[Wire, ...] = (
            {},
            {"supported_code_lengths": []},
            {"supported_code_lengths": [3]},
            {"supported_code_lengths": [6, 21]},
            {"supported_code_lengths": ["6"]},
            {"min_code_length": 4},
            {"max_code_length": 8},
            {"min_code_length": 3, "max_code_length": 8},
            {"min_code_length": 8, "max_code_length": 4},
            {"supported_code_lengths": [4], "min_code_length": 4, "max_code_length": 4},
        )
        for wish in bad:
            await house.refused(REPORT, 400, "invalid_input", device_id=nuki["device_id"], **wish)
        await house.refused(REPORT, 404, "device_not_found", device_id=NOBODY, **lengths[0])
