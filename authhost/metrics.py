"""What the host counts, cheaply, and how Prometheus reads it.

Knows numbers and names; a count is an addition to a list, everything dear is done at the scrape.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

LATENCY_BUCKETS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Histogram:
    """Counts by upper bound, the last beyond all of them."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENCY_BUCKETS_S) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(LATENCY_BUCKETS_S, seconds)] += 1
        self.total_s += seconds


class Metrics(Collector):
    """All the host's counters. Gauges are asked for at the scrape."""

    def __init__(self) -> None:
        self.latency: dict[tuple[str, str], Histogram] = {}
        self.events: dict[tuple[str, str], int] = {}
        self._gauges: list[tuple[str, str, Callable[[], float]]] = []
        self._totals: list[tuple[str, str, Callable[[], float]]] = []
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)

    def answered(self, door: str, outcome: str, seconds: float) -> None:
        """An answer left: how long after its request came."""
        place = (door, outcome)
        histogram = self.latency.get(place)
        if histogram is None:
            histogram = self.latency[place] = Histogram()
        histogram.observe(seconds)

    def count(self, door: str, event: str) -> None:
        """Something that is no answer: a bad frame, a closed connection, silence."""
        place = (door, event)
        self.events[place] = self.events.get(place, 0) + 1

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A number that is what it is when it is asked for."""
        self._gauges.append((name, text, read))

    def total(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A number that only grows, kept where it arises."""
        self._totals.append((name, text, read))

    def collect(self) -> Iterator[Metric]:
        """What Prometheus reads."""
        latency = HistogramMetricFamily(
            "authhost_answer_seconds", "From a request's arrival to its answer.",
            labels=["door", "outcome"])
        for (door, outcome), histogram in sorted(self.latency.items()):
            latency.add_metric([door, outcome], _cumulative(histogram.counts), histogram.total_s)
        yield latency
        events = CounterMetricFamily("authhost_events", "What happened besides answers.",
                                     labels=["door", "event"])
        for place, number in sorted(self.events.items()):
            events.add_metric(list(place), number)
        yield events
        for name, text, read in self._gauges:
            yield GaugeMetricFamily(name, text, value=read())
        for name, text, read in self._totals:
            yield CounterMetricFamily(name, text, value=read())

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, number in zip((*map(str, LATENCY_BUCKETS_S), "+Inf"), counts, strict=True):
        total += number
        buckets.append((bound, total))
    return buckets
