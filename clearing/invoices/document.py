"""An invoice as the European standard sees it: the terms of EN 16931, and nothing of their XML.

PURE values. Each field names its business term (BT-) or group (BG-). General on purpose: a fleet's
collective invoice, a credit note, a merchant's fee invoice and a self-billed one are all this.
Money is an integer in minor units of `currency`, quantities and unit prices are Decimal. In a
credit note amounts are positive: its type says that they are given back.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from clearing.party import Address

# BT-3, UNTDID 1001.
INVOICE: Final = "380"
CREDIT_NOTE: Final = "381"
CORRECTED: Final = "384"
SELF_BILLED: Final = "389"
SELF_BILLED_CREDIT: Final = "261"

# BT-81, UNTDID 4461.
CREDIT_TRANSFER: Final = "58"  # SEPA
OTHER_TRANSFER: Final = "30"
DIRECT_DEBIT: Final = "59"  # SEPA
NETTED: Final = "97"  # clearing between partners

# BT-118 and BT-151, UNTDID 5305.
STANDARD: Final = "S"
ZERO: Final = "Z"
EXEMPT: Final = "E"
REVERSE_CHARGE: Final = "AE"
OUT_OF_SCOPE: Final = "O"

# BG-32: what lines tell beyond the standard's terms, by name.
ATTRIBUTES: Final = ("Vehicle", "Driver", "Card", "Odometer", "Site", "Time", "Receipt", "Contract")


class Party(msgspec.Struct, frozen=True, gc=False):
    """Seller (BG-4) or buyer (BG-7); '' where a part is not known."""

    name: str  # BT-27, BT-44
    address: Address  # BG-5, BG-8
    party_id: str = ""  # BT-29, BT-46: the number that the other side knows it by
    vat_id: str = ""  # BT-31, BT-48, with its country: DE123456788
    tax_number: str = ""  # BT-32: the local tax registration, of a seller
    company_id: str = ""  # BT-30, BT-47: the legal registration
    company_scheme: str = ""  # ISO 6523 code of it
    endpoint_id: str = ""  # BT-34, BT-49: the electronic address
    endpoint_scheme: str = ""  # EAS code: EM, 9930, 0088
    contact: str = ""  # BT-41, BT-56
    phone: str = ""  # BT-42, BT-57
    email: str = ""  # BT-43, BT-58


class Price(msgspec.Struct, frozen=True, gc=False):
    """Price details (BG-29), all without VAT. list_price - discount = net, or both are None."""

    net: Decimal  # BT-146, never negative
    list_price: Decimal | None = None  # BT-148
    discount: Decimal | None = None  # BT-147: a discount alone, never a charge
    base_quantity: int = 1  # BT-149


class Line(msgspec.Struct, frozen=True, gc=False):
    """An invoice line (BG-25). quantity is negative where something is taken back.

    gross_minor is what the books have for it, VAT included: no term of the standard has it. group
    is what lines are listed under (a vehicle, a safe); '' for none.
    """

    number: int  # BT-126, from 1
    name: str  # BT-153
    quantity: Decimal  # BT-129
    unit: str  # BT-130, UN/ECE recommendation 20: LTR, KWH, C62
    net_minor: int  # BT-131
    price: Price  # BG-29
    rate_basis_points: int = 0  # BT-152
    category: str = STANDARD  # BT-151
    gross_minor: int = 0
    group: str = ""
    note: str = ""  # BT-127
    description: str = ""  # BT-154
    item_id: str = ""  # BT-155: the seller's code
    buyer_reference: str = ""  # BT-133: where the buyer books it
    start: date | None = None  # BT-134
    end: date | None = None  # BT-135
    attributes: tuple[str, ...] = ("",) * len(ATTRIBUTES)  # BG-32: values, '' where not known


class Vat(msgspec.Struct, frozen=True, gc=False):
    """One group of the VAT breakdown (BG-23)."""

    category: str  # BT-118
    rate_basis_points: int  # BT-119
    net_minor: int  # BT-116
    vat_minor: int  # BT-117
    reason: str = ""  # BT-120: why no VAT is due
    reason_code: str = ""  # BT-121, VATEX


class VatTold(msgspec.Struct, frozen=True):
    """VAT in the currency of the tax office. groups: in minor units, in the breakdown's order."""

    currency: str  # BT-6
    rate: Decimal  # what one unit of the invoice's currency is in it
    published_on: date
    groups: tuple[int, ...]

    @property
    def vat_minor(self) -> int:
        """BT-111."""
        return sum(self.groups)


class PaymentMeans(msgspec.Struct, frozen=True, gc=False):
    """How it is paid (BG-16): code 58 and 30 have an account, 59 a mandate."""

    code: str  # BT-81
    remittance: str = ""  # BT-83: what the payer writes
    iban: str = ""  # BT-84
    account_name: str = ""  # BT-85
    bic: str = ""  # BT-86
    mandate: str = ""  # BT-89
    creditor_id: str = ""  # BT-90
    debited_iban: str = ""  # BT-91


class Preceding(msgspec.Struct, frozen=True, gc=False):
    """The invoice that is corrected (BG-3)."""

    number: str  # BT-25
    issued_on: date | None = None  # BT-26
    ksef_number: str = ""  # no term of the standard has it


class Document(msgspec.Struct, frozen=True):
    """An invoice or a credit note. net + VAT + rounding = payable; see `totals.document`."""

    number: str  # BT-1
    type_code: str  # BT-3
    issued_on: date  # BT-2
    currency: str  # BT-5
    seller: Party  # BG-4
    buyer: Party  # BG-7
    lines: tuple[Line, ...]  # BG-25
    vat: tuple[Vat, ...]  # BG-23, by category and rate
    net_minor: int  # BT-106 and BT-109: there are no allowances and charges of the whole
    vat_minor: int  # BT-110
    rounding_minor: int  # BT-114
    payable_minor: int  # BT-115
    due_on: date | None = None  # BT-9
    period_from: date | None = None  # BT-73
    period_to: date | None = None  # BT-74
    means: PaymentMeans | None = None  # BG-16
    terms: str = ""  # BT-20
    buyer_reference: str = ""  # BT-10
    preceding: tuple[Preceding, ...] = ()  # BG-3
    notes: tuple[str, ...] = ()  # BT-22
    delivered_in: str = ""  # BT-80: where another country than the seller's has its VAT
    vat_told: VatTold | None = None  # BT-6 and BT-111

    @property
    def gross_minor(self) -> int:
        """BT-112: the total with VAT."""
        return self.net_minor + self.vat_minor

    @property
    def is_credit(self) -> bool:
        """True where it gives back, so that what it adds to the books is negative."""
        return self.type_code in {CREDIT_NOTE, SELF_BILLED_CREDIT}
