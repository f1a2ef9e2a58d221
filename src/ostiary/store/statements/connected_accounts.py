"""Connected accounts, and the lease under which exactly one worker drains each."""

from sqlalchemy import bindparam, case, delete, func, or_, select, update

from ...domain.connected_accounts import ConnectedAccount
from ..tables import connected_accounts as _t
from .defining import define, define_insert, define_update, define_within, page, select_entity

_account = select_entity(_t, ConnectedAccount)

define_insert(_t, ConnectedAccount, "due_at", "leased_until")
define_update(_t, ConnectedAccount)
define_within(
    "connected_accounts.get",
    _account.where(_t.c.connected_account_id == bindparam("id"), _t.c.workspace_id == bindparam("ws")),
    _t.c.connected_account_id,
)
define("connected_accounts.get_any", _account.where(_t.c.connected_account_id == bindparam("id")))
define(
    "connected_accounts.by_vendor",
    _account.where(
        _t.c.workspace_id == bindparam("ws"),
        _t.c.provider == bindparam("provider"),
        _t.c.vendor_account_id == bindparam("vendor"),
    ),
)
define_within(
    "connected_accounts.list",
    page(
        _account.where(_t.c.workspace_id == bindparam("ws")),
        _t.c.created_at,
        _t.c.connected_account_id,
    ),
    _t.c.connected_account_id,
)
define_within(
    "connected_accounts.all",
    _account.where(_t.c.workspace_id == bindparam("ws")).order_by(_t.c.created_at),
    _t.c.connected_account_id,
)
define("connected_accounts.by_notices", _account.where(_t.c.notices_hash == bindparam("hash")))
define(
    "connected_accounts.wake_unregistered",
    update(_t)
    .where(
        _t.c.provider == bindparam("provider"),
        or_(_t.c.notices_base.is_(None), _t.c.notices_base != bindparam("base")),
        _t.c.poll_at.is_not(None),
    )
    .values(due_at=bindparam("at")),
    scans="start only",
)
define("connected_accounts.delete", delete(_t).where(_t.c.connected_account_id == bindparam("id")))
define(
    "connected_accounts.wake",
    update(_t)
    .where(
        _t.c.connected_account_id == bindparam("id"),
        or_(_t.c.due_at.is_(None), _t.c.due_at > bindparam("at")),
    )
    .values(due_at=bindparam("at")),
)
define(
    "connected_accounts.wake_workspace",
    update(_t)
    .where(_t.c.workspace_id == bindparam("ws"), _t.c.poll_at.is_not(None))
    .values(
        due_at=bindparam("at"),
        # Never the value that was there: a poll under way sees by it that it was asked for again.
        poll_at=case((_t.c.poll_at > bindparam("poll"), bindparam("poll")), else_=_t.c.poll_at - 1),
    ),
)
define(
    "connected_accounts.due",
    select(_t.c.connected_account_id)
    .where(_t.c.due_at <= bindparam("now"), _t.c.leased_until <= bindparam("now"))
    .order_by(_t.c.due_at)
    .limit(bindparam("limit")),
)
define(
    "connected_accounts.next_due",
    select(func.min(case((_t.c.leased_until > _t.c.due_at, _t.c.leased_until), else_=_t.c.due_at))).where(
        _t.c.due_at.is_not(None)
    ),
)
define(
    "connected_accounts.claim",
    update(_t)
    .where(_t.c.connected_account_id == bindparam("id"), _t.c.leased_until <= bindparam("now"))
    .values(lease=bindparam("token"), leased_until=bindparam("until"), due_at=bindparam("until")),
)
define(
    "connected_accounts.renew",
    update(_t)
    .where(_t.c.connected_account_id == bindparam("id"), _t.c.lease == bindparam("token"))
    .values(leased_until=bindparam("until"), due_at=bindparam("until")),
)
define(
    "connected_accounts.held",
    select(_t.c.connected_at).where(
        _t.c.connected_account_id == bindparam("id"),
        _t.c.lease == bindparam("token"),
        _t.c.leased_until >= bindparam("until"),
    ),
)
define(
    "connected_accounts.release",
    update(_t)
    .where(_t.c.connected_account_id == bindparam("id"), _t.c.lease == bindparam("token"))
    .values(lease=None, leased_until=0, due_at=bindparam("due")),
)
define(
    "connected_accounts.free_all",
    update(_t).where(_t.c.leased_until > 0).values(lease=None, leased_until=0, due_at=bindparam("now")),
    scans="start only",
)
