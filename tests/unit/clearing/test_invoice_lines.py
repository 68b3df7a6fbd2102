"""Lines come to what was booked or agreed, whatever a detail says; periods and numbers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.invoices.config import Invoicing, invoicing_defect
from clearing.invoices.fuel_items import FuelDetail, Item, Priced
from clearing.invoices.lines import PART, FuelLine, Goods, Hole, Sale, document_line, lines_of
from clearing.invoices.numbering import number_of, series_of
from clearing.invoices.periods import PERIODS, ended_by
from clearing.invoices.totals import (
    line_price,
    net_of,
    step_of,
    sums_of,
    told_price,
    vat_groups,
)
from clearing.invoices.units import unit_code
from clearing.periods import period_of
from clearing.settings import load_settings

GOODS = Goods(load_settings(), {"012": "Diesel"})
HEAD = ("2026-07-23", "14:30", "AA-100-BB", "Jeanne", "7001**", "1", "A1")
DIESEL = Item("012", "L", Decimal(20), Decimal(2), 4_000)
WASH = Item("120", "", None, None, 500)
PRICE = Priced("012", "1.8", 3_600, "ACME", 3)


def sale(posted: int, *, items: tuple[Item, ...] = (DIESEL, WASH), prices: tuple[Priced, ...] = (),
         original: int | None = None, flags: str = "") -> Sale:
    return Sale("key", posted, "original" if posted < 0 else "", original, "", flags,
                FuelDetail(items, prices), HEAD)


def amounts(lines: list[FuelLine]) -> list[tuple[str, int, int]]:
    return [(line.product, line.pump_minor, line.amount_minor) for line in lines]


def test_a_contract_price_is_its_items() -> None:
    lines, holes = lines_of(sale(4_500, prices=(PRICE,)), GOODS)
    assert amounts(lines) == [("012", 4_000, 3_600), ("120", 500, 500)]
    assert holes == []
    assert [(line.name, line.listed, line.price, line.contract, line.version)
            for line in lines] == [("Diesel", "2", "1.8", "ACME", 3),
                                   ("Automotive products and services 120", "", "", "", 0)]


def test_prices_of_one_product_go_to_its_items_in_their_order() -> None:
    other = Priced("012", "1.7", 3_400, "ACME", 3)
    lines, _ = lines_of(sale(8_000, items=(DIESEL, DIESEL), prices=(PRICE, other)), GOODS)
    assert [line.amount_minor for line in lines] == [3_600, 3_400]


def test_a_hole_is_left_out_and_nothing_else() -> None:
    lines, holes = lines_of(sale(4_500, flags="passed:day,price_missing:012"), GOODS)
    assert amounts(lines) == [("120", 500, 500)]
    assert holes == [Hole("012", 4_000)]


def test_what_is_given_back_costs_what_it_cost() -> None:
    whole, _ = lines_of(sale(-4_500, prices=(PRICE,), original=4_500), GOODS)
    assert amounts(whole) == [("012", -4_000, -3_600), ("120", -500, -500)]
    assert [line.quantity for line in whole] == ["-20", ""]
    part, _ = lines_of(sale(-450, prices=(PRICE,), original=4_500), GOODS)
    assert amounts(part) == [("", -450, -410)]
    unknown, _ = lines_of(sale(-450, prices=(PRICE,)), GOODS)
    assert amounts(unknown) == [("", -450, -450)]
    holed = lines_of(sale(-450, original=4_500, flags="price_missing:012"), GOODS)
    assert holed == ([], [Hole(PART, -450)])


@pytest.mark.parametrize("posted", [4_500, 450, 7])
@pytest.mark.parametrize("prices", [(), (PRICE,)])
def test_what_is_taken_again_costs_what_was_given_back(posted: int,
                                                       prices: tuple[Priced, ...]) -> None:
    back, again = (amounts(lines_of(sale(sign * posted, prices=prices, original=4_500), GOODS)[0])
                   for sign in (-1, 1))
    assert again == [(product, -pump, -amount) for product, pump, amount in back]
    assert [line.credit_for for line in lines_of(
        sale(posted, prices=prices, original=4_500), GOODS)[0]] == [""] * len(again)


@pytest.mark.parametrize(("posted", "amount"), [(-6, -5), (-5, -5), (-2_250, -2_050), (-1, -1)])
def test_a_part_of_what_it_cost_is_rounded_half_away_from_zero(posted: int, amount: int) -> None:
    """Of 45.00 that cost 41.00: 5.47 cents are 5, not 6."""
    part, _ = lines_of(sale(posted, prices=(PRICE,), original=4_500), GOODS)
    assert amounts(part) == [("", posted, amount)]


priced = st.lists(st.builds(
    Priced, product=st.sampled_from(["012", "120", "x"]), unit_price=st.just("1"),
    amount_minor=st.integers(0, 9_999), contract=st.just("C"), version=st.just(1)),
    max_size=3).map(tuple)
sold = st.lists(st.builds(
    Item, product=st.sampled_from(["", "012", "120"]), unit=st.sampled_from(["L", "?", ""]),
    quantity=st.none() | st.decimals(-99, 99, places=2), unit_price=st.none() | st.just(Decimal(2)),
    amount_minor=st.integers(-9_999, 9_999)), max_size=4).map(tuple)


@given(st.integers(-9_999, 9_999).filter(bool), sold, priced,
       st.sampled_from(["", "price_missing:012", "price_missing:012,price_missing:120"]),
       st.none() | st.integers(1, 9_999))
def test_lines_and_holes_come_to_what_was_booked(
        posted: int, items: tuple[Item, ...], prices: tuple[Priced, ...], flags: str,
        original: int | None) -> None:
    lines, holes = lines_of(
        sale(posted, items=items, prices=prices, flags=flags, original=original), GOODS)
    total = sum(line.pump_minor for line in lines) + sum(hole.pump_minor for hole in holes)
    assert total == posted
    for number, line in enumerate(lines, 1):
        told = document_line(line, number, "EUR", 1)
        assert told.price.net >= 0  # BR-27
        assert told.quantity != 0
        assert abs(told.quantity * told.price.net * 100 - told.net_minor) <= 2
        assert told.price.discount is None or told.price.discount > 0


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.sampled_from(PERIODS))
def test_every_day_is_in_one_period_and_ends_with_it(day: date, period: str) -> None:
    first, last = period_of(day, period)
    assert first <= day <= last
    assert {period_of(other, period) for other in (first, last)} == {(first, last)}
    assert ended_by(last, period) == last
    assert ended_by(day, period) == (day if day == last else first - timedelta(1))


def test_half_months() -> None:
    assert period_of(date(2026, 2, 15), "half_month") == (date(2026, 2, 1), date(2026, 2, 15))
    assert period_of(date(2026, 2, 16), "half_month") == (date(2026, 2, 16),
                                                              date(2026, 2, 28))


def test_numbers() -> None:
    assert number_of(series_of("F", date(2026, 7, 23)), 7) == "F2026-000007"
    assert number_of("F2026", 12_345_678) == "F2026-12345678"


@pytest.mark.parametrize(("currency", "gross", "net"), [
    ("EUR", 4_137, 3_448), ("EUR", -4_137, -3_448), ("JPY", 413, 344), ("KWD", 41_367, 34_470)])
def test_a_line_is_rounded_half_up_in_what_an_invoice_can_say(currency: str, gross: int,
                                                              net: int) -> None:
    assert net_of(gross, 2_000, step_of(currency)) == net


def test_a_price_above_the_pump_is_no_discount() -> None:
    def price(gross: str, listed: str) -> tuple[str, object, object]:
        net = net_of(int(Decimal(gross) * 2_000), 2_000)
        told = told_price(Decimal(gross), Decimal(listed), 2_000)
        made = line_price(told, Decimal(20), net, "EUR")
        return str(made.net), made.list_price, made.discount
    assert price("2.1", "2") == ("1.75", None, None)
    assert price("2", "2") == ("1.666667", None, None)
    assert price("1.8", "2") == ("1.5", Decimal("1.666667"), Decimal("0.166667"))


def test_where_quantity_and_price_do_not_explain_the_amount_the_amount_holds() -> None:
    told = told_price(Decimal(2), Decimal(3), 2_000)
    made = line_price(told, Decimal(20), 9_999, "EUR")
    assert (made.net, made.list_price) == (Decimal("4.9995"), None)


def test_gross_is_kept_or_net_is() -> None:
    vat = vat_groups([document_line(FuelLine(
        "k", "2026-07-23", "10:00", "v", "", "", "", "", "012", "Diesel", "", "", "", "", 2, 2,
        2_000), number, "EUR", 1) for number in range(1, 4)])
    kept, worked = sums_of(vat, 6), sums_of(vat, None)
    assert (kept.payable_minor, kept.rounding_minor) == (6, -1)
    assert (worked.payable_minor, worked.rounding_minor) == (7, 0)


def test_units() -> None:
    assert [unit_code(unit) for unit in ("L", "6", "K", "gal_us", "nonsense")] == [
        "LTR", "KWH", "KGM", "GLL", "C62"]


@pytest.mark.parametrize(("change", "word"), [
    ({"vat_id": "123"}, "vat_id"), ({"endpoint_id": "x"}, "endpoint_id"),
    ({"series": "f"}, "series"), ({"credit_series": "F"}, "one")])
def test_settings_that_cannot_be_right(change: dict[str, str], word: str) -> None:
    assert word in invoicing_defect(Invoicing(**change))
    assert invoicing_defect(Invoicing(vat_id="DE123456788")) == ""
