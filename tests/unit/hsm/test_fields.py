"""Fields: what stands on the wire, key by key and end by end."""

import pytest

from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields

BARE16 = b"0123456789ABCDEF"
BLOCK = b"S10096P0TB00E0000" + b"A" * 80


def code_of(call):
    with pytest.raises(HsmError) as caught:
        call()
    return caught.value.code


def test_fields_are_read_in_order():
    fields = Fields(b"0412AB1Fx;1\xff\x00rest")
    assert fields.number(2) == 4
    assert fields.digits(2) == "12"
    assert fields.hexa(4) == b"\xab\x1f"
    assert fields.choice("xy") == "x"
    assert fields.skip(b";")
    assert not fields.skip(b";")
    assert fields.peek(2) == b"1\xff"
    assert fields.take(3) == b"1\xff\x00"
    assert fields.rest() == b"rest"
    assert fields.rest() == b""


@pytest.mark.parametrize("key", [
    BARE16, BARE16 * 2, b"U" + BARE16 * 2, b"X" + BARE16 * 2, b"T" + BARE16 * 3,
    b"Y" + BARE16 * 3, BLOCK, b"RD0096" + b"P" * 91])
def test_a_key_is_as_long_as_it_says(key):
    fields = Fields(key + b";rest")
    token = fields.key()
    assert token.text == key
    assert token.scheme + token.body == key
    assert fields.rest() == b";rest"
    assert "0123" not in repr(token)


@pytest.mark.parametrize("key", [
    b"", b"U" + BARE16, b"T" + BARE16 * 2, b"U" + BARE16 + b"0123456789ABCDEG", b"Q" + BARE16 * 2,
    b"S1xx96", b"S10096P0TB00E0000", b"R", b"R00", b"S10005", b"0123456789abcdeX"])
def test_what_is_no_key_is_an_input_error(key):
    assert code_of(Fields(key).key) == "15"


@pytest.mark.parametrize(("data", "call", "code"), [
    (b"1", lambda f: f.take(2), "15"), (b"1", lambda f: f.take(2, short="80"), "80"),
    (b"1x", lambda f: f.digits(2), "15"), (b"\xb2\xb3", lambda f: f.digits(2), "15"),
    (b"12G4", lambda f: f.hexa(4), "15"), (b" 1", lambda f: f.hexa(2), "15"),
    (b"+1", lambda f: f.hexa_number(2), "15"), (b"+1", lambda f: f.number(2), "15"),
    (b"z", lambda f: f.choice("xy"), "15"), (b"", lambda f: f.choice("xy"), "15"),
    (b"abc", lambda f: f.until(b";"), "15"),
])
def test_errors(data, call, code):
    assert code_of(lambda: call(Fields(data))) == code


def test_the_end_has_an_lmk_and_a_trailer_or_neither():
    fields = Fields(b"%01\x19the trailer")
    fields.end()
    assert (fields.lmk_id, fields.trailer) == ("01", b"the trailer")
    fields = Fields(b"")
    fields.end()
    assert (fields.lmk_id, fields.trailer) == (None, None)


def test_a_trailer_has_at_most_32_characters():
    Fields(b"\x19" + b"t" * 32).end()
    assert code_of(Fields(b"\x19" + b"t" * 33).end) == "15"


def test_nothing_may_be_left():
    assert code_of(Fields(b"x").end) == "15"
    assert code_of(Fields(b"%00%00").end) == "15"


def test_an_lmk_that_there_is_not():
    assert code_of(Fields(b"%07", {"00"}).end) == "13"


def test_a_key_block_of_another_lmk_than_the_message_names():
    fields = Fields(BLOCK + b"%01")
    fields.key()
    assert code_of(fields.end) == "A2"
