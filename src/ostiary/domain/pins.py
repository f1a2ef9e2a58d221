"""PINs that a device takes: its rules, whether a PIN obeys them, and new ones at random. Pure."""

import re
import secrets
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Final

from .devices import Device
from .errors import ApiError
from .provider import Capabilities
from .secrets import Secret

_CONSTRAINTS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "no_zeros": (re.compile(r"^[^0]+$"), "must not contain 0"),
    "cannot_start_with_12": (re.compile(r"^(?!12)"), "must not start with 12"),
    "no_all_same_digits": (re.compile(r"^(\d)(?!\1*$)"), "must not be one digit repeated"),
    "cannot_contain_089": (re.compile(r"^[^089]+$"), "must not contain 0, 8 or 9"),
    "cannot_contain_0789": (re.compile(r"^[^0789]+$"), "must not contain 0, 7, 8 or 9"),
}

_FORBIDDEN_DIGITS: Final[Mapping[str, str]] = {
    "no_zeros": "0",
    "cannot_contain_089": "089",
    "cannot_contain_0789": "0789",
}
"""Left out from the start: of random digits too few PINs would be without them."""


def broken_constraint(pin: str, can: Capabilities) -> tuple[str, str] | None:
    """The first rule of the device that a PIN breaks, as (constraint type, words), or None."""
    if can.code_lengths and len(pin) not in can.code_lengths:
        lengths = " or ".join(map(str, can.code_lengths))
        return "supported_code_lengths", f"must have {lengths} digits"
    for constraint in can.code_constraints:
        words = _breaks(constraint, pin)
        if words is not None:
            return constraint, words
    return None


def _breaks(constraint: str, pin: str) -> str | None:
    if constraint in _CONSTRAINTS:
        pattern, words = _CONSTRAINTS[constraint]
        return None if pattern.search(pin) else words
    digits = [int(digit) for digit in pin]
    steps = [b - a for a, b in pairwise(digits)]
    if constraint == "at_least_three_unique_digits":
        return "must have three different digits" if len(set(digits)) < 3 else None
    if constraint == "unique_first_four_digits":
        return "must start with four different digits" if len(set(pin[:4])) < len(pin[:4]) else None
    if constraint == "no_ascending_or_descending_sequence":
        is_run = len(set(steps)) == 1 and steps[0] in (1, -1)
        return "must not be a rising or falling sequence" if is_run else None
    if constraint == "no_triple_consecutive_ints":
        runs = any(
            steps[i] == steps[i + 1] == steps[i + 2] and abs(steps[i]) <= 1 for i in range(len(steps) - 2)
        )
        return "must not have more than three equal or consecutive digits in a row" if runs else None
    return None


def check_pin(pin: str, can: Capabilities, device: Device) -> None:
    """
    Raises:
        ApiError: 400 `invalid_access_code`, with the constraint in `data`; or the vendor chooses PINs.
    """
    if can.code_chosen_by == "vendor":
        raise ApiError(
            "invalid_access_code",
            f"{device.display_name} chooses its own codes: leave out code",
            data={"device_id": device.device_id, "constraint_type": "cannot_specify_pin_code"},
        )
    broken = broken_constraint(pin, can)
    if broken is not None:
        constraint, words = broken
        raise ApiError(
            "invalid_access_code",
            f"The code for {device.display_name} {words}",
            data={"device_id": device.device_id, "constraint_type": constraint},
        )


def candidate_pins(can: Capabilities, preferred_length: float | None = None) -> Iterator[Secret]:
    """
    PINs at random that obey every rule of the device, until one is taken that is free.

    Args:
        preferred_length: Honoured when the device supports it; otherwise the shortest length is used.

    Raises:
        ApiError: 400 after so many that there is no free PIN left.
    """
    lengths = can.code_lengths or (4,)
    length = int(preferred_length) if preferred_length in lengths else min(lengths)
    alphabet = _digits(can.code_constraints)
    for _ in range(1000):
        pin = random_text(alphabet, length)
        if broken_constraint(pin, can) is None:
            yield Secret(pin)
    raise ApiError("no_free_access_code", "No free code could be found; give one")


@cache
def _digits(constraints: tuple[str, ...]) -> str:
    forbidden = "".join(_FORBIDDEN_DIGITS.get(constraint, "") for constraint in constraints)
    return "".join(digit for digit in "0123456789" if digit not in forbidden)


def random_text(alphabet: str, length: int) -> str:
    """Uniformly random over all texts of that length, mostly from one draw of the system's randomness."""
    number = most = len(alphabet) ** length
    while number >= most:
        number = secrets.randbits((most - 1).bit_length())
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(digits)
