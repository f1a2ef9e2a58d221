"""Events."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, delete, func, or_, select

from ...domain.events import Event
from ..events import FILTERS
from ..tables import events as _t
from .defining import any_of, define, define_insert, define_within, select_entity

_event = select_entity(_t, Event)

_whose = (_t.c.connected_account_id, _t.c.connect_webview_id)

define_insert(_t, Event)
# What is ours alone is in no answer of the wire.
_is_of_the_wire = _t.c.event_type.not_like("ostiary.%")

define_within(
    "events.get",
    _event.where(
        _t.c.event_id == bindparam("event_id"), _t.c.workspace_id == bindparam("ws"), _is_of_the_wire
    ),
    *_whose,
)
define("events.count", select(func.count()).select_from(_t).where(_t.c.workspace_id == bindparam("ws")))


def _passes(name: str) -> ColumnElement[bool]:
    """A filter that lets all pass when its parameter is NULL."""
    return or_(bindparam(f"in_{name}", type_=Text).is_(None), any_of(_t.c[name], f"in_{name}"))


def _list(event_ids: ColumnElement[bool]) -> Select[Any]:
    """Newest first, strictly after `since` and strictly before `until`, for any combination of filters."""
    return (
        _event.where(
            _t.c.workspace_id == bindparam("ws"),
            _t.c.created_at > bindparam("since"),
            _t.c.created_at < bindparam("until"),
            *(_passes(name) for name in FILTERS if name != "event_id"),
            event_ids,
            _is_of_the_wire,
        )
        .order_by(_t.c.created_at.desc(), _t.c.event_id.desc())
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )


define_within("events.list", _list(_passes("event_id")), *_whose)
# A condition that stands alone lets PostgreSQL go by the primary key.
define_within("events.list_ids", _list(any_of(_t.c.event_id, "in_event_id")), *_whose)
define("events.by_ids", _event.where(any_of(_t.c.event_id, "ids")))
define_within(
    "events.after",
    _event.add_columns(_t.c.position)
    .where(_t.c.workspace_id == bindparam("ws"), _t.c.position > bindparam("position"))
    .order_by(_t.c.position)
    .limit(bindparam("limit")),
    *_whose,
)
define(
    "events.within",
    _event.where(
        _t.c.workspace_id == bindparam("ws"),
        _t.c.position > bindparam("position"),
        _t.c.created_at >= bindparam("since"),
        _t.c.created_at < bindparam("until"),
    )
    .order_by(_t.c.position)
    .limit(bindparam("limit")),
)
define_within(
    "events.position",
    select(_t.c.position).where(_t.c.event_id == bindparam("event_id"), _t.c.workspace_id == bindparam("ws")),
    *_whose,
)
define(
    "events.last",
    select(_t.c.position, _t.c.event_id)
    .where(_t.c.workspace_id == bindparam("ws"), _t.c.position < bindparam("below"))
    .order_by(_t.c.position.desc())
    .limit(1),
)
define(
    "events.first_since",
    select(func.min(_t.c.position)).where(
        _t.c.workspace_id == bindparam("ws"), _t.c.created_at > bindparam("since")
    ),
)
define(
    "events.oldest",
    select(_t.c.position, _t.c.created_at)
    .where(_t.c.workspace_id == bindparam("ws"))
    .order_by(_t.c.position)
    .limit(bindparam("limit")),
)
define(
    "events.remove",
    delete(_t).where(_t.c.workspace_id == bindparam("ws"), _t.c.position <= bindparam("position")),
)
define_within(
    "events.of_code",
    _event.where(
        _t.c.access_code_id == bindparam("id"),
        any_of(_t.c.event_type, "types"),
        _t.c.workspace_id == bindparam("ws"),
    ).order_by(_t.c.created_at, _t.c.event_id),
    *_whose,
)
