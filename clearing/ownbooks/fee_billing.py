"""Invoices for fees: of merchants whose fees are owed or were netted, of clients of safes.

Knows which fees the nights have booked and nobody has asked for, and when a party's period ends;
how VAT splits them is fee_parts.py's, and how lines become a document papers.py's. What was decided
before is not decided again: the amounts without VAT are those that were booked, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

import asyncpg
import msgspec

from clearing.fees import Charge, stated
from clearing.invoices import ksef
from clearing.invoices.parties import means_of
from clearing.invoices.rates import Rates
from clearing.ownbooks.accounts import Known, known_accounts, operator
from clearing.ownbooks.fee_parts import Fee, Part, parts_of
from clearing.ownbooks.ksef_told import Telling, is_polish, telling, told_of
from clearing.ownbooks.paper_store import Numbered, Paper, take_numbers
from clearing.ownbooks.papers import Issue, fee_invoice
from clearing.ownbooks.statements import statement
from clearing.ownbooks.waiting import Waiting, defect_of, subject_of, tell
from clearing.periods import asked_until, period_of
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_Key = tuple[int, str, bool]  # account, currency, whether netted


class _Open(msgspec.Struct):
    """What a party's invoice is made of."""

    fees: list[Fee]
    accrued_vat_minor: int = 0


async def open_fees(connection: Connection, run_id: RunId) -> None:
    """Remember whose fees tonight has booked: until an invoice asks for them they are open."""
    await connection.execute(statement("fees_opened"), str(run_id), run_id.stream,
                             run_id.business_date)


async def bill_fees(connection: Connection, run_id: RunId, settings: Settings,
                    following: date) -> list[Paper]:
    """The invoices of tonight. What comes to nothing, or is the party's, waits for more."""
    stream, day = run_id.stream, run_id.business_date
    waiting = await connection.fetch(statement("fees_waiting"), stream)
    accounts = await known_accounts(connection, (row["account_id"] for row in waiting))
    due = {_key(row): (row["first_day"], until) for row in waiting
           if (until := _until(row, accounts[row["account_id"]].period, day, following))}
    if not due:
        return []
    asked = [list(column) for column in zip(*(
        (*key, *days) for key, days in due.items()), strict=True)]
    found = await (_of_merchants if stream == "payments" else _of_safes)(connection, asked)
    billed = await _that_can_be(connection, run_id, settings, found, accounts)
    parts = [(key, part, asked_for) for key, (several, asked_for) in billed.items()
             for part in several]
    numbers = await take_numbers(connection, settings.own_books.fee_series, day, len(parts))
    papers = [_paper(key, part, asked_for, numbered, accounts[key[0]], due[key], day, settings)
              for numbered, (key, part, asked_for) in zip(numbers, parts, strict=True)]
    if billed:
        await connection.execute(statement("fees_asked"), stream, *(
            list(column) for column in zip(*((*key, due[key][1]) for key in billed), strict=True)),
            day)
    return papers


def _until(row: asyncpg.Record, period: str, day: date, following: date) -> date | None:
    """The last day that tonight asks for of what is open, if it does."""
    return asked_until(day, following, period,
                       waits=row["first_day"] < period_of(day, period)[0])


async def _that_can_be(connection: Connection, run_id: RunId, settings: Settings,
                       found: Mapping[_Key, _Open],
                       accounts: Mapping[int, Known]) -> dict[_Key, tuple[list[Part], Telling]]:
    """The papers of each, and how they are told; without what comes to nothing, and without those
    whom no invoice can name, or KSeF would not take: somebody is told."""
    made, waiting = {}, []
    day, vat_currency = run_id.business_date, settings.invoicing.vat_currency
    others = {vat_currency, *(ksef.CURRENCY for account_id, _, _ in found
                              if "ksef" in accounts[account_id].tax.forms)}
    rates = await Rates.read(connection, {
        (currency, other) for _, currency, _ in found for other in others - {"", currency}},
        (day, day))
    for key, one in found.items():
        account_id, currency, netted = key
        minor = sum(fee.amount_minor for fee in one.fees)
        seller, known = operator(settings, currency), accounts[account_id]
        defect = defect_of(seller.party, known.account.party)
        if not defect and minor > 0:
            parts = parts_of(one.fees, seller, known.account, currency, one.accrued_vat_minor,
                             netted=netted)
            asked = telling(parts, known.tax.forms, seller, currency, vat_currency, rates, day)
            defect = asked.defect
            if not defect:
                made[key] = parts, asked
        if defect:
            waiting.append(Waiting(account_id, currency, minor, defect))
    await tell(connection, run_id, "fee_invoice", waiting,
               (subject_of(account_id, currency) for account_id, currency, _ in made))
    return made


def _key(row: asyncpg.Record) -> _Key:
    return row["account_id"], row["currency"], row["is_netted"]


async def _of_merchants(connection: Connection, asked: Sequence[object]) -> dict[_Key, _Open]:
    rows = await connection.fetch(statement("fees_of_merchants"), *asked)
    found = {key: _Open([Fee(row["kind"], row["rate"], row["count"], row["base_minor"],
                             row["amount_minor"], row["category"], row["vat_id"])
                         for row in lines])
             for key, lines in groupby(rows, _key)}
    for row in await connection.fetch(statement("vat_of_merchants"), *asked):
        if _key(row) in found:
            found[_key(row)].accrued_vat_minor = row["vat_minor"]
    return found


async def _of_safes(connection: Connection, asked: Sequence[object]) -> dict[_Key, _Open]:
    """A statement's lines are rounded each by itself, as it was booked; then they are added."""
    rows = await connection.fetch(statement("fees_of_safes"), *asked)
    return {key: _added(list(lines)) for key, lines in groupby(rows, _key)}


def _added(rows: Iterable[asyncpg.Record]) -> _Open:
    sums: dict[tuple[str, int, str | None, str], tuple[int, int]] = {}
    vat = 0
    for _, found in groupby(rows, lambda row: row["number"]):
        lines = list(found)
        vat += lines[0]["vat_minor"]
        for line in stated((Charge(row["kind"], row["price"], int(row["quantity"]),
                                   int(row["shares"])), row["vat_basis_points"])
                           for row in lines).lines:
            key = line.kind, line.vat_basis_points, lines[0]["category"], lines[0]["vat_id"]
            quantity, minor = sums.get(key, (0, 0))
            sums[key] = (quantity + line.quantity, minor + line.amount_minor)
    return _Open([Fee(kind, rate, quantity, quantity if kind == "percent" else 0, minor,
                      category, vat_id)
                  for (kind, rate, category, vat_id), (quantity, minor) in sums.items()
                  if minor], vat)


def _paper(key: _Key, part: Part, asked: Telling, numbered: Numbered, known: Known,
           days: tuple[date, date], day: date, settings: Settings) -> Paper:
    (_, currency, netted), (first, until) = key, days
    begins, ends = period_of(until, known.period)
    # What is owed is never netted by itself: it is transferred, or collected by a mandate.
    collected = "netted" if netted else \
        "direct_debit" if known.tax.collected_by == "direct_debit" else "transfer"
    tax = msgspec.structs.replace(known.tax, collected_by=collected)
    issue = Issue(
        numbered.number, day, currency, (min(first, begins), ends), operator(settings, currency),
        part.buyer, means_of(settings, tax, currency, numbered.number, is_credit=False),
        tax.buyer_reference or str(key[0]))
    net = sum(item.amount_minor for item in part.items)
    document = fee_invoice(issue, part.items, net + part.accrued_vat_minor if netted else None,
                           told_of(part, asked))
    return Paper(
        kind="fee", basis="netted" if netted else "owed", account_id=key[0], document=document,
        numbered=numbered, collected_by=collected, forms=asked.forms,
        to_ksef=is_polish(issue.seller), accrued_vat_minor=part.accrued_vat_minor, part=part.number)
