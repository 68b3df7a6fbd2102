"""What an answer says of a fleet's card: what may be sold, what to ask again, what it will cost.

Knows the elements of an answer (44, 48, 62, 63, 123, 124) in any profile; knows no socket. What
an answer does not have, or says in a form of its own, is simply not there: a receipt is printed
all the same.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

import iso
from iso import DecodeError, Message, Profile
from iso.subfields import Left, Prompt, TotalLine
from iso.subfields.rest import ALL, read_rest
from iso.subfields.shift import read_shift
from terminals.purchase import Item

_PROFILE: Final = iso.get("ifsf")
_PROMPT_REASONS: Final = ("prompt_missing:", "prompt_wrong:")


class Rest(msgspec.Struct, frozen=True, gc=False):
    """What may be sold, and what is left of the limits (field 62).

    products: what is not among them may not be sold. left: in major units and litres. litres: what
    a hold is good for, None where nothing limits. text: the lines as they came, for the receipt.
    """

    products: tuple[str, ...]
    left: tuple[Left, ...] = ()
    litres: Decimal | None = None
    text: str = ""

    def may_sell(self, product: str) -> bool:
        """Whether the product is allowed."""
        return product in self.products


def rest(answer: Message, profile: Profile = _PROFILE) -> Rest | None:
    """Field 62; None where the answer says nothing of it."""
    raw = answer.fields.get(62)
    if not isinstance(raw, str) or not raw:
        return None
    try:
        allowed = profile.products(raw)
    except DecodeError:
        return None
    lines = read_rest(allowed.text)
    return Rest(allowed.codes, tuple(line for line in lines if line.product != ALL),
                next((line.litres for line in lines if line.product == ALL), None), allowed.text)


def prompts(answer: Message, profile: Profile = _PROFILE) -> tuple[str, ...]:
    """The names of the prompts to ask again: of 48-8, else the one that field 44 names."""
    raw = answer.fields.get(48)
    if isinstance(raw, str):
        try:
            asked = profile.control(raw).get(profile.fleet.customer_data, ())
        except DecodeError:
            asked = ()
        names = tuple(profile.fleet.prompts[one.type] for one in asked
                      if isinstance(one, Prompt) and one.type in profile.fleet.prompts)
        if names:
            return names
    reason = answer.fields.get(44)
    if isinstance(reason, str) and reason.startswith(_PROMPT_REASONS):
        return (reason.partition(":")[2],)
    return ()


def prices(answer: Message, profile: Profile = _PROFILE, exponent: int = 2) -> tuple[Item, ...]:
    """What the fleet pays, a product a line (field 63 of a completion's answer)."""
    raw = answer.fields.get(profile.fleet.prices)
    if not isinstance(raw, str) or not raw:
        return ()
    try:
        sold = profile.purchase(raw, exponent).items
    except DecodeError:
        return ()
    return tuple(Item(one.product, one.unit, one.quantity, one.unit_price,
                      int(one.amount.scaleb(exponent))) for one in sold)


def differences(answer: Message, profile: Profile = _PROFILE) -> tuple[TotalLine, ...]:
    """The host's own lines where they are not the terminal's (answer 501 to a reconciliation)."""
    try:
        return read_shift(answer.fields, profile.fleet.totals)
    except DecodeError:
        return ()
