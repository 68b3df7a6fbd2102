"""Who gets a credit transfer tonight: one a client, safe and currency, and one a merchant.

Knows what is due and whether a bank would take it; what would be refused is held back under a name
and stays due. Must not know the file that the credits go into.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import asyncpg
import msgspec

from clearing.charset import clean
from clearing.details import read_json
from clearing.party import creditor_defect, parse_party
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings


class _DepositDetail(msgspec.Struct, frozen=True):
    receipt: str = ""
    reference: str = ""


_COLUMNS = ("run_id", "end_to_end_id", "purpose", "account_id", "place_id", "currency",
            "amount_minor", "count", "remittance", "held")


async def store_credits(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Decide the credits of a run once and book those that go; a repeat reads what is stored."""
    deposits = await connection.fetch(query("due_deposits"), str(run_id), run_id.business_date)
    payouts = await connection.fetch(query("due_payouts"), str(run_id), run_id.business_date)
    records = [*_deposit_credits(deposits, run_id, settings),
               *_merchant_payouts(payouts, run_id, settings)]
    await connection.copy_records_to_table("clearing_credit", records=records, columns=_COLUMNS)
    await connection.execute(query("post_credits"), str(run_id))


def _deposit_credits(due: Sequence[asyncpg.Record], run_id: RunId,
                     settings: Settings) -> Iterator[tuple[object, ...]]:
    # Those held back have a number too: an id must not depend on how good a neighbour's IBAN is.
    for number, row in enumerate(due, 1):
        yield (
            str(run_id), run_id.end_to_end_id("D", number), "deposit_credit", row["account_id"],
            row["place_id"], row["currency"], row["amount_minor"], row["count"],
            deposit_remittance(row["place_id"], run_id.business_date, row["deposits"],
                               [_receipt(detail) for detail in row["details"] or ()]),
            _held(row, settings),
        )


def _merchant_payouts(due: Sequence[asyncpg.Record], run_id: RunId,
                      settings: Settings) -> Iterator[tuple[object, ...]]:
    for number, row in enumerate(due, 1):
        settlement = run_id.document("S", number)
        yield (
            str(run_id), run_id.end_to_end_id("M", number), "merchant_payout", row["account_id"],
            row["place_id"], row["currency"], row["amount_minor"], row["count"],
            clean(f"SETTLEMENT {settlement}, {row['count']} PAYMENTS", 140),
            _held(row, settings),
        )


def _held(row: asyncpg.Record, settings: Settings) -> str:
    if settings.debtor(row["currency"]) is None:
        return "no_debtor_account"
    return creditor_defect(parse_party(row["party"]), row["amount_minor"], row["currency"])


def _receipt(detail: str) -> str:
    """The number that the depositor has in hand; '' where the safe sent none."""
    found = read_json(detail, _DepositDetail)
    return "" if found is None else found.receipt or found.reference


def deposit_remittance(safe: str, day: date, count: int, receipts: Sequence[str]) -> str:
    """What the client reads on the statement: safe, day, how many deposits, the first receipts.

    `receipts` are at most three; the text at most 140 characters (RmtInf/Ustrd) in the SEPA set.
    """
    named = ", ".join(clean(receipt, 20) for receipt in receipts if receipt)
    more = f" AND {count - len(receipts)} MORE" if count > len(receipts) else ""
    tail = f", RECEIPT {named}{more}" if named else ""
    plural = "DEPOSIT" if count == 1 else "DEPOSITS"
    return clean(f"SAFE {clean(safe, 30)} {day.isoformat()}, {count} {plural}{tail}", 140)
