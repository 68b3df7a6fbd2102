"""How the bank behaves: rules as data, the first that fits decides. By default it accepts.

PURE: counters alone. `python -m terminals.bank --help` and docs/banks.md name what a rule may do.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from terminals.bank.orders import Order

Deed = Literal["accept", "refuse", "pend", "lose", "swallow", "hang", "twice", "garble", "busy"]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done with some requests.

    do: accept; refuse (with `reason`); pend (PDNG until `delay_ms` are over, then `status`, or
    rejected with `reason` where one is told); lose (booked, then no answer); swallow (not booked,
    no answer); hang (booked, silent, the connection open); twice (booked, answered twice); garble
    (booked, answered with nonsense); busy (not booked, HTTP 503).
    on: payments, status requests or both. creditor, debtor, currency: of whom alone. above_minor:
    of amounts above it alone. every: each n-th that fits. times: so often, 0 without end.
    delay_ms: before the answer. status: of what is accepted; '' ACCC (instant) or ACSP.
    """

    do: Deed = "accept"
    on: Literal["payment", "status", "both"] = "payment"
    creditor: str = ""
    debtor: str = ""
    currency: str = ""
    above_minor: int = -1
    every: int = 1
    times: int = 0
    delay_ms: int = 0
    status: str = ""
    reason: str = ""


class Conduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules. down: nobody is let in. repeats: how a second order under one EndToEndId is
    answered: as the first was, or refused as a duplicate (DUPL). down_s: for so long from now,
    0 until told otherwise."""

    rules: tuple[Rule, ...] = ()
    down: bool = False
    down_s: float = 0.0
    repeats: Literal["same", "duplicate"] = "same"


class Choosing:
    """Which rule is next: counts how often each has fitted."""

    def __init__(self, conduct: Conduct) -> None:
        self.conduct = conduct
        self._fitted = [0] * len(conduct.rules)
        self._done = [0] * len(conduct.rules)

    def rule(self, on: Literal["payment", "status"], order: Order | None) -> Rule:
        """The rule for one request; order: None where the books have none."""
        for number, rule in enumerate(self.conduct.rules):
            if rule.on not in {on, "both"} or not _fits(rule, order):
                continue
            if rule.times and self._done[number] >= rule.times:
                continue
            self._fitted[number] += 1
            if self._fitted[number] % rule.every:
                continue
            self._done[number] += 1
            return rule
        return Rule()


def _fits(rule: Rule, order: Order | None) -> bool:
    if order is None:
        return not (rule.creditor or rule.debtor or rule.currency or rule.above_minor >= 0)
    return (rule.creditor in {"", order.creditor} and rule.debtor in {"", order.debtor}
            and rule.currency in {"", order.currency}
            and order.amount_minor > rule.above_minor)
