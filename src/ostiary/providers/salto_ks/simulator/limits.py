"""
How many requests a home takes (8.3), of its login and about its sites: a bucket that holds one second's worth
and fills evenly.

It lives in the process and not in the home, which a read would otherwise have to save. It fills by the
simulated world's clock, or by real time where that is faster: with a frozen clock, whoever keeps to the
limit and waits as told would else be turned away for ever. Like a delay it follows the pace: at 0 there is
no limit.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from ostiary.simulation.registry import DECODED_MOST

from .state import Home


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime
    real_at: float


class Limiter:
    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allows(self, home: Home, now: datetime, pace: float) -> bool:
        """Whether one more request may come in; if so, it counts."""
        if home.requests_per_second is None or pace <= 0:
            return True
        rate = home.requests_per_second / pace
        bucket = self._bucket(home.name, rate, now)
        real_now = time.monotonic()
        passed = max((now - bucket.at).total_seconds(), real_now - bucket.real_at)
        bucket.left = min(max(rate, 1.0), bucket.left + passed * rate)
        bucket.at, bucket.real_at = now, real_now
        if bucket.left < 1.0:
            return False
        bucket.left -= 1.0
        return True

    def _bucket(self, name: str, rate: float, now: datetime) -> _Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(max(rate, 1.0), now, time.monotonic())
            if len(self._buckets) > DECODED_MOST:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(name)
        return bucket
