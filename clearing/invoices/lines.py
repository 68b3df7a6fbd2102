"""From a journal row to lines: what was sold, at the contract's price or the pump's.

PURE. The row's detail says the contract's price of each item, and which version of the contract it
came from; an item that no contract speaks of costs what the pump said. What has a contract and no
price is a hole: exactly that is left out. Whatever the detail says, the lines at pump prices come
to what was booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from clearing.invoices.document import Line, Price
from clearing.invoices.fuel_items import FuelDetail, Item, Priced, booked_items
from clearing.invoices.totals import (
    RATE_UNKNOWN,
    line_price,
    net_of,
    step_of,
    told_price,
    vat_of_rate,
)
from clearing.invoices.units import PIECE, unit_code
from clearing.money import divide_half_up
from clearing.settings import Country, Settings

MISSING: Final = "price_missing:"
PART: Final = "*"  # the product of a hole that is a part of a sale with a hole
_ONE: Final = Decimal(1)
_KEPT: Final = 65_536


class FuelLine(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A line as it is stored: texts as the invoice shows them, '' where nothing is known.

    price and listed are of one unit, VAT included; listed is the pump's where a contract has
    another. pump_minor is what the ledger has booked for it, amount_minor what is invoiced.
    """

    key: str
    day: str  # on the fleet's clock
    time: str
    vehicle: str
    driver: str
    card: str
    odometer: str
    site: str
    product: str
    name: str
    quantity: str
    unit: str
    listed: str
    price: str
    pump_minor: int
    amount_minor: int
    rate_basis_points: int
    contract: str = ""
    version: int = 0
    credit_for: str = ""  # the key of what is given back
    credit_date: str = ""


class Hole(msgspec.Struct, frozen=True):
    """What has a contract and no price."""

    product: str
    pump_minor: int


class Sale(msgspec.Struct, frozen=True, gc=False):
    """A journal row that is invoiced. posted_minor < 0: it gives back of original_minor; > 0, with
    one: it takes again what a return has given back of that."""

    key: str
    posted_minor: int
    original_key: str
    original_minor: int | None
    credit_date: str
    flags: str
    detail: FuelDetail
    # day, time, vehicle, driver, card, odometer, site
    head: tuple[str, str, str, str, str, str, str]

    @property
    def gives_back(self) -> bool:
        """A return, or a reversal."""
        return self.posted_minor < 0


# An item, what it costs (None: a hole), its contract's price, its rate (None: its product's).
_Part = tuple[Item, int | None, Priced | None, int | None]


class Goods:
    """What products are called, and their VAT in one country: by the table of products and the
    settings' groups."""

    def __init__(self, rates: Settings | Country, names: Mapping[str, str]) -> None:
        self._rates = rates
        self._names = names
        self._known: dict[str, tuple[str, int]] = {}

    def of(self, product: str) -> tuple[str, int]:
        """Name and rate in basis points; what nobody has named is called by group and code."""
        found = self._known.get(product)
        if found is None:
            group = self._rates.group(product)
            name = self._names.get(product) or " ".join(filter(None, (group.name, product)))
            found = self._known[product] = (name or "Goods", group.vat_basis_points)
        return found


def lines_of(sale: Sale, goods: Goods, prices: Sequence[Priced] | None = None, *,
             missing: frozenset[str] | None = None) -> tuple[list[FuelLine], list[Hole]]:
    """The lines of a row, and its holes.

    prices and missing: those of the row's own detail and flags, or what was found out since.
    """
    if missing is None:
        missing = holes_of(sale.flags)
    known = sale.detail.prices if prices is None else prices
    if sale.original_minor is None and not sale.gives_back:
        parts = _parts(booked_items(sale.detail.items, sale.posted_minor), known, missing)
        return _told(sale, goods, parts, 1)
    if sale.original_minor is None or not sale.original_minor:
        return _told(sale, goods, [_amount(sale, sale.posted_minor)], 1)
    parts = _parts(booked_items(sale.detail.items, sale.original_minor), known, missing)
    if abs(sale.posted_minor) == sale.original_minor:
        return _told(sale, goods, parts, -1 if sale.gives_back else 1)
    if any(cost is None for _, cost, _, _ in parts):
        return [], [Hole(PART, sale.posted_minor)]
    return _told(sale, goods, _shares(sale.posted_minor, sale.original_minor, parts, goods), 1)


def holes_of(flags: str) -> frozenset[str]:
    """The products that the row's flags say no price was found of."""
    if MISSING not in flags:
        return frozenset()
    return frozenset(flag.removeprefix(MISSING) for flag in flags.split(",")
                     if flag.startswith(MISSING))


def _amount(sale: Sale, amount_minor: int) -> _Part:
    products = {item.product for item in sale.detail.items}
    item = Item(product=products.pop() if len(products) == 1 else "",
                amount_minor=sale.posted_minor)
    return item, amount_minor, None, None


def _shares(posted_minor: int, original_minor: int, parts: Iterable[_Part],
            goods: Goods) -> list[_Part]:
    """An amount that is given back of a sale: of each rate as much as it has had of the sale, so
    that no rate is given back that was not charged. A rate that is told later is told by product.
    """
    by_rate: dict[tuple[int, str], list[_Part]] = {}
    for part in parts:
        product = part[0].product
        rate = goods.of(product)[1]
        by_rate.setdefault((rate, product if rate == RATE_UNKNOWN else ""), []).append(part)
    shares, pump_sum, cost_sum, pump_told, cost_told = list[_Part](), 0, 0, 0, 0
    for (rate, _), some in sorted(by_rate.items()):
        pump_sum += sum(item.amount_minor for item, _, _, _ in some)
        cost_sum += sum(cost or 0 for _, cost, _, _ in some)
        # Of the sums so far, so that all of them come to the whole.
        pump = divide_half_up(posted_minor * pump_sum, original_minor) - pump_told
        cost = divide_half_up(posted_minor * cost_sum, original_minor) - cost_told
        pump_told, cost_told = pump_told + pump, cost_told + cost
        products = {item.product for item, _, _, _ in some}
        item = Item(product=products.pop() if len(products) == 1 else "", amount_minor=pump)
        if pump or cost:
            shares.append((item, cost, None, rate))
    return shares


def _parts(items: Iterable[Item], prices: Sequence[Priced], missing: frozenset[str]) -> list[_Part]:
    """Prices are in the order of their items: the next of a product is the item's."""
    if not prices and not missing:
        return [(item, item.amount_minor, None, None) for item in items]
    waiting: dict[str, list[Priced]] = {}
    for price in reversed(prices):
        waiting.setdefault(price.product, []).append(price)
    parts = list[_Part]()
    for item in items:
        sold = item.amount_minor > 0 and item.quantity is not None and not item.quantity.is_signed()
        if sold and waiting.get(item.product):
            price = waiting[item.product].pop()
            parts.append((item, price.amount_minor, price, None))
        else:
            hole = item.amount_minor > 0 and item.product in missing
            parts.append((item, None if hole else item.amount_minor, None, None))
    return parts


def _told(sale: Sale, goods: Goods, parts: Iterable[_Part],
          sign: int) -> tuple[list[FuelLine], list[Hole]]:
    lines: list[FuelLine] = []
    holes: dict[str, int] = {}
    credit = (sale.original_key, sale.credit_date) if sale.gives_back else ("", "")
    for item, cost, priced, rate in parts:
        pump = sign * item.amount_minor
        if cost is None:
            holes[item.product] = holes.get(item.product, 0) + pump
            continue
        name, usual_rate = goods.of(item.product)
        amount = sign * cost
        quantity = f"{_signed(item.quantity, amount):f}" if item.quantity else ""
        listed, price = "", "" if item.unit_price is None else f"{item.unit_price:f}"
        contract, version = "", 0
        if priced is not None:
            listed, price = price, priced.unit_price
            contract, version = priced.contract, priced.version
        lines.append(FuelLine(sale.key, *sale.head, item.product, name, quantity, item.unit, listed,
                              price, pump, amount, usual_rate if rate is None else rate,
                              contract, version, *credit))
    return lines, [Hole(*one) for one in sorted(holes.items())] if holes else []


def _signed(quantity: Decimal, amount_minor: int) -> Decimal:
    """A quantity with the sign of its amount: a price is never negative (BR-27)."""
    return -abs(quantity) if amount_minor < 0 else abs(quantity)


def order_of(line: FuelLine) -> tuple[str, str, str, str]:
    """By vehicle, then time."""
    return line.vehicle, line.day, line.time, line.key


def nets_of(lines: Iterable[FuelLine], currency: str) -> dict[int, int]:
    """What lines come to without VAT, by rate in basis points; each is rounded by itself. Where no
    rate is told yet nothing is taken off."""
    step, by_rate = step_of(currency), dict[int, list[int]]()
    for line in lines:
        by_rate.setdefault(line.rate_basis_points, []).append(line.amount_minor)
    return {rate: sum([net_of(amount, max(rate, 0), step) for amount in amounts])
            for rate, amounts in by_rate.items()}


def document_line(line: FuelLine, number: int, currency: str, sign: int, *,
                  reverse_charge: bool = False) -> Line:
    """As the invoice's number-th line; sign -1 in a credit note. reverse_charge: the rate is in the
    price that was paid at the pump, and not asked for."""
    rate, amount = line.rate_basis_points, sign * line.amount_minor
    net = net_of(amount, rate, step_of(currency))
    quantity = sign * Decimal(line.quantity) if line.quantity else \
        (-_ONE if amount < 0 else _ONE)
    told = _price(line.price, line.listed, rate) if line.price and line.quantity else None
    day = _day(line.day)
    note = f"Credit for {line.credit_for} {line.credit_date}" if line.credit_for else ""
    category, charged = vat_of_rate(rate, reverse_charge=reverse_charge)
    contract = f"{line.contract} version {line.version}" if line.contract else ""
    return Line(
        number=number, name=line.name, quantity=quantity,
        unit=unit_code(line.unit) if line.quantity else PIECE, net_minor=net,
        price=line_price(told, quantity, net, currency),
        rate_basis_points=charged, category=category,
        gross_minor=amount if charged == rate else net, group=line.vehicle, note=note,
        item_id=line.product, start=day, end=day,
        attributes=(line.vehicle, line.driver, line.card, line.odometer, line.site, line.time,
                    line.key, contract))


@lru_cache(_KEPT)
def _price(gross: str, listed: str, rate_basis_points: int) -> Price | None:
    return told_price(Decimal(gross), Decimal(listed) if listed else None, rate_basis_points)


@lru_cache(4_096)
def _day(text: str) -> date:
    return date.fromisoformat(text)
