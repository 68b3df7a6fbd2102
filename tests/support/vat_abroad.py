"""A Polish operator, stations in several countries, and exchange rates: what their VAT needs."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from clearing.settings import Settings, load_settings
from tests.e2e.clearing_day import sql

NIP = "5260250274"


def settings_of(vat_id: str = "DE123456788", *, vat_basis_points: int = 2_000,
                invoicing: dict[str, Any] | None = None, **countries: dict[str, Any]) -> Settings:
    """The defaults for an operator with this VAT id. countries: those that it is told of."""
    told = json.loads(load_settings().encode())
    told |= {"vat_basis_points": vat_basis_points, "product_groups": [], "countries": countries}
    told["invoicing"] |= {"vat_id": vat_id} | (invoicing or {})
    return load_settings(json.dumps(told))


POLISH = settings_of(f"PL{NIP}", vat_basis_points=2_300)


def site(database_url: str, site_id: str, country: str) -> None:
    """A station in a country."""
    sql(database_url, "INSERT INTO site (site_id, merchant_id, name, country) "
                      "VALUES ($1, 'STATION', $1, $2) "
                      "ON CONFLICT (site_id) DO UPDATE SET country = excluded.country",
        site_id, country)


def exchange_rate(database_url: str, published_on: date, rate: str, currency: str = "EUR",
                  in_currency: str = "PLN") -> None:
    """What a central bank has published."""
    sql(database_url, "INSERT INTO exchange_rate (currency, in_currency, published_on, rate, "
                      "source, who) VALUES ($1, $2, $3, $4, '140/A/NBP/2026', 'boss')",
        currency, in_currency, published_on, Decimal(rate))
