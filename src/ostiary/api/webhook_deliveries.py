"""`/ostiary/webhooks/…`: how webhooks are doing, what was delivered, and sending it again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .. import store
from ..domain.errors import ApiError, InvalidInput, not_found
from ..domain.events import Event, own_event
from ..domain.instants import parse_instant, to_wire
from ..domain.webhooks import OLD_SECRET_SECONDS, Delivery, Line, Webhook, checked_event_types
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.operation import CREATES, READS, UPDATES, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import Instant, Limit, PageCursor, Uuid
from .webhooks import EventTypes, GetWebhook

STATE = {"webhook": "DeliveryState"}


class UpdateState(msgspec.Struct, forbid_unknown_fields=True):
    webhook_id: Uuid
    is_enabled: bool


class RotateSecret(msgspec.Struct, forbid_unknown_fields=True):
    """The secret until now signs along for so long; 0 ends it at once."""

    webhook_id: Uuid
    old_secret_valid_for_seconds: Annotated[int, Meta(ge=0, le=30 * 24 * 3600)] = OLD_SECRET_SECONDS


class GetDelivery(msgspec.Struct, forbid_unknown_fields=True):
    webhook_id: Uuid
    event_id: Uuid


class ListDeliveries(msgspec.Struct, forbid_unknown_fields=True):
    webhook_id: Uuid
    status: Literal["pending", "succeeded", "failed"] | None = None
    event_type: str | None = None
    limit: Limit = 500
    page_cursor: PageCursor = None


class ReplayEvents(msgspec.Struct, forbid_unknown_fields=True):
    """`since` inclusive, `until` exclusive; `after_event_id` goes on where a part ended."""

    webhook_id: Uuid
    since: Instant
    until: Instant | None = None
    event_types: EventTypes | None = None
    after_event_id: Uuid | None = None
    limit: Annotated[int, Meta(gt=0, le=5000)] = 1000


async def _state(webhook: Webhook, tx: Tx) -> Answer:
    line = await store.webhooks.line(tx, webhook.webhook_id)
    pending = await store.deliveries.count_pending(tx, webhook.webhook_id)
    return {"webhook": _state_as_wire(webhook, line, pending, tx.now)}


def _state_as_wire(webhook: Webhook, line: Line, pending: int, now: datetime) -> dict[str, Any]:
    def shown(instant: datetime | None) -> str | None:
        return None if instant is None else to_wire(instant)

    is_rotating = len(webhook.signing_secrets(now)) > 1
    return {
        "webhook_id": webhook.webhook_id,
        "is_enabled": webhook.is_enabled,
        "disabled_at": shown(webhook.disabled_at),
        "pending_count": pending,
        "failure_count": line.failures,
        "failing_since": shown(line.failing_since),
        "last_succeeded_at": shown(line.succeeded_at),
        "last_failed_at": shown(line.failed_at),
        "rests_until": shown(line.rests_until),
        "old_secret_ends_at": shown(webhook.old_secret_ends_at) if is_rotating else None,
    }


@operation("/ostiary/webhooks/get", GetWebhook, READS, returns=STATE)
async def get(body: GetWebhook, caller: Caller, tx: Tx) -> Answer:
    """How a webhook is doing."""
    return await _state(await store.webhooks.get(tx, caller.workspace_id, body.webhook_id), tx)


@operation("/ostiary/webhooks/update", UpdateState, UPDATES, returns=STATE)
async def update(body: UpdateState, caller: Caller, tx: Tx) -> Answer:
    """Disable a webhook, or enable one that was disabled: what happened meanwhile can be replayed."""
    webhook = await store.webhooks.get(tx, caller.workspace_id, body.webhook_id)
    if body.is_enabled and not webhook.is_enabled:
        webhook = replace(webhook, disabled_at=None)
        line = await store.webhooks.line(tx, webhook.webhook_id)
        await store.webhooks.update_line(tx, replace(line, failures=0, failing_since=None, rests_until=None))
    elif not body.is_enabled and webhook.is_enabled:
        webhook = replace(webhook, disabled_at=tx.now)
        await store.deliveries.give_up(tx, webhook.webhook_id)
    await store.webhooks.update_webhook(tx, webhook)
    return await _state(webhook, tx)


@operation("/ostiary/webhooks/rotate_secret", RotateSecret, CREATES, returns={"webhook": "Webhook"})
async def rotate_secret(body: RotateSecret, caller: Caller, tx: Tx) -> Answer:
    """A new secret. For a while each delivery carries a signature of both, so that nothing is refused."""
    webhook = await store.webhooks.get(tx, caller.workspace_id, body.webhook_id)
    rotated = webhook.rotated(tx.now, timedelta(seconds=body.old_secret_valid_for_seconds))
    await store.webhooks.update_webhook(tx, rotated)
    return {"webhook": rotated.as_wire()}


async def _enabled(webhook_id: str, caller: Caller, tx: Tx) -> Webhook:
    webhook = await store.webhooks.get(tx, caller.workspace_id, webhook_id)
    if not webhook.is_enabled:
        raise ApiError(
            "webhook_disabled",
            "This webhook is disabled; enable it with /ostiary/webhooks/update first",
            data={"webhook_id": webhook_id},
        )
    return webhook


@operation("/ostiary/webhooks/test", GetWebhook, CREATES, returns={"delivery": "WebhookDelivery"})
async def test(body: GetWebhook, caller: Caller, tx: Tx) -> Answer:
    """Send an event of the type `ostiary.webhook.test` to this webhook alone, whatever it asked for."""
    webhook = await _enabled(body.webhook_id, caller, tx)
    event = own_event("ostiary.webhook.test", caller.workspace_id, tx.now, webhook_id=webhook.webhook_id)
    tx.emit(event, to=webhook.webhook_id)
    waiting = Delivery(
        webhook_id=webhook.webhook_id,
        event_id=event.event_id,
        workspace_id=event.workspace_id,
        position=0,
        event_type=event.event_type,
        status="pending",
        attempts=(),
        tries=0,
        created_at=tx.now,
        due_at=tx.now,
        settled_at=None,
    )
    return {"delivery": waiting.as_wire()}


@operation("/ostiary/webhooks/deliveries/get", GetDelivery, READS, returns={"delivery": "WebhookDelivery"})
async def get_delivery(body: GetDelivery, caller: Caller, tx: Tx) -> Answer:
    """What became of one event at one webhook."""
    webhook = await store.webhooks.get(tx, caller.workspace_id, body.webhook_id)
    delivery = await store.deliveries.get(tx, webhook.webhook_id, body.event_id)
    return {"delivery": delivery.as_wire()}


@operation(
    "/ostiary/webhooks/deliveries/list",
    ListDeliveries,
    READS,
    returns={"deliveries": "[WebhookDelivery]"},
)
async def list_deliveries(body: ListDeliveries, caller: Caller, tx: Tx) -> Answer:
    """The deliveries of a webhook, newest event first."""
    webhook = await store.webhooks.get(tx, caller.workspace_id, body.webhook_id)
    found, following = await collect(
        _back_from(tx, webhook.webhook_id),
        lambda delivery: Position(delivery.position, delivery.event_id),
        read_cursor(body),
        body.limit,
        None if body.status is None and body.event_type is None else lambda each: _matches(each, body),
    )
    return {
        "deliveries": [delivery.as_wire() for delivery in found],
        "pagination": pagination(
            body, "/ostiary/webhooks/deliveries/list", caller.house.public_url, following
        ),
    }


def _back_from(tx: Tx, webhook_id: str) -> Callable[[Position, int], Awaitable[list[Delivery]]]:
    """A cursor's number is the position of an event; from the newest on without one."""

    async def fetch(position: Position, size: int) -> list[Delivery]:
        begin = position.created_at_ms if position.row_id else store.deliveries.LAST
        return await store.deliveries.list_page(tx, webhook_id, begin, size)

    return fetch


def _matches(delivery: Delivery, body: ListDeliveries) -> bool:
    return body.status in (None, delivery.status) and body.event_type in (None, delivery.event_type)


@operation(
    "/ostiary/webhooks/deliveries/resend", GetDelivery, CREATES, returns={"delivery": "WebhookDelivery"}
)
async def resend(body: GetDelivery, caller: Caller, tx: Tx) -> Answer:
    """Send one event again, or for the first time, under the same message id."""
    webhook = await _enabled(body.webhook_id, caller, tx)
    if await store.events.position_of(tx, caller.workspace_id, body.event_id) is None:
        raise not_found("event", event_id=body.event_id)
    await store.deliveries.again(tx, webhook.webhook_id, [body.event_id])
    delivery = await store.deliveries.get(tx, webhook.webhook_id, body.event_id)
    return {"delivery": delivery.as_wire()}


@operation("/ostiary/webhooks/replay", ReplayEvents, CREATES, returns={"replay": "Replay"})
async def replay(body: ReplayEvents, caller: Caller, tx: Tx) -> Answer:
    """Send what happened in a time again, in its order; what the webhook wants, or the types named."""
    webhook = await _enabled(body.webhook_id, caller, tx)
    since, until = parse_instant(body.since), tx.now + timedelta(milliseconds=1)
    if body.until is not None:
        until = parse_instant(body.until)
        if until <= since:
            raise InvalidInput("until must be later than since", "until")
    wanted = (
        webhook
        if body.event_types is None
        else replace(webhook, event_types=checked_event_types(body.event_types))
    )
    begin = 0
    if body.after_event_id is not None:
        found = await store.events.position_of(tx, caller.workspace_id, body.after_event_id)
        if found is None:
            raise not_found("event", event_id=body.after_event_id)
        begin = found
    events = await store.events.within(tx, caller.workspace_id, since, until, begin, body.limit + 1)
    part = events[: body.limit]
    chosen = [event for event in part if _is_replayed(event, wanted)]
    if chosen:
        await store.deliveries.again(tx, webhook.webhook_id, [event.event_id for event in chosen])
    return {
        "replay": {
            "event_count": len(chosen),
            "last_event_id": part[-1].event_id if part else None,
            "has_more": len(events) > body.limit,
        }
    }


def _is_replayed(event: Event, webhook: Webhook) -> bool:
    """A test is for one webhook at one time."""
    return event.event_type != "ostiary.webhook.test" and webhook.wants(event.event_type)
