"""Read a pain.001 back: valid against its XSD, and its totals counted again.

Knows the schema that the package sepaxml ships; must not know the writer. The tree is thrown
away as it grows, so memory holds the end-to-end ids and no more.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from lxml import etree

from clearing.money import plain
from clearing.reading_back import forget, read_minor

_NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"


class _Found:
    """What is counted while the file goes by."""

    def __init__(self) -> None:
        self.count = 0
        self.sum_minor = 0
        self.stated_counts: set[str] = set()
        self.stated_sums: set[str] = set()
        self.currencies: set[str] = set()
        self.identifiers: set[str] = set()
        self.complete = False

    def take(self, element: etree._Element) -> None:
        """One element, at its end."""
        text = element.text or ""
        match str(element.tag).removeprefix(_NAMESPACE):
            case "NbOfTxs":
                self.stated_counts.add(text)
            case "CtrlSum":
                self.stated_sums.add(text)
            case "EndToEndId":
                self.identifiers.add(text)
            case "InstdAmt":
                currency = element.get("Ccy", "")
                self.currencies.add(currency)
                self.sum_minor += read_minor(text, currency)
            case "CdtTrfTxInf":
                self.count += 1
                forget(element)
            case "Document":
                if element.getroottree().docinfo.internalDTD is not None:
                    raise ValueError("a bank file has no document type")
                self.complete = True
            case _:
                pass


def read_credit_transfers(path: Path) -> tuple[int, int, str]:
    """Count, sum in minor units and currency.

    ValueError: not valid, a repeated EndToEndId, two currencies, or a header that does not add up.
    """
    found = _Found()
    try:
        with path.open("rb") as source:
            # huge_tree: a night may hold more than lxml takes for harmless; the file is our own.
            # resolve_entities stays as it is: given as False, lxml 6.1 takes a file that was cut
            # off before its last tag for a good one.
            for _, element in etree.iterparse(source, schema=_schema(), huge_tree=True):
                found.take(element)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if not found.complete:
        raise ValueError("the file was cut off")
    if len(found.currencies) != 1:
        raise ValueError(f"one currency a file, not {sorted(found.currencies)}")
    currency = found.currencies.pop()
    if len(found.identifiers) != found.count:
        raise ValueError(f"{found.count} credits with {len(found.identifiers)} end-to-end ids")
    total = plain(found.sum_minor, currency)
    if found.stated_counts != {str(found.count)} or found.stated_sums != {total}:
        raise ValueError(f"the headers state {found.stated_counts} and {found.stated_sums}, "
                         f"the credits are {found.count} and {total}")
    return found.count, found.sum_minor, currency


@cache
def _schema() -> etree.XMLSchema:
    with as_file(files("sepaxml").joinpath("schemas", "pain.001.001.09.xsd")) as path:
        return etree.XMLSchema(etree.parse(str(path)))
