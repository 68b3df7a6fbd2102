"""Settlement with those who work for the operator: couriers, cash centres, dealers of stations.

Knows whose period ends and what he has done since he was settled last; the operator writes the
invoice (self-billing), or a list to compare the supplier's own with. What comes to nothing, or is
the operator's (more was given back than sold), waits for the next period.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from clearing.details import read_json
from clearing.invoices.document import Document
from clearing.invoices.totals import category_of
from clearing.ownbooks.accounts import Known, known_accounts, operator
from clearing.ownbooks.paper_store import Numbered, Paper, take_numbers
from clearing.ownbooks.papers import (
    Account,
    Issue,
    Item,
    commission_vat,
    fuel_item,
    self_billed,
    transfer_to,
    work_item,
)
from clearing.ownbooks.statements import statement
from clearing.ownbooks.terms import Supplier
from clearing.ownbooks.vat import EXEMPT_SMALL, Treatment, service
from clearing.ownbooks.waiting import Waiting, defect_of, subject_of, tell
from clearing.periods import ends_with, period_of
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_LIST: Final = ("csv",)


class _Due(msgspec.Struct, frozen=True):
    """A supplier whose period ends. since: the first day on which there were terms."""

    terms: Supplier
    courier_id: str | None
    since: date


class _Work(msgspec.Struct, frozen=True):
    """What one paper is made of. commissions: (rate in basis points, kept with VAT)."""

    account_id: int
    currency: str
    basis: str
    first: date
    items: tuple[Item, ...]
    commissions: tuple[tuple[int, int], ...] = ()


async def bill_suppliers(connection: Connection, run_id: RunId, settings: Settings,
                         following: date) -> list[Paper]:
    """The papers of tonight, of couriers by the night of cash, of dealers by that of fuel."""
    day = run_id.business_date
    due = {account_id: one async for account_id, one in _due(connection, run_id, following)}
    if not due:
        return []
    accounts = await known_accounts(connection, due)
    read = _courier_work if run_id.stream == "cash" else _station_work
    works = [work for work in await read(connection, due, accounts, operator(settings, ""), day)
             if sum(item.amount_minor for item in work.items) > 0]
    works = await _that_can_be(connection, run_id, settings, works, due, accounts)
    numbers = iter(await take_numbers(
        connection, settings.own_books.self_billed_series, day,
        sum(_is_billed(due[work.account_id]) for work in works)))
    papers = []
    for position, work in enumerate(works, 1):
        one = due[work.account_id]
        numbered = next(numbers) if _is_billed(one) else None
        number = numbered.number if numbered is not None else run_id.document("C", position)
        issue = _issue(number, work, one, accounts[work.account_id].account, day, settings)
        papers.append(_paper(work, one, numbered, issue, accounts[work.account_id]))
    return await _netted(connection, papers, due)


async def _due(connection: Connection, run_id: RunId,
               following: date) -> AsyncIterator[tuple[int, _Due]]:
    day = run_id.business_date
    for row in await connection.fetch(statement("suppliers"), day):
        terms = read_json(row["terms"], Supplier)
        is_courier = row["courier_id"] is not None
        if terms is None or is_courier != (run_id.stream == "cash") \
                or not ends_with(day, following, terms.period):
            continue
        yield row["account_id"], _Due(terms, row["courier_id"], row["first_day"])


async def _that_can_be(connection: Connection, run_id: RunId, settings: Settings,
                       works: Iterable[_Work], due: Mapping[int, _Due],
                       accounts: Mapping[int, Known]) -> list[_Work]:
    """Without those that the operator cannot bill itself for: they wait, and somebody is told."""
    made, waiting = [], []
    for work in works:
        defect = defect_of(accounts[work.account_id].account.party,
                           operator(settings, work.currency).party)
        if defect and _is_billed(due[work.account_id]):
            waiting.append(Waiting(work.account_id, work.currency,
                                   sum(item.amount_minor for item in work.items), defect))
        else:
            made.append(work)
    await tell(connection, run_id, "self_billed", waiting,
               (subject_of(work.account_id, work.currency) for work in made))
    return made


def _is_billed(one: _Due) -> bool:
    return one.terms.invoicing == "self_billed"


def _issue(number: str, work: _Work, one: _Due, supplier: Account, day: date,
           settings: Settings) -> Issue:
    begins, ends = period_of(day, one.terms.period)
    buyer = operator(settings, work.currency, one.terms.payment_days)
    return Issue(number, day, work.currency, (min(work.first, begins), ends), supplier, buyer,
                 transfer_to(supplier, work.currency, number), number)


def _paper(work: _Work, one: _Due, numbered: Numbered | None, issue: Issue,
           known: Known) -> Paper:
    is_fuel = work.basis == "purchase"
    document = self_billed(issue, work.items, gross=is_fuel)
    kept = sum(minor for _, minor in work.commissions)
    vat = commission_vat(work.commissions)
    return Paper(
        kind="self_billed" if _is_billed(one) else "comparison", basis=work.basis,
        account_id=work.account_id, document=document, numbered=numbered,
        collected_by="netted" if one.terms.paid_by == "netted" else "transfer",
        forms=known.tax.forms if _is_billed(one) else _LIST, commission_minor=kept - vat,
        commission_vat_minor=vat)


async def _courier_work(connection: Connection, due: Mapping[int, _Due],
                        accounts: Mapping[int, Known], buyer: Account,
                        day: date) -> list[_Work]:
    rows = await connection.fetch(
        statement("courier_work"), list(due), [one.courier_id for one in due.values()],
        [one.since for one in due.values()], day)
    works = []
    for (account_id, currency), found in groupby(
            rows, lambda row: (row["account_id"], row["currency"])):
        lines = list(found)
        treatment = _treatment(due[account_id].terms, accounts[account_id].account, buyer)
        works.append(_Work(account_id, currency, "courier", _first(lines), tuple(
            work_item(row["event"], row["count"], row["amount_minor"], treatment)
            for row in lines)))
    return works


def _first(rows: Iterable[asyncpg.Record]) -> date:
    first: date = min(row["first_day"] for row in rows)
    return first


async def _station_work(connection: Connection, due: Mapping[int, _Due],
                        accounts: Mapping[int, Known], buyer: Account,
                        day: date) -> list[_Work]:
    rows = await connection.fetch(
        statement("station_sales"), list(due), [one.since for one in due.values()], day)
    works = []
    for (account_id, currency, basis), found in groupby(
            rows, lambda row: (row["account_id"], row["currency"], row["basis"])):
        lines = list(found)
        if basis == "agency":
            treatment = _treatment(due[account_id].terms, accounts[account_id].account, buyer)
            works.append(_Work(account_id, currency, basis, _first(lines), tuple(
                _commission(row, row["commission_minor"], treatment) for row in lines
                if row["commission_minor"])))
        else:
            works.append(_Work(
                account_id, currency, basis, _first(lines), tuple(_fuel(lines)),
                tuple((row["vat_basis_points"], row["commission_minor"]) for row in lines)))
    return works


def _fuel(rows: Sequence[asyncpg.Record]) -> Iterator[Item]:
    """What was sold, and then what is kept of it, in the same groups of VAT."""
    for row in rows:
        rate = row["vat_basis_points"]
        yield fuel_item(f"Fuel {row['product']}".strip(), row["product"], row["station"],
                        row["quantity"], row["amount_minor"], Treatment(category_of(rate), rate))
    for row in rows:
        rate = row["vat_basis_points"]
        if row["commission_minor"]:
            yield _commission(row, -row["commission_minor"], Treatment(category_of(rate), rate))


def _commission(row: asyncpg.Record, amount_minor: int, treatment: Treatment) -> Item:
    return fuel_item(f"Commission {row['product']}".strip(), row["product"], row["station"],
                     row["quantity"], amount_minor, treatment)


def _treatment(terms: Supplier, supplier: Account, buyer: Account) -> Treatment:
    """The VAT of a supplier's own service."""
    if terms.small_business:
        return service(0, supplier.country, supplier.country, "", EXEMPT_SMALL)
    return service(terms.vat_basis_points, supplier.country, buyer.country, buyer.party.vat_id)


async def _netted(connection: Connection, papers: Iterable[Paper],
                  due: Mapping[int, _Due]) -> list[Paper]:
    """Set off what suppliers owe for fees against what they are owed, the oldest paper first."""
    papers = list(papers)
    wanted = [paper.account_id for paper in papers if paper.numbered is not None
              and due[paper.account_id].terms.paid_by == "netted"]
    owed = {(row["account_id"], row["currency"]): row["owed_minor"] for row in
            await connection.fetch(statement("receivables"), wanted)} if wanted else {}
    made = []
    for paper in papers:
        document: Document = paper.document
        key = (paper.account_id, document.currency)
        part = max(0, min(document.payable_minor, owed.get(key, 0))) \
            if paper.numbered is not None else 0
        if part:
            owed[key] -= part
        made.append(msgspec.structs.replace(paper, netted_minor=part))
    return made
