"""What the cash cycle came to: the safes' own stores, the host's rows, and the banks' own books.

Knows the store's table of messages and three tables of the host; knows nothing of how any was made.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from demo import credited
from demo.insert import statement
from demo.paper import Paper
from demo.portfolio import COLLECTING
from demo.result import Cash, CashCase, Printed
from demo.tally import Tally
from terminals.bank.books import Payment


class CashBooks:
    """Filled by the safes' day; judged at night."""

    def __init__(self) -> None:
        self.at_once = 0
        self.waited = 0  # messages, when the line was mended
        self.cut_minutes = 0
        self.down = ""  # a bank
        self.down_minutes = 0
        self.swaps = 0
        self.counts = 0
        self.balanced = 0  # shifts
        self.differing: list[str] = []
        self.deposits: Sequence[asyncpg.Record] = ()
        self.items: Sequence[asyncpg.Record] = ()
        self.cases: Sequence[asyncpg.Record] = ()
        self.payments: dict[str, Payment] = {}
        self.expected: dict[str, int] = {}  # kind of a case -> minor units that it must come to
        self.receipt = Paper(safe="", code="", text="", pdf=b"")
        self._pdf = Path()
        self._told: Counter[str] = Counter()
        self._offline: set[tuple[str, int]] = set()

    def read(self, terminal_id: str, store: Path, tally: Tally, cut: tuple[str, str]) -> None:
        """One safe's messages, counted as what it said and heard. cut: local times, of a line that
        was out; '' where it was not."""
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(statement("safe_messages")).fetchall()
        connection.close()
        for row in rows:
            answer = msgspec.json.decode(row["answer"]) if row["answer"] else {}
            if row["state"] != "forwarded":
                tally.lost.append(f"{terminal_id} {row['kind']} {row['sequence']}: {row['state']}"
                                  f" {row['answer']!r}")
            money = row["kind"] in ("deposit", "authorization")
            done = money and answer.get("decision") == "approved"
            tally.edge(f"deposit_{row['kind']}" if row["kind"] == "authorization" else row["kind"],
                       str(answer.get("action_code", "")), str(answer.get("reason", "")),
                       row["sent"], (row["currency"], row["amount_minor"]) if done or not money
                       else None)
            if row["kind"] == "deposit":
                self._told[terminal_id] += row["amount_minor"]
                if cut[0] <= row["local_time"] < cut[1]:
                    self._offline.add((terminal_id, row["sequence"]))

    async def close(self, database_url: str) -> None:
        """What the host has of it, after the night."""
        connection = await asyncpg.connect(database_url)
        try:
            self.deposits = await connection.fetch(statement("cash_deposits"))
            self.items = await connection.fetch(statement("cash_items"))
            self.cases = await connection.fetch(statement("cash_cases"))
        finally:
            await connection.close()

    def file(self, folder: Path) -> None:
        """The receipt's PDF beside the night's files."""
        self._pdf = self.receipt.put(folder)

    def faults(self) -> list[str]:
        """In words: where two of the three do not agree."""
        found = list(self.differing)
        there: Counter[str] = Counter()
        for row in self.deposits:
            there[row["terminal_id"]] += row["amount_minor"]
        found += [f"{safe}: {minor} lies in it, the host has {there[safe]}"
                  for safe, minor in self._told.items() if there[safe] != minor]
        at_banks = credited.faults(self.deposits, self.items, self.payments)
        found += [*at_banks.lost, *at_banks.doubled]
        for kind, minor in self.expected.items():
            cases = [row for row in self.cases if row["kind"] == kind and row["state"] == "closed"]
            if [(row["booked_minor"], bool(row["end_to_end_id"])) for row in cases] != [
                    (minor, True)]:
                found.append(f"a case {kind} came to {[dict(row) for row in cases]}, not {minor} "
                             "in a file")
        if not self._filed_while_down():
            found.append(f"no deposit went to {self.down} by night")
        return found

    def _filed_while_down(self) -> list[asyncpg.Record]:
        """What the bank that was down would else have credited at once: it takes euro."""
        return [row for row in self.deposits if (row["bank_id"], row["credit"], row["currency"])
                == (self.down, "file", "EUR")]

    def figures(self) -> Cash:
        """For the summary."""
        credits_ = Counter(row["credit"] for row in self.deposits)
        known = {(row["terminal_id"], row["sequence"]): row for row in self.deposits}
        late = [known[key] for key in self._offline if key in known]
        by_night = self._filed_while_down()
        files = {row["key"]: row["end_to_end_id"] for row in self.items}
        return Cash(
            safes=len({row["terminal_id"] for row in self.deposits}),
            banks=tuple(sorted({row["bank_id"] for row in self.deposits})),
            deposits=len(self.deposits), told=len(late),
            cut_safe=", ".join(sorted({safe for safe, _ in self._offline})),
            offline_credits=dict(Counter(row["credit"] for row in late).most_common()),
            offline=len(self._offline), waited=self.waited, cut_off_minutes=self.cut_minutes,
            down=self.down, down_minutes=self.down_minutes, down_deposits=len(by_night),
            down_minor=sum(row["amount_minor"] for row in by_night),
            down_paid=tuple(sorted({files[row["key"]] for row in by_night if row["key"] in files})),
            credits=dict(credits_.most_common()),
            paid_at_once=sum(payment.source == "online" and payment.paid
                             for payment in self.payments.values()),
            paid_by_file=sum(payment.source == "file" and payment.paid
                             for payment in self.payments.values()),
            swaps=self.swaps, counts=self.counts, shifts_balanced=self.balanced,
            cases=tuple(_cases(self.cases)),
            receipt=Printed(safe=self.receipt.safe, code=self.receipt.code,
                            text=self.receipt.text, pdf=str(self._pdf)))


def bank_books(banks: Mapping[str, Any]) -> dict[str, Payment]:
    """All credits of all banks to safes' clients, by their EndToEndId: what payers pay goes over
    accounts of its own."""
    payers = set(COLLECTING.values())
    return {payment.end_to_end_id: payment for bank in banks.values()
            for payment in bank.books.payments() if not payers & {payment.creditor, payment.debtor}}


def _cases(rows: Iterable[asyncpg.Record]) -> Iterable[CashCase]:
    for row in rows:
        yield CashCase(
            kind=row["kind"], safe=row["terminal_id"] or "", state=row["state"],
            amount_minor=row["amount_minor"], currency=row["currency"],
            proposal=row["proposal"], proposed_by=row["proposed_by"],
            decided_by=row["decided_by"], booked_minor=row["booked_minor"],
            booked_as=row["journal_key"] or "", taken_off=row["end_to_end_id"],
            serial=row["serial"], report_by=row["due_on"], why=row["why"])
