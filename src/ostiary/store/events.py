"""Events: written with the change they tell of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ..domain.events import Event
from ..domain.instants import to_ms
from . import evidence
from .rows import Record
from .sql import Statement, text_list
from .tx import AnyUseCase, Tx

_record = Record("events", Event)
_INSERT = Statement("events.insert")
_GET = Statement("events.get")
_LIST = Statement("events.list")
_LIST_IDS = Statement("events.list_ids")
_OF_CODE = Statement("events.of_code")
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
    """Write what the use case emitted; the drivers call it before they commit."""
    for event in tx.events:
        await _INSERT(**_record.insert_params(tx.vault, event))


async def complete(use_case: AnyUseCase, tx: Tx, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A use case, its events and its evidence: what a driver steps."""
    result = await use_case(tx, *args, **kwargs)
    await flush(tx)
    await evidence.flush(tx)
    return result


async def get(tx: Tx, workspace_id: str, event_id: str) -> Event | None:
    rows = await _GET(event_id=event_id, ws=workspace_id)
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
        ws=workspace_id,
        since=-1 if since is None else to_ms(since),
        until=2**62 if until is None else to_ms(until),
        limit=limit,
        offset=offset,
        **{f"in_{name}": given.get(name) for name in FILTERS},
    )
    return _record.read_all(tx.vault, rows)


async def of_code(tx: Tx, workspace_id: str, access_code_id: str, event_types: Iterable[str]) -> list[Event]:
    """All of those types, oldest first."""
    rows = await _OF_CODE(ws=workspace_id, id=access_code_id, types=text_list(event_types))
    return _record.read_all(tx.vault, rows)


async def count(tx: Tx, workspace_id: str) -> int:
    rows = await _COUNT(ws=workspace_id)
    return int(rows[0][0])
