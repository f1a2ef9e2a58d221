"""`/locks/…`: doors. A request only writes down what is wanted; the engine operates the door."""

import msgspec

from .. import store
from ..domain.action_attempts import DOOR_DEADLINE, ActionType, requested
from ..domain.devices import refuse_without
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import CREATES, READS, Answer, Caller, operation
from ..wire.validation import Uuid
from . import devices
from .devices import GetDevice, ListDevices


class OperateDoor(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid
    sync: bool | None = None


@operation(
    "/locks/get",
    GetDevice,
    READS,
    returns={"device": "Device", "lock": "Device"},
    is_timeless=True,
    auth=SESSIONS,
)
async def get(body: GetDevice, caller: Caller, tx: Tx) -> Answer:
    """One lock; the same object twice, as older clients read the other key."""
    device = await devices.device_json(body.device_id, body.name, caller, tx)
    return {"lock": device, "device": device}


@operation(
    "/locks/list",
    ListDevices,
    READS,
    returns={"devices": "[Device]", "locks": "[Device]"},
    is_timeless=True,
    auth=SESSIONS,
)
async def list_(body: ListDevices, caller: Caller, tx: Tx) -> Answer:
    """The workspace's locks; the same list twice, as older clients read the other key."""
    found, _ = await devices.page(body, caller, tx)
    return {"locks": found, "devices": found}


@operation(
    "/locks/lock_door", OperateDoor, CREATES, returns={"action_attempt": "ActionAttempt"}, auth=SESSIONS
)
async def lock_door(body: OperateDoor, caller: Caller, tx: Tx) -> Answer:
    """Lock a door. Answers at once; the attempt tells how it went."""
    return await _operate(body, caller, tx, "LOCK_DOOR")


@operation(
    "/locks/unlock_door", OperateDoor, CREATES, returns={"action_attempt": "ActionAttempt"}, auth=SESSIONS
)
async def unlock_door(body: OperateDoor, caller: Caller, tx: Tx) -> Answer:
    """Unlock a door. Answers at once; past its deadline the attempt fails and nothing opens late."""
    return await _operate(body, caller, tx, "UNLOCK_DOOR")


async def _operate(body: OperateDoor, caller: Caller, tx: Tx, action_type: ActionType) -> Answer:
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
    can = device.can
    is_lock = action_type == "LOCK_DOOR"
    flag = can.can_remotely_lock if is_lock else can.can_remotely_unlock
    refuse_without(device, flag, "be locked remotely" if is_lock else "be unlocked remotely")
    caller.limit(action_type.lower(), device.device_id)
    attempt = requested(action_type, device, tx.now, deadline_at=tx.now + DOOR_DEADLINE)
    if account.is_disconnected:
        message = "The account of this device is disconnected. Connect it again first."
        attempt = attempt.failed(tx.now, "account_disconnected", message)
    await store.action_attempts.insert(tx, attempt)
    if attempt.status == "pending":
        await store.connected_accounts.wake(tx, device.connected_account_id)
        await store.devices.wake(tx, device.device_id)
    return {"action_attempt": attempt.as_wire()}
