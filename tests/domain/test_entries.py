"""The vendor's log is told exactly once, whenever its lines arrive and whatever a page shows of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.domain.access_codes import AccessCode
from ostiary.domain.action_attempts import ActionAttempt, requested
from ostiary.domain.entries import OVERLAP, EntryMark, attempt_behind, event_of
from ostiary.domain.provider import LogEntry, RecentEntries

from . import samples
from .samples import NOW

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def entry(name: str, at: datetime = NOW, **fields: Any) -> LogEntry:
    return replace(LogEntry(name, "d-1", at, "unlocked", "keycode"), **fields)


def first() -> EntryMark:
    return EntryMark.first(samples.device(), samples.account())


# --- the mark ------------------------------------------------------------------------------------------


def test_history_is_not_told() -> None:
    lines = [entry("new", NOW + SECOND), entry("at once", NOW), entry("old", NOW - SECOND)]
    assert [line.entry_id for line in first().news(lines)] == ["at once", "new"]


def test_a_login_that_reaches_further_begins_when_somebody_logged_in() -> None:
    again = samples.account(connected_at=NOW + MINUTE)
    assert EntryMark.first(samples.device(), again).since_at == NOW + MINUTE


def test_lines_without_a_meaning_and_lines_that_come_twice() -> None:
    lines = [entry("a", NOW + SECOND), entry("a", NOW + SECOND), entry("b", NOW + SECOND, kind=None)]
    assert [line.entry_id for line in first().news(lines)] == ["a"]


def test_lines_of_one_instant_are_told_in_the_order_of_the_log() -> None:
    lines = [entry("last", NOW + SECOND), entry("middle", NOW + SECOND), entry("first", NOW + SECOND)]
    assert [line.entry_id for line in first().news(lines)] == ["first", "middle", "last"]


@pytest.mark.parametrize(
    ("before", "after", "moves"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_the_mark_moves_to_the_reading_before_if_the_device_was_online_at_both(
    before: bool, after: bool, moves: bool
) -> None:
    one = first().after([], NOW + 10 * MINUTE, is_online=before)
    assert one.read_until == NOW, "the first reading proves nothing yet"
    two = one.after([], NOW + 20 * MINUTE, is_online=after)
    assert two.read_until == (NOW + 10 * MINUTE if moves else NOW)


def test_ids_are_remembered_as_long_as_a_reading_may_show_them() -> None:
    line = entry("a", NOW + SECOND)
    mark = first().after([line], NOW + MINUTE, is_online=True)
    assert mark.news([line]) == []
    for minutes in (30, 60):
        mark = mark.after([], NOW + minutes * MINUTE, is_online=True)
    assert mark.floor == NOW + 30 * MINUTE - OVERLAP
    assert (mark.told, mark.news([line])) == ({}, [])


def test_what_a_page_covers() -> None:
    mark = replace(first(), read_until=NOW + 30 * MINUTE)
    assert mark.is_covered_by(RecentEntries((), None))
    assert mark.is_covered_by(RecentEntries((), mark.floor - SECOND))
    assert not mark.is_covered_by(RecentEntries((), mark.floor)), "of that very instant there may be more"


@pytest.mark.parametrize(
    ("was_online", "is_online", "reaches", "is_shown", "alone"),
    [
        *((True, True, True, True, False), (True, True, False, False, True)),
        *((False, True, True, False, True), (False, True, False, False, True)),
        *((True, False, True, True, False), (True, False, False, False, True)),
        *((False, False, True, True, False), (False, False, False, False, False)),
        (False, False, False, True, True),
    ],
)
def test_when_a_device_is_read_by_itself(
    was_online: bool, is_online: bool, reaches: bool, is_shown: bool, alone: bool
) -> None:
    mark = first().after([], NOW + MINUTE, is_online=was_online)
    shown = [entry("a", NOW + SECOND)] if is_shown else []
    recent = RecentEntries(shown, mark.floor - SECOND if reaches else mark.floor)
    assert mark.must_read_alone(recent, shown, is_online=is_online) is alone


def test_a_new_device_has_not_come_back() -> None:
    assert not first().must_read_alone(RecentEntries((), None), (), is_online=True)


@given(
    made=st.lists(st.integers(1, 20_000), max_size=30),
    flips=st.lists(st.integers(1, 20_000), max_size=8, unique=True),
    late=st.integers(0, 60),
    polls=st.lists(st.integers(60, 3000), min_size=1, max_size=30),
    page=st.integers(1, 6),
)
def test_whatever_happens_each_line_is_told_once(
    made: list[int], flips: list[int], late: int, polls: list[int], page: int
) -> None:
    """
    A device goes and comes back, its lines reach the vendor when it is there, up to a minute later, and polls
    come as they come: the recent page is short, and a device is read by itself where that does not reach.
    """

    def is_online(second: int) -> bool:
        return sum(flip <= second for flip in flips) % 2 == 0

    def shown_from(second: int) -> int:
        return late + (second if is_online(second) else min((f for f in flips if f > second), default=20_001))

    log = [(at, shown_from(at), entry(str(n), NOW + at * SECOND)) for n, at in enumerate(made)]
    log.sort(key=lambda line: line[0], reverse=True)
    mark, told, second = first(), list[str](), 0
    if not is_online(20_000):
        flips.append(20_001)
    for wait in (*polls, 21_000, 700, 700):
        second += wait
        shown = [line for _, seen, line in log if seen <= second]
        dates = [line.occurred_at for line in shown[:page]]
        recent = RecentEntries(shown[:page], dates[-1] if len(shown) > page else None)
        alone = mark.must_read_alone(recent, recent.entries, is_online=is_online(second))
        news = mark.news(shown if alone else recent.entries)
        told += [line.entry_id for line in news]
        mark = mark.after(news, NOW + second * SECOND, is_online=is_online(second))
    assert sorted(told) == sorted(str(n) for n in range(len(made)))
    assert len(mark.told) <= sum(NOW + at * SECOND >= mark.floor for at in made)


# --- whose movement it was --------------------------------------------------------------------------------


def attempt(sent: float | None = 0.0, **changes: Any) -> ActionAttempt:
    made = requested("UNLOCK_DOOR", samples.device(), NOW, deadline_at=NOW + timedelta(seconds=30))
    sent_at = None if sent is None else NOW + sent * SECOND
    return replace(made, sent_at=sent_at, status="success", **changes)


def test_a_remote_movement_belongs_to_the_attempt_sent_nearest_to_it() -> None:
    one, two = attempt(0), attempt(40)
    line = entry("a", NOW + 42 * SECOND, method="remote")
    assert attempt_behind(line, [one, two]) == two
    assert attempt_behind(line, [one, replace(two, vendor_entry_id="b")]) == one


@pytest.mark.parametrize(
    ("line", "made"),
    [
        (entry("a", method="manual"), attempt()),
        (entry("a", method="remote", kind="locked"), attempt()),
        (entry("a", method="remote", kind="access_denied"), attempt()),
        (entry("a", method="remote"), attempt(None)),
        (entry("a", method="remote"), attempt(vendor_entry_id="b")),
        (entry("a", NOW + 3 * MINUTE, method="remote"), attempt()),
        (entry("a", NOW - 3 * MINUTE, method="remote"), attempt()),
    ],
)
def test_a_movement_that_is_not_ours(line: LogEntry, made: ActionAttempt) -> None:
    assert attempt_behind(line, [made]) is None


# --- the event --------------------------------------------------------------------------------------------


def known(**changes: Any) -> AccessCode:
    """A code that a look has confirmed as it is wished."""
    code = samples.code(pin="498882")
    fields: dict[str, Any] = {"confirmed_at": NOW, "confirmed_code_hash": code.code_hash, **changes}
    return replace(code, **fields)


def test_an_entry_with_a_code_of_ours() -> None:
    code = known()
    told = event_of(entry("a", NOW + SECOND), samples.device(), code, None, NOW + MINUTE).as_wire()
    assert told["event_type"] == "lock.unlocked"
    assert (told["method"], told["code"]) == ("keycode", "498882")
    assert (told["access_code_id"], told["access_code_is_managed"]) == (code.access_code_id, True)
    assert (told["occurred_at"], told["created_at"]) == (
        "2026-07-01T12:00:01.000Z",
        "2026-07-01T12:01:00.000Z",
    )


@pytest.mark.parametrize(
    "changes", [{"wished_at": NOW + MINUTE}, {"confirmed_code_hash": "x"}, {"confirmed_at": None}]
)
def test_a_pin_that_may_have_been_another_is_not_told(changes: dict[str, object]) -> None:
    told = event_of(entry("a", NOW + SECOND), samples.device(), known(**changes), None, NOW).as_wire()
    assert "code" not in told
    assert told["access_code_id"]


def test_an_entry_with_a_code_of_others_or_with_none() -> None:
    foreign = event_of(entry("a"), samples.device(), "theirs", None, NOW).as_wire()
    assert (foreign["access_code_id"], foreign["access_code_is_managed"]) == ("theirs", False)
    assert "code" not in foreign
    nobody = event_of(entry("a", method="manual"), samples.device(), None, None, NOW).as_wire()
    assert not {"access_code_id", "access_code_is_managed", "code"} & nobody.keys()


@pytest.mark.parametrize(
    ("reason", "used", "told"),
    [
        ("unknown_code", None, "unknown_code"),
        (None, None, "credential_error"),
        ("expired_code", None, "expired_code"),
        ("expired_code", samples.code(NOW - MINUTE, NOW), "expired_code"),
        ("expired_code", samples.code(NOW + MINUTE, NOW + 2 * MINUTE), "expired_code"),
        ("expired_code", samples.code(), "credential_error"),
    ],
)
def test_why_somebody_was_not_let_in(reason: str | None, used: AccessCode | None, told: str) -> None:
    line = entry("a", kind="access_denied", reason_code=reason)
    wire = event_of(line, samples.device(), used, None, NOW).as_wire()
    assert wire["event_type"] == "lock.access_denied"
    assert wire["reason"]["reason_code"] == told
    assert wire.get("access_code_id") == (used.access_code_id if used else None)
    assert not {"method", "code", "access_code_is_managed"} & wire.keys()
