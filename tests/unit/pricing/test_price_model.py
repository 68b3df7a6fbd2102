"""Any contract against a model that was written from docs/prices.md alone, in net fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from authhost.model import ContractPrice, Item
from authhost.pricing.book import Book
from authhost.pricing.formula import BasePrice
from authhost.pricing.market import Market, Site
from authhost.pricing.terms import Contract, Line, problems_of
from authhost.pricing.timeline import Timeline
from tests.unit.pricing.test_price_arithmetic import START, START_US

# Litres in a unit, for the model: written down anew.
LITRES = {"L": Fraction(1), "m3": Fraction(1000), "hl": Fraction(100),
          "G": Fraction(3785411784, 10**9), "I": Fraction(454609, 10**5)}


def nearest(exact: Fraction) -> int:
    """To the nearest whole number, halves away from zero, by looking at the rest."""
    if exact < 0:
        return -nearest(-exact)
    whole = exact.numerator // exact.denominator
    return whole + (exact - whole >= Fraction(1, 2))


def model(line: Line, item: Item, base: BasePrice, vat: int) -> tuple[Fraction, int] | None:
    """(unit price, minor units) by the document; None where it is no price."""
    one_with_vat = 1 + Fraction(vat, 10_000)

    def net_a_litre(price: Decimal, unit: str, basis: str) -> Fraction:
        return Fraction(price) / LITRES[unit] / (one_with_vat if basis == "gross" else 1)

    pump = Fraction(item.unit_price)
    if line.formula == "fixed":
        net = net_a_litre(line.amount, line.unit, line.tax_basis)
    else:
        reference = net_a_litre(item.unit_price, item.unit, "gross") if line.formula == "pump" \
            else net_a_litre(base.price, base.unit, base.tax_basis)
        net = reference + reference * Fraction(line.percent) / 100
        net += net_a_litre(line.amount, line.unit, line.tax_basis)
    steps = 10**line.decimals
    unit_price = Fraction(nearest(net * one_with_vat * LITRES[item.unit] * steps), steps)
    if unit_price < 0:
        return None
    if line.never_above_pump and unit_price > pump:
        return pump, item.amount_minor
    amount = nearest(unit_price * Fraction(item.quantity) * 100)
    return unit_price, min(amount, item.amount_minor) if line.never_above_pump else amount


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    """Decimals with a number of places."""
    return st.integers(low * 10**places, high * 10**places).map(
        lambda number: Decimal(number).scaleb(-places))


units = st.sampled_from(sorted(LITRES))
bases: st.SearchStrategy[Any] = st.sampled_from(["net", "gross"])


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """Any line that may be agreed."""
    formula: Any = draw(st.sampled_from(["spot", "base", "pump", "fixed"]))
    more: dict[str, Any] = {}
    if formula in {"spot", "base"}:
        more = {"source": "OMV", "temperature": "15C"}
    if formula in {"base", "pump"}:
        more["percent"] = draw(decimals(-99, 300, 3))
    amount = draw(decimals(0 if formula == "fixed" else -20, 2000, 4))
    return Line(product="001", formula=formula, amount=amount, unit=draw(units),
                tax_basis=draw(bases), decimals=draw(st.integers(0, 6)),
                never_above_pump=draw(st.booleans()), **more)


@settings(max_examples=300, deadline=None)
@given(line=lines(), price=decimals(1, 3000, 4), of=units, basis=bases, vat=st.integers(0, 10_000),
       quantity=decimals(0, 900, 3).map(lambda number: number + Decimal("0.001")),
       pump=decimals(1, 9, 3), sold_in=st.sampled_from(["L", "G", "I"]),
       off=st.integers(-1, 1))
def test_as_the_document_says(line: Line, price: Decimal, of: str, basis: Any, vat: int,
                              quantity: Decimal, pump: Decimal, sold_in: str, off: int) -> None:
    assert problems_of(Contract(account_id=1, contract="C", currency="EUR", valid_from=START,
                                lines=(line,))) == ()
    base = BasePrice(price, of, basis, "OMV", "001", "15C", "EUR", 1, 1, START_US)
    market = Market(
        units={"001": "L"}, sites={"S1": Site("", "AT")},
        base_prices={("OMV", "001", "15C", "EUR"): Timeline([(START_US, base)])},
        vat={("*", "AT", ""): Timeline([(START_US, vat)])})
    book = Book([Contract(account_id=1, contract="C", currency="EUR", valid_from=START,
                          lines=(line,), version=3)], market)
    amount = max(1, nearest(Fraction(quantity * pump) * 100) + off)
    item = Item("001", sold_in, quantity, pump, amount)
    expected = model(line, item, base, vat)
    for _ in range(2):  # worked out, then from what was kept
        prices, flags = book.price((item,), "S1", START_US, "EUR")
        if expected is None:
            assert (prices, flags) == ((), ("price_missing:001",))
            continue
        assert flags == ()
        (got,) = prices
        assert isinstance(got, ContractPrice)
        assert (Fraction(got.unit_price), got.amount_minor) == expected
        assert (got.contract, got.version, got.product) == ("C", 3, "001")
