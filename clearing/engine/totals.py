"""Sums and digests of placements: the same for the same rows, in whatever order they came.

PURE. A digest is of a bag of rows: how many there are, and the sum of 52 bits of the MD5 of each
row's text, so that no order, no engine and no number of workers shows in it. It tells two answers
apart that differ by accident; it proves nothing to an adversary (the manifest's SHA-256 does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis
import ibis.expr.types as ir

from clearing.engine.rounding import total

_DIGITS: Final = "0123456789abcdef"
_TAKEN: Final = 13  # hexadecimal digits: 52 bits, which int64 holds
_BETWEEN: Final = "\x1f"


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def md5(text: str) -> str:  # type: ignore[empty-body]
    """Hexadecimal, in lower case: the three engines call it so."""


def by_account(rows: ir.Table) -> ir.Table:
    """Placements by account, currency and family: rows and money."""
    return rows.group_by("debit_account_id", "currency", "place", "family").aggregate(
        rows=ibis._.count(), amount_minor=total(rows.amount_minor))


def digest(rows: ir.Table, columns: Sequence[str]) -> ir.Table:
    """One row: count, and the sum of the digests of these columns; text as they are written."""
    texts = [_text(rows[name]) for name in columns]
    named = rows.select(hexadecimal=md5(ibis.literal(_BETWEEN).join(texts)))
    numbers = named.select(number=_number(named.hexadecimal))
    return numbers.aggregate(count=numbers.count(),
                             sum=numbers.number.cast("decimal(38, 0)").sum().cast("string"))


def _text(column: ir.Value) -> ir.StringValue:
    if column.type().is_date():
        column = column.year() * 10_000 + column.month() * 100 + column.day()
    return ibis.coalesce(column.cast("string"), "")


def _number(hexadecimal: ir.StringColumn) -> ir.IntegerValue:
    # A position is int64 to ibis and int4 to PostgreSQL: through int32, so that the cast is kept.
    digits = [ibis.literal(_DIGITS).find(hexadecimal.substr(place, 1)).cast("int32").cast("int64")
              * 16 ** (_TAKEN - 1 - place) for place in range(_TAKEN)]
    number = digits[0]
    for one in digits[1:]:
        number += one
    return number
