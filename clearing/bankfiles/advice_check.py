"""The advice of deposits as XML, read again.

Knows the form (docs/bank-files.md); must not know its writer. The tree is thrown away as it grows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lxml import etree

from clearing.reading_back import forget, read_minor

_NAMESPACE: Final = "{urn:authhost:deposit-advice:1}"
_KINDS: Final = frozenset({"deposit", "reversal", "adjustment", "fee", "counterfeit"})


def read_advice(path: Path) -> tuple[int, int, str]:
    """Lines, their sum in minor units and currency. ValueError: the root states something else."""
    count = total = 0
    root: etree._Element | None = None
    try:
        with path.open("rb") as source:
            # What resolve_entities does to a file that was cut off is said in reading.py.
            for event, element in etree.iterparse(source, events=("start", "end"),
                                                  huge_tree=True):
                if root is None:
                    root = element
                    currency, stated = root.get("currency", ""), root.get("sum", "")
                if event == "end" and element.tag == f"{_NAMESPACE}line":
                    if element.get("kind") not in _KINDS:
                        raise ValueError(f"a line of kind {element.get('kind')}")
                    count += 1
                    total += read_minor(element.get("amount", ""), currency)
                    forget(element)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if root is None or root.tag != f"{_NAMESPACE}deposit-advice":
        raise ValueError("it is no deposit advice")
    if (str(count), total) != (root.get("count"), read_minor(stated, currency)):
        raise ValueError(f"the root states {root.get('count')} and {stated}, the lines are {count} "
                         f"and {total}")
    return count, total, currency
