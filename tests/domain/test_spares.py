"""
Pools of spares: their rules one by one, and stories in which spares are kept, pulled and made to leave.

The stories are those of the planner's properties, with a pool that is switched on and off between them and
guests who need a spare.
"""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from ostiary.domain import backup_pool, conversion
from ostiary.domain.access_codes import PULLED_EARLIER, AccessCode
from ostiary.domain.backup_pool import MANY, POOL_SIZE
from ostiary.domain.devices import EMPTY_POOL, MANY_ACTIVE, PARTIAL_POOL, Device, observed
from ostiary.domain.errors import ApiError
from ostiary.domain.failure import DUPLICATE
from ostiary.domain.provider import Capabilities
from ostiary.domain.reconcile import Change, Step
from ostiary.domain.secrets import Secret

from . import samples, test_planner_properties
from .model_checks import Told
from .model_engine import Engine
from .model_wishes import pin_hash
from .samples import NOW
from .test_planner_properties import HOUR, PER_BATCH, WAITS, Story, World

SEEN: Counter[str] = Counter()
CAN = replace(samples.CAN, supports_backup_access_code_pool=True, code_lengths=(6,))


def device(**changes: Any) -> Device:
    return replace(samples.device(capabilities=CAN), **{"has_backup_pool": True, **changes})


def spare(number: int = 1, **changes: Any) -> AccessCode:
    """One that the last look showed."""
    made = backup_pool.made(device(), Secret(f"11111{number}"), f"h{number}", NOW)
    stands = {"vendor_code_id": f"v{number}", "confirmed_at": NOW, "confirmed_generation": 1}
    return replace(made, confirmed_name=made.name, confirmed_code=made.code, **{**stands, **changes})


def step_of(code: AccessCode) -> Step:
    return Step("s1", code.access_code_id, "remove", 1, "v1", None, NOW, "accepted", NOW, NOW)


def guest(**changes: Any) -> AccessCode:
    return replace(samples.code(NOW - HOUR, NOW + HOUR, pin="654321"), **changes)


# --- the rules, one by one -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "codes", "missing"),
    [
        ({}, [], POOL_SIZE),
        ({}, [spare()], POOL_SIZE - 1),
        ({}, [spare(1), spare(2), spare(3)], 0),
        ({}, [spare(n) for n in range(POOL_SIZE + 2)], 0),
        ({}, [spare(1, vendor_code_id=None, waits_for_room=True), spare(2), spare(3)], 0),
        ({}, [spare(1, delete_requested_at=NOW), spare(2, gone_at=NOW), spare(3)], POOL_SIZE - 1),
        ({}, [spare(1, pulled_at=NOW), guest(), spare(3)], POOL_SIZE - 1),
        ({"has_backup_pool": False}, [], 0),
        ({"capabilities": Capabilities()}, [], 0),
    ],
)
def test_how_many_are_to_be_made(changes: dict[str, Any], codes: list[AccessCode], missing: int) -> None:
    """Never more than the pool holds, whoever died when, and whether or not they have a place."""
    assert backup_pool.missing(device(**changes), codes) == missing


@pytest.mark.parametrize(
    ("changes", "is_available"),
    [
        ({}, True),
        ({"vendor_code_id": None}, False),
        ({"confirmed_at": None}, False),
        ({"generation": 2}, False),
        ({"errors": ({"error_code": "conflicting_external_modification"},)}, False),
        ({"delete_requested_at": NOW}, False),
        ({"pulled_at": NOW}, False),
        ({"is_backup": False}, False),
    ],
)
def test_only_what_a_look_has_shown_is_given(changes: dict[str, Any], is_available: bool) -> None:
    code = spare(**changes)
    assert backup_pool.available([code], []) == ([code] if is_available else [])
    assert backup_pool.available([code], [step_of(code)]) == [], "it may be leaving"


@pytest.mark.parametrize(
    ("changes", "is_hopeless"),
    [
        ({}, False),
        ({"refused_generation": 1}, True),
        ({"errors": ({"error_code": DUPLICATE},)}, True),
        ({"errors": ({"error_code": "no_space_for_access_code_on_device"},)}, False),
        ({"refused_generation": 1, "pulled_at": NOW}, False),
    ],
)
def test_a_pin_that_the_lock_will_not_have_is_replaced(changes: dict[str, Any], is_hopeless: bool) -> None:
    code = spare(attempts=7, **changes)
    assert backup_pool.hopeless([code], []) == ([code] if is_hopeless else [])
    assert backup_pool.hopeless([code], [step_of(code)]) == []
    after = backup_pool.renewed(code, Secret("222222"), "h2", NOW)
    assert (after.attempts, after.refused_generation, after.generation) == (7, None, 2)
    assert after.retry_at is not None
    assert after.retry_at > NOW, "a vendor that refuses everything is not asked at once again"
    assert backup_pool.hopeless([after], []) == [] or not is_hopeless


@pytest.mark.parametrize(
    ("spares", "pulled", "says"),
    [
        (0, 0, {EMPTY_POOL}),
        (1, MANY - 1, {PARTIAL_POOL}),
        (POOL_SIZE, 0, set()),
        (POOL_SIZE, MANY, {MANY_ACTIVE}),
    ],
)
def test_what_the_owner_is_told(spares: int, pulled: int, says: set[str]) -> None:
    """It stands until the pool is otherwise, whatever a look at the device itself shows."""
    used = [spare(10 + n, pulled_at=NOW, ends_at=NOW + HOUR) for n in range(pulled)]
    codes = [*(spare(n) for n in range(spares)), *used]
    found = backup_pool.stocked(device(), codes, [], NOW)
    assert found.spares == spares
    told = observed(found, samples.look(capabilities=CAN), NOW + HOUR)
    for each in (found, told):
        words = {p.get("error_code") or p["warning_code"] for p in (*each.errors, *each.warnings)}
        assert words == says
    assert backup_pool.stocked(found, codes, [], NOW + timedelta(minutes=1)) == found, "nothing is new"
    later = backup_pool.stocked(replace(found, has_backup_pool=False), used, [], NOW + 2 * HOUR)
    assert (later.spares, later.errors, later.warnings) == (0, (), ())


def test_what_becomes_of_a_spare_is_told_to_nobody() -> None:
    code = spare()
    event = code.event("access_code.created", NOW)
    told = Change(code, (event,), ("access_code.failed_to_set_on_device",))
    assert backup_pool.silenced(told) == Change(code)
    pulled = replace(told, code=replace(code, pulled_at=NOW))
    assert backup_pool.silenced(pulled) == pulled


def test_a_pulled_spare_is_set_and_keeps_its_end() -> None:
    """Its window on the lock begins long before the pull, so that a clock that is behind shuts nobody out."""
    now = NOW + timedelta(seconds=20)
    code = backup_pool.pulled(spare(), guest(), CAN, now)
    assert code.status(CAN, now, is_view_stale=False) == "set"
    assert (code.starts_at, code.ends_at) == (now, guest().ends_at)
    assert code.frame_on_device(CAN) == (now - PULLED_EARLIER, guest().ends_at)
    assert (code.is_spare, code.is_backup, code.code) == (False, True, spare().code)
    minutes = replace(CAN, time_step=60.0)
    assert backup_pool.pulled(spare(), guest(), minutes, now).starts_at == NOW, "never ahead of now"
    later = replace(code, starts_at=NOW + timedelta(minutes=30))
    assert later.frame_on_device(CAN)[0] == later.starts_at, "another start that somebody wishes counts"


def test_it_follows_what_it_stands_in_for() -> None:
    original = guest()
    code = backup_pool.pulled(spare(), original, CAN, NOW)
    assert backup_pool.following(code, original, NOW) is code
    longer = backup_pool.following(code, replace(original, ends_at=NOW + 5 * HOUR), NOW)
    assert (longer.starts_at, longer.ends_at) == (NOW, NOW + 5 * HOUR)
    ongoing = backup_pool.following(longer, replace(original, starts_at=None, ends_at=None), NOW)
    assert (ongoing.starts_at, ongoing.ends_at, ongoing.is_spare) == (None, None, False)
    again = backup_pool.following(ongoing, original, NOW)
    assert (again.starts_at, again.ends_at) == (NOW, original.ends_at)
    deleted = backup_pool.following(code, replace(original, delete_requested_at=NOW), NOW)
    assert deleted.delete_requested_at == NOW


def test_a_pulled_spare_is_handed_over_only_with_its_end() -> None:
    """Nobody would take it off the lock any more."""
    code = backup_pool.pulled(spare(), guest(), CAN, NOW)
    with pytest.raises(ApiError, match="not on the device"):
        conversion.refuse_release(code, is_leaving=False)
    conversion.refuse_release(replace(code, confirmed_generation=code.generation), is_leaving=False)


def test_refusals() -> None:
    with pytest.raises(ApiError, match="does not support"):
        backup_pool.refuse_unsupported(samples.device())
    with pytest.raises(ApiError, match="time-bound"):
        backup_pool.refuse_pull(samples.code())
    backup_pool.refuse_unsupported(device())
    backup_pool.refuse_pull(guest())


# --- stories ---------------------------------------------------------------------------------------------


@dataclass
class Keeping(Engine):
    """An engine whose lock has a pool, as `engine.backup_pool` and `api.backup_pool` keep it."""

    world: Any = None
    device: Device = field(default_factory=lambda: device(has_backup_pool=False))
    is_undisturbed: bool = False
    moved: set[str] = field(default_factory=set)
    """Codes whose own window somebody has wished to be another."""

    def _filled(self, codes: list[AccessCode]) -> list[AccessCode]:
        found = {code.access_code_id: code for code in codes}
        for code in backup_pool.hopeless(codes, self.steps):
            pin = self._pin()
            SEEN["renewal"] += 1
            found[code.access_code_id] = backup_pool.renewed(code, pin, pin_hash(pin.reveal()), self.now)
        for _ in range(backup_pool.missing(self.device, codes)):
            pin, number = self._pin(), len(self.codes) + len(found) - len(codes) + 1
            made = backup_pool.made(self.device, pin, pin_hash(pin.reveal()), self.now)
            made = replace(made, access_code_id=f"code-{number}", mark=f"mark{number:02}")
            found[made.access_code_id] = made
        self.codes |= found
        living = [code for code in self.living() if code.is_spare and not code.delete_requested_at]
        assert len(living) <= POOL_SIZE
        return list(found.values())

    def _pin(self) -> Secret:
        self.world.causes += 1
        return Secret(f"{700000 + self.world.causes}")

    def switch(self, is_on: bool) -> None:
        self.device = replace(self.device, has_backup_pool=is_on)
        for code in [] if is_on else backup_pool.kept(self.living()):
            self.rewish(code, delete_requested_at=self.now)
        self.look_wanted = True
        self.wake()

    def pull(self, code: AccessCode) -> None:
        spares = backup_pool.available(self.living(), self.steps)
        known = self.codes.get(code.pulled_backup_access_code_id or "")
        if not spares or (known is not None and not known.is_over(self.now)):
            return
        SEEN["pull"] += 1
        pulled = backup_pool.pulled(spares[0], code, self.can, self.now)
        self.codes[pulled.access_code_id] = pulled
        self.codes[code.access_code_id] = backup_pool.relieved(code, pulled, self.now)
        told = Told("access_code.set_on_device", spares[0].generation, ())
        self.told[pulled.access_code_id].append(told)
        self.wake()

    def rewish(self, before: AccessCode, **changes: Any) -> None:
        super().rewish(before, **changes)
        if "starts_at" in changes:
            self.moved.add(before.access_code_id)
        original = self.codes[before.access_code_id]
        if original.ends_at == before.ends_at and original.delete_requested_at is None:
            return
        found = self.codes.get(original.pulled_backup_access_code_id or "")
        if found is not None and not found.is_over(self.now):
            self.codes[found.access_code_id] = after = backup_pool.following(found, original, self.now)
            if after != found:
                self.world.causes += 1

    def _check_doors(self) -> None:
        super()._check_doors()
        for code in self.living() if self.is_undisturbed else ():
            is_same = code.code_hash == code.confirmed_code_hash and code.starts_at == code.pulled_at
            is_same = is_same and code.access_code_id not in self.moved
            if code.pulled_at is not None and is_same and not code.is_over(self.now):
                assert code.code is not None
                assert self._opens(code.code.reveal()), "a spare that was given away does not work"

    def _opens(self, pin: str) -> bool:
        return any(
            entry.pin == pin
            and (entry.starts_at is None or entry.starts_at <= self.now)
            and (entry.ends_at is None or self.now < entry.ends_at)
            for entry in self.vendor.entries.values()
        )


class PoolWorld(World):
    engine: Keeping

    def __init__(self, story: Story, *, polls: bool) -> None:
        self.is_undisturbed = all(
            happening[0] not in ("owner", "foreign") for happening, _ in story.happenings
        )
        super().__init__(story, polls=polls)

    def _pool(self, is_on: bool) -> None:
        self.engine.world = self
        self.engine.is_undisturbed = self.is_undisturbed
        self.engine.switch(is_on)

    def _pull(self, at: int) -> None:
        code = self._code(at)
        if code is not None and code.is_time_bound:
            self.engine.pull(code)

    def _code(self, at: int) -> AccessCode | None:
        codes = [c for c in self.engine.living() if not c.is_over(self.engine.now) and not c.is_spare]
        return codes[at % len(codes)] if codes else None

    def check(self) -> None:
        super().check()
        engine = self.engine
        kept = backup_pool.kept(engine.living())
        assert len(kept) == (POOL_SIZE if engine.device.has_backup_pool else 0)
        on_lock = [code for code in kept if code.is_on_lock]
        SEEN["full" if on_lock else "empty"] += 1
        SEEN["eviction"] += engine.evictions
        assert len(backup_pool.available(engine.living(), engine.steps)) == len(on_lock)

    def _check_queue(self, code: AccessCode, on_lock: list[AccessCode]) -> None:
        if not code.is_spare:
            assert not any(other.is_spare for other in on_lock), "a spare keeps a guest out"
            super()._check_queue(code, on_lock)

    def _check_story(self, code: AccessCode) -> None:
        if not code.is_spare:
            super()._check_story(code)
            return
        assert self.engine.told[code.access_code_id] == []
        assert not code.is_over(self.engine.now) or code.gone_at is not None


def _pooled(dice: random.Random) -> Story:
    """A thrown story with a pool from its beginning, and guests who need its spares."""
    story = test_planner_properties._thrown(dice)
    happenings: list[tuple[tuple[Any, ...], float]] = [(("pool", True), dice.choice(WAITS))]
    for pair in story.happenings:
        happenings.append(pair)
        for _ in range(dice.choice([0, 1, 1])):
            happenings.append((("pull", dice.randrange(6)), dice.choice(WAITS)))
        if dice.random() < 0.1:
            happenings.append((("pool", dice.random() < 0.5), dice.choice(WAITS)))
    return replace(story, happenings=happenings, room=dice.choice([1, 2, 4, 6, 40, 40]))


@pytest.mark.parametrize("batch", range(5))
def test_stories_with_spares_converge(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    As without them; the pool is as full as there is room, no spare keeps a guest out, nobody hears of spares,
    and one that was given away opens the door without a break.
    """
    SEEN.clear()
    monkeypatch.setattr(test_planner_properties, "Engine", Keeping)
    monkeypatch.setattr(test_planner_properties, "World", PoolWorld)
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        dice = random.Random(seed)
        story = _pooled(dice)
        random.seed(seed)
        try:
            test_planner_properties._live(story)
        except Exception as error:
            error.add_note(f"seed {seed}: {story}")
            raise
    for word in ("pull", "renewal", "full", "empty", "eviction"):
        assert SEEN[word] > 4, f"the stories never come to {word}: {SEEN}"
