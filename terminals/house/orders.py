"""Payment files as a bank reads them: valid by their schema, adding up, each account a real one.

PURE but for reading schemas; written apart from the host's writers, so that the two check each
other. Source: ISO 20022 pain.001.001.09 and pain.008.001.08; schemas of the package sepaxml.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import as_file, files
from typing import Final, Literal

import msgspec
from lxml import etree

from terminals.bank.orders import BadOrder, plain, read_orders

_NAMED: Final = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:(pain\.00[18]\.001\.\d\d)")
_KNOWN: Final = frozenset({"pain.001.001.09", "pain.008.001.08"})
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_HEAD: Final = 1_024


class Order(msgspec.Struct, frozen=True, gc=False):
    """Money from an account of ours (credit), or to it (debit). ours, theirs: IBANs."""

    end_to_end_id: str
    block_id: str
    kind: Literal["credit", "debit"]
    ours: str
    theirs: str
    currency: str
    amount_minor: int
    day: str  # ISO 8601: when it is to be executed, or collected
    mandate: str = ""

    @property
    def objection(self) -> str:
        """Why no bank would (ExternalStatusReason1Code); ''."""
        if not is_iban(self.theirs):
            return "AC01"
        return "MD01" if self.kind == "debit" and not self.mandate else ""


class PaymentFile(msgspec.Struct, frozen=True):
    """A file that was read. message_name: like pain.001.001.09."""

    message_id: str
    message_name: str
    total: str  # CtrlSum as it states it
    orders: tuple[Order, ...]


def read_file(content: bytes) -> PaymentFile:
    """A pain.001 or pain.008. BadOrder: with the reason that the whole file is refused for."""
    named = _NAMED.search(content[:_HEAD])
    name = named[1].decode() if named else ""
    if name not in _KNOWN:
        raise BadOrder(f"{name or 'neither pain.001 nor pain.008'}: nobody reads that here")
    try:
        root = etree.fromstring(content, etree.XMLParser(no_network=True, huge_tree=True))
    except etree.XMLSyntaxError as error:
        raise BadOrder(f"no XML: {error}") from None
    schema = _schema(name)
    if not schema.validate(root):
        raise BadOrder(f"not valid: {schema.error_log}"[:105], "FF01",
                       _text(root, ".//{*}GrpHdr/{*}MsgId"))
    if name.startswith("pain.001"):
        return _credits(content, root, name)
    return _debits(root, name)


def is_iban(text: str) -> bool:
    """ISO 13616: letters as numbers, the first four characters last, modulo 97 it is 1."""
    if _IBAN.fullmatch(text) is None:
        return False
    return int("".join(str(int(one, 36)) for one in text[4:] + text[:4])) % 97 == 1


def _credits(content: bytes, root: etree._Element, name: str) -> PaymentFile:
    found = read_orders(content)
    return PaymentFile(
        found[0].message_id if found else "", name, _text(root, ".//{*}GrpHdr/{*}CtrlSum"),
        tuple(Order(one.end_to_end_id, one.payment_id, "credit", one.debtor, one.creditor,
                    one.currency, one.amount_minor, one.day) for one in found))


def _debits(root: etree._Element, name: str) -> PaymentFile:
    message_id = _text(root, ".//{*}GrpHdr/{*}MsgId")
    orders = [_debit(block, node, message_id) for block in root.iter("{*}PmtInf")
              for node in block.iterfind("{*}DrctDbtTxInf")]
    if len({order.end_to_end_id for order in orders}) != len(orders):
        raise BadOrder("an EndToEndId comes twice", "AM05", message_id)
    if _text(root, ".//{*}GrpHdr/{*}NbOfTxs") != str(len(orders)):
        raise BadOrder(f"{len(orders)} are there", "AM18", message_id)
    total = _text(root, ".//{*}GrpHdr/{*}CtrlSum")
    there = plain(sum(order.amount_minor for order in orders), orders[0].currency)
    if total and total != there:
        raise BadOrder(f"{total} stated, {there} there", "AM10", message_id)
    for block in root.iter("{*}PmtInf"):
        nodes = block.findall("{*}DrctDbtTxInf")
        stated = _text(block, "{*}NbOfTxs")
        if stated and stated != str(len(nodes)):
            raise BadOrder(f"block {_text(block, '{*}PmtInfId')}: {stated} stated, {len(nodes)} "
                           "there", "AM18", message_id)
    return PaymentFile(message_id, name, total, tuple(orders))


def _debit(block: etree._Element, node: etree._Element, message_id: str) -> Order:
    amount = node.find("{*}InstdAmt")
    assert amount is not None, "the schema has it"
    currency = str(amount.get("Ccy", ""))
    whole, _, part = (amount.text or "").partition(".")
    minor = int(whole + part.ljust(2, "0"))
    if len(part) > 2 or minor == 0:
        raise BadOrder(f"{amount.text} is no amount in {currency}", "AM12", message_id)
    return Order(
        _text(node, "{*}PmtId/{*}EndToEndId"), _text(block, "{*}PmtInfId"), "debit",
        _text(block, "{*}CdtrAcct/{*}Id/{*}IBAN"), _text(node, "{*}DbtrAcct/{*}Id/{*}IBAN"),
        currency, minor, _text(block, "{*}ReqdColltnDt"),
        _text(node, "{*}DrctDbtTx/{*}MndtRltdInf/{*}MndtId"))


def _text(node: etree._Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


@cache
def _schema(name: str) -> etree.XMLSchema:
    with as_file(files("sepaxml").joinpath("schemas", f"{name}.xsd")) as path:
        return etree.XMLSchema(etree.parse(str(path)))
