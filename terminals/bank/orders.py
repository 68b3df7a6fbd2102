"""pain.001 as a bank reads it: who orders what, or why it is no order.

PURE: bytes in, values out; written apart from the host's writer, so that the two check
each other. Source: ISO 20022 pain.001.001.08 to .11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from lxml import etree

_FAMILY: Final = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:pain\.001\.001\.\d\d\}")
_AMOUNT: Final = re.compile(r"\d{1,15}(?:\.(\d{1,5}))?")
# ISO 4217: decimals of the minor unit, where they are not two.
_DECIMALS: Final = {"ISK": 0, "JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "KWD": 3, "TND": 3, "BHD": 3,
                    "JOD": 3, "OMR": 3}
# Parts that have fields of the same name, and the fields that are read.
_SECTIONS: Final = frozenset({
    "GrpHdr", "InitgPty", "PmtInf", "PmtTpInf", "SvcLvl", "LclInstrm", "CtgyPurp", "ReqdExctnDt",
    "Dbtr", "DbtrAcct", "DbtrAgt", "UltmtDbtr", "CdtTrfTxInf", "PmtId", "Amt", "CdtrAgt", "Cdtr",
    "CdtrAcct", "UltmtCdtr", "Purp", "RmtInf"})
_FIELDS: Final = frozenset({
    "MsgId", "NbOfTxs", "CtrlSum", "PmtInfId", "Cd", "Dt", "IBAN", "EndToEndId", "InstdAmt", "Nm",
    "Ustrd"})
_PARSER: Final = etree.XMLParser(no_network=True, huge_tree=True, remove_comments=True)


class BadOrder(Exception):
    """No pain.001, or one that contradicts itself. reason: ExternalStatusReason1Code."""

    def __init__(self, text: str, reason: str = "FF01", message_id: str = "") -> None:
        super().__init__(text)
        self.reason = reason
        self.message_id = message_id


class Order(msgspec.Struct, frozen=True, gc=False):
    """One credit transfer. service: 'INST', else the service level, '' the bank's own rail."""

    end_to_end_id: str
    message_id: str
    payment_id: str
    service: str
    debtor: str
    creditor: str
    name: str
    currency: str
    amount_minor: int
    remittance: str
    day: str
    debtor_name: str = ""
    ultimate: str = ""  # for whom: the ultimate creditor, or the ultimate debtor


def read_orders(body: bytes) -> list[Order]:
    """All credit transfers of a message, checked against its counts and sums. BadOrder."""
    head = _Head()
    orders = list(_orders(body, head))
    identifiers = {order.end_to_end_id for order in orders}
    if len(identifiers) != len(orders):
        raise BadOrder("an EndToEndId comes twice", "AM05", head.message_id)
    if head.count != str(len(orders)):
        raise BadOrder(f"{head.count} stated, {len(orders)} there", "AM18", head.message_id)
    if head.total and head.total != _total(orders):
        raise BadOrder(f"{head.total} stated, {_total(orders)} there", "AM10", head.message_id)
    return orders


class _Head:
    """What the group header states."""

    def __init__(self) -> None:
        self.message_id = ""
        self.count = ""
        self.total = ""

    def add(self, name: str, text: str) -> None:
        if name == "MsgId":
            self.message_id = text
        elif name == "NbOfTxs":
            self.count = text
        elif name == "CtrlSum":
            self.total = text


def _total(orders: list[Order]) -> str:
    """The sum of all amounts as CtrlSum has it; of one currency, as it comes in practice."""
    currency = orders[0].currency if orders else "EUR"
    return plain(sum(order.amount_minor for order in orders), currency)


def plain(amount_minor: int, currency: str) -> str:
    """An amount of zero or more as XML has it."""
    decimals = _DECIMALS.get(currency, 2)
    digits = str(amount_minor).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def _orders(body: bytes, head: _Head) -> Iterator[Order]:
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadOrder(f"no XML: {error}") from None
    tag = str(root.tag)
    found = _FAMILY.match(tag)
    if found is None or root.getroottree().docinfo.internalDTD is not None:
        raise BadOrder(f"a {tag[:80]}, no pain.001")
    cut = found.end()
    common: dict[str, str] = {}
    told: dict[str, str] | None = None  # of the transaction that is being read
    section = ""
    # One walk in the order of the document: a path a field is slow, and a bank is asked often.
    for element in root.iter():
        name = str(element.tag)[cut:]
        if name in _SECTIONS:
            section = name
            if name in {"PmtInf", "CdtTrfTxInf"} and told is not None:
                yield _order(told, common, head)
                told = None
            if name == "PmtInf":
                common = {}
            elif name == "CdtTrfTxInf":
                told = {}
        elif name in _FIELDS:
            place = common if told is None else told
            place.setdefault(f"{section}/{name}", (element.text or "").strip())
            if section == "GrpHdr":
                head.add(name, (element.text or "").strip())
            elif name == "InstdAmt":
                place.setdefault("Ccy", str(element.get("Ccy", "")))
    if told is not None:
        yield _order(told, common, head)


def _order(told: dict[str, str], common: dict[str, str], head: _Head) -> Order:
    currency = told.get("Ccy", "")
    order = Order(
        told.get("PmtId/EndToEndId", ""), head.message_id, common.get("PmtInf/PmtInfId", ""),
        common.get("LclInstrm/Cd") or common.get("SvcLvl/Cd", ""),
        common.get("DbtrAcct/IBAN", ""), told.get("CdtrAcct/IBAN", ""),
        told.get("Cdtr/Nm", ""), currency,
        _minor(told.get("Amt/InstdAmt", ""), currency, head.message_id),
        told.get("RmtInf/Ustrd", ""), common.get("ReqdExctnDt/Dt", ""),
        common.get("Dbtr/Nm", ""), told.get("UltmtCdtr/Nm") or told.get("UltmtDbtr/Nm", ""))
    if not (order.end_to_end_id and order.debtor and order.creditor and order.day):
        raise BadOrder(f"{order.end_to_end_id or 'a transaction'}: a part is missing",
                       message_id=head.message_id)
    return order


def _minor(text: str, currency: str, message_id: str) -> int:
    found = _AMOUNT.fullmatch(text)
    decimals = _DECIMALS.get(currency, 2)
    if found is None or len(found.group(1) or "") > decimals:
        raise BadOrder(f"{text!r} is no amount in {currency}", "AM12", message_id)
    whole, _, part = text.partition(".")
    minor = int(whole + part.ljust(decimals, "0"))
    if minor == 0:
        raise BadOrder("an amount of zero", "AM01", message_id)
    return minor
