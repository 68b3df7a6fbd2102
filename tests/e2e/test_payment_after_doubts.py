"""What comes after a payment and crosses: keys and disputes, merchants that are blocked, credits of
codes that look like one another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from authhost.embedded import Servers
from authhost.payments.model import Refused
from authhost.payments.qr_codes import epc_reference
from tests.support.after_payment import ADMIN, PaidShop
from tests.support.qr_yard import BANK, BANK_ACTOR, RSD_IBAN, Yard, credit_of
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def shop(rig: Rig) -> Iterator[PaidShop]:
    made = PaidShop(rig)
    yield made
    made.close()


@pytest.fixture(scope="module")
def yard(servers: Servers) -> Iterator[Yard]:
    with running(servers) as rig:
        made = Yard(rig)
        yield made
        made.close()


@contextmanager
def blocked(rig: Rig) -> Iterator[None]:
    """The merchant is, meanwhile, as the desk writes it."""
    change = ("WITH m AS (UPDATE merchant SET status = $1 WHERE merchant_id = 'SHOP') "
              "UPDATE rules SET version = version + 1")
    rig.sql(change, "blocked")
    try:
        yield
    finally:
        rig.sql(change, "active")


def dispute(shop: PaidShop, payment_id: str) -> None:
    shop.rig.run(shop.disputes.open(ADMIN, payment_id, "not mine", "a letter", None))


# Refunds and disputes.

def test_no_key_of_a_merchant_keeps_a_dispute_from_being_lost(shop: PaidShop) -> None:
    asked = shop.paid()
    shop.refund(asked, 1, key="dispute/1")  # a cent, before there is a dispute
    dispute(shop, asked.payment_id)
    body = shop.rig.run(shop.disputes.resolve(ADMIN, asked.payment_id, "lost", None))
    assert body["state"] == "REFUNDED"
    assert shop.standing(asked) == ("refunded", 10_000, 10_000)


def test_a_key_that_is_named_like_a_dispute_is_a_key(shop: PaidShop) -> None:
    asked = shop.paid()
    dispute(shop, asked.payment_id)
    lost = shop.rig.run(shop.disputes.resolve(ADMIN, asked.payment_id, "lost", None))
    shop.rig.run(shop.after.refund_failed(lost["refund"], "AC04", "account_closed"))
    made = shop.refund(asked, 1, key="dispute/1")
    assert made["id"] != lost["refund"]
    assert shop.standing(asked) == ("partly_refunded", 10_000, 1)


def test_a_blocked_merchant_captures_nothing_and_may_give_back(shop: PaidShop) -> None:
    asked = shop.paid(capture="manual")
    with blocked(shop.rig):
        with pytest.raises(Refused) as refused:
            shop.capture(asked, 4_000)
        assert (refused.value.status, refused.value.where) == (403, "merchant_id")
        assert shop.standing(asked) == ("paid", 0, 0)
        shop.refund(asked, 1_000)
        assert shop.standing(asked) == ("partly_refunded", 0, 1_000)
    shop.capture(asked, 4_000)
    assert shop.standing(asked)[1] == 4_000


# Credits of codes.

def test_an_entry_of_another_account_is_another_credit(yard: Yard) -> None:
    """Banks count entries by account: the same number on the other one is not the same."""
    asked = yard.ask()
    first = credit_of(asked, entry_reference="2026-0001")
    other = credit_of(asked, entry_reference="2026-0001", iban=RSD_IBAN, currency="RSD",
                      amount_minor=9_900)
    [told] = yard.rig.run(yard.credits.tell(BANK_ACTOR, BANK, [first]))
    assert told.state == "matched"
    yard.rig.run(yard.credits.tell(BANK_ACTOR, BANK, [other]))
    rows = yard.rig.sql("SELECT iban, amount_minor, state FROM payment_credit "
                        "WHERE entry_reference = '2026-0001' ORDER BY credit_id")
    assert [tuple(row) for row in rows] == [
        (first.iban, 1_250, "matched"), (RSD_IBAN, 9_900, "unmatched")]


def test_a_right_reference_counts_beside_one_that_only_looks_like_ours(yard: Yard) -> None:
    asked = yard.ask()
    strange = epc_reference("a" * 26)
    told = yard.tell(credit_of(asked, references=(strange, epc_reference(asked.payment_id))))
    assert told.state == "matched"


def test_a_blocked_merchant_is_paid_by_no_code(yard: Yard) -> None:
    asked = yard.ask()
    with blocked(yard.rig):
        told = yard.tell(credit_of(asked))
    assert (told.state, told.why) == ("unmatched", "merchant_blocked")
    assert yard.posted(asked) == []
