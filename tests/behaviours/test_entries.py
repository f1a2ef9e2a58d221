"""What happens at a door becomes events: each line of the vendor's log once, whoever was away meanwhile."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ostiary import store
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.domain.instants import parse_instant
from ostiary.engine import entries
from ostiary.engine.hold import LeaseLost

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    HOUR,
    MINUTE,
    Wire,
    at_home,
    clear_faults,
    engine_kept_away,
    engine_passes,
    fault,
    online,
    set_code,
    soon,
    until_gone,
    until_idle,
    vendor_requests,
    window,
)

LOG = "/smartlock/log"
POLL = 610


async def at_the_door(house: TestHouse, **filters: Any) -> list[Wire]:
    """Oldest first."""
    return [event for event in await house.events(**filters) if event["event_type"].startswith("lock.")]


async def polled(house: TestHouse, times: int = 1) -> None:
    for _ in range(times):
        await engine_passes(house, POLL)


async def turn(house: TestHouse, lock: Wire, *, locked: bool) -> None:
    """By hand, at the knob."""
    await house.simulator("device", smartlock_id=await house.smartlock_id(lock), locked=locked)


async def log_calls(house: TestHouse) -> list[str]:
    return [line["path"] for line in await vendor_requests(house) if line["path"].endswith("/log")]


async def only(house: TestHouse) -> Wire:
    [event] = await at_the_door(house)
    return event


async def account_of(house: TestHouse, lock: Wire) -> ConnectedAccount:
    found = await house.house.database.read(store.connected_accounts.find, lock["connected_account_id"])
    assert found is not None
    return found


# --- what is told -------------------------------------------------------------------------------------


async def test_a_code_at_the_keypad_is_told_with_its_id(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        assert lock["properties"]["has_native_entry_events"] is True
        typed_at = await house.now()
        assert await house.type_code(lock, "498882")
        await polled(house, 3)
        event = await only(house)
        assert event["event_type"] == "lock.unlocked"
        assert event["method"] == "keycode"
        assert event["code"] == "498882"
        assert (event["access_code_id"], event["access_code_is_managed"]) == (code["access_code_id"], True)
        assert event["device_id"] == lock["device_id"]
        assert event["connected_account_id"] == lock["connected_account_id"]
        assert "action_attempt_id" not in event
        assert abs(parse_instant(event["occurred_at"]) - typed_at) < timedelta(seconds=5)
        assert parse_instant(event["created_at"]) > parse_instant(event["occurred_at"])
        assert await at_the_door(house, access_code_id=code["access_code_id"]) == [event]


async def test_a_code_is_told_by_its_id_when_the_log_has_no_name(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        await house.simulator("faults", fault="nameless", times=1)
        assert await house.type_code(lock, "498882")
        await polled(house, 2)
        assert (await only(house))["access_code_id"] == code["access_code_id"]


async def test_a_code_that_is_gone_by_now_is_named(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await until_idle(house)
        assert await house.type_code(lock, "498882")
        await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        await until_gone(house, code["access_code_id"])
        await polled(house, 2)
        event = await only(house)
        assert (event["access_code_id"], event["access_code_is_managed"]) == (code["access_code_id"], True)
        assert await at_the_door(house, access_code_id=code["access_code_id"]) == [event]


async def test_a_code_of_the_owners_is_no_code_of_ours(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await set_code(house, lock, code="498882")  # from now on the codes are looked at
        await house.steering.owner_adds(lock["properties"]["name"], "Cleaner", "556677")
        await house.advance(25 * 3600)  # the vendor synchronises
        await polled(house, 2)
        assert await house.type_code(lock, "556677")
        await polled(house)
        event = await only(house)
        assert (event["event_type"], event["method"]) == ("lock.unlocked", "keycode")
        assert event["access_code_is_managed"] is False
        assert event["access_code_id"]
        assert "code" not in event


async def test_the_knob_is_told_as_manual(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await turn(house, lock, locked=False)
        await turn(house, lock, locked=True)
        await polled(house, 2)
        told = await at_the_door(house)
        assert [(event["event_type"], event["method"]) for event in told] == [
            ("lock.unlocked", "manual"),
            ("lock.locked", "manual"),
        ]
        assert not any("access_code_id" in event for event in told)


async def test_a_wrong_pin_is_access_denied(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        assert not await house.type_code(lock, "777777")
        await polled(house, 2)
        event = await only(house)
        assert event["event_type"] == "lock.access_denied"
        assert event["reason"]["reason_code"] == "unknown_code"
        assert "777777" not in str(event)
        assert not {"method", "access_code_id", "code"} & event.keys()


async def test_a_code_before_its_time_is_access_denied(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        made = await house.create_code(lock["device_id"], code="498882", **await window(house, 2 * HOUR))
        await soon(
            house,
            lambda: house.code(made["access_code_id"]),
            lambda code: bool(code["is_scheduled_on_device"]),
        )
        assert not await house.type_code(lock, "498882")
        await polled(house)
        event = await only(house)
        assert (event["event_type"], event["access_code_id"]) == (
            "lock.access_denied",
            made["access_code_id"],
        )
        assert event["reason"]["reason_code"] == "expired_code"


async def test_history_from_before_the_login_is_not_told(open_: OpenHouse) -> None:
    async with open_() as house:
        await house.simulator("homes", home="old@example.com", devices=[{"name": "Front door"}])
        [home] = [h for h in (await house.simulated("homes"))["homes"] if h["home"] == "old@example.com"]
        smartlock_id = home["devices"][0]["smartlock_id"]
        await house.simulator("device", home="old@example.com", smartlock_id=smartlock_id, locked=False)
        await house.advance(60)
        await house.connect("old@example.com")
        await polled(house, 2)
        assert await at_the_door(house) == []
        await house.simulator("device", home="old@example.com", smartlock_id=smartlock_id, locked=True)
        await polled(house)
        assert (await only(house))["event_type"] == "lock.locked"


# --- our own doings ---------------------------------------------------------------------------------------


async def operate(house: TestHouse, lock: Wire, verb: str) -> Wire:
    asked = await house.call(f"/locks/{verb}", device_id=lock["device_id"])
    return await house.attempt(asked["action_attempt"]["action_attempt_id"])


async def test_what_an_attempt_has_told_the_log_does_not_tell_again(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        for verb in ("unlock_door", "lock_door", "unlock_door"):
            assert (await operate(house, lock, verb))["status"] == "success"
        await polled(house, 3)
        told = await at_the_door(house)
        assert [event["event_type"] for event in told] == ["lock.unlocked", "lock.locked", "lock.unlocked"]
        assert all(event["method"] == "remote" and event["action_attempt_id"] for event in told)


async def test_an_attempt_that_failed_although_the_door_moved_is_told_by_the_log(open_: OpenHouse) -> None:
    """The vendor is not to be asked how the door is until the deadline has passed."""
    async with at_home(open_) as (house, lock):
        await fault(house, "http_503", match={"method": "GET", "route": "/smartlock/{smartlockId}"})
        asked = await house.call("/locks/unlock_door", device_id=lock["device_id"])
        attempt_id = asked["action_attempt"]["action_attempt_id"]

        async def moved() -> bool:
            return not (await house.steering.truth(lock["properties"]["name"]))["locked"]

        await house.until(moved, bool)
        await house.advance(31)
        attempt = await house.attempt(attempt_id)
        assert attempt["error"]["type"] == "action_attempt_expired"
        await polled(house, 2)
        event = await only(house)
        assert (event["event_type"], event["method"]) == ("lock.unlocked", "remote")
        assert event["action_attempt_id"] == attempt_id


async def test_the_owner_from_afar_is_told_beside_our_own(open_: OpenHouse) -> None:
    """One attempt is one line; another remote line right after it is somebody else's."""
    async with at_home(open_) as (house, lock):
        assert (await operate(house, lock, "unlock_door"))["status"] == "success"
        token = (await house.simulator("api_token"))["api_token"]
        base = f"/ostiary/sandbox/{house.workspace.workspace_id}/nuki"
        path = f"{base}/smartlock/{await house.smartlock_id(lock)}/action"
        answer = await house.http.post(path, json={"action": 1}, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 204, answer.text
        await polled(house, 2)
        told = await at_the_door(house)
        assert [event["method"] for event in told] == ["remote", "remote"]
        assert [bool(event.get("action_attempt_id")) for event in told] == [True, False]


# --- who was away ------------------------------------------------------------------------------------------


async def many_entries(house: TestHouse, lock: Wire, rounds: int, hours: float) -> None:
    """Twice as many lines, spread over that time: the code opens, a hand locks."""
    step = hours * 3600 / 13
    for n in range(rounds):
        assert await house.type_code(lock, "498882")
        await turn(house, lock, locked=True)
        if n % (rounds // 13) == 0:
            await house.advance(step)


async def assert_each_once(house: TestHouse, code: Wire, rounds: int, begin: datetime) -> None:
    told = await at_the_door(house)
    by_type = {
        name: [e for e in told if e["event_type"] == name] for name in ("lock.unlocked", "lock.locked")
    }
    assert {name: len(found) for name, found in by_type.items()} == dict.fromkeys(by_type, rounds)
    assert len(told) == 2 * rounds
    assert {event["access_code_id"] for event in by_type["lock.unlocked"]} == {code["access_code_id"]}
    for found in by_type.values():
        instants = [event["occurred_at"] for event in found]
        assert instants == sorted(instants), "told in the order in which they happened"
    assert begin - MINUTE <= parse_instant(min(event["occurred_at"] for event in told))
    assert len({event["event_id"] for event in told}) == 2 * rounds
    pages = [
        event["event_id"]
        for offset in range(0, 2 * rounds + 50, 50)
        for event in (
            await house.call(
                "/events/list",
                since="1970-01-02T00:00:00Z",
                event_types=["lock.unlocked", "lock.locked"],
                limit=50,
                unstable_offset=offset,
            )
        )["events"]
    ]
    assert pages == [event["event_id"] for event in reversed(told)], "pages lose and double nothing"


async def test_a_lock_that_was_offline_for_twelve_hours(open_: OpenHouse) -> None:
    """130 lines reach the vendor at once, with the dates of then: each is told, once."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await until_idle(house)
        begin = await house.now()
        await online(house, lock, False)
        await many_entries(house, lock, 65, 12)
        await until_idle(house)
        assert await at_the_door(house) == []
        await online(house, lock, True)
        await polled(house, 4)
        await assert_each_once(house, code, 65, begin)


async def test_our_server_was_down_for_twelve_hours(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await until_idle(house)
        begin = await house.now()
    async with open_(is_working=False) as house:
        await many_entries(house, lock, 65, 12)
        assert await at_the_door(house) == []
    async with open_() as house:
        await polled(house, 3)
        await assert_each_once(house, code, 65, begin)


async def test_both_were_away_and_the_lock_for_longer(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await online(house, lock, False)
        begin = await house.now()
        await until_idle(house)
    async with open_(is_working=False) as house:
        await many_entries(house, lock, 26, 6)
    async with open_() as house:
        await polled(house, 2)
        assert await at_the_door(house) == []
        await online(house, lock, True)
        await polled(house, 3)
        await assert_each_once(house, code, 26, begin)


async def test_a_worker_that_loses_the_account_between_reading_and_settling(open_: OpenHouse) -> None:
    """Its answer is there, and another has told it meanwhile: nothing is doubled, nothing is lost."""
    async with at_home(open_) as (house, lock):
        await polled(house)
        async with engine_kept_away(house, lock) as hold:
            await turn(house, lock, locked=False)
            await fault(house, "hang", times=1, seconds=1.0, match={"route": LOG})
            before = len(await log_calls(house))
            reading = asyncio.create_task(entries.tell(hold))
            await asyncio.sleep(0.3)
            assert await at_the_door(house) == []
        await polled(house)
        assert len(await log_calls(house)) > before
        assert (await only(house))["event_type"] == "lock.unlocked"
        with pytest.raises(LeaseLost):
            await reading
        await polled(house)
        assert (await only(house))["event_type"] == "lock.unlocked"


async def test_a_login_that_ends_between_the_devices_and_the_log_is_renewed(
    open_: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """As any other call finds out, and not taken for one that may not read it."""
    async with at_home(open_) as (house, lock):
        await polled(house)
        async with engine_kept_away(house, lock) as hold:
            await turn(house, lock, locked=False)
            await house.advance(2 * HOUR.total_seconds())
            assert await entries.tell(hold)
        assert (await only(house))["event_type"] == "lock.unlocked"
        assert "cannot read the log" not in caplog.text


async def test_a_process_that_ends_while_the_vendor_answers(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await polled(house)
        await fault(house, "drop_answer", match={"route": LOG})
        await turn(house, lock, locked=False)
        await polled(house)
        assert await at_the_door(house) == []
        await clear_faults(house)
    async with open_() as house:
        await polled(house, 2)
        assert (await only(house))["event_type"] == "lock.unlocked"


async def test_a_log_that_cannot_be_read_is_read_later(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await fault(house, "http_503", match={"route": LOG})
        await turn(house, lock, locked=False)
        await polled(house, 2)
        assert await at_the_door(house) == []
        await clear_faults(house)
        await polled(house)
        assert (await only(house))["event_type"] == "lock.unlocked"


# --- who may read it, and what it costs -----------------------------------------------------------------


async def test_a_login_from_before_the_log_was_read_keeps_working(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):

        async def forget(tx: Any) -> None:
            account = await store.connected_accounts.find(tx, lock["connected_account_id"])
            assert account is not None
            await store.connected_accounts.update_account(tx, replace(account, settings={}))

        await until_idle(house)
        await house.house.database.write(forget)
        before = await log_calls(house)
        await turn(house, lock, locked=False)
        await polled(house, 2)
        assert await log_calls(house) == before
        assert await at_the_door(house) == []
        assert (await house.lock_with_keypad())["properties"]["has_native_entry_events"] is False
        await house.connect()  # somebody logs in again, and is asked for the log now
        await polled(house)
        assert (await house.lock_with_keypad())["properties"]["has_native_entry_events"] is True
        await turn(house, lock, locked=True)
        await polled(house, 2)
        told = await at_the_door(house)
        assert [event["event_type"] for event in told] == ["lock.unlocked", "lock.locked"]


async def test_a_log_that_is_refused_disconnects_nobody(open_: OpenHouse) -> None:
    """1.1: a token without the scope gets 401, as one that has ended does."""
    async with at_home(open_) as (house, lock):
        await fault(house, "http_401", match={"route": LOG})
        await polled(house, 2)
        assert not (await account_of(house, lock)).is_disconnected
        code = await set_code(house, lock, code="498882")
        assert code["status"] == "set"


async def test_a_poll_without_news_makes_one_call(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        for locked in (False, True) * 30:
            await turn(house, lock, locked=locked)
        await polled(house, 4)
        before = len(await log_calls(house))
        await polled(house, 3)
        assert (await log_calls(house))[before:] == [LOG] * 3
        assert len(await at_the_door(house)) == 60


async def test_the_mark_forgets_what_no_reading_shows_again(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await turn(house, lock, locked=False)
        await polled(house, 4)
        account = await account_of(house, lock)
        marks = await house.house.database.read(store.entries.marks, account)
        assert len(marks) == len(await house.devices())
        now = await house.now()
        for mark in marks.values():
            assert mark.told == {}
            assert now - mark.read_until < timedelta(minutes=21)
