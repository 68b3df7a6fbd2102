"""What the card verification results (CVR) say, scheme by scheme: asked the issuer, had the PIN."""

import pytest

from authhost.cryptogram import ChipDataError, read_cryptogram
from iso import tlv

OBJECTS = {"9F26": bytes(8), "9F37": bytes(4), "9F36": b"\0\1",
           "9F02": bytes.fromhex("000000000100"), "9F1A": b"\x02\x76",
           "95": bytes(5), "5F2A": b"\x09\x78", "9A": b"\x26\x07\x23",
           "9C": b"\0", "82": b"\x3c\0"}


def read(scheme, issuer_data):
    said = OBJECTS | {"9F10": bytes.fromhex(issuer_data)}
    return read_cryptogram(b"".join(tlv.write(tag, value) for tag, value in said.items()), scheme)


@pytest.mark.parametrize(("scheme", "issuer_data", "asks", "pin"), [
    # Visa, length 06, key index, CVN, CVR 03 and three bytes; ours shares it.
    ("visa", "06010A03A00000", True, False), ("visa", "06010A03A40000", True, True),
    ("visa", "06010A03A60000", True, False), ("visa", "06010A03940000", False, True),
    ("visa", "06010A03840000", False, True), ("visa", "06010A03640000", False, True),
    ("fleet", "0601A603A40000", True, True), ("fleet", "0601A603940000", False, True),
    # M/Chip 4: key index, CVN, CVR of six bytes; byte 1 bit 1 PIN right, byte 4 bit 5 wrong.
    ("mastercard", "0110A50003040000" + "00" * 10, True, True),
    ("mastercard", "0110A00003240000" + "00" * 10, True, False),
    ("mastercard", "0110A50003041000" + "00" * 10, True, True),  # byte 5: a limit of the card
    ("mastercard", "0110A60003140000" + "00" * 10, True, False),
    ("mastercard", "0110A70003140000" + "00" * 10, True, False),
    ("mastercard", "0110950003040000" + "00" * 10, False, True)])
def test_what_the_card_says_of_itself(scheme, issuer_data, asks, pin):
    made = read(scheme, issuer_data)
    assert (made.asks_issuer, made.pin_verified) == (asks, pin)


@pytest.mark.parametrize(("scheme", "issuer_data"), [
    ("visa", "0601"), ("visa", "06010B03A00000"), ("mastercard", "0110A5"),
    ("mastercard", "0199A50003040000" + "00" * 10)])
def test_what_is_none(scheme, issuer_data):
    with pytest.raises(ChipDataError):
        read(scheme, issuer_data)
