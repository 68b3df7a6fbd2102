"""What a bank answers: pain.002, any version, read for the one credit that was asked about.

PURE: bytes in, a value out. Source: ISO 20022 pain.002 (customer payment status report). A status
may be told of the transaction, of its payment block or of the whole message: the nearest one holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec
from lxml import etree

_FAMILY: Final = "{urn:iso:std:iso:20022:tech:xsd:pain.002.001."
_PARSER: Final = etree.XMLParser(no_network=True, huge_tree=False, remove_comments=True,
                                 remove_pis=True)
# Where a status may stand, the nearest to the credit first.
_LEVELS: Final = (("TxInfAndSts", "OrgnlEndToEndId", "TxSts"),
                  ("OrgnlPmtInfAndSts", "OrgnlPmtInfId", "PmtInfSts"),
                  ("OrgnlGrpInfAndSts", "OrgnlMsgId", "GrpSts"))


class NoReport(Exception):
    """These bytes are no answer about that credit, and why."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """status: ExternalPaymentTransactionStatus1Code; reasons: codes, the bank's own ones too."""

    status: str
    reasons: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As a deposit keeps it: the reason, or the status where there is none."""
        return self.reasons[0] if self.reasons else self.status


def read_report(body: bytes, end_to_end_id: str, amount: tuple[str, str] | None = None) -> Report:
    """The report on one credit. NoReport: no pain.002, cut off, about others alone, about another
    amount (text, currency) under this id, or one that says two things at once."""
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NoReport(f"no XML: {error}") from None
    tag = str(root.tag)
    if root.getroottree().docinfo.internalDTD is not None:
        raise NoReport("an answer has no document type")
    if not tag.startswith(_FAMILY) or not tag.endswith("}Document"):
        raise NoReport(f"a {tag[:80]}, no pain.002")
    space = tag[: tag.index("}") + 1]
    for places in _told(root, space, end_to_end_id):
        if len({status for status, _ in places}) > 1:
            raise NoReport(f"two answers about {end_to_end_id}")
        status, place = places[0]
        if amount is not None and _is_other(place, space, *amount):
            raise NoReport(f"another amount under {end_to_end_id}")
        return Report(status, _reasons(place, space))
    raise NoReport(f"nothing about {end_to_end_id}")


def _told(root: etree._Element, space: str,
          identifier: str) -> Iterator[list[tuple[str, etree._Element]]]:
    """[(status, where it stands)], the nearest first. All our ids of one credit are the same."""
    for kind, name, status in _LEVELS:
        found = [(said, place) for place in root.iter(space + kind)
                 if _text(place, space + name) == identifier
                 and (said := _text(place, space + status))]
        if found:
            yield found


def _is_other(place: etree._Element, space: str, text: str, currency: str) -> bool:
    """Where the bank says what it was asked for: whether that was something else."""
    for stated in place.iterfind(f"{space}OrgnlTxRef/{space}Amt/{space}InstdAmt"):
        try:
            same = Decimal((stated.text or "").strip()) == Decimal(text)
        except InvalidOperation:
            same = False
        if not same or stated.get("Ccy", currency) != currency:
            return True
    return False


def _text(place: etree._Element, tag: str) -> str:
    """Of the first child of that name. Not findtext(): that one is slow."""
    child = next(place.iterchildren(tag), None)
    return "" if child is None else (child.text or "").strip()


def _reasons(place: etree._Element, space: str) -> tuple[str, ...]:
    told = (code.text or "" for information in place.iterchildren(f"{space}StsRsnInf")
            for reason in information.iterchildren(f"{space}Rsn") for code in reason)
    return tuple(text.strip()[:35] for text in told if text.strip())
