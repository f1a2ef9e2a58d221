"""Doors: opened in time or not at all, never twice, and the outcome is looked for rather than assumed."""

import asyncio
from typing import Any

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    Wire,
    at_home,
    clear_faults,
    engine_passes,
    fault,
    is_idle,
    named,
    online,
    soon,
    vendor_writes,
)

ACTION = {"method": "POST", "route": "/smartlock/{smartlockId}/action"}
COUNTED = "POST /smartlock/{smartlockId}/action"


async def _ask(house: TestHouse, lock: Wire, verb: str = "unlock_door") -> str:
    """The id of the attempt, which starts as the wire has it."""
    attempt = (await house.call(f"/locks/{verb}", device_id=lock["device_id"]))["action_attempt"]
    assert attempt["action_type"] == verb.upper()
    assert (attempt["status"], attempt["result"], attempt["error"]) == ("pending", None, None)
    return str(attempt["action_attempt_id"])


async def _outcome(house: TestHouse, attempt_id: str) -> Wire:
    attempt = await house.attempt(attempt_id)
    attempt.pop("action_attempt_id")
    return attempt


async def _actions(house: TestHouse) -> dict[str, int]:
    """How many actions the vendor received and accepted."""
    counts: dict[str, dict[str, int]] = (await house.simulated("requests"))["counts"]
    return counts.get(COUNTED, {"received": 0, "accepted": 0})


async def _is_locked(house: TestHouse, lock: Wire) -> bool:
    truth = (await house.simulated("truth"))["devices"]
    return bool(next(d["locked"] for d in truth if d["name"] == lock["properties"]["name"]))


async def _until_sent(house: TestHouse, times: int = 1) -> None:
    await house.until(lambda: _actions(house), lambda count: count["received"] >= times)


async def _own_events(house: TestHouse, attempt_id: str) -> list[Wire]:
    return [event for event in await house.events() if event.get("action_attempt_id") == attempt_id]


async def test_an_unlock_is_told_by_two_events_of_one_attempt(open_: OpenHouse) -> None:
    """The attempt's own event, and `lock.unlocked` with `remote` and the attempt's id: one opening."""
    async with at_home(open_) as (house, lock):
        attempt_id = await _ask(house, lock)
        assert await _outcome(house, attempt_id) == {
            "action_type": "UNLOCK_DOOR",
            "status": "success",
            "result": {"was_confirmed_by_device": True},
            "error": None,
        }
        assert not await _is_locked(house, lock)
        attempt_told, lock_told = await _own_events(house, attempt_id)
        assert attempt_told["event_type"] == "action_attempt.unlock_door.succeeded"
        assert attempt_told["action_type"] == "UNLOCK_DOOR"
        assert attempt_told["status"] == "success"
        assert lock_told["event_type"] == "lock.unlocked"
        assert lock_told["method"] == "remote"
        for event in (attempt_told, lock_told):
            assert event["device_id"] == lock["device_id"]
            assert event["connected_account_id"] == lock["connected_account_id"]
        await engine_passes(house, 600)
        assert len(await _own_events(house, attempt_id)) == 2
        assert (await house.event_types()).count("lock.unlocked") == 1


async def test_an_offline_lock_fails_the_attempt_and_is_not_asked(open_: OpenHouse) -> None:
    """200 with an attempt that ends in `device_disconnected`; the door stays shut when the lock returns."""
    async with at_home(open_) as (house, lock):
        await online(house, lock, False)
        attempt_id = await _ask(house, lock)
        outcome = await _outcome(house, attempt_id)
        assert (outcome["status"], outcome["result"]) == ("error", None)
        assert outcome["error"]["type"] == "device_disconnected"
        assert await vendor_writes(house) == []
        [told] = await _own_events(house, attempt_id)
        assert told["event_type"] == "action_attempt.unlock_door.failed"
        assert told["status"] == "error"
        await online(house, lock, True)
        await engine_passes(house, 60)
        assert await _is_locked(house, lock)
        assert await vendor_writes(house) == []


async def test_a_vendor_that_hangs_past_the_deadline_fails_and_opens_nothing_later(open_: OpenHouse) -> None:
    """The answer comes after 30 s of workspace time, the door did nothing: an error, and no second try."""
    async with at_home(open_) as (house, lock):
        await fault(house, "hang", times=1, seconds=0.5, match=ACTION)
        await fault(house, "lost", times=1, match=ACTION)
        attempt_id = await _ask(house, lock)
        await _until_sent(house)
        await house.advance(31)
        outcome = await _outcome(house, attempt_id)
        assert (outcome["status"], outcome["error"]["type"]) == ("error", "action_attempt_expired")
        for _ in range(3):
            await engine_passes(house, 120)
        assert await _is_locked(house, lock)
        assert (await _actions(house))["received"] == 1
        types = [event["event_type"] for event in await _own_events(house, attempt_id)]
        assert types == ["action_attempt.unlock_door.failed"]
        assert "lock.unlocked" not in await house.event_types()


async def test_a_vendor_that_refuses_until_the_deadline_opens_nothing_later(open_: OpenHouse) -> None:
    """Nothing was carried out, so it may be sent again, but only for 30 s; later the door stays shut."""
    async with at_home(open_) as (house, lock):
        await fault(house, "http_503", match=ACTION)
        attempt_id = await _ask(house, lock)
        await _until_sent(house)
        await house.advance(31)
        outcome = await _outcome(house, attempt_id)
        assert (outcome["status"], outcome["error"]["type"]) == ("error", "action_attempt_expired")
        await clear_faults(house)
        for _ in range(3):
            await engine_passes(house, 60)
        assert await _is_locked(house, lock)
        assert (await _actions(house))["accepted"] == 0


async def test_a_refusal_in_time_is_tried_again(open_: OpenHouse) -> None:
    """One 503, which changed nothing, does not fail the attempt: the second call opens the door."""
    async with at_home(open_) as (house, lock):
        await fault(house, "http_503", times=1, match=ACTION)
        attempt_id = await _ask(house, lock)
        assert (await _outcome(house, attempt_id))["status"] == "success"
        assert await _actions(house) == {"received": 2, "accepted": 1}
        assert not await _is_locked(house, lock)


async def test_a_lost_answer_is_looked_for_and_not_sent_again(open_: OpenHouse) -> None:
    """The vendor acted and its answer never came: success, by looking; exactly one action."""
    async with at_home(open_) as (house, lock):
        await fault(house, "drop_answer", times=1, match=ACTION)
        attempt_id = await _ask(house, lock)
        assert (await _outcome(house, attempt_id))["result"] == {"was_confirmed_by_device": True}
        assert not await _is_locked(house, lock)
        await engine_passes(house, 60)
        assert await _actions(house) == {"received": 1, "accepted": 1}


async def test_a_request_that_never_arrived_is_not_sent_again_either(open_: OpenHouse) -> None:
    """Nobody can tell it from a lost answer, so it fails at the deadline: better than to open twice."""
    async with at_home(open_) as (house, lock):
        await fault(house, "drop_answer_before", times=1, match=ACTION)
        attempt_id = await _ask(house, lock)
        await _until_sent(house)
        await house.advance(31)
        outcome = await _outcome(house, attempt_id)
        assert (outcome["status"], outcome["error"]["type"]) == ("error", "action_attempt_expired")
        assert "Look at the door" in outcome["error"]["message"]
        await engine_passes(house, 60)
        assert (await _actions(house))["received"] == 1
        assert await _is_locked(house, lock)


async def test_an_opener_can_be_unlocked(open_: OpenHouse) -> None:
    """It works its strike and shows no state, so the success is not confirmed by the device."""
    async with at_home(open_) as (house, _):
        opener = await named(house, "Street entrance")
        assert opener["can_remotely_unlock"] is True
        attempt_id = await _ask(house, opener)
        outcome = await _outcome(house, attempt_id)
        assert (outcome["status"], outcome["result"]) == ("success", {"was_confirmed_by_device": False})
        types = [event["event_type"] for event in await _own_events(house, attempt_id)]
        assert types == ["action_attempt.unlock_door.succeeded", "lock.unlocked"]
        assert await _actions(house) == {"received": 1, "accepted": 1}


async def test_an_opener_cannot_be_locked(open_: OpenHouse) -> None:
    """It has nothing to lock: the flag is absent, and the call is refused before anything is stored."""
    async with at_home(open_) as (house, _):
        opener = await named(house, "Street entrance")
        assert "can_remotely_lock" not in opener
        before = await house.events()
        error = await house.refused(
            "/locks/lock_door", 400, "unsupported_device", device_id=opener["device_id"]
        )
        assert error["data"] == {"device_id": opener["device_id"]}
        listed = await house.call("/action_attempts/list", device_id=opener["device_id"])
        assert listed["action_attempts"] == []
        await engine_passes(house)
        assert await house.events() == before
        assert await vendor_writes(house) == []


async def _restart_while_it_hangs(open_: OpenHouse, lost: bool) -> tuple[Wire, str]:
    """Ask for the door, and end the server when the vendor has the request and has not answered."""
    async with at_home(open_) as (house, lock):
        await fault(house, "hang", times=1, seconds=60, match=ACTION)
        if lost:
            await fault(house, "lost", times=1, match=ACTION)
        attempt_id = await _ask(house, lock)
        await _until_sent(house)
        assert not is_idle(house)
        return lock, attempt_id


async def test_a_restart_between_sending_and_outcome_looks_and_finds(open_: OpenHouse) -> None:
    """The door opened while the server was down: success by a look, one action in all."""
    lock, attempt_id = await _restart_while_it_hangs(open_, lost=False)
    async with open_() as house:
        outcome = await _outcome(house, attempt_id)
        assert (outcome["status"], outcome["result"]) == ("success", {"was_confirmed_by_device": True})
        assert not await _is_locked(house, lock)
        await engine_passes(house, 60)
        assert await _actions(house) == {"received": 1, "accepted": 1}
        types = [event["event_type"] for event in await _own_events(house, attempt_id)]
        assert types == ["action_attempt.unlock_door.succeeded", "lock.unlocked"]


async def test_a_restart_between_sending_and_outcome_does_not_send_again(open_: OpenHouse) -> None:
    """The door did not open: the attempt fails at its deadline, and the door is not asked a second time."""
    lock, attempt_id = await _restart_while_it_hangs(open_, lost=True)
    async with open_() as house:
        await soon(house, lambda: _looks_at_doors(house), lambda looks: looks > 0)
        await house.advance(31)
        outcome = await _outcome(house, attempt_id)
        assert (outcome["status"], outcome["error"]["type"]) == ("error", "action_attempt_expired")
        await engine_passes(house, 60)
        assert await _is_locked(house, lock)
        assert (await _actions(house))["received"] == 1


async def _looks_at_doors(house: TestHouse) -> int:
    lines: list[dict[str, Any]] = (await house.simulated("requests"))["requests"]
    return sum(line["method"] == "GET" and line["path"].count("/") == 2 for line in lines)


async def test_two_callers_at_one_door_are_served_in_their_order(open_: OpenHouse) -> None:
    """Unlock and lock, asked at once: both happen, one after the other, and the door ends locked."""
    async with at_home(open_) as (house, lock):
        unlocking, locking = [await _ask(house, lock, verb) for verb in ("unlock_door", "lock_door")]
        outcomes = await asyncio.gather(_outcome(house, unlocking), _outcome(house, locking))
        assert [outcome["status"] for outcome in outcomes] == ["success", "success"]
        assert await _is_locked(house, lock)
        types = await house.event_types(device_id=lock["device_id"])
        assert [name for name in types if name.startswith("lock.")] == ["lock.unlocked", "lock.locked"]
