"""Read a file of bookings back: its lines counted again, from balance to balance.

Must not know the writer. The tree is thrown away as it grows, so memory holds one line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lxml import etree

from clearing.reading_back import forget, read_minor

_SPACE: Final = "{urn:iso:std:iso:20022:tech:xsd:camt.053.001.08}"
_AMOUNT: Final = f"{_SPACE}Amt"
_DIRECTION: Final = f"{_SPACE}CdtDbtInd"
_KIND: Final = f"{_SPACE}BkTxCd/{_SPACE}Prtry/{_SPACE}Cd"
_NAMES: Final = tuple(f"{_SPACE}{name}" for name in ("Bal", "Ntry", "Document"))
_TURNOVER: Final = frozenset({"PAYMENT", "REFUND", "REFUND_RETURNED"})


class _Found:
    """What is counted while the file goes by."""

    def __init__(self) -> None:
        self.count = 0
        self.sum_minor = 0
        self.turnover_count = 0
        self.turnover_minor = 0
        self.balances: list[int] = []
        self.currencies: set[str] = set()
        self.complete = False

    def take(self, element: etree._Element) -> None:
        """A balance, a line or the document, at its end."""
        if element.tag == _NAMES[2]:
            self.complete = True
            return
        amount, direction = element.find(_AMOUNT), element.find(_DIRECTION)
        if amount is None or direction is None or amount.text is None:
            raise ValueError("a line without an amount or a direction")
        currency = amount.get("Ccy", "")
        self.currencies.add(currency)
        minor = read_minor(amount.text, currency)
        minor = minor if direction.text == "CRDT" else -minor
        if element.tag == _NAMES[0]:
            self.balances.append(minor)
            return
        self.count += 1
        self.sum_minor += minor
        if element.findtext(_KIND) in _TURNOVER:
            self.turnover_count += 1
            self.turnover_minor += minor
        forget(element)


def read_bookings(path: Path) -> tuple[int, int, str]:
    """Count, sum in minor units (credit positive) and currency of a client's bookings.

    ValueError: cut off, two currencies, or the lines do not lead from balance to balance.
    """
    found = _read(path)
    return found.count, found.sum_minor, found.currencies.pop()


def read_settlement(path: Path) -> tuple[int, int, str]:
    """The same of a merchant's payments and refunds, among the lines of its statement."""
    found = _read(path)
    return found.turnover_count, found.turnover_minor, found.currencies.pop()


def _read(path: Path) -> _Found:
    found = _Found()
    try:
        with path.open("rb") as source:
            # huge_tree: a month of a large client is more than lxml takes for harmless; it is ours.
            for _, element in etree.iterparse(source, tag=_NAMES, huge_tree=True):
                found.take(element)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if not found.complete or len(found.balances) != 2 or len(found.currencies) != 1:
        raise ValueError(f"cut off, or {len(found.balances)} balances in "
                         f"{sorted(found.currencies)}")
    opening, closing = found.balances
    if opening + found.sum_minor != closing:
        raise ValueError(f"the lines lead from {opening} to {opening + found.sum_minor}, "
                         f"not to {closing}")
    return found
