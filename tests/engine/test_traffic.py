"""Requests on their way out: who has to wait, who is counted as what."""

import asyncio
from collections.abc import Callable

import pytest

from ostiary.domain.budgets import Budget
from ostiary.domain.errors import BudgetSpent
from ostiary.domain.provider import HttpRequest, HttpResponse, NoAnswer, NotSent, RequestKind
from ostiary.engine.traffic import Gate, Traffic, outcome_of
from ostiary.wire.metrics import Metrics

BUDGET = Budget(per_minute=6, burst=6, reserve=2)


class Vendor:
    """Answers as it is told."""

    def __init__(self, answer: Callable[[], int] = lambda: 200) -> None:
        self.answer = answer
        self.seen: list[HttpRequest] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.seen.append(request)
        return HttpResponse(self.answer(), {}, b"")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def request(kind: RequestKind = "read", *, wakes: bool = False) -> HttpRequest:
    return HttpRequest("GET", "http://vendor.test/", kind=kind, wakes=wakes)


def figures(traffic: Traffic) -> dict[str, float]:
    lines = Metrics(dict, traffic.families).render().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs if "_created" not in name}


async def until_refused(gate: Gate, kind: RequestKind = "read") -> tuple[int, float]:
    for number in range(100):
        try:
            await gate.send(request(kind))
        except BudgetSpent as error:
            return number, error.retry_after or 0.0
    raise AssertionError("never")


async def test_background_stops_at_the_reserve_and_a_door_does_not() -> None:
    clock, vendor = Clock(), Vendor()
    traffic = Traffic(clock)
    gate = Gate(vendor, traffic, "real", "acme", "account-1", BUDGET)
    door = Gate(vendor, traffic, "real", "acme", "account-1", BUDGET, is_at_door=True)
    assert await until_refused(gate) == (4, 10.0)
    await door.send(request("command"))
    await door.send(request())
    assert (await until_refused(door))[0] == 0
    await door.send(request("command"))
    await gate.send(request("login"))
    assert len(vendor.seen) == 8, "what was refused did not leave"
    clock.now += 50  # from two on credit to three tokens: one above the reserve
    assert (await until_refused(gate))[0] == 1
    assert figures(traffic)['ostiary_vendor_budget_waits_total{provider="acme",work="background"}'] == 2
    assert figures(traffic)['ostiary_vendor_budget_waits_total{provider="acme",work="look"}'] == 1
    assert figures(traffic)['ostiary_vendor_budget_tokens{provider="acme"}'] == 2


async def test_each_account_has_its_own_bucket_unless_they_share_one() -> None:
    for is_shared, left in ((False, 4), (True, 0)):
        budget = Budget(6, 6, 2, is_shared)
        traffic = Traffic(Clock())
        first, second = (Gate(Vendor(), traffic, "real", "acme", name, budget) for name in "ab")
        assert (await until_refused(first))[0] == 4
        assert (await until_refused(second))[0] == left


async def test_a_short_wait_is_waited_out_in_place() -> None:
    traffic = Traffic()
    gate = Gate(Vendor(), traffic, "real", "acme", "a", Budget(per_minute=6000, burst=4, reserve=2))
    await asyncio.gather(*(gate.send(request()) for _ in range(20)))
    waits = figures(traffic)['ostiary_vendor_budget_waits_total{provider="acme",work="background"}']
    assert 1 <= waits <= 18


async def test_full_buckets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts come and go for as long as the process lives."""
    monkeypatch.setattr("ostiary.engine.traffic.BUCKETS_KEPT", 10)
    clock, traffic = Clock(), Traffic()
    traffic = Traffic(clock)
    for number in range(100):
        await Gate(Vendor(), traffic, "real", "acme", str(number), BUDGET).send(request())
        clock.now += 10
    assert len(traffic._buckets) <= 10


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (200, "ok", "ok"),
        (204, "ok", "ok"),
        (302, "unreachable", "unreachable"),
        (400, "refused", "refused"),
        (401, "refused", "refused"),
        (408, "unreachable", "unreachable"),
        (423, "busy", "busy"),
        (429, "rate_limited", "rate_limited"),
        (500, "unreachable", "unknown"),
        (502, "unreachable", "unknown"),
        (503, "unreachable", "unreachable"),
    ],
)
def test_outcomes(status: int, read: str, write: str) -> None:
    assert outcome_of(status, "read") == read
    assert outcome_of(status, "write") == outcome_of(status, "command") == write


async def test_what_was_sent_is_counted_with_what_came_of_it() -> None:
    traffic = Traffic(Clock())

    def gone() -> int:
        raise NotSent("no connection")

    def silent() -> int:
        raise NoAnswer("late")

    await Gate(Vendor(), traffic, "simulated", "acme").send(request("write", wakes=True))
    for answer, error in ((gone, NotSent), (silent, NoAnswer)):
        for kind in ("read", "command"):
            with pytest.raises(error):
                await Gate(Vendor(answer), traffic, "real", "acme").send(request(kind, wakes=kind != "read"))
    found = figures(traffic)
    sent = {name: value for name, value in found.items() if name.startswith("ostiary_vendor_requests")}
    text = 'ostiary_vendor_requests_total{cloud="%s",kind="%s",outcome="%s",provider="acme"}'
    assert sent == {
        text % ("simulated", "write", "ok"): 1,
        text % ("real", "read", "unreachable"): 2,
        text % ("real", "command", "unreachable"): 1,
        text % ("real", "command", "unknown"): 1,
    }
    assert found['ostiary_vendor_wakes_total{cloud="simulated",provider="acme"}'] == 1
    assert found['ostiary_vendor_wakes_total{cloud="real",provider="acme"}'] == 1
