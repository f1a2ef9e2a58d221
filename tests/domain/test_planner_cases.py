"""Single stories of the planner: known pains, and gaps that are still open."""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ostiary.domain import reconcile
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.provider import Capabilities, ObservedCode
from ostiary.domain.reconcile import Observation, Outcome, Seen, Step, StepKind
from ostiary.domain.secrets import Secret

from .model_engine import ON_DEVICE, Engine, pin_hash, pins_in, vendor_name
from .model_vendor import ChoosingVendor, Entry, Vendor
from .samples import code

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
CAN = Capabilities(can_program_online_access_codes=True, max_access_codes=20, settles_within=60.0)


def _engine(*fates: tuple[Any, float], keeps_pins_unique: bool = True) -> Engine:
    return Engine(Vendor(START, keeps_pins_unique, 20, deque(fates), deque()), CAN, START)


def _run(engine: Engine, **time: float) -> None:
    engine.run_until(engine.now + timedelta(**time))


def _pins(engine: Engine) -> list[str]:
    return sorted(entry.pin for entry in engine.vendor.entries.values())


@pytest.mark.parametrize("keeps_pins_unique", [True, False])
def test_a_pin_that_somebody_else_has_blocks_one_code_and_no_other(keeps_pins_unique: bool) -> None:
    engine = _engine(keeps_pins_unique=keeps_pins_unique)
    engine.vendor.add_foreign("Cleaner", "222222")
    for pin in ("111111", "222222", "333333"):
        engine.create("Anna", pin, None, True)
    _run(engine, seconds=10)
    assert _pins(engine) == ["111111", "222222", "333333"], "in the same pass"
    blocked = engine.codes["code-2"]
    assert [str(error["error_code"]) for error in blocked.errors] == [
        "failed_to_set_on_device",
        "duplicate_code_on_device",
    ]
    assert not blocked.is_on_lock
    _run(engine, hours=24)
    assert engine.vendor.writes == 2, "a clash is not written again and again"
    del engine.vendor.entries["v1"]
    _run(engine, hours=1)
    assert engine.codes["code-2"].is_as_wished
    assert engine.codes["code-2"].errors == ()


def test_a_write_that_lands_after_everybody_gave_it_up_is_removed() -> None:
    engine = _engine(("late", 900.0))
    engine.create("Anna", "111111", None, True)
    _run(engine, seconds=30)
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    _run(engine, seconds=300)
    assert engine.codes["code-1"].gone_at is not None
    engine.vendor.pass_time(START + timedelta(seconds=901))
    assert _pins(engine) == ["111111"], "the ghost"
    _run(engine, hours=1)
    assert _pins(engine) == []
    types = [told.event_type for told in engine.told["code-1"]]
    assert types.count("access_code.deleted") == 1


def test_an_announcement_waits_for_the_window_that_was_asked_for() -> None:
    """Found by the properties: a code preloaded for later, moved to now, was told as set before it was."""
    engine = _engine()
    engine.create("Anna", "111111", (START + timedelta(hours=1), START + timedelta(hours=3)), True)
    _run(engine, seconds=30)
    assert engine.codes["code-1"].announced == "scheduled"
    engine.vendor.fates.append(("late", 40.0))
    engine.rewish(engine.codes["code-1"], starts_at=engine.now, ends_at=engine.now + timedelta(hours=1))
    _run(engine, seconds=20)
    assert [told.event_type for told in engine.told["code-1"]] == ["access_code.scheduled_on_device"]
    _run(engine, seconds=60)
    assert engine.told["code-1"][-1].event_type == "access_code.set_on_device"


def test_a_code_that_was_sent_once_and_waits_for_its_day_is_not_looked_for() -> None:
    """Found by the properties: it was looked for every two seconds until its start."""
    engine = _engine(("refused_for_good", 0.0))
    engine.create("Anna", "111111", None, False)
    _run(engine, seconds=30)
    start = engine.now + timedelta(hours=80)
    engine.rewish(engine.codes["code-1"], starts_at=start, ends_at=start + timedelta(hours=1))
    ticks = engine.ticks
    engine.jump_to(engine.now + timedelta(hours=40))
    assert engine.ticks - ticks < 10


def test_a_code_that_is_taken_off_for_later_is_told_as_removed() -> None:
    """Found by the properties: `set_on_device` was told twice, and nothing in between."""
    engine = _engine()
    engine.create("Anna", "111111", None, False)
    _run(engine, seconds=30)
    start = engine.now + timedelta(hours=80)
    engine.rewish(engine.codes["code-1"], starts_at=start, ends_at=start + timedelta(hours=1))
    _run(engine, hours=1)
    assert _pins(engine) == []
    assert engine.told["code-1"][-1].event_type == "access_code.removed_from_device"
    engine.jump_to(start)
    assert engine.told["code-1"][-1].event_type == "access_code.set_on_device"


def test_a_change_is_made_once_though_the_vendor_shows_the_old_code_for_a_while() -> None:
    engine = _engine()
    engine.vendor.shows_busy = False
    engine.create("Anna", "111111", None, True)
    _run(engine, seconds=30)
    engine.rewish(engine.codes["code-1"], name="Ben")
    _run(engine, seconds=60)
    assert engine.vendor.writes == 2
    assert engine.codes["code-1"].is_as_wished


def test_a_lost_write_is_repeated_only_after_the_vendor_has_read_the_lock_anew() -> None:
    """It may stand on the lock, and only the vendor's record not know of it."""
    engine = _engine(("lost", 0.0))
    engine.create("Anna", "111111", None, True)
    _run(engine, seconds=59)
    assert (engine.vendor.writes, engine.vendor.syncs) == (1, 0), "it may still come"
    _run(engine, seconds=5)
    assert (engine.vendor.writes, engine.vendor.syncs) == (1, 1)
    _run(engine, seconds=60)
    assert (engine.vendor.writes, engine.vendor.syncs) == (2, 1)
    assert engine.codes["code-1"].is_as_wished


# --- found by the properties --------------------------------------------------------------------------


def test_a_write_that_lands_after_its_pin_was_changed_is_removed() -> None:
    """A guest's old PIN opens the door for ever. `attribute` needs the hashes of settled steps as well."""
    engine = _engine(("late", 200.0))
    engine.create("Anna", "111111", None, True)
    _run(engine, seconds=62)  # the first write is given up
    engine.rewish(engine.codes["code-1"], code=Secret("222222"), code_hash=pin_hash("222222"))
    _run(engine, hours=2)
    assert _pins(engine) == ["222222"]


def test_pins_that_were_swapped_by_the_owner_are_put_right_or_told() -> None:
    engine = _engine()
    for pin in ("111111", "222222"):
        engine.create("Anna", pin, None, True)
    _run(engine, seconds=30)
    one, two = engine.vendor.entries.values()
    engine.vendor.entries = {e.vendor_code_id: e for e in (_with(one, two.pin), _with(two, one.pin))}
    _run(engine, hours=2)
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


# --- vendors that choose the PIN, tell it once and never show it ------------------------------------------

ROLLOUT = timedelta(seconds=240)
CHOOSING = replace(
    CAN, code_chosen_by="vendor", codes_are_readable=False, reaches_device_after=ROLLOUT.total_seconds()
)
MOMENT = timedelta(milliseconds=1)
SET = "access_code.set_on_device"


def _choosing(*fates: tuple[Any, float], can: Capabilities = CHOOSING, room: int = 20) -> Engine:
    rollout = timedelta(seconds=can.reaches_device_after)
    vendor = ChoosingVendor(START, True, room, deque(fates), deque(), rollout=rollout)
    return Engine(vendor, replace(can, max_access_codes=room), START)


def _vendor(engine: Engine) -> ChoosingVendor:
    assert isinstance(engine.vendor, ChoosingVendor)
    return engine.vendor


def _types(engine: Engine, access_code_id: str = "code-1") -> list[str]:
    return [told.event_type for told in engine.told[access_code_id]]


def _stands(engine: Engine, access_code_id: str = "code-1") -> bool:
    """Confirmed, with the PIN that the vendor has for it, in its one entry."""
    one = engine.codes[access_code_id]
    held = [entry for entry in engine.vendor.ours() if entry.mark == one.mark]
    assert len(held) == 1
    assert one.code is not None
    return one.is_as_wished and one.errors == () and held[0].pin == one.code.reveal()


def _step(
    of: AccessCode, kind: StepKind = "change", outcome: Outcome = "accepted", pin: str | None = "800001"
) -> Step:
    """Answered at START."""
    return Step(
        step_id="s1",
        access_code_id=of.access_code_id,
        kind=kind,
        generation=of.generation,
        vendor_code_id=None if kind == "set" else "v1",
        code_hash=None if pin is None else pin_hash(pin),
        planned_at=START,
        outcome=outcome,
        wait_until=START + timedelta(seconds=300),
        reaches_at=START + ROLLOUT,
    )


def _told(pin: str = "800001") -> AccessCode:
    """A code whose PIN the vendor has told, and which no look has shown yet."""
    return replace(code(pin=pin), is_code_from_vendor=True, was_sent=True)


def _confirmed(one: AccessCode) -> AccessCode:
    return replace(
        one,
        vendor_code_id="v1",
        vendor_name=vendor_name(one),
        was_sent=True,
        confirmed_at=START,
        confirmed_name=one.name,
        confirmed_code=one.code,
        confirmed_code_hash=one.code_hash,
        confirmed_generation=one.generation,
        announced="set",
    )


def _look(
    of: AccessCode, steps: list[Step], now: datetime, *entries: ObservedCode, can: Capabilities = CHOOSING
) -> Observation:
    shown = entries or (_entry(of),)
    seen = [Seen(entry, None) for entry in shown]
    return reconcile.observe([of], steps, seen, can, {of.access_code_id: vendor_name(of)}, now)


def _entry(of: AccessCode, key: str = "v1", **changes: Any) -> ObservedCode:
    return replace(ObservedCode(key, vendor_name(of), None, mark=of.mark), **changes)


def test_a_code_is_set_when_its_door_can_know_it_and_not_a_moment_before() -> None:
    one = _told()
    early = _look(one, [_step(one, "set")], START + ROLLOUT - MOMENT)
    assert [change.events for change in early.changes] == [()]
    assert early.settled == (), "the step stays open"
    assert early.changes[0].code.confirmed_at is None
    now = _look(one, [_step(one, "set")], START + ROLLOUT)
    assert [step.outcome for step in now.settled] == ["seen"]
    assert [event.event_type for event in now.changes[0].events] == [SET]
    assert pins_in(now.changes[0].events[0].as_wire()) == ["800001"]


def test_a_code_is_setting_until_its_door_knows_it() -> None:
    engine = _choosing()
    engine.create("Anna", None, None, True)
    _run(engine, seconds=239)
    one = engine.codes["code-1"]
    assert one.code == Secret("800001"), "the wish shows what was told"
    assert one.status(engine.can, engine.now, is_view_stale=False) == "setting"
    assert not _vendor(engine).opens("800001")
    assert SET not in _types(engine)
    _run(engine, seconds=2)
    assert engine.codes["code-1"].status(engine.can, engine.now, is_view_stale=False) == "set"
    assert _vendor(engine).opens("800001")
    assert _types(engine) == [SET]
    assert engine.vendor.writes == 1


def test_a_removal_is_told_when_the_door_has_forgotten_the_code() -> None:
    engine = _choosing()
    engine.create("Anna", None, None, True)
    _run(engine, minutes=10)
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    _run(engine, seconds=239)
    assert engine.vendor.entries == {}, "the vendor's record"
    assert _vendor(engine).opens("800001"), "the door"
    assert _types(engine) == [SET]
    _run(engine, seconds=2)
    assert not _vendor(engine).opens("800001")
    assert _types(engine)[1:] == ["access_code.removed_from_device", "access_code.deleted"]


@pytest.mark.parametrize("fate", ["unknown_done", "crash_after"])
def test_a_pin_whose_telling_was_lost_is_renewed(fate: str) -> None:
    engine = _choosing((fate, 3.0))
    engine.create("Anna", None, None, True)
    _run(engine, hours=1)
    assert engine.codes["code-1"].code == Secret("800002"), "800001 nobody knows"
    assert _stands(engine)
    assert engine.vendor.writes == 2


@pytest.mark.parametrize("fate", ["partly", "unknown_partly", "crash_partly"])
def test_a_set_that_was_done_partly_is_completed_in_place(fate: str) -> None:
    engine = _choosing((fate, 20.0))
    engine.create("Anna", None, None, True)
    _run(engine, seconds=60)
    assert list(engine.vendor.entries) == ["v1"]
    assert SET not in _types(engine)
    _run(engine, hours=1)
    assert list(engine.vendor.entries) == ["v1"]
    assert _stands(engine)
    assert engine.vendor.writes == 2


@pytest.mark.parametrize("changes", [{"is_exact": False}, {"is_busy": True}])
def test_an_entry_that_is_not_whole_confirms_nothing(changes: dict[str, Any]) -> None:
    one = _told()
    [change] = _look(one, [_step(one, "set")], START + ROLLOUT, _entry(one, **changes)).changes
    assert change.events == ()
    assert change.code.confirmed_at is None


def test_what_is_left_of_a_set_is_completed_without_waiting_for_the_door() -> None:
    one = replace(code(), code=None, code_hash=None)
    look = _look(one, [_step(one, "set", pin=None)], START, _entry(one, is_exact=False))
    assert [step.outcome for step in look.settled] == ["seen"]
    is_busy = _look(one, [_step(one, "set", pin=None)], START, _entry(one, is_exact=False, is_busy=True))
    assert is_busy.settled == (), "a write now would be refused"


def test_an_entry_without_a_known_pin_is_not_as_wished() -> None:
    one = replace(_confirmed(_told()), code=None, code_hash=None, confirmed_code_hash=None)
    wanted = reconcile.desired(one, CHOOSING, vendor_name(one), START)
    assert wanted is not None
    assert not reconcile.stands_as(one, _entry(one), wanted, _step(one, pin=None))


def test_a_code_without_a_pin_is_wanted_only_where_the_vendor_chooses() -> None:
    one = replace(code(), code=None, code_hash=None)
    assert reconcile.desired(one, CAN, "Anna", START) is None
    for chosen_by in ("vendor", "either"):
        wanted = reconcile.desired(one, replace(CAN, code_chosen_by=chosen_by), "Anna", START)
        assert wanted is not None
        assert (wanted.code, wanted.is_from_vendor) == (None, False)
    told = reconcile.desired(_told(), CHOOSING, "Anna", START)
    assert told is not None
    assert (told.code, told.is_from_vendor) == (Secret("800001"), True), "it is to stay"


# --- what may have changed the PIN ------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["unknown_done", "crash_after", "ok"])
def test_a_pin_that_the_owner_took_away_is_renewed_and_told(fate: str) -> None:
    """Found by the properties: after a lost answer the old PIN was confirmed, and the door had another."""
    engine = _choosing()
    engine.create("Anna", None, None, True)
    _run(engine, minutes=10)
    engine.vendor.edit("v1", "pin", "", is_known=True)
    engine.vendor.add_foreign("Cleaner", "800001")  # so that the vendor must take another
    engine.vendor.fates.append((fate, 3.0))  # type: ignore[arg-type]
    _run(engine, hours=2)
    assert _stands(engine)
    assert engine.codes["code-1"].code != Secret("800001")
    assert next(iter(engine.vendor.entries)) == "v1", "in place"
    assert _types(engine).count(SET) == 2
    assert "access_code.code_changed" in _types(engine)


def test_a_pin_that_stands_is_kept_when_the_owner_has_changed_something_else() -> None:
    engine = _choosing()
    engine.create("Anna", None, None, True)
    _run(engine, minutes=10)
    for what in ("limit", "disable", "rename", "window"):
        engine.vendor.edit("v1", what, "", is_known=True)
        _run(engine, hours=1)
        assert _stands(engine)
        assert engine.codes["code-1"].code == Secret("800001"), what
    assert "access_code.code_changed" not in _types(engine)
    assert engine.vendor.writes == 5


@pytest.mark.parametrize("fate", ["unknown_done", "crash_after"])
def test_a_pin_goes_with_its_entry(fate: str) -> None:
    """Found by the properties: the PIN of the deleted entry was confirmed for the one made after it."""
    engine = _choosing()
    engine.create("Anna", None, None, True)
    _run(engine, minutes=10)
    engine.vendor.edit("v1", "delete", "", is_known=True)
    engine.vendor.add_foreign("Cleaner", "800001")
    engine.vendor.fates.append((fate, 3.0))  # type: ignore[arg-type]
    _run(engine, seconds=10)
    engine.wake()
    engine.look_wanted = True
    _run(engine, seconds=1)
    assert engine.codes["code-1"].code is None, "nobody knows a PIN for it"
    _run(engine, hours=2)
    assert _stands(engine)


@pytest.mark.parametrize("fate", ["twice", "late"])
def test_of_two_entries_with_our_mark_one_is_left_and_its_pin_is_renewed(fate: str) -> None:
    """Found by the properties: the PIN of one was confirmed for the other."""
    engine = _choosing((fate, 400.0))
    engine.create("Anna", None, None, True)
    _run(engine, hours=3)
    assert _stands(engine)
    assert _vendor(engine).opens(engine.codes["code-1"].code.reveal())  # type: ignore[union-attr]


def test_an_entry_that_may_be_of_an_earlier_set_gets_another_pin() -> None:
    """Found by the properties: what the second set was told was confirmed for the entry of the first."""
    engine = _choosing(("late", 400.0), ("lost", 3.0), can=replace(CHOOSING, settles_within=90.0))
    engine.create("Anna", None, None, True)
    _run(engine, hours=3)
    assert list(engine.vendor.entries) == ["v1"]
    assert _stands(engine)


def test_a_told_pin_is_kept_when_something_else_of_its_write_was_lost() -> None:
    engine = _choosing(("partly", 3.0), ("lost", 3.0))
    engine.create("Anna", None, (START, START + timedelta(hours=5)), True)
    _run(engine, seconds=20)
    assert engine.codes["code-1"].code == Secret("800001")
    assert engine.vendor.entries["v1"].ends_at is None, "the window was lost"
    _run(engine, hours=1)
    assert _stands(engine)
    assert engine.codes["code-1"].code == Secret("800001")


@pytest.mark.parametrize("outcome", ["planned", "unknown", "accepted"])
def test_a_change_without_an_answer_proves_no_pin(outcome: Outcome) -> None:
    before = _confirmed(_told())
    after = replace(before, code=Secret("800002"), code_hash=pin_hash("800002"))
    step = _step(after, outcome=outcome, pin="800002")
    [change] = _look(after, [step], START + ROLLOUT).changes
    assert (change.code.confirmed_code == Secret("800002")) is (outcome == "accepted")


def test_a_removal_of_a_surplus_entry_proves_no_pin() -> None:
    """Found by the properties: the step carries the hash of the PIN that is wished, and was accepted."""
    wished = replace(_confirmed(_told()), code=Secret("2222"), code_hash=pin_hash("2222"), generation=2)
    step = replace(_step(wished, "remove", pin="2222"), vendor_code_id="v2")
    look = _look(wished, [step], START + ROLLOUT)
    assert [step.outcome for step in look.settled] == ["seen"]
    assert all(change.code.confirmed_generation == 1 for change in look.changes)


def test_a_pin_that_was_changed_and_changed_back_is_written() -> None:
    """Found by the properties: the confirmed one counted, though the device had the other by then."""
    either = replace(CHOOSING, code_chosen_by="either")
    engine = _choosing(can=either)
    engine.create("Anna", "111111", None, True)
    _run(engine, minutes=10)
    for pin in ("222222", "111111"):
        engine.rewish(engine.codes["code-1"], code=Secret(pin), code_hash=pin_hash(pin))
        _run(engine, seconds=10)
    _run(engine, hours=1)
    assert _stands(engine)
    assert _vendor(engine).opens("111111")
    assert engine.vendor.writes == 3


# --- PINs that are told ---------------------------------------------------------------------------------


def test_a_told_pin_is_kept_with_its_step() -> None:
    one = replace(code(), code=None, code_hash=None)
    step = _step(one, "set", pin=None)
    after, answered = reconcile.pin_told(one, step, Secret("800001"), "h", START, is_taken=False)
    assert (after.code, after.code_hash, after.is_code_from_vendor) == (Secret("800001"), "h", True)
    assert answered.code_hash == "h"
    assert after.generation == one.generation


def test_a_told_pin_that_another_code_has_is_not_kept_and_asked_for_again_after_a_pause() -> None:
    one = replace(code(), code=None, code_hash=None)
    after, answered = reconcile.pin_told(
        one, _step(one, "set", pin=None), Secret("800001"), "h", START, is_taken=True
    )
    assert (after.code, after.code_hash, answered.code_hash) == (None, None, None)
    assert after.retry_at is not None
    assert after.retry_at > START
    known = _confirmed(_told())
    after, answered = reconcile.pin_told(known, _step(known), Secret("800002"), "h", START, is_taken=True)
    assert (after.code, answered.code_hash) == (None, None), "the one that it had is gone as well"
    assert after.status(CHOOSING, START, is_view_stale=False) == "setting"


def test_a_pin_that_was_wished_for_meanwhile_is_not_overwritten() -> None:
    before = replace(code(), code=None, code_hash=None)
    wished = replace(before, code=Secret("2222"), code_hash=pin_hash("2222"), generation=2)
    for is_taken in (False, True):
        after, answered = reconcile.pin_told(
            wished, _step(before, "set", pin=None), Secret("800001"), "h", START, is_taken=is_taken
        )
        assert after == wished
        assert answered.code_hash != wished.code_hash
    gone = replace(before, gone_at=START)
    step = _step(before, "set", pin=None)
    assert reconcile.pin_told(gone, step, Secret("800001"), "h", START, is_taken=False)[0] == gone


def test_two_codes_do_not_get_the_same_pin() -> None:
    """The vendor gives away again what is free in its record, and our other code still holds it."""
    engine = _choosing()
    engine.create("Anna", None, None, True)
    _run(engine, minutes=10)
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    _run(engine, seconds=20)
    engine.create("Ben", None, None, True)
    _run(engine, seconds=20)
    assert engine.codes["code-1"].gone_at is None
    assert engine.codes["code-2"].code_hash != engine.codes["code-1"].code_hash
    _run(engine, hours=1)
    assert _stands(engine, "code-2")
    assert engine.vendor.writes <= 6


def test_a_pin_that_was_never_confirmed_is_told_by_no_event() -> None:
    engine = _choosing()
    engine.create("Anna", None, None, True)
    _run(engine, seconds=60)
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


# --- when to look again -------------------------------------------------------------------------------------


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
    met, at = replace(_told(), vendor_code_id="v1"), START + timedelta(seconds=2)
    assert reconcile.due([met], [_step(met, "set")], CHOOSING, at) == START + ROLLOUT
    young = reconcile.due([met], [_step(met, "set")], CHOOSING, at - MOMENT)
    assert young == at - MOMENT + timedelta(seconds=0.4), "a door that answers at once"
    late = START + ROLLOUT - timedelta(seconds=1)
    step = replace(_step(met), planned_at=late - timedelta(seconds=30))
    assert reconcile.due([met], [step], CHOOSING, late) == late + timedelta(seconds=3), "not before the next"


@pytest.mark.parametrize(
    ("is_met", "outcome", "pin"),
    [(False, "accepted", "800001"), (True, "accepted", None), (True, "unknown", "800001")],
)
def test_what_may_have_to_be_completed_is_looked_at_soon(
    is_met: bool, outcome: Outcome, pin: str | None
) -> None:
    one, at = replace(_told(), vendor_code_id="v1" if is_met else None), START + timedelta(seconds=5)
    due = reconcile.due([one], [_step(one, "set", outcome, pin)], CHOOSING, at)
    assert due == at + timedelta(seconds=1)


def test_a_removal_waits_for_the_door() -> None:
    one, at = replace(_told(), delete_requested_at=START), START + timedelta(seconds=5)
    assert reconcile.due([one], [_step(one, "remove")], CHOOSING, at) == START + ROLLOUT


def test_a_deletion_does_not_wait_for_the_rollout_of_a_change() -> None:
    """Where PINs cannot be read, a change that nobody waits for any more was called lost in the end."""
    engine = _choosing()
    engine.create("Anna", None, None, True)
    _run(engine, minutes=10)
    engine.rewish(engine.codes["code-1"], name="Ben")
    _run(engine, seconds=10)
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    _run(engine, seconds=10)
    assert engine.vendor.entries == {}
    _run(engine, hours=1)
    assert not [event_type for event_type in _types(engine) if "failed" in event_type]


@pytest.mark.parametrize("outcome", ["planned", "unknown"])
def test_a_change_without_an_answer_is_waited_for_though_the_wish_is_another(outcome: Outcome) -> None:
    """It may land after the next write, and bring another PIN with it."""
    before = _confirmed(_told())
    step = _step(before, outcome=outcome)
    for wished in (
        replace(before, name="Ben", generation=2),
        replace(before, code=None, code_hash=None, confirmed_code_hash=None),
        replace(before, delete_requested_at=START, generation=2),
    ):
        assert _look(wished, [step], step.wait_until - MOMENT, _entry(before)).settled == ()
        [lost] = _look(wished, [step], step.wait_until, _entry(before)).settled
        assert lost.outcome == "lost"
        [seen] = _look(wished, [replace(step, outcome="accepted")], START, _entry(before)).settled
        assert seen.outcome == "seen"


def test_wishes_that_follow_upon_each_other_are_written_without_waiting_for_the_door() -> None:
    engine = _choosing()
    engine.create("Anna", None, None, True)
    for name in ("Ben", "Cid"):
        _run(engine, seconds=10)
        engine.rewish(engine.codes["code-1"], name=name)
    _run(engine, seconds=10)
    assert engine.vendor.entries["v1"].name.startswith("Cid")
    assert SET not in _types(engine)
    _run(engine, hours=1)
    assert _stands(engine)
    assert _types(engine) == [SET]
    assert engine.codes["code-1"].code == Secret("800001")


# --- errors ------------------------------------------------------------------------------------------------


def test_a_confirmation_clears_every_error_whatever_it_is_called() -> None:
    words = ("failed_to_set_on_device", "acme_is_full", "of_tomorrow")
    errors = tuple({"error_code": word, "message": "", "created_at": ""} for word in words)
    one = replace(_told(), errors=errors)
    [change] = _look(one, [_step(one)], START + ROLLOUT).changes
    assert change.code.confirmed_at is not None
    assert change.code.errors == ()


def test_a_clash_with_a_code_of_our_own_that_was_not_listed_yet_is_no_reason_to_give_up() -> None:
    """Found by the properties: it stood there, refused for good as a duplicate of itself."""
    engine = _choosing(("late", 900.0), can=replace(CHOOSING, code_chosen_by="either"))
    engine.create("Anna", "111111", None, True)
    _run(engine, minutes=14)
    one = engine.codes["code-1"]
    assert one.refused_generation == one.generation
    _run(engine, hours=1)
    assert _stands(engine)


def test_a_full_lock_waits_for_room() -> None:
    engine = _choosing(room=1)
    for name in ("Anna", "Ben"):
        engine.create(name, None, None, True)
        _run(engine, minutes=10)
    assert "no_space_for_access_code_on_device" in [
        error["error_code"] for error in engine.codes["code-2"].errors
    ]
    assert engine.vendor.writes == 1
    engine.rewish(engine.codes["code-1"], delete_requested_at=engine.now)
    _run(engine, hours=1)
    assert _stands(engine, "code-2")
    assert [event for event in _types(engine, "code-2") if event in ON_DEVICE] == [SET]
