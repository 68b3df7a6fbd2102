"""What parties agree about their own books, through the API: versions, checked before they hold."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from tests.support.portfolio import DAY
from tests.support.rig import running

LOGIC: dict[str, Any] = {"form": "json", "accounts": {"*": "1460"},
                         "kinds": {"*": {"contra": "1590"}}}


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(boss):
    return boss.made("/accounts", {"kind": "fleet", "name": "Movers", "currency": "EUR"})[
        "account_id"]


@pytest.fixture(scope="module")
def dealer(boss):
    return boss.made("/accounts", {"kind": "supplier", "name": "Pumps", "currency": "EUR"})[
        "account_id"]


def test_a_posting_logic_is_a_version_of_a_day(rig, boss, office, fleet):
    def add(**more):
        return boss.post("/booking-logics", {"account_id": fleet, "valid_from": DAY.isoformat(),
                                             "terms": LOGIC, **more})
    first, second = add(), add(terms={**LOGIC, "hour": "18:00"})
    assert (first.status_code, first.json()["version"], second.json()["version"]) == (201, 1, 2)
    own = office.person("fleet", account_id=fleet).get("/booking-logics").json()["data"]
    assert [(row["version"], row["terms"]["hour"]) for row in own] == [(2, "18:00"), (1, "")]
    other = office.person("client", account_id=900_001)
    assert other.get("/booking-logics").json()["data"] == []
    assert other.post("/booking-logics", {}).status_code == 403
    for wrong, status, where in (
            ({"valid_from": "2026-07-22"}, 422, "valid_from"),
            ({"account_id": 2**40}, 404, "account_id"),
            ({"terms": {**LOGIC, "accounts": {}}}, 422, "terms.accounts"),
            ({"terms": {**LOGIC, "form": "datev"}}, 422, "terms.datev"),
            ({"terms": {**LOGIC, "kinds": {"*": {"contra": "1", "text": "{x}"}}}}, 422,
             "terms.kinds.*.text"),
            ({"terms": {**LOGIC, "hour": "25:00"}}, 422, "terms.hour"),
            ({"nonsense": 1}, 422, "")):
        answer = add(**wrong)
        assert (answer.status_code, answer.json()["where"]) == (status, where), answer.text
    assert len(rig.sql(f"SELECT FROM audit WHERE subject = 'booking_logic/{fleet}'")) == 2
    asked = {"account_id": fleet, "valid_from": "2099-01-01", "terms": LOGIC}
    again = boss.post("/booking-logics", asked, key="same")
    assert boss.post("/booking-logics", asked, key="same").json() == again.json()


def test_a_supplier_and_his_stations(rig, boss, office, fleet, dealer):
    for name in ("U7", "U8"):
        boss.made("/couriers", {"courier_id": name, "name": name})

    def add(path, **given):
        return boss.post(path, {"account_id": dealer, "valid_from": DAY.isoformat(),
                                "terms": {}, **given})
    station = {"merchant_id": "SHOP", "terms": {"basis": "agency", "commissions": [
        {"per_litre": "1.2"}]}}
    early = add("/station-terms", **station)
    assert (early.status_code, early.json()["where"]) == (409, "account_id")
    made = add("/supplier-terms")
    assert (made.status_code, made.json()["terms"]["period"]) == (201, "month")
    assert add("/station-terms", **station).status_code == 201
    for path, wrong, status, where in (
            ("/supplier-terms", {"courier_id": "U9"}, 404, "courier_id"),
            ("/supplier-terms", {"terms": {"payment_days": 366}}, 422, "terms.payment_days"),
            ("/station-terms", {**station, "merchant_id": "NONE"}, 404, "merchant_id"),
            ("/station-terms", {**station, "terms": {"basis": "agency", "commissions": []}}, 422,
             "terms.commissions"),
            ("/station-terms", {**station, "terms": {"basis": "agency", "commissions": [
                {"percent": "100.1"}]}}, 422, "terms.commissions[0].percent")):
        answer = add(path, **wrong)
        assert (answer.status_code, answer.json()["where"]) == (status, where), answer.text
    assert add("/supplier-terms", courier_id="U7").status_code == 201
    taken = add("/supplier-terms", courier_id="U7", account_id=fleet)
    assert (taken.status_code, taken.json()["where"]) == (409, "courier_id")
    seen = office.person("courier", courier_id="U7").get("/supplier-terms").json()["data"]
    assert [row["courier_id"] for row in seen] == ["U7"]
    assert office.person("courier", courier_id="U8").get("/supplier-terms").json()["data"] == []
    assert [row["merchant_id"] for row in boss.get("/station-terms", station="SHOP").json()[
        "data"]] == ["SHOP"]
    assert len(rig.sql("SELECT FROM audit WHERE subject = 'station_terms/SHOP'")) == 1


def test_the_schema_of_booking_records_is_served(boss):
    served = boss.get("/booking-records/schema").json()
    assert served == json.loads(
        files("clearing.ownbooks").joinpath("booking-records.schema.json").read_text())
