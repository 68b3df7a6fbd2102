"""The layouts of the terminal's messages, through the codec that the host uses."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

import iso
from iso import Message
from terminals import layout
from terminals.purchase import Card, Item, Sale, Terminal

PROFILE = iso.get("ifsf")
TERMINAL = Terminal("T0101", "STATION01", "280131", outdoor=True)
STAMP = layout.Stamp("000042", datetime(2026, 11, 20, 0, 30, 5, tzinfo=ZoneInfo("Europe/Vienna")))
CARD = Card("7801310000000000005", "2912")
ITEMS = (Item("019", "L", Decimal("25.50"), Decimal("1.549"), 3_950),
         Item("102", "U", Decimal(1), Decimal("12.90"), 1_290))
SALE = Sale(CARD, 5_240, "CHF", ITEMS, odometer=123_456)


def _through_the_wire(message: Message) -> Message:
    return PROFILE.codec.decode(PROFILE.codec.encode(message))


def test_a_sale_carries_the_fields_of_the_table() -> None:
    message = _through_the_wire(layout.request("1200", "200", TERMINAL, STAMP, SALE))
    assert sorted(message.fields) == [2, 3, 4, 7, 11, 12, 14, 22, 24, 26, 32, 41, 42, 48, 49, 63]
    assert message.text(4) == "000000005240"
    assert message.text(7) == "1119233005"  # in UTC it is still the day before
    assert message.text(12) == "261120003005"
    assert message.text(26) == "5542"
    assert message.text(49) == "756"


def test_the_items_come_to_the_amount() -> None:
    message = layout.request("1200", "200", TERMINAL, STAMP, SALE)
    purchase = PROFILE.purchase(message.text(63) or "")
    assert purchase.service_level == "S"
    assert sum(item.amount for item in purchase.items) == Decimal("52.40")
    assert purchase.items[0].quantity == Decimal("25.50")
    assert purchase.items[0].unit_price == Decimal("1.549")


def test_the_odometer_travels_as_customer_data() -> None:
    message = layout.request("1200", "200", TERMINAL, STAMP, SALE)
    (prompt,) = PROFILE.control(message.text(48) or "")[8]
    assert not isinstance(prompt, str)
    assert (prompt.type, getattr(prompt, "value", "")) == ("4", "123456")


@pytest.mark.parametrize(("amount", "function", "field4"),
                         [(None, "400", "000000005240"), (1_000, "401", "000000001000")])
def test_a_reversal_names_its_original(amount: int | None, function: str, field4: str) -> None:
    original = layout.repeat_of(layout.request("1200", "200", TERMINAL, STAMP, SALE))
    later = layout.Stamp("000043", STAMP.at)
    message = _through_the_wire(
        layout.reversal(TERMINAL, later, original, layout.REASON_CUSTOMER, amount))
    assert message.mti == "1420"
    assert message.text(24) == function
    assert message.text(4) == field4
    assert message.text(56) == "1200" "000042" "261120003005" "06280131"


def test_a_reconciliation_carries_counts_and_sums() -> None:
    totals = layout.Totals(3, 123_456, 1, 1_000)
    message = _through_the_wire(layout.reconciliation(TERMINAL, STAMP, totals, "EUR"))
    assert message.mti == "1520"
    assert message.text(76) == "0000000003"
    assert message.text(88) == "0000000000123456"
    assert message.text(77) == "0000000001"
    assert message.text(89) == "0000000000001000"


@pytest.mark.parametrize(("function", "mti"), [("801", "1820"), ("821", "1820"), ("831", "1804")])
def test_network_messages(function: str, mti: str) -> None:
    message = _through_the_wire(layout.network(TERMINAL, STAMP, function))
    assert (message.mti, message.text(24)) == (mti, function)


def test_the_repeat_mark_is_raised_once_and_nothing_else_changes() -> None:
    message = layout.request("1220", "200", TERMINAL, STAMP, SALE)
    repeat = layout.repeat_of(message)
    assert (repeat.mti, repeat.fields) == ("1221", message.fields)
    assert layout.repeat_of(repeat) == repeat


@pytest.mark.invariant(15)
def test_a_card_hides_its_number_in_every_repr() -> None:
    for text in (repr(CARD), repr(SALE), f"{SALE}",
                 repr(layout.request("1200", "200", TERMINAL, STAMP, SALE))):
        assert CARD.pan not in text
    assert "780131*********0005" in repr(CARD)
