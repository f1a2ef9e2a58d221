"""
The evidence of an access code: what was wished, sent, answered, seen and used at the door, in a chain. Pure.

A transaction that touches a code ends with an entry about it, and each entry holds the code's state from then
on, so that its status at any instant follows from the last entry before it. Every entry is signed with a key
of the installation over its own content and the entry before; the newest one also bears a seal, which the
next one takes away. Whoever changes, removes, inserts or reorders rows would need the key.

No PIN is in it: where two PINs have to be compared, the first half of their keyed hashes stands for them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from . import weekly_windows
from .access_codes import AccessCode, Status
from .attribution import Seen, Step
from .events import Event
from .instants import to_ms, to_wire
from .problems import Problems
from .provider import Capabilities

Kind = Literal["wished", "sending", "answered", "seen", "used", "told", "time", "account"]
"""
`wished`: an API user changed what is wanted. `sending`: a write was written down, and may leave any moment.
`answered`: what came of it at the vendor. `seen`: a look showed something else than the look before, what
became of a write, or what is wrong. `used`: the door's log names the code. `time`: time alone changed
something. `account`: the account was cut off, or connected again. `told`: something without any of these.
"""

ActorType = Literal["api_key", "client_session", "system"]

SHOWN_OF_HASH: Final = 32
_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.Decoder().decode

Digest = Callable[[bytes], str]
"""The installation's keyed hash (`store.vault.Vault.evidence_hash`)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who caused a change: the key or the client session that asked, or the engine by itself."""

    type: ActorType = "system"
    id: str | None = None
    display_name: str | None = None

    def as_wire(self) -> dict[str, str]:
        fields = {"type": self.type, "id": self.id, "display_name": self.display_name}
        return {name: value for name, value in fields.items() if value is not None}


SYSTEM: Final = Actor()


@dataclass(frozen=True, slots=True)
class View:
    """What a code's status needs beside the code."""

    can: Capabilities
    is_account_connected: bool


class State(msgspec.Struct, frozen=True):
    """
    A code from one entry to the next, without what time alone changes: as it is wished, or as others have
    left it where that is allowed. Instants are in the wire's form.

    Attributes:
        pin: Half of the PIN's keyed hash; equal for equal PINs on one device.
        wanted_from: When its programming may begin; None: at once.
        is_native: The lock keeps the window itself.
        is_as_wished: The last look showed the present wish.
        is_handed_over: It lives on as somebody else's.
        errors, warnings: Their codes, sorted.
    """

    name: str | None
    pin: str | None
    starts_at: str | None
    ends_at: str | None
    weekly_window: Mapping[str, Any] | None
    generation: int
    wanted_from: str | None
    is_native: bool
    is_account_connected: bool
    is_deleted: bool
    is_gone: bool
    is_handed_over: bool
    was_sent: bool
    is_on_device: bool
    is_confirmed: bool
    is_as_wished: bool
    errors: tuple[str, ...]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, code: AccessCode, view: View) -> "State":
        shown = code.in_effect
        return cls(
            name=shown.name,
            pin=shown_hash(shown.code_hash),
            starts_at=_instant(shown.starts_at),
            ends_at=_instant(shown.ends_at),
            weekly_window=weekly_windows.to_wire(shown.weekly_window),
            generation=code.generation,
            wanted_from=_instant(code.programmed_from(view.can)),
            is_native=code.has_native_schedule(view.can),
            is_account_connected=view.is_account_connected,
            is_deleted=code.delete_requested_at is not None,
            is_gone=code.gone_at is not None,
            is_handed_over=code.released_at is not None,
            was_sent=code.was_sent,
            is_on_device=code.is_on_lock,
            is_confirmed=code.is_confirmed,
            is_as_wished=code.is_as_wished,
            errors=_codes(code.errors, "error_code"),
            warnings=_codes(code.warnings, "warning_code"),
        )

    def is_over(self, at: datetime) -> bool:
        return self.is_deleted or (self.ends_at is not None and to_wire(at) >= self.ends_at)

    def status(self, at: datetime) -> Status | None:
        """The wire's status that follows from it at an instant; None: the code is gone."""
        now = to_wire(at)  # texts of one form and one length: they compare like what they say
        if self.is_gone:
            return None
        if not self.is_account_connected:
            return "unknown"
        if self.is_over(at):
            return "removing" if self.is_on_device or self.was_sent else "unset"
        if self.starts_at is None or now >= self.starts_at:
            return "set" if self.is_confirmed else "setting"
        if self.is_native:
            return "unset"
        if self.is_confirmed:
            return "set"
        return "setting" if self.wanted_from is None or now >= self.wanted_from else "unset"


@dataclass(frozen=True, slots=True)
class Note:
    """A fact that a transaction adds about a code. Never with a PIN."""

    kind: Kind
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One link of the chain.

    Attributes:
        position: 1, 2, 3, …
        status: The wire's, at that moment; None: the code is gone.
        facts: JSON as it was signed.
        seal: Only the newest entry has one, so that a cut-off end is noticed.
    """

    access_code_id: str
    position: int
    workspace_id: str
    at: datetime
    kind: Kind
    status: Status | None
    facts: str
    previous_hash: str
    hash: str
    seal: str | None

    @property
    def all_facts(self) -> dict[str, Any]:
        """Empty if somebody has made something else of them."""
        try:
            facts = _decode(self.facts)
        except msgspec.DecodeError:
            return {}
        return facts if isinstance(facts, dict) else {}

    @property
    def state(self) -> State | None:
        try:
            return msgspec.convert(self.all_facts.get("state"), State)
        except msgspec.ValidationError:
            return None

    def as_wire(self) -> dict[str, Any]:
        return {
            "position": self.position,
            "at": to_wire(self.at),
            "kind": self.kind,
            "status": self.status,
            "facts": self.all_facts,
            "previous_hash": self.previous_hash or None,
            "hash": self.hash,
        }


def shown_hash(code_hash: str | None) -> str | None:
    """Half of it: enough to see that two PINs are one, and not the value that rows are found by."""
    return None if code_hash is None else code_hash[:SHOWN_OF_HASH]


def _codes(found: Problems, key: str) -> tuple[str, ...]:
    return tuple(sorted(str(problem[key]) for problem in found)) if found else ()


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else to_wire(instant)


# --- facts -----------------------------------------------------------------------------------------------


def sighting(entries: Sequence[Seen]) -> str | None:
    """What a look showed of one code, as text that is equal for equal looks; None: nothing."""
    if not entries:
        return None
    item = entries[0]
    return _encode(
        {
            "name": item.entry.name,
            "pin": shown_hash(item.code_hash),
            "starts_at": _instant(item.entry.starts_at),
            "ends_at": _instant(item.entry.ends_at),
            "weekly_window": weekly_windows.to_wire(item.entry.weekly),
            "is_enabled": item.entry.is_enabled,
            "is_exact": item.entry.is_exact,
            "entries": len(entries),
        }
    ).decode()


def seen(before: str | None, now: str | None, settled: Sequence[Step]) -> Note | None:
    """
    What is to be noted of a look at one code: that it shows something else than the one before, and what
    became of writes. None: nothing, which is what most looks bring.
    """
    if before == now and not settled:
        return None
    facts: dict[str, Any] = {"on_device": None if now is None else _decode(now), "is_new": before != now}
    if settled:
        facts["writes"] = [
            {"step_id": step.step_id, "kind": step.kind, "outcome": step.outcome} for step in settled
        ]
    return Note("seen", facts)


def sending(step: Step) -> Note:
    """A write that is written down. The process may die before it leaves."""
    return Note("sending", _of_step(step))


def answered(step: Step, outcome: str, error: BaseException | None = None) -> Note:
    """What came of a write at the vendor: `accepted`, `unknown`, `refused` or `not_sent`, and the error."""
    facts = {**_of_step(step), "outcome": outcome}
    if error is not None:
        facts["error"] = type(error).__name__
        error_code = getattr(error, "error_code", None)
        if error_code is not None:
            facts["error_code"] = error_code
    return Note("answered", facts)


def _of_step(step: Step) -> dict[str, Any]:
    return {
        "step_id": step.step_id,
        "write": step.kind,
        "generation": step.generation,
        "pin": shown_hash(step.code_hash),
    }


def used(kind: str, told: Event) -> Note:
    """A line of the door's log that names the code; `occurred_at` is by the door's clock."""
    facts: dict[str, Any] = {
        "what": kind,
        "occurred_at": to_wire(told.occurred_at),
        "event_id": told.event_id,
        "event_type": told.event_type,
    }
    facts |= {name: told.payload[name] for name in ("method", "reason") if name in told.payload}
    return Note("used", facts)


# --- the chain -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a chain, to append to. One without a right seal stays a break in the chain."""

    position: int = 0
    hash: str = ""
    status: Status | None = None
    state: State | None = None

    @classmethod
    def of(cls, entry: Entry, digest: Digest) -> "Tail":
        own = entry.hash if _is_sealed(entry, digest) else ""
        return cls(entry.position, own, entry.status, entry.state)


LOST: Final = Tail(position=1)
"""Of a code that is not new and has no entry: the first one will always be missed."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What one transaction did to one code."""

    state: State
    cause: Kind
    actor: Actor
    notes: Sequence[Note] = ()
    told: Sequence[Event] = ()


def appended(
    access_code_id: str, workspace_id: str, tail: Tail, what: Happening, now: datetime, digest: Digest
) -> list[Entry]:
    """
    The new links. None when nothing is noted, nothing told, and neither state nor status is another: a quiet
    day leaves no trace. The newest bears the seal.
    """
    status = what.state.status(now)
    if not what.notes and not what.told and (tail.state, tail.status) == (what.state, status):
        return []
    entries: list[Entry] = []
    notes = what.notes or (Note(what.cause),)
    for note in notes:
        is_last = note is notes[-1]
        facts = {**note.facts, "state": what.state, "actor": what.actor.as_wire()}
        if is_last and what.told:
            facts["told"] = [
                {"event_type": event.event_type, "event_id": event.event_id} for event in what.told
            ]
        position, text = tail.position + 1, _encode(facts).decode()
        own = digest(
            _content(workspace_id, access_code_id, position, now, note.kind, status, text, tail.hash)
        )
        entries.append(
            Entry(
                access_code_id=access_code_id,
                position=position,
                workspace_id=workspace_id,
                at=now,
                kind=note.kind,
                status=status,
                facts=text,
                previous_hash=tail.hash,
                hash=own,
                seal=digest(_end(access_code_id, position, own)) if is_last else None,
            )
        )
        tail = Tail(position, own)
    return entries


def _content(
    workspace_id: str,
    access_code_id: str,
    position: int,
    at: datetime,
    kind: Kind,
    status: Status | None,
    facts: str,
    previous_hash: str,
) -> bytes:
    """Canonical: one array, its texts as they are stored."""
    return _encode((workspace_id, access_code_id, position, to_ms(at), kind, status, facts, previous_hash))


def _content_of(entry: Entry) -> bytes:
    return _content(
        entry.workspace_id,
        entry.access_code_id,
        entry.position,
        entry.at,
        entry.kind,
        entry.status,
        entry.facts,
        entry.previous_hash,
    )


def _is_sealed(entry: Entry, digest: Digest) -> bool:
    return entry.seal == digest(_end(entry.access_code_id, entry.position, entry.hash))


def _end(access_code_id: str, position: int, own: str) -> bytes:
    return _encode(("end", access_code_id, position, own))


def broken_at(entries: Sequence[Entry], digest: Digest) -> int | None:
    """
    The first position that is not as it was written: changed, missing, moved or put in between; one after the
    last when the end was cut off. None: the chain is whole.
    """
    previous = ""
    for position, entry in enumerate(entries, 1):
        is_next = entry.position == position and entry.previous_hash == previous
        if not is_next or entry.hash != digest(_content_of(entry)):
            return position
        previous = entry.hash
    if not entries or not _is_sealed(entries[-1], digest):
        return len(entries) + 1
    return None
