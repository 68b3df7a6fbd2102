"""Chip cryptograms: examples of public sources, and the oracle for every cryptogram version.

Of the AES ones there is no example in the standard and no oracle: those here are of an independent
implementation of EMV 4.4 Book 2, and of this test's own reading of it.
"""

from typing import NamedTuple

import pytest
from crypto_oracles import WELL_KNOWN, asked, h, keys16, pyemv
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given
from hypothesis import strategies as st

from hsm_sim.crypto import emv
from hsm_sim.crypto.ciphers import has_odd_parity, kcv

AES_MASTER = h("0F0E0D0C0B0A09080706050403020100")
pans = st.text("0123456789", min_size=12, max_size=19)
numbers = st.text("0123456789", min_size=2, max_size=2)


class Transaction(NamedTuple):
    """The data that a card puts under its cryptogram, by tag."""

    amount: bytes = h("000000004000")
    other: bytes = h("000000000000")
    country: bytes = h("0124")
    tvr: bytes = h("8000048000")
    currency: bytes = h("0124")
    date: bytes = h("191105")
    kind: bytes = h("01")
    un: bytes = h("52BF4585")
    aip: bytes = h("1800")
    atc: bytes = h("001C")

    def tags(self) -> dict[str, bytes]:
        """As the oracle names them."""
        return dict(zip(("tag_9f02", "tag_9f03", "tag_9f1a", "tag_95", "tag_5f2a", "tag_9a",
                         "tag_9c", "tag_9f37", "tag_82", "tag_9f36"), self, strict=True))


transactions = st.builds(
    Transaction, amount=st.binary(min_size=6, max_size=6), un=st.binary(min_size=4, max_size=4),
    atc=st.binary(min_size=2, max_size=2))


@pytest.mark.parametrize(("method", "issuer_key", "pan", "psn", "key"), [
    # the documentation of pyemv
    ("A", WELL_KNOWN, "99012345678901234", "45", "67F8292358083E5EA7AB7FDA58D53B6B"),
    ("A", WELL_KNOWN, "12345678901234567", "01", "73AD54688CEF2934B0979857E3C719F1"),
    ("B", WELL_KNOWN, "99012345678901234", "45", "985EC4FD3EDF6162E31AF1C7D0543416"),
    ("B", WELL_KNOWN, "12345678901234567", "01", "AD406D7F6D7570916D75E5DCAB8CF737"),
    # EFTlab's calculator
    ("A", h("0123456789ABCDEF" * 2), "43219876543210987", "00", "C8B507136D921FD05864C81F79F2D30B"),
    # an independent implementation of EMV 4.4 Book 2 A1.4.3
    ("AES", AES_MASTER, "1234567890", "00", "F5C0A799FFBED1DB4F9BD2E54BF2CFD9"),
    ("AES", AES_MASTER, "1234567890", "12", "CBCE431053E9874B1AF0B115D6E04C2A"),
])
def test_card_keys_public_examples(method, issuer_key, pan, psn, key):
    assert emv.card_key(method, issuer_key, pan, psn) == h(key)


@given(issuer_key=keys16, pan=pans, psn=numbers)
def test_card_keys_are_what_the_oracle_says(issuer_key, pan, psn):
    for method, oracle in (("A", pyemv.kd.derive_icc_mk_a), ("B", pyemv.kd.derive_icc_mk_b)):
        key = emv.card_key(method, issuer_key, pan, psn)
        assert key == asked(oracle, issuer_key, pan, psn)
        assert has_odd_parity(key)


def test_options_a_and_b_part_beyond_sixteen_digits():
    for length in (12, 16, 17, 19):
        pan = "1234567890123456789"[:length]
        same = emv.card_key("A", WELL_KNOWN, pan, "00") == emv.card_key("B", WELL_KNOWN, pan, "00")
        assert same == (length <= 16)


@pytest.mark.parametrize("length", [16, 24, 32])
def test_aes_card_keys_are_as_long_as_the_issuers(length):
    """Book 2 A1.4.3: AES of Y, then AES of Y inverted, as much of it as is wanted."""
    issuer_key = bytes(range(length))
    y = h("00000000000000" + "1234567890123456" + "07")
    whole = plain_aes(issuer_key, y) + plain_aes(issuer_key, bytes(byte ^ 0xFF for byte in y))
    assert emv.card_key("AES", issuer_key, "1234567890123456", "07") == whole[:length]


def plain_aes(key: bytes, data: bytes) -> bytes:
    """AES as the library has it."""
    return Cipher(AES(key), modes.ECB()).encryptor().update(data)


@given(key=keys16, atc=st.binary(min_size=2, max_size=2), un=st.binary(min_size=4, max_size=4))
def test_session_keys_are_what_the_oracle_says(key, atc, un):
    assert emv.session_key("csk", key, atc, un) \
        == asked(pyemv.kd.derive_common_sk, key, atc + bytes(6))
    assert emv.session_key("mastercard", key, atc, un) \
        == asked(pyemv.kd.derive_common_sk, key, atc + bytes(2) + un)
    assert emv.session_key("none", key, atc, un) == key


def test_session_key_public_example():
    assert emv.session_key("csk", WELL_KNOWN, h("001C")) == h("E9FB384AF807B940FEDCEA613461B0C4")


def test_aes_session_keys():
    """128 bits: an independent implementation's. More: Book 2 A1.3.1, third byte F0 and 0F."""
    assert emv.session_key("csk_aes", AES_MASTER, h("0001")) \
        == h("F06C204C70D2AD0CD1FA3B8CE15958F8")
    for length in (24, 32):
        key = bytes(range(length))
        whole = plain_aes(key, h("0001F0") + bytes(13)) + plain_aes(key, h("00010F") + bytes(13))
        assert emv.session_key("csk_aes", key, h("0001")) == whole[:length]


def test_cryptograms_and_responses_public_examples():
    """The documentation of pyemv."""
    key = h("29B33180E567CE38EA4CBC9D753B0E61")
    arqc = emv.cryptogram(key, h("0123456789ABCDEF0123456789ABCDEF"), "emv")
    assert arqc == h("FA624250B008B59A")
    assert emv.arpc_1(key, arqc, bytes(2)) == h("45D4255EEF10C920")
    assert emv.arpc_2(key, arqc, bytes(4)) == h("CB56FA40")
    key = h("AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBB")
    data = h("000000002000000000000000012400000080000124110309003804823E58000001")
    assert emv.cryptogram(key, data, "emv") == h("3B76CF10FECD8789")
    assert emv.arpc_1(key, h("1234567890ABCDEF"), bytes(2)) == h("F5E6F44147E2F1B0")
    assert emv.arpc_2(key, h("1234567890ABCDEF"), bytes(4)) == h("9308BEBC")


@given(key=keys16, arqc=st.binary(min_size=8, max_size=8), arc=st.binary(min_size=2, max_size=2),
       csu=st.binary(min_size=4, max_size=4), proprietary=st.binary(max_size=8))
def test_responses_are_what_the_oracle_says(key, arqc, arc, csu, proprietary):
    assert emv.arpc_1(key, arqc, arc) == asked(pyemv.ac.generate_arpc_1, key, arqc, arc)
    assert emv.arpc_2(key, arqc, csu, proprietary) \
        == asked(pyemv.ac.generate_arpc_2, key, arqc, csu, proprietary)


def test_aes_responses():
    """EMV 4.4 Book 2 8.2, as an independent implementation has them."""
    key = emv.session_key("csk_aes", AES_MASTER, h("0001"))
    assert emv.arpc_1(key, h("AABBCCDDEEFF0011"), b"00", aes=True) == h("0098123763F758D5")
    assert emv.arpc_2(key, h("0102030405060708"), h("80000000"), h("A1B2C3D4"), aes=True) \
        == h("66FBE2F5")
    assert emv.arpc_2(key, h("0102030405060708"), bytes(4), aes=True) == h("772B7AEA")


def test_aes_cryptogram_is_the_first_half_of_a_cmac_sp_800_38b():
    key, data = h("2b7e151628aed2a6abf7158809cf4f3c"), h("6bc1bee22e409f96e93d7e117393172a")
    assert emv.cryptogram(key, data, "cmac") == h("070a16b46b4d4144")


def test_visa_10_public_example():
    """pyemv's tests, which were compared with an HSM's answers."""
    given_ = Transaction()
    keys = emv.transaction_keys("visa-10", WELL_KNOWN, "1234567890123456", "00", given_.atc)
    assert kcv("T", keys[0])[:2] == h("BAB0")
    arqc = emv.arqc("visa-10", keys[0], b"".join(given_) + h("03A06010"))
    assert arqc == h("29CCA15AE665FA2E")
    assert emv.arpc("visa-10", keys[1], arqc, b"00") == h("28993816AFAE4AEB")


def test_visa_18_public_example():
    """pyemv's tests, which were compared with an HSM's answers."""
    given_ = Transaction()
    keys = emv.transaction_keys("visa-18", WELL_KNOWN, "1234567890123456", "00", given_.atc)
    assert kcv("T", keys[0])[:2] == h("22C8")
    arqc = emv.arqc("visa-18", keys[0], b"".join(given_) + h("06011203A0B800"))
    assert arqc == h("7A788EA6B8A3E733")
    assert emv.arpc("visa-18", keys[1], arqc, bytes(4)) == h("9AF514C1")


def mine(scheme: str, key: bytes, card: tuple[str, str], moment: Transaction, last: bytes,
         response: bytes) -> tuple[bytes, bytes]:
    """ARQC and ARPC of a transaction."""
    request, answer = emv.transaction_keys(scheme, key, *card, moment.atc, moment.un)
    arqc = emv.arqc(scheme, request, b"".join(moment) + last)
    return arqc, emv.arpc(scheme, answer, arqc, response)


@given(key=keys16, card=st.tuples(pans, numbers), moment=transactions,
       cvr=st.binary(min_size=4, max_size=4), arc=st.binary(min_size=2, max_size=2))
def test_visa_10_is_what_the_oracle_says(key, card, moment, cvr, arc):
    oracle = pyemv.cvn.VisaCVN10
    theirs = asked(oracle, key, key, key, *card)
    arqc = asked(theirs.generate_ac, **moment.tags(), cvr=cvr)
    assert mine("visa-10", key, card, moment, cvr, arc) \
        == (arqc, asked(theirs.generate_arpc, arqc, arc))


@pytest.mark.parametrize(("scheme", "name"), [("visa-18", "VisaCVN18"), ("visa-22", "VisaCVN22")])
@given(key=keys16, card=st.tuples(pans, numbers), moment=transactions,
       iad=st.binary(min_size=7, max_size=32), csu=st.binary(min_size=4, max_size=4))
def test_visa_18_and_22_are_what_the_oracle_says(scheme, name, key, card, moment, iad, csu):
    theirs = asked(getattr(pyemv.cvn, name), key, key, key, *card)
    arqc = asked(theirs.generate_ac, **moment.tags(), tag_9f10=iad)
    assert mine(scheme, key, card, moment, iad, csu) \
        == (arqc, asked(theirs.generate_arpc, arqc, moment.atc, csu))


@pytest.mark.parametrize(("scheme", "name", "counters"), [
    ("mastercard-16", "MasterCardCVN16", False), ("mastercard-17", "MasterCardCVN17", True),
    ("mastercard-20", "MasterCardCVN20", False), ("mastercard-21", "MasterCardCVN21", True)])
@given(key=keys16, card=st.tuples(pans, numbers), moment=transactions,
       cvr=st.binary(min_size=6, max_size=6), counts=st.binary(min_size=8, max_size=8),
       arc=st.binary(min_size=2, max_size=2))
def test_mastercard_is_what_the_oracle_says(scheme, name, counters, key, card, moment, cvr, counts,
                                            arc):
    theirs = asked(getattr(pyemv.cvn, name), key, key, key, *card)
    more = {"counters": counts} if counters else {}
    arqc = asked(theirs.generate_ac, **moment.tags(), cvr=cvr, **more)
    own_atc = (moment.atc,) if scheme in {"mastercard-20", "mastercard-21"} else ()
    arpc = asked(theirs.generate_arpc, arqc, *own_atc, arc)
    last = cvr + (counts if counters else b"")
    assert mine(scheme, key, card, moment, last, arc) == (arqc, arpc)


@pytest.mark.parametrize(("scheme", "response", "length"), [
    ("emv-aes-1", b"00", 8), ("emv-aes-2", bytes(4), 4)])
@pytest.mark.parametrize("key_length", [16, 24, 32])
def test_aes_transactions(scheme, response, length, key_length):
    """Each step is tested above; here they are put together, for each length of key."""
    moment, key = Transaction(), bytes(range(key_length))
    arqc, arpc = mine(scheme, key, ("1234567890123456", "00"), moment, b"", response)
    session = emv.session_key(
        "csk_aes", emv.card_key("AES", key, "1234567890123456", "00"), moment.atc)
    assert arqc == emv.cryptogram(session, b"".join(moment), "cmac")
    assert len(arpc) == length
    assert arpc == (emv.arpc_1(session, arqc, response, aes=True) if length == 8
                    else emv.arpc_2(session, arqc, response, aes=True))


@pytest.mark.parametrize(("call", "text"), [
    (lambda: emv.card_key("C", WELL_KNOWN, "1" * 16, "00"), "by A, B or AES, not 'C'"),
    (lambda: emv.card_key("A", bytes(24), "1" * 16, "00"), "16 bytes, this one has 24"),
    (lambda: emv.card_key("AES", bytes(8), "1" * 16, "00"), "16, 24 or 32 bytes"),
    (lambda: emv.card_key("A", WELL_KNOWN, "1" * 7, "00"), "8 to 19 digits"),
    (lambda: emv.card_key("A", WELL_KNOWN, "1" * 20, "00"), "8 to 19 digits"),
    (lambda: emv.card_key("A", WELL_KNOWN, "1" * 15 + "x", "00"), "8 to 19 digits"),
    (lambda: emv.card_key("A", WELL_KNOWN, "1" * 16, "1"), "two digits, not 1"),
    (lambda: emv.session_key("x", WELL_KNOWN, b"11"), "no such session key: 'x'"),
    (lambda: emv.session_key("csk", WELL_KNOWN, b"1"), "an ATC has 2 bytes"),
    (lambda: emv.session_key("csk", WELL_KNOWN, b"11", b"1"), "number has 4"),
    (lambda: emv.session_key("csk", bytes(24), b"11"), "16 bytes, this one has 24"),
    (lambda: emv.cryptogram(WELL_KNOWN, b"1", "iso"), "no such padding: 'iso'"),
    (lambda: emv.arpc_1(WELL_KNOWN, b"1", b"00"), "8 bytes, this one has 1"),
    (lambda: emv.arpc_1(WELL_KNOWN, bytes(8), b"000"), "2 bytes, this one has 3"),
    (lambda: emv.arpc_1(bytes(24), bytes(8), b"00"), "16 bytes, this one has 24"),
    (lambda: emv.arpc_2(WELL_KNOWN, bytes(8), b"00"), "4 bytes, this one has 2"),
    (lambda: emv.arpc_2(WELL_KNOWN, bytes(8), bytes(4), bytes(9)), "at most 8 bytes, not 9"),
    (lambda: emv.arqc("visa-11", WELL_KNOWN, b""), "no such scheme: 'visa-11'"),
])
def test_emv_refuses(call, text):
    with pytest.raises(ValueError, match=text):
        call()
