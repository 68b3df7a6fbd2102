"""Mandates, banks' forms of files, and what banks say of payees, through the API."""

from __future__ import annotations

import pytest

IBAN, OTHER = "AT611904300234573201", "DE89370400440532013000"
MANDATE = {"mandate_id": "M-1", "scheme": "CORE", "signed_on": "2026-01-10",
           "debtor_name": "Transporte Müller", "iban": IBAN}


@pytest.fixture(scope="module")
def account(boss):
    return boss.made("/accounts", {"kind": "fleet", "name": "Fleet", "currency": "EUR"})[
        "account_id"]


@pytest.fixture(scope="module")
def mandate(boss, account):
    return boss.made("/mandates", {**MANDATE, "account_id": account})


def test_a_mandate_is_made_read_and_changed(rig, boss, account, mandate):
    assert (mandate["status"], mandate["one_off"], mandate["account_id"]) == (
        "active", False, account)
    assert boss.get("/mandates/M-1").json() == mandate
    assert boss.patch("/mandates/M-1", {"iban": OTHER, "is_last": True}).json()["iban"] == OTHER
    who, = rig.sql("SELECT DISTINCT who FROM audit WHERE subject = 'mandate/M-1'")
    assert who[0].startswith("administrator")


@pytest.mark.parametrize(("change", "where"), [
    ({"iban": "AT611904300234573202"}, "iban"), ({"bic": "X"}, "bic"),
    ({"scheme": "B2B"}, "scheme"), ({"signed_on": "2026-01-11"}, "signed_on"),
    ({"account_id": 1}, "account_id"), ({"status": "gone"}, "status")])
def test_what_a_mandate_cannot_become(boss, mandate, change, where):
    answer = boss.patch("/mandates/M-1", change)
    assert answer.status_code == 422
    assert where in answer.json()["where"]


@pytest.mark.parametrize(("change", "status", "where"), [
    ({"mandate_id": "M 1"}, 422, "mandate_id"), ({"mandate_id": "M" * 36}, 422, "mandate_id"),
    ({"signed_on": "10.01.2026"}, 422, "signed_on"), ({"signed_on": None}, 422, "signed_on"),
    ({"account_id": 999_999_999}, 422, "account_id"), ({}, 409, "account_id"),
    ({"mandate_id": "M-1", "status": "suspended"}, 409, ""),
    ({"status": "suspended", "one_off": True, "is_last": True}, 422, "is_last")])
def test_what_no_mandate_is(boss, account, mandate, change, status, where):
    """One that is active an account, one of a number; with a day, of somebody who is there."""
    answer = boss.post("/mandates", {**MANDATE, "mandate_id": "M-2", "account_id": account,
                                     **change})
    assert (answer.status_code, where in answer.json().get("where", "")) == (status, True)


def test_a_fleet_sees_its_own(office, boss, account, mandate):
    other = boss.made("/accounts", {"kind": "fleet", "name": "Other", "currency": "EUR"})
    assert office.person("fleet", account_id=account).get("/mandates/M-1").status_code == 200
    stranger = office.person("fleet", account_id=other["account_id"])
    assert stranger.get("/mandates/M-1").status_code == 404
    assert stranger.patch("/mandates/M-1", {"status": "suspended"}).status_code == 403


FORM = {"orders": "csv", "most_payments": 1_000, "advice": "bai2", "orders_csv": {
    "separator": ";", "decimal": ",", "columns": [
        {"title": "Id", "field": "end_to_end_id"}, {"title": "IBAN", "field": "iban"},
        {"title": "Amount", "field": "amount"}]}}


def test_a_bank_says_how_it_takes_its_files(boss):
    bank = boss.made("/banks", {"bank_id": "FORM", "name": "Bank", "files": FORM})
    assert bank["files"]["orders_csv"]["columns"][2] == {"title": "Amount", "field": "amount"}
    assert boss.patch("/banks/FORM", {"files": {}}).json()["files"]["orders"] == "pain001"


@pytest.mark.parametrize(("form", "where"), [
    ({"orders": "fax"}, "files.orders"), ({"most_payments": 5}, "files.most_payments"),
    ({"orders_csv": {"separator": "x"}}, "files.orders_csv.separator"),
    ({"orders_csv": {"columns": [{"title": "", "field": "nothing"}]}},
     "files.orders_csv.columns[0].field"),
    ({"advice_csv": {"separator": ",", "decimal": ","}}, "files.advice_csv.decimal"),
    ({"orders_csv": {"head": "a\nb"}}, "files.orders_csv.head"), ({"unknown": 1}, "files")])
def test_a_form_that_cannot_be_says_where(boss, form, where):
    answer = boss.post("/banks", {"bank_id": "BAD", "name": "Bank", "files": form})
    assert answer.status_code == 422
    assert answer.json()["where"] == where


def test_what_a_bank_has_said_of_a_payee_stays(boss):
    said = boss.made("/payee-verifications", {
        "iban": IBAN, "name": "Café", "outcome": "close_match", "bank_name": "Café d.o.o."})
    path = f"/payee-verifications/{said['verification_id']}"
    assert boss.get(path).json()["outcome"] == "close_match"
    assert boss.patch(path, {"outcome": "match"}).status_code == 422
    assert boss.post("/payee-verifications", {
        "iban": "X", "name": "Café", "outcome": "match"}).status_code == 422
