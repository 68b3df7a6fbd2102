"""Facts about orders: accepted, rejected, booked, returned. A set that only grows.

Knows what a set of facts means for the order, and opens or closes exceptions for it; the next run
of the order's stream books it (booking.py). What follows depends on the set alone, never on the
order in which the facts came, nor on how often each was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

import msgspec

from clearing.answers.orders import Order
from clearing.answers.reasons import reason_of
from clearing.answers.settings import Answers
from clearing.answers.statements import statement
from clearing.errors import ClearingError
from clearing.exceptions import close_explained, open_exception
from clearing.queries import Connection
from clearing.release.life import note

What = Literal["accepted", "rejected", "booked", "returned"]
_OF_FILES: Final = frozenset({"credit", "debit"})


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One thing that a bank says of one order. amount_minor: as the bank says it, positive."""

    order: Order
    amount_minor: int
    on_day: date | None = None
    reason: str = ""
    reversal: bool = False
    line: int | None = None
    bank_reference: str = ""


class Source(msgspec.Struct, frozen=True):
    """Who says so: a message or a statement, and who brought it."""

    who: str
    answer_id: int | None = None
    statement_id: int | None = None


async def record(connection: Connection, what: What, facts: Sequence[Fact], source: Source,
                 rules: Answers) -> int:
    """Store what is not known yet, and what follows from it; how many that were."""
    if not facts:
        return 0
    by_id = {fact.order.end_to_end_id: fact for fact in facts}
    rows = [(fact.order.end_to_end_id, fact.order.kind, fact.order.family, fact.order.account_id,
             fact.order.stream, fact.amount_minor, fact.order.currency, fact.on_day, fact.reason,
             fact.line, fact.bank_reference, _passes(what, fact)) for fact in by_id.values()]
    new = [row["end_to_end_id"] for row in await connection.fetch(
        statement("fact_new"), what, source.answer_id, source.statement_id,
        *map(list, zip(*rows, strict=True)))]
    if what != "accepted":
        known = {row["end_to_end_id"]: frozenset(row["facts"])
                 for row in await connection.fetch(statement("facts"), new)}
        await _end_mandates(connection, list(by_id.values()), source)
        for name in sorted(new):
            await _follow(connection, what, by_id[name], known[name], source, rules)
        # Of what a notification has said already too: a statement reconciles it.
        await _progress(connection, list(by_id), source)
    return len(new)


async def _follow(connection: Connection, what: What, fact: Fact, known: frozenset[str],
                  source: Source, rules: Answers) -> None:
    """What the whole set comes to, now that this fact is in it."""
    order = fact.order
    if not known & {"rejected", "returned"}:
        return
    again = await _again(connection, order, order.kind == "credit" and _passes(what, fact)
                         and not known & {"booked", "returned"}, rules)
    wanted = _wanted(order, known, again)
    for reason in wanted:
        await _open(connection, reason, what, fact, source)
    for reason in sorted({f"{order.kind}_rejected", "paid_though_rejected"} - set(wanted)):
        await close_explained(connection, reason=reason, subject_kind=order.kind,
                              subjects=[order.end_to_end_id], who=source.who,
                              why="the bank has given it back")


async def _end_mandates(connection: Connection, facts: Sequence[Fact], source: Source) -> None:
    """A bank that knows no mandate, or no such account, ends the mandate: nothing is collected
    under it again, whatever else is said, and also where it gave another reason first."""
    ended = [(fact.order.end_to_end_id, fact.reason, _ends(fact) == "account")
             for fact in facts if _ends(fact)]
    if ended:
        await connection.execute(statement("mandates_ended"),
                                 *map(list, zip(*ended, strict=True)), source.who)


def _passes(what: What, fact: Fact) -> bool:
    """Whether the next try may do."""
    return what == "rejected" and reason_of(fact.reason).meaning == "passing"


def _wanted(order: Order, known: frozenset[str], again: bool) -> tuple[str, ...]:
    """The exceptions that a set of facts comes to."""
    if "returned" in known:
        return (f"{order.kind}_returned",)
    if again:
        return ()
    rejected = f"{order.kind}_rejected"
    return (rejected, "paid_though_rejected") if "booked" in known else (rejected,)


async def _again(connection: Connection, order: Order, by_itself: bool, rules: Answers) -> bool:
    """Put a credit, or a debit, where the next night finds it; whether it is paid without a
    decision. What a payer's bank was asked for at once is nobody's to ask again."""
    if order.kind not in _OF_FILES:
        return False
    due = await connection.fetchval(statement("again_new"), order.end_to_end_id, by_itself,
                                    rules.tries)
    return bool(due)


async def _open(connection: Connection, reason: str, what: What, fact: Fact,
                source: Source) -> None:
    order = fact.order
    await open_exception(
        connection, stream=order.stream, reason=reason, subject_kind=order.kind,
        subject=order.end_to_end_id, run_id=order.run_id, account_id=order.account_id,
        currency=order.currency, amount_minor=order.amount_minor, who=source.who,
        content={"about": order.about, "kind": r_transaction(what, fact), "reason": fact.reason,
                 "name": reason_of(fact.reason).name, "ends": _ends(fact),
                 "bank_reference": fact.bank_reference,
                 "answer": source.answer_id, "statement": source.statement_id})


def _ends(fact: Fact) -> str:
    """'mandate' or 'account', where nothing is collected again under the mandate as it was."""
    return reason_of(fact.reason).ends if fact.order.kind == "debit" else ""


def r_transaction(what: What, fact: Fact) -> str:
    """What an exception in a direct debit is called: reject and refusal are before settlement,
    return, refund and reversal after it. Of a credit: reject or return."""
    if fact.order.kind != "debit":
        return "reject" if what == "rejected" else "return"
    meaning = reason_of(fact.reason).meaning
    if what == "rejected":
        return "refusal" if meaning == "refused" else "reject"
    if fact.reversal:
        return "reversal"
    return "refund" if meaning == "refunded" else "return"


async def _progress(connection: Connection, ids: Sequence[str], source: Source) -> None:
    """The life of the files that these orders are in."""
    for row in await connection.fetch(statement("file_progress"), list(ids)):
        settled = row["count"] - row["rejected"]
        if settled and row["booked"] == settled:
            await say(connection, row["run_id"], row["path"], "booked", source.who)
            if row["seen"] == settled:
                await say(connection, row["run_id"], row["path"], "reconciled", source.who)


async def say(connection: Connection, run_id: str, path: str, state: str, who: str,
              **detail: object) -> None:
    """Write a state into the life of a file. What a bank says of a file that nobody has released
    is an exception: it went out by another way. A bank that contradicts itself (it has booked what
    it rejects) changes no life: what that comes to is said of the orders."""
    try:
        await note(connection, run_id, path, state, who, detail)
    except ClearingError as error:
        if not await connection.fetchval(statement("is_out"), run_id, path):
            await open_exception(
                connection, stream=run_id.split("/")[1], reason="file_state", run_id=run_id,
                subject_kind="bank_file", subject=f"{run_id} {path}", who=who,
                content={"says": str(error)})
