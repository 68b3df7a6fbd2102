"""Which line holds, and since when: the most specific one, versions, midnights, daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from authhost.pricing.book import Book
from authhost.pricing.market import Market, Site
from authhost.pricing.price_list import read_instant
from authhost.pricing.terms import Contract, Line, instant_us, problems_of
from authhost.pricing.timeline import Timeline, highest

VIENNA = ZoneInfo("Europe/Vienna")
MARKET = Market(
    units={"001": "L", "002": "L", "003": "L", "100": "U"},
    groups={"001": ("@diesel", "@fuel"), "002": ("@fuel",), "003": ("@fuel", "@super")},
    sites={"S1": Site("north", "AT"), "S2": Site("north", "AT"), "S3": Site("south", "AT")})
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def fixed(product: str, amount: str, **more: Any) -> Line:
    """A line that one can tell by its price."""
    return Line(product=product, formula="fixed", amount=Decimal(amount), **more)


def contract(*lines: Line, name: str = "C", version: int = 1, start: datetime = NOW,
             end: datetime | None = None, currency: str = "EUR") -> Contract:
    """A version of a contract."""
    return Contract(account_id=1, contract=name, currency=currency, valid_from=start,
                    valid_until=end, lines=lines, version=version)


def price(book: Book, product: str = "001", site: str = "S1", at: datetime = NOW,
          currency: str = "EUR") -> str:
    """The unit price, the word for what is missing, or '' where no line speaks."""
    found = book.found(product, "L", site, instant_us(at), currency)
    return found.why or found.text


ORDER = [("001", "S1", ""), ("001", "", "north"), ("001", "", ""),
         ("@diesel", "S1", ""), ("@diesel", "", "north"), ("@diesel", "", ""),
         ("*", "S1", ""), ("*", "", "north"), ("*", "", "")]


@pytest.mark.parametrize(("above", "below"), list(combinations(range(9), 2)))
def test_product_before_group_before_any_and_site_before_region_before_all(
        above: int, below: int) -> None:
    lines = [fixed(product, str(rank), site=site, region=region)
             for rank, (product, site, region) in enumerate(ORDER) if rank in (above, below)]
    assert price(Book([contract(*lines)], MARKET)) == f"{above}.000"
    assert price(Book([contract(*reversed(lines))], MARKET)) == f"{above}.000"
    apart = [contract(one, name=f"C{number}") for number, one in enumerate(lines)]
    assert price(Book(apart, MARKET)) == f"{above}.000"


def test_lines_of_other_products_and_places_do_not_speak() -> None:
    book = Book([contract(fixed("002", "1"), fixed("@super", "2"), fixed("001", "3", site="S2"),
                          fixed("001", "4", region="south"))], MARKET)
    assert [price(book, site=site) for site in ("S1", "S2", "S3", "S9", "")] == [
        "", "3.000", "4.000", "", ""]
    assert [price(book, product) for product in ("002", "003", "100", "nine")] == [
        "1.000", "2.000", "", ""]


def test_two_groups_of_one_rank_are_no_price() -> None:
    book = Book([contract(fixed("@diesel", "1"), fixed("@fuel", "2"))], MARKET)
    assert price(book) == "ambiguous"
    assert price(book, "002") == "2.000"


def test_a_contract_is_for_its_currency() -> None:
    both = [contract(fixed("001", "1")), contract(fixed("001", "25"), name="CZ", currency="CZK")]
    assert price(Book(both, MARKET)) == "1.000"
    assert price(Book(both, MARKET), currency="CZK") == "25.000"
    assert price(Book(both, MARKET), currency="HUF") == "other_currency"
    assert price(Book(both, MARKET), "002", currency="HUF") == ""


def test_versions_from_local_midnight_on() -> None:
    """A new version takes over to the microsecond; an exception for a month ends by itself."""
    july, august, september = (read_instant(f"2026-0{month}-01", VIENNA) for month in (7, 8, 9))
    book = Book([contract(fixed("001", "1"), start=july),
                 contract(fixed("001", "2"), version=2, start=august, end=september)], MARKET)
    tick = datetime.resolution
    for _ in range(2):  # what is kept of the first round does not spoil the second
        assert [price(book, at=at) for at in (
            july - tick, july, august - tick, august, september - tick, september)] == [
            "", "1.000", "1.000", "2.000", "2.000", "1.000"]
    assert july == datetime(2026, 6, 30, 22, tzinfo=UTC)
    found = book.found("001", "L", "S1", instant_us(august), "EUR")
    assert (found.since, found.until) == (instant_us(august), instant_us(september))


def test_a_version_without_lines_ends_a_contract() -> None:
    end = datetime(2026, 9, 1, tzinfo=UTC)
    book = Book([contract(fixed("*", "1")), contract(version=2, start=end)], MARKET)
    assert [price(book, at=at) for at in (end - datetime.resolution, end)] == ["1.000", ""]


def test_a_corrected_version_of_the_same_instant_counts() -> None:
    book = Book([contract(fixed("001", "1")), contract(fixed("001", "2"), version=2)], MARKET)
    assert price(book) == "2.000"


@pytest.mark.parametrize(("text", "utc"), [
    ("2026-07-01", "2026-06-30T22:00"), ("2026-01-01", "2025-12-31T23:00"),
    ("2026-03-29", "2026-03-28T23:00"), ("2026-03-30", "2026-03-29T22:00"),  # 23 hours apart
    ("2026-10-25", "2026-10-24T22:00"), ("2026-10-26", "2026-10-25T23:00"),  # 25 hours apart
    ("2026-03-29T01:59:59", "2026-03-29T00:59:59"), ("2026-03-29T03:00", "2026-03-29T01:00"),
    ("2026-10-25T02:30+02:00", "2026-10-25T00:30"), ("2026-10-25T02:30+01:00", "2026-10-25T01:30"),
    ("2026-07-01T00:00Z", "2026-07-01T00:00"), ("2026-07-01 06:00", "2026-07-01T04:00"),
])
def test_local_times_are_instants(text: str, utc: str) -> None:
    assert read_instant(text, VIENNA) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(("text", "zone", "why"), [
    ("2026-03-29T02:30", "Europe/Vienna", "does not exist"),
    ("2026-10-25T02:30", "Europe/Vienna", "comes twice"),
    ("2026-03-29", "Asia/Beirut", "does not exist"),  # their clocks change at midnight
    ("29.03.2026", "UTC", "is not a date"), ("2026-13-01", "UTC", "is not a date"),
    ("1026-01-01", "UTC", "out of reach"), ("9999-01-01", "UTC", "out of reach"),
])
def test_local_times_that_are_no_instant(text: str, zone: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_instant(text, ZoneInfo(zone))


def test_base_prices_change_at_local_midnight_on_both_days_of_daylight_saving() -> None:
    for day in ("2026-03-29", "2026-10-25"):
        start = instant_us(read_instant(day, VIENNA))
        line: Timeline[str] = highest([(start, 2, None, "new"), (0, 1, None, "old")])
        assert [line.at(at)[0] for at in (start - 1, start)] == ["old", "new"]


def test_listed_prices_are_those_without_a_pump() -> None:
    book = Book([contract(fixed("@fuel", "1.5"), fixed("003", "1.6", never_above_pump=True),
                          Line(product="002", formula="pump"),
                          Line(product="001", formula="spot", source="X", temperature="15C"),
                          fixed("100", "2", unit="L"))], MARKET)
    listed = {one.product: (one.unit, one.found.text) for one in book.listed("S1", instant_us(NOW))}
    assert listed == {"003": ("L", "1.600")}


@pytest.mark.parametrize(("line", "problem"), [
    (Line(product="", formula="pump"), "product"),
    (Line(product="@Diesel", formula="pump"), "product"),
    (Line(product="1", formula="pump", site="S", region="R"), "site and region"),
    (Line(product="1", formula="spot"), "source"),
    (Line(product="1", formula="spot", source="OMV", temperature="12C"), "temperature"),
    (Line(product="1", formula="spot", source="omv", temperature="15C"), "source"),
    (Line(product="1", formula="spot", source="OMV", temperature="15C", percent=Decimal(1)),
     "percent"),
    (Line(product="1", formula="pump", source="OMV"), "has no list"),
    (Line(product="1", formula="fixed", max_age_days=1), "has no list"),
    (Line(product="1", formula="fixed", amount=Decimal(-1)), "amount"),
    (Line(product="1", formula="fixed", percent=Decimal(1)), "percent"),
    (Line(product="1", formula="pump", percent=Decimal(-100)), "percent"),
    (Line(product="1", formula="pump", percent=Decimal("NaN")), "percent"),
    (Line(product="1", formula="pump", amount=Decimal("Infinity")), "amount"),
    (Line(product="1", formula="pump", amount=Decimal("1E+999999")), "amount"),
    (Line(product="1", formula="pump", amount=Decimal("0.0000001")), "6 decimals"),
    (Line(product="1", formula="pump", unit="litre"), "unit"),
    (Line(product="1", formula="pump", decimals=7), "decimals"),
    (Line(product="1", formula="pump", max_age_days=-1), "max_age_days"),
])
def test_a_line_that_cannot_be_taken(line: Line, problem: str) -> None:
    problems = problems_of(contract(line))
    assert any(problem in text for text in problems), problems
    assert all(text.startswith("line 1 (") for text in problems)


def test_a_contract_that_cannot_be_taken() -> None:
    assert problems_of(contract(fixed("001", "1"))) == ()
    bad = Contract(account_id=1, contract="", currency="XXX", valid_from=datetime(2026, 7, 1),  # noqa: DTZ001
                   valid_until=NOW, lines=(fixed("001", "1"), fixed("001", "2")))
    assert [text.partition(":")[0] for text in problems_of(bad)] == [
        "contract", "currency", "valid_from", "lines"]
    assert problems_of(contract(end=NOW)) == ("valid_until: is not after valid_from",)
