"""The evidence of access codes."""

from sqlalchemy import bindparam, exists, null, select, update

from ...domain.evidence import Entry
from .. import tables
from .defining import any_of, define, define_insert, select_entity

_t, _d, _a, _c = tables.evidence, tables.devices, tables.connected_accounts, tables.access_codes
_entry = select_entity(_t, Entry)
_of_code = _t.c.access_code_id == bindparam("id")

define_insert(_t, Entry)
define("evidence.last", _entry.where(_of_code).order_by(_t.c.position.desc()).limit(1))
_past = _entry.where(_of_code, _t.c.workspace_id == bindparam("ws")).order_by(_t.c.position)
define("evidence.of_code", _past)
# It outlives the code with its account: then nobody can tell any more whose it was.
define(
    "evidence.of_code_within",
    _past.where(
        exists().where(
            _c.c.access_code_id == bindparam("id"), any_of(_c.c.connected_account_id, "reach_accounts")
        )
    ),
)
define(
    "evidence.unseal",
    update(_t).where(_of_code, _t.c.position == bindparam("at_position")).values(seal=null()),
)
define(
    "evidence.view",
    select(_d.c.capabilities, _d.c.preload_hours, _d.c.just_in_time_minutes, _a.c.errors)
    .join_from(_d, _a, _a.c.connected_account_id == _d.c.connected_account_id)
    .where(_d.c.device_id == bindparam("device")),
)
