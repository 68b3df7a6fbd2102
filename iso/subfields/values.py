"""What the private elements 48, 62 and 63 say, as values.

Knows: sale items, prompts, VAT rates, product lists. Must not know: how any profile writes them.
"""

from decimal import Decimal

import msgspec


class Hidden(str):
    """Text that is `***` in every repr, such as a second card's track 2. Equal to its text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class SaleItem(msgspec.Struct, frozen=True, gc=False):
    """One line of a sale.

    quantity: in `unit`s, up to 4 decimals. unit_price: major currency units a unit, up to 4
    decimals. amount: major currency units, negative for a discount. unit: the profile's own
    letter. payment_type: only the `ops` form has it.
    """

    product: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax_code: str = ""
    additional_code: str = ""
    payment_type: str = ""


class Purchase(msgspec.Struct, frozen=True):
    """Element 63. service_level: S self, F full. format_id: where the form has one, else empty."""

    service_level: str
    items: tuple[SaleItem, ...]
    format_id: str = ""


class Products(msgspec.Struct, frozen=True):
    """Element 62: what the host allows to be sold.

    codes: the products, and nothing that is not among them. device: one digit. text: for the
    receipt.
    """

    codes: tuple[str, ...]
    device: str
    text: str


class Prompt(msgspec.Struct, frozen=True):
    """The answer to one prompt, 48-8. type: one character, see the control table's names."""

    type: str
    value: str


class VatRate(msgspec.Struct, frozen=True):
    """One VAT code and its rate, 48-32. percent: 20.00 is twenty percent."""

    code: str
    percent: Decimal


ControlValue = str | tuple[Prompt, ...] | tuple[VatRate, ...]
