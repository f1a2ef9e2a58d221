"""`ostiary workspaces`, `ostiary api-keys` and `ostiary personal-access-tokens`."""

import shlex
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import App, Parameter

from .errors import Failed
from .output import Json, notice, show

if TYPE_CHECKING:
    from ..domain.workspaces import Workspace
    from ..store.tx import Database, Tx
    from ..store.workspaces import ApiKey

workspaces = App(name="workspaces", help="Tenants: each has its own accounts, devices, codes and keys.")
api_keys = App(name="api-keys", help="Keys of one workspace, for the SDKs' api_key and publishableKey.")
tokens = App(
    name="personal-access-tokens",
    help="""Tokens for every workspace of this server, for the SDKs' personal_access_token.

They stand in ostiary api-keys list, and ostiary api-keys revoke ends one.""",
)
KINDS: Final = {
    "api_key": "API key",
    "publishable_key": "publishable key",
    "personal_access_token": "personal access token",
}


def _name(type_: Any, value: str) -> None:
    """Raises: ValueError, what people could not read or type again."""
    if not value.strip():
        raise ValueError("A name has at least one letter")
    if not value.isprintable():
        raise ValueError("A name has no line breaks and no other control characters")


Name = Annotated[str, Parameter(validator=_name)]


async def _found(tx: "Tx", name_or_id: str) -> "Workspace":
    """Raises: Failed."""
    from .. import store

    workspace = await store.workspaces.find(tx, name_or_id)
    if workspace is None:
        raise Failed(f"there is no workspace {name_or_id}; ostiary workspaces list shows those there are")
    return workspace


# --- workspaces ----------------------------------------------------------------------------------------


@workspaces.command(name="create")
def create_workspace(
    *, name: Name, production: Annotated[bool, Parameter(negative="")] = False, json: Json = False
) -> None:
    """
    Create a workspace.

    Parameters
    ----------
    name
        For people, and to name it on this command line.
    production
        Real locks instead of simulated ones.
    """
    from .. import store
    from .installation import writing

    made = writing(lambda database: database.write(store.workspaces.create, name, is_sandbox=not production))
    data = {"workspace_id": made.workspace_id, "name": made.name, "is_sandbox": made.is_sandbox}
    kind = "sandbox" if made.is_sandbox else "production"
    hint = f"next: ostiary api-keys create --workspace {shlex.quote(name)} --name laptop"
    show(data, json, f"{made.workspace_id}  {made.name} ({kind})\n{hint}")


@workspaces.command(name="list")
def list_workspaces(*, json: Json = False) -> None:
    """List the workspaces."""
    from .. import store
    from .installation import reading

    found = reading(lambda database: database.read(store.workspaces.list_all))
    data = [{"workspace_id": w.workspace_id, "name": w.name, "is_sandbox": w.is_sandbox} for w in found]
    lines = [f"{w.workspace_id}  {'sandbox   ' if w.is_sandbox else 'production'}  {w.name}" for w in found]
    show({"workspaces": data}, json, "\n".join(lines) or "none yet; ostiary serve creates a sandbox")


# --- keys ----------------------------------------------------------------------------------------------


@api_keys.command(name="create")
def create_api_key(
    *,
    workspace: str = "sandbox",
    name: Name = "key",
    publishable: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """
    Create a key. It is shown once; only its hash is stored.

    A publishable key opens nothing by itself. It may stand in a web page, whose users get client sessions
    with it. The first one switches that on for the workspace, and ending the last one switches it off.

    Parameters
    ----------
    workspace
        Name or id.
    name
        What the key is for, to recognise it in the list.
    publishable
        One for web pages.
    """
    from .. import app as house
    from .. import store
    from .installation import writing

    create = store.workspaces.create_publishable_key if publishable else store.workspaces.create_api_key

    async def make(database: "Database") -> dict[str, Any]:
        await database.write(house.first_start)
        found = await database.read(_found, workspace)
        key, token = await database.write(create, found, name)
        return {
            key.kind: token.reveal(),
            "api_key_id": key.api_key_id,
            "workspace_id": found.workspace_id,
        }

    data = writing(make)
    _show_once(data, data["publishable_key" if publishable else "api_key"], json)


def _show_once(data: dict[str, Any], token: str, as_json: bool) -> None:
    """Alone on standard output, so that a shell can take it from there."""
    show(data, as_json, token)
    if not as_json:
        notice("(shown once; keep it)")


@api_keys.command(name="list")
def list_api_keys(*, workspace: str | None = None, json: Json = False) -> None:
    """
    List keys and tokens of all kinds, without their secret parts.

    Parameters
    ----------
    workspace
        Only keys of this one: name or id.
    """
    from .installation import reading

    found, names = reading(lambda database: database.read(_keys_and_names, workspace))
    data = [_as_document(key) for key in found]
    lines = list(_lines(found, names))
    show({"api_keys": data}, json, "\n".join(lines) or "none yet; ostiary api-keys create makes one")


async def _keys_and_names(tx: "Tx", workspace: str | None) -> "tuple[list[ApiKey], dict[str, str]]":
    """Raises: Failed."""
    from .. import store

    keys = await store.workspaces.list_api_keys(tx)
    if workspace is not None:
        only = (await _found(tx, workspace)).workspace_id
        keys = [key for key in keys if key.workspace_id == only]
    return keys, {each.workspace_id: each.name for each in await store.workspaces.list_all(tx)}


def _as_document(key: "ApiKey") -> dict[str, Any]:
    from ..domain.instants import to_wire

    return {
        "api_key_id": key.api_key_id,
        "kind": key.kind,
        "name": key.name,
        "prefix": key.shown_prefix,
        "workspace_id": key.workspace_id,
        "created_at": to_wire(key.created_at),
        "is_revoked": key.revoked_at is not None,
    }


def _lines(keys: "list[ApiKey]", names: dict[str, str]) -> list[str]:
    """In columns: id, prefix, kind, workspace, name."""
    rows = [
        (
            key.api_key_id,
            f"{key.shown_prefix}_…",
            KINDS[key.kind],
            "(every workspace)" if key.workspace_id is None else names.get(key.workspace_id, "?"),
            key.name if key.revoked_at is None else f"{key.name}  revoked",
        )
        for key in keys
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


@api_keys.command(name="revoke")
def revoke_api_key(key: str, /, *, json: Json = False) -> None:
    """
    Take a key or a token of any kind away; it stops working at once.

    Parameters
    ----------
    key
        Its id, or the part before the second underscore, as `list` shows both; or the whole key.
    """
    from .. import store
    from .installation import writing

    which = "_".join(key.strip().split("_")[:2])  # the rest of a whole key is its secret part
    is_done = writing(lambda database: database.write(store.workspaces.revoke_api_key, which), may_make=False)
    if not is_done:
        # What was given is not repeated: it may be a secret.
        raise Failed("there is no such key that still works; ostiary api-keys list shows all")
    show({"revoked": which}, json, "revoked")


@tokens.command(name="create")
def create_token(*, name: Name = "token", json: Json = False) -> None:
    """
    Create a token. It is shown once; only its hash is stored. End it with ostiary api-keys revoke.

    Parameters
    ----------
    name
        What the token is for, to recognise it in ostiary api-keys list.
    """
    from .. import store
    from .installation import writing

    key, token = writing(lambda database: database.write(store.workspaces.create_personal_token, name))
    data = {"personal_access_token": token.reveal(), "api_key_id": key.api_key_id}
    _show_once(data, token.reveal(), json)
