"""The API's operations on the configuration of devices and on their admin PIN (7.2, 7.3)."""

from collections.abc import Callable
from typing import Any, Literal

from ostiary.simulation.answers import Answer
from ostiary.simulation.calls import Route
from ostiary.simulation.control import Fields as CommandFields
from ostiary.simulation.control import Mistake

from . import cloud, sections, views
from .bodies import Fields, as_integer, boolean, integer, integers, mapping, read_object
from .call import Call, device_of
from .refusals import ACCEPTED, admin_pin_needed, bad_parameter, busy, not_yours, unprocessable
from .shapes import present
from .state import Device, Home, Job

_PIN_MOST = 9999


class OwnerPin(CommandFields):
    smartlock_id: int
    pin: int


def _writes(section: str) -> Callable[[Call], Answer]:
    def write(call: Call) -> Answer:
        """The device gets it later, like an authorization."""
        device = device_of(call)
        values = sections.read(section, read_object(call.body))
        if views.section(device, section) is None:
            raise bad_parameter("smartlockId", device.smartlock_id)
        if device.operation_id is not None:
            raise busy()
        if device.admin_pin_state:
            raise admin_pin_needed()
        _enqueue(call, device, "config", section, values)
        return ACCEPTED

    return write


def set_admin_pin(call: Call) -> Answer:
    """The one administrative write that is open while the PIN is wrong, for it is the cure."""
    device = device_of(call)
    pin = integer(read_object(call.body), "adminPin")
    if pin is None or not 0 <= pin <= _PIN_MOST:
        raise bad_parameter("adminPin", pin)
    if device.operation_id is not None:
        raise busy()
    _enqueue(call, device, "pin", "", {"adminPin": pin})
    return ACCEPTED


def _enqueue(
    call: Call, device: Device, kind: Literal["config", "pin"], section: str, values: dict[str, Any]
) -> None:
    if call.strike("lost"):
        return
    run_at = call.now + cloud.delay(call.home, cloud.AUTH_DELAY, call.pace)
    job = Job(call.home.object_id(call.now), kind, device.smartlock_id, run_at)
    job.section, job.values = section, values
    call.home.jobs.append(job)
    device.operation_id = job.id


# --- the cloud's own settings ---------------------------------------------------------------------------


def write_web_config(call: Call) -> Answer:
    """Mails and warnings are the cloud's own matter: it counts at once (assumed)."""
    device = device_of(call)
    values = _web_values(read_object(call.body))
    if device.operation_id is not None:
        raise busy()
    device.web_config = {**device.web_config, **values}
    return ACCEPTED


def write_web_configs(call: Call) -> Answer:
    """All or none of them."""
    wanted = read_object(call.body).get("webConfigRequests")
    if not isinstance(wanted, list):
        raise unprocessable()
    changes: list[tuple[Device, dict[str, Any]]] = []
    for one in wanted:
        if not isinstance(one, dict) or one.get("smartlockId") is None:
            raise unprocessable()
        device = call.home.device(as_integer(one["smartlockId"]))
        if device is None:
            raise not_yours()
        changes.append((device, _web_values(mapping(one, "webConfig") or {})))
    if any(device.operation_id is not None for device, _ in changes):
        raise busy()
    for device, values in changes:
        device.web_config = {**device.web_config, **values}
    return ACCEPTED


def _web_values(fields: Fields) -> dict[str, Any]:
    """What is absent or null stays; an empty list clears (2.8)."""
    values = {
        "batteryWarningPerMailEnabled": boolean(fields, "batteryWarningPerMailEnabled"),
        "dismissedLiftUpHandleWarning": integers(fields, "dismissedLiftUpHandleWarning"),
    }
    return present(values)


# --- the control plane ----------------------------------------------------------------------------------


def change_pin_in_app(home: Home, command: OwnerPin, now: Any) -> dict[str, Any]:
    """The owner changes the admin PIN in the app: the cloud finds out at a sync, or when a write fails."""
    device = next((found for found in home.devices if found.smartlock_id == command.smartlock_id), None)
    if device is None:
        raise Mistake(f"There is no device {command.smartlock_id} in the home {home.name}.", 404)
    if not 0 <= command.pin <= _PIN_MOST:
        raise Mistake(f"`pin` is a number from 0 to {_PIN_MOST}.")
    device.admin_pin = command.pin
    return {"home": home.name, "smartlock_id": device.smartlock_id}


_SCOPES = ("smartlock.config",)
_DEVICE = "/smartlock/{smartlockId}"

ROUTES: tuple[Route[Home], ...] = (
    Route("POST", f"{_DEVICE}/config", _SCOPES, _writes("config")),
    Route("POST", f"{_DEVICE}/advanced/config", _SCOPES, _writes("advancedConfig")),
    Route("POST", f"{_DEVICE}/advanced/openerconfig", _SCOPES, _writes("openerAdvancedConfig")),
    Route("POST", f"{_DEVICE}/advanced/smartdoorconfig", _SCOPES, _writes("smartdoorAdvancedConfig")),
    Route("POST", f"{_DEVICE}/web/config", _SCOPES, write_web_config),
    Route("POST", f"{_DEVICE}/admin/pin", _SCOPES, set_admin_pin),
    Route("POST", "/bulk-web-config", _SCOPES, write_web_configs),
)
