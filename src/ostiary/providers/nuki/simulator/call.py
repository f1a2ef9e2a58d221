"""A request to the API in a Nuki home."""

from ostiary.simulation import calls

from .refusals import not_yours, unknown
from .state import Device, Home

Call = calls.Call[Home]


def number_in_path(call: Call, name: str) -> int:
    """The number in the path; one that cannot be any thing's is -1, which nothing has."""
    text = call.ids[name]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def device_of(call: Call, *, foreign_is_unknown: bool = False) -> Device:
    """
    The device that the path names.

    A foreign one is 404 on reads and actions and 403 elsewhere (4.7, quirks 14 and 15).
    """
    device = call.home.device(number_in_path(call, "smartlockId"))
    if device is None:
        raise unknown() if foreign_is_unknown else not_yours()
    return device
