"""Refunds: repeated, never above what was paid, and what the bank makes of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from authhost.payments.model import Caller, Otherwise, Refused
from tests.support.after_payment import PaidShop, decoded
from tests.support.payments import CALLER, together
from tests.support.portfolio import SHOP_ACCOUNT
from tests.support.rig import Rig

OTHER = Caller("STATION", "till", frozenset({"refund"}))


@pytest.fixture(scope="module")
def shop(rig: Rig) -> Iterator[PaidShop]:
    made = PaidShop(rig)
    yield made
    made.close()


def test_a_part_and_the_rest(shop: PaidShop) -> None:
    phone = shop.phone(bank="")
    asked = shop.paid(signer=phone, callback_url="https://shop.example/told")
    body = shop.refund(asked, 4_000)
    assert {name: body[name] for name in ("payment", "number", "amount_minor", "currency", "state",
                                          "reason", "reference", "why")} == {
        "payment": asked.payment_id, "number": 1, "amount_minor": 4_000, "currency": "EUR",
        "state": "CREATED", "reason": "wilted", "reference": "C-1", "why": ""}
    assert shop.standing(asked) == ("partly_refunded", 10_000, 4_000)
    assert shop.order(body["id"]) == ("queued", 4_000, "")
    rows = shop.rig.sql(
        "SELECT leg, kind, account_id, posted_minor, money, count, original_key FROM journal "
        "WHERE key = $1 ORDER BY leg", f"pay/{asked.payment_id}/refund/1")
    original = f"pay/{asked.payment_id}/bank"
    assert [tuple(row) for row in rows] == [
        (0, "reversal", phone.account_id, -4_000, 0, 0, original),
        (1, "reversal", SHOP_ACCOUNT, -4_000, 0, 0, original)]
    second = shop.refund(asked, 6_000)
    assert second["number"] == 2
    assert shop.standing(asked) == ("refunded", 10_000, 10_000)
    assert shop.books(asked) == {"payer": 0, "merchant": 0}
    with pytest.raises(Refused, match="REFUNDED"):
        shop.refund(asked, 1)
    [told] = shop.rig.sql(
        "SELECT content -> 'refund' ->> 'id' AS id, content ->> 'state' AS state FROM webhook "
        "WHERE payment_id = $1 ORDER BY version DESC LIMIT 1", asked.payment_id)
    assert tuple(told) == (second["id"], "REFUNDED")
    listed = decoded(shop.rig.run(shop.refunds.of_payment(CALLER, asked.payment_id)))
    assert listed == {"data": [body, second]}


def test_the_payer_limits_stay_used(shop: PaidShop) -> None:
    """A stolen phone cannot send, have it given back, and send again beyond every limit."""
    phone = shop.phone([("day", "money", 12_000)])
    asked = shop.paid(10_000, phone)
    shop.refund(asked, 10_000)
    assert shop.rig.taken(phone.account_id) == (10_000, 0, 1)
    again = shop.ask(phone, 10_000)
    assert shop.say(again, phone.word(again.shown))["state"] == "DECLINED"


@pytest.mark.invariant(7)
def test_never_above_what_was_paid(shop: PaidShop) -> None:
    asked = shop.paid()
    shop.refund(asked, 9_000)
    with pytest.raises(Refused, match="1000 minor units are left") as refused:
        shop.refund(asked, 1_001)
    assert (refused.value.status, refused.value.where) == (422, "amount_minor")
    assert shop.standing(asked) == ("partly_refunded", 10_000, 9_000)


@pytest.mark.invariant(7)
def test_a_pair_that_exceeds_together(shop: PaidShop) -> None:
    for _ in range(5):
        asked = shop.paid()
        results = shop.rig.run(together(*(
            shop.after.refund(CALLER, asked.payment_id, 6_000, "", "", f"pair-{number}")
            for number in range(2))))
        assert sorted(isinstance(one, Refused) for one in results) == [False, True]
        assert shop.standing(asked) == ("partly_refunded", 10_000, 6_000)
        assert len(shop.rig.sql("SELECT FROM bank_order WHERE payment_id = $1 AND kind = 'refund'",
                                asked.payment_id)) == 1


def test_the_same_key_is_the_same_refund(shop: PaidShop) -> None:
    asked = shop.paid()
    results = shop.rig.run(together(*(
        shop.after.refund(CALLER, asked.payment_id, 500, "", "", "same") for _ in range(4))))
    assert len(set(results)) == 1
    refund = decoded(results[0])["id"]
    shop.rig.run(shop.after.refund_paid(refund, "ACSC"))
    assert shop.refund(asked, 500, "same", reason="", reference="") == decoded(results[0])
    with pytest.raises(Refused, match="other content") as refused:
        shop.refund(asked, 501, "same", reason="", reference="")
    assert (refused.value.status, refused.value.where) == (422, "Idempotency-Key")
    assert shop.standing(asked) == ("partly_refunded", 10_000, 500)


def test_the_bank_has_paid_it(shop: PaidShop) -> None:
    asked = shop.paid()
    refund = shop.refund(asked, 2_000)["id"]
    shop.rig.sql("UPDATE refund SET state = 'unknown' WHERE refund_id = $1", refund)
    assert decoded(shop.rig.run(shop.refunds.one(CALLER, refund)))["state"] == "UNKNOWN"
    results = shop.rig.run(together(*(shop.after.refund_paid(refund, "ACSC") for _ in range(3))))
    assert sorted(results) == [False, False, True]
    assert decoded(shop.rig.run(shop.refunds.one(CALLER, refund)))["state"] == "PAID"
    assert shop.order(refund) == ("accepted", 2_000, "ACSC")
    assert shop.standing(asked) == ("partly_refunded", 10_000, 2_000)
    assert shop.changes(asked)[-1] == ("refund_paid", "partly_refunded", "partly_refunded")
    # What the bank has said stands; whoever hears the opposite makes a case of it.
    with pytest.raises(Otherwise, match="refund_declined"):
        shop.rig.run(shop.after.refund_failed(refund, "RJCT", "late"))
    assert shop.books(asked) == {"payer": 8_000, "merchant": 8_000}


def test_the_bank_would_not(shop: PaidShop) -> None:
    asked = shop.paid()
    first = shop.refund(asked, 2_000)["id"]
    second = shop.refund(asked, 8_000)["id"]
    assert shop.standing(asked) == ("refunded", 10_000, 10_000)
    assert shop.rig.run(shop.after.refund_failed(second, "AC04", "account_closed")) is True
    assert shop.rig.run(shop.after.refund_failed(second, "AC04", "account_closed")) is False
    assert shop.standing(asked) == ("partly_refunded", 10_000, 2_000)
    body = decoded(shop.rig.run(shop.refunds.one(CALLER, second)))
    assert (body["state"], body["why"]) == ("DECLINED", "account_closed")
    assert shop.order(second) == ("refused", 8_000, "AC04")
    shop.rig.run(shop.after.refund_failed(first, "AC04", "account_closed"))
    assert shop.standing(asked) == ("captured", 10_000, 0)
    assert shop.books(asked) == {"payer": 10_000, "merchant": 10_000}
    assert shop.changes(asked)[-1] == ("unrefund", "partly_refunded", "captured")
    shop.refund(asked, 10_000)
    assert shop.standing(asked) == ("refunded", 10_000, 10_000)


def test_what_nobody_captured_goes_back_first(shop: PaidShop) -> None:
    asked = shop.paid(capture="manual")
    shop.capture(asked, 6_000)
    first = shop.refund(asked, 3_000)["id"]
    assert shop.books(asked) == {"payer": 7_000, "merchant": 6_000}
    second = shop.refund(asked, 3_000)["id"]
    assert shop.books(asked) == {"payer": 4_000, "merchant": 4_000}
    shop.rig.run(shop.after.refund_failed(first, "RJCT", "refused_by_bank"))
    # What is left of the refunds is less than what nobody captured.
    assert shop.books(asked) == {"payer": 7_000, "merchant": 6_000}
    shop.rig.run(shop.after.refund_failed(second, "RJCT", "refused_by_bank"))
    assert shop.books(asked) == {"payer": 10_000, "merchant": 6_000}
    assert shop.standing(asked) == ("paid", 6_000, 0)


@pytest.mark.parametrize(("reason", "reference", "where"), [
    ("x" * 141, "", "reason"), ("a\nb", "", "reason"), ("\x00", "", "reason"),
    ("\u202eevil", "", "reason"), ("", "y" * 36, "reference")])
def test_bad_texts(shop: PaidShop, reason: str, reference: str, where: str) -> None:
    asked = shop.paid()
    with pytest.raises(Refused) as refused:
        shop.refund(asked, 1, reason=reason, reference=reference)
    assert (refused.value.status, refused.value.where) == (422, where)
    assert shop.standing(asked) == ("captured", 10_000, 0)


def test_not_anothers_and_not_what_is_not_there(shop: PaidShop) -> None:
    asked = shop.paid()
    refund = shop.refund(asked, 1)["id"]
    for work in (shop.after.refund(OTHER, asked.payment_id, 1, "", "", "k"),
                 shop.refunds.one(OTHER, refund), shop.refunds.one(CALLER, "z" * 26),
                 shop.refunds.one(CALLER, "'; --"),
                 shop.refunds.of_payment(OTHER, asked.payment_id),
                 shop.refunds.of_payment(CALLER, "a" * 26)):
        with pytest.raises(Refused) as refused:
            shop.rig.run(work)
        assert refused.value.status == 404
    with pytest.raises(Refused, match="no such refund"):
        shop.rig.run(shop.after.refund_paid("z" * 26, "ACSC"))


def test_a_qr_is_not_refunded_here(shop: PaidShop) -> None:
    """Whose account it came from is known to the payer's bank alone."""
    asked = shop.paid()
    shop.rig.sql("UPDATE payment SET payer_id = NULL, kind = 'qr' WHERE payment_id = $1",
                 asked.payment_id)
    with pytest.raises(Refused, match="bank application") as refused:
        shop.refund(asked, 1)
    assert refused.value.status == 409


def test_a_refund_takes_its_bank_from_the_debit(shop: PaidShop) -> None:
    asked = shop.paid()
    shop.rig.sql("UPDATE bank_order SET bank_id = 'B7' WHERE payment_id = $1", asked.payment_id)
    refund = shop.refund(asked, 1)["id"]
    [order] = shop.rig.sql("SELECT end_to_end_id, bank_id, currency, payment_id FROM bank_order "
                           "WHERE refund_id = $1", refund)
    assert tuple(order) == (f"R{refund}", "B7", "EUR", asked.payment_id)
