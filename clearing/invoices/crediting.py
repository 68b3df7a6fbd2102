"""Which invoice a late return or reversal gives back of, and at which rates of VAT.

Knows the lines and numbers of earlier runs, and what those were told. What was not
invoiced yet is given back in the invoice that will have it; what was gets a credit note that names
the invoice (BT-25). Either bears the rate of its supply, whatever the settings say since (Directive
2006/112/EC, articles 90 and 93).
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Final, NamedTuple

import asyncpg
import msgspec

from clearing.invoices.lines import MISSING, FuelLine, Goods
from clearing.invoices.nights_told import told_on_days, told_to_runs
from clearing.invoices.statements import statement
from clearing.invoices.supply import GoodsByCountry
from clearing.queries import Connection
from clearing.settings import Settings

_NOT_HERE: Final = "not here"
UNKNOWN: Final = "unknown"  # given back, and nobody knows of what: from before, or long ago

_Of = tuple[str, int, str, bool]  # key of what is named, account, currency, mended


class Under(NamedTuple):
    """What lines are invoiced under: where they were delivered (supply.delivered_in), and what they
    correct, '' or UNKNOWN or a number."""

    country: str
    corrects: str


class Origin(NamedTuple):
    """What a row's lines are invoiced under, and what they are called and taxed by."""

    under: Under
    goods: Goods


class Corrected:
    """By (key of what is given back, or taken again; account, currency, mended): its origin, with
    the number '' where no invoice has it yet. mended: of those of its items that a later night has
    priced."""

    def __init__(self, found: dict[_Of, Origin], day: date, goods: GoodsByCountry,
                 told: dict[date, Settings]) -> None:
        self._found = found
        self._day = day
        self._goods = goods
        self._told = told
        self._under_none = cache(self._find_under_none)  # asked of every row

    @classmethod
    async def read(cls, connection: Connection, run: str, day: date,
                   goods: GoodsByCountry) -> Corrected:
        """For all late returns and reversals of a run, with a few statements. goods: tonight's."""
        rows = await connection.fetch(statement("corrected"), run, day)
        runs = await told_to_runs(connection, (one for row in rows for one in _runs(row)))
        waited = await connection.fetch(statement("supplied"), run)
        told = await told_on_days(connection, {row["supplied_on"] for row in rows}
                                  | {row["day"] for row in waited} - {day})
        known: dict[tuple[str, date, tuple[str, ...]], Goods] = {}
        found: dict[_Of, Origin] = {}
        for row in rows:
            if row["lined_by"] is None:  # its day is all that is wanted
                continue
            number = row["numbers"][0] if row["content"] is None else _part(row)
            if number == _NOT_HERE:
                continue
            of = row["country"], row["supplied_on"], _runs(row)
            if of not in known:
                nights = [told[of[1]]] if of[1] in told else []
                known[of] = goods.of_nights(of[0], nights + [runs[one] for one in of[2]])
            found[row["key"], row["account_id"], row["currency"], row["mended"]] = Origin(
                Under(row["country"], number or ""), known[of])
        return cls(found, day, goods, told)

    def origin(self, row: asyncpg.Record, *, mended: bool = False,
               supplied_on: date | None = None) -> Origin:
        """Of the lines of a row. What is sold is taxed in the country of its site, as it is told
        today; a sale that was invoiced is given back where it was taxed, whatever is told of the
        site since, and as it was: by what is stored with its invoice (supply.Decided). What takes a
        return back is taxed as its sale was, and corrects nothing. supplied_on: of what was sold
        before tonight.
        """
        currency, country = row["currency"], row["country"]
        sold_on, gives_back = row["original_date"], row["posted_minor"] < 0
        if sold_on is None and gives_back:
            return _corrects(self._under_none(currency, country, None), UNKNOWN)
        if sold_on is None or sold_on == self._day:
            return self._under_none(currency, country, supplied_on)
        found = self._found.get((row["original_key"], row["account_id"], currency, mended))
        if found is not None:
            return found if gives_back else _corrects(found, "")
        nowhere = self._under_none(currency, country, supplied_on or sold_on)
        # What had a hole may have no invoice because it is mended together with this.
        if not gives_back or MISSING in row["flags"]:
            return nowhere
        return _corrects(nowhere, UNKNOWN)

    def _find_under_none(self, currency: str, country: str, supplied_on: date | None) -> Origin:
        place = self._goods.place(currency, country)
        told = None if supplied_on is None else self._told.get(supplied_on)
        return Origin(Under(place, ""), self._goods.at(place) if told is None
                      else self._goods.of_nights(place, (told, None)))


def _corrects(origin: Origin, number: str) -> Origin:
    return origin._replace(under=Under(origin.under.country, number))


def _runs(row: asyncpg.Record) -> tuple[str, ...]:
    """Those that have stored and invoiced the lines of a sale, as far as there are."""
    return tuple(run for run in (row["lined_by"], row["invoiced_by"]) if run is not None)


def _part(row: asyncpg.Record) -> str | None:
    """Of several invoices that share a fleet's day, the one with the sale's first line; None where
    it waits for one, _NOT_HERE where it is among the lines of another country."""
    lines = msgspec.json.decode(row["content"], type=list[FuelLine])
    at = next((number for number, line in enumerate(lines) if line.key == row["sold"]), None)
    if at is None:
        return _NOT_HERE
    found: list[str | None] = [
        number for number, first, until in zip(row["numbers"], row["firsts"], row["untils"],
                                               strict=True)
        if number is None or first <= at < until]
    return found[0]
