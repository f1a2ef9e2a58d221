"""When the planner looks at a lock again, and what waits for its door."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ostiary.domain import reconcile
from ostiary.domain.reconcile import Outcome
from ostiary.domain.secrets import Secret

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
)
from .samples import code


def test_what_came_about_during_a_tick_brings_another_at_once() -> None:
    """A tick begins with what time has changed, and may be long; nothing else would bring the lock again."""
    far = code(START + timedelta(days=30), START + timedelta(days=31))
    assert reconcile.due([far], [], CAN, START) == far.programmed_from(CAN)
    assert reconcile.due([replace(far, delete_requested_at=START)], [], CAN, START) == START
    on_lock = replace(
        code(START, START + timedelta(days=1)),
        was_sent=True,
        vendor_code_id="v1",
        confirmed_at=START - MOMENT,
        confirmed_generation=1,
        announced="scheduled",
    )
    assert reconcile.due([on_lock], [], CAN, START) == START, "it is active now, and that is told"
    assert reconcile.due([replace(on_lock, announced="set")], [], CAN, START) == on_lock.ends_at


def test_what_is_seen_and_answered_is_looked_at_again_when_the_door_can_know_it() -> None:
    met, at = replace(told_code(), vendor_code_id="v1"), START + timedelta(seconds=2)
    assert reconcile.due([met], [a_step(met, "set")], CHOOSING, at) == START + ROLLOUT
    young = reconcile.due([met], [a_step(met, "set")], CHOOSING, at - MOMENT)
    assert young == at - MOMENT + timedelta(seconds=0.4), "a door that answers at once"
    late = START + ROLLOUT - timedelta(seconds=1)
    step = replace(a_step(met), planned_at=late - timedelta(seconds=30))
    assert reconcile.due([met], [step], CHOOSING, late) == late + timedelta(seconds=3), "not before the next"


@pytest.mark.parametrize(
    ("is_met", "outcome", "pin"),
    [(False, "accepted", "800001"), (True, "accepted", None), (True, "unknown", "800001")],
)
def test_what_may_have_to_be_completed_is_looked_at_soon(
    is_met: bool, outcome: Outcome, pin: str | None
) -> None:
    one, at = replace(told_code(), vendor_code_id="v1" if is_met else None), START + timedelta(seconds=5)
    due = reconcile.due([one], [a_step(one, "set", outcome, pin)], CHOOSING, at)
    assert due == at + timedelta(seconds=1)


def test_a_removal_waits_for_the_door() -> None:
    one, at = replace(told_code(), delete_requested_at=START), START + timedelta(seconds=5)
    assert reconcile.due([one], [a_step(one, "remove")], CHOOSING, at) == START + ROLLOUT


def test_a_deletion_does_not_wait_for_the_rollout_of_a_change() -> None:
    """Where PINs cannot be read, a change that nobody waits for any more was called lost in the end."""
    engine = choosing()
    engine.create("Anna", None, None, True)
    run(engine, minutes=10)
    engine.rewish(engine.codes["code-1"], name="Ben")
    run(engine, seconds=10)
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    run(engine, seconds=10)
    assert engine.vendor.entries == {}
    run(engine, hours=1)
    assert not [event_type for event_type in types_of(engine) if "failed" in event_type]


@pytest.mark.parametrize("outcome", ["planned", "unknown"])
def test_a_change_without_an_answer_is_waited_for_though_the_wish_is_another(outcome: Outcome) -> None:
    """It may land after the next write, and bring another PIN with it."""
    before = confirmed(told_code())
    step = a_step(before, outcome=outcome)
    for wished in (
        replace(before, name="Ben", generation=2),
        replace(before, code=None, code_hash=None, confirmed_code_hash=None),
        replace(before, delete_requested_at=START, generation=2),
    ):
        assert look_at(wished, [step], step.wait_until - MOMENT, entry_of(before)).settled == ()
        [lost] = look_at(wished, [step], step.wait_until, entry_of(before)).settled
        assert lost.outcome == "lost"
        [seen] = look_at(wished, [replace(step, outcome="accepted")], START, entry_of(before)).settled
        assert seen.outcome == "seen"


def test_wishes_that_follow_upon_each_other_are_written_without_waiting_for_the_door() -> None:
    engine = choosing()
    engine.create("Anna", None, None, True)
    for name in ("Ben", "Cid"):
        run(engine, seconds=10)
        engine.rewish(engine.codes["code-1"], name=name)
    run(engine, seconds=10)
    assert engine.vendor.entries["v1"].name.startswith("Cid")
    assert SET not in types_of(engine)
    run(engine, hours=1)
    assert stands(engine)
    assert types_of(engine) == [SET]
    assert engine.codes["code-1"].code == Secret("800001")
