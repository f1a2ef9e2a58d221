"""`sync: true`: answers that wait."""

import asyncio
from typing import Any

import pytest

from ostiary.wire import settling

from ..conftest import OpenHouse
from .sessions import as_session, session
from .support import DAY, HOUR, at_home, fault, window

CREATE, UPDATE, DELETE = "/access_codes/create", "/access_codes/update", "/access_codes/delete"


async def test_an_answer_waits_until_the_lock_has_it(open_: OpenHouse) -> None:
    """The attempt is final and the code as it is then; what is gone is answered for as well."""
    async with at_home(open_) as (house, lock):
        device = {"device_id": lock["device_id"]}
        made = await house.call(CREATE, **device, code="443322", sync=True)
        code, attempt = made["access_code"], made["action_attempt"]
        assert (attempt["status"], attempt["result"]["access_code"]["status"]) == ("success", "set")
        assert (code["status"], code["pending_mutations"]) == ("set", [])
        which = {"access_code_id": code["access_code_id"]}
        changed = await house.call(UPDATE, **which, code="554433", sync=True)
        assert changed["action_attempt"]["status"] == "success"
        assert await house.type_code(lock, "554433")
        gone = await house.call(DELETE, **which, sync=True)
        assert gone["action_attempt"]["status"] == "success"
        assert await house.codes_on_lock(lock) == []
        door = await house.call("/locks/unlock_door", **device, sync=True)
        assert door["action_attempt"]["status"] == "success"


async def test_without_it_nothing_waits(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        for asked in ({}, {"sync": False}):
            made = await house.call(CREATE, device_id=lock["device_id"], **asked)
            assert made["action_attempt"]["status"] == "pending"


async def test_nobody_waits_for_what_is_days_ahead_or_does_not_come(
    open_: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deferred code is answered at once; a vendor that does not answer, after the stated time."""
    async with at_home(open_) as (house, lock):
        wish: dict[str, Any] = {"device_id": lock["device_id"], "sync": True}
        later = await house.call(CREATE, **wish, **await window(house, 10 * DAY, HOUR))
        assert later["action_attempt"]["status"] == "pending"
        monkeypatch.setattr(settling, "PATIENCE", 0.2)
        await fault(house, "http_503")
        never = await house.call(CREATE, **wish)
        assert (never["action_attempt"]["status"], never["access_code"]["status"]) == ("pending", "setting")


async def test_a_session_that_was_revoked_is_told_nothing_more_while_it_waits(open_: OpenHouse) -> None:
    """The answer tells how far it had come when the session asked."""
    async with at_home(open_) as (house, lock):
        made = await session(house, connected_account_ids=[lock["connected_account_id"]])
        asked = as_session(house, made["token"])
        await fault(house, "hang", times=1, seconds=1.5, match={"method": "POST"})
        waiting = asyncio.create_task(
            asked.call("/locks/unlock_door", device_id=lock["device_id"], sync=True)
        )
        await asyncio.sleep(0.5)
        await house.call("/client_sessions/revoke", client_session_id=made["client_session_id"])
        answer = await waiting
        assert answer["action_attempt"]["status"] == "pending"
        settled = await house.attempt(answer["action_attempt"]["action_attempt_id"])
        assert settled["status"] == "success"
