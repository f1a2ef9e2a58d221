"""What a scraper reads at `/metrics`. Labels are paths of the operation table and status codes, never ids."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric


class Metrics:
    """
    Args:
        engine_stats: Figures of the dispatcher.
    """

    def __init__(self, engine_stats: Callable[[], dict[str, int]]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "ostiary_requests", "Answered operations", ["operation", "status"], registry=self._registry
        )
        self._counters: dict[tuple[str, int], Counter] = {}
        self._registry.register(_EngineCollector(engine_stats))

    def observe(self, path: str, status: int) -> None:
        counter = self._counters.get((path, status))
        if counter is None:
            counter = self._counters[path, status] = self._requests.labels(path, str(status))
        counter.inc()

    def render(self) -> bytes:
        return generate_latest(self._registry)


class _EngineCollector:
    def __init__(self, stats: Callable[[], dict[str, int]]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        for name, value in self._stats().items():
            yield GaugeMetricFamily(f"ostiary_engine_{name}", "Drains of connected accounts", value=value)
