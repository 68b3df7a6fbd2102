"""What the host counts, cheaply, and how Prometheus reads it.

Knows numbers and names; a count is an addition to a list, everything dear is done at the scrape.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
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
BATCH_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Histogram:
    """Counts by upper bound, the last beyond all of them."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = LATENCY_BUCKETS_S) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper bound, how many up to it), as Prometheus counts."""
        bounds = (*map(str, self.bounds), "+Inf")
        return list(zip(bounds, accumulate(self.counts), strict=True))


class Metrics(Collector):
    """All the host's counters. Gauges are asked for at the scrape."""

    def __init__(self) -> None:
        self.latency: dict[tuple[str, str], Histogram] = {}
        self.events: dict[tuple[str, str], int] = {}
        self._gauges: list[tuple[str, str, Callable[[], float]]] = []
        self._labelled: list[tuple[str, str, str, Callable[[], Mapping[str, float]]]] = []
        self._histograms: list[tuple[str, str, Histogram]] = []
        self._totals: list[tuple[str, str, Callable[[], float]]] = []
        self._tables: list[tuple[str, str, tuple[str, str],
                                 Callable[[], Mapping[tuple[str, str], int]]]] = []
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

    def gauges(self, name: str, text: str, label: str,
               read: Callable[[], Mapping[str, float]]) -> None:
        """The same, by the values of one label."""
        self._labelled.append((name, text, label, read))

    def histogram(self, name: str, text: str, counts: Histogram) -> None:
        """A distribution, kept where it arises."""
        self._histograms.append((name, text, counts))

    def total(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A number that only grows, kept where it arises."""
        self._totals.append((name, text, read))

    def table(self, name: str, text: str, labels: tuple[str, str],
              read: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        """Numbers that only grow, by the values of two labels, kept where they arise."""
        self._tables.append((name, text, labels, read))

    def collect(self) -> Iterator[Metric]:
        """What Prometheus reads."""
        latency = HistogramMetricFamily(
            "authhost_answer_seconds", "From a request's arrival to its answer.",
            labels=["door", "outcome"])
        for (door, outcome), histogram in sorted(self.latency.items()):
            latency.add_metric([door, outcome], histogram.cumulative(), histogram.total)
        yield latency
        for name, text, histogram in self._histograms:
            yield HistogramMetricFamily(name, text, histogram.cumulative(), histogram.total)
        events = CounterMetricFamily("authhost_events", "What happened besides answers.",
                                     labels=["door", "event"])
        for place, number in sorted(self.events.items()):
            events.add_metric(list(place), number)
        yield events
        for name, text, read in self._gauges:
            yield GaugeMetricFamily(name, text, value=read())
        for name, text, label, read_labelled in self._labelled:
            gauges = GaugeMetricFamily(name, text, labels=[label])
            for value, found in sorted(read_labelled().items()):
                gauges.add_metric([value], found)
            yield gauges
        for name, text, read in self._totals:
            yield CounterMetricFamily(name, text, value=read())
        for name, text, labels, read_all in self._tables:
            family = CounterMetricFamily(name, text, labels=labels)
            for values, number in sorted(read_all().items()):
                family.add_metric(values, number)
            yield family

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
