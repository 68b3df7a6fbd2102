"""VAT told in the currency of the tax office too, and the rate that it is converted by.

PURE. Source: Directive 2006/112/EC, articles 91 and 230; EN 16931, BT-6 and BT-111.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from clearing.invoices.document import Vat, VatTold
from clearing.money import divide_half_up, exponent

_DECIMALS: Final = 6  # of a rate, as FA(3) takes it (TIlosci)


class Rate(msgspec.Struct, frozen=True):
    """What one unit of an invoice's currency is in `currency`."""

    currency: str
    rate: Decimal
    published_on: date


def vat_told(groups: Iterable[Vat], currency: str, rate: Rate) -> VatTold:
    """The VAT of each group of an invoice, converted by itself, half up."""
    scaled = int(rate.rate.scaleb(_DECIMALS))
    assert Decimal(scaled).scaleb(-_DECIMALS) == rate.rate, rate
    whole = int(10 ** (_DECIMALS + exponent(currency)))
    cents = int(10 ** exponent(rate.currency))
    return VatTold(rate.currency, rate.rate, rate.published_on, tuple(
        divide_half_up(group.vat_minor * scaled * cents, whole) for group in groups))
