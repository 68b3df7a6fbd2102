"""Which stream a row is in: every kind, and what gives back by what it gives back."""

from __future__ import annotations

import pytest

from authhost.keys import message_key
from authhost.model import Kind
from authhost.streams import STREAMS, stream_of

CASH = {Kind.DEPOSIT, Kind.DEPOSIT_AUTHORIZATION, Kind.ADJUSTMENT, Kind.VERIFICATION}
PAYMENTS = {Kind.PAYMENT_REQUEST, Kind.PAYMENT_AUTHORIZATION, Kind.PAYMENT_RELEASE, Kind.PAYMENT,
            Kind.PAYMENT_RECEIPT, Kind.PAYMENT_REFUSAL, Kind.PAYMENT_CANCELLATION}
KEY = "A1/T1/20/20260723/000001"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_one(kind: Kind) -> None:
    expected = "cash" if kind in CASH else "payments" if kind in PAYMENTS else "fuel"
    assert stream_of(kind, KEY) == expected
    assert expected in STREAMS


@pytest.mark.parametrize("kind", [Kind.REVERSAL, Kind.RETURN, Kind.EXPIRY])
@pytest.mark.parametrize(("of", "stream"), [
    (Kind.SALE, "fuel"), (Kind.PREAUTHORIZATION, "fuel"), (Kind.DEPOSIT, "cash"),
    (Kind.DEPOSIT_AUTHORIZATION, "cash"), (Kind.PAYMENT_RECEIPT, "payments")])
def test_what_gives_back_is_where_its_original_is(kind: Kind, of: Kind, stream: str) -> None:
    assert stream_of(kind, KEY, of, "any") == stream


def test_what_is_taken_is_where_it_is_taken_whatever_it_names() -> None:
    assert stream_of(Kind.COMPLETION, KEY, Kind.DEPOSIT_AUTHORIZATION, "any") == "fuel"
    assert stream_of(Kind.DEPOSIT, KEY, Kind.SALE, "any") == "cash"


def test_rows_of_a_payment_are_together() -> None:
    for kind in (Kind.REVERSAL, Kind.PAYMENT, Kind.EXPIRY):
        assert stream_of(kind, "pay/01abc/refund/1") == "payments"
    assert stream_of(Kind.REVERSAL, KEY, "", "pay/01abc") == "payments"
    assert stream_of(Kind.SALE, "payer/T1/20/20260723/1") == "fuel"


@pytest.mark.parametrize(("of", "stream"), [
    (Kind.DEPOSIT, "cash"), (Kind.SALE, "fuel"), (Kind.OFFLINE_SALE, "fuel")])
def test_an_original_that_never_came_is_known_by_its_key(of: Kind, stream: str) -> None:
    assert stream_of(Kind.REVERSAL, KEY, "", message_key("A1", "T1", of, "", "1")) == stream
    assert stream_of(Kind.REVERSAL, KEY, "", "") == "fuel"
