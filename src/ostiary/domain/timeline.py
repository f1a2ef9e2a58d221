"""
The wire's timeline of an access code: its events, and what was sent and answered in between. Pure.

Events say what; the evidence says who asked, and in which order things happened within one instant.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID, uuid5

from .access_codes import AccessCode
from .events import Event
from .evidence import SYSTEM, Entry
from .instants import parse_instant, to_wire

TimelineType = Literal[
    "access_code.created",
    "access_code.changed",
    "access_code.name_changed",
    "access_code.code_changed",
    "access_code.time_frame_changed",
    "access_code.mutations_requested",
    "access_code.deleted",
    "access_code.modified_external_to_seam",
    "access_code.deleted_external_to_seam",
    "access_code.scheduled_on_device",
    "access_code.set_on_device",
    "access_code.removed_from_device",
    "access_code.delay_in_setting_on_device",
    "access_code.failed_to_set_on_device",
    "access_code.delay_in_removing_from_device",
    "access_code.failed_to_remove_from_device",
    "internal.access_code.programming_started",
    "internal.access_code.programming_finished",
    "access_code.backup_access_code_pulled",
    "access_code.unmanaged.created",
    "access_code.unmanaged.removed",
    "access_code.unmanaged.converted_to_managed",
    "access_code.unmanaged.failed_to_convert_to_managed",
]
TYPES: Final = frozenset(get_args(TimelineType))

STARTED: Final = "internal.access_code.programming_started"
FINISHED: Final = "internal.access_code.programming_finished"

EXTERNAL: Final = frozenset(
    {
        "access_code.modified_external_to_seam",
        "access_code.deleted_external_to_seam",
        "access_code.unmanaged.created",
        "access_code.unmanaged.removed",
    }
)
"""Somebody else did that, at the vendor."""

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "access_code.created": "The code was asked for.",
    "access_code.changed": "The code changed.",
    "access_code.name_changed": "The device has the new name.",
    "access_code.code_changed": "The device has the new PIN.",
    "access_code.time_frame_changed": "The device has the new time frame.",
    "access_code.mutations_requested": "A change was asked for.",
    "access_code.deleted": "The code is gone.",
    "access_code.modified_external_to_seam": "Somebody else changed the code on the device.",
    "access_code.deleted_external_to_seam": "Somebody else removed the code from the device.",
    "access_code.scheduled_on_device": "A look at the device showed the code, ahead of its start.",
    "access_code.set_on_device": "A look at the device showed the code, and its time has come.",
    "access_code.removed_from_device": "A look at the device showed that the code is gone from it.",
    "access_code.delay_in_setting_on_device": "The code should have been on the device by now.",
    "access_code.failed_to_set_on_device": "The code could not be set on the device.",
    "access_code.failed_to_remove_from_device": "The code could not be removed from the device.",
    "access_code.backup_access_code_pulled": "A spare code took its place.",
    "access_code.unmanaged.created": "A look at the device showed a code that somebody else had made.",
    "access_code.unmanaged.removed": "Somebody else removed the code from the device.",
    "access_code.unmanaged.converted_to_managed": "The code was taken over.",
    "access_code.unmanaged.failed_to_convert_to_managed": "The code could not be taken over.",
}

WRITES: Final = {"set": "set on", "change": "changed on", "remove": "removed from"}
OUTCOMES: Final = {
    "accepted": "The vendor accepted that the code is to be {write} the device.",
    "unknown": "No answer came: the code may or may not be {write} the device.",
    "refused": "The vendor refused that the code is {write} the device.",
    "not_sent": "Nothing came of it: the code was not {write} the device.",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """
    One line of the timeline.

    Attributes:
        position: Of the evidence that holds it; 0: it has none. Orders what shares an instant.
    """

    occurred_at: datetime
    position: int
    timeline_event_id: str
    event_type: str
    description: str
    actor: Mapping[str, str]
    details: Mapping[str, Any]
    related: Mapping[str, str]

    def as_wire(self) -> dict[str, Any]:
        return {
            "timeline_event_id": self.timeline_event_id,
            "event_type": self.event_type,
            "occurred_at": to_wire(self.occurred_at),
            "description": self.description,
            "actor": self.actor,
            "details": self.details,
            "related_resource_ids": self.related,
        }


def timeline(
    events: Iterable[Event], entries: Sequence[Entry], code: AccessCode | None = None
) -> list[Moment]:
    """
    All of one code, oldest first.

    Args:
        code: As it is now; None: it is gone, and only its events know where it was.
    """
    told_in = {told["event_id"]: entry for entry in entries for told in entry.all_facts.get("told", ())}
    known = [event for event in events if event.event_type in TYPES]
    home = _home(code or next(iter(known), None))
    moments = [_of_event(event, told_in.get(event.event_id)) for event in known]
    moments += [_of_entry(entry, home) for entry in entries if entry.kind in ("sending", "answered")]
    return sorted(moments, key=_order)


def _order(moment: Moment) -> tuple[datetime, int, bool, str]:
    is_told_with_it = not moment.event_type.startswith("internal.")
    return moment.occurred_at, moment.position, is_told_with_it, moment.timeline_event_id


def _home(of: AccessCode | Event | None) -> dict[str, str]:
    if of is None:
        return {}
    ids = {"device_id": of.device_id, "connected_account_id": of.connected_account_id}
    return {name: value for name, value in ids.items() if value is not None}


def _of_event(event: Event, entry: Entry | None) -> Moment:
    """Its PIN, if it carries one, stays with the event."""
    actor = SYSTEM.as_wire() if entry is None else entry.all_facts.get("actor", SYSTEM.as_wire())
    if event.event_type in EXTERNAL:
        actor = {"type": "external"}
    elif actor["type"] == "client_session":  # the wire has no word for it: it asked as a key does
        actor = {**actor, "type": "api_key"}
    related = {
        "event_id": event.event_id,
        "device_id": event.device_id,
        "connected_account_id": event.connected_account_id,
        "action_attempt_id": event.action_attempt_id,
    }
    return Moment(
        occurred_at=event.occurred_at,
        position=0 if entry is None else entry.position,
        timeline_event_id=event.event_id,
        event_type=event.event_type,
        description=str(event.payload.get("description", DESCRIPTIONS[event.event_type])),
        actor=actor,
        details={name: value for name, value in event.payload.items() if name != "description"},
        related={name: value for name, value in related.items() if value is not None},
    )


def _of_entry(entry: Entry, home: Mapping[str, str]) -> Moment:
    facts = entry.all_facts
    write = WRITES.get(facts.get("write", ""), "written to")
    words = OUTCOMES.get(facts.get("outcome", ""), "The code is about to be {write} the device.")
    shown = ("step_id", "write", "generation", "outcome", "error", "error_code")
    return Moment(
        occurred_at=entry.at,
        position=entry.position,
        timeline_event_id=str(uuid5(UUID(entry.access_code_id), str(entry.position))),
        event_type=STARTED if entry.kind == "sending" else FINISHED,
        description=words.format(write=write),
        actor=SYSTEM.as_wire(),
        details={name: facts[name] for name in shown if name in facts},
        related=home,
    )


def chosen(
    moments: Iterable[Moment], after: str | None, before: str | None, types: Sequence[str] | None
) -> list[Moment]:
    """Those between two instants, both exclusive, and of these types; None: of all."""
    since = None if after is None else parse_instant(after)
    until = None if before is None else parse_instant(before)
    return [
        moment
        for moment in moments
        if (since is None or moment.occurred_at > since)
        and (until is None or moment.occurred_at < until)
        and (types is None or moment.event_type in types)
    ]
