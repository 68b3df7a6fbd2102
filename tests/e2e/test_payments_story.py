"""A payment from the request to the bank's word, on real servers."""

from __future__ import annotations

import contextlib

import asyncpg
import pytest

from authhost.journal.append import Posting
from authhost.journal.entry import JournalUnavailable, Result
from authhost.payments.life import Event, State
from authhost.payments.model import Refused
from tests.support.payments import CALLER, Shop, together
from tests.support.portfolio import SHOP_ACCOUNT


def test_a_payment_is_asked_signed_and_paid(shop: Shop) -> None:
    phone = shop.phone()
    asked = shop.ask(phone)
    assert shop.now(asked).now.state is State.CREATED
    assert shop.say(asked, phone.word(asked.shown)) == {
        "id": asked.payment_id, "state": "SIGNED", "reason": ""}
    assert shop.bank.debits[-1].asked == asked
    shop.rig.run(shop.payments.paid(asked, phone.account_id, "ACSC"))
    paid = shop.now(asked).now
    assert (paid.state, paid.captured_minor) == (State.CAPTURED, 1_250)
    assert shop.changes(asked) == [("create", "", "created"), ("sign", "created", "signed"),
                                   ("pay", "signed", "captured")]
    rows = shop.rig.sql("SELECT kind, account_id, money, posted_minor FROM journal WHERE "
                        "key LIKE $1 ORDER BY id", f"pay/{asked.payment_id}%")
    assert [tuple(row.values()) for row in rows] == [
        ("payment_request", None, 0, 0),
        ("payment_authorization", phone.account_id, 1_250, 0),
        ("payment_authorization", SHOP_ACCOUNT, 1_250, 0),
        ("payment", phone.account_id, 0, 1_250),
        ("payment_receipt", SHOP_ACCOUNT, 0, 1_250)]
    [order] = shop.rig.sql("SELECT state, amount_minor FROM bank_order WHERE payment_id = $1",
                           asked.payment_id)
    assert tuple(order) == ("accepted", 1_250)


@pytest.mark.invariant(7)
def test_what_the_bank_refuses_is_given_back(shop: Shop) -> None:
    phone = shop.phone([("day", "money", 2_000)])
    asked = shop.ask(phone, 1_500)
    shop.say(asked, phone.word(asked.shown))
    other = shop.ask(phone, 1_500)
    assert shop.say(other, phone.word(other.shown))["state"] == "DECLINED"
    assert shop.now(other).now.reason == "payer_limit:account:day:money"
    shop.rig.run(shop.payments.failed(asked, phone.account_id, "AM04", "no_funds"))
    assert (shop.now(asked).now.state, shop.now(asked).now.reason) == (State.DECLINED, "no_funds")
    assert shop.rig.taken(phone.account_id) == (0, 0, 0)
    third = shop.ask(phone, 1_500)
    assert shop.say(third, phone.word(third.shown))["state"] == "SIGNED"


@pytest.mark.invariant(3)
def test_one_word_stands(shop: Shop) -> None:
    phone = shop.phone()
    for _ in range(10):
        asked = shop.ask(phone)
        results = shop.rig.run(together(
            shop.payments.word(asked.payment_id, phone.word(asked.shown)),
            shop.payments.word(asked.payment_id, phone.word(asked.shown, "refuse")),
            shop.payments.cancel(CALLER, asked.payment_id),
            shop.payments.expire(asked.payment_id)))
        state = shop.now(asked).now.state
        assert state in {State.SIGNED, State.DECLINED_BY_PAYER, State.CANCELLED, State.EXPIRED}
        heard = [one for one in results if isinstance(one, Refused)]
        assert all(state.upper() in one.why for one in heard)
        assert len(shop.changes(asked)) == 2
    signed = shop.rig.sql("SELECT count(*) FROM payment WHERE state = 'signed' "
                          "AND payer_phone = $1", phone.number)[0][0]
    assert shop.rig.taken(phone.account_id) == (signed * 1_250, 0, signed)


@pytest.mark.invariant(3)
def test_the_same_request_again_is_the_same(shop: Shop) -> None:
    phone = shop.phone()
    asked = shop.ask(phone, key="again")
    assert shop.ask(phone, key="again") == asked
    with pytest.raises(Refused, match="other content"):
        shop.ask(phone, 99, key="again")
    word = phone.word(asked.shown)
    assert shop.say(asked, word) == shop.say(asked, word)
    assert shop.rig.taken(phone.account_id) == (1_250, 0, 1)


@pytest.mark.invariant(6)
def test_a_row_whose_commit_was_not_heard_of_is_ours(
        shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = shop.phone([("day", "money", 2_500)])
    asked = shop.ask(phone)
    real, lost = shop.work.run, [True]

    async def run(connection: asyncpg.Connection, items: list[Posting]) -> list[Result]:
        results = await real(connection, items)
        if lost:
            lost.clear()
            raise asyncpg.ConnectionDoesNotExistError("the answer was lost")
        return results

    monkeypatch.setattr(shop.work, "run", run)
    debits = len(shop.bank.debits)
    assert shop.say(asked, phone.word(asked.shown))["state"] == "SIGNED"
    assert not lost
    assert len(shop.bank.debits) == debits + 1, "it is asked as if its commit had been heard of"
    other = shop.ask(phone)
    assert shop.say(other, phone.word(other.shown))["state"] == "SIGNED"
    third = shop.ask(phone, 1)
    assert shop.say(third, phone.word(third.shown))["state"] == "DECLINED", "both are counted"


@pytest.mark.invariant(6)
def test_a_no_whose_commit_was_never_heard_of_is_given_back(
        shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = shop.phone([("day", "money", 1_250)])
    asked = shop.ask(phone)
    shop.say(asked, phone.word(asked.shown))
    real, lost = shop.work.run, [True]

    async def run(connection: asyncpg.Connection, items: list[Posting]) -> list[Result]:
        results = await real(connection, items)
        if lost:
            lost.clear()
            raise RuntimeError("nothing is heard of it in time")
        return results

    monkeypatch.setattr(shop.work, "run", run)
    for again in (False, True):
        with contextlib.nullcontext() if again else pytest.raises(JournalUnavailable):
            shop.rig.run(shop.payments.failed(asked, phone.account_id, "AM04", "no_funds"))
    assert shop.now(asked).now.state is State.DECLINED
    other = shop.ask(phone)
    assert shop.say(other, phone.word(other.shown))["state"] == "SIGNED"


def test_nobody_answers(shop: Shop) -> None:
    phone = shop.phone()
    asked = shop.ask(phone)
    shop.rig.sql("UPDATE payment SET expires_at = now() WHERE payment_id = $1", asked.payment_id)
    shop.rig.run(shop.payments.sweep())
    assert shop.now(asked).now.state is State.EXPIRED
    with pytest.raises(Refused, match="EXPIRED"):
        shop.say(asked, phone.word(asked.shown))


@pytest.mark.parametrize(("more", "where"), [
    ({"phone": "+38640999999"}, "phone"), ({"serial": "abc"}, "serial"),
    ({"signature": "AAAA"}, "signature"),
    ({"signed_at": "2020-01-01T00:00:00+00:00"}, "signed_at"),
    ({"signed_at": "yesterday"}, "signed_at"), ({"decision": "refuse"}, "signature")])
def test_a_word_that_proves_nothing_stores_nothing(shop: Shop, more: dict[str, str],
                                                   where: str) -> None:
    phone = shop.phone()
    asked = shop.ask(phone)
    with pytest.raises(Refused) as refused:
        shop.say(asked, phone.word(asked.shown, otherwise=more))
    assert (refused.value.status, refused.value.where) == (403, where)
    assert shop.changes(asked) == [("create", "", "created")]


def test_another_ones_signature_and_one_of_another_request(shop: Shop) -> None:
    mine, other = shop.phone(), shop.phone()
    first, second = shop.ask(mine), shop.ask(mine)
    for asked, word in ((first, other.word(first.shown, otherwise={"phone": mine.number})),
                        (second, mine.word(first.shown))):
        with pytest.raises(Refused):
            shop.say(asked, word)
        assert shop.now(asked).now.state is State.CREATED


@pytest.mark.parametrize("days", [(-20, -1), (1, 20)])
def test_a_certificate_that_is_not_in_force(shop: Shop, days: tuple[int, int]) -> None:
    phone = shop.phone(days=days)
    asked = shop.ask(phone)
    with pytest.raises(Refused, match="certificate is"):
        shop.say(asked, phone.word(asked.shown))


def test_a_revoked_certificate_has_ended_at_its_commit(shop: Shop) -> None:
    phone = shop.phone()
    first, second = shop.ask(phone), shop.ask(phone)
    shop.say(first, phone.word(first.shown))
    shop.rig.sql("UPDATE payer_certificate SET revoked_at = now() WHERE phone = $1", phone.number)
    shop.rig.sql("UPDATE fence SET fence = fence + 1 WHERE account_id = $1", phone.account_id)
    with pytest.raises(Refused, match="revoked"):
        shop.say(second, phone.word(second.shown))
    assert shop.now(second).now.state is State.CREATED
    assert shop.rig.taken(phone.account_id) == (1_250, 0, 1)


@pytest.mark.invariant(3)
def test_the_bank_speaks_once(shop: Shop) -> None:
    phone = shop.phone()
    asked = shop.ask(phone)
    shop.say(asked, phone.word(asked.shown))
    shop.rig.run(together(
        shop.payments.paid(asked, phone.account_id, "ACSC"),
        shop.payments.failed(asked, phone.account_id, "AM04", "no_funds"),
        shop.payments.paid(asked, phone.account_id, "ACSC")))
    assert len(shop.changes(asked)) == 3
    assert shop.changes(asked)[-1][0] in {Event.PAY, Event.FAIL}
