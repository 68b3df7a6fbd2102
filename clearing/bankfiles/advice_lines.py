"""What an advice of deposits says, line by line: a client's deposits, differences, suspects.

PURE values.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from clearing.bankfiles.details import Item
from clearing.money import plain


class Advice(msgspec.Struct, frozen=True):
    """What the file as a whole says. count: lines."""

    message_id: str
    created_on: date
    currency: str
    count: int
    sum_minor: int


class Line(msgspec.Struct, frozen=True, gc=False):
    """A deposit, or what was taken off or added (item.kind), in the credit end_to_end_id; or a
    piece that is suspected to be counterfeit: then the amount is 0, for nobody is paid for it."""

    end_to_end_id: str
    item: Item
    serial: str = ""


class Client(msgspec.Struct, frozen=True):
    """The lines of one client."""

    account_id: int
    name: str
    iban: str
    lines: Sequence[Line]


def denominations_of(item: Item, currency: str) -> str:
    """`20x50.00 3x100.00`: as a table has them."""
    return " ".join(f"{piece.count}x{plain(piece.value_minor, currency)}"
                    for piece in item.denominations)
