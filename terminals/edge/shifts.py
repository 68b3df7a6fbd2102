"""Shifts: opened with the first message, closed by hand, counted by card type and product.

Knows the shift's rows and how a message counts; knows no host. What was sent and never answered
counts only when its reversal's answer tells that the host had it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from terminals.database import Database
from terminals.edge.rows import Row, volume_ml
from terminals.edge.states import Kind, State

Counted = Literal["sale", "return", "reversal", "offline_sale"]


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One shift. state: open, closed (not compared yet), balanced or differs."""

    number: str
    day: str  # YYYY-MM-DD
    state: str
    opened_at: str
    closed_at: str = ""
    differences: str = "[]"  # the host's, JSON


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A sum: of a card type, a product and a kind of business."""

    card_type: str
    product: str
    kind: Counted
    count: int
    amount_minor: int
    volume_ml: int


class Shifts:
    """The shifts of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, at: datetime) -> str:
        """The open shift's number; a new one where none is. Within a transaction."""
        latest = self.latest()
        if latest is not None and latest.state == "open":
            return latest.number
        day = f"{at:%Y%m%d}"
        same_day = latest is not None and latest.number.startswith(f"{day}-")
        number = int(latest.number.rpartition("-")[2]) + 1 if latest and same_day else 1
        self._database.rows("shift_open", number=f"{day}-{number}", day=f"{at:%Y-%m-%d}",
                            at=at.astimezone(UTC).isoformat())
        return f"{day}-{number}"

    def open(self, at: datetime) -> Shift:
        """The open shift, begun now where none is."""
        with self._database.transaction():
            self.current(at)
        latest = self.latest()
        assert latest is not None
        return latest

    def close(self, at: datetime) -> Shift | None:
        """Close the open shift; None where none is open."""
        latest = self.latest()
        if latest is None or latest.state != "open":
            return None
        self.note(latest.number, "closed", closed_at=at.astimezone(UTC).isoformat())
        return self.latest()

    def note(self, number: str, state: str, *, closed_at: str | None = None,
             differences: str | None = None) -> None:
        """What became of a shift."""
        with self._database.transaction():
            self._database.rows("shift_note", number=number, state=state, closed_at=closed_at,
                                differences=differences)

    def latest(self) -> Shift | None:
        """The last shift that began."""
        row = self._database.row("shift_latest")
        return msgspec.convert(dict(row), Shift) if row is not None else None

    def listed(self, state: str) -> list[Shift]:
        """Those in a state, the oldest first: closed ones the host has not compared yet."""
        return [msgspec.convert(dict(row), Shift)
                for row in self._database.rows("shift_listed", state=state)]


_COUNTED_AS: Final[dict[Kind, Counted]] = {
    Kind.SALE: "sale", Kind.COMPLETION: "sale", Kind.OFFLINE_SALE: "offline_sale",
    Kind.RETURN: "return", Kind.REVERSAL: "reversal"}


def counted(row: Row, given_back: int) -> tuple[Counted, int] | None:
    """(kind, minor units) as a shift counts a message; None where no money moved.

    given_back: minor units that the host says a reversal of this message gave back.
    """
    kind = _COUNTED_AS.get(row.kind)
    if kind is None:
        return None
    if row.kind is Kind.REVERSAL:
        return (kind, row.approved_minor) if row.approved_minor else None
    if row.kind in (Kind.COMPLETION, Kind.OFFLINE_SALE):
        return (kind, row.amount_minor) if row.amount_minor else None
    if row.approved:
        return kind, row.approved_minor
    return (kind, given_back) if given_back else None


def totals(rows: Iterable[Row], originals: Mapping[int, Row]) -> list[Line]:
    """The sums of these messages. originals: by their ids, those that a reversal names.

    A hold counts in none of them, nor does its reversal.
    """
    rows = [row for row in rows if not _lets_go(row, originals)]
    back: dict[int, int] = defaultdict(int)
    for row in rows:
        if row.kind is Kind.REVERSAL and row.original is not None:
            back[row.original] += row.approved_minor
    sums: dict[tuple[str, str, Counted], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        found = counted(row, back[row.id])
        if found is None:
            continue
        kind, amount = found
        goods = originals.get(row.original or 0, row) if row.kind is Kind.REVERSAL else row
        for product, minor, millilitres in shares(goods, amount):
            line = sums[row.card_type, product, kind]
            for at, value in enumerate((1, minor, millilitres)):
                line[at] += value
    return [Line(card_type=card_type, product=product, kind=kind, count=line[0],
                 amount_minor=line[1], volume_ml=line[2])
            for (card_type, product, kind), line in sorted(sums.items())]


def in_sum(rows: Iterable[Row], originals: Mapping[int, Row]) -> tuple[int, int, int, int]:
    """(number, minor units) of debits and of reversals, as a 1520 sums them: messages, not lines.

    A return and its reversal are in neither; the reversal of a hold is.
    """
    back: dict[int, int] = defaultdict(int)
    debits, reversals = [], []
    for row in sorted(rows, key=lambda row: row.kind is not Kind.REVERSAL):
        original = originals.get(row.original or 0)
        if row.kind is Kind.REVERSAL:
            back[row.original or 0] += row.approved_minor
            if row.approved_minor and (original is None or original.kind is not Kind.RETURN):
                reversals.append(row.approved_minor)
        elif (found := counted(row, back[row.id])) and found[0] in ("sale", "offline_sale"):
            debits.append(found[1])
    return len(debits), sum(debits), len(reversals), sum(reversals)


def _lets_go(row: Row, originals: Mapping[int, Row]) -> bool:
    """Whether it is the reversal of a hold."""
    original = originals.get(row.original or 0)
    return row.kind is Kind.REVERSAL and original is not None \
        and original.kind in (Kind.PREAUTHORIZATION, Kind.INCREMENT)


def shares(row: Row, amount_minor: int) -> list[tuple[str, int, int]]:
    """(product, minor units, millilitres) of a message; where only a part of it was done, the whole
    part stands at the first product."""
    items = row.particulars.items
    if not items:
        return [("", amount_minor, 0)]
    if sum(item.amount_minor for item in items) != amount_minor:
        return [(items[0].product, amount_minor, 0)]
    products = dict.fromkeys(item.product for item in items)
    return [(product, sum(item.amount_minor for item in items if item.product == product),
             volume_ml(items, product)) for product in products]


def transactions(rows: Iterable[Row], originals: Mapping[int, Row]) -> list[dict[str, Any]]:
    """The messages as the host compares them, one by one: those that it should have."""
    found = []
    for row in rows:
        counts = counted(row, 0)
        if counts is None or row.state is State.PARKED or _lets_go(row, originals):
            continue
        kind, amount = counts
        goods = originals.get(row.original or 0, row) if row.kind is Kind.REVERSAL else row
        found.append({
            "kind": kind, "sequence": row.sequence, "amount_minor": amount,
            "local_date": f"{row.local_time:%Y-%m-%d}",
            "product_totals": [
                {"product": product, "amount_minor": minor, "volume_ml": millilitres}
                for product, minor, millilitres in shares(goods, amount)]})
    return found
