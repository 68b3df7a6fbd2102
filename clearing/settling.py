"""What a night settles with its merchants, decided once and stored; settlements.py writes it down.

Knows the rows of the day, plans, and how each merchant stood; the arithmetic is payout.py's. Who
owes (refunds beyond the day's payments, fees) is not paid, and what is owed is carried to the next
settlement. A merchant without a row tonight is settled too where something has become payable, or
where a bank would not have taken the last payout.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from authhost.payments.plans import Plan
from clearing.bankfiles.payees import load_payees
from clearing.charset import clean
from clearing.days.calendars import value_date
from clearing.days.closing import bank_calendar
from clearing.engine.charging import charge_day
from clearing.engine.posting import Placer
from clearing.ownbooks.abroad import Abroad, Untaxed
from clearing.party import creditor_defect, parse_party
from clearing.payout import Before, Day, FeeLine, Settled, day_of, settle
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings

Group = tuple[str, str, int | None]  # currency, merchant, account
_STANDARD: Final = "standard"
_COLUMNS: Final = (
    "number", "run_id", "business_date", "merchant_id", "account_id", "currency", "plan_id", "plan",
    "fees_by", "count", "gross_minor", "refunds_minor", "fees_minor", "vat_minor",
    "held_back_minor", "released_minor", "net_minor", "opening_minor", "available_minor",
    "payout_minor", "closing_minor", "payable_on", "release_on", "end_to_end_id", "held",
    "matured_by", "vat_category", "vat_id")


class _Terms(msgspec.Struct, frozen=True):
    """A merchant's plan of tonight. problem: why nothing is paid whatever the plan says, or ''."""

    plan_id: str
    plan: Plan
    problem: str = ""


async def settle_merchants(connection: Connection, run_id: RunId, settings: Settings,
                           placer: Placer) -> list[tuple[object, ...]]:
    """Store the settlements of a night; its payouts, as rows of clearing_credit."""
    run, day = str(run_id), run_id.business_date
    await connection.execute(query("settle_lock"))
    works = await bank_calendar(connection, day, "payments")
    horizon = value_date(day, works)
    before: dict[Group, Before] = {}
    idle: list[Group] = []
    waiting: set[Group] = set()  # of which another plan, or other papers, may make payouts
    for row in await connection.fetch(query("settle_before"), day, horizon):
        before[_group(row)] = Before(row["closing_minor"], row["carried_minor"],
                                     row["matured_minor"], row["released_minor"])
        if row["is_due"] or row["may_be_due"]:
            idle.append(_group(row))
        if row["may_be_due"] and not row["is_due"]:
            waiting.add(_group(row))
    terms: dict[str, _Terms] = {}
    days = await _days(placer, connection, run_id, terms)
    groups = sorted({*days, *idle}, key=_order)
    terms |= await _terms(connection, run_id, [
        merchant_id for _, merchant_id, _ in groups if merchant_id not in terms])
    await connection.execute(query("snapshot_merchants"), run,
                             [merchant_id for _, merchant_id, _ in groups],
                             [account_id for _, _, account_id in groups])
    parties = {row["party_id"]: parse_party(row["content"])
               for row in await connection.fetch(query("settle_parties"), run)}
    abroad = await Abroad.read(connection, settings, parties)
    payees = await load_payees(connection, settings.bankfiles)
    owing: dict[tuple[str, str], set[int | None]] = {}
    for (currency, merchant_id, account_id), stood in before.items():
        if stood.opening_minor < 0:
            owing.setdefault((currency, merchant_id), set()).add(account_id)
    books = _Books()
    for group in groups:
        currency, merchant_id, account_id = group
        known, had = terms[merchant_id], before.get(group, Before())
        found = days.get(group, Day())
        untaxed = abroad.of(account_id, currency)
        made = settle(known.plan, had, found, day, works, bears_vat=not untaxed.category)
        held = known.problem or (
            "no_debtor_account" if settings.debtor(currency) is None else made.held
            or _owes_elsewhere(group, owing)
            or creditor_defect(parties.get(str(account_id)), made.available_minor, currency))
        if held and group in waiting and group not in days:
            continue  # nothing has changed
        party = parties.get(str(account_id))
        if not held and party is not None and account_id is not None:
            held = payees.defect(books.next_id(run_id), account_id, party, currency,
                                 made.available_minor)
        books.add(run_id, group, known, had, found, made, held, untaxed)
    await payees.store(connection, run_id)
    await books.store(connection)
    await connection.execute(query("settle_marks"), run, day, horizon)
    await connection.execute(query("post_settlements"), run)
    return books.credits


class _Books:
    """What a night has decided, until it is stored: a table at a time, not a merchant at a time."""

    def __init__(self) -> None:
        self.credits: list[tuple[object, ...]] = []
        self._settlements: list[tuple[object, ...]] = []
        self._fees: list[tuple[object, ...]] = []
        self._balances: list[tuple[object, ...]] = []

    def next_id(self, run_id: RunId) -> str:
        """The EndToEndId that the next settlement's payout will have."""
        return run_id.end_to_end_id("M", len(self._settlements) + 1)

    def add(self, run_id: RunId, group: Group, known: _Terms, had: Before, found: Day,
            made: Settled, held: str, untaxed: Untaxed) -> None:
        """One settlement, and the payout that it is, or would be."""
        currency, merchant_id, account_id = group
        position = len(self._settlements) + 1
        number, end_to_end_id = run_id.document("S", position), self.next_id(run_id)
        payout = 0 if held else made.available_minor
        closing = had.opening_minor + made.net_minor - payout
        self._settlements.append((
            number, str(run_id), run_id.business_date, merchant_id, account_id, currency,
            known.plan_id, msgspec.json.encode(known.plan, order="deterministic").decode(),
            known.plan.settlement.by, found.count, found.gross_minor, found.refunds_minor,
            made.fees_minor, made.vat_minor, made.held_back_minor, had.released_minor,
            made.net_minor, had.opening_minor, made.available_minor, payout, closing,
            made.payable_on, made.release_on, end_to_end_id, held,
            number if made.is_payable else "", *untaxed))
        self._fees += [(number, *msgspec.structs.astuple(line)) for line in found.fees]
        self._balances.append((merchant_id, account_id, currency, closing,
                               made.available_minor - payout, held))
        self.credits.append((
            str(run_id), end_to_end_id, "merchant_payout", account_id, merchant_id, currency,
            made.available_minor, found.count,
            clean(f"SETTLEMENT {number}, {found.count} PAYMENTS", 140), held, ""))

    async def store(self, connection: Connection) -> None:
        """All of it, within the transaction of the night."""
        await connection.copy_records_to_table(
            "merchant_settlement", columns=_COLUMNS, records=self._settlements)
        await connection.copy_records_to_table(
            "merchant_settlement_fee", columns=("number", *FeeLine.__struct_fields__),
            records=self._fees)
        await connection.executemany(query("settle_balance"), self._balances)


async def _days(placer: Placer, connection: Connection, run_id: RunId,
                terms: dict[str, _Terms]) -> dict[Group, Day]:
    """Each merchant's day, and the terms of all who have one."""
    async def plans(merchants: Collection[str]) -> dict[str, Plan]:
        terms.update(await _terms(connection, run_id, merchants))
        return {merchant_id: terms[merchant_id].plan for merchant_id in merchants}

    charges = await charge_day(placer, run_id, plans)
    return {group: day_of(FeeLine(one.fee_kind, one.count, one.base_minor, one.fees_minor)
                          for one in some)
            for group, some in groupby(charges, lambda one: (
                one.currency, one.merchant_id, one.account_id))}


async def _terms(connection: Connection, run_id: RunId,
                 merchants: Collection[str]) -> dict[str, _Terms]:
    """The plan of each of these merchants."""
    rows = await connection.fetch(query("settle_plans"), run_id.business_date, list(merchants))
    return {row["merchant_id"]: _terms_of(row) for row in rows}


def _terms_of(row: asyncpg.Record) -> _Terms:
    plan_id = row["plan_id"] or _STANDARD
    try:
        plan = msgspec.json.decode(row["plan"], type=Plan) if row["plan"] is not None else None
    except msgspec.ValidationError:
        plan = None
    if plan is None:
        # Nothing is charged and nothing is paid: a person sees the case, and the money waits.
        return _Terms(plan_id, Plan(), "plan_unreadable")
    return _Terms(plan_id, plan, "sandbox" if row["sandbox"] else
                  "" if row["is_active"] else "merchant_blocked")


def _group(row: asyncpg.Record) -> Group:
    return row["currency"], row["merchant_id"], row["account_id"]


def _owes_elsewhere(group: Group, owing: Mapping[tuple[str, str], set[int | None]]) -> str:
    """A merchant who owes under another account is not paid under this one: a person decides."""
    return "owes_elsewhere" if owing.get(group[:2], set()) - {group[2]} else ""


def _order(group: Group) -> tuple[str, str, bool, int]:
    """As the statements that write the files sort: an account that is not known comes last."""
    currency, merchant_id, account_id = group
    return currency, merchant_id, account_id is None, account_id or 0
