"""A fleet on a rig, by SQL: product groups, sub-accounts, and the messages of its pumps."""

from __future__ import annotations

import itertools
import json
from typing import Any

from authhost.model import Answer, Kind, Original, Part, Prompted, Request
from tests.support.portfolio import Card
from tests.support.rig import Rig

DIESEL, PETROL, ADBLUE, SHOP = "019", "001", "062", "421"
PRODUCTS = """
INSERT INTO product (product, name, fuel) VALUES
    ('019', 'Diesel', true), ('001', 'Petrol', true), ('062', 'AdBlue', false),
    ('421', 'Shop', false)
ON CONFLICT DO NOTHING
"""
GROUPS = """
INSERT INTO product_group (group_id, name, products) VALUES
    (1, 'fuel', '{019,001}'), (2, 'diesel', '{019}'), (3, 'shop', '{421}')
ON CONFLICT DO NOTHING
"""
_ids = itertools.count(60_000_001)  # far from those of others in the one Valkey


def furnish(rig: Rig) -> None:
    """The products of the field, once a database."""
    rig.sql(PRODUCTS)
    rig.sql(GROUPS)
    rig.sql("UPDATE rules SET version = version + 1")


def limit(window: str, measure: str, maximum: int, **more: Any) -> dict[str, Any]:
    """A limit as its column holds it."""
    return {"window": window, "measure": measure, "maximum": maximum, **more}


def set_on(rig: Rig, card: Card, table: str, **columns: Any) -> None:
    """Change the card's row, or its account's, vehicle's or driver's; the fence rises with it."""
    key = {"card": card.card_id, "account": card.account_id}.get(table)
    if key is None:
        key = rig.sql(f"SELECT {table}_id FROM card WHERE card_id = $1", card.card_id)[0][0]
    for name, value in columns.items():
        text = json.dumps(value) if isinstance(value, list | dict) and name in {
            "limits", "site_limits", "prompts", "watch"} else value
        cast = "::text::jsonb" if text is not value else ""
        rig.sql(f"UPDATE {table} SET {name} = $2{cast} WHERE {table}_id = $1", key, text)
    rig.sql("UPDATE fence SET fence = fence + 1 WHERE account_id = $1", card.account_id)


def card_with(rig: Rig, limits: list[dict[str, Any]], **more: Any) -> Card:
    """A card with limits of any kind."""
    card = rig.card(**more)
    set_on(rig, card, "card", limits=limits)
    return card


def new_id() -> int:
    """An id that nobody else uses."""
    return next(_ids)


def goods(*items: tuple[str, int, int]) -> dict[str, Any]:
    """(product, minor units, millilitres) ... as the fields of a request."""
    parts = tuple(Part(*item) for item in items)
    return {"parts": parts, "products": tuple(part.product for part in parts),
            "volume_ml": sum(part.volume for part in parts)}


def sell(rig: Rig, card: Card, *items: tuple[str, int, int], **more: Any) -> Answer:
    """A sale of items."""
    return rig.ask(sale(rig, card, *items, **more))


def sale(rig: Rig, card: Card, *items: tuple[str, int, int], **more: Any) -> Request:
    """A sale of items, not sent yet."""
    kind = more.pop("kind", Kind.SALE)
    return rig.request(kind, card, sum(item[1] for item in items), **goods(*items), **more)


def hold(rig: Rig, card: Card, amount: int = 0, **more: Any) -> Request:
    """A pre-authorization, for as much as there is where no amount is named."""
    return rig.request(Kind.PREAUTHORIZATION, card, amount, amount_open=not amount,
                       volume_open=more.pop("volume_open", True), wants_rest=True, **more)


def complete(rig: Rig, of: Request, card: Card, *items: tuple[str, int, int],
             **more: Any) -> Request:
    """What was really sold."""
    return rig.request(Kind.COMPLETION, card, sum(item[1] for item in items),
                       original=Original((of.key,)), **goods(*items), **more)


def typed(**answers: str) -> Prompted:
    """What the driver typed in."""
    return Prompted(**answers)


def counted(rig: Rig, card: Card, field: str) -> dict[str, int]:
    """A field of the account's hash as it is summed from the journal alone."""
    rig.redis("DEL", f"{{{card.account_id}}}")
    rig.run(_touch(rig, card, field))
    return rig.counted(card, field) or {}


async def _touch(rig: Rig, card: Card, field: str) -> None:
    sums = rig.host.sums
    fence, account = await sums.raise_fence(card.account_id)
    packed = account if field == "a" else await sums.field(card.account_id, fence, field)
    await rig.host.state.call("HSET", f"{{{card.account_id}}}", field, packed)
