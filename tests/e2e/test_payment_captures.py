"""Captures: part or all, never more than was signed, booked with the payment or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from authhost.payments.model import Caller, Refused
from tests.support.after_payment import PaidShop
from tests.support.payments import CALLER, together
from tests.support.portfolio import SHOP_ACCOUNT
from tests.support.rig import Rig


@pytest.fixture(scope="module")
def shop(rig: Rig) -> Iterator[PaidShop]:
    made = PaidShop(rig)
    yield made
    made.close()


def test_captured_in_parts(shop: PaidShop) -> None:
    asked = shop.paid(capture="manual", callback_url="https://shop.example/told")
    assert shop.standing(asked) == ("paid", 0, 0)
    assert shop.books(asked) == {"payer": 10_000, "merchant": 0}
    body = shop.capture(asked, 6_000)
    assert body == {"payment": asked.payment_id, "number": 1, "amount_minor": 6_000,
                    "currency": "EUR", "captured_minor": 6_000, "refunded_minor": 0,
                    "state": "PAID", "refund": None}
    assert shop.standing(asked) == ("paid", 6_000, 0)
    assert shop.capture(asked, None)["state"] == "CAPTURED"
    assert shop.standing(asked) == ("captured", 10_000, 0)
    assert shop.books(asked) == {"payer": 10_000, "merchant": 10_000}
    rows = shop.rig.sql("SELECT key, kind, account_id, posted_minor, money, count FROM journal "
                        "WHERE key LIKE $1 ORDER BY key", f"pay/{asked.payment_id}/capture/%")
    assert [tuple(row) for row in rows] == [
        (f"pay/{asked.payment_id}/capture/1", "payment_receipt", SHOP_ACCOUNT, 6_000, 0, 0),
        (f"pay/{asked.payment_id}/capture/2", "payment_receipt", SHOP_ACCOUNT, 4_000, 0, 0)]
    assert shop.changes(asked)[-2:] == [("capture", "paid", "paid"),
                                        ("capture", "paid", "captured")]
    told = shop.rig.sql("SELECT version, content ->> 'state', (content ->> 'captured_minor')::int "
                        "FROM webhook WHERE payment_id = $1 ORDER BY version", asked.payment_id)
    assert [tuple(row) for row in told][-2:] == [(4, "PAID", 6_000), (5, "CAPTURED", 10_000)]
    assert [one.state for one in shop.after_told[-2:]] == ["paid", "captured"]


def test_never_more_than_was_signed(shop: PaidShop) -> None:
    asked = shop.paid(capture="manual")
    shop.capture(asked, 7_000)
    with pytest.raises(Refused, match="3000 minor units are left") as refused:
        shop.capture(asked, 3_001)
    assert (refused.value.status, refused.value.where) == (422, "amount_minor")
    shop.refund(asked, 1_000)
    with pytest.raises(Refused, match="2000 minor units are left"):
        shop.capture(asked, 2_001)
    shop.capture(asked, 2_000)
    with pytest.raises(Refused, match="captured or given back"):
        shop.capture(asked, None)
    assert shop.standing(asked) == ("partly_refunded", 9_000, 1_000)
    assert shop.books(asked) == {"payer": 9_000, "merchant": 9_000}


def test_two_at_once_come_to_no_more(shop: PaidShop) -> None:
    asked = shop.paid(capture="manual")
    results = shop.rig.run(together(*(
        shop.after.capture(CALLER, asked.payment_id, 4_000, f"both-{number}")
        for number in range(4))))
    assert sorted(type(one).__name__ for one in results) == ["Refused", "Refused", "bytes", "bytes"]
    assert shop.standing(asked) == ("paid", 8_000, 0)
    assert shop.books(asked)["merchant"] == 8_000


def test_a_final_one_gives_the_rest_back(shop: PaidShop) -> None:
    asked = shop.paid(capture="manual")
    body = shop.capture(asked, 2_500, final=True)
    assert (body["captured_minor"], body["refunded_minor"], body["state"]) == (
        2_500, 7_500, "PARTLY_REFUNDED")
    assert shop.standing(asked) == ("partly_refunded", 2_500, 7_500)
    assert shop.order(body["refund"]) == ("queued", 7_500, "")
    # What was not captured is none of the merchant's: nothing is taken off it.
    assert shop.books(asked) == {"payer": 2_500, "merchant": 2_500}
    assert shop.changes(asked)[-2:] == [("capture", "paid", "paid"),
                                        ("refund", "paid", "partly_refunded")]


def test_the_same_key_is_the_same_capture(shop: PaidShop) -> None:
    asked = shop.paid(capture="manual")
    first = shop.capture(asked, 1_000, "again")
    shop.capture(asked, 1_000)
    assert shop.capture(asked, 1_000, "again") == first
    assert shop.standing(asked) == ("paid", 2_000, 0)
    for amount, final in ((1_001, False), (1_000, True)):
        with pytest.raises(Refused, match="other content") as refused:
            shop.capture(asked, amount, "again", final=final)
        assert refused.value.status == 422
    with pytest.raises(Refused, match="other content"):
        shop.refund(asked, 1_000, "again")
    results = shop.rig.run(together(*(
        shop.after.capture(CALLER, asked.payment_id, 500, "at-once") for _ in range(4))))
    assert len(set(results)) == 1
    assert shop.standing(asked) == ("paid", 2_500, 0)


@pytest.mark.parametrize(("payment", "status"), [("x", 404), ("a" * 26, 404)])
def test_nothing_there(shop: PaidShop, payment: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        shop.rig.run(shop.after.capture(CALLER, payment, 1, "k"))
    assert refused.value.status == status


def test_anothers_payment_is_not_there(shop: PaidShop) -> None:
    asked = shop.paid(capture="manual")
    other = Caller("STATION", "till", frozenset({"payment"}))
    with pytest.raises(Refused) as refused:
        shop.rig.run(shop.after.capture(other, asked.payment_id, 1, "k"))
    assert refused.value.status == 404


def test_what_is_not_paid_is_not_captured(shop: PaidShop) -> None:
    phone = shop.phone()
    asked = shop.ask(phone)
    for state in ("CREATED", "SIGNED"):
        with pytest.raises(Refused, match=state) as refused:
            shop.capture(asked, None)
        assert refused.value.status == 409
        if state == "CREATED":
            shop.say(asked, phone.word(asked.shown))


@pytest.mark.invariant(13)
def test_a_death_before_the_end_leaves_nothing(shop: PaidShop,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    asked = shop.paid(capture="manual")
    before = shop.changes(asked)

    async def die(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("authhost.payments.after.move", die)
        with pytest.raises(RuntimeError):
            shop.capture(asked, 4_000, "dies")
    assert (shop.changes(asked), shop.books(asked)["merchant"]) == (before, 0)
    assert shop.capture(asked, 4_000, "dies")["number"] == 1


def test_a_raised_fence_and_a_cut_over_meanwhile(shop: PaidShop) -> None:
    """Captures go on while fences rise and the rules move: none is lost, none waits for ever."""
    payments = [shop.paid(capture="manual") for _ in range(4)]

    async def raises() -> None:
        async with shop.rig.host.reads._pool.acquire() as connection:
            for _ in range(20):
                await connection.execute("UPDATE fence SET fence = fence + 1")
                async with connection.transaction():
                    await connection.execute("LOCK TABLE rules IN EXCLUSIVE MODE")
                    await connection.execute("UPDATE rules SET version = version + 1")

    results = shop.rig.run(together(raises(), *(
        shop.after.capture(CALLER, asked.payment_id, 1_000, f"{number}")
        for asked in payments for number in range(5))))
    assert [one for one in results if isinstance(one, BaseException)] == []
    assert [shop.standing(asked) for asked in payments] == [("paid", 5_000, 0)] * 4
    rows = shop.rig.sql("SELECT count(*) FROM journal WHERE kind = 'payment_receipt' "
                        "AND key = ANY ($1)", [
                            f"pay/{asked.payment_id}/capture/{number}"
                            for asked in payments for number in range(1, 6)])
    assert rows[0][0] == 20
