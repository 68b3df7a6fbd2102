"""Settlement with those who work for the operator: couriers, cash centres, dealers of stations.

Knows whose period ends, what he has done is supplier_work.py's; the operator writes the
invoice (self-billing), or a list to compare the supplier's own with. What comes to nothing, or is
the operator's (more was given back than sold), waits for the next period.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import date
from typing import Final

import msgspec

from clearing.details import read_json
from clearing.invoices.document import Document
from clearing.invoices.supply import forms_of
from clearing.ownbooks.accounts import Known, known_accounts, operator
from clearing.ownbooks.paper_store import Numbered, Paper, take_numbers
from clearing.ownbooks.papers import Account, Issue, commission_vat, self_billed, transfer_to
from clearing.ownbooks.statements import statement
from clearing.ownbooks.supplier_work import Due, Work, courier_work, station_work
from clearing.ownbooks.terms import Supplier
from clearing.ownbooks.waiting import Waiting, defect_of, tell
from clearing.periods import asked_until, period_of
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_LIST: Final = ("csv",)


async def bill_suppliers(connection: Connection, run_id: RunId, settings: Settings,
                         following: date) -> list[Paper]:
    """The papers of tonight, of couriers by the night of cash, of dealers by that of fuel."""
    day = run_id.business_date
    due = {account_id: one async for account_id, one in _due(connection, run_id, following)}
    if not due:
        return []
    accounts = await known_accounts(connection, due)
    read = courier_work if run_id.stream == "cash" else station_work
    works = [work for work in await read(connection, due, accounts, settings)
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
               following: date) -> AsyncIterator[tuple[int, Due]]:
    day = run_id.business_date
    for row in await connection.fetch(statement("suppliers"), day):
        terms = read_json(row["terms"], Supplier)
        is_courier = row["courier_id"] is not None
        if terms is None or is_courier != (run_id.stream == "cash"):
            continue
        until = asked_until(day, following, terms.period, waits=row["waits"])
        if until is not None:
            yield row["account_id"], Due(terms, row["courier_id"], row["first_day"], until)


async def _that_can_be(connection: Connection, run_id: RunId, settings: Settings,
                       works: Iterable[Work], due: Mapping[int, Due],
                       accounts: Mapping[int, Known]) -> list[Work]:
    """Without those that the operator cannot bill itself for: they wait, and somebody is told."""
    made, waiting = [], []
    for work in works:
        defect, known = work.defect, accounts[work.account_id]
        if not defect and _is_billed(due[work.account_id]):
            defect = defect_of(known.account.party, operator(settings, work.currency).party)
            if not defect and not _forms(known):
                defect = "form_missing"
        if defect:
            waiting.append(Waiting(work.account_id, work.currency,
                                   sum(item.amount_minor for item in work.items), defect,
                                   work.country))
        else:
            made.append(work)
    await tell(connection, run_id, "self_billed", waiting,
               (work.subject for work in made))
    return made


def _is_billed(one: Due) -> bool:
    return one.terms.invoicing == "self_billed"


def _forms(known: Known) -> tuple[str, ...]:
    """Of a self-billed invoice: to tell KSeF of it is the supplier's to permit there."""
    return forms_of(known.tax.forms, to_ksef=False)


def _issue(number: str, work: Work, one: Due, supplier: Account, day: date,
           settings: Settings) -> Issue:
    begins, ends = period_of(one.until, one.terms.period)
    buyer = operator(settings, work.currency, one.terms.payment_days, work.country)
    return Issue(number, day, work.currency, (min(work.first, begins), ends), supplier, buyer,
                 transfer_to(supplier, work.currency, number), number, work.country)


def _paper(work: Work, one: Due, numbered: Numbered | None, issue: Issue,
           known: Known) -> Paper:
    is_fuel = work.basis == "purchase"
    document = self_billed(issue, work.items, gross=is_fuel)
    kept = sum(minor for _, minor in work.commissions)
    vat = commission_vat(work.commissions)
    return Paper(
        kind="self_billed" if _is_billed(one) else "comparison", basis=work.basis,
        account_id=work.account_id, document=document, numbered=numbered,
        collected_by="netted" if one.terms.paid_by == "netted" else "transfer",
        forms=_forms(known) if _is_billed(one) else _LIST,
        commission_minor=kept - vat,
        commission_vat_minor=vat, country=work.country)


async def _netted(connection: Connection, papers: Iterable[Paper],
                  due: Mapping[int, Due]) -> list[Paper]:
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
