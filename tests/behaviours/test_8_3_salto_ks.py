"""Behaviours 8.3: the guide of the Salto KS lock, step by step, and what its door says."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ostiary.domain.instants import parse_instant, to_wire
from ostiary.domain.secrets import Secret
from ostiary.engine import activate

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    at_site,
    code_soon,
    codes,
    engine_passes,
    kinds_of_writes,
    move_to,
    named,
    nothing_changes,
    preloaded_code,
    problem,
    set_code,
    soon,
    told,
    until_gone,
    until_set,
    window,
)

SECOND = timedelta(seconds=1)
FAR = {
    "name": "My Temp Access Code",
    "starts_at": "2028-08-12T19:23:42+0000",
    "ends_at": "2028-08-13T19:23:42+0000",
}
ON_DEVICE = {"set_on_device", "scheduled_on_device"}
LOCK = {"name": "BACK DOOR", "lock_type": "wall_reader_pin"}


async def _site(house: TestHouse, name: str = "Main Site") -> Wire:
    """What the vendor's record has of a site."""
    sites = (await house.simulated("cloud"))["sites"]
    return next(site for site in sites if site["site"]["customer_reference"] == name)


async def _ours(house: TestHouse, site: str = "Main Site") -> tuple[list[Wire], list[Wire]]:
    """Users and groups of the site that bear a mark of ours."""
    found = await _site(house, site)
    users = [user for user in found["users"] if "#" in (user["alias"] or "")]
    return users, [group for group in found["groups"] if "#" in group["customer_reference"]]


async def test_27_a_future_code_waits_for_its_pin(open_: OpenHouse) -> None:
    """No PIN yet, and it says so: `code` null, `is_waiting_for_code_assignment`, `unset`."""
    async with at_site(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], **FAR)
        assert code["code"] is None
        assert code["is_waiting_for_code_assignment"] is True
        assert (code["status"], code["type"]) == ("unset", "time_bound")
        assert await house.code(code["access_code_id"]) == code


async def test_28_times_are_whole_minutes(open_: OpenHouse) -> None:
    """Both ends are rounded to the minute, on create and on update."""
    async with at_site(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], **FAR)
        assert code["starts_at"] == "2028-08-12T19:24:00.000Z"
        assert code["ends_at"] == "2028-08-13T19:24:00.000Z"
        await house.call(
            "/access_codes/update",
            access_code_id=code["access_code_id"],
            ends_at="2028-08-14T10:00:29.999Z",
        )
        assert (await house.code(code["access_code_id"]))["ends_at"] == "2028-08-14T10:00:00.000Z"


async def test_29_an_ongoing_code_gets_its_pin_from_the_vendor(open_: OpenHouse) -> None:
    """The vendor's digits become the code's, it is `set`, nothing waits any more, and the door opens."""
    async with at_site(open_) as (house, lock):
        made = await house.create_code(lock["device_id"], name="My Access Code")
        assert (made["code"], made["status"]) == (None, "setting")
        code = await until_set(house, made["access_code_id"])
        assert code["code"].isdigit()
        assert not code.get("is_waiting_for_code_assignment")
        assert await house.steering.opens("BACK DOOR", code["code"])
        assert not await house.steering.opens("FRONT_DOOR", code["code"])
        assert (await house.events(access_code_id=code["access_code_id"]))[-1]["code"] == code["code"]
        by_pin = await house.call("/access_codes/get", device_id=lock["device_id"], code=code["code"])
        assert by_pin["access_code"]["access_code_id"] == code["access_code_id"]


@pytest.mark.parametrize("digits", [4, 5, 7])
async def test_30_any_length_will_do(open_: OpenHouse, digits: int) -> None:
    """Whatever length the vendor chose, zeros in front included."""
    async with at_site(open_, {"name": "Main Site", "locks": [LOCK], "pin_digits": digits}) as (house, lock):
        code = await set_code(house, lock)
        assert len(code["code"]) == digits
        assert await house.steering.opens("BACK DOOR", code["code"])


async def test_31_a_pin_of_ones_own_is_refused(open_: OpenHouse) -> None:
    """The vendor chooses: a code with a PIN is refused with the constraint, and nothing is stored."""
    async with at_site(open_) as (house, lock), nothing_changes(house, lock):
        for path, more in (
            ("/access_codes/create", {"code": "123456"}),
            ("/access_codes/create", {"common_code_key": "guests"}),
            ("/access_codes/generate_code", {}),
        ):
            error = await house.refused(path, 400, "invalid_access_code", device_id=lock["device_id"], **more)
            assert error["data"]["constraint_type"] == "cannot_specify_pin_code"
    assert {"constraint_type": "cannot_specify_pin_code"} in lock["properties"]["code_constraints"]


async def test_32_with_the_plan_for_it_a_pin_of_ones_own_is_taken(open_: OpenHouse) -> None:
    """A site that may have its own PINs takes them, and still chooses where nobody says one."""
    site = {"name": "Main Site", "locks": [LOCK], "features": ["custom_pin"]}
    async with at_site(open_, site) as (house, lock):
        assert lock["properties"]["salto_ks_metadata"]["has_custom_pin_subscription"] is True
        own = await set_code(house, lock, code="4711", name="Own")
        assert own["code"] == "4711"
        assert await house.steering.opens("BACK DOOR", "4711")
        theirs = await set_code(house, lock, name="Theirs")
        assert len(theirs["code"]) == 6
        await house.call("/access_codes/update", access_code_id=own["access_code_id"], code="0815")
        await until_set(house, own["access_code_id"])
        assert await house.steering.opens("BACK DOOR", "0815")
        assert not await house.steering.opens("BACK DOOR", "4711")
        await house.refused(
            "/access_codes/create", 400, "invalid_access_code", device_id=lock["device_id"], code="1234567"
        )


async def test_33_a_lock_without_keypad_takes_no_codes(open_: OpenHouse) -> None:
    """No `access_code` among its capabilities, no flag, and a code for it is refused."""
    async with at_site(open_, name="EXTRA DOOR") as (house, lock), nothing_changes(house, lock):
        assert "access_code" not in lock["capabilities_supported"]
        assert not lock.get("can_program_online_access_codes")
        await house.refused("/access_codes/create", 400, "unsupported_device", device_id=lock["device_id"])


async def test_34_nothing_is_announced_without_a_pin(open_: OpenHouse) -> None:
    """While Salto prepares the user there is no PIN, and no event says that the code is on the device."""
    async with at_site(open_, OSTIARY_SANDBOX_PACE="1") as (house, lock):
        code = await house.create_code(lock["device_id"], name="Anna")

        async def look() -> Wire:
            found = await house.code(code["access_code_id"])
            events = set(await told(house, code))
            assert found["code"] is not None or not events & ON_DEVICE
            assert found["code"] is not None or found["status"] == "setting"
            await house.advance(2)
            return found

        found = await house.until(look, lambda found: found["code"] is not None, 60)
        assert found["status"] == "setting", "the door does not know it yet"
        assert not await house.steering.opens("BACK DOOR", found["code"])

        async def later() -> Wire:
            await house.advance(10)
            return await house.code(code["access_code_id"])

        await house.until(later, lambda found: found["status"] == "set", 60)
        assert await house.steering.opens("BACK DOOR", found["code"])
        assert [name for name in await told(house, code) if name in ON_DEVICE] == ["set_on_device"]


async def test_35_a_full_site_is_told_and_a_freed_seat_heals_it(open_: OpenHouse) -> None:
    """The code says that the seats are taken and is never `set`; when a seat is free it becomes so."""
    site = {"name": "Main Site", "locks": [LOCK], "seats": 4}  # owner, person, integration user, one code
    async with at_site(open_, site) as (house, lock):
        taken = await set_code(house, lock, name="First")
        code = await house.create_code(lock["device_id"], name="Second")
        error = "salto_ks_subscription_limit_exceeded"
        found = await code_soon(house, code["access_code_id"], lambda code: problem(code, error) is not None)
        assert (found["status"], found["code"]) == ("setting", None)
        assert "set_on_device" not in await told(house, code)

        async def account() -> Wire:
            answer = await house.call(
                "/connected_accounts/get", connected_account_id=lock["connected_account_id"]
            )
            found: Wire = answer["connected_account"]
            return found

        full = await soon(house, account, lambda account: bool(account["errors"]))
        [entry] = full["errors"]
        assert entry["error_code"] == error
        [site_of] = entry["salto_ks_metadata"]["sites"]
        assert (site_of["site_name"], site_of["site_user_subscription_limit"]) == ("Main Site", 4)
        assert site_of["subscribed_site_user_count"] == 4
        device = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
        [copied] = [e for e in device["errors"] if e["error_code"] == error]
        assert (copied["is_connected_account_error"], copied["is_device_error"]) == (True, False)
        users, groups = await _ours(house)
        assert len(users) == len(groups) == 1, "a full site gets no users that nobody can use"

        await house.call("/access_codes/delete", access_code_id=taken["access_code_id"])
        await until_gone(house, taken["access_code_id"])
        await engine_passes(house, 1800)
        healed = await until_set(house, code["access_code_id"])
        assert problem(healed, "failed_to_set_on_device") is None
        assert await house.steering.opens("BACK DOOR", healed["code"])


async def test_36_there_is_no_backup_pool(open_: OpenHouse) -> None:
    """A code from the pool is refused, and the lock does not say that it has one."""
    async with at_site(open_) as (house, lock), nothing_changes(house, lock):
        assert not lock["properties"].get("supports_backup_access_code_pool")
        await house.refused(
            "/access_codes/create",
            400,
            "unsupported_device",
            device_id=lock["device_id"],
            use_backup_access_code_pool=True,
            **await window(house, DAY),
        )


# --- beyond the guide ----------------------------------------------------------------------------------


async def test_the_devices_are_those_of_the_guide(open_: OpenHouse) -> None:
    """Two doors with keypads, one without, and what the wire has of them."""
    async with at_site(open_) as (house, lock):
        assert {"FRONT_DOOR", "BACK DOOR", "EXTRA DOOR"} <= {d["display_name"] for d in await house.devices()}
        assert lock["device_type"] == "salto_lock"
        assert set(lock["capabilities_supported"]) == {"access_code", "lock"}
        assert (lock["can_remotely_unlock"], lock["can_program_online_access_codes"]) == (True, True)
        properties = lock["properties"]
        assert (properties["locked"], properties["battery_level"]) == (True, 1)
        assert properties["supported_code_lengths"] == [6]
        assert properties["max_active_codes_supported"] == 100
        assert properties["has_direct_power"] is True
        metadata = properties["salto_ks_metadata"]
        assert (metadata["lock_type"], metadata["battery_level"]) == ("wall_reader_pin", "fresh")
        assert (metadata["site_name"], metadata["locked_state"]) == ("Main Site", "locked")
        assert lock["location"]["time_zone"] == "Europe/Berlin"


async def test_a_moved_window_keeps_the_pin(open_: OpenHouse) -> None:
    """The schedule is changed in place: same user, group and PIN, and the door keeps to the new times."""
    async with at_site(open_) as (house, lock):
        code = await preloaded_code(house, lock, DAY, name="Anna")
        users, groups = await _ours(house)
        moved = await window(house, 2 * DAY, 3 * DAY)
        await house.call("/access_codes/update", access_code_id=code["access_code_id"], **moved)
        found = await code_soon(
            house,
            code["access_code_id"],
            lambda code: code["is_scheduled_on_device"] and not code["pending_mutations"],
        )
        assert found["code"] == code["code"]
        after = await _ours(house)
        assert [user["id"] for user in after[0]] == [user["id"] for user in users]
        assert [group["id"] for group in after[1]] == [group["id"] for group in groups]
        starts_at, ends_at = parse_instant(found["starts_at"]), parse_instant(found["ends_at"])
        for instant, opens in (
            (starts_at - SECOND, False),
            (starts_at, True),
            (ends_at - SECOND, True),
            (ends_at, False),
        ):
            assert await house.steering.opens("BACK DOOR", code["code"], instant) is opens


async def test_a_removed_code_frees_its_seat_and_leaves_nothing(open_: OpenHouse) -> None:
    """User and group go, nothing else does, and the door shuts."""
    async with at_site(open_) as (house, lock):
        before = await _site(house)
        code = await set_code(house, lock, name="Anna")
        assert (await _site(house))["site"]["active_user_amount"] == before["site"]["active_user_amount"] + 1
        await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        await until_gone(house, code["access_code_id"])
        assert await _site(house) == before
        assert not await house.steering.opens("BACK DOOR", code["code"])


async def test_what_others_made_at_the_site_stays(open_: OpenHouse) -> None:
    """Users, groups and copies of our names that an admin made are as they were."""
    async with at_site(open_) as (house, lock):
        await house.steering.owner_adds("BACK DOOR", "Cleaner", "111111")
        before = await _site(house)
        code = await set_code(house, lock, name="Cleaner")
        await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        await until_gone(house, code["access_code_id"])
        await engine_passes(house, 1800)
        assert await _site(house) == before


async def test_a_pin_that_somebody_took_away_is_renewed(open_: OpenHouse) -> None:
    """The site's admin removes the PIN: the code gets another, and the host is told which."""
    async with at_site(open_) as (house, lock):
        code = await set_code(house, lock, name="Anna")
        [user], _ = await _ours(house)
        await house.simulator("owner/users", user=user["id"], do="take_pin", site="Main Site")
        await engine_passes(house, 1800)
        found = await code_soon(
            house,
            code["access_code_id"],
            lambda found: found["code"] != code["code"] and not found["pending_mutations"],
        )
        assert await house.steering.opens("BACK DOOR", found["code"])
        assert not await house.steering.opens("BACK DOOR", code["code"])
        assert "code_changed" in await told(house, code)


async def test_a_door_that_asks_for_one_time_passwords_fails_at_once(open_: OpenHouse) -> None:
    """Remote opening that is not set up ends with a clear error, and nothing is sent."""
    async with at_site(open_, name="SIDE DOOR") as (house, lock):
        made = await house.call("/locks/unlock_door", device_id=lock["device_id"])
        attempt = await house.attempt(made["action_attempt"]["action_attempt_id"])
        assert attempt["status"] == "error"
        assert "one-time password" in attempt["error"]["message"]
        assert "lock.unlocked" not in await house.event_types()


async def test_a_door_with_one_time_passwords_opens_once_it_is_set_up(open_: OpenHouse) -> None:
    """The secret is kept before the PIN is sent; a beginning that is repeated does no harm."""
    async with at_site(open_, name="SIDE DOOR") as (house, lock):
        where = (house.house.database, house.house.vendors, lock["device_id"])
        for _ in range(2):
            begun = await activate.begin(*where)
            assert begun == activate.Begun("SIDE DOOR", "integration@example.com")
        assert await _unlocks(house, lock) == "provider_issue", "half of it opens nothing"
        mails = (await house.simulated("inbox", home="jane@example.com"))["inbox"]
        pin = re.search(r"\b[0-9]{4}\b", mails[-1]["text"])
        assert pin is not None, mails
        assert await activate.finish(*where, Secret(pin[0])) == "SIDE DOOR"
        assert await _unlocks(house, lock) == "success"
        other = await named(house, "BACK DOOR")
        assert await activate.begin(*where[:2], other["device_id"]) == activate.Begun("BACK DOOR", None)
    async with open_() as house:
        assert await _unlocks(house, lock) == "success", "kept over a restart"


async def _unlocks(house: TestHouse, lock: Wire) -> str:
    """How an unlock ends."""
    made = await house.call("/locks/unlock_door", device_id=lock["device_id"])
    attempt = await house.attempt(made["action_attempt"]["action_attempt_id"])
    return str(attempt["error"]["type"] if attempt["error"] else attempt["status"])


async def test_a_door_opens_from_afar_and_locks_itself(open_: OpenHouse) -> None:
    """The vendor's answer is the door's: the attempt succeeds though the next look may show it locked."""
    async with at_site(open_) as (house, lock):
        for path in ("/locks/unlock_door", "/locks/lock_door"):
            made = await house.call(path, device_id=lock["device_id"])
            attempt = await house.attempt(made["action_attempt"]["action_attempt_id"])
            assert (attempt["status"], attempt["result"]["was_confirmed_by_device"]) == ("success", True)


# --- wall clocks ----------------------------------------------------------------------------------------

CLOCK_CHANGES = [
    ("Europe/Berlin", "2027-03-28", "2027-10-31"),
    ("America/New_York", "2027-03-14", "2027-11-07"),
    ("Australia/Lord_Howe", "2027-10-03", "2027-04-04"),
    ("America/St_Johns", "2027-03-14", "2027-11-07"),
]


@pytest.mark.parametrize(("zone", "day"), [(zone, day) for zone, *days in CLOCK_CHANGES for day in days])
async def test_windows_over_a_change_of_clocks_are_exact(open_: OpenHouse, zone: str, day: str) -> None:
    """
    From the day before to the day after, within the day, and around the change itself: the door opens at the
    second and shuts at the second.
    """
    site = {
        "name": "Main Site",
        "time_zone": zone,
        "iqs": [{"name": "IQ", "time_zone": zone}],
        "locks": [LOCK],
    }
    async with at_site(open_, site) as (house, lock):
        local = ZoneInfo(zone)
        midnight = datetime.fromisoformat(day).replace(tzinfo=local)
        await house.set_clock(midnight.astimezone(UTC) - 2 * DAY)
        made: list[Wire] = []
        for begin, end in (
            (midnight - 9 * HOUR, midnight.replace(hour=11) + DAY),
            (midnight.replace(hour=0, minute=30), midnight.replace(hour=12)),
            (midnight.replace(hour=0, minute=15), midnight.replace(hour=4, minute=45)),
        ):
            wish = {"starts_at": to_wire(begin.astimezone(UTC)), "ends_at": to_wire(end.astimezone(UTC))}
            made.append(await house.create_code(lock["device_id"], **wish))
        for code in made:
            found = await code_soon(
                house, code["access_code_id"], lambda code: code["is_scheduled_on_device"]
            )
            starts_at, ends_at = parse_instant(found["starts_at"]), parse_instant(found["ends_at"])
            for instant, opens in (
                (starts_at - SECOND, False),
                (starts_at, True),
                (starts_at + (ends_at - starts_at) / 2, True),
                (ends_at - SECOND, True),
                (ends_at, False),
                (ends_at + HOUR, False),
            ):
                assert await house.steering.opens("BACK DOOR", found["code"], instant) is opens, instant


async def test_a_window_in_the_repeated_hour_never_opens_more(open_: OpenHouse) -> None:
    """Where the clock shows a time twice, the door may open less than was asked for, and never more."""
    zone = ZoneInfo("Europe/Berlin")
    async with at_site(open_) as (house, lock):
        first = datetime(2027, 10, 31, 2, 30, tzinfo=zone)
        await house.set_clock(first.astimezone(UTC) - DAY)
        for begin, end in (
            (first - 2 * HOUR, first),
            (first - 2 * HOUR, first.replace(fold=1)),
            (first, first + 5 * HOUR),
            (first.replace(fold=1), first + 5 * HOUR),
        ):
            starts_at, ends_at = begin.astimezone(UTC), end.astimezone(UTC)
            code = await house.create_code(
                lock["device_id"], starts_at=to_wire(starts_at), ends_at=to_wire(ends_at)
            )
            found = await code_soon(
                house, code["access_code_id"], lambda code: code["is_scheduled_on_device"]
            )
            for minutes in range(0, 10 * 60, 10):
                instant = first.astimezone(UTC) - 4 * HOUR + minutes * MINUTE
                opens = await house.steering.opens("BACK DOOR", found["code"], instant)
                assert not opens or starts_at <= instant < ends_at, (begin, end, instant)
            assert await house.steering.opens("BACK DOOR", found["code"], starts_at + timedelta(minutes=85))
            await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
            await until_gone(house, code["access_code_id"])


async def test_a_code_opens_from_its_start_to_its_end_as_time_passes(open_: OpenHouse) -> None:
    """By the clock of the workspace, and not by asking the door about the future."""
    async with at_site(open_) as (house, lock):
        code = await preloaded_code(house, lock, DAY, name="Anna")
        starts_at, ends_at = parse_instant(code["starts_at"]), parse_instant(code["ends_at"])
        assert not await house.steering.opens("BACK DOOR", code["code"])
        await move_to(house, starts_at)
        await until_set(house, code["access_code_id"])
        assert await house.steering.opens("BACK DOOR", code["code"])
        await move_to(house, ends_at + SECOND)
        assert not await house.steering.opens("BACK DOOR", code["code"])
        await until_gone(house, code["access_code_id"])
        assert await _ours(house) == ([], [])
        assert len(await codes(house, lock)) == 0


async def test_the_second_look_writes_nothing(open_: OpenHouse) -> None:
    """With everything as wished, hours of looking change nothing at the vendor."""
    async with at_site(open_) as (house, lock):
        await set_code(house, lock, name="Anna")
        await preloaded_code(house, await named(house, "FRONT_DOOR"), DAY, name="Ben")
        before = await kinds_of_writes(house)
        for _ in range(4):
            await engine_passes(house, 1800)
        assert await kinds_of_writes(house) == before
