"""What the planner's single stories begin with: locks that take PINs, and vendors that choose them."""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ostiary.domain import reconcile
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.provider import Capabilities, ObservedCode
from ostiary.domain.reconcile import Observation, Outcome, Seen, Step, StepKind

from .model_engine import Engine
from .model_vendor import ChoosingFateKind, ChoosingVendor, FateKind, Vendor
from .model_wishes import pin_hash, vendor_name
from .samples import code

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
CAN = Capabilities(can_program_online_access_codes=True, max_access_codes=20, settles_within=60.0)


def an_engine(*fates: tuple[FateKind, float], keeps_pins_unique: bool = True) -> Engine:
    return Engine(Vendor(START, keeps_pins_unique, 20, deque(fates), deque()), CAN, START)


def run(engine: Engine, **time: float) -> None:
    engine.run_until(engine.now + timedelta(**time))


def pins_on(engine: Engine) -> list[str]:
    return sorted(entry.pin for entry in engine.vendor.entries.values())


ROLLOUT = timedelta(seconds=240)
CHOOSING = replace(
    CAN, code_chosen_by="vendor", codes_are_readable=False, reaches_device_after=ROLLOUT.total_seconds()
)
MOMENT = timedelta(milliseconds=1)
SET = "access_code.set_on_device"


def choosing(*fates: tuple[ChoosingFateKind, float], can: Capabilities = CHOOSING, room: int = 20) -> Engine:
    rollout = timedelta(seconds=can.reaches_device_after)
    vendor = ChoosingVendor(START, True, room, deque(fates), deque(), rollout=rollout)
    return Engine(vendor, replace(can, max_access_codes=room), START)


def vendor_of(engine: Engine) -> ChoosingVendor:
    assert isinstance(engine.vendor, ChoosingVendor)
    return engine.vendor


def types_of(engine: Engine, access_code_id: str = "code-1") -> list[str]:
    return [told.event_type for told in engine.told[access_code_id]]


def stands(engine: Engine, access_code_id: str = "code-1") -> bool:
    """Confirmed, with the PIN that the vendor has for it, in its one entry."""
    one = engine.codes[access_code_id]
    held = [entry for entry in engine.vendor.ours() if entry.mark == one.mark]
    assert len(held) == 1
    assert one.code is not None
    return one.is_as_wished and one.errors == () and held[0].pin == one.code.reveal()


def a_step(
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


def told_code(pin: str = "800001") -> AccessCode:
    """A code whose PIN the vendor has told, and which no look has shown yet."""
    return replace(code(pin=pin), is_code_from_vendor=True, was_sent=True)


def confirmed(one: AccessCode) -> AccessCode:
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


def look_at(
    of: AccessCode, steps: list[Step], now: datetime, *entries: ObservedCode, can: Capabilities = CHOOSING
) -> Observation:
    shown = entries or (entry_of(of),)
    seen = [Seen(entry, None) for entry in shown]
    return reconcile.observe([of], steps, seen, can, {of.access_code_id: vendor_name(of)}, now)


def entry_of(of: AccessCode, key: str = "v1", **changes: Any) -> ObservedCode:
    return replace(ObservedCode(key, vendor_name(of), None, mark=of.mark), **changes)
