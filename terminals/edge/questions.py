"""What the screen asks, made into values: amounts, products, prompts.

Knows how people write numbers; knows no screen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from iso import Profile
from terminals.card_reader import Visit
from terminals.purchase import Item

Ask = Callable[[str, str | None], Awaitable[str]]


class Cancelled(Exception):
    """The question was left without an answer."""


def minor_of(text: str) -> int:
    """Minor units of an amount like 41.35 or 41,35. ValueError."""
    return int((_decimal(text) * 100).quantize(Decimal(1), ROUND_HALF_UP))


async def items_of(ask: Ask, *, may_be_none: bool = False) -> tuple[Item, ...]:
    """Products until an empty one: code, quantity (1.5 L, 2 U; litres without a unit), price."""
    items: list[Item] = []
    while product := await ask("Product (empty: no more)",
                               "" if items or may_be_none else "001"):
        quantity, _, unit = (await ask("Litres (2 U: pieces)", None)).partition(" ")
        price = _decimal(await ask("Price each", None))
        many = _decimal(quantity)
        items.append(Item(product, unit.strip().upper() or "L", many, price, minor_of(
            str(many * price))))
    return tuple(items)


def prompt_names(visit: Visit | None, profile: Profile) -> tuple[str, ...]:
    """The prompts that a chip asks for."""
    if visit is None:
        return ()
    names = (profile.fleet.prompts.get(one, "") for one in visit.contents.rules.prompts)
    return tuple(dict.fromkeys(name for name in names if name))


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not value.is_finite() or value < 0:
        raise ValueError(f"{text!r} is no amount")
    return value
