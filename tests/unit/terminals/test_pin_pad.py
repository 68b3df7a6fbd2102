"""The PIN pad: each block opens to the PIN under the key that it names; nothing else leaves."""

from __future__ import annotations

import pytest
from known_keys import TMK, TPK, answer

from hsm_sim.crypto import dukpt_aes, dukpt_tdes, pin_blocks
from hsm_sim.crypto.ciphers import tdes_decrypt
from hsm_sim.crypto.mac import cmac, iso9797_3
from terminals.pin_pad import Dukpt, EncipheredPin, NoMoreKeys, PinPad, ZoneKey
from terminals.session_keys import SessionKeys

PAN, PIN = "7801310000009999490", "4711"
ACCOUNT = pin_blocks.account12(PAN)
# ANSI X9.24-1:2009, A.4 and X9.24-3:2017, B.5: base keys and serials.
BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
SERIAL = bytes.fromhex("FFFF9876543210E00000")
AES_BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
AES_SERIAL = bytes.fromhex("123456789012345600000000")


def opened(key: bytes, made: EncipheredPin) -> str:
    if made.format == "48":
        return pin_blocks.decrypt_iso4(key, made.block, PAN)
    return pin_blocks.decode(made.format, tdes_decrypt(key, made.block), ACCOUNT)


@pytest.mark.parametrize(("algorithm", "pin_format"), [("T", "01"), ("T", "47"), ("T", "05"),
                                                       ("A", "48")])
def test_under_the_session_key(algorithm: str, pin_format: str) -> None:
    keys = SessionKeys(TMK, "A" if algorithm == "A" else "T")
    keys.load(answer(2, algorithm=algorithm))
    made = PinPad(keys).encipher(PIN, PAN, pin_format)
    assert (made.format, made.scheme, made.generation) == (pin_format, "terminal", 2)
    assert opened(TPK, made) == PIN
    assert PIN not in repr(made)
    assert made.block.hex() not in repr(made)


def test_under_a_zone_key() -> None:
    made = PinPad(ZoneKey(BDK, generation=4)).encipher(PIN, PAN)
    assert (made.scheme, made.generation, opened(BDK, made)) == ("zone", 4, PIN)


def test_dukpt_of_x9_24_1() -> None:
    """ANSI X9.24-1:2009, A.4: initial key, the first block, and a MAC's key."""
    device = Dukpt(bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A"), SERIAL)
    made = PinPad(device).encipher("1234", "4012345678909")
    assert made.ksn == bytes.fromhex("FFFF9876543210E00001")
    assert made.block == bytes.fromhex("1B9C1845EB993A7A")
    request, _ = dukpt_tdes.mac_keys(BDK, made.ksn)
    assert device.sealing(made.ksn).mac(b"data") == iso9797_3(request, b"data", 1)


def test_dukpt_of_x9_24_3() -> None:
    """ANSI X9.24-3:2017, B.5: initial key and the first PIN key."""
    initial = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
    device = Dukpt(initial, AES_SERIAL)
    made = PinPad(device).encipher(PIN, PAN)
    assert (made.ksn.hex(), made.format) == ("123456789012345600000001", "48")
    assert opened(bytes.fromhex("AF8CB133A78F8DC2D1359F18527593FB"), made) == PIN
    key = dukpt_aes.working_key(AES_BDK, made.ksn, dukpt_aes.Purpose.MAC_BOTH,
                                dukpt_aes.KeyType.AES128)
    assert device.sealing(made.ksn).mac(b"data") == cmac("A", key, b"data")[:8]


def test_counters_with_too_many_ones_are_passed_over() -> None:
    device = Dukpt(bytes(16), SERIAL[:-3] + bytes.fromhex("E003FF"))
    assert device.next().hex()[-6:] == "e00400"
    device = Dukpt(bytes(16), SERIAL[:-3] + bytes.fromhex("FFF800"))
    for _ in range(2):  # the last counter with ten ones: at the end it stays
        with pytest.raises(NoMoreKeys):
            device.next()


def test_each_counter_is_used_once() -> None:
    device = Dukpt(bytes(16), AES_SERIAL)
    pad = PinPad(device)
    assert len({pad.encipher(PIN, PAN).ksn for _ in range(50)}) == 50
