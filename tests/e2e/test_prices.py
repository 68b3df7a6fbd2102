"""What a host makes of prices, on a real PostgreSQL: lists and contracts in, a sale's price out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from authhost.embedded import Servers
from authhost.journal.entry import JournalUnavailable
from authhost.model import ContractPrice, Item
from authhost.pricing.prices import ListPrice, Prices
from authhost.pricing.terms import Line, instant_us
from tests.support.price_desk import AUGUST, CLOCK, JULY, Desk, fixed, make_pool, price_desk, spot


@pytest.fixture(scope="module")
def desk(servers: Servers) -> Iterator[Desk]:
    """One database for all of them."""
    with price_desk(servers) as one:
        yield one


@pytest.fixture
def clerk(desk: Desk) -> Desk:
    """A chain with two fleets and three sites, and no price yet."""
    desk.begin()
    return desk


@pytest.fixture
def prices(clerk: Desk) -> Iterator[Prices]:
    """A host's books over the same database."""
    pool = clerk.run(make_pool(clerk.url))
    yield Prices(pool, CLOCK)
    clerk.run(pool.close())


def test_from_the_wholesale_list_to_the_sale(clerk: Desk, prices: Prices) -> None:
    """(912.50 + 12) EUR a m3 net * 1.2 = 1.1094 EUR a litre."""
    assert clerk.priced(prices) == ""
    clerk.put(spot())
    assert clerk.priced(prices) == ("price_missing:001",)
    clerk.take("001,912.50,EUR,m3,net,15C,2026-07-01")
    assert clerk.priced(prices) == ("price_missing:001",)  # no VAT rate yet
    clerk.vat(2000)
    assert clerk.priced(prices) == ("1.109", 4436)
    assert clerk.priced(prices, JULY - timedelta.resolution) == ()
    assert clerk.priced(prices, product="002") == ()
    assert clerk.priced(prices, account=102) == ""
    clerk.take("001,900,EUR,m3,net,15C,2026-07-02")
    next_day = JULY + timedelta(days=1)
    assert clerk.priced(prices, next_day - timedelta.resolution) == ("1.109", 4436)
    assert clerk.priced(prices, next_day) == ("1.094", 4376)  # 912 * 1.2
    clerk.vat(1000, start=AUGUST)
    assert clerk.priced(prices, AUGUST) == ("1.003", 4012)  # 912 * 1.1 = 1.0032
    clerk.put(fixed("1.5"), valid_from=AUGUST)
    assert [clerk.priced(prices, at) for at in (AUGUST - timedelta.resolution, AUGUST)] == [
        ("1.094", 4376), ("1.500", 6000)]


def test_what_a_host_reads_on_is_what_a_new_one_reads(clerk: Desk, prices: Prices) -> None:
    clerk.vat(2000)
    for day in range(1, 9):
        clerk.take(f"001,{900 + day},EUR,m3,net,15C,2026-07-{day:02}")
        clerk.put(spot(amount=Decimal(day)), fixed("1", "@fuel"))
        clerk.priced(prices)
    clerk.take("001,950,EUR,m3,net,15C,2026-07-03", reason="OMV corrected it")
    pool = clerk.run(make_pool(clerk.url))
    fresh = Prices(pool, CLOCK)
    for hour in range(0, 240, 7):
        at = JULY + timedelta(hours=hour)
        assert clerk.priced(prices, at) == clerk.priced(fresh, at)
    assert clerk.priced(prices, JULY + timedelta(days=2, hours=1)) == ("1.150", 4600)
    clerk.run(pool.close())


def test_a_host_that_starts_late_has_the_price_that_still_holds(clerk: Desk) -> None:
    clerk.vat(2000, start=datetime(2020, 1, 1, tzinfo=UTC))
    clerk.put(spot(), valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    clerk.take("001,800,EUR,m3,net,15C,2020-01-01", "001,900,EUR,m3,net,15C,2021-01-01")
    pool = clerk.run(make_pool(clerk.url))
    assert clerk.priced(Prices(pool, CLOCK)) == ("1.094", 4376)
    clerk.run(pool.close())


def test_groups_regions_and_units_are_read_again(clerk: Desk, prices: Prices) -> None:
    clerk.put(fixed("1", "@fuel"), fixed("2", "@fuel", region="north"))
    assert [clerk.priced(prices, site=site) for site in ("S1", "S2")] == [
        ("2.000", 8000), ("1.000", 4000)]
    clerk.sql("UPDATE site SET region = 'north' WHERE site_id = 'S2'")
    clerk.sql("UPDATE product_group SET products = '{002}' WHERE name = 'fuel'")
    assert clerk.priced(prices, site="S2") == ("1.000", 4000)  # under the rules as they were
    clerk.sql("UPDATE rules SET version = version + 1")
    assert clerk.priced(prices, site="S2") == ()
    assert clerk.priced(prices, site="S2", product="002") == ("2.000", 8000)


def test_a_price_that_stands_is_changed_with_a_reason_alone(clerk: Desk, prices: Prices) -> None:
    clerk.vat(2000)
    clerk.put(spot())
    rows = ("001,900,EUR,m3,net,15C,2026-07-01", "001,903,EUR,m3,net,15C,2026-07-02")
    clerk.take(*rows)
    changed = rows[0].replace("900", "910"), rows[1]
    report = clerk.take(*changed)
    (problem,) = report.problems
    assert str(problem) == ("line 2, price: differs from what stands for this instant"
                            " (900 EUR/m3 net): a new version of the list needs a reason")
    assert clerk.priced(prices) == ("1.094", 4376)
    report = clerk.take(*changed, reason="OMV sent it again")
    assert (report.state, report.corrected, report.added, report.unchanged) == ("imported", 1, 0, 1)
    assert clerk.priced(prices) == ("1.106", 4424)  # 922 * 1.2 = 1.1064
    assert clerk.sql("SELECT version FROM base_price ORDER BY base_price_id") == [1, 1, 2]
    back = clerk.take(*rows, reason="and took it back")
    assert (back.state, back.corrected) == ("imported", 1)
    assert clerk.priced(prices) == ("1.094", 4376)
    assert clerk.take(*rows).state == "unchanged"


def test_a_vat_rate_that_ends_gives_way(clerk: Desk, prices: Prices) -> None:
    clerk.put(fixed("1", tax_basis="net"))
    clerk.vat(2000)
    clerk.vat(500, "001", site="S1")
    clerk.vat(None, "001", AUGUST, site="S1")
    assert [clerk.priced(prices, at) for at in (JULY, AUGUST)] == [("1.050", 4200), ("1.200", 4800)]


def test_lists_for_the_stations(clerk: Desk, prices: Prices) -> None:
    clerk.vat(2000)
    clerk.take("001,912.50,EUR,m3,net,15C,2026-07-01", "001,900,EUR,m3,net,15C,2026-07-24")
    clerk.put(spot(never_above_pump=True), fixed("1.5", "@fuel", site="S2"),
              Line(product="150", formula="pump"))
    clerk.put(fixed("1.4", "002"), account_id=102, contract="D", valid_until=AUGUST)
    at = datetime(2026, 7, 23, 10, tzinfo=UTC)
    listed = clerk.run(prices.list_for([101, 102, 104], "S1", at))
    assert listed == (
        ListPrice(101, "001", "L", "1.109", "EUR", "C", 1, JULY, datetime(2026, 7, 24, tzinfo=UTC),
                  "spot", True),
        ListPrice(102, "002", "L", "1.400", "EUR", "D", 1, JULY, AUGUST, "fixed", False))
    book = clerk.run(prices.at_hand(101, clerk.rules()))
    assert book is not None
    for one in listed[:1]:  # a till that sells by the list sells as the host would have
        item = Item(one.product, one.unit, Decimal(10), Decimal(2), 2000)
        assert book.price((item,), "S1", instant_us(at), "EUR")[0] == (
            ContractPrice("001", one.unit_price, 1109, one.contract, one.version),)
    assert {(one.account_id, one.product) for one in clerk.run(
        prices.list_for([101, 102], "S2", at))} == {(101, "001"), (101, "002"), (102, "002")}
    assert [one.unit_price for one in clerk.run(prices.list_for([101], "S1", at + timedelta(1)))
            ] == ["1.094"]


def test_a_database_that_is_away_is_no_price(clerk: Desk) -> None:
    async def away() -> None:
        pool = await make_pool(clerk.url)
        prices = Prices(pool, CLOCK)
        await pool.close()
        with pytest.raises(JournalUnavailable):
            await prices.at_hand(101, 1)

    clerk.run(away())
    clerk.sql("DELETE FROM rules")
    pool = clerk.run(make_pool(clerk.url))
    with pytest.raises(JournalUnavailable, match="no business day"):
        clerk.run(Prices(pool, CLOCK).at_hand(101, 1))
    clerk.run(pool.close())


def test_accounts_without_a_contract_ask_nothing(clerk: Desk, prices: Prices) -> None:
    clerk.put(fixed("1"))
    assert clerk.priced(prices, account=102) == ""
    book = clerk.run(prices.at_hand(101, clerk.rules()))
    clerk.sql("UPDATE rules SET version = version + 1")
    assert clerk.run(prices.at_hand(101, clerk.rules())) is book  # nothing of it has changed
    clerk.put(fixed("2"), account_id=102)
    assert clerk.run(prices.at_hand(101, clerk.rules())) is book
    assert clerk.priced(prices, account=102) == ("2.000", 8000)
