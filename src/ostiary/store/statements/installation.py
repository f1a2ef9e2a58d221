"""What belongs to the installation itself."""

from sqlalchemy import bindparam, insert, select, update

from ..tables import installation as _t
from .defining import define

define("installation.get", select(_t.c.value).where(_t.c.name == bindparam("name")))
define("installation.insert", insert(_t))
define(
    "installation.touch",
    update(_t).where(_t.c.name == bindparam("the_name")).values(value=_t.c.value),
)
