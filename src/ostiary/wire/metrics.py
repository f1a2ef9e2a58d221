"""What a scraper reads at `/metrics`. Labels are paths of the operation table and status codes, never ids."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class Metrics:
    """
    Counts requests and renders them; the client library is loaded when somebody first scrapes.

    Args:
        engine_stats: Figures of the dispatcher.
    """

    def __init__(self, engine_stats: Callable[[], dict[str, int]]) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._engine_stats = engine_stats

    def observe(self, path: str, status: int) -> None:
        self._requests[path, status] += 1

    def render(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        requests = CounterMetricFamily(
            "ostiary_requests", "Answered operations", labels=["operation", "status"]
        )
        for (path, status), count in sorted(self._requests.items()):
            requests.add_metric([path, str(status)], count)
        yield requests
        for name, value in self._engine_stats().items():
            yield GaugeMetricFamily(f"ostiary_engine_{name}", "Drains of connected accounts", value=value)
