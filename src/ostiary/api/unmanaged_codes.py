"""
`/access_codes/unmanaged/…`: codes that others have put on the locks. They are shown, and left alone until
somebody takes one over or wants it gone.
"""

from dataclasses import replace
from typing import Any

import msgspec

from .. import store
from ..domain import access_codes, action_attempts, conversion
from ..domain.access_codes import AccessCode, shown
from ..domain.devices import Device
from ..domain.errors import ApiError, InvalidInput
from ..domain.instants import to_ms
from ..domain.secrets import Secret
from ..domain.unmanaged_codes import UnmanagedCode, without_pin
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import DELETES, READS, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import Limit, NonEmpty, PageCursor, Uuid
from .access_codes import GetAccessCode
from .wishes import external_modification

UPDATES = ("PATCH", "POST")


class GetUnmanagedAccessCode(GetAccessCode, forbid_unknown_fields=True):
    """By id, or by device and PIN."""


class ListUnmanagedAccessCodes(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid
    user_identifier_key: str | None = None
    search: NonEmpty | None = None
    limit: Limit = 300000
    page_cursor: PageCursor = None


class ConvertToManaged(msgspec.Struct, forbid_unknown_fields=True):
    access_code_id: Uuid
    allow_external_modification: bool | None = None
    is_external_modification_allowed: bool | None = None
    # A code of another workspace is never taken over here: both would write its name in turn.
    force: bool | None = None
    sync: bool | None = None


class UpdateUnmanagedAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    access_code_id: Uuid
    is_managed: bool
    allow_external_modification: bool | None = None
    is_external_modification_allowed: bool | None = None
    force: bool | None = None


class DeleteUnmanagedAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    access_code_id: Uuid
    sync: bool | None = None


@operation(
    "/access_codes/unmanaged/get",
    GetUnmanagedAccessCode,
    READS,
    returns={"access_code": "UnmanagedAccessCode"},
    auth=SESSIONS,
)
async def get(body: GetUnmanagedAccessCode, caller: Caller, tx: Tx) -> Answer:
    """One code that somebody else has put on a lock."""
    code = await _found(body, caller, tx)
    if code is None:
        raise store.access_codes.code_not_found(access_code_id=body.access_code_id, device_id=body.device_id)
    device = await store.devices.get_any(tx, caller.workspace_id, code.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, code.connected_account_id)
    return {"access_code": code.as_wire(device, account, tx.now)}


async def _found(body: GetUnmanagedAccessCode, caller: Caller, tx: Tx) -> UnmanagedCode | None:
    if body.access_code_id is not None:
        code = await store.unmanaged_codes.get(tx, caller.workspace_id, body.access_code_id)
        return code if code is not None and body.device_id in (None, code.device_id) else None
    assert body.device_id is not None
    assert body.code is not None
    device = await store.devices.get_any(tx, caller.workspace_id, body.device_id)
    code_hash = tx.vault.pin_hash(device.device_id, Secret(body.code))
    return await store.unmanaged_codes.with_pin(tx, device.device_id, code_hash)


@operation(
    "/access_codes/unmanaged/list",
    ListUnmanagedAccessCodes,
    READS,
    returns={"access_codes": "[UnmanagedAccessCode]"},
    auth=SESSIONS,
)
async def list_(body: ListUnmanagedAccessCodes, caller: Caller, tx: Tx) -> Answer:
    """The codes of one lock that others have put there, in the order in which looks first showed them."""
    device = await store.devices.get_any(tx, caller.workspace_id, body.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)

    async def fetch(position: Position, size: int) -> list[UnmanagedCode]:
        return await store.unmanaged_codes.list_page(
            tx, caller.workspace_id, device.device_id, position, size
        )

    found, following = await collect(
        fetch, _place, read_cursor(body), body.limit, lambda code: _matches(code, body)
    )
    path = "/access_codes/unmanaged/list"
    return {
        "access_codes": [code.as_wire(device, account, tx.now) for code in found],
        "pagination": pagination(body, path, caller.house.public_url, following),
    }


def _place(code: UnmanagedCode) -> Position:
    return Position(to_ms(code.created_at), code.access_code_id)


def _matches(code: UnmanagedCode, body: ListUnmanagedAccessCodes) -> bool:
    if body.search is None:
        return True
    fields = (code.access_code_id, (code.name or "").lower(), shown(code.code) or "")
    return any(body.search.lower() in field for field in fields)


# --- taking over -----------------------------------------------------------------------------------------


@operation(
    "/access_codes/unmanaged/convert_to_managed",
    ConvertToManaged,
    UPDATES,
    returns={"action_attempt": "ActionAttempt"},
    auth=SESSIONS,
)
async def convert_to_managed(body: ConvertToManaged, caller: Caller, tx: Tx) -> Answer:
    """Take over a code that somebody else has put on a lock. It keeps its id, and the lock keeps it."""
    return {"action_attempt": await _convert(body, caller, tx)}


@operation(
    "/access_codes/unmanaged/update",
    UpdateUnmanagedAccessCode,
    UPDATES,
    returns={"action_attempt": "ActionAttempt"},
    auth=SESSIONS,
)
async def update(body: UpdateUnmanagedAccessCode, caller: Caller, tx: Tx) -> Answer:
    """With `is_managed: true` the same as converting it. Nothing else can be changed about such a code."""
    if not body.is_managed:
        raise InvalidInput(
            "An unmanaged access code can only become managed. To hand over a managed one, use "
            "/access_codes/update with is_managed: false",
            "is_managed",
        )
    return {"action_attempt": await _convert(body, caller, tx)}


async def _convert(
    body: ConvertToManaged | UpdateUnmanagedAccessCode, caller: Caller, tx: Tx
) -> dict[str, Any]:
    """Ours from this transaction on: whatever the engine sees next of the entry, it knows by its id."""
    code, device = await _own(body.access_code_id, caller, tx)
    access_codes.refuse_uncodable(device, device.can)
    earlier = await store.access_codes.find(tx, code.access_code_id)
    conversion.refuse(code, await _our_marks(device, earlier, tx), device, tx.now)
    assert code.code_hash is not None
    named = f'The code of "{code.name}"' if code.name else "The code"
    await store.access_codes.refuse_taken(tx, device.device_id, code.code_hash, code.access_code_id, named)
    caller.limit("access_codes.update", device.device_id)
    allowed = external_modification(body) is True
    managed = conversion.taken_over(code, earlier, device, tx.now, is_external_modification_allowed=allowed)
    await store.connected_accounts.wake(tx, device.connected_account_id)
    await store.unmanaged_codes.update_code(tx, without_pin(code, tx.now))
    await store.access_codes.take_over(tx, managed, earlier)
    await store.entries.remember_code(tx, managed)
    return await _attempt("CONVERT_ACCESS_CODE_TO_MANAGED", managed.generation, code, device, tx)


async def _own(access_code_id: str, caller: Caller, tx: Tx) -> tuple[UnmanagedCode, Device]:
    code = await store.unmanaged_codes.get(tx, caller.workspace_id, access_code_id)
    if code is None:
        raise store.access_codes.code_not_found(access_code_id=access_code_id)
    return code, await store.devices.get(tx, caller.workspace_id, code.device_id)


async def _our_marks(device: Device, earlier: AccessCode | None, tx: Tx) -> set[str]:
    codes = await store.access_codes.on_device(tx, device.device_id)
    return {code.mark for code in (*codes, *([] if earlier is None else [earlier]))}


async def _attempt(
    action_type: action_attempts.ActionType, generation: int, code: UnmanagedCode, device: Device, tx: Tx
) -> dict[str, Any]:
    """The attempt that is answered, and the engine's next look; the caller has woken the account."""
    attempt = action_attempts.requested(
        action_type, device, tx.now, access_code_id=code.access_code_id, generation=generation
    )
    await store.action_attempts.insert(tx, attempt)
    await store.devices.wake(tx, device.device_id)
    return attempt.as_wire()


# --- removing --------------------------------------------------------------------------------------------


@operation(
    "/access_codes/unmanaged/delete",
    DeleteUnmanagedAccessCode,
    DELETES,
    returns={"action_attempt": "ActionAttempt"},
    auth=SESSIONS,
)
async def delete(body: DeleteUnmanagedAccessCode, caller: Caller, tx: Tx) -> Answer:
    """Wish somebody else's code away. It is listed until a look shows that the lock has it no more."""
    code, device = await _own(body.access_code_id, caller, tx)
    if not code.is_removable:
        raise ApiError(
            "access_code_cannot_be_deleted",
            f"On {device.display_name} this code belongs to a person, who would lose more than a code. "
            "Take it away in the vendor's app",
            data={"access_code_id": code.access_code_id, "device_id": device.device_id},
        )
    caller.limit("access_codes.delete", device.device_id)
    await store.connected_accounts.wake(tx, device.connected_account_id)
    if code.delete_requested_at is None:
        await store.unmanaged_codes.update_code(tx, replace(code, delete_requested_at=tx.now, retry_at=None))
    return {"action_attempt": await _attempt("DELETE_ACCESS_CODE", 0, code, device, tx)}
