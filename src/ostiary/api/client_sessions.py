"""`/client_sessions/…`: tokens that let a user of your app see and do what is theirs, and nothing else."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from .. import store
from ..domain.client_sessions import ClientSession, expiry
from ..domain.errors import ApiError, not_found
from ..domain.ids import ordered_id
from ..domain.instants import parse_instant
from ..store.tx import Tx
from ..wire.auth import PUBLISHABLE, SESSIONS, named_user
from ..wire.operation import CREATES, DELETES, READS, Answer, Caller, operation
from ..wire.validation import Instant, NonEmpty, Uuid

MAKES = ("PUT", "POST")
GRANTS = ("PATCH", "POST")
One = Annotated[list[Uuid], Meta(min_length=1, max_length=1)]


class CreateClientSession(msgspec.Struct, forbid_unknown_fields=True):
    """With a publishable key: `user_identifier_key`, and nothing that a session could reach."""

    user_identifier_key: NonEmpty | None = None
    connected_account_ids: list[Uuid] | None = None
    connect_webview_ids: list[Uuid] | None = None
    user_identity_id: Uuid | None = None
    user_identity_ids: One | None = None
    customer_key: NonEmpty | None = None
    customer_id: str | None = None
    expires_at: Instant | None = None


class GetOrCreateClientSession(msgspec.Struct, forbid_unknown_fields=True):
    """With a publishable key: `user_identifier_key`, and nothing that a session could reach."""

    user_identifier_key: NonEmpty | None = None
    connected_account_ids: list[Uuid] | None = None
    connect_webview_ids: list[Uuid] | None = None
    user_identity_id: Uuid | None = None
    user_identity_ids: One | None = None
    expires_at: Instant | None = None


class GetClientSession(msgspec.Struct, forbid_unknown_fields=True):
    """By id or by user. A client session need not name itself."""

    client_session_id: Uuid | None = None
    user_identifier_key: str | None = None


class ListClientSessions(msgspec.Struct, forbid_unknown_fields=True):
    """Filters combine."""

    client_session_id: Uuid | None = None
    user_identifier_key: str | None = None
    connect_webview_id: Uuid | None = None
    user_identity_id: str | None = None
    without_user_identifier_key: bool | None = None


class GrantAccess(msgspec.Struct, forbid_unknown_fields=True):
    """By id or by user, at least one."""

    client_session_id: Uuid | None = None
    user_identifier_key: str | None = None
    connected_account_ids: list[Uuid] | None = None
    connect_webview_ids: list[Uuid] | None = None
    user_identity_id: Uuid | None = None
    user_identity_ids: One | None = None

    def __post_init__(self) -> None:
        if self.client_session_id is None and self.user_identifier_key is None:
            raise ValueError("Either 'client_session_id' or 'user_identifier_key' is required")


class EndClientSession(msgspec.Struct, forbid_unknown_fields=True):
    client_session_id: Uuid


class Grants(Protocol):
    """A request that says what a session is to reach."""

    connected_account_ids: list[str] | None
    connect_webview_ids: list[str] | None
    user_identity_id: str | None
    user_identity_ids: list[str] | None


# --- making ----------------------------------------------------------------------------------------------


@operation(
    "/client_sessions/create",
    CreateClientSession,
    MAKES,
    returns={"client_session": "ClientSession"},
    auth=PUBLISHABLE,
)
async def create(body: CreateClientSession, caller: Caller, tx: Tx) -> Answer:
    """Make a session for one user. PUT answers the one that the user has already, as it is; POST refuses."""
    user = body.user_identifier_key or named_user(caller.headers)
    _refuse_publishable(body, user, caller, status=401)
    known = await _known(user, caller, tx)
    if known is not None and known.end(tx.now) is None:
        if caller.method == "POST":
            raise ApiError(
                "client_session_token_already_exists",
                "This user_identifier_key has a client session already; PUT answers it",
                data={"client_session_id": known.client_session_id},
            )
        return await _answer(known, tx)
    if body.customer_id is not None:
        raise not_found("customer", customer_id=body.customer_id)  # nobody here has an id of its own
    session = await _made(user, known, body.expires_at, body.customer_key, caller, tx)
    await _grant(session, body, tx)
    return await _answer(session, tx)


@operation(
    "/client_sessions/get_or_create",
    GetOrCreateClientSession,
    MAKES,
    returns={"client_session": "ClientSession"},
    auth=PUBLISHABLE,
)
async def get_or_create(body: GetOrCreateClientSession, caller: Caller, tx: Tx) -> Answer:
    """The session of one user, made if there is none. What is named is added to what it reaches."""
    user = body.user_identifier_key or named_user(caller.headers)
    _refuse_publishable(body, user, caller, status=400)
    known = await _known(user, caller, tx)
    session = None if known is None else await _kept(known, body.expires_at, caller, tx)
    if session is None:
        session = await _made(user, known, body.expires_at, None, caller, tx)
    await _grant(session, body, tx)
    return await _answer(session, tx)


def _refuse_publishable(
    body: CreateClientSession | GetOrCreateClientSession, user: str | None, caller: Caller, *, status: int
) -> None:
    """
    A publishable key stands in a web page, for everybody to read: it names a user, and gives nothing.

    Args:
        status: For a user that is not named; the wire's two operations differ.
    """
    if caller.identity.means != "publishable_key":
        return
    if user is None:
        raise ApiError(
            "publishable_key_requires_user_identifier_key",
            "With a publishable key, user_identifier_key is required",
            status=status,
        )
    only = {"user_identifier_key", "expires_at"}
    if any(getattr(body, name) is not None for name in body.__struct_fields__ if name not in only):
        raise ApiError(
            "publishable_keys_must_create_empty_client_sessions",
            "A publishable key makes client sessions that reach nothing; grant them access from your backend",
            status=403,
        )


async def _known(user: str | None, caller: Caller, tx: Tx) -> ClientSession | None:
    """The user's session that is not revoked; it may have expired."""
    return None if user is None else await store.client_sessions.by_key(tx, caller.workspace_id, user)


async def _kept(known: ClientSession, until: str | None, caller: Caller, tx: Tx) -> ClientSession | None:
    """
    The user's session with the end that was asked for; None: it has expired, and there is to be another.

    With a publishable key nothing lives longer than the backend has said.
    """
    asked = None if until is None else expiry(parse_instant(until), tx.now)
    is_published = caller.identity.means == "publishable_key"
    if known.end(tx.now) is not None and (asked is None or is_published):
        return None
    if asked is None or (is_published and asked >= known.expires_at):
        return known
    await store.client_sessions.set_expiry(tx, known.client_session_id, asked)
    return replace(known, expires_at=asked)


async def _made(
    user: str | None,
    expired: ClientSession | None,
    until: str | None,
    customer_key: str | None,
    caller: Caller,
    tx: Tx,
) -> ClientSession:
    """A new session; an expired one of the same user gives the key up, and passes nothing on."""
    asked: datetime | None = None if until is None else parse_instant(until)
    session = ClientSession(
        client_session_id=ordered_id(tx.now),
        workspace_id=caller.workspace_id,
        token=store.workspaces.client_session_token(),
        user_identifier_key=user,
        customer_key=customer_key,
        expires_at=expiry(asked, tx.now),
        revoked_at=None,
        created_at=tx.now,
    )
    if expired is not None:
        await store.client_sessions.revoke(tx, expired.client_session_id)
    await store.client_sessions.insert(tx, session)
    return session


async def _grant(session: ClientSession, body: Grants, tx: Tx) -> None:
    """
    Raises:
        ApiError: 404, for what the workspace has not.
    """
    for user_identity_id in [body.user_identity_id, *(body.user_identity_ids or [])]:
        if user_identity_id is not None:  # this server keeps none
            raise not_found("user_identity", user_identity_id=user_identity_id)
    accounts, webviews = list(body.connected_account_ids or []), list(body.connect_webview_ids or [])
    for account_id in accounts:
        await store.connected_accounts.get(tx, session.workspace_id, account_id)
    for webview_id in webviews:
        webview = await store.connect_webviews.get(tx, session.workspace_id, webview_id)
        account_id = webview.connected_account_id or ""
        if await store.connected_accounts.find(tx, account_id) is not None:
            accounts.append(account_id)
    await store.client_sessions.grant(tx, session.client_session_id, accounts=accounts, webviews=webviews)


async def _answer(session: ClientSession, tx: Tx) -> Answer:
    [wire] = await store.client_sessions.as_wire(tx, [session])
    return {"client_session": wire}


# --- reading ---------------------------------------------------------------------------------------------


@operation(
    "/client_sessions/get",
    GetClientSession,
    READS,
    returns={"client_session": "ClientSession"},
    auth=SESSIONS,
)
async def get(body: GetClientSession, caller: Caller, tx: Tx) -> Answer:
    """One session, with its token. To a session that is itself."""
    if caller.identity.client_session_id is not None:
        return await _answer(await _own(body, caller, tx), tx)
    if body.client_session_id is None and body.user_identifier_key is None:
        raise ApiError("invalid_input", "Either 'client_session_id' or 'user_identifier_key' is required")
    return await _answer(await _found(body, caller, tx), tx)


async def _own(body: GetClientSession, caller: Caller, tx: Tx) -> ClientSession:
    """To a session all others are unknown."""
    if body.client_session_id is not None and body.user_identifier_key is not None:
        raise ApiError("invalid_options", "Name either client_session_id or user_identifier_key, not both")
    own = caller.identity
    assert own.client_session_id is not None
    is_own_id = body.client_session_id in (None, own.client_session_id)
    if not is_own_id or body.user_identifier_key not in (None, own.user_identifier_key):
        raise _not_found(body)
    return await store.client_sessions.get(tx, caller.workspace_id, own.client_session_id)


async def _found(body: GetClientSession | GrantAccess, caller: Caller, tx: Tx) -> ClientSession:
    """The session of that id; of a user the one that still is, or the last that was."""
    found = await store.client_sessions.list_all(
        tx,
        caller.workspace_id,
        client_session_id=body.client_session_id,
        user_identifier_key=body.user_identifier_key,
    )
    if not found:
        raise _not_found(body)
    return next((session for session in found if session.revoked_at is None), found[-1])


def _not_found(body: GetClientSession | GrantAccess) -> ApiError:
    ids = {"client_session_id": body.client_session_id, "user_identifier_key": body.user_identifier_key}
    return not_found("client_session", **ids)


@operation("/client_sessions/list", ListClientSessions, READS, returns={"client_sessions": "[ClientSession]"})
async def list_(body: ListClientSessions, caller: Caller, tx: Tx) -> Answer:
    """The workspace's sessions with their tokens, oldest first; also those that have ended."""
    if body.user_identity_id is not None:
        return {"client_sessions": []}  # no session here belongs to one
    found = await store.client_sessions.list_all(
        tx,
        caller.workspace_id,
        client_session_id=body.client_session_id,
        user_identifier_key=body.user_identifier_key,
        connect_webview_id=body.connect_webview_id,
        is_without_key=body.without_user_identifier_key is True,
    )
    return {"client_sessions": await store.client_sessions.as_wire(tx, found)}


# --- changing --------------------------------------------------------------------------------------------


@operation("/client_sessions/grant_access", GrantAccess, GRANTS, returns={"client_session": "ClientSession"})
async def grant_access(body: GrantAccess, caller: Caller, tx: Tx) -> Answer:
    """Add accounts and webviews to what a session reaches. Nothing is taken away."""
    session = await _found(body, caller, tx)
    await _grant(session, body, tx)
    return await _answer(session, tx)


@operation("/client_sessions/revoke", EndClientSession, CREATES)
async def revoke(body: EndClientSession, caller: Caller, tx: Tx) -> Answer:
    """End a session at once. It stays listed."""
    session = await store.client_sessions.get(tx, caller.workspace_id, body.client_session_id)
    await store.client_sessions.revoke(tx, session.client_session_id)
    return {}


@operation("/client_sessions/delete", EndClientSession, DELETES)
async def delete(body: EndClientSession, caller: Caller, tx: Tx) -> Answer:
    """End a session at once and forget it. Accounts that came out of it stay."""
    session = await store.client_sessions.get(tx, caller.workspace_id, body.client_session_id)
    await store.client_sessions.remove(tx, session)
    tx.emit(session.deleted(tx.now))
    return {}
