"""How a client wants it, and whose account pays: master data of any shape."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from clearing.banks import debtor_for, parse_bank
from clearing.client import Client, parse_client
from clearing.deposit_credits import value_day
from clearing.remittance import own_remittance, with_net
from clearing.settings import load_settings

DEBTOR = {"name": "Cash in transit", "iban": "FR76 3000 6000 0112 3456 7890 189",
          "bic": "AGRIFRPP", "address": {"town": "Paris", "country": "FR"}}


@pytest.mark.parametrize(("content", "expected"), [
    (None, Client()), ("[]", Client()), ('{"posting": 5, "billing": []}', Client()),
    ('{"posting": {"by": "moon", "reference": 7, "fees": null}}', Client()),
    (json.dumps({"posting": {"by": "deposit", "reference": "R {receipt}", "fees": "invoice"},
                 "billing": "weekly", "currency": "EUR", "bank_id": "B",
                 "time_zone": "Europe/Paris"}),
     Client("deposit", "R {receipt}", "invoice", "weekly", "EUR", "B", "Europe/Paris")),
])
def test_a_client(content: str | None, expected: Client) -> None:
    assert parse_client(content) == expected


def rail(**change: object) -> dict[str, object]:
    """A rail for euro whose debtor is changed."""
    return {"currency": "EUR", "rail": "instant", "debtor": {**DEBTOR, **change}}


def bank(**change: object) -> str:
    return json.dumps({"name": "Bank", "status": "active", "bic": "AGRIFRPP", "rails": [rail()],
                       **change})


def test_a_banks_debtor_is_named_by_currency() -> None:
    made, settings = parse_bank("B", bank()), load_settings()
    debtor = debtor_for(made, settings, "EUR")
    assert debtor is not None
    assert (debtor.name, debtor.iban, debtor.address.town) == (
        "Cash in transit", "FR7630006000011234567890189", "Paris")
    assert debtor_for(made, settings, "USD") == debtor_for(None, settings, "USD")
    assert made.defect("EUR") == made.defect("USD") == ""


@pytest.mark.parametrize(("content", "defect"), [
    (bank(status="closed"), "bank_closed"),
    (bank(rails=[rail(iban="FR1")]), "debtor_iban_invalid"),
    (bank(rails=[rail(address=[])]),
     "debtor_address_incomplete"),
    (bank(bic="", rails=[rail(bic="")]), "debtor_bic_missing"),
    (bank(rails=5), ""), (bank(rails=[{"currency": "EUR"}]), ""), ("[]", ""),
])
def test_a_debtor_that_no_bank_would_take(content: str, defect: str) -> None:
    assert parse_bank("B", content).defect("EUR") == defect


def test_a_text_of_its_own() -> None:
    values = {"date": "2026-07-23", "safe": "S1", "reference": "RF18"}
    assert own_remittance("{reference} {date} {nothing} {", values) == "RF18 2026-07-23 (nothing) ("
    assert with_net("x" * 200, {"adjustment": 2, "fee": 1, "reversal": 0}).endswith(
        "x, 2 ADJUSTMENTS, 1 FEE")
    assert len(with_net("x" * 200, {"adjustment": 2})) == 140
    assert with_net("text", {}) == "text"


@pytest.mark.parametrize(("hour", "cut_off", "day"), [
    (15, "18:00", 23), (16, "18:00", 24), (22, "18:00", 24), (22, "23:59", 24),
])
def test_a_cut_off_is_on_the_safes_clock(hour: int, cut_off: str, day: int) -> None:
    """Paris is two hours ahead in July; after its midnight it is the next day's anyway."""
    at = datetime(2026, 7, 23, hour, 0, tzinfo=UTC)
    assert value_day(date(2026, 7, 23), at, "Europe/Paris", cut_off) == date(2026, 7, day)



@pytest.mark.parametrize(("days", "read"), [
    ([5], {5}), ([1, 3, 9], {1, 3}), ([], set(range(1, 8))), ("5", set(range(1, 8))),
    (["5"], set(range(1, 8))), ([0], set(range(1, 8))), (None, set(range(1, 8)))])
def test_the_days_on_which_a_client_is_credited(days: object, read: set[int]) -> None:
    """What cannot be read holds up nobody."""
    content = json.dumps({"posting": {"days": days}})
    assert parse_client(content).days == read
