"""Items always come to what was booked."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from clearing.invoices.fuel_items import Item, booked_items, read_detail

DIESEL = Item("012", "L", Decimal("20.125"), Decimal("2.0555"), 4_137)
WATER = Item("420", "U", Decimal(1), None, 100)
items = st.lists(st.builds(Item, product=st.sampled_from(["", "012", "420"]),
                           amount_minor=st.integers(-1_000, 1_000)), max_size=4).map(tuple)


def test_items_that_agree_are_the_lines() -> None:
    assert booked_items((DIESEL, WATER), 4_237) == (DIESEL, WATER)


def test_what_they_do_not_explain_is_a_line() -> None:
    assert booked_items((DIESEL,), 4_000) == (DIESEL, Item("012", amount_minor=-137))
    assert booked_items((DIESEL, WATER), 4_000)[2] == Item("", amount_minor=-237)
    assert booked_items((), 4_000) == (Item("", amount_minor=4_000),)


@given(items, st.integers(1, 10_000))
def test_nothing_is_lost(given_items: tuple[Item, ...], posted: int) -> None:
    assert sum(item.amount_minor for item in booked_items(given_items, posted)) == posted


@given(st.text())
def test_any_text_is_a_detail_or_none(text: str) -> None:
    detail = read_detail(text)
    assert detail is None or detail.items == ()
