"""The key-block LMK: what seals opens again, and nothing else does; PINs under it."""

import os

import pytest

from hsm_sim.errors import HsmError
from hsm_sim.keys import Key
from hsm_sim.lmk import KeyBlockLmk

LMK = KeyBlockLmk("00", bytes(range(32)))
ZPK = Key("P0", "T", "B", "E", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
ACCOUNT = "900000012345"


@pytest.mark.parametrize("key", [
    ZPK, Key("K0", "A", "B", "N", os.urandom(32), "01"), Key("M7", "H", "C", "S", os.urandom(64)),
    Key("51", "A", "N", "E", os.urandom(16), "c1", (("KS", "00604B120F9292800000"), ("TS", "x"))),
    Key("C0", "T", "V", "N", os.urandom(8)), Key("B0", "A", "X", "N", os.urandom(24))])
def test_what_is_sealed_opens_again(key):
    block = LMK.seal(key, os.urandom)
    assert LMK.open(block) == key
    assert LMK.seal(key, os.urandom) != block, "padding is random"


@pytest.mark.parametrize(("size", "algorithm", "length"), [
    (16, "T", "0096"), (24, "T", "0096"), (16, "A", "0096"), (32, "A", "0128")])
def test_the_outside_is_the_public_form(size, algorithm, length):
    """Header of 16 characters, a double length key in 96 characters, an AES-256 key in 128."""
    block = LMK.seal(Key("P0", algorithm, "B", "E", os.urandom(size)), os.urandom)
    assert block[:17].decode() == f"S1{length}P0{algorithm}B00E0000"
    assert len(block) == 1 + int(length)


def test_a_change_anywhere_is_found():
    block = LMK.seal(ZPK, os.urandom)
    for at in range(1, len(block)):
        changed = bytearray(block)
        changed[at] = ord("1") if changed[at] == ord("0") else ord("0")
        with pytest.raises(HsmError) as caught:
            LMK.open(bytes(changed))
        assert caught.value.code in {"A4", "15", "BE", "A3", "AC"}, at
        if at in {6, 7, 8, 9, 12} or at > 16:
            assert caught.value.code == "A4", at


@pytest.mark.parametrize(("block", "code"), [
    (b"S00096" + b"0" * 91, "BE"), (b"S10096P0TB00E0001" + b"0" * 80, "A3"),
    (b"S10097P0TB00E0000" + b"0" * 80, "15"), (b"S10096P0TB00E0000" + b" " * 80, "15"),
    (b"S10032P0TB00E0000" + b"0" * 16, "15"), (b"S10096P0TB00E0100" + b"0" * 80, "AC"),
    (b"S10096P0TB00E\xff000" + b"0" * 80, "15"), (b"S10096P0TB00EXX00" + b"0" * 80, "AB"),
    (b"S", "BE")])
def test_what_is_no_block(block, code):
    with pytest.raises(HsmError) as caught:
        LMK.open(block)
    assert caught.value.code == code


@pytest.mark.parametrize(("key", "code"), [
    (Key("P", "T", "B", "E", bytes(16)), "A6"), (Key("P0", "R", "B", "E", bytes(16)), "A7"),
    (Key("P0", "T", "Z", "E", bytes(16)), "A8"), (Key("P0", "T", "B", "X", bytes(16)), "AA"),
    (Key("P0", "T", "B", "E", bytes(16), "0"), "A9"), (Key("P0", "A", "B", "E", bytes(8)), "A5"),
    (Key("P0", "T", "B", "E", bytes(16), "00", (("XX", "d" * 200),) * 99), "AB")])
def test_what_a_header_cannot_say_is_not_sealed(key, code):
    with pytest.raises(HsmError) as caught:
        LMK.seal(key, os.urandom)
    assert caught.value.code == code


def test_another_lmk_opens_nothing():
    other = KeyBlockLmk("00", os.urandom(32))
    with pytest.raises(HsmError, match="A4"):
        other.open(LMK.seal(ZPK, os.urandom))


def test_keys_do_not_show_themselves():
    assert "0123" not in repr(ZPK)
    assert repr(ZPK) == "Key(P0 T B E, 16 bytes)"


def test_a_pin_is_bound_to_its_account():
    token = LMK.pin_to_lmk("1234", ACCOUNT, os.urandom)
    assert token[:1] == b"J"
    assert len(token) == 33
    assert LMK.pin_from_lmk(token, ACCOUNT) == "1234"
    assert token != LMK.pin_to_lmk("1234", ACCOUNT, os.urandom), "equal PINs do not look equal"
    with pytest.raises(HsmError, match="14"):
        LMK.pin_from_lmk(token, "900000012346")


@pytest.mark.parametrize("pin", ["1234", "12345", "123456789012"])
def test_pins_of_every_length_under_both_lmks(bench, pin):
    for lmk_id, length in (("00", 33), ("01", 13)):
        token = bench.unit.pin_to_lmk(pin, ACCOUNT, lmk_id)
        assert len(token) == length
        assert bench.unit.pin_from_lmk(token, ACCOUNT) == pin


@pytest.mark.parametrize("pin", ["123", "1234567890123"])
def test_a_pin_has_4_to_12_digits(bench, pin):
    with pytest.raises(HsmError, match="24"):
        bench.unit.pin_to_lmk(pin, ACCOUNT)


def test_usage_and_mode_of_a_key_block_are_held(bench):
    from hsm_sim.fields import Fields  # noqa: PLC0415

    token = Fields(bench.unit.seal(ZPK, b"S")).key()
    for _ in range(2):  # from the block, and from what is kept of it
        assert bench.unit.open(token, ("V2", "P0"), "BDN") == ZPK
        with pytest.raises(HsmError, match="A6"):
            bench.unit.open(token, ("V2", "C0"), "BDN")
        with pytest.raises(HsmError, match="A8"):
            bench.unit.open(token, "P0", "E")
