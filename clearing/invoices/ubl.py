"""An invoice as UBL 2.1: Peppol BIS Billing 3.0 where its addresses are there, plain EN 16931 else.

PURE: a document in, pieces of text out. Written by hand, for a night has half a million lines.
Source: OASIS UBL 2.1, EN 16931-3-2, the business terms of document.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from clearing.invoices.document import (
    ATTRIBUTES,
    DIRECT_DEBIT,
    Document,
    Line,
    Party,
    PaymentMeans,
    Price,
    Vat,
)
from clearing.invoices.xml_text import amount, element, number, percent, shown, text
from clearing.party import Address

EN_16931: Final = "urn:cen.eu:en16931:2017"
PEPPOL: Final = f"{EN_16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PEPPOL_PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_NAMES: Final = ('xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:'
                 'CommonAggregateComponents-2" '
                 'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"')
_VAT_SCHEME: Final = "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
_VEHICLE, _DRIVER, _CARD, _ODOMETER, _SITE, _TIME, _RECEIPT, _CONTRACT = (
    f"<cac:AdditionalItemProperty><cbc:Name>{name}</cbc:Name><cbc:Value>" for name in ATTRIBUTES)
_TOLD: Final = "</cbc:Value></cac:AdditionalItemProperty>"
_KEPT: Final = 4_096


def is_peppol(document: Document) -> bool:
    """True where it has what Peppol asks beyond the standard: both addresses, and a reference."""
    return bool(document.seller.endpoint_id and document.buyer.endpoint_id
                and document.buyer_reference)


def ubl(document: Document) -> Iterator[str]:
    """The file, head first, then a piece a line."""
    kind = "CreditNote" if document.is_credit else "Invoice"
    yield from _head(document, kind)
    yield _supplier(document)
    yield _party("AccountingCustomerParty", document.buyer)
    if document.delivered_in:
        yield ("<cac:Delivery><cac:DeliveryLocation><cac:Address><cac:Country>"
               f"{element('cbc:IdentificationCode', document.delivered_in)}</cac:Country>"
               "</cac:Address></cac:DeliveryLocation></cac:Delivery>\n")
    if document.means is not None:
        yield _means(document, document.means)
    yield (f"<cac:PaymentTerms>{element('cbc:Note', document.terms)}</cac:PaymentTerms>\n"
           if text(document.terms) else "")
    yield _tax_total(document)
    yield _monetary_total(document)
    currency = document.currency
    quantity_tag = "CreditedQuantity" if document.is_credit else "InvoicedQuantity"
    for line in document.lines:
        yield _line(line, currency, kind, quantity_tag)
    yield f"</{kind}>\n"


def _head(document: Document, kind: str) -> Iterator[str]:
    yield (f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="urn:oasis:names:specification:'
           f'ubl:schema:xsd:{kind}-2" {_NAMES}>\n')
    peppol = is_peppol(document)
    yield element("cbc:CustomizationID", PEPPOL if peppol else EN_16931)
    yield element("cbc:ProfileID", PEPPOL_PROFILE if peppol else "")
    yield element("cbc:ID", document.number)
    yield _day("IssueDate", document.issued_on)
    if not document.is_credit:
        yield _day("DueDate", document.due_on)
    yield element(f"cbc:{kind}TypeCode", document.type_code)
    # Peppol takes one note (PEPPOL-EN16931-R002), the standard many.
    yield element("cbc:Note", " ".join(document.notes))
    yield element("cbc:DocumentCurrencyCode", document.currency)
    if document.vat_told is not None:
        yield element("cbc:TaxCurrencyCode", document.vat_told.currency)
    yield element("cbc:BuyerReference", document.buyer_reference)
    yield _period(document.period_from, document.period_to)
    for before in document.preceding:
        yield ("<cac:BillingReference><cac:InvoiceDocumentReference>"
               f"{element('cbc:ID', before.number)}{_day('IssueDate', before.issued_on)}"
               "</cac:InvoiceDocumentReference></cac:BillingReference>\n")


def _day(tag: str, day: date | None) -> str:
    return f"<cbc:{tag}>{day.isoformat()}</cbc:{tag}>" if day is not None else ""


@lru_cache(_KEPT)
def _period(start: date | None, end: date | None) -> str:
    if start is None and end is None:
        return ""
    return (f"<cac:InvoicePeriod>{_day('StartDate', start)}{_day('EndDate', end)}"
            "</cac:InvoicePeriod>")


def _supplier(document: Document) -> str:
    means = document.means
    # BT-90 is an identifier of the seller.
    creditor = means.creditor_id if means is not None and means.code == DIRECT_DEBIT else ""
    return _party("AccountingSupplierParty", document.seller, creditor)


def _party(role: str, party: Party, creditor: str = "") -> str:
    ids = "".join(
        f"<cac:PartyIdentification><cbc:ID{scheme}>{clean}</cbc:ID></cac:PartyIdentification>"
        for scheme, clean in (("", text(party.party_id)), (' schemeID="SEPA"', text(creditor)))
        if clean)
    endpoint = (f'<cbc:EndpointID schemeID="{text(party.endpoint_scheme)}">'
                f"{text(party.endpoint_id)}</cbc:EndpointID>" if text(party.endpoint_id) else "")
    schemes = "".join(
        f"<cac:PartyTaxScheme><cbc:CompanyID>{clean}</cbc:CompanyID><cac:TaxScheme><cbc:ID>{scheme}"
        "</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
        for scheme, clean in (("VAT", text(party.vat_id)), ("TAX", text(party.tax_number)))
        if clean)
    company = f'cbc:CompanyID schemeID="{text(party.company_scheme)}"' \
        if party.company_scheme else "cbc:CompanyID"
    contact = (element("cbc:Name", party.contact) + element("cbc:Telephone", party.phone)
               + element("cbc:ElectronicMail", party.email))
    return (f"<cac:{role}><cac:Party>{endpoint}{ids}<cac:PartyName>"
            f"{element('cbc:Name', party.name)}</cac:PartyName>{_address(party.address)}{schemes}"
            "<cac:PartyLegalEntity>"
            f"{element('cbc:RegistrationName', party.name)}{element(company, party.company_id)}"
            f"</cac:PartyLegalEntity>{f'<cac:Contact>{contact}</cac:Contact>' if contact else ''}"
            f"</cac:Party></cac:{role}>\n")


def _address(address: Address) -> str:
    street = f"{address.street} {address.number}".strip()
    return (f"<cac:PostalAddress>{element('cbc:StreetName', street)}"
            f"{element('cbc:CityName', address.town)}{element('cbc:PostalZone', address.postcode)}"
            f"<cac:Country>{element('cbc:IdentificationCode', address.country)}</cac:Country>"
            "</cac:PostalAddress>")


def _means(document: Document, means: PaymentMeans) -> str:
    account = mandate = ""
    if means.iban and means.code != DIRECT_DEBIT:
        branch = (f"<cac:FinancialInstitutionBranch>{element('cbc:ID', means.bic)}"
                  "</cac:FinancialInstitutionBranch>" if means.bic else "")
        account = (f"<cac:PayeeFinancialAccount>{element('cbc:ID', means.iban)}"
                   f"{element('cbc:Name', means.account_name)}{branch}</cac:PayeeFinancialAccount>")
    if means.mandate:
        payer = (f"<cac:PayerFinancialAccount>{element('cbc:ID', means.debited_iban)}"
                 "</cac:PayerFinancialAccount>" if means.debited_iban else "")
        mandate = (f"<cac:PaymentMandate>{element('cbc:ID', means.mandate)}{payer}"
                   "</cac:PaymentMandate>")
    due = _day("PaymentDueDate", document.due_on) if document.is_credit else ""
    return (f"<cac:PaymentMeans>{element('cbc:PaymentMeansCode', means.code)}{due}"
            f"{element('cbc:PaymentID', means.remittance)}{account}{mandate}</cac:PaymentMeans>\n")


def _tax_total(document: Document) -> str:
    currency = document.currency
    groups = "".join(_tax_subtotal(group, currency) for group in document.vat)
    told = "" if document.vat_told is None else (
        "<cac:TaxTotal>"
        f"{_amount('TaxAmount', document.vat_told.vat_minor, document.vat_told.currency)}"
        "</cac:TaxTotal>\n")
    return (f"<cac:TaxTotal>{_amount('TaxAmount', document.vat_minor, currency)}{groups}"
            f"</cac:TaxTotal>\n{told}")


def _tax_subtotal(group: Vat, currency: str) -> str:
    return (f"<cac:TaxSubtotal>{_amount('TaxableAmount', group.net_minor, currency)}"
            f"{_amount('TaxAmount', group.vat_minor, currency)}<cac:TaxCategory>"
            f"<cbc:ID>{group.category}</cbc:ID>{_percent(group.category, group.rate_basis_points)}"
            f"{element('cbc:TaxExemptionReasonCode', group.reason_code)}"
            f"{element('cbc:TaxExemptionReason', group.reason)}{_VAT_SCHEME}</cac:TaxCategory>"
            "</cac:TaxSubtotal>")


def _percent(category: str, rate_basis_points: int) -> str:
    # Out of scope of VAT has no rate at all (BR-O-05).
    return "" if category == "O" else f"<cbc:Percent>{percent(rate_basis_points)}</cbc:Percent>"


def _monetary_total(document: Document) -> str:
    currency = document.currency
    rounding = _amount("PayableRoundingAmount", document.rounding_minor, currency) \
        if document.rounding_minor else ""
    return ("<cac:LegalMonetaryTotal>"
            f"{_amount('LineExtensionAmount', document.net_minor, currency)}"
            f"{_amount('TaxExclusiveAmount', document.net_minor, currency)}"
            f"{_amount('TaxInclusiveAmount', document.gross_minor, currency)}{rounding}"
            f"{_amount('PayableAmount', document.payable_minor, currency)}"
            "</cac:LegalMonetaryTotal>\n")


def _amount(tag: str, minor: int, currency: str) -> str:
    return f'<cbc:{tag} currencyID="{currency}">{amount(minor, currency)}</cbc:{tag}>'


def _line(line: Line, currency: str, kind: str, quantity_tag: str) -> str:
    goods = _goods(line.name, line.item_id, line.description, line.category, line.rate_basis_points)
    return (
        f"<cac:{kind}Line><cbc:ID>{line.number}</cbc:ID>{element('cbc:Note', line.note)}"
        f'<cbc:{quantity_tag} unitCode="{line.unit}">{number(line.quantity)}</cbc:{quantity_tag}>'
        f'<cbc:LineExtensionAmount currencyID="{currency}">{amount(line.net_minor, currency)}'
        f"</cbc:LineExtensionAmount>{element('cbc:AccountingCost', line.buyer_reference)}"
        f"{_period(line.start, line.end)}<cac:Item>{goods}{_attributes(line)}</cac:Item>"
        f"{_price(line.price, line.unit, currency)}</cac:{kind}Line>\n")


def _attributes(line: Line) -> str:
    vehicle, driver, card, odometer, site, time, receipt, contract = shown(line.attributes)
    return "".join((
        f"{_VEHICLE}{vehicle}{_TOLD}" if vehicle else "",
        f"{_DRIVER}{driver}{_TOLD}" if driver else "",
        f"{_CARD}{card}{_TOLD}" if card else "",
        f"{_ODOMETER}{odometer}{_TOLD}" if odometer else "",
        f"{_SITE}{site}{_TOLD}" if site else "",
        f"{_TIME}{time}{_TOLD}" if time else "",
        f"{_RECEIPT}{receipt}{_TOLD}" if receipt else "",
        f"{_CONTRACT}{contract}{_TOLD}" if contract else ""))


@lru_cache(_KEPT)
def _goods(name: str, item_id: str, description: str, category: str, rate_basis_points: int) -> str:
    """What is sold: the same on many lines."""
    seller = (f"<cac:SellersItemIdentification>{element('cbc:ID', item_id)}"
              "</cac:SellersItemIdentification>" if text(item_id) else "")
    return (f"{element('cbc:Description', description)}<cbc:Name>{text(name)}</cbc:Name>{seller}"
            f"<cac:ClassifiedTaxCategory><cbc:ID>{category}</cbc:ID>"
            f"{_percent(category, rate_basis_points)}{_VAT_SCHEME}</cac:ClassifiedTaxCategory>")


@lru_cache(_KEPT)
def _price(price: Price, unit: str, currency: str) -> str:
    before = ""
    if price.discount and price.list_price is not None:
        before = ("<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
                  f'<cbc:Amount currencyID="{currency}">{price.discount:f}</cbc:Amount>'
                  f'<cbc:BaseAmount currencyID="{currency}">{price.list_price:f}</cbc:BaseAmount>'
                  "</cac:AllowanceCharge>")
    return (f'<cac:Price><cbc:PriceAmount currencyID="{currency}">{price.net:f}</cbc:PriceAmount>'
            f'<cbc:BaseQuantity unitCode="{unit}">{price.base_quantity}</cbc:BaseQuantity>{before}'
            "</cac:Price>")
