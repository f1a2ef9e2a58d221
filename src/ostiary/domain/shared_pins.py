"""One PIN for several devices: which of them take it, and what it has to be like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .devices import Device
from .errors import ApiError
from .pins import check_pin
from .provider import Capabilities

_USUAL_LENGTH: Final = 4
"""Where no device says which lengths it takes."""


@dataclass(frozen=True, slots=True)
class Share:
    """
    Attributes:
        device_ids: Who takes the PIN.
        refusals: Why each of the others does not, in the order of the devices.
        rules: What a PIN has to be like for all who take it; None for one that is given.
    """

    device_ids: frozenset[str]
    refusals: tuple[ApiError, ...]
    rules: Capabilities | None = None


def takers(pin: str, devices: Sequence[Device]) -> Share:
    """Who takes a PIN that is given."""
    taking, refusals = set(), []
    for device in devices:
        try:
            check_pin(pin, device.can, device)
        except ApiError as refusal:
            refusals.append(refusal)
        else:
            taking.add(device.device_id)
    return Share(frozenset(taking), tuple(refusals))


def sharers(devices: Sequence[Device], preferred_length: float | None = None) -> Share:
    """
    Who can share a PIN that is made for them: as many as possible, which the length decides.

    Args:
        preferred_length: Taken before a shorter one where no more devices could share that.
    """
    length = _best_length([each for each in devices if not _only_vendor_chooses(each)], preferred_length)
    sharing, refusals = [], []
    for device in devices:
        if _only_vendor_chooses(device):
            refusals.append(_refusal(device, "it chooses its own", "cannot_specify_pin_code"))
        elif not _has_length(device, length):
            words = f"the others take {length} digits, and it does not"
            refusals.append(_refusal(device, words, "supported_code_lengths"))
        else:
            sharing.append(device)
    constraints = dict.fromkeys(word for device in sharing for word in device.can.code_constraints)
    return Share(
        frozenset(device.device_id for device in sharing),
        tuple(refusals),
        Capabilities(code_lengths=(length,), code_constraints=tuple(constraints)),
    )


def _best_length(devices: Sequence[Device], preferred: float | None) -> int:
    """The one that most devices have; of several, the preferred one, else the shortest."""

    def rank(length: int) -> tuple[int, bool, int]:
        return -sum(_has_length(device, length) for device in devices), length != preferred, length

    lengths = {length for device in devices for length in device.can.code_lengths}
    return min(lengths or {_USUAL_LENGTH}, key=rank)


def _only_vendor_chooses(device: Device) -> bool:
    return device.can.code_chosen_by == "vendor"


def _has_length(device: Device, length: int) -> bool:
    return not device.can.code_lengths or length in device.can.code_lengths


def _refusal(device: Device, words: str, constraint: str) -> ApiError:
    return ApiError(
        "invalid_access_code",
        f"{device.display_name} cannot share a code: {words}",
        data={"device_id": device.device_id, "constraint_type": constraint},
    )
