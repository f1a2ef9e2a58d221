"""
Every request to a vendor passes here: it is admitted by its budget, and counted with what came of it.

`app.py` puts a `Gate` between each adapter and its transport. What is counted lives as long as the process,
and so do the buckets: after a restart they are full. No label is an id; a bucket's key is one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ..domain import budgets
from ..domain.budgets import Bucket, Budget, Work
from ..domain.errors import BudgetSpent
from ..domain.provider import HttpRequest, HttpResponse, NoAnswer, NotSent, ProviderHttp, RequestKind
from ..wire.metrics import Family, labelled

Cloud = Literal["real", "simulated"]
Outcome = Literal["ok", "refused", "busy", "rate_limited", "unreachable", "unknown"]

PATIENCE: Final = 2.0
"""
Seconds for which a request waits in place for its budget. A longer wait gives the account back, so that doors
find a worker free.
"""

BUCKETS_KEPT: Final = 4096
"""Above this, full ones are forgotten: a full bucket is as good as none."""


class Traffic:
    """
    Counters and buckets of one process.

    Args:
        clock: Steady seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._requests: Counter[tuple[Cloud, str, RequestKind, Outcome]] = Counter()
        self._wakes: Counter[tuple[Cloud, str]] = Counter()
        self._waits: Counter[tuple[str, Work]] = Counter()
        self._polls: Counter[tuple[Cloud, str]] = Counter()
        self._code_looks: Counter[tuple[Cloud, str]] = Counter()
        self._buckets: dict[tuple[str, str], tuple[Bucket, Budget]] = {}

    # --- budgets ----------------------------------------------------------------------------------------

    async def admit(self, provider: str, key: str, budget: Budget, work: Work) -> None:
        """
        One request's token, waited for if that is short.

        Raises:
            BudgetSpent: It would take longer than `PATIENCE`; `retry_after` tells how long.
        """
        patience = self._clock() + PATIENCE
        is_first = True
        while True:
            now = self._clock()
            bucket = self._bucket(provider, key, budget, now)
            seconds = budgets.wait(bucket, budget, work, now)
            if seconds <= 0:
                self._buckets[provider, key] = budgets.taken(bucket, budget, now), budget
                return
            if is_first:
                self._waits[provider, work] += 1
                is_first = False
            if now + seconds > patience:
                pause = budgets.pause(bucket, budget, work, now)
                raise BudgetSpent("our own budget of requests is spent", retry_after=max(pause, 1.0))
            await asyncio.sleep(seconds)

    def _bucket(self, provider: str, key: str, budget: Budget, now: float) -> Bucket:
        found = self._buckets.get((provider, key))
        if found is not None:
            return found[0]
        if len(self._buckets) >= BUCKETS_KEPT:
            self._forget_full(now)
        return budgets.full(budget, now)

    def _forget_full(self, now: float) -> None:
        for name, (bucket, budget) in list(self._buckets.items()):
            if budgets.level(bucket, budget, now) >= budget.burst:
                del self._buckets[name]

    # --- counting ---------------------------------------------------------------------------------------

    def note(self, cloud: Cloud, provider: str, request: HttpRequest, outcome: Outcome) -> None:
        self._requests[cloud, provider, request.kind, outcome] += 1
        self._wakes[cloud, provider] += request.wakes and outcome in ("ok", "unknown")

    def note_poll(self, cloud: Cloud, provider: str) -> None:
        self._polls[cloud, provider] += 1

    def note_code_look(self, cloud: Cloud, provider: str) -> None:
        self._code_looks[cloud, provider] += 1

    def families(self) -> Iterator[Family]:
        """What a scraper reads."""
        yield Family(
            "ostiary_vendor_requests",
            "Requests to vendors and what came of them",
            ("cloud", "provider", "kind", "outcome"),
            labelled(self._requests),
        )
        yield Family(
            "ostiary_vendor_wakes",
            "Requests that make a vendor speak to a device, at the cost of its battery",
            ("cloud", "provider"),
            labelled(self._wakes),
        )
        yield Family(
            "ostiary_vendor_budget_waits",
            "Requests that had to wait for our own budget",
            ("provider", "work"),
            labelled(self._waits),
        )
        yield Family(
            "ostiary_vendor_budget_tokens",
            "Requests that the account with the fewest could send at once; below 0 on credit",
            ("provider",),
            self._levels(),
            is_gauge=True,
        )
        yield Family(
            "ostiary_engine_polls",
            "Finished looks at the list of devices of an account",
            ("cloud", "provider"),
            labelled(self._polls),
        )
        yield Family(
            "ostiary_engine_code_looks",
            "Finished looks at the codes of a lock",
            ("cloud", "provider"),
            labelled(self._code_looks),
        )

    def _levels(self) -> dict[tuple[str, ...], float]:
        now = self._clock()
        lowest: dict[tuple[str, ...], float] = {}
        for (provider, _), (bucket, budget) in self._buckets.items():
            tokens = budgets.level(bucket, budget, now)
            lowest[(provider,)] = min(tokens, lowest.get((provider,), tokens))
        return lowest


@dataclass(frozen=True, slots=True)
class Gate:
    """
    A `ProviderHttp` in front of another.

    Attributes:
        account: Whose bucket; None for one that all share.
        budget: None: any number of requests.
        is_at_door: Somebody waits: the reserve is theirs.
    """

    http: ProviderHttp
    traffic: Traffic
    cloud: Cloud
    provider: str
    account: str | None = None
    budget: Budget | None = None
    is_at_door: bool = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """
        Raises:
            BudgetSpent: Nothing was sent.
            NotSent, NoAnswer: As the transport raises them.
        """
        if self.budget is not None:
            key = "" if self.budget.is_shared or self.account is None else self.account
            await self.traffic.admit(self.provider, key, self.budget, self._work(request))
        outcome: Outcome = "unknown"
        try:
            response = await self.http.send(request)
            outcome = outcome_of(response.status, request.kind)
            return response
        except NotSent:
            outcome = "unreachable"
            raise
        except NoAnswer:
            outcome = "unreachable" if request.kind == "read" else "unknown"
            raise
        finally:
            self.traffic.note(self.cloud, self.provider, request, outcome)

    def _work(self, request: HttpRequest) -> Work:
        if request.kind in ("command", "login"):
            return "command"
        return "look" if self.is_at_door else "background"


def outcome_of(status: int, kind: RequestKind) -> Outcome:
    """By the status alone; what a brand reads out of a body is not asked."""
    if 200 <= status < 300:
        return "ok"
    if status == 423:
        return "busy"
    if status == 429:
        return "rate_limited"
    if 400 <= status < 500 and status != 408:
        return "refused"
    if status >= 500 and status != 503 and kind != "read":
        return "unknown"
    return "unreachable"
