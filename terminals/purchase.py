"""What is sold, to which card, at which terminal.

Knows plain values: money as integer minor units, quantity and price as Decimal. Knows no dialect.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

import msgspec

GOODS: Final = "000000"  # field 3: goods are sold
GOODS_BACK: Final = "200000"  # they come back


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

    chip: what the card's chip signed (field 55, BER-TLV), for a request (ARQC) or a sale without
    the host (TC). prompts: what was typed in, by the prompts' names: odometer, engine_hours,
    driver_number, vehicle_number, trailer, job, order_number. second: a card shown beside the one
    that is charged. entry: how its number came; '' is by what the card has. processing: field 3.
    wants_rest: the answer shall say what may be sold and what is left.
    """

    card: Card
    amount_minor: int
    currency: str = "EUR"  # ISO 4217, letters
    items: tuple[Item, ...] = ()
    odometer: int = 0  # kilometres; 0: not asked
    chip: bytes = b""
    prompts: Mapping[str, str] = {}
    second: Card | None = None
    entry: Literal["", "chip", "stripe", "key"] = ""
    processing: str = GOODS
    wants_rest: bool = False

    @property
    def answers(self) -> dict[str, str]:
        """All prompts that were answered, the odometer among them."""
        first = {"odometer": str(self.odometer)} if self.odometer else {}
        return first | dict(self.prompts)

    def __repr__(self) -> str:
        return f"Sale({self.card!r}, {self.amount_minor} {self.currency})"


class Terminal(msgspec.Struct, frozen=True, gc=False):
    """Who speaks: fields 41, 42, 32 and 26."""

    terminal_id: str
    merchant_id: str
    acquirer_id: str
    outdoor: bool = False
