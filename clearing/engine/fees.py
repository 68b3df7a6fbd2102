"""What merchants are charged for payments: authhost/payments/plans.py as an expression.

PURE. A percentage is in millionths of the amount, rounded half up, then the fixed part is added,
then the least and the most hold. A capture that was not the first costs what it adds.
"""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir

from clearing.engine.rounding import divide_half_up, total
from clearing.engine.tables import table

_WHOLE: Final = 1_000_000


def charged() -> ir.Table:
    """A row a payment or refund, with fee_minor: negative where a fee is given back."""
    rows, terms, prices = table("payment"), table("terms"), table("price")
    rows = rows.inner_join(terms, rows.merchant_id == terms.merchant_id)
    # A refund that was not paid gives back what it cost, by the plan of then.
    rows = rows.mutate(by_plan=ibis.coalesce(rows.own_plan, rows.plan)).drop("plan", "own_plan")
    rows = rows.inner_join(prices, (rows.by_plan == prices.plan)
                           & (rows.fee_kind == prices.fee_kind))
    part = fee_of(rows, rows.before_minor + rows.posted_minor) - fee_of(rows, rows.before_minor)
    nothing = ibis.literal(0, "int64")
    refund = rows.fee_kind == "refund"
    return rows.mutate(fee_minor=ibis.cases(
        (~refund & (rows.posted_minor >= 0), part), (~refund, nothing),
        (rows.posted_minor < 0, fee_of(rows, -rows.posted_minor)),
        else_=-fee_of(rows, rows.fee_base_minor)))


def by_kind(rows: ir.Table) -> ir.Table:
    """Each merchant's day by kind: how many, what the fees are of, and what they come to."""
    moved = ibis.ifelse(rows.fee_kind == "refund", -rows.posted_minor, rows.posted_minor)
    rows = rows.mutate(moved_minor=moved)
    return rows.group_by("currency", "merchant_id", "account_id", "fee_kind").aggregate(
        count=ibis._.count(), base_minor=total(rows.moved_minor), fees_minor=total(rows.fee_minor))


def fee_of(prices: ir.Table, amount_minor: ir.IntegerValue) -> ir.IntegerValue:
    """plans.fee_of, by the prices beside each row; nothing of nothing."""
    made = divide_half_up(amount_minor * prices.parts, _WHOLE) + prices.fixed_minor
    made = ibis.greatest(made, prices.least_minor)
    most = ibis.ifelse(prices.most_minor.isnull(), made, prices.most_minor)
    return ibis.ifelse(amount_minor == 0, ibis.literal(0, "int64"), ibis.least(made, most))
