"""Prices worked by hand: each formula, tax basis, unit, rounding; and what cannot be worked out.

The sources of the rules: wholesale base prices are net and per m3 of 1,000 litres, pump prices
contain VAT (fuel retail practice); VAT is a share of the net price (Council Directive 2006/112/EC,
art. 73 and 78); a US gallon is 231 cubic inches, 3.785411784 L (NIST Handbook 44, appendix C), an
imperial one 4.54609 L (Units of Measurement Regulations 1995, UK).
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from authhost.model import ContractPrice, Item
from authhost.pricing.book import Book, item_price
from authhost.pricing.formula import BasePrice
from authhost.pricing.market import Market, Site
from authhost.pricing.terms import Contract, Line, instant_us
from authhost.pricing.timeline import Timeline, latest

START = datetime(2026, 1, 1, tzinfo=UTC)
START_US = instant_us(START)
NOW_US = instant_us(datetime(2026, 7, 1, 12, tzinfo=UTC))
D = Decimal


def base(price: str, unit: str = "m3", tax_basis: Any = "net", product: str = "001",
         temperature: str = "15C", currency: str = "EUR") -> Timeline[BasePrice]:
    """One base price, in force since the start of 2026."""
    one = BasePrice(D(price), unit, tax_basis, "OMV", product, temperature, currency, 1, 1,
                    START_US)
    return Timeline([(START_US, one)])


def market(**more: Any) -> Market:
    """912.50 EUR a m3 of product 001 at 15 degrees, net; 20 % VAT in Austria, 19 % in Germany."""
    given: dict[str, Any] = {
        "units": {"001": "L", "002": "L", "150": "U"},
        "groups": {"001": ("@diesel",), "002": ("@diesel",)},
        "sites": {"S1": Site("north", "AT"), "S2": Site("south", "DE"), "S3": Site("north", "")},
        "base_prices": {("OMV", "001", "15C", "EUR"): base("912.50")},
        "vat": {("*", "AT", ""): Timeline([(START_US, 2000)]),
                ("*", "DE", ""): Timeline([(START_US, 1900)])},
    }
    return Market(**{**given, **more})


def line(formula: Any = "spot", product: str = "001", **more: Any) -> Line:
    """A line; a base price is OMV's at 15 degrees."""
    listed = {"source": "OMV", "temperature": "15C"} if formula in {"spot", "base"} else {}
    return Line(product=product, formula=formula, **{**listed, **more})


def book(*lines: Line, of: Market | None = None, currency: str = "EUR") -> Book:
    """A book of one contract."""
    contract = Contract(account_id=1, contract="C", currency=currency, valid_from=START,
                        lines=lines, version=1)
    return Book([contract], of or market())


def sold(quantity: str = "40", pump: str = "1.599", amount: int = 0, unit: str = "L",
         product: str = "001") -> Item:
    """An item at the pump; its amount where none is given."""
    return Item(product, unit, D(quantity), D(pump),
                amount or int((D(quantity) * D(pump) * 100).to_integral_value()))


def one(line_: Line, item: Item | None = None, site: str = "S1", of: Market | None = None,
        currency: str = "EUR") -> tuple[str, int] | str:
    """(unit price, amount), or the word for what is missing."""
    item = item or sold()
    the_book = book(line_, of=of, currency=currency)
    priced = item_price(the_book.found(item.product, item.unit, site, NOW_US, currency), item,
                        currency)
    return priced if isinstance(priced, str) else (priced.unit_price, priced.amount_minor)


@pytest.mark.parametrize(("line_", "price", "amount"), [
    # 0.9125 net a litre * 1.2 = 1.095; 40 L
    (line(), "1.095", 4380),
    # 12 EUR a m3 net: (0.9125 + 0.012) * 1.2 = 1.1094 -> 1.109; * 40 = 44.36
    (line(amount=D(12), unit="m3", tax_basis="net"), "1.109", 4436),
    (line(amount=D(12), unit="m3", tax_basis="net", decimals=4), "1.1094", 4438),  # 44.376
    # 0.05 a litre, VAT in it: 1.095 + 0.05
    (line(amount=D("0.05")), "1.145", 4580),
    (line(amount=D("-0.05")), "1.045", 4180),
    # 2 % first, then the amount: 1.095 * 1.02 + 0.05 = 1.1669 -> 1.167; * 40 = 46.68
    (line("base", percent=D(2), amount=D("0.05")), "1.167", 4668),
    # the other order would be 1.145 * 1.02 = 1.1679 -> 1.168
    (line("base", percent=D("-10")), "0.986", 3944),  # 0.9855: half goes up
    (line("base", percent=D(2), amount=D(10), unit="m3", tax_basis="net"), "1.129", 4516),
    # of the pump, 1.599
    (line("pump"), "1.599", 6396),
    (line("pump", amount=D("-0.03")), "1.569", 6276),
    (line("pump", amount=D("0.03")), "1.629", 6516),
    (line("pump", percent=D("-2.5")), "1.559", 6236),  # 1.559025
    (line("pump", percent=D(5)), "1.679", 6716),  # 1.67895
    (line("pump", amount=D(-25), unit="m3", tax_basis="net"), "1.569", 6276),  # 0.025 * 1.2
    # fixed
    (line("fixed", amount=D("1.499")), "1.499", 5996),
    (line("fixed", amount=D(1249), unit="m3", tax_basis="net"), "1.499", 5996),  # 1.4988
    (line("fixed", amount=D(1249), unit="m3", tax_basis="net", decimals=2), "1.50", 6000),
    (line("fixed", amount=D("1.5"), decimals=0), "2", 8000),
    (line("fixed", amount=D(0)), "0.000", 0),
])
def test_formulas_by_hand(line_: Line, price: str, amount: int) -> None:
    assert one(line_) == (price, amount)


@pytest.mark.parametrize(("quantity", "amount"), [
    ("0.01", 1), ("0.003", 0), ("0.00333", 0), ("0.00334", 1),  # 0.0045, 0.004995, 0.00501
    ("33.33", 4996), ("33.337", 4997), ("60000", 8994000), ("1E+2", 14990), ("1.00", 150),
])
def test_amounts_round_half_up(quantity: str, amount: int) -> None:
    assert one(line("fixed", amount=D("1.499")), sold(quantity, amount=9)) == ("1.499", amount)


@pytest.mark.parametrize(("exact", "decimals", "price"), [
    ("1.0005", 3, "1.001"), ("1.0004999", 3, "1.000"), ("0.5", 0, "1"), ("0.125", 2, "0.13"),
    ("1.999999", 6, "1.999999"),
])
def test_unit_prices_round_half_up(exact: str, decimals: int, price: str) -> None:
    found = one(line("fixed", amount=D(exact), decimals=decimals))
    assert found[0] == price


@pytest.mark.parametrize(("unit", "price"), [
    ("L", "1.095"), ("G", "4.145"), ("I", "4.978"), ("m3", "1095.000"), ("Q", "1.036"),
])
def test_the_price_is_a_unit_of_sale(unit: str, price: str) -> None:
    # 1.095 * 3.785411784 = 4.14502...; * 4.54609 = 4.97796...; * 0.946352946 = 1.03625...
    assert one(line(), sold("1", unit=unit))[0] == price


def test_energy_mass_and_pieces_have_units_too() -> None:
    assert one(line("fixed", amount=D(390), unit="MWh"), sold("30", unit="6")) == ("0.390", 1170)
    assert one(line("fixed", amount=D(1), unit="kg"), sold("1", unit="P"))[0] == "0.454"
    assert one(line("fixed", amount=D(3), unit="h"), sold("10", unit="7")) == ("0.050", 50)
    assert one(line("fixed", amount=D("9.99"), unit="unit", decimals=2),
               sold("3", unit="U")) == ("9.99", 2997)


@pytest.mark.parametrize(("line_", "more", "why"), [
    (line(temperature="ambient"), {}, "no_base_price"),
    (line(source="PLATTS"), {}, "no_base_price"),
    (line(base_product="002"), {}, "no_base_price"),
    (line(), {"site": "S3"}, "no_vat_rate"),
    (line("fixed", amount=D(1), tax_basis="net"), {"site": "S3"}, "no_vat_rate"),
    (line("fixed", amount=D(1), unit="kg"), {}, "other_unit"),
    (line(), {"item": sold(unit="K")}, "other_unit"),
    (line(), {"item": sold(unit="?")}, "other_unit"),
    (line("pump"), {"item": sold(pump="0", amount=100)}, "no_pump_price"),
    (line(never_above_pump=True), {"item": sold(pump="0", amount=100)}, "no_pump_price"),
    (line(), {"item": sold("0", amount=100)}, "no_quantity"),
    (line(), {"item": sold("1E+99", amount=100, pump="1")}, "no_quantity"),
    (line(amount=D(-2)), {}, "negative"),
    (line("pump", amount=D(-2)), {}, "negative"),
    (line(), {"currency": "CZK"}, "no_base_price"),  # the list is in EUR
])
def test_what_cannot_be_worked_out_is_a_word(line_: Line, more: dict[str, Any], why: str) -> None:
    assert one(line_, **more) == why


def test_gross_prices_need_no_vat_rate() -> None:
    gross = market(base_prices={("OMV", "001", "15C", "EUR"): base("1.3", "L", "gross")})
    assert one(line(amount=D("0.1")), site="S3", of=gross) == ("1.400", 5600)


def test_vat_is_the_site_s() -> None:
    assert one(line(), site="S2") == ("1.086", 4344)  # 0.9125 * 1.19 = 1.085875
    of_site = market(vat={("*", "AT", ""): Timeline([(START_US, 2000)]),
                          ("*", "", "S1"): Timeline([(START_US, 1000)]),
                          ("150", "", ""): Timeline([(START_US, 0)])})
    assert one(line(), of=of_site)[0] == "1.004"  # site before country
    of_product = market(vat={("*", "", "S1"): Timeline([(START_US, 2000)]),
                             ("@diesel", "", ""): Timeline([(START_US, 1000)]),
                             ("001", "", ""): Timeline([(START_US, 0)])})
    assert one(line(decimals=4), of=of_product)[0] == "0.9125"  # product before group before any
    disagree = market(groups={"001": ("@diesel", "@fuel")},
                      vat={("@diesel", "", ""): Timeline([(START_US, 2000)]),
                           ("@fuel", "", ""): Timeline([(START_US, 1000)])})
    assert one(line(), of=disagree) == "no_vat_rate"


@pytest.mark.parametrize(("line_", "item", "expected"), [
    (line(never_above_pump=True), sold(), ("1.095", 4380)),
    (line(never_above_pump=True), sold(pump="1.049"), ("1.049", 4196)),
    # not rounded past the pump: 1.0949 would have become 1.095
    (line(never_above_pump=True), sold(pump="1.0949"), ("1.0949", 4380)),
    # the same price, and a till that cuts off: 27.74 * 1.599 = 44.356
    (line("pump", never_above_pump=True), sold("27.74", amount=4435), ("1.599", 4435)),
    (line("pump"), sold("27.74", amount=4435), ("1.599", 4436)),
    (line("pump", percent=D(5), never_above_pump=True), sold(), ("1.599", 6396)),
    (line("fixed", amount=D(2), decimals=0, never_above_pump=True), sold(), ("1.599", 6396)),
])
def test_never_above_the_pump(line_: Line, item: Item, expected: tuple[str, int]) -> None:
    assert one(line_, item) == expected


def test_a_sale_of_several_items() -> None:
    the_book = book(line(), line("pump", "150", percent=D(-10)),
                    line("fixed", "300", amount=D(1), unit="kg"))
    items = (sold(), sold(product="999"), sold("2", "10.00", product="150", unit="U"),
             sold("-1", "5", amount=-500), sold("1", "5", amount=-500), sold(product="300"),
             sold(product="300"), sold("10"))
    assert the_book.price(items, "S1", NOW_US, "EUR") == (
        (ContractPrice("001", "1.095", 4380, "C", 1), ContractPrice("150", "9.000", 1800, "C", 1),
         ContractPrice("001", "1.095", 1095, "C", 1)),
        ("price_missing:300",))
    assert the_book.price(items[:1], "S1", NOW_US, "CZK") == ((), ("price_missing:001",))
    assert the_book.price(items[:1], "S1", START_US - 1, "EUR") == ((), ())


def test_nothing_is_divided_twice() -> None:
    """JPY has no minor unit, KWD a thousandth."""
    assert one(line("fixed", amount=D("170.5"), decimals=1), sold("10.01"),
               currency="JPY") == ("170.5", 1707)  # 1706.705
    assert one(line("fixed", amount=D("0.0855"), decimals=4), sold("10.01"),
               currency="KWD") == ("0.0855", 856)  # 0.855855


def test_prices_of_a_list_end() -> None:
    day = 86_400_000_000
    a, b, c = (BasePrice(D(price), "m3", "net", "OMV", "001", "15C", "EUR", 1, 1, START_US)
               for price in ("900", "910", "920"))
    line_ = latest([(0, 1, None, a), (2 * day, 1, 3 * day, b), (5 * day, 1, 9 * day, c),
                    (6 * day, 1, None, a), (6 * day, 2, None, b)])
    assert [line_.at(at * day + off)[0] for at, off in
            ((0, -1), (0, 0), (2, -1), (2, 0), (3, -1), (3, 0), (5, 0), (6, -1), (6, 0), (9, 0))
            ] == [None, a, a, b, b, None, c, c, b, b]


def test_a_base_price_may_be_too_old() -> None:
    the_book = book(line(max_age_days=7))
    week = 7 * 86_400_000_000
    found = the_book.found("001", "L", "S1", START_US + week - 1, "EUR")
    assert (found.why, found.until) == ("", START_US + week)
    found = the_book.found("001", "L", "S1", START_US + week, "EUR")
    assert (found.why, found.since) == ("no_base_price", START_US + week)
