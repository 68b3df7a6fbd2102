"""What a customer takes: fuel, perhaps a wash or something from the shop.

PURE. Exact arithmetic: an item's amount is quantity times price, rounded half up once.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Final

from demo.controls import DIESEL, PETROL, SHOP, WASH
from terminals.purchase import Card, Item, Sale

_PRICES: Final = {DIESEL: Decimal("1.549"), PETROL: Decimal("1.619"), WASH: Decimal("12.90"),
                  SHOP: Decimal("3.49")}
_FUELS: Final = frozenset({DIESEL, PETROL})


def basket(random: Random, *, product: str = "", shop: bool = True) -> tuple[Item, ...]:
    """Fuel of one kind (`product`, or any), and sometimes more."""
    fuel = product or random.choices((DIESEL, PETROL), (4, 1))[0]
    items = [item(fuel, Decimal(random.randint(1_800, 7_500)).scaleb(-2))]
    if shop and random.random() < 0.2:
        items.append(item(random.choice((WASH, SHOP)), Decimal(1)))
    return tuple(items)


def item(product: str, quantity: Decimal) -> Item:
    """One line of a sale at the day's price."""
    price = _PRICES[product]
    minor = int((quantity * price * 100).quantize(Decimal(1), ROUND_HALF_UP))
    return Item(product, "L" if product in _FUELS else "U", quantity, price, minor)


def sale(card: Card, currency: str, items: tuple[Item, ...], odometer: int = 0) -> Sale:
    """A sale of these items; its amount is their sum."""
    return Sale(card, sum(entry.amount_minor for entry in items), currency, items, odometer)
