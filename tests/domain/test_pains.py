"""Pains that are about rules alone (`docs/reference/pains.md`): random stories against a model vendor."""

import random
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ostiary.domain import reconcile
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.attribution import attribute
from ostiary.domain.provider import Capabilities, ObservedCode
from ostiary.domain.reconcile import Seen, Step
from ostiary.domain.secrets import Secret

from .model_engine import Engine
from .model_vendor import FATES, FateKind, Vendor
from .model_wishes import is_wanted

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
CAN = Capabilities(can_program_online_access_codes=True, max_access_codes=20, settles_within=60.0)
NATIVE = Capabilities(
    can_program_online_access_codes=True,
    max_access_codes=3,
    settles_within=60.0,
    has_native_scheduling=True,
)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATE_SETTING = timedelta(minutes=10, seconds=30)
LATE_REMOVING = timedelta(minutes=5)
PINS = [f"{digit}" * 6 for digit in range(1, 8)]


def _engine(can: Capabilities = CAN, *, keeps_pins_unique: bool = True) -> Engine:
    return Engine(Vendor(START, keeps_pins_unique, can.max_access_codes or 20, deque(), deque()), can, START)


def _trouble(engine: Engine, luck: random.Random, kinds: Sequence[FateKind]) -> None:
    engine.vendor.fates.extend((luck.choice(kinds), luck.choice([2.0, 90.0])) for _ in range(40))


@pytest.mark.parametrize("seed", range(40))
def test_pain_07_nothing_stays_on_its_way_without_a_word(seed: int) -> None:
    """
    Under any faults: what is `setting` or `removing` for longer than it should has an error or a warning and
    has told an event.
    """
    luck = random.Random(seed)
    engine = _engine()
    losses: list[FateKind] = ["lost"] * 8
    _trouble(engine, luck, [*(fate for fate in FATES if fate != "refused_for_good"), *losses])
    engine.create("Anna", PINS[0], None, True)
    since: dict[str, tuple[str, datetime]] = {}
    for step in range(240):
        engine.run_until(engine.now + timedelta(seconds=15))
        if step == 120:
            for code in engine.living():
                engine.rewish(code, delete_requested_at=engine.now)
        for code in engine.living():
            _check_word(engine, code, since)


def _check_word(engine: Engine, code: AccessCode, since: dict[str, tuple[str, datetime]]) -> None:
    status = code.status(engine.can, engine.now, is_view_stale=False)
    if since.get(code.access_code_id, ("", engine.now))[0] != status:
        since[code.access_code_id] = (status, engine.now)
    age = engine.now - since[code.access_code_id][1]
    types = {told.event_type.removeprefix("access_code.") for told in engine.told[code.access_code_id]}
    if status == "setting" and age > LATE_SETTING:
        assert code.errors or code.warnings, "setting, and nothing says why"
        assert types & {"failed_to_set_on_device", "delay_in_setting_on_device"}
    if status == "removing" and age > LATE_REMOVING:
        assert code.errors, "removing, and nothing says why"
        assert "failed_to_remove_from_device" in types


@pytest.mark.parametrize(
    ("name", "mark", "pin", "is_ours"),
    [
        ("Anna #mark01", "mark01", "111111", True),
        ("Anna #mark01", "mark01", "222222", False),
        ("Anna", None, "111111", False),
        ("Anna #mark02", "mark02", "111111", False),
    ],
    ids=["mark and PIN", "a copied name", "the PIN alone", "another's mark"],
)
def test_pain_08_a_name_alone_makes_no_code_ours(
    name: str, mark: str | None, pin: str, is_ours: bool
) -> None:
    """Only the vendor's id, or our mark together with the PIN."""
    engine = _engine()
    engine.create("Anna", "111111", None, True)
    [code] = engine.living()
    entry = ObservedCode("v1", name, Secret(pin), mark)
    found = attribute([code], [], [Seen(entry, f"hash of {pin}")])
    assert bool(found.ours) is is_ours
    assert bool(found.foreign) is not is_ours


@pytest.mark.parametrize("keeps_pins_unique", [True, False])
def test_pain_10_one_conflict_holds_up_no_other_code(keeps_pins_unique: bool) -> None:
    """
    Somebody edits a PIN to equal another of ours, or exchanges names for ours; a third code that is wished in
    the same moment is on the lock in the same pass.
    """
    engine = _engine(keeps_pins_unique=keeps_pins_unique)
    for pin in PINS[:2]:
        engine.create("Anna", pin, None, True)
    engine.run_until(engine.now + MINUTE)
    engine.vendor.add_foreign("Cleaner", PINS[4])
    engine.vendor.edit("v1", "pin", PINS[1] if not keeps_pins_unique else PINS[5], is_known=True)
    engine.create("Bea", PINS[4], None, True)
    engine.create("Cleo", PINS[2], None, True)
    engine.look_wanted = True
    engine.run_until(engine.now + timedelta(seconds=10))
    pins = sorted(entry.pin for entry in engine.vendor.entries.values())
    assert pins == sorted([*PINS[:3], PINS[4]])
    blocked = engine.codes["code-3"]
    assert "duplicate_code_on_device" in [error["error_code"] for error in blocked.errors]
    assert all(engine.codes[f"code-{number}"].is_as_wished for number in (1, 2, 4))


@pytest.mark.parametrize("seed", range(40))
def test_pain_12_an_active_code_is_never_removed_to_be_set_again(seed: int) -> None:
    """Random wishes, edits and faults on a lock with three places: no plan takes an active code off."""
    luck = random.Random(seed)
    engine = _engine(NATIVE)
    fair: list[FateKind] = ["ok"] * 12
    _trouble(engine, luck, [*FATES, *fair])
    for _ in range(60):
        _something_happens(engine, luck)
        planned = engine.last_plan
        engine.run_until(engine.now + timedelta(seconds=luck.choice([1, 20, 400, 4000])))
        if engine.last_plan is not planned:
            _check_plan(engine)


def _something_happens(engine: Engine, luck: random.Random) -> None:
    begins = luck.choice([timedelta(0), HOUR, 9 * HOUR])
    window = luck.choice([None, (engine.now + begins, engine.now + begins + 5 * HOUR)])
    living = [code for code in engine.living() if not code.is_over(engine.now)]
    entries = [entry for entry in engine.vendor.entries.values() if not entry.owner]
    what = luck.choice(["create", "create", "rename", "window", "owner", "nothing"])
    if what == "create":
        engine.create("Anna", luck.choice(PINS), window, True)
    elif what == "rename" and living:
        engine.rewish(luck.choice(living), name=luck.choice(["Bea", "Cleo"]))
    elif what == "window" and living:
        starts_at, ends_at = window or (None, None)
        engine.rewish(luck.choice(living), starts_at=starts_at, ends_at=ends_at)
    elif what == "owner" and entries:
        known = {code.vendor_code_id for code in engine.living()}
        entry = luck.choice(entries)
        edit = luck.choice(["rename", "disable", "window"])
        engine.vendor.edit(entry.vendor_code_id, edit, "", is_known=entry.vendor_code_id in known)


def _check_plan(engine: Engine) -> None:
    """The plan as it was made, at its moment."""
    assert engine.looked_at is not None
    at = engine.looked_at
    for step in engine.last_plan.steps:
        code = step.code
        is_needed = code.is_active(at) and is_wanted(code, engine.can, at) and code.gone_at is None
        if step.kind == "remove" and is_needed:
            assert step.vendor_code_id != code.vendor_code_id, "an active code would leave the lock"


def test_pain_25_a_second_plan_is_empty() -> None:
    """The same look at a lock as wished, again and again."""
    engine = _engine()
    for pin in PINS[:5]:
        engine.create("Anna", pin, None, True)
    engine.run_until(engine.now + MINUTE)
    writes = engine.vendor.writes
    for _ in range(50):
        engine.look_wanted = True
        engine.wake()
        engine.run_until(engine.now + MINUTE)
        assert engine.last_plan.steps == ()
    assert engine.vendor.writes == writes == 5
    assert reconcile.needs_look(engine.living(), engine.steps, engine.can, engine.now) is False


@pytest.mark.parametrize(
    "error_code", ["code_constraints_violated", "provider_issue", "subscription_required"]
)
def test_refusals_that_no_waiting_heals_are_not_repeated(error_code: str) -> None:
    """Told once; the first two wait for another wish, the third is tried again; each goes when it stands."""
    engine = _engine()
    engine.create("Anna", PINS[0], None, True)
    [code] = engine.living()
    step = Step("s", code.access_code_id, "set", 1, None, code.code_hash, START, "planned", START, START)
    change = reconcile.refused(code, step, error_code, "The vendor says no.", START)
    assert change.problem_events == ("access_code.failed_to_set_on_device",)
    errors = [error["error_code"] for error in change.code.errors]
    assert errors == ["failed_to_set_on_device", error_code]
    again = reconcile.refused(change.code, step, error_code, "The vendor says no.", START + HOUR)
    assert again.problem_events == ()
    engine.codes[code.access_code_id] = again.code
    engine.run_until(START + 5 * HOUR)
    is_final = error_code != "subscription_required"
    assert engine.vendor.writes == (0 if is_final else 1)
    if is_final:
        engine.rewish(engine.codes[code.access_code_id], code=Secret(PINS[1]), code_hash=f"hash of {PINS[1]}")
        engine.run_until(START + 6 * HOUR)
    assert engine.codes[code.access_code_id].errors == ()
    assert engine.codes[code.access_code_id].is_as_wished
