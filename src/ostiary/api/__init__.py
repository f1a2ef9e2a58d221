"""What a caller may ask. One module per noun of the wire; importing them fills the operation table."""

from . import (
    access_codes,
    access_codes_multiple,
    action_attempts,
    backup_pool,
    connect_webviews,
    connected_accounts,
    device_settings,
    devices,
    events,
    evidence,
    locks,
    plans,
    simulate,
    unmanaged_codes,
    unmanaged_devices,
    workspaces,
)

__all__ = [
    "access_codes",
    "access_codes_multiple",
    "action_attempts",
    "backup_pool",
    "connect_webviews",
    "connected_accounts",
    "device_settings",
    "devices",
    "events",
    "evidence",
    "locks",
    "plans",
    "simulate",
    "unmanaged_codes",
    "unmanaged_devices",
    "workspaces",
]
