"""`/workspaces/…`."""

from datetime import timedelta
from typing import Any, Literal

import msgspec

from .. import store
from ..domain.errors import InvalidInput
from ..domain.instants import parse_instant, to_wire
from ..domain.workspaces import Workspace
from ..store.tx import Tx
from ..wire.auth import EVERYBODY, ITSELF, SESSIONS
from ..wire.operation import CREATES, READS, UPDATES, Answer, Caller, NoParameters, operation
from ..wire.validation import Instant, NonEmpty, Uuid


def as_wire(workspace: Workspace) -> dict[str, Any]:
    return {
        "workspace_id": workspace.workspace_id,
        "name": workspace.name,
        "company_name": workspace.company_name or workspace.connect_partner_name or workspace.name,
        "connect_partner_name": workspace.connect_partner_name or workspace.company_name or workspace.name,
        "connect_webview_customization": {},
        "is_sandbox": workspace.is_sandbox,
        "is_suspended": False,
        "is_publishable_key_auth_enabled": workspace.is_publishable_key_auth_enabled,
        "organization_id": None,
    }


@operation(
    "/workspaces/get",
    NoParameters,
    READS,
    returns={"workspace": "Workspace"},
    is_timeless=True,
    auth=SESSIONS,
)
async def get(body: NoParameters, caller: Caller, tx: Tx) -> Answer:
    """The workspace that the key belongs to."""
    return {"workspace": as_wire(caller.workspace)}


@operation("/workspaces/list", NoParameters, READS, returns={"workspaces": "[Workspace]"}, auth=EVERYBODY)
async def list_(body: NoParameters, caller: Caller, tx: Tx) -> Answer:
    """The workspace that the key belongs to; to a personal access token all of this server."""
    own = caller.identity.workspace
    return {"workspaces": [as_wire(each) for each in ([own] if own else await store.workspaces.list_all(tx))]}


class Customization(msgspec.Struct, forbid_unknown_fields=True):
    """How Connect Webviews would look; here they all look the same."""

    inviter_logo_url: str | None = None
    logo_shape: Literal["circle", "square"] | None = None
    primary_button_color: str | None = None
    primary_button_text_color: str | None = None
    success_message: str | None = None


class CreateWorkspace(msgspec.Struct, forbid_unknown_fields=True):
    """`company_name` and `connect_partner_name` stand for each other, and `name` for both."""

    name: NonEmpty
    company_name: str | None = None
    connect_partner_name: str | None = None
    is_sandbox: bool = False
    organization_id: Uuid | None = None
    connect_webview_customization: Customization | None = None
    webview_logo_shape: Literal["circle", "square"] | None = None
    webview_primary_button_color: str | None = None
    webview_primary_button_text_color: str | None = None
    webview_success_message: str | None = None


@operation("/workspaces/create", CreateWorkspace, CREATES, returns={"workspace": "Workspace"}, auth=ITSELF)
async def create(body: CreateWorkspace, caller: Caller, tx: Tx) -> Answer:
    """Make a workspace, for real locks unless it says `is_sandbox`."""
    _refuse_unsupported(body)
    made = await store.workspaces.create(
        tx,
        body.name,
        is_sandbox=body.is_sandbox,
        company_name=body.company_name,
        connect_partner_name=body.connect_partner_name,
    )
    return {"workspace": as_wire(made)}


def _refuse_unsupported(body: CreateWorkspace) -> None:
    """Raises: InvalidInput, for what would be quietly left out."""
    if body.organization_id is not None:
        raise InvalidInput("There are no organizations on this server", "organization_id")
    names = [name for name in body.__struct_fields__ if name.startswith("webview_")]
    if body.connect_webview_customization not in (None, Customization()):
        names.insert(0, "connect_webview_customization")
    for name in names:
        if getattr(body, name) is not None:
            raise InvalidInput("Connect Webviews cannot be customized on this server", name)


@operation("/ostiary/clock/get", NoParameters, READS, returns={"clock": "Clock"})
async def get_clock(body: NoParameters, caller: Caller, tx: Tx) -> Answer:
    """What time it is in the workspace."""
    return {"clock": _clock(caller.workspace, tx)}


class SetClock(msgspec.Struct, forbid_unknown_fields=True):
    """`now` or `advance_seconds`, at least one; `is_frozen` stops the clock there."""

    now: Instant | None = None
    advance_seconds: float | None = None
    is_frozen: bool = False

    def __post_init__(self) -> None:
        if self.now is not None and self.advance_seconds is not None:
            raise ValueError("Cannot specify both now and advance_seconds")
        if self.advance_seconds is not None and not 0 <= self.advance_seconds <= 3_200_000_000:
            raise ValueError("advance_seconds must be between 0 and a century")


@operation("/ostiary/clock/update", SetClock, UPDATES, returns={"clock": "Clock"})
async def set_clock(body: SetClock, caller: Caller, tx: Tx) -> Answer:
    """Move the clock of a sandbox workspace forward; everything that is due by then happens."""
    target = tx.now + timedelta(seconds=body.advance_seconds or 0)
    if body.now is not None:
        target = parse_instant(body.now)
    workspace = caller.workspace.with_clock(target, is_frozen=body.is_frozen, real_now=tx.real_now)
    await store.workspaces.set_clock(tx, workspace)
    tx.enter(workspace)
    await store.connected_accounts.wake_workspace(tx, workspace.workspace_id)
    for webhook in await store.webhooks.in_use(tx, workspace.workspace_id):
        tx.wake(store.webhooks.key(webhook.webhook_id))
    return {"clock": _clock(workspace, tx)}


def _clock(workspace: Workspace, tx: Tx) -> dict[str, Any]:
    return {
        "now": to_wire(workspace.at(tx.real_now)),
        "is_frozen": workspace.clock_frozen_at is not None,
        "offset_seconds": workspace.clock_offset_ms / 1000,
    }
