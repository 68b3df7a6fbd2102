"""What a profile says of fleet data: prompts, second card, entry mode, increments, totals, prices.

Knows: which type, digit or element says what, as data. Must not know: what a host does with it.

Sources: Heartland's public table of customer data types; ISO 8583:1993 for fields 22 (7th
character) and 24 (106, 107: supplementary authorization), ISO 8583:1987 for field 22. What no
public source gives is chosen here, and marked so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Entry = Literal["", "chip", "stripe", "key"]


class EntryMode(msgspec.Struct, frozen=True):
    """Where field 22 says how the card's number came, and what its characters mean."""

    start: int
    end: int
    codes: Mapping[str, Entry]

    def of(self, raw: str | bytes | None) -> Entry:
        """How the number came; '' where the field is absent or says nothing that is known."""
        return self.codes.get(raw[self.start:self.end], "") if isinstance(raw, str) else ""


class Fleet(msgspec.Struct, frozen=True):
    """How one dialect carries what fleets ask for.

    prompts: type of an answer in 48-8 -> the host's own name of the prompt; where two types have
    one name, the first is the one to ask by. second_card: of 48. function: the element that says
    what an authorization is for. returns: how field 3 begins where goods come back. totals: the
    elements over which a shift's totals run. prices: the element of an answer with contract prices.
    """

    prompts: Mapping[str, str]
    entry: EntryMode
    function: int = 24
    totals: tuple[int, ...] = (124, 123)
    second_card: int = 9
    customer_data: int = 8
    returns: str = "20"
    increments: frozenset[str] = frozenset({"106", "107"})
    prices: int = 63

    def type_of(self, prompt: str) -> str:
        """The type to ask a prompt by; '' where the dialect has none."""
        return next((kind for kind, name in self.prompts.items() if name == prompt), "")


# Chosen: hours of an engine travel as the one type of hours that there is; an invoice's number is
# an order's where nobody asks for a work order.
PROMPTS: Final[Mapping[str, str]] = {
    "4": "odometer", "C": "engine_hours", "3": "driver_number", "1": "vehicle_number",
    "b": "trailer", "U": "job", "8": "order_number", "9": "order_number",
}
ENTRY_93: Final = EntryMode(6, 7, {"1": "key", "2": "stripe", "5": "chip", "6": "key"})
ENTRY_87: Final = EntryMode(0, 2, {
    "01": "key", "02": "stripe", "05": "chip", "07": "chip", "80": "stripe", "90": "stripe",
    "91": "stripe", "95": "chip"})

# Contract prices are items of 63 in every profile: terminals read that form already, and it has
# what 54 (amounts alone) and the receipt's text do not: product, quantity, unit price and amount.
FLEET_93: Final = Fleet(PROMPTS, ENTRY_93)
# Chosen: 1987 has no function codes, and 24 is a network's identifier there, so that private 60
# carries those of 1993. Of the private elements 123 to 125 are keys and PIN blocks.
FLEET_87: Final = Fleet(PROMPTS, ENTRY_87, function=60, totals=(126, 127))
