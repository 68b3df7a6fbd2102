"""What is set aside can be read again, whole, and shows nothing that must not be kept."""

from decimal import Decimal

import msgspec
import pytest

from authhost.model import CardRef, Evidence, Item, Kind, Original, Part, Prompted, Request
from authhost.set_aside import content_of, request_of

REQUEST = Request(
    key="a/b/22/20261122/000001", fingerprint=b"\x00\xff", kind=Kind.OFFLINE_SALE, door="ifsf",
    terminal_id="T", deadline_us=7, amount_minor=4_135, currency="EUR",
    card=CardRef(b"\x01\x02", "780131*********0010", "2912"), second=CardRef(b"\x03", "7*", ""),
    volume_ml=30_110, products=("019",), advice=True, original=Original(("k",), "123456"),
    items=(Item("019", "L", Decimal("30.11"), Decimal("1.373"), 4_135),),
    parts=(Part("019", 4_135, 30_110),), prompted=Prompted(odometer="120500"),
    flags=("items_sum",), detail='{"stan":"000001"}')


def test_a_request_comes_back_as_it_was():
    assert request_of(content_of(REQUEST, "mac")) == REQUEST


def test_evidence_is_left_out():
    proved = msgspec.structs.replace(REQUEST, evidence=Evidence("7801310000000000010", "2912"))
    content = content_of(proved, "mac")
    assert "7801310000000000010" not in content
    flags = ("items_sum", "cryptogram_unchecked")
    assert request_of(content) == msgspec.structs.replace(REQUEST, flags=flags)


def test_a_nul_is_none_in_the_database():
    content = content_of(msgspec.structs.replace(REQUEST, merchant_id="a\0b"), "mac")
    assert "\\u0000" not in content
    assert request_of(content).merchant_id == "a\ufffdb"


@pytest.mark.parametrize("content", ["", "{}", '{"why": "x", "key": "a"}', "[1]"])
def test_what_was_kept_in_another_shape_is_no_request(content):
    assert request_of(content) is None
