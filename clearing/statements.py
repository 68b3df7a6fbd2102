"""What banks say that they booked, compared with what was sent: what differs becomes a case.

Knows which credits were sent under which id, from which account, and which payers were debited;
must not know who told the file.
A statement is stored once, whole or not at all, with what became of each of its entries; what it
says of our orders is a fact that their next run books (clearing/answers/). A case (cash_case, kind
'compare') is for a person: money is never moved here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import asyncpg
import msgspec

from authhost.safes.life import read_end_to_end_id
from clearing.answers.booked import batch_of, fact_from, fact_of, note_batch, record_all
from clearing.answers.facts import Fact, Source
from clearing.answers.orders import find_orders, rules_now
from clearing.banks import debtor_for, parse_bank
from clearing.camt053 import Entry, Statement, StatementError, read_statements
from clearing.party import compact
from clearing.queries import Connection, query
from clearing.settings import Settings

# A payment of a Friday's night is booked on Monday.
MISSING_AFTER_DAYS: Final = 3
_ENTRY_COLUMNS: Final = ("statement_id", "line", "end_to_end_id", "batch", "count", "amount_minor",
                         "currency", "booked_on", "bank_reference", "outcome")
# What came back of our own orders is in the queue of exceptions (clearing/answers/).
_NO_CASE: Final = frozenset({"matched", "incoming", "returned"})


class Compared(msgspec.Struct, frozen=True):
    """What came of one statement. known: it was told before, and nothing was done."""

    reference: str
    iban: str
    page: int
    known: bool
    outcomes: dict[str, int]  # entries
    missing: int  # credits that it should have had
    cases: int


class Told(msgspec.Struct, frozen=True):
    """A file that was read, and can be believed. digest: SHA-256 of its bytes."""

    digest: bytes
    statements: tuple[Statement, ...]


class ToldOtherwise(StatementError):
    """A statement of this number was told before, with other content."""


class _Found(msgspec.Struct, frozen=True):
    """What an entry was found to be."""

    outcome: str
    account_id: int | None = None
    content: dict[str, Any] = {}


def read_told(content: bytes) -> Told:
    """A file of statements, without a database: a large one takes its time. StatementError."""
    return Told(hashlib.sha256(content).digest(), read_statements(content))


async def compare_statements(connection: Connection, told: Told,
                             who: str) -> tuple[Compared, ...]:
    """Store and compare them in a transaction of their own. ToldOtherwise."""
    async with connection.transaction():
        for iban in sorted({statement.iban for statement in told.statements}):
            await connection.execute(query("statement_lock"), iban)
        return tuple([await _Comparison(connection, statement, told.digest, who).made()
                      for statement in told.statements])


class _Comparison:
    """One statement against what was sent."""

    def __init__(self, connection: Connection, statement: Statement, digest: bytes,
                 who: str) -> None:
        self._connection = connection
        self._statement = statement
        self._digest = digest
        self._who = who
        self._id = 0
        self._seen: dict[str, int] = {}  # the line of this statement that books a credit
        self._cases = 0

    async def made(self) -> Compared:
        """Store it and compare it, unless it is known."""
        told, fetch = self._statement, self._connection.fetchrow
        known = await fetch(query("statement_known"), told.iban, told.reference, told.page)
        if known is not None:
            if known["digest"] != self._digest:
                raise ToldOtherwise("was told before with other content",
                                    f"Stmt {told.reference}")
            return Compared(told.reference, told.iban, told.page, True, {}, 0, 0)
        before = await fetch(query("statement_before"), told.iban, told.currency, told.from_day)
        self._id = await self._connection.fetchval(
            query("statement_new"), told.iban, told.reference, told.page, told.currency,
            told.from_day, told.to_day, told.opening_minor, told.closing_minor, len(told.entries),
            self._digest, self._who)
        if before is not None and before["closing_minor"] != told.opening_minor:
            await self._open(None, told.opening_minor - before["closing_minor"], {
                "what": "gap", "before": before["reference"],
                "closing_minor": before["closing_minor"], "opening_minor": told.opening_minor})
        outcomes = await self._entries()
        missing = await self._missing()
        return Compared(told.reference, told.iban, told.page, False, dict(outcomes), missing,
                        self._cases)

    async def _entries(self) -> Counter[str]:
        told = self._statement
        ids = [entry.end_to_end_id for entry in told.entries if entry.end_to_end_id]
        sent = {row["end_to_end_id"]: row for row in
                await self._connection.fetch(query("sent_credits"), ids)}
        instant = await self._instant({one for one in ids if one not in sent})
        orders = {row["end_to_end_id"]: row for row in
                  await self._connection.fetch(query("sent_orders"), ids)}
        rows = []
        for line, entry in enumerate(told.entries, 1):
            found = await self._found(entry, line, sent, instant, orders)
            rows.append((self._id, line, entry.end_to_end_id, entry.batch, entry.count,
                         entry.amount_minor, told.currency, entry.booked_on, entry.bank_reference,
                         found.outcome))
            if not (found.outcome in _NO_CASE or (entry.batch and found.outcome == "amount")):
                await self._open(found.account_id, entry.amount_minor, {
                    "what": found.outcome, "line": line, "end_to_end_id": entry.end_to_end_id,
                    "batch": entry.batch, "bank_reference": entry.bank_reference, **found.content})
        await self._connection.copy_records_to_table(
            "bank_statement_entry", columns=_ENTRY_COLUMNS, records=rows)
        await self._connection.copy_records_to_table(
            "credit_seen", columns=("end_to_end_id", "statement_id", "line"),
            records=[(one, self._id, line) for one, line in sorted(self._seen.items())])
        await self._connection.execute(query("missed_found"), self._id, list(self._seen),
                                       self._who)
        await self._facts(rows)
        return Counter(row[-1] for row in rows)

    async def _facts(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """What the entries that are ours say of their orders, and files that were booked at once.
        """
        source, rules = Source(self._who, statement_id=self._id), await rules_now(self._connection)
        entries = self._statement.entries
        outcomes = [row[-1] for row in rows]
        orders = await find_orders(self._connection, [
            entry.end_to_end_id for entry in entries if entry.end_to_end_id])
        facts: dict[str, list[Fact]] = {"booked": [], "returned": [], "": []}
        for line, (entry, outcome) in enumerate(zip(entries, outcomes, strict=True), 1):
            order = orders.get(entry.end_to_end_id)
            if order is not None and outcome in {"matched", "returned"}:
                facts[fact_of(order, entry)].append(fact_from(order, entry, line))
            elif entry.batch and outcome in {"matched", "amount"}:
                await note_batch(self._connection, entry, line, source, rules)
        await record_all(self._connection, facts["booked"], facts["returned"], source, rules)

    async def _found(self, entry: Entry, line: int, sent: Mapping[str, asyncpg.Record],
                     instant: Mapping[str, asyncpg.Record],
                     orders: Mapping[str, asyncpg.Record]) -> _Found:
        ours, order = sent.get(entry.end_to_end_id), orders.get(entry.end_to_end_id)
        if order is not None and not entry.returned and entry.amount_minor and (
                (entry.amount_minor > 0) == (order["kind"] == "debit")):
            return self._credit(entry, line, order, {order["kind"]: order["about"]},
                                given=order["state"] == "accepted")
        if entry.batch and not entry.returned:
            found = await self._batch(entry, line)
            if found.outcome != "unexpected" or entry.amount_minor < 0:
                return found
        if entry.returned and order is not None:
            return self._returned(entry, order)
        if entry.amount_minor > 0 or entry.returned:
            if ours is not None:
                return self._returned(entry, ours)
            return _Found("unexpected" if entry.returned else "incoming")
        if ours is not None:
            return self._credit(entry, line, ours, {"run_id": ours["run_id"]})
        ours = instant.get(entry.end_to_end_id)
        if ours is None:
            return _Found("unexpected")
        return self._credit(entry, line, ours, {"deposit": ours["key"], "credit": ours["credit"]},
                            given=ours["credit"] == "accepted")

    def _credit(self, entry: Entry, line: int, ours: asyncpg.Record, content: dict[str, Any], *,
                given: bool = True) -> _Found:
        """An entry that names a credit of ours. given: as far as we know the bank has it."""
        if self._is_seen(entry.end_to_end_id, ours["seen"]):
            outcome = "twice"
        else:
            self._seen[entry.end_to_end_id] = line
            right = (ours["amount_minor"], ours["currency"]) == (
                abs(entry.amount_minor), self._statement.currency)
            outcome = "not_accepted" if not given else "matched" if right else "amount"
        return _Found(outcome, account_id=ours["account_id"],
                      content={**content, "sent_minor": ours["amount_minor"]})

    def _returned(self, entry: Entry, ours: asyncpg.Record) -> _Found:
        """What comes back of an order: all of it, or a case."""
        right = (ours["amount_minor"], ours["currency"]) == (
            abs(entry.amount_minor), self._statement.currency)
        return _Found("returned" if right else "amount", account_id=ours["account_id"],
                      content={} if right else {"sent_minor": ours["amount_minor"]})

    async def _batch(self, entry: Entry, line: int) -> _Found:
        """A whole payment file, or a block of one, which names no transaction: by its count and
        sum, less what of it was rejected."""
        orders, whole = await batch_of(self._connection, entry)
        if not whole:
            return _Found("unexpected")
        seen = {row["end_to_end_id"] for row in
                await self._connection.fetch(query("credits_seen"), list(whole))}
        if any(name in seen or name in self._seen for name in whole):
            return _Found("twice", content={"batch": entry.batch})
        if (len(orders), sum(order.amount_minor for order in orders.values())) != (
                entry.count, abs(entry.amount_minor)):
            return _Found("amount")
        self._seen |= dict.fromkeys(orders, line)
        return _Found("matched")

    async def _instant(self, ids: Collection[str]) -> dict[str, asyncpg.Record]:
        """Credits at once that no night has booked yet, by their ids."""
        named = [(*read, one) for one in sorted(ids) if (read := read_end_to_end_id(one))]
        if not named:
            return {}
        rows = await self._connection.fetch(query("instant_deposits"), *zip(*named, strict=True))
        return {row["end_to_end_id"]: row for row in rows}

    def _is_seen(self, end_to_end_id: str, statement_id: int | None) -> bool:
        return statement_id is not None or end_to_end_id in self._seen

    async def _missing(self) -> int:
        """What this account should have paid by now, and no statement has."""
        told, fetch = self._statement, self._connection.fetch
        due = told.to_day - timedelta(days=MISSING_AFTER_DAYS)
        count = 0
        for group in await fetch(query("unseen_groups"), told.iban, told.currency, due):
            settings = msgspec.json.decode(group["settings"], type=Settings)
            bank = parse_bank(group["bank_id"], group["bank"]) if group["bank"] else None
            debtor = debtor_for(bank, settings, told.currency)
            if debtor is None or compact(debtor.iban) != told.iban:
                continue
            for row in await fetch(query("unseen_credits"), group["run_id"], group["purpose"],
                                   group["bank_id"], told.currency):
                count += 1
                case_id = await self._open(row["account_id"], row["amount_minor"], {
                    "what": "missing", "end_to_end_id": row["end_to_end_id"],
                    "run_id": group["run_id"], "bank": group["bank_id"]})
                await self._connection.execute(
                    "INSERT INTO credit_missed (end_to_end_id, case_id) VALUES ($1, $2)",
                    row["end_to_end_id"], case_id)
        return count

    async def _open(self, account_id: int | None, amount_minor: int,
                    content: dict[str, Any]) -> int:
        self._cases += 1
        told = self._statement
        said = msgspec.json.encode({**content, "statement": told.reference, "iban": told.iban})
        case_id: int = await self._connection.fetchval(
            query("compare_case"), account_id, told.currency, amount_minor, said.decode())
        return case_id
