"""What suppliers have done since each was settled last: couriers' work, dealers' fuel, commissions.

Knows the tables of what nights have booked for them, and the VAT that it bears: a service is taxed
where the operator is, fuel in the country of its pump (clearing.invoices.supply).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from clearing.invoices.supply import rates_in
from clearing.invoices.totals import RATE_UNKNOWN, category_of
from clearing.ownbooks.accounts import Known, operator
from clearing.ownbooks.papers import Account, Item, fuel_item, work_item
from clearing.ownbooks.statements import statement
from clearing.ownbooks.terms import Supplier
from clearing.ownbooks.vat import EXEMPT_SMALL, Treatment, service, treated
from clearing.ownbooks.waiting import subject_of
from clearing.queries import Connection
from clearing.settings import Settings

_EXEMPT: Final = treated("", 0, EXEMPT_SMALL)


class Due(msgspec.Struct, frozen=True):
    """A supplier who is settled with. since: the first day on which there were terms; until: the
    last that tonight settles."""

    terms: Supplier
    courier_id: str | None
    since: date
    until: date


class Work(msgspec.Struct, frozen=True):
    """What one paper is made of. commissions: (rate in basis points, kept with VAT). country: of
    delivery (supply.delivered_in); defect: why its VAT cannot be told, or ''."""

    account_id: int
    currency: str
    basis: str
    first: date
    items: tuple[Item, ...]
    commissions: tuple[tuple[int, int], ...] = ()
    country: str = ""
    defect: str = ""

    @property
    def subject(self) -> str:
        """What it is called in the queue of exceptions."""
        return subject_of(self.account_id, self.currency, self.country)


async def courier_work(connection: Connection, due: Mapping[int, Due],
                       accounts: Mapping[int, Known], settings: Settings) -> list[Work]:
    """Pick-ups and counts, by courier and currency."""
    buyer = operator(settings, "")
    rows = await connection.fetch(
        statement("courier_work"), list(due), [one.courier_id for one in due.values()],
        [one.since for one in due.values()], [one.until for one in due.values()])
    works = []
    for (account_id, currency), found in groupby(
            rows, lambda row: (row["account_id"], row["currency"])):
        lines = list(found)
        treatment = _treatment(due[account_id].terms, accounts[account_id].account, buyer)
        works.append(Work(account_id, currency, "courier", _first(lines), tuple(
            work_item(row["event"], row["count"], row["amount_minor"], treatment)
            for row in lines)))
    return works


def _first(rows: Iterable[asyncpg.Record]) -> date:
    first: date = min(row["first_day"] for row in rows)
    return first


async def station_work(connection: Connection, due: Mapping[int, Due],
                       accounts: Mapping[int, Known], settings: Settings) -> list[Work]:
    """Fuel that dealers have sold, by country; or what they have earned by selling the operator's.
    """
    buyer = operator(settings, "")
    rows = await connection.fetch(
        statement("station_sales"), list(due), [one.since for one in due.values()],
        [one.until for one in due.values()])
    works = []
    for (account_id, currency, basis, country), found in groupby(
            rows, lambda row: (row["account_id"], row["currency"], row["basis"], row["country"])):
        lines = list(found)
        if basis == "agency":
            treatment = _treatment(due[account_id].terms, accounts[account_id].account, buyer)
            works.append(Work(account_id, currency, basis, _first(lines), tuple(
                _commission(row, row["commission_minor"], treatment) for row in lines
                if row["commission_minor"])))
            continue
        taxed = [(row, _taxed(row, settings, due[account_id].terms)) for row in lines]
        rates = [treatment.rate_basis_points for _, treatment in taxed]
        works.append(Work(
            account_id, currency, basis, _first(lines), tuple(_fuel(taxed)),
            tuple(zip(rates, (row["commission_minor"] for row in lines), strict=True)), country,
            "country_vat_missing" if RATE_UNKNOWN in rates else ""))
    return works


def _taxed(row: asyncpg.Record, settings: Settings, terms: Supplier) -> Treatment:
    """At the rate of the sale's night; where that was not told of the country, as it is told now.
    """
    if terms.small_business:
        return _EXEMPT
    rate: int = row["vat_basis_points"]
    if rate == RATE_UNKNOWN:
        rate = rates_in(settings, row["country"]).group(row["product"]).vat_basis_points
    return Treatment(category_of(rate), rate)


def _fuel(taxed: Sequence[tuple[asyncpg.Record, Treatment]]) -> Iterator[Item]:
    """What was sold, and then what is kept of it, in the same groups of VAT."""
    for row, treatment in taxed:
        yield fuel_item(f"Fuel {row['product']}".strip(), row["product"], row["station"],
                        row["quantity"], row["amount_minor"], treatment)
    for row, treatment in taxed:
        if row["commission_minor"]:
            yield _commission(row, -row["commission_minor"], treatment)


def _commission(row: asyncpg.Record, amount_minor: int, treatment: Treatment) -> Item:
    return fuel_item(f"Commission {row['product']}".strip(), row["product"], row["station"],
                     row["quantity"], amount_minor, treatment)


def _treatment(terms: Supplier, supplier: Account, buyer: Account) -> Treatment:
    """The VAT of a supplier's own service."""
    if terms.small_business:
        return _EXEMPT
    return service(terms.vat_basis_points, supplier.country, buyer.country, buyer.party.vat_id)
