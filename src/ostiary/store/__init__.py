"""
All SQL. One module per noun; functions take a `Tx` and, for a tenant's data, the workspace's id.

They run statements by name. `statements` defines them, one module per noun again.
"""

from . import (
    access_codes,
    action_attempts,
    client_sessions,
    connect_webviews,
    connected_accounts,
    deliveries,
    devices,
    entries,
    events,
    evidence,
    homes,
    rehearsals,
    unmanaged_codes,
    webhooks,
    workspaces,
)

__all__ = [
    "access_codes",
    "action_attempts",
    "client_sessions",
    "connect_webviews",
    "connected_accounts",
    "deliveries",
    "devices",
    "entries",
    "events",
    "evidence",
    "homes",
    "rehearsals",
    "unmanaged_codes",
    "webhooks",
    "workspaces",
]
