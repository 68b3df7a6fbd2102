"""A bank that is away, a host that dies, a journal that does not answer: a debit is decided once.

The bank's own books say the same as the payment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authhost.journal.entry import JournalUnavailable
from authhost.payments.life import State
from authhost.payments.model import Asked
from authhost.payments.ports import Debit
from terminals.bank.conduct import Rule
from tests.support.bank_scene import Papers, hurried
from tests.support.payers_bank import COLLECTS, RAIL, PayersBank, forgotten
from tests.support.payments import Shop
from tests.support.rig import Rig


@pytest.fixture
def bank(rig: Rig, shop: Shop, papers: Papers, tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> Iterator[PayersBank]:
    with hurried(monkeypatch, down_after_s=0.2):
        made = PayersBank(rig, shop, tmp_path, papers)
        yield made
        made.close()


def paid_once(bank: PayersBank, asked: Asked) -> bool:
    """Bank, payment and journal agree: the money has moved once."""
    booked = bank.booked(asked)
    journal = bank.rig.sql("SELECT coalesce(sum(posted_minor), 0) FROM journal WHERE key = $1 AND "
                           "kind = 'payment'", f"pay/{asked.payment_id}/bank")[0][0]
    return (booked is not None and booked.paid and journal == booked.amount_minor
            and bank.shop.now(asked).now.state is State.CAPTURED)


def test_a_bank_that_is_down_declines_and_comes_back(
        bank: PayersBank, monkeypatch: pytest.MonkeyPatch) -> None:
    banks, payer = bank.host(), bank.payer()
    bank.until(bank.pay(payer), "captured")
    bank.rig.run(bank.server.shut())
    first = bank.pay(payer)
    reason = bank.until(first, "declined", "unknown")
    assert reason in {"bank_down", "bank_unavailable", ""}
    bank.wait(lambda: banks.down == 1)
    monkeypatch.setattr("authhost.bank.bounds.TRIAL_S", 3)
    trial = bank.pay(payer)  # the one that finds out whether it is back
    assert bank.until(trial, "declined") in {"bank_down", "bank_unavailable"}
    last = bank.pay(payer)
    assert (bank.shop.now(last).now.state, bank.shop.now(last).now.reason) == (
        State.DECLINED, "bank_down")
    bank.rig.run(bank.server.open())
    bank.rig.run(asyncio.sleep(3))
    again = bank.pay(payer)
    bank.until(again, "captured")
    assert banks.down == 0
    if reason == "":
        bank.until(first, "captured", "declined", within_s=20)
    assert bank.booked(last) is None


def test_a_debit_that_finds_no_connection_is_given_up(
        bank: PayersBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authhost.bank.bounds.DOWN_AFTER_S", 60)
    monkeypatch.setattr("authhost.bank.bounds.QUEUED_S", 0.5)
    bank.rig.run(bank.server.shut())
    bank.host()
    payer = bank.payer()
    asked = bank.pay(payer)
    assert bank.until(asked, "declined", within_s=5) == "bank_unavailable"
    order = bank.order(asked)
    assert (order["state"], order["tries"], order["sent_at"]) == ("refused", 0, None)
    bank.rig.run(bank.server.open())
    bank.rig.run(asyncio.sleep(0.5))
    assert bank.booked(asked) is None
    assert bank.rig.taken(payer.account_id) == (0, 0, 0)


def connected(bank: PayersBank) -> Any:
    """A host that sends debits itself, and a payer."""
    banks, payer = bank.host(), bank.payer()
    bank.until(bank.pay(payer), "captured")
    return banks, payer


@pytest.mark.invariant(6)
def test_a_host_that_dies_between_the_row_and_the_request(
        bank: PayersBank, monkeypatch: pytest.MonkeyPatch) -> None:
    banks, payer = connected(bank)
    monkeypatch.setattr(banks, "debit", forgotten)
    asked = bank.pay(payer)
    assert bank.order(asked)["state"] == "sent"
    bank.drop(banks, monkeypatch)
    bank.host(first=False)
    bank.until(asked, "captured", within_s=15)
    assert paid_once(bank, asked)
    assert bank.order(asked)["tries"] == 2


@pytest.mark.invariant(6)
def test_a_host_that_dies_between_the_request_and_the_answer(
        bank: PayersBank, monkeypatch: pytest.MonkeyPatch) -> None:
    banks, payer = connected(bank)
    bank.behave(Rule(delay_ms=600, times=1))
    asked = bank.pay(payer)
    bank.wait(lambda: bank.booked(asked) is not None)
    bank.drop(banks, monkeypatch)
    assert bank.shop.now(asked).now.state is State.SIGNED
    bank.host(first=False)
    bank.until(asked, "captured", within_s=15)
    assert paid_once(bank, asked)
    booked = bank.booked(asked)
    assert booked is not None
    assert booked.seen == 1


@pytest.mark.invariant(6)
def test_a_host_that_dies_with_a_no_in_its_hand(
        bank: PayersBank, monkeypatch: pytest.MonkeyPatch) -> None:
    banks, payer = connected(bank)
    bank.behave(Rule(do="refuse", reason="AM04"))

    async def away(*_: Any) -> None:
        raise JournalUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(banks.answers._payments, "failed", away)
        asked = bank.pay(payer)
        bank.wait(lambda: bank.booked(asked) is not None)
        bank.drop(banks, monkeypatch)
    monkeypatch.setattr("authhost.bank.bounds.CLAIM_S", 1)
    bank.rig.sql("UPDATE bank_order SET next_at = now() WHERE payment_id = $1", asked.payment_id)
    bank.host(first=False)
    assert bank.until(asked, "declined", within_s=15) == "no_funds"


class Wavering:
    """The story, whose journal is away for the first words."""

    def __init__(self, shop: Shop) -> None:
        self._payments = shop.payments
        self.told = 0

    async def asked(self, payment_id: str) -> Asked:
        return await self._payments.asked(payment_id)

    async def paid(self, asked: Asked, payer_account: int, word: str) -> None:
        self.told += 1
        if self.told < 3:
            raise JournalUnavailable("away")
        await self._payments.paid(asked, payer_account, word)

    async def failed(self, *_: Any) -> None:
        raise AssertionError("it is paid")


def test_a_word_that_the_journal_does_not_take_is_told_until_it_stands(
        bank: PayersBank, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authhost.bank.bounds.SAY_AGAIN_S", 0.05)
    monkeypatch.setattr("authhost.bank.bounds.ANSWER_MARGIN_S", 60)  # nobody else asks meanwhile
    wavering = Wavering(shop)
    bank.host(payments=wavering)
    asked = bank.pay(bank.payer())
    bank.until(asked, "captured")
    assert wavering.told == 3


def test_two_hosts_share_the_work(bank: PayersBank, shop: Shop) -> None:
    bank.host(first=False)
    bank.host(first=False)
    shop.payments._banks = shop.bank
    payers = [bank.payer() for _ in range(3)]
    asked = [bank.pay(payers[number % 3]) for number in range(12)]
    bank.rig.sql("UPDATE bank_order SET state = 'queued', next_at = now(), tries = 0 "
                 "WHERE bank_id = $1 AND state = 'sent'", bank.bank_id)
    for one in asked:
        bank.until(one, "captured")
        assert paid_once(bank, one)
    assert {payment.seen for payment in bank.server.payments()} == {1}


def test_a_no_about_an_earlier_try_says_nothing_of_the_last(
        bank: PayersBank, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host stood still with a refusal in its hand; another has sent it again, and it is paid."""
    banks, payer = connected(bank)
    monkeypatch.setattr(banks, "debit", forgotten)
    asked = bank.pay(payer)
    order = banks._order  # as the first host has it
    bank.rig.sql("UPDATE bank_order SET tries = 2 WHERE payment_id = $1", asked.payment_id)
    found = bank.rig.run(bank.shop.payments.parties.payer(payer.number))
    assert found is not None

    async def say() -> None:
        banks.answers.no(order(Debit(asked, found, "sent", 0)), "AM04", "no_funds", 1)

    bank.rig.run(say())
    bank.wait(lambda: banks.answers.late == 1)
    assert bank.shop.now(asked).now.state is State.SIGNED
    bank.until(asked, "captured", within_s=15)


# Refunds

def test_a_refund_goes_back_to_the_payer(bank: PayersBank) -> None:
    _, payer = connected(bank)
    asked = bank.pay(payer, 2_000)
    bank.until(asked, "captured")
    refund = bank.refund(asked, 500)
    bank.wait(lambda: bool(bank.refunds.heard))
    assert bank.refunds.heard == [(refund, "paid", "ACCC")]
    booked = bank.server.books.payment(f"R{refund}")
    assert booked is not None
    assert (booked.debtor, booked.creditor) == (COLLECTS["iban"], bank.iban(payer))
    assert (booked.ultimate, booked.amount_minor) == ("Flower shop", 500)


def test_a_refund_that_its_bank_refuses(bank: PayersBank) -> None:
    _, payer = connected(bank)
    asked = bank.pay(payer)
    bank.until(asked, "captured")
    bank.behave(Rule(do="refuse", reason="AC07"))
    refund = bank.refund(asked, 500)
    bank.wait(lambda: bool(bank.refunds.heard))
    assert bank.refunds.heard == [(refund, "failed", "AC07", "account_closed")]


def test_a_refund_waits_for_what_passes(bank: PayersBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authhost.bank.bounds.REFUND_S", 0.2)
    _, payer = connected(bank)
    asked = bank.pay(payer)
    bank.until(asked, "captured")
    bank.set_rails({**RAIL, "days": []})
    bank.rig.run(asyncio.sleep(0.3))
    refund = bank.refund(asked, 500)
    bank.rig.run(asyncio.sleep(0.5))
    assert bank.refunds.heard == []
    bank.behave(Rule(do="refuse", reason="AB05", times=1), Rule(do="swallow", times=1))
    bank.set_rails(RAIL)
    bank.wait(lambda: bool(bank.refunds.heard))
    assert bank.refunds.heard == [(refund, "paid", "ACCC")]
    booked = bank.server.books.payment(f"R{refund}")
    assert booked is not None
    assert booked.paid
