"""
What the engine would do next at one lock, worked out from stored rows with the engine's own rules. Pure.

`rehearse` asks the same `plan` that a tick asks, as if the next look showed what the last one did: nothing is
sent, nothing is stored. `domain.explanation` says it to people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from .access_codes import AccessCode
from .attribution import PlannedStep, Seen, Step, desired
from .connected_accounts import ConnectedAccount
from .devices import Device
from .fights import is_undone
from .observation import advance
from .provider import Capabilities, DesiredCode, ObservedCode
from .reconcile import WRITES_AT_ONCE, Plan, needs_look, plan
from .unmanaged_codes import UnmanagedCode

Hold = Literal[
    "account_disconnected",
    "provider_not_configured",
    "device_removed",
    "device_offline",
    "device_takes_no_codes",
    "nothing_due",
    "synchronising",
    "step_overdue",
]
"""Why the next tick writes nothing, whatever is wished."""


@dataclass(frozen=True, slots=True)
class Rows:
    """
    All that is stored about the codes of one lock.

    Attributes:
        codes: Those that are not gone, and gone ones that a step still waits for.
        names: access_code_id to the vendor's name that it should have; None: the server has no settings for
            the brand.
    """

    device: Device
    account: ConnectedAccount
    codes: Sequence[AccessCode]
    steps: Sequence[Step]
    unmanaged: Sequence[UnmanagedCode]
    names: Mapping[str, str] | None

    @property
    def can(self) -> Capabilities:
        return self.device.can


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """
    Attributes:
        at: When the next tick is; None: nothing makes one by itself.
        hold: Why it writes nothing; None: it writes what is planned, and that may be nothing.
        plan: What it writes, if the lock then shows what it showed last.
        seen: What it showed last, as far as rows tell.
    """

    at: datetime | None
    hold: Hold | None
    plan: Plan
    seen: tuple[Seen, ...]

    @property
    def writes(self) -> tuple[PlannedStep, ...]:
        """Those of one tick; the others follow at once."""
        return self.plan.steps[:WRITES_AT_ONCE]


def rehearse(rows: Rows, now: datetime) -> Rehearsal:
    """The next tick, from rows alone."""
    seen = remembered(rows)
    at = next_tick(rows, now)
    if rows.account.is_disconnected:
        return Rehearsal(None, "account_disconnected", Plan(), seen)
    if at is None:
        return Rehearsal(None, "nothing_due", Plan(), seen)
    open_for = {step.access_code_id for step in rows.steps}
    codes = [
        advance(code, rows.can, at, has_open_step=code.access_code_id in open_for).code for code in rows.codes
    ]
    living = [code for code in codes if code.gone_at is None or code.access_code_id in open_for]
    hold = _hold(rows, living, seen, at)
    if hold is not None or rows.names is None:
        return Rehearsal(at, hold, Plan(), seen)
    steps = _still_open(rows.steps, seen, at)
    return Rehearsal(at, None, plan(living, steps, seen, rows.can, rows.names, at), seen)


def _still_open(steps: Sequence[Step], seen: Sequence[Seen], at: datetime) -> list[Step]:
    """Without removals that have come true and only had to reach the device."""
    listed = {item.entry.vendor_code_id for item in seen}
    return [
        step
        for step in steps
        if step.kind != "remove" or step.vendor_code_id in listed or at < step.reaches_at
    ]


def next_tick(rows: Rows, now: datetime) -> datetime | None:
    """When the engine comes back to the lock by itself; None: never."""
    due_at = rows.device.due_at
    if due_at is None or rows.account.is_disconnected:
        return None
    paused_until = rows.account.paused_until
    return max(due_at, now) if paused_until is None else max(due_at, now, paused_until)


def _hold(rows: Rows, codes: Sequence[AccessCode], seen: Sequence[Seen], at: datetime) -> Hold | None:
    """In the order in which a tick meets them."""
    device = rows.device
    if rows.names is None:
        return "provider_not_configured"
    is_look_due = device.look_wanted or device.sync_wanted or needs_look(codes, rows.steps, rows.can, at)
    if device.removed_at is not None:
        return "device_removed"
    if not device.is_online:
        return "device_offline"
    if not is_look_due:
        return "nothing_due"
    if device.sync_wanted:
        return "synchronising"
    if any(step.wait_until <= at for step in _still_open(rows.steps, seen, at)):
        return "step_overdue"
    if not rows.can.can_program_online_access_codes:
        return "device_takes_no_codes"
    return None


# --- what the last look showed ----------------------------------------------------------------------------


def remembered(rows: Rows) -> tuple[Seen, ...]:
    """
    The entries of the last look, as far as the rows of codes tell.

    They do not tell second entries of one code, nor how exactly an entry differs that is not as wished: such
    a one is not exact here, which calls for the same write.
    """
    ours = [_entry(code, rows) for code in rows.codes if code.is_on_lock]
    leaving = [_leaving(step, rows) for step in rows.steps if step.kind == "remove"]
    foreign = [_foreign(code) for code in rows.unmanaged]
    return (*ours, *(item for item in leaving if item is not None), *foreign)


def _entry(code: AccessCode, rows: Rows) -> Seen:
    assert code.vendor_code_id is not None
    shown = code if _is_unknown(code, rows.device) else _as_confirmed(code)
    starts_at, ends_at = shown.frame_on_device(rows.can)
    is_told = rows.can.codes_are_readable
    entry = ObservedCode(
        vendor_code_id=code.vendor_code_id,
        name=code.vendor_name or "",
        code=shown.code if is_told else None,
        mark=code.mark,
        starts_at=starts_at,
        ends_at=ends_at,
        is_exact=not _is_unknown(code, rows.device),
        weekly=shown.weekly_window,
    )
    return Seen(entry, shown.code_hash if is_told else None)


def _is_unknown(code: AccessCode, device: Device) -> bool:
    """It stands there otherwise than was wished when the last look was made."""
    if code.confirmed_at is None or is_undone(code):
        return True
    return not code.is_as_wished and device.looked_at is not None and device.looked_at > code.wished_at


def _as_confirmed(code: AccessCode) -> AccessCode:
    return replace(
        code,
        code=code.confirmed_code,
        code_hash=code.confirmed_code_hash,
        starts_at=code.confirmed_starts_at,
        ends_at=code.confirmed_ends_at,
        weekly_window=code.confirmed_weekly_window,
    )


def _leaving(step: Step, rows: Rows) -> Seen | None:
    """
    A second entry of a code, or one of a code that was given up, that is being removed. The one by which a
    living code is known is off the lock when the code has no vendor's id any more.
    """
    code = next((code for code in rows.codes if code.access_code_id == step.access_code_id), None)
    if code is None or step.vendor_code_id is None or code.vendor_code_id == step.vendor_code_id:
        return None
    if code.gone_at is None and code.vendor_code_id is None:
        return None
    entry = ObservedCode(step.vendor_code_id, code.name or "", None, code.mark, is_exact=False)
    return Seen(entry, step.code_hash if rows.can.codes_are_readable else None)


def _foreign(code: UnmanagedCode) -> Seen:
    """Without a mark: that it is nobody's of ours has been found out already."""
    entry = ObservedCode(
        vendor_code_id=code.vendor_code_id,
        name=code.name or "",
        code=code.code,
        starts_at=code.starts_at,
        ends_at=code.ends_at,
        is_enabled=code.is_enabled,
        weekly=code.weekly_window,
    )
    return Seen(entry, code.code_hash)


# --- why ------------------------------------------------------------------------------------------------


def reason(step: PlannedStep, seen: Sequence[Seen], now: datetime) -> str:
    """Why a write is made, in one short word."""
    code = step.code
    if step.kind == "set":
        return "missing"
    if step.kind == "change":
        entry = next(i.entry for i in seen if i.entry.vendor_code_id == step.vendor_code_id)
        return next(iter(differences(code, entry, step.wanted)), "other")
    if step.makes_room:
        return "makes_room"
    if code.delete_requested_at is not None:
        return "deleted"
    if code.is_over(now):
        return "ended"
    return "surplus" if step.vendor_code_id != code.vendor_code_id else "too_early"


def differences(code: AccessCode, entry: ObservedCode | None, wanted: DesiredCode | None) -> tuple[str, ...]:
    """What is not as it should be: `missing`, `unwanted`, `unconfirmed`, or the fields; empty: as wished."""
    if entry is None:
        return () if wanted is None else ("missing",)
    if wanted is None:
        return ("unwanted",)
    if code.confirmed_at is None:
        return ("unconfirmed",)
    found = []
    if entry.name != wanted.vendor_name:
        found.append("name")
    if wanted.code is None or code.code_hash != code.confirmed_code_hash:
        found.append("code")
    if (entry.starts_at, entry.ends_at) != (wanted.starts_at, wanted.ends_at):
        found.append("time_frame")
    if entry.weekly != wanted.weekly:
        found.append("weekly_window")
    if not found and not entry.is_exact:
        found.append("other")
    return tuple(found)


def wanted_of(code: AccessCode, rows: Rows, now: datetime) -> DesiredCode | None:
    """How a code should stand on the device now; None: not at all."""
    names = rows.names or {}
    if code.gone_at is not None:
        return None
    name = names.get(code.access_code_id, code.vendor_name or code.name or "")
    return desired(code, rows.can, name, now)
