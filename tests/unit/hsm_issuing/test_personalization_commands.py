"""A chip card's keys out of the HSM: Z0 to Z6, M0 and M2, FY and EW, against the card's code."""

from __future__ import annotations

import os
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from chip import keys

SERIAL: Final = bytes.fromhex("0011223344556677")
TRANSPORT, AUTH, PIN, AC = (bytes([one] * 16) for one in (1, 2, 3, 4))
PAN: Final = "7040010123456784"
USAGES: Final = {0x10: "E5", 0x20: "E2", 0x30: "E1", 0x40: "E0"}
VALUES: Final = {0x10: TRANSPORT, 0x20: AUTH, 0x30: PIN, 0x40: AC}


def master(bench: Any, ref: int, mode: str = "X") -> bytes:
    """The master of a reference under the LMK."""
    made: bytes = bench.key(USAGES[ref], VALUES[ref], mode)
    return made


def hexa(data: bytes) -> bytes:
    """As it stands on the wire."""
    return data.hex().upper().encode()


@pytest.mark.parametrize("target", [0x20, 0x30, 0x40])
def test_a_key_leaves_under_the_cards_own_key_for_it(bench: Any, target: int) -> None:
    tail = b"7040010123456784;00" if target == 0x40 else b""
    answer = bench.good(b"Z0%02X%b%b%b%b" % (
        target, hexa(SERIAL), master(bench, 0x10), master(bench, target), tail))
    key = keys.cryptogram_key(AC, PAN, "00") if target == 0x40 \
        else keys.diversified(VALUES[target], target, SERIAL)
    assert answer == hexa(keys.loaded(keys.loading_key(TRANSPORT, target, SERIAL), key))
    assert hexa(key) not in answer


def test_mutual_authentication_as_the_card_has_it(bench: Any) -> None:
    card_random = os.urandom(16)
    for ref in (0x10, 0x20):
        key = keys.diversified(VALUES[ref], ref, SERIAL)
        head = b"%02X%b%b%b" % (ref, hexa(SERIAL), master(bench, ref), hexa(card_random))
        answer = bytes.fromhex(bench.good(b"Z2" + head).decode())
        own, proof = answer[:16], answer[16:]
        assert proof == keys.terminal_proof(key, card_random, own, SERIAL)
        theirs = keys.card_proof(key, card_random, own, SERIAL)
        blocks = bench.good(b"Z4" + head + hexa(own) + hexa(theirs))
        enc, mac = keys.session_pair(key, card_random, own, SERIAL)
        length = 1 + int(blocks[2:6])
        for block, value, usage, mode in ((blocks[:length], enc, "D0", "B"),
                                          (blocks[length:], mac, "M6", "C")):
            opened = bench.unit.key_block_lmk.open(block)
            assert (opened.value, opened.usage, opened.mode, opened.exportability) == \
                (value, usage, mode, "N")
        wrong = bytes([theirs[0] ^ 1]) + theirs[1:]
        assert bench.ask(b"Z4" + head + hexa(own) + hexa(wrong)) == b"01"
        # Our own proof, reflected, is none.
        assert bench.ask(b"Z4" + head + hexa(own) + hexa(proof)) == b"01"


def test_our_challenge_is_never_the_same(bench: Any) -> None:
    command = b"Z220%b%b%b" % (hexa(SERIAL), master(bench, 0x20), hexa(bytes(16)))
    assert len({bench.good(command)[:32] for _ in range(20)}) == 20


def test_a_pin_leaves_for_one_card(bench: Any) -> None:
    token = bench.good(b"JA" + PAN[-13:-1].encode() + b"05")
    pin = bench.unit.pin_from_lmk(token, PAN[-13:-1])
    block = bytes.fromhex(bench.good(
        b"Z6%b%b%b%b;" % (hexa(SERIAL), master(bench, 0x30), token, PAN.encode())).decode())
    key = keys.diversified(PIN, 0x30, SERIAL)
    assert keys.pin_of_block(key, block, PAN) == pin
    with pytest.raises(ValueError, match="not a format 4"):
        keys.pin_of_block(keys.diversified(PIN, 0x30, bytes(8)), block, PAN)
    other = b"7040010999999996"
    assert bench.ask(b"Z6%b%b%b%b;" % (hexa(SERIAL), master(bench, 0x30), token, other)) == b"14"


@pytest.mark.parametrize(("ref", "wrong"), [(0x10, 0x20), (0x20, 0x10), (0x10, 0x40)])
def test_a_master_has_one_purpose(bench: Any, ref: int, wrong: int) -> None:
    command = b"Z2%02X%b%b%b" % (ref, hexa(SERIAL), master(bench, wrong), hexa(bytes(16)))
    assert bench.ask(command) == b"A6"


def test_a_master_is_aes_128_and_derives(bench: Any) -> None:
    tail = hexa(bytes(16))
    head = b"Z220" + hexa(SERIAL)
    assert bench.ask(head + bench.key("E2", bytes(32), "X") + tail) == b"27"
    assert bench.ask(head + bench.key("E2", bytes(16), "X", "T") + tail) == b"A7"
    assert bench.ask(head + bench.key("E2", AUTH, "B") + tail) == b"A8"
    assert bench.ask(head + bench.key("E2", AUTH, "N") + tail)[:2] == b"00"
    assert bench.ask(head + b"U" + b"0" * 32 + tail)[:2] == b"26"


@pytest.mark.parametrize("command", [
    b"Z0", b"Z010", b"Z0500011223344556677", b"Z230", b"Z220001122", b"Z4", b"Z6zz"])
def test_half_a_command_of_the_card_is_refused(bench: Any, command: bytes) -> None:
    assert bench.ask(command)[:2] == b"15"


@pytest.mark.parametrize("pan", [b"12345678901", b"12345678901234567890", b"70400101234567x4"])
def test_a_card_number_has_twelve_to_nineteen_digits(bench: Any, pan: bytes) -> None:
    token = bench.good(b"JA" + PAN[-13:-1].encode())
    command = b"Z6%b%b%b%b;" % (hexa(SERIAL), master(bench, 0x30), token, pan)
    assert bench.ask(command) == b"22"


@pytest.mark.parametrize("algorithm", ["A", "T"])
@pytest.mark.parametrize("mode", [b"00", b"01"])
def test_a_data_block_there_and_back(bench: Any, algorithm: str, mode: bytes) -> None:
    key = bench.key("D0", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), "B", algorithm)
    iv = b"" if mode == b"00" else b"0" * (32 if algorithm == "A" else 16)
    plain = os.urandom(48)
    sealed = bench.good(b"M0%b00FFF%b%b0030%b" % (mode, key, iv, plain))
    next_iv, body = sealed[:len(iv)], sealed[len(iv):]
    assert body[:4] == b"0030"
    assert body[4:] != plain
    if iv:
        assert next_iv == hexa(body[4:])[-len(iv):]
    opened = bench.good(b"M2%b01FFF%b%b0030%b" % (mode, key, iv, body[4:]))
    assert opened[len(iv):] == b"0060" + hexa(plain)
    if algorithm == "A" and iv:
        assert body[4:] == keys.encipher_chain(
            bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), plain)


@pytest.mark.parametrize(("tail", "code"), [
    (b"000FAAAAAAAAAAAAAAA", b"80"), (b"0020A", b"80"), (b"0000", b"80"), (b"00", b"15")])
def test_a_data_block_is_whole_blocks(bench: Any, tail: bytes, code: bytes) -> None:
    key = bench.key("D0", bytes(16), "B")
    assert bench.ask(b"M00000FFF" + key + tail) == code


def test_a_data_key_does_what_its_mode_says(bench: Any) -> None:
    encrypts, decrypts = (bench.key("D0", bytes(16), mode) for mode in "ED")
    tail = b"0010" + bytes(16)
    assert bench.ask(b"M00000FFF" + encrypts + tail)[:2] == b"00"
    assert bench.ask(b"M20000FFF" + encrypts + tail) == b"A8"
    assert bench.ask(b"M20000FFF" + decrypts + tail)[:2] == b"00"
    assert bench.ask(b"M00000FFF" + decrypts + tail) == b"A8"
    assert bench.ask(b"M00000FFF" + bench.key("P0", bytes(16), "B") + tail) == b"A6"


def test_the_issuers_key_signs_and_stays(bench: Any) -> None:
    made = bench.good(b"FY00#S0S00N00")
    point, block = bytes.fromhex(made[:130].decode()), made[130:]
    body = os.urandom(200)
    answer = bench.good(b"EW0602%04d%b;99FFFF%b" % (len(body), body, block))
    assert answer[:4] == b"0064"
    r, s = (int.from_bytes(answer[at:at + 32], "big") for at in (4, 36))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    public.verify(encode_dss_signature(r, s), body, ec.ECDSA(hashes.SHA256()))
    private = bench.unit.key_block_lmk.open(block)
    assert private.exportability == "N"
    assert hexa(private.value) not in made
    assert repr(private.value) not in repr(private)


def test_nothing_but_a_signing_key_signs(bench: Any) -> None:
    command = b"EW06020003abc;99FFFF"
    assert bench.ask(command + bench.key("E2", AUTH, "X")) == b"A6"
    assert bench.ask(command + bench.key("S0", bytes(16), "S")) == b"A7"
    assert bench.ask(b"EW0601" + command[6:] + bench.key("S0", bytes([1] * 32), "S", "E")) == b"47"
    assert bench.ask(b"FY01#S0S00N00") == b"47"
    assert bench.ask(b"FY00#S0N00E00") == b"A6"
