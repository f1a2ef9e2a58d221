"""What may be wished as a weekly window, and that nothing about one is ever lost or widened on its way."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.domain import conversion, reconcile, unmanaged_codes
from ostiary.domain.access_codes import AccessCode, rewished
from ostiary.domain.errors import ApiError, InvalidInput
from ostiary.domain.provider import ObservedCode
from ostiary.domain.reconcile import Seen
from ostiary.domain.rehearsal import differences
from ostiary.domain.secrets import Secret
from ostiary.domain.unmanaged_codes import UnmanagedCode
from ostiary.domain.weekly_windows import DAY, WEEKDAYS, WeeklyWindow, refuse_unkept, wished

from .samples import CAN, NOW, account, code, device

OFFICE = WeeklyWindow((0, 1, 2, 3, 4), 8 * 60, 17 * 60 + 30)
WEEKEND = WeeklyWindow((5, 6), 0, DAY)
LATER = NOW + timedelta(days=3)
PIN, HASH = Secret("1234"), "hash of 1234"


# --- wishes --------------------------------------------------------------------------------------------


@given(st.permutations(WEEKDAYS), st.integers(1, 7), st.integers(0, DAY - 1), st.integers(0, DAY - 1))
def test_a_wish_reads_as_it_was_written(days: list[Any], count: int, one: int, other: int) -> None:
    if one == other:
        return
    begins, ends = (f"{minute // 60:02}:{minute % 60:02}" for minute in sorted((one, other)))
    window = wished(days[:count], begins, ends)
    wire = window.as_wire()
    assert wire == {"weekdays": sorted(days[:count], key=WEEKDAYS.index), "from": begins, "until": ends}
    assert wished(wire["weekdays"], wire["from"], wire["until"]) == window
    assert msgspec.json.decode(msgspec.json.encode(window), type=WeeklyWindow) == window


def test_whole_days_end_at_twenty_four() -> None:
    assert wished(["sunday", "saturday"], "00:00", "24:00") == WEEKEND
    assert WEEKEND.as_wire() == {"weekdays": ["saturday", "sunday"], "from": "00:00", "until": "24:00"}
    assert str(OFFICE) == "monday, tuesday, wednesday, thursday, friday 08:00-17:30"


@pytest.mark.parametrize(
    ("weekdays", "begins", "ends", "path", "words"),
    [
        ([], "08:00", "09:00", "weekdays", "At least one"),
        (["monday", "friday", "monday"], "08:00", "09:00", "weekdays", "only once"),
        (["monday"], "08:00", "08:00", "until", "a whole day is 00:00 to 24:00"),
        (["monday"], "00:00", "00:00", "until", "a whole day is 00:00 to 24:00"),
        (["monday"], "22:00", "02:00", "until", "over midnight is not known"),
        (["monday"], "08:01", "08:00", "until", "over midnight is not known"),
        (["monday"], "18:00", "24:00", "until", "24:00 ends whole days only"),
        (list(WEEKDAYS), "00:00", "24:00", None, "no limit"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(
    weekdays: list[Any], begins: str, ends: str, path: str | None, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        wished(weekdays, begins, ends)
    assert words in caught.value.message
    field = "ostiary_weekly_window" + (f".{path}" if path else "")
    assert caught.value.message.endswith(f'for "{field}"')


@pytest.mark.parametrize(
    ("keeps", "zone", "words"),
    [
        (False, "Europe/Berlin", "cannot keep"),
        (True, None, "zone is not known"),
        (False, None, "cannot keep"),
    ],
)
def test_a_lock_that_cannot_is_named(keeps: bool, zone: str | None, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        refuse_unkept("Front Door", zone, keeps_weekly_windows=keeps)
    assert caught.value.message.startswith("Front Door")
    assert caught.value.message.endswith('for "ostiary_weekly_window"')
    refuse_unkept("Front Door", "Europe/Berlin", keeps_weekly_windows=True)


# --- from a wish to the lock ------------------------------------------------------------------------------


def _names(one: AccessCode) -> dict[str, str]:
    return {one.access_code_id: f"Anna #{one.mark}"}


def _entry(one: AccessCode, weekly: WeeklyWindow | None, **changes: Any) -> Seen:
    fields: dict[str, Any] = {"mark": one.mark, "weekly": weekly, **changes}
    return Seen(ObservedCode("v1", f"Anna #{one.mark}", PIN, **fields), HASH)


def _after_look(one: AccessCode, item: Seen) -> tuple[AccessCode, list[Any]]:
    [change] = reconcile.observe([one], [], [item], CAN, _names(one), NOW).changes
    return change.code, list(change.events)


def _next_writes(one: AccessCode, item: Seen) -> list[Any]:
    steps = reconcile.plan([one], [], [item], CAN, _names(one), NOW).steps
    return [(step.kind, step.vendor_code_id, step.wanted and step.wanted.weekly) for step in steps]


def _on_lock(weekly: WeeklyWindow | None = OFFICE, **changes: Any) -> AccessCode:
    one = replace(code(**changes), weekly_window=weekly)
    after, _ = _after_look(one, _entry(one, weekly, starts_at=one.starts_at, ends_at=one.ends_at))
    assert after.is_as_wished
    return after


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("times", [(None, None), (NOW, LATER)])
def test_the_lock_keeps_it_whether_or_not_it_keeps_the_times(native: bool, times: Any) -> None:
    """What is put there just before its start, without times, still opens in its weekly window only."""
    one = replace(code(*times, native=native), weekly_window=OFFICE)
    wanted = reconcile.desired(one, CAN, "Anna", NOW)
    assert wanted is not None
    assert wanted.weekly == OFFICE
    assert (wanted.starts_at, wanted.ends_at) == (times if native else (None, None))


@pytest.mark.parametrize(
    ("shown", "is_exact"), [(None, True), (WEEKEND, True), (OFFICE, False), (None, False)]
)
def test_only_the_window_that_is_wished_confirms_a_code(shown: WeeklyWindow | None, is_exact: bool) -> None:
    one = replace(code(), weekly_window=OFFICE)
    item = _entry(one, shown, is_exact=is_exact)
    after, events = _after_look(one, item)
    assert (after.confirmed_at, events) == (None, [])
    assert _next_writes(after, item) == [("change", "v1", OFFICE)]


@pytest.mark.parametrize("wish", [WEEKEND, None])
def test_another_window_is_a_change_in_place_and_is_told_once(wish: WeeklyWindow | None) -> None:
    """Start and end stand on both sides of the mutation, and beside them what does change."""
    before = _on_lock()
    assert before.pending_mutations(CAN, NOW) == []
    one = rewished(before, NOW, weekly_window=wish)
    wire = None if wish is None else wish.as_wire()
    frame = {"starts_at": None, "ends_at": None}
    [mutation] = one.pending_mutations(CAN, NOW)
    assert mutation["mutation_code"] == "updating_time_frame"
    assert mutation["from"] == {**frame, "ostiary_weekly_window": OFFICE.as_wire()}
    assert mutation["to"] == {**frame, "ostiary_weekly_window": wire}
    assert _next_writes(one, _entry(one, OFFICE)) == [("change", "v1", wish)]
    after, events = _after_look(one, _entry(one, wish))
    [event] = [event for event in events if event.event_type == "access_code.time_frame_changed"]
    assert event.payload["to"]["ostiary_weekly_window"] == wire
    assert (after.confirmed_weekly_window, after.pending_mutations(CAN, NOW)) == (wish, [])
    assert _next_writes(after, _entry(one, wish)) == []


def test_other_changes_of_the_time_frame_say_nothing_of_the_window() -> None:
    one = rewished(_on_lock(), NOW, starts_at=NOW, ends_at=LATER)
    [mutation] = one.pending_mutations(CAN, NOW)
    assert set(mutation["from"]) == set(mutation["to"]) == {"starts_at", "ends_at"}


@pytest.mark.parametrize(
    ("shown", "is_exact", "told"),
    [(None, True, None), (None, False, None), (WEEKEND, True, "saturday, sunday 00:00-24:00")],
)
def test_what_somebody_changes_about_it_is_told_and_brought_back(
    shown: WeeklyWindow | None, is_exact: bool, told: str | None
) -> None:
    one = _on_lock()
    item = _entry(one, shown, is_exact=is_exact)
    after, events = _after_look(one, item)
    assert [event.event_type for event in events] == ["access_code.modified_external_to_seam"]
    [error] = after.errors
    assert error["modified_fields"] == [{"field": "ostiary_weekly_window", "from": str(OFFICE), "to": told}]
    assert _next_writes(after, item) == [("change", "v1", OFFICE)]
    again, events = _after_look(after, _entry(one, OFFICE))
    assert again.errors == ()


def test_a_plan_names_what_differs() -> None:
    one = _on_lock()
    wanted = reconcile.desired(one, CAN, f"Anna #{one.mark}", NOW)
    assert differences(one, _entry(one, OFFICE).entry, wanted) == ()
    assert differences(one, _entry(one, None).entry, wanted) == ("weekly_window",)


def test_only_codes_that_have_one_show_it() -> None:
    assert "ostiary_weekly_window" not in code().as_wire(device(), account(), NOW)
    wire = _on_lock().as_wire(device(), account(), NOW)
    assert (wire["ostiary_weekly_window"], wire["status"]) == (OFFICE.as_wire(), "set")


# --- codes of others ----------------------------------------------------------------------------------------


def _theirs(now: datetime = NOW, **shown: Any) -> UnmanagedCode:
    """What a look shows of somebody else's entry."""
    item = Seen(ObservedCode("v1", "Cleaner", PIN, **{"weekly": OFFICE, **shown}), HASH)
    [found] = unmanaged_codes.observe([], [item], device(), now).appeared
    again = unmanaged_codes.observe([found], [item], device(), now)
    assert again.changed == ()
    return found


@pytest.mark.parametrize("times", [(None, None), (NOW, LATER)])
def test_who_takes_a_code_over_keeps_its_window(times: Any) -> None:
    """There is no moment at which more is wished than its owner meant, and none is handed back with less."""
    theirs = _theirs(starts_at=times[0], ends_at=times[1])
    assert unmanaged_codes.unmanageable(theirs) is None
    ours = conversion.taken_over(theirs, None, device(), NOW, is_external_modification_allowed=False)
    wanted = reconcile.desired(ours, CAN, "Cleaner", NOW)
    assert wanted is not None
    assert (wanted.weekly, wanted.starts_at, wanted.ends_at) == (OFFICE, *times)
    assert ours.confirmed_weekly_window == OFFICE
    assert conversion.handed_over(ours, CAN).weekly_window == OFFICE


@pytest.mark.parametrize("starts_in", [timedelta(0), timedelta(seconds=1)])
def test_a_start_alone_counts_until_it_is_past(starts_in: timedelta) -> None:
    """A managed code has two ends or none: before that start it would open, so it is not taken over yet."""
    theirs = _theirs(starts_at=NOW + starts_in)
    assert (theirs.starts_at, theirs.ends_at) == (None, None)
    if not starts_in:
        assert (theirs.weekly_window, unmanaged_codes.unmanageable(theirs)) == (OFFICE, None)
        return
    assert theirs.weekly_window is None
    with pytest.raises(ApiError, match="limited in a way"):
        conversion.refuse(theirs, (), device(), NOW)
    after = _theirs(NOW + starts_in, starts_at=NOW + starts_in)
    conversion.refuse(after, (), device(), NOW + starts_in)


def test_what_nobody_here_can_express_is_never_taken_over() -> None:
    theirs = _theirs(weekly=None, is_exact=False, starts_at=NOW, ends_at=LATER)
    with pytest.raises(ApiError) as caught:
        conversion.refuse(theirs, (), device(), NOW)
    assert caught.value.error_type == "access_code_cannot_be_managed"
