"""After the payment: captures, refunds, disputes. The story of each, in one transaction.

    capture  lock -> never more than was signed less what went back -> the merchant's rows -> told
    refund   lock -> never above what was paid -> both rows back -> the bank's order -> told
    dispute  lock -> nobody refunds or captures; lost: the rest is refunded

A refund is taken off the payment when it is asked for, so that two at once cannot exceed it; its
bank is asked after the commit, by the outbox. What the bank will not give back is booked again.
What the merchant has not captured goes back first; beyond it the refund is the merchant's, netted
in the settlement, where it may leave less than nothing: that is carried (clearing/settling.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar

import asyncpg
import msgspec

from authhost import limits
from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed
from authhost.keys import fingerprint
from authhost.model import Kind
from authhost.payments import names, refunds
from authhost.payments.life import MOVED, Event, State, befores, paid_state
from authhost.payments.locked import Booking, Held, Move, book, hold, legs_of, move, nothing_there
from authhost.payments.model import Caller, Otherwise, Refused
from authhost.payments.ports import Told
from authhost.payments.refunds import BY_BANK, Refund, RefundState
from authhost.payments.statements import statement

CAPTURES: Final = 100  # of one payment
REFUNDS: Final = 100
_LONGEST_REASON: Final = 140
_LONGEST_REFERENCE: Final = 35
_encode = msgspec.json.Encoder().encode
T = TypeVar("T")


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a capture: its part, and what the payment is with it. refund: the id of the
    one that a final capture makes of the rest, or None."""

    payment: str
    number: int
    amount_minor: int
    currency: str
    captured_minor: int
    refunded_minor: int
    state: str
    refund: str | None = None


class NewRefund(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go back. event: REFUND, or LOSE of a dispute."""

    refund_id: str
    amount_minor: int
    reason: str
    reference: str
    who: str
    fingerprint: bytes
    alias: str = ""
    event: Event = Event.REFUND


class After:
    """Of one host. pool: locked.pool_of; secret: of ids and fingerprints; tell: hears of every
    change made here."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, secret: bytes,
                 tell: Callable[[Told], None]) -> None:
        self._pool = pool
        self._clock = clock
        self._secret = secret
        self._tell = tell

    # The goods go out.

    async def capture(self, caller: Caller, payment_id: str, amount_minor: int | None,
                      idempotency_key: str, *, final: bool = False) -> bytes:
        """The merchant says that goods of this amount went out; None: all that is left. Its body.

        final: nothing follows; the rest goes back to the payer. Refused. The same key again: the
        same body.
        """
        content = fingerprint(self._secret, f"capture\n{amount_minor}\n{final}")
        alias = self._alias(payment_id, idempotency_key)
        refund = names.refund_id(self._secret, payment_id, f"key/{idempotency_key}")

        async def work(connection: asyncpg.Connection) -> tuple[bytes, list[Told]]:
            held = await self._merchants(connection, caller, payment_id, alias)
            if held.known is not None:
                return _known(held.known, content), []
            if not held.merchant_active:
                raise Refused(403, "Merchant", "the merchant is not active", "merchant_id")
            amount = held.rest_minor if amount_minor is None else amount_minor
            _may_capture(held, amount)
            at = self._clock.now()
            rest = held.rest_minor - amount if final else 0
            number, captured = held.captures + 1, held.now.captured_minor + amount
            state = paid_state(held.asked.amount_minor, captured, held.now.refunded_minor + rest)
            body = _encode(Captured(
                payment=payment_id, number=number, amount_minor=amount,
                currency=held.asked.currency, captured_minor=captured,
                refunded_minor=held.now.refunded_minor + rest, state=state.upper(),
                refund=refund if rest else None))
            await book(connection, held, Booking(
                key=names.later_key(payment_id, "capture", number), reason=Event.CAPTURE,
                amount_minor=amount, fingerprint=content, answer=body, alias=alias,
                legs=legs_of(held, (Kind.PAYMENT, 0), (Kind.PAYMENT_RECEIPT, amount)),
                # What the fee of this part is the difference to.
                detail={"event": Event.CAPTURE, "by": caller.user_id,
                        "captured_before": held.now.captured_minor}), at)
            held = await move(connection, held, Move(
                event=Event.CAPTURE, who=caller.user_id, captured_minor=captured, at=at,
                refunded_minor=held.now.refunded_minor,
                state=paid_state(held.asked.amount_minor, captured, held.now.refunded_minor)))
            told = [_told(held)]
            if rest:
                held, _ = await self._give_back(connection, held, NewRefund(
                    refund_id=refund, amount_minor=rest, reason="not captured", reference="",
                    who=caller.user_id, fingerprint=content), at)
                told.append(_told(held))
            return body, told

        return await self._done(work)

    # The money goes back.

    async def refund(self, caller: Caller, payment_id: str, amount_minor: int, reason: str,
                     reference: str, idempotency_key: str) -> bytes:
        """A part of what was paid, or all of it, goes back to the payer; the refund's body.

        Refused: more than is left of it, disputed, never paid. The same key again: the same body.
        """
        _printable(reason, _LONGEST_REASON, "reason")
        _printable(reference, _LONGEST_REFERENCE, "reference")
        content = fingerprint(self._secret, f"refund\n{amount_minor}\n{reason}\n{reference}")
        alias = self._alias(payment_id, idempotency_key)

        async def work(connection: asyncpg.Connection) -> tuple[bytes, list[Told]]:
            held = await self._merchants(connection, caller, payment_id, alias)
            if held.known is not None:
                return _known(held.known, content), []
            held, body = await self._give_back(connection, held, NewRefund(
                refund_id=names.refund_id(self._secret, payment_id, f"key/{idempotency_key}"),
                amount_minor=amount_minor, reason=reason, reference=reference, who=caller.user_id,
                fingerprint=content, alias=alias), self._clock.now())
            return body, [_told(held)]

        return await self._done(work)

    async def _give_back(self, connection: asyncpg.Connection, held: Held, new: NewRefund,
                         at: datetime) -> tuple[Held, bytes]:
        """Off the payment, into the journal, to the bank's outbox. Refused."""
        _may_refund(held, new)
        asked, now, number = held.asked, held.now, held.refunds + 1
        refunded = now.refunded_minor + new.amount_minor
        state = paid_state(asked.amount_minor, now.captured_minor, refunded)
        body = refunds.body_of(Refund(
            refund_id=new.refund_id, payment_id=asked.payment_id, number=number,
            amount_minor=new.amount_minor, currency=asked.currency, state=RefundState.CREATED,
            reason=new.reason, reference=new.reference, created_at=at, changed_at=at))
        merchants = held.merchants_part(refunded) - held.merchants_part(now.refunded_minor)
        await book(connection, held, Booking(
            key=names.later_key(asked.payment_id, "refund", number), reason=new.event,
            amount_minor=new.amount_minor, fingerprint=new.fingerprint, answer=body,
            alias=new.alias, detail={"event": new.event, "by": new.who, "refund": new.refund_id},
            legs=legs_of(held, (Kind.REVERSAL, -new.amount_minor), (Kind.REVERSAL, -merchants),
                         names.bank_key(asked.payment_id))), at)
        await connection.execute(
            statement("refund_new"), new.refund_id, asked.payment_id, number, new.amount_minor,
            new.reason, new.reference, new.who, at, names.refund_end_to_end(new.refund_id),
            held.payer_id, held.bank_id, asked.currency)
        held = await move(connection, held, Move(
            event=new.event, state=state, captured_minor=now.captured_minor,
            refunded_minor=refunded, at=at, who=new.who, why=new.reason,
            reason="" if new.event is Event.LOSE else None,
            before_dispute="" if new.event is Event.LOSE else None,
            refund=_of_refund(new.refund_id, new.amount_minor, RefundState.CREATED)))
        return msgspec.structs.replace(held, refunds=number), body

    async def refund_paid(self, refund_id: str, word: str) -> bool:
        """The bank has given it back; False where it has said so before. JournalUnavailable: to
        be told again; Otherwise: it has said before that it would not."""
        return await self._bank(refund_id, RefundState.PAID, word, "")

    async def refund_failed(self, refund_id: str, word: str, why: str) -> bool:
        """The bank will not: it is booked back, and the payment is what it was without it."""
        return await self._bank(refund_id, RefundState.DECLINED, word, why)

    async def _bank(self, refund_id: str, state: RefundState, word: str, why: str) -> bool:
        async def work(connection: asyncpg.Connection) -> tuple[bool, list[Told]]:
            payment_id = await connection.fetchval(
                "SELECT payment_id FROM refund WHERE refund_id = $1", refund_id)
            if payment_id is None:
                raise refunds.no_refund()
            held = await hold(connection, payment_id)
            row = await connection.fetchrow(statement("refund_read"), refund_id)
            assert row is not None, "it was there"
            if row["state"] in BY_BANK:
                if row["state"] != state:
                    raise Otherwise(f"refund_{state}")
                return False, []
            at = self._clock.now()
            await connection.execute(
                statement("refund_end"), refund_id, state, at, word, why,
                names.refund_end_to_end(refund_id),
                "accepted" if state is RefundState.PAID else "refused")
            refund = refunds.refund_of(row)
            if state is RefundState.PAID:
                held = await move(connection, held, _same(held, "refund_paid", at, refund))
            else:
                held = await self._undo(connection, held, refund, why, at)
            return True, [_told(held)]

        return await self._done(work)

    async def _undo(self, connection: asyncpg.Connection, held: Held, refund: Refund, why: str,
                    at: datetime) -> Held:
        """What the bank would not give back is payer's debit and merchant's money again."""
        asked, now, amount = held.asked, held.now, refund.amount_minor
        left = now.refunded_minor - amount
        merchants = held.merchants_part(now.refunded_minor) - held.merchants_part(left)
        await book(connection, held, Booking(
            key=names.later_key(asked.payment_id, "unrefund", refund.number),
            reason=Event.UNREFUND, amount_minor=amount, answer=b"{}",
            fingerprint=fingerprint(self._secret, f"unrefund\n{refund.refund_id}"),
            legs=legs_of(held, (Kind.PAYMENT, amount), (Kind.PAYMENT_RECEIPT, merchants),
                         names.later_key(asked.payment_id, "refund", refund.number)),
            detail={"event": Event.UNREFUND, "by": "bank", "why": why,
                    "refund": refund.refund_id}), at)
        # What is disputed stays so: only its amounts move.
        state = paid_state(asked.amount_minor, now.captured_minor, left) \
            if now.state in befores(Event.UNREFUND) else now.state
        return await move(connection, held, Move(
            event=Event.UNREFUND, state=state, captured_minor=now.captured_minor,
            refunded_minor=left, at=at, who="bank", why=why,
            refund=_of_refund(refund.refund_id, amount, RefundState.DECLINED)))

    # The payer disputes it. Who decides is an administrator: disputes.py has the transaction.

    async def dispute(self, connection: asyncpg.Connection, payment_id: str, reason: str,
                      evidence: str, who: str) -> tuple[int, Told]:
        """Open one, in this transaction: (its number, whom to tell after the commit). Refused."""
        held = await hold(connection, payment_id)
        if held.now.state not in MOVED:
            raise _not_now(held, "dispute")
        _payer_known(held)
        at = self._clock.now()
        number: int = await connection.fetchval(statement("dispute_open"), payment_id, reason,
                                                evidence, who, at)
        held = await move(connection, held, Move(
            event=Event.DISPUTE, state=State.DISPUTED, captured_minor=held.now.captured_minor,
            refunded_minor=held.now.refunded_minor, at=at, who=who, why=reason, reason=reason,
            before_dispute=held.now.state))
        return number, _told(held)

    async def resolve(self, connection: asyncpg.Connection, payment_id: str, outcome: str,
                      who: str) -> tuple[str, Told]:
        """End it: 'won' by the merchant, who keeps it, or 'lost': the rest goes back. (id of the
        refund or '', whom to tell after the commit). Refused."""
        held = await hold(connection, payment_id)
        if held.now.state is not State.DISPUTED:
            raise _not_now(held, "resolve")
        at = self._clock.now()
        number = await connection.fetchval(statement("dispute_end"), payment_id, outcome, who, at)
        assert number is not None, "a disputed payment has an open dispute"
        now = held.now
        if outcome == "won":
            state = paid_state(held.asked.amount_minor, now.captured_minor, now.refunded_minor)
            held = await move(connection, held, Move(
                event=Event.WIN, state=state, captured_minor=now.captured_minor,
                refunded_minor=now.refunded_minor, at=at, who=who, reason="",
                before_dispute=""))
            return "", _told(held)
        refund = names.refund_id(self._secret, payment_id, f"dispute/{number}")
        held, _ = await self._give_back(connection, held, NewRefund(
            refund_id=refund, amount_minor=held.asked.amount_minor - now.refunded_minor,
            reason="dispute lost", reference="", who=who, event=Event.LOSE,
            fingerprint=fingerprint(self._secret, f"lose\n{number}")), at)
        return refund, _told(held)

    def tell(self, told: Told) -> None:
        """What a transaction of another room has made, once it stands."""
        self._tell(told)

    # What all have in common.

    async def _merchants(self, connection: asyncpg.Connection, caller: Caller, payment_id: str,
                         alias: str) -> Held:
        held = await hold(connection, payment_id, alias)
        if held.asked.merchant_id != caller.merchant_id:
            raise nothing_there()
        return held

    def _alias(self, payment_id: str, idempotency_key: str) -> str:
        """The claim of an Idempotency-Key: a payment's own, of whatever length it is."""
        name = fingerprint(self._secret, f"key\n{idempotency_key}").hex()
        return f"pay/{payment_id}/key/{name}"

    async def _done(self, work: Callable[[asyncpg.Connection],
                                         Awaitable[tuple[T, list[Told]]]]) -> T:
        """All of it or nothing; told once it stands. JournalUnavailable where nobody knows: the
        same key again, or the bank's word again, finds it out."""
        for _ in range(limits.TRIES):
            async with Borrowed(self._pool) as connection:
                try:
                    async with connection.transaction():
                        result, told = await work(connection)
                except (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError):
                    continue  # nothing of it stands
            for one in told:
                self._tell(one)
            return result
        raise JournalUnavailable("the payment does not come to rest")


def _may_capture(held: Held, amount: int) -> None:
    if held.now.state not in befores(Event.CAPTURE):
        raise _not_now(held, "capture")
    if not held.rest_minor:
        raise Refused(409, "Nothing left", "all of it is captured or given back", "amount_minor")
    if amount > held.rest_minor:
        raise Refused(422, "Too much", f"{held.rest_minor} minor units are left to capture",
                      "amount_minor")
    if held.captures >= CAPTURES:
        raise Refused(409, "Too many", f"a payment has {CAPTURES} captures at most", "id")


def _may_refund(held: Held, new: NewRefund) -> None:
    if new.event is Event.REFUND and held.now.state not in befores(Event.REFUND):
        raise _not_now(held, "refund")
    _payer_known(held)
    left = held.asked.amount_minor - held.now.refunded_minor
    if new.amount_minor > left:
        raise Refused(422, "Too much", f"{left} minor units are left to refund", "amount_minor")
    # The bound is for merchants: a dispute that is lost must always find its place.
    if held.refunds >= REFUNDS and new.event is Event.REFUND:
        raise Refused(409, "Too many", f"a payment has {REFUNDS} refunds at most", "id")


def _payer_known(held: Held) -> None:
    """A QR's payer is a customer of whatever bank: nobody here knows an account to pay back."""
    if held.payer_id is None:
        raise Refused(409, "Payer not known", "it was paid in the payer's own bank application: "
                      "what goes back goes from bank to bank", "id")


def _not_now(held: Held, what: str) -> Refused:
    return Refused(409, "Not possible now",
                   f"the payment is {held.now.state.upper()}: cannot {what}", "id")


def _known(known: tuple[bytes, bytes], content: bytes) -> bytes:
    stands, answer = known
    if stands != content:
        raise Refused(422, "Key used for other content",
                      "this Idempotency-Key stands for other content", "Idempotency-Key")
    return answer


def _printable(text: str, most: int, where: str) -> None:
    if len(text) > most or not text.isprintable():
        raise Refused(422, "Invalid body", f"at most {most} characters, each printable", where)


def _same(held: Held, event: str, at: datetime, refund: Refund) -> Move:
    """Nothing of the payment moves, but its merchant is told."""
    return Move(event=event, state=held.now.state, captured_minor=held.now.captured_minor,
                refunded_minor=held.now.refunded_minor, at=at, who="bank",
                refund=_of_refund(refund.refund_id, refund.amount_minor, RefundState.PAID))


def _of_refund(refund_id: str, amount_minor: int, state: RefundState) -> dict[str, str | int]:
    return {"id": refund_id, "amount_minor": amount_minor, "state": state.upper()}


def _told(held: Held) -> Told:
    return Told(held.asked, held.now.state, held.now.reason,
                round(held.now.changed_at.timestamp() * 1000), held.now.payer_phone)
