"""What the wire says of a code, computed from its wish and from what the last look showed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ostiary.domain.access_codes import (
    MARK_ALPHABET,
    AccessCode,
    check_time_frame,
    mutations_requested,
    refuse_uncodable,
    rewished,
)
from ostiary.domain.errors import ApiError, InvalidInput
from ostiary.domain.pins import check_pin
from ostiary.domain.provider import Capabilities, DeviceProblem
from ostiary.domain.secrets import Secret

from .samples import CAN, NOW, account, code, device

HOUR = timedelta(hours=1)
NO_SCHEDULES = replace(CAN, has_native_scheduling=False)


def _confirmed(one: AccessCode) -> AccessCode:
    return replace(
        one,
        was_sent=True,
        vendor_code_id="v-1",
        vendor_name="Anna #abc234",
        confirmed_at=NOW,
        confirmed_name=one.name,
        confirmed_code=one.code,
        confirmed_code_hash=one.code_hash,
        confirmed_starts_at=one.starts_at,
        confirmed_ends_at=one.ends_at,
        confirmed_generation=one.generation,
    )


def _status(one: AccessCode, can: Capabilities = CAN, now: datetime = NOW) -> str:
    return one.status(can, now, is_view_stale=False)


def test_a_new_code_is_setting_until_a_look_confirms_it() -> None:
    assert _status(code()) == "setting"
    assert _status(replace(code(), was_sent=True)) == "setting", "an answer is no look"
    assert _status(replace(code(), was_sent=True, vendor_code_id="v-1")) == "setting"
    assert _status(_confirmed(code())) == "set"
    assert _confirmed(code()).status(CAN, NOW, is_view_stale=True) == "unknown"


def test_a_code_on_its_way_out_is_removing_until_it_is_off_the_lock() -> None:
    deleted = replace(_confirmed(code()), delete_requested_at=NOW)
    assert _status(deleted) == "removing"
    assert _status(replace(deleted, vendor_code_id=None)) == "removing", "nobody has looked yet"
    assert _status(replace(deleted, vendor_code_id=None, gone_at=NOW)) == "unset"
    assert _status(replace(code(), delete_requested_at=NOW)) == "unset", "it was never sent"
    ended = _confirmed(code(NOW, NOW + HOUR))
    assert _status(ended, now=NOW + HOUR) == "removing", "the end is not inside"
    assert _status(ended, now=NOW + HOUR - timedelta(milliseconds=1)) == "set"


@pytest.mark.parametrize(("can", "lead"), [(CAN, 72 * HOUR), (NO_SCHEDULES, HOUR)])
def test_programming_begins_ahead_of_the_start(can: Capabilities, lead: timedelta) -> None:
    starts_at = NOW + 100 * HOUR
    one = code(starts_at, starts_at + HOUR)
    assert one.programmed_from(can) == starts_at - lead
    assert not one.is_wanted(can, starts_at - lead - timedelta(milliseconds=1))
    assert one.is_wanted(can, starts_at - lead)
    assert not one.is_active(starts_at - lead)
    assert one.is_active(starts_at)
    assert not one.is_wanted(can, starts_at + HOUR)
    assert code().programmed_from(can) is None


def test_who_does_not_prefer_native_schedules_gets_none() -> None:
    one = code(NOW + 2 * HOUR, NOW + 3 * HOUR, native=False)
    assert one.programmed_from(CAN) == NOW + HOUR
    assert _status(one) == "unset"
    assert _status(one, now=NOW + HOUR) == "setting"
    assert _status(_confirmed(one), now=NOW + HOUR) == "set"
    preloaded = _confirmed(code(NOW + 2 * HOUR, NOW + 3 * HOUR))
    assert _status(preloaded) == "unset", "on the lock, which keeps it shut until its start"


def _mutations(one: AccessCode, now: datetime = NOW) -> list[str]:
    return [mutation["mutation_code"] for mutation in one.pending_mutations(CAN, now)]


def test_pending_mutations_name_what_the_lock_does_not_show() -> None:
    assert _mutations(code()) == ["creating"]
    assert _mutations(_confirmed(code())) == []
    assert _mutations(code(NOW + 80 * HOUR, NOW + 81 * HOUR)) == ["deferring_creation"]
    other = rewished(
        _confirmed(code()),
        NOW,
        name="Ben",
        code=Secret("5678"),
        code_hash="other",
        starts_at=NOW,
        ends_at=NOW + HOUR,
    )
    assert _mutations(other) == ["updating_name", "updating_code", "updating_time_frame"]
    assert _mutations(replace(other, delete_requested_at=NOW)) == ["deleting"]
    name, pin, frame = other.pending_mutations(CAN, NOW)
    assert (name["from"], name["to"]) == ({"name": "Anna"}, {"name": "Ben"})
    assert (pin["from"], pin["to"]) == ({"code": "1234"}, {"code": "5678"})
    assert frame["from"] == {"starts_at": None, "ends_at": None}
    assert frame["to"]["ends_at"] == "2026-07-01T13:00:00.000Z"


def test_the_event_of_a_wish_carries_no_pin() -> None:
    wished = rewished(_confirmed(code()), NOW, code=Secret("5678"), code_hash="other")
    told = mutations_requested(wished, CAN, NOW)
    assert told.payload == {"requested_mutations": [{"mutation_code": "updating_code"}]}
    assert "5678" not in repr(told)


def test_a_new_wish_is_tried_afresh() -> None:
    failed = replace(code(), attempts=7, retry_at=NOW + HOUR, refused_generation=1)
    again = rewished(failed, NOW + HOUR, name="Ben")
    assert (again.generation, again.attempts, again.retry_at) == (2, 0, None)
    assert again.refused_generation is None
    assert again.wished_at == NOW + HOUR
    assert again.mark == failed.mark


def test_the_wire_object() -> None:
    wire = _confirmed(code()).as_wire(device(), account(), NOW)
    assert (wire["type"], wire["status"], wire["code"]) == ("ongoing", "set", "1234")
    assert wire["appearance"] == {"name": "Anna #abc234"}
    assert "is_scheduled_on_device" not in wire
    bound = code(NOW, NOW + HOUR).as_wire(device(), account(), NOW)
    assert (bound["type"], bound["is_scheduled_on_device"]) == ("time_bound", False)
    assert bound["ends_at"] == "2026-07-01T13:00:00.000Z"
    waiting = replace(code(), code=None, code_hash=None).as_wire(device(), account(), NOW)
    assert waiting["is_waiting_for_code_assignment"] is True
    cut_off, _ = account().disconnected(NOW)
    stale = _confirmed(code()).as_wire(device(), cut_off, NOW)
    assert stale["status"] == "unknown"
    assert [error["error_code"] for error in stale["errors"]] == ["account_disconnected"]
    leaving = replace(code(), delete_requested_at=NOW).as_wire(device(), account(), NOW)
    assert [warning["warning_code"] for warning in leaving["warnings"]] == ["being_deleted"]


def test_marks_are_apart_and_plain() -> None:
    marks = {code().mark for _ in range(200)}
    assert len(marks) == 200
    assert all(len(mark) == 6 and set(mark) <= set(MARK_ALPHABET) for mark in marks)


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [
        (0, None, "Both starts_at and ends_at"),
        (None, 1, "Both starts_at and ends_at"),
        (1, 1, "ends_at must be after"),
        (2, 1, "ends_at must be after"),
        (-2, -1, "in the future"),
        (-2, 0, "in the future"),
    ],
)
def test_a_time_frame_that_makes_no_sense(starts: int | None, ends: int | None, words: str) -> None:
    starts_at, ends_at = (None if hours is None else NOW + hours * HOUR for hours in (starts, ends))
    with pytest.raises(InvalidInput, match=words):
        check_time_frame(starts_at, ends_at, NOW)


def test_time_frames_that_do() -> None:
    check_time_frame(None, None, NOW)
    check_time_frame(NOW - 5 * HOUR, NOW + HOUR, NOW)
    check_time_frame(NOW + HOUR, NOW + 2 * HOUR, NOW)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"capabilities": replace(CAN, can_program_online_access_codes=False)}, "no keypad connected"),
        ({"capabilities": replace(CAN, can_program_online_access_codes=None)}, "not made for access codes"),
        (
            {
                "capabilities": replace(CAN, can_program_online_access_codes=False),
                "problems": (DeviceProblem("subscription_required", "pay"),),
            },
            "active subscription",
        ),
    ],
)
def test_a_device_that_takes_no_codes_says_why(changes: dict[str, Any], words: str) -> None:
    one = device(**changes)
    with pytest.raises(ApiError, match=words):
        refuse_uncodable(one, one.can)


def test_being_offline_is_no_reason() -> None:
    offline = device(is_online=False)
    refuse_uncodable(offline, offline.can)


# --- vendors that choose the PIN ----------------------------------------------------------------------------

CHOOSING = replace(CAN, code_chosen_by="vendor", codes_are_readable=False)


def _without_pin(one: AccessCode) -> AccessCode:
    return replace(one, code=None, code_hash=None, confirmed_code_hash=None)


@pytest.mark.parametrize("chosen_by", ["caller", "vendor", "either"])
def test_a_code_whose_pin_nobody_knows_is_not_set(chosen_by: Any) -> None:
    can = replace(CHOOSING, code_chosen_by=chosen_by)
    assert can.vendor_may_choose is (chosen_by != "caller")
    assert _status(_confirmed(code()), can) == "set"
    assert _status(_without_pin(_confirmed(code())), can) == "setting"
    preloaded = _without_pin(_confirmed(code(NOW + HOUR, NOW + 2 * HOUR, native=False)))
    assert _status(preloaded, can) == "setting"
    wire = preloaded.as_wire(device(), account(), NOW)
    assert (wire["is_scheduled_on_device"], wire["code"]) == (False, None)
    assert wire["is_waiting_for_code_assignment"] is True


def test_a_code_that_is_gone_waits_for_no_pin() -> None:
    gone = replace(_without_pin(_confirmed(code())), gone_at=NOW)
    assert "is_waiting_for_code_assignment" not in gone.as_wire(device(), account(), NOW)
    told = replace(code(), is_code_from_vendor=True)
    assert "is_waiting_for_code_assignment" not in told.as_wire(device(), account(), NOW)


def test_a_pin_that_is_renewed_is_a_pending_mutation() -> None:
    [mutation] = _without_pin(_confirmed(code())).pending_mutations(CAN, NOW)
    assert mutation["mutation_code"] == "updating_code"
    assert (mutation["from"], mutation["to"]) == ({"code": "1234"}, {"code": None})


def test_a_pin_that_counts_no_more_and_is_the_same_is_no_mutation() -> None:
    """The planner lets go of the hash alone when it is not sure any more that the device has the PIN."""
    assert _mutations(replace(_confirmed(code()), confirmed_code_hash=None)) == []


def test_nobody_says_the_pin_where_the_vendor_chooses() -> None:
    with pytest.raises(ApiError, match="chooses its own codes") as refused:
        check_pin("1234", CHOOSING, device())
    assert refused.value.data == {"device_id": "device-1", "constraint_type": "cannot_specify_pin_code"}
    check_pin("1234", replace(CHOOSING, code_chosen_by="either"), device())


# --- schedules in wall-clock time -------------------------------------------------------------------------

FIRST = datetime(2026, 10, 25, 0, tzinfo=UTC)  # 02:00 in Berlin, and again an hour later
BERLIN = replace(CAN, wall_clock_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("can", "frame"),
    [
        (CAN, (FIRST + 1.5 * HOUR, FIRST + 2.5 * HOUR)),
        (replace(CAN, wall_clock_zone="UTC"), (FIRST + 1.5 * HOUR, FIRST + 2.5 * HOUR)),
        (BERLIN, (FIRST + 2 * HOUR, FIRST + 2.5 * HOUR)),
        (replace(BERLIN, has_native_scheduling=False), (None, None)),
    ],
)
def test_the_frame_on_the_device(can: Capabilities, frame: tuple[datetime | None, datetime | None]) -> None:
    one = code(FIRST + 1.5 * HOUR, FIRST + 2.5 * HOUR)
    assert one.frame_on_device(can) == frame
    assert replace(one, prefer_native_scheduling=False).frame_on_device(can) == (None, None)
    assert code().frame_on_device(can) == (None, None)


def test_start_and_end_are_moved_into_the_window_each_to_its_side() -> None:
    one = code(FIRST - HOUR, FIRST + 1.5 * HOUR)
    assert one.frame_on_device(BERLIN) == (FIRST - HOUR, FIRST)
    both = code(FIRST + 1.25 * HOUR, FIRST + 1.5 * HOUR)
    assert both.frame_on_device(BERLIN) == (FIRST + 2 * HOUR, FIRST), "nothing is left of it"
    assert (one.starts_at, one.ends_at) == (FIRST - HOUR, FIRST + 1.5 * HOUR), "the wish stays as it is"
