"""Connect Webviews."""

from sqlalchemy import bindparam, delete

from ...domain.connect_webviews import ConnectWebview
from ..tables import connect_webviews as _t
from .defining import define, define_insert, define_update, define_within, page, select_entity

_webview = select_entity(_t, ConnectWebview)

define_insert(_t, ConnectWebview, "auth_token_hash")
define_update(_t, ConnectWebview)
define_within(
    "connect_webviews.get",
    _webview.where(_t.c.connect_webview_id == bindparam("id"), _t.c.workspace_id == bindparam("ws")),
    webview=_t.c.connect_webview_id,
)
define(
    "connect_webviews.open",
    _webview.where(_t.c.connect_webview_id == bindparam("id"), _t.c.auth_token_hash == bindparam("hash")),
)
define("connect_webviews.by_state", _webview.where(_t.c.login_state_hash == bindparam("hash")))
define_within(
    "connect_webviews.list",
    page(_webview.where(_t.c.workspace_id == bindparam("ws")), _t.c.created_at, _t.c.connect_webview_id),
    webview=_t.c.connect_webview_id,
)
define(
    "connect_webviews.delete",
    delete(_t).where(_t.c.connect_webview_id == bindparam("id"), _t.c.workspace_id == bindparam("ws")),
)
