"""Ids that sort by creation: for rows whose order matters and whose clock ticks in milliseconds."""

import itertools
import random
from datetime import datetime
from typing import Final

from .instants import to_ms

_COUNT: Final = itertools.count(random.getrandbits(10))


def ordered_id(now: datetime) -> str:
    """
    A UUID of version 7: 48 bits of time, 12 bits that count up in this process, 62 random bits.

    Ids of one process sort in the order in which they were made, also within a millisecond.
    """
    value = (to_ms(now) & (2**48 - 1)) << 80
    value |= 0x7 << 76 | (next(_COUNT) & 0xFFF) << 64
    value |= 0b10 << 62 | random.getrandbits(62)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
