"""`/action_attempts/…`: what became of what was asked."""

from typing import Any

import msgspec

from .. import store
from ..domain.action_attempts import ActionAttempt
from ..domain.errors import ApiError
from ..domain.instants import to_ms
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import READS, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import Limit, PageCursor, Uuid


class GetActionAttempt(msgspec.Struct, forbid_unknown_fields=True):
    action_attempt_id: Uuid


class ListActionAttempts(msgspec.Struct, forbid_unknown_fields=True):
    action_attempt_ids: list[str] | None = None
    device_id: Uuid | None = None
    limit: Limit = 500
    page_cursor: PageCursor = None


@operation(
    "/action_attempts/get",
    GetActionAttempt,
    READS,
    returns={"action_attempt": "ActionAttempt"},
    auth=SESSIONS,
)
async def get(body: GetActionAttempt, caller: Caller, tx: Tx) -> Answer:
    """One action attempt."""
    attempt = await store.action_attempts.get(tx, caller.workspace_id, body.action_attempt_id)
    return {"action_attempt": await _wire(attempt, tx)}


@operation("/action_attempts/list", ListActionAttempts, READS, returns={"action_attempts": "[ActionAttempt]"})
async def list_(body: ListActionAttempts, caller: Caller, tx: Tx) -> Answer:
    """The workspace's action attempts, oldest first."""
    found, following = await collect(
        lambda position, size: store.action_attempts.list_page(
            tx,
            caller.workspace_id,
            position,
            size,
            device_id=body.device_id,
            ids=body.action_attempt_ids,
        ),
        lambda attempt: Position(to_ms(attempt.created_at), attempt.action_attempt_id),
        read_cursor(body),
        body.limit,
        None
        if body.action_attempt_ids is None or body.device_id is None
        else lambda attempt: attempt.device_id == body.device_id,
    )
    if body.action_attempt_ids and not found and body.page_cursor is None:
        raise ApiError(
            "action_attempts_not_found",
            "Action attempts not found",
            status=404,
            data={"action_attempt_ids": body.action_attempt_ids},
        )
    return {
        "action_attempts": [await _wire(attempt, tx) for attempt in found],
        "pagination": pagination(body, "/action_attempts/list", caller.house.public_url, following),
    }


async def _wire(attempt: ActionAttempt, tx: Tx) -> dict[str, Any]:
    """Attempts that made or changed a code hold that code as it is now."""
    if attempt.status != "success" or attempt.action_type not in ("CREATE_ACCESS_CODE", "UPDATE_ACCESS_CODE"):
        return attempt.as_wire()
    assert attempt.access_code_id is not None
    code = await store.access_codes.find(tx, attempt.access_code_id)
    device = await store.devices.find(tx, attempt.device_id)
    account = await store.connected_accounts.find(tx, attempt.connected_account_id)
    if code is None or code.released_at is not None or device is None or account is None:
        return attempt.as_wire()
    return attempt.as_wire({"access_code": code.as_wire(device, account, tx.now)})
