"""A sale as the edge's tests make it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from terminals.purchase import Card, Item, Sale

CHIP = Card("", "")  # the chip's own comes in its place


def sale(amount: int = 4_135, product: str = "001", *, card: Card = CHIP, **more: Any) -> Sale:
    """Of one product, with its odometer."""
    item = Item(product, "L", Decimal("27.58"), Decimal("1.499"), amount)
    return Sale(card, amount, "EUR", (item,), **{"prompts": {"odometer": "120500"}, **more})
