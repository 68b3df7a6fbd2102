"""Disputes: nobody touches the money while one is open; who loses it gives the rest back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from authhost.admin.access import Actor, Role
from authhost.admin.once import asked as asked_once
from authhost.admin.refusals import Conflict, Forbidden
from authhost.payments.model import Asked, Refused
from tests.support.after_payment import ADMIN, PaidShop
from tests.support.payments import together
from tests.support.rig import Rig


@pytest.fixture(scope="module")
def shop(rig: Rig) -> Iterator[PaidShop]:
    made = PaidShop(rig)
    yield made
    made.close()


def opened(shop: PaidShop, asked: Asked) -> dict[str, object]:
    return shop.rig.run(shop.disputes.open(ADMIN, asked.payment_id, "not mine", "a letter", None))


def resolved(shop: PaidShop, asked: Asked, outcome: str) -> dict[str, object]:
    return shop.rig.run(shop.disputes.resolve(ADMIN, asked.payment_id, outcome, None))


def test_won_it_is_what_it_was(shop: PaidShop) -> None:
    asked = shop.paid(callback_url="https://shop.example/told")
    shop.refund(asked, 2_500)
    assert opened(shop, asked) == {"payment": asked.payment_id, "number": 1, "reason": "not mine",
                                   "state": "DISPUTED"}
    assert (shop.standing(asked), shop.now(asked).now.reason) == (
        ("disputed", 10_000, 2_500), "not mine")
    for refuses in (lambda: shop.refund(asked, 1), lambda: shop.capture(asked, 1),
                    lambda: opened(shop, asked)):
        with pytest.raises(Refused, match="DISPUTED"):
            refuses()
    assert resolved(shop, asked, "won") == {
        "payment": asked.payment_id, "outcome": "won", "refund": None, "state": "PARTLY_REFUNDED"}
    assert (shop.standing(asked), shop.now(asked).now.reason) == (
        ("partly_refunded", 10_000, 2_500), "")
    assert shop.changes(asked)[-2:] == [("dispute", "partly_refunded", "disputed"),
                                        ("win", "disputed", "partly_refunded")]
    told = shop.rig.sql("SELECT content ->> 'state' FROM webhook WHERE payment_id = $1 "
                        "ORDER BY version DESC LIMIT 2", asked.payment_id)
    assert [row[0] for row in told] == ["PARTLY_REFUNDED", "DISPUTED"]
    with pytest.raises(Refused, match="cannot resolve"):
        resolved(shop, asked, "lost")
    shop.refund(asked, 7_500)


def test_lost_the_rest_goes_back(shop: PaidShop) -> None:
    asked = shop.paid()
    shop.refund(asked, 2_500)
    opened(shop, asked)
    body = resolved(shop, asked, "lost")
    assert body["state"] == "REFUNDED"
    assert shop.standing(asked) == ("refunded", 10_000, 10_000)
    assert shop.order(str(body["refund"])) == ("queued", 7_500, "")
    assert shop.books(asked) == {"payer": 0, "merchant": 0}
    assert shop.changes(asked)[-1] == ("lose", "disputed", "refunded")
    [row] = shop.rig.sql("SELECT outcome, opened_by, resolved_by, evidence FROM dispute "
                         "WHERE payment_id = $1", asked.payment_id)
    assert tuple(row) == ("lost", "olga", "olga", "a letter")
    # And the bank would not: it is disputed no more, and may be again.
    shop.rig.run(shop.after.refund_failed(str(body["refund"]), "AC04", "account_closed"))
    assert shop.standing(asked) == ("partly_refunded", 10_000, 2_500)
    assert opened(shop, asked)["number"] == 2


def test_a_refund_that_fails_meanwhile(shop: PaidShop) -> None:
    asked = shop.paid()
    refund = shop.refund(asked, 4_000)["id"]
    opened(shop, asked)
    shop.rig.run(shop.after.refund_failed(refund, "AC04", "account_closed"))
    assert shop.standing(asked) == ("disputed", 10_000, 0)
    assert resolved(shop, asked, "won")["state"] == "CAPTURED"
    assert shop.books(asked) == {"payer": 10_000, "merchant": 10_000}


def test_a_refund_that_is_paid_meanwhile(shop: PaidShop) -> None:
    asked = shop.paid()
    refund = shop.refund(asked, 4_000)["id"]
    opened(shop, asked)
    shop.rig.run(shop.after.refund_paid(refund, "ACSC"))
    assert shop.standing(asked) == ("disputed", 10_000, 4_000)
    assert resolved(shop, asked, "lost")["state"] == "REFUNDED"


def test_asked_again_under_the_same_key(shop: PaidShop) -> None:
    asked = shop.paid()
    [row] = shop.rig.sql(
        "INSERT INTO access (name, role, certificate, expires_at, created_by) VALUES ('olga', "
        "'administrator', 'olga', now() + interval '1 day', 'test') RETURNING access_id")
    olga = Actor("olga", Role.ADMINISTRATOR, row["access_id"])
    once = asked_once("key-1", b"s" * 32, b"dispute", asked.payment_id.encode())
    results = [shop.rig.run(shop.disputes.open(olga, asked.payment_id, "r", "e", once))
               for _ in range(2)]
    assert results[0] == results[1]
    other = asked_once("key-1", b"s" * 32, b"other")
    with pytest.raises(Conflict):
        shop.rig.run(shop.disputes.open(olga, asked.payment_id, "r", "e", other))
    assert len(shop.rig.sql("SELECT FROM dispute WHERE payment_id = $1", asked.payment_id)) == 1


def test_two_who_decide_at_once(shop: PaidShop) -> None:
    asked = shop.paid()
    opened(shop, asked)
    results = shop.rig.run(together(*(
        shop.disputes.resolve(ADMIN, asked.payment_id, outcome, None)
        for outcome in ("won", "lost"))))
    assert sorted(isinstance(one, Refused) for one in results) == [False, True]
    assert len(shop.changes(asked)) == 5


def test_who_may(shop: PaidShop) -> None:
    asked = shop.paid()
    with pytest.raises(Forbidden):
        shop.rig.run(shop.disputes.open(Actor("ann", Role.ANALYST), asked.payment_id, "r", "e",
                                        None))
    opened(shop, asked)
    with pytest.raises(Forbidden):
        shop.rig.run(shop.disputes.resolve(Actor("ann", Role.ANALYST), asked.payment_id, "won",
                                           None))
    trail = shop.rig.sql("SELECT who, what FROM audit WHERE subject = $1",
                         f"payment/{asked.payment_id}")
    assert [tuple(row) for row in trail] == [("olga", "dispute opened")]


def test_what_is_not_paid_is_not_disputed(shop: PaidShop) -> None:
    asked = shop.ask(shop.phone())
    with pytest.raises(Refused, match="CREATED"):
        opened(shop, asked)
    with pytest.raises(Refused) as refused:
        shop.rig.run(shop.disputes.open(ADMIN, "a" * 26, "r", "e", None))
    assert refused.value.status == 404
