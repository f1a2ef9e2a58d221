"""
Between Nuki's models and the house's words, pure, both ways.

Sections in brackets are those of `nuki-web-api.md`; what is assumed stands in `NOTES.md`.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ostiary.domain.provider import Capabilities, DesiredCode, DeviceProblem, ObservedCode, ObservedDevice
from ostiary.domain.secrets import HIDDEN
from ostiary.domain.weekly_windows import DAY, WeeklyWindow

from .models import (
    AdminPinState,
    AdvancedConfig,
    Auth,
    AuthCreate,
    AuthType,
    AuthUpdate,
    Config,
    DeviceType,
    DoorState,
    LockState,
    ProductVariant,
    ServerState,
    Smartlock,
    State,
    SubscriptionState,
)

DEVICE_TYPE: Final = "nuki_lock"

NAME_BYTES: Final = 20
"""Of a keypad code's name (10.2). Nuki says characters; the device stores UTF-8, so we count bytes."""

EVERY_DAY: Final = 127
"""`allowedWeekDays` for "every day": without it Nuki does not enforce the dates (4.9)."""

LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""`allowedFromDate` of an ongoing code with a weekly window: without one Nuki enforces no window (4.9)."""

_MONDAY: Final = 64
"""Of `allowedWeekDays`; each day after it has half of the one before (4.2)."""

NO_HOSTING: Final = "No active Smart Hosting subscription"
"""How the sentence of 1.4 begins, wherever it stands."""

_LOCKS: Final = (
    DeviceType.SMART_LOCK_1_2,
    DeviceType.SMART_DOOR,
    DeviceType.SMART_LOCK_3_4,
    DeviceType.SMART_LOCK_5,
)
_MARK: Final = re.compile(r"#([a-z2-7]{6})\Z")

# --- devices -------------------------------------------------------------------------------------


def device_type(vendor_device_id: str) -> DeviceType:
    """The type that is part of every device id (2.2)."""
    return DeviceType(int(vendor_device_id) >> 32)


def is_lock(kind: DeviceType) -> bool:
    """A device with a bolt, which can be locked: not an Opener, not a Box."""
    return kind in _LOCKS


def device(lock: Smartlock, *, reads_log: bool = False) -> ObservedDevice:
    """`reads_log`: whether the login may read what happens at the door."""
    kind = device_type(str(lock.smartlock_id)) if lock.type is None else lock.type
    config, state = lock.config or Config(), lock.state or State()
    is_online = lock.server_state in (None, ServerState.OK)
    can = _capabilities(lock, kind, config)
    return ObservedDevice(
        vendor_device_id=str(lock.smartlock_id),
        device_type=DEVICE_TYPE,
        name=_name(lock),
        is_online=is_online,
        capabilities=can,
        properties={
            **_model(kind, config, can),
            **_door(state, is_online),
            **_auto_lock(lock.advanced_config or lock.smartdoor_advanced_config or AdvancedConfig()),
            **_codes(can),
            "has_native_entry_events": reads_log,
            **_identity(lock, config, state, can),
        },
        is_locked=_is_locked(state) if is_lock(kind) else None,
        is_busy=_is_busy(lock, kind, state),
        time_zone=None if config.timezone_id is None else ZONES.get(config.timezone_id),
        battery_level=None if state.battery_charge is None else min(max(state.battery_charge, 0), 100) / 100,
        problems=tuple(_problems(lock, can)),
    )


def _capabilities(lock: Smartlock, kind: DeviceType, config: Config) -> Capabilities:
    """
    What the device can do.

    A Box takes no keypad: no flag. Anything else without one has the flag False (4.7: Nuki refuses
    type 13), an unknown type none. Lock and unlock depend on the type alone: being offline is temporary.
    """
    can_program: bool | None = False
    if _has_keypad(config):
        can_program = not _lacks_hosting(lock)
    elif kind in (DeviceType.BOX, DeviceType.UNKNOWN):
        can_program = None
    can_unlock = True if kind is not DeviceType.UNKNOWN else None
    can_lock = True if is_lock(kind) else None
    if can_program is None:
        return Capabilities(can_remotely_lock=can_lock, can_remotely_unlock=can_unlock)
    return Capabilities(
        can_remotely_lock=can_lock,
        can_remotely_unlock=can_unlock,
        can_program_online_access_codes=can_program,
        code_lengths=(6,),
        code_constraints=("no_zeros", "cannot_start_with_12"),
        name_max_length=NAME_BYTES,
        supports_backup_access_code_pool=True,
        # 10.1: 200 from the third generation on; elsewhere the smaller number can only be too careful.
        max_access_codes=200 if kind in (DeviceType.SMART_LOCK_3_4, DeviceType.SMART_LOCK_5) else 100,
        settles_within=60.0,
        keeps_weekly_windows=True,
    )


def _has_keypad(config: Config) -> bool:
    return bool(config.keypad_paired or config.keypad2_paired)


def _lacks_hosting(lock: Smartlock) -> bool:
    """
    Smart Hosting is missing (1.4).

    No subscription at all says nothing, since only integrations for short rental need one. Pending and
    unknown states are left to Nuki to refuse.
    """
    if lock.error is not None and lock.error.startswith(NO_HOSTING):
        return True
    subscription = lock.current_subscription
    if subscription is None or subscription.is_in_grace_period:
        return False
    return subscription.state in (
        SubscriptionState.INACTIVE,
        SubscriptionState.CANCELLED,
        SubscriptionState.EXPIRED,
        SubscriptionState.ON_HOLD,
    )


def _problems(lock: Smartlock, can: Capabilities) -> list[DeviceProblem]:
    """What the owner has to mend. An offline device is the house's own problem to report."""
    problems = []
    if lock.server_state in (
        ServerState.UNREGISTERED,
        ServerState.AUTH_UUID_INVALID,
        ServerState.AUTH_INVALID,
    ):
        message = "Nuki Web is no longer authorized on this device; connect it to Nuki Web again."
        problems.append(DeviceProblem("missing_device_credentials", message))
    elif lock.admin_pin_state is AdminPinState.INVALID:
        message = "The device's admin PIN was changed outside Nuki Web; enter the new one there."
        problems.append(DeviceProblem("missing_device_credentials", message))
    if can.can_program_online_access_codes is not None and _lacks_hosting(lock):
        message = "This device needs an active Nuki Smart Hosting subscription for access codes."
        problems.append(DeviceProblem("subscription_required", message))
    return problems


def _is_locked(state: State) -> bool | None:
    if state.state is LockState.LOCKED:
        return True
    if state.state in (LockState.UNLOCKED, LockState.UNLATCHED, LockState.UNLOCKED_LOCK_N_GO):
        return False
    return None


def _is_busy(lock: Smartlock, kind: DeviceType, state: State) -> bool:
    moving = (LockState.UNLOCKING, LockState.LOCKING, LockState.UNLATCHING)
    return (
        lock.operation_id is not None
        or state.operation_id is not None
        or (kind is not DeviceType.BOX and state.state in moving)
    )


def _name(lock: Smartlock) -> str:
    return lock.name or f"Nuki {_hex_id(lock)}"


def _hex_id(lock: Smartlock) -> str:
    """The id that is printed on the device (2.2)."""
    return f"{lock.smartlock_id & 0xFFFFFFFF:08X}"


# --- the wire's properties -------------------------------------------------------------------------


def _model(kind: DeviceType, config: Config, can: Capabilities) -> dict[str, Any]:
    takes_keypad = can.can_program_online_access_codes is not None
    properties: dict[str, Any] = {
        "manufacturer": "nuki",
        "model": {
            "display_name": _model_name(kind, config),
            "manufacturer_display_name": "Nuki",
            "can_connect_accessory_keypad": takes_keypad,
            "has_built_in_keypad": False,
            "accessory_keypad_supported": takes_keypad,
            "online_access_codes_supported": takes_keypad,
            "offline_access_codes_supported": False,
        },
    }
    if takes_keypad:
        # Its battery is left out: Nuki only tells when it is low, not how full it is (2.9).
        properties["accessory_keypad"] = {"is_connected": _has_keypad(config)}
    return properties


def _model_name(kind: DeviceType, config: Config) -> str:
    variant = config.product_variant
    if kind is DeviceType.SMART_LOCK_5 and variant not in (None, ProductVariant.UNKNOWN):
        return f"Smart Lock {variant.name.capitalize()}"
    if kind is DeviceType.SMART_LOCK_3_4 and config.wifi_enabled:
        return "Smart Lock Pro"  # 2.4: built-in Wi-Fi
    return _MODEL_NAMES.get(kind, "Nuki device")


def _door(state: State, is_online: bool) -> dict[str, Any]:
    if not is_online or state.door_state not in (DoorState.CLOSED, DoorState.OPENED):
        return {}
    return {"door_open": state.door_state is DoorState.OPENED}


def _auto_lock(config: AdvancedConfig) -> dict[str, Any]:
    """2.5: older firmware has no switch; there a delay of 0 is "off"."""
    delay = config.auto_lock_timeout or 0
    if config.auto_lock is None and config.auto_lock_timeout is None:
        return {}
    if not (delay > 0 if config.auto_lock is None else config.auto_lock):
        return {"auto_lock_enabled": False}
    return {"auto_lock_enabled": True, **({"auto_lock_delay_seconds": delay} if delay else {})}


def _codes(can: Capabilities) -> dict[str, Any]:
    if can.can_program_online_access_codes is None:
        return {}
    return {
        "supported_code_lengths": list(can.code_lengths),
        "max_active_codes_supported": can.max_access_codes,
        "code_constraints": [
            *({"constraint_type": constraint} for constraint in can.code_constraints),
            {"constraint_type": "name_length", "max_length": can.name_max_length},
        ],
        "supports_backup_access_code_pool": can.supports_backup_access_code_pool,
    }


def _identity(lock: Smartlock, config: Config, state: State, can: Capabilities) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "device_id": str(lock.smartlock_id & 0xFFFFFFFF),
        "device_name": _name(lock),
    }
    if can.can_program_online_access_codes is not None:
        metadata["keypad_paired"] = bool(config.keypad_paired)
    if config.keypad2_paired is not None:
        metadata["keypad_2_paired"] = config.keypad2_paired
    if state.keypad_battery_critical is not None:
        metadata["keypad_battery_critical"] = state.keypad_battery_critical
    return {"serial_number": _hex_id(lock), "nuki_metadata": metadata}


# --- access codes ------------------------------------------------------------------------------------


def vendor_name(name: str | None, mark: str) -> str:
    """
    `name`, shortened, then ` #` and `mark`; without a name `#` and `mark`. At most `NAME_BYTES` bytes.

    Unprintable characters are dropped and spaces run together: a name is shown on one line. Composed
    characters (NFC) keep the cut from taking an accent off its letter.
    """
    shown = "".join(sign if sign.isprintable() else " " for sign in unicodedata.normalize("NFC", name or ""))
    tail = f" #{mark}"
    room = NAME_BYTES - len(tail.encode())
    head = " ".join(shown.split()).encode()[:room].decode(errors="ignore").rstrip()
    return (head + tail).lstrip()


def mark_in(name: str) -> str | None:
    """The mark that `vendor_name` put there."""
    found = _MARK.search(name)
    return found[1] if found else None


def create_body(wanted: DesiredCode) -> AuthCreate:
    """
    The body that programs `wanted`.

    `remoteAllowed` is sent although a keypad code has no use for it: the definition requires it (4.3).
    """
    assert wanted.code is not None, "Nuki chooses no PINs"
    starts, ends, week_days, from_time, until_time = _window(wanted)
    return AuthCreate(
        name=wanted.vendor_name,
        code=wanted.code,
        type=AuthType.KEYPAD_CODE.value,
        remote_allowed=False,
        allowed_from_date=starts,
        allowed_until_date=ends,
        allowed_week_days=week_days,
        allowed_from_time=from_time,
        allowed_until_time=until_time,
    )


def update_body(wanted: DesiredCode) -> AuthUpdate:
    """The body that brings a code to `wanted`, and enables it should somebody have disabled it."""
    assert wanted.code is not None, "Nuki chooses no PINs"
    starts, ends, week_days, from_time, until_time = _window(wanted)
    return AuthUpdate(
        name=wanted.vendor_name,
        code=wanted.code,
        enabled=True,
        allowed_from_date=starts,
        allowed_until_date=ends,
        allowed_week_days=week_days,
        allowed_from_time=from_time,
        allowed_until_time=until_time,
    )


def codes(auths: list[Auth]) -> list[ObservedCode]:
    """The keypad codes among the authorizations of a device."""
    return [_code(auth) for auth in auths if auth.type is AuthType.KEYPAD_CODE]


def _code(auth: Auth) -> ObservedCode:
    error = auth.error
    if error and auth.code:
        error = error.replace(auth.code.reveal(), HIDDEN)  # Nuki's errors quote what they refuse (9.2)
    name = auth.name or ""
    weekly = _weekly_window(auth)
    starts_at, ends_at = _utc(auth.allowed_from_date), _utc(auth.allowed_until_date)
    if weekly is not None and ends_at is None and starts_at == LONG_AGO:
        starts_at = None
    return ObservedCode(
        vendor_code_id=auth.id,
        name=name,
        code=auth.code,
        mark=mark_in(name),
        starts_at=starts_at,
        ends_at=ends_at,
        is_enabled=auth.enabled is not False,
        is_busy=auth.operation_id is not None,
        is_exact=weekly is not None or _is_exact(auth),
        error=error,
        weekly=weekly,
    )


def _weekly_window(auth: Auth) -> WeeklyWindow | None:
    """
    The one that the device keeps, if we could write it; None: none, or one that runs over midnight, say.

    It takes a first date and weekdays to be enforced at all (4.9).
    """
    mask, begins, ends = auth.allowed_week_days, auth.allowed_from_time or 0, auth.allowed_until_time or 0
    if auth.allowed_from_date is None or mask is None or not 0 < mask <= EVERY_DAY:
        return None
    if begins == ends == 0:
        ends = DAY
    elif not 0 <= begins < ends < DAY:
        return None
    window = WeeklyWindow(tuple(day for day in range(7) if mask & (_MONDAY >> day)), begins, ends)
    return None if window.limits_nothing else window


def _is_exact(auth: Auth) -> bool:
    """
    The limits of `auth`, which has no weekly window that we could write, are of a kind that we write: none,
    or two dates on every day at all hours.

    Dates without weekdays are not enforced, and nothing is without a first date (4.9): such a code
    is open for ever, whatever it shows.
    """
    if auth.allowed_from_time or auth.allowed_until_time:
        return False
    if auth.allowed_from_date is None and auth.allowed_until_date is None:
        return auth.allowed_week_days in (None, 0, EVERY_DAY)
    if auth.allowed_from_date is None or auth.allowed_until_date is None:
        return False
    return auth.allowed_week_days == EVERY_DAY


_Window = tuple[str | None, str | None, int | None, int | None, int | None]


def _window(wanted: DesiredCode) -> _Window:
    """From and until date, weekdays, from and until time of day: 0 and 0 are the whole day (4.9)."""
    starts, ends = None, None
    if wanted.starts_at is not None and wanted.ends_at is not None:
        starts, ends = instant(wanted.starts_at), instant(wanted.ends_at)
    weekly = wanted.weekly
    if weekly is None:
        return (None, None, None, None, None) if starts is None else (starts, ends, EVERY_DAY, 0, 0)
    mask = sum(_MONDAY >> day for day in weekly.weekdays)
    times = (0, 0) if weekly.is_whole_day else (weekly.from_minute, weekly.until_minute)
    return starts or instant(LONG_AGO), ends, mask, *times


def instant(moment: datetime) -> str:
    """As Nuki writes one (0.2)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc(moment: datetime | None) -> datetime | None:
    """Nuki's instants are UTC, whether they say so or not (0.2)."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# --- tables ------------------------------------------------------------------------------------------

_MODEL_NAMES: Final[Mapping[DeviceType, str]] = {
    DeviceType.SMART_LOCK_1_2: "Smart Lock",
    DeviceType.BOX: "Box",
    DeviceType.OPENER: "Opener",
    DeviceType.SMART_DOOR: "Smart Door",
    DeviceType.SMART_LOCK_3_4: "Smart Lock",
    DeviceType.SMART_LOCK_5: "Smart Lock",
}

# 10.4, in its order; 65535 is "none".
_ZONE_NAMES: Final = """
    Africa/Cairo Africa/Lagos Africa/Maputo Africa/Nairobi America/Anchorage
    America/Argentina/Buenos_Aires America/Chicago America/Denver America/Halifax America/Los_Angeles
    America/Manaus America/Mexico_City America/New_York America/Phoenix America/Regina America/Santiago
    America/Sao_Paulo America/St_Johns Asia/Bangkok Asia/Dubai Asia/Hong_Kong Asia/Jerusalem Asia/Karachi
    Asia/Kathmandu Asia/Kolkata Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Tehran Asia/Tokyo Asia/Yangon
    Australia/Adelaide Australia/Brisbane Australia/Darwin Australia/Hobart Australia/Perth
    Australia/Sydney Europe/Berlin Europe/Helsinki Europe/Istanbul Europe/London Europe/Moscow
    Pacific/Auckland Pacific/Guam Pacific/Honolulu Pacific/Pago_Pago
"""
ZONES: Final[Mapping[int, str]] = dict(enumerate(_ZONE_NAMES.split()))
"""Nuki's `timezoneId` to IANA names."""
