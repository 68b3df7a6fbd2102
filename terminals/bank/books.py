"""The bank's books: an SQLite file that survives kill -9, written many payments a commit.

Knows rows and what makes two orders one; must not know HTTP. A second order under an EndToEndId
never pays again: it hears what the first came to, or is decided anew where that was a refusal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from terminals.bank.camt053 import Entry
from terminals.bank.conduct import Rule
from terminals.bank.orders import Order
from terminals.bank.reports import REJECTED, Outcome
from terminals.database import Database

_ROOM: Final = "terminals.bank"
_PENDING: Final = "PDNG"


class Payment(msgspec.Struct, frozen=True, gc=False):
    """A row of the books."""

    end_to_end_id: str
    message_id: str
    source: str
    service: str
    debtor: str
    creditor: str
    name: str
    currency: str
    amount_minor: int
    remittance: str
    status: str
    reason: str
    booked_on: str
    received_us: int
    final_us: int
    seen: int
    debtor_name: str = ""
    ultimate: str = ""

    @property
    def paid(self) -> bool:
        """The creditor has it, or will have."""
        return self.status != REJECTED


class Account(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An account whose balance is watched. least_minor: below it there are no funds."""

    iban: str
    currency: str
    balance_minor: int
    least_minor: int = 0
    closed: bool = False

    def objection(self, amount_minor: int) -> str:
        """The reason that a debit is rejected with (ExternalStatusReason1Code), or ''."""
        if self.closed:
            return "AC04"
        return "AM04" if self.balance_minor - amount_minor < self.least_minor else ""


class Books:
    """The file. StoreError where another bank has it open. Writes are gathered: `commit` ends them.

    A commit outlives this process whenever it dies (not a power cut: synchronous=NORMAL).
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _ROOM)
        self._database.connection.execute("PRAGMA synchronous = NORMAL")

    @property
    def dirty(self) -> bool:
        """Something is written and not committed."""
        return self._database.connection.in_transaction

    def commit(self) -> None:
        """All that was written is there for good."""
        if self.dirty:
            self._database.connection.execute("COMMIT")

    def order(self, order: Order, source: Literal["online", "file"], rule: Rule,
              repeats: Literal["same", "duplicate"], now_us: int) -> Outcome:
        """Book one order, once; what came of it."""
        status, reason = self._decided(order, rule)
        final_us = now_us + rule.delay_ms * 1000 if rule.do == "pend" else now_us
        known = self.payment(order.end_to_end_id)
        self._begin()
        if known is None:
            self._database.execute(
                "payment_add", **{name: getattr(order, name) for name in _OF_ORDER},
                source=source, booked_on=order.day, status=status, reason=reason,
                received_us=now_us, final_us=final_us)
            self._move(order, status)
            return self._told(order, status, reason, final_us, now_us)
        self._database.execute("payment_seen", end_to_end_id=order.end_to_end_id)
        if not _same(known, order):
            return Outcome(order.end_to_end_id, order.payment_id, REJECTED, "AM05")
        if repeats == "duplicate":
            return Outcome(order.end_to_end_id, order.payment_id, REJECTED, "DUPL")
        if not known.paid:
            self._database.execute("payment_again", end_to_end_id=order.end_to_end_id,
                                   status=status, reason=reason, final_us=final_us,
                                   booked_on=order.day)
            self._move(order, status)
            return self._told(order, status, reason, final_us, now_us)
        return self._told(order, known.status, known.reason, known.final_us, now_us)

    def status(self, end_to_end_id: str, now_us: int) -> Outcome | None:
        """What came of an order; None where none has come."""
        known = self.payment(end_to_end_id)
        if known is None:
            return None
        if known.final_us > now_us:
            return Outcome(end_to_end_id, known.end_to_end_id, _PENDING)
        return Outcome(end_to_end_id, known.end_to_end_id, known.status, known.reason)

    def file_known(self, message_id: str) -> bool:
        """Was a file of this MsgId imported?"""
        return self._database.row("file_read", message_id=message_id) is not None

    def file(self, orders: Sequence[Order], outcomes: Sequence[Outcome], now_us: int) -> None:
        """A file whose orders are booked."""
        self._begin()
        self._database.execute(
            "file_add", message_id=orders[0].message_id, received_us=now_us, count=len(orders),
            sum_minor=sum(order.amount_minor for order in orders),
            rejected=sum(outcome.status == REJECTED for outcome in outcomes))

    def payment(self, end_to_end_id: str) -> Payment | None:
        """One row."""
        row = self._database.row("payment_read", end_to_end_id=end_to_end_id)
        return None if row is None else Payment(*row)

    def payments(self) -> list[Payment]:
        """All rows, as they came."""
        return [Payment(*row) for row in self._database.rows("payments")]

    def currencies(self, iban: str) -> list[str]:
        """In which the account has moved money."""
        return [row["currency"] for row in self._database.rows("currencies", iban=iban)]

    def watch(self, account: Account) -> None:
        """From now on this account has so much."""
        self._begin()
        self._database.execute("account_set", **msgspec.structs.asdict(account))

    def watched(self, iban: str, currency: str) -> Account | None:
        """An account's balance, where it is watched."""
        row = self._database.row("account_read", iban=iban, currency=currency)
        return None if row is None else Account(
            row["iban"], row["currency"], row["balance_minor"], row["least_minor"],
            bool(row["closed"]))

    def account(self, iban: str, currency: str, day: str) -> tuple[int, list[Entry]]:
        """The balance before a day, and its entries."""
        asked = {"iban": iban, "currency": currency, "day": day}
        before = self._database.row("balance_before", **asked)
        entries = [_entry(row) for row in self._database.rows("entries", **asked)]
        return (0 if before is None else before["balance_minor"]), entries

    def close(self) -> None:
        """Commit, and let the file go."""
        self.commit()
        self._database.close()

    def _decided(self, order: Order, rule: Rule) -> tuple[str, str]:
        """What becomes of an order in the end: what the rule says, and what the account has."""
        if rule.do == "refuse" or (rule.do == "pend" and rule.reason):
            return REJECTED, rule.reason or "MS03"
        account = self.watched(order.debtor, order.currency)
        lacks = account.objection(order.amount_minor) if account is not None else ""
        if lacks:
            return REJECTED, lacks
        return rule.status or ("ACCC" if order.service == "INST" else "ACSP"), ""

    def _move(self, order: Order, status: str) -> None:
        """Both sides of what is paid, or will be."""
        if status != REJECTED:
            self._database.execute("account_move", debtor=order.debtor, creditor=order.creditor,
                                   currency=order.currency, amount_minor=order.amount_minor)

    def _begin(self) -> None:
        if not self.dirty:
            self._database.connection.execute("BEGIN IMMEDIATE")

    @staticmethod
    def _told(order: Order, status: str, reason: str, final_us: int, now_us: int) -> Outcome:
        if final_us > now_us:
            return Outcome(order.end_to_end_id, order.payment_id, _PENDING)
        return Outcome(order.end_to_end_id, order.payment_id, status, reason)


_OF_ORDER: Final = ("end_to_end_id", "message_id", "service", "debtor", "creditor", "name",
                    "currency", "amount_minor", "remittance", "debtor_name", "ultimate")


def _same(known: Payment, order: Order) -> bool:
    return (known.debtor, known.creditor, known.currency, known.amount_minor) == (
        order.debtor, order.creditor, order.currency, order.amount_minor)


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__struct_fields__})
