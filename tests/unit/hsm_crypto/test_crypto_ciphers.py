"""Block ciphers: published vectors, key lengths, contexts that are used again."""

import threading

import pytest
from crypto_oracles import WELL_KNOWN, aes_keys, asked, h, keys16, psec
from cryptography.hazmat.primitives import hashes, hmac
from hypothesis import given
from hypothesis import strategies as st

from hsm_sim.crypto import ciphers

NIST_TEXT = h("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
              "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
NIST_KEY = h("2b7e151628aed2a6abf7158809cf4f3c")


def test_des_nist_sp_500_20_first_variable_plaintext():
    """A key of 8 bytes is K|K|K: single DES."""
    assert ciphers.tdes_encrypt(h("0101010101010101"), h("8000000000000000")) \
        == h("95F8A5E5DD31D900")


def test_tdes_nist_sp_800_67_appendix_b():
    key = h("0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123")
    clear = b"The qufck brown fox jump"
    cipher = h("A826FD8CE53B855FCCE21C8112256FE668D5C05DD9B6B900")
    assert ciphers.tdes_encrypt(key, clear) == cipher
    assert ciphers.tdes_decrypt(key, cipher) == clear


@pytest.mark.parametrize(("key", "cipher"), [
    (NIST_KEY, "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"),
    (h("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"),
     "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef"),
    (h("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
     "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"),
])
def test_aes_ecb_nist_sp_800_38a_f1(key, cipher):
    assert ciphers.aes_encrypt(key, NIST_TEXT[:32]) == h(cipher)
    assert ciphers.aes_decrypt(key, h(cipher)) == NIST_TEXT[:32]


def test_aes_cbc_nist_sp_800_38a_f2():
    iv = bytes(range(16))
    cipher = h("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
               "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7")
    assert ciphers.aes_cbc_encrypt(NIST_KEY, iv, NIST_TEXT) == cipher
    assert ciphers.aes_cbc_decrypt(NIST_KEY, iv, cipher) == NIST_TEXT


@given(key=keys16, iv=st.binary(min_size=8, max_size=8), blocks=st.lists(
    st.binary(min_size=8, max_size=8), min_size=1, max_size=9))
def test_tdes_is_what_the_oracle_says(key, iv, blocks):
    data = b"".join(blocks)
    ecb = asked(psec.des.encrypt_tdes_ecb, key, data)
    cbc = asked(psec.des.encrypt_tdes_cbc, key, iv, data)
    assert ciphers.tdes_encrypt(key, data) == ecb
    assert ciphers.tdes_decrypt(key, ecb) == data
    assert ciphers.tdes_cbc_encrypt(key, iv, data) == cbc
    assert ciphers.tdes_cbc_decrypt(key, iv, cbc) == data


@given(key=aes_keys, data=st.binary(min_size=1, max_size=40))
def test_aes_comes_back(key, data):
    whole = data.ljust(48, b"\x00")
    assert ciphers.aes_decrypt(key, ciphers.aes_encrypt(key, whole)) == whole


@pytest.mark.parametrize("length", [0, 7, 9, 15, 17, 23, 25, 32])
def test_a_tdes_key_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match=f"8, 16 or 24 bytes, this one has {length}"):
        ciphers.tdes_encrypt(bytes(length), bytes(8))


@pytest.mark.parametrize("length", [0, 8, 15, 17, 31, 64])
def test_an_aes_key_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match=f"16, 24 or 32 bytes, this one has {length}"):
        ciphers.aes_encrypt(bytes(length), bytes(16))


def test_a_part_of_a_block_is_refused_and_leaves_nothing_in_the_context():
    """A context that had kept the four bytes would shift all that comes after them."""
    good = ciphers.tdes_encrypt(WELL_KNOWN, bytes(8)), ciphers.aes_encrypt(WELL_KNOWN, bytes(16))
    iv = bytes(8)
    for call in (lambda: ciphers.tdes_encrypt(WELL_KNOWN, bytes(4)),
                 lambda: ciphers.tdes_decrypt(WELL_KNOWN, bytes(12)),
                 lambda: ciphers.tdes_cbc_encrypt(WELL_KNOWN, iv, bytes(4)),
                 lambda: ciphers.tdes_cbc_decrypt(WELL_KNOWN, iv, bytes(12)),
                 lambda: ciphers.aes_encrypt(WELL_KNOWN, bytes(8)),
                 lambda: ciphers.aes_decrypt(WELL_KNOWN, bytes(24)),
                 lambda: ciphers.aes_cbc_encrypt(WELL_KNOWN, iv * 2, bytes(8)),
                 lambda: ciphers.aes_cbc_decrypt(WELL_KNOWN, iv * 2, bytes(24))):
        with pytest.raises(ValueError, match="whole blocks"):
            call()
    assert good == (ciphers.tdes_encrypt(WELL_KNOWN, bytes(8)),
                    ciphers.aes_encrypt(WELL_KNOWN, bytes(16)))


def test_contexts_are_bounded():
    for number in range(ciphers.MAX_CONTEXTS + 10):
        ciphers.aes_encrypt(number.to_bytes(16, "big"), bytes(16))
    assert ciphers._aes_encryptor.cache_info().currsize == ciphers.MAX_CONTEXTS


def test_threads_that_share_a_context_do_not_disturb_each_other():
    data = bytes(range(64))
    expected = ciphers.tdes_encrypt(WELL_KNOWN, data)
    wrong: list[int] = []

    def encrypt() -> None:
        wrong.append(sum(ciphers.tdes_encrypt(WELL_KNOWN, data) != expected for _ in range(2000)))

    threads = [threading.Thread(target=encrypt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [0, 0, 0, 0]


def test_check_values():
    """08D7B4 is the check value that goes with the key of so many examples."""
    assert ciphers.kcv("T", WELL_KNOWN)[:3] == h("08D7B4")
    assert ciphers.kcv("D", h("0101010101010101"))[:3] == h("8CA64D")


@pytest.mark.parametrize(("key", "check"), [
    ("3F419E1CB7079442AA37474C2EFBF8B8", "08793E"),
    ("BE19E6A07A760F10EF8E83A226B63AAD141F463FDDD4F47DB244B4023EC3CACC", "0A00E3"),
])
def test_the_check_value_of_an_aes_key_x9_24_1_annex_a(key, check):
    """The key of TR-31:2018 A.7.4, and one of a payShield 10K."""
    assert ciphers.kcv("A", h(key))[:3] == h(check)


def test_the_check_value_of_an_hmac_key():
    mac = hmac.HMAC(b"a key of any length", hashes.SHA256())
    assert ciphers.kcv("H", b"a key of any length") == mac.finalize()
    with pytest.raises(ValueError, match="no check value for keys of algorithm 'R'"):
        ciphers.kcv("R", bytes(16))


@given(key=st.binary(max_size=32))
def test_parity_is_odd_and_touches_the_lowest_bit_alone(key):
    odd = ciphers.odd_parity(key)
    assert all(byte.bit_count() % 2 for byte in odd)
    assert bytes(byte & 0xFE for byte in odd) == bytes(byte & 0xFE for byte in key)
    assert ciphers.has_odd_parity(odd)
    assert ciphers.has_odd_parity(key) == (key == odd)


def test_bytes_of_different_lengths_are_not_added():
    with pytest.raises(ValueError, match="3 and 4 bytes"):
        ciphers.xor(bytes(3), bytes(4))
