"""What a look makes of a device, what the wire shows of it, and which events it is worth."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ostiary.domain.devices import (
    Device,
    account_errors,
    as_wire,
    battery_status,
    changes,
    flags,
    is_look_due,
    observed,
    refuse_without,
    removed,
)
from ostiary.domain.errors import ApiError
from ostiary.domain.provider import AccountProblem, Capabilities, DeviceProblem, DeviceWarning

from .samples import NOW, account, device, look

LATER = NOW + timedelta(minutes=5)


def _types(before: Device | None, after: Device) -> list[str]:
    return [event.event_type for event in changes(before, after, account(), LATER)]


def _wire(one: Device) -> dict[str, Any]:
    return as_wire(one, account(), "Acme", "consumer_smartlocks")


@pytest.mark.parametrize("value", [True, False, None])
def test_a_flag_has_three_values_and_absent_is_left_out(value: bool | None) -> None:
    shown = flags(Capabilities(can_remotely_lock=value))
    assert shown == ({} if value is None else {"can_remotely_lock": value})
    codes = flags(Capabilities(can_program_online_access_codes=value))
    wanted = {"can_program_online_access_codes": value, "can_unlock_with_code": value}
    assert codes == ({} if value is None else wanted)


def test_what_a_device_lacks_now_is_no_supported_capability() -> None:
    can = Capabilities(can_remotely_unlock=True, can_program_online_access_codes=False)
    wire = _wire(device(capabilities=can))
    assert wire["capabilities_supported"] == ["lock"]
    assert wire["can_program_online_access_codes"] is False
    assert wire["properties"]["online_access_codes_enabled"] is False
    assert "can_remotely_lock" not in wire


def test_what_an_offline_device_last_said_is_left_out() -> None:
    online = device()
    assert {"locked", "battery", "battery_level"} <= set(_wire(online)["properties"])
    offline = observed(online, look(is_online=False), LATER)
    wire = _wire(offline)
    assert wire["properties"]["online"] is False
    assert not {"locked", "battery", "battery_level", "door_open"} & set(wire["properties"])
    [error] = wire["errors"]
    assert (error["error_code"], error["is_device_error"]) == ("device_disconnected", True)
    assert error["created_at"] == "2026-07-01T12:05:00.000Z"


def test_an_error_keeps_its_time_while_it_lasts_and_goes_when_it_ends() -> None:
    offline = observed(device(), look(is_online=False), LATER)
    still = observed(offline, look(is_online=False), LATER + timedelta(hours=1))
    assert still.errors == offline.errors
    assert observed(still, look(), LATER).errors == ()
    problem = look(problems=(DeviceProblem("subscription_required", "pay"),))
    owing = observed(device(), problem, NOW)
    assert observed(owing, problem, LATER).errors == owing.errors
    assert observed(owing, look(), LATER).errors == ()


def test_a_lock_in_motion_keeps_its_last_state() -> None:
    assert observed(device(), look(is_locked=None, is_busy=True), LATER).properties["locked"] is True
    assert "locked" not in observed(device(), look(is_locked=None), LATER).properties


def test_the_stored_object_holds_no_clock_and_no_secret() -> None:
    assert _wire(device()) == _wire(observed(device(), look(), LATER + timedelta(days=9)))
    assert "token" not in str(_wire(device()))


def test_errors_of_the_account_are_copied_and_marked() -> None:
    cut_off, _ = account().disconnected(NOW)
    [error] = as_wire(device(), cut_off, "Acme", "c")["errors"]
    assert [error] == account_errors(cut_off)
    assert (error["is_connected_account_error"], error["is_device_error"]) == (True, False)


@pytest.mark.parametrize(
    ("level", "status"),
    [
        (0, "critical"),
        (0.09, "critical"),
        (0.1, "low"),
        (0.19, "low"),
        (0.2, "good"),
        (0.74, "good"),
        (1, "full"),
    ],
)
def test_battery_words(level: float, status: str) -> None:
    assert battery_status(level) == status


EVENTS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({}, {"is_online": False}, ["device.disconnected"]),
    ({"is_online": False}, {}, ["device.connected"]),
    ({"is_online": False}, {"is_online": False}, []),
    ({}, {"battery_level": 0.79}, []),
    ({}, {"battery_level": 0.5}, ["device.battery_status_changed"]),
    ({}, {"battery_level": 0.15}, ["device.battery_status_changed", "device.low_battery"]),
    ({"battery_level": 0.15}, {"battery_level": 0.05}, ["device.battery_status_changed"]),
    ({"battery_level": 0.15}, {"battery_level": 0.9}, ["device.battery_status_changed"]),
    ({}, {"battery_level": None}, []),
    ({}, {"name": "Back Door"}, []),
    ({}, {"is_locked": False}, []),
]


@pytest.mark.parametrize(("before", "after", "told"), EVENTS)
def test_the_events_between_two_looks(before: dict[str, Any], after: dict[str, Any], told: list[str]) -> None:
    was = device(**before)
    assert _types(was, observed(was, look(**after), LATER)) == told


def _with_keypad(is_connected: bool) -> dict[str, Any]:
    return {"properties": {"accessory_keypad": {"is_connected": is_connected}}}


def test_a_keypad_comes_and_goes() -> None:
    without, having = device(**_with_keypad(False)), device(**_with_keypad(True))
    assert _types(without, having) == ["device.accessory_keypad_connected"]
    assert _types(having, without) == ["device.accessory_keypad_disconnected"]
    assert _types(device(), having) == []


def test_a_subscription_lapses_and_is_paid() -> None:
    owing = observed(device(), look(problems=(DeviceProblem("subscription_required", "pay"),)), NOW)
    assert _types(device(), owing) == ["device.error.subscription_required"]
    assert _types(owing, owing) == []
    assert _types(owing, device()) == ["device.error.subscription_required.resolved"]


def test_new_and_removed_devices() -> None:
    assert _types(None, device()) == ["device.added", "device.connected"]
    assert _types(None, device(is_online=False)) == ["device.added"]
    gone = removed(device(), LATER)
    assert (gone.is_online, gone.removed_at) == (False, LATER)
    assert [error["error_code"] for error in gone.errors] == ["device_removed"]
    back = observed(gone, look(), LATER + timedelta(hours=1))
    assert (back.is_online, back.removed_at, back.errors) == (True, None, ())


def test_capabilities_survive_the_row() -> None:
    can = Capabilities(can_remotely_lock=False, code_lengths=(4, 6), code_constraints=("no_zeros",))
    stored = msgspec.json.encode(replace(device(), capabilities=can).capabilities)
    assert replace(device(), capabilities=msgspec.json.decode(stored, type=Capabilities)).can == can


def test_what_a_device_does_not_have_is_refused() -> None:
    refuse_without(device(), False, "lock")
    with pytest.raises(ApiError, match="Front Door cannot lock") as refused:
        refuse_without(device(), None, "lock")
    assert refused.value.error_type == "unsupported_device"


# --- warnings, and what the vendor has against the account --------------------------------------------------

OFFICE = DeviceWarning("acme_held_open", "held open")
PRIVACY = DeviceWarning("privacy_mode", "somebody is inside")


def test_a_warning_keeps_its_time_while_it_lasts_and_goes_when_it_ends() -> None:
    assert device().warnings == ()
    held = observed(device(), look(warnings=(OFFICE,)), NOW)
    [warning] = held.warnings
    assert (warning["warning_code"], warning["created_at"]) == (
        "acme_held_open",
        "2026-07-01T12:00:00.000Z",
    )
    both = observed(held, look(warnings=(PRIVACY, OFFICE)), LATER)
    assert {w["warning_code"]: w["created_at"] for w in both.warnings} == {
        "acme_held_open": "2026-07-01T12:00:00.000Z",
        "privacy_mode": "2026-07-01T12:05:00.000Z",
    }
    assert [w["warning_code"] for w in observed(both, look(warnings=(PRIVACY,)), LATER).warnings] == [
        "privacy_mode"
    ]
    assert observed(both, look(), LATER).warnings == ()
    again = observed(observed(both, look(), LATER), look(warnings=(OFFICE,)), LATER)
    assert again.warnings[0]["created_at"] == "2026-07-01T12:05:00.000Z", "a new one"


def test_a_warning_has_the_words_of_the_last_look_and_stands_on_the_wire() -> None:
    held = observed(device(), look(warnings=(OFFICE,)), NOW)
    reworded = observed(held, look(warnings=(replace(OFFICE, message="held open still"),)), LATER)
    [warning] = _wire(reworded)["warnings"]
    assert (warning["message"], warning["created_at"]) == ("held open still", "2026-07-01T12:00:00.000Z")
    assert _types(device(), held) == [], "no event of its own"
    offline = observed(held, look(is_online=False), LATER)
    assert offline.warnings == ()


FULL = AccountProblem("error", "acme_is_full", "full", {"acme_metadata": {"sites": []}})
SHORT = AccountProblem("warning", "acme_is_almost_full", "short")


def _codes(problems: Any, key: str) -> list[str]:
    return [problem[key] for problem in problems]


def test_problems_of_an_account_come_and_go_with_their_looks() -> None:
    full = account().observed([FULL, SHORT], NOW)
    [error], [warning] = full.errors, full.warnings
    assert error["error_code"] == "acme_is_full"
    assert error["is_connected_account_error"] is True
    assert error["acme_metadata"] == {"sites": []}
    assert warning["warning_code"] == "acme_is_almost_full"
    assert "is_connected_account_error" not in warning
    assert not full.is_disconnected
    short = full.observed([SHORT], LATER)
    assert (short.errors, short.warnings) == ((), full.warnings)
    assert short.observed([], LATER) == account()


def test_a_problem_of_an_account_keeps_its_time_and_takes_the_new_words() -> None:
    full = account().observed([FULL, SHORT], NOW)
    still = full.observed(
        [replace(FULL, message="full still", more={"acme_metadata": {"sites": [1]}}), SHORT], LATER
    )
    [error] = still.errors
    assert (error["message"], error["created_at"]) == ("full still", "2026-07-01T12:00:00.000Z")
    assert error["acme_metadata"] == {"sites": [1]}
    assert still.warnings == full.warnings
    assert full.observed([FULL, SHORT], LATER) == full, "nothing to store"


def test_a_dead_login_is_not_forgotten_by_a_look() -> None:
    cut_off, _ = account().observed([FULL], NOW).disconnected(LATER)
    assert _codes(cut_off.errors, "error_code") == [
        "acme_is_full",
        "account_disconnected",
    ]
    seen = cut_off.observed([], LATER)
    assert _codes(seen.errors, "error_code") == ["account_disconnected"]
    assert seen.is_disconnected
    assert seen.errors[0]["created_at"] == "2026-07-01T12:05:00.000Z"
    back = cut_off.reconnected(cut_off.credentials, LATER)
    assert _codes(back.errors, "error_code") == ["acme_is_full"], "until the next look"


def test_problems_of_the_account_stand_on_its_devices_and_the_one_is_not_the_other() -> None:
    full = account().observed([FULL, SHORT], NOW)
    wire = as_wire(device(), full, "Acme", "c")
    assert _codes(wire["errors"], "error_code") == ["acme_is_full"]
    assert wire["warnings"] == [], "warnings of the account are its own"
    error_and_warning = [FULL, replace(SHORT, code=FULL.code)]
    both = account().observed(error_and_warning, NOW)
    assert both.observed([error_and_warning[1]], LATER).errors == ()
    assert both.observed([error_and_warning[0]], LATER).warnings == ()


@pytest.mark.parametrize(
    ("ago", "is_due"), [(None, True), (0, False), (3599, False), (3600, True), (-1, True)]
)
def test_codes_are_looked_at_when_nobody_has_for_so_long(ago: float | None, is_due: bool) -> None:
    """A clock that was set back counts as long: the last look lies ahead."""
    looked_at = None if ago is None else NOW - timedelta(seconds=ago)
    one = replace(device(), looked_at=looked_at)
    assert is_look_due(one, timedelta(hours=1), NOW) is is_due
