"""What comes back bears the VAT of what it gives back: its rate and price basis of then."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clearing.engine.tolerance import Matching
from clearing.settings import ProductGroup, Settings
from tests.e2e.clearing_day import DAY, NEXT, Row, fuel, reversal, row, sql
from tests.e2e.test_invoices import balance, enter_hole, gross, invoices, night, receipts
from tests.e2e.test_invoices_abroad import (
    AUSTRIA,
    at,
    queue,
    rates,
    scene,
    terms,
    wait_for_the_same_bytes,
)
from tests.e2e.test_suspense import captured, decide
from tests.support.vat_abroad import settings_of, site

pytestmark = pytest.mark.invariant(11)

THIRD = NEXT + timedelta(1)
HIGH, LOW = settings_of(vat_basis_points=1_900), settings_of(vat_basis_points=1_600)


def back(of: Row, posted: int = 0, day: date = NEXT) -> Row:
    """All of a sale is given back, or so much."""
    return reversal(of, posted or -of["posted_minor"], business_date=day)


def enter_price(database_url: str) -> None:
    """What the hole's contract lacked: 5.80 a litre, VAT included."""
    sql(database_url, "INSERT INTO price_contract (account_id, contract, version, currency, "
                      "valid_from, lines, who) SELECT account_id, contract, 3, currency, "
                      "valid_from, '[{\"product\": \"012\", \"formula\": \"fixed\", \"amount\": "
                      "\"5.80\"}]', who FROM price_contract WHERE version = 1")


def groceries(standard: int, food: int) -> Settings:
    return msgspec.structs.replace(
        settings_of(vat_basis_points=standard),
        product_groups=(ProductGroup("Food", "420", "499", food),))


def ubl(out: Path, day: date) -> str:
    """The one invoice of a night."""
    file, = (out / day.isoformat() / "fuel" / "invoices").glob("*.ubl.xml")
    return file.read_text()


def test_a_credit_note_bears_the_rate_of_its_invoice(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    sale = at("S1", "sale", 11_900)
    night(database_url, DAY, [sale], tmp_path, settings=HIGH)
    sold = at("S1", "sold", 11_600, business_date=NEXT)
    night(database_url, NEXT, [back(sale), sold], tmp_path, settings=LOW)
    assert {number: rates(rows) for number, rows in invoices(tmp_path, NEXT).items()} == {
        "F2026-000002": [("", "16", "S", "100.00", "16.00")],
        "G2026-000001": [("", "19", "S", "-100.00", "-19.00")]}
    assert [balance(database_url, code) for code in ("1100", "2700")] == [11_600, -1_600]
    wait_for_the_same_bytes(database_url, tmp_path, NEXT)


def test_what_is_not_invoiced_yet_is_given_back_at_its_rate(database_url: str,
                                                            tmp_path: Path) -> None:
    """The 23rd of July 2026 is a Thursday: all of the week is one invoice."""
    scene(database_url, invoice_period="week")
    sale, kept = at("S1", "sale", 11_900), at("S1", "kept", 1_190)
    night(database_url, DAY, [sale, kept], tmp_path, settings=HIGH)
    night(database_url, NEXT, [back(sale), at("S1", "new", 11_600, business_date=NEXT)], tmp_path,
          settings=LOW)
    for number in (2, 3):
        night(database_url, DAY + timedelta(number), [], tmp_path, settings=LOW)
    rows, = invoices(tmp_path, DAY + timedelta(3)).values()
    assert (receipts(rows), rates(rows)) == (
        ["kept", "sale", "sale-reversal", "new"],
        [("", "16", "S", "100.00", "16.00"), ("", "19", "S", "10.00", "1.90")])


def test_a_rate_that_was_told_later_is_the_invoices(database_url: str, tmp_path: Path) -> None:
    """The lines were stored without a rate; the night that has invoiced them knew one."""
    def croatia(rate: int) -> Settings:
        return settings_of(HR={"vat_basis_points": rate, "vat_id": "HR12345678901"})

    scene(database_url)
    sale, kept = at("ZAGREB", "sale", 12_500), at("ZAGREB", "kept", 1_250)
    night(database_url, DAY, [sale, kept], tmp_path, settings=HIGH)
    night(database_url, NEXT, [back(kept)], tmp_path, settings=croatia(2_500))
    rows, = invoices(tmp_path, NEXT).values()
    assert (gross(rows), rates(rows)) == ("125.00", [("HR", "25", "S", "100.00", "25.00")])
    night(database_url, THIRD, [back(sale, day=THIRD)], tmp_path, settings=croatia(1_300))
    rows, = invoices(tmp_path, THIRD).values()
    assert rates(rows) == [("HR", "25", "S", "-100.00", "-25.00")]


@pytest.mark.parametrize("since", [{}, {"AT": {"vat_basis_points": 1_000}}])
def test_a_credit_note_is_told_by_what_its_invoice_was(since: dict[str, Any], database_url: str,
                                                       tmp_path: Path) -> None:
    """The settings speak of the country no more, or without the operator's number there."""
    scene(database_url)
    sale = at("WIEN", "sale", 12_000)
    night(database_url, DAY, [sale], tmp_path, settings=settings_of(AT=AUSTRIA))
    night(database_url, NEXT, [back(sale)], tmp_path, settings=settings_of(**since))
    rows, = invoices(tmp_path, NEXT).values()
    assert rates(rows) == [("AT", "20", "S", "-100.00", "-20.00")]
    assert "ATU12345675" in ubl(tmp_path, NEXT)
    wait_for_the_same_bytes(database_url, tmp_path, NEXT)
    assert queue(database_url) == []


def test_a_week_is_invoiced_where_it_was_sold(database_url: str, tmp_path: Path) -> None:
    """Within it the settings cease to speak of the country: what was sold was taxed there."""
    scene(database_url, invoice_period="week")
    night(database_url, DAY, [at("WIEN", "sale", 12_000)], tmp_path,
          settings=settings_of(AT=AUSTRIA))
    for number in range(1, 4):
        night(database_url, DAY + timedelta(number), [], tmp_path, settings=settings_of())
    day = DAY + timedelta(3)
    rows, = invoices(tmp_path, day).values()
    assert rates(rows) == [("AT", "20", "S", "100.00", "20.00")]
    assert "ATU12345675" in ubl(tmp_path, day)
    wait_for_the_same_bytes(database_url, tmp_path, day)


def test_a_return_that_is_undone_bears_the_rate_of_its_sale(database_url: str,
                                                            tmp_path: Path) -> None:
    scene(database_url)
    sale = at("S1", "sale", 11_900)
    night(database_url, DAY, [sale], tmp_path, settings=HIGH)
    returned = back(sale)
    night(database_url, NEXT, [returned], tmp_path, settings=LOW)
    again = row("reversal", "again", 11_900, original_key=returned["key"], business_date=THIRD)
    sold = at("S1", "sold", 11_600, business_date=THIRD)
    night(database_url, THIRD, [again, sold], tmp_path, settings=LOW)
    rows, = invoices(tmp_path, THIRD).values()
    assert rates(rows) == [("", "16", "S", "100.00", "16.00"), ("", "19", "S", "100.00", "19.00")]


def test_a_return_that_is_undone_is_taxed_where_its_sale_was(database_url: str,
                                                             tmp_path: Path) -> None:
    """Nobody had told the site's country; since the sale it is Croatia's."""
    scene(database_url)
    sales = [at("NEW", "sale", 11_900), at("WIEN", "vienna", 12_000)]
    night(database_url, DAY, sales, tmp_path,
          settings=settings_of(vat_basis_points=1_900, AT=AUSTRIA))
    site(database_url, "NEW", "HR")
    returned = back(sales[0])
    night(database_url, NEXT, [returned], tmp_path, settings=HIGH)
    again = row("reversal", "again", 11_900, original_key=returned["key"], business_date=THIRD,
                site_id="NEW")
    night(database_url, THIRD, [again], tmp_path, settings=LOW)
    rows, = invoices(tmp_path, THIRD).values()
    assert rates(rows) == [("", "19", "S", "100.00", "19.00")]


def test_a_rate_abroad_is_kept_too(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    sale = at("WIEN", "sale", 12_000)
    night(database_url, DAY, [sale], tmp_path, settings=settings_of(AT=AUSTRIA))
    night(database_url, NEXT, [back(sale)], tmp_path,
          settings=settings_of(AT=AUSTRIA | {"vat_basis_points": 1_000}))
    rows, = invoices(tmp_path, NEXT).values()
    assert rates(rows) == [("AT", "20", "S", "-100.00", "-20.00")]


def test_what_is_priced_later_bears_the_rate_of_its_day(database_url: str, tmp_path: Path) -> None:
    """Sold at 16 %, priced and given back while others hold: its supply was then."""
    scene(database_url)
    enter_hole(database_url)
    sale = at("S1", "sale", 11_600, flags="price_missing:012")
    night(database_url, DAY, [sale], tmp_path, settings=LOW)
    enter_price(database_url)
    night(database_url, NEXT, [], tmp_path, settings=HIGH)
    rows, = invoices(tmp_path, NEXT).values()
    assert rates(rows) == [("", "16", "S", "100.00", "16.00")]
    night(database_url, THIRD, [back(sale, day=THIRD)], tmp_path, settings=HIGH)
    rows, = invoices(tmp_path, THIRD).values()
    assert (rows[0]["corrects"], rates(rows)) == (
        "F2026-000001", [("", "16", "S", "-100.00", "-16.00")])


def test_what_waits_for_a_price_is_undone_at_the_rate_of_its_sale(database_url: str,
                                                                  tmp_path: Path) -> None:
    """Sold at 16 %; given back, taken again and priced while others hold."""
    scene(database_url)
    enter_hole(database_url)
    sale = at("S1", "sale", 11_600, flags="price_missing:012")
    night(database_url, DAY, [sale], tmp_path, settings=LOW)
    returned = back(sale)
    night(database_url, NEXT, [returned], tmp_path, settings=HIGH)
    again = row("reversal", "again", 11_600, original_key=returned["key"], business_date=THIRD)
    night(database_url, THIRD, [again], tmp_path, settings=HIGH)
    enter_price(database_url)
    day = THIRD + timedelta(1)
    night(database_url, day, [], tmp_path, settings=HIGH)
    rows, = invoices(tmp_path, day).values()
    assert rates(rows) == [("", "16", "S", "100.00", "16.00")]


def in_suspense(database_url: str, out: Path) -> tuple[Row, Settings]:
    """A sale at 16 % that waits for people; and the settings of the nights after it."""
    unmatched = Matching(unmatched="suspense")
    low, high = (msgspec.structs.replace(one, matching=unmatched) for one in (LOW, HIGH))
    scene(database_url)
    sale = captured("loose", 11_600)
    night(database_url, DAY, [sale], out, settings=low)
    return sale, high


def test_what_comes_out_of_suspense_bears_the_rate_of_its_day(database_url: str,
                                                              tmp_path: Path) -> None:
    sale, high = in_suspense(database_url, tmp_path)
    decide(database_url, "accept")
    night(database_url, NEXT, [], tmp_path, settings=high)
    rows, = invoices(tmp_path, NEXT).values()
    assert rates(rows) == [("", "16", "S", "100.00", "16.00")]
    night(database_url, THIRD, [back(sale, -1_160, THIRD)], tmp_path, settings=high)
    rows, = invoices(tmp_path, THIRD).values()
    assert (rows[0]["corrects"], rates(rows)) == (
        "F2026-000001", [("", "16", "S", "-10.00", "-1.60")])


def test_what_is_undone_in_suspense_bears_the_rate_of_its_sale(database_url: str,
                                                               tmp_path: Path) -> None:
    sale, high = in_suspense(database_url, tmp_path)
    returned = back(sale)
    night(database_url, NEXT, [returned], tmp_path, settings=high)
    again = row("reversal", "again", 11_600, original_key=returned["key"], business_date=THIRD)
    night(database_url, THIRD, [again], tmp_path, settings=high)
    decide(database_url, "accept")
    day = THIRD + timedelta(1)
    night(database_url, day, [], tmp_path, settings=high)
    rows, = invoices(tmp_path, day).values()
    assert rates(rows) == [("", "16", "S", "100.00", "16.00")]


@pytest.mark.parametrize(("rest", "parts"), [
    (-2_260, [("", "19", "S", "-10.00", "-1.90"), ("", "7", "S", "-10.00", "-0.70")]),
    (-22_600, [("", "19", "S", "-100.00", "-19.00"), ("", "7", "S", "-100.00", "-7.00")])])
def test_a_part_of_a_sale_of_two_rates_is_given_back_of_both(
        rest: int, parts: list[tuple[str, ...]], database_url: str, tmp_path: Path) -> None:
    """By what each was of it; at no rate that the sale did not have."""
    scene(database_url)
    sale = row("sale", "sale", 22_600, detail={"items": [
        {"product": "012", "unit": "L", "quantity": "70", "amount_minor": 11_900},
        {"product": "420", "amount_minor": 5_000}, {"product": "421", "amount_minor": 5_700}]})
    night(database_url, DAY, [sale], tmp_path, settings=groceries(1_900, 700))
    night(database_url, NEXT, [back(sale, rest)], tmp_path, settings=groceries(1_600, 500))
    rows, = invoices(tmp_path, NEXT).values()
    assert sorted(rates(rows)) == parts


def test_a_part_is_given_back_at_rates_that_are_told_later(database_url: str,
                                                           tmp_path: Path) -> None:
    """Two foods in a country that nobody has told of: no rate is known, and theirs is not the
    country's standard."""
    food = {"name": "Food", "first": "420", "last": "499", "vat_basis_points": 700}
    scene(database_url)
    sale = row("sale", "sale", 21_400, site_id="ZAGREB", detail={"items": [
        {"product": "420", "amount_minor": 10_700}, {"product": "421", "amount_minor": 10_700}]})
    night(database_url, DAY, [sale], tmp_path, settings=HIGH)
    night(database_url, NEXT, [back(sale, -2_140)], tmp_path, settings=HIGH)
    night(database_url, THIRD, [], tmp_path, settings=settings_of(HR={
        "vat_basis_points": 2_500, "vat_id": "HR12345678901", "product_groups": [food]}))
    rows, = invoices(tmp_path, THIRD).values()
    assert rates(rows) == [("HR", "7", "S", "180.00", "12.60")]


@pytest.mark.parametrize(("before", "after", "asked", "rounding"), [
    ("net", "gross", "19.99", "0.00"), ("gross", "net", "20.00", "0.01")])
def test_a_credit_note_keeps_the_sum_that_its_invoice_has_kept(
        before: str, after: str, asked: str, rounding: str, database_url: str,
        tmp_path: Path) -> None:
    """Twice 10.00 at 19 %: 8.40 each, and 3.19 of VAT; a cent is missing."""
    scene(database_url, price_basis=before)
    sales = [fuel("one", 1_000), fuel("two", 1_000)]
    night(database_url, DAY, sales, tmp_path, settings=HIGH)
    rows, = invoices(tmp_path, DAY).values()
    assert (gross(rows), rows[-1]["rounding"]) == (asked, rounding)
    terms(database_url, price_basis=after)
    night(database_url, NEXT, [back(one) for one in sales], tmp_path, settings=HIGH)
    rows, = invoices(tmp_path, NEXT).values()
    assert (rows[0]["corrects"], gross(rows)) == ("F2026-000001", f"-{asked}")
    assert [balance(database_url, code) for code in ("1100", "2110", "2700", "5900")] == [0] * 4
    wait_for_the_same_bytes(database_url, tmp_path, NEXT)
