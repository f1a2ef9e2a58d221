"""Action attempts."""

from collections.abc import Iterable

from sqlalchemy import bindparam, text, update

from ..domain.action_attempts import ActionAttempt
from ..domain.errors import not_found
from ..domain.instants import to_ms
from . import tables
from .pages import Position, page
from .rows import Record
from .sql import Statement, any_of, text_list
from .tx import Tx

_t = tables.action_attempts
_record = Record(_t, ActionAttempt)
_INSERT = _record.insert()
_UPDATE = _record.update()
_in_workspace = _t.c.workspace_id == bindparam("ws")
_GET = Statement(
    "action_attempts.get", _record.select().where(_t.c.action_attempt_id == bindparam("id"), _in_workspace)
)
_LIST = Statement(
    "action_attempts.list",
    page(_record.select().where(_in_workspace), _t.c.created_at, _t.c.action_attempt_id),
)
_LIST_DEVICE = Statement(
    "action_attempts.list_device",
    page(
        _record.select().where(_in_workspace, _t.c.device_id == bindparam("device")),
        _t.c.created_at,
        _t.c.action_attempt_id,
    ),
)
_LIST_IDS = Statement(
    "action_attempts.list_ids",
    page(
        _record.select().where(_in_workspace, any_of(_t.c.action_attempt_id, "ids")),
        _t.c.created_at,
        _t.c.action_attempt_id,
    ),
)
# As text, not as a parameter: only so can the partial indexes be used.
_pending = text("status = 'pending'")
_pending_door = (_pending, _t.c.deadline_at.is_not(None))
_DOOR = Statement(
    "action_attempts.door",
    _record.select()
    .where(_t.c.device_id == bindparam("device"), *_pending_door)
    .order_by(_t.c.created_at, _t.c.action_attempt_id),
)
_SETTLE_CODE = Statement(
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
_GIVE_UP_CODE = Statement(
    "action_attempts.give_up_code",
    update(_t)
    .where(
        _t.c.access_code_id == bindparam("code"),
        _pending,
        _t.c.access_code_id.is_not(None),
    )
    .values(status="error", error=bindparam("why"), settled_at=bindparam("now")),
)


async def insert(tx: Tx, attempt: ActionAttempt) -> None:
    await _INSERT(**_record.insert_params(tx.vault, attempt))


async def update_attempt(tx: Tx, attempt: ActionAttempt) -> None:
    await _UPDATE(**_record.update_params(tx.vault, attempt))


async def get(tx: Tx, workspace_id: str, action_attempt_id: str) -> ActionAttempt:
    """Raises: ApiError, 404 `action_attempt_not_found`."""
    rows = await _GET(id=action_attempt_id, ws=workspace_id)
    if not rows:
        raise not_found("action_attempt", action_attempt_id=action_attempt_id)
    return _record.read(tx.vault, rows[0])


async def list_page(
    tx: Tx,
    workspace_id: str,
    position: Position,
    limit: int,
    *,
    device_id: str | None = None,
    ids: Iterable[str] | None = None,
) -> list[ActionAttempt]:
    params = {"ws": workspace_id, "limit": limit, **position.params()}
    if ids is not None:
        rows = await _LIST_IDS(ids=text_list(ids), **params)
    elif device_id is not None:
        rows = await _LIST_DEVICE(device=device_id, **params)
    else:
        rows = await _LIST(**params)
    return _record.read_all(tx.vault, rows)


async def pending_at_door(tx: Tx, device_id: str) -> list[ActionAttempt]:
    """Lock and unlock attempts in the order in which they were asked."""
    return _record.read_all(tx.vault, await _DOOR(device=device_id))


async def settle_code(tx: Tx, access_code_id: str, action_types: Iterable[str], generation: int) -> None:
    """A look showed what these attempts asked for, up to that wish."""
    await _SETTLE_CODE(code=access_code_id, types=text_list(action_types), gen=generation, now=to_ms(tx.now))


async def give_up_code(tx: Tx, access_code_id: str, why: str) -> None:
    """The code is gone: what was still asked of it will not happen."""
    await _GIVE_UP_CODE(code=access_code_id, why=why, now=to_ms(tx.now))
