"""M6 and M8 in parts: first, middle and last give what the whole message gives; their codes."""

from __future__ import annotations

import itertools

import pytest

from tests.support.hsm_desk import Desk

MESSAGE = bytes(range(256)) * 3 + b"and a rest"
METHODS = {"tak": (b"31", b"32"), "zak": (b"11", b"12"), "aes_mac": (b"50",)}


def _m6(desk: Desk, name: str, part: bytes, method: bytes, message: bytes,
        chain: bytes = b"") -> bytes:
    answer = desk.ask(b"M6" + part + b"01" + method + desk.key_type(name) + desk.key(name) + chain
                      + b"%04X" % len(message) + message)
    assert answer[:4] == b"M700", answer
    return answer[4:]


@pytest.mark.parametrize(("name", "method"), [(name, method) for name, methods in METHODS.items()
                                              for method in methods])
def test_parts_give_the_mac_of_the_whole(desk: Desk, name: str, method: bytes) -> None:
    whole = _m6(desk, name, b"0", method, MESSAGE)
    block = 16 if name == "aes_mac" else 8
    for first, second in itertools.product((block, 8 * block), (2 * block, 4 * block)):
        chain = _m6(desk, name, b"1", method, MESSAGE[:first])
        assert len(chain) == 2 * block
        chain = _m6(desk, name, b"2", method, MESSAGE[first:first + second], chain)
        rest = MESSAGE[first + second:]
        assert _m6(desk, name, b"3", method, rest, chain) == whole
        last = (b"301" + method + desk.key_type(name) + desk.key(name) + chain
                + b"%04X" % len(rest) + rest)
        assert desk.ask(b"M8" + last + whole) == b"M900"
        assert desk.ask(b"M8" + last + b"0" * 16) == b"M901"


def test_m8_goes_on_from_part_to_part_as_m6_does(desk: Desk) -> None:
    body = b"131" + desk.key_type("tak") + desk.key("tak") + b"%04X" % 64 + MESSAGE[:64]
    assert desk.ask(b"M810" + body)[2:] == desk.ask(b"M610" + body)[2:]


def test_a_message_in_hex_has_the_mac_of_its_bytes(desk: Desk) -> None:
    body = b"131" + desk.key_type("tak") + desk.key("tak")
    binary = desk.ask(b"M600" + body + b"%04X" % len(MESSAGE) + MESSAGE)
    text = MESSAGE.hex().upper().encode()
    assert desk.ask(b"M601" + body + b"%04X" % len(text) + text) == binary
    assert desk.ask(b"M602" + body + b"%04X" % len(MESSAGE) + MESSAGE) == binary


@pytest.mark.parametrize(("command", "code"), [
    (b"401310", b"02"),
    (b"031310", b"03"),
    (b"002310", b"15"),
    (b"001210", b"04"),
    (b"001410", b"04"),
    (b"001330", b"09"),
    (b"001510", b"09"),
])
def test_m6_has_codes_of_its_own(desk: Desk, command: bytes, code: bytes) -> None:
    """Mode, input format, MAC size, algorithm, padding."""
    body = desk.key_type("tak") + desk.key("tak") + b"0001X"
    assert desk.ask(b"M6" + command[:5] + body)[2:] == code


def test_a_message_nobody_pads_is_in_whole_blocks(desk: Desk) -> None:
    key = desk.key_type("tak") + desk.key("tak")
    assert desk.ask(b"M600130" + key + b"0008" + b"12345678")[2:4] == b"00"
    assert desk.ask(b"M600130" + key + b"0007" + b"1234567")[2:] == b"06"
    assert desk.ask(b"M600130" + key + b"0000")[2:] == b"06"
    assert desk.ask(b"M610131" + key + b"0007" + b"1234567")[2:] == b"06"
    assert desk.ask(b"M600131" + key + b"0009" + b"12345678")[2:] == b"06"


def test_a_variant_mac_key_needs_its_type(variant_desk: Desk) -> None:
    body = variant_desk.key("tak") + b"0001X"
    assert variant_desk.ask(b"M600131001" + body)[2:] == b"05"
    assert variant_desk.ask(b"M600131FFF" + body)[2:] == b"28"
