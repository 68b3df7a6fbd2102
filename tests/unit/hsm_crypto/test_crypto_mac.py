"""MACs: the annexes of ISO 9797-1 and SP 800-38B, and the oracle."""

import pytest
from crypto_oracles import WELL_KNOWN, aes_keys, asked, h, keys16, psec
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from hsm_sim.crypto import ciphers
from hsm_sim.crypto.mac import cmac, iso9797_1, iso9797_3, pad

STRING_1 = b"Now is the time for all "
STRING_2 = b"Now is the time for it"
NIST_TEXT = h("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
              "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
AES_128 = "2b7e151628aed2a6abf7158809cf4f3c"
AES_192 = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
AES_256 = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
TDES_3 = "8aa83bf8cbda10620bc1bf19fbb6cd58bc313d4a371ca8b5"
TDES_2 = "4cf15134a2850dd58a3d10ba80570d38"


@pytest.mark.parametrize(("data", "padding", "mac"), [
    (STRING_1, 0, "70A30640"), (STRING_1, 1, "70A30640"), (STRING_1, 2, "10E1F0F1"),
    (STRING_2, 1, "E45B3AD2"), (STRING_2, 2, "A924C721"),
])
def test_algorithm_1_iso_9797_1_annex_b_2(data, padding, mac):
    """The annex prints four of the eight bytes; the key is single DES."""
    assert iso9797_1(h("0123456789ABCDEF"), data, padding)[:4] == h(mac)


@pytest.mark.parametrize(("data", "padding", "mac"), [
    (STRING_1, 0, "A1C72E74EA3FA9B6"), (STRING_1, 1, "A1C72E74EA3FA9B6"),
    (STRING_1, 2, "E9086230CA3BE796"),
    (STRING_2, 1, "2E2B1428CC78254F"), (STRING_2, 2, "5A692CE64F404145"),
])
def test_algorithm_3_iso_9797_1_annex_b_4(data, padding, mac):
    assert iso9797_3(WELL_KNOWN, data, padding) == h(mac)


@given(key=keys16, data=st.binary(max_size=80), padding=st.sampled_from([1, 2]))
def test_both_algorithms_are_what_the_oracle_says(key, data, padding):
    assert iso9797_1(key, data, padding) == asked(psec.mac.generate_cbc_mac, key, data, padding)
    assert iso9797_3(key, data, padding) \
        == asked(psec.mac.generate_retail_mac, key[:8], key[8:], data, padding)


@given(key=keys16, head=st.binary(min_size=8, max_size=8), tail=st.binary(max_size=40))
def test_an_iv_is_added_to_the_first_block(key, head, tail):
    iv = b"\x5a" * 8
    shifted = ciphers.xor(head, iv) + tail
    assert iso9797_1(key, head + tail, 2, iv) == iso9797_1(key, shifted, 2)
    assert iso9797_3(key, head + tail, 1, iv) == iso9797_3(key, shifted, 1)


@given(key=keys16, parts=st.tuples(st.binary(min_size=16, max_size=16), st.binary(max_size=30)))
def test_a_long_message_goes_in_parts_by_the_iv(key, parts):
    """As an HSM takes it: what algorithm 1 leaves is the IV of what follows."""
    first, rest = parts
    assert iso9797_1(key, rest, 2, iso9797_1(key, first, 0)) == iso9797_1(key, first + rest, 2)


@pytest.mark.parametrize(("data", "padding", "padded"), [
    (b"", 1, bytes(8)), (b"", 2, b"\x80" + bytes(7)), (b"1234567", 2, b"1234567\x80"),
    (b"12345678", 1, b"12345678"), (b"12345678", 2, b"12345678\x80" + bytes(7)),
    (b"123", 1, b"123" + bytes(5)), (b"12345678", 0, b"12345678"),
])
def test_paddings(data, padding, padded):
    assert pad(data, padding) == padded


def test_macs_refuse():
    for data in (b"", b"1234567"):
        with pytest.raises(ValueError, match="whole blocks of 8"):
            iso9797_1(WELL_KNOWN, data, 0)
    with pytest.raises(ValueError, match="no such padding: 3"):
        iso9797_3(WELL_KNOWN, b"1", 3)
    for length in (8, 24):
        with pytest.raises(ValueError, match=f"16 bytes, this one has {length}"):
            iso9797_3(bytes(length), b"1", 1)
    with pytest.raises(ValueError, match="no CMAC for keys of algorithm 'H'"):
        cmac("H", WELL_KNOWN, b"")


@pytest.mark.parametrize(("algorithm", "key", "length", "mac"), [
    ("A", AES_128, 0, "bb1d6929e95937287fa37d129b756746"),
    ("A", AES_128, 16, "070a16b46b4d4144f79bdd9dd04a287c"),
    ("A", AES_128, 20, "7d85449ea6ea19c823a7bf78837dfade"),
    ("A", AES_128, 40, "dfa66747de9ae63030ca32611497c827"),
    ("A", AES_128, 64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ("A", AES_192, 0, "d17ddf46adaacde531cac483de7a9367"),
    ("A", AES_192, 16, "9e99a7bf31e710900662f65e617c5184"),
    ("A", AES_192, 20, "3d75c194ed96070444a9fa7ec740ecf8"),
    ("A", AES_192, 64, "a1d5df0eed790f794d77589659f39a11"),
    ("A", AES_256, 0, "028962f61b7bf89efc6b551f4667d983"),
    ("A", AES_256, 16, "28a7023f452e8f82bd4bf28d8c37c35c"),
    ("A", AES_256, 20, "156727dc0878944a023c1fe03bad6d93"),
    ("A", AES_256, 64, "e1992190549f6ed5696a2c056c315410"),
    ("T", TDES_3, 0, "b7a688e122ffaf95"), ("T", TDES_3, 8, "8e8f293136283797"),
    ("T", TDES_3, 20, "743ddbe0ce2dc2ed"), ("T", TDES_3, 32, "33e6b1092400eae5"),
    ("T", TDES_2, 0, "bd2ebf9a3ba00361"), ("T", TDES_2, 8, "4ff2ab813c53ce83"),
    ("T", TDES_2, 20, "62dd1b471902bd4e"), ("T", TDES_2, 32, "31b1e431dabc4eb8"),
])
def test_cmac_nist_sp_800_38b_examples(algorithm, key, length, mac):
    """Twice: the context that is copied must not have been fed."""
    for _ in range(2):
        assert cmac(algorithm, h(key), NIST_TEXT[:length]) == h(mac)


@given(key=aes_keys, data=st.binary(max_size=100))
def test_cmac_is_what_the_library_says(key, data):
    check = CMAC(AES(key))
    check.update(data)
    assert cmac("A", key, data) == check.finalize()
