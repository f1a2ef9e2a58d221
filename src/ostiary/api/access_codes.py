"""`/access_codes/…`: wishes for PINs. What is written here is brought to the lock by the engine."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import store
from ..domain import access_codes, action_attempts
from ..domain.access_codes import AccessCode, Wish
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.errors import ApiError, InvalidInput
from ..domain.instants import parse_instant, rounded, to_ms
from ..domain.provider import Capabilities
from ..domain.secrets import Secret
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.operation import CREATES, DELETES, READS, UPDATES, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import Instant, Limit, NonEmpty, PageCursor, Uuid

Code = Annotated[str, Meta(min_length=4, max_length=12, pattern=r"^[0-9]+(?!\n)$")]
Name = Annotated[str, Meta(max_length=255)]
Rounding = Literal["1hour", "1day", "1h", "1d"]


class CreateAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid
    name: Name | None = None
    code: Code | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    common_code_key: NonEmpty | None = None
    allow_external_modification: bool | None = None
    is_external_modification_allowed: bool | None = None
    attempt_for_offline_device: bool | None = None
    prefer_native_scheduling: bool | None = None
    preferred_code_length: float | None = None
    use_backup_access_code_pool: bool | None = None
    is_offline_access_code: bool | None = None
    use_offline_access_code: bool | None = None
    is_one_time_use: bool | None = None
    max_time_rounding: Rounding | None = None
    sync: bool | None = None


class UpdateAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays; null takes it away."""

    access_code_id: Uuid
    device_id: Uuid | None = None
    name: Name | UnsetType | None = UNSET
    code: Code | None = None
    starts_at: Instant | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET
    type: Literal["ongoing", "time_bound"] | None = None
    is_managed: bool | None = None
    allow_external_modification: bool | None = None
    is_external_modification_allowed: bool | None = None
    attempt_for_offline_device: bool | None = None
    # Listed by the wire for updates and without effect there.
    prefer_native_scheduling: bool | None = None
    preferred_code_length: float | None = None
    use_backup_access_code_pool: bool | None = None
    is_offline_access_code: bool | None = None
    use_offline_access_code: bool | None = None
    is_one_time_use: bool | None = None
    max_time_rounding: Rounding | None = None
    sync: bool | None = None


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
)
async def create(body: CreateAccessCode, caller: Caller, tx: Tx) -> Answer:
    """Write down the wish for a code. It is `set` when a look at the lock has shown it."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
    can = device.can
    access_codes.refuse_uncodable(device, can)
    _refuse_unsupported(body, device, can)
    starts_at, ends_at = _instant(body.starts_at, can), _instant(body.ends_at, can)
    access_codes.check_time_frame(starts_at, ends_at, tx.now)
    pin = await _pin(body, device, can, caller, tx)
    wish = Wish(
        name=body.name,
        code=pin,
        starts_at=starts_at,
        ends_at=ends_at,
        is_external_modification_allowed=_external(body) is True,
        prefer_native_scheduling=body.prefer_native_scheduling is not False,
        attempt_for_offline_device=body.attempt_for_offline_device is not False,
        common_code_key=body.common_code_key,
    )
    code_hash = None if pin is None else tx.vault.pin_hash(device.device_id, pin)
    code = access_codes.requested(device, wish, code_hash, tx.now)
    if code_hash is not None and (body.code is not None or body.common_code_key is not None):
        await store.access_codes.refuse_taken(
            tx, device.device_id, code_hash, code.access_code_id, _pin_words(code)
        )
    caller.limit("access_codes.create", device.device_id)
    await store.access_codes.insert_code(tx, code)
    tx.emit(code.event("access_code.created", tx.now))
    tx.emit(access_codes.mutations_requested(code, can, tx.now))
    attempt = await _attempt("CREATE_ACCESS_CODE", code, device, tx)
    await _wake(code, device, can, tx)
    return {"access_code": code.as_wire(device, account, tx.now), "action_attempt": attempt}


def _refuse_unsupported(body: CreateAccessCode, device: Device, can: Capabilities) -> None:
    """
    What this device, or this server, does not do is refused and not quietly left out.

    Raises:
        ApiError: 400.
    """
    if body.is_offline_access_code or body.use_offline_access_code:
        raise ApiError(
            "unsupported_device",
            f"{device.display_name} does not support offline access codes",
            data={"device_id": device.device_id},
        )
    if body.is_one_time_use:
        raise InvalidInput("is_one_time_use requires is_offline_access_code", "is_one_time_use")
    if body.use_backup_access_code_pool and body.starts_at is None:
        raise InvalidInput("Cannot use the backup pool for ongoing codes", "use_backup_access_code_pool")
    if body.use_backup_access_code_pool:
        raise ApiError(
            "unsupported_device",
            "This server keeps no backup access code pool for this device",
            data={"device_id": device.device_id},
        )
    if body.attempt_for_offline_device is False and not device.is_online:
        raise ApiError(
            "device_disconnected",
            f"{device.display_name} is offline, and attempt_for_offline_device is false",
            data={"device_id": device.device_id},
        )


async def _pin(
    body: CreateAccessCode, device: Device, can: Capabilities, caller: Caller, tx: Tx
) -> Secret | None:
    """The PIN that was asked for, that of the shared key, or a new one; None: the vendor chooses."""
    shared = None
    if body.common_code_key is not None and can.code_chosen_by == "vendor":
        access_codes.check_pin("", can, device)  # a PIN that nobody can choose cannot be shared either
    if body.common_code_key is not None:
        first = await store.access_codes.first_with_key(tx, caller.workspace_id, body.common_code_key)
        shared = None if first is None else first.code
    if body.code is not None:
        if shared is not None and shared != Secret(body.code):
            raise InvalidInput("common_code_key already belongs to another code", "code")
        access_codes.check_pin(body.code, can, device)
        return Secret(body.code)
    if can.vendor_may_choose and shared is None:
        return None
    if shared is not None:
        access_codes.check_pin(shared.reveal(), can, device)
        return shared
    length = body.preferred_code_length
    return await _free_pin(device, can, None if length is None else int(length), tx)


async def _free_pin(device: Device, can: Capabilities, length: int | None, tx: Tx) -> Secret:
    """Raises: ApiError, 400 when there is none."""
    candidates = access_codes.candidate_pins(can, length)
    pin = next(candidates)
    while await store.access_codes.is_pin_known(tx, device.device_id, pin):
        pin = next(candidates)
    return pin


def _external(body: CreateAccessCode | UpdateAccessCode) -> bool | None:
    """Two names for one switch. Raises: InvalidInput, when they contradict each other."""
    one, other = body.allow_external_modification, body.is_external_modification_allowed
    if one is not None and other is not None and one != other:
        raise InvalidInput(
            "allow_external_modification and is_external_modification_allowed contradict each other"
        )
    return one if one is not None else other


def _instant(text: str | None, can: Capabilities) -> datetime | None:
    """As near to what was asked for as the device can keep."""
    return None if text is None else rounded(parse_instant(text), timedelta(seconds=can.time_step))


def _pin_words(code: AccessCode) -> str:
    """For the message about a duplicate: which request, without its PIN, as messages are logged."""
    name = f' of "{code.name}"' if code.name else ""
    if code.starts_at is None or code.ends_at is None:
        return f"The code{name}"
    return f"The code{name} for period {code.starts_at.isoformat()}-{code.ends_at.isoformat()}"


async def _attempt(
    action_type: action_attempts.ActionType, code: AccessCode, device: Device, tx: Tx
) -> dict[str, Any]:
    attempt = action_attempts.requested(
        action_type, device, tx.now, access_code_id=code.access_code_id, generation=code.generation
    )
    await store.action_attempts.insert(tx, attempt)
    return attempt.as_wire()


async def _wake(code: AccessCode, device: Device, can: Capabilities, tx: Tx) -> None:
    """The lock is due now, or when the code's programming may begin."""
    since = code.programmed_from(can)
    at = since if since is not None and since > tx.now and not code.is_over(tx.now) else None
    await store.devices.wake(tx, device.device_id, at)
    await store.connected_accounts.wake(tx, device.connected_account_id, at)


# --- read -----------------------------------------------------------------------------------------------


@operation("/access_codes/get", GetAccessCode, READS, returns={"access_code": "AccessCode"})
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
    if found is None:
        raise store.access_codes.code_not_found(**ids)
    return found


async def _home(code: AccessCode, tx: Tx) -> tuple[Device, ConnectedAccount]:
    device = await store.devices.find(tx, code.device_id)
    account = await store.connected_accounts.find(tx, code.connected_account_id)
    assert device is not None, "a code outlives its device"
    assert account is not None, "a code outlives its account"
    return device, account


@operation("/access_codes/list", ListAccessCodes, READS, returns={"access_codes": "[AccessCode]"})
async def list_(body: ListAccessCodes, caller: Caller, tx: Tx) -> Answer:
    """Managed codes, oldest first."""
    homes: dict[str, tuple[Device, ConnectedAccount]] = {}

    async def fetch(position: Position, size: int) -> list[AccessCode]:
        if body.access_code_ids is not None:
            codes = await store.access_codes.by_ids(tx, caller.workspace_id, body.access_code_ids)
            living = [code for code in codes if code.gone_at is None and _place(code) >= position]
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
    grants = (body.access_method_id, body.access_grant_id, body.access_grant_key, body.user_identifier_key)
    if any(filter_ is not None for filter_ in grants):
        return False  # no access grants and no client sessions made any code here
    if body.search is None:
        return True
    text = body.search.lower()
    fields = (code.access_code_id, (code.name or "").lower(), access_codes.shown(code.code) or "")
    return any(text in field for field in fields)


@operation("/access_codes/generate_code", GenerateCode, READS, returns={"generated_code": "GeneratedCode"})
async def generate_code(body: GenerateCode, caller: Caller, tx: Tx) -> Answer:
    """A PIN that the device would accept now. Nothing is stored or reserved."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    can = device.can
    access_codes.refuse_uncodable(device, can)
    if can.code_chosen_by == "vendor":
        access_codes.check_pin("", can, device)
    pin = await _free_pin(device, can, None, tx)
    return {"generated_code": {"device_id": device.device_id, "code": pin.reveal()}}


# --- update ---------------------------------------------------------------------------------------------


@operation("/access_codes/update", UpdateAccessCode, UPDATES, returns={"action_attempt": "ActionAttempt"})
async def update(body: UpdateAccessCode, caller: Caller, tx: Tx) -> Answer:
    """Wish for another name, PIN or time frame. The code shows the wish at once, the lock when it can."""
    code = await _own(body.access_code_id, body.device_id, caller, tx)
    device = await store.devices.get(tx, caller.workspace_id, code.device_id)
    if code.is_over(tx.now):
        raise ApiError(
            "access_code_being_removed",
            "This access code is being removed and cannot be changed",
            data={"access_code_id": code.access_code_id},
        )
    if body.is_managed is False:
        raise ApiError(
            "unsupported_operation",
            "Handing a code over to unmanaged is not supported by this server yet",
            data={"access_code_id": code.access_code_id},
        )
    can = device.can
    changes = await _changes(body, code, device, can, tx)
    caller.limit("access_codes.update", device.device_id)
    wished = _rewished(code, changes, tx.now)
    await store.access_codes.update_code(tx, wished)
    attempt = await _attempt("UPDATE_ACCESS_CODE", wished, device, tx)
    if wished.generation != code.generation:
        tx.emit(access_codes.mutations_requested(wished, can, tx.now))
        await _wake(wished, device, can, tx)
        await store.devices.wake(tx, device.device_id)
        await store.connected_accounts.wake(tx, device.connected_account_id)
    elif wished.is_as_wished:  # nothing is left to bring to the lock
        finished = ("UPDATE_ACCESS_CODE",)
        await store.action_attempts.settle_code(tx, wished.access_code_id, finished, wished.generation)
    return {"action_attempt": attempt}


async def _changes(
    body: UpdateAccessCode, code: AccessCode, device: Device, can: Capabilities, tx: Tx
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if body.name is not UNSET:
        changes["name"] = body.name
    starts_at, ends_at = _new_frame(body, code, can)
    if (starts_at, ends_at) != (code.starts_at, code.ends_at):
        access_codes.check_time_frame(starts_at, ends_at, tx.now)
        changes.update(starts_at=starts_at, ends_at=ends_at)
    if body.code is not None and (code.code is None or body.code != code.code.reveal()):
        access_codes.check_pin(body.code, can, device)
        pin = Secret(body.code)
        code_hash = tx.vault.pin_hash(device.device_id, pin)
        await store.access_codes.refuse_taken(
            tx, device.device_id, code_hash, code.access_code_id, _pin_words(code)
        )
        changes.update(code=pin, code_hash=code_hash, is_code_from_vendor=False)
    external = _external(body)
    if external is not None:
        changes["is_external_modification_allowed"] = external
    if body.attempt_for_offline_device is not None:
        changes["attempt_for_offline_device"] = body.attempt_for_offline_device
    return {name: value for name, value in changes.items() if getattr(code, name) != value}


def _new_frame(
    body: UpdateAccessCode, code: AccessCode, can: Capabilities
) -> tuple[datetime | None, datetime | None]:
    """
    The time frame after an update: what is left out stays, `ongoing` clears both ends.

    Raises:
        InvalidInput: `time_bound` without both ends.
    """
    if body.type == "ongoing":
        return None, None
    starts_at = code.starts_at if body.starts_at is UNSET else _instant(body.starts_at, can)
    ends_at = code.ends_at if body.ends_at is UNSET else _instant(body.ends_at, can)
    if body.type == "time_bound" and (starts_at is None or ends_at is None):
        raise InvalidInput("Both starts_at and ends_at must be provided for a time_bound code")
    return starts_at, ends_at


def _rewished(code: AccessCode, changes: dict[str, Any], now: datetime) -> AccessCode:
    """A new generation only for what the lock must show; the rest is ours alone."""
    if {"name", "code", "starts_at", "ends_at"} & set(changes):
        return access_codes.rewished(code, now, **changes)
    return replace(code, **changes)


# --- delete ---------------------------------------------------------------------------------------------


@operation("/access_codes/delete", DeleteAccessCode, DELETES, returns={"action_attempt": "ActionAttempt"})
async def delete(body: DeleteAccessCode, caller: Caller, tx: Tx) -> Answer:
    """Wish a code away. It stays readable, as `removing`, until a look shows that the lock has it no more."""
    code = await _own(body.access_code_id, body.device_id, caller, tx)
    device = await store.devices.find(tx, code.device_id)
    assert device is not None
    caller.limit("access_codes.delete", device.device_id)
    if code.delete_requested_at is None:
        code = access_codes.rewished(code, tx.now, delete_requested_at=tx.now)
        await store.access_codes.update_code(tx, code)
        if code.was_sent or code.is_on_lock:
            tx.emit(access_codes.mutations_requested(code, device.can, tx.now))
    attempt = await _attempt("DELETE_ACCESS_CODE", code, device, tx)
    await store.devices.wake(tx, device.device_id)
    await store.connected_accounts.wake(tx, device.connected_account_id)
    return {"action_attempt": attempt}


async def _own(access_code_id: str, device_id: str | None, caller: Caller, tx: Tx) -> AccessCode:
    """The caller's living code; a device that is named too must be the right one."""
    code = await store.access_codes.get(tx, caller.workspace_id, access_code_id)
    if device_id not in (None, code.device_id):
        raise store.access_codes.code_not_found(access_code_id=access_code_id, device_id=device_id)
    return code
