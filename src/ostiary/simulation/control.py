"""
The control plane of one home: what a test, or a person with a terminal, may look at and bring about.

Pure: `cloud.py` finds the home, loads and saves it. Here is what every brand has; a brand puts its own
commands next to these: `{**commands(FAULTS), ("POST", "enter_code"): Command(…)}`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic
from urllib.parse import parse_qsl

import msgspec

from ostiary.domain.instants import parse_instant, to_wire

from .clock import ShiftableClock
from .faults import LOGIN_REJECTED, Faults
from .state import Fault, H_contra, Home, Request


class Mistake(Exception):
    """The command cannot be carried out; the message says why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class NewHome(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A home as a person describes it; a brand adds its devices. `seed` None: the name is."""

    home: str
    seed: str | None = None
    pace: float | None = None


class Fields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What comes with a command. `home` may be left out where there is only one."""

    home: str | None = None


class Nothing(Fields):
    pass


class NewFault(Fields):
    fault: str
    times: int | None = None
    probability: float = 1.0
    seconds: float = 5.0
    match: dict[str, str] = {}


class SetPace(Fields):
    pace: float | None


@dataclass(frozen=True, slots=True)
class Command(Generic[H_contra]):
    """One operation. `changes` False: the home is only looked at."""

    shape: type[Fields]
    run: Callable[[H_contra, Any, datetime], dict[str, Any]]
    changes: bool


def commands(known: Faults) -> dict[tuple[str, str], Command[Home]]:
    """The commands that every brand has, by method and verb."""

    def add(home: Home, command: NewFault, now: datetime) -> dict[str, Any]:
        return add_fault(home, command, known)

    return {
        ("GET", "faults"): Command(Nothing, list_faults, False),
        ("POST", "faults"): Command(NewFault, add, True),
        ("DELETE", "faults"): Command(Nothing, clear_faults, True),
        ("POST", "pace"): Command(SetPace, set_pace, True),
    }


def read(shape: type[msgspec.Struct], fields: Mapping[str, Any]) -> Any:
    """
    Raises:
        Mistake: A field is unknown, missing or of the wrong kind.
    """
    try:
        return msgspec.convert(fields, shape, strict=False)
    except msgspec.ValidationError as error:
        raise Mistake(str(error)) from None


def read_body(body: bytes, *, is_form: bool = False) -> dict[str, Any]:
    """An empty body has no fields. In a form, what was left empty is not said."""
    if not body.strip():
        return {}
    if is_form:
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Mistake(f"The body is not a JSON object: {error}") from None


def read_instant(name: str, text: str) -> datetime:
    """The moment in the field `name`, in UTC."""
    try:
        return parse_instant(text)
    except ValueError:
        raise Mistake(f"`{name}` has to be an instant like 2026-07-01T13:00:00Z.") from None


# --- looking --------------------------------------------------------------------------------------------


def requests(home: Home, reads: Iterable[Request], writes: list[dict[str, Any]]) -> dict[str, Any]:
    """
    Who asked for what.

    Args:
        reads: Those of this process, since a plain read saves nothing.
        writes: What the brand remembers of accepted writes.
    """
    lines = sorted([*home.requests, *reads], key=lambda line: line.at)
    return {
        "home": home.name,
        "requests": [
            {
                "at": to_wire(line.at),
                "method": line.method,
                "path": line.path,
                "status": line.status or None,
                "fault": line.fault,
            }
            for line in lines
        ],
        "counts": {
            name: {"received": count.received, "accepted": count.accepted}
            for name, count in home.counts.items()
        },
        "writes": writes,
    }


# --- trouble --------------------------------------------------------------------------------------------


def add_fault(home: Home, command: NewFault, known: Faults) -> dict[str, Any]:
    if command.fault not in known:
        raise Mistake(f"There is no fault {command.fault!r}. Known are: {', '.join(known)}.")
    if set(command.match) - {"method", "route"}:
        raise Mistake("`match` has only `method` and `route`.")
    if command.times is not None and command.times < 1:
        raise Mistake("`times` has to be 1 or more.")
    if command.fault == LOGIN_REJECTED:
        home.revoke_all()
        return show_faults(home)
    home.faults.append(
        Fault(
            fault=command.fault,
            times=command.times,
            probability=command.probability,
            seconds=command.seconds,
            method=command.match.get("method"),
            route=command.match.get("route"),
        )
    )
    return show_faults(home)


def clear_faults(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    home.faults = []
    return show_faults(home)


def list_faults(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    return show_faults(home)


def show_faults(home: Home) -> dict[str, Any]:
    found = [
        {
            "fault": fault.fault,
            "times": fault.times,
            "probability": fault.probability,
            "seconds": fault.seconds,
            "match": {
                name: value
                for name, value in (("method", fault.method), ("route", fault.route))
                if value is not None
            },
        }
        for fault in home.faults
    ]
    return {"home": home.name, "faults": found}


# --- time -----------------------------------------------------------------------------------------------


def set_pace(home: Home, command: SetPace, now: datetime) -> dict[str, Any]:
    home.pace = command.pace
    return {"home": home.name, "pace": home.pace}


class SetClock(msgspec.Struct, forbid_unknown_fields=True):
    offset_seconds: float | None = None
    frozen_at: str | None = None


def set_clock(clock: ShiftableClock, fields: Mapping[str, Any]) -> None:
    """Shift or freeze; an offset of 0 returns to real time."""
    wanted: SetClock = read(SetClock, fields)
    if (wanted.offset_seconds is None) == (wanted.frozen_at is None):
        raise Mistake("Give either `offset_seconds` or `frozen_at`.")
    if wanted.offset_seconds is not None:
        clock.shift(wanted.offset_seconds)
    else:
        clock.freeze(read_instant("frozen_at", wanted.frozen_at or ""))


def show_clock(clock: Callable[[], datetime]) -> dict[str, Any]:
    shown: dict[str, Any] = {"now": to_wire(clock())}
    if isinstance(clock, ShiftableClock):
        shown["offset_seconds"] = clock.offset.total_seconds()
        shown["frozen_at"] = None if clock.frozen_at is None else to_wire(clock.frozen_at)
    return shown
