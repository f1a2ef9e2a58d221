"""
What is told of the next tick is what the next tick does.

The stories of the planner's properties, with somebody who asks before each tick what it will write. Where the
lock then shows what it showed last, exactly that is written; where no look is made, nothing.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from ostiary.domain import unmanaged_codes
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.attribution import PlannedStep, Seen, Step, StepKind, attribute
from ostiary.domain.explanation import explained
from ostiary.domain.fights import CONFLICT
from ostiary.domain.instants import to_wire
from ostiary.domain.provider import Capabilities, ObservedCode
from ostiary.domain.reconcile import Plan
from ostiary.domain.rehearsal import Rehearsal, Rows, rehearse
from ostiary.domain.unmanaged_codes import UnmanagedCode

from . import samples, test_planner_properties
from .model_engine import Engine
from .model_wishes import pin_hash, shown_pin, vendor_name

STORIES = 200
SEEN: Counter[str] = Counter()


@dataclass
class Asked(Engine):
    """An engine that is asked, before each tick, what it is going to do."""

    unmanaged: list[UnmanagedCode] = field(default_factory=list)
    is_whole: bool = False
    """Rows tell all that the last look showed."""

    looks: int = 0

    def rows(self) -> Rows:
        device = replace(
            samples.device(capabilities=self.can),
            due_at=self.now,
            looked_at=self.looked_at,
            look_wanted=self.look_wanted,
            sync_wanted=self.sync_wanted,
        )
        codes = self._loaded()
        names = {code.access_code_id: vendor_name(code) for code in codes}
        return Rows(device, samples.account(), codes, list(self.steps), self.unmanaged, names)

    def _tick(self) -> None:
        rows = self.rows()
        rehearsal = rehearse(rows, self.now)
        self._check_words(rows)
        before, was_whole, looks = self.last_look, self.is_whole and self._is_telling(), self.looks
        self.last_plan = Plan()
        try:
            super()._tick()
        finally:
            if self.looks == looks:
                assert not written(self.last_plan.steps)
                self._check_unseen(rehearsal)
            elif was_whole and self.last_look == before:
                assert written(rehearsal.plan.steps) == written(self.last_plan.steps)
                assert dict(rehearsal.plan.blocked) == dict(self.last_plan.blocked)
                SEEN.update(step.kind for step in rehearsal.plan.steps)
                SEEN["same"] += 1

    def _check_unseen(self, rehearsal: Rehearsal) -> None:
        """No look: it was not due, the lock was read anew, or the vendor did not answer."""
        if not self.vendor.faults:
            assert rehearsal.hold in ("nothing_due", "synchronising")
            SEEN[rehearsal.hold] += 1

    def _settle_look(self, entries: Sequence[ObservedCode]) -> Plan:
        self.looks += 1
        seen = [Seen(entry, pin_hash(entry.code.reveal()) if entry.code else None) for entry in entries]
        plan = super()._settle_look(entries)
        found = attribute(list(self.codes.values()), self.steps, seen, self.written)
        device = samples.device()
        findings = unmanaged_codes.observe(self.unmanaged, found.foreign, device, self.now)
        gone = {code.access_code_id for code in (*findings.gone, *findings.changed)}
        kept = [code for code in self.unmanaged if code.access_code_id not in gone]
        self.unmanaged = [*kept, *findings.changed, *findings.appeared]
        are_single = all(len(entries) == 1 for entries in found.ours.values())
        are_living = all(self.codes[key].gone_at is None for key in found.ours)
        self.is_whole = are_single and are_living and not any(entry.is_busy for entry in entries)
        return plan

    def _is_telling(self) -> bool:
        """No entry is there already for which a write is still open: rows do not tell how it stands."""
        for step in self.steps:
            known = self.codes[step.access_code_id].vendor_code_id
            if step.kind == "remove" and known not in (None, step.vendor_code_id):
                return False  # nor whether a second entry is still there
        for code in self.living():
            is_new = self.looked_at is None or code.wished_at >= self.looked_at
            if code.is_on_lock and is_new and (code.confirmed_at is None or _is_tampered(code)):
                return False  # nor whether what stands there by chance is what is wished now
        waiting = {step.access_code_id for step in self.steps if step.kind != "remove"}
        return not any(code.is_on_lock and code.access_code_id in waiting for code in self.living())

    def _check_words(self, rows: Rows) -> None:
        """It can always be said, of each living code, and without a PIN."""
        told = explained(rows, self.now)
        assert [one["access_code_id"] for one in told["desired"]] == [
            code.access_code_id for code in rows.codes if code.gone_at is None
        ]
        assert len(told["observed"]) >= sum(code.is_on_lock for code in self.living())
        for code, one in zip(self.living(), told["desired"], strict=False):
            SEEN[f"why {one['why'] and one['why']['reason']}"] += 1
            if one["why"] is None:
                is_settled = code.is_as_wished and code.is_on_lock
                assert is_settled or not code.is_wanted(self.can, self.now)
            pin = shown_pin(code)
            assert pin is None or f"'{pin}'" not in str(told)


def _is_tampered(code: AccessCode) -> bool:
    return any(error["error_code"] == CONFLICT for error in code.errors)


def written(steps: Iterable[PlannedStep]) -> list[tuple[Any, ...]]:
    return [
        (step.kind, step.code.access_code_id, step.vendor_code_id, step.wanted, step.makes_room)
        for step in steps
    ]


@pytest.mark.parametrize("throw", ["caller", "vendor"])
def test_what_is_told_is_what_is_written(throw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_planner_properties, "Engine", Asked)
    SEEN.clear()
    for seed in range(STORIES):
        dice = random.Random(seed)
        story = test_planner_properties._thrown(dice)
        if throw == "vendor":
            story = test_planner_properties._choosing(story, dice)
        random.seed(seed)
        try:
            test_planner_properties._live(story)
        except Exception as error:
            error.add_note(f"seed {seed}: {story}")
            raise
    for word in ("same", "set", "change", "remove", "nothing_due", "why not_yet", "why step_open"):
        assert SEEN[word] > 4, f"the stories never come to {word}: {SEEN}"


# --- why, where no story leads ----------------------------------------------------------------------------

NOW = samples.NOW


def told_of(code: AccessCode, **changes: Any) -> dict[str, Any]:
    """What is said of one code of a lock that is due now."""
    device = replace(samples.device(), **{"due_at": NOW, **changes.pop("device", {})})
    rows = Rows(device, samples.account(), [code], [], [], {code.access_code_id: "Anna #mark"})
    told = explained(replace(rows, **changes), NOW)
    why: dict[str, Any] = told["desired"][0]["why"]
    return {**why, "held_by": told["held_by"], "due_at": told["due_at"], "writes": told["writes"]}


@pytest.mark.parametrize(
    ("changes", "reason", "held_by"),
    [
        ({}, "next_tick", None),
        ({"names": None}, "provider_not_configured", "provider_not_configured"),
        ({"device": {"removed_at": NOW}}, "device_removed", "device_removed"),
        ({"device": {"is_online": False}}, "device_offline", "device_offline"),
        ({"device": {"sync_wanted": True}}, "synchronising", "synchronising"),
        ({"device": {"due_at": None}}, "next_look", "nothing_due"),
        (
            {"device": {"capabilities": Capabilities(can_program_online_access_codes=False)}},
            "device_takes_no_codes",
            "device_takes_no_codes",
        ),
    ],
)
def test_what_keeps_a_whole_lock(changes: dict[str, Any], reason: str, held_by: str | None) -> None:
    told = told_of(samples.code(), **changes)
    assert (told["reason"], told["held_by"]) == (reason, held_by)
    assert len(told["writes"]) == (1 if reason == "next_tick" else 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"refused_generation": 1}, "refused"),
        ({"waits_for_room": True}, "no_room"),
        ({"code": None, "code_hash": None}, "no_pin"),
        ({"attempts": 3, "retry_at": NOW + timedelta(seconds=40)}, "retry_later"),
        ({"delete_requested_at": NOW, "was_sent": True}, "next_look"),
    ],
)
def test_what_one_code_waits_for(changes: dict[str, Any], reason: str) -> None:
    told = told_of(replace(samples.code(), **changes))
    assert told["reason"] == reason
    assert told["writes"] == []
    assert told["attempts"] == changes.get("attempts", 0)
    assert "None" not in told["message"].replace("(None)", "")


def test_a_pause_of_the_account_moves_the_next_tick() -> None:
    """The vendor wants fewer calls, or we do: until then only doors are worked on."""
    later = NOW + timedelta(minutes=3)
    told = told_of(samples.code(), account=samples.account(paused_until=later))
    assert told["reason"] == "next_tick"
    assert told["due_at"] == told["until"] == to_wire(later)


def test_a_tick_writes_ten() -> None:
    codes = [replace(samples.code(), access_code_id=f"c{n}", code_hash=f"h{n}") for n in range(13)]
    names = {code.access_code_id: code.access_code_id for code in codes}
    device = replace(samples.device(), due_at=NOW)
    told = explained(Rows(device, samples.account(), codes, [], [], names), NOW)
    assert len(told["writes"]) == 10
    assert [call["call"] for call in told["calls"]] == ["list_access_codes", *["set_access_code"] * 10]
    assert told["further_writes"] == 3
    assert {one["why"]["reason"] for one in told["desired"]} == {"next_tick"}


def step(access_code_id: str, kind: StepKind, **changes: Any) -> Step:
    """A write that was accepted ten seconds ago and has time for another minute."""
    at = NOW - timedelta(seconds=10)
    made = Step("s1", access_code_id, kind, 1, None, None, at, "accepted", NOW + timedelta(minutes=1), at)
    return replace(made, **changes)


def test_a_lost_write_has_the_whole_lock_read_anew() -> None:
    """Before anything is written to it, for other codes too."""
    first, second = (
        replace(samples.code(), access_code_id=f"c{n}", mark=f"mark{n}", code_hash=f"h{n}") for n in (1, 2)
    )
    names = {code.access_code_id: code.access_code_id for code in (first, second)}
    device = replace(samples.device(), due_at=NOW)
    rows = Rows(device, samples.account(), [first, second], [step("c1", "set")], [], names)
    told = explained(rows, NOW)
    assert [write["access_code_id"] for write in told["writes"]] == ["c2"]
    assert [one["why"]["reason"] for one in told["desired"]] == ["step_open", "next_tick"]

    told = explained(replace(rows, steps=[step("c1", "set", wait_until=NOW)]), NOW)
    assert told["held_by"] == "step_overdue"
    assert told["writes"] == []
    assert [one["why"]["reason"] for one in told["desired"]] == ["step_open", "synchronising"]


def test_a_removal_that_is_seen_counts_when_the_device_must_know_of_it() -> None:
    """The code is wanted again; its entry is off the list, and the door may not know yet."""
    code = samples.code()
    names = {code.access_code_id: "Anna #mark"}
    device = replace(samples.device(), due_at=NOW)
    removal = step(code.access_code_id, "remove", vendor_code_id="v1")
    rows = Rows(device, samples.account(), [code], [removal], [], names)
    assert [write["kind"] for write in explained(rows, NOW)["writes"]] == ["set"]
    later = replace(removal, reaches_at=NOW + timedelta(seconds=30))
    assert explained(replace(rows, steps=[later]), NOW)["writes"] == []
