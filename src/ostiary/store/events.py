"""Events: written with the change they tell of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ..domain.events import Event
from ..domain.instants import from_ms, to_ms
from . import deliveries, evidence
from .rows import Record
from .sql import Statement, text_list
from .tx import AnyUseCase, Tx
from .within import Within

_record = Record("events", Event)
_INSERT = Statement("events.insert")
_GET = Within("events.get")
_LIST = Within("events.list")
_LIST_IDS = Within("events.list_ids")
_BY_IDS = Statement("events.by_ids")
_AFTER = Within("events.after")
_WITHIN = Statement("events.within")
_POSITION = Within("events.position")
_LAST = Statement("events.last")
_FIRST_SINCE = Statement("events.first_since")
_OLDEST = Statement("events.oldest")
_REMOVE = Statement("events.remove")
_OF_CODE = Within("events.of_code")
_COUNT = Statement("events.count")

FILTERS = (
    "event_type",
    "device_id",
    "access_code_id",
    "connected_account_id",
    "connect_webview_id",
    "customer_key",
    "event_id",
)


async def flush(tx: Tx) -> None:
    """
    Write what the use case emitted, with its deliveries; the drivers call it last before they commit.

    From here to the commit nobody else of the workspace may be here: the events' positions are to tell in
    which order they could be seen.
    """
    for event in tx.events:
        await _record.write(_INSERT, tx.vault, event)
        tx.wake(f"events/{event.workspace_id}")
    if tx.events:
        await deliveries.put_in_line(tx)


async def complete(use_case: AnyUseCase, tx: Tx, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A use case, its evidence and its events: what a driver steps."""
    result = await use_case(tx, *args, **kwargs)
    await evidence.flush(tx)
    await flush(tx)
    return result


async def get(tx: Tx, workspace_id: str, event_id: str) -> Event | None:
    rows = await _GET(tx, event_id=event_id, ws=workspace_id)
    return _record.read(tx.vault, rows[0]) if rows else None


async def list_events(
    tx: Tx,
    workspace_id: str,
    *,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    offset: int = 0,
    **filters: Sequence[str] | None,
) -> list[Event]:
    """Newest first. A filter is a list of accepted values: None lets all pass, an empty list nothing."""
    given = {name: text_list(values) for name, values in filters.items() if values is not None}
    statement = _LIST_IDS if "event_id" in given else _LIST
    rows = await statement(
        tx,
        ws=workspace_id,
        since=-1 if since is None else to_ms(since),
        until=2**62 if until is None else to_ms(until),
        limit=limit,
        offset=offset,
        **{f"in_{name}": given.get(name) for name in FILTERS},
    )
    return _record.read_all(tx.vault, rows)


async def by_ids(tx: Tx, event_ids: Iterable[str]) -> dict[str, Event]:
    """For the engine, which serves every workspace. Those that are gone are missing."""
    found = _record.read_all(tx.vault, await _BY_IDS(ids=text_list(event_ids)))
    return {event.event_id: event for event in found}


async def after(tx: Tx, workspace_id: str, position: int, limit: int) -> list[tuple[int, Event]]:
    """
    What came after a position, our own types included, in the order of commits, with their positions.

    Nothing with a lower position is committed once one has been seen.
    """
    rows = await _AFTER(tx, ws=workspace_id, position=position, limit=limit)
    return [(row[-1], _record.read(tx.vault, row)) for row in rows]


async def within(
    tx: Tx, workspace_id: str, since: datetime, until: datetime, position: int, limit: int
) -> list[Event]:
    """From `since` to before `until`, after a position, in the order of commits; our own types included."""
    rows = await _WITHIN(
        ws=workspace_id, since=to_ms(since), until=to_ms(until), position=position, limit=limit
    )
    return _record.read_all(tx.vault, rows)


async def position_of(tx: Tx, workspace_id: str, event_id: str) -> int | None:
    """None: there is no such event in the workspace (any more)."""
    rows = await _POSITION(tx, ws=workspace_id, event_id=event_id)
    return int(rows[0][0]) if rows else None


async def last_position(tx: Tx, workspace_id: str) -> int:
    """Of the newest event; 0 when there is none."""
    found = await last_before(tx, workspace_id, None)
    return 0 if found is None else found[0]


async def last_before(tx: Tx, workspace_id: str, since: datetime | None) -> tuple[int, str] | None:
    """
    Position and id of the last event before the first that was created after an instant; None: no event is
    before that. With no such first one, or no instant, of the newest event.
    """
    below = None
    if since is not None:
        [[below]] = await _FIRST_SINCE(ws=workspace_id, since=to_ms(since))
    rows = await _LAST(ws=workspace_id, below=2**62 if below is None else below)
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


async def oldest(tx: Tx, workspace_id: str, limit: int) -> list[tuple[int, datetime]]:
    """The first that are kept, in the order of commits: position, and when it was created."""
    rows = await _OLDEST(ws=workspace_id, limit=limit)
    return [(int(position), from_ms(created_at)) for position, created_at in rows]


async def remove(tx: Tx, workspace_id: str, position: int) -> int:
    """Forget all up to a position, inclusive. Returns how many; positions are not given again."""
    rows = await _REMOVE(ws=workspace_id, position=position)
    return int(rows[0][0])


async def of_code(tx: Tx, workspace_id: str, access_code_id: str, event_types: Iterable[str]) -> list[Event]:
    """All of those types, oldest first."""
    rows = await _OF_CODE(tx, ws=workspace_id, id=access_code_id, types=text_list(event_types))
    return _record.read_all(tx.vault, rows)


async def count(tx: Tx, workspace_id: str) -> int:
    rows = await _COUNT(ws=workspace_id)
    return int(rows[0][0])
