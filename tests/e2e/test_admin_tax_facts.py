"""Exchange rates and KSeF's numbers through the API: told once, checked, kept."""

from __future__ import annotations

import pytest

from authhost.admin.tax_facts import check_of
from tests.support.rig import running

NUMBER = "5265877635-20250826-0100001AF629-AF"  # the Ministry's own example


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def invoice(rig, boss):
    account = boss.made("/accounts", {"kind": "fleet", "name": "Movers", "currency": "EUR"})[
        "account_id"]
    rig.sql("INSERT INTO invoice_series VALUES ('Y2026', 2)")
    rig.sql("INSERT INTO invoice (number, kind, run_id, account_id, currency, period_from, "
            "period_to, issued_on, due_on, net_minor, vat_minor, gross_minor, collected_by, "
            f"series, serial) SELECT 'Y2026-' || n, 'fleet', '2026-07-23/fuel/1', {account}, "
            "'EUR', '2026-07-23', '2026-07-23', '2026-07-23', '2026-08-06', 100, 20, 120, "
            "'transfer', 'Y2026', n FROM generate_series(1, 2) n")
    return "Y2026-1"


def test_the_check_of_a_number_is_that_of_the_description():
    assert check_of(NUMBER) == "AF"


def test_rates_are_told_and_told_again(rig, boss, office):
    rate = {"currency": "EUR", "in_currency": "PLN", "published_on": "2026-07-22",
            "rate": "4.2613", "source": "140/A/NBP/2026"}
    first = boss.post("/exchange-rates", rate, key="once")
    assert first.status_code == 201
    assert boss.post("/exchange-rates", rate, key="once").json() == first.json()
    assert boss.post("/exchange-rates", {**rate, "rate": "4.27"}).status_code == 201
    told = boss.get("/exchange-rates", limit=1).json()
    assert [(row["rate"], row["who"] != "") for row in told["data"]] == [("4.27", True)]
    rest = boss.get("/exchange-rates", after=told["next"]).json()["data"]
    assert [row["rate"] for row in rest] == ["4.2613"]
    for wrong in ({"rate": "0"}, {"rate": "-1"}, {"rate": "4,2"}, {"rate": "4.2613001"},
                  {"in_currency": "EUR"}, {"currency": "euro"}, {"published_on": "yesterday"}):
        assert boss.post("/exchange-rates", {**rate, **wrong}).status_code == 422, wrong
    assert office.person("fleet", account_id=900_001).get("/exchange-rates").status_code == 403
    assert len(rig.sql("SELECT FROM exchange_rate")) == 2


def test_a_number_is_kept_once(rig, boss, invoice):
    def tell(number: str, given: str = NUMBER) -> int:
        return boss.post("/ksef-numbers", {"number": number, "ksef_number": given}).status_code
    assert tell(invoice, NUMBER[:-2] + "AE") == 422  # its check does not hold
    assert tell("Y2026-9") == 404
    assert (tell(invoice), tell(invoice)) == (201, 201)
    assert tell("Y2026-2") == 409  # it is another invoice's
    other = "5265877635-20250827-0100001AF629-"
    assert tell(invoice, other + check_of(other)) == 409
    assert [tuple(row) for row in rig.sql("SELECT number, ksef_number FROM ksef_number")] == [
        (invoice, NUMBER)]
    assert len(rig.sql(f"SELECT FROM audit WHERE subject = 'invoice/{invoice}'")) == 1
