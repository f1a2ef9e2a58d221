"""`/ostiary/devices/…`: what the wire has not. How early codes are put on a lock."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import store
from ..domain import lead_times
from ..domain.devices import Device
from ..store.tx import Tx
from ..wire.operation import READS, UPDATES, Answer, Caller, operation
from ..wire.validation import Uuid

Hours = Annotated[int, Meta(ge=1, le=lead_times.MOST_PRELOAD_HOURS)]
Minutes = Annotated[
    int, Meta(ge=lead_times.LEAST_JUST_IN_TIME_MINUTES, le=lead_times.MOST_JUST_IN_TIME_MINUTES)
]


class GetDeviceSettings(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid


class UpdateDeviceSettings(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays, null is as usual."""

    device_id: Uuid
    preload_hours: Hours | UnsetType | None = UNSET
    just_in_time_minutes: Minutes | UnsetType | None = UNSET


@operation(
    "/ostiary/devices/get",
    GetDeviceSettings,
    READS,
    returns={"device_settings": "DeviceSettings"},
    is_timeless=True,
)
async def get(body: GetDeviceSettings, caller: Caller, tx: Tx) -> Answer:
    """How early codes are put on a lock."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    return {"device_settings": _wire(device)}


@operation(
    "/ostiary/devices/update",
    UpdateDeviceSettings,
    UPDATES,
    returns={"device_settings": "DeviceSettings"},
)
async def update(body: UpdateDeviceSettings, caller: Caller, tx: Tx) -> Answer:
    """Put codes on a lock earlier or later than usual. It holds at once, for all of its codes."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
    wanted: dict[str, Any] = {
        name: value
        for name in ("preload_hours", "just_in_time_minutes")
        if (value := getattr(body, name)) is not UNSET
    }
    changed = replace(device, **wanted)
    if changed != device:
        await store.connected_accounts.wake(tx, device.connected_account_id)
        await store.devices.wake(tx, device.device_id)
        await store.devices.update_device(tx, changed, caller.house.render(changed, account))
        tx.ledger.know(changed, account)
        for code in await store.access_codes.on_device(tx, device.device_id):
            tx.ledger.touch(code)  # their status may be another, though they are the same
    return {"device_settings": _wire(changed)}


def _wire(device: Device) -> Answer:
    return lead_times.in_force(device.device_id, device.preload_hours, device.just_in_time_minutes)
