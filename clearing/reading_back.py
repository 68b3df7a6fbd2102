"""Reading our own ISO 20022 files back: an amount as we write it, and a tree that does not grow.

PURE. Shared by the checks of payment files and of bookings; must not know the writers.
"""

from __future__ import annotations

from lxml import etree

from clearing.money import plain


def read_minor(text: str, currency: str) -> int:
    """The amount in minor units. ValueError: it is not written exactly as we write it."""
    minor = int(text.replace(".", ""))
    if plain(minor, currency) != text:
        raise ValueError(f"{text} is no amount in {currency}")
    return minor


def forget(element: etree._Element) -> None:
    """Drop an element that is counted, and everything before it in its parent."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
