"""
Whose the codes on a lock are, and how ours should stand there. Pure.

A look shows entries; a `Step` is a write that was written down before it was made. Together they tell which
entry is which of our codes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from .access_codes import AccessCode
from .provider import Capabilities, DesiredCode, ObservedCode

StepKind = Literal["set", "change", "remove"]
Outcome = Literal["planned", "accepted", "unknown", "seen", "lost", "not_sent", "refused"]


@dataclass(frozen=True, slots=True)
class Step:
    """
    One write to the vendor, as it was written down before it was made.

    Attributes:
        code_hash: Of the PIN that it carries, so that its effect can be recognised.
        outcome: `planned` until the vendor answered, `accepted` or `unknown` until a look settles it.
        wait_until: Until then an effect that is not seen may still come; afterwards the step is lost.
        reaches_at: Before that the device itself may not know of it, whatever a look shows.
    """

    step_id: str
    access_code_id: str
    kind: StepKind
    generation: int
    vendor_code_id: str | None
    code_hash: str | None
    planned_at: datetime
    outcome: Outcome
    wait_until: datetime
    reaches_at: datetime
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """
    What to write next.

    Attributes:
        wanted: None for a removal.
        makes_room: A removal of a code that is wanted, for a more urgent one.
    """

    kind: StepKind
    code: AccessCode
    wanted: DesiredCode | None
    vendor_code_id: str | None
    makes_room: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One code of a look with what the house adds: the keyed hash of its PIN."""

    entry: ObservedCode
    code_hash: str | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """
    Whose the codes on the lock are.

    Attributes:
        ours: access_code_id to its entries; the first is the one that counts, the rest are surplus.
        foreign: Somebody else's. Never touched.
    """

    ours: Mapping[str, tuple[Seen, ...]]
    foreign: tuple[Seen, ...]

    def of(self, code: AccessCode) -> Seen | None:
        entries = self.ours.get(code.access_code_id, ())
        return entries[0] if entries else None


WrittenPins = Mapping[str, Collection[str]]
"""access_code_id to the hashes of PINs that were ever written for it."""


def attribute(
    codes: Sequence[AccessCode],
    open_steps: Sequence[Step],
    seen: Sequence[Seen],
    written: WrittenPins = MappingProxyType({}),
) -> Attribution:
    """
    Recognise our codes: by the vendor's id where a look has told it before, else by our mark **and** the
    PIN. A name alone never makes a code ours: people copy names.
    """
    by_vendor_id = {code.vendor_code_id: code for code in codes if code.vendor_code_id is not None}
    by_mark = {code.mark: code for code in codes}
    ours: dict[str, list[Seen]] = {}
    foreign: list[Seen] = []
    for item in seen:
        code = by_vendor_id.get(item.entry.vendor_code_id)
        if code is None:
            marked = by_mark.get(item.entry.mark or "")
            is_ours = marked is not None and _may_be(marked, open_steps, written, item)
            code = marked if is_ours else None
        if code is None:
            foreign.append(item)
        else:
            ours.setdefault(code.access_code_id, []).append(item)
    living = {code.access_code_id: code for code in codes}
    return Attribution(
        {key: tuple(_counting_first(living[key], entries)) for key, entries in ours.items()}, tuple(foreign)
    )


def _may_be(code: AccessCode, open_steps: Iterable[Step], written: WrittenPins, item: Seen) -> bool:
    """The entry has a PIN that we have written for this code, now or ever: a write may land very late."""
    if item.code_hash is None:
        return True
    hashes = {code.code_hash, code.confirmed_code_hash, *written.get(code.access_code_id, ())}
    hashes.update(step.code_hash for step in open_steps if step.access_code_id == code.access_code_id)
    return item.code_hash in hashes


def _counting_first(code: AccessCode, entries: list[Seen]) -> list[Seen]:
    """The entry that we know by id, else one with the wished PIN, else the first listed."""

    def rank(item: Seen) -> tuple[bool, bool, str]:
        entry = item.entry
        is_known = entry.vendor_code_id == code.vendor_code_id
        return (not is_known, item.code_hash != code.code_hash, entry.vendor_code_id)

    return sorted(entries, key=rank)


def desired(code: AccessCode, can: Capabilities, vendor_name: str, now: datetime) -> DesiredCode | None:
    """How a code should stand on the lock at this instant; None: not at all, or nobody knows a PIN for it."""
    if not code.is_wanted(can, now) or (code.code is None and not can.vendor_may_choose):
        return None
    starts_at, ends_at = code.frame_on_device(can)
    return DesiredCode(
        access_code_id=code.access_code_id,
        vendor_name=vendor_name,
        code=code.code,
        starts_at=starts_at,
        ends_at=ends_at,
        is_from_vendor=code.is_code_from_vendor,
        weekly=code.weekly_window,
    )


def stands_as(code: AccessCode, entry: ObservedCode, wanted: DesiredCode, step: Step | None = None) -> bool:
    """
    The lock shows exactly what is wanted, and nothing limits it that we did not write.

    Where a look does not tell the PIN, it is the one that was confirmed before, or that of a write which the
    vendor has taken (`step`). A code whose PIN nobody knows is of no use to anybody.
    """
    return (
        wanted.code is not None
        and entry.name == wanted.vendor_name
        and (entry.code == wanted.code if entry.code is not None else _was_written(code, step))
        and entry.starts_at == wanted.starts_at
        and entry.ends_at == wanted.ends_at
        and entry.weekly == wanted.weekly
        and entry.is_enabled
        and entry.is_exact
    )


def _was_written(code: AccessCode, step: Step | None) -> bool:
    if code.code_hash == code.confirmed_code_hash and code.confirmed_at is not None:
        return True
    if step is None or code.code_hash is None or step.code_hash != code.code_hash:
        return False
    return step.kind == "set" or (step.kind == "change" and step.outcome == "accepted")
