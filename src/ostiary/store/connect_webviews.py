"""Connect Webviews."""

from ..domain.connect_webviews import ConnectWebview
from ..domain.errors import not_found
from .pages import Position
from .rows import Record
from .sql import Statement
from .tx import Tx
from .within import Within
from .workspaces import token_hash

_record = Record("connect_webviews", ConnectWebview)
_INSERT = Statement("connect_webviews.insert")
_UPDATE = Statement("connect_webviews.update")
_GET = Within("connect_webviews.get")
_OPEN = Statement("connect_webviews.open")
_BY_STATE = Statement("connect_webviews.by_state")
_LIST = Within("connect_webviews.list")
_DELETE = Statement("connect_webviews.delete")


async def insert(tx: Tx, webview: ConnectWebview) -> None:
    auth_token_hash = token_hash(webview.auth_token.reveal())
    await _record.write(_INSERT, tx.vault, webview, auth_token_hash=auth_token_hash)


async def update(tx: Tx, webview: ConnectWebview) -> None:
    await _record.write(_UPDATE, tx.vault, webview)


async def get(tx: Tx, workspace_id: str, connect_webview_id: str) -> ConnectWebview:
    """Raises: ApiError, 404 `connect_webview_not_found`."""
    rows = await _GET(tx, id=connect_webview_id, ws=workspace_id)
    if not rows:
        raise not_found("connect_webview", connect_webview_id=connect_webview_id)
    return _record.read(tx.vault, rows[0])


async def open_with_token(tx: Tx, connect_webview_id: str, auth_token: str) -> ConnectWebview | None:
    """For the person who holds the link. The token is compared as a hash, by the database's index."""
    rows = await _OPEN(id=connect_webview_id, hash=token_hash(auth_token))
    return _record.read(tx.vault, rows[0]) if rows else None


async def by_login_state(tx: Tx, state: str) -> ConnectWebview | None:
    rows = await _BY_STATE(hash=token_hash(state))
    return _record.read(tx.vault, rows[0]) if rows else None


async def list_page(tx: Tx, workspace_id: str, position: Position, limit: int) -> list[ConnectWebview]:
    rows = await _LIST(tx, ws=workspace_id, limit=limit, **position.params())
    return _record.read_all(tx.vault, rows)


async def remove(tx: Tx, workspace_id: str, connect_webview_id: str) -> None:
    """Raises: ApiError, 404 `connect_webview_not_found`."""
    rows = await _DELETE(id=connect_webview_id, ws=workspace_id)
    if not rows[0][0]:
        raise not_found("connect_webview", connect_webview_id=connect_webview_id)
