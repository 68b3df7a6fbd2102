"""The rules of Peppol BIS Billing 3.0 beyond EN 16931, read off a UBL file by another hand.

Source: OpenPeppol, BIS Billing 3.0, rules PEPPOL-EN16931-R*, P0104 to P0107 and P0112; those that
speak of what our invoices never have (orders, projects, several periods) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from lxml import etree

_CAC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
_CBC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_NAMES: Final = {"cac": _CAC, "cbc": _CBC}
_CUSTOMIZATION: Final = ("urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:"
                         "3.0")
_PROFILE: Final = re.compile(r"urn:fdc:peppol\.eu:2017:poacc:billing:[0-9]{2}:1\.0")
_CATEGORY_OF_REASON: Final = {"VATEX-EU-G": "G", "VATEX-EU-O": "O", "VATEX-EU-IC": "K",
                              "VATEX-EU-AE": "AE"}
_LINES: Final = "(cac:InvoiceLine|cac:CreditNoteLine)"
_SLACK: Final = Decimal("0.02")
_DEBITS: Final = {"49", "59"}


class Read:
    """An invoice, by paths."""

    def __init__(self, text: str) -> None:
        self.root = etree.fromstring(text.encode())

    def nodes(self, path: str, of: etree._Element | None = None) -> list[etree._Element]:
        found = (self.root if of is None else of).xpath(path, namespaces=_NAMES)
        return [one for one in found if isinstance(one, etree._Element)] \
            if isinstance(found, list) else []

    def texts(self, path: str, of: etree._Element | None = None) -> list[str]:
        return [one.text or "" for one in self.nodes(path, of)]

    def text(self, path: str, of: etree._Element | None = None) -> str:
        return next(iter(self.texts(path, of)), "")


def broken(text: str) -> list[str]:
    """The names of the rules that a file breaks, by their order; [] for a good one."""
    read = Read(text)
    return [f"R{name}" if name.isdigit() else name
            for name, holds in _RULES.items() if not holds(read)]


def _r053(read: Read) -> bool:
    return len(read.nodes("cac:TaxTotal[cac:TaxSubtotal]")) == 1


def _r054(read: Read) -> bool:
    return len(read.nodes("cac:TaxTotal[not(cac:TaxSubtotal)]")) \
        == len(read.nodes("cbc:TaxCurrencyCode"))


def _r055(read: Read) -> bool:
    signs = {Decimal(amount) < 0 for amount in read.texts("cac:TaxTotal/cbc:TaxAmount")}
    return not read.nodes("cbc:TaxCurrencyCode") or len(signs) == 1


def _r051(read: Read) -> bool:
    own = read.text("cbc:DocumentCurrencyCode")
    return all(one.get("currencyID") == own for one in read.nodes("//*[@currencyID]")
               if one.getparent() not in read.nodes("cac:TaxTotal[not(cac:TaxSubtotal)]"))


def _r046(read: Read) -> bool:
    return all(
        Decimal(read.text("cbc:PriceAmount", price))
        == Decimal(read.text("cac:AllowanceCharge/cbc:BaseAmount", price))
        - Decimal(read.text("cac:AllowanceCharge/cbc:Amount", price))
        for price in read.nodes("//cac:Price[cac:AllowanceCharge/cbc:BaseAmount]"))


def _within(read: Read) -> Iterator[tuple[str, str, str, str]]:
    """Start and end of each line, and of the whole; '' where it has none. ISO dates are ordered."""
    whole = tuple(read.text(f"cac:InvoicePeriod/cbc:{end}Date") for end in ("Start", "End"))
    for line in read.nodes(_LINES):
        start, end = (read.text(f"cac:InvoicePeriod/cbc:{end}Date", line)
                      for end in ("Start", "End"))
        yield start, end, whole[0], whole[1]


def _r120(read: Read) -> bool:
    for line in read.nodes(_LINES):
        quantity = Decimal(read.text("cbc:InvoicedQuantity|cbc:CreditedQuantity", line))
        base = Decimal(read.text("cac:Price/cbc:BaseQuantity", line) or 1)
        price = Decimal(read.text("cac:Price/cbc:PriceAmount", line))
        net = Decimal(read.text("cbc:LineExtensionAmount", line))
        if abs(net - quantity * price / base) > _SLACK:
            return False
    return True


def _r130(read: Read) -> bool:
    return all(len({one.get("unitCode") for one in read.nodes(
        "cbc:InvoicedQuantity|cbc:CreditedQuantity|cac:Price/cbc:BaseQuantity", line)}) == 1
        for line in read.nodes(_LINES))


def _reasons(read: Read) -> bool:
    return all(read.text("cbc:ID", one) == _CATEGORY_OF_REASON.get(
        read.text("cbc:TaxExemptionReasonCode", one), read.text("cbc:ID", one))
        for one in read.nodes("//cac:TaxSubtotal/cac:TaxCategory"))


_RULES: Final[dict[str, Callable[[Read], bool]]] = {
    "001": lambda read: bool(read.nodes("cbc:ProfileID")),
    "002": lambda read: len(read.nodes("cbc:Note")) <= 1,
    "003": lambda read: bool(read.text("cbc:BuyerReference")
                             or read.text("cac:OrderReference/cbc:ID")),
    "004": lambda read: read.text("cbc:CustomizationID").startswith(_CUSTOMIZATION),
    "005": lambda read: read.text("cbc:TaxCurrencyCode") != read.text("cbc:DocumentCurrencyCode"),
    "007": lambda read: bool(_PROFILE.fullmatch(read.text("cbc:ProfileID"))),
    "008": lambda read: all(len(one) or (one.text or "").strip() for one in read.nodes("//*")),
    "010": lambda read: bool(read.text(
        "cac:AccountingCustomerParty/cac:Party/cbc:EndpointID[@schemeID!='']")),
    "020": lambda read: bool(read.text(
        "cac:AccountingSupplierParty/cac:Party/cbc:EndpointID[@schemeID!='']")),
    "043": lambda read: set(read.texts("//cbc:ChargeIndicator")) <= {"true", "false"},
    "044": lambda read: set(read.texts(
        "//cac:Price/cac:AllowanceCharge/cbc:ChargeIndicator")) <= {"false"},
    "046": _r046, "051": _r051, "053": _r053, "054": _r054, "055": _r055,
    "061": lambda read: all(read.text("cac:PaymentMandate/cbc:ID", means)
                            for means in read.nodes("cac:PaymentMeans")
                            if read.text("cbc:PaymentMeansCode", means) in _DEBITS),
    "110": lambda read: all(not start or not first or start >= first
                            for start, _, first, _ in _within(read)),
    "111": lambda read: all(not end or not last or end <= last
                            for _, end, _, last in _within(read)),
    "120": _r120,
    "121": lambda read: all(Decimal(one) > 0 for one in read.texts(
        "//cac:Price/cbc:BaseQuantity")),
    "130": _r130, "P0104": _reasons}
