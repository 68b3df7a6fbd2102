"""Who can be paid, and why not."""

from __future__ import annotations

import json

import msgspec
import pytest

from clearing.party import Address, Party, creditor_defect, parse_address, parse_party

GOOD = Party("Café", "UTC", "FR7630006000011234567890189", "", Address(town="Paris", country="FR"))


@pytest.mark.parametrize(("change", "amount", "currency", "defect"), [
    ({}, 1, "EUR", ""),
    ({}, 0, "EUR", "not_positive"),
    ({}, -5, "EUR", "not_positive"),
    ({}, 100_000_000_000, "EUR", "amount_too_large"),
    ({}, 1, "USD", "bic_missing"),
    ({"bic": "AGRIFRPP"}, 100_000_000_000, "USD", ""),
    ({"bic": "AGRI"}, 1, "EUR", "bic_invalid"),
    ({"iban": ""}, 1, "EUR", "iban_missing"),
    ({"iban": "FR7630006000011234567890180"}, 1, "EUR", "iban_invalid"),
    ({"iban": "nonsense"}, 1, "EUR", "iban_invalid"),
    ({"iban": "BR1500000000000010932840814P2"}, 1, "EUR", "outside_sepa"),
    ({"name": "\u200b"}, 1, "EUR", "name_missing"),
    ({"address": Address(country="FR")}, 1, "EUR", "address_incomplete"),
    ({"address": Address(town="Paris", country="France")}, 1, "EUR", "address_incomplete"),
])
def test_a_defect_has_a_name(change: dict[str, object], amount: int, currency: str,
                             defect: str) -> None:
    assert creditor_defect(msgspec.structs.replace(GOOD, **change), amount, currency) == defect


def test_an_account_that_is_not_there() -> None:
    assert parse_party(None) is None
    assert creditor_defect(None, 1, "EUR") == "account_missing"


@pytest.mark.parametrize("address", [None, [], "Paris", {"town": ["Paris"], "country": None}])
def test_an_address_may_be_anything(address: object) -> None:
    party = parse_party(json.dumps({"name": "x", "address": address}))
    assert party is not None
    assert party.address == Address()


def test_an_address_as_master_data_has_it() -> None:
    party = parse_party(json.dumps({
        "name": "x", "iban": " fr76 3000 6000 0112 3456 7890 189", "bic": None,
        "address": {"number": 5, "town": " Paris ", "country": "FR", "floor": "2"}}))
    assert party is not None
    assert (party.iban, party.bic) == (GOOD.iban, "")
    assert party.address == Address(number="5", town="Paris", country="FR")


@pytest.mark.parametrize(("told", "lines"), [
    (["Tour B", " ", 5, " Floor 3 "], ("Tour B", "Floor 3")), ("Tour B", ()), (None, ())])
def test_lines_of_an_address_without_a_street(told: object, lines: tuple[str, ...]) -> None:
    assert parse_address({"town": "Paris", "country": "FR", "lines": told}) == Address(
        town="Paris", country="FR", lines=lines)
