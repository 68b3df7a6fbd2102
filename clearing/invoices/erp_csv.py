"""An invoice as a table that a buyer's books import: a row a line, a row a rate of VAT, a total.

PURE: a document in, rows out. Amounts are decimals of the currency; in a credit note they are
negative, so that a column adds up whatever the documents are. country: where it was delivered, ''
in the seller's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from clearing.invoices.document import ATTRIBUTES, Document, Line
from clearing.invoices.xml_text import amount, letters, number, percent

COLUMNS: Final = (
    "record", "invoice", "type", "issued_on", "due_on", "customer", "corrects", "country", "line",
    "date", *(name.lower() for name in ATTRIBUTES), "product", "text", "quantity", "unit",
    "list_price", "price", "discount", "vat_percent", "vat_category", "net", "vat", "rounding",
    "gross", "currency")
_HEAD: Final = COLUMNS.index("line")  # columns that every row of a document has
_FORMULA: Final = ("=", "+", "-", "@")
# Most of what strangers have typed into a line: nothing to quote, no formula, and no blank but
# between words (see xml_text).
_WORD: Final = "[!#-+.-~\u00a1-\u167f-]++"
_CELL: Final = f"(?:(?![=+@-]){_WORD}(?: {_WORD})*+)?+"
_are_plain: Final = re.compile(f"{_CELL}(?:,{_CELL}){{{len(ATTRIBUTES) + 1}}}").fullmatch
_END: Final = "\r\n"


def erp_csv(document: Document) -> Iterator[str]:
    """The table, RFC 4180; what a spreadsheet would run as a formula gets an apostrophe."""
    sign = -1 if document.is_credit else 1
    currency = document.currency
    before = document.preceding[0].number if document.preceding else ""
    head = ",".join(map(_cell, (
        document.number, document.type_code, _day(document.issued_on), _day(document.due_on),
        document.buyer.party_id, before, document.delivered_in)))
    yield ",".join(COLUMNS) + _END
    for line in document.lines:
        yield _line(line, head, sign, currency)
    for group in document.vat:
        yield _rest("vat", head, currency, vat_percent=percent(group.rate_basis_points),
                    vat_category=group.category, net=amount(sign * group.net_minor, currency),
                    vat=amount(sign * group.vat_minor, currency))
    yield _rest("total", head, currency, net=amount(sign * document.net_minor, currency),
                vat=amount(sign * document.vat_minor, currency),
                rounding=amount(sign * document.rounding_minor, currency),
                gross=amount(sign * document.payable_minor, currency))


def _line(line: Line, head: str, sign: int, currency: str) -> str:
    price = line.price
    told = (*line.attributes, line.item_id, line.name)
    cells = ",".join(told)
    if not _are_plain(cells):
        cells = ",".join(map(_cell, told))
    listed = "" if price.list_price is None else number(price.list_price)
    discount = "" if price.discount is None else number(price.discount)
    return (f"line,{head},{line.number},{_day(line.end)},{cells},{number(sign * line.quantity)},"
            f"{line.unit},{listed},{number(price.net)},{discount},"
            f"{percent(line.rate_basis_points)},{line.category},"
            f"{amount(sign * line.net_minor, currency)},,,"
            f"{amount(sign * line.gross_minor, currency)},{currency}{_END}")


def _rest(record: str, head: str, currency: str, **values: str) -> str:
    rest = [values.get(column, "") for column in COLUMNS[_HEAD:-1]]
    return f"{record},{head},{','.join(rest)},{currency}{_END}"


@lru_cache(4_096)
def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


@lru_cache(65_536)
def _cell(value: str) -> str:
    clean = letters(value)
    if clean.startswith(_FORMULA):
        clean = "'" + clean
    return '"' + clean.replace('"', '""') + '"' if '"' in clean or "," in clean else clean
