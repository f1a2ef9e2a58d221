"""Events: written with the change they tell of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from ..domain.events import Event
from ..domain.instants import to_ms
from . import tables
from .rows import Record
from .sql import Statement, any_of, text_list
from .tx import AnyUseCase, Tx

_t = tables.events
_record = Record(_t, Event)
_INSERT = _record.insert()
_GET = Statement(
    "events.get",
    _record.select().where(_t.c.event_id == bindparam("event_id"), _t.c.workspace_id == bindparam("ws")),
)


def _list(name: str, *conditions: Any) -> Statement:
    """Newest first, strictly after `since` and strictly before `until`."""
    clause = (
        _record.select()
        .where(
            _t.c.workspace_id == bindparam("ws"),
            _t.c.created_at > bindparam("since"),
            _t.c.created_at < bindparam("until"),
            *conditions,
        )
        .order_by(_t.c.created_at.desc(), _t.c.event_id.desc())
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )
    return Statement(f"events.list_{name}", clause)


FILTERS = (
    "event_type",
    "device_id",
    "access_code_id",
    "connected_account_id",
    "connect_webview_id",
    "customer_key",
    "event_id",
)
_LISTS: dict[tuple[str, ...], Statement] = {}


def _list_for(names: tuple[str, ...]) -> Statement:
    if names not in _LISTS:
        _LISTS[names] = _list("_".join(names) or "all", *(any_of(_t.c[n], f"in_{n}") for n in names))
    return _LISTS[names]


for _names in ((), *((name,) for name in FILTERS)):
    _list_for(_names)

_COUNT = Statement(
    "events.count", select(func.count()).select_from(_t).where(_t.c.workspace_id == bindparam("ws"))
)


async def flush(tx: Tx) -> None:
    """Write what the use case emitted; the drivers call it before they commit."""
    for event in tx.events:
        await _INSERT(**_record.insert_params(tx.vault, event))


async def complete(use_case: AnyUseCase, tx: Tx, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A use case and its events: what a driver steps."""
    result = await use_case(tx, *args, **kwargs)
    await flush(tx)
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
    names = tuple(name for name in FILTERS if filters.get(name) is not None)
    params = {f"in_{name}": text_list(filters[name]) for name in names}
    rows = await _list_for(names)(
        ws=workspace_id,
        since=-1 if since is None else to_ms(since),
        until=2**62 if until is None else to_ms(until),
        limit=limit,
        offset=offset,
        **params,
    )
    return _record.read_all(tx.vault, rows)


async def count(tx: Tx, workspace_id: str) -> int:
    rows = await _COUNT(ws=workspace_id)
    return int(rows[0][0])
