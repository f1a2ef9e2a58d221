"""
`/devices/unmanaged/…`: devices that are seen and left alone. They are polled for their state; nobody can lock
or unlock them, or put codes on them.
"""

from dataclasses import replace

import msgspec

from .. import store
from ..domain.errors import ApiError, InvalidInput
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import READS, Answer, Caller, operation
from ..wire.pages import pagination
from ..wire.validation import CustomMetadata, Limit, Uuid
from . import metadata
from .devices import GetDevice, ListDevices, device_json, page

UPDATES = ("PATCH", "POST")


class GetUnmanagedDevice(GetDevice, forbid_unknown_fields=True):
    """By id or by name, at least one."""


class ListUnmanagedDevices(ListDevices, forbid_unknown_fields=True):
    """Filters combine; an empty list matches nothing."""

    limit: Limit = 22900


class UpdateUnmanagedDevice(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid
    is_managed: bool | None = None
    custom_metadata: CustomMetadata | None = None


@operation(
    "/devices/unmanaged/get",
    GetUnmanagedDevice,
    READS,
    returns={"device": "UnmanagedDevice"},
    is_timeless=True,
    auth=SESSIONS,
)
async def get(body: GetUnmanagedDevice, caller: Caller, tx: Tx) -> Answer:
    """One device that is not managed."""
    return {"device": await device_json(body.device_id, body.name, caller, tx, is_managed=False)}


@operation(
    "/devices/unmanaged/list",
    ListUnmanagedDevices,
    READS,
    returns={"devices": "[UnmanagedDevice]"},
    is_timeless=True,
)
async def list_(body: ListUnmanagedDevices, caller: Caller, tx: Tx) -> Answer:
    """The workspace's devices that are not managed, oldest first."""
    found, following = await page(body, caller, tx, is_managed=False)
    path = "/devices/unmanaged/list"
    return {"devices": found, "pagination": pagination(body, path, caller.house.public_url, following)}


@operation("/devices/unmanaged/update", UpdateUnmanagedDevice, UPDATES)
async def update(body: UpdateUnmanagedDevice, caller: Caller, tx: Tx) -> Answer:
    """Manage a device, or give it metadata. Codes that stand on it are taken over one by one."""
    if body.is_managed is False:
        raise InvalidInput(
            "An unmanaged device can only become managed. To manage one no longer, use /devices/update with "
            "is_managed: false",
            "is_managed",
        )
    device = await store.devices.get_any(tx, caller.workspace_id, body.device_id)
    if device.is_managed:
        raise ApiError(
            "device_managed",
            "This device is managed: use /devices/update",
            data={"device_id": device.device_id},
        )
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
    if body.custom_metadata is not None:
        merged = metadata.merged(device.custom_metadata, body.custom_metadata)
        device = replace(device, custom_metadata=merged)
    if body.is_managed:
        device = replace(device, is_managed=True)
        device = replace(device, look_wanted=device.look_wanted or device.may_hold_codes)
        tx.emit(device.event("device.unmanaged.converted_to_managed", tx.now))
        await store.connected_accounts.wake(tx, device.connected_account_id)
        await store.devices.wake(tx, device.device_id)
    await store.devices.update_device(tx, device, caller.house.render(device, account))
    return {}
