"""Which VAT a service between businesses bears: that of the customer's country, or none.

PURE. Directive 2006/112/EC: a service to a business is taxed where that is established (article
44); in another member state the customer accounts for the VAT (articles 196 and 226(11a)); outside
the Union it is out of scope. Category codes: UNTDID 5305; reasons: EN 16931, BT-120 and BT-121.
"""

from __future__ import annotations

from typing import Final

import msgspec

from clearing.invoices.document import EXEMPT, OUT_OF_SCOPE, REVERSE_CHARGE, STANDARD

# ISO 3166, the member states of the Union. Greece's VAT numbers begin with EL, not GR.
MEMBERS: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"})
_BY_PREFIX: Final = {"EL": "GR"}

EXEMPT_PAYMENTS: Final = "Exempt: Directive 2006/112/EC, article 135(1)(d)"
EXEMPT_CREDIT: Final = "Exempt: Directive 2006/112/EC, article 135(1)(b)"
EXEMPT_SMALL: Final = "Exempt: small enterprise, Directive 2006/112/EC, article 284"


class Treatment(msgspec.Struct, frozen=True, gc=False):
    """How a line is taxed, and why it is not."""

    category: str  # BT-151
    rate_basis_points: int = 0  # BT-152
    reason: str = ""  # BT-120
    reason_code: str = ""  # BT-121, VATEX


def country_of(vat_id: str, country: str) -> str:
    """Where a business is established: by its VAT number, else by its address."""
    prefix = vat_id[:2]
    return _BY_PREFIX.get(prefix, prefix) or country


def service(rate_basis_points: int, seller_country: str, buyer_country: str, buyer_vat_id: str,
            exempt: str = EXEMPT_PAYMENTS) -> Treatment:
    """A service that bears this rate at home. Of rate 0 it is exempt there, for the reason given.

    A buyer in another member state without a VAT number is charged like one at home. Where either
    country is not known, so is everybody.
    """
    if buyer_country and seller_country and buyer_country != seller_country:
        if buyer_country not in MEMBERS or seller_country not in MEMBERS:
            return Treatment(OUT_OF_SCOPE, 0, "Not subject to VAT", "VATEX-EU-O")
        if buyer_vat_id and rate_basis_points:
            return Treatment(REVERSE_CHARGE, 0, "Reverse charge", "VATEX-EU-AE")
    if rate_basis_points:
        return Treatment(STANDARD, rate_basis_points)
    return Treatment(EXEMPT, 0, exempt)
