"""Access codes, and the steps that were written down for them."""

from sqlalchemy import bindparam, or_, select, union_all

from ...domain.access_codes import AccessCode
from ...domain.reconcile import Step
from .. import tables
from .defining import (
    any_of,
    define,
    define_insert,
    define_insert_usual,
    define_update,
    define_within,
    page,
    select_entity,
)

_t, _s, _f = tables.access_codes, tables.steps, tables.unmanaged_access_codes
_code = select_entity(_t, AccessCode)
_step = select_entity(_s, Step)
_living = _t.c.gone_at.is_(None)
_shown = or_(_t.c.is_backup == 0, _t.c.pulled_at.is_not(None))  # spares are nobody's business
_account = _t.c.connected_account_id
_in_workspace = _t.c.workspace_id == bindparam("ws")
_of_key = _code.where(_in_workspace, _t.c.common_code_key == bindparam("key"), _living).order_by(
    _t.c.created_at, _t.c.access_code_id
)

define_insert(_t, AccessCode)
define_insert_usual(_t, AccessCode, "weekly_window")
define_update(_t, AccessCode)
define_within(
    "access_codes.get",
    _code.where(_t.c.access_code_id == bindparam("id"), _in_workspace, _living, _shown),
    _account,
)
define("access_codes.get_any", _code.where(_t.c.access_code_id == bindparam("id")))
define(
    "access_codes.by_pin",
    _code.where(_t.c.device_id == bindparam("device"), _t.c.code_hash == bindparam("hash"), _living),
)
define(
    "access_codes.on_device",
    _code.where(_t.c.device_id == bindparam("device"), _living).order_by(_t.c.created_at),
)
define_within("access_codes.by_ids", _code.where(any_of(_t.c.access_code_id, "ids"), _in_workspace), _account)
define(
    "access_codes.gone_by_marks",
    _code.where(
        _t.c.device_id == bindparam("device"),
        any_of(_t.c.mark, "marks"),
        _t.c.gone_at.is_not(None),
        _t.c.released_at.is_(None),
    ),
)
define(
    "access_codes.still_shown",
    select(_t.c.access_code_id)
    .where(
        _t.c.device_id == bindparam("device"),
        _t.c.confirmed_code_hash == bindparam("hash"),
        _t.c.access_code_id != bindparam("id"),
        _living,
    )
    .limit(1),
)
define_within(
    "access_codes.list",
    page(
        _code.where(_in_workspace, _t.c.device_id == bindparam("device"), _living, _shown),
        _t.c.created_at,
        _t.c.access_code_id,
    ),
    _account,
)
define_within(
    "access_codes.list_all",
    page(_code.where(_in_workspace, _living, _shown), _t.c.created_at, _t.c.access_code_id),
    _account,
)
define_within("access_codes.by_common_key", _of_key.limit(1), _account)
define_within("access_codes.with_common_key", _of_key, _account)
define(
    "access_codes.is_pin_known",
    union_all(
        *(
            select(holder).where(device == bindparam("device"), code_hash == bindparam("hash"), *more)
            for holder, device, code_hash, more in (
                (_t.c.access_code_id, _t.c.device_id, _t.c.code_hash, (_living,)),
                (_t.c.access_code_id, _t.c.device_id, _t.c.confirmed_code_hash, (_living,)),
                (_f.c.access_code_id, _f.c.device_id, _f.c.code_hash, (_f.c.gone_at.is_(None),)),
            )
        )
    ),
)
define(
    "access_codes.ever_sent",
    select(_t.c.access_code_id).where(_t.c.device_id == bindparam("device"), _t.c.was_sent == 1).limit(1),
)
define_insert(_s, Step, "workspace_id", "device_id")
define_update(_s, Step)
define(
    "steps.open",
    _step.where(_s.c.device_id == bindparam("device"), _s.c.settled_at.is_(None)).order_by(_s.c.planned_at),
)
define(
    "steps.written_pins",
    select(_s.c.access_code_id, _s.c.code_hash).where(any_of(_s.c.access_code_id, "ids")).distinct(),
)
