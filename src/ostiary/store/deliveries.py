"""Deliveries of events to webhooks: put in line with the event, settled by the engine."""

from collections.abc import Sequence
from datetime import datetime

from ..domain.errors import not_found
from ..domain.instants import from_ms, to_ms
from ..domain.webhooks import Delivery
from . import webhooks
from .rows import Record
from .sql import Statement, text_list
from .tx import Tx

_record = Record("webhook_deliveries", Delivery)
_QUEUE = Statement("webhook_deliveries.queue")
_QUEUE_MISSING = Statement("webhook_deliveries.queue_missing")
_QUEUE_AGAIN = Statement("webhook_deliveries.queue_again")
_GET = Statement("webhook_deliveries.get")
_LIST = Statement("webhook_deliveries.list")
_DUE = Statement("webhook_deliveries.due")
_NEXT = Statement("webhook_deliveries.next")
_COUNT_PENDING = Statement("webhook_deliveries.count_pending")
_SETTLE = Statement("webhook_deliveries.settle")
_GIVE_UP = Statement("webhook_deliveries.give_up")
_FIRST_WAITING = Statement("webhook_deliveries.first_waiting")
_ANY_OLD = Statement("webhook_deliveries.any_old")
_REMOVE_OLD = Statement("webhook_deliveries.remove_old")
LAST = 2**62


async def put_in_line(tx: Tx) -> None:
    """A delivery of every event of this transaction for every webhook that wants it. Events come first."""
    listening = {
        workspace_id: await webhooks.in_use(tx, workspace_id)
        for workspace_id in {event.workspace_id for event in tx.events}
    }
    for event in tx.events:
        only = tx.directed.get(event.event_id)
        wanted = [
            webhook.webhook_id
            for webhook in listening[event.workspace_id]
            if (webhook.wants(event.event_type) if only is None else webhook.webhook_id == only)
        ]
        if wanted:
            await _QUEUE(event_id=event.event_id, webhook_ids=text_list(wanted), now=to_ms(tx.now))
            tx.wakes.update(map(webhooks.key, wanted))


async def again(tx: Tx, webhook_id: str, event_ids: Sequence[str]) -> None:
    """Put events in line, from the first attempt on, whether they have been there before or not."""
    ids, now = text_list(event_ids), to_ms(tx.now)
    await _QUEUE_AGAIN(webhook_id=webhook_id, event_ids=ids, now=now)
    await _QUEUE_MISSING(webhook_id=webhook_id, event_ids=ids, now=now)
    tx.wake(webhooks.key(webhook_id))
    tx.wake(webhooks.CHANGED)


async def get(tx: Tx, webhook_id: str, event_id: str) -> Delivery:
    """Raises: ApiError, 404 `webhook_delivery_not_found`."""
    found = await find(tx, webhook_id, event_id)
    if found is None:
        raise not_found("webhook_delivery", webhook_id=webhook_id, event_id=event_id)
    return found


async def find(tx: Tx, webhook_id: str, event_id: str) -> Delivery | None:
    rows = await _GET(webhook_id=webhook_id, event_id=event_id)
    return _record.read(tx.vault, rows[0]) if rows else None


async def list_page(tx: Tx, webhook_id: str, position: int, limit: int) -> list[Delivery]:
    """From a position back, newest event first."""
    rows = await _LIST(webhook_id=webhook_id, position=position, limit=limit)
    return _record.read_all(tx.vault, rows)


async def due(tx: Tx, webhook_id: str, limit: int) -> list[Delivery]:
    """In the order in which they are to be sent."""
    rows = await _DUE(webhook_id=webhook_id, now=to_ms(tx.now), limit=limit)
    return _record.read_all(tx.vault, rows)


async def next_due(tx: Tx, webhook_id: str) -> datetime | None:
    rows = await _NEXT(webhook_id=webhook_id)
    return None if rows[0][0] is None else from_ms(rows[0][0])


async def count_pending(tx: Tx, webhook_id: str) -> int:
    rows = await _COUNT_PENDING(webhook_id=webhook_id)
    return int(rows[0][0])


async def settle(tx: Tx, before: Delivery, after: Delivery) -> bool:
    """False: it was given up or put in line again since, and nothing was written."""
    was_due = None if before.due_at is None else to_ms(before.due_at)
    rows = await _record.write(_SETTLE, tx.vault, after, was_due=was_due, was_tries=before.tries)
    return bool(rows[0][0])


async def give_up(tx: Tx, webhook_id: str) -> None:
    """Nothing that waits there is sent any more."""
    await _GIVE_UP(webhook_id=webhook_id, now=to_ms(tx.now))
    tx.wake(webhooks.CHANGED)


# --- what is over -------------------------------------------------------------------------------------


async def first_waiting(tx: Tx, workspace_id: str) -> int | None:
    """The lowest position of an event that is still to be delivered; None: there is none."""
    rows = await _FIRST_WAITING(ws=workspace_id)
    return None if rows[0][0] is None else int(rows[0][0])


async def is_any_settled(tx: Tx, workspace_id: str, before: datetime) -> bool:
    return bool(await _ANY_OLD(ws=workspace_id, before=to_ms(before)))


async def remove_settled(tx: Tx, workspace_id: str, before: datetime, limit: int) -> int:
    """Forget so many of those that were settled before an instant, the oldest first. Returns how many."""
    rows = await _REMOVE_OLD(ws=workspace_id, before=to_ms(before), limit=limit)
    return int(rows[0][0])
