"""A client's fee statement: what is charged for a billing period, and how it is paid.

PURE values; the sums are fees.py's. Money in minor units of one currency.
"""

from __future__ import annotations

import msgspec

from clearing.fees import StatedLine, StatedVat
from clearing.party import Address


class Buyer(msgspec.Struct, frozen=True):
    """The client."""

    account_id: int
    name: str
    address: Address


class Seller(msgspec.Struct, frozen=True):
    """The operator, with the account to pay to."""

    name: str
    address: Address
    iban: str
    bic: str


class FeeStatement(msgspec.Struct, frozen=True):
    """settle: 'net' is taken off the next credit, 'invoice' is owed by the client.

    fees + interest + VAT = gross: what the ledger has for it. vat_category: why they bear none of
    the operator's VAT (UNTDID 5305): AE, the client accounts for it under vat_id; O, not subject to
    it; '' where they bear it.
    """

    number: str
    run_id: str
    period_from: str
    period_to: str
    currency: str
    settle: str
    seller: Seller
    client: Buyer
    lines: tuple[StatedLine, ...]
    vat: tuple[StatedVat, ...]
    fees_minor: int
    interest_minor: int
    vat_minor: int
    gross_minor: int
    vat_category: str = ""
    vat_id: str = ""
