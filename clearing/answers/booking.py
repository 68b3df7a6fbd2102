"""What a run books of answers and decisions: the money of what came back is owed again, and paid.

Knows the facts and decisions of its stream that no run has booked yet; all of it is in the
transaction that posts the run. A credit is paid again under a new id, which names the one before:
the bank sees another order, and we see that it is the same money.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import asyncpg

from clearing.answers.facts import Fact, Source, record
from clearing.answers.orders import find_file, find_orders
from clearing.answers.settings import Answers
from clearing.answers.statements import statement
from clearing.answers.waiting import miss_answers
from clearing.bankfiles.payees import load_payees
from clearing.banks import Bank, debtor_for
from clearing.party import creditor_defect, parse_party
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_OF_CLIENTS: Final = "deposit_credit"
_LETTER: Final = "R"  # of end-to-end ids of credits that are paid again
BOOKS: Final[Mapping[tuple[str, str], tuple[str, int, str]]] = {
    # (reason, decision): the rule's ending, the sign, what the transaction is called
    ("credit_rejected", "write_off"): ("_unpaid", 1, "unpaid"),
    ("credit_returned", "write_off"): ("_unpaid", 1, "unpaid"),
    ("debit_rejected", "write_off"): ("_lost", 1, "lost"),
    ("debit_returned", "write_off"): ("_lost", 1, "lost"),
    ("paid_though_rejected", "accept"): ("", 1, "paid"),
}


async def book_answers(connection: Connection, run_id: RunId, settings: Settings,
                       banks: Mapping[str, Bank]) -> list[tuple[object, ...]]:
    """Carry out decisions, book facts; the rows of clearing_credit that pay again."""
    await _decide(connection, run_id, settings.answers)
    await connection.execute(statement("post_facts"), str(run_id), run_id.stream)
    await miss_answers(connection, run_id, settings.answers)
    return await _again(connection, run_id, settings, banks)


async def _decide(connection: Connection, run_id: RunId, rules: Answers) -> None:
    found = await connection.fetch(statement("decisions"), run_id.stream)
    for row in found:
        key = row["reason"], row["decision"]
        if row["decision"] == "retry":
            await connection.execute(statement("again_decided"), row["subject"])
        elif row["decision"] == "withdraw":
            await connection.execute(statement("again_withdrawn"), row["subject"],
                                     row["decided_by"])
        elif key in BOOKS:
            ending, sign, name = BOOKS[key]
            await connection.execute(statement("post_decided"), str(run_id), row["subject"],
                                     ending, sign, name)
        elif key == ("duplicate_told", "reject"):
            await _reject(connection, row, rules)
    if found:
        await connection.execute(statement("decision_done"),
                                 [row["exception_id"] for row in found], str(run_id))


async def _reject(connection: Connection, row: asyncpg.Record, rules: Answers) -> None:
    """A person says that the bank has no first one of it: its orders were rejected."""
    if row["subject_kind"] == "bank_file":
        file = await find_file(connection, row["subject"])
        orders = file.orders if file is not None else {}
    else:
        orders = await find_orders(connection, [row["subject"]])
    await record(connection, "rejected", [Fact(order, order.amount_minor) for order in
                                          orders.values()], Source(row["decided_by"]), rules)


async def _again(connection: Connection, run_id: RunId, settings: Settings,
                 banks: Mapping[str, Bank]) -> list[tuple[object, ...]]:
    """One that no bank would take is held, and tried again by the next run."""
    due = await connection.fetch(statement("again_due"), run_id.stream)
    accounts = sorted({row["account_id"] for row in due})
    await connection.execute(statement("again_party"), str(run_id), accounts)
    parties = {row["account_id"]: parse_party(row["content"]) for row in await connection.fetch(
        statement("again_parties"), str(run_id), list(map(str, accounts)))}
    payees = await load_payees(connection, settings.bankfiles)
    rows: list[tuple[object, ...]] = []
    paid: list[tuple[str, str]] = []
    for number, row in enumerate(due, 1):
        name, currency = run_id.end_to_end_id(_LETTER, number), row["currency"]
        # A client may have another bank by now; all others are paid from the operator's own.
        bank_id = row["bank_now"] or "" if row["purpose"] == _OF_CLIENTS else row["bank_id"]
        bank, party = banks.get(bank_id), parties.get(row["account_id"])
        held = (bank.defect(currency) if bank is not None else "") or (
            "" if debtor_for(bank, settings, currency) else "no_debtor_account") or (
            creditor_defect(party, row["amount_minor"], currency))
        if not held and party is not None:
            held = payees.defect(name, row["account_id"], party, currency, row["amount_minor"])
        if not held:
            paid.append((row["before_id"], name))
        rows.append((str(run_id), name, row["purpose"], row["account_id"], row["place_id"],
                     currency, row["amount_minor"], row["count"], row["remittance"], held, bank_id))
    await payees.store(connection, run_id)
    if paid:
        await connection.execute(statement("again_paid"), str(run_id),
                                 *map(list, zip(*paid, strict=True)))
    return rows
