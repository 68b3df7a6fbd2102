"""The comparison of the two sides, and what the clients count."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from demo.amounts import money
from demo.basket import basket, item, sale
from demo.check import differences
from demo.result import Difference
from demo.tally import Tally
from iso import Message
from terminals.pos import Exchange, Reply
from terminals.purchase import Card


def _exchange(kind: str, action: str, amount_minor: int) -> Exchange:
    message = Message("1210", {})
    reply = Reply(mti="1210", action=action, amount_minor=amount_minor, reason="limit",
                  raw=b"", message=message)
    return Exchange(kind=kind, request=message, reply=reply, sent=1, latency_s=0.001)


def _tally() -> Tally:
    tally = Tally()
    tally.exchange(_exchange("sale", "000", 1_000), "EUR")
    tally.exchange(_exchange("sale", "002", 500), "EUR")
    tally.exchange(_exchange("sale", "121", 0), "EUR")
    tally.exchange(_exchange("reversal", "400", 1_000), "EUR")
    tally.exchange(_exchange("reconciliation", "500", 0), "EUR")
    return tally


def test_equal_sums_are_no_difference() -> None:
    journal = {("sale", "EUR"): (2, 1_500), ("reversal", "EUR"): (1, 1_000),
               ("payment_request", "EUR"): (7, 7)}
    assert differences(_tally(), journal) == ()


def test_a_cent_or_a_message_more_on_either_side_is_one() -> None:
    journal = {("sale", "EUR"): (2, 1_501), ("deposit", "CHF"): (1, 5)}
    assert differences(_tally(), journal) == (
        Difference("deposit", "CHF", 0, 1, 0, 5),
        Difference("reversal", "EUR", 1, 0, 1_000, 0),
        Difference("sale", "EUR", 2, 2, 1_500, 1_501))


def test_the_tally_counts_declines_by_reason() -> None:
    tally = _tally()
    assert (tally.messages, tally.approved, tally.declined) == (5, 4, 1)
    assert tally.reasons == {"limit": 1}


def test_another_answer_to_a_repeat_is_kept() -> None:
    tally = Tally()
    tally.repeat("same", b"1", b"1", 0.1)
    tally.repeat("other", b"1", b"2", 0.1)
    assert tally.repeats == 2
    assert tally.repeats_different == ["other: b'1' != b'2'"]


def test_a_message_without_answer_is_lost() -> None:
    tally = Tally()
    tally.exchange(Exchange(kind="sale", request=Message("1200", {41: "T1", 11: "000001"}),
                            reply=None, sent=2, latency_s=1.0))
    assert tally.lost == ["sale T1 000001"]
    assert tally.messages == 2


def test_a_basket_comes_to_its_sum() -> None:
    random = Random(3)
    for _ in range(100):
        sold = sale(Card("7801310000000000005", "2912"), "EUR", basket(random))
        assert sold.amount_minor == sum(entry.amount_minor for entry in sold.items) > 0


def test_an_item_is_rounded_half_up() -> None:
    assert item("019", Decimal("0.50")).amount_minor == 77  # 0.7745
    assert item("001", Decimal("2.50")).amount_minor == 405  # 4.0475
    assert item("102", Decimal("0.05")).amount_minor == 65  # 0.645: up


def test_money_for_people() -> None:
    assert [money(0), money(-5), money(123_456)] == ["0.00", "-0.05", "1,234.56"]
