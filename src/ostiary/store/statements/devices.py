"""Devices."""

from sqlalchemy import bindparam, delete, func, or_, select, update

from ...domain.devices import Device
from ..tables import devices as _t
from .defining import define, define_insert, define_update, define_within, page, select_entity

_device = select_entity(_t, Device)
_in_workspace = _t.c.workspace_id == bindparam("ws")

define_insert(_t, Device, "rendered", "rendering")
define_update(_t, Device, "rendered", "rendering", without=("due_at",))
_account = _t.c.connected_account_id
_of_id = _device.where(_t.c.device_id == bindparam("id"), _in_workspace)
define_within("devices.get", _of_id.where(_t.c.is_managed == 1), _account)
define_within("devices.get_any", _of_id, _account)
define("devices.find", _device.where(_t.c.device_id == bindparam("id")))
for _noun, _is_managed in (("devices", 1), ("unmanaged_devices", 0)):
    _visible = (_in_workspace, _t.c.is_managed == _is_managed)
    define_within(
        f"{_noun}.rendered",
        select(_t.c.rendered, _t.c.rendering).where(_t.c.device_id == bindparam("id"), *_visible),
        _account,
    )
    define_within(
        f"{_noun}.by_name",
        select(_t.c.device_id)
        .where(*_visible, or_(_t.c.nickname == bindparam("name"), _t.c.name == bindparam("name")))
        .order_by(_t.c.created_at)
        .limit(1),
        _account,
    )
    define_within(
        f"{_noun}.list",
        page(
            select(_t.c.rendered, _t.c.rendering, _t.c.device_id, _t.c.created_at).where(*_visible),
            _t.c.created_at,
            _t.c.device_id,
        ),
        _account,
    )
define(
    "devices.of_account",
    _device.where(_t.c.connected_account_id == bindparam("account")).order_by(_t.c.created_at),
)
define(
    "devices.due",
    select(_t.c.device_id)
    .where(_t.c.connected_account_id == bindparam("account"), _t.c.due_at <= bindparam("now"))
    .order_by(_t.c.due_at),
)
define(
    "devices.next_due",
    select(func.min(_t.c.due_at)).where(
        _t.c.connected_account_id == bindparam("account"), _t.c.due_at.is_not(None)
    ),
)
define(
    "devices.wake",
    update(_t)
    .where(_t.c.device_id == bindparam("id"), or_(_t.c.due_at.is_(None), _t.c.due_at > bindparam("at")))
    .values(due_at=bindparam("at")),
)
define("devices.set_due", update(_t).where(_t.c.device_id == bindparam("id")).values(due_at=bindparam("at")))
define(
    "devices.notice",
    update(_t)
    .where(_t.c.device_id == bindparam("id"))
    .values(noticed_at=bindparam("at"), look_wanted=bindparam("look")),
)
define("devices.delete", delete(_t).where(_t.c.device_id == bindparam("id")))
define(
    "devices.forget_looks",
    update(_t).where(_t.c.workspace_id == bindparam("ws")).values(looked_at=None),
)
