"""`/access_codes/…_multiple`: one wish for several devices, all or nothing; and reports about their PINs."""

from typing import Annotated, Any, Final, Literal, NoReturn
from uuid import uuid4

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import store
from ..domain import access_codes, pins, shared_pins
from ..domain.access_codes import AccessCode
from ..domain.devices import Device
from ..domain.errors import ApiError, InvalidInput, not_found
from ..domain.secrets import Secret
from ..domain.shared_pins import Share
from ..store.tx import Tx
from ..wire import forms
from ..wire.auth import SESSIONS
from ..wire.operation import CREATES, Answer, Caller, operation
from ..wire.validation import Instant, NonEmpty, Uuid
from . import backup_pool, wishes
from .wishes import Code, CreateAccessCode, Name, UpdateAccessCode

ADDS: Final = ("PUT", "POST")
CHANGES: Final = ("PATCH", "POST")
Length = Annotated[int, Meta(ge=4, le=20)]


class CreateMultipleAccessCodes(msgspec.Struct, forbid_unknown_fields=True):
    """As for one code; each device once."""

    device_ids: Annotated[list[Uuid], Meta(min_length=1)]
    behavior_when_code_cannot_be_shared: Literal["throw", "create_random_code"] | None = None
    name: Name | None = None
    code: Code | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    allow_external_modification: bool | None = None
    is_external_modification_allowed: bool | None = None
    attempt_for_offline_device: bool | None = None
    prefer_native_scheduling: bool | None = None
    preferred_code_length: float | None = None
    use_backup_access_code_pool: bool | None = None
    ostiary_weekly_window: forms.WeeklyWindow | None = None

    @property
    def may_differ(self) -> bool:
        """A device that cannot share the PIN gets one of its own."""
        return self.behavior_when_code_cannot_be_shared == "create_random_code"

    def for_one(self, device_id: str) -> CreateAccessCode:
        shared = set(CreateAccessCode.__struct_fields__) & set(self.__struct_fields__)
        return CreateAccessCode(device_id=device_id, **{name: getattr(self, name) for name in shared})


class UpdateMultipleAccessCodes(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays; null takes it away."""

    common_code_key: NonEmpty
    name: Name | UnsetType | None = UNSET
    starts_at: Instant | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET

    def for_one(self, access_code_id: str) -> UpdateAccessCode:
        return UpdateAccessCode(
            access_code_id=access_code_id, name=self.name, starts_at=self.starts_at, ends_at=self.ends_at
        )


class ReportDeviceConstraints(msgspec.Struct, forbid_unknown_fields=True):
    """The lengths, or the shortest and the longest."""

    device_id: Uuid
    supported_code_lengths: Annotated[list[Length], Meta(min_length=1)] | None = None
    min_code_length: Length | None = None
    max_code_length: Length | None = None

    def __post_init__(self) -> None:
        ends = (self.min_code_length, self.max_code_length)
        if (self.supported_code_lengths is None) == (ends == (None, None)):
            raise ValueError("Specify either supported_code_lengths or min_code_length and max_code_length")
        if (ends[0] is None) != (ends[1] is None):
            raise ValueError("Both min_code_length and max_code_length must be provided if one is")
        if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
            raise ValueError("min_code_length must not be greater than max_code_length")


# --- create ----------------------------------------------------------------------------------------------


@operation(
    "/access_codes/create_multiple",
    CreateMultipleAccessCodes,
    ADDS,
    returns={"access_codes": "[AccessCode]"},
    auth=SESSIONS,
)
async def create_multiple(body: CreateMultipleAccessCodes, caller: Caller, tx: Tx) -> Answer:
    """Wish for a code on each of several devices, with one PIN for all that can share it."""
    if len(set(body.device_ids)) < len(body.device_ids):
        raise InvalidInput("Each device can be named only once", "device_ids")
    devices = [await store.devices.get(tx, caller.workspace_id, each) for each in body.device_ids]
    for device in devices:
        wishes.check(body.for_one(device.device_id), device, tx.now)
    codes = await _codes(body, devices, tx)
    caller.limit("access_codes.create", *body.device_ids)
    wire: list[dict[str, Any]] = []
    for code, device in zip(codes, devices, strict=True):
        account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
        tx.ledger.know(device, account)
        await wishes.add(code, device, tx)
        if body.use_backup_access_code_pool:
            device = await backup_pool.switch_on(device, account, caller, tx)
        wire.append(code.as_wire(device, account, tx.now))
    return {"access_codes": wire}


async def _codes(body: CreateMultipleAccessCodes, devices: list[Device], tx: Tx) -> list[AccessCode]:
    """One for each device, in their order; nothing is written."""
    shared = await _shared_pins(body, devices, tx)
    key = f"auto_set_by_create_multiple_{uuid4()}" if body.code is None else None
    codes = []
    for device in devices:
        wish, pin = body.for_one(device.device_id), shared.get(device.device_id)
        if pin is not None:
            code = wishes.new_code(wish, device, pin, tx, common_code_key=key)
            await wishes.refuse_taken(code, tx)
        else:
            own = await _own_pin(body, device, tx)
            code = wishes.new_code(wish, device, own, tx, common_code_key=None)
        codes.append(code)
    return codes


async def _shared_pins(body: CreateMultipleAccessCodes, devices: list[Device], tx: Tx) -> dict[str, Secret]:
    """
    device_id to the PIN that it shares; who cannot share it is left out.

    Raises:
        ApiError: 400, when somebody cannot share it and nobody may differ.
    """
    if body.code is not None:
        share = shared_pins.takers(body.code, devices)
    else:
        share = shared_pins.sharers(devices, body.preferred_code_length)
    if share.refusals and not body.may_differ:
        raise share.refusals[0]
    if body.code is not None:
        return dict.fromkeys(share.device_ids, Secret(body.code))
    try:
        pin = await _free_pin(share, tx)
    except ApiError:
        if not body.may_differ:
            raise
        return {}  # no PIN is free on all of them
    return dict.fromkeys(share.device_ids, pin)


async def _free_pin(share: Share, tx: Tx) -> Secret:
    """One that none of the devices has. Raises: ApiError, 400 when there is none."""
    assert share.rules is not None
    candidates = pins.candidate_pins(share.rules)
    pin = next(candidates)
    while await _is_known_anywhere(share, pin, tx):
        pin = next(candidates)
    return pin


async def _is_known_anywhere(share: Share, pin: Secret, tx: Tx) -> bool:
    for device_id in share.device_ids:
        if await store.access_codes.is_pin_known(tx, device_id, pin):
            return True
    return False


async def _own_pin(body: CreateMultipleAccessCodes, device: Device, tx: Tx) -> Secret | None:
    """For a device that does not share; None: its vendor chooses."""
    if device.can.vendor_may_choose:
        return None
    return await wishes.free_pin(device, body.preferred_code_length, tx)


# --- update ----------------------------------------------------------------------------------------------


@operation("/access_codes/update_multiple", UpdateMultipleAccessCodes, CHANGES, auth=SESSIONS)
async def update_multiple(body: UpdateMultipleAccessCodes, caller: Caller, tx: Tx) -> Answer:
    """Wish for another name or time frame of all codes that share a key. Their PIN stays."""
    changing = []
    for code in await _living(body.common_code_key, caller, tx):
        device = await store.devices.get(tx, caller.workspace_id, code.device_id)
        changes = await wishes.changes(body.for_one(code.access_code_id), code, device, tx)
        changing.append((code, changes, device))
    caller.limit("access_codes.update", *{device.device_id for _, _, device in changing})
    for code, changes, device in changing:
        await wishes.rewish(code, changes, device, tx)
    return {}


async def _living(common_code_key: str, caller: Caller, tx: Tx) -> list[AccessCode]:
    """
    The codes of a key that are not over.

    Raises:
        ApiError: 404 when the key has no code; 400 when all that it has are being removed.
    """
    codes = await store.access_codes.with_key(tx, caller.workspace_id, common_code_key)
    if not codes:
        words = "Could not find an access_code with common_code_key"
        raise not_found("access_code", words, common_code_key=common_code_key)
    living = [code for code in codes if not code.is_over(tx.now)]
    if not living:
        access_codes.refuse_over(codes[0], tx.now)
    return living


# --- reports ---------------------------------------------------------------------------------------------


@operation("/access_codes/report_device_constraints", ReportDeviceConstraints, CREATES, auth=SESSIONS)
async def report_device_constraints(body: ReportDeviceConstraints, caller: Caller, tx: Tx) -> NoReturn:
    """Tell which lengths of PINs a device takes. No brand here needs that told."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    raise ApiError(
        "unsupported_device",
        f"{device.display_name} takes no reports: its vendor says which lengths of codes it takes",
        data={"device_id": device.device_id},
    )
