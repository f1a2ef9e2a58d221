"""`/devices/…`. What is read most is served as it was stored, without being decoded on the way."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from .. import store
from ..domain.devices import Device
from ..domain.errors import ApiError
from ..domain.instants import parse_instant, to_wire
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import READS, UPDATES, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import (
    CustomMetadata,
    CustomMetadataFilter,
    Instant,
    Limit,
    NonEmpty,
    PageCursor,
    Uuid,
)
from . import backup_pool, metadata
from .connect_webviews import Category
from .handing_over import hand_over

Row = tuple[Any, ...]


class GetDevice(msgspec.Struct, forbid_unknown_fields=True):
    """By id or by name, at least one."""

    device_id: Uuid | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.device_id is None and self.name is None:
            raise ValueError("Either 'device_id' or 'name' is required")


class ListDevices(msgspec.Struct, forbid_unknown_fields=True):
    """Filters combine; an empty list matches nothing."""

    device_ids: list[str] | None = None
    connected_account_id: Uuid | None = None
    connected_account_ids: list[str] | None = None
    connect_webview_id: Uuid | None = None
    device_type: str | None = None
    device_types: list[str] | None = None
    manufacturer: str | None = None
    customer_key: str | None = None
    space_id: Uuid | None = None
    unstable_location_id: Uuid | None = None
    user_identifier_key: str | None = None
    custom_metadata_has: CustomMetadataFilter | None = None
    created_before: Instant | None = None
    search: NonEmpty | None = None
    include_if: list[str] | None = None
    exclude_if: list[str] | None = None
    limit: Limit = 500
    page_cursor: PageCursor = None


class LegacyProperties(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None


class UpdateDevice(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid
    name: Annotated[str, Meta(max_length=255)] | msgspec.UnsetType | None = msgspec.UNSET
    properties: LegacyProperties | None = None
    is_managed: bool = True
    custom_metadata: CustomMetadata | None = None
    backup_access_code_pool_enabled: bool | None = None


class ListDeviceProviders(msgspec.Struct, forbid_unknown_fields=True):
    provider_category: Category | None = None


async def device_json(
    device_id: str | None, name: str | None, caller: Caller, tx: Tx, *, is_managed: bool = True
) -> msgspec.Raw:
    """The stored wire object of one device. Raises: ApiError, 404 `device_not_found`."""
    workspace_id = caller.workspace_id
    if device_id is None:
        assert name is not None
        device_id = await store.devices.id_by_name(tx, workspace_id, name, is_managed=is_managed)
    return msgspec.Raw(await store.devices.rendered(tx, workspace_id, device_id, is_managed=is_managed))


@operation("/devices/get", GetDevice, READS, returns={"device": "Device"}, is_timeless=True, auth=SESSIONS)
async def get(body: GetDevice, caller: Caller, tx: Tx) -> Answer:
    """One managed device."""
    return {"device": await device_json(body.device_id, body.name, caller, tx)}


@operation(
    "/devices/list", ListDevices, READS, returns={"devices": "[Device]"}, is_timeless=True, auth=SESSIONS
)
async def list_(body: ListDevices, caller: Caller, tx: Tx) -> Answer:
    """The workspace's managed devices, oldest first."""
    found, following = await page(body, caller, tx)
    return {
        "devices": found,
        "pagination": pagination(body, "/devices/list", caller.house.public_url, following),
    }


async def page(
    body: ListDevices, caller: Caller, tx: Tx, *, is_managed: bool = True
) -> tuple[list[msgspec.Raw], Position | None]:
    """One page of stored wire objects."""
    rows, following = await collect(
        lambda position, size: store.devices.list_rendered(
            tx, caller.workspace_id, position, size, is_managed=is_managed
        ),
        lambda row: Position(row[3], row[2]),
        read_cursor(body),
        body.limit,
        await _filter(body, caller, tx),
    )
    return [msgspec.Raw(row[0]) for row in rows], following


async def _filter(body: ListDevices, caller: Caller, tx: Tx) -> Callable[[Row], bool] | None:
    """What the filters ask of a stored object; None without any, so that nothing is decoded."""
    user = body.user_identifier_key  # to that the store keeps by itself
    unfiltered = type(body)(limit=body.limit, page_cursor=body.page_cursor, user_identifier_key=user)
    if body == unfiltered:
        return None
    accounts = await _accounts_of_webview(body.connect_webview_id, caller, tx)
    customers = {
        account.connected_account_id: account.customer_key
        for account in await store.connected_accounts.list_all(tx, caller.workspace_id)
    }
    before = None if body.created_before is None else to_wire(parse_instant(body.created_before))

    def matches(row: Row) -> bool:
        wire = msgspec.json.decode(row[0])
        return (
            _is_in(wire["device_id"], body.device_ids)
            and _is_in(wire["connected_account_id"], body.connected_account_ids)
            and _is_in(wire["connected_account_id"], accounts)
            and _is_in(wire["device_type"], body.device_types)
            and body.connected_account_id in (None, wire["connected_account_id"])
            and body.device_type in (None, wire["device_type"])
            and body.manufacturer in (None, wire["properties"].get("manufacturer"))
            and body.customer_key in (None, customers.get(wire["connected_account_id"]))
            and (body.space_id or body.unstable_location_id) is None
            and metadata.matches(wire["custom_metadata"], body.custom_metadata_has)
            and (before is None or wire["created_at"] < before)
            and all(wire.get(flag) is True for flag in body.include_if or [])
            and not any(wire.get(flag) is True for flag in body.exclude_if or [])
            and (body.search is None or _is_found(wire, body.search.lower()))
        )

    return matches


async def _accounts_of_webview(connect_webview_id: str | None, caller: Caller, tx: Tx) -> list[str] | None:
    if connect_webview_id is None:
        return None
    webview = await store.connect_webviews.get(tx, caller.workspace_id, connect_webview_id)
    return [webview.connected_account_id] if webview.connected_account_id else []


def _is_in(value: str, accepted: list[str] | None) -> bool:
    return accepted is None or value in accepted


def _is_found(wire: dict[str, Any], text: str) -> bool:
    if len(text) >= 4 and wire["device_id"].startswith(text):
        return True
    fields = (
        wire["connected_account_id"],
        wire.get("display_name", wire["properties"]["name"]).lower(),
        wire.get("location", {}).get("location_name", "").lower(),
    )
    return any(text in field for field in fields) or metadata.contains(wire["custom_metadata"], text)


@operation("/devices/update", UpdateDevice, UPDATES, auth=SESSIONS)
async def update(body: UpdateDevice, caller: Caller, tx: Tx) -> Answer:
    """Name a device, give it metadata, keep spare codes on it or end that, or manage it no longer."""
    device = await store.devices.get_any(tx, caller.workspace_id, body.device_id)
    if not device.is_managed:
        raise ApiError(
            "device_unmanaged",
            "This device is unmanaged: make it managed with /devices/unmanaged/update first",
            data={"device_id": device.device_id},
        )
    account = await store.connected_accounts.get(tx, caller.workspace_id, device.connected_account_id)
    changed = _named(device, body)
    if body.custom_metadata is not None:
        merged = metadata.merged(device.custom_metadata, body.custom_metadata)
        changed = replace(changed, custom_metadata=merged)
    if body.backup_access_code_pool_enabled is not None:
        is_on = body.backup_access_code_pool_enabled
        switched = backup_pool.switched_on if is_on else backup_pool.switched_off
        changed = await switched(changed, tx)
    if changed.display_name != device.display_name:
        tx.emit(changed.event("device.name_changed", tx.now, device_name=changed.display_name))
    if not body.is_managed:
        changed = await hand_over(changed, account, tx)
    await store.devices.update_device(tx, changed, caller.house.render(changed, account))
    return {}


def _named(device: Device, body: UpdateDevice) -> Device:
    """`name` null takes the nickname away; the old `properties.name` is another way to give one."""
    if body.name is not msgspec.UNSET:
        return replace(device, nickname=body.name or None)
    if body.properties is not None and body.properties.name:
        return replace(device, nickname=body.properties.name)
    return device


@operation(
    "/devices/list_device_providers",
    ListDeviceProviders,
    READS,
    returns={"device_providers": "[DeviceProvider]"},
    is_timeless=True,
    auth=SESSIONS,
)
async def list_device_providers(body: ListDeviceProviders, caller: Caller, tx: Tx) -> Answer:
    """The brands that can be connected here."""
    return {
        "device_providers": [
            {
                "device_provider_name": manifest.key,
                "display_name": manifest.display_name,
                "image_url": f"{caller.house.public_url}/connect_webviews/brands/{manifest.key}.svg",
                "provider_categories": list(manifest.provider_categories),
                **dict.fromkeys(manifest.flags, True),
            }
            for manifest in caller.house.manifests.values()
            if body.provider_category in (None, *manifest.provider_categories)
        ]
    }
