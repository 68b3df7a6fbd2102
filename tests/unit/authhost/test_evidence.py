"""Track, PIN block and chip data: what is taken from a message, and what is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import iso
from authhost.model import Evidence, PinBlock
from authhost.translate.evidence import evidence_of, number_of, track_of
from authhost.translate.incoming import Refusal
from iso import tlv
from iso.profiles import names
from iso.security import KeyControl, control_fields

PAN = "7801310000009999490"
TRACK = f"{PAN}=301220112345678"  # service code 201, PVKI 1, PVV 2345, CVV 678
IFSF = iso.get("ifsf").security
KSN = bytes.fromhex("FFFF9876543210E00001")


def of(fields, pan=PAN, security=IFSF):
    return evidence_of(security, fields, pan, "3012")


def control(security=IFSF, **more):
    return control_fields(security, KeyControl(**{
        "pin_format": "01", "pin_scheme": "terminal", "mac_scheme": "", **more}))


@pytest.mark.parametrize(("track", "service_code", "cvv"), [
    (TRACK, "201", "678"), (TRACK.replace("=", "D"), "201", "678"),
    (TRACK + "000", "201", "678"), (TRACK[:-1], "201", ""), (f"{PAN}=3012201", "201", ""),
    (f"{PAN}=301220112345X78", "201", ""), (f"{PAN}=30122", "", ""), (f"{PAN}=3012", "", "")])
def test_a_track_in_its_parts(track, service_code, cvv):
    found = track_of(IFSF, track)
    assert (found.pan, found.expiry, found.service_code, found.cvv) == (
        PAN, "3012", service_code, cvv)
    assert PAN not in repr(found)
    assert of({35: track}) == Evidence(PAN, "3012", None, service_code, cvv)


@pytest.mark.parametrize("track", ["x", PAN, f"{PAN}=30", f"{PAN}==201", "1" * 20 + "=3012",
                                   "=3012", f"{PAN}\u00b2=3012", f"{PAN}=301\u00b2"])
def test_what_is_no_track(track):
    with pytest.raises(Refusal, match="field 35"):
        track_of(IFSF, track)


@pytest.mark.parametrize(("fields", "number"), [
    ({2: PAN, 14: "3012"}, (PAN, "3012")), ({2: PAN}, (PAN, "")), ({35: TRACK}, (PAN, "3012")),
    ({2: PAN, 35: TRACK}, (PAN, "3012")), ({2: PAN, 14: "3012", 35: TRACK}, (PAN, "3012")),
    ({2: PAN, 14: "3012", 35: ""}, (PAN, "3012")), ({}, None), ({2: ""}, None)])
def test_a_card_by_number_or_track(fields, number):
    assert number_of(IFSF, fields) == number


@pytest.mark.parametrize("fields", [{2: PAN[:-1] + "1", 35: TRACK},
                                    {2: PAN, 14: "3011", 35: TRACK}])
def test_two_cards_in_one_message(fields):
    with pytest.raises(Refusal, match="field 35"):
        number_of(IFSF, fields)


@pytest.mark.parametrize(("said", "pin"), [
    ({}, PinBlock(b"12345678", "01", "terminal")),
    (control(pin_format="47", pin_generation=3), PinBlock(b"12345678", "47", "terminal", 3)),
    (control(pin_scheme="zone", pin_generation=2), PinBlock(b"12345678", "01", "zone", 2)),
    (control(pin_scheme="dukpt", ksn=KSN), PinBlock(b"12345678", "01", "dukpt", 0, KSN)),
    ({53: b"\x01"}, PinBlock(b"12345678", "01", "zone", 1))])
def test_a_pin_block_and_its_key(said, pin):
    found = of({52: b"12345678", 23: "001", **said})
    assert (found.pin, found.psn) == (pin, "01")
    assert "12345678" not in repr(found) + repr(found.pin)


@pytest.mark.parametrize("name", names())
def test_a_block_of_sixteen_bytes_has_its_own_field(name):
    security = iso.get(name).security
    said = control(security, pin_format="48", pin_generation=1)
    block = bytes(range(16))
    found = of({**said, security.pin_field_16: block.hex()}, security=security)
    assert found.pin == PinBlock(block, "48", "terminal", 1)


@pytest.mark.parametrize(("fields", "where"), [
    ({52: bytes(8), 53: b"123"}, "field 53:"), ({52: bytes(8), **control(pin_format="48")},
                                                "field 52:"),
    ({125: "00" * 16}, "field 125:"), ({125: "00" * 15, **control(pin_format="48")}, "field 125:"),
    ({125: "X" * 32, **control(pin_format="48")}, "field 125:"),
    ({52: bytes(8), 125: "00" * 16, **control()}, "field 125:"),
    ({52: bytes(8), **control(pin_scheme="dukpt")}, "field 53.ksn:"),
    ({52: bytes(8), 53: bytes.fromhex("99" + "00" * 7)}, "field 53.pin_format:"),
    ({55: b"\x9f"}, "field 55: tag 9F"),
    ({55: tlv.write("5A", bytes.fromhex(PAN[:-1] + "1f"))}, "field 55: tag 5A"),
    ({55: tlv.write("57", bytes.fromhex(PAN[:-1] + "1d3012"))}, "field 55: tag 57"),
])
def test_a_fault_names_field_and_part(fields, where):
    with pytest.raises(Refusal) as refusal:
        of(fields)
    assert str(refusal.value).startswith(where)
    assert PAN[:-1] not in str(refusal.value)


def test_chip_data_goes_on_as_it_came():
    chip = (tlv.write("5A", bytes.fromhex(PAN + "f")) + tlv.write("9F26", bytes(8))
            + tlv.write("57", bytes.fromhex(PAN + "d3012201f")))
    assert of({55: chip}).chip == chip


@given(st.sampled_from(names()), st.binary(max_size=48), st.binary(max_size=60),
       st.text(max_size=37), st.text("0123456789ABCDEFabcdefX ", max_size=34))
@pytest.mark.invariant(14)
def test_whatever_comes_is_evidence_or_refused(name, control, chip, track, text):
    security = iso.get(name).security
    said = control if security.packed else text
    for fields in ({52: bytes(8), 53: said, 124: text}, {125: text, 53: said}, {55: chip},
                   {35: track, 55: chip}):
        try:
            made = evidence_of(security, fields, PAN, "3012")
        except Refusal:
            continue
        assert made.pan == PAN
