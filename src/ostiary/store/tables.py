"""
The tables, the same on SQLite and PostgreSQL.

Migrations and `store.statements` read them; no server does.

Only what both databases share: text, integers and bytes. A column says in `info["kind"]` what its value
means: `instant` (milliseconds since 1970, UTC), `flag` (0 or 1), `json` (text), `secret` (AES-GCM, bound to
its table, row and column). `store.rows` goes by the types of the dataclass, and no statement is compiled when
the two differ.

Two clocks: columns named `due_at`, `leased_until` and `queued_at` of `connected_accounts` hold real time,
because they drive the process; every other instant is the workspace's own time.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()


def _id(name: str, **extra: Any) -> Column[Any]:
    return Column(name, Text, primary_key=True, **extra)


def _text(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=null)


def _ref(name: str, target: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Text, ForeignKey(target, ondelete="CASCADE"), nullable=null)


def _member(name: str, target: str) -> Column[Any]:
    """One half of a row that only says that two belong together."""
    return Column(name, Text, ForeignKey(target, ondelete="CASCADE"), primary_key=True)


def _int(name: str, *, null: bool = False, default: int | None = None) -> Column[Any]:
    return Column(
        name, BigInteger, nullable=null, server_default=None if default is None else text(str(default))
    )


def _flag(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False, info={"kind": "flag"})


def _at(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=null, info={"kind": "instant"})


def _json(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=null, info={"kind": "json"})


def _secret(name: str, *, null: bool = True) -> Column[Any]:
    return Column(name, LargeBinary, nullable=null, info={"kind": "secret"})


def _where(condition: str) -> dict[str, Any]:
    """Makes an index partial, so that the many rows that it is not about cost nothing."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


installation = Table(
    "installation",
    metadata,
    _id("name"),
    Column("value", LargeBinary, nullable=False),
)

workspaces = Table(
    "workspaces",
    metadata,
    _id("workspace_id"),
    _text("name"),
    _flag("is_sandbox"),
    _int("clock_offset_ms"),
    _at("clock_frozen_at", null=True),
    _at("created_at"),
    _text("company_name", null=True),
    _text("connect_partner_name", null=True),
    _flag("is_publishable_key_auth_enabled"),
)

api_keys = Table(
    "api_keys",
    metadata,
    _id("api_key_id"),
    _ref(
        "workspace_id", "workspaces.workspace_id", null=True
    ),  # None: a personal access token, all workspaces
    _text("kind"),
    _text("name"),
    _text("shown_prefix"),
    _text("token_hash"),
    _at("created_at"),
    _at("revoked_at", null=True),
    UniqueConstraint("token_hash", name="api_keys_token"),
)

connect_webviews = Table(
    "connect_webviews",
    metadata,
    _id("connect_webview_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _secret("auth_token", null=False),
    _text("auth_token_hash"),
    _text("status"),
    _text("connected_account_id", null=True),
    _text("selected_provider", null=True),
    _json("accepted_providers"),
    _json("accepted_capabilities"),
    _flag("any_provider_allowed"),
    _text("device_selection_mode"),
    _text("custom_redirect_url", null=True),
    _text("custom_redirect_failure_url", null=True),
    _json("custom_metadata"),
    _text("customer_key", null=True),
    _flag("automatically_manage_new_devices"),
    _flag("wait_for_device_creation"),
    _text("login_state_hash", null=True),
    _secret("login_verifier"),
    _secret("pending_login"),
    _at("authorized_at", null=True),
    _at("expires_at"),
    _at("created_at"),
    Index("connect_webviews_list", "workspace_id", "created_at", "connect_webview_id"),
    Index("connect_webviews_state", "login_state_hash"),
)

connected_accounts = Table(
    "connected_accounts",
    metadata,
    _id("connected_account_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _text("provider"),
    _text("vendor_account_id"),
    _text("display_name"),
    _json("user_identifier"),
    _json("accepted_capabilities"),
    _flag("automatically_manage_new_devices"),
    _json("custom_metadata"),
    _text("customer_key", null=True),
    _json("errors"),
    _json("warnings"),
    _json("settings"),
    _secret("access_token", null=False),
    _secret("refresh_token"),
    _secret("activations"),
    _at("token_expires_at", null=True),
    _at("created_at"),
    _at("connected_at"),
    _at("first_synced_at", null=True),
    _at("poll_at", null=True),
    _int("attempts"),
    _at("paused_until", null=True),
    _text("notices_base", null=True),
    _text("notices_hash", null=True),
    _text("notices_id", null=True),
    _secret("notices_secret"),
    _at("notices_at", null=True),
    _flag("are_notices_refused"),
    # Real time from here on.
    _int("due_at", null=True),
    _text("lease", null=True),
    _int("leased_until"),
    UniqueConstraint("workspace_id", "provider", "vendor_account_id", name="connected_accounts_vendor"),
    Index("connected_accounts_list", "workspace_id", "created_at", "connected_account_id"),
    Index("connected_accounts_due", "due_at"),
    Index("connected_accounts_notices", "notices_hash", **_where("notices_hash IS NOT NULL")),
)

# What a user of an API user's app may see: accounts, and webviews with the accounts that come out of them.
client_sessions = Table(
    "client_sessions",
    metadata,
    _id("client_session_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _secret("token", null=False),
    _text("token_hash"),
    _text("user_identifier_key", null=True),
    _text("customer_key", null=True),
    _at("expires_at"),
    _at("revoked_at", null=True),
    _at("created_at"),
    UniqueConstraint("token_hash", name="client_sessions_token"),
    Index("client_sessions_list", "workspace_id", "created_at", "client_session_id"),
    Index(
        "client_sessions_key",
        "workspace_id",
        "user_identifier_key",
        unique=True,
        **_where("revoked_at IS NULL AND user_identifier_key IS NOT NULL"),
    ),
)

client_session_accounts = Table(
    "client_session_accounts",
    metadata,
    _member("client_session_id", "client_sessions.client_session_id"),
    _member("connected_account_id", "connected_accounts.connected_account_id"),
    Index("client_session_accounts_account", "connected_account_id"),
)

client_session_webviews = Table(
    "client_session_webviews",
    metadata,
    _member("client_session_id", "client_sessions.client_session_id"),
    _member("connect_webview_id", "connect_webviews.connect_webview_id"),
    Index("client_session_webviews_webview", "connect_webview_id"),
)

devices = Table(
    "devices",
    metadata,
    _id("device_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _ref("connected_account_id", "connected_accounts.connected_account_id"),
    _text("provider"),
    _text("vendor_device_id"),
    _text("device_type"),
    _text("name"),
    _text("nickname", null=True),
    _flag("is_managed"),
    _flag("is_online"),
    _json("capabilities"),
    _json("properties"),
    _text("time_zone", null=True),
    _json("errors"),
    _json("warnings"),
    _json("custom_metadata"),
    _text("rendered"),  # the wire's object as it is served, after RENDERING
    _int("rendering"),
    _at("created_at"),
    _at("removed_at", null=True),
    _at("due_at", null=True),
    _int("attempts"),
    _flag("sync_wanted"),
    _flag("look_wanted"),
    _at("looked_at", null=True),
    _at("noticed_at", null=True),
    _at("seen_at", null=True),
    _flag("has_backup_pool"),
    _int("spares"),
    # As the API user wants it, beside what the look shows; None: as usual.
    _int("preload_hours", null=True),
    _int("just_in_time_minutes", null=True),
    _at("disturbed_at", null=True),
    UniqueConstraint("connected_account_id", "vendor_device_id", name="devices_vendor"),
    Index("devices_list", "workspace_id", "created_at", "device_id"),
    Index("devices_due", "connected_account_id", "due_at"),
)

access_codes = Table(
    "access_codes",
    metadata,
    _id("access_code_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _ref("connected_account_id", "connected_accounts.connected_account_id"),
    _ref("device_id", "devices.device_id"),
    _text("mark"),
    # The wish.
    _text("name", null=True),
    _secret("code"),
    _text("code_hash", null=True),
    _at("starts_at", null=True),
    _at("ends_at", null=True),
    _flag("is_external_modification_allowed"),
    _flag("prefer_native_scheduling"),
    _flag("attempt_for_offline_device"),
    _text("common_code_key", null=True),
    _int("generation"),
    _at("created_at"),
    _at("wished_at"),
    _at("delete_requested_at", null=True),
    # The fact, as the last look showed it.
    _flag("was_sent"),
    _text("vendor_code_id", null=True),
    _text("vendor_name", null=True),
    _at("confirmed_at", null=True),
    _text("confirmed_name", null=True),
    _secret("confirmed_code"),
    _text("confirmed_code_hash", null=True),
    _at("confirmed_starts_at", null=True),
    _at("confirmed_ends_at", null=True),
    _int("confirmed_generation"),
    _text("announced"),
    _at("gone_at", null=True),
    # The way from one to the other.
    _int("attempts"),
    _at("retry_at", null=True),
    _int("refused_generation", null=True),
    _flag("is_code_from_vendor"),
    _flag("waits_for_room"),
    _json("errors"),
    _json("warnings"),
    # From and to the codes of others.
    _text("conversion"),
    _at("released_at", null=True),
    # On which weekdays and between which hours, as wished and as the last look showed it fulfilled.
    _json("weekly_window", null=True),
    _json("confirmed_weekly_window", null=True),
    # The device's pool of spares.
    _flag("is_backup"),
    _at("pulled_at", null=True),
    _text("pulled_for", null=True),
    _text("pulled_backup_access_code_id", null=True),
    _text("seen_as", null=True),
    # What somebody else has made of it.
    _text("drift"),
    _int("undone"),
    _at("undone_at", null=True),
    Index("access_codes_device", "device_id", "gone_at", "created_at"),
    Index("access_codes_list", "workspace_id", "created_at", "access_code_id"),
    Index("access_codes_gone", "device_id", "mark", **_where("gone_at IS NOT NULL")),
    Index("access_codes_key", "workspace_id", "common_code_key", **_where("common_code_key IS NOT NULL")),
    Index(
        "access_codes_shown",
        "device_id",
        "confirmed_code_hash",
        **_where("confirmed_code_hash IS NOT NULL"),
    ),
    # The backstop behind DuplicateAccessCode: one PIN once per lock among living codes.
    Index(
        "access_codes_pin",
        "device_id",
        "code_hash",
        unique=True,
        **_where("gone_at IS NULL AND code_hash IS NOT NULL"),
    ),
)

# What somebody else put on the lock, as the last look showed it.
unmanaged_access_codes = Table(
    "unmanaged_access_codes",
    metadata,
    _id("access_code_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _ref("connected_account_id", "connected_accounts.connected_account_id"),
    _ref("device_id", "devices.device_id"),
    _text("vendor_code_id"),
    _text("name", null=True),
    _secret("code"),
    _text("code_hash", null=True),
    _at("starts_at", null=True),
    _at("ends_at", null=True),
    _flag("is_enabled"),
    _at("created_at"),
    _at("gone_at", null=True),
    _text("mark", null=True),
    _flag("is_exact"),
    _flag("is_removable"),
    # The wish that it goes, and the way there.
    _at("delete_requested_at", null=True),
    _at("delete_sent_at", null=True),
    _at("retry_at", null=True),
    _json("weekly_window", null=True),
    Index("unmanaged_access_codes_list", "device_id", "gone_at", "created_at", "access_code_id"),
    Index("unmanaged_access_codes_vendor", "device_id", "vendor_code_id", "created_at"),
    Index(
        "unmanaged_access_codes_entry",
        "device_id",
        "vendor_code_id",
        unique=True,
        **_where("gone_at IS NULL"),
    ),
    Index(
        "unmanaged_access_codes_pin",
        "device_id",
        "code_hash",
        **_where("code_hash IS NOT NULL"),
    ),
)

# Under which ids a vendor has had our codes. Stays when they are gone: its log may tell of them later.
vendor_codes = Table(
    "vendor_codes",
    metadata,
    Column("device_id", Text, ForeignKey("devices.device_id", ondelete="CASCADE"), primary_key=True),
    _id("vendor_code_id"),
    _ref("access_code_id", "access_codes.access_code_id"),
)

# How far the vendor's log about a device has been told.
entry_marks = Table(
    "entry_marks",
    metadata,
    Column("device_id", Text, ForeignKey("devices.device_id", ondelete="CASCADE"), primary_key=True),
    _at("since_at"),
    _at("read_until"),
    _at("asked_at", null=True),
    _flag("was_online"),
    _json("told"),
)

# Every write to a vendor, written down before it is made.
steps = Table(
    "steps",
    metadata,
    _id("step_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _ref("device_id", "devices.device_id"),
    _ref("access_code_id", "access_codes.access_code_id"),
    _text("kind"),
    _int("generation"),
    _text("vendor_code_id", null=True),
    _text("code_hash", null=True),
    _at("planned_at"),
    _text("outcome"),
    _at("wait_until"),
    _at("reaches_at"),
    _at("settled_at", null=True),
    Index(
        "steps_open",
        "device_id",
        **_where("settled_at IS NULL"),
    ),
    Index("steps_code", "access_code_id", "planned_at"),
)

# What is known of a code, in a signed chain. Stays when code, device and account are gone.
evidence = Table(
    "evidence",
    metadata,
    _id("access_code_id"),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _ref("workspace_id", "workspaces.workspace_id"),
    _at("at"),
    _text("kind"),
    _text("status", null=True),
    _text("facts"),  # JSON as it was signed, byte by byte
    _text("previous_hash"),
    _text("hash"),
    _text("seal", null=True),
)

action_attempts = Table(
    "action_attempts",
    metadata,
    _id("action_attempt_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _text("connected_account_id"),
    _text("device_id"),
    _text("access_code_id", null=True),
    _text("action_type"),
    _text("status"),
    _json("result", null=True),
    _json("error", null=True),
    _int("generation"),
    _at("created_at"),
    _at("deadline_at", null=True),
    _at("sent_at", null=True),
    _at("settled_at", null=True),
    _text("vendor_entry_id", null=True),
    Index("action_attempts_list", "workspace_id", "created_at", "action_attempt_id"),
    Index("action_attempts_history", "device_id", "created_at", **_where("deadline_at IS NOT NULL")),
    Index(
        "action_attempts_door",
        "device_id",
        "created_at",
        **_where("status = 'pending' AND deadline_at IS NOT NULL"),
    ),
    Index(
        "action_attempts_code",
        "access_code_id",
        **_where("status = 'pending' AND access_code_id IS NOT NULL"),
    ),
)

events = Table(
    "events",
    metadata,
    # In which order they were committed, within a workspace.
    Column(
        "position",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("event_id", Text, nullable=False),
    _ref("workspace_id", "workspaces.workspace_id"),
    _text("event_type"),
    _text("device_id", null=True),
    _text("access_code_id", null=True),
    _text("connected_account_id", null=True),
    _text("connect_webview_id", null=True),
    _text("action_attempt_id", null=True),
    _text("customer_key", null=True),
    _at("occurred_at"),
    _at("created_at"),
    _json("payload"),
    _secret("secret_fields"),  # those that carry a PIN
    UniqueConstraint("event_id", name="events_id"),
    Index("events_list", "workspace_id", "created_at", "event_id"),
    Index("events_stream", "workspace_id", "position"),
    Index("events_code", "access_code_id", "created_at"),
    sqlite_autoincrement=True,  # a position is not given twice, whatever was deleted
)

# Where events are delivered.
webhooks = Table(
    "webhooks",
    metadata,
    _id("webhook_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _text("url"),
    _json("event_types"),
    _secret("secret", null=False),
    _secret("old_secret"),
    _at("old_secret_ends_at", null=True),
    _at("created_at"),
    _at("disabled_at", null=True),
    Index("webhooks_list", "workspace_id", "created_at", "webhook_id"),
)

# The line of deliveries before one webhook, beside it because it changes with each of them.
webhook_lines = Table(
    "webhook_lines",
    metadata,
    Column("webhook_id", Text, ForeignKey("webhooks.webhook_id", ondelete="CASCADE"), primary_key=True),
    _int("failures"),
    _at("failing_since", null=True),
    _at("succeeded_at", null=True),
    _at("failed_at", null=True),
    _at("rests_until", null=True),
    # Real time.
    _text("lease", null=True),
    _int("leased_until"),
)

# One event on its way to one webhook, and what became of each attempt.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", Text, ForeignKey("webhooks.webhook_id", ondelete="CASCADE"), primary_key=True),
    _id("event_id"),
    _ref("workspace_id", "workspaces.workspace_id"),
    _int("position"),
    _text("event_type"),
    _text("status"),
    _json("attempts"),
    _int("tries"),
    _at("created_at"),
    _at("due_at", null=True),
    _at("settled_at", null=True),
    Index("webhook_deliveries_due", "webhook_id", "due_at", "position", **_where("due_at IS NOT NULL")),
    Index("webhook_deliveries_list", "webhook_id", "position"),
    Index("webhook_deliveries_old", "workspace_id", "settled_at", **_where("settled_at IS NOT NULL")),
)

# The simulated vendors of sandbox workspaces.
virtual_homes = Table(
    "virtual_homes",
    metadata,
    Column("workspace_id", Text, ForeignKey("workspaces.workspace_id", ondelete="CASCADE"), primary_key=True),
    _id("provider"),
    _id("home"),
    _int("version"),
    _secret("state", null=False),
)
