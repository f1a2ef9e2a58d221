"""Behaviours 8.2: the guide of the Nuki lock, step by step."""

from ostiary import store
from ostiary.domain.pins import broken_constraint, candidate_pins
from ostiary.domain.provider import Capabilities
from ostiary.domain.secrets import Secret
from ostiary.store.tx import Tx

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    Wire,
    at_home,
    code_soon,
    codes,
    fault,
    named,
    nothing_changes,
    online,
    problem,
    set_code,
    soon,
    until_set,
    vendor_writes,
)


async def _capabilities(house: TestHouse, lock: Wire) -> Capabilities:
    async def read(tx: Tx) -> Capabilities:
        return (await store.devices.get(tx, lock["workspace_id"], lock["device_id"])).can

    return await house.house.database.read(read)


async def test_11_the_device_publishes_its_rules_for_pins(open_: OpenHouse) -> None:
    """Six digits, no zeros, not starting with 12, and names of up to 20."""
    async with at_home(open_) as (_, lock):
        properties = lock["properties"]
        assert properties["supported_code_lengths"] == [6]
        assert properties["code_constraints"] == [
            {"constraint_type": "no_zeros"},
            {"constraint_type": "cannot_start_with_12"},
            {"constraint_type": "name_length", "max_length": 20},
        ]


async def test_12_the_device_is_a_lock_that_takes_codes(open_: OpenHouse) -> None:
    """The old list of capabilities names `access_code` and `lock`, and the flags agree."""
    async with at_home(open_) as (_, lock):
        assert set(lock["capabilities_supported"]) == {"access_code", "lock"}
        assert lock["can_program_online_access_codes"] is True
        assert lock["can_unlock_with_code"] is True


async def test_13_create_answers_with_an_ongoing_code_that_is_being_set(open_: OpenHouse) -> None:
    """An ongoing code is `setting`, managed, has its PIN and no times."""
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], code="492332", name="Personal Access Code")
        assert code["type"] == "ongoing"
        assert code["code"] == "492332"
        assert code["name"] == "Personal Access Code"
        assert code["status"] == "setting"
        assert code["is_managed"] is True
        assert code.get("starts_at") is None
        assert code.get("ends_at") is None
        assert [mutation["mutation_code"] for mutation in code["pending_mutations"]] == ["creating"]


async def test_14_create_answers_with_a_pending_attempt_too(open_: OpenHouse) -> None:
    """Beside the code stands a `CREATE_ACCESS_CODE` attempt, which ends with the code in its result."""
    async with at_home(open_) as (house, lock):
        made = await house.call("/access_codes/create", device_id=lock["device_id"], code="492332")
        attempt = made["action_attempt"]
        attempt_id = attempt.pop("action_attempt_id")
        assert attempt == {
            "action_type": "CREATE_ACCESS_CODE",
            "status": "pending",
            "result": None,
            "error": None,
        }
        code = await until_set(house, made["access_code"]["access_code_id"])
        done = await house.attempt(attempt_id)
        assert (done["status"], done["error"]) == ("success", None)
        assert done["result"] == {"access_code": code}


async def test_15_the_code_is_set_when_the_lock_shows_it(open_: OpenHouse) -> None:
    """Accepted is not set: only a look at the lock makes it so, and then nothing is pending."""
    async with at_home(open_) as (house, lock):
        await fault(house, "late", seconds=20)  # the lock has it, the vendor's cloud does not show it yet
        code = await house.create_code(lock["device_id"], code="492332")
        await soon(house, house.code_writes, lambda writes: len(writes) == 1)
        assert (await house.code(code["access_code_id"]))["status"] == "setting"
        await house.advance(20)
        found = await until_set(house, code["access_code_id"])
        assert found["pending_mutations"] == found["errors"] == found["warnings"] == []
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [492332]


async def test_16_a_code_of_a_far_year_is_unset_and_not_scheduled(open_: OpenHouse) -> None:
    """The guide's time-bound code waits: `unset`, not on the device."""
    async with at_home(open_) as (house, lock):
        year = (await house.now()).year + 2
        code = await house.create_code(
            lock["device_id"],
            code="498882",
            name="My Temp Access Code",
            starts_at=f"{year}-08-12T19:23:42+0000",
            ends_at=f"{year}-08-13T19:23:42+0000",
        )
        assert code["type"] == "time_bound"
        assert code["status"] == "unset"
        assert code["is_scheduled_on_device"] is False
        assert await house.code_writes() == []


async def test_17_both_codes_are_listed_by_their_device(open_: OpenHouse) -> None:
    """The ongoing and the time-bound code of the guide stand in the device's list, the older first."""
    async with at_home(open_) as (house, lock):
        year = (await house.now()).year + 2
        first = await house.create_code(lock["device_id"], code="492332", name="Personal Access Code")
        second = await house.create_code(
            lock["device_id"],
            code="498882",
            starts_at=f"{year}-08-12T19:23:42+0000",
            ends_at=f"{year}-08-13T19:23:42+0000",
        )
        found = [code["access_code_id"] for code in await codes(house, lock)]
        assert found == [first["access_code_id"], second["access_code_id"]]


async def _refuses(house: TestHouse, lock: Wire, pin: str, constraint: str) -> None:
    async with nothing_changes(house, lock):
        error = await house.refused(
            "/access_codes/create", 400, "invalid_access_code", device_id=lock["device_id"], code=pin
        )
    assert error["data"] == {"device_id": lock["device_id"], "constraint_type": constraint}
    assert pin not in error["message"]


async def test_18_a_pin_that_starts_with_12_is_refused(open_: OpenHouse) -> None:
    """`123456`, which the guide's own JavaScript sends, is refused; nothing is stored or sent."""
    async with at_home(open_) as (house, lock):
        await _refuses(house, lock, "123456", "cannot_start_with_12")


async def test_19_a_pin_with_a_zero_is_refused(open_: OpenHouse) -> None:
    """A keypad without the digit 0 gets no PIN that has one."""
    async with at_home(open_) as (house, lock):
        await _refuses(house, lock, "408882", "no_zeros")


async def test_20_a_pin_of_another_length_is_refused(open_: OpenHouse) -> None:
    """Five and seven digits are refused, six of the same are taken."""
    async with at_home(open_) as (house, lock):
        for pin in ("88888", "8888888"):
            await _refuses(house, lock, pin, "supported_code_lengths")
        assert (await house.create_code(lock["device_id"], code="888888"))["code"] == "888888"


async def test_21_a_pin_is_made_when_none_is_given(open_: OpenHouse) -> None:
    """The answer to create holds a PIN that obeys the device, and the lock gets that one."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, name="Ann")
        pin = code["code"]
        assert len(pin) == 6
        assert set(pin) <= set("123456789")
        assert not pin.startswith("12")
        assert await house.type_code(lock, pin)


async def test_22_generated_pins_never_repeat_and_never_break_a_rule(open_: OpenHouse) -> None:
    """A thousand PINs for one device: all different, all legal; and so through the API."""
    async with at_home(open_) as (house, lock):
        can = await _capabilities(house, lock)
        taken: set[Secret] = set()
        for _ in range(1000):
            pin = next(pin for pin in candidate_pins(can) if pin not in taken)
            assert broken_constraint(pin.reveal(), can) is None
            taken.add(pin)
        made = [(await house.create_code(lock["device_id"]))["code"] for _ in range(20)]
        for _ in range(20):
            offer = (await house.call("/access_codes/generate_code", device_id=lock["device_id"]))[
                "generated_code"
            ]
            assert offer["device_id"] == lock["device_id"]
            assert offer["code"] not in made
        assert len(set(made)) == 20
        assert all(broken_constraint(pin, can) is None for pin in made)


async def test_23_a_long_name_is_kept_here_and_shortened_there(open_: OpenHouse) -> None:
    """The API shows the whole name; the vendor gets at most 20 characters, and `appearance` shows those."""
    async with at_home(open_) as (house, lock):
        name = "Maximiliane von Hohenstein-Alt"
        assert len(name) == 30
        made = await house.create_code(lock["device_id"], name=name)
        assert made["name"] == name
        assert made["appearance"] is None
        code = await until_set(house, made["access_code_id"])
        [on_lock] = await house.codes_on_lock(lock)
        assert code["name"] == name
        assert len(on_lock["name"]) <= 20
        assert on_lock["name"].startswith("Maximiliane")
        assert code["appearance"] == {"name": on_lock["name"]}


async def test_24_a_lock_without_a_keypad_takes_no_codes(open_: OpenHouse) -> None:
    """Where `can_program_online_access_codes` is not true, create is refused and says why."""
    async with at_home(open_) as (house, _):
        garden = await named(house, "Garden door")
        assert garden["can_program_online_access_codes"] is False
        async with nothing_changes(house, garden):
            error = await house.refused(
                "/access_codes/create", 400, "unsupported_device", device_id=garden["device_id"]
            )
        assert "keypad" in error["message"]
        assert error["data"] == {"device_id": garden["device_id"]}


async def test_25_an_offline_lock_gets_its_code_when_it_returns(open_: OpenHouse) -> None:
    """Offline: the wish is accepted and `setting`, nothing is sent. Back: `set`, without another call."""
    async with at_home(open_) as (house, lock):
        await online(house, lock, False)
        assert (await named(house, "Front door"))["can_program_online_access_codes"] is True
        made = await house.create_code(lock["device_id"], code="498882")
        assert made["status"] == "setting"
        await house.advance(60)
        waiting = await code_soon(
            house, made["access_code_id"], lambda code: problem(code, "device_disconnected") is not None
        )
        assert waiting["status"] == "setting"
        assert await vendor_writes(house) == []
        await online(house, lock, True)
        code = await until_set(house, made["access_code_id"])
        assert code["errors"] == []
        assert await house.type_code(lock, "498882")


async def test_26_a_lapsed_subscription_shows_on_device_and_codes(open_: OpenHouse) -> None:
    """`subscription_required` stands on the device and its codes while Smart Hosting is expired."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        smartlock_id = await house.smartlock_id(lock)

        async def device() -> Wire:
            found: Wire = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
            return found

        await house.simulator("device", smartlock_id=smartlock_id, subscription=False)
        lapsed = await soon(house, device, lambda seen: problem(seen, "subscription_required") is not None)
        copied = problem(await house.code(code["access_code_id"]), "subscription_required")
        assert copied == problem(lapsed, "subscription_required")
        assert copied is not None
        assert copied["is_device_error"] is True
        await house.simulator("device", smartlock_id=smartlock_id, subscription=True)
        renewed = await soon(house, device, lambda seen: problem(seen, "subscription_required") is None)
        assert renewed["errors"] == []
        assert (await until_set(house, code["access_code_id"]))["errors"] == []
        told = await house.event_types(device_id=lock["device_id"])
        assert told.count("device.error.subscription_required") == 1
        assert told.count("device.error.subscription_required.resolved") == 1
