"""Connected accounts: a login that dies, one that comes back, and an account that is forgotten."""

from typing import Any

import pytest

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    Wire,
    at_home,
    code_soon,
    engine_passes,
    fault,
    problem,
    set_code,
    soon,
    told,
    until_idle,
    until_set,
    vendor_requests,
    window,
)

DISCONNECTED = "account_disconnected"


async def _account(house: TestHouse, connected_account_id: str) -> Wire:
    answer = await house.call("/connected_accounts/get", connected_account_id=connected_account_id)
    found: Wire = answer["connected_account"]
    return found


async def _revoke(house: TestHouse, lock: Wire) -> Wire:
    """The owner withdraws our access; the account when the house has noticed."""
    await fault(house, "login_rejected")
    found: Wire = await soon(
        house,
        lambda: _account(house, lock["connected_account_id"]),
        lambda account: problem(account, DISCONNECTED) is not None,
    )
    return found


async def _own(house: TestHouse, **filters: Any) -> list[str]:
    """Event types about the account itself."""
    return [t for t in await house.event_types(**filters) if t.startswith("connected_account.")]


async def test_a_revoked_login_is_shown_on_account_devices_and_codes(open_: OpenHouse) -> None:
    """`account_disconnected` on the account, and a copy of it on each device and each code."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        account = await _revoke(house, lock)
        error = problem(account, DISCONNECTED)
        assert error is not None
        assert error["is_connected_account_error"] is True
        assert "again" in error["message"]
        copied = {**error, "is_device_error": False}
        devices = await house.devices()
        assert len(devices) == 3
        for device in devices:
            assert problem(device, DISCONNECTED) == copied
            assert device["properties"]["online"] is False
            assert "locked" not in device["properties"]
            assert "battery" not in device["properties"]
        found = await house.code(code["access_code_id"])
        assert problem(found, DISCONNECTED) == copied
        assert found["status"] == "unknown"


async def test_a_revoked_login_stops_every_call(open_: OpenHouse) -> None:
    """After the vendor has refused, nobody knocks again: not by clock, wish or door."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await _revoke(house, lock)
        await until_idle(house)
        before = await vendor_requests(house)
        await house.advance(DAY.total_seconds())
        await house.create_code(lock["device_id"], code="776655")
        await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        asked = await house.call("/locks/unlock_door", device_id=lock["device_id"])
        attempt = asked["action_attempt"]
        assert attempt["status"] == "error"
        assert attempt["error"]["type"] == DISCONNECTED
        await house.advance(DAY.total_seconds())
        await until_idle(house)
        assert await vendor_requests(house) == before
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [498882]
        removing = await house.code(code["access_code_id"])
        assert problem(removing, "being_deleted") is not None


async def test_a_revoked_login_is_told_once(open_: OpenHouse) -> None:
    """One `connected_account.disconnected`, one `device.disconnected` per device, nothing on codes."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        before = await told(house, code)
        await _revoke(house, lock)
        for _ in range(3):
            await house.advance(HOUR.total_seconds())
        types = await house.event_types()
        assert types.count("connected_account.disconnected") == 1
        assert types.count("device.disconnected") == 3
        assert await told(house, code) == before
        [event] = await house.events(event_type="connected_account.disconnected")
        assert [entry["error_code"] for entry in event["connected_account_errors"]] == [DISCONNECTED]
        for event in await house.events(event_type="device.disconnected"):
            assert event["error_code"] == DISCONNECTED


async def test_logging_in_again_heals_the_same_account(open_: OpenHouse) -> None:
    """The id stays, errors go everywhere, `connected` is told again, and metadata is the new webview's."""
    async with open_() as house:
        first = await house.connect(custom_metadata={"flat": "3", "floor": "2"})
        lock = await house.lock_with_keypad()
        code = await set_code(house, lock, code="498882")
        later = await house.create_code(lock["device_id"], **await window(house, 10 * DAY))
        await _revoke(house, lock)
        again = await house.connect(custom_metadata={"flat": "4"})
        assert again == first
        account = await _account(house, first)
        assert account["errors"] == []
        assert account["custom_metadata"] == {"flat": "4"}
        assert (await until_set(house, code["access_code_id"]))["errors"] == []
        waiting = await house.code(later["access_code_id"])
        assert (waiting["status"], waiting["errors"]) == ("unset", [])
        devices = await house.devices()
        assert [device["errors"] for device in devices] == [[], [], []]
        assert all(device["properties"]["online"] for device in devices)
        types = await _own(house, connected_account_id=first)
        assert types.count("connected_account.created") == 1
        assert types.count("connected_account.connected") == 2
        assert types.count("connected_account.completed_first_sync") == 1
        assert types[-1] == "connected_account.completed_first_sync_after_reconnection"
        assert (await told(house, code)).count("set_on_device") == 1


async def test_a_wish_made_while_disconnected_comes_true_after_the_login(open_: OpenHouse) -> None:
    """What was asked meanwhile is kept, and done when somebody logs in."""
    async with at_home(open_) as (house, lock):
        old = await set_code(house, lock, code="498882")
        await _revoke(house, lock)
        new = await house.create_code(lock["device_id"], code="776655")
        assert new["status"] == "unknown"
        await house.call("/access_codes/update", access_code_id=old["access_code_id"], code="665544")
        await house.connect()
        for code in (old, new):
            await until_set(house, code["access_code_id"])
        assert sorted(entry["code"] for entry in await house.codes_on_lock(lock)) == [665544, 776655]


async def test_an_expired_token_is_renewed_without_a_word(open_: OpenHouse) -> None:
    """An access token that has run out is no disconnection: nothing is told, and the work goes on."""
    async with at_home(open_) as (house, lock):
        await engine_passes(house, 5 * HOUR.total_seconds())
        await set_code(house, lock, code="498882")
        account = await _account(house, lock["connected_account_id"])
        assert account["errors"] == []
        assert "connected_account.disconnected" not in await house.event_types()


async def test_a_token_endpoint_out_of_breath_is_asked_again(
    open_: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """429 and 503 to a renewal disconnect nobody and are no bug of ours: the work is done a little later."""
    async with at_home(open_) as (house, lock):
        for trouble in ("http_429", "http_503"):
            await fault(house, trouble, times=1, seconds=2, match={"route": "/oauth/token"})
            await house.advance(5 * HOUR.total_seconds())
            await set_code(house, lock)
        assert (await _account(house, lock["connected_account_id"]))["errors"] == []
        assert "connected_account.disconnected" not in await house.event_types()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_deleted_account_is_forgotten_and_the_lock_left_alone(open_: OpenHouse) -> None:
    """A deleted event for each code, each device and the account; the codes stay on the lock."""
    async with at_home(open_) as (house, lock):
        account_id = lock["connected_account_id"]
        active = await set_code(house, lock, code="498882")
        waiting = await house.create_code(lock["device_id"], code="776655", **await window(house, 10 * DAY))
        devices = await house.devices()
        await engine_passes(house)
        before = await vendor_requests(house)
        await house.call("/connected_accounts/delete", connected_account_id=account_id)
        await house.advance(DAY.total_seconds())
        await until_idle(house)
        assert await vendor_requests(house) == before
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [498882]
        for code in (active, waiting):
            which = {"access_code_id": code["access_code_id"]}
            await house.refused("/access_codes/get", 404, "access_code_not_found", **which)
            assert (await told(house, code))[-1] == "deleted"
            assert "removed_from_device" not in await told(house, code)
            [event] = await house.events(event_type="access_code.deleted", **which)
            assert event["code"] == code["code"]
        for device in devices:
            which = {"device_id": device["device_id"]}
            await house.refused("/devices/get", 404, "device_not_found", **which)
            [event] = await house.events(event_type="device.deleted", **which)
            assert event["device_name"] == device["display_name"]
        missing = {"connected_account_id": account_id}
        await house.refused("/connected_accounts/get", 404, "connected_account_not_found", **missing)
        types = await house.event_types(connected_account_id=account_id)
        assert types[-1] == "connected_account.deleted"
        assert types.count("connected_account.deleted") == 1


async def test_an_account_deleted_and_connected_again_finds_its_codes_as_others(open_: OpenHouse) -> None:
    """A new account with new ids; what stayed on the lock is nobody's, keeps its PIN, and is not touched."""
    async with at_home(open_) as (house, lock):
        await set_code(house, lock, code="498882")
        await house.call("/connected_accounts/delete", connected_account_id=lock["connected_account_id"])
        assert await house.connect() != lock["connected_account_id"]
        new_lock = await house.lock_with_keypad()
        assert new_lock["device_id"] != lock["device_id"]
        other = await set_code(house, new_lock, code="776655")
        clash = await house.create_code(new_lock["device_id"], code="498882")
        found = await code_soon(
            house,
            clash["access_code_id"],
            lambda code: problem(code, "duplicate_code_on_device") is not None,
        )
        assert found["status"] == "setting"
        assert (await house.code(other["access_code_id"]))["status"] == "set"
        assert sorted(entry["code"] for entry in await house.codes_on_lock(lock)) == [498882, 776655]
