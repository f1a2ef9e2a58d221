"""Who asks: from the headers of a request to a workspace."""

from collections.abc import Mapping

from .. import store
from ..domain.errors import ApiError
from ..domain.evidence import Actor
from ..domain.workspaces import Workspace
from ..store.tx import Tx


def unauthorized(message: str) -> ApiError:
    return ApiError("unauthorized", message, status=401)


async def authenticate(tx: Tx, headers: Mapping[bytes, bytes]) -> tuple[Workspace, Actor]:
    """
    The workspace of an API key, or of a personal access token together with `seam-workspace`; and the asker.

    Raises:
        ApiError: 401 `unauthorized`.
    """
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("No authentication methods succeeded")
    if token.startswith("seam_at"):
        return await _personal(tx, token, headers.get(b"seam-workspace", b"").decode("latin-1"))
    if token.startswith(("seam_cst", "seam_pk", "ey")):
        raise unauthorized("No authentication methods succeeded")
    found = await store.workspaces.by_api_key(tx, token)
    if found is None:
        raise unauthorized("API Key not found")
    return found


async def _personal(tx: Tx, token: str, workspace_id: str) -> tuple[Workspace, Actor]:
    if not workspace_id:
        raise unauthorized("No authentication methods succeeded")
    actor = await store.workspaces.by_personal_token(tx, token)
    if actor is None:
        raise unauthorized("Personal access token not found")
    workspace = await store.workspaces.get(tx, workspace_id)
    if workspace is None:
        raise unauthorized("Workspace not found")
    return workspace, actor
