"""What a client is charged for its safes: a schedule, the lines that it makes, their statement.

PURE. Prices are decimals in minor units, so a line is kept exactly, in shares: 3,650,000,000ths of
a minor unit, in which a price of six decimals, a basis point and a 365th of a year are whole. A
line of the statement is divided once, half up; VAT once a rate from that rate's net (EN 16931,
BR-CO-17). Interest for early credit bears none: the granting of credit is exempt in the European
Union (Directive 2006/112/EC, article 135(1)(b)). Days are actual/365.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final

import msgspec

from clearing.details import read_json
from clearing.money import divide_half_up

SHARES: Final = 3_650_000_000
KINDS: Final = ("deposit", "note", "coin", "percent", "smallest", "largest", "pickup", "count",
                "monthly", "interest")
_BASIS_POINTS: Final = 10_000
_DAYS: Final = 365
_PRICES_KEPT: Final = 1_024  # of schedules; each is read for every deposit

_Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
_Rate = Annotated[int, msgspec.Meta(ge=0, le=_BASIS_POINTS)]


class Terms(msgspec.Struct, frozen=True):
    """A schedule. Money in minor units of the account's currency; a price a piece is a decimal
    text of at most six decimals. largest_minor 0 or null: no largest."""

    per_deposit_minor: _Minor = 0
    per_note: str = "0"
    per_coin: str = "0"
    percent_basis_points: _Rate = 0
    smallest_minor: _Minor = 0
    largest_minor: _Minor | None = 0
    monthly_minor: _Minor = 0
    early_credit_basis_points: _Rate = 0  # a year
    per_pickup_minor: _Minor = 0
    per_count_minor: _Minor = 0
    vat_basis_points: _Rate = 0


class Schedule(msgspec.Struct, frozen=True):
    """Terms from a day on; version is the newest of that day."""

    valid_from: date
    version: int
    terms: Terms


class Charge(msgspec.Struct, frozen=True):
    """A part of a fee line. quantity: deposits, pieces, minor units, minor units times days."""

    kind: str
    price: str
    quantity: int
    shares: int


Sums = dict[tuple[str, str], Charge]  # by kind and price


class StatedLine(msgspec.Struct, frozen=True):
    """A line of a statement. price: minor units, or basis points of percent and interest;
    quantity: pieces, or minor units of percent, or minor units times days of interest."""

    kind: str
    price: str
    quantity: int
    amount_minor: int
    vat_basis_points: int


class StatedVat(msgspec.Struct, frozen=True):
    """One rate of VAT."""

    rate_basis_points: int
    net_minor: int
    vat_minor: int


class Stated(msgspec.Struct, frozen=True):
    """What a statement comes to; lines in the order of KINDS."""

    lines: tuple[StatedLine, ...]
    vat: tuple[StatedVat, ...]
    fees_minor: int
    interest_minor: int
    vat_minor: int

    @property
    def gross_minor(self) -> int:
        """All of it."""
        return self.fees_minor + self.interest_minor + self.vat_minor


def parse_terms(text: str) -> Terms | None:
    """The terms that master data holds; None where they cannot be read."""
    terms = read_json(text, Terms)
    if terms is None or any(_shares(price) is None for price in (terms.per_note, terms.per_coin)):
        return None
    return terms


def schedule_of(schedules: Iterable[Schedule], day: date) -> Schedule | None:
    """The one that holds on a day: the newest that has begun, in its newest version."""
    begun = [one for one in schedules if one.valid_from <= day]
    return max(begun, key=lambda one: (one.valid_from, one.version), default=None)


def deposit_charges(terms: Terms, amount_minor: int, notes: int, coins: int, *,
                    own_currency: bool) -> tuple[list[Charge], list[Charge]]:
    """The charges for one deposit: (in the account's currency, in the deposit's own).

    A percentage of a foreign amount is foreign money, beyond what smallest and largest are about.
    """
    made = _nonzero([
        _fixed("deposit", terms.per_deposit_minor), _pieces("note", terms.per_note, notes),
        _pieces("coin", terms.per_coin, coins)])
    percent = _nonzero([_percent(terms.percent_basis_points, amount_minor)])
    if own_currency:
        made += percent
    total = sum(charge.shares for charge in made)
    smallest, largest = terms.smallest_minor * SHARES, (terms.largest_minor or 0) * SHARES
    if total < smallest:
        made.append(Charge("smallest", str(terms.smallest_minor), 1, smallest - total))
    elif largest and total > largest:
        made.append(Charge("largest", str(terms.largest_minor), 1, largest - total))
    return made, [] if own_currency else percent


def event_charge(kind: str, price_minor: int) -> list[Charge]:
    """A pick-up, a count, a month."""
    return _nonzero([_fixed(kind, price_minor)])


def interest_charges(basis_points: int, credited: Iterable[tuple[int, int]]) -> list[Charge]:
    """For (minor units, days between credit and count); a count on the day of the credit is free.
    """
    minor_days = sum(amount * days for amount, days in credited if days > 0)
    shares = minor_days * basis_points * (SHARES // _BASIS_POINTS // _DAYS)
    return _nonzero([Charge("interest", str(basis_points), minor_days, shares)])


def stated(lines: Iterable[tuple[Charge, int]], *, bears_vat: bool = True) -> Stated:
    """A statement of (line, its VAT in basis points); lines of one kind, price and rate are one.

    bears_vat: False where the payer accounts for the VAT, or there is none. It divides no sum in
    another way: an invoice of the same lines comes to the same.
    """
    sums: dict[tuple[str, str, int], tuple[int, int]] = {}
    for line, rate in lines:
        key = (line.kind, line.price, rate)
        quantity, shares = sums.get(key, (0, 0))
        sums[key] = (quantity + line.quantity, shares + line.shares)
    made = [StatedLine(kind, price, quantity, divide_half_up(shares, SHARES),
                       rate if bears_vat else 0)
            for (kind, price, rate), (quantity, shares) in sorted(
                sums.items(), key=lambda item: (KINDS.index(item[0][0]), *item[0][1:]))]
    vat = _vat(made)
    return Stated(
        tuple(made), vat,
        fees_minor=sum(line.amount_minor for line in made if line.kind != "interest"),
        interest_minor=sum(line.amount_minor for line in made if line.kind == "interest"),
        vat_minor=sum(rate.vat_minor for rate in vat))


def vat_of(kind: str, terms: Terms) -> int:
    """The rate that a kind of line bears."""
    return 0 if kind == "interest" else terms.vat_basis_points


def merge(sums: Sums, charges: Iterable[Charge]) -> None:
    """Add charges: one a kind and price, in the order in which they came first."""
    for charge in charges:
        old = sums.get((charge.kind, charge.price))
        sums[charge.kind, charge.price] = charge if old is None else Charge(
            charge.kind, charge.price, old.quantity + charge.quantity, old.shares + charge.shares)


def _vat(lines: Iterable[StatedLine]) -> tuple[StatedVat, ...]:
    nets: dict[int, int] = {}
    for line in lines:
        nets[line.vat_basis_points] = nets.get(line.vat_basis_points, 0) + line.amount_minor
    return tuple(StatedVat(rate, net, divide_half_up(net * rate, _BASIS_POINTS))
                 for rate, net in sorted(nets.items()))


def _fixed(kind: str, price_minor: int) -> Charge:
    return Charge(kind, str(price_minor), 1, price_minor * SHARES)


def _pieces(kind: str, price: str, count: int) -> Charge:
    shares = _shares(price)
    assert shares is not None, price  # parse_terms has looked at it
    return Charge(kind, price, count, shares * count)


def _percent(basis_points: int, amount_minor: int) -> Charge:
    return Charge("percent", str(basis_points), amount_minor,
                  amount_minor * basis_points * (SHARES // _BASIS_POINTS))


def _nonzero(charges: Iterable[Charge]) -> list[Charge]:
    return [charge for charge in charges if charge.shares]


@lru_cache(_PRICES_KEPT)
def _shares(price: str) -> int | None:
    """A decimal text as shares; None where it is no price of at most six decimals."""
    whole, point, decimals = price.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 9) or len(decimals) > 6 \
            or (point and not (decimals.isascii() and decimals.isdigit())):
        return None
    return int(Decimal(price) * SHARES)
