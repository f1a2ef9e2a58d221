"""Webhooks, and the lease under which one worker at a time delivers to each."""

from datetime import datetime
from typing import Final

from ..domain.errors import not_found
from ..domain.instants import from_ms, to_ms
from ..domain.webhooks import Delivery, Line, Webhook
from ..domain.workspaces import Workspace
from .rows import Record
from .sql import Statement
from .tx import Tx

_record = Record("webhooks", Webhook)
_lines = Record("webhook_lines", Line)
_INSERT = Statement("webhooks.insert")
_UPDATE = Statement("webhooks.update")
_DELETE = Statement("webhooks.delete")
_GET = Statement("webhooks.get")
_FIND = Statement("webhooks.find")
_WAITED_FOR = Statement("webhooks.waited_for")
_LIST = Statement("webhooks.list")
_OF_WORKSPACE = Statement("webhooks.of_workspace", is_standing=True)
_INSERT_LINE = Statement("webhook_lines.insert")
_UPDATE_LINE = Statement("webhook_lines.update")
_LINE = Statement("webhook_lines.get")
_WAITING = Statement("webhook_lines.waiting")
_CLAIM = Statement("webhook_lines.claim")
_RENEW = Statement("webhook_lines.renew")
_RELEASE = Statement("webhook_lines.release")
_FREE_ALL = Statement("webhook_lines.free_all")


CHANGED: Final = "webhooks/changed"
"""Woken when a webhook is no longer as it was, or somebody decides anew what is to be sent to one."""


def key(webhook_id: str) -> str:
    """What `Tx.wake` takes for it."""
    return f"webhook/{webhook_id}"


async def insert(tx: Tx, webhook: Webhook) -> None:
    await _record.write(_INSERT, tx.vault, webhook)
    await _lines.write(_INSERT_LINE, tx.vault, Line(webhook.webhook_id), leased_until=0)


async def update_webhook(tx: Tx, webhook: Webhook) -> None:
    await _record.write(_UPDATE, tx.vault, webhook)
    tx.wake(CHANGED)


async def remove(tx: Tx, workspace_id: str, webhook_id: str) -> None:
    """With what waits in its line. Raises: ApiError, 404 `webhook_not_found`."""
    rows = await _DELETE(id=webhook_id, ws=workspace_id)
    if not rows[0][0]:
        raise not_found("webhook", webhook_id=webhook_id)
    tx.wake(CHANGED)


async def get(tx: Tx, workspace_id: str, webhook_id: str) -> Webhook:
    """Raises: ApiError, 404 `webhook_not_found`."""
    rows = await _GET(id=webhook_id, ws=workspace_id)
    if not rows:
        raise not_found("webhook", webhook_id=webhook_id)
    return _record.read(tx.vault, rows[0])


async def find(tx: Tx, webhook_id: str) -> Webhook | None:
    """For the engine, which serves every workspace."""
    rows = await _FIND(id=webhook_id)
    return _record.recall(tx.vault, rows[0]) if rows else None


async def waited_for(tx: Tx, delivery: Delivery, token: str) -> Webhook | None:
    """
    To whom a delivery that is due goes. None: it is not to be sent any more, as the webhook was disabled or
    deleted, or the delivery put in line anew; or its line is another worker's.
    """
    assert delivery.due_at is not None
    rows = await _WAITED_FOR(
        webhook_id=delivery.webhook_id,
        event_id=delivery.event_id,
        was_due=to_ms(delivery.due_at),
        was_tries=delivery.tries,
        token=token,
    )
    return _record.recall(tx.vault, rows[0]) if rows else None


async def list_all(tx: Tx, workspace_id: str) -> list[Webhook]:
    """Oldest first."""
    return _record.read_all(tx.vault, await _LIST(ws=workspace_id))


async def in_use(tx: Tx, workspace_id: str) -> list[Webhook]:
    """Those of a workspace that are not disabled."""
    return [_record.recall(tx.vault, row) for row in await _OF_WORKSPACE(ws=workspace_id)]


# --- the line before each -----------------------------------------------------------------------------


async def line(tx: Tx, webhook_id: str) -> Line:
    rows = await _LINE(id=webhook_id)
    return _lines.read(tx.vault, rows[0]) if rows else Line(webhook_id)


async def update_line(tx: Tx, changed: Line) -> None:
    await _lines.write(_UPDATE_LINE, tx.vault, changed)


async def waiting(tx: Tx) -> list[tuple[str, float]]:
    """
    The webhooks before which something waits, with the real seconds until it is due and the line free.

    Those that wait for a clock that stands still are left out.
    """
    found: list[tuple[str, float]] = []
    for webhook_id, leased_until, due_at, rests_until, *workspace in await _WAITING():
        clock = Workspace("", "", True, workspace[0], workspace[1] and from_ms(workspace[1]), tx.real_now)
        due = from_ms(max(due_at, rests_until or 0))
        if clock.clock_frozen_at is not None and due > clock.clock_frozen_at:
            continue
        wait = max((due - clock.at(tx.real_now)).total_seconds(), 0.0)
        found.append((webhook_id, max(wait, (leased_until - to_ms(tx.real_now)) / 1000)))
    return found


async def claim(tx: Tx, webhook_id: str, token: str, until: datetime) -> bool:
    """Take the lease; all of it is real time."""
    rows = await _CLAIM(id=webhook_id, token=token, now=to_ms(tx.real_now), until=to_ms(until))
    return bool(rows[0][0])


async def renew(tx: Tx, webhook_id: str, token: str, until: datetime) -> bool:
    """False: the lease was lost, or the webhook deleted."""
    rows = await _RENEW(id=webhook_id, token=token, until=to_ms(until))
    return bool(rows[0][0])


async def release(tx: Tx, webhook_id: str, token: str) -> None:
    await _RELEASE(id=webhook_id, token=token)


async def free_all(tx: Tx) -> None:
    """When no other server lives, its leases are void."""
    await _FREE_ALL()
