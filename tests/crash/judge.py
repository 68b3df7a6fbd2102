"""Judges a run: the client's own record against the journal, message by message, cent by cent.

PURE. lost: an answer that the journal does not hold, or holds otherwise. doubled: a message counted
more than once, or given back more than it took. over_limit: approvals that passed a limit, by the
journal's order or by the client's. flipped: a repeat that was answered differently.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

from demo.parties import Portfolio
from tests.crash.journal import Journal, Row
from tests.crash.limits_held import client_postings, journal_postings, passed
from tests.crash.record import APPROVED, REVERSED, Record, Sent


class Verdict(msgspec.Struct, frozen=True):
    """All four are empty when the host has kept its word."""

    lost: list[str]
    doubled: list[str]
    over_limit: list[str]
    flipped: list[str]

    @property
    def clean(self) -> bool:
        """Nothing found."""
        return not (self.lost or self.doubled or self.over_limit or self.flipped)


def judge(record: Record, journal: Journal, portfolio: Portfolio) -> Verdict:
    """The verdict over a run that has come to rest: every message has its answer."""
    rows = {row.key: row for row in journal.rows if row.leg == 0}
    lost = [why for sent in record.messages.values() if (why := _lost(sent, rows, journal))]
    nowhere, taken = _altered(record, journal)
    lost += nowhere
    doubled = _counted_twice(journal) + taken
    taken_more, taken_less = _amounts(record, journal)
    doubled += taken_more
    # What was given back twice shows as too little; so does what was lost, which is told already.
    told = {why.partition(":")[0] for why in lost}
    doubled += [why for why in taken_less if why.partition(":")[0] not in told]
    over = passed(journal_postings(journal.rows), portfolio)
    over += passed(client_postings(record.sequence), portfolio)
    over_limit = [f"{one.scope} {one.limit}: {one.reached} of {one.maximum} by {one.key}"
                  for one in over]
    return Verdict(lost, doubled, over_limit, record.flipped)


def _lost(sent: Sent, rows: dict[str, Row], journal: Journal) -> str:
    """What an answer promised and the journal does not hold; '' where it holds it all."""
    if sent.answer is None:
        return ""
    advice = sent.kind not in {"sale", "preauthorization"}
    if advice and sent.key in journal.parked and sent.key not in journal.answers:
        return ""
    if journal.answers.get(sent.key) != sent.answer:
        held = journal.answers.get(sent.key)
        return f"{sent.key}: answered {sent.answer.hex()}, the claim holds {(held or b'').hex()}"
    row = rows.get(sent.key)
    if row is None:
        # A reversal that came before its original leaves a claim alone: the decline's own.
        return f"{sent.key}: approved, and no row" if sent.approved and not advice else ""
    if sent.action in {*APPROVED, REVERSED} and (
            not row.approved or row.amount_minor != sent.approved_minor
            or row.approval_code != sent.approval_code):
        return (f"{sent.key}: answered {sent.action} {sent.approved_minor} {sent.approval_code}, "
                f"the row says {row.action} {row.amount_minor} {row.approval_code}")
    return ""


def _altered(record: Record, journal: Journal) -> tuple[list[str], list[str]]:
    """Other content under a known key: an advice that is nowhere, a request that was approved."""
    nowhere, taken = [], []
    for sent in record.altered:
        assert sent.altered is not None, "it bears the key of another"
        if sent.kind == "offline_sale" and sent.altered.key not in journal.parked:
            nowhere.append(f"{sent.key}: accepted, and not parked")
        if sent.kind == "sale" and sent.approved:
            taken.append(f"{sent.key}: other content was approved")
    return nowhere, taken


def _counted_twice(journal: Journal) -> list[str]:
    """A key with two rows of its own, or an original given back more than it had."""
    times = Counter(row.key for row in journal.rows if row.leg == 0)
    found = [f"{key}: {count} rows" for key, count in times.items() if count > 1]
    amounts = {row.key: row.amount_minor for row in journal.rows if row.leg == 0}
    back: Counter[str] = Counter()
    for row in journal.rows:
        if row.kind == "reversal" and row.leg == 0 and row.approved:
            back[row.original_key] += row.amount_minor
    found += [f"{key}: {minor} given back of {amounts.get(key, 0)}" for key, minor in back.items()
              if minor > amounts.get(key, 0)]
    return found


def _amounts(record: Record, journal: Journal) -> tuple[list[str], list[str]]:
    """Each transaction's net effect against what the client knows: too much, too little."""
    originals = {row.key: row.original_key for row in journal.rows if row.original_key}
    counted: defaultdict[str, int] = defaultdict(int)
    for row in journal.rows:
        key = row.key
        while key in originals:
            key = originals[key]
        counted[key] += row.money
    more: list[str] = []
    less: list[str] = []
    for sent in record.messages.values():
        if sent.original is not None:
            continue
        expected, found = net_minor(sent), counted.pop(sent.key, 0)
        if found != expected:
            (more if found > expected else less).append(
                f"{sent.key}: counted {found}, the client knows {expected}")
    more += [f"{key}: counted {minor}, the client knows of nothing"
             for key, minor in counted.items() if minor]
    return more, less


def net_minor(sent: Sent) -> int:
    """What is left of a sale, hold or advice after all that the client did about it."""
    taken = sent.approved_minor if sent.approved else 0
    for event in sent.events:
        if event.kind == "completion" and event.approved:
            taken = event.amount_minor
        elif event.kind == "reversal" and event.action == REVERSED:
            taken -= min(taken, event.amount_minor or taken)
    return taken


def captured_minor(record: Record) -> int:
    """What the files must carry: all that was sold and not given back; open holds are not."""
    return sum(net_minor(sent) for sent in record.messages.values()
               if sent.original is None and not (
                   sent.kind == "preauthorization"
                   and not any(event.kind == "completion" for event in sent.events)))
