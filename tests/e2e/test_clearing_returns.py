"""Goods that come back, and holds that were raised: each row its place, the books their sum."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from clearing.run import clear
from tests.e2e.clearing_day import (
    DAY,
    NEXT,
    Row,
    fuel,
    full_day,
    lines_of,
    make_day,
    read_invoices,
    row,
    sql,
    wait,
)
from tests.e2e.test_clearing import clear_next_day, sums


def returned(of: Row, posted: int, number: int = 1, **other: object) -> Row:
    """A return of `of` that gives back -posted."""
    same = {name: of[name] for name in ("account_id", "currency", "terminal_id", "merchant_id",
                                        "site_id")}
    return row("return", f"{of['key']}-return{number}", posted,
               **{**same, "original_key": of["key"], **other})


def test_what_comes_back_on_the_same_day_is_not_invoiced(database_url: str, tmp_path: Path) -> None:
    whole, part, kept = fuel("whole", 4_000), fuel("part", 5_000), fuel("kept", 700)
    undone = returned(kept, -700)
    rows = [whole, part, kept, returned(whole, -1_500), returned(whole, -2_500, 2),
            returned(part, -2_000), undone,
            # The return did not take place after all: what it gave back is taken again.
            row("reversal", "undone", 700, original_key=undone["key"])]
    wait(make_day(database_url, rows))
    summary = wait(clear(database_url, DAY, tmp_path))
    # The sale that was kept; its return and what undid that come to nothing.
    assert summary.places == {"cleared": 3, "reversed": 5, "open": 0}
    assert sums(summary)["invoice_ubl_xml", "EUR"] == 3_700
    assert summary.balanced


def test_what_comes_back_later_is_a_credit_of_its_sale(database_url: str, tmp_path: Path) -> None:
    sale = fuel("sale", 4_000)
    wait(make_day(database_url, [sale]))
    wait(clear(database_url, DAY, tmp_path))
    summary = wait(clear_next_day(
        database_url, [returned(sale, -4_000, business_date=NEXT)], tmp_path))
    assert summary.places == {"cleared": 1, "reversed": 0, "open": 0}
    invoice, = read_invoices(tmp_path / NEXT.isoformat())
    assert lines_of(invoice, "type", "corrects", "gross", "quantity") == [
        ("381", "F2026-000001", "-40.00", "-20.125")]


def test_a_return_that_is_undone_later_is_its_sale_again(database_url: str,
                                                         tmp_path: Path) -> None:
    """With the sale's text, products and price by contract, not the pump's."""
    price = {"product": "012", "unit_price": "1.9", "amount_minor": 3_800, "contract": "C1",
             "version": 1}
    sale = fuel("sale", 4_000)
    sale["detail"] = json.dumps({**json.loads(sale["detail"]), "prices": [price]})
    back = returned(sale, -4_000, business_date=NEXT)
    third = NEXT + timedelta(days=1)
    wait(make_day(database_url, [sale]))
    wait(clear(database_url, DAY, tmp_path))
    again = row("reversal", "again", 4_000, original_key=back["key"], business_date=third)
    wait(clear_next_day(database_url, [back, again], tmp_path))
    wait(clear(database_url, third, tmp_path))
    told = [lines_of(read_invoices(tmp_path / day.isoformat())[0], "type", "gross", "quantity")
            for day in (DAY, NEXT, third)]
    assert told == [[("380", "38.00", "20.125")], [("381", "-38.00", "-20.125")],
                    [("380", "38.00", "20.125")]]


def test_what_raises_a_hold_ends_with_it(database_url: str, tmp_path: Path) -> None:
    raised = {"original_key": "hold"}
    rows = [row("preauthorization", "hold", 0), row("increment", "more", 0, **raised),
            row("increment", "taken-back", 0, **raised),
            row("reversal", "back", 0, original_key="taken-back"),
            row("completion", "done", 5_000, original_key="hold"),
            row("preauthorization", "open", 0), row("increment", "open-more", 0,
                                                    original_key="open")]
    wait(make_day(database_url, rows))
    summary = wait(clear(database_url, DAY, tmp_path))
    assert summary.places == {"cleared": 3, "reversed": 1, "open": 2}
    assert sums(summary)["invoice_ubl_xml", "EUR"] == 5_000


def test_a_return_of_a_completion_above_its_hold(database_url: str, tmp_path: Path) -> None:
    """The hold was taken by one leg and the rest by another: so it is given back, and the second
    row of the return moves nothing."""
    back = {"original_key": "sold", "currency": "EUR"}
    wait(make_day(database_url, [
        *full_day(), row("completion", "sold", 7_000), row("return", "back", -7_000, **back),
        row("return", "back", 0, **back, leg=1)]))
    assert wait(clear(database_url, DAY, tmp_path)).balanced
    assert [tuple(one) for one in sql(
        database_url, "SELECT j.key, p.place FROM placement p JOIN journal j ON j.id = "
        "p.journal_id WHERE j.key IN ('sold', 'back') ORDER BY 1")] == [
            ("back", "reversed"), ("sold", "reversed")]
