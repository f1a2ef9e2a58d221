"""
A code that changes hands, and a server that dies in between: whatever a look then shows, the entry is known
by its id, stands on the lock, and is changed at most by one write at a time.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from ostiary.domain import conversion, reconcile
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.provider import ObservedCode
from ostiary.domain.reconcile import Outcome, Seen, Step
from ostiary.domain.secrets import Secret
from ostiary.domain.unmanaged_codes import UnmanagedCode

from .samples import CAN, device
from .samples import NOW as START

PIN, HASH = Secret("332211"), "hash"
CONVERTED = "access_code.unmanaged.converted_to_managed"


def _theirs() -> UnmanagedCode:
    lock = device()
    return UnmanagedCode(
        access_code_id="code-1",
        workspace_id=lock.workspace_id,
        connected_account_id=lock.connected_account_id,
        device_id=lock.device_id,
        vendor_code_id="v1",
        name="Mum",
        code=PIN,
        code_hash=HASH,
        starts_at=None,
        ends_at=None,
        is_enabled=True,
        created_at=START - timedelta(days=3),
    )


def _ours() -> AccessCode:
    return conversion.taken_over(_theirs(), None, device(), START, is_external_modification_allowed=False)


def _seen(code: AccessCode, *, is_marked: bool) -> Seen:
    name = f"Mum #{code.mark}" if is_marked else "Mum"
    return Seen(ObservedCode("v1", name, PIN, mark=code.mark if is_marked else None), HASH)


def _step(code: AccessCode, outcome: Outcome) -> Step:
    until = START + timedelta(seconds=20)
    return Step(
        "s1", code.access_code_id, "change", code.generation, "v1", HASH, START, outcome, until, START
    )


def _names(code: AccessCode) -> dict[str, str]:
    return {code.access_code_id: f"Mum #{code.mark}"}


@pytest.mark.parametrize("outcome", [None, "planned", "unknown", "accepted"])
@pytest.mark.parametrize("is_marked", [False, True])
@pytest.mark.parametrize("seconds", [1, 60])
def test_wherever_the_server_dies_the_entry_stays_ours_and_on_the_lock(
    outcome: Outcome | None, is_marked: bool, seconds: int
) -> None:
    """Before the write was written down, before it was sent, after it arrived, before it was settled."""
    code, now = _ours(), START + timedelta(seconds=seconds)
    steps = [] if outcome is None else [_step(code, outcome)]
    seen = [_seen(code, is_marked=is_marked)]
    observation = reconcile.observe([code], steps, seen, CAN, _names(code), now)
    assert observation.attribution.foreign == ()
    after = next((change.code for change in observation.changes), code)
    told = [event.event_type for change in observation.changes for event in change.events]
    assert told.count(CONVERTED) == is_marked
    assert (after.conversion, after.gone_at) == ("done" if is_marked else "pending", None)
    settled = {step.step_id for step in observation.settled}
    still_open = [step for step in steps if step.step_id not in settled]
    ready = replace(after, retry_at=None)
    plan = reconcile.plan([ready], still_open, seen, CAN, _names(code), now)
    kinds = [(step.kind, step.vendor_code_id) for step in plan.steps]
    assert kinds == ([] if is_marked or still_open else [("change", "v1")])
    again = reconcile.observe([ready], still_open, seen, CAN, _names(code), now + timedelta(seconds=1))
    assert CONVERTED not in [event.event_type for change in again.changes for event in change.events]


def test_an_entry_that_is_handed_over_is_nobodys_here() -> None:
    """Its name has our mark still, and no code of ours claims it."""
    code = replace(_ours(), conversion="done")
    theirs = conversion.handed_over(code, CAN)
    after = conversion.released(code, START)
    assert (theirs.access_code_id, theirs.vendor_code_id, theirs.code) == ("code-1", "v1", PIN)
    assert (after.code, after.code_hash, after.vendor_code_id) == (None, None, None)
    assert after.generation > code.generation, "a plan that was made before writes nothing"
    seen = [_seen(code, is_marked=True)]
    assert reconcile.attribute([], [], seen).foreign == tuple(seen)
    back = conversion.taken_over(theirs, after, device(), START, is_external_modification_allowed=False)
    assert (back.mark, back.name) == (code.mark, "Mum")
    assert back.generation > after.generation
