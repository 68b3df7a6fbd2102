"""Exchange rates and KSeF's numbers through the API: told, checked, told again where wrong."""

from __future__ import annotations

import asyncio
import base64
import json

import asyncpg
import pytest

from authhost.admin.tax_facts import check_of
from tests.support.rig import running

NIP = "5265877635"
NUMBER = f"{NIP}-20250826-0100001AF629-AF"  # the Ministry's own example


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def invoice(rig, boss):
    account = boss.made("/accounts", {"kind": "fleet", "name": "Movers", "currency": "EUR"})[
        "account_id"]
    # The operator has another number since the 24th; Y2026-2 corrects what bears the first.
    for day, vat_id in (("2026-07-23", f"PL{NIP}"), ("2026-07-24", "DE123456788")):
        settings = {"invoicing": {"vat_id": vat_id, "tax_number": ""}, "countries": {
            "AT": {"vat_id": "ATU12345675", "tax_number": ""},
            "DE": {"vat_id": "", "tax_number": ""},
            "PL": {"vat_id": "", "tax_number": "PL5260250274"}}}
        rig.sql("INSERT INTO clearing_run (run_id, business_date, stream, sequence, status, "
                f"journal_digest, journal_count, settings) VALUES ('{day}/fuel/1', '{day}', "
                "'fuel', 1, 'posted', '', 0, $1)", json.dumps(settings))
    rig.sql("INSERT INTO invoice_series VALUES ('Y2026', 6)")
    rig.sql("INSERT INTO invoice (number, kind, run_id, account_id, currency, period_from, "
            "period_to, issued_on, due_on, net_minor, vat_minor, gross_minor, collected_by, "
            "series, serial, country, reverse_charge, to_ksef, told_by) "
            f"SELECT 'Y2026-' || n, 'fleet', CASE n WHEN 2 THEN '2026-07-24/fuel/1' "
            f"ELSE '2026-07-23/fuel/1' END, {account}, "
            "'EUR', '2026-07-23', '2026-07-23', '2026-07-23', '2026-08-06', 100, 20, 120, "
            "'transfer', 'Y2026', n, (ARRAY['', '', 'DE', 'PL', 'AT', 'AT'])[n], n = 6, n <> 3, "
            "CASE n WHEN 2 THEN '2026-07-23/fuel/1' ELSE '' END "
            "FROM generate_series(1, 6) n")
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
    for wrong in ({"rate": "0"}, {"rate": "-1"}, {"rate": "4,2"}, {"rate": "4.26\n"},
                  {"rate": "4.2613001"}, {"in_currency": "EUR"}, {"in_currency": "PLN\n"},
                  {"currency": "euro"}, {"published_on": "yesterday"}):
        assert boss.post("/exchange-rates", {**rate, **wrong}).status_code == 422, wrong
    assert office.person("fleet", account_id=900_001).get("/exchange-rates").status_code == 403
    assert len(rig.sql("SELECT FROM exchange_rate")) == 2


def cursor(content: str) -> str:
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


@pytest.mark.parametrize(("path", "place"), [
    ("/exchange-rates", "[1000000000000000000000000000000]"),
    ("/exchange-rates", "[9223372036854775808]"), ("/audit", "[18446744073709551615]"),
    ("/invoices", '["then", "Y2026-1"]'),
    ("/invoices", '["2026-07-23", "\\u0000"]')])
def test_a_forged_cursor_is_refused(boss, path, place):
    answer = boss.get(path, after=cursor(place))
    assert (answer.status_code, answer.json()["where"]) == (422, "after"), answer.text


def numbered(day: int, nip: str = NIP) -> str:
    """A number that KSeF could give."""
    head = f"{nip}-202508{day:02}-0100001AF629-"
    return head + check_of(head)


@pytest.fixture
def tell(rig, boss, invoice):
    yield lambda number, given=NUMBER: boss.post(
        "/ksef-numbers", {"number": number, "ksef_number": given}).status_code
    for number in (invoice, "Y2026-2"):
        boss.post("/ksef-numbers", {"number": number, "ksef_number": ""})


def shown(boss) -> list[str]:
    return [row["ksef_number"] for row in boss.get("/invoices", **{"from": "2026-07-23"}).json()[
        "data"] if row["number"] in {"Y2026-1", "Y2026-2"}]


def test_a_number_is_checked(tell, invoice):
    assert tell(invoice, NUMBER[:-2] + "AE") == 422  # its check does not hold
    assert tell(invoice, NUMBER + "\n") == 422
    assert tell("Y2026-9") == 404
    assert tell(invoice, numbered(26, "5260250274")) == 422  # another seller's
    assert tell("Y2026-3") == 422  # no invoice by Polish law
    assert tell("Y2026-5") == 422  # its seller has a number of Austria there
    # By the seller's number in Poland, and at home where the buyer accounts for the VAT.
    assert tell("Y2026-4", numbered(1, "5260250274")) == 201
    assert tell("Y2026-6", numbered(2)) == 201
    assert tell("Y2026-4", numbered(3)) == 422


def test_a_number_that_was_told_is_kept_once(rig, boss, invoice, tell):
    before = len(rig.sql(f"SELECT FROM audit WHERE subject = 'invoice/{invoice}'"))
    assert (tell(invoice), tell(invoice)) == (201, 201)
    assert tell("Y2026-2") == 409  # it is another invoice's
    assert [tuple(row) for row in rig.sql("SELECT number, ksef_number FROM ksef_number "
                                          "WHERE number = 'Y2026-1'")] == [(invoice, NUMBER)]
    assert shown(boss) == [NUMBER, ""]
    assert len(rig.sql(f"SELECT FROM audit WHERE subject = 'invoice/{invoice}'")) == before + 1
    with pytest.raises(asyncpg.RestrictViolationError):
        rig.sql("DELETE FROM ksef_number")


@pytest.mark.parametrize("first", [numbered(27), ""])
def test_a_number_that_was_told_of_the_wrong_invoice_is_told_again(boss, invoice, tell, first):
    assert tell(invoice) == 201
    assert tell(invoice, first) == 201
    assert tell("Y2026-2") == 201
    assert shown(boss) == [first, NUMBER]
    assert tell(invoice) == 409


def test_two_at_once_hear_the_same(rig, boss, invoice, tell):
    async def run() -> int:
        other = await asyncpg.connect(rig.database_url)
        try:
            doing = other.transaction()
            await doing.start()
            await other.execute("INSERT INTO ksef_number (number, ksef_number, who) "
                                "VALUES ($1, $2, 'other')", invoice, NUMBER)
            asks = asyncio.create_task(boss.sending(
                "POST", "/ksef-numbers", {"number": invoice, "ksef_number": NUMBER}))
            while not asks.done() and not await other.fetchval(  # noqa: ASYNC110  # a lock is mute
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database())"):
                await asyncio.sleep(0.01)
            await doing.commit()
            return (await asks).status_code
        finally:
            await other.close()

    told = len(rig.sql("SELECT FROM ksef_number"))
    assert rig.run(run()) == 201
    assert len(rig.sql("SELECT FROM ksef_number")) == told + 1
