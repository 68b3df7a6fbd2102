"""What the edge's store keeps of a message, and what a receipt prints of it. PURE.

A card's number is only masked here; PIN and track are nowhere.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from iso import Message
from terminals.edge.states import REQUESTS, Kind, State
from terminals.layout import card_of
from terminals.purchase import Item

# A request's message is kept to be reversed by: only what names it, no proof of card or holder.
_NAMES: Final = frozenset({2, 3, 4, 7, 11, 12, 14, 23, 24, 26, 32, 41, 42, 49})
_MAC: Final = frozenset({64, 128})
# Of an advice everything goes again, bar these: track 1 to 3, PIN blocks and their control.
_NEVER: Final = frozenset({35, 36, 45, 52, 53, 125}) | _MAC


class Price(msgspec.Struct, frozen=True):
    """A price per unit that is known of a product, VAT included, as Decimal's text."""

    product: str
    unit_price: str
    contract: str = ""


class Particulars(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt prints of a message beside its amounts. tc: hexadecimal."""

    items: tuple[Item, ...] = ()
    prompts: dict[str, str] = {}
    second_masked: str = ""
    entry: str = "key"  # chip, stripe or key
    tc: str = ""
    list_prices: tuple[Price, ...] = ()
    contract_prices: tuple[Price, ...] = ()
    account: int = 0  # of the catalogue, where the card is in it


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the store. local_time: aware, the terminal's own zone."""

    id: int
    position: int
    kind: Kind
    state: State
    sequence: str
    local_date: str
    local_time: datetime
    shift: str
    original: int | None
    reference: str | None
    amount_minor: int
    approved_minor: int
    currency: str
    pan_masked: str
    card_type: str
    particulars: Particulars
    action: str
    reason: str
    approval_code: str
    sent: int
    errors: int
    noted_at: datetime

    @property
    def approved(self) -> bool:
        """Money moved: approved by the host, or sold off line."""
        if self.kind in REQUESTS:
            return self.action in ("000", "002") and self.state is not State.ABANDONED
        return self.kind in (Kind.OFFLINE_SALE, Kind.COMPLETION)


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is about to get its number."""

    kind: Kind
    amount_minor: int
    currency: str
    particulars: Particulars = Particulars()
    original: Row | None = None
    reference: str = ""
    reason: str = ""


def kept(kind: Kind, message: Message) -> Message:
    """What may lie on a disk of it: no track, no PIN; of a request only what names it."""
    fields = {number: value for number, value in message.fields.items()
              if (number in _NAMES if kind in REQUESTS else number not in _NEVER)}
    if 35 in message.fields:
        fields[2], fields[14] = card_of(message)
    return Message(message.mti, dict(sorted(fields.items())))


def volume_ml(items: tuple[Item, ...], product: str = "") -> int:
    """Litres of a sale, of one product or of all."""
    return sum(int((item.quantity * 1000).to_integral_value()) for item in items
               if item.unit == "L" and item.product in (product or item.product,))


def decimal_text(value: Decimal) -> str:
    """Without an exponent and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
