"""Keys, PIN blocks, cryptograms: published vectors, and the algorithms of the HSM beside them."""

from __future__ import annotations

import os

import pytest

from chip import cryptogram, keys
from hsm_sim.crypto import emv, pin_blocks

KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
PLAIN = bytes.fromhex("6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51"
                      "30C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710")
PAN = "7013370000000000017"


@pytest.mark.parametrize(("length", "mac"), [
    (0, "BB1D6929E95937287FA37D129B756746"), (16, "070A16B46B4D4144F79BDD9DD04A287C"),
    (40, "DFA66747DE9AE63030CA32611497C827"), (64, "51F0BEBF7E3B9D92FC49741779363CFE")])
def test_cmac_of_rfc_4493(length: int, mac: str) -> None:
    assert keys.cmac(KEY, PLAIN[:length]) == bytes.fromhex(mac)


def test_ciphers_of_sp_800_38a() -> None:
    assert keys.encipher(KEY, PLAIN[:16]) == bytes.fromhex("3AD77BB40D7A3660A89ECAF32466EF97")
    assert keys.decipher(KEY, keys.encipher(KEY, PLAIN)) == PLAIN
    assert keys.decipher_chain(KEY, keys.encipher_chain(KEY, PLAIN)) == PLAIN


@pytest.mark.parametrize("pin", ["1234", "471108", "123456789012"])
@pytest.mark.parametrize("pan", [PAN, "123456789012", "5413339000001513"])
def test_the_hsm_s_pin_block_is_read(pin: str, pan: str) -> None:
    block = pin_blocks.encrypt_iso4(KEY, pin, pan, os.urandom)
    assert keys.pin_of_block(KEY, block, pan) == pin
    other = pan[:-2] + "99"
    with pytest.raises(ValueError, match="PIN block"):
        keys.pin_of_block(KEY, block, other)
    with pytest.raises(ValueError, match="PIN block"):
        keys.pin_of_block(bytes(16), block, pan)


def test_the_hsm_derives_the_same_keys_and_cryptograms() -> None:
    card_key = keys.cryptogram_key(KEY, PAN, "01")
    assert card_key == emv.card_key("AES", KEY, PAN, "01")
    atc = (258).to_bytes(2, "big")
    session = emv.session_key("csk_aes", card_key, atc)
    assert cryptogram.session_key(card_key, 258) == session
    iad = bytes.fromhex("0601A603A41000")
    data = bytes(range(29))
    value = cryptogram.compute(card_key, data, 258, iad)
    assert value == emv.cryptogram(session, data + cryptogram.AIP + atc + iad, "cmac")
    arpc = cryptogram.arpc(card_key, 258, value, b"00")
    assert arpc == emv.arpc_1(session, value, b"00", aes=True)
    assert cryptogram.arpc_is_good(card_key, 258, value, arpc + b"00")
    assert not cryptogram.arpc_is_good(card_key, 258, value, arpc + b"05")


def test_each_key_is_for_one_card_and_one_purpose() -> None:
    serials = (bytes(8), bytes(7) + b"\x01")
    refs = (keys.TRANSPORT, keys.AUTHENTICATION, keys.PIN_LOADING)
    made = {keys.diversified(KEY, ref, serial) for ref in refs for serial in serials}
    made |= {keys.loading_key(KEY, ref, serial) for ref in keys.LOADED for serial in serials}
    assert len(made) == 12
    proofs = {keys.terminal_proof(KEY, bytes(16), bytes(16), bytes(8)),
              keys.card_proof(KEY, bytes(16), bytes(16), bytes(8)),
              *keys.session_pair(KEY, bytes(16), bytes(16), bytes(8))}
    assert len(proofs) == 4
