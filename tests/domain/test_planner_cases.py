"""Single stories of the planner: known pains, and what the properties have found."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ostiary.domain import reconcile
from ostiary.domain.provider import ObservedCode
from ostiary.domain.reconcile import Seen
from ostiary.domain.secrets import Secret

from .model_checks import ON_DEVICE
from .model_vendor import Entry
from .model_wishes import pin_hash, vendor_name
from .planner_samples import (
    CAN,
    CHOOSING,
    ROLLOUT,
    SET,
    START,
    a_step,
    an_engine,
    choosing,
    look_at,
    pins_on,
    run,
    stands,
    told_code,
    types_of,
)
from .samples import code


@pytest.mark.parametrize("keeps_pins_unique", [True, False])
def test_a_pin_that_somebody_else_has_blocks_one_code_and_no_other(keeps_pins_unique: bool) -> None:
    engine = an_engine(keeps_pins_unique=keeps_pins_unique)
    engine.vendor.add_foreign("Cleaner", "222222")
    for pin in ("111111", "222222", "333333"):
        engine.create("Anna", pin, None, True)
    run(engine, seconds=10)
    assert pins_on(engine) == ["111111", "222222", "333333"], "in the same pass"
    blocked = engine.codes["code-2"]
    assert [str(error["error_code"]) for error in blocked.errors] == [
        "failed_to_set_on_device",
        "duplicate_code_on_device",
    ]
    assert not blocked.is_on_lock
    run(engine, hours=24)
    assert engine.vendor.writes == 2, "a clash is not written again and again"
    del engine.vendor.entries["v1"]
    run(engine, hours=1)
    assert engine.codes["code-2"].is_as_wished
    assert engine.codes["code-2"].errors == ()


def test_a_write_that_lands_after_everybody_gave_it_up_is_removed() -> None:
    engine = an_engine(("late", 900.0))
    engine.create("Anna", "111111", None, True)
    run(engine, seconds=30)
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    run(engine, seconds=300)
    assert engine.codes["code-1"].gone_at is not None
    engine.vendor.pass_time(START + timedelta(seconds=901))
    assert pins_on(engine) == ["111111"], "the ghost"
    run(engine, hours=1)
    assert pins_on(engine) == []
    types = [told.event_type for told in engine.told["code-1"]]
    assert types.count("access_code.deleted") == 1


def test_an_announcement_waits_for_the_window_that_was_asked_for() -> None:
    """Found by the properties: a code preloaded for later, moved to now, was told as set before it was."""
    engine = an_engine()
    engine.create("Anna", "111111", (START + timedelta(hours=1), START + timedelta(hours=3)), True)
    run(engine, seconds=30)
    assert engine.codes["code-1"].announced == "scheduled"
    engine.vendor.fates.append(("late", 40.0))
    engine.rewish(engine.codes["code-1"], starts_at=engine.now, ends_at=engine.now + timedelta(hours=1))
    run(engine, seconds=20)
    assert [told.event_type for told in engine.told["code-1"]] == ["access_code.scheduled_on_device"]
    run(engine, seconds=60)
    assert engine.told["code-1"][-1].event_type == "access_code.set_on_device"


def test_a_code_that_was_sent_once_and_waits_for_its_day_is_not_looked_for() -> None:
    """Found by the properties: it was looked for every two seconds until its start."""
    engine = an_engine(("refused_for_good", 0.0))
    engine.create("Anna", "111111", None, False)
    run(engine, seconds=30)
    start = engine.now + timedelta(hours=80)
    engine.rewish(engine.codes["code-1"], starts_at=start, ends_at=start + timedelta(hours=1))
    ticks = engine.ticks
    engine.jump_to(engine.now + timedelta(hours=40))
    assert engine.ticks - ticks < 10


def test_a_code_that_is_taken_off_for_later_is_told_as_removed() -> None:
    """Found by the properties: `set_on_device` was told twice, and nothing in between."""
    engine = an_engine()
    engine.create("Anna", "111111", None, False)
    run(engine, seconds=30)
    start = engine.now + timedelta(hours=80)
    engine.rewish(engine.codes["code-1"], starts_at=start, ends_at=start + timedelta(hours=1))
    run(engine, hours=1)
    assert pins_on(engine) == []
    assert engine.told["code-1"][-1].event_type == "access_code.removed_from_device"
    engine.jump_to(start)
    assert engine.told["code-1"][-1].event_type == "access_code.set_on_device"


def test_a_change_is_made_once_though_the_vendor_shows_the_old_code_for_a_while() -> None:
    engine = an_engine()
    engine.vendor.shows_busy = False
    engine.create("Anna", "111111", None, True)
    run(engine, seconds=30)
    engine.rewish(engine.codes["code-1"], name="Ben")
    run(engine, seconds=60)
    assert engine.vendor.writes == 2
    assert engine.codes["code-1"].is_as_wished


def test_a_lost_write_is_repeated_only_after_the_vendor_has_read_the_lock_anew() -> None:
    """It may stand on the lock, and only the vendor's record not know of it."""
    engine = an_engine(("lost", 0.0))
    engine.create("Anna", "111111", None, True)
    run(engine, seconds=59)
    assert (engine.vendor.writes, engine.vendor.syncs) == (1, 0), "it may still come"
    run(engine, seconds=5)
    assert (engine.vendor.writes, engine.vendor.syncs) == (1, 1)
    run(engine, seconds=60)
    assert (engine.vendor.writes, engine.vendor.syncs) == (2, 1)
    assert engine.codes["code-1"].is_as_wished


# --- found by the properties --------------------------------------------------------------------------


def test_a_write_that_lands_after_its_pin_was_changed_is_removed() -> None:
    """A guest's old PIN opens the door for ever. `attribute` needs the hashes of settled steps as well."""
    engine = an_engine(("late", 200.0))
    engine.create("Anna", "111111", None, True)
    run(engine, seconds=62)  # the first write is given up
    engine.rewish(engine.codes["code-1"], code=Secret("222222"), code_hash=pin_hash("222222"))
    run(engine, hours=2)
    assert pins_on(engine) == ["222222"]


def test_pins_that_were_swapped_by_the_owner_are_put_right_or_told() -> None:
    engine = an_engine()
    for pin in ("111111", "222222"):
        engine.create("Anna", pin, None, True)
    run(engine, seconds=30)
    one, two = engine.vendor.entries.values()
    engine.vendor.entries = {e.vendor_code_id: e for e in (_with(one, two.pin), _with(two, one.pin))}
    run(engine, hours=2)
    told = {str(error["error_code"]) for c in engine.codes.values() for error in c.errors}
    assert all(c.errors == () for c in engine.codes.values()) or "duplicate_code_on_device" in told


def _with(entry: Entry, pin: str) -> Entry:
    return replace(entry, pin=pin)


def test_a_new_pin_is_written_where_pins_cannot_be_read() -> None:
    before = replace(
        code(pin="111111"),
        vendor_code_id="v1",
        confirmed_at=START,
        confirmed_code_hash=pin_hash("111111"),
        confirmed_name="Anna",
        confirmed_generation=1,
        was_sent=True,
    )
    wished = replace(before, code=Secret("222222"), code_hash=pin_hash("222222"), generation=2)
    names = {wished.access_code_id: vendor_name(wished)}
    seen = [Seen(ObservedCode("v1", vendor_name(wished), None, mark=wished.mark), None)]
    can = replace(CAN, codes_are_readable=False)
    observation = reconcile.observe([wished], [], seen, can, names, START)
    after = observation.changes[0].code if observation.changes else wished
    planned = reconcile.plan([after], [], seen, can, names, START)
    assert not after.is_as_wished
    assert [step.kind for step in planned.steps] == ["change"]


# --- errors ------------------------------------------------------------------------------------------------


def test_a_confirmation_clears_every_error_whatever_it_is_called() -> None:
    words = ("failed_to_set_on_device", "acme_is_full", "of_tomorrow")
    errors = tuple({"error_code": word, "message": "", "created_at": ""} for word in words)
    one = replace(told_code(), errors=errors)
    [change] = look_at(one, [a_step(one)], START + ROLLOUT).changes
    assert change.code.confirmed_at is not None
    assert change.code.errors == ()


def test_a_clash_with_a_code_of_our_own_that_was_not_listed_yet_is_no_reason_to_give_up() -> None:
    """Found by the properties: it stood there, refused for good as a duplicate of itself."""
    engine = choosing(("late", 900.0), can=replace(CHOOSING, code_chosen_by="either"))
    engine.create("Anna", "111111", None, True)
    run(engine, minutes=14)
    one = engine.codes["code-1"]
    assert one.refused_generation == one.generation
    run(engine, hours=1)
    assert stands(engine)


def test_a_full_lock_waits_for_room() -> None:
    engine = choosing(room=1)
    for name in ("Anna", "Ben"):
        engine.create(name, None, None, True)
        run(engine, minutes=10)
    assert "no_space_for_access_code_on_device" in [
        error["error_code"] for error in engine.codes["code-2"].errors
    ]
    assert engine.vendor.writes == 1
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    run(engine, hours=1)
    assert stands(engine, "code-2")
    assert [event for event in types_of(engine, "code-2") if event in ON_DEVICE] == [SET]
