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


WEBHOOK_WAITS: Final = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
"""Seconds after the first failure, the second, and so on, as the wire documents them."""

WEBHOOK_JITTER: Final = 0.1


def webhook_wait(tries: int) -> timedelta | None:
    """
    The wait after `tries` failures of one delivery; None when it has been tried often enough.

    Up to a tenth longer than documented, never shorter: many that failed together come back apart.
    """
    if tries > len(WEBHOOK_WAITS):
        return None
    return timedelta(seconds=WEBHOOK_WAITS[tries - 1] * (1 + WEBHOOK_JITTER * random.random()))  # noqa: S311


FIRST_REST: Final = 0.5
LONGEST_REST: Final = 60.0


def webhook_rest(failures: int) -> timedelta:
    """For how long a receiver that is not there is left alone, after so many failures in a row."""
    return timedelta(seconds=min(LONGEST_REST, FIRST_REST * 2 ** min(failures - 1, 20)))
