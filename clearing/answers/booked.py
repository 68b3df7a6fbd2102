"""What a bank has booked on our accounts, as facts about orders.

Knows which way each kind of order moves money; must not know whether a notification (camt.054) or
a statement (camt.053) says so: both say the same of an order, and it counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from clearing.answers.facts import Fact, Source, record
from clearing.answers.notices import Notice
from clearing.answers.orders import Order, find_file, find_orders
from clearing.answers.reports import Told, is_known, match_batches
from clearing.answers.settings import Answers
from clearing.answers.statements import statement
from clearing.camt053 import Entry
from clearing.exceptions import open_exception
from clearing.queries import Connection

# Money that leaves our account when it is booked, and comes back when it is returned.
_LEAVES: Final = frozenset({"credit", "payer_refund"})


def fact_of(order: Order, entry: Entry) -> str:
    """What an entry under an order's id says: booked, returned, or '' where it goes a way that
    this order cannot."""
    if entry.returned:
        return "" if _goes(order, entry) else "returned"
    return "booked" if _goes(order, entry) else ""


def _goes(order: Order, entry: Entry) -> bool:
    """Whether the money goes the way of the order."""
    return (entry.amount_minor < 0) == (order.kind in _LEAVES)


async def take_notice(connection: Connection, notice: Notice, digest: bytes, who: str,
                      rules: Answers) -> Told:
    """Store a notification and what it says of our orders, in the caller's transaction."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtext('authhost.statement'), hashtext($1))", notice.iban)
    if await is_known(connection, "camt054", notice.iban, notice.reference, digest):
        return Told(notice.reference, notice.iban, True)
    answer_id = await connection.fetchval(
        statement("answer_new"), "camt054", notice.iban, notice.reference, "", "", "", digest, who)
    source = Source(who, answer_id=answer_id)
    orders = await find_orders(connection, [entry.end_to_end_id for entry in notice.entries
                                            if entry.end_to_end_id])
    outcomes: Counter[str] = Counter()
    facts: dict[str, list[Fact]] = {"booked": [], "returned": []}
    exceptions = 0
    for line, entry in enumerate(notice.entries, 1):
        order = orders.get(entry.end_to_end_id)
        if entry.batch and not entry.returned:
            outcomes["batch" if await note_batch(connection, entry, line, source, rules)
                     else "unexpected"] += 1
            continue
        what = fact_of(order, entry) if order is not None else ""
        if order is None or not what:
            outcomes["incoming" if entry.amount_minor > 0 else "unexpected"] += 1
        elif (abs(entry.amount_minor), notice.currency) != (order.amount_minor, order.currency):
            exceptions += 1
            outcomes["amount"] += 1
            await _differs(connection, order, entry, source)
        else:
            outcomes[what] += 1
            facts[what].append(fact_from(order, entry, line))
    await record_all(connection, facts["booked"], facts["returned"], source, rules)
    return Told(notice.reference, notice.iban, False, dict(outcomes), exceptions)


def fact_from(order: Order, entry: Entry, line: int) -> Fact:
    """An entry that says something of an order."""
    return Fact(order, order.amount_minor, entry.booked_on, entry.reason, entry.reversal, line,
                entry.bank_reference)


async def record_all(connection: Connection, booked: Sequence[Fact], returned: Sequence[Fact],
                     source: Source, rules: Answers) -> None:
    """Both kinds."""
    await record(connection, "booked", booked, source, rules)
    await record(connection, "returned", returned, source, rules)


async def batch_of(connection: Connection,
                   entry: Entry) -> tuple[dict[str, Order], dict[str, Order]]:
    """The orders that an entry stands for which names a file or a block: those that the bank has
    not rejected, and all; none where it is not ours, or goes another way."""
    file = await find_file(connection, entry.batch)
    whole = file.batch(entry.batch) if file is not None else {}
    if not whole or not _goes(next(iter(whole.values())), entry):
        return {}, {}
    known = {row["end_to_end_id"]: row["facts"] for row in
             await connection.fetch(statement("facts"), list(whole))}
    return {name: order for name, order in whole.items()
            if "rejected" not in known.get(name, ())}, whole


async def note_batch(connection: Connection, entry: Entry, line: int, source: Source,
                     rules: Answers) -> bool:
    """A file of ours, or a block, that was booked in one sum; False: it is none of ours."""
    file = await find_file(connection, entry.batch)
    _, whole = await batch_of(connection, entry)
    if file is None or not whole:
        return False
    await connection.execute(
        statement("batch_new"), entry.batch, file.message_id, entry.count, abs(entry.amount_minor),
        entry.booked_on, source.answer_id, source.statement_id, line)
    await match_batches(connection, file, source, rules)
    return True


async def _differs(connection: Connection, order: Order, entry: Entry, source: Source) -> None:
    await open_exception(
        connection, stream=order.stream, reason="amount_differs", subject_kind=order.kind,
        subject=order.end_to_end_id, run_id=order.run_id, account_id=order.account_id,
        currency=order.currency, amount_minor=order.amount_minor, who=source.who,
        content={"booked_minor": entry.amount_minor, "bank_reference": entry.bank_reference,
                 "answer": source.answer_id})
