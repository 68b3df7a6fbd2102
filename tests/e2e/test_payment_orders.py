"""A payer's bank is debited in real time: what it says is what the payment becomes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authhost.payments.life import State
from terminals.bank.conduct import Rule
from tests.support.bank_scene import Papers, hurried
from tests.support.payers_bank import COLLECTS, RAIL, PayersBank
from tests.support.payments import Shop
from tests.support.portfolio import SHOP_ACCOUNT
from tests.support.rig import Rig


@pytest.fixture
def bank(rig: Rig, shop: Shop, papers: Papers, tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> Iterator[PayersBank]:
    with hurried(monkeypatch):
        made = PayersBank(rig, shop, tmp_path, papers)
        made.host()
        yield made
        made.close()


def test_a_payer_is_debited_at_once(bank: PayersBank, shop: Shop) -> None:
    payer = bank.payer(balance_minor=2_000)
    asked = bank.pay(payer, purpose="Rosen & mehr", reference="R-77")
    bank.until(asked, "captured", within_s=3)
    booked = bank.booked(asked)
    assert booked is not None
    assert (booked.debtor, booked.debtor_name) == (bank.iban(payer), "Jorg Mayer")
    assert (booked.creditor, booked.name) == (COLLECTS["iban"], "Operator Payments")
    assert (booked.ultimate, booked.amount_minor, booked.service) == ("Flower shop", 1_250, "INST")
    assert (booked.remittance, booked.seen) == ("Rosen + mehr, REF R-77", 1)
    watched = bank.server.books.watched(bank.iban(payer), "EUR")
    assert watched is not None
    assert watched.balance_minor == 750
    order = bank.order(asked)
    assert (order["state"], order["bank_reason"], order["tries"]) == ("accepted", "ACCC", 1)
    assert shop.changes(asked)[-1] == ("pay", "signed", "captured")
    rows = shop.rig.sql("SELECT kind, account_id, posted_minor FROM journal WHERE key = $1 "
                        "ORDER BY id", f"pay/{asked.payment_id}/bank")
    assert [tuple(row.values()) for row in rows] == [
        ("payment", payer.account_id, 1_250), ("payment_receipt", SHOP_ACCOUNT, 1_250)]


def test_once_connected_this_host_sends_it_itself(bank: PayersBank) -> None:
    payer = bank.payer()
    first = bank.pay(payer)
    bank.until(first, "captured", within_s=3)
    second = bank.pay(payer)
    bank.until(second, "captured", within_s=3)
    placed = [bank.rig.sql("SELECT detail ->> 'order' FROM journal WHERE key = $1 AND leg = 0",
                           f"pay/{asked.payment_id}/word")[0][0] for asked in (first, second)]
    assert placed == ["queued", "sent"]


def test_many_at_once_are_each_debited_once(bank: PayersBank, shop: Shop) -> None:
    payers = [bank.payer() for _ in range(4)]
    asked = [shop.ask(payers[number % 4], 100 + number) for number in range(60)]

    async def all_say() -> None:
        await asyncio.gather(*(
            shop.payments.word(one.payment_id, payers[number % 4].word(one.shown))
            for number, one in enumerate(asked)))

    shop.rig.run(all_say())
    for one in asked:
        bank.until(one, "captured")
    payments = bank.server.payments()
    assert {payment.end_to_end_id for payment in payments} == {
        f"P{one.payment_id}" for one in asked}
    assert {payment.seen for payment in payments} == {1}


@pytest.mark.parametrize(("code", "why"), [
    ("AC04", "account_closed"), ("AC06", "account_blocked"), ("AM14", "limit_at_bank"),
    ("AB05", "bank_unavailable"), ("MS03", "refused_by_bank"), ("XY99", "refused_by_bank")])
def test_a_bank_that_refuses_declines_it(bank: PayersBank, code: str, why: str) -> None:
    bank.behave(Rule(do="refuse", reason=code))
    payer = bank.payer()
    asked = bank.pay(payer)
    assert bank.until(asked, "declined", within_s=3) == why
    assert bank.order(asked)["state"] == "refused"
    assert bank.order(asked)["bank_reason"] == code
    assert bank.rig.taken(payer.account_id) == (0, 0, 0)
    booked = bank.booked(asked)
    assert booked is not None
    assert (booked.paid, booked.seen) == (False, 1), "a payer does not wait: it is not tried again"


def test_no_funds_are_what_the_account_has(bank: PayersBank) -> None:
    payer = bank.payer(balance_minor=1_000, least_minor=-500)
    first = bank.pay(payer, 1_500)
    bank.until(first, "captured", within_s=3)
    second = bank.pay(payer, 1)
    assert bank.until(second, "declined", within_s=3) == "no_funds"


def test_a_bank_that_is_late_pays_then(bank: PayersBank, shop: Shop) -> None:
    bank.behave(Rule(do="pend", delay_ms=500))
    asked = bank.pay(bank.payer())
    bank.until(asked, "unknown", within_s=3)
    assert [told.state for told in shop.told if told.asked == asked][-1] is State.UNKNOWN
    bank.until(asked, "captured")
    assert [event for event, *_ in shop.changes(asked)] == ["create", "sign", "silence", "pay"]


def test_a_bank_that_is_late_refuses_then(bank: PayersBank) -> None:
    bank.behave(Rule(do="pend", delay_ms=400, reason="AM04"))
    asked = bank.pay(bank.payer())
    bank.until(asked, "unknown", within_s=3)
    assert bank.until(asked, "declined") == "no_funds"


@pytest.mark.parametrize("deed", ["lose", "hang", "garble", "twice"])
def test_silence_is_found_paid(bank: PayersBank, shop: Shop, deed: Any) -> None:
    bank.behave(Rule(do=deed, times=1))
    asked = bank.pay(bank.payer())
    bank.until(asked, "captured")
    booked = bank.booked(asked)
    assert booked is not None
    assert booked.seen == 1
    events = [event for event, *_ in shop.changes(asked)]
    assert events == ["create", "sign", *(["silence"] if deed != "twice" else []), "pay"]


@pytest.mark.parametrize("deed", ["swallow", "busy"])
def test_what_the_bank_has_never_heard_of_is_sent_again_and_paid_once(
        bank: PayersBank, deed: Any) -> None:
    payer = bank.payer(balance_minor=1_250)
    bank.behave(Rule(do=deed, times=1))
    asked = bank.pay(payer)
    bank.until(asked, "captured")
    assert bank.order(asked)["tries"] == 2
    watched = bank.server.books.watched(bank.iban(payer), "EUR")
    assert watched is not None
    assert watched.balance_minor == 0


def test_what_is_never_heard_of_for_too_long_is_timed_out(
        bank: PayersBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authhost.bank.bounds.DEBIT_S", 0.0)
    bank.behave(Rule(do="swallow"))
    payer = bank.payer()
    asked = bank.pay(payer)
    assert bank.until(asked, "declined", within_s=15) == "timed_out"
    order = bank.order(asked)
    waited_s = (order["answered_at"] - order["sent_at"]).total_seconds()
    assert waited_s >= 2.2, "whatever was sent last must have come before"
    assert bank.booked(asked) is None
    assert bank.rig.taken(payer.account_id) == (0, 0, 0)


def test_why_no_debit_can_go(bank: PayersBank) -> None:
    good = bank.payer()
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (good, {**RAIL, "collects": None}, "no_collection"),
        (good, {**RAIL, "collects": {**COLLECTS, "iban": "AT00"}}, "no_collection"),
        (good, {**RAIL, "days": []}, "outside_hours"),
        (good, {**RAIL, "most_minor": 1_249}, "above_limit"),
        (good, {**RAIL, "currency": "CHF"}, "no_rail"),
        (bank.payer(iban_of="AT00"), RAIL, "payer_iban_invalid"),
        (bank.shop.phone(bank=bank.bank_id), RAIL, "payer_iban_missing"),
        (bank.shop.phone(), RAIL, "no_bank")]
    for payer, rail, why in cases:
        bank.set_rails(rail)
        bank.rig.run(asyncio.sleep(0.3))
        asked = bank.pay(payer)
        now = bank.shop.now(asked).now
        assert (now.state, now.reason) == (State.DECLINED, why)
        assert bank.rig.taken(payer.account_id) == (0, 0, 0)
    bank.set_rails(RAIL, status="down")
    bank.rig.run(asyncio.sleep(0.3))
    assert bank.shop.now(bank.pay(good)).now.reason == "bank_down"
    assert bank.server.payments() == []
