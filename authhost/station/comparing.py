"""A shift as its terminal told it against the journal: totals first, then to the transaction.

PURE. Amounts are in minor units and positive, whatever their direction; volumes are millilitres.
Kinds: `sale` (a completion is one too), `offline_sale`, `return`, `reversal` of something booked; a
hold that was given up is in nobody's totals. Sales that were taken back whole may be told together
with their reversals, or not at all: a terminal that got no answer cannot know that there was one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

TAKES: Final = ("sale", "offline_sale")
KINDS: Final = (*TAKES, "return", "reversal")


class TotalLine(Protocol):
    """A line of a terminal's totals, whatever door it came through."""

    @property
    def card_type(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def amount_minor(self) -> int: ...
    @property
    def volume_ml(self) -> int: ...


class Sum(msgspec.Struct, frozen=True):
    """How many, and how much."""

    count: int = 0
    amount_minor: int = 0
    volume_ml: int = 0


class Difference(msgspec.Struct, frozen=True):
    """A line on which the two sides do not agree."""

    card_type: str
    product: str
    kind: str
    host: Sum
    terminal: Sum


class ProductTotal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """One product's share of a transaction."""

    product: str
    amount_minor: int
    volume_ml: int = 0


class Told(msgspec.Struct, frozen=True):
    """A transaction as its terminal tells it. local_date: YYYY-MM-DD, the terminal's own."""

    kind: str
    sequence: str
    local_date: str
    amount_minor: int
    product_totals: tuple[ProductTotal, ...] = ()


class Booked(msgspec.Struct, frozen=True):
    """A transaction as the journal has it. whole_back: it was taken back to the last cent."""

    key: str
    kind: str
    card_type: str
    sequence: str
    local_date: str
    amount_minor: int
    product_totals: tuple[ProductTotal, ...]
    whole_back: bool = False
    original_key: str = ""

    def told(self) -> Told:
        """The same as a terminal would tell it."""
        return Told(self.kind, self.sequence, self.local_date, self.amount_minor,
                    self.product_totals)


class Changed(msgspec.Struct, frozen=True):
    """A transaction that both have, and not alike. fields: in what; 'told_twice' by the terminal.
    """

    kind: str
    sequence: str
    local_date: str
    fields: tuple[str, ...]
    host: Told | None
    terminal: Told


class Comparison(msgspec.Struct, frozen=True):
    """Transactions compared. The host's own extra ones, the terminal's, and those that differ."""

    missing_at_host: tuple[Told, ...]
    missing_at_terminal: tuple[Told, ...]
    different: tuple[Changed, ...]

    @property
    def agrees(self) -> bool:
        """Nothing is missing or different."""
        return not (self.missing_at_host or self.missing_at_terminal or self.different)


_Place = tuple[str, str, str]


def differences(booked: Sequence[Booked], lines: Iterable[TotalLine],
                names: Mapping[str, str]) -> tuple[Difference, ...]:
    """Where a terminal's totals are not the host's; none: the shift is balanced.

    names: the terminal's own codes of products to those inside. A terminal that tells no card
    types, or no products, is compared without.
    """
    told = [(line.card_type, names.get(line.product, line.product), line.kind,
             Sum(line.count, line.amount_minor, line.volume_ml)) for line in lines]
    by_type = not told or any(card_type for card_type, _, _, _ in told)
    by_product = not told or any(product for _, product, _, _ in told)
    terminal: dict[_Place, Sum] = {}
    for card_type, product, kind, total in told:
        _add(terminal, (card_type, product, kind), total)
    first = _compare(_sums(booked, by_type, by_product), terminal)
    if not first or not _compare(_sums(_standing(booked), by_type, by_product), terminal):
        return ()
    return first


def compare(booked: Sequence[Booked], told: Sequence[Told],
            names: Mapping[str, str]) -> Comparison:
    """Each transaction that one side alone has, or that both have and not alike."""
    left: dict[_Place, list[Booked]] = {}
    for one in booked:
        left.setdefault(_place(one.kind, one.local_date, one.sequence), []).append(one)
    missing, different, seen = [], [], set[tuple[str, str, str]]()
    for other in told:
        place = _place(other.kind, other.local_date, other.sequence)
        there = left.get(place)
        if not there:
            if place in seen:
                different.append(_changed(other, None, ("told_twice",)))
            else:
                missing.append(other)
            continue
        seen.add(place)
        mine = min(there, key=lambda one: len(_unlike(one, other, names)))
        there.remove(mine)
        if fields := _unlike(mine, other, names):
            different.append(_changed(other, mine.told(), fields))
    rest = _standing([one for there in left.values() for one in there])
    return Comparison(tuple(missing), tuple(one.told() for one in rest), tuple(different))


def in_range(sequence: str, first: str, last: str) -> bool:
    """Whether a sequence number lies in a range that may pass 999999 -> 1. '' first: any does."""
    if not first:
        return True
    if not sequence.isdigit():
        return False
    number, low, high = int(sequence), int(first), int(last)
    return low <= number <= high if low <= high else number >= low or number <= high


def plain(sequence: str) -> str:
    """A sequence number without the zeros that one door writes before it and another does not."""
    return str(int(sequence)) if sequence.isdigit() else sequence


def _sums(booked: Iterable[Booked], by_type: bool, by_product: bool) -> dict[_Place, Sum]:
    sums: dict[_Place, Sum] = {}
    for one in booked:
        card_type = one.card_type if by_type else ""
        if not by_product:
            volume = sum(part.volume_ml for part in one.product_totals)
            _add(sums, (card_type, "", one.kind), Sum(1, one.amount_minor, volume))
            continue
        for part in one.product_totals:
            _add(sums, (card_type, part.product, one.kind),
                 Sum(1, part.amount_minor, part.volume_ml))
    return sums


def _add(sums: dict[_Place, Sum], place: _Place, more: Sum) -> None:
    before = sums.get(place, Sum())
    sums[place] = Sum(before.count + more.count, before.amount_minor + more.amount_minor,
                      before.volume_ml + more.volume_ml)


def _compare(host: Mapping[_Place, Sum], terminal: Mapping[_Place, Sum]) -> tuple[Difference, ...]:
    nothing = Sum()
    return tuple(
        Difference(*place, host.get(place, nothing), terminal.get(place, nothing))
        for place in sorted(host.keys() | terminal.keys())
        if host.get(place, nothing) != terminal.get(place, nothing))


def _standing(booked: Sequence[Booked]) -> list[Booked]:
    """Without the sales that were taken back whole and the reversals that did it."""
    gone = {one.key for one in booked if one.whole_back}
    back: dict[str, int] = {}
    for one in booked:
        if one.kind == "reversal" and one.original_key in gone:
            back[one.original_key] = back.get(one.original_key, 0) + one.amount_minor
    # A reversal that belongs to another shift leaves its sale in this one.
    pairs = {one.key for one in booked if one.key in gone
             and back.get(one.key) == one.amount_minor}
    return [one for one in booked if one.key not in pairs and one.original_key not in pairs]


def _place(kind: str, local_date: str, sequence: str) -> _Place:
    return ("take" if kind in TAKES else kind, local_date, plain(sequence))


def _unlike(mine: Booked, other: Told, names: Mapping[str, str]) -> tuple[str, ...]:
    fields = [name for name in ("kind", "amount_minor")
              if getattr(mine, name) != getattr(other, name)]
    if other.product_totals:
        told = sorted(ProductTotal(names.get(part.product, part.product), part.amount_minor,
                                   part.volume_ml) for part in other.product_totals)
        if told != sorted(mine.product_totals):
            fields.append("product_totals")
    return tuple(fields)


def _changed(other: Told, mine: Told | None, fields: tuple[str, ...]) -> Changed:
    return Changed(other.kind, other.sequence, other.local_date, fields, mine, other)
