"""Texts and numbers as the XML of an invoice has them.

PURE. What an invoice shows was typed by strangers: it is escaped, and what XML 1.0 has no letter
for is left out. The same texts come again and again, so they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from clearing.invoices.document import ATTRIBUTES
from clearing.invoices.totals import step_of
from clearing.money import exponent, plain

_NO_LETTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Most of what is shown: nothing to escape, and no blank but between words. From U+00A1 to U+167F is
# no white space, and nothing that XML has not.
_WORD: Final = "[!#-%'-;=?-~\u00a1-\u167f]++"
_WORDS: Final = f"{_WORD}(?: {_WORD})*+"
_is_plain: Final = re.compile(_WORDS).fullmatch
_are_plain: Final = re.compile(
    rf"(?:{_WORDS})?+(?:\n(?:{_WORDS})?+){{{len(ATTRIBUTES) - 1}}}").fullmatch
_KEPT: Final = 65_536


def letters(value: str) -> str:
    """Only what is a letter of XML 1.0, and so of UTF-8; white space is one blank."""
    return value if _is_plain(value) else " ".join(_NO_LETTER.sub("", value).split())


@lru_cache(_KEPT)
def text(value: str, limit: int = 1_000) -> str:
    """`value` escaped, white space collapsed, at most `limit` letters of it; may be empty."""
    clean = letters(value)[:limit].rstrip()
    if _is_plain(clean):
        return clean
    return (clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            .replace('"', "&quot;"))


def shown(attributes: tuple[str, ...], limit: int = 1_000) -> Sequence[str]:
    """Each of a line's attributes as text() has it: mostly one look tells that all are plain."""
    joined = "\n".join(attributes)
    if len(joined) <= limit and _are_plain(joined):
        return attributes
    return [text(value, limit) for value in attributes]


def element(tag: str, value: str, limit: int = 1_000) -> str:
    """An element, or nothing where its text is empty (PEPPOL-EN16931-R008)."""
    if not value:
        return ""
    clean = text(value, limit)
    return f"<{tag}>{clean}</{tag.partition(' ')[0]}>" if clean else ""


@lru_cache(_KEPT)
def amount(minor: int, currency: str) -> str:
    """`1234.50`: two decimals at most, as EN 16931 wants it (BR-DEC)."""
    step = step_of(currency)
    if step == 1:
        return plain(minor, currency)
    shown = plain(minor, currency)
    return shown[:2 - exponent(currency)]


@lru_cache(1_024)
def percent(basis_points: int) -> str:
    """`20`, `5.5`."""
    return number(Decimal(basis_points) / 100)


@lru_cache(_KEPT)
def number(value: Decimal) -> str:
    """A quantity or a price, never with an exponent."""
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
