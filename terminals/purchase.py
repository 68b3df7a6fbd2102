"""What is sold, to which card, at which terminal.

Knows plain values: money as integer minor units, quantity and price as Decimal. Knows no dialect.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Card(msgspec.Struct, frozen=True, gc=False):
    """A card as the reader sees it. The PAN hides itself: a repr ends in logs.

    track_2: where the stripe was read (ISO/IEC 7813, without sentinels); sequence: 2 digits, the
    chip's own number among cards of one PAN.
    """

    pan: str
    expiry: str  # YYMM
    track_2: str = ""
    sequence: str = ""

    @staticmethod
    def of_track(track_2: str) -> Card:
        """The card of a swipe. ValueError where it is no track 2."""
        pan, _, rest = track_2.replace("D", "=").partition("=")
        if not pan.isdecimal() or not rest[:4].isdecimal() or len(rest) < 4:
            raise ValueError("no track 2")
        return Card(pan, rest[:4], track_2)

    @property
    def masked(self) -> str:
        """First six and last four digits, as receipts print them."""
        return f"{self.pan[:6]}{'*' * (len(self.pan) - 10)}{self.pan[-4:]}"

    def __repr__(self) -> str:
        return f"Card({self.masked})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Rich prints a struct's values by itself unless told otherwise."""
        return [("pan", self.masked)]


class Item(msgspec.Struct, frozen=True, gc=False):
    """One product of a sale; unit: L litre, U unit, K kilogram; price per unit, VAT included."""

    product: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    amount_minor: int


class Sale(msgspec.Struct, frozen=True, gc=False):
    """What a card pays for. items may be empty (a pre-authorization); else they sum to amount.

    chip: what the card's chip signed (field 55, BER-TLV); only a request carries it.
    """

    card: Card
    amount_minor: int
    currency: str = "EUR"  # ISO 4217, letters
    items: tuple[Item, ...] = ()
    odometer: int = 0  # kilometres; 0: not asked
    chip: bytes = b""

    def __repr__(self) -> str:
        return f"Sale({self.card!r}, {self.amount_minor} {self.currency})"


class Terminal(msgspec.Struct, frozen=True, gc=False):
    """Who speaks: fields 41, 42, 32 and 26."""

    terminal_id: str
    merchant_id: str
    acquirer_id: str
    outdoor: bool = False
