"""What a party may agree: read as it is stored, refused where it cannot be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from clearing.ownbooks.station_sales import commission_of
from clearing.ownbooks.terms import Booking, Commission, Station, Supplier, objection

LOGIC: dict[str, Any] = {
    "form": "csv", "accounts": {"*": "1460"}, "kinds": {"*": {"contra": "1000"}}}
DATEV = {**LOGIC, "form": "datev", "datev": {"consultant": 1001, "client": 1}}


@pytest.mark.parametrize("given", [LOGIC, DATEV, {**LOGIC, "form": "json", "hour": "18:00"}])
def test_a_logic_that_can_be(given: dict[str, Any]) -> None:
    assert objection(msgspec.convert(given, Booking)) == ("", "")


@pytest.mark.parametrize(("change", "where"), [
    ({"accounts": {"2200": "1"}}, "accounts"),
    ({"kinds": {"FEE": {"contra": "1"}}}, "kinds"),
    ({"kinds": {"*": {"contra": "1", "text": "{who}"}}}, "kinds.*.text"),
    ({"kinds": {"*": {"contra": "1", "text": "{kind.__class__}"}}}, "kinds.*.text"),
    ({"kinds": {"*": {"contra": "1", "text": "{kind"}}}, "kinds.*.text"),
    ({"kinds": {"*": {"contra": "1", "text": "{}"}}}, "kinds.*.text"),
    ({"table": {"columns": ["date", "amount", "currency"]}}, "table.columns"),
    ({"table": {"columns": ["debit", "credit", "date"]}}, "table.columns"),
    ({"table": {"columns": ["date", "date", "amount", "side", "currency"]}}, "table.columns"),
    ({"table": {"delimiter": ",", "decimal": ","}}, "table.delimiter"),
    ({"form": "datev"}, "datev"),
    ({"form": "datev", "datev": DATEV["datev"], "accounts": {"*": "123456"}}, "accounts.*"),
    ({"form": "datev", "datev": DATEV["datev"], "accounts": {"*": "0000"}}, "accounts.*"),
    ({"form": "datev", "datev": DATEV["datev"], "kinds": {"*": {"contra": "12a"}}},
     "kinds.*.contra")])
def test_a_logic_that_cannot_be(change: dict[str, Any], where: str) -> None:
    why, found = objection(msgspec.convert({**LOGIC, **change}, Booking))
    assert why
    assert found == where


@pytest.mark.parametrize("change", [
    {"hour": "24:00"}, {"hour": "18:00\n"}, {"form": "xml"}, {"period": "year"}, {"more": 1},
    {"kinds": {"*": {"contra": "1;2"}}}, {"kinds": {"*": {"contra": "1", "tax_key": "12345"}}},
    {"datev": {"consultant": 1000, "client": 1}}, {"table": {"columns": []}}])
def test_a_field_that_cannot_be(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**LOGIC, **change}, Booking)


def test_the_first_commission_that_covers_a_product() -> None:
    station = msgspec.convert({"basis": "agency", "commissions": [
        {"first": "010", "last": "019", "per_litre": "1.25"}, {"percent": "2.5"}]}, Station)
    assert station.of("012").per_litre == "1.25"
    assert station.of("12").percent == "2.5"
    narrow = msgspec.structs.replace(station, commissions=station.commissions[:1])
    assert narrow.of("420") == Commission()


@pytest.mark.parametrize(("terms", "litres", "amount", "expected"), [
    ({"per_litre": "1.25"}, "20.125", 4_135, 25), ({"per_litre": "1.2"}, "20.25", 4_135, 24),
    ({"percent": "2.5"}, "0", 4_100, 103), ({"percent": "2.5"}, "0", -4_100, -103),
    ({"per_litre": "1.25"}, "-20.125", -4_135, -25),
    ({"per_litre": "0.000001", "percent": "0.0001"}, "1", 499_998, 0),
    ({"per_litre": "0.000001", "percent": "0.0001"}, "1", 499_999, 1)])
def test_a_commission_is_rounded_once_half_up(terms: dict[str, str], litres: str, amount: int,
                                              expected: int) -> None:
    assert commission_of(msgspec.convert(terms, Commission), Decimal(litres), amount) == expected


def test_a_supplier_has_defaults() -> None:
    assert msgspec.convert({}, Supplier) == Supplier(
        period="month", invoicing="self_billed", paid_by="transfer", payment_days=14)
