"""
Why a code is not on the door: a rehearsal of the next tick, in words. Pure, and without PINs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from . import weekly_windows
from .access_codes import AccessCode
from .attribution import PlannedStep, Seen, Step
from .backup_pool import missing
from .failure import DUPLICATE
from .fights import is_undone
from .instants import to_wire
from .rehearsal import Rehearsal, Rows, differences, reason, rehearse, wanted_of
from .room import NO_SPACE

Reason = Literal[
    "not_yet",
    "account_disconnected",
    "provider_not_configured",
    "device_removed",
    "device_offline",
    "device_takes_no_codes",
    "step_open",
    "retry_later",
    "refused",
    "duplicate_pin",
    "no_room",
    "synchronising",
    "next_tick",
    "next_look",
    "after_another",
    "no_pin",
    "undone",
    "left_as_is",
]

SENTENCES: Final[Mapping[Reason, str]] = {
    "not_yet": "It is too early: the code is put on the lock from {until} on.",
    "account_disconnected": "The account is disconnected. Somebody has to log in again.",
    "provider_not_configured": "This server has no settings for the brand of the lock.",
    "device_removed": "The lock has left its account.",
    "device_offline": "The lock is offline. It is asked again at {until}.",
    "device_takes_no_codes": "The lock takes no codes now; its errors say what is missing.",
    "step_open": "A write ({kind}) was made, and no look has shown it to be done. It has time until {until}.",
    "retry_later": "{attempts} tries have led to nothing ({error}). The next is at {until}.",
    "refused": "The vendor refuses this wish ({error}). Wish for something else.",
    "duplicate_pin": "Another code on the lock has the same PIN.",
    "no_room": "The lock is full, and the codes on it are needed sooner.",
    "synchronising": "A write was lost. The vendor reads the lock anew before it is repeated.",
    "next_tick": "It is written at the next tick, {until}.",
    "next_look": "The next look at the lock tells, {until}.",
    "after_another": "Another code of yours has to leave the lock or to change first.",
    "no_pin": "Nobody knows a PIN for it.",
    "undone": "Somebody else keeps changing or removing it ({attempts} times). It is restored at {until}.",
    "left_as_is": "Somebody else has changed or removed it, which is allowed. It stays so until an update.",
}


@dataclass(frozen=True, slots=True)
class Why:
    """
    Why a code does not stand on the lock as it should, or is still there.

    Attributes:
        until: When that ends or is tried again; None: nobody knows.
        error_code: The newest error of the code, where one stands.
    """

    reason: Reason
    until: datetime | None = None
    attempts: int = 0
    error_code: str | None = None
    kind: str | None = None

    def as_wire(self) -> dict[str, Any]:
        until = "a time that is not known" if self.until is None else to_wire(self.until)
        words = {"until": until, "attempts": self.attempts, "error": self.error_code, "kind": self.kind}
        return {
            "reason": self.reason,
            "message": SENTENCES[self.reason].format(**words),
            "until": _instant(self.until),
            "attempts": self.attempts,
            "error_code": self.error_code,
        }


def explained(rows: Rows, now: datetime) -> dict[str, Any]:
    """The wire's plan of one lock at an instant."""
    rehearsal = rehearse(rows, now)
    living = [code for code in rows.codes if code.gone_at is None]
    entries = {item.entry.vendor_code_id: item for item in rehearsal.seen}
    return {
        "device_id": rows.device.device_id,
        "as_of": to_wire(now),
        "looked_at": _instant(rows.device.looked_at),
        "is_online": rows.device.is_online,
        "due_at": _instant(rehearsal.at),
        "paused_until": _instant(rows.account.paused_until) if rows.account.pause_left(now) else None,
        "held_by": rehearsal.hold,
        "desired": [_desired(code, rows, rehearsal, entries, now) for code in living],
        "observed": _observed(rows, rehearsal),
        "open_steps": [_open(step) for step in rows.steps],
        "calls": calls(rows, rehearsal),
        "writes": [_write(step, rehearsal) for step in rehearsal.writes],
        "further_writes": len(rehearsal.plan.steps) - len(rehearsal.writes),
        "spares_to_make": missing(rows.device, rows.codes),
    }


def reasons(rows: Rows, now: datetime) -> dict[str, Why | None]:
    """access_code_id of each living code to why it does not stand as it should."""
    rehearsal = rehearse(rows, now)
    entries = {item.entry.vendor_code_id: item for item in rehearsal.seen}
    return {
        code.access_code_id: why(code, rows, rehearsal, _differences(code, rows, entries, now), now)
        for code in rows.codes
        if code.gone_at is None
    }


def _differences(code: AccessCode, rows: Rows, entries: Mapping[str, Seen], now: datetime) -> tuple[str, ...]:
    item = entries.get(code.vendor_code_id or "")
    return differences(code, None if item is None else item.entry, wanted_of(code, rows, now))


def _desired(
    code: AccessCode, rows: Rows, rehearsal: Rehearsal, entries: Mapping[str, Seen], now: datetime
) -> dict[str, Any]:
    starts_at, ends_at = code.frame_on_device(rows.can)
    differs = _differences(code, rows, entries, now)
    because = why(code, rows, rehearsal, differs, now)
    return {
        "access_code_id": code.access_code_id,
        "name": code.name,
        "name_on_device": None if rows.names is None else rows.names.get(code.access_code_id),
        "starts_at": _instant(starts_at),
        "ends_at": _instant(ends_at),
        "weekly_window": weekly_windows.to_wire(code.weekly_window),
        "is_wanted": code.is_wanted(rows.can, now),
        "wanted_from": _instant(code.programmed_from(rows.can)),
        "wanted_until": _instant(code.delete_requested_at or code.times[1]),
        "differences": list(differs),
        "why": None if because is None else because.as_wire(),
        "is_backup": code.is_backup,
    }


def why(
    code: AccessCode, rows: Rows, rehearsal: Rehearsal, differs: tuple[str, ...], now: datetime
) -> Why | None:
    """None: it stands as it should, and nothing is to be done."""
    since = code.programmed_from(rows.can)
    if code.drift != "none" and not code.is_over(now):
        return Why("left_as_is")
    if not differs and not code.is_over(now):
        if not code.is_wanted(rows.can, now):
            return Why("not_yet", since)
        if not code.is_on_lock:
            return Why("no_pin")
        if code.is_as_wished:
            return None
    return _standstill(rows, rehearsal) or _of_code(code, rows, rehearsal, now, is_other=bool(differs))


def _standstill(rows: Rows, rehearsal: Rehearsal) -> Why | None:
    """What keeps every code of the lock from being written."""
    if rows.account.is_disconnected:
        return Why("account_disconnected")
    if rows.names is None:
        return Why("provider_not_configured")
    if rows.device.removed_at is not None:
        return Why("device_removed")
    if not rows.device.is_online:
        return Why("device_offline", rehearsal.at)
    if not rows.can.can_program_online_access_codes:
        return Why("device_takes_no_codes")
    return None


def _of_code(code: AccessCode, rows: Rows, rehearsal: Rehearsal, now: datetime, *, is_other: bool) -> Why:
    """Args: is_other: It stands otherwise than it should, or not at all; else a look has to confirm it."""
    error = str(code.errors[-1]["error_code"]) if code.errors else None
    step = next((step for step in rows.steps if step.access_code_id == code.access_code_id), None)
    if step is not None:
        return Why("step_open", step.wait_until, code.attempts, error, step.kind)
    if code.retry_at is not None and now < code.retry_at:
        if is_undone(code):
            return Why("undone", code.retry_at, code.undone, error)
        return Why("retry_later", code.retry_at, code.attempts, error)
    if code.refused_generation == code.generation and not code.is_over(now):
        return Why("refused", None, code.attempts, error)
    blocked, _ = rehearsal.plan.blocked.get(code.access_code_id, (None, ""))
    if blocked == DUPLICATE:
        return Why("duplicate_pin", None, code.attempts, DUPLICATE)
    if blocked == NO_SPACE or code.waits_for_room:
        return Why("no_room", None, code.attempts, NO_SPACE)
    if rehearsal.hold in ("synchronising", "step_overdue"):
        return Why("synchronising", rehearsal.at, code.attempts, error)
    if any(step.code.access_code_id == code.access_code_id for step in rehearsal.plan.steps):
        return Why("next_tick", rehearsal.at, code.attempts, error)
    if rehearsal.hold is not None or code.is_over(now) or not is_other:
        return Why("next_look", rehearsal.at, code.attempts, error)
    return Why("after_another", None, code.attempts, error)


def _observed(rows: Rows, rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """Ours and others'. Where it is not known how a window differs, none is shown."""
    ours = {code.vendor_code_id: code.access_code_id for code in rows.codes if code.is_on_lock}
    ours |= {step.vendor_code_id: step.access_code_id for step in rows.steps if step.kind == "remove"}
    others = {code.vendor_code_id: code.access_code_id for code in rows.unmanaged}
    return [
        {
            "access_code_id": ours.get(entry.vendor_code_id) or others[entry.vendor_code_id],
            "is_managed": entry.vendor_code_id in ours,
            "name": entry.name or None,
            "starts_at": _instant(entry.starts_at) if entry.is_exact else None,
            "ends_at": _instant(entry.ends_at) if entry.is_exact else None,
            "weekly_window": weekly_windows.to_wire(entry.weekly) if entry.is_exact else None,
            "is_enabled": entry.is_enabled,
            "is_exact": entry.is_exact,
        }
        for entry in (item.entry for item in rehearsal.seen)
    ]


def _open(step: Step) -> dict[str, Any]:
    return {
        "step_id": step.step_id,
        "access_code_id": step.access_code_id,
        "kind": step.kind,
        "outcome": step.outcome,
        "planned_at": to_wire(step.planned_at),
        "wait_until": to_wire(step.wait_until),
    }


def _write(step: PlannedStep, rehearsal: Rehearsal) -> dict[str, Any]:
    assert rehearsal.at is not None
    return {
        "kind": step.kind,
        "access_code_id": step.code.access_code_id,
        "name": step.code.name,
        "reason": reason(step, rehearsal.seen, rehearsal.at),
    }


# --- what the vendor is asked -----------------------------------------------------------------------------


def calls(rows: Rows, rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """
    The calls of the next tick in their order, by their names in the port. What a call answers may call for
    others: a lock that is found offline gets no more, and what a look shows may be new.
    """
    if rehearsal.at is None or rehearsal.hold == "provider_not_configured":
        return []
    where, at = rows.device.vendor_device_id, rehearsal.at
    removals = [code for code in rows.unmanaged if code.is_removal_due(at)]
    if rehearsal.hold == "nothing_due" and not removals:
        return []
    if not rows.device.is_online:
        return [_call("get_device", where)] if rows.codes else []
    if rows.device.sync_wanted:
        return [_call("synchronise", where)]
    return [
        _call("list_access_codes", where),
        *(_call_of(step, where) for step in rehearsal.writes),
        *(_call("remove_access_code", where, code.access_code_id, code.vendor_code_id) for code in removals),
    ]


def _call_of(step: PlannedStep, vendor_device_id: str) -> dict[str, Any]:
    call = _call(f"{step.kind}_access_code", vendor_device_id, step.code.access_code_id, step.vendor_code_id)
    if step.wanted is not None:
        call["name_on_device"] = step.wanted.vendor_name
        call["starts_at"] = _instant(step.wanted.starts_at)
        call["ends_at"] = _instant(step.wanted.ends_at)
        call["weekly_window"] = weekly_windows.to_wire(step.wanted.weekly)
    return call


def _call(
    verb: str, vendor_device_id: str, access_code_id: str | None = None, vendor_code_id: str | None = None
) -> dict[str, Any]:
    return {
        "call": verb,
        "vendor_device_id": vendor_device_id,
        "access_code_id": access_code_id,
        "vendor_code_id": vendor_code_id,
        "name_on_device": None,
        "starts_at": None,
        "ends_at": None,
        "weekly_window": None,
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else to_wire(instant)
