"""What a fuel item costs: by the list, by the contract, the discount, its part without VAT.

PURE. Unit prices are in millionths of a major unit and include VAT, quantities in millionths of a
unit; both come from the journal's detail. An amount is quantity times price, rounded half up once;
where a contract names a price it is the contract's, else what the pump said. VAT of a group is of
the group's sum, never of a line (EN 16931, BR-CO-17); a line's net is rounded by itself.
"""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir

from clearing.engine.rounding import divide_half_up, total
from clearing.engine.tables import table

_MILLIONTHS: Final = 12  # decimals of quantity times price
_WHOLE: Final = 10_000  # basis points
_DECIMALS: Final = (0, 2, 3, 4)  # of minor units (ISO 4217)


def priced(vat_basis_points: int) -> ir.Table:
    """A row an item: its amounts in minor units, its VAT rate. vat_basis_points: of a product in
    no group."""
    items, rates = table("item"), table("rate")
    items = items.left_join(rates, items.product == rates.product).drop("product_right")
    items = items.mutate(
        rate=items.vat_basis_points.fill_null(vat_basis_points),
        list_minor=ibis.coalesce(amount_of(items.quantity_micro, items.list_micro, items.decimals),
                                 items.amount_minor),
        by_contract=ibis.coalesce(
            items.contract_minor,
            amount_of(items.quantity_micro, items.contract_micro, items.decimals)))
    items = items.mutate(charged_minor=ibis.coalesce(items.by_contract, items.amount_minor))
    return items.mutate(
        discount_minor=ibis.ifelse(items.by_contract.isnull(), ibis.literal(0, "int64"),
                                   items.list_minor - items.charged_minor),
        net_minor=net_of(items.charged_minor, items.rate, items.decimals)).drop(
            "vat_basis_points", "by_contract")


def by_group(items: ir.Table) -> ir.Table:
    """What each account owes by currency and rate: gross and net sums, and the VAT of the net."""
    groups = items.group_by("account_id", "currency", "rate").aggregate(
        items=ibis._.count(), gross_minor=total(items.charged_minor),
        net_minor=total(items.net_minor), discount_minor=total(items.discount_minor))
    return groups.mutate(vat_minor=divide_half_up(groups.net_minor * groups.rate, _WHOLE))


def net_of(gross_minor: ir.IntegerValue, rate: ir.IntegerValue,
           decimals: ir.IntegerColumn) -> ir.IntegerValue:
    """What is left of a gross amount without its VAT, half up, in the steps that an invoice can
    say: two decimals at most."""
    step = ibis.cases((decimals == 3, ibis.literal(10, "int64")),
                      (decimals == 4, ibis.literal(100, "int64")), else_=ibis.literal(1, "int64"))
    return divide_half_up(gross_minor * _WHOLE, (rate + _WHOLE) * step) * step


def amount_of(quantity_micro: ir.IntegerColumn, price_micro: ir.IntegerColumn,
              decimals: ir.IntegerColumn) -> ir.IntegerValue:
    """Quantity times price in minor units; null where one of them is."""
    exact = quantity_micro * price_micro
    return ibis.cases(*((decimals == one, divide_half_up(exact, 10 ** (_MILLIONTHS - one)))
                        for one in _DECIMALS))
