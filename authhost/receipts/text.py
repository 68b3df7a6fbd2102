"""A receipt as text of 40 columns, for a safe's own printer.

PURE. UTF-8 is the only encoding here: what a printer's code page lacks, the device replaces.
"""

from __future__ import annotations

import textwrap
import unicodedata
from typing import Final

from authhost.receipts.document import Receipt
from authhost.receipts.language import Language
from authhost.receipts.sheet import Code, Field, Mark, Note, Part, Rule, Table, Title, sheet

WIDTH: Final = 40
_INDENT: Final = "  "
_COLUMNS: Final = (12, 12, 5, 11)  # with no gap between them


def text(receipt: Receipt, words: Language) -> str:
    """The lines, none longer than the paper."""
    lines = [line for part in sheet(receipt, words) for line in _lines(part)]
    return "".join(f"{_printable(line).rstrip()}\n" for line in lines)


def _lines(part: Part) -> list[str]:
    match part:
        case Title():
            return [line.center(WIDTH) for line in _wrapped(part.text.upper(), WIDTH)]
        case Mark():
            return [f" {part.text} ".center(WIDTH, "*")]
        case Field():
            return _field(part.label, part.value)
        case Table():
            return [line for row in part.rows for line in _row(row)]
        case Rule():
            return ["-" * WIDTH]
        case Note():
            return _wrapped(part.text, WIDTH)
        case Code():
            return [part.label, part.code.center(WIDTH).rstrip(), part.digest_label,
                    *_wrapped(part.digest, WIDTH // 5 * 4)]


def _field(label: str, value: str) -> list[str]:
    """On one line where both fit, else the value below, set in."""
    if "\n" not in value and len(label) + len(value) + 2 <= WIDTH:
        return [f"{label}{value:>{WIDTH - len(label)}}"]
    return [f"{label}:", *(f"{_INDENT}{line}" for given in value.split("\n")
                           for line in _wrapped(given, WIDTH - len(_INDENT)))]


def _row(row: tuple[str, str, str, str]) -> list[str]:
    value, kind, pieces, amount = row
    wide, narrow, few, last = _COLUMNS
    line = f"{value:>{wide}} {kind:<{narrow - 1}}{pieces:>{few}}{amount:>{last}}"
    if len(line) <= WIDTH:
        return [line]
    # A million pieces, or a currency of many noughts: two lines.
    return [*_wrapped(f"{value} {kind}", WIDTH), f"{f'{pieces} x  {amount}':>{WIDTH}}"]


def _wrapped(given: str, width: int) -> list[str]:
    return textwrap.wrap(given, width) or [""]


def _printable(line: str) -> str:
    """Without what a printer would take for a command, blanks that do not break as blanks."""
    return "".join(" " if letter == "\u00a0" else
                   "?" if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn"} else letter
                   for letter in line)
