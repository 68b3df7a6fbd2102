"""A dealer's fuel bears the VAT of the country of the pump, as on the fleets' invoices."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clearing.invoices.document import Document
from clearing.ownbooks.vat import EXEMPT_SMALL
from clearing.settings import ProductGroup, Settings
from tests.e2e.clearing_day import DAY, NEXT, Row, fuel, reversal, row, sql, tree
from tests.e2e.test_own_papers import dealer, told
from tests.support.own_books import QUIET, SUPPLIER, balance, documents, more, night
from tests.support.vat_abroad import settings_of, site

pytestmark = pytest.mark.invariant(11)

AUSTRIA = {"vat_basis_points": 2_000, "vat_id": "ATU12345675"}
TEN = {"vat_basis_points": 1_000}
THIRD = NEXT + timedelta(1)


def quiet(vat_basis_points: int = 1_900, **countries: dict[str, Any]) -> Settings:
    return msgspec.structs.replace(
        settings_of(vat_basis_points=vat_basis_points, **countries), documents=QUIET.documents)


def in_vienna(key: str, minor: int, **other: Any) -> Row:
    return fuel(key, minor, **{"site_id": "WIEN", "detail": {"items": [
        {"product": "012", "amount_minor": minor}]}, **other})


def at_home(key: str, minor: int, **other: Any) -> Row:
    """Without litres, as in Vienna."""
    return in_vienna(key, minor, **{"site_id": "S1", **other})


def scene(database_url: str, rows: list[Row], basis: str = "purchase", **terms: Any) -> None:
    """Without litres the commission is nothing."""
    dealer(database_url, basis, [], **terms)
    site(database_url, "WIEN", "AT")
    more(database_url, rows)


def bought(database_url: str) -> list[tuple[str, str, list[tuple[str, int, int, int]], int]]:
    """Of each paper country, the operator's number there, the breakdown and what it pays."""
    return [(paper.delivered_in, paper.buyer.vat_id,
             [(group.category, group.rate_basis_points, group.net_minor, group.vat_minor)
              for group in paper.vat], paper.payable_minor) for paper in papers(database_url)]


def papers(database_url: str) -> list[Document]:
    return documents(database_url, "self_billed")


def test_each_country_has_a_paper_with_its_vat(database_url: str, tmp_path: Path) -> None:
    scene(database_url, [fuel("home", 11_924), in_vienna("vienna", 12_000)])
    made = night(database_url, tmp_path, settings=quiet(AT=AUSTRIA))
    assert bought(database_url) == [
        # 119.24 less 24 of commission for 20.125 litres
        ("", "DE123456788", [("S", 1_900, 10_000, 1_900)], 11_900),
        ("AT", "ATU12345675", [("S", 2_000, 10_000, 2_000)], 12_000)]
    assert balance(database_url, "2100", SUPPLIER) == 0
    assert made.balanced
    folder = tmp_path / DAY.isoformat() / "fuel" / "self-billed"
    assert "<cac:DeliveryLocation>" in (folder / "SB2026-000002.ubl.xml").read_text()
    night(database_url, tmp_path / "again")
    assert tree(tmp_path / "again" / DAY.isoformat()) == tree(tmp_path / DAY.isoformat())


def test_an_agents_commission_is_taxed_where_the_operator_is(database_url: str,
                                                             tmp_path: Path) -> None:
    """It is his service, not the fuel: one paper, whatever the countries of the pumps."""
    litres = {"items": [{"product": "012", "unit": "L", "quantity": "100", "amount_minor": 12_000}]}
    scene(database_url, [fuel("home", 12_000, detail=litres),
                         in_vienna("vienna", 12_000, detail=litres)], "agency")
    night(database_url, tmp_path, settings=quiet())  # and nobody has to be told of Austria
    assert bought(database_url) == [("", "DE123456788", [("S", 1_900, 240, 46)], 286)]


@pytest.mark.parametrize("invoicing", ["self_billed", "own"])
def test_a_country_that_nobody_has_told_of_waits(invoicing: str, database_url: str,
                                                 tmp_path: Path) -> None:
    scene(database_url, [fuel("home", 11_924), in_vienna("vienna", 12_000)], invoicing=invoicing)
    kind = "self_billed" if invoicing == "self_billed" else "comparison"
    night(database_url, tmp_path, settings=quiet())
    assert [paper.delivered_in for paper in documents(database_url, kind)] == [""]
    assert told(database_url) == [("country_vat_missing", "self_billed", f"{SUPPLIER}/EUR/AT")]
    more(database_url, [in_vienna("next", 6_000, business_date=NEXT)])
    night(database_url, tmp_path, NEXT, quiet(AT=AUSTRIA))
    _, paper = documents(database_url, kind)
    assert (paper.delivered_in, paper.payable_minor, paper.vat_minor) == ("AT", 18_000, 3_000)
    assert told(database_url) == []


def test_what_has_waited_is_settled_by_the_night_after_its_mend(database_url: str,
                                                                tmp_path: Path) -> None:
    """A week's, by Monday's; what was sold on Monday is the next week's."""
    sunday, monday = DAY + timedelta(3), DAY + timedelta(4)
    scene(database_url, [in_vienna("vienna", 12_000)], period="week")
    for number in range(4):
        night(database_url, tmp_path, DAY + timedelta(number), quiet())
    assert papers(database_url) == []
    more(database_url, [in_vienna("next", 6_000, business_date=monday)])
    night(database_url, tmp_path, monday, quiet(AT=AUSTRIA))
    paper, = papers(database_url)
    assert (paper.period_from, paper.period_to, paper.issued_on, paper.payable_minor) == (
        DAY - timedelta(3), sunday, monday, 12_000)
    assert balance(database_url, "2100", SUPPLIER) == -6_000


def test_what_comes_back_bears_the_rate_of_its_sale(database_url: str, tmp_path: Path) -> None:
    sale = in_vienna("sale", 1_200)
    scene(database_url, [sale, in_vienna("kept", 12_000)])
    night(database_url, tmp_path, settings=quiet(AT=AUSTRIA))
    more(database_url, [reversal(sale, -1_200, business_date=NEXT),
                        in_vienna("new", 11_000, business_date=NEXT)])
    night(database_url, tmp_path, NEXT, quiet(AT=AUSTRIA | TEN))
    assert bought(database_url)[1] == (
        "AT", "ATU12345675", [("S", 1_000, 10_000, 1_000), ("S", 2_000, -1_000, -200)], 9_800)
    assert balance(database_url, "2100", SUPPLIER) == 0


def test_what_was_settled_at_a_rate_that_was_told_later_comes_back_at_it(database_url: str,
                                                                         tmp_path: Path) -> None:
    """The sale's own night knew of no rate; it is taken off by the paper's."""
    sale = in_vienna("sale", 1_200)
    scene(database_url, [sale, in_vienna("kept", 12_000)])
    night(database_url, tmp_path, settings=quiet())
    night(database_url, tmp_path, NEXT, quiet(AT=AUSTRIA))
    more(database_url, [reversal(sale, -1_200, business_date=THIRD),
                        in_vienna("new", 11_000, business_date=THIRD)])
    night(database_url, tmp_path, THIRD, quiet(AT=AUSTRIA | TEN))
    assert bought(database_url)[1] == (
        "AT", "ATU12345675", [("S", 1_000, 10_000, 1_000), ("S", 2_000, -1_000, -200)], 9_800)


def test_what_was_sold_comes_back_where_it_was_taxed(database_url: str, tmp_path: Path) -> None:
    """Nobody had told the site's country; since then it is Austria's."""
    sale = in_vienna("sale", 1_190)
    dealer(database_url, "purchase", [])
    more(database_url, [sale, at_home("kept", 11_900)])
    night(database_url, tmp_path, settings=quiet(AT=AUSTRIA))
    site(database_url, "WIEN", "AT")
    more(database_url, [reversal(sale, -1_190, business_date=NEXT),
                        at_home("home", 11_900, business_date=NEXT),
                        in_vienna("vienna", 12_000, business_date=NEXT)])
    night(database_url, tmp_path, NEXT, quiet(AT=AUSTRIA))
    assert bought(database_url) == [
        ("", "DE123456788", [("S", 1_900, 11_000, 2_090)], 13_090),
        ("", "DE123456788", [("S", 1_900, 9_000, 1_710)], 10_710),
        ("AT", "ATU12345675", [("S", 2_000, 10_000, 2_000)], 12_000)]


def test_a_part_of_two_products_comes_back_of_both(database_url: str, tmp_path: Path) -> None:
    """22.60 of 119.00 at 19 % and 107.00 at 7 %: 11.90 and 10.70, of which 2.5 % are commission."""
    sale = fuel("sale", 22_600, detail={"items": [
        {"product": "012", "amount_minor": 11_900}, {"product": "420", "amount_minor": 10_700}]})
    food = msgspec.structs.replace(
        quiet(), product_groups=(ProductGroup("Food", "420", "499", 700),))
    dealer(database_url, "purchase", [])
    more(database_url, [sale])
    night(database_url, tmp_path, settings=food)
    kept = at_home("kept", 23_800, business_date=NEXT)
    more(database_url, [reversal(sale, -2_260, business_date=NEXT), kept])
    night(database_url, tmp_path, NEXT, food)
    assert bought(database_url)[1] == (
        "", "DE123456788", [("S", 700, -975, -68), ("S", 1_900, 19_000, 3_610)], 21_567)


def test_a_return_that_is_undone_bears_the_rate_of_its_sale(database_url: str,
                                                            tmp_path: Path) -> None:
    sale = in_vienna("sale", 12_000)
    scene(database_url, [sale])
    night(database_url, tmp_path, settings=quiet(AT=AUSTRIA))
    returned, ten = reversal(sale, -12_000, business_date=NEXT), AUSTRIA | TEN
    more(database_url, [returned])
    night(database_url, tmp_path, NEXT, quiet(AT=ten))
    again = row("reversal", "again", 12_000, original_key=returned["key"], business_date=THIRD,
                site_id="WIEN")
    more(database_url, [again, in_vienna("new", 11_000, business_date=THIRD)])
    night(database_url, tmp_path, THIRD, quiet(AT=ten))
    # What came back and what took it again are settled together: nothing is left of them.
    assert bought(database_url)[1] == (
        "AT", "ATU12345675", [("S", 1_000, 10_000, 1_000)], 11_000)


def test_a_small_dealers_fuel_bears_no_vat(database_url: str, tmp_path: Path) -> None:
    """Nor is any within the commission that is kept of it."""
    scene(database_url, [fuel("home", 11_924)], small_business=True)
    made = night(database_url, tmp_path, settings=quiet())
    paper, = papers(database_url)
    assert bought(database_url) == [("", "DE123456788", [("E", 0, 11_900, 0)], 11_900)]
    assert paper.vat[0].reason == EXEMPT_SMALL
    assert [balance(database_url, code) for code in ("1300", "4500")] == [-11_900, -24]
    assert balance(database_url, "2100", SUPPLIER) == 0
    assert made.balanced


def test_a_country_that_waits_is_not_forgotten_for_another(database_url: str,
                                                           tmp_path: Path) -> None:
    """Austria comes to less than nothing while what was sold at home is settled."""
    sale = in_vienna("sale", 12_000)
    scene(database_url, [sale])
    told_of = quiet(AT=AUSTRIA)
    night(database_url, tmp_path, settings=told_of)
    more(database_url, [reversal(sale, -12_000, business_date=NEXT),
                        fuel("home", 11_924, business_date=NEXT)])
    night(database_url, tmp_path, NEXT, told_of)
    more(database_url, [in_vienna("later", 18_000, business_date=THIRD)])
    night(database_url, tmp_path, THIRD, told_of)
    assert [(paper.delivered_in, paper.payable_minor) for paper in papers(database_url)] == [
        ("AT", 12_000), ("", 11_900), ("AT", 6_000)]
    assert balance(database_url, "2100", SUPPLIER) == 0
    assert sql(database_url, "SELECT sum(amount_minor)::int FROM clearing_credit "
                             "WHERE purpose = 'supplier_payment'")[0][0] == 29_900
