"""
Who asks: from the headers of a request to a workspace, and to how far the caller sees into it.

Each operation says which means of authentication it takes. The first of them that a request brings decides;
those that the operation does not take are as if they were not there.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from .. import store
from ..domain import client_sessions
from ..domain.errors import ApiError
from ..domain.evidence import Actor
from ..domain.reach import NOTHING, Reach
from ..domain.workspaces import Workspace
from ..store.tx import Tx

Means = Literal["api_key", "pat_with_workspace", "pat_without_workspace", "client_session", "publishable_key"]
Headers = Mapping[bytes, bytes]

BACKEND: Final[frozenset[Means]] = frozenset({"api_key", "pat_with_workspace"})
"""Whoever answers for the whole workspace."""

SESSIONS: Final[frozenset[Means]] = frozenset({*BACKEND, "client_session"})
"""Also one user of theirs, within the reach of a session."""

PUBLISHABLE: Final[frozenset[Means]] = frozenset({*BACKEND, "publishable_key"})
"""Also a browser that has no session yet."""

EVERYBODY: Final[frozenset[Means]] = frozenset({*SESSIONS, "pat_without_workspace"})
"""Also who is here for no workspace in particular."""

ITSELF: Final[frozenset[Means]] = frozenset({"pat_without_workspace"})
"""Only who answers for the whole server."""

SESSION_HEADERS: Final = (b"seam-client-session-token", b"client-session-token")
USER_HEADERS: Final = (b"seam-user-identifier-key", b"user-identifier-key")
PUBLISHABLE_HEADER: Final = b"seam-publishable-key"
HEADERS: Final = (b"authorization", b"seam-workspace", *SESSION_HEADERS, PUBLISHABLE_HEADER)
"""All that `authenticate` reads: `wire.http` knows callers by them."""
_NOTHING_APPLIED: Final = "No authentication methods succeeded"


class Identity(NamedTuple):
    """
    Attributes:
        workspace: None: a personal access token that is used for no workspace.
        reach: None: everything in the workspace.
        client_session_id: Of the session that asks, with its own user's key.
    """

    means: Means
    workspace: Workspace | None
    actor: Actor
    reach: Reach | None = None
    client_session_id: str | None = None
    user_identifier_key: str | None = None


def unauthorized(message: str) -> ApiError:
    return ApiError("unauthorized", message, status=401)


async def authenticate(tx: Tx, headers: Headers, accepted: frozenset[Means] = BACKEND) -> Identity:
    """
    The caller of an operation that takes these means.

    Raises:
        ApiError: 401 of the kind that fits; 400 for a session header that cannot hold a session's token.
    """
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else ""
    if "client_session" in accepted:
        shown = headers.get(SESSION_HEADERS[0]) or headers.get(SESSION_HEADERS[1])
        if shown or token.startswith("seam_cst"):
            return await _session(tx, token if not shown else shown.decode("latin-1"))
    if token.startswith("seam_at"):
        return await _personal(tx, token, headers.get(b"seam-workspace", b"").decode("latin-1"), accepted)
    if token and "api_key" in accepted and not token.startswith(("seam_cst", "seam_pk", "ey")):
        found = await store.workspaces.by_api_key(tx, token)
        if found is None:
            raise unauthorized("API Key not found")
        return Identity("api_key", *found)
    if "publishable_key" in accepted and b"authorization" not in headers:
        return await _publishable(tx, headers.get(PUBLISHABLE_HEADER, b"").decode("latin-1"))
    raise unauthorized(_NOTHING_APPLIED)


async def _session(tx: Tx, token: str) -> Identity:
    """Whether it has ended is asked each time, by its workspace's clock."""
    if not token.startswith("seam_cst"):
        raise ApiError(
            "invalid_client_session_token", "A client session token begins with seam_cst", status=400
        )
    found = await store.client_sessions.by_token(tx, token)
    if found is None:
        raise ApiError("client_session_not_found", "Client session not found", status=401)
    now = found.workspace.at(tx.real_now)
    match client_sessions.end(found.expires_at, found.revoked_at, now):
        case "revoked":
            raise ApiError("client_session_revoked", "The client session was revoked", status=401)
        case "expired":
            raise ApiError("client_session_expired", "The client session has expired", status=401)
    return Identity(
        "client_session",
        found.workspace,
        Actor("client_session", found.client_session_id),
        await store.client_sessions.reach(tx, found.client_session_id),
        found.client_session_id,
        found.user_identifier_key,
    )


async def _personal(tx: Tx, token: str, workspace_id: str, accepted: frozenset[Means]) -> Identity:
    is_for_one = bool(workspace_id) and "pat_with_workspace" in accepted
    if not is_for_one and "pat_without_workspace" not in accepted:
        raise unauthorized(_NOTHING_APPLIED)
    actor = await store.workspaces.by_personal_token(tx, token)
    if actor is None:
        raise unauthorized("Personal access token not found")
    if not is_for_one:
        return Identity("pat_without_workspace", None, actor)
    workspace = await store.workspaces.get(tx, workspace_id)
    if workspace is None:
        raise unauthorized("Workspace not found")
    return Identity("pat_with_workspace", workspace, actor)


async def _publishable(tx: Tx, key: str) -> Identity:
    """It reaches nothing: what it may do is to make an empty session."""
    if not key:
        raise unauthorized(_NOTHING_APPLIED)
    found = await store.workspaces.by_api_key(tx, key, "publishable_key")
    if found is None:
        raise ApiError("invalid_publishable_key", "Publishable key not found", status=401)
    return Identity("publishable_key", *found, NOTHING)


def enter(tx: Tx, identity: Identity) -> None:
    """Whatever the transaction reads from here on is the caller's to see."""
    if identity.workspace is not None:
        tx.enter(identity.workspace)
    tx.narrow(identity.reach)


async def reach_for(tx: Tx, identity: Identity, user_identifier_key: str) -> Reach:
    """
    How far a caller sees who asks for what one user would see.

    A session does not learn from it what the sessions of others see.
    """
    assert identity.workspace is not None
    if identity.reach is None:
        return await store.client_sessions.reach_of_user(
            tx, identity.workspace.workspace_id, user_identifier_key
        )
    return identity.reach if identity.user_identifier_key == user_identifier_key else NOTHING


def named_user(headers: Headers) -> str | None:
    """The user that a header names, for those who do not in the body."""
    value = headers.get(USER_HEADERS[0]) or headers.get(USER_HEADERS[1])
    return value.decode("latin-1") if value else None
