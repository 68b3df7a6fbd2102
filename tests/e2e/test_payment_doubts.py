"""A payer's word whose row is slow, lost or late: counted once, and everybody hears the same."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from authhost.journal.entry import JournalUnavailable, Result
from authhost.payments.model import Asked, Refused
from authhost.payments.ports import Busy
from authhost.payments.rows import Leg, Message
from authhost.state.client import StateUnavailable
from tests.support.doubts import delay_rows, lose_result, said, take_state_away
from tests.support.payments import Shop, Signer, together
from tests.support.rig import Rig

# Enough for one payment of 1250, not for two.
ONE = [("day", "money", 2_000)]


@pytest.fixture
def phone(shop: Shop) -> Signer:
    return shop.phone(ONE)


def signs_another(shop: Shop, phone: Signer) -> str:
    """SIGNED where the limit is free for one payment, DECLINED where it is not."""
    asked = shop.ask(phone)
    return said(shop, asked, phone.word(asked.shown))


def signed(shop: Shop, phone: Signer) -> Asked:
    """A payment that its bank has not answered."""
    asked = shop.ask(phone)
    assert said(shop, asked, phone.word(asked.shown)) == "SIGNED"
    return asked


# The same yes again.

def test_the_same_yes_after_the_end_hears_the_same(shop: Shop, phone: Signer) -> None:
    asked = shop.ask(phone, expires_in_s=1)
    first = shop.say(asked, phone.word(asked.shown))
    assert first["state"] == "SIGNED"
    time.sleep(1.2)
    assert shop.say(asked, phone.word(asked.shown)) == first


def test_a_repeat_whose_row_comes_after_the_end_hears_the_first(
        shop: Shop, phone: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = shop.ask(phone, expires_in_s=1)
    word = phone.word(asked.shown)
    assert said(shop, asked, word) == "SIGNED"
    with monkeypatch.context() as patch:
        delay_rows(shop, patch, 1.0)
        assert said(shop, asked, word) == "SIGNED"


@pytest.mark.invariant(3)
def test_a_thumb_that_taps_three_times_is_counted_once(shop: Shop) -> None:
    for _ in range(20):
        phone = shop.phone(ONE)
        asked = shop.ask(phone)
        word = phone.word(asked.shown)
        heard = shop.rig.run(together(*(shop.payments.word(asked.payment_id, word)
                                        for _ in range(3))))
        assert [msgspec.json.decode(one)["state"] for one in heard] == ["SIGNED"] * 3
        assert shop.now(asked).now.state == "signed"


@pytest.mark.invariant(3)
def test_a_yes_said_at_two_hosts_is_not_declined_by_its_own_count(
        rig: Rig, shop: Shop, phone: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Shop(rig, shop.root)
    asked = shop.ask(phone)
    word = phone.word(asked.shown)

    async def later() -> bytes:
        await asyncio.sleep(0.05)
        return await other.payments.word(asked.payment_id, word)

    try:
        delay_rows(shop, monkeypatch, 0.15)
        heard = rig.run(together(shop.payments.word(asked.payment_id, word), later()))
    finally:
        other.close()
    assert [msgspec.json.decode(one)["state"] for one in heard] == ["SIGNED"] * 2
    assert shop.now(asked).now.state == "signed"


# The end of its time.

@pytest.mark.invariant(3)
def test_a_yes_that_stands_is_not_told_as_expired(shop: Shop, phone: Signer,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    asked = shop.ask(phone, expires_in_s=1)
    with monkeypatch.context() as patch:
        lose_result(shop, patch, 1.1)
        assert said(shop, asked, phone.word(asked.shown)) == "SIGNED"
    assert shop.now(asked).now.state == "signed"
    assert shop.rig.taken(phone.account_id)[0] == 1_250
    assert not [one for one in shop.told if one.asked == asked and one.state == "expired"]
    assert signs_another(shop, phone) == "DECLINED"  # for it counts


def test_what_ended_long_ago_is_expired_whatever_the_databases_clock_says(
        shop: Shop, phone: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is two seconds behind the host, and nobody has swept: the host was down."""
    asked = shop.ask(phone)
    old = msgspec.structs.replace(asked, expires_at=asked.expires_at - timedelta(hours=1))
    shop.payments._asked.put(asked.payment_id, old)
    shop.rig.sql("UPDATE payment SET expires_at = $2 WHERE payment_id = $1", asked.payment_id,
                 old.expires_at)
    clock = shop.rig.settings.clock
    real = clock.real_now_us
    monkeypatch.setattr(type(clock), "real_now_us", lambda _: real() + 2_000_000)
    assert "EXPIRED" in said(shop, asked, phone.word(asked.shown))


def test_what_has_expired_has_no_reason_of_a_late_no(shop: Shop, phone: Signer,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    asked = shop.ask(phone, expires_in_s=1)
    monkeypatch.setattr(shop.bank, "refuses", "bank_down")
    delay_rows(shop, monkeypatch, 1.1)
    with pytest.raises(Refused, match="EXPIRED"):
        shop.say(asked, phone.word(asked.shown))
    now = shop.now(asked).now
    assert (now.state, now.reason) == ("expired", "")


# What was counted.

@pytest.mark.parametrize(("error", "heard"), [
    (StateUnavailable("away"), Busy), (JournalUnavailable("summing it"), JournalUnavailable)])
def test_nothing_stays_counted_where_the_merchants_state_is_away(
        shop: Shop, phone: Signer, monkeypatch: pytest.MonkeyPatch, error: Exception,
        heard: type[Exception]) -> None:
    asked = shop.ask(phone)
    word = phone.word(asked.shown)
    take_state_away(shop, monkeypatch, asked.account_id, error)
    with pytest.raises(heard):
        shop.say(asked, word)
    assert said(shop, asked, word) == "SIGNED"


@pytest.mark.invariant(7)
def test_the_limit_comes_back_where_the_row_of_a_no_was_not_heard_of(
        shop: Shop, phone: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = signed(shop, phone)
    writer = shop.payments._writer
    real = writer.put

    async def put(message: Message, legs: list[Leg]) -> Result:
        await real(message, legs)
        raise JournalUnavailable("the connection went before the result came")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "put", put)
        with pytest.raises(JournalUnavailable):
            refused(shop, asked, phone)
    refused(shop, asked, phone)  # told again
    assert shop.now(asked).now.state == "declined"
    assert signs_another(shop, phone) == "SIGNED"


@pytest.mark.invariant(7)
def test_the_limit_comes_back_once_where_the_host_dies_after_the_row_of_a_no(
        shop: Shop, phone: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state has not heard of it; whoever sums it again has: the journal is right."""
    asked = signed(shop, phone)

    async def die(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(shop.payments._counting, "give_back", die)
        with pytest.raises(asyncio.CancelledError):
            refused(shop, asked, phone)
    refused(shop, asked, phone)
    assert shop.now(asked).now.state == "declined"
    assert shop.rig.taken(phone.account_id) == (0, 0, 0)
    shop.rig.run(shop.rig.host.accounts.forget(phone.account_id))
    assert [signs_another(shop, phone) for _ in range(2)] == ["SIGNED", "DECLINED"]


def refused(shop: Shop, asked: Asked, phone: Signer) -> None:
    """The payer's bank says no."""
    shop.rig.run(shop.payments.failed(asked, phone.account_id, "AM04", "no_funds"))


def test_a_sandbox_counts_on_nobodys_limits(shop: Shop, phone: Signer) -> None:
    asked = msgspec.structs.replace(shop.ask(phone), sandbox=True)
    shop.payments._asked.put(asked.payment_id, asked)
    assert said(shop, asked, phone.word(asked.shown)) == "SIGNED"
    shop.rig.run(shop.payments.paid(asked, phone.account_id, "ACSC"))
    assert signs_another(shop, phone) == "SIGNED"
