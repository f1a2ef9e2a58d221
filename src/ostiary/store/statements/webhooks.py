"""Webhooks, their lines, and the deliveries in them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql import Select

from ...domain.webhooks import Delivery, Line, Webhook
from ..tables import events as _e
from ..tables import webhook_deliveries as _d
from ..tables import webhook_lines as _l
from ..tables import webhooks as _w
from ..tables import workspaces
from .defining import any_of, define, define_insert, define_update, select_entity

_webhook = select_entity(_w, Webhook)
_delivery = select_entity(_d, Delivery)

define_insert(_w, Webhook)
define_update(_w, Webhook)
define(
    "webhooks.get", _webhook.where(_w.c.webhook_id == bindparam("id"), _w.c.workspace_id == bindparam("ws"))
)
define("webhooks.find", _webhook.where(_w.c.webhook_id == bindparam("id")))
define(
    "webhooks.delete",
    delete(_w).where(_w.c.webhook_id == bindparam("id"), _w.c.workspace_id == bindparam("ws")),
)
define(
    "webhooks.list",
    _webhook.where(_w.c.workspace_id == bindparam("ws")).order_by(_w.c.created_at, _w.c.webhook_id),
)
define(
    "webhooks.of_workspace",
    _webhook.where(_w.c.workspace_id == bindparam("ws"), _w.c.disabled_at.is_(None)),
)

# --- lines ---

define_insert(_l, Line, "leased_until")
define_update(_l, Line)
define("webhook_lines.get", select_entity(_l, Line).where(_l.c.webhook_id == bindparam("id")))


def _first_due() -> Select[tuple[int]]:
    return (
        select(func.min(_d.c.due_at))
        .where(_d.c.webhook_id == _l.c.webhook_id, _d.c.due_at.is_not(None))
        .correlate(_l)
    )


_lines = (
    select(
        _l.c.webhook_id,
        _l.c.leased_until,
        _first_due().scalar_subquery().label("first_due"),
        _l.c.rests_until,
        workspaces.c.clock_offset_ms,
        workspaces.c.clock_frozen_at,
    )
    .join_from(_l, _w, _l.c.webhook_id == _w.c.webhook_id)
    .join(workspaces, workspaces.c.workspace_id == _w.c.workspace_id)
    .subquery()
)
define(
    "webhook_lines.waiting",
    select(_lines).where(_lines.c.first_due.is_not(None)),
    scans="an installation has few webhooks, and all of their lines are asked about",
)
define(
    "webhook_lines.claim",
    update(_l)
    .where(_l.c.webhook_id == bindparam("id"), _l.c.leased_until <= bindparam("now"))
    .values(lease=bindparam("token"), leased_until=bindparam("until")),
)
define(
    "webhook_lines.renew",
    update(_l)
    .where(_l.c.webhook_id == bindparam("id"), _l.c.lease == bindparam("token"))
    .values(leased_until=bindparam("until")),
)
define(
    "webhook_lines.release",
    update(_l)
    .where(_l.c.webhook_id == bindparam("id"), _l.c.lease == bindparam("token"))
    .values(lease=None, leased_until=0),
)
define(
    "webhook_lines.free_all",
    update(_l).values(lease=None, leased_until=0),
    scans="once, at start",
)

# --- deliveries ---

_one = (_d.c.webhook_id == bindparam("webhook_id"), _d.c.event_id == bindparam("event_id"))
_as_it_was = (
    _d.c.due_at.is_not_distinct_from(bindparam("was_due")),
    _d.c.tries == bindparam("was_tries"),
)
"""Nobody has given it up or put it in line again since."""

_QUEUED = (
    "webhook_id",
    "event_id",
    "workspace_id",
    "position",
    "event_type",
    "status",
    "attempts",
    "tries",
    "created_at",
    "due_at",
)


def _queued(*which: ColumnElement[bool]) -> Select[Any]:
    """A new delivery for each pair of an event and a webhook of its workspace."""
    return (
        select(
            _w.c.webhook_id,
            _e.c.event_id,
            _e.c.workspace_id,
            _e.c.position,
            _e.c.event_type,
            literal("pending"),
            literal("[]"),
            literal(0),
            _e.c.created_at,
            bindparam("now", type_=BigInteger),
        )
        .select_from(_e)
        .join(_w, _w.c.workspace_id == _e.c.workspace_id)
        .where(*which)
    )


define(
    "webhook_deliveries.queue",
    insert(_d).from_select(
        _QUEUED, _queued(_e.c.event_id == bindparam("event_id"), any_of(_w.c.webhook_id, "webhook_ids"))
    ),
)
define(
    "webhook_deliveries.queue_missing",
    insert(_d).from_select(
        _QUEUED,
        _queued(
            any_of(_e.c.event_id, "event_ids"),
            _w.c.webhook_id == bindparam("webhook_id"),
            ~select(literal(1))
            .where(_d.c.webhook_id == bindparam("webhook_id"), _d.c.event_id == _e.c.event_id)
            .correlate(_e)
            .exists(),
        ),
    ),
)
define(
    "webhook_deliveries.queue_again",
    update(_d)
    .where(_d.c.webhook_id == bindparam("webhook_id"), any_of(_d.c.event_id, "event_ids"))
    .values(status="pending", tries=0, due_at=bindparam("now"), settled_at=None),
)
define("webhook_deliveries.get", _delivery.where(*_one))
define(
    "webhook_deliveries.list",
    _delivery.where(_d.c.webhook_id == bindparam("webhook_id"), _d.c.position <= bindparam("position"))
    .order_by(_d.c.position.desc())
    .limit(bindparam("limit")),
)
define(
    "webhook_deliveries.due",
    _delivery.where(
        _d.c.webhook_id == bindparam("webhook_id"), _d.c.due_at.is_not(None), _d.c.due_at <= bindparam("now")
    )
    .order_by(_d.c.due_at, _d.c.position)
    .limit(bindparam("limit")),
)
define(
    "webhook_deliveries.next",
    select(func.min(_d.c.due_at)).where(_d.c.webhook_id == bindparam("webhook_id"), _d.c.due_at.is_not(None)),
)
define(
    "webhook_deliveries.count_pending",
    select(func.count()).where(_d.c.webhook_id == bindparam("webhook_id"), _d.c.due_at.is_not(None)),
)
define(
    "webhooks.waited_for",
    _webhook.join(_l, _l.c.webhook_id == _w.c.webhook_id)
    .join(_d, _d.c.webhook_id == _w.c.webhook_id)
    .where(
        _w.c.webhook_id == bindparam("webhook_id"),
        _w.c.disabled_at.is_(None),
        _l.c.lease == bindparam("token"),
        _d.c.event_id == bindparam("event_id"),
        *_as_it_was,
    ),
)
define(
    "webhook_deliveries.settle",
    update(_d)
    .where(*_one, *_as_it_was)
    .values(
        {name: bindparam(name) for name in ("status", "attempts", "tries", "due_at", "settled_at")},
    ),
)
define(
    "webhook_deliveries.give_up",
    update(_d)
    .where(_d.c.webhook_id == bindparam("webhook_id"), _d.c.due_at.is_not(None))
    .values(status="failed", due_at=None, settled_at=bindparam("now")),
)

# --- what is over ---

_settled_before = (
    _d.c.workspace_id == bindparam("ws"),
    _d.c.settled_at.is_not(None),
    _d.c.settled_at < bindparam("before"),
)
define(
    "webhook_deliveries.first_waiting",
    select(func.min(_d.c.position))
    .join_from(_w, _d, _d.c.webhook_id == _w.c.webhook_id)
    .where(_w.c.workspace_id == bindparam("ws"), _d.c.due_at.is_not(None)),
)
define(
    "webhook_deliveries.any_old",
    select(literal(1)).select_from(_d).where(*_settled_before).limit(1),
)
define(
    "webhook_deliveries.remove_old",
    delete(_d).where(
        tuple_(_d.c.webhook_id, _d.c.event_id).in_(
            select(_d.c.webhook_id, _d.c.event_id)
            .where(*_settled_before)
            .order_by(_d.c.settled_at)
            .limit(bindparam("limit"))
        )
    ),
)
