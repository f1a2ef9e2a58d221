"""`/access_codes/unmanaged/…`: codes that others have put on the locks. They are shown and left alone."""

import msgspec

from .. import store
from ..domain.access_codes import shown
from ..domain.instants import to_ms
from ..domain.secrets import Secret
from ..domain.unmanaged_codes import UnmanagedCode
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.operation import READS, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import Limit, NonEmpty, PageCursor, Uuid
from .access_codes import GetAccessCode


class GetUnmanagedAccessCode(GetAccessCode, forbid_unknown_fields=True):
    """By id, or by device and PIN."""


class ListUnmanagedAccessCodes(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid
    user_identifier_key: str | None = None
    search: NonEmpty | None = None
    limit: Limit = 300000
    page_cursor: PageCursor = None


@operation(
    "/access_codes/unmanaged/get",
    GetUnmanagedAccessCode,
    READS,
    returns={"access_code": "UnmanagedAccessCode"},
)
async def get(body: GetUnmanagedAccessCode, caller: Caller, tx: Tx) -> Answer:
    """One code that somebody else has put on a lock."""
    code = await _found(body, caller, tx)
    if code is None:
        raise store.access_codes.code_not_found(access_code_id=body.access_code_id, device_id=body.device_id)
    device = await store.devices.get(tx, caller.workspace_id, code.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, code.connected_account_id)
    return {"access_code": code.as_wire(device, account, tx.now)}


async def _found(body: GetUnmanagedAccessCode, caller: Caller, tx: Tx) -> UnmanagedCode | None:
    if body.access_code_id is not None:
        code = await store.unmanaged_codes.get(tx, caller.workspace_id, body.access_code_id)
        return code if code is not None and body.device_id in (None, code.device_id) else None
    assert body.device_id is not None
    assert body.code is not None
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    code_hash = tx.vault.pin_hash(device.device_id, Secret(body.code))
    return await store.unmanaged_codes.with_pin(tx, device.device_id, code_hash)


@operation(
    "/access_codes/unmanaged/list",
    ListUnmanagedAccessCodes,
    READS,
    returns={"access_codes": "[UnmanagedAccessCode]"},
)
async def list_(body: ListUnmanagedAccessCodes, caller: Caller, tx: Tx) -> Answer:
    """The codes of one lock that others have put there, in the order in which looks first showed them."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
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
    if body.user_identifier_key is not None:
        return False  # no client sessions let anybody in here
    if body.search is None:
        return True
    fields = (code.access_code_id, (code.name or "").lower(), shown(code.code) or "")
    return any(body.search.lower() in field for field in fields)
