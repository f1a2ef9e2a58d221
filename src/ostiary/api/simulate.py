"""
`/access_codes/simulate/…`: in a sandbox, somebody else does something at a lock.

It is done to the simulated vendor's own state, in the transaction that answers: the vendor has it or nobody
was told of it, and the engine's next look finds what was answered.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from .. import store
from ..domain import access_codes, pins, unmanaged_codes
from ..domain.attribution import Seen
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.errors import ApiError, Rejected
from ..domain.failure import DUPLICATE
from ..domain.provider import ObservedCode, TakesCodesOfOthers
from ..domain.room import NO_SPACE
from ..domain.secrets import Secret
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import CREATES, Answer, Caller, operation
from ..wire.validation import NonEmpty, Uuid


class CreateUnmanagedAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid
    name: NonEmpty
    code: Annotated[
        str, Meta(min_length=4, max_length=8, pattern=r"^[0-9]+(?!\n)$", extra={"hint": "digits only"})
    ]


@operation(
    "/access_codes/simulate/create_unmanaged_access_code",
    CreateUnmanagedAccessCode,
    CREATES,
    returns={"access_code": "UnmanagedAccessCode"},
    auth=SESSIONS,
)
async def create_unmanaged_access_code(body: CreateUnmanagedAccessCode, caller: Caller, tx: Tx) -> Answer:
    """Somebody makes a code in the vendor's app: the simulated lock has it, and it is not yours."""
    if not caller.workspace.is_sandbox:
        raise ApiError("workspace_not_sandbox", "Only a sandbox workspace can simulate what others do")
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
    simulator = caller.house.takes_codes_of_others(caller.workspace, device.provider)
    if simulator is None:
        raise ApiError(
            "device_type_not_supported",
            f"Nobody chooses PINs on {device.display_name}: others cannot be simulated to",
            data={"device_id": device.device_id},
        )
    code = Secret(body.code)
    await _refuse(code, device, tx)
    await store.connected_accounts.wake(tx, device.connected_account_id)
    made = await _made(simulator, body.name, code, device, account, tx)
    seen = Seen(made, tx.vault.pin_hash(device.device_id, code))
    findings = unmanaged_codes.observe((), (seen,), device, tx.now)
    await store.unmanaged_codes.keep(tx, findings)
    # A look that is under way has not seen it: this keeps it from telling that the code has gone.
    await store.devices.notice(tx, device, look_wanted=True)
    return {"access_code": findings.appeared[0].as_wire(device, account, tx.now)}


async def _refuse(code: Secret, device: Device, tx: Tx) -> None:
    """Raises: ApiError, for what no look could ever show."""
    access_codes.refuse_uncodable(device, device.can)
    pins.check_pin(code.reveal(), device.can, device)
    if await store.access_codes.is_pin_known(tx, device.device_id, code):
        raise _duplicate(device)


async def _made(
    simulator: TakesCodesOfOthers, name: str, code: Secret, device: Device, account: ConnectedAccount, tx: Tx
) -> ObservedCode:
    """Raises: ApiError, when the lock will not have it."""

    def change(state: bytes) -> tuple[bytes, ObservedCode] | None:
        return simulator.code_of_others(
            state, account.vendor_account_id, device.vendor_device_id, name, code, tx.now
        )

    try:
        made = await store.homes.change_one(tx, device.workspace_id, device.provider, change)
    except Rejected as error:
        if error.error_code == DUPLICATE:
            raise _duplicate(device) from error
        if error.error_code == NO_SPACE:
            raise ApiError(
                "no_space_for_access_code_on_device",
                f"{device.display_name} holds as many codes as it can",
                data={"device_id": device.device_id},
            ) from error
        raise ApiError(error.error_code, str(error), data={"device_id": device.device_id}) from error
    if made is None:
        raise ApiError(
            "device_disconnected",
            f"{device.display_name} is not in its account any more",
            data={"device_id": device.device_id},
        )
    return made


def _duplicate(device: Device) -> ApiError:
    return ApiError(
        "duplicate_access_code",
        "The code is already that of another access code on this device",
        status=409,
        data={"device_id": device.device_id},
    )
