"""Workspaces, and the keys that open them."""

from sqlalchemy import bindparam, case, exists, or_, select, update

from ...domain.workspaces import Workspace
from .. import tables
from ..workspaces import ApiKey
from .defining import define, define_insert, select_entity

_w, _k = tables.workspaces, tables.api_keys
_workspace = select_entity(_w, Workspace)
_api_key = select_entity(_k, ApiKey)

define_insert(_w, Workspace)
define("workspaces.get", _workspace.where(_w.c.workspace_id == bindparam("ws")))
define(
    "workspaces.find",
    _workspace.where(or_(_w.c.workspace_id == bindparam("text"), _w.c.name == bindparam("text"))),
    scans="command line only; an installation has few workspaces",
)
define(
    "workspaces.list",
    _workspace.order_by(_w.c.created_at, _w.c.workspace_id),
    scans="an installation has few workspaces",
)
define(
    "workspaces.set_clock",
    update(_w)
    .where(_w.c.workspace_id == bindparam("ws"))
    .values(clock_offset_ms=bindparam("offset"), clock_frozen_at=bindparam("frozen")),
)
define(
    "workspaces.by_api_key",
    _workspace.add_columns(_k.c.api_key_id, _k.c.name.label("key_name"))
    .join_from(_k, _w, _k.c.workspace_id == _w.c.workspace_id)
    .where(_k.c.token_hash == bindparam("hash"), _k.c.revoked_at.is_(None), _k.c.kind == bindparam("kind")),
)
define(
    "api_keys.personal",
    select(_k.c.api_key_id, _k.c.name).where(
        _k.c.token_hash == bindparam("hash"),
        _k.c.revoked_at.is_(None),
        _k.c.kind == "personal_access_token",
    ),
)
define(
    "workspaces.tell_publishable",
    update(_w).values(
        is_publishable_key_auth_enabled=case(
            (
                exists().where(
                    _k.c.workspace_id == _w.c.workspace_id,
                    _k.c.kind == "publishable_key",
                    _k.c.revoked_at.is_(None),
                ),
                1,
            ),
            else_=0,
        )
    ),
    scans="command line only; an installation has few workspaces",
)
define_insert(_k, ApiKey)
define("api_keys.list", _api_key.order_by(_k.c.created_at), scans="command line only")
define(
    "api_keys.revoke",
    update(_k)
    .where(
        or_(_k.c.api_key_id == bindparam("text"), _k.c.shown_prefix == bindparam("text")),
        _k.c.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now")),
    scans="command line only",
)
