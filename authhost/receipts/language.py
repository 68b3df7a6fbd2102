"""The words of a receipt in a language, and how numbers and instants are written in it.

Knows labels/<language>.toml, one file a language, read once. Instants are ISO 8601 in every
language: on a document a date must not be read in two ways.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from authhost.currencies import EXPONENT

LANGUAGES: Final = ("de", "en", "hr", "sl")
_NO_BREAK: Final = "\u00a0"


class Language(msgspec.Struct, frozen=True):
    """Signs and words. words: by name; a name that is not there is a bug, and says so."""

    decimal: str
    group: str
    words: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.words[name]

    def amount(self, minor: int, currency: str) -> str:
        """`1.234,50 EUR`; minor units of a currency that nobody knows are hundredths."""
        return f"{self.number(minor, currency)}{_NO_BREAK}{currency}"

    def number(self, minor: int, currency: str) -> str:
        """The same without its currency."""
        decimals = EXPONENT.get(currency, 2)
        digits = str(abs(minor)).rjust(decimals + 1, "0")
        whole, cents = digits[:len(digits) - decimals], digits[len(digits) - decimals:]
        grouped = f"{int(whole):,}".replace(",", self.group)
        return f"{'-' if minor < 0 else ''}{grouped}{self.decimal + cents if cents else ''}"


@cache
def language(name: str) -> Language:
    """The words of a language of LANGUAGES."""
    assert name in LANGUAGES, name
    text = files(__package__).joinpath("labels", f"{name}.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Language)


def instant(at: datetime) -> str:
    """`2026-11-22 10:15:02 +01:00`."""
    offset = at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"
