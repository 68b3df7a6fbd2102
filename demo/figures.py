"""What the host counted of its HSM and its MACs, from its own /metrics at the end of the day.

Knows the names of the host's metrics and the letters of HSM commands; counts nothing itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from demo.result import Fleets, Proved
from demo.tally import Tally

_PINS = frozenset({"DA", "DC", "EA", "EC", "GO", "GQ"})
_STRIPES = frozenset({"CY"})
_CRYPTOGRAMS = frozenset({"KW"})
_MACS_CHECKED, _MACS_MADE = frozenset({"M8"}), frozenset({"M6"})
_GOOD, _WRONG = "00", "01"
_REFUSED = frozenset({"mac_missing", "mac_wrong", "mac_key_unknown"})

Buckets = list[tuple[float, float]]


def proved(metrics: str, tally: Tally) -> Proved:
    """The host's counters, and what terminals and chips counted. metrics: exposition format."""
    calls: Counter[tuple[str, str]] = Counter()
    events: Counter[str] = Counter()
    buckets: Buckets = []
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            labels = sample.labels
            if sample.name == "authhost_hsm_calls_total":
                calls[labels["command"], labels["outcome"]] += int(sample.value)
            elif sample.name == "authhost_events_total":
                events[labels["event"]] += int(sample.value)
            elif sample.name == "authhost_hsm_seconds_bucket":
                buckets.append((float(labels["le"]), sample.value))

    def of(commands: frozenset[str], outcome: str) -> int:
        return sum(calls[command, outcome] for command in commands)

    return Proved(
        pins_right=of(_PINS, _GOOD), pins_wrong=of(_PINS, _WRONG),
        cards_locked=tally.locked, cards_unlocked=tally.unlocked,
        pins_by_card=tally.pins_by_card, chips_locked=tally.locked_chips,
        copies_refused=tally.copies_refused,
        stripes_good=of(_STRIPES, _GOOD), stripes_wrong=of(_STRIPES, _WRONG),
        cryptograms=of(_CRYPTOGRAMS, _GOOD), issuer_proofs=tally.issuer_proofs,
        macs_checked=of(_MACS_CHECKED, _GOOD), macs_made=of(_MACS_MADE, _GOOD),
        macs_refused=sum(events[event] for event in _REFUSED), key_changes=events["key_change"],
        hsm_calls=sum(calls.values()), hsm_p50_ms=quantile_ms(buckets, 0.5),
        hsm_p99_ms=quantile_ms(buckets, 0.99))


def fleets(tally: Tally, exceptions: Sequence[Mapping[str, Any]],
           consumptions: Sequence[Mapping[str, Any]], contract_prices: int) -> Fleets:
    """What controlled fleets met. exceptions, consumptions: as the admin API tells them."""
    windows: Counter[str] = Counter()
    prompts: Counter[str] = Counter()
    for reason, count in tally.reasons.items():
        kind, _, rest = reason.partition(":")
        if kind == "limit":
            windows[rest.split(":")[1]] += count
        elif kind.startswith("prompt_"):
            prompts[reason] += count
    returns = {currency: sums for (kind, currency), sums in tally.sums.items()
               if kind == "return"}
    return Fleets(
        limits_refused=dict(windows.most_common()), prompts_refused=dict(prompts.most_common()),
        increments=sum(count for (kind, _), (count, _) in tally.sums.items()
                       if kind == "increment"),
        returns=sum(count for count, _ in returns.values()),
        returned_minor={currency: minor for currency, (_, minor) in returns.items()},
        contract_prices=contract_prices, fundings=len(tally.fundings),
        funded_minor=sum(tally.fundings.values()),
        exceptions=dict(Counter(one["flag"] for row in exceptions
                                for one in row["flags"]).most_common()),
        consumption=tuple(str(one["litres_per_100km"]) for one in consumptions))


def quantile_ms(buckets: Buckets, part: float) -> float:
    """Within its bucket by proportion, as Prometheus does. buckets: (upper bound s, up to it)."""
    if not buckets or not buckets[-1][1]:
        return 0.0
    wanted = part * buckets[-1][1]
    for (low_s, before), (high_s, count) in pairwise([(0.0, 0.0), *buckets]):
        if count >= wanted:
            if high_s == float("inf"):
                return low_s * 1000
            return round((low_s + (high_s - low_s) * (wanted - before) / (count - before)) * 1000,
                         2)
    raise AssertionError("the last bucket has all")
