"""Receipts: plain text, 40 columns, from a template.

Knows how amounts, litres and VAT are written; the words are in `templates/receipt.txt`. Knows no
card number but the masked one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from terminals.edge.catalogue import Product
from terminals.edge.config import Config
from terminals.edge.rows import Row, decimal_text, volume_ml
from terminals.edge.states import Kind, State
from terminals.edge.ticket import Outcome, outcome_of
from terminals.paper import WIDTH, money, pair, trimmed, wrapped
from terminals.purchase import Item
from terminals.templates import template

_TITLES: Final = {
    Kind.SALE: "SALE", Kind.OFFLINE_SALE: "SALE", Kind.COMPLETION: "SALE",
    Kind.PREAUTHORIZATION: "PRE-AUTHORIZATION", Kind.INCREMENT: "PRE-AUTHORIZATION, INCREASED",
    Kind.RETURN: "RETURN", Kind.REVERSAL: "REVERSAL"}
_VERDICTS: Final = {
    Outcome.APPROVED: "APPROVED", Outcome.PARTIAL: "APPROVED IN PART", Outcome.DECLINED: "DECLINED",
    Outcome.UNANSWERED: "NO ANSWER: NOTHING WAS SOLD", Outcome.STORED: "ACCEPTED",
    Outcome.FORWARDED: "ACCEPTED", Outcome.PARKED: "ACCEPTED"}


def receipt(row: Row, config: Config, products: Mapping[str, Product],
            foot: tuple[str, ...] = (), *, copy: bool = False) -> str:
    """The receipt of a message. products: the catalogue's; foot: its last lines."""
    place, said = config.terminal, row.particulars
    items = said.items if row.kind is not Kind.REVERSAL else ()
    outcome = outcome_of(row)
    # A hold for as much as may be asks for nothing, and holds what the host said.
    held = row.kind is Kind.PREAUTHORIZATION and outcome is Outcome.APPROVED
    amount = row.approved_minor if held or outcome is Outcome.PARTIAL else row.amount_minor
    litres = volume_ml(items)
    verdict = [] if outcome is Outcome.OFFLINE else [_VERDICTS[outcome]]
    if row.approval_code:
        verdict.append(pair("Approval code", row.approval_code))
    if outcome is Outcome.DECLINED:
        verdict.append(pair(f"Code {row.action}", row.reason))
    text = template("terminals.edge", "receipt.txt").render(
        width=WIDTH, pair=pair, copy=copy, terminal=place.id, sequence=row.sequence,
        head=wrapped(place.name or place.merchant, place.address,
                     f"VAT no {place.tax_number}" if place.tax_number else ""),
        date=f"{row.local_time:%d.%m.%Y}", time=f"{row.local_time:%H:%M:%S}",
        card=row.pan_masked, entry=said.entry, second=said.second_masked,
        prompts=[(name.replace("_", " ").capitalize(), answer)
                 for name, answer in said.prompts.items()],
        title=_TITLES[row.kind], currency=row.currency, total=money(amount),
        items=[_line(item, row, _product(item.product, products)) for item in items],
        litres=decimal_text(Decimal(litres).scaleb(-3)) if litres else "",
        vat=_vat(items, config.vat) if row.state is not State.ABANDONED else [],
        offline=row.kind is Kind.OFFLINE_SALE, tc=said.tc, verdict=verdict, foot=wrapped(*foot))
    return trimmed(text)


def _line(item: Item, row: Row, product: Product | None) -> dict[str, Any]:
    """An item; its contract price is what the host answered, else the catalogue's SPOT price."""
    prices = row.particulars.contract_prices or row.particulars.list_prices
    price = next((price for price in prices if price.product == item.product), None)
    return {
        "name": product.name if product is not None else item.product,
        "amount": money(item.amount_minor),
        "quantity": f"{decimal_text(item.quantity)} {item.unit}",
        "unit_price": decimal_text(item.unit_price),
        "contract_price": price.unit_price if price is not None else "",
        "contract": price.contract if price is not None else ""}


def _product(code: str, products: Mapping[str, Product]) -> Product | None:
    """By this profile's code, or the catalogue's."""
    return next((product for product in products.values() if product.code == code),
                products.get(code))


def _vat(items: tuple[Item, ...], percents: Mapping[str, str]) -> list[dict[str, str]]:
    """What is in the amounts, by percentage; half a minor unit is rounded up."""
    gross: dict[Decimal, int] = defaultdict(int)
    for item in items:
        percent = percents.get(item.product, percents.get("default", ""))
        if percent:
            gross[Decimal(percent)] += item.amount_minor
    return [{"percent": decimal_text(percent), "amount": money(int(
        (amount * percent / (100 + percent)).quantize(Decimal(1), ROUND_HALF_UP)))}
            for percent, amount in sorted(gross.items())]
