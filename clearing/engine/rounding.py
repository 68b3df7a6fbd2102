"""The one division, as an expression: half away from zero, the same on every engine.

PURE. Engines disagree about a negative dividend (floor or truncate) and about what `/` of two
integers is (a double loses the last digits beyond 2**53). So nothing negative is ever divided, and
the quotient is the integer function `div`, which PostgreSQL and Spark have and DuckDB is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

if TYPE_CHECKING:
    from decimal import Decimal

_WHOLE = dt.Decimal(38, 0)  # of PostgreSQL it is a numeric, so that the cast below is kept


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    signature=((dt.int64, dt.int64), _WHOLE))
def div(numerator: int, denominator: int) -> Decimal:  # type: ignore[empty-body]
    """The whole quotient of what is not negative."""


def divide_half_up(numerator: ir.IntegerValue,
                   denominator: int | ir.IntegerValue) -> ir.IntegerValue:
    """clearing.money.divide_half_up of a column; `denominator` > 0 in every row.

    The engine stops with its own overflow where 2 * |numerator| + denominator is beyond int64.
    """
    size = div(numerator.abs() * 2 + denominator, denominator * 2).cast("int64")
    return ibis.ifelse(numerator >= 0, size, -size)


def total(amounts: ir.IntegerColumn, where: ir.BooleanValue | None = None) -> ir.IntegerScalar:
    """The sum of minor units as int64: engines make a wider type of a sum, and ibis, which takes
    it for int64 already, would leave out the cast. Nothing summed is 0."""
    return amounts.cast(_WHOLE).sum(where=where).cast("int64").fill_null(0)
