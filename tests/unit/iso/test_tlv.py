"""BER-TLV: what can be told apart, and which tag is named where it cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso import tlv

ARQC = bytes.fromhex("9F2608" "0102030405060708")


def test_objects_in_their_order():
    data = ARQC + bytes.fromhex("00" "8202" "3900" "00" "9F3602" "001C")
    assert list(tlv.read(data).items()) == [
        ("9F26", bytes(range(1, 9))), ("82", b"\x39\x00"), ("9F36", b"\x00\x1c")]
    assert tlv.read(b"") == {}


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 999])
def test_what_is_written_is_read(length):
    value = bytes(length)
    assert tlv.read(tlv.write("9F10", value) + tlv.write("91", b"x")) == {"9F10": value, "91": b"x"}


@pytest.mark.parametrize(("text", "tag", "reason"), [
    ("9F", "9F", "does not end"), ("9FFFFFFF01", "9FFFFFFF01", "does not end"),
    ("9F26", "9F26", "no length"), ("9F26080102", "9F26", "cut short"),
    ("82800000", "82", "length is none"), ("82840000000100", "82", "length is none"),
    ("8281", "82", "length is none"), ("9A01269A0126", "9A", "twice"),
])
def test_a_fault_names_its_tag(text, tag, reason):
    with pytest.raises(tlv.TlvError) as error:
        tlv.read(bytes.fromhex(text))
    assert error.value.field == tag
    assert reason in error.value.reason


@given(st.binary(max_size=40))
@pytest.mark.invariant(14)
def test_any_bytes_are_read_or_refused(data):
    try:
        objects = tlv.read(data)
    except tlv.TlvError:
        return
    assert sum(map(len, objects.values())) <= len(data)
