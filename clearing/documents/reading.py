"""Read a page back: its totals as a person reads them, out of the PDF's own text.

Knows the words of the languages and how amounts are written; must not know the templates. A hybrid
invoice is read twice, as a page and as the XML that it carries, and both must say the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pypdfium2
from lxml import etree

from clearing.documents.hybrid import NAME
from clearing.documents.words import Language, language, minor_of
from clearing.reading_back import read_minor

Totals = tuple[int, int, str]  # count, sum in minor units, currency
_LANGUAGE: Final = re.compile(rb"/Lang\s*\(([a-z]{2})\)")
_NUMBER: Final = r"[-\u2212]?\d[\d.,' ]*"
_DIGITS: Final = dict.fromkeys(map(ord, ".,' "))
_RAM: Final = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
_SUMS: Final = f"{_RAM}SpecifiedTradeSettlementHeaderMonetarySummation"
_CREDITS: Final = frozenset({"381", "261"})  # UNTDID 1001


class _Read:
    """The text of a document, and what stands after its words."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        found = _LANGUAGE.search(content)
        if found is None:
            raise ValueError("a page in no language")
        self.language: Language = language(found[1].decode())
        self.attached: dict[str, bytes] = {}
        document = pypdfium2.PdfDocument(content)
        try:
            self._text = _plain(document[0].get_textpage().get_text_bounded())
            for at in range(document.count_attachments()):
                file = document.get_attachment(at)
                self.attached[file.get_name()] = bytes(file.get_data())
        except pypdfium2.PdfiumError as error:
            raise ValueError(str(error)) from error
        finally:
            document.close()

    def amount(self, word: str, absent: int | None = None) -> int:
        """The minor units at the end of the first line that begins with a word.

        ValueError: there are none, and no `absent` was given for a line that need not be there.
        """
        label = re.escape(_plain(self.language.words[word]))
        found = re.search(rf"^{label}(?: .*?)?(?<!\S)({_NUMBER})$", self._text, re.MULTILINE)
        minor = minor_of(found[1]) if found else absent
        if minor is None:
            raise ValueError(f"no amount after {self.language.words[word]!r}")
        return minor

    def rungs(self, first: str, last: str) -> list[int]:
        """The minor units at the end of each line from that of a word to that of another.

        By place, not by name: two may be called alike, and a long note stands on lines of its own.
        """
        words = self.language.words
        ends = [rf"^{re.escape(_plain(words[word]))} {_NUMBER}$" for word in (first, last)]
        block = re.search(rf"{ends[0]}(?s:.*?){ends[1]}", self._text, re.MULTILINE)
        if block is None:
            raise ValueError(f"nothing from {words[first]!r} to {words[last]!r}")
        found = re.findall(rf"(?<!\S)({_NUMBER})$", block[0], re.MULTILINE)
        return [minor for text in found if (minor := minor_of(text)) is not None]

    def fact(self, word: str) -> str:
        """What stands after a word, alone on its line."""
        label = re.escape(_plain(self.language.words[word]))
        found = re.search(rf"^{label} (\S.*)$", self._text, re.MULTILINE)
        if found is None:
            raise ValueError(f"nothing after {self.language.words[word]!r}")
        return found[1]

    def totals(self, sum_minor: int) -> Totals:
        """With the number of lines and the currency that are among the facts."""
        count = int(self.fact("line_count").translate(_DIGITS))
        return count, sum_minor, self.fact("currency")


def read_settlement_page(path: Path) -> Totals:
    """Count and sum of payments and refunds. ValueError: gross, net and balance do not add up."""
    read = _Read(path)
    gross, refunds, turnover = read.rungs("gross", "turnover")
    if gross + refunds != turnover:
        raise ValueError("payments and refunds do not come to their sum")
    *moved, closing = read.rungs("opening", "closing")
    if sum(moved) != closing:
        raise ValueError(f"the balance leads to {sum(moved)}, the page says {closing}")
    if read.amount("net") not in moved:
        raise ValueError("the net amount is not what the balance moved by")
    return read.totals(turnover)


def read_client_page(path: Path) -> Totals:
    """Count and sum of a client's bookings. ValueError: its kinds do not lead to the balance."""
    read = _Read(path)
    opening, *kinds, closing = read.rungs("opening", "closing_balance")
    moved = sum(kinds)
    if opening + moved != closing:
        raise ValueError(f"its kinds lead from {opening} to {opening + moved}, the page says "
                         f"{closing}")
    return read.totals(moved)


def read_invoice_page(path: Path) -> Totals:
    """Count of lines and the amount to pay, negative where it is given back.

    ValueError: the page and the XML in it differ, or either does not add up.
    """
    read = _Read(path)
    net, vat, gross = (read.amount(f"total_{part}") for part in ("net", "vat", "gross"))
    payable = read.amount("total_payable")
    if net + vat != gross or gross + read.amount("rounding", 0) != payable:
        raise ValueError(f"{net}, {vat} and rounding do not come to {gross} and {payable}")
    count, _, currency = read.totals(payable)
    carried = read.attached.get(NAME)
    if carried is None:
        raise ValueError(f"no {NAME} in it")
    is_credit, said = _carried(carried, currency)
    if said != (count, net, vat, gross, payable):
        raise ValueError(f"the page says {(count, net, vat, gross, payable)}, the XML {said}")
    return count, -payable if is_credit else payable, currency


def _carried(content: bytes, currency: str) -> tuple[bool, tuple[int, ...]]:
    """Whether it is a credit note; its lines, net, VAT, total and what is payable."""
    try:
        root = etree.fromstring(content, etree.XMLParser(no_network=True, huge_tree=True,
                                                         resolve_entities=False))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    sums = root.find(f".//{_SUMS}")
    if sums is None:
        raise ValueError(f"{NAME} without totals")
    stated = [sums.findtext(f"{_RAM}{name}") or "" for name in (
        "LineTotalAmount", "TaxTotalAmount", "GrandTotalAmount", "DuePayableAmount")]
    kind = root.findtext(f".//{_RAM}TypeCode") or ""
    lines = len(root.findall(f".//{_RAM}IncludedSupplyChainTradeLineItem"))
    return kind in _CREDITS, (lines, *(read_minor(text, currency) for text in stated))


def _plain(text: str) -> str:
    """Text with one kind of space and of line end, as it is typed."""
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\r\n", "\n")
