"""What a bucket gives, to whom, and when it has more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.domain.budgets import Bucket, Budget, Work, full, level, pause, taken, wait

BUDGET = Budget(per_minute=60, burst=60, reserve=20)
WORKS: tuple[Work, ...] = ("background", "look", "command")


def spend(work: Work, budget: Budget = BUDGET, at: float = 0.0, most: int = 1000) -> int:
    """How many requests of that kind go out at once."""
    bucket = full(budget, at)
    for number in range(most):
        if wait(bucket, budget, work, at) > 0:
            return number
        bucket = taken(bucket, budget, at)
    return most


def test_background_leaves_the_reserve_and_doors_take_it() -> None:
    assert [spend(work) for work in WORKS] == [40, 60, 120]


def test_a_command_goes_when_looks_have_taken_everything() -> None:
    empty = Bucket(0.0, 5.0)
    assert wait(empty, BUDGET, "command", 5.0) == 0
    assert wait(empty, BUDGET, "look", 5.0) == pytest.approx(1)
    assert wait(empty, BUDGET, "background", 5.0) == pytest.approx(21)


def test_what_was_taken_on_credit_is_paid_back_first() -> None:
    owing = taken(Bucket(0.0, 0.0), BUDGET, 0.0)
    assert level(owing, BUDGET, 0.0) == -1
    assert wait(owing, BUDGET, "look", 0.0) == pytest.approx(2)


def test_tokens_come_back_and_never_more_than_fit() -> None:
    bucket = Bucket(10.0, 100.0)
    assert level(bucket, BUDGET, 115.0) == 25
    assert level(bucket, BUDGET, 100_000.0) == 60
    assert level(bucket, BUDGET, 99.0) == 10, "a clock that stumbles takes nothing away"


def test_the_background_comes_back_for_more_than_a_token() -> None:
    dry = Bucket(20.0, 0.0)
    seconds = pause(dry, BUDGET, "background", 0.0)
    assert seconds == pytest.approx(10)
    assert wait(dry, BUDGET, "background", seconds) == 0
    assert level(dry, BUDGET, seconds) - BUDGET.reserve == pytest.approx(10)


@pytest.mark.parametrize(
    ("per_minute", "burst", "reserve"), [(6, 6, 2), (1, 2, 1), (0.5, 2, 1), (30, 30, 10), (600, 60, 20)]
)
def test_another_rate_has_bursts_to_match(per_minute: float, burst: int, reserve: int) -> None:
    assert BUDGET.at_rate(per_minute) == Budget(per_minute, burst, reserve)


@given(
    st.floats(0.1, 10_000),
    st.lists(st.tuples(st.floats(0, 30), st.sampled_from(WORKS)), max_size=200),
)
def test_no_history_gives_more_than_a_burst_and_the_rate(
    per_minute: float, asked: list[tuple[float, Work]]
) -> None:
    """Whatever asks, and when: commands at most twice the burst beyond the rate, all others once."""
    budget = BUDGET.at_rate(per_minute)
    bucket, now = full(budget, 0.0), 0.0
    others = 0
    for sent, (gap, work) in enumerate(asked):
        now += gap + wait(bucket, budget, work, now + gap)
        now += 1e-6  # rounding
        before = level(bucket, budget, now)
        bucket = taken(bucket, budget, now)
        assert bucket.tokens >= budget.floor(work) - 1e-3
        assert before <= budget.burst
        others += work != "command"
        assert sent + 1 <= 2 * budget.burst + now * per_minute / 60 + 1
        if "command" not in {kind for _, kind in asked}:
            assert others <= budget.burst + now * per_minute / 60 + 1
