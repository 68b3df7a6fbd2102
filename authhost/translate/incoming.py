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
from authhost.model import CardRef, Kind, Request
from iso.subfields import SaleItem

# Millilitres in one unit of measure (field 63); what is not listed here has no volume.
_MILLILITRES: Final[dict[str, Decimal]] = {
    "L": Decimal(1000), "G": Decimal("3785.411784"), "I": Decimal("4546.09"),
    "Q": Decimal("946.352946"), "Z": Decimal("29.5735295625"),
}
MOST_ITEMS: Final = 99
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
    """A reconciliation: the request that is kept, and the totals to compare."""

    request: Request
    totals: Totals
    acquirer_id: str
    day: str  # YYYYMMDD


Incoming = Request | Network | Reconciliation


class Goods(msgspec.Struct, frozen=True):
    """What was sold: product codes, volume, whether the items add up, and how files show it."""

    products: tuple[str, ...]
    volume_ml: int
    sum_minor: int
    rows: list[dict[str, object]]


NO_GOODS: Final = Goods((), 0, 0, [])
_json = msgspec.json.Encoder().encode


def goods(items: Sequence[SaleItem], exponent: int) -> Goods:
    """Read the items of field 63; amounts become minor units of the currency."""
    products = []
    volume = Decimal(0)
    total = 0
    rows: list[dict[str, object]] = []
    for item in items:
        amount = int(item.amount.scaleb(exponent))
        measure = _MILLILITRES.get(item.unit)
        if measure is not None:
            volume += item.quantity * measure
        total += amount
        products.append(item.product)
        rows.append({"product": item.product, "unit": item.unit, "quantity": str(item.quantity),
                     "unit_price": str(item.unit_price), "amount_minor": amount})
    return Goods(tuple(products), int(volume.to_integral_value()), total, rows)


def detail(rows: list[dict[str, object]], **more: object) -> str:
    """The JSON that files print from: items and what else is known, nulls left out."""
    content: dict[str, object] = {name: value for name, value in more.items() if value}
    if rows:
        content["items"] = rows
    return _json(content).decode()


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
    return keys.fingerprint(
        fingerprint_key,
        f"{keys.CLASS[kind]}\x1f{card.pan_hmac.hex() if card else ''}\x1f{amount_minor}"
        f"\x1f{currency}\x1f{volume_ml}\x1f{','.join(products)}\x1f" + "\x1f".join(map(str, more)))


def checked_date(text: str, where: str) -> str:
    """YYYYMMDD that is a date; Refusal otherwise."""
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise Refusal(where, f"is no date: {text!r}") from None
    return text
