"""What a message turns into, whatever its dialect, and what all dialects do the same way.

PURE. A PAN leaves here only as its keyed hash and its mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from authhost import keys
from authhost.model import CardRef, Item, Kind, Original, Part, Request
from authhost.translate.prompted import Typed
from iso.subfields import SaleItem, shift

# Millilitres in one unit of measure (field 63); what is not listed here has no volume.
_MILLILITRES: Final[dict[str, Decimal]] = {
    "L": Decimal(1000), "G": Decimal("3785.411784"), "I": Decimal("4546.09"),
    "Q": Decimal("946.352946"), "Z": Decimal("29.5735295625"),
}
MOST_ITEMS: Final = 99
TotalLine = shift.TotalLine
KEY_CHANGE: Final = "key-change"


class Refusal(Exception):  # the field's own word for it
    """A message that cannot be taken as it is: which part, and why. Nothing is stored of it."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class Network(msgspec.Struct, frozen=True):
    """A network management message: sign-on, echo, key change ..., in one vocabulary."""

    function: str
    terminal_id: str


class Totals(msgspec.Struct, frozen=True):
    """A terminal's own reconciliation totals, or the host's: numbers and minor units."""

    debits: int
    debits_minor: int
    reversals: int
    reversals_minor: int


class Reconciliation(msgspec.Struct, frozen=True):
    """A reconciliation: the request that is kept, and the totals to compare.

    lines: the totals by card type, product and kind, where the terminal tells them.
    """

    request: Request
    totals: Totals
    acquirer_id: str
    day: str  # YYYYMMDD
    lines: tuple[TotalLine, ...] = ()


Incoming = Request | Network | Reconciliation


class Goods(msgspec.Struct, frozen=True):
    """What was sold: product codes and items as they came, parts a product, millilitres, sum."""

    products: tuple[str, ...]
    volume_ml: int
    sum_minor: int
    items: tuple[Item, ...]
    parts: tuple[Part, ...]


NO_GOODS: Final = Goods((), 0, 0, (), ())
# Kinds that hold money for what is not sold yet.
HOLDS: Final = frozenset({Kind.PREAUTHORIZATION, Kind.INCREMENT})
ADVICES: Final = frozenset({Kind.COMPLETION, Kind.OFFLINE_SALE})
# A member of an enumeration costs more to look up than a constant.
_OFFLINE_SALE: Final = Kind.OFFLINE_SALE
_ABOUT_ANOTHER: Final = frozenset({Kind.RETURN, Kind.INCREMENT})
_json = msgspec.json.Encoder().encode


def goods(sold: Sequence[SaleItem], exponent: int) -> Goods:
    """Read the items of field 63; amounts become minor units of the currency.

    A line is rounded to a whole millilitre, so that the parts sum to the volume. A discount or
    coupon counts to its own product code.
    """
    items, products, parts = [], [], []
    volume = total = 0
    for item in sold:
        product, amount = item.product, int(item.amount.scaleb(exponent))
        measure = _MILLILITRES.get(item.unit)
        millilitres = 0 if measure is None else round(item.quantity * measure)
        volume += millilitres
        total += amount
        products.append(product)
        items.append(Item(product, item.unit, item.quantity, item.unit_price, amount))
        parts.append(Part(product, amount, millilitres))
    if len(set(products)) < len(products):
        parts = _merged(parts)
    return Goods(tuple(products), volume, total, tuple(items), tuple(parts))


def _merged(parts: Sequence[Part]) -> list[Part]:
    """One part a product, in the order in which they came first."""
    sums: dict[str, Part] = {}
    for part in parts:
        there = sums.get(part.product)
        sums[part.product] = part if there is None else Part(
            part.product, there.money + part.money, there.volume + part.volume)
    return list(sums.values())


def hold_parts(sold: Goods, amount_minor: int) -> tuple[Part, ...]:
    """The parts of a hold: where its products have no amounts, it may become any one of them."""
    if any(item.amount_minor for item in sold.items):
        return sold.parts
    return tuple(Part(part.product, amount_minor, part.volume) for part in sold.parts)


def sum_fault(sold: Goods, *, holds: bool) -> str:
    """'items_sum' where items that are not the amount have to be it; a hold's need no amounts."""
    if not sold.items or (holds and not any(item.amount_minor for item in sold.items)):
        return ""
    return "items_sum"


def names_no_quantity(sold: Goods) -> bool:
    """Whether nobody knows yet how much fuel it will be."""
    return not any(item.quantity for item in sold.items)


def adds_to_content(kind: Kind, original: Original | None, second: CardRef | None,
                    ) -> tuple[str, ...]:
    """What belongs to the content of a message beside what all have.

    A return has its sale's class, an increment its hold's: without this the one would be taken for
    a repeat of the other. Of the original it is class and number, which every dialect names alike.
    """
    more: tuple[str, ...] = ()
    if original is not None and kind in _ABOUT_ANOTHER:
        named = original.keys[0].split("/") if original.keys else []
        more = (kind.value, *named[2:3], *named[4:], original.approval_code)
    if second is not None:
        more += (second.pan_hmac.hex(),)
    return more


def sale_detail(sold: Goods, kind: Kind, *, stan: str, typed: Typed, entry: str,
                second: CardRef | None, **more: object) -> str:
    """The detail of a message with a card; the odometer also by itself, for who reads only that."""
    content: dict[str, object] = {"stan": stan}
    given = typed.answers
    if given:
        content["prompts"] = given
        if "odometer" in given:
            content["odometer"] = given["odometer"]
    if entry:
        content["entry"] = entry
    if second is not None:
        content["second_card"] = second.pan_masked
    if kind is _OFFLINE_SALE:
        content["offline"] = True
    if more:
        content |= {name: value for name, value in more.items() if value}
    if sold.items:
        content["items"] = sold.items
    return _json(content).decode()


def detail(**known: object) -> str:
    """The JSON that files print from, what is empty left out."""
    return _json({name: value for name, value in known.items() if value}).decode()


def card_ref(pan_hmac: bytes, pan: str, expiry: str) -> CardRef:
    """A card by its number: the keyed hash that the HSM made of it, the mask, the expiry."""
    return CardRef(pan_hmac, mask(pan), expiry)


def mask(pan: str) -> str:
    """First six and last four at most (PCI DSS 3.4.1); a short number shows its last four."""
    if len(pan) < 13:
        return "*" * max(len(pan) - 4, 0) + pan[-4:]
    return f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"


def content_of(fingerprint_key: bytes, kind: Kind, card: CardRef | None, amount_minor: int,
               currency: str, volume_ml: int, products: tuple[str, ...], *more: object) -> bytes:
    """The fingerprint: equal at every door for the same content, not for another."""
    text = (f"{keys.CLASS[kind]}\x1f{card.pan_hmac.hex() if card else ''}\x1f{amount_minor}"
            f"\x1f{currency}\x1f{volume_ml}\x1f{','.join(products)}\x1f")
    if more:
        text += "\x1f".join(map(str, more))
    return keys.fingerprint(fingerprint_key, text)


def checked_date(text: str, where: str) -> str:
    """YYYYMMDD that is a date; Refusal otherwise."""
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise Refusal(where, f"is no date: {text!r}") from None
    return text
