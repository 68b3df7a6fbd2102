"""Payers with accounts at a bank that listens, and the connectors of one or more hosts to it.

Knows a shop's payments (support/payments.py), the test bank and its books; the phones are that
shop's. A bank and its connectors live on the rig's event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from authhost.bank import bounds
from authhost.clock import Clock
from authhost.payments.debits import PayersBanks
from authhost.payments.model import Asked
from authhost.payments.ports import Debit
from demo.numbers import iban
from terminals.bank.books import Account, Payment
from terminals.bank.conduct import Conduct, Rule
from terminals.bank.server import BankServer
from tests.support.bank_scene import Papers
from tests.support.payments import Shop, Signer
from tests.support.rig import Rig

OPERATOR = {"name": "Operator", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX",
            "address": {"town": "Frankfurt", "country": "DE"}}
COLLECTS = {**OPERATOR, "name": "Operator Payments", "iban": "AT852011100000099999",
            "bic": "GIBAATWWXXX"}
RAIL = {"currency": "EUR", "rail": "instant", "debtor": OPERATOR, "collects": COLLECTS}
ANSWER_S = 1
_banks = itertools.count(1)
_accounts = itertools.count(1)
_refunds = itertools.count(1)


class Refunds:
    """The story of refunds as the connector needs it: keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    async def refund_paid(self, refund_id: str, word: str) -> bool:
        """It is there."""
        self.heard.append((refund_id, "paid", word))
        return True

    async def refund_failed(self, refund_id: str, word: str, why: str) -> bool:
        """It is not."""
        self.heard.append((refund_id, "failed", word, why))
        return True


class PayersBank:
    """One bank with payers, and hosts that debit them. The first host is the shop's own."""

    def __init__(self, rig: Rig, shop: Shop, folder: Path, papers: Papers) -> None:
        self.rig = rig
        self.shop = shop
        self.papers = papers
        self.refunds = Refunds()
        self.bank_id = f"PB{next(_banks)}"
        self.server = BankServer(folder / f"{self.bank_id}.sqlite", papers.server)
        self._running: list[tuple[PayersBanks, asyncio.Task[None], asyncpg.Pool]] = []
        rig.run(self.server.open())
        self.set_rails(RAIL)

    def set_rails(self, *rails: dict[str, Any], status: str = "active") -> None:
        """The bank as master data has it from now on."""
        self.rig.sql(
            "INSERT INTO bank (bank_id, name, bic, endpoint, rails, answer_s, status)"
            " VALUES ($1, 'Bank', 'GIBAATWWXXX', $2, $3::text::jsonb, $4, $5) ON CONFLICT (bank_id)"
            " DO UPDATE SET rails = excluded.rails, status = excluded.status",
            self.bank_id, self.server.url, json.dumps(rails), ANSWER_S, status)

    def host(self, *, first: bool = True, payments: Any = None) -> PayersBanks:
        """A connector that runs and knows its banks; the shop's payments go by it if first."""
        async def start() -> PayersBanks:
            pool = await asyncpg.create_pool(self.rig.database_url, min_size=1, max_size=4)
            banks = PayersBanks(pool, Clock(), self.papers.host.client_context(),
                                self.shop.told.append, poll_s=0.05)
            banks.begin(payments or self.shop.payments, self.refunds)
            self._running.append((banks, asyncio.create_task(banks.run()), pool))
            return banks

        banks = self.rig.run(start())
        self.wait(lambda: banks.looked)
        if first:
            self.shop.payments._banks = banks
        return banks

    def drop(self, banks: PayersBanks, monkeypatch: Any) -> None:
        """A host is gone: what is on its way has no moment, and what was heard is not written."""
        with monkeypatch.context() as patch:
            patch.setattr(bounds, "DRAIN_S", 0)
            self._end(banks)

    def refund(self, asked: Asked, amount: int) -> str:
        """A refund that waits for its bank, as its story writes it; its id."""
        refund_id = f"r{next(_refunds):025d}"
        self.rig.sql(
            "WITH made AS (INSERT INTO refund (refund_id, payment_id, number, amount_minor,"
            " user_id, state, created_at, changed_at) VALUES ($1, $2, 1, $3, 'till-1', 'created',"
            " now(), now())) INSERT INTO bank_order (end_to_end_id, kind, payment_id, refund_id,"
            " account_id, bank_id, currency, amount_minor, state, business_date, recorded_at,"
            " next_at) SELECT 'R' || $1, 'refund', $2, $1, account_id, bank_id, currency, $3,"
            " 'queued', business_date, now(), now() FROM bank_order WHERE end_to_end_id ="
            " 'P' || $2", refund_id, asked.payment_id, amount)
        return refund_id

    def close(self) -> None:
        """All hosts end as they should, then the bank."""
        for banks, *_ in list(self._running):
            self._end(banks)
        self.rig.run(self.server.close())
        self.rig.sql("UPDATE bank SET endpoint = '' WHERE bank_id = $1", self.bank_id)

    def _end(self, banks: PayersBanks) -> None:
        async def stop(task: asyncio.Task[None], pool: asyncpg.Pool) -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await pool.close()

        [found] = [one for one in self._running if one[0] is banks]
        self._running.remove(found)
        self.rig.run(stop(*found[1:]))

    def payer(self, *, iban_of: str = "", **account: Any) -> Signer:
        """A payer of this bank; account: its balance where the bank watches it."""
        signer = self.shop.phone(bank=self.bank_id)
        number = iban_of or iban("AT", f"20111{next(_accounts):011d}")
        self.rig.sql(
            "WITH a AS (UPDATE account SET name = 'Jörg Mayer', iban = $2, bic = 'GIBAATWWXXX',"
            " address = '{\"town\": \"Wien\", \"country\": \"AT\"}' WHERE account_id = $1)"
            " UPDATE fence SET fence = fence + 1 WHERE account_id = $1",
            signer.account_id, number)
        if account:
            self.server.books.watch(Account(number, "EUR", **account))
            self.server.books.commit()
        return signer

    def iban(self, signer: Signer) -> str:
        """A payer's account."""
        return str(self.rig.sql("SELECT iban FROM account WHERE account_id = $1",
                                signer.account_id)[0][0])

    def behave(self, *rules: Rule, **more: Any) -> None:
        """The bank's conduct from now on."""
        self.rig.run(self.server.behave(Conduct(rules=rules, **more)))

    def pay(self, signer: Signer, amount: int = 1_250, **more: Any) -> Asked:
        """Asked and signed: the bank is being asked."""
        asked = self.shop.ask(signer, amount, **more)
        self.shop.say(asked, signer.word(asked.shown))
        return asked

    def until(self, asked: Asked, *states: str, within_s: float = 12) -> str:
        """Wait until a payment is in one of these; its reason."""
        self.wait(lambda: self.shop.now(asked).now.state in states, within_s,
                  lambda: (self.shop.now(asked).now, self.order(asked)))
        return self.shop.now(asked).now.reason

    def wait(self, good: Callable[[], bool], within_s: float = 12,
             told: Callable[[], object] = lambda: "") -> None:
        """Until it is so."""
        begun = datetime.now(UTC)
        while not good():
            assert (datetime.now(UTC) - begun).total_seconds() < within_s, told()
            self.rig.run(asyncio.sleep(0.03))

    def order(self, asked: Asked) -> dict[str, Any]:
        """The row of a debit."""
        return dict(self.rig.sql("SELECT * FROM bank_order WHERE payment_id = $1 "
                                 "AND kind = 'debit'", asked.payment_id)[0])

    def booked(self, asked: Asked) -> Payment | None:
        """What the bank's own books have of a payment."""
        return self.server.books.payment(f"P{asked.payment_id}")


def forgotten(_: Debit) -> None:
    """A host that dies before the request leaves."""
