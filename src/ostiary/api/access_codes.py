"""`/access_codes/…`: wishes for PINs. What is written here is brought to the lock by the engine."""

from dataclasses import replace
from typing import Any

import msgspec

from .. import store
from ..domain import access_codes, action_attempts, conversion, pins
from ..domain.access_codes import AccessCode
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.errors import InvalidInput
from ..domain.instants import to_ms
from ..domain.secrets import Secret
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import CREATES, DELETES, READS, UPDATES, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import Limit, NonEmpty, PageCursor, Uuid
from . import backup_pool, wishes
from .wishes import CreateAccessCode, UpdateAccessCode


class DeleteAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    access_code_id: Uuid
    device_id: Uuid | None = None
    sync: bool | None = None


class GetAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    """By id, or by device and PIN."""

    access_code_id: Uuid | None = None
    device_id: Uuid | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        if self.access_code_id is not None and self.code is not None:
            raise ValueError("Cannot specify both access_code_id and code")
        if self.access_code_id is None and (self.device_id is None or self.code is None):
            raise ValueError("Either access_code_id or both device_id and code are required")


class ListAccessCodes(msgspec.Struct, forbid_unknown_fields=True):
    """At least one of the filters."""

    device_id: Uuid | None = None
    access_code_ids: list[str] | None = None
    access_method_id: Uuid | None = None
    access_grant_id: Uuid | None = None
    access_grant_key: str | None = None
    customer_key: str | None = None
    user_identifier_key: str | None = None
    search: NonEmpty | None = None
    limit: Limit = 55000
    page_cursor: PageCursor = None

    def __post_init__(self) -> None:
        names = (
            "device_id",
            "access_code_ids",
            "access_method_id",
            "access_grant_id",
            "access_grant_key",
            "customer_key",
            "user_identifier_key",
            "search",
        )
        if all(getattr(self, name) is None for name in names):
            raise ValueError("Must specify device_id or access_code_ids")


class GenerateCode(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid


# --- create ---------------------------------------------------------------------------------------------


@operation(
    "/access_codes/create",
    CreateAccessCode,
    CREATES,
    returns={"access_code": "AccessCode", "action_attempt": "ActionAttempt"},
    auth=SESSIONS,
)
async def create(body: CreateAccessCode, caller: Caller, tx: Tx) -> Answer:
    """Write down the wish for a code. It is `set` when a look at the lock has shown it."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
    wishes.check(body, device, tx.now)
    pin = await _pin(body, device, caller, tx)
    code = wishes.new_code(body, device, pin, tx, common_code_key=body.common_code_key)
    if body.code is not None or body.common_code_key is not None:
        await wishes.refuse_taken(code, tx)
    caller.limit("access_codes.create", device.device_id)
    tx.ledger.know(device, account)
    await wishes.add(code, device, tx)
    if body.use_backup_access_code_pool:
        device = await backup_pool.switch_on(device, account, caller, tx)
    attempt = await _attempt("CREATE_ACCESS_CODE", code, device, tx)
    return {"access_code": code.as_wire(device, account, tx.now), "action_attempt": attempt}


async def _pin(body: CreateAccessCode, device: Device, caller: Caller, tx: Tx) -> Secret | None:
    """The PIN that was asked for, that of the shared key, or a new one; None: the vendor chooses."""
    can, shared = device.can, None
    if body.common_code_key is not None:
        if can.code_chosen_by == "vendor":
            pins.check_pin("", can, device)  # a PIN that nobody can choose cannot be shared either
        first = await store.access_codes.first_with_key(tx, caller.workspace_id, body.common_code_key)
        shared = None if first is None else first.code
    if body.code is not None:
        if shared is not None and shared != Secret(body.code):
            raise InvalidInput("common_code_key already belongs to another code", "code")
        pins.check_pin(body.code, can, device)
        return Secret(body.code)
    if shared is not None:
        pins.check_pin(shared.reveal(), can, device)
        return shared
    if can.vendor_may_choose and body.common_code_key is None:
        return None
    return await wishes.free_pin(device, body.preferred_code_length, tx)


async def _attempt(
    action_type: action_attempts.ActionType, code: AccessCode, device: Device, tx: Tx
) -> dict[str, Any]:
    attempt = action_attempts.requested(
        action_type, device, tx.now, access_code_id=code.access_code_id, generation=code.generation
    )
    await store.action_attempts.insert(tx, attempt)
    return attempt.as_wire()


# --- read -----------------------------------------------------------------------------------------------


@operation("/access_codes/get", GetAccessCode, READS, returns={"access_code": "AccessCode"}, auth=SESSIONS)
async def get(body: GetAccessCode, caller: Caller, tx: Tx) -> Answer:
    """One access code: the wish, and what the lock shows of it."""
    code = await _found(body, caller, tx)
    device, account = await _home(code, tx)
    return {"access_code": code.as_wire(device, account, tx.now)}


async def _found(body: GetAccessCode, caller: Caller, tx: Tx) -> AccessCode:
    ids = {"access_code_id": body.access_code_id, "device_id": body.device_id}
    if body.access_code_id is not None:
        code = await store.access_codes.get(tx, caller.workspace_id, body.access_code_id)
        if body.device_id not in (None, code.device_id):
            raise store.access_codes.code_not_found(**ids)
        return code
    assert body.device_id is not None
    assert body.code is not None
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    code_hash = tx.vault.pin_hash(device.device_id, Secret(body.code))
    found = await store.access_codes.by_pin(tx, device.device_id, code_hash)
    if found is None or found.is_spare:
        raise store.access_codes.code_not_found(**ids)
    return found


async def _home(code: AccessCode, tx: Tx) -> tuple[Device, ConnectedAccount]:
    device = await store.devices.find(tx, code.device_id)
    account = await store.connected_accounts.find(tx, code.connected_account_id)
    assert device is not None, "a code outlives its device"
    assert account is not None, "a code outlives its account"
    return device, account


@operation(
    "/access_codes/list", ListAccessCodes, READS, returns={"access_codes": "[AccessCode]"}, auth=SESSIONS
)
async def list_(body: ListAccessCodes, caller: Caller, tx: Tx) -> Answer:
    """Managed codes, oldest first."""
    homes: dict[str, tuple[Device, ConnectedAccount]] = {}

    async def fetch(position: Position, size: int) -> list[AccessCode]:
        if body.access_code_ids is not None:
            codes = await store.access_codes.by_ids(tx, caller.workspace_id, body.access_code_ids)
            living = [
                code
                for code in codes
                if code.gone_at is None and not code.is_spare and _place(code) >= position
            ]
            return sorted(living, key=_place)[:size]
        return await store.access_codes.list_page(tx, caller.workspace_id, body.device_id, position, size)

    if body.device_id is not None:
        await store.devices.get(tx, caller.workspace_id, body.device_id)
    customers = {
        account.connected_account_id: account.customer_key
        for account in await store.connected_accounts.list_all(tx, caller.workspace_id)
    }
    found, following = await collect(
        fetch, _place, read_cursor(body), body.limit, lambda code: _matches(code, body, customers)
    )
    wire = []
    for code in found:
        if code.device_id not in homes:
            homes[code.device_id] = await _home(code, tx)
        wire.append(code.as_wire(*homes[code.device_id], tx.now))
    return {
        "access_codes": wire,
        "pagination": pagination(body, "/access_codes/list", caller.house.public_url, following),
    }


def _place(code: AccessCode) -> Position:
    return Position(to_ms(code.created_at), code.access_code_id)


def _matches(code: AccessCode, body: ListAccessCodes, customers: dict[str, str | None]) -> bool:
    if body.device_id not in (None, code.device_id):
        return False
    if body.customer_key not in (None, customers.get(code.connected_account_id)):
        return False
    grants = (body.access_method_id, body.access_grant_id, body.access_grant_key)
    if any(filter_ is not None for filter_ in grants):
        return False  # no access grants made any code here
    if body.search is None:
        return True
    text = body.search.lower()
    shown = code.in_effect
    fields = (code.access_code_id, (shown.name or "").lower(), access_codes.shown(shown.code) or "")
    return any(text in field for field in fields)


@operation(
    "/access_codes/generate_code",
    GenerateCode,
    READS,
    returns={"generated_code": "GeneratedCode"},
    auth=SESSIONS,
)
async def generate_code(body: GenerateCode, caller: Caller, tx: Tx) -> Answer:
    """A PIN that the device would accept now. Nothing is stored or reserved."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    can = device.can
    access_codes.refuse_uncodable(device, can)
    if can.code_chosen_by == "vendor":
        pins.check_pin("", can, device)
    pin = await wishes.free_pin(device, None, tx)
    return {"generated_code": {"device_id": device.device_id, "code": pin.reveal()}}


# --- update ---------------------------------------------------------------------------------------------


@operation(
    "/access_codes/update",
    UpdateAccessCode,
    UPDATES,
    returns={"action_attempt": "ActionAttempt"},
    auth=SESSIONS,
)
async def update(body: UpdateAccessCode, caller: Caller, tx: Tx) -> Answer:
    """Wish for another name, PIN or time frame. The code shows the wish at once, the lock when it can."""
    code = await _own(body.access_code_id, body.device_id, caller, tx)
    device = await store.devices.get(tx, caller.workspace_id, code.device_id)
    access_codes.refuse_over(code, tx.now)
    if body.is_managed is False:
        return {"action_attempt": await _hand_over(code, device, caller, tx)}
    changes = await wishes.changes(body, code, device, tx)
    caller.limit("access_codes.update", device.device_id)
    wished = await wishes.rewish(code, changes, device, tx)
    attempt = await _attempt("UPDATE_ACCESS_CODE", wished, device, tx)
    if wished.generation == code.generation and wished.is_as_wished:  # nothing is left to bring to the lock
        finished = ("UPDATE_ACCESS_CODE",)
        await store.action_attempts.settle_code(tx, wished.access_code_id, finished, wished.generation)
    return {"action_attempt": attempt}


async def _hand_over(code: AccessCode, device: Device, caller: Caller, tx: Tx) -> dict[str, Any]:
    """It stays on the lock under the same id, and is somebody else's from now on. Other wishes are void."""
    steps = await store.access_codes.open_steps(tx, device.device_id)
    is_leaving = any(s.kind == "remove" for s in steps if s.access_code_id == code.access_code_id)
    conversion.refuse_release(code, is_leaving=is_leaving)
    caller.limit("access_codes.update", device.device_id)
    for step in steps:
        if step.access_code_id == code.access_code_id:
            await store.access_codes.update_step(tx, replace(step, settled_at=tx.now))
    after = conversion.released(code, tx.now)
    await store.unmanaged_codes.take_back(tx, conversion.handed_over(code, device.can))
    await store.access_codes.update_code(tx, after)
    why = '{"type":"access_code_not_found","message":"The access code was handed over"}'
    await store.action_attempts.give_up_code(tx, code.access_code_id, why)
    attempt = await _attempt("UPDATE_ACCESS_CODE", after, device, tx)
    finished = ("UPDATE_ACCESS_CODE",)
    await store.action_attempts.settle_code(tx, code.access_code_id, finished, after.generation)
    return attempt


# --- delete ---------------------------------------------------------------------------------------------


@operation(
    "/access_codes/delete",
    DeleteAccessCode,
    DELETES,
    returns={"action_attempt": "ActionAttempt"},
    auth=SESSIONS,
)
async def delete(body: DeleteAccessCode, caller: Caller, tx: Tx) -> Answer:
    """Wish a code away. It stays readable, as `removing`, until a look shows that the lock has it no more."""
    code = await _own(body.access_code_id, body.device_id, caller, tx)
    device = await store.devices.find(tx, code.device_id)
    assert device is not None
    caller.limit("access_codes.delete", device.device_id)
    await store.connected_accounts.wake(tx, device.connected_account_id)
    await store.devices.wake(tx, device.device_id)
    if code.delete_requested_at is None:
        code = access_codes.rewished(code, tx.now, delete_requested_at=tx.now)
        await store.access_codes.update_code(tx, code)
        if code.was_sent or code.is_on_lock:
            tx.emit(access_codes.mutations_requested(code, device.can, tx.now))
        await backup_pool.follow(code, device, tx)
    attempt = await _attempt("DELETE_ACCESS_CODE", code, device, tx)
    return {"action_attempt": attempt}


async def _own(access_code_id: str, device_id: str | None, caller: Caller, tx: Tx) -> AccessCode:
    """The caller's living code; a device that is named too must be the right one."""
    code = await store.access_codes.get(tx, caller.workspace_id, access_code_id)
    if device_id not in (None, code.device_id):
        raise store.access_codes.code_not_found(access_code_id=access_code_id, device_id=device_id)
    return code
