"""
How many requests we allow ourselves at a vendor: a token bucket with a reserve for doors. Pure.

Vendors refuse more calls than they like, and mostly do not say how many that are. So we stay below a rate of
our own choice, and what nobody waits for leaves the last tokens to those who stand before a door.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

Work = Literal["background", "look", "command"]
"""
`background`: polls, looks at codes, writes of codes. `look`: whether a door has moved. `command`: the door
itself, and renewing the login that it may need.
"""

COMEBACK: Final = 0.25
"""A background that ran dry comes back when it has this share of its part again, not for single tokens."""


@dataclass(frozen=True, slots=True)
class Budget:
    """
    Attributes:
        per_minute: Tokens that come back in a minute; one request takes one.
        burst: How many there are at most.
        reserve: How many of them background work leaves alone.
        is_shared: The vendor counts by our client and not by account: all accounts draw from one bucket.
    """

    per_minute: float
    burst: int
    reserve: int
    is_shared: bool = False

    def at_rate(self, per_minute: float) -> "Budget":
        """The same for another rate. A lower one makes bursts smaller too, a higher one leaves them."""
        share = min(1.0, per_minute / self.per_minute)
        burst = max(2, round(self.burst * share))
        reserve = min(burst - 1, max(1, round(self.reserve * share)))
        return replace(self, per_minute=per_minute, burst=burst, reserve=reserve)

    def floor(self, work: Work) -> float:
        """
        How many tokens must be left after a request. A command goes on credit: that we have looked too often
        is no reason to leave somebody standing.
        """
        return {"background": self.reserve, "look": 0, "command": -self.burst}[work]


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` as they were `at` that second of a steady clock; below 0 while something is owed."""

    tokens: float
    at: float


def full(budget: Budget, now: float) -> Bucket:
    return Bucket(float(budget.burst), now)


def level(bucket: Bucket, budget: Budget, now: float) -> float:
    """Tokens by now."""
    grown = max(0.0, now - bucket.at) * budget.per_minute / 60
    return min(float(budget.burst), bucket.tokens + grown)


def taken(bucket: Bucket, budget: Budget, now: float) -> Bucket:
    """After one request."""
    return Bucket(level(bucket, budget, now) - 1, now)


def wait(bucket: Bucket, budget: Budget, work: Work, now: float) -> float:
    """Seconds until this work may send one request; 0: now."""
    missing = budget.floor(work) + 1 - level(bucket, budget, now)
    return max(0.0, missing) * 60 / budget.per_minute


def pause(bucket: Bucket, budget: Budget, work: Work, now: float) -> float:
    """Seconds for which work that found the bucket empty had better stay away."""
    floor = budget.floor(work)
    wanted = floor + max(1.0, COMEBACK * (budget.burst - floor)) if work == "background" else floor + 1
    return max(0.0, wanted - level(bucket, budget, now)) * 60 / budget.per_minute
