"""Read payment files back: valid against their XSD, and their totals counted again.

Knows the schemas that the package sepaxml ships; must not know the writers. The tree is thrown
away as it grows, so memory holds the end-to-end ids and no more.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from lxml import etree

from clearing.money import plain
from clearing.reading_back import forget, read_minor

_SPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
CREDITS: Final = ("pain.001.001.09", "CdtTrfTxInf")
DEBITS: Final = ("pain.008.001.08", "DrctDbtTxInf")
_LOOKED_AT: Final = ("NbOfTxs", "CtrlSum", "EndToEndId", "InstdAmt", "PmtInf", "Document")


class _Found:
    """What is counted while a file goes by."""

    def __init__(self, message: str, transaction: str) -> None:
        self._namespace = f"{{{_SPACE}{message}}}"
        self._transaction = transaction
        # Of forty elements of a payment these are looked at; the schema has looked at all.
        self.tags = [f"{self._namespace}{name}" for name in (*_LOOKED_AT, transaction)]
        self.count = 0
        self.sum_minor = 0
        self.currencies: set[str] = set()
        self.identifiers: set[str] = set()
        self.complete = False
        self._stated: dict[str, tuple[str, str]] = {}  # of the header, of the block: count, sum
        self._block = [0, 0]

    def take(self, element: etree._Element) -> None:
        """One element, at its end."""
        text = element.text or ""
        name = str(element.tag).removeprefix(self._namespace)
        match name:
            case "NbOfTxs" | "CtrlSum":
                parent = element.getparent()
                assert parent is not None  # the schema has it nowhere else
                place = str(parent.tag).removeprefix(self._namespace)
                count, total = self._stated.get(place, ("", ""))
                self._stated[place] = (text, total) if name == "NbOfTxs" else (count, text)
            case "EndToEndId":
                self.identifiers.add(text)
            case "InstdAmt":
                currency = element.get("Ccy", "")
                self.currencies.add(currency)
                minor = read_minor(text, currency)
                self.sum_minor += minor
                self._block[1] += minor
            case self._transaction:
                self.count += 1
                self._block[0] += 1
                forget(element)
            case "PmtInf":
                self._agree(name, *self._block)
                self._block = [0, 0]
                forget(element)
            case "Document":
                if element.getroottree().docinfo.internalDTD is not None:
                    raise ValueError("a bank file has no document type")
                self._agree("GrpHdr", self.count, self.sum_minor)
                self.complete = True
            case _:
                pass

    def _agree(self, place: str, count: int, sum_minor: int) -> None:
        if len(self.currencies) != 1:
            raise ValueError(f"one currency a file, not {sorted(self.currencies)}")
        currency, = self.currencies
        found = (str(count), plain(sum_minor, currency))
        stated = self._stated.pop(place, ("", ""))
        if stated != found:
            raise ValueError(f"{place} states {stated[0]} and {stated[1]}, the payments are "
                             f"{found[0]} and {found[1]}")


def read_credit_transfers(path: Path) -> tuple[int, int, str]:
    """Count, sum in minor units and currency of a pain.001.

    ValueError: not valid, a repeated EndToEndId, two currencies, or totals that do not add up.
    """
    return _read(path, *CREDITS)


def read_collections(path: Path) -> tuple[int, int, str]:
    """The same of a pain.008."""
    return _read(path, *DEBITS)


def _read(path: Path, message: str, transaction: str) -> tuple[int, int, str]:
    found = _Found(message, transaction)
    try:
        with path.open("rb") as source:
            # huge_tree: a night may hold more than lxml takes for harmless; the file is our own.
            # resolve_entities stays as it is: given as False, lxml 6.1 takes a file that was cut
            # off before its last tag for a good one.
            for _, element in etree.iterparse(source, schema=_schema(message), huge_tree=True,
                                              tag=found.tags):
                found.take(element)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if not found.complete:
        raise ValueError("the file was cut off")
    if len(found.identifiers) != found.count:
        raise ValueError(f"{found.count} payments with {len(found.identifiers)} end-to-end ids")
    currency, = found.currencies
    return found.count, found.sum_minor, currency


@cache
def _schema(message: str) -> etree.XMLSchema:
    with as_file(files("sepaxml").joinpath("schemas", f"{message}.xsd")) as path:
        return etree.XMLSchema(etree.parse(str(path)))
