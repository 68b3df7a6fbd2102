"""Reads and writes the totals of a shift by card type, product and kind (elements 123, 124).

Knows: a count n3, then lines of six columns. Must not know: whose totals they are. Chosen, all of
it: public sources name the elements and no layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from iso.errors import DecodeError, EncodeError
from iso.subfields.tables import MAX_CHARS

Sold = Literal["sale", "return", "reversal", "offline_sale"]
_LETTERS: Final[Mapping[Sold, str]] = {
    "sale": "S", "return": "R", "reversal": "V", "offline_sale": "O"}
_KINDS: Final[Mapping[str, Sold]] = {letter: kind for kind, letter in _LETTERS.items()}
_COLUMNS: Final = 6
_COLUMN: Final = "\\"
_LINE: Final = "/"
_COUNT: Final = 3
_MOST_DIGITS: Final = 15
_OURS: Final = re.compile(r"[0-9]{3}[^\\/]*\\[^\\/]*\\[A-Z](\\|\Z)").match


class TotalLine(msgspec.Struct, frozen=True):
    """One line of a shift's totals: how often, minor units, millilitres; both of one sign.

    card_type: a program's id, '' for all; product as the terminal calls it, '' for all.
    """

    card_type: str
    product: str
    kind: Sold
    count: int
    amount_minor: int
    volume_ml: int


def write_shift(lines: tuple[TotalLine, ...], elements: tuple[int, ...]) -> dict[int, str]:
    """The elements that hold the lines. Raises EncodeError where they do not fit."""
    for at, line in enumerate(lines, 1):
        if not _is_plain(line):
            raise EncodeError(f"{elements[0]}.line[{at}]", "text that the form cannot carry")
    rows = [_row(line) for line in lines]
    text = f"{len(rows):0{_COUNT}d}{_LINE.join(rows)}"
    if len(rows) >= 10**_COUNT or len(text) > MAX_CHARS * len(elements):
        raise EncodeError(str(elements[0]), "more lines than fit")
    pieces = [text[at:at + MAX_CHARS] for at in range(0, len(text), MAX_CHARS)]
    return dict(zip(elements, pieces, strict=False))


def fitting(lines: tuple[TotalLine, ...], elements: tuple[int, ...]) -> tuple[TotalLine, ...]:
    """As many of the lines, from the first, as `write_shift` can carry."""
    room = MAX_CHARS * len(elements) - _COUNT
    kept: list[TotalLine] = []
    for line in lines:
        if not _is_plain(line):
            continue
        room -= len(_row(line)) + (len(_LINE) if kept else 0)
        if room < 0 or len(kept) == 10**_COUNT - 1:
            break
        kept.append(line)
    return tuple(kept)


def _row(line: TotalLine) -> str:
    return _COLUMN.join((line.card_type, line.product, _LETTERS[line.kind], str(line.count),
                         str(line.amount_minor), str(line.volume_ml)))


def _is_plain(line: TotalLine) -> bool:
    text = line.card_type + line.product
    return text.isascii() and text.isprintable() and _COLUMN not in text and _LINE not in text


def is_shift(fields: Mapping[int, str | bytes], elements: tuple[int, ...]) -> bool:
    """Whether a message's totals begin in this form; networks have others in the same elements."""
    raw = fields.get(elements[0])
    return isinstance(raw, str) and _OURS(raw) is not None


def read_shift(fields: Mapping[int, str | bytes],
               elements: tuple[int, ...]) -> tuple[TotalLine, ...]:
    """The lines of a message; none where it has no such element. Raises DecodeError."""
    pieces = [fields.get(number, "") for number in elements]
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    if not text:
        return ()
    count, body = text[:_COUNT], text[_COUNT:]
    if not (count.isascii() and count.isdecimal()):
        raise DecodeError(f"{elements[0]}.count", 0, "no count of three digits")
    rows = body.split(_LINE) if body else []
    if len(count) != _COUNT or len(rows) != int(count):
        raise DecodeError(f"{elements[0]}.count", 0, f"says {count}, but {len(rows)} lines follow")
    return tuple(_line(row, f"{elements[0]}.line[{at}]") for at, row in enumerate(rows, 1))


def _line(row: str, path: str) -> TotalLine:
    columns = row.split(_COLUMN)
    if len(columns) != _COLUMNS:
        raise DecodeError(path, 0, f"has {len(columns)} columns, not {_COLUMNS}")
    card_type, product, letter, *numbers = columns
    if not (card_type + product).isprintable():
        raise DecodeError(path, 0, "not printable")
    if letter not in _KINDS:
        raise DecodeError(f"{path}.kind", 0, f"is none of {', '.join(_KINDS)}")
    count, amount, volume = (_number(text, path) for text in numbers)
    if count < 0:
        raise DecodeError(f"{path}.count", 0, "is negative")
    return TotalLine(card_type, product, _KINDS[letter], count, amount, volume)


def _number(text: str, path: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _MOST_DIGITS:
        raise DecodeError(path, 0, "a number that is none")
    return int(text)
