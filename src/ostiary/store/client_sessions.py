"""Client sessions, and what each of them reaches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..domain.client_sessions import ClientSession
from ..domain.errors import not_found
from ..domain.instants import from_ms, to_ms
from ..domain.reach import NOTHING, Reach
from ..domain.workspaces import Workspace
from .rows import Record
from .sql import Statement, text_list
from .tx import Tx
from .workspaces import recalled, token_hash

_record = Record("client_sessions", ClientSession)
_INSERT = Statement("client_sessions.insert")
_BY_TOKEN = Statement("client_sessions.by_token")
_GET = Statement("client_sessions.get")
_BY_KEY = Statement("client_sessions.by_key")
_LIST = Statement("client_sessions.list")
_REACH = Statement("client_sessions.reach")
_COUNT = Statement("client_sessions.count_devices")
_ADD_ACCOUNT = Statement("client_session_accounts.add")
_ADD_WEBVIEW = Statement("client_session_webviews.add")
_FOLLOW = Statement("client_session_accounts.follow")
_REVOKE = Statement("client_sessions.revoke")
_SET_EXPIRY = Statement("client_sessions.set_expiry")
_DELETE = Statement("client_sessions.delete")


@dataclass(frozen=True, slots=True)
class Presented:
    """A session whose token somebody shows; it may have ended."""

    workspace: Workspace
    client_session_id: str
    user_identifier_key: str | None
    expires_at: datetime
    revoked_at: datetime | None


async def insert(tx: Tx, session: ClientSession) -> None:
    await _record.write(_INSERT, tx.vault, session, token_hash=token_hash(session.token.reveal()))


async def by_token(tx: Tx, token: str) -> Presented | None:
    rows = await _BY_TOKEN(hash=token_hash(token))
    if not rows:
        return None
    *_, client_session_id, key, expires_at, revoked_at = rows[0]
    revoked = None if revoked_at is None else from_ms(revoked_at)
    workspace = recalled(tx, rows[0])
    return Presented(workspace, client_session_id, key, from_ms(expires_at), revoked)


async def get(tx: Tx, workspace_id: str, client_session_id: str) -> ClientSession:
    """Raises: ApiError, 404 `client_session_not_found`."""
    rows = await _GET(id=client_session_id, ws=workspace_id)
    if not rows:
        raise not_found("client_session", client_session_id=client_session_id)
    return _record.read(tx.vault, rows[0])


async def by_key(tx: Tx, workspace_id: str, user_identifier_key: str) -> ClientSession | None:
    """The one that has the key and is not revoked; it may have expired."""
    rows = await _BY_KEY(ws=workspace_id, key=user_identifier_key)
    return _record.read(tx.vault, rows[0]) if rows else None


async def list_all(
    tx: Tx,
    workspace_id: str,
    *,
    client_session_id: str | None = None,
    user_identifier_key: str | None = None,
    connect_webview_id: str | None = None,
    is_without_key: bool = False,
) -> list[ClientSession]:
    """Oldest first, also those that have ended. Filters combine."""
    rows = await _LIST(
        ws=workspace_id,
        in_id=client_session_id,
        in_key=user_identifier_key,
        in_webview=connect_webview_id,
        keyless=int(is_without_key),
    )
    return _record.read_all(tx.vault, rows)


async def revoke(tx: Tx, client_session_id: str) -> None:
    """From now on; one that is revoked already stays so since then."""
    await _REVOKE(id=client_session_id, now=to_ms(tx.now))


async def set_expiry(tx: Tx, client_session_id: str, expires_at: datetime) -> None:
    await _SET_EXPIRY(id=client_session_id, at=to_ms(expires_at))


async def remove(tx: Tx, session: ClientSession) -> None:
    await _DELETE(id=session.client_session_id, ws=session.workspace_id)


# --- reach -----------------------------------------------------------------------------------------------


async def reaches(tx: Tx, client_session_ids: Iterable[str]) -> Mapping[str, Reach]:
    """What each of them reaches. Whether it has ended is not asked here."""
    accounts: dict[str, set[str]] = {session_id: set() for session_id in client_session_ids}
    webviews: dict[str, set[str]] = {session_id: set() for session_id in accounts}
    for session_id, reached, is_account in await _REACH(ids=text_list(accounts)):
        (accounts if is_account else webviews)[session_id].add(reached)
    return {each: Reach(frozenset(accounts[each]), frozenset(webviews[each])) for each in accounts}


async def reach(tx: Tx, client_session_id: str) -> Reach:
    return (await reaches(tx, [client_session_id]))[client_session_id]


async def reach_of_user(tx: Tx, workspace_id: str, user_identifier_key: str) -> Reach:
    """What the session with that key would see now."""
    session = await by_key(tx, workspace_id, user_identifier_key)
    if session is None or session.end(tx.now) is not None:
        return NOTHING
    return await reach(tx, session.client_session_id)


async def grant(
    tx: Tx, client_session_id: str, *, accounts: Iterable[str] = (), webviews: Iterable[str] = ()
) -> None:
    """Let a session reach more. Those that it reaches already change nothing."""
    for connected_account_id in accounts:
        await _ADD_ACCOUNT(id=client_session_id, account=connected_account_id)
    for connect_webview_id in webviews:
        await _ADD_WEBVIEW(id=client_session_id, webview=connect_webview_id)


async def follow_login(tx: Tx, connect_webview_id: str, connected_account_id: str) -> None:
    """Somebody has logged in through a webview: the sessions that it belongs to reach the account."""
    await _FOLLOW(webview=connect_webview_id, account=connected_account_id)


async def as_wire(tx: Tx, sessions: Iterable[ClientSession]) -> list[dict[str, Any]]:
    """The wire's objects, with what each of them reaches."""
    by_id = {session.client_session_id: session for session in sessions}
    reached = await reaches(tx, by_id)
    counts: dict[str, int] = dict(await _COUNT(ids=text_list(by_id)))
    return [session.as_wire(reached[each], counts.get(each, 0)) for each, session in by_id.items()]
