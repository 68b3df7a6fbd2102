"""A bank's hours, limits and address."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from authhost.bank.banks import read_bank

DEBTOR = {"name": "Operator", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}


def bank(endpoint="https://bank.example/cash/", status="active", **rail):
    one = {"currency": "EUR", "rail": "instant", "debtor": DEBTOR, **rail}
    return read_bank("B1", status, endpoint, "", json.dumps([one]), 10)


@pytest.mark.parametrize(("rail", "at", "is_open"), [
    ({}, "2026-11-22T23:59", True),
    ({"days": [1, 2, 3, 4, 5]}, "2026-11-22T12:00", False),  # a Sunday
    ({"days": [1], "time_zone": "Pacific/Auckland"}, "2026-11-22T12:00", True),  # Monday there
    ({"from": "08:00", "until": "18:00"}, "2026-11-23T08:00", True),
    ({"from": "08:00", "until": "18:00"}, "2026-11-23T18:00", False),
    # Vienna: one hour ahead in winter, two in summer.
    ({"from": "08:00", "until": "18:00", "time_zone": "Europe/Vienna"}, "2026-11-23T17:00", False),
    ({"from": "08:00", "until": "18:00", "time_zone": "Europe/Vienna"}, "2026-07-23T06:00", True),
    # Over midnight: the small hours belong to the day before.
    ({"from": "22:00", "until": "06:00", "days": [7]}, "2026-11-23T05:59", True),
    ({"from": "22:00", "until": "06:00", "days": [7]}, "2026-11-22T05:59", False),
    ({"from": "22:00", "until": "06:00", "days": [7]}, "2026-11-22T22:00", True),
    ({"from": "22:00", "until": "06:00", "days": [7]}, "2026-11-22T12:00", False),
])
def test_hours_are_the_banks_own(rail, at, is_open):
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = bank(**rail)
    assert found.problem == ""
    assert found.objection("EUR", 1, now) == ("" if is_open else "outside_hours")
    assert found.shut(now) == ("" if is_open else "outside_hours")


def test_a_limit_is_the_most_that_goes():
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    found = bank(most_minor=10_000)
    assert [found.objection("EUR", amount, now) for amount in (10_000, 10_001)] == [
        "", "above_limit"]
    assert found.objection("USD", 1, now) == "no_rail"


def test_an_operator_can_say_that_it_is_down():
    assert bank(status="down").shut(datetime(2026, 11, 23, 12, tzinfo=UTC)) == "bank_down"


@pytest.mark.parametrize(("endpoint", "place"), [
    ("https://bank.example", ("bank.example", 443, "", True)),
    ("https://bank.example:8443/a/b/", ("bank.example", 8443, "/a/b", True)),
    ("http://127.0.0.1:8643", ("127.0.0.1", 8643, "", False)),
    ("https://[::1]:8643", ("::1", 8643, "", True))])
def test_an_address_is_read(endpoint, place):
    found = bank(endpoint).place
    assert (found.host, found.port, found.path, found.tls) == place
    assert found.server_name == found.host


@pytest.mark.parametrize("endpoint", [
    "", "bank.example", "ftp://bank.example", "http://bank.example", "https://",
    "https://user:secret@bank.example", "https://bank.example?x=1", "https://bank.example:99999"])
def test_a_wrong_address_is_a_problem_and_no_crash(endpoint):
    found = bank(endpoint)
    assert found.problem.startswith("bank_settings: ")
    assert found.shut(datetime(2026, 11, 23, 12, tzinfo=UTC)) == found.problem


@pytest.mark.parametrize("rails", [
    "[]", "{}", "[1]", "null", '[{"currency": "EUR"}]',
    json.dumps([{"currency": "EUR", "rail": "pigeon", "debtor": DEBTOR}]),
    json.dumps([{"currency": "EUR", "rail": "instant", "debtor": {**DEBTOR, "iban": "DE00"}}]),
    json.dumps([{"currency": "EUR", "rail": "instant", "debtor": {**DEBTOR, "bic": ""}}]),
    json.dumps([{"currency": "EUR", "rail": "instant", "debtor": DEBTOR, "time_zone": "Nowhere"}]),
    json.dumps([{"currency": "EUR", "rail": "instant", "debtor": DEBTOR, "from": "25:00"}])])
def test_wrong_rails_are_a_problem(rails):
    found = read_bank("B1", "active", "https://bank.example", "", rails, 10)
    assert found.problem.startswith("bank_settings: ")


def test_one_wrong_rail_leaves_the_others():
    rails = [{"currency": "EUR", "rail": "instant", "debtor": DEBTOR},
             {"currency": "USD", "rail": "transfer", "debtor": {**DEBTOR, "bic": ""}}]
    found = read_bank("B1", "active", "https://bank.example", "", json.dumps(rails), 10)
    assert (found.problem, list(found.rails)) == ("", ["EUR"])
