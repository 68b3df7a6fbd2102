"""A fleet's contracts as a till needs them: which line holds, and what each item costs by it.

PURE: the instant is handed in, in microseconds since 1970 UTC. Money is an integer in minor units.
What was worked out is kept for as long as nothing of it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import msgspec

from authhost.bounded import Bounded
from authhost.currencies import EXPONENT
from authhost.model import ContractPrice, Item
from authhost.pricing.formula import BasePrice, Step, Worked, work_out
from authhost.pricing.market import ANY, Market
from authhost.pricing.rounding import decimal_text, divide_half_up, sane, scaled
from authhost.pricing.terms import Contract, Line, instant_us
from authhost.pricing.timeline import BEGINNING, FOREVER, Timeline, highest

_FOUND: Final = 256  # product, unit, site and currency: what a fleet buys again and again
_NOTHING: Final = Fraction(0)
_DAY_US: Final = 86_400_000_000
MISSING: Final = "price_missing"
OTHER_CURRENCY: Final = "other_currency"
AMBIGUOUS: Final = "ambiguous"  # two groups of the product have lines of the same rank
NO_PUMP_PRICE: Final = "no_pump_price"
NO_QUANTITY: Final = "no_quantity"
NEGATIVE: Final = "negative"


class Version(msgspec.Struct, frozen=True):
    """A contract's version, its lines by what they name."""

    contract: Contract
    lines: dict[tuple[str, str, str], Line]


class Found(msgspec.Struct, frozen=True, gc=False):
    """What holds for a product from `since` to before `until`.

    price: the unit price in 10**-decimals, where it does not hang on the pump. why: the word for
    what is missing. contract '': no line at all.
    """

    since: int
    until: int
    contract: str = ""
    version: int = 0
    line: Line | None = None
    base: BasePrice | None = None
    why: str = ""
    slope: Fraction = _NOTHING
    offset: Fraction = _NOTHING
    pump: tuple[int, int, int] = (0, 0, 1)  # (a, b, c): a price p is (a * p + b) / c, as `price`
    price: int = 0
    text: str = ""
    steps: tuple[Step, ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """A product's price that is known without its pump, with the rule that it came from."""

    product: str
    unit: str
    currency: str
    found: Found


class Book:
    """One account's contracts. Hand it the market of the same rules version, or a newer one."""

    def __init__(self, contracts: Iterable[Contract], market: Market) -> None:
        self.market = market
        self.contracts = tuple(contracts)
        self._timelines = _timelines(self.contracts)
        self._found: Bounded[tuple[str, str, str, str], Found] = Bounded(_FOUND)

    def price(self, items: Sequence[Item], site_id: str, at_us: int,
              currency: str) -> tuple[tuple[ContractPrice, ...], tuple[str, ...]]:
        """What the items cost by contract, and a flag for each product whose price is missing.

        Items of which no line speaks, and those that take away (discounts), are in neither.
        """
        prices, flags = [], []
        for item in items:
            if item.amount_minor <= 0 or item.quantity.is_signed():
                continue
            found = self.found(item.product, item.unit, site_id, at_us, currency)
            if found.line is None and not found.why:
                continue
            price = item_price(found, item, currency)
            if isinstance(price, ContractPrice):
                prices.append(price)
            elif (flag := f"{MISSING}:{item.product}") not in flags:
                flags.append(flag)
        return tuple(prices), tuple(flags)

    def found(self, product: str, unit: str, site_id: str, at_us: int, currency: str) -> Found:
        """The rule for a product, as of an instant."""
        key = (product, unit, site_id, currency)
        found = self._found.get(key)
        if found is None or not found.since <= at_us < found.until:
            found = self._find(product, unit, site_id, at_us, currency)
            self._found.put(key, found)
        return found

    def listed(self, site_id: str, at_us: int) -> Iterator[Listed]:
        """Every price at a site that is known without its pump, in the products' own units."""
        lines = [line for one in self.contracts for line in one.lines]
        named = {line.product for line in lines if line.formula != "pump"}
        currencies = sorted({one.currency for one in self.contracts})
        for product, unit in self.market.units.items():
            if not named.intersection((product, ANY, *self.market.groups.get(product, ()))):
                continue
            for currency in currencies:
                found = self._find(product, unit, site_id, at_us, currency)
                if found.line is not None and not found.why and not found.slope:
                    yield Listed(product, unit, currency, found)

    def _find(self, product: str, unit: str, site_id: str, at_us: int, currency: str) -> Found:
        since, until = BEGINNING, FOREVER
        versions: list[Version] = []
        for timeline in self._timelines:
            version, start, end = timeline.at(at_us)
            since, until = max(since, start), min(until, end)
            if version is not None:
                versions.append(version)
        mine = [one for one in versions if one.contract.currency == currency]
        chosen = self._chosen(mine, product, site_id)
        if not chosen:
            others = self._chosen(versions, product, site_id) if len(versions) > len(mine) else []
            return Found(since, until, why=OTHER_CURRENCY if others else "")
        if len(chosen) > 1:
            return Found(since, until, why=AMBIGUOUS)
        contract, line = chosen[0]
        return self._with_line(contract, line, product, unit, site_id, at_us, (since, until))

    def _chosen(self, versions: list[Version], product: str,
                site_id: str) -> list[tuple[Contract, Line]]:
        """The most specific lines: product, group, any; within each site, region, everywhere."""
        region = self.market.site(site_id).region
        places = [(site_id, "")] * bool(site_id) + [("", region)] * bool(region) + [("", "")]
        for names in self.market.levels(product):
            for place in places:
                chosen = [(one.contract, line) for one in versions for name in names
                          if (line := one.lines.get((name, *place))) is not None]
                if chosen:
                    return chosen
        return []

    def _with_line(self, contract: Contract, line: Line, product: str, unit: str, site_id: str,
                   at_us: int, period: tuple[int, int]) -> Found:
        since, until = period
        rate, start, end = self.market.vat_rate(product, site_id, at_us)
        since, until = max(since, start), min(until, end)
        base = None
        if line.source:
            series = (line.source, line.base_product or product, line.temperature,
                      contract.currency)
            base, start, end = self.market.base_price(series, at_us)
            since, until = max(since, start), min(until, end)
            if base is not None and line.max_age_days:
                too_old = base.from_us + line.max_age_days * _DAY_US
                base = base if at_us < too_old else None
                since, until = (since, min(until, too_old)) if base else (max(since, too_old),
                                                                          until)
        known = Found(since, until, contract.contract, contract.version, line, base)
        worked = work_out(line, unit, base, rate)
        if isinstance(worked, str):
            return msgspec.structs.replace(known, why=worked)
        return _priced(known, line, worked)


def item_price(found: Found, item: Item, currency: str) -> ContractPrice | str:
    """What an item costs by a rule, or the word for what is missing."""
    if found.why or found.line is None:
        return found.why
    if not item.quantity or not sane(item.quantity):
        return NO_QUANTITY
    decimals, price, text = found.line.decimals, found.price, found.text
    capped = False
    if found.pump[0] or found.line.never_above_pump:
        if not sane(item.unit_price) or item.unit_price <= 0:
            return NO_PUMP_PRICE
        pump, per = item.unit_price.as_integer_ratio()
        if found.pump[0]:
            ours, theirs, parts = found.pump
            price = divide_half_up(ours * pump + theirs * per, parts * per)
            text = decimal_text(price, decimals)
        capped = found.line.never_above_pump and price * per > pump * 10**decimals
    if price < 0:
        return NEGATIVE
    quantity, parts = item.quantity.as_integer_ratio()
    if capped:
        return ContractPrice(item.product, f"{item.unit_price:f}", item.amount_minor,
                             found.contract, found.version)
    amount = scaled(price * quantity, 10**decimals * parts, EXPONENT[currency])
    if found.line.never_above_pump:
        amount = min(amount, item.amount_minor)  # the pump itself may have cut off what we round up
    return ContractPrice(item.product, text, amount, found.contract, found.version)


def _priced(known: Found, line: Line, worked: Worked) -> Found:
    slope, offset, steps = worked.slope, worked.offset, 10**line.decimals
    price = scaled(offset.numerator, offset.denominator, line.decimals)
    why = NEGATIVE if not worked.slope and price < 0 else ""
    return msgspec.structs.replace(
        known, why=why, slope=slope, offset=offset, price=price,
        pump=(slope.numerator * offset.denominator * steps,
              offset.numerator * slope.denominator * steps, slope.denominator * offset.denominator),
        text=decimal_text(price, line.decimals), steps=worked.steps)


def _timelines(contracts: Sequence[Contract]) -> list[Timeline[Version]]:
    by_name: dict[str, list[Contract]] = {}
    for one in contracts:
        by_name.setdefault(one.contract, []).append(one)
    return [highest((instant_us(one.valid_from), one.version,
                     instant_us(one.valid_until) if one.valid_until else None,
                     Version(one, {line.place: line for line in one.lines})) for one in versions)
            for versions in by_name.values()]

