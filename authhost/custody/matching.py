"""What was told against what was counted: each account's part of the difference of one stay.

PURE. Minor units; a difference is counted less told, so that a shortage is negative. What counts
as told is what the client has, or will have: a deposit whose credit two people rejected is not, an
adjustment that was booked on such a deposit is.

1. Envelopes and cheques are matched by number, and are their own client's difference.
2. Of notes and coins the sum decides; denominations say whose a difference is. One client: his.
   Several: his whose denomination alone is short; what cannot be told apart is nobody's (account
   None) until two people say who bears it.
3. A counterfeit piece is a shortage of its own, of whoever alone put in that denomination. One
   that the safe had told as suspect was never credited, and is no shortage.
4. What was decided about before is explained, whatever was booked for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from authhost.custody.counting import Count, Counterfeit

DIFFERENCE: Final = "difference"
COUNTERFEIT: Final = "counterfeit"
Denomination = tuple[int, str]  # (value in minor units, 'note' or 'coin')
Holder = int | None  # an account; None: nobody's


class Told(msgspec.Struct, frozen=True):
    """A deposit as the safe told it. pieces: (value, kind, count); suspects: (value, serial)."""

    key: str
    account_id: Holder
    kind: str
    currency: str
    amount_minor: int
    pieces: tuple[tuple[int, str, int], ...] = ()
    suspects: tuple[tuple[int, str], ...] = ()
    number: str = ""
    rejected: bool = False


class Booked(msgspec.Struct, frozen=True):
    """What is booked on a deposit of the stay, or explained by a case that was decided."""

    kind: str  # 'deposit': on a rejected deposit; else the kind of the case
    account_id: Holder
    currency: str
    amount_minor: int


class Line(msgspec.Struct, frozen=True):
    """One denomination: pieces told and counted, counterfeit ones among the counted."""

    value_minor: int
    kind: str
    told: int
    counted: int


class Part(msgspec.Struct, frozen=True):
    """One account's part in a stay and a currency: what it put in by what it told."""

    account_id: Holder
    deposits: int
    amount_minor: int


class Difference(msgspec.Struct, frozen=True):
    """What is not as it was told. amount_minor 0: the sum agrees, denominations do not."""

    kind: str
    account_id: Holder
    currency: str
    amount_minor: int
    lines: tuple[Line, ...] = ()
    parts: tuple[Part, ...] = ()
    counterfeits: tuple[Counterfeit, ...] = ()
    items: tuple[tuple[str, str, int, int], ...] = ()  # (kind, number, told, found)


def differences(told: Sequence[Told], count: Count,
                booked: Iterable[Booked]) -> list[Difference]:
    """All differences that nobody has decided about, by currency, kind and account."""
    earlier = list(booked)
    currencies = {one.currency for one in told} | {
        one.currency for parts in (count.pieces, count.items, count.counterfeits) for one in parts}
    found: list[Difference] = []
    for currency in sorted(currencies | {one.currency for one in earlier}):
        found += _Currency(currency, told, count, earlier).differences()
    return found


class _Currency:
    """One currency of one stay."""

    def __init__(self, currency: str, told: Sequence[Told], count: Count,
                 earlier: Sequence[Booked]) -> None:
        self.currency = currency
        self.told = [one for one in told if one.currency == currency]
        self.earlier = [one for one in earlier if one.currency == currency]
        self.count = count
        self.cash = [one for one in self.told if one.kind == "cash"]
        self.counterfeits = self._unexpected()
        counted: Counter[Denomination] = Counter()
        for piece in count.pieces:
            if piece.currency == currency:
                counted[piece.value_minor, piece.kind] += piece.count
        self.genuine_minor = sum(value * pieces for (value, _), pieces in counted.items())
        for one in self.counterfeits:
            counted[one.value_minor, _kind_of(self.cash, one.value_minor)] += 1
        self.counted = counted

    def differences(self) -> list[Difference]:
        """Counterfeits, then the rest."""
        return [*self._of_counterfeits(), *self._rest()]

    def _unexpected(self) -> list[Counterfeit]:
        """Counterfeits that no safe had told: by serial number, then by value alone."""
        suspects = Counter(one for deposit in self.told for one in deposit.suspects)
        found: list[Counterfeit] = []
        unnamed: list[Counterfeit] = []
        for one in self.count.counterfeits:
            if one.currency != self.currency:
                continue
            if suspects[one.value_minor, one.serial] > 0:
                suspects[one.value_minor, one.serial] -= 1
            else:
                unnamed.append(one)
        # A machine that reads no serial numbers told its suspects without.
        for one in unnamed:
            if suspects[one.value_minor, ""] > 0:
                suspects[one.value_minor, ""] -= 1
            else:
                found.append(one)
        return found

    def _of_counterfeits(self) -> list[Difference]:
        by_holder: dict[Holder, list[Counterfeit]] = defaultdict(list)
        for one in self.counterfeits:
            by_holder[_only(self._holders((one.value_minor,)))].append(one)
        found = []
        decided = {one.account_id for one in self.earlier if one.kind == COUNTERFEIT}
        for holder in sorted({*by_holder, *decided}, key=_order):
            pieces = by_holder.get(holder, [])
            explained = self._explained(COUNTERFEIT, holder)
            amount = -sum(one.value_minor for one in pieces) - explained
            if amount:
                found.append(Difference(COUNTERFEIT, holder, self.currency, amount,
                                        parts=self._parts(), counterfeits=tuple(pieces)))
        return found

    def _rest(self) -> list[Difference]:
        """Notes and coins, envelopes and cheques, without the counterfeit pieces."""
        items, listed = self._items()
        fakes = sum(one.value_minor for one in self.counterfeits)
        cash = self.genuine_minor + fakes - self._cash_told()
        lines = self._lines()
        amounts: Counter[Holder] = Counter(items)
        for holder, amount in self._shared(cash, lines).items():
            amounts[holder] += amount
        explained = {one.account_id: self._explained(DIFFERENCE, one.account_id)
                     for one in self.earlier if one.kind == DIFFERENCE}
        holders = {part.account_id for part in self._parts()}
        if lines and not cash:
            amounts[_only(holders)] += 0  # the sum agrees, its parts do not: to be seen
        if None in explained and len(holders) > 1:
            # Two people have said who bears it: what a recount adds is to be seen in its whole.
            whole = sum(amounts.values()) - sum(explained.values())
            amounts, explained = Counter({None: whole}), {}
        found = []
        for holder in sorted({*amounts, *explained}, key=_order):
            amount = amounts[holder] - explained.get(holder, 0)
            mine = tuple(item for of, item in listed if of == holder)
            if amount or lines:
                found.append(Difference(DIFFERENCE, holder, self.currency, amount, lines,
                                        self._parts(), items=mine))
        return found

    def _cash_told(self) -> int:
        return sum(one.amount_minor for one in self.cash if not one.rejected) + sum(
            one.amount_minor for one in self.earlier if one.kind == "deposit")

    def _lines(self) -> tuple[Line, ...]:
        """Denominations that differ; none where a safe did not tell them."""
        told: Counter[Denomination] = Counter()
        for one in self.cash:
            if not one.rejected and not _split(one):
                return ()
            for value, kind, pieces in one.pieces:
                told[value, kind] += pieces
        return tuple(Line(value, kind, told[value, kind], self.counted[value, kind])
                     for value, kind in sorted({*told, *self.counted}, reverse=True)
                     if told[value, kind] != self.counted[value, kind])

    def _shared(self, cash: int, lines: tuple[Line, ...]) -> dict[Holder, int]:
        """The difference of notes and coins by holder."""
        holders = {one.account_id for one in self.cash}
        if not cash:
            return {}
        if len(holders) <= 1:
            return {_only(holders): cash}
        amounts: Counter[Holder] = Counter()
        for line in lines:
            owners = self._holders((line.value_minor,))
            if line.counted > line.told or len(owners) != 1:
                return {None: cash}
            amounts[_only(owners)] += line.value_minor * (line.counted - line.told)
        return dict(amounts) if sum(amounts.values()) == cash else {None: cash}

    def _items(self) -> tuple[dict[Holder, int],
                              list[tuple[Holder, tuple[str, str, int, int]]]]:
        """Envelopes and cheques by holder, and those that differ."""
        waiting = [one for one in self.told if one.kind != "cash" and not one.rejected]
        amounts: Counter[Holder] = Counter()
        listed: list[tuple[Holder, tuple[str, str, int, int]]] = []
        for item in self.count.items:
            if item.currency != self.currency:
                continue
            near = [one for one in waiting if (one.kind, one.number) == (item.kind, item.number)]
            near.sort(key=lambda one: abs(one.amount_minor - item.amount_minor))
            if near:
                waiting.remove(near[0])
            told = near[0].amount_minor if near else 0
            holder = near[0].account_id if near else None
            if told != item.amount_minor:
                amounts[holder] += item.amount_minor - told
                listed.append((holder, (item.kind, item.number, told, item.amount_minor)))
        for one in waiting:
            amounts[one.account_id] -= one.amount_minor
            listed.append((one.account_id, (one.kind, one.number, one.amount_minor, 0)))
        return dict(amounts), listed

    def _explained(self, kind: str, holder: Holder) -> int:
        return sum(one.amount_minor for one in self.earlier
                   if one.kind == kind and one.account_id == holder)

    def _holders(self, values: Iterable[int]) -> set[Holder]:
        """Who put in pieces of these values; everybody where somebody did not say what he did."""
        wanted = set(values)
        cash = [one for one in self.cash if not one.rejected]
        if not all(_split(one) for one in cash):
            return {one.account_id for one in cash}
        return {one.account_id for one in cash for value, _, pieces in one.pieces
                if value in wanted and pieces}

    def _parts(self) -> tuple[Part, ...]:
        parts: Mapping[Holder, list[Told]] = defaultdict(list)
        for one in self.told:
            parts[one.account_id].append(one)
        return tuple(Part(holder, len(mine), sum(one.amount_minor for one in mine))
                     for holder, mine in sorted(parts.items(), key=lambda part: _order(part[0])))


def _split(one: Told) -> bool:
    """Whether its denominations are told, and are its amount."""
    return sum(value * pieces for value, _, pieces in one.pieces) == one.amount_minor


def _order(holder: Holder) -> tuple[bool, int]:
    """Accounts by number, nobody last."""
    return holder is None, holder or 0


def _only(holders: set[Holder]) -> Holder:
    return next(iter(holders)) if len(holders) == 1 else None


def _kind_of(cash: Sequence[Told], value_minor: int) -> str:
    """Whether a value is a note's or a coin's, by what was put in; a note's where nobody did."""
    kinds = {kind for one in cash for value, kind, _ in one.pieces if value == value_minor}
    return kinds.pop() if len(kinds) == 1 else "note"
