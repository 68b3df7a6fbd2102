"""The operator's settings: what comes with the package, and what is refused."""

from __future__ import annotations

import json

import msgspec
import pytest

from clearing.errors import ClearingError
from clearing.settings import load_settings

PLAIN = json.loads(load_settings().encode())


def test_the_defaults() -> None:
    settings = load_settings()
    assert settings.debtor("EUR") == settings.debtor("USD")
    assert settings.group("012").name == "Motor fuel"
    assert settings.group("420").name == "Merchandise"
    for unknown in ("", "12", "0120", "999"):
        assert settings.group(unknown).name == ""
        assert settings.group(unknown).vat_basis_points == 2_000
    assert load_settings(settings.encode()) == settings


def test_a_currency_without_a_debtor() -> None:
    settings = load_settings()
    only_euro = msgspec.structs.replace(settings, debtors={"EUR": settings.debtors["*"]})
    assert only_euro.debtor("USD") is None


@pytest.mark.parametrize(("change", "message"), [
    ({"vat_basis_points": 10_001}, "VAT of 10001"),
    ({"vat_basis_points": 20.5}, "vat_basis_points"),
    ({"surprise": 1}, "surprise"),
    ({"debtors": {"*": {**PLAIN["debtors"]["*"], "iban": "DE1"}}}, "iban_invalid"),
    ({"debtors": {"*": {**PLAIN["debtors"]["*"], "bic": ""}}}, "bic_missing"),
    ({"debtors": {"EUR": {**PLAIN["debtors"]["*"], "address": {}}}}, "EUR: address_incomplete"),
])
def test_what_cannot_be_right_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ClearingError, match=message):
        load_settings(json.dumps({**PLAIN, **change}))


def test_no_json() -> None:
    with pytest.raises(ClearingError, match="clearing settings"):
        load_settings(b"\xff")


@pytest.mark.parametrize(("country", "told", "says"), [
    ("Austria", {"vat_basis_points": 2_000}, "it is no country"),
    ("AT", {"vat_basis_points": 2_000, "vat_id": "DE123456788"}, "is of another country"),
    ("AT", {"vat_basis_points": 2_000, "vat_id": "U1"}, "is no country and number"),
    ("AT", {"vat_basis_points": 10_001}, "VAT of 10001 basis points"),
    ("AT", {}, "vat_basis_points")])
def test_a_country_that_cannot_be_right_is_named(country: str, told: dict[str, object],
                                                 says: str) -> None:
    text = json.loads(load_settings().encode())
    text["countries"] = {country: told}
    with pytest.raises(ClearingError, match=says):
        load_settings(json.dumps(text))
