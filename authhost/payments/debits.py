"""The payers' banks: a line to each, and the way of a debit from its row to the bank.

    place    before the row: may it go, and does this host send it at once
    debit    after the row: it leaves by the next connection, or the line is woken

Knows which banks there are and who waits for them; what one says is ordering.py's, and what follows
is written by answers.py. Payments have connections and breakers of their own, so that nobody at a
till waits behind a safe's deposits.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Final

import asyncpg
import structlog

from authhost.bank import bounds
from authhost.bank.banks import Bank
from authhost.bank.connector import Lines
from authhost.bank.line import Line
from authhost.bank.links import Links
from authhost.bank.outbox import AWAY
from authhost.clock import Clock, as_datetime
from authhost.metrics import Metrics
from authhost.payments import names
from authhost.payments.answers import Answers, Refunds, Words
from authhost.payments.model import Asked
from authhost.payments.ordering import Ordering
from authhost.payments.orders import DEBIT, Order, Orders
from authhost.payments.parties import Payer
from authhost.payments.ports import Debit, Told
from authhost.payments.sandbox import Sandbox
from authhost.payments.statements import statement

_log = structlog.get_logger()
_SENT: Final = "sent"
_QUEUED: Final = "queued"


class PayersBanks(Lines[Order]):
    """story.Banks, of one host. `begin` once the stories are there, then `run`.

    pool: its own, so that what waits for a bank keeps no reader waiting. tls: our client
    certificate and whom we trust; None: no bank behind TLS is reached. tell: hears of payments that
    have become UNKNOWN.
    """

    def __init__(self, pool: asyncpg.Pool, clock: Clock, tls: ssl.SSLContext | None,
                 tell: Callable[[Told], None], poll_s: float = bounds.POLL_S) -> None:
        super().__init__(pool, clock, tls, poll_s, statement("order_banks"),
                         statement("order_depths"))
        self._tell = tell
        self._answers: Answers | None = None
        self._sandbox: Sandbox | None = None
        self._stopping = False

    def begin(self, payments: Words, refunds: Refunds) -> None:
        """Who is told what banks say."""
        self._answers = Answers(self._pool, self._clock, payments, refunds, self._tell)
        self._sandbox = Sandbox(self._pool, self._clock, self._answers)

    @property
    def answers(self) -> Answers:
        """What is being written."""
        assert self._answers is not None, "begun"
        return self._answers

    def place(self, payer: Payer, asked: Asked) -> tuple[str, str, int]:
        """(order, objection, due_us): 'sent' where this host sends it as soon as its row stands,
        and waits for the answer until due_us (real); 'queued': whoever comes first."""
        now_us = self._clock.real_now_us()
        if asked.sandbox:
            return _SENT, "", now_us + round(bounds.CLAIM_S * 1e6)
        if self._stopping or not self.looked:
            return _QUEUED, "", 0
        line, _ = self._lines.get(payer.bank_id, (None, None))
        if line is None:
            return _QUEUED, "no_bank", 0
        talk = line.talk
        assert isinstance(talk, Ordering), payer.bank_id
        why = talk.refuses(asked.currency, asked.amount_minor, payer.party)
        if not why and not talk.breaker.most(monotonic()):
            why = "bank_down"
        if why:
            return _QUEUED, why, 0
        talk.links.idle()  # those that are too old are no connections
        # Of what finds out whether a bank is back there is one at a time, and the line has it.
        if not (talk.breaker.open or self.answers.full) \
                and line.sending.backlog < talk.links.open * bounds.DEPTH:
            return _SENT, "", now_us + round(_wait_s(talk.bank) * 1e6)
        if talk.links.open:
            talk.links.grow(1)  # there are more payers than connections
        return _QUEUED, "", 0

    def debit(self, debit: Debit) -> None:
        """Its row stands. Where this host is to send it and does not, any host asks about it."""
        order = self._order(debit)
        if debit.asked.sandbox:
            assert self._sandbox is not None, "begun"
            self._sandbox.begin(order)
            return
        line, _ = self._lines.get(debit.payer.bank_id, (None, None))
        if line is None or self._stopping:
            return
        if debit.order == _SENT:
            bank = line.bank
            marked_at = as_datetime(debit.due_us) - timedelta(seconds=_wait_s(bank))
            line.sending.now(order, marked_at + timedelta(seconds=bank.answer_s))
        else:
            line.wake()

    async def run(self) -> None:
        """Until cancelled; then what is on its way has a moment, and what was heard is written.

        The lane that payments are written by ends after it.
        """
        loops = [asyncio.create_task(self.answers.run()), asyncio.create_task(self._sandboxes())]
        try:
            await self._look_on()
        finally:
            self._stopping = True
            await self._hang_up()
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await self.answers.drain()

    def watch(self, metrics: Metrics) -> None:
        """Tell what Prometheus asks for."""
        metrics.table("authhost_payer_bank_outcomes", "Payers' banks: answers and silences.",
                      ("bank", "outcome"), lambda: self.counts.outcomes)
        metrics.histogram("authhost_payer_bank_seconds", "From a debit's row to the bank's yes.",
                          self.counts.credited)
        metrics.gauge("authhost_payer_bank_in_flight", "Requests to payers' banks on their way.",
                      lambda: self.in_flight)
        metrics.gauge("authhost_payer_bank_down", "Payers' banks that are taken for down.",
                      lambda: self.down)
        metrics.gauge("authhost_payer_bank_words", "Answers that wait to be written.",
                      lambda: self.answers.depth)
        for state in (_QUEUED, _SENT, "unknown"):
            metrics.gauge(f"authhost_payer_bank_{state}", f"Debits and refunds that are {state}.",
                          partial(self.depth, state))

    def _line(self, bank: Bank, links: Links) -> Line[Order]:
        return Line(Ordering(bank, links, self.answers, self.counts, self._clock),
                    Orders(self._pool, bank.bank_id, self.answers), self._poll_s)

    def _order(self, debit: Debit) -> Order:
        asked = debit.asked
        now = as_datetime(self._clock.real_now_us())
        return Order(
            end_to_end_id=names.debit_id(asked.payment_id), kind=DEBIT,
            payment_id=asked.payment_id, account_id=debit.payer.account_id,
            currency=asked.currency, amount_minor=asked.amount_minor, payee=asked.payee,
            purpose=asked.purpose, reference=asked.reference, party=debit.payer.party,
            recorded_at=now, sent_at=now)

    async def _sandboxes(self) -> None:
        assert self._sandbox is not None, "begun"
        while True:
            try:
                if await self._sandbox.look() == bounds.SANDBOX_ROWS:
                    continue
            except AWAY as error:
                _log.warning("sandboxes wait", why=str(error))
            except Exception:
                _log.exception("sandboxes")
            await asyncio.sleep(self._poll_s)


def _wait_s(bank: Bank) -> float:
    """Until then whoever has sent waits, and nobody else asks."""
    return bank.answer_s * 2 + bounds.ANSWER_MARGIN_S
