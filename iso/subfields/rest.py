"""Reads and writes the receipt text of element 62: what is left to be sold, a line a product.

Knows: the lines, `product [money currency] [litres L]`, the whole hold's under `*`. Must not know:
limits. Chosen: no public source says more of 62-3 than that it is text for the receipt.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

import msgspec

from iso.subfields.tables import MAX_CHARS, ProductsLayout

LINE_SEPARATOR: Final = "\\"
ALL: Final = "*"
_LINE: Final = re.compile(
    r"(?P<product>[0-9A-Za-z]{1,14}|\*)(?: (?P<money>[0-9]+(?:\.[0-9]+)?) (?P<currency>[A-Z]{3}))?"
    r"(?: (?P<litres>[0-9]+\.[0-9]{3}) L)?")


class Left(msgspec.Struct, frozen=True):
    """What is left of one product: major currency units and litres, None where nothing limits."""

    product: str
    money: Decimal | None = None
    litres: Decimal | None = None


def write_rest(lines: tuple[Left, ...], currency: str, layout: ProductsLayout) -> str:
    """The text, as many whole lines of it as fit beside the longest list of codes.

    A product that nothing limits has no line: that it may be sold, 62-1 says.
    """
    room = MAX_CHARS - layout.codes_prefix - layout.codes_max_chars - 1 - layout.text_prefix
    text = ""
    for line in lines:
        if line.money is None and line.litres is None:
            continue
        said = line.product
        if line.money is not None:
            said += f" {max(line.money, Decimal(0)):f} {currency}"
        if line.litres is not None:
            said += f" {max(line.litres, Decimal(0)):.3f} L"
        longer = f"{text}{LINE_SEPARATOR}{said}" if text else said
        if len(longer) > room:
            break
        text = longer
    return text


def read_rest(text: str) -> tuple[Left, ...]:
    """The lines that say what is left; another host's text has none, and is no fault."""
    found = []
    for line in text.split(LINE_SEPARATOR):
        match = _LINE.fullmatch(line)
        if match is not None:
            money, litres = match["money"], match["litres"]
            found.append(Left(match["product"], None if money is None else Decimal(money),
                              None if litres is None else Decimal(litres)))
    return tuple(found)
