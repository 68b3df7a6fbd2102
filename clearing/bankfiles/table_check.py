"""Tables for banks, read back by the form that lies beside each.

Knows the description that is released with a table; must not know its writer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from clearing.bankfiles.forms import Column, CsvForm
from clearing.bankfiles.tables import read_amount, read_table

ENDING: Final = "-form.json"  # after the name of the table


class Described(msgspec.Struct, frozen=True):
    """What a table's importer has to know."""

    form: CsvForm
    columns: tuple[Column, ...]
    currency: str


def describe(form: CsvForm, columns: tuple[Column, ...], currency: str) -> bytes:
    """The description, as it is written beside the table."""
    return msgspec.json.format(msgspec.json.encode(Described(form, columns, currency))) + b"\n"


def read_order_table(path: Path) -> tuple[int, int, str]:
    """Count, sum and currency of a table of orders. ValueError: it is not as its form says, or an
    EndToEndId is there twice."""
    described = read_description(path)
    rows = _rows(path, described)
    identifiers = {row["end_to_end_id"] for row in rows}
    if len(identifiers) != len(rows):
        raise ValueError(f"{len(rows)} credits with {len(identifiers)} end-to-end ids")
    amounts = [read_amount(row, described.form, described.currency) for row in rows]
    if any(minor <= 0 for minor in amounts):
        raise ValueError("an order takes")
    return len(rows), sum(amounts), described.currency


def read_advice_table(path: Path) -> tuple[int, int, str]:
    """Rows, their sum and currency, of a table of deposits."""
    described = read_description(path)
    amounts = [read_amount(row, described.form, described.currency)
               for row in _rows(path, described)]
    return len(amounts), sum(amounts), described.currency


def read_description(path: Path) -> Described:
    """What lies beside a table. ValueError: nothing that can be read."""
    return msgspec.json.decode(path.with_name(path.name + ENDING).read_bytes(), type=Described)


def read_form(path: Path) -> tuple[int, int, str]:
    """The columns of a description; it has no money."""
    return len(msgspec.json.decode(path.read_bytes(), type=Described).columns), 0, ""


def _rows(path: Path, described: Described) -> list[dict[str, str]]:
    return read_table(path.read_bytes(), described.form, described.columns)
