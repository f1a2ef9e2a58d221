"""Client sessions, and what each of them reaches."""

from sqlalchemy import bindparam, delete, exists, func, insert, literal, or_, select, union_all, update

from ...domain.client_sessions import ClientSession
from ...domain.workspaces import Workspace
from .. import tables
from .defining import any_of, define, define_insert, select_entity

_t, _w, _d = tables.client_sessions, tables.workspaces, tables.devices
_accounts, _webviews = tables.client_session_accounts, tables.client_session_webviews
_session = select_entity(_t, ClientSession)
_in_workspace = _t.c.workspace_id == bindparam("ws")
_of_id = _t.c.client_session_id == bindparam("id")

define_insert(_t, ClientSession, "token_hash")
define(
    "client_sessions.by_token",
    select_entity(_w, Workspace)
    .add_columns(_t.c.client_session_id, _t.c.user_identifier_key, _t.c.expires_at, _t.c.revoked_at)
    .join_from(_t, _w, _w.c.workspace_id == _t.c.workspace_id)
    .where(_t.c.token_hash == bindparam("hash")),
)
define("client_sessions.get", _session.where(_of_id, _in_workspace))
define(
    "client_sessions.by_key",
    _session.where(
        _in_workspace,
        _t.c.user_identifier_key == bindparam("key"),
        _t.c.user_identifier_key.is_not(None),
        _t.c.revoked_at.is_(None),
    ),
)
define(
    "client_sessions.list",
    _session.where(
        _in_workspace,
        *(
            or_(bindparam(name, type_=column.type).is_(None), column == bindparam(name))
            for name, column in {"in_id": _t.c.client_session_id, "in_key": _t.c.user_identifier_key}.items()
        ),
        or_(
            bindparam("in_webview", type_=_t.c.client_session_id.type).is_(None),
            exists().where(
                _webviews.c.client_session_id == _t.c.client_session_id,
                _webviews.c.connect_webview_id == bindparam("in_webview"),
            ),
        ),
        or_(literal(0) == bindparam("keyless"), _t.c.user_identifier_key.is_(None)),
    ).order_by(_t.c.created_at, _t.c.client_session_id),
)
define(
    "client_sessions.reach",
    union_all(
        select(_accounts.c.client_session_id, _accounts.c.connected_account_id, literal(1)).where(
            any_of(_accounts.c.client_session_id, "ids")
        ),
        select(_webviews.c.client_session_id, _webviews.c.connect_webview_id, literal(0)).where(
            any_of(_webviews.c.client_session_id, "ids")
        ),
    ),
)
define(
    "client_sessions.count_devices",
    select(_accounts.c.client_session_id, func.count())
    .join_from(_accounts, _d, _d.c.connected_account_id == _accounts.c.connected_account_id)
    .where(any_of(_accounts.c.client_session_id, "ids"), _d.c.is_managed == 1)
    .group_by(_accounts.c.client_session_id),
)
# As selects, so that a session or an account that has gone meanwhile, or is there already, makes no row.
define(
    "client_session_accounts.add",
    insert(_accounts).from_select(
        ["client_session_id", "connected_account_id"],
        select(_t.c.client_session_id, bindparam("account", type_=_t.c.client_session_id.type)).where(
            _of_id,
            ~exists().where(
                _accounts.c.client_session_id == _t.c.client_session_id,
                _accounts.c.connected_account_id == bindparam("account"),
            ),
        ),
    ),
)
define(
    "client_session_webviews.add",
    insert(_webviews).from_select(
        ["client_session_id", "connect_webview_id"],
        select(_t.c.client_session_id, bindparam("webview", type_=_t.c.client_session_id.type)).where(
            _of_id,
            ~exists().where(
                _webviews.c.client_session_id == _t.c.client_session_id,
                _webviews.c.connect_webview_id == bindparam("webview"),
            ),
        ),
    ),
)
define(
    "client_session_accounts.follow",
    insert(_accounts).from_select(
        ["client_session_id", "connected_account_id"],
        select(_webviews.c.client_session_id, bindparam("account", type_=_t.c.client_session_id.type)).where(
            _webviews.c.connect_webview_id == bindparam("webview"),
            ~exists().where(
                _accounts.c.client_session_id == _webviews.c.client_session_id,
                _accounts.c.connected_account_id == bindparam("account"),
            ),
        ),
    ),
)
define(
    "client_sessions.revoke",
    update(_t).where(_of_id, _t.c.revoked_at.is_(None)).values(revoked_at=bindparam("now")),
)
define("client_sessions.set_expiry", update(_t).where(_of_id).values(expires_at=bindparam("at")))
define("client_sessions.delete", delete(_t).where(_of_id, _in_workspace))
