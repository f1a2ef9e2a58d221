"""
The objects that we answer, as shapes.

`/openapi.json` describes answers with them, and tests compare real answers with them. Nothing is built
from them: the domain makes plain dicts, and devices are served as they were stored.

A field that is UNSET may be absent; a field with None may be null. Identifiers are lower-case UUIDs,
instants are UTC with milliseconds and `Z`, levels go from 0 to 1, PINs are text, as zeros may lead.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..domain.access_codes import Status
from ..domain.action_attempts import ActionType
from ..domain.events import EventType
from .evidence_objects import Evidence as Evidence
from .evidence_objects import TimelineEvent as TimelineEvent
from .evidence_objects import TimelinePagination as TimelinePagination
from .forms import Id, Moment, WeeklyWindow
from .plan_objects import Plan as Plan
from .webhook_objects import DeliveryState as DeliveryState
from .webhook_objects import Replay as Replay
from .webhook_objects import Webhook as Webhook
from .webhook_objects import WebhookDelivery as WebhookDelivery

Url = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
Level = Annotated[float, Meta(ge=0, le=1)]
Always = Annotated[bool, Meta(extra_json_schema={"const": True})]
Never = Annotated[bool, Meta(extra_json_schema={"const": False})]
Metadata = dict[str, str | bool]
Capability = Literal["lock", "thermostat", "noise_sensor", "access_control", "camera"]


class ModifiedField(msgspec.Struct, forbid_unknown_fields=True, rename={"before": "from", "after": "to"}):
    """What somebody else changed on a device: field, and its text before and after."""

    field: str
    before: str | None
    after: str | None


class Error(msgspec.Struct, forbid_unknown_fields=True):
    """
    A problem that keeps something from working, until it is mended.

    One of the flags says whose it is. Those of an account are copied to its devices, those of both to the
    codes on them.
    """

    error_code: str
    message: str
    created_at: Moment
    is_connected_account_error: bool | UnsetType = UNSET
    is_device_error: bool | UnsetType = UNSET
    is_access_code_error: Always | UnsetType = UNSET
    change_type: Literal["modified", "removed"] | UnsetType = UNSET
    modified_fields: list[ModifiedField] | UnsetType = UNSET
    unmanaged_access_code_id: Id | UnsetType = UNSET
    managed_access_code_id: Id | UnsetType = UNSET


class Warning(msgspec.Struct, forbid_unknown_fields=True):  # noqa: A001 - the wire's word
    """A problem that may go by itself."""

    warning_code: str
    message: str
    created_at: Moment
    change_type: Literal["modified", "removed"] | UnsetType = UNSET
    modified_fields: list[ModifiedField] | UnsetType = UNSET


class Workspace(msgspec.Struct, forbid_unknown_fields=True):
    """What a key opens. `company_name` and `connect_partner_name` repeat `name` where they were not given."""

    workspace_id: Id
    name: str
    company_name: str
    connect_partner_name: str | None
    connect_webview_customization: dict[str, str]
    is_sandbox: bool
    is_suspended: bool
    is_publishable_key_auth_enabled: bool
    organization_id: Id | None


class ClientSession(msgspec.Struct, forbid_unknown_fields=True):
    """
    What one user of an API user's app may see and do, with the token for it.

    `device_count` counts the managed devices of its accounts. `customer_key` is absent when none was given.
    """

    client_session_id: Id
    workspace_id: Id
    token: str
    user_identifier_key: str | None
    created_at: Moment
    expires_at: Moment
    device_count: int
    connected_account_ids: list[Id]
    connect_webview_ids: list[Id]
    user_identity_ids: list[Id]
    customer_key: str | UnsetType = UNSET


class Clock(msgspec.Struct, forbid_unknown_fields=True):
    """A workspace's time. `offset_seconds` is how far it stands from real time, in seconds."""

    now: Moment
    is_frozen: bool
    offset_seconds: float


class ConnectWebview(msgspec.Struct, forbid_unknown_fields=True):
    """
    A link through which somebody connects an account.

    `connected_account_id`, `selected_provider` and `authorized_at` are null until the login is done.
    `url` holds the link's own secret. `customer_key` is absent when none was given.
    """

    connect_webview_id: Id
    workspace_id: Id
    url: Url
    status: Literal["pending", "authorized", "failed"]
    login_successful: bool
    connected_account_id: Id | None
    authorized_at: Moment | None
    selected_provider: str | None
    accepted_providers: list[str]
    accepted_capabilities: list[Capability]
    any_provider_allowed: bool
    device_selection_mode: Literal["none", "single", "multiple"]
    custom_redirect_url: Url | None
    custom_redirect_failure_url: Url | None
    custom_metadata: Metadata
    automatically_manage_new_devices: bool
    wait_for_device_creation: bool
    accepted_devices: list[str]
    any_device_allowed: bool
    created_at: Moment
    customer_key: str | UnsetType = UNSET


class UserIdentifier(msgspec.Struct, forbid_unknown_fields=True):
    """How the vendor calls the person who logged in; only what it told."""

    username: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    phone: str | UnsetType = UNSET


class ConnectedAccount(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody's login at a vendor. `display_name` is masked when it is an e-mail address."""

    connected_account_id: Id
    account_type: str
    account_type_display_name: str
    display_name: str
    user_identifier: UserIdentifier
    accepted_capabilities: list[Capability]
    automatically_manage_new_devices: bool
    custom_metadata: Metadata
    errors: list[Error]
    warnings: list[Warning]
    created_at: Moment
    customer_key: str | UnsetType = UNSET


class DeviceProvider(msgspec.Struct, forbid_unknown_fields=True):
    """A brand that can be connected. A flag is there, and true, when one of its devices can."""

    device_provider_name: str
    display_name: str
    image_url: Url
    provider_categories: list[str]
    can_remotely_lock: Always | UnsetType = UNSET
    can_remotely_unlock: Always | UnsetType = UNSET
    can_program_online_access_codes: Always | UnsetType = UNSET
    can_program_offline_access_codes: Always | UnsetType = UNSET
    can_unlock_with_code: Always | UnsetType = UNSET
    can_configure_auto_lock: Always | UnsetType = UNSET


class Appearance(msgspec.Struct, forbid_unknown_fields=True):
    """A name exactly as the vendor shows it."""

    name: str


class Model(msgspec.Struct, forbid_unknown_fields=True):
    """What kind of device it is. The three `_supported` flags are for older clients."""

    display_name: str
    manufacturer_display_name: str
    can_connect_accessory_keypad: bool | UnsetType = UNSET
    has_built_in_keypad: bool | UnsetType = UNSET
    accessory_keypad_supported: bool | UnsetType = UNSET
    online_access_codes_supported: bool | UnsetType = UNSET
    offline_access_codes_supported: bool | UnsetType = UNSET


class Battery(msgspec.Struct, forbid_unknown_fields=True):
    """`status` is derived from `level`: below 0.1, below 0.2, below 0.75, and above."""

    level: Level
    status: Literal["critical", "low", "good", "full"]


class AccessoryKeypad(msgspec.Struct, forbid_unknown_fields=True):
    """A keypad that belongs to the lock. `battery` is absent when the vendor does not tell its level."""

    is_connected: bool
    battery: dict[Literal["level"], Level] | UnsetType = UNSET


class CodeConstraint(msgspec.Struct, forbid_unknown_fields=True):
    """A rule for PINs or, with lengths in characters, for the names of codes."""

    constraint_type: str
    min_length: int | UnsetType = UNSET
    max_length: int | UnsetType = UNSET


class DeviceProperties(msgspec.Struct):
    """
    What is known of a device. `locked`, `door_open` and the battery are absent while it is offline.

    A brand adds one object of its own, `<brand>_metadata`. `auto_lock_delay_seconds` is in seconds,
    `max_active_codes_supported` null when the vendor names no limit.
    """

    online: bool
    name: str
    appearance: Appearance
    manufacturer: str
    online_access_codes_enabled: bool
    offline_access_codes_enabled: bool
    supports_backup_access_code_pool: bool
    model: Model | UnsetType = UNSET
    serial_number: str | UnsetType = UNSET
    locked: bool | UnsetType = UNSET
    door_open: bool | UnsetType = UNSET
    battery: Battery | UnsetType = UNSET
    battery_level: Level | UnsetType = UNSET
    has_direct_power: bool | UnsetType = UNSET
    accessory_keypad: AccessoryKeypad | UnsetType = UNSET
    auto_lock_enabled: bool | UnsetType = UNSET
    auto_lock_delay_seconds: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    supported_code_lengths: list[int] | UnsetType = UNSET
    max_active_codes_supported: int | UnsetType | None = UNSET
    code_constraints: list[CodeConstraint] | UnsetType = UNSET
    has_native_entry_events: bool | UnsetType = UNSET
    backup_access_code_pool_enabled: bool | UnsetType = UNSET


class ProviderOfDevice(msgspec.Struct, forbid_unknown_fields=True):
    """The brand through which a device is reached."""

    device_provider_name: str
    display_name: str
    provider_category: str


class Manufacturer(msgspec.Struct, forbid_unknown_fields=True):
    """Who made a device."""

    manufacturer: str
    display_name: str


class Location(msgspec.Struct, forbid_unknown_fields=True):
    """Where a device is. IANA names; `timezone` repeats `time_zone`, for older clients."""

    time_zone: str
    timezone: str


class Device(msgspec.Struct, forbid_unknown_fields=True):
    """
    A managed device.

    A `can_` flag is true (works now), false (has it in principle, not now) or absent (does not have it).
    `nickname` is absent unless the API user gave one; `location` when the time zone is unknown.
    """

    device_id: Id
    device_type: str
    display_name: str
    capabilities_supported: list[Literal["access_code", "lock"]]
    properties: DeviceProperties
    connected_account_id: Id
    workspace_id: Id
    space_ids: list[Id]
    errors: list[Error]
    warnings: list[Warning]
    created_at: Moment
    custom_metadata: Metadata
    is_managed: Always
    device_provider: ProviderOfDevice
    device_manufacturer: Manufacturer
    nickname: str | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    can_remotely_lock: bool | UnsetType = UNSET
    can_remotely_unlock: bool | UnsetType = UNSET
    can_program_online_access_codes: bool | UnsetType = UNSET
    can_unlock_with_code: bool | UnsetType = UNSET


class UnmanagedDeviceProperties(msgspec.Struct, forbid_unknown_fields=True):
    """What is told of a device that is left alone. The battery is absent while it is offline."""

    online: bool
    name: str
    manufacturer: str
    model: Model
    online_access_codes_enabled: bool
    offline_access_codes_enabled: bool
    battery: Battery | UnsetType = UNSET
    battery_level: Level | UnsetType = UNSET
    accessory_keypad: AccessoryKeypad | UnsetType = UNSET


class UnmanagedDevice(msgspec.Struct, forbid_unknown_fields=True):
    """A device that is seen and left alone. Flags and `location` as in a managed one."""

    device_id: Id
    device_type: str
    capabilities_supported: list[Literal["access_code", "lock"]]
    properties: UnmanagedDeviceProperties
    connected_account_id: Id
    workspace_id: Id
    errors: list[Error]
    warnings: list[Warning]
    created_at: Moment
    custom_metadata: Metadata
    is_managed: Never
    location: Location | UnsetType = UNSET
    can_remotely_lock: bool | UnsetType = UNSET
    can_remotely_unlock: bool | UnsetType = UNSET
    can_program_online_access_codes: bool | UnsetType = UNSET
    can_unlock_with_code: bool | UnsetType = UNSET


class LeadTimes(msgspec.Struct, forbid_unknown_fields=True):
    """Settings of a device that were asked for; null: as usual."""

    preload_hours: int | None
    just_in_time_minutes: int | None


class DeviceSettings(msgspec.Struct, forbid_unknown_fields=True):
    """
    How early codes are put on a device, as it holds now.

    `preload_hours` before their start where the device keeps their times itself, `just_in_time_minutes` where
    it does not.
    """

    device_id: Id
    preload_hours: int
    just_in_time_minutes: int
    overrides: LeadTimes


class Mutation(msgspec.Struct, forbid_unknown_fields=True, rename={"before": "from", "after": "to"}):
    """
    Something wished that the device does not show yet.

    `from` and `to` hold the changed fields, null where there is none; only changes have them.
    `scheduled_at` is when a deferred creation begins. Only where a weekly window changes, a time frame has
    `ostiary_weekly_window`, too.
    """

    mutation_code: Literal[
        "creating", "deferring_creation", "updating_name", "updating_code", "updating_time_frame", "deleting"
    ]
    message: str
    created_at: Moment
    scheduled_at: Moment | UnsetType = UNSET
    before: dict[str, str | WeeklyWindow | None] | UnsetType = UNSET
    after: dict[str, str | WeeklyWindow | None] | UnsetType = UNSET


class AccessCode(msgspec.Struct, forbid_unknown_fields=True):
    """
    A managed access code: the wish, and what the lock shows of it.

    `code` is null, and `is_waiting_for_code_assignment` true, while the vendor has not chosen the PIN.
    `starts_at` and `ends_at` are both null for an ongoing code; only others have
    `is_scheduled_on_device`. `appearance` is null while the code is not on the device.
    `ostiary_weekly_window` is absent where there is none. `is_backup` is there
    for a code that was pulled from the device's pool of spares, `pulled_backup_access_code_id` for one that
    such a code stands in for.
    """

    access_code_id: Id
    device_id: Id
    workspace_id: Id
    name: str | None
    code: str | None
    type: Literal["ongoing", "time_bound"]
    status: Status
    starts_at: Moment | None
    ends_at: Moment | None
    created_at: Moment
    common_code_key: str | None
    is_managed: Always
    is_external_modification_allowed: bool
    is_backup_access_code_available: bool
    is_offline_access_code: Never
    is_one_time_use: Never
    errors: list[Error]
    warnings: list[Warning]
    pending_mutations: list[Mutation]
    appearance: Appearance | None
    is_scheduled_on_device: bool | UnsetType = UNSET
    is_waiting_for_code_assignment: Always | UnsetType = UNSET
    ostiary_weekly_window: WeeklyWindow | UnsetType = UNSET
    is_backup: Always | UnsetType = UNSET
    pulled_backup_access_code_id: Id | UnsetType = UNSET


class UnmanagedAccessCode(msgspec.Struct, forbid_unknown_fields=True):
    """
    An access code that somebody else has put on a lock, as the last look showed it.

    `code` is null where the vendor does not tell it, `name` where there is none. `starts_at` and `ends_at`
    are null for an ongoing code, and for one that is limited in other ways than by two instants. `status`
    is `unset` for one that opens nothing now: disabled, ahead of its time, or past it.
    `ostiary_weekly_window` is absent where the lock keeps none.
    """

    access_code_id: Id
    device_id: Id
    workspace_id: Id
    name: str | None
    code: str | None
    type: Literal["ongoing", "time_bound"]
    status: Literal["set", "unset"]
    starts_at: Moment | None
    ends_at: Moment | None
    created_at: Moment
    is_managed: Never
    errors: list[Error]
    warnings: list[Warning]
    cannot_be_managed: Always | UnsetType = UNSET
    cannot_delete_unmanaged_access_code: Always | UnsetType = UNSET
    ostiary_weekly_window: WeeklyWindow | UnsetType = UNSET


class GeneratedCode(msgspec.Struct, forbid_unknown_fields=True):
    """A PIN that the device would accept; nothing is stored."""

    device_id: Id
    code: str


class ActionResult(msgspec.Struct, forbid_unknown_fields=True):
    """
    Doors tell whether the lock itself was seen to have moved; codes made or changed are as they are now.

    Empty for a deleted code, and for one that does not exist any more.
    """

    was_confirmed_by_device: bool | UnsetType = UNSET
    access_code: AccessCode | UnsetType = UNSET


class ActionError(msgspec.Struct, forbid_unknown_fields=True):
    """Why an action failed: a word for programs, a sentence for people."""

    type: str
    message: str


class PendingActionAttempt(msgspec.Struct, forbid_unknown_fields=True, tag_field="status", tag="pending"):
    """Not decided yet; ask again."""

    action_attempt_id: Id
    action_type: ActionType
    result: None
    error: None


class SuccessfulActionAttempt(msgspec.Struct, forbid_unknown_fields=True, tag_field="status", tag="success"):
    """Done."""

    action_attempt_id: Id
    action_type: ActionType
    result: ActionResult
    error: None


class FailedActionAttempt(msgspec.Struct, forbid_unknown_fields=True, tag_field="status", tag="error"):
    """Will not happen."""

    action_attempt_id: Id
    action_type: ActionType
    result: None
    error: ActionError


ActionAttempt = PendingActionAttempt | SuccessfulActionAttempt | FailedActionAttempt
"""One of three, told apart by `status`."""


class Event(msgspec.Struct):
    """
    What happened once. `event_type` says which further fields there are; the identifiers that apply are
    always among them.
    """

    event_id: Id
    event_type: EventType
    workspace_id: Id
    created_at: Moment
    occurred_at: Moment
    device_id: Id | UnsetType = UNSET
    access_code_id: Id | UnsetType = UNSET
    connected_account_id: Id | UnsetType = UNSET
    connect_webview_id: Id | UnsetType = UNSET
    action_attempt_id: Id | UnsetType = UNSET
    customer_key: str | UnsetType = UNSET


class Pagination(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next page is; both null on the last one. The cursor is bound to the same parameters."""

    has_next_page: bool
    next_page_cursor: str | None
    next_page_url: Url | None


class RequestError(msgspec.Struct, forbid_unknown_fields=True):
    """
    Why a request was refused.

    `validation_errors` is a tree beside the request: each node has `_errors`, a list of messages, and one
    node per field or list index. It is there when `type` is `invalid_input`. `request_id` equals the header.
    """

    type: str
    message: str
    request_id: str
    data: dict[str, Any] | UnsetType = UNSET
    validation_errors: dict[str, Any] | UnsetType = UNSET


class ErrorBody(msgspec.Struct, forbid_unknown_fields=True):
    """Every answer that is not 200."""

    error: RequestError
    ok: Never
