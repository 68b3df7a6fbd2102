"""Read a file of bookings back: its lines counted again, from balance to balance.

Must not know the writer. The tree is thrown away as it grows, so memory holds one line.
"""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from clearing.reading_back import forget, read_minor

_NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:camt.053.001.08}"


def read_bookings(path: Path) -> tuple[int, int, str]:
    """Count, sum in minor units (credit positive) and currency.

    ValueError: cut off, two currencies, or the lines do not lead from balance to balance.
    """
    count = total = 0
    balances: list[int] = []
    currencies: set[str] = set()
    complete = False
    try:
        with path.open("rb") as source:
            # huge_tree: a month of a large client is more than lxml takes for harmless; it is ours.
            for _, element in etree.iterparse(source, huge_tree=True):
                name = str(element.tag).removeprefix(_NAMESPACE)
                if name in {"Ntry", "Bal"}:
                    minor = _signed(element, currencies)
                    if name == "Bal":
                        balances.append(minor)
                    else:
                        count, total = count + 1, total + minor
                        forget(element)
                complete = name == "Document"
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if not complete or len(balances) != 2 or len(currencies) != 1:
        raise ValueError(f"cut off, or {len(balances)} balances in {sorted(currencies)}")
    opening, closing = balances
    if opening + total != closing:
        raise ValueError(f"the lines lead from {opening} to {opening + total}, not to {closing}")
    return count, total, currencies.pop()


def _signed(element: etree._Element, currencies: set[str]) -> int:
    amount, direction = element.find(f"{_NAMESPACE}Amt"), element.find(f"{_NAMESPACE}CdtDbtInd")
    if amount is None or direction is None or amount.text is None:
        raise ValueError("a line without an amount or a direction")
    currency = amount.get("Ccy", "")
    currencies.add(currency)
    minor = read_minor(amount.text, currency)
    return minor if direction.text == "CRDT" else -minor
