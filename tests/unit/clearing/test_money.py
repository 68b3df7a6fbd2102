"""The one division and the one way to write an amount."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.money import divide_half_up, plain, readable, vat_included


@pytest.mark.parametrize(("numerator", "denominator", "quotient"), [
    (0, 3, 0), (1, 2, 1), (-1, 2, -1), (3, 2, 2), (-3, 2, -2), (1, 3, 0), (-1, 3, 0), (2, 3, 1),
    (-2, 3, -1), (5, 10, 1), (4, 10, 0), (10**30 + 5, 10, 10**29 + 1),
])
def test_half_away_from_zero(numerator: int, denominator: int, quotient: int) -> None:
    assert divide_half_up(numerator, denominator) == quotient


@given(st.integers(-(10**25), 10**25), st.integers(1, 10**6))
def test_as_decimal_rounds_and_symmetric_in_sign(numerator: int, denominator: int) -> None:
    quotient = divide_half_up(numerator, denominator)
    assert quotient == -divide_half_up(-numerator, denominator)
    assert abs(2 * (quotient * denominator - numerator)) <= denominator
    if abs(numerator) < 10**12:
        exact = Decimal(numerator) / Decimal(denominator)
        assert quotient == exact.quantize(Decimal(1), ROUND_HALF_UP)


@pytest.mark.parametrize(("gross", "rate", "vat"), [
    (12_000, 2_000, 2_000), (-12_000, 2_000, -2_000), (15, 2_000, 3), (999, 550, 52), (100, 0, 0),
])
def test_vat_out_of_a_gross_price(gross: int, rate: int, vat: int) -> None:
    assert vat_included(gross, rate) == vat


@pytest.mark.parametrize(("minor", "currency", "text", "page"), [
    (0, "EUR", "0.00", "0.00\u00a0EUR"), (5, "EUR", "0.05", "0.05\u00a0EUR"),
    (-5, "EUR", "-0.05", "\u22120.05\u00a0EUR"),
    (123_456_789, "EUR", "1234567.89", "1\u00a0234\u00a0567.89\u00a0EUR"),
    (1_500, "JPY", "1500", "1\u00a0500\u00a0JPY"), (-7, "KWD", "-0.007", "\u22120.007\u00a0KWD"),
])
def test_an_amount_in_its_currency(minor: int, currency: str, text: str, page: str) -> None:
    assert plain(minor, currency) == text
    assert readable(minor, currency) == page
