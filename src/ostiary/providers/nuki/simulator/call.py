"""A request to the API in a Nuki home."""

from ostiary.simulation import calls

from .refusals import not_yours, unknown
from .state import Device, Home

Call = calls.Call[Home]


def device_of(call: Call, *, foreign_is_unknown: bool = False) -> Device:
    """
    The device that the path names.

    A foreign one is 404 on reads and actions and 403 elsewhere (4.7, quirks 14 and 15).
    """
    text = call.ids["smartlockId"]
    device = call.home.device(int(text)) if text.isascii() and text.isdigit() and len(text) < 20 else None
    if device is None:
        raise unknown() if foreign_is_unknown else not_yours()
    return device
