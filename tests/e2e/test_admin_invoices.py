"""Invoices through the API: how an account is invoiced, what was made, one asked for."""

from __future__ import annotations

import pytest

from tests.support.rig import running


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(boss):
    return boss.made("/accounts", {"kind": "fleet", "name": "Movers", "currency": "EUR"})[
        "account_id"]


def test_how_an_account_is_invoiced(rig, boss, office, fleet):
    def put(**more):
        return boss.post("/invoicing", {"account_id": fleet, **more})
    assert put(invoice_period="month", forms=["ksef", "pdf"]).status_code == 200
    told = put(invoice_period="week", vat_id="PL5260250274").json()
    assert told["forms"] == ["ubl", "csv", "pdf"]
    own = office.person("fleet", account_id=fleet).get("/invoicing").json()["data"]
    assert [(row["invoice_period"], row["vat_id"]) for row in own] == [("week", "PL5260250274")]
    other = office.person("fleet", account_id=900_001)
    assert other.get("/invoicing").json()["data"] == []
    assert other.post("/invoicing", {"account_id": fleet}).status_code == 403
    for wrong, status in (({"account_id": 2**40}, 404), ({"invoice_period": "year"}, 422),
                          ({"vat_id": "526"}, 422), ({"forms": []}, 422),
                          ({"payment_days": 366}, 422), ({"endpoint_id": "x"}, 422),
                          ({"nonsense": 1}, 422)):
        answer = put(**wrong)
        assert answer.status_code == status, answer.text
    assert len(rig.sql(f"SELECT FROM audit WHERE subject = 'invoicing/{fleet}'")) == 2


def test_an_invoice_is_asked_for_once(rig, boss, fleet):
    asked = {"account_id": fleet, "up_to": "2026-07-23"}
    first = boss.post("/invoice-requests", asked, key="once")
    assert first.status_code == 201
    assert boss.post("/invoice-requests", asked, key="once").json() == first.json()
    assert boss.post("/invoice-requests", {**asked, "account_id": 2**40}).status_code == 404
    assert len(rig.sql(f"SELECT FROM invoice_request WHERE account_id = {fleet}")) == 1


def test_invoices_are_listed_by_pages(rig, boss, office, fleet):
    rig.sql("INSERT INTO invoice_series VALUES ('X2026', 5)")
    rig.sql(f"INSERT INTO invoice SELECT 'X2026-' || n, 'fleet', '2026-07-23/fuel/1', {fleet}, '', "
            "'EUR', '2026-07-23', '2026-07-23', date '2026-07-20' + n, '2026-08-06', 100, 20, 120, "
            "0, 'transfer', NULL, 'X2026', n FROM generate_series(1, 5) n")

    def listed(who, **query):
        return who.get("/invoices", **query).json()
    first = listed(boss, limit=3)
    assert [row["number"] for row in first["data"]] == ["X2026-1", "X2026-2", "X2026-3"]
    rest = listed(boss, limit=3, after=first["next"])
    assert ([row["number"] for row in rest["data"]], rest["next"]) == (
        ["X2026-4", "X2026-5"], None)
    assert len(listed(boss, **{"from": "2026-07-22", "until": "2026-07-23"})["data"]) == 2
    assert listed(boss, kind="credit_note")["data"] == []
    assert len(listed(office.person("fleet", account_id=fleet))["data"]) == 5
    assert listed(office.person("fleet", account_id=900_001))["data"] == []
    for wrong in ({"after": "nonsense"}, {"kind": "letter"}, {"acount": "1"}):
        assert boss.get("/invoices", **wrong).status_code == 422
