"""The codec against pyiso8583: whatever the bytes, the same verdict and the same values.

The library is the oracle. Where ours is stricter on purpose (lengths and bitmaps are digits and
nothing else, elements are of their kind, no third bitmap), the oracle's verdict is narrowed here,
in this file's own words and not with the codec's code.
"""

import iso8583
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iso
from iso.fields import Field

CODECS = {name: iso.get(name).codec for name in ("iso87", "ifsf")}
FREQUENT = [2, 3, 4, 7, 11, 12, 39, 41, 48, 52, 53, 55, 63, 70, 128]
ALPHABETS = {
    "n": st.sampled_from("0123456789"),
    "an": st.sampled_from("ABZaz019 "),
    "ans": st.sampled_from("ABZaz019 ,.-\\/é"),
    "z": st.sampled_from("0123456789=D"),
    "t": st.characters(max_codepoint=255),
}


def values(field: Field) -> st.SearchStrategy[str | bytes]:
    least, most = (0, min(field.size, 24)) if field.prefix else (field.size, field.size)
    if field.kind == "b":
        return st.binary(min_size=least, max_size=most)
    return st.text(ALPHABETS[field.kind], min_size=least, max_size=most)


@st.composite
def messages(draw, name):
    fields = CODECS[name].specification.fields
    known = sorted(set(fields) - {65})
    numbers = draw(st.lists(st.sampled_from(FREQUENT) | st.sampled_from(known), unique=True))
    mti = draw(st.text(ALPHABETS["n"], min_size=4, max_size=4))
    return iso.Message(mti, {number: draw(values(fields[number])) for number in numbers})


def oracle(name: str, data: bytes) -> iso.Message | None:
    """What pyiso8583 reads, unless it is something that we refuse on purpose."""
    spec = CODECS[name].specification
    try:
        decoded, encoded = iso8583.decode(data, spec.pyiso8583)
    except iso8583.DecodeError:
        return None
    bitmaps = decoded["p"] + decoded.get("1", "")
    if not decoded["t"].isdecimal() or len(bitmaps) not in (16, 32) or " " in bitmaps:
        return None
    if any(one not in "0123456789abcdefABCDEF" for one in bitmaps):
        return None
    fields: dict[int, str | bytes] = {}
    for key in (one for one in decoded if one.isdecimal() and one != "1"):
        field, length = spec.fields[int(key)], encoded[key]["len"]
        if length and not length.isdigit():
            return None
        text = decoded[key]
        if field.kind == "b":
            fields[int(key)] = bytes.fromhex(text)
            continue
        if field.kind == "n" and text.strip("0123456789"):
            return None
        if field.kind in ("an", "ans", "z") and not text.isprintable():
            return None
        fields[int(key)] = text
    return iso.Message(decoded["t"], fields)


def verdict(codec: iso.Codec, data: bytes) -> iso.Message | None:
    try:
        return codec.decode(data)
    except iso.DecodeError as error:
        fault = error
    assert 0 <= fault.position <= len(data)
    return None


def check(name: str, data: bytes) -> None:
    """Our verdict is the oracle's, from a fresh codec and from one that knows the bitmap."""
    expected = oracle(name, data)
    assert verdict(iso.Codec(CODECS[name].specification), data) == expected
    for _ in range(4):
        assert verdict(CODECS[name], data) == expected


@pytest.mark.invariant(14)
@pytest.mark.parametrize("name", CODECS)
@given(data=st.binary(max_size=80))
def test_any_bytes_have_the_oracles_verdict(name, data):
    check(name, data)
    check(name, b"1200" + data)


@pytest.mark.parametrize("name", CODECS)
@given(data=st.data())
def test_a_message_is_read_back_as_it_was_written(name, data):
    message = data.draw(messages(name))
    codec = CODECS[name]
    document = {"t": message.mti} | {
        str(number): value.hex() if isinstance(value, bytes) else value
        for number, value in message.fields.items()
    }
    expected = bytes(iso8583.encode(document, codec.specification.pyiso8583)[0])
    for _ in range(4):
        assert codec.encode(message) == expected
        assert codec.decode(expected) == message
    assert list(codec.decode(expected).fields) == sorted(message.fields)


@pytest.mark.invariant(14)
@pytest.mark.parametrize("name", CODECS)
@given(data=st.data())
@settings(max_examples=200)
def test_a_damaged_message_has_the_oracles_verdict(name, data):
    codec = CODECS[name]
    message = data.draw(messages(name))
    wire = codec.encode(message)
    for _ in range(4):
        codec.decode(wire)
    at = data.draw(st.integers(0, len(wire)))
    wrong = data.draw(st.binary(max_size=3) | st.sampled_from([b"+1", b" 1", b"-0", b"1_0"]))
    check(name, wire[:at])
    check(name, wire[:at] + wrong + wire[at:])
    check(name, wire[:at] + wrong + wire[at + len(wrong) :])
