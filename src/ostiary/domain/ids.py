"""Ids that sort by creation: for rows whose order matters and whose clock ticks in milliseconds."""

import itertools
import random
from datetime import datetime
from typing import Final

from .instants import to_ms

_COUNT: Final = itertools.count(random.getrandbits(16))
"""26 bits of it are used: a process would have to make 67 million ids before their order has a break."""


def ordered_id(now: datetime) -> str:
    """
    A UUID of version 7: 48 bits of time, 26 bits that count up in this process, 48 random bits.

    Ids of one process sort in the order in which they were made, also within a millisecond.
    """
    at, count = to_ms(now) & (2**48 - 1), next(_COUNT)
    return (
        f"{at >> 16:08x}-{at & 0xFFFF:04x}-7{count >> 14 & 0xFFF:03x}-{0x8000 | count & 0x3FFF:04x}"
        f"-{random.getrandbits(48):012x}"
    )
