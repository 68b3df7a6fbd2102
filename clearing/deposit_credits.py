"""A night's credits for deposits: what waits, by each client's posting logic, less what is owed.

Knows what is due and whether a bank would take it. What would be refused, and what takes more than
it gives, is held under a name: its deposits and items stay as they are, and the next night tries
again. Only what is in a credit that goes is moved, so each deposit is paid by one night.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

import asyncpg
import msgspec

from authhost.safes.life import end_to_end_id
from authhost.safes.moves import filed
from clearing.bankfiles.payees import Payees, load_payees
from clearing.banks import Bank, debtor_for
from clearing.client import Client, parse_client
from clearing.details import read_json
from clearing.errors import ClearingError
from clearing.localtime import date_and_time
from clearing.netting import Net, Part, net
from clearing.party import Party, creditor_defect, parse_party
from clearing.queries import Connection, query
from clearing.remittance import deposit_remittance, own_remittance, with_net
from clearing.run_id import RunId
from clearing.settings import Settings

_OTHERS = ("adjustment", "reversal", "fee")


class _DepositDetail(msgspec.Struct, frozen=True):
    receipt: str = ""
    reference: str = ""


class _Credit(msgspec.Struct, frozen=True):
    """A credit with the groups that are in it."""

    end_to_end_id: str
    groups: list[asyncpg.Record]
    net: Net
    held: str
    client: Client

    @property
    def settled(self) -> bool:
        """Its deposits and items are done with."""
        return self.held in {"", "nothing_due"}


async def deposit_credits(connection: Connection, run_id: RunId, settings: Settings,
                          banks: Mapping[str, Bank], who: str) -> list[tuple[object, ...]]:
    """Move what goes, store what is in each credit, and return the rows of clearing_credit."""
    run, day = str(run_id), run_id.business_date
    await connection.execute(query("due_table"))
    late = [row["key"] for row in await connection.fetch(query("cut_off_deposits"))
            if value_day(row["business_date"], row["decided_at"], row["time_zone"],
                         row["cut_off"]) > day]
    await connection.execute(query("due_deposits"), run, day, late)
    await connection.execute(query("due_items"), run)
    groups = await connection.fetch(query("due_groups"), run)
    payees = await load_payees(connection, settings.bankfiles)
    made = list(_credits(groups, run_id, settings, banks, payees))
    await payees.store(connection, run_id)
    stored = await connection.fetch(query("insert_items"), run, *_columns(made))
    keys = sorted(row["key"] for row in stored if row["settled"] and row["source"] == "deposit")
    moved = await filed(connection, keys, who=who, run_id=run)
    if moved != keys:
        raise ClearingError(f"{run_id}: deposits were moved by somebody else: "
                            f"{sorted(set(keys) - set(moved))[:3]}")
    await connection.execute(query("settle_items"), run)
    return [_row(credit, run_id) for credit in made]


def value_day(business_date: date, at: datetime, time_zone: str, cut_off: str) -> date:
    """The first night that credits a deposit, at a safe with a cut-off (HH:MM on its own clock).

    A deposit that an off-line safe tells later counts from when it is told.
    """
    local_day, local_time = date_and_time(at, time_zone)
    day = max(business_date, date.fromisoformat(local_day))
    return day + timedelta(days=1) if local_time >= cut_off else day


def _credits(groups: Sequence[asyncpg.Record], run_id: RunId, settings: Settings,
             banks: Mapping[str, Bank], payees: Payees) -> Iterator[_Credit]:
    # Those held back have a number too: an id must not depend on how good a neighbour's IBAN is.
    number = 0
    for (currency, _), found in groupby(groups, lambda row: (row["currency"], row["account_id"])):
        rows = list(found)
        client, party = parse_client(rows[0]["party"]), parse_party(rows[0]["party"])
        parts = [Part(at, row["place_id"], row["amount_minor"], row["loose"])
                 for at, row in enumerate(rows)]
        for one in net(parts):
            number += 1
            chosen = [rows[at] for at in one.parts]
            name = _identifier(chosen, run_id, number)
            held = _held(one, party, currency, client, settings, banks,
                         run_id.business_date.isoweekday())
            if not held and party is not None:
                held = payees.defect(name, chosen[0]["account_id"], party, currency,
                                     one.amount_minor)
            yield _Credit(name, chosen, one, held, client)


def _identifier(rows: Sequence[asyncpg.Record], run_id: RunId, number: int) -> str:
    """A deposit with a credit of its own has one EndToEndId over every way that it may take, but
    for one that its bank has rejected: under that id another amount or account is a duplicate."""
    single = [row for row in rows if row["single"] and row["deposits"]]
    if len(single) == 1 and not single[0]["tries"]:
        return end_to_end_id(single[0]["journal_date"], single[0]["journal_id"])
    return run_id.end_to_end_id("D", number)


def _held(one: Net, party: Party | None, currency: str, client: Client, settings: Settings,
          banks: Mapping[str, Bank], weekday: int) -> str:
    if one.held:
        return one.held
    if weekday not in client.days:
        return "not_due"
    bank = banks.get(client.bank_id)
    defect = bank.defect(currency) if bank is not None else ""
    if defect:
        return defect
    if debtor_for(bank, settings, currency) is None:
        return "no_debtor_account"
    return creditor_defect(party, one.amount_minor, currency)


def _columns(made: Sequence[_Credit]) -> list[list[object]]:
    """The arrays of insert_items.sql."""
    rows = [(*(group[name] for name in ("account_id", "currency", "place_id", "single", "loose")),
             credit.end_to_end_id, credit.settled)
            for credit in made for group in credit.groups]
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(7)]


def _row(credit: _Credit, run_id: RunId) -> tuple[object, ...]:
    first = credit.groups[0]
    return (str(run_id), credit.end_to_end_id, "deposit_credit", first["account_id"],
            credit.net.place_id, first["currency"], credit.net.amount_minor,
            sum(group["count"] for group in credit.groups), _text(credit, run_id), credit.held,
            credit.client.bank_id)


def _text(credit: _Credit, run_id: RunId) -> str:
    groups, day = credit.groups, run_id.business_date
    deposits = sum(group["deposits"] for group in groups)
    details = [read_json(text, _DepositDetail) or _DepositDetail()
               for group in groups for text in group["details"] or ()][:3]
    # The number that the depositor has in hand; '' where the safe sent none.
    receipts = [detail.receipt or detail.reference for detail in details]
    if credit.client.reference:
        first = details[0] if details else _DepositDetail()
        text = own_remittance(credit.client.reference, {
            "date": day.isoformat(), "safe": credit.net.place_id, "count": str(deposits),
            "receipt": first.receipt, "reference": first.reference})
    else:
        text = deposit_remittance(credit.net.place_id, day, deposits, receipts)
    return with_net(text, {name: sum(group[f"{name}s"] for group in groups) for name in _OTHERS})
