"""Unmanaged access codes."""

from sqlalchemy import bindparam

from ...domain.unmanaged_codes import UnmanagedCode
from ..tables import unmanaged_access_codes as _t
from .defining import define, define_insert, define_update, define_within, page, select_entity

_code = select_entity(_t, UnmanagedCode)
_on_device = _t.c.device_id == bindparam("device")
_in_workspace = _t.c.workspace_id == bindparam("ws")
_living = _t.c.gone_at.is_(None)

define_insert(_t, UnmanagedCode)
define_update(_t, UnmanagedCode)
define_within(
    "unmanaged_access_codes.get",
    _code.where(_t.c.access_code_id == bindparam("id"), _in_workspace, _living),
    _t.c.connected_account_id,
)
define("unmanaged_access_codes.get_any", _code.where(_t.c.access_code_id == bindparam("id")))
define(
    "unmanaged_access_codes.by_pin",
    _code.where(_on_device, _t.c.code_hash == bindparam("hash"), _living).order_by(_t.c.created_at).limit(1),
)
define(
    "unmanaged_access_codes.by_vendor_code",
    _code.where(_on_device, _t.c.vendor_code_id == bindparam("vendor_code"))
    .order_by(_t.c.created_at.desc())
    .limit(1),
)
define("unmanaged_access_codes.on_device", _code.where(_on_device, _living).order_by(_t.c.created_at))
define_within(
    "unmanaged_access_codes.list",
    page(_code.where(_in_workspace, _on_device, _living), _t.c.created_at, _t.c.access_code_id),
    _t.c.connected_account_id,
)
