"""CSV as spreadsheets and importers read it (RFC 4180, UTF-8).

PURE. A text that a spreadsheet would run as a formula gets an apostrophe before it: purpose and
reference are typed by strangers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import IO, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_END: Final = "\r\n"
BARE: Final = r'(?![=+\-@\t])[^,"\r\n]*'  # a pattern of texts that are a cell as they are


def write_table(sink: IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A head and rows."""
    text = io.TextIOWrapper(sink, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator=_END)
    writer.writerow(columns)
    writer.writerows(map(_cell, row) for row in rows)
    text.flush()
    text.detach()  # the sink is its opener's to close


def read_table(content: bytes) -> list[dict[str, str]]:
    """The rows of such a file by column."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def disarmed(text: str) -> str:
    """A text that no spreadsheet runs."""
    return "'" + text if text.startswith(_FORMULA) else text


def cells(*texts: str) -> str:
    """Some texts of a row, in quotes where they need them."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=_END).writerow(texts)
    return text.getvalue().removesuffix(_END)


def _cell(value: object) -> object:
    return disarmed(value) if isinstance(value, str) else value
