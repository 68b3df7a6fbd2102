"""The SEPA character set: what may stand in a bank file, and what stands in for the rest.

PURE. Source: EPC217-08, "SEPA requirements for an extended character set": the basic set is
a-z A-Z 0-9 / - ? : ( ) . , ' + and space; a bank may reject a file with anything else.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ALLOWED: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ "
)
_WORD: Final = f"[{re.escape(''.join(sorted(_ALLOWED - {' '})))}]+"
_is_clean: Final = re.compile(f"(?:{_WORD}(?: {_WORD})*)?").fullmatch

# Letters that Unicode does not decompose into a Latin one and an accent.
_LATIN: Final = {
    "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Đ": "D", "đ": "d", "Ð": "D",
    "\u0131": "i", "ð": "d", "Ħ": "H", "ħ": "h", "Ł": "L", "ł": "l", "ß": "ss", "ẞ": "SS",
    "Þ": "TH", "\u2044": "/",
    "þ": "th", "Ŧ": "T", "ŧ": "t", "€": "E", "&": "+", "@": "(at)", "_": "-", "[": "(", "]": ")",
    "{": "(", "}": ")", ";": ",", "\u2013": "-", "\u2014": "-",
    "\u2018": "'", "\u2019": "'", "`": "'",  # dashes and quotes
}
# EPC217-08, chapter 6: Cyrillic and Greek, lower case; capitals follow by rule.
_CYRILLIC: Final = dict(zip(
    "абвгдежзийклмнопрстуфхцчшщъыьэюяђјљњћџієґѓќѕ",
    ("a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t",
     "u", "f", "h", "ts", "ch", "sh", "sht", "a", "y", "y", "e", "yu", "ya", "dj", "j", "lj", "nj",
     "c", "dz", "i", "e", "g", "g", "k", "dz"),
    strict=True,
))
_GREEK: Final = dict(zip(
    "αβγδεζηθικλμνξοπρσςτυφχψω",
    ("a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s",
     "t", "y", "f", "ch", "ps", "o"),
    strict=True,
))
_LOWER: Final = {**_CYRILLIC, **_GREEK}
_TABLE: Final = {
    **_LATIN, **_LOWER, **{key.upper(): value.capitalize() for key, value in _LOWER.items()},
}


def clean(text: str, limit: int) -> str:
    """`text` in the SEPA set, white space collapsed, at most `limit` characters; may be empty."""
    if len(text) <= limit and _is_clean(text):
        return text  # as most are
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.translate(_LETTERS).split())[:limit].rstrip()


def _letter(letter: str) -> str:
    if letter in _ALLOWED:
        return letter
    if letter in _TABLE:
        return _TABLE[letter]
    if letter.isspace():
        return " "
    parts = unicodedata.normalize("NFKD", letter)
    kept = "".join(_TABLE.get(part, part) for part in parts)
    kept = "".join(part for part in kept if part in _ALLOWED)
    if kept or unicodedata.category(letter).startswith(("C", "M")):
        return kept
    return "."  # EPC217-08: what has no equivalent becomes a full stop


class _Letters(dict[int, str]):
    """What stands in for each letter, found once: a night has a million texts of the same few."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _letter(chr(code))
        return found


_LETTERS: Final = _Letters()
