"""The simulated vendors of sandbox workspaces."""

from sqlalchemy import bindparam, insert, select, update

from ..tables import virtual_homes as _t
from .defining import define

_one = (
    _t.c.workspace_id == bindparam("ws"),
    _t.c.provider == bindparam("by_provider"),
    _t.c.home == bindparam("by_home"),
)

define("virtual_homes.get", select(_t.c.state, _t.c.version).where(*_one))
define("virtual_homes.insert", insert(_t))
define(
    "virtual_homes.save",
    update(_t)
    .where(*_one, _t.c.version == bindparam("old"))
    .values(state=bindparam("blob"), version=bindparam("new")),
)
define(
    "virtual_homes.names",
    select(_t.c.home)
    .where(_t.c.workspace_id == bindparam("ws"), _t.c.provider == bindparam("by_provider"))
    .order_by(_t.c.home),
)
