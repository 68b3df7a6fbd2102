"""The night's charges: of deposits, pick-ups, counts and months; and the statements they end in.

Knows where a charge comes from and that it is made once; what it comes to is fees.py's. What
couriers ask for the same pick-ups and counts is booked beside it. Statements are decided here, in
the transaction of the posting; their files are fee_files.py's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby

import asyncpg
import msgspec

from clearing.client import parse_client
from clearing.details import read_json
from clearing.fees import (
    Charge,
    Schedule,
    Sums,
    deposit_charges,
    event_charge,
    interest_charges,
    merge,
    parse_terms,
    schedule_of,
    stated,
    vat_of,
)
from clearing.localtime import date_and_time
from clearing.ownbooks.abroad import Abroad
from clearing.party import parse_party
from clearing.periods import is_last_of_month, period_of
from clearing.queries import Connection, query
from clearing.rows import ROWS_AT_A_TIME
from clearing.run_id import RunId
from clearing.settings import Settings


class _Line(msgspec.Struct, frozen=True):
    """A charge on its way into fee_line."""

    reference: str
    account_id: int
    currency: str
    charge: Charge
    schedule: Schedule


class _Pieces(msgspec.Struct, frozen=True):
    count: int = 0
    kind: str = "note"


class _Detail(msgspec.Struct, frozen=True):
    denominations: list[_Pieces] = []


async def charge_fees(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Make the charges of a night, and the statements of the clients whose period ends with it."""
    run, day = str(run_id), run_id.business_date
    parties = {int(row["party_id"]): parse_client(row["content"])
               for row in await connection.fetch(query("fee_clients"), run)}
    schedules = await _schedules(connection, day)
    stays = await connection.fetch(query("fee_stays"))
    lines = [line async for line in _deposit_lines(
        connection, run_id, schedules,
        {one: client.currency for one, client in parties.items()})]
    for stay in stays:
        for account_id in stay["accounts"]:
            if account_id in schedules and account_id in parties:
                lines += await _stay_lines(connection, stay, account_id, schedules[account_id],
                                           parties[account_id].currency,
                                           parties[account_id].time_zone)
    if is_last_of_month(day):
        lines += [_Line(f"{day:%Y-%m}", account_id, parties[account_id].currency, charge, schedule)
                  for account_id, schedule in schedules.items() if account_id in parties
                  for charge in event_charge("monthly", schedule.terms.monthly_minor)]
    await _store(connection, run, lines)
    marks = [row["stay_id"] for row in stays], [row["event"] for row in stays]
    await connection.execute(query("courier_costs"), run, day, *marks)
    await connection.execute(query("fee_stays_done"), run, *marks)
    await _state(connection, run_id, settings)


async def _schedules(connection: Connection, day: date) -> dict[int, Schedule]:
    """The schedule of each account that holds today. Terms that cannot be read charge nothing."""
    found: dict[int, Schedule] = {}
    rows = await connection.fetch(query("fee_schedules"))
    for account_id, versions in groupby(rows, lambda row: row["account_id"]):
        known = [Schedule(row["valid_from"], row["version"], terms) for row in versions
                 if (terms := parse_terms(row["terms"])) is not None]
        schedule = schedule_of(known, day)
        if schedule is not None:
            found[account_id] = schedule
    return found


async def _deposit_lines(connection: Connection, run_id: RunId, schedules: Mapping[int, Schedule],
                         currencies: Mapping[int, str]) -> AsyncIterator[_Line]:
    """The day's deposits, summed by account, currency and kind."""
    sums: dict[tuple[int, str], Sums] = {}
    async for row in connection.cursor(query("fee_deposits"), str(run_id), run_id.business_date,
                                       list(schedules), prefetch=ROWS_AT_A_TIME):
        account_id, currency = row["account_id"], row["currency"]
        own = currencies.get(account_id, currency)
        notes, coins = _pieces(row["detail"])
        home, foreign = deposit_charges(schedules[account_id].terms, row["posted_minor"], notes,
                                        coins, own_currency=currency == own)
        for kept, made in ((own, home), (currency, foreign)):
            merge(sums.setdefault((account_id, kept), {}), made)
    for (account_id, currency), charges in sums.items():
        for charge in charges.values():
            yield _Line(str(run_id), account_id, currency, charge, schedules[account_id])


def _pieces(detail: str) -> tuple[int, int]:
    """Notes and coins; nothing where the detail cannot be read."""
    found = read_json(detail, _Detail) or _Detail()
    coins = sum(piece.count for piece in found.denominations if piece.kind == "coin")
    return sum(piece.count for piece in found.denominations) - coins, coins


async def _stay_lines(connection: Connection, stay: asyncpg.Record, account_id: int,
                      schedule: Schedule, currency: str, time_zone: str) -> list[_Line]:
    reference, terms = str(stay["stay_id"]), schedule.terms
    if stay["event"] == "pickup":
        return [_Line(reference, account_id, currency, charge, schedule)
                for charge in event_charge("pickup", terms.per_pickup_minor)]
    lines = [_Line(reference, account_id, currency, charge, schedule)
             for charge in event_charge("count", terms.per_count_minor)]
    if not terms.early_credit_basis_points or stay["counted_at"] is None:
        return lines
    counted_on = date.fromisoformat(date_and_time(stay["counted_at"], time_zone)[0])
    early: dict[str, list[tuple[int, int]]] = {}
    for row in await connection.fetch(query("early_credits"), stay["stay_id"], account_id):
        days = (counted_on - row["credited_on"]).days
        early.setdefault(row["currency"], []).append((row["amount_minor"], days))
    return lines + [_Line(reference, account_id, held, charge, schedule)
                    for held, credited in sorted(early.items())
                    for charge in interest_charges(terms.early_credit_basis_points, credited)]


async def _store(connection: Connection, run: str, lines: Iterable[_Line]) -> None:
    rows = [(line.charge.kind, line.reference, line.account_id, line.currency, line.charge.price,
             Decimal(line.charge.quantity), Decimal(line.charge.shares),
             vat_of(line.charge.kind, line.schedule.terms), line.schedule.valid_from,
             line.schedule.version) for line in lines]
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(query("fee_lines_new"), run, *columns)


async def _state(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """A statement a client and currency whose billing period ends today, of all that is open. How
    it is taxed is kept with it."""
    due: dict[tuple[int, str], list[asyncpg.Record]] = {}
    rows = await connection.fetch(query("fee_lines_open"), str(run_id))
    for key, found in groupby(rows, lambda row: (row["account_id"], row["currency"])):
        lines = list(found)
        period = period_of(run_id.business_date, parse_client(lines[0]["party"]).billing)
        if period[1] == run_id.business_date:
            due[key] = lines
    if not due:
        return
    abroad = await Abroad.read(connection, settings, {
        str(account_id): parse_party(lines[0]["party"])
        for (account_id, _), lines in due.items()})
    made = [_statement(run_id, number, lines, abroad)
            for number, lines in enumerate(due.values(), 1)]
    columns = [list(column) for column in zip(*made, strict=True)]
    await connection.execute(query("fee_statement_new"), str(run_id), *columns)
    numbers, accounts, currencies = columns[:3]
    await connection.execute(query("fee_lines_stated"), accounts, currencies, numbers)


def _statement(run_id: RunId, number: int, lines: list[asyncpg.Record],
               abroad: Abroad) -> tuple[object, ...]:
    """A row of fee_statement: number, account, currency, period, how it is settled, sums, VAT."""
    account_id, currency = lines[0]["account_id"], lines[0]["currency"]
    client = parse_client(lines[0]["party"])
    untaxed = abroad.of(account_id, currency).at(row["vat_basis_points"] for row in lines)
    sums = stated(((charge_of(row), row["vat_basis_points"]) for row in lines),
                  bears_vat=not untaxed.category)
    return (run_id.document("K", number), account_id, currency,
            *period_of(run_id.business_date, client.billing), client.fees, sums.fees_minor,
            sums.interest_minor, sums.vat_minor, *untaxed)


def charge_of(row: asyncpg.Record) -> Charge:
    """A row of fee_line."""
    return Charge(row["kind"], row["price"], int(row["quantity"]), int(row["shares"]))
