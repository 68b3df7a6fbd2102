"""An invoice as UN/CEFACT Cross Industry Invoice D16B, EN 16931: what a hybrid PDF carries, too.

PURE: a document in, pieces of text out. Source: EN 16931-3-3, the business terms of document.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from clearing.invoices.document import ATTRIBUTES, Document, Line, Party, PaymentMeans, Vat
from clearing.invoices.xml_text import amount, element, number, percent, shown, text
from clearing.party import Address

GUIDELINE: Final = "urn:cen.eu:en16931:2017"
_ROOT: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rsm:CrossIndustryInvoice '
    'xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" '
    'xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"'
    ' xmlns:qdt="urn:un:unece:uncefact:data:standard:QualifiedDataType:100" '
    'xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">\n')
_ATTRIBUTES: Final = tuple(
    f"<ram:ApplicableProductCharacteristic><ram:Description>{name}</ram:Description><ram:Value>"
    for name in ATTRIBUTES)


def cii(document: Document) -> Iterator[str]:
    """The file: lines come before the parties here."""
    yield _ROOT
    yield ("<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>"
           f"<ram:ID>{GUIDELINE}</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>"
           "</rsm:ExchangedDocumentContext>\n")
    notes = "".join(f"<ram:IncludedNote><ram:Content>{clean}</ram:Content></ram:IncludedNote>"
                    for note in document.notes if (clean := text(note)))
    yield (f"<rsm:ExchangedDocument>{element('ram:ID', document.number)}"
           f"{element('ram:TypeCode', document.type_code)}"
           f"{_moment('ram:IssueDateTime', document.issued_on)}{notes}</rsm:ExchangedDocument>\n"
           "<rsm:SupplyChainTradeTransaction>\n")
    for line in document.lines:
        yield _line(line, document.currency)
    yield ("<ram:ApplicableHeaderTradeAgreement>"
           f"{element('ram:BuyerReference', document.buyer_reference)}"
           f"{_party('SellerTradeParty', document.seller)}"
           f"{_party('BuyerTradeParty', document.buyer)}</ram:ApplicableHeaderTradeAgreement>\n"
           f"{_delivery(document.delivered_in)}\n")
    yield _settlement(document)
    yield "</rsm:SupplyChainTradeTransaction>\n</rsm:CrossIndustryInvoice>\n"


def _delivery(country: str) -> str:
    if not country:
        return "<ram:ApplicableHeaderTradeDelivery/>"
    return ("<ram:ApplicableHeaderTradeDelivery><ram:ShipToTradeParty><ram:PostalTradeAddress>"
            f"{element('ram:CountryID', country)}</ram:PostalTradeAddress></ram:ShipToTradeParty>"
            "</ram:ApplicableHeaderTradeDelivery>")


def _moment(tag: str, day: date | None, kind: str = "udt") -> str:
    if day is None:
        return ""
    return (f'<{tag}><{kind}:DateTimeString format="102">{day:%Y%m%d}</{kind}:DateTimeString>'
            f"</{tag}>")


def _period(start: date | None, end: date | None) -> str:
    if start is None and end is None:
        return ""
    return (f"<ram:BillingSpecifiedPeriod>{_moment('ram:StartDateTime', start)}"
            f"{_moment('ram:EndDateTime', end)}</ram:BillingSpecifiedPeriod>")


def _line(line: Line, currency: str) -> str:
    price = line.price
    attributes = "".join([
        f"{head}{value}</ram:Value></ram:ApplicableProductCharacteristic>"
        for head, value in zip(_ATTRIBUTES, shown(line.attributes), strict=True) if value])
    note = (f"<ram:IncludedNote>{element('ram:Content', line.note)}</ram:IncludedNote>"
            if text(line.note) else "")
    before = ""
    if price.discount and price.list_price is not None:
        before = (f"<ram:GrossPriceProductTradePrice><ram:ChargeAmount>{price.list_price:f}"
                  "</ram:ChargeAmount><ram:AppliedTradeAllowanceCharge><ram:ChargeIndicator>"
                  "<udt:Indicator>false</udt:Indicator></ram:ChargeIndicator><ram:ActualAmount>"
                  f"{price.discount:f}</ram:ActualAmount></ram:AppliedTradeAllowanceCharge>"
                  "</ram:GrossPriceProductTradePrice>")
    account = "ram:ReceivableSpecifiedTradeAccountingAccount"
    cost = f"<{account}>{element('ram:ID', line.buyer_reference)}</{account}>" \
        if text(line.buyer_reference) else ""
    return (
        "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>"
        f"{line.number}</ram:LineID>{note}</ram:AssociatedDocumentLineDocument>"
        f"<ram:SpecifiedTradeProduct>{element('ram:SellerAssignedID', line.item_id)}<ram:Name>"
        f"{text(line.name)}</ram:Name>{element('ram:Description', line.description)}{attributes}"
        f"</ram:SpecifiedTradeProduct><ram:SpecifiedLineTradeAgreement>{before}"
        f"<ram:NetPriceProductTradePrice><ram:ChargeAmount>{price.net:f}</ram:ChargeAmount>"
        f'<ram:BasisQuantity unitCode="{line.unit}">{price.base_quantity}</ram:BasisQuantity>'
        "</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>"
        f'<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="{line.unit}">'
        f"{number(line.quantity)}</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery>"
        "<ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode>"
        f"<ram:CategoryCode>{line.category}</ram:CategoryCode>"
        f"{_percent(line.category, line.rate_basis_points)}</ram:ApplicableTradeTax>"
        f"{_period(line.start, line.end)}<ram:SpecifiedTradeSettlementLineMonetarySummation>"
        f"<ram:LineTotalAmount>{amount(line.net_minor, currency)}</ram:LineTotalAmount>"
        f"</ram:SpecifiedTradeSettlementLineMonetarySummation>{cost}"
        "</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>\n")


def _percent(category: str, rate_basis_points: int) -> str:
    return "" if category == "O" else \
        f"<ram:RateApplicablePercent>{percent(rate_basis_points)}</ram:RateApplicablePercent>"


def _party(role: str, party: Party) -> str:
    scheme = text(party.company_scheme)
    company = f'ram:ID schemeID="{scheme}"' if scheme else "ram:ID"
    legal = (f"<ram:SpecifiedLegalOrganization>{element(company, party.company_id)}"
             "</ram:SpecifiedLegalOrganization>" if text(party.company_id) else "")
    phone = (f"<ram:TelephoneUniversalCommunication>{element('ram:CompleteNumber', party.phone)}"
             "</ram:TelephoneUniversalCommunication>" if text(party.phone) else "")
    email = (f"<ram:EmailURIUniversalCommunication>{element('ram:URIID', party.email)}"
             "</ram:EmailURIUniversalCommunication>" if text(party.email) else "")
    person = element("ram:PersonName", party.contact) + phone + email
    contact = f"<ram:DefinedTradeContact>{person}</ram:DefinedTradeContact>" if person else ""
    endpoint = ("<ram:URIUniversalCommunication><ram:URIID "
                f'schemeID="{text(party.endpoint_scheme)}">{text(party.endpoint_id)}</ram:URIID>'
                "</ram:URIUniversalCommunication>"
                if text(party.endpoint_id) else "")
    taxes = "".join(
        f'<ram:SpecifiedTaxRegistration><ram:ID schemeID="{scheme}">{clean}</ram:ID>'
        "</ram:SpecifiedTaxRegistration>"
        for scheme, clean in (("VA", text(party.vat_id)), ("FC", text(party.tax_number))) if clean)
    return (f"<ram:{role}>{element('ram:ID', party.party_id)}{element('ram:Name', party.name)}"
            f"{legal}{contact}{_address(party.address)}{endpoint}{taxes}</ram:{role}>")


def _address(address: Address) -> str:
    street = f"{address.street} {address.number}".strip()
    return (f"<ram:PostalTradeAddress>{element('ram:PostcodeCode', address.postcode)}"
            f"{element('ram:LineOne', street)}{element('ram:CityName', address.town)}"
            f"{element('ram:CountryID', address.country)}</ram:PostalTradeAddress>")


def _settlement(document: Document) -> str:
    currency, means = document.currency, document.means
    creditor = remittance = paid = mandate = ""
    if means is not None:
        creditor = element("ram:CreditorReferenceID", means.creditor_id)
        remittance = element("ram:PaymentReference", means.remittance)
        mandate = element("ram:DirectDebitMandateID", means.mandate)
        paid = _means(means)
    terms = element("ram:Description", document.terms) + _moment("ram:DueDateDateTime",
                                                                 document.due_on) + mandate
    agreed = f"<ram:SpecifiedTradePaymentTerms>{terms}</ram:SpecifiedTradePaymentTerms>" \
        if terms else ""
    told = "" if document.vat_told is None else \
        element("ram:TaxCurrencyCode", document.vat_told.currency)
    preceding = "".join(
        f"<ram:InvoiceReferencedDocument>{element('ram:IssuerAssignedID', before.number)}"
        f"{_moment('ram:FormattedIssueDateTime', before.issued_on, 'qdt')}"
        "</ram:InvoiceReferencedDocument>" for before in document.preceding)
    return (
        f"<ram:ApplicableHeaderTradeSettlement>{creditor}{remittance}{told}"
        f"{element('ram:InvoiceCurrencyCode', currency)}{paid}"
        f"{''.join(_tax(group, currency) for group in document.vat)}"
        f"{_period(document.period_from, document.period_to)}"
        f"{agreed}{_summation(document)}{preceding}</ram:ApplicableHeaderTradeSettlement>\n")


def _means(means: PaymentMeans) -> str:
    debited = (f"<ram:PayerPartyDebtorFinancialAccount>{element('ram:IBANID', means.debited_iban)}"
               "</ram:PayerPartyDebtorFinancialAccount>" if means.debited_iban else "")
    account = bank = ""
    if means.iban and not means.mandate:
        account = (f"<ram:PayeePartyCreditorFinancialAccount>{element('ram:IBANID', means.iban)}"
                   f"{element('ram:AccountName', means.account_name)}"
                   "</ram:PayeePartyCreditorFinancialAccount>")
        bank = (f"<ram:PayeeSpecifiedCreditorFinancialInstitution>{element('ram:BICID', means.bic)}"
                "</ram:PayeeSpecifiedCreditorFinancialInstitution>" if means.bic else "")
    return (f"<ram:SpecifiedTradeSettlementPaymentMeans>{element('ram:TypeCode', means.code)}"
            f"{debited}{account}{bank}</ram:SpecifiedTradeSettlementPaymentMeans>")


def _tax(group: Vat, currency: str) -> str:
    return (f"<ram:ApplicableTradeTax><ram:CalculatedAmount>{amount(group.vat_minor, currency)}"
            "</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>"
            f"{element('ram:ExemptionReason', group.reason)}<ram:BasisAmount>"
            f"{amount(group.net_minor, currency)}</ram:BasisAmount>"
            f"<ram:CategoryCode>{group.category}</ram:CategoryCode>"
            f"{element('ram:ExemptionReasonCode', group.reason_code)}"
            f"{_percent(group.category, group.rate_basis_points)}</ram:ApplicableTradeTax>")


def _summation(document: Document) -> str:
    currency = document.currency
    rounding = (f"<ram:RoundingAmount>{amount(document.rounding_minor, currency)}"
                "</ram:RoundingAmount>" if document.rounding_minor else "")
    told = document.vat_told
    other = "" if told is None else (
        f'<ram:TaxTotalAmount currencyID="{told.currency}">'
        f"{amount(told.vat_minor, told.currency)}</ram:TaxTotalAmount>")
    return ("<ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>"
            f"{amount(document.net_minor, currency)}</ram:LineTotalAmount><ram:TaxBasisTotalAmount>"
            f"{amount(document.net_minor, currency)}</ram:TaxBasisTotalAmount><ram:TaxTotalAmount "
            f'currencyID="{currency}">{amount(document.vat_minor, currency)}</ram:TaxTotalAmount>'
            f"{other}{rounding}<ram:GrandTotalAmount>{amount(document.gross_minor, currency)}"
            f"</ram:GrandTotalAmount><ram:DuePayableAmount>"
            f"{amount(document.payable_minor, currency)}</ram:DuePayableAmount>"
            "</ram:SpecifiedTradeSettlementHeaderMonetarySummation>")
