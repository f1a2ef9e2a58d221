"""Single stories of the planner with vendors that choose the PIN, tell it once and never show it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ostiary.domain import reconcile
from ostiary.domain.reconcile import Outcome
from ostiary.domain.secrets import Secret

from .model_checks import pins_in
from .model_vendor import ChoosingFateKind
from .model_wishes import pin_hash, vendor_name
from .planner_samples import (
    CAN,
    CHOOSING,
    MOMENT,
    ROLLOUT,
    SET,
    START,
    a_step,
    choosing,
    confirmed,
    entry_of,
    look_at,
    run,
    stands,
    told_code,
    types_of,
    vendor_of,
)
from .samples import code


def test_a_code_is_set_when_its_door_can_know_it_and_not_a_moment_before() -> None:
    one = told_code()
    early = look_at(one, [a_step(one, "set")], START + ROLLOUT - MOMENT)
    assert [change.events for change in early.changes] == [()]
    assert early.settled == (), "the step stays open"
    assert early.changes[0].code.confirmed_at is None
    now = look_at(one, [a_step(one, "set")], START + ROLLOUT)
    assert [step.outcome for step in now.settled] == ["seen"]
    assert [event.event_type for event in now.changes[0].events] == [SET]
    assert pins_in(now.changes[0].events[0].as_wire()) == ["800001"]


def test_a_code_is_setting_until_its_door_knows_it() -> None:
    engine = choosing()
    engine.create("Anna", None, None, True)
    run(engine, seconds=239)
    one = engine.codes["code-1"]
    assert one.code == Secret("800001"), "the wish shows what was told"
    assert one.status(engine.can, engine.now, is_view_stale=False) == "setting"
    assert not vendor_of(engine).opens("800001")
    assert SET not in types_of(engine)
    run(engine, seconds=2)
    assert engine.codes["code-1"].status(engine.can, engine.now, is_view_stale=False) == "set"
    assert vendor_of(engine).opens("800001")
    assert types_of(engine) == [SET]
    assert engine.vendor.writes == 1


def test_a_removal_is_told_when_the_door_has_forgotten_the_code() -> None:
    engine = choosing()
    engine.create("Anna", None, None, True)
    run(engine, minutes=10)
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    run(engine, seconds=239)
    assert engine.vendor.entries == {}, "the vendor's record"
    assert vendor_of(engine).opens("800001"), "the door"
    assert types_of(engine) == [SET]
    run(engine, seconds=2)
    assert not vendor_of(engine).opens("800001")
    assert types_of(engine)[1:] == ["access_code.removed_from_device", "access_code.deleted"]


@pytest.mark.parametrize("fate", ["unknown_done", "crash_after"])
def test_a_pin_whose_telling_was_lost_is_renewed(fate: ChoosingFateKind) -> None:
    engine = choosing((fate, 3.0))
    engine.create("Anna", None, None, True)
    run(engine, hours=1)
    assert engine.codes["code-1"].code == Secret("800002"), "800001 nobody knows"
    assert stands(engine)
    assert engine.vendor.writes == 2


@pytest.mark.parametrize("fate", ["partly", "unknown_partly", "crash_partly"])
def test_a_set_that_was_done_partly_is_completed_in_place(fate: ChoosingFateKind) -> None:
    engine = choosing((fate, 20.0))
    engine.create("Anna", None, None, True)
    run(engine, seconds=60)
    assert list(engine.vendor.entries) == ["v1"]
    assert SET not in types_of(engine)
    run(engine, hours=1)
    assert list(engine.vendor.entries) == ["v1"]
    assert stands(engine)
    assert engine.vendor.writes == 2


@pytest.mark.parametrize("changes", [{"is_exact": False}, {"is_busy": True}])
def test_an_entry_that_is_not_whole_confirms_nothing(changes: dict[str, Any]) -> None:
    one = told_code()
    [change] = look_at(one, [a_step(one, "set")], START + ROLLOUT, entry_of(one, **changes)).changes
    assert change.events == ()
    assert change.code.confirmed_at is None


def test_what_is_left_of_a_set_is_completed_without_waiting_for_the_door() -> None:
    one = replace(code(), code=None, code_hash=None)
    look = look_at(one, [a_step(one, "set", pin=None)], START, entry_of(one, is_exact=False))
    assert [step.outcome for step in look.settled] == ["seen"]
    is_busy = look_at(one, [a_step(one, "set", pin=None)], START, entry_of(one, is_exact=False, is_busy=True))
    assert is_busy.settled == (), "a write now would be refused"


def test_an_entry_without_a_known_pin_is_not_as_wished() -> None:
    one = replace(confirmed(told_code()), code=None, code_hash=None, confirmed_code_hash=None)
    wanted = reconcile.desired(one, CHOOSING, vendor_name(one), START)
    assert wanted is not None
    assert not reconcile.stands_as(one, entry_of(one), wanted, a_step(one, pin=None))


def test_a_code_without_a_pin_is_wanted_only_where_the_vendor_chooses() -> None:
    one = replace(code(), code=None, code_hash=None)
    assert reconcile.desired(one, CAN, "Anna", START) is None
    for chosen_by in ("vendor", "either"):
        wanted = reconcile.desired(one, replace(CAN, code_chosen_by=chosen_by), "Anna", START)
        assert wanted is not None
        assert (wanted.code, wanted.is_from_vendor) == (None, False)
    told = reconcile.desired(told_code(), CHOOSING, "Anna", START)
    assert told is not None
    assert (told.code, told.is_from_vendor) == (Secret("800001"), True), "it is to stay"


# --- what may have changed the PIN ------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["unknown_done", "crash_after", "ok"])
def test_a_pin_that_the_owner_took_away_is_renewed_and_told(fate: ChoosingFateKind) -> None:
    """Found by the properties: after a lost answer the old PIN was confirmed, and the door had another."""
    engine = choosing()
    engine.create("Anna", None, None, True)
    run(engine, minutes=10)
    engine.vendor.edit("v1", "pin", "", is_known=True)
    engine.vendor.add_foreign("Cleaner", "800001")  # so that the vendor must take another
    engine.vendor.fates.append((fate, 3.0))
    run(engine, hours=2)
    assert stands(engine)
    assert engine.codes["code-1"].code != Secret("800001")
    assert next(iter(engine.vendor.entries)) == "v1", "in place"
    assert types_of(engine).count(SET) == 2
    assert "access_code.code_changed" in types_of(engine)


def test_a_pin_that_stands_is_kept_when_the_owner_has_changed_something_else() -> None:
    engine = choosing()
    engine.create("Anna", None, None, True)
    run(engine, minutes=10)
    for what in ("limit", "disable", "rename", "window"):
        engine.vendor.edit("v1", what, "", is_known=True)
        run(engine, hours=1)
        assert stands(engine)
        assert engine.codes["code-1"].code == Secret("800001"), what
    assert "access_code.code_changed" not in types_of(engine)
    assert engine.vendor.writes == 5


@pytest.mark.parametrize("fate", ["unknown_done", "crash_after"])
def test_a_pin_goes_with_its_entry(fate: ChoosingFateKind) -> None:
    """Found by the properties: the PIN of the deleted entry was confirmed for the one made after it."""
    engine = choosing()
    engine.create("Anna", None, None, True)
    run(engine, minutes=10)
    engine.vendor.edit("v1", "delete", "", is_known=True)
    engine.vendor.add_foreign("Cleaner", "800001")
    engine.vendor.fates.append((fate, 3.0))
    run(engine, seconds=10)
    engine.wake()
    engine.look_wanted = True
    run(engine, seconds=1)
    assert engine.codes["code-1"].code is None, "nobody knows a PIN for it"
    run(engine, hours=2)
    assert stands(engine)


@pytest.mark.parametrize("fate", ["twice", "late"])
def test_of_two_entries_with_our_mark_one_is_left_and_its_pin_is_renewed(fate: ChoosingFateKind) -> None:
    """Found by the properties: the PIN of one was confirmed for the other."""
    engine = choosing((fate, 400.0))
    engine.create("Anna", None, None, True)
    run(engine, hours=3)
    assert stands(engine)
    pin = engine.codes["code-1"].code
    assert pin is not None
    assert vendor_of(engine).opens(pin.reveal())


def test_an_entry_that_may_be_of_an_earlier_set_gets_another_pin() -> None:
    """Found by the properties: what the second set was told was confirmed for the entry of the first."""
    engine = choosing(("late", 400.0), ("lost", 3.0), can=replace(CHOOSING, settles_within=90.0))
    engine.create("Anna", None, None, True)
    run(engine, hours=3)
    assert list(engine.vendor.entries) == ["v1"]
    assert stands(engine)


def test_a_told_pin_is_kept_when_something_else_of_its_write_was_lost() -> None:
    engine = choosing(("partly", 3.0), ("lost", 3.0))
    engine.create("Anna", None, (START, START + timedelta(hours=5)), True)
    run(engine, seconds=20)
    assert engine.codes["code-1"].code == Secret("800001")
    assert engine.vendor.entries["v1"].ends_at is None, "the window was lost"
    run(engine, hours=1)
    assert stands(engine)
    assert engine.codes["code-1"].code == Secret("800001")


@pytest.mark.parametrize("outcome", ["planned", "unknown", "accepted"])
def test_a_change_without_an_answer_proves_no_pin(outcome: Outcome) -> None:
    before = confirmed(told_code())
    after = replace(before, code=Secret("800002"), code_hash=pin_hash("800002"))
    step = a_step(after, outcome=outcome, pin="800002")
    [change] = look_at(after, [step], START + ROLLOUT).changes
    assert (change.code.confirmed_code == Secret("800002")) is (outcome == "accepted")


def test_a_removal_of_a_surplus_entry_proves_no_pin() -> None:
    """Found by the properties: the step carries the hash of the PIN that is wished, and was accepted."""
    wished = replace(confirmed(told_code()), code=Secret("2222"), code_hash=pin_hash("2222"), generation=2)
    step = replace(a_step(wished, "remove", pin="2222"), vendor_code_id="v2")
    look = look_at(wished, [step], START + ROLLOUT)
    assert [step.outcome for step in look.settled] == ["seen"]
    assert all(change.code.confirmed_generation == 1 for change in look.changes)


def test_a_pin_that_was_changed_and_changed_back_is_written() -> None:
    """Found by the properties: the confirmed one counted, though the device had the other by then."""
    either = replace(CHOOSING, code_chosen_by="either")
    engine = choosing(can=either)
    engine.create("Anna", "111111", None, True)
    run(engine, minutes=10)
    for pin in ("222222", "111111"):
        engine.rewish(engine.codes["code-1"], code=Secret(pin), code_hash=pin_hash(pin))
        run(engine, seconds=10)
    run(engine, hours=1)
    assert stands(engine)
    assert vendor_of(engine).opens("111111")
    assert engine.vendor.writes == 3


# --- PINs that are told ---------------------------------------------------------------------------------


def test_a_told_pin_is_kept_with_its_step() -> None:
    one = replace(code(), code=None, code_hash=None)
    step = a_step(one, "set", pin=None)
    after, answered = reconcile.pin_told(one, step, Secret("800001"), "h", START, is_taken=False)
    assert (after.code, after.code_hash, after.is_code_from_vendor) == (Secret("800001"), "h", True)
    assert answered.code_hash == "h"
    assert after.generation == one.generation


def test_a_told_pin_that_another_code_has_is_not_kept_and_asked_for_again_after_a_pause() -> None:
    one = replace(code(), code=None, code_hash=None)
    after, answered = reconcile.pin_told(
        one, a_step(one, "set", pin=None), Secret("800001"), "h", START, is_taken=True
    )
    assert (after.code, after.code_hash, answered.code_hash) == (None, None, None)
    assert after.retry_at is not None
    assert after.retry_at > START
    known = confirmed(told_code())
    after, answered = reconcile.pin_told(known, a_step(known), Secret("800002"), "h", START, is_taken=True)
    assert (after.code, answered.code_hash) == (None, None), "the one that it had is gone as well"
    assert after.status(CHOOSING, START, is_view_stale=False) == "setting"


def test_a_pin_that_was_wished_for_meanwhile_is_not_overwritten() -> None:
    before = replace(code(), code=None, code_hash=None)
    wished = replace(before, code=Secret("2222"), code_hash=pin_hash("2222"), generation=2)
    for is_taken in (False, True):
        after, answered = reconcile.pin_told(
            wished, a_step(before, "set", pin=None), Secret("800001"), "h", START, is_taken=is_taken
        )
        assert after == wished
        assert answered.code_hash != wished.code_hash
    gone = replace(before, gone_at=START)
    step = a_step(before, "set", pin=None)
    assert reconcile.pin_told(gone, step, Secret("800001"), "h", START, is_taken=False)[0] == gone


def test_two_codes_do_not_get_the_same_pin() -> None:
    """The vendor gives away again what is free in its record, and our other code still holds it."""
    engine = choosing()
    engine.create("Anna", None, None, True)
    run(engine, minutes=10)
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    run(engine, seconds=20)
    engine.create("Ben", None, None, True)
    run(engine, seconds=20)
    assert engine.codes["code-1"].gone_at is None
    assert engine.codes["code-2"].code_hash != engine.codes["code-1"].code_hash
    run(engine, hours=1)
    assert stands(engine, "code-2")
    assert engine.vendor.writes <= 6


def test_a_pin_that_was_never_confirmed_is_told_by_no_event() -> None:
    engine = choosing()
    engine.create("Anna", None, None, True)
    run(engine, seconds=60)
    one = engine.codes["code-1"]
    assert one.code == Secret("800001")
    over = replace(one, delete_requested_at=engine.now, vendor_code_id=None)
    observation = reconcile.observe([over], [], [], CHOOSING, {"code-1": "Anna"}, engine.now)
    [change] = observation.changes
    assert [event.event_type for event in change.events] == ["access_code.deleted"]
    assert pins_in(change.events[0].as_wire()) == [None]
    known = replace(over, confirmed_code=Secret("800009"))
    [change] = reconcile.observe([known], [], [], CHOOSING, {"code-1": "Anna"}, engine.now).changes
    assert pins_in(change.events[0].as_wire()) == ["800009"]


def test_a_callers_pin_is_told_when_its_code_is_deleted_confirmed_or_not() -> None:
    over = replace(code(), delete_requested_at=START, was_sent=True)
    [change] = reconcile.observe([over], [], [], CAN, {over.access_code_id: "Anna"}, START).changes
    assert pins_in(change.events[0].as_wire()) == ["1234"]
