"""An invoice as a table that a buyer's books import: a row a line, a row a rate of VAT, a total.

PURE: a document in, rows out. Amounts are decimals of the currency; in a credit note they are
negative, so that a column adds up whatever the documents are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from clearing.invoices.document import Document, Line
from clearing.invoices.xml_text import amount, letters, number, percent

ATTRIBUTES: Final = ("Vehicle", "Driver", "Card", "Odometer", "Site", "Time", "Receipt", "Contract")
COLUMNS: Final = (
    "record", "invoice", "type", "issued_on", "due_on", "customer", "corrects", "line", "date",
    *(name.lower() for name in ATTRIBUTES), "product", "text", "quantity", "unit", "list_price",
    "price", "discount", "vat_percent", "net", "vat", "rounding", "gross", "currency")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def erp_csv(document: Document) -> Iterator[str]:
    """The table, RFC 4180; what a spreadsheet would run as a formula gets an apostrophe."""
    sign = -1 if document.is_credit else 1
    currency = document.currency
    before = document.preceding[0].number if document.preceding else ""
    head = (document.number, document.type_code, document.issued_on.isoformat(),
            document.due_on.isoformat() if document.due_on else "", document.buyer.party_id, before)
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_line(line, head, sign, currency) for line in document.lines)
    for group in document.vat:
        writer.writerow(_rest("vat", head, currency,
                              vat_percent=percent(group.rate_basis_points),
                              net=amount(sign * group.net_minor, currency),
                              vat=amount(sign * group.vat_minor, currency)))
    writer.writerow(_rest("total", head, currency,
                          net=amount(sign * document.net_minor, currency),
                          vat=amount(sign * document.vat_minor, currency),
                          rounding=amount(sign * document.rounding_minor, currency),
                          gross=amount(sign * document.payable_minor, currency)))
    yield sink.getvalue()


def _line(line: Line, head: tuple[str, ...], sign: int, currency: str) -> tuple[str, ...]:
    told = dict(line.attributes)
    price = line.price
    return ("line", *head, str(line.number), line.end.isoformat() if line.end else "",
            *(_cell(told.get(name, "")) for name in ATTRIBUTES), _cell(line.item_id),
            _cell(line.name), number(sign * line.quantity), line.unit,
            "" if price.list_price is None else number(price.list_price), number(price.net),
            "" if price.discount is None else number(price.discount),
            percent(line.rate_basis_points), amount(sign * line.net_minor, currency), "", "",
            amount(sign * line.gross_minor, currency), currency)


def _rest(record: str, head: tuple[str, ...], currency: str, **values: str) -> list[str]:
    named = dict(zip(COLUMNS, (record, *head), strict=False)) | values | {"currency": currency}
    return [named.get(column, "") for column in COLUMNS]


@lru_cache(65_536)
def _cell(value: str) -> str:
    clean = letters(value)
    return "'" + clean if clean.startswith(_FORMULA) else clean
