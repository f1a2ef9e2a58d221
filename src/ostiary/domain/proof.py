"""
What the evidence of a code says: its status at any instant, and how far its wish is proved. Pure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from .access_codes import Status
from .evidence import Digest, Entry, State, broken_at
from .fights import CONFLICT
from .instants import to_wire

Level = Literal["wished", "sent", "accepted", "read_back", "confirmed_by_device", "used_at_door"]


def status_at(entries: Sequence[Entry], at: datetime) -> Status | None:
    """The status that the wire had at an instant; None: the code was not there yet, or no more."""
    latest = next((entry for entry in reversed(entries) if entry.at <= at), None)
    state = None if latest is None else latest.state
    return None if state is None else state.status(at)


def explains(entries: Sequence[Entry], at: datetime, status: Status | None) -> bool:
    """
    Whether a status that somebody saw at an instant follows from the entries up to it. Several things may
    happen within one instant: then it follows from what was there before them or from any of them.
    """
    earlier = [entry for entry in entries if entry.at < at][-1:]
    within = [entry for entry in entries if entry.at == at]
    states = [entry.state for entry in (*earlier, *within)]
    return any(state is not None and state.status(at) == status for state in states)


def judged(
    access_code_id: str, status: Status | None, entries: Sequence[Entry], now: datetime, digest: Digest
) -> dict[str, Any]:
    """The wire's evidence without its entries. A record that is not whole proves nothing."""
    broken = broken_at(entries, digest)
    return {
        "access_code_id": access_code_id,
        "level": "wished" if broken is not None else level(entries, now),
        "status": status,
        "is_intact": broken is None,
        "broken_at": broken,
    }


def level(entries: Sequence[Entry], now: datetime) -> Level:
    """
    How far the present wish is proved, and never further: that the code works, or once it is over, that the
    lock does not have it. Each new wish, and whatever a look shows otherwise, begins anew.
    """
    state = entries[-1].state if entries else None
    if state is None:
        return "wished"
    if state.is_over(now) or state.is_gone:
        is_seen_gone = state.is_gone and any(
            entry.kind == "seen" and entry.all_facts.get("on_device") is None and _is_gone(entry)
            for entry in entries
        )
        return "read_back" if is_seen_gone else _of_writes(entries, state, ("remove",))
    if not _stands(state):
        return _of_writes(entries, state, ("set", "change"))
    since = _standing_since(entries)
    lines = [entry.all_facts for entry in entries if entry.kind == "used"]
    since_then = [line for line in lines if line.get("occurred_at", "") >= since]
    if any(line.get("what") in ("unlocked", "locked") for line in since_then):
        return "used_at_door"
    if any(_is_known_at_door(line, state) for line in since_then):
        return "confirmed_by_device"
    return "read_back"


def _is_gone(entry: Entry) -> bool:
    return entry.state is not None and entry.state.is_gone


def _stands(state: State) -> bool:
    """The last look showed it as it is wished, and nobody has changed it since."""
    return state.is_confirmed and state.is_as_wished and CONFLICT not in state.errors


def _standing_since(entries: Sequence[Entry]) -> str:
    since = ""
    for entry in reversed(entries):
        state = entry.state
        if state is None or not _stands(state):
            break
        since = to_wire(entry.at)
    return since


def _is_known_at_door(line: Mapping[str, Any], state: State) -> bool:
    """The lock refused it by name outside of its window, as it should: so it knows code and window."""
    at = line.get("occurred_at", "")
    is_inside = (state.starts_at or "") <= at and (state.ends_at is None or at < state.ends_at)
    return line.get("what") == "access_denied" and state.is_native and not is_inside


def _of_writes(entries: Sequence[Entry], state: State, kinds: Sequence[str]) -> Level:
    """By the vendor's word for the present wish, as long as no look has shown what became of that write."""
    settled = {
        write.get("step_id")
        for entry in entries
        if entry.kind == "seen"
        for write in entry.all_facts.get("writes", ())
    }
    outcomes = {
        facts.get("outcome")
        for facts in (entry.all_facts for entry in entries if entry.kind == "answered")
        if facts.get("write") in kinds
        and facts.get("generation") == state.generation
        and facts.get("step_id") not in settled
    }
    return "accepted" if "accepted" in outcomes else "sent" if "unknown" in outcomes else "wished"
