"""Which VAT a service between businesses bears: that of the customer's country, or none.

PURE. Directive 2006/112/EC: a service to a business is taxed where that is established (article
44); in another member state the customer accounts for the VAT (articles 196 and 226(11a)); outside
the Union it is out of scope. Category codes: UNTDID 5305; reasons: EN 16931, BT-120 and BT-121.
"""

from __future__ import annotations

from typing import Final

import msgspec

from clearing.invoices.document import EXEMPT, OUT_OF_SCOPE, REVERSE_CHARGE, STANDARD
from clearing.member_states import MEMBERS

EXEMPT_PAYMENTS: Final = "Exempt: Directive 2006/112/EC, article 135(1)(d)"
EXEMPT_CREDIT: Final = "Exempt: Directive 2006/112/EC, article 135(1)(b)"
EXEMPT_SMALL: Final = "Exempt: small enterprise, Directive 2006/112/EC, article 284"


class Treatment(msgspec.Struct, frozen=True, gc=False):
    """How a line is taxed, and why it is not."""

    category: str  # BT-151
    rate_basis_points: int = 0  # BT-152
    reason: str = ""  # BT-120
    reason_code: str = ""  # BT-121, VATEX


def service(rate_basis_points: int, seller_country: str, buyer_country: str, buyer_vat_id: str,
            exempt: str = EXEMPT_PAYMENTS) -> Treatment:
    """A service that bears this rate at home. Of rate 0 it is exempt there, for the reason given.

    A buyer in another member state without a VAT number is charged like one at home. Where either
    country is not known, so is everybody.
    """
    return treated(untaxed(seller_country, buyer_country, buyer_vat_id), rate_basis_points, exempt)


def treated(category: str, rate_basis_points: int, exempt: str = EXEMPT_PAYMENTS) -> Treatment:
    """A service of a category that untaxed has told, tonight or on the night that took it off."""
    if category == OUT_OF_SCOPE:
        return Treatment(OUT_OF_SCOPE, 0, "Not subject to VAT", "VATEX-EU-O")
    if rate_basis_points and category == REVERSE_CHARGE:
        return Treatment(REVERSE_CHARGE, 0, "Reverse charge", "VATEX-EU-AE")
    if rate_basis_points:
        return Treatment(STANDARD, rate_basis_points)
    return Treatment(EXEMPT, 0, exempt)


def untaxed(seller_country: str, buyer_country: str, buyer_vat_id: str) -> str:
    """Why a service that is taxed at home does not bear the seller's VAT for this buyer:
    REVERSE_CHARGE or OUT_OF_SCOPE; '' where it does."""
    if not buyer_country or not seller_country or buyer_country == seller_country:
        return ""
    if not {buyer_country, seller_country} <= MEMBERS:
        return OUT_OF_SCOPE
    return REVERSE_CHARGE if buyer_vat_id else ""
