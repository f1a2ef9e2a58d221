"""Waits double, stay within their bounds, and do not come back together."""

from datetime import timedelta

import pytest

from ostiary.domain.retry import FIRST, LONGEST, backoff


@pytest.mark.parametrize(("attempts", "ceiling"), [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (9, 600)])
def test_a_wait_doubles_up_to_the_longest(attempts: int, ceiling: float) -> None:
    waits = [backoff(attempts).total_seconds() for _ in range(400)]
    assert 0.2 * ceiling <= min(waits) < 0.3 * ceiling
    assert 0.9 * ceiling < max(waits) <= ceiling
    assert len(set(waits)) > 300, "locks that failed together come back apart"


@pytest.mark.parametrize("attempts", [0, 1, 100, 10**6])
def test_any_number_of_attempts_has_a_wait(attempts: int) -> None:
    assert timedelta(0) < backoff(attempts) <= timedelta(seconds=LONGEST)


def test_the_bounds_can_be_given() -> None:
    assert FIRST < LONGEST
    assert all(backoff(9, first=2.0, longest=60.0) <= timedelta(seconds=60) for _ in range(50))
    assert all(backoff(1, first=2.0, longest=60.0) <= timedelta(seconds=2) for _ in range(50))
