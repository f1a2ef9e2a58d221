"""
The Nuki Web API's JSON as it is: Nuki's names (in Python's spelling), units and numbers.

Source: Nuki's machine definition v4.10.0, whose page is <https://api.nuki.io/>; sections below are those of
`nuki-web-api.md`. It leaves keys out instead of sending null, and its bounds contradict its own texts
(0.2, 0.4): so every key but an object's own id may be missing, a number that nobody knows becomes
`UNKNOWN`, numbers may come as strings, and no bound is enforced.
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final, TypeVar

import msgspec

from ostiary.domain.secrets import Secret


class _Number(IntEnum):
    """A number out of a table that may grow. Every table has `UNKNOWN`, which Nuki never sends."""

    @classmethod
    def _missing_(cls, value: object) -> "_Number | None":
        return cls.__members__["UNKNOWN"] if isinstance(value, int) else None


class DeviceType(_Number):
    """`type` of a device, 2.3."""

    UNKNOWN = -1
    SMART_LOCK_1_2 = 0
    BOX = 1
    OPENER = 2
    SMART_DOOR = 3
    SMART_LOCK_3_4 = 4
    SMART_LOCK_5 = 5


class ServerState(_Number):
    """`serverState`, 2.3. 1 to 3: the device must be connected to Nuki Web again."""

    UNKNOWN = -1
    OK = 0
    UNREGISTERED = 1
    AUTH_UUID_INVALID = 2
    AUTH_INVALID = 3
    OFFLINE = 4


class AdminPinState(_Number):
    """`adminPinState`, 2.3."""

    UNKNOWN = -1
    OK = 0
    MISSING = 1
    INVALID = 2


class LockState(_Number):
    """`state.state` of locks and Smart Doors, 2.9. An Opener has meanings of its own."""

    UNKNOWN = -1
    UNCALIBRATED = 0
    LOCKED = 1
    UNLOCKING = 2
    UNLOCKED = 3
    LOCKING = 4
    UNLATCHED = 5
    UNLOCKED_LOCK_N_GO = 6
    UNLATCHING = 7  # an Opener: opening
    WRONG_CODE = 224
    WRONG_FINGERPRINT = 225
    BOOT_RUN = 253
    MOTOR_BLOCKED = 254
    UNDEFINED = 255


class DoorState(_Number):
    """`state.doorState`, 2.9: the door sensor."""

    UNKNOWN = -1
    UNAVAILABLE = 0
    DEACTIVATED = 1
    CLOSED = 2
    OPENED = 3
    NOT_KNOWN = 4
    CALIBRATING = 5
    UNCALIBRATED = 16
    REMOVED = 240
    UNDEFINED = 255


class ProductVariant(_Number):
    """`config.productVariant` of type 5, 2.4."""

    UNKNOWN = -1
    GO = 1
    PRO = 2
    ULTRA = 3


class AuthType(_Number):
    """`type` of an authorization, 4.5."""

    UNKNOWN = -1
    APP = 0
    BRIDGE = 1
    FOB = 2
    KEYPAD = 3
    KEYPAD_CODE = 13
    Z_KEY = 14
    VIRTUAL = 15


class Action(IntEnum):
    """`action`, 3.2, as far as we send it."""

    UNLOCK = 1  # an Opener would start ring to open
    LOCK = 2
    UNLATCH = 3  # an Opener: work the electric strike


class LogAction(_Number):
    """`action` of a line of the log, 6.1. An Opener has meanings of its own for 1 to 3."""

    UNKNOWN = -1
    UNLOCK = 1
    LOCK = 2
    UNLATCH = 3
    LOCK_N_GO = 4
    LOCK_N_GO_UNLATCH = 5
    CONTINUOUS_MODE_ON = 6
    CONTINUOUS_MODE_OFF = 7
    RESET = 11
    DOOR_AJAR = 208
    DOOR_MISMATCH = 209
    DOORBELL = 224
    DOOR_OPENED = 240
    DOOR_CLOSED = 241
    DOOR_SENSOR_JAMMED = 242
    FIRMWARE_UPDATE = 243
    DOOR_LOG_ENABLED = 250
    DOOR_LOG_DISABLED = 251
    INITIALIZATION = 252
    CALIBRATION = 253
    LOG_ENABLED = 254
    LOG_DISABLED = 255


class LogTrigger(_Number):
    """`trigger` of a line of the log, 6.1."""

    UNKNOWN = -1
    SYSTEM = 0
    MANUAL = 1
    BUTTON = 2
    AUTOMATIC = 3
    WEB = 4
    APP = 5
    AUTO_LOCK = 6
    ACCESSORY = 7
    KEYPAD_ERROR = 253
    NUKI_MODE = 254
    KEYPAD = 255


class LogState(_Number):
    """`state` of a line of the log, 6.1, as far as it tells whether and why somebody was not let in."""

    UNKNOWN = -1
    SUCCESS = 0
    REJECTED = 9
    REJECTED_AT_NIGHT = 10
    INVALID_CODE = 224
    INVALID_FINGERPRINT = 225
    INVALID_TAG = 226


class LogSource(_Number):
    """`source` of a line of the log, 6.1."""

    UNKNOWN = -1
    DEFAULT = 0
    CODE = 1
    FINGERPRINT = 2
    TAP = 3


class OpenerSource(_Number):
    """`openerLog.source`, 6.1."""

    UNKNOWN = -1
    DOORBELL = 0
    TIME_CONTROL = 1
    APP = 2
    BUTTON = 3
    FOB = 4
    BRIDGE = 5
    KEYPAD = 6


class SubscriptionState(StrEnum):
    """`state` of a Smart Hosting subscription, 2.3."""

    UNKNOWN = ""
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    ON_HOLD = "ON_HOLD"
    PENDING = "PENDING"
    PENDING_CANCEL = "PENDING_CANCEL"

    @classmethod
    def _missing_(cls, value: object) -> "SubscriptionState | None":
        return cls.UNKNOWN if isinstance(value, str) else None


class Config(msgspec.Struct, frozen=True, rename="camel"):
    """`config` of a device, 2.4."""

    keypad_paired: bool | None = None
    keypad2_paired: bool | None = None
    timezone_id: int | None = None
    wifi_enabled: bool | None = None
    product_variant: ProductVariant | None = None


class AdvancedConfig(msgspec.Struct, frozen=True, rename="camel"):
    """`advancedConfig`, 2.5, and `smartdoorAdvancedConfig`, 2.7. Seconds."""

    auto_lock: bool | None = None
    auto_lock_timeout: int | None = None


class State(msgspec.Struct, frozen=True, rename="camel"):
    """`state` of a device, 2.9. The charge is 0 to 100."""

    state: LockState | None = None
    battery_critical: bool | None = None
    battery_charge: int | None = None
    keypad_battery_critical: bool | None = None
    door_state: DoorState | None = None
    operation_id: Any = None


class Subscription(msgspec.Struct, frozen=True, rename="camel"):
    """`currentSubscription`, 2.3: Smart Hosting. Samples show objects without `state`."""

    state: SubscriptionState | None = None
    is_in_grace_period: bool | None = None


class Smartlock(msgspec.Struct, frozen=True, rename="camel"):
    """A device of any type, 2.3."""

    smartlock_id: int
    type: DeviceType | None = None
    name: str | None = None
    config: Config | None = None
    advanced_config: AdvancedConfig | None = None
    smartdoor_advanced_config: AdvancedConfig | None = None
    state: State | None = None
    server_state: ServerState | None = None
    admin_pin_state: AdminPinState | None = None
    current_subscription: Subscription | None = None
    operation_id: Any = None
    error: str | None = None


class Auth(msgspec.Struct, frozen=True, rename="camel"):
    """
    An authorization, 4.2. Dates are UTC, times minutes from midnight at the lock, weekdays a bit mask.

    `operation_id` is a string or an object; only its presence means something.
    """

    id: str
    type: AuthType | None = None
    name: str | None = None
    code: Secret | None = None
    enabled: bool | None = None
    allowed_from_date: datetime | None = None
    allowed_until_date: datetime | None = None
    allowed_week_days: int | None = None
    allowed_from_time: int | None = None
    allowed_until_time: int | None = None
    operation_id: Any = None
    error: str | None = None


class OpenerLog(msgspec.Struct, frozen=True, rename="camel"):
    """`openerLog` of a line of the log, 6.1."""

    source: OpenerSource | None = None


class LogLine(msgspec.Struct, frozen=True, rename="camel"):
    """A line of the activity log, 6.1. `auth_id` is an authorization's `id`, not its number (quirk 28)."""

    id: str
    smartlock_id: int | None = None
    date: datetime | None = None
    action: LogAction | None = None
    trigger: LogTrigger | None = None
    state: LogState | None = None
    source: LogSource | None = None
    auth_id: str | int | None = None
    auto_unlock: bool | None = None
    opener_log: OpenerLog | None = None


class Account(msgspec.Struct, frozen=True, rename="camel"):
    """The account itself, 5.1."""

    account_id: int
    email: str | None = None
    name: str | None = None


class AuthCreate(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Body that creates a keypad code on one device, 4.3. Window fields without a value stay away."""

    name: str
    code: Secret
    type: int
    remote_allowed: bool
    allowed_from_date: str | None = None
    allowed_until_date: str | None = None
    allowed_week_days: int | None = None
    allowed_from_time: int | None = None
    allowed_until_time: int | None = None


class AuthUpdate(msgspec.Struct, frozen=True, rename="camel"):
    """
    Body that changes a keypad code, 4.4.

    An update replaces the window: what it leaves out is cleared, without a word. So all five fields have
    to be said each time, null to clear, and none of them has a default here.
    """

    name: str
    code: Secret
    enabled: bool
    allowed_from_date: str | None
    allowed_until_date: str | None
    allowed_week_days: int | None
    allowed_from_time: int | None
    allowed_until_time: int | None


class ActionBody(msgspec.Struct, frozen=True):
    """Body of `/action`, 3.2."""

    action: Action


class Webhook(msgspec.Struct, frozen=True, rename="camel"):
    """A decentral webhook, 8.1. `secret` is told by the answer that creates it, and never again."""

    id: int
    webhook_url: str
    secret: Secret | None = None


class WebhookCreate(msgspec.Struct, frozen=True, rename="camel"):
    """Body that registers a decentral webhook, 8.1."""

    webhook_url: str
    webhook_features: tuple[str, ...]


class UnreadableError(Exception):
    """A body is not what the definition says. Carries nothing of it: it may hold a PIN."""


T = TypeVar("T")


def read(body: bytes, shape: type[T]) -> T:
    """
    Raises:
        UnreadableError: It is not JSON or not of that shape.
    """
    try:
        return msgspec.json.decode(body, type=shape, strict=False, dec_hook=_to_secret)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    raise UnreadableError(f"not a {getattr(shape, '__name__', 'list')}")


def write(body: msgspec.Struct) -> bytes:
    """JSON with codes as numbers, as the definition wants them."""
    return _ENCODER.encode(body)


def _to_secret(shape: type, value: object) -> Secret:
    """A code comes as a number, in some samples as a string."""
    if shape is Secret and isinstance(value, int | str) and not isinstance(value, bool):
        return Secret(str(value))
    raise NotImplementedError


def _from_secret(value: object) -> object:
    if isinstance(value, Secret):
        return int(value.reveal())
    raise NotImplementedError


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_from_secret)
