"""What the terminal's screen asks, made into values: products, prompts.

Knows what a sale consists of; knows no screen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from iso import Profile
from terminals.card_reader import Visit
from terminals.purchase import Item
from terminals.questions import decimal_of, minor_of

Ask = Callable[[str, str | None], Awaitable[str]]


async def items_of(ask: Ask, *, may_be_none: bool = False) -> tuple[Item, ...]:
    """Products until an empty one: code, quantity (1.5 L, 2 U; litres without a unit), price."""
    items: list[Item] = []
    while product := await ask("Product (empty: no more)",
                               "" if items or may_be_none else "001"):
        quantity, _, unit = (await ask("Litres (2 U: pieces)", None)).partition(" ")
        price = decimal_of(await ask("Price each", None))
        many = decimal_of(quantity)
        items.append(Item(product, unit.strip().upper() or "L", many, price, minor_of(
            str(many * price))))
    return tuple(items)


def prompt_names(visit: Visit | None, profile: Profile) -> tuple[str, ...]:
    """The prompts that a chip asks for."""
    if visit is None:
        return ()
    names = (profile.fleet.prompts.get(one, "") for one in visit.contents.rules.prompts)
    return tuple(dict.fromkeys(name for name in names if name))
