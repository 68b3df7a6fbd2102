"""A developer's payments: no bank hears of them, and the amount says what they become."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from authhost.embedded import Servers
from authhost.payments.life import State
from tests.support.bank_scene import Papers, hurried
from tests.support.payers_bank import PayersBank, forgotten
from tests.support.payments import Shop
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def rig(servers: Servers) -> Iterator[Rig]:
    with running(servers) as made:
        made.sql("WITH m AS (UPDATE merchant SET sandbox = true WHERE merchant_id = 'SHOP') "
                 "UPDATE rules SET version = version + 1")
        yield made


@pytest.fixture
def bank(rig: Rig, shop: Shop, tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> Iterator[PayersBank]:
    with hurried(monkeypatch):
        monkeypatch.setattr("authhost.bank.bounds.SANDBOX_S", 0.3)
        made = PayersBank(rig, shop, tmp_path, Papers.made(tmp_path / "pki"))
        yield made
        made.close()


@pytest.mark.parametrize(("amount", "state", "reason", "events"), [
    (1_201, "captured", "", ["sign", "pay"]), (1_250, "captured", "", ["sign", "pay"]),
    (1_202, "declined", "no_funds", ["sign", "fail"]),
    (1_203, "declined", "refused_by_bank", ["sign", "fail"]),
    (1_204, "captured", "", ["sign", "silence", "pay"])])
def test_the_amount_says_what_it_becomes(bank: PayersBank, shop: Shop, amount: int, state: str,
                                         reason: str, events: list[str]) -> None:
    bank.host()
    for payer in (bank.payer(), shop.phone()):  # with a bank, and without any
        asked = bank.pay(payer, amount)
        assert bank.until(asked, state, within_s=5) == reason
        assert [event for event, *_ in shop.changes(asked)] == ["create", *events]
    assert bank.server.payments() == []


def test_what_a_host_that_died_has_left_is_decided(
        bank: PayersBank, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    banks = bank.host()
    monkeypatch.setattr(banks, "debit", forgotten)
    asked = [bank.pay(bank.payer(), amount) for amount in (1_201, 1_202, 1_204)]
    bank.drop(banks, monkeypatch)
    assert {shop.now(one).now.state for one in asked} == {State.SIGNED}
    bank.rig.sql("UPDATE bank_order SET next_at = now() WHERE bank_id = $1", bank.bank_id)
    bank.host(first=False)
    for one, state in zip(asked, ("captured", "declined", "captured"), strict=True):
        bank.until(one, state, within_s=5)
    assert bank.server.payments() == []


def test_a_sandboxs_refund_is_decided_by_its_amount(bank: PayersBank) -> None:
    bank.host()
    asked = bank.pay(bank.payer(), 1_250)
    bank.until(asked, "captured")
    bank.rig.sql("UPDATE payment SET refunded_minor = 102 WHERE payment_id = $1", asked.payment_id)
    refund = bank.refund(asked, 102)

    def state() -> str:
        return str(bank.rig.sql("SELECT state FROM refund WHERE refund_id = $1",
                                refund)[0]["state"])

    # Of the hosts that look after the sandbox any may be the first, the rig's own too.
    bank.wait(lambda: bool(bank.refunds.heard) or state() != "created")
    assert bank.refunds.heard == [(refund, "failed", "AM04", "no_funds")] or state() == "declined"
    assert bank.server.payments() == []
