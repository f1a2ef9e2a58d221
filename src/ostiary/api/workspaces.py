"""`/workspaces/…`."""

from datetime import timedelta
from typing import Any

import msgspec

from .. import store
from ..domain.instants import parse_instant, to_wire
from ..domain.workspaces import Workspace
from ..store.tx import Tx
from ..wire.operation import READS, UPDATES, Answer, Caller, NoParameters, operation
from ..wire.validation import Instant


def as_wire(workspace: Workspace) -> dict[str, Any]:
    return {
        "workspace_id": workspace.workspace_id,
        "name": workspace.name,
        "company_name": workspace.name,
        "connect_partner_name": workspace.name,
        "connect_webview_customization": {},
        "is_sandbox": workspace.is_sandbox,
        "is_suspended": False,
        "is_publishable_key_auth_enabled": False,
        "organization_id": None,
    }


@operation("/workspaces/get", NoParameters, READS, returns={"workspace": "Workspace"}, is_timeless=True)
async def get(body: NoParameters, caller: Caller, tx: Tx) -> Answer:
    """The workspace that the key belongs to."""
    return {"workspace": as_wire(caller.workspace)}


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
