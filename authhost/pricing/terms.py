"""What a fleet and the chain agreed on: a contract, its lines, and what a line may say.

PURE. A contract is data that a person wrote: all that is wrong in it is said at once, in words.
Amounts and percents are Decimal, in major units of the contract's currency a unit of measure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

import msgspec

from authhost.currencies import EXPONENT
from authhost.pricing.rounding import sane
from authhost.pricing.units import UNITS

Formula = Literal["spot", "base", "pump", "fixed"]
TaxBasis = Literal["net", "gross"]
TEMPERATURES: Final = ("15C", "20C", "60F", "ambient", "none")
SOURCE: Final = re.compile(r"[A-Z0-9][A-Z0-9_.-]{0,31}")
PRODUCT: Final = re.compile(r"[0-9A-Za-z]{1,12}")
TARGET: Final = re.compile(r"[0-9A-Za-z]{1,12}|@[a-z][a-z0-9_]{0,31}|\*")
_CONTRACT: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z _./-]{0,39}")
_MOST_LINES: Final = 1_000
_MOST_DECIMALS: Final = 6
_ZERO: Final = Decimal(0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BadTerms(Exception):
    """Terms that cannot be taken; `problems` names each, nothing is stored."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True,
           kw_only=True):
    """One price rule. The price is reference * (1 + percent / 100) + amount, percent first.

    product: a code, '@group', or '*' for any. site or region: where alone it holds, '' anywhere.
    formula: 'spot' base price plus amount; 'base' base price plus amount and percent; 'pump' the
    pump price plus both; 'fixed' the amount. amount: per `unit`, and without VAT where tax_basis
    is 'net'. source, temperature, base_product: the list that the base price is from, and its
    product there ('': the sold one). decimals: of the price for a unit of sale. max_age_days: how
    old a base price may be; 0, any age.
    """

    product: str
    formula: Formula
    site: str = ""
    region: str = ""
    amount: Decimal = _ZERO
    percent: Decimal = _ZERO
    unit: str = "L"
    tax_basis: TaxBasis = "gross"
    source: str = ""
    temperature: str = ""
    base_product: str = ""
    decimals: int = 3
    never_above_pump: bool = False
    max_age_days: int = 0

    @property
    def place(self) -> tuple[str, str, str]:
        """What a contract may name once: the product, and where."""
        return self.product, self.site, self.region


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True,
               kw_only=True):
    """One version of a contract. Without lines: from its beginning on nothing is agreed."""

    account_id: int
    contract: str
    currency: str
    valid_from: datetime
    valid_until: datetime | None = None
    lines: tuple[Line, ...] = ()
    reason: str = ""
    version: int = 0


def instant_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def problems_of(contract: Contract) -> tuple[str, ...]:
    """All that is wrong in a contract by itself, in words; empty where it can be taken."""
    return (*_of_the_head(contract),
            *(f"line {number} ({line.product}): {problem}"
              for number, line in enumerate(contract.lines, 1) for problem in _of_a_line(line)))


def _of_the_head(contract: Contract) -> Iterator[str]:
    if not _CONTRACT.fullmatch(contract.contract):
        yield "contract: a name of 1 to 40 letters, digits, blanks, _ . / -"
    if contract.currency not in EXPONENT:
        yield f"currency: {contract.currency!r} is not known"
    yield from period_problems(contract.valid_from, contract.valid_until)
    if len(contract.lines) > _MOST_LINES:
        yield f"lines: {len(contract.lines)}, and {_MOST_LINES} at most"
    for (product, site, region), times in Counter(one.place for one in contract.lines).items():
        if times > 1:
            yield (f"lines: {product} is named {times} times at the same place"
                   f" (site {site!r}, region {region!r})")


def period_problems(start: datetime, end: datetime | None) -> Iterator[str]:
    """What is wrong with a period: no offset, or an end that is not after its start."""
    moments = {"valid_from": start, "valid_until": end}
    aware = True
    for name, moment in moments.items():
        if moment is not None and moment.tzinfo is None:
            aware = False
            yield f"{name}: an instant needs its offset, like 2026-07-01T00:00:00+02:00"
        elif moment is not None and not 1990 <= moment.year <= 2200:
            yield f"{name}: the year {moment.year} is out of reach"
    if aware and end is not None and end <= start:
        yield "valid_until: is not after valid_from"


def _of_a_line(line: Line) -> Iterator[str]:
    if not TARGET.fullmatch(line.product):
        yield "product: a code, '@group' or '*'"
    if line.site and line.region:
        yield "site and region: one of them at most"
    for name, number, most in (("amount", line.amount, 10**6), ("percent", line.percent, 1000)):
        if not sane(number) or abs(number) > most:
            yield f"{name}: {number} is out of reach"
        elif int(number.as_tuple().exponent) < -_MOST_DECIMALS:
            yield f"{name}: {_MOST_DECIMALS} decimals at most"
    if line.unit not in UNITS:
        yield f"unit: {line.unit!r} is not known"
    if not 0 <= line.decimals <= _MOST_DECIMALS:
        yield f"decimals: 0 to {_MOST_DECIMALS}"
    if not 0 <= line.max_age_days <= 36_500:
        yield "max_age_days: 0 to 36500"
    yield from _of_the_formula(line)


def _of_the_formula(line: Line) -> Iterator[str]:
    if line.formula in {"spot", "base"}:
        if not SOURCE.fullmatch(line.source):
            yield "source: which list the base price is from, like OMV"
        if line.temperature not in TEMPERATURES:
            yield f"temperature: of the base price, one of {', '.join(TEMPERATURES)}"
        if line.base_product and not PRODUCT.fullmatch(line.base_product):
            yield "base_product: a product's code"
    elif line.source or line.temperature or line.base_product or line.max_age_days:
        yield (f"source, temperature, base_product, max_age_days: a {line.formula} price"
               " has no list")
    if not sane(line.percent) or not sane(line.amount):
        return
    if line.formula in {"spot", "fixed"} and line.percent:
        yield f"percent: a {line.formula} price has none"
    if line.percent <= -100:
        yield "percent: would leave nothing of the price"
    if line.formula == "fixed" and line.amount < 0:
        yield "amount: a fixed price is not negative"
