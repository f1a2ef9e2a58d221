"""Action attempts."""

from sqlalchemy import bindparam, exists, select, update

from ...domain.action_attempts import ActionAttempt
from ..tables import action_attempts as _t
from ..tables import devices as _d
from .defining import any_of, define, define_insert, define_update, define_within, page, select_entity

_attempt = select_entity(_t, ActionAttempt)
_in_workspace = _t.c.workspace_id == bindparam("ws")
_pending = _t.c.status == "pending"
_pending_door = (_pending, _t.c.deadline_at.is_not(None))

define_insert(_t, ActionAttempt)
define_update(_t, ActionAttempt)
define_within(
    "action_attempts.get",
    _attempt.where(_t.c.action_attempt_id == bindparam("id"), _in_workspace),
    _t.c.connected_account_id,
)
for _name, _chosen in {
    "list": (),
    "list_device": (_t.c.device_id == bindparam("device"),),
    "list_ids": (any_of(_t.c.action_attempt_id, "ids"),),
}.items():
    define_within(
        f"action_attempts.{_name}",
        page(_attempt.where(_in_workspace, *_chosen), _t.c.created_at, _t.c.action_attempt_id),
        _t.c.connected_account_id,
    )
define(
    "action_attempts.door",
    _attempt.where(_t.c.device_id == bindparam("device"), *_pending_door).order_by(
        _t.c.created_at, _t.c.action_attempt_id
    ),
)
define(
    "action_attempts.doors",
    select(_d.c.device_id, _d.c.due_at)
    .where(
        _d.c.connected_account_id == bindparam("account"),
        _d.c.due_at.is_not(None),
        exists().where(_t.c.device_id == _d.c.device_id, *_pending_door),
    )
    .order_by(_d.c.due_at),
)
define(
    "action_attempts.history",
    _attempt.where(
        _t.c.device_id == bindparam("device"),
        _t.c.deadline_at.is_not(None),
        _t.c.created_at >= bindparam("since"),
    ).order_by(_t.c.created_at),
)
define(
    "action_attempts.settle_code",
    update(_t)
    .where(
        _t.c.access_code_id == bindparam("code"),
        _pending,
        _t.c.access_code_id.is_not(None),
        any_of(_t.c.action_type, "types"),
        _t.c.generation <= bindparam("gen"),
    )
    .values(status="success", result="{}", settled_at=bindparam("now")),
)
define(
    "action_attempts.give_up_code",
    update(_t)
    .where(
        _t.c.access_code_id == bindparam("code"),
        _pending,
        _t.c.access_code_id.is_not(None),
    )
    .values(status="error", error=bindparam("why"), settled_at=bindparam("now")),
)
