"""Who sells and who buys, as an invoice names them; and what is missing for one.

PURE. Master data is as the run keeps it. A defect is a reason by name: the lines of that fleet
wait, and nobody else's.
"""

from __future__ import annotations

from typing import Final

import msgspec

from clearing.invoices.document import (
    CREDIT_TRANSFER,
    DIRECT_DEBIT,
    NETTED,
    OTHER_TRANSFER,
    Party,
    PaymentMeans,
)
from clearing.party import parse_party
from clearing.settings import Settings

# EAS codes of the VAT numbers of countries: the address that a buyer has who told no other.
_VAT_ADDRESSES: Final = {
    "AT": "9914", "BE": "9925", "BG": "9926", "CH": "9927", "CY": "9928", "CZ": "9929",
    "DE": "9930", "EE": "9931", "GB": "9932", "EL": "9933", "GR": "9933", "HR": "9934",
    "IE": "9935", "LI": "9936", "LT": "9937", "LU": "9938", "LV": "9939", "MC": "9940",
    "ME": "9941", "MK": "9942", "MT": "9943", "NL": "9944", "PL": "9945", "PT": "9946",
    "RO": "9947", "RS": "9948", "SI": "9949", "SK": "9950", "SM": "9951", "TR": "9952",
    "ES": "9920", "HU": "9910", "BA": "9924", "AD": "9922", "AL": "9923", "FR": "9957"}
_EMAIL: Final = "EM"
# Why an invoice waits: what is missing of the buyer, of the seller, or what KSeF would not take.
DEFECTS: Final = ("name_missing", "address_incomplete", "seller_vat_id_missing", "vat_id_missing",
                  "seller_nip_missing", "vat_rate_not_polish", "corrected_invoice_unknown",
                  "country_vat_missing", "form_missing", "exchange_rate_missing")


class Tax(msgspec.Struct, frozen=True):
    """A row of account_tax as a run keeps it, with the account's mandate for direct debits."""

    vat_id: str = ""
    company_id: str = ""
    country: str = ""
    email: str = ""
    endpoint_id: str = ""
    endpoint_scheme: str = ""
    invoice_period: str = "day"
    payment_days: int = 14
    collected_by: str = "transfer"
    price_basis: str = "gross"
    buyer_reference: str = ""
    forms: tuple[str, ...] = ("ubl", "csv", "pdf")
    mandate_id: str | None = None
    mandate_iban: str | None = None


def parse_tax(content: str | None) -> Tax:
    """The defaults where the run knows no row."""
    return Tax() if content is None else msgspec.json.decode(content, type=Tax)


def seller_of(settings: Settings, currency: str) -> Party:
    """The operator."""
    debtor, own = settings.seller(currency), settings.invoicing
    scheme = own.endpoint_scheme or _VAT_ADDRESSES.get(own.vat_id[:2], "")
    return Party(
        debtor.name, debtor.address, vat_id=own.vat_id, tax_number=own.tax_number,
        company_id=own.company_id, company_scheme=own.company_scheme,
        endpoint_id=own.endpoint_id or (own.vat_id if scheme else ""), endpoint_scheme=scheme,
        contact=own.contact, phone=own.phone, email=own.email)


def buyer_of(account_id: int, party: str, tax: Tax, corrected_vat_id: str | None = None) -> Party:
    """The fleet, with the electronic address that it has told, or that follows from its number.

    corrected_vat_id: under which it accounted for the VAT that is given back; None: as it is told.
    """
    known = parse_party(party)
    assert known is not None, account_id
    endpoint, scheme = tax.endpoint_id, tax.endpoint_scheme
    if not endpoint and tax.email:
        endpoint, scheme = tax.email, _EMAIL
    elif not endpoint and tax.vat_id[:2] in _VAT_ADDRESSES:
        endpoint, scheme = tax.vat_id, _VAT_ADDRESSES[tax.vat_id[:2]]
    vat_id = tax.vat_id if corrected_vat_id is None else corrected_vat_id
    return Party(known.name, known.address, party_id=str(account_id), vat_id=vat_id,
                 company_id=tax.company_id, endpoint_id=endpoint, endpoint_scheme=scheme,
                 email=tax.email)


def defect_of(seller: Party, buyer: Party, tax: Tax) -> str:
    """Why no invoice can be made, or ''."""
    if not buyer.name.strip():
        return "name_missing"
    if not buyer.address.complete:
        return "address_incomplete"  # BT-55 is mandatory, and a bill needs a place
    if not (seller.vat_id or seller.tax_number):
        return "seller_vat_id_missing"  # BR-S-02
    if "ksef" in tax.forms and not buyer.vat_id:
        return "vat_id_missing"
    return ""


def means_of(settings: Settings, tax: Tax, currency: str, number: str, *,
             is_credit: bool) -> PaymentMeans:
    """How the fleet pays: by its mandate where it has one, else to the operator's account."""
    creditor = settings.bankfiles.collection.creditor
    if is_credit or tax.collected_by == "netted":
        return PaymentMeans(NETTED, number)
    if tax.collected_by == "direct_debit" and tax.mandate_id and creditor is not None:
        return PaymentMeans(DIRECT_DEBIT, number, mandate=tax.mandate_id,
                            creditor_id=creditor.identifier, debited_iban=tax.mandate_iban or "")
    debtor = settings.seller(currency)
    code = CREDIT_TRANSFER if currency == "EUR" else OTHER_TRANSFER
    return PaymentMeans(code, number, debtor.iban, debtor.name, debtor.bic)
