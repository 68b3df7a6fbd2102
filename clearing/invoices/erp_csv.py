"""An invoice as a table that a buyer's books import: a row a line, a row a rate of VAT, a total.

PURE: a document in, rows out. Amounts are decimals of the currency; in a credit note they are
negative, so that a column adds up whatever the documents are. country: where it was delivered, ''
in the seller's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from clearing.invoices.document import Document, Line
from clearing.invoices.xml_text import amount, letters, number, percent

ATTRIBUTES: Final = ("Vehicle", "Driver", "Card", "Odometer", "Site", "Time", "Receipt", "Contract")
COLUMNS: Final = (
    "record", "invoice", "type", "issued_on", "due_on", "customer", "corrects", "country", "line",
    "date", *(name.lower() for name in ATTRIBUTES), "product", "text", "quantity", "unit",
    "list_price", "price", "discount", "vat_percent", "vat_category", "net", "vat", "rounding",
    "gross", "currency")
_HEAD: Final = COLUMNS.index("line")  # columns that every row of a document has
_FORMULA: Final = ("=", "+", "-", "@")
_END: Final = "\r\n"


def erp_csv(document: Document) -> Iterator[str]:
    """The table, RFC 4180; what a spreadsheet would run as a formula gets an apostrophe."""
    sign = -1 if document.is_credit else 1
    currency = document.currency
    before = document.preceding[0].number if document.preceding else ""
    head = ",".join(map(_cell, (
        document.number, document.type_code, document.issued_on.isoformat(),
        document.due_on.isoformat() if document.due_on else "", document.buyer.party_id, before,
        document.delivered_in)))
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
    told = dict(line.attributes)
    price = line.price
    attributes = ",".join([_cell(told.get(name, "")) for name in ATTRIBUTES])
    listed = "" if price.list_price is None else number(price.list_price)
    discount = "" if price.discount is None else number(price.discount)
    return (f"line,{head},{line.number},{line.end or ''},{attributes},{_cell(line.item_id)},"
            f"{_cell(line.name)},{number(sign * line.quantity)},{line.unit},{listed},"
            f"{number(price.net)},{discount},{percent(line.rate_basis_points)},"
            f"{line.category},{amount(sign * line.net_minor, currency)},,,"
            f"{amount(sign * line.gross_minor, currency)},{currency}{_END}")


def _rest(record: str, head: str, currency: str, **values: str) -> str:
    rest = [values.get(column, "") for column in COLUMNS[_HEAD:-1]]
    return f"{record},{head},{','.join(rest)},{currency}{_END}"


@lru_cache(65_536)
def _cell(value: str) -> str:
    clean = letters(value)
    if clean.startswith(_FORMULA):
        clean = "'" + clean
    return '"' + clean.replace('"', '""') + '"' if '"' in clean or "," in clean else clean
