"""When to try again."""

import random
from datetime import timedelta
from typing import Final

FIRST: Final = 5.0
LONGEST: Final = 600.0


def backoff(attempts: int, *, first: float = FIRST, longest: float = LONGEST) -> timedelta:
    """
    The wait after `attempts` failures in a row: doubling, with full jitter above a fifth.

    Jitter keeps many locks that failed together from coming back together.
    """
    ceiling = min(longest, first * 2 ** min(attempts - 1, 20))
    return timedelta(seconds=ceiling * (0.2 + 0.8 * random.random()))  # noqa: S311 - spreads load, guards nothing
