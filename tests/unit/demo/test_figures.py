"""The block of what was proved, from the host's own counters."""

from __future__ import annotations

import pytest

from authhost.metrics import Histogram, Metrics
from demo.figures import proved, quantile_ms
from demo.tally import Tally

CALLS = {("EC", "00"): 3, ("GQ", "00"): 2, ("DA", "01"): 4, ("DC", "20"): 9, ("CY", "00"): 5,
         ("CY", "01"): 1, ("KW", "00"): 7, ("KW", "01"): 1, ("M8", "00"): 20, ("M8", "01"): 2,
         ("M6", "00"): 21, ("NC", "00"): 1}


def test_it_reads_what_the_host_writes() -> None:
    metrics, latency, tally = Metrics(), Histogram((0.001, 0.002)), Tally()
    for seconds in (0.0005, 0.0005, 0.0015, 0.5):
        latency.observe(seconds)
    metrics.histogram("authhost_hsm_seconds", "", latency)
    metrics.table("authhost_hsm_calls", "", ("command", "outcome"), lambda: CALLS)
    for event in ("mac_wrong", "mac_missing", "key_change", "key_change", "busy"):
        metrics.count("ifsf", event)
    tally.locked, tally.pins_by_card = 2, 6
    found = proved(metrics.text().decode(), tally)
    assert (found.pins_right, found.pins_wrong, found.cards_locked) == (5, 4, 2)
    assert (found.stripes_good, found.stripes_wrong) == (5, 1)
    assert (found.cryptograms, found.pins_by_card) == (7, 6)
    assert (found.macs_checked, found.macs_made, found.macs_refused) == (20, 21, 2)
    assert (found.key_changes, found.hsm_calls) == (2, sum(CALLS.values()))
    assert (found.hsm_p50_ms, found.hsm_p99_ms) == (1.0, 2.0)


@pytest.mark.parametrize(("part", "wanted"), [(0.1, 0.2), (0.5, 1.0), (0.75, 3.0), (0.99, 5.0)])
def test_a_quantile_within_its_bucket(part: float, wanted: float) -> None:
    buckets = [(0.001, 50.0), (0.005, 100.0), (float("inf"), 100.0)]
    assert quantile_ms(buckets, part) == pytest.approx(wanted, abs=0.1)


def test_no_calls_no_quantile() -> None:
    assert quantile_ms([(0.001, 0.0), (float("inf"), 0.0)], 0.5) == 0.0
