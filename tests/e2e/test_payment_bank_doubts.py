"""What a payer's bank says beside a plain yes or no: taken for no more than it is, and a word that
contradicts the one before moves nothing and is a case for a person, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from authhost.admin.keyring import Keyring
from authhost.clock import Clock
from authhost.embedded import Servers
from authhost.payments.answers import Answers
from authhost.payments.orders import Order, order_of
from authhost.payments.statements import statement
from terminals.bank.conduct import Rule
from tests.support.after_payment import PaidShop
from tests.support.bank_scene import Papers, hurried
from tests.support.doubts import lose_result, said
from tests.support.office import Office
from tests.support.payers_bank import RAIL, PayersBank
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def rig(servers: Servers) -> Iterator[Rig]:
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def shop(rig: Rig) -> Iterator[PaidShop]:
    made = PaidShop(rig)
    yield made
    made.close()


@pytest.fixture
def bank(rig: Rig, shop: PaidShop, papers: Papers, tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> Iterator[PayersBank]:
    with hurried(monkeypatch):
        made = PayersBank(rig, shop, tmp_path, papers)
        made.host()
        yield made
        made.close()


class Heard:
    """What banks say, on its way to the story and to a person's cases."""

    def __init__(self, shop: PaidShop) -> None:
        self.shop = shop
        rig = shop.rig
        self.answers = Answers(rig.host.reads._pool, Clock(), shop.payments, shop.after,
                               shop.told.append)
        office = Office(rig, Keyring(rig.host._pool))
        office.url = f"http://127.0.0.1:{rig.ports['http']}"
        self._boss = office.person("administrator")

    def order(self, key: str) -> Order:
        """As it stands."""
        [row] = self.shop.rig.sql(statement("order_read"), [key])
        return order_of(row)

    def hears(self, say: Callable[..., None], *what: Any) -> None:
        """One word, to its end."""
        async def work() -> None:
            say(*what)
            await self.answers.drain()

        self.shop.rig.run(work())

    def cases(self, key: str) -> list[dict[str, Any]]:
        """What waits for a person of an order, as the office reads it."""
        answer = self._boss.get("/cases", kind="compare", limit=1_000)
        assert answer.status_code == 200, answer.text
        return [one for one in answer.json()["data"] if one["content"]["end_to_end_id"] == key]


@pytest.fixture
def heard(shop: PaidShop) -> Heard:
    return Heard(shop)


@pytest.mark.invariant(7)
def test_a_yes_after_a_no_moves_nothing_and_is_one_case(shop: PaidShop, heard: Heard) -> None:
    phone = shop.phone()
    asked = shop.ask(phone)
    shop.say(asked, phone.word(asked.shown))
    order = heard.order(f"P{asked.payment_id}")
    heard.hears(heard.answers.no, order, "AM04", "no_funds", order.tries)
    assert shop.now(asked).now.state == "declined"
    assert heard.cases(order.key) == []
    changes = shop.changes(asked)
    for _ in range(2):
        heard.hears(heard.answers.yes, order, "ACSC")
    assert shop.changes(asked) == changes
    assert shop.books(asked) == {"payer": 0, "merchant": 0}
    [case] = heard.cases(order.key)
    assert (case["account_id"], case["currency"], case["amount_minor"], case["state"]) == (
        phone.account_id, "EUR", 1_250, "open")
    assert {name: case["content"][name] for name in ("what", "payment", "word")} == {
        "what": "pay_contradicts", "payment": asked.payment_id, "word": "ACSC"}


@pytest.mark.invariant(7)
def test_a_refund_that_was_refused_and_then_paid_is_one_case(shop: PaidShop,
                                                             heard: Heard) -> None:
    asked = shop.paid()
    refund = shop.refund(asked, 1_000)["id"]
    order = heard.order(f"R{refund}")
    shop.rig.sql("UPDATE bank_order SET state = 'sent' WHERE refund_id = $1", refund)
    heard.hears(heard.answers.no, order, "MS03", "refused_by_bank", order.tries)
    stood = shop.changes(asked), shop.order(refund), shop.books(asked)
    assert shop.standing(asked) == ("captured", 10_000, 0)
    for _ in range(2):
        heard.hears(heard.answers.yes, order, "ACSC")
    assert (shop.changes(asked), shop.order(refund), shop.books(asked)) == stood
    [case] = heard.cases(order.key)
    assert (case["content"]["what"], case["amount_minor"]) == ("refund_paid_contradicts", 1_000)


def test_the_same_word_again_is_no_case(shop: PaidShop, heard: Heard) -> None:
    asked = shop.paid()
    refund = shop.refund(asked, 1_000)["id"]
    for key in (f"P{asked.payment_id}", f"R{refund}"):
        for _ in range(2):
            heard.hears(heard.answers.yes, heard.order(key), "ACSC")
        assert heard.cases(key) == []
    assert shop.standing(asked) == ("partly_refunded", 10_000, 1_000)


@pytest.mark.parametrize("status", ["ACCP", "ACWC", "ACSP"])
@pytest.mark.parametrize("rail", ["transfer", "instant"])
def test_what_is_only_accepted_has_moved_no_money_yet(bank: PayersBank, shop: PaidShop,
                                                      status: str, rail: str) -> None:
    bank.set_rails({**RAIL, "rail": rail})
    bank.rig.run(asyncio.sleep(0.4))  # the hosts look
    bank.behave(Rule(do="accept", status=status))
    asked = bank.pay(bank.payer())
    bank.until(asked, "unknown")
    bank.rig.run(asyncio.sleep(0.3))  # it is asked about, and says the same
    assert shop.now(asked).now.state == "unknown"
    assert bank.order(asked)["bank_reason"] == status


def test_who_was_debited_has_not_heard_expired(bank: PayersBank, shop: PaidShop,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    payer = bank.payer()
    asked = shop.ask(payer, expires_in_s=1)
    with monkeypatch.context() as patch:
        lose_result(shop, patch, 1.1)
        heard_first = said(shop, asked, payer.word(asked.shown))
    assert heard_first == "SIGNED"
    bank.until(asked, "captured", within_s=20)
    assert bank.booked(asked) is not None
