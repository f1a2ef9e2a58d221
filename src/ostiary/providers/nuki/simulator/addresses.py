"""
The API's operations on addresses, their units and the units' tokens (7.7).

An address groups devices, a unit is a flat at it, and the unit's token is what a tenant would redeem.
Redeeming, reservations and everything that a booking service feeds are not simulated.
"""

from typing import Any

from ostiary.simulation.answers import Answer, json_answer
from ostiary.simulation.calls import Route

from . import views
from .account_state import Address, AddressUnit
from .bodies import Fields, integers, mapping, needed_text, read_object, text
from .call import Call, number_in_path
from .refusals import ACCEPTED, bad_parameter, not_yours, unknown
from .shapes import present
from .state import Home
from .zones import ZONES

# --- addresses ------------------------------------------------------------------------------------------


def list_addresses(call: Call) -> Answer:
    return json_answer([_address(call.home, address) for address in call.home.addresses])


def create_address(call: Call) -> Answer:
    home, fields = call.home, read_object(call.body)
    name, ids = needed_text(fields, "name"), _smartlock_ids(call, fields)
    if ids is None:
        raise bad_parameter("smartlockIds", None)
    address = Address(home.number(), name, ids, call.now, call.now)
    home.addresses.append(address)
    return json_answer(_address(home, address))


def update_address(call: Call) -> Answer:
    """What is absent stays."""
    address, fields = _address_in_path(call), read_object(call.body)
    name, ids, settings = text(fields, "name"), _smartlock_ids(call, fields), mapping(fields, "settings")
    if name == "":
        raise bad_parameter("name", name)
    address.name = name or address.name
    address.smartlock_ids = address.smartlock_ids if ids is None else ids
    address.settings = address.settings if settings is None else settings
    address.updated_at = call.now
    return ACCEPTED


def delete_address(call: Call) -> Answer:
    call.home.addresses.remove(_address_in_path(call))
    return ACCEPTED


def _smartlock_ids(call: Call, fields: Fields) -> list[int] | None:
    ids = integers(fields, "smartlockIds")
    if ids is not None and any(call.home.device(smartlock_id) is None for smartlock_id in ids):
        raise not_yours()
    return None if ids is None else list(dict.fromkeys(ids))


def _address_in_path(call: Call) -> Address:
    """A foreign one is 403, as these operations declare it."""
    number = number_in_path(call, "addressId")
    address = next((address for address in call.home.addresses if address.id == number), None)
    if address is None:
        raise not_yours()
    return address


# --- units and tokens -----------------------------------------------------------------------------------


def list_units(call: Call) -> Answer:
    address = _address_in_path(call)
    return json_answer([_unit(address, unit) for unit in address.units])


def create_unit(call: Call) -> Answer:
    """The unit has a token from the beginning."""
    address, name = _address_in_path(call), needed_text(read_object(call.body), "name")
    unit = AddressUnit(call.home.object_id(call.now), name, call.home.object_id(call.now), call.now)
    address.units.append(unit)
    return json_answer(_unit(address, unit))


def list_tokens(call: Call) -> Answer:
    address = _address_in_path(call)
    return json_answer([_token(address, unit) for unit in address.units])


def show_token(call: Call) -> Answer:
    """What a tenant sees before redeeming."""
    address, unit = _unit_of_token(call)
    devices = [call.home.device(smartlock_id) for smartlock_id in address.smartlock_ids]
    names = [device.name for device in devices if device is not None]
    return json_answer({"id": unit.token_id, "addressName": address.name, "smartlockNames": names})


def get_token(call: Call) -> Answer:
    return json_answer(_token(*_unit_of_token(call)))


def _unit_of_token(call: Call) -> tuple[Address, AddressUnit]:
    for address in call.home.addresses:
        for unit in address.units:
            if unit.token_id == call.ids["id"]:
                return address, unit
    raise unknown()


def _address(home: Home, address: Address) -> dict[str, Any]:
    devices = [device for one in address.smartlock_ids if (device := home.device(one)) is not None]
    return present(
        {
            "addressId": address.id,
            "accountId": home.account_id,
            "name": address.name,
            "smartlockIds": [device.smartlock_id for device in devices],
            "timeZone": ZONES[devices[0].timezone_id] if devices else None,
            "settings": address.settings,
            "creationDate": views.instant(address.created_at),
            "updateDate": views.instant(address.updated_at),
        }
    )


def _unit(address: Address, unit: AddressUnit) -> dict[str, Any]:
    return {
        "id": unit.id,
        "name": unit.name,
        "addressId": address.id,
        "addressTokenId": unit.token_id,
        "creationDate": views.instant(unit.created_at),
    }


def _token(address: Address, unit: AddressUnit) -> dict[str, Any]:
    return {
        "id": unit.token_id,
        "addressId": address.id,
        "creationDate": views.instant(unit.created_at),
    }


_SCOPES = ("account",)
_NONE = ()  # the definition declares no scope there
_ADDRESS = "/address/{addressId}"

ROUTES: tuple[Route[Home], ...] = (
    Route("GET", "/address", _SCOPES, list_addresses),
    Route("PUT", "/address", _NONE, create_address),
    Route("POST", _ADDRESS, _SCOPES, update_address),
    Route("DELETE", _ADDRESS, _NONE, delete_address),
    Route("GET", f"{_ADDRESS}/unit", _SCOPES, list_units),
    Route("PUT", f"{_ADDRESS}/unit", _SCOPES, create_unit),
    Route("GET", f"{_ADDRESS}/token", _NONE, list_tokens),
    Route("GET", "/address/token/{id}", _NONE, show_token),
    Route("GET", "/address/token/{id}/redeem", _SCOPES, get_token),
)
