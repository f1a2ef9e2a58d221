"""
The definitions of all statements, in SQLAlchemy Core. One module per noun, as in `store`.

No server imports them: `make sql` compiles them into `store/sqlite.sql` and `store/postgres.sql`, and
`store.sql` finds them there by name. Tests compare, and look at the plan of each.
"""

from . import (
    access_codes,
    action_attempts,
    client_sessions,
    connect_webviews,
    connected_accounts,
    devices,
    entries,
    events,
    evidence,
    homes,
    installation,
    unmanaged_codes,
    webhooks,
    workspaces,
)
from .compiling import compile_all
from .defining import DEFINITIONS, ENTITIES

__all__ = [
    "DEFINITIONS",
    "ENTITIES",
    "access_codes",
    "action_attempts",
    "client_sessions",
    "compile_all",
    "connect_webviews",
    "connected_accounts",
    "devices",
    "entries",
    "events",
    "evidence",
    "homes",
    "installation",
    "unmanaged_codes",
    "webhooks",
    "workspaces",
]
