"""How far the vendors' logs have been told, and whose codes their lines name."""

from sqlalchemy import bindparam, delete, insert, select

from ...domain.entries import EntryMark
from .. import tables
from .defining import define, define_insert, define_update, select_entity

_m, _c, _d = tables.entry_marks, tables.vendor_codes, tables.devices

define_insert(_m, EntryMark)
define_update(_m, EntryMark)
define(
    "entry_marks.of_account",
    select_entity(_m, EntryMark)
    .join(_d, _d.c.device_id == _m.c.device_id)
    .where(_d.c.connected_account_id == bindparam("account")),
)
define(
    "vendor_codes.forget",
    delete(_c).where(_c.c.device_id == bindparam("device"), _c.c.vendor_code_id == bindparam("vendor_id")),
)
define("vendor_codes.insert", insert(_c))
define(
    "vendor_codes.get",
    select(_c.c.access_code_id).where(
        _c.c.device_id == bindparam("device"), _c.c.vendor_code_id == bindparam("vendor_id")
    ),
)
