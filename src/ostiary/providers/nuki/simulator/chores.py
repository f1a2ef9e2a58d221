"""Accepted work about settings, the admin PIN and account users, as the device and the cloud carry it out."""

from .state import Device, Home, Job
from .zones import ZONES

_CHANGED = 2  # adminPinState (2.3)
BAD_PIN = "Bad PIN (21)"  # 8.6; the wording is not known


def check_pin(device: Device) -> bool:
    """
    Whether the device accepts the PIN that the cloud has for it (7.2).

    If not, the cloud knows from now on; that it is good again only `/admin/pin` can tell.
    """
    if device.admin_pin == device.known_pin:
        return True
    device.admin_pin_state = _CHANGED
    return False


def write(device: Device, job: Job) -> str | None:
    """Bring settings or a PIN to a device that can be reached; the reason if it refuses."""
    if job.kind == "pin":
        return _write_pin(device, int(job.values["adminPin"]))
    if not check_pin(device):
        return BAD_PIN
    kept = device.truth.settings.get(job.section, {})
    device.truth.settings = {**device.truth.settings, job.section: {**kept, **job.values}}
    device.cloud.settings = device.truth.settings
    if job.section == "config":
        zone = job.values["timezoneId"]
        device.timezone_id = zone if zone in ZONES else device.timezone_id
        device.has_knob = job.values.get("autoUnlatch", device.has_knob)
    return None


def _write_pin(device: Device, pin: int) -> str | None:
    """
    While the cloud's PIN is good, or the device's own was never set here, this is the new one; otherwise
    it has to be the device's. That one operation does both is assumed (7.2).
    """
    is_good = check_pin(device) and device.admin_pin_state == 0
    if not is_good and device.admin_pin not in (None, pin):
        return BAD_PIN
    device.admin_pin = device.known_pin = pin
    device.admin_pin_state = 0
    return None


def delete_user(home: Home, job: Job) -> None:
    """
    The user goes, and what is still linked to them no longer is.

    The user's keys were deleted by jobs of their own, as far as the devices could be reached.
    """
    home.users = [user for user in home.users if user.id != job.account_user_id]
    for device in home.devices:
        for side in (device.truth, device.cloud):
            for auth in side.auths.values():
                if auth.account_user_id == job.account_user_id:
                    auth.account_user_id = None
