"""Workspaces, and the keys that open them."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import uuid4

from ..domain.errors import ApiError
from ..domain.evidence import Actor
from ..domain.instants import to_ms
from ..domain.secrets import Secret
from ..domain.workspaces import Workspace
from .rows import RECALLED, Record
from .sql import Statement
from .tx import Tx
from .vault import Vault

_record = Record("workspaces", Workspace)
KeyKind = Literal["api_key", "personal_access_token", "publishable_key"]
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """
    What opens workspaces without being a person's own.

    Attributes:
        workspace_id: None: a personal access token, good for every workspace of this server.
        kind: A publishable key opens nothing by itself: it lets a browser have a client session.
    """

    api_key_id: str
    workspace_id: str | None
    kind: KeyKind
    name: str
    shown_prefix: str
    token_hash: str
    created_at: datetime
    revoked_at: datetime | None


_keys = Record("api_keys", ApiKey)
_INSERT = Statement("workspaces.insert")
_GET = Statement("workspaces.get", is_standing=True)
_FIND = Statement("workspaces.find")
_ALL = Statement("workspaces.list")
_SET_CLOCK = Statement("workspaces.set_clock")
_BY_KEY = Statement("workspaces.by_api_key", is_standing=True)
_TOKEN = Statement("api_keys.personal", is_standing=True)
_INSERT_KEY = Statement("api_keys.insert")
_ALL_KEYS = Statement("api_keys.list")
_REVOKE = Statement("api_keys.revoke")
_TELL = Statement("workspaces.tell_publishable")


def token_hash(token: str) -> str:
    """Tokens have more than 128 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


async def create(
    tx: Tx,
    name: str,
    *,
    is_sandbox: bool,
    company_name: str | None = None,
    connect_partner_name: str | None = None,
) -> Workspace:
    """
    Raises:
        ApiError: 409, the name is taken: the command line finds workspaces by name.
    """
    if await _FIND(text=name):
        raise ApiError("workspace_name_taken", f"There is already a workspace named {name}", status=409)
    names = (company_name, connect_partner_name)
    workspace = Workspace(str(uuid4()), name, is_sandbox, 0, None, tx.real_now, *names)
    await _record.write(_INSERT, tx.vault, workspace)
    return workspace


async def get(tx: Tx, workspace_id: str) -> Workspace | None:
    rows = await _GET(ws=workspace_id)
    return _record.recall(tx.vault, rows[0]) if rows else None


async def find(tx: Tx, name_or_id: str) -> Workspace | None:
    rows = await _FIND(text=name_or_id)
    return _record.recall(tx.vault, rows[0]) if rows else None


async def list_all(tx: Tx) -> list[Workspace]:
    return _record.read_all(tx.vault, await _ALL())


async def set_clock(tx: Tx, workspace: Workspace) -> None:
    frozen = workspace.clock_frozen_at
    await _SET_CLOCK(
        ws=workspace.workspace_id,
        offset=workspace.clock_offset_ms,
        frozen=None if frozen is None else to_ms(frozen),
    )


async def by_api_key(tx: Tx, token: str, kind: KeyKind = "api_key") -> tuple[Workspace, Actor] | None:
    """The key's workspace, and the key as the one who asks. One of another kind is not found."""
    rows = await _BY_KEY(hash=token_hash(token), kind=kind)
    return _opened(tx.vault, rows[0]) if rows else None


@lru_cache(RECALLED)
def _opened(vault: Vault, row: tuple[Any, ...]) -> tuple[Workspace, Actor]:
    """Every request with a key asks for it, and equal rows open the same."""
    *_, api_key_id, name = row
    return _record.read(vault, row), Actor("api_key", api_key_id, name)


def recalled(tx: Tx, row: tuple[Any, ...]) -> Workspace:
    """From a row that begins with a workspace's columns."""
    return _record.recall(tx.vault, row)


async def by_personal_token(tx: Tx, token: str) -> Actor | None:
    rows = await _TOKEN(hash=token_hash(token))
    return Actor("api_key", *rows[0]) if rows else None


async def create_api_key(tx: Tx, workspace: Workspace, name: str) -> tuple[ApiKey, Secret]:
    """A key for one workspace. Its text is returned once and stored as a hash."""
    test = "test" if workspace.is_sandbox else ""
    while True:
        short = test + _random(4 if test else 8)
        if not short.startswith(("at", "cst", "pk")):  # the official SDKs take those for other kinds
            break
    return await _store_key(tx, f"seam_{short}", workspace.workspace_id, "api_key", name)


async def create_personal_token(tx: Tx, name: str) -> tuple[ApiKey, Secret]:
    """A token for every workspace of this server, used together with the `seam-workspace` header."""
    return await _store_key(tx, f"seam_at1{_random(8)}", None, "personal_access_token", name)


async def create_publishable_key(tx: Tx, workspace: Workspace, name: str) -> tuple[ApiKey, Secret]:
    """A key that may stand in a web page. The first one lets the workspace be asked with such keys."""
    made = await _store_key(tx, f"seam_pk1{_random(8)}", workspace.workspace_id, "publishable_key", name)
    await _TELL()
    return made


def client_session_token() -> Secret:
    return Secret(f"seam_cst1{_random(8)}_{_random(24)}")


async def _store_key(
    tx: Tx, prefix: str, workspace_id: str | None, kind: KeyKind, name: str
) -> tuple[ApiKey, Secret]:
    token = Secret(f"{prefix}_{_random(24)}")
    hashed = token_hash(token.reveal())
    key = ApiKey(str(uuid4()), workspace_id, kind, name, prefix, hashed, tx.real_now, None)
    await _keys.write(_INSERT_KEY, tx.vault, key)
    return key, token


def _random(length: int) -> str:
    return "".join(secrets.choice(BASE58) for _ in range(length))


async def list_api_keys(tx: Tx) -> list[ApiKey]:
    return _keys.read_all(tx.vault, await _ALL_KEYS())


async def revoke_api_key(tx: Tx, id_or_prefix: str) -> bool:
    """Of any kind, by its id or the part before the second underscore."""
    rows = await _REVOKE(text=id_or_prefix, now=to_ms(tx.real_now))
    await _TELL()
    return bool(rows[0][0])
