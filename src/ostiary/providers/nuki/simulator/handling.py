"""What happens at a device by hand, key, button, fob, app or bell. The cloud only hears of it."""

from datetime import datetime
from typing import Any

from . import cloud, views
from .state import BOX, OPENER, Auth, Device, Home, LogEntry

# Actions (3.2); those of an Opener have the same numbers and other meanings.
UNLOCK, LOCK, UNLATCH, LOCK_N_GO, LOCK_N_GO_UNLATCH, CM_ON, CM_OFF = 1, 2, 3, 4, 5, 6, 7
RTO_ON, RTO_OFF, OPEN = 1, 2, 3

# Log triggers (6.1). What comes over Bluetooth, a fob or the app, is "system".
BLUETOOTH, MANUAL, BUTTON, AUTOMATIC, AUTO_LOCK = 0, 1, 2, 3, 6
DOORBELL, AJAR = 224, 208
MOTOR_BLOCKED = 1

# `openerLog.source` (6.1).
FROM_DOORBELL, FROM_APP, FROM_BUTTON, FROM_FOB, FROM_KEYPAD = 0, 2, 3, 4, 6

# What the numbers of buttons and fobs stand for (2.4 to 2.6); "intelligent" and toggles are worked out.
_BUTTON = {2: UNLOCK, 3: LOCK, 4: UNLATCH, 5: LOCK_N_GO}
_FOB = {1: UNLOCK, 2: LOCK, 3: LOCK_N_GO}
_OPENER_BUTTON = {2: RTO_ON, 3: RTO_OFF, 5: CM_ON, 6: CM_OFF, 7: OPEN}
_OPENER_FOB = {2: RTO_ON, 3: RTO_OFF, 7: OPEN}
_INTELLIGENT_BUTTON, _INTELLIGENT_FOB, _TOGGLE_RTO, _TOGGLE_CM = 1, 4, 1, 4

# `state.trigger` has fewer words than the log (2.9).
_STATE_TRIGGERS = (BLUETOOTH, MANUAL, BUTTON, AUTOMATIC, AUTO_LOCK)


def perform(
    home: Home,
    device: Device,
    action: int,
    now: datetime,
    trigger: int,
    *,
    auth: Auth | None = None,
    source: int = 0,
    opener_source: int | None = None,
) -> None:
    """The device does it on the spot, writes it down, and tells the cloud if it can."""
    status = device.truth.status
    status.state = cloud.MOTOR_BLOCKED if device.jammed else cloud.steps_of(device, action)[-1]
    status.last_action, status.alert = action, 0
    status.trigger = trigger if trigger in _STATE_TRIGGERS else BLUETOOTH
    line = LogEntry(
        id=home.object_id(now),
        at=now,
        action=action,
        trigger=trigger,
        state=MOTOR_BLOCKED if device.jammed else 0,
        source=source,
        opener_source=opener_source,
    )
    if auth is not None:
        line.auth_id, line.name, line.account_user_id = auth.id, auth.name, auth.account_user_id
    if device.type == OPENER:
        line.active_rto, line.active_cm = is_ring_to_open(device), is_continuous(device)
        cloud.finish_opener(home, device, action, now)
    cloud.write_log(home, device, line)
    cloud.push(device, now)


def use(auth: Auth, now: datetime) -> None:
    auth.lock_count += 1
    auth.last_active_at = now


def is_ring_to_open(device: Device) -> bool:
    return device.truth.status.rto_end is not None


def is_continuous(device: Device) -> bool:
    return device.truth.status.mode == cloud.CONTINUOUS_MODE


# --- buttons and fobs -----------------------------------------------------------------------------------


def button_action(home: Home, device: Device, *, is_double: bool) -> int | None:
    """What the settings say that the button does; None: nothing."""
    shown = views.smartlock(home, device)
    if device.type == BOX or not shown["config"]["buttonEnabled"]:
        return None
    parts = ("advancedConfig", "openerAdvancedConfig", "smartdoorAdvancedConfig")
    settings: dict[str, Any] = next(shown[part] for part in parts if part in shown)
    number = settings["doubleButtonPressAction" if is_double else "singleButtonPressAction"]
    if device.type == OPENER:
        return _toggled(device, number, _OPENER_BUTTON)
    return _intelligent(device) if number == _INTELLIGENT_BUTTON else _BUTTON.get(number)


def fob_action(home: Home, device: Device, presses: int) -> int | None:
    """What one, two or three presses of a fob do; None: nothing."""
    number = views.smartlock(home, device)["config"][f"fobAction{presses}"]
    if device.type == OPENER:
        return _toggled(device, number, _OPENER_FOB)
    return _intelligent(device) if number == _INTELLIGENT_FOB else _FOB.get(number)


def _intelligent(device: Device) -> int:
    return UNLOCK if device.truth.status.state == cloud.LOCKED else LOCK


def _toggled(device: Device, number: int, actions: dict[int, int]) -> int | None:
    if number == _TOGGLE_RTO:
        return RTO_OFF if is_ring_to_open(device) else RTO_ON
    if number == _TOGGLE_CM and actions is _OPENER_BUTTON:
        return CM_OFF if is_continuous(device) else CM_ON
    return actions.get(number)


# --- the bell and the door ------------------------------------------------------------------------------


def ring(home: Home, device: Device, now: datetime) -> bool:
    """
    Somebody rings at an Opener. Whether it opens: with ring to open, or in continuous mode.

    Whether ring to open ends with that, is a setting (2.6).
    """
    is_rto, is_cm = is_ring_to_open(device), is_continuous(device)
    line = LogEntry(
        id=home.object_id(now),
        at=now,
        action=DOORBELL,
        opener_source=FROM_DOORBELL,
        active_rto=is_rto,
        active_cm=is_cm,
    )
    cloud.write_log(home, device, line)
    opens = is_rto or is_cm
    if opens:
        perform(home, device, OPEN, now, AUTOMATIC, opener_source=FROM_DOORBELL)
        if is_rto and views.smartlock(home, device)["openerAdvancedConfig"]["disableRtoAfterRing"]:
            device.truth.status.state, device.truth.status.rto_end = cloud.LOCKED, None
    cloud.push(device, now)
    return opens


def warn_ajar(home: Home, device: Device, minutes: int, now: datetime) -> None:
    """The door has stood open for so long: 208, with the minutes (6.1)."""
    line = LogEntry(id=home.object_id(now), at=now, action=AJAR, ajar_minutes=minutes)
    cloud.write_log(home, device, line)
    cloud.push(device, now)
