"""The clients' side of the day's sums: what was sent, approved, declined, repeated, and how long
it took.

Knows counting; judges only one thing: whether a repeat got the same bytes.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

from terminals.json_door import Posted
from terminals.pos import Exchange


class Latency(msgspec.Struct, frozen=True):
    """Of one kind of message, in milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float


class Tally:
    """Filled by the stories, read by the summary."""

    def __init__(self) -> None:
        self.messages = 0
        self.approved = 0
        self.declined = 0
        self.reasons: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.repeats = 0
        self.repeats_different: list[str] = []
        self.lost: list[str] = []
        self.refused = 0  # malformed on purpose, refused as such
        self.unbalanced: list[str] = []  # reconciliations that the host did not agree with
        self.surprises: list[str] = []  # a story that did not go as it must
        self.locked = 0  # cards whose PIN the host verifies no more
        self.unlocked = 0  # by the operator
        self.pins_by_card = 0  # that a chip found right
        self.locked_chips = 0
        self.copies_refused = 0  # by a terminal, before the host heard of them
        self.issuer_proofs = 0  # ARPCs that a chip believed
        self.flags: dict[int, set[str]] = {}  # by card, that the exceptions feed must tell
        self.fundings: dict[str, int] = {}  # reference -> minor units that were paid in
        self.contract_prices = 0  # that completions' answers brought
        # (kind, currency) -> (how many approved, their sum): to be compared with the journal.
        self.sums: dict[tuple[str, str], tuple[int, int]] = {}
        self._latencies: defaultdict[str, list[float]] = defaultdict(list)

    def exchange(self, exchange: Exchange, currency: str = "") -> None:
        """Count a message over ISO 8583. currency: '' where no money is in it."""
        self._sent(exchange.kind, exchange.sent, exchange.latency_s)
        reply = exchange.reply
        if reply is None:
            name = f"{exchange.kind} {exchange.request.text(41)} {exchange.request.text(11)}"
            self.lost.append(name)
            return
        self.actions[reply.action] += 1
        if reply.action in ("000", "002", "400"):
            self._done(exchange.kind, currency, reply.amount_minor)
        elif reply.action[0] in "58":
            self.approved += 1
        else:
            self._declined(reply.reason or reply.action)

    def posted(self, posted: Posted) -> None:
        """Count a message over JSON."""
        self._sent(posted.kind, posted.sent, posted.latency_s)
        decision = posted.decision
        self.actions[decision.action_code] += 1
        if decision.approved:
            self._done(posted.kind, decision.currency, decision.amount_minor)
        else:
            self._declined(decision.reason)

    def told(self, kind: str, latency_s: float, reason: str = "") -> None:
        """Count a message of a till or a phone. reason: why it was declined, '' where it was not.
        """
        self._sent(kind, 1, latency_s)
        if reason:
            self._declined(reason)
        else:
            self.approved += 1

    def edge(self, kind: str, action: str, reason: str, sent: int,
             approved: tuple[str, int] | None) -> None:
        """Count a message of an edge program by its own record. approved: currency, minor units."""
        self._sent(kind, sent, None)
        self.actions[action] += 1
        if approved is not None:
            self._done(kind, *approved)
        else:
            self._declined(reason or action)

    def problem(self, kind: str) -> None:
        """A message that was malformed on purpose was refused."""
        self._sent(kind, 1, None)
        self.refused += 1

    def repeat(self, name: str, first: bytes, again: bytes, latency_s: float) -> None:
        """A repeat that was sent on purpose: its answer has to be the first one."""
        self._sent("repeat", 1, latency_s)
        self.compared(name, first, again)

    def compared(self, name: str, first: bytes, again: bytes) -> None:
        """The same of a repeat that is counted already."""
        self.repeats += 1
        if first != again:
            self.repeats_different.append(f"{name}: {first!r} != {again!r}")

    def flagged(self, card_id: int, *flags: str) -> None:
        """The feed of exceptions must tell these of a card."""
        self.flags.setdefault(card_id, set()).update(flags)

    def latencies(self) -> dict[str, Latency]:
        """By kind, most frequent first."""
        found = {}
        for kind, values in sorted(self._latencies.items(), key=lambda entry: -len(entry[1])):
            values.sort()
            found[kind] = Latency(len(values), round(values[len(values) // 2] * 1000, 2),
                                  round(values[len(values) * 99 // 100] * 1000, 2))
        return found

    def _sent(self, kind: str, count: int, latency_s: float | None) -> None:
        self.messages += count
        self.kinds[kind] += 1
        if latency_s is not None:
            self._latencies[kind].append(latency_s)

    def _done(self, kind: str, currency: str, amount_minor: int) -> None:
        self.approved += 1
        count, total = self.sums.get((kind, currency), (0, 0))
        self.sums[kind, currency] = (count + 1, total + amount_minor)

    def _declined(self, reason: str) -> None:
        self.declined += 1
        self.reasons[reason] += 1
