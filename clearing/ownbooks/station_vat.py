"""Where what dealers have sold is taxed, and at which rate; what comes back bears that of its sale.

Knows what the nights have kept of each station's sales, and by which settings they were settled;
must not know what was sold tonight. Directive 2006/112/EC, articles 31, 90 and 93.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from clearing.invoices.nights_told import told_on_days, told_to_runs
from clearing.invoices.supply import delivered_in, rates_in
from clearing.ownbooks.statements import statement
from clearing.queries import Connection
from clearing.settings import Settings

Place = tuple[str, int]  # country of delivery (supply.delivered_in), rate in basis points
_Of = tuple[str, date, str, str]  # station, day, product, currency


class StationVat:
    """By tonight's settings, those of earlier nights, and what stations have sold then."""

    def __init__(self, settings: Settings, nights: Mapping[date, Settings],
                 sold: Mapping[_Of, set[Place]]) -> None:
        self._settings = settings
        self._nights = nights
        self._sold = sold

    @classmethod
    async def read(cls, connection: Connection, settings: Settings,
                   before: Iterable[tuple[str, date]]) -> StationVat:
        """before: stations, with the days of what they give back; no query where there are none."""
        wanted = sorted(set(before))
        if not wanted:
            return cls(settings, {}, {})
        rows = await connection.fetch(statement("station_sold"),
                                      *(list(column) for column in zip(*wanted, strict=True)))
        settled = await told_to_runs(connection, (
            row["settled_by"] for row in rows if row["settled_by"] is not None))
        sold: dict[_Of, set[Place]] = {}
        for row in rows:
            country, rate = row["country"], row["vat_basis_points"]
            if row["settled_by"] is not None:
                rate = rates_in(settled[row["settled_by"]], country).group(
                    row["product"]).vat_basis_points
            sold.setdefault((row["merchant_id"], row["business_date"], row["product"],
                             row["currency"]), set()).add((country, rate))
        return cls(settings, await told_on_days(connection, (day for _, day in wanted)), sold)

    def of(self, merchant_id: str, supplied_on: date, product: str, currency: str,
           country: str) -> Place:
        """country: of the site, as it is told today; it holds where the station has sold the
        product in several that day, or has not sold it. The rate is totals.RATE_UNKNOWN where no
        night was told of the country yet."""
        told = delivered_in(self._settings, currency, country)
        sold = self._sold.get((merchant_id, supplied_on, product, currency), set())
        places = {place for place in sold if place[0] == told} or sold
        if len(places) == 1:
            return next(iter(places))
        rates = rates_in(self._nights.get(supplied_on, self._settings), told)
        return told, rates.group(product).vat_basis_points
