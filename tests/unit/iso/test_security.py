"""Field 53 in every profile's forms, where a MAC belongs, and how a key change travels."""

import pytest

import iso
from iso import DecodeError, EncodeError, Message
from iso.profiles import names
from iso.security import (
    KeyControl,
    control_fields,
    has_room,
    key_change_text,
    mac_field,
    mac_of,
    read_control,
    read_key_change,
    with_room,
)

KSN_10, KSN_12 = bytes(range(10)), bytes(range(12))
BLOCK = "B0016P0TB00S0000"


def through_the_wire(profile, fields):
    message = Message(profile.version + "200", dict(sorted(fields.items())))
    return profile.codec.decode(profile.codec.encode(message)).fields


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("control", [
    KeyControl("01", "terminal", "terminal", 7, 7), KeyControl("48", "dukpt", "dukpt", ksn=KSN_12),
    KeyControl("47", "dukpt", "terminal", mac_generation=9999, ksn=KSN_10),
    KeyControl("05", "zone", "zone", 12, 3)])
def test_what_is_said_is_read(name, control):
    profile = iso.get(name)
    assert read_control(profile.security, through_the_wire(
        profile, control_fields(profile.security, control))) == control


@pytest.mark.parametrize("name", names())
def test_silence_means_the_profiles_own(name):
    security = iso.get(name).security
    assert read_control(security, {}) == KeyControl("01", "terminal", "terminal")


@pytest.mark.parametrize(("raw", "generation"), [("01", 1), ("0100", 1), ("23", 23)])
def test_the_version_of_shared_keys_as_public_hosts_send_it(raw, generation):
    """PayEx: 53-1; the public `ops` sample has one byte."""
    for name in ("ifsf", "ops"):
        assert read_control(iso.get(name).security, {53: bytes.fromhex(raw)}) == KeyControl(
            "01", "zone", "zone", generation, generation)


@pytest.mark.parametrize(("name", "fields", "where"), [
    ("ifsf", {53: bytes(3)}, "53"), ("ifsf", {53: bytes(17)}, "53"),
    ("ifsf", {53: bytes.fromhex("0A" + "00" * 7)}, "53"), ("x9tg23", {53: b"\x01"}, "53"),
    ("ifsf", {53: bytes.fromhex("3400" + "00" * 6)}, "53.pin_format"),
    ("ifsf", {53: bytes.fromhex("0190" + "00" * 6)}, "53.pin_scheme"),
    ("iso87", {53: "0104" + "0" * 12}, "53.mac_scheme"), ("iso87", {53: "01"}, "53"),
    ("iso87", {124: "XY"}, "124.ksn"), ("iso87", {124: "0011"}, "124.ksn"),
])
def test_a_fault_names_its_part(name, fields, where):
    with pytest.raises(DecodeError) as error:
        read_control(iso.get(name).security, fields)
    assert error.value.field == where


def test_a_generation_has_four_digits():
    with pytest.raises(EncodeError):
        control_fields(iso.get("ifsf").security, KeyControl("01", "terminal", "", 10_000))


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize(("number", "place"), [(11, 64), (70, 128), (124, 128)])
def test_the_mac_ends_the_message(name, number, place):
    codec = iso.get(name).codec
    value = "0" * codec.specification.fields[number].size if number < 100 else "text"
    message = Message("1800", {3: "000000", number: value})
    roomy = with_room(message)
    assert mac_field(message.fields) == place
    assert mac_of(roomy) == bytes(8)
    assert not has_room(codec.specification, codec.encode(message))
    body = codec.encode(roomy)
    assert has_room(codec.specification, body)
    assert body[-8:] == bytes(8)
    assert with_room(roomy) == roomy


def test_a_mac_that_is_not_the_end_is_refused():
    with pytest.raises(DecodeError, match="128"):
        mac_of(Message("1200", {11: "000001", 64: bytes(8), 70: "001"}))
    assert mac_of(Message("1200", {11: "000001"})) is None


def test_a_key_change_says_generation_and_blocks():
    text = key_change_text(7, BLOCK, "D0018M6AC00S0000XX")
    assert read_key_change(text) == (7, [BLOCK, "D0018M6AC00S0000XX"])
    for broken in ("", "12", "000X" + BLOCK, text[:-1], "0001D00", "0001B0009AAAA",
                   "0001B00\u00b26", "000\u00b2" + BLOCK):
        with pytest.raises(DecodeError, match="key change"):
            read_key_change(broken)
