"""A payment after its bank has moved the money: locked, read, booked, moved on; nothing by half.

Knows one transaction and the order of its locks: the tables of rules and fences first, then the
payment's row, then the fences. So a raise or a cut-over that takes a table waits for us and never
we for it, and whoever captures, refunds or disputes one payment does it one after the other. What
an event means for the money is after.py's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from authhost import limits
from authhost.journal.append import append
from authhost.journal.statements import statement as journal_statement
from authhost.journal.wire import register
from authhost.model import Kind
from authhost.payments import names, rows
from authhost.payments.archive import payment_of
from authhost.payments.life import Event, State
from authhost.payments.model import Asked, Payment, Refused, Standing
from authhost.payments.rows import Leg, Message
from authhost.payments.statements import statement

CONNECTIONS: Final = 4  # at which payments are locked, of one host
_LOCK_TABLES: Final = "LOCK TABLE rules, fence IN ROW SHARE MODE"


class Held(msgspec.Struct, frozen=True, gc=False):
    """A payment under its lock. fences: of payer and merchant, locked too; bank_id: the bank that
    moved its money; captures, refunds: how many there were; known: (fingerprint, answer) of what
    stands under the Idempotency-Key, or None."""

    asked: Asked
    now: Standing
    payer_id: int | None
    rules_version: int
    fences: dict[int, int]
    bank_id: str
    captures: int
    refunds: int
    merchant_active: bool
    before_dispute: str
    known: tuple[bytes, bytes] | None

    @property
    def rest_minor(self) -> int:
        """What was paid and neither captured nor given back: never less than nothing."""
        return max(self.asked.amount_minor - self.now.captured_minor - self.now.refunded_minor, 0)

    def merchants_part(self, refunded_minor: int) -> int:
        """What of so much given back is the merchant's: what nobody has captured goes first."""
        return max(self.now.captured_minor + refunded_minor - self.asked.amount_minor, 0)


class Booking(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row of the journal that is to stand beside the payment's. alias: of an Idempotency-Key."""

    key: str
    reason: str
    amount_minor: int
    legs: list[Leg]
    fingerprint: bytes
    answer: bytes
    alias: str = ""
    detail: dict[str, Any]


class Move(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An event that has happened to a payment. refund: what the merchant is told of one."""

    event: str
    state: State
    captured_minor: int
    refunded_minor: int
    at: datetime
    who: str
    why: str = ""
    reason: str | None = None  # None: it stays
    before_dispute: str | None = None  # None: it stays
    refund: dict[str, Any] | None = None


def pool_of(database_url: str) -> asyncpg.Pool:
    """Connections that take rows of the journal. Not opened yet; `await` opens it."""
    return asyncpg.create_pool(
        database_url, min_size=1, max_size=CONNECTIONS, init=register,
        command_timeout=limits.STATEMENT_TIMEOUT_MS / 1000,
        server_settings={"plan_cache_mode": "force_generic_plan", "application_name": "authhost",
                         "idle_in_transaction_session_timeout": "15000"})


async def hold(connection: asyncpg.Connection, payment_id: str, alias: str = "") -> Held:
    """Lock a payment and read what is known of it. Refused where there is none."""
    await connection.execute(_LOCK_TABLES)
    rules = await connection.fetchrow(journal_statement("rules_share"))
    assert rules is not None, "there is one rules row, always"
    row = await connection.fetchrow(statement("after_lock"), payment_id) \
        if names.is_id(payment_id) else None
    if row is None:
        raise nothing_there()
    payment: Payment = payment_of(row)
    more = await connection.fetchrow(statement("after_read"), payment_id,
                                     names.debit_id(payment_id), alias)
    assert more is not None, "a row of one"
    accounts = sorted({payment.asked.account_id, row["payer_id"] or payment.asked.account_id})
    fences = await connection.fetch(journal_statement("fences_share"), accounts)
    known = (more["fingerprint"], more["answer"]) if more["fingerprint"] is not None else None
    return Held(payment.asked, payment.now, row["payer_id"], rules["version"],
                {fence["account_id"]: fence["fence"] for fence in fences}, more["bank_id"],
                more["captures"], more["refunds"], more["merchant_active"],
                row["before_dispute"], known)


async def book(connection: asyncpg.Connection, held: Held, booking: Booking,
               at: datetime) -> None:
    """Write the rows, under the fences that are locked: nothing can have overtaken them."""
    about = {"purpose": held.asked.purpose, "reference": held.asked.reference}
    first, *others = rows.entries(Message(
        key=booking.key, fingerprint=booking.fingerprint, answer=booking.answer, asked=held.asked,
        approved=True, reason=booking.reason, decided_ms=round(at.timestamp() * 1000),
        rules_version=held.rules_version, detail=about | booking.detail,
        amount_minor=booking.amount_minor), booking.legs)
    done = await append(connection, [first._replace(alias=booking.alias), *others])
    assert booking.key in done.claimed, "its number is the payment's own, and that is locked"


async def move(connection: asyncpg.Connection, held: Held, made: Move) -> Held:
    """Write what the payment is now; it, for what comes next in this transaction."""
    now = held.now
    reason = now.reason if made.reason is None else made.reason
    before = held.before_dispute if made.before_dispute is None else made.before_dispute
    version = await connection.fetchval(
        statement("after_move"), held.asked.payment_id, made.event, made.state,
        made.captured_minor, made.refunded_minor, reason, before, made.at, made.who,
        made.why, msgspec.json.encode(made.refund).decode() if made.refund is not None else None)
    return msgspec.structs.replace(
        held, captures=held.captures + (made.event == Event.CAPTURE), before_dispute=before,
        now=msgspec.structs.replace(
            now, state=made.state, version=version, changed_at=made.at, reason=reason,
            captured_minor=made.captured_minor, refunded_minor=made.refunded_minor))


def legs_of(held: Held, payer: tuple[Kind, int], merchant: tuple[Kind, int],
            original_key: str = "") -> list[Leg]:
    """Rows for payer and merchant, each (kind, what is booked); nothing where nothing is.

    They count nothing: what the payer has signed today stays counted, or who has a stolen phone
    could send, have it given back, and send again beyond every limit. A developer's sandbox books
    nothing.
    """
    made: list[Leg] = []
    for account_id, (kind, minor) in ((held.payer_id, payer), (held.asked.account_id, merchant)):
        if minor:
            assert account_id is not None, "who paid is known"
            made.append(Leg(kind, account_id, held.fences[account_id],
                            posted_minor=0 if held.asked.sandbox else minor,
                            original_key=original_key))
    return made


def nothing_there() -> Refused:
    """Not there, or another's: nobody learns which."""
    return Refused(404, "Not found", "there is no such payment", "id")
