"""
What a scraper reads at `/metrics`. Labels are words of the program, paths of the operation table and status
codes, never ids.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client.core import Metric


@dataclass(frozen=True, slots=True)
class Family:
    """
    Figures of one kind.

    Attributes:
        name: Without `_total`, which the format puts behind a counter's.
        samples: By the values of `labels`.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Mapping[tuple[str, ...], float]
    is_gauge: bool = False


def labelled(counts: Mapping[Any, float]) -> dict[tuple[str, ...], float]:
    """Counts by tuples, as samples."""
    return {tuple(map(str, labels)): count for labels, count in counts.items()}


class Metrics:
    """
    Counts requests and renders them; the client library is loaded when somebody first scrapes.

    Args:
        engine_stats: Figures of the dispatcher.
        others: Whoever else counts.
    """

    def __init__(
        self,
        engine_stats: Callable[[], dict[str, int]],
        *others: Callable[[], Iterable[Family]],
    ) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._engine_stats = engine_stats
        self._others = others

    def observe(self, path: str, status: int) -> None:
        self._requests[path, status] += 1

    def render(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for family in self._families():
            kind = GaugeMetricFamily if family.is_gauge else CounterMetricFamily
            metric = kind(family.name, family.help, labels=list(family.labels))
            for labels, value in sorted(family.samples.items()):
                metric.add_metric(list(labels), value)
            yield metric

    def _families(self) -> Iterator[Family]:
        answered = labelled(self._requests)
        yield Family("ostiary_requests", "Answered operations", ("operation", "status"), answered)
        for name, value in self._engine_stats().items():
            yield Family(
                f"ostiary_engine_{name}", "Drains of connected accounts", (), {(): value}, is_gauge=True
            )
        for others in self._others:
            yield from others()
