"""What became of an access code, and how far that is proved. It works for codes that are gone, too."""

from typing import Annotated

import msgspec
from msgspec import Meta

from .. import store
from ..domain import proof, timeline
from ..domain.access_codes import AccessCode
from ..domain.evidence import Entry
from ..domain.instants import to_ms
from ..domain.timeline import Moment, TimelineType
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import READS, Answer, Caller, operation
from ..wire.pages import pagination, read_cursor, write_cursor
from ..wire.validation import Instant, PageCursor, Uuid


class GetEvidence(msgspec.Struct, forbid_unknown_fields=True):
    access_code_id: Uuid
    limit: Annotated[int, Meta(ge=1, le=1000)] = 500
    page_cursor: PageCursor = None


class GetTimeline(msgspec.Struct, forbid_unknown_fields=True):
    """`after` and `before` are exclusive."""

    access_code_id: Uuid
    after: Instant | None = None
    before: Instant | None = None
    event_types: list[TimelineType] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    page_cursor: PageCursor = None


@operation("/ostiary/access_codes/evidence", GetEvidence, READS, returns={"evidence": "Evidence"})
async def evidence(body: GetEvidence, caller: Caller, tx: Tx) -> Answer:
    """What was wished, sent, answered, seen and used at the door, and whether that record is whole."""
    code, entries = await _past(body.access_code_id, caller, tx)
    first = read_cursor(body).created_at_ms
    page = [entry for entry in entries if entry.position >= first][: body.limit + 1]
    following = page[body.limit] if len(page) > body.limit else None
    path = "/ostiary/access_codes/evidence"
    place = None if following is None else Position(following.position, following.access_code_id)
    return {
        "evidence": {
            **proof.judged(
                body.access_code_id,
                await store.evidence.status(tx, code),
                entries,
                tx.now,
                tx.vault.evidence_hash,
            ),
            "entries": [entry.as_wire() for entry in page[: body.limit]],
        },
        "pagination": pagination(body, path, caller.house.public_url, place),
    }


async def _past(access_code_id: str, caller: Caller, tx: Tx) -> tuple[AccessCode | None, list[Entry]]:
    """Raises: ApiError, 404: the workspace never had such a managed code."""
    codes = await store.access_codes.by_ids(tx, caller.workspace_id, [access_code_id])
    entries = await store.evidence.of_code(tx, caller.workspace_id, access_code_id)
    if not codes and not entries:
        raise store.access_codes.code_not_found(access_code_id=access_code_id)
    return (codes[0] if codes else None), entries


@operation(
    "/access_codes/get_timeline",
    GetTimeline,
    READS,
    returns={"timeline_events": "[TimelineEvent]", "pagination": "TimelinePagination"},
    auth=SESSIONS,
)
async def get_timeline(body: GetTimeline, caller: Caller, tx: Tx) -> Answer:
    """What happened to one code, oldest first, and who did it."""
    code, entries = await _past(body.access_code_id, caller, tx)
    events = await store.events.of_code(tx, caller.workspace_id, body.access_code_id, timeline.TYPES)
    moments = timeline.timeline(events, entries, code)
    moments = timeline.chosen(moments, body.after, body.before, body.event_types)
    first = _index(moments, read_cursor(body))
    following, before = first + body.limit, max(0, first - body.limit)
    has_more = following < len(moments)
    return {
        "timeline_events": [moment.as_wire() for moment in moments[first:following]],
        "pagination": {
            "has_more": has_more,
            "next_cursor": _cursor(body, moments[following]) if has_more else None,
            "prev_cursor": _cursor(body, moments[before]) if first > 0 else None,
        },
    }


def _cursor(body: GetTimeline, first: Moment) -> str:
    return write_cursor(body, Position(to_ms(first.occurred_at), first.timeline_event_id))


def _index(moments: list[Moment], start: Position) -> int:
    """Where a page begins. If its first line is gone, as its event was too old, then with the next."""
    places = (at for at, moment in enumerate(moments) if moment.timeline_event_id == start.row_id)
    later = (at for at, moment in enumerate(moments) if to_ms(moment.occurred_at) >= start.created_at_ms)
    return next(places, next(later, len(moments)))
