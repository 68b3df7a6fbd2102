"""PVV, IBM 3624 and CVV: worked examples of public sources, and the oracle."""

import pytest
from crypto_oracles import WELL_KNOWN, asked, h, keys16, pans, pins, psec
from hypothesis import given
from hypothesis import strategies as st

from hsm_sim.crypto import ibm3624
from hsm_sim.crypto.ciphers import tdes_decrypt, tdes_encrypt
from hsm_sim.crypto.cvv import cvv
from hsm_sim.crypto.digits import decimal_digits
from hsm_sim.crypto.pin_blocks import account12
from hsm_sim.crypto.pvv import pvv

TABLE = "0123456789012345"


@pytest.mark.parametrize(("data", "count", "digits"), [
    ("8D5625FA78011A0C", 3, "856"),
    ("ABCDEF0123456789", 4, "0123"),
    ("ABC1DEF2ABC3DEFA", 4, "1230"),
    ("FEDCBAFEDCBAFEDC", 4, "5432"),
    ("A1FFFFFFFFFFFFFF", 4, "1055"),
])
def test_digits_come_first_and_letters_less_ten_after_them(data, count, digits):
    assert decimal_digits(h(data), count) == digits


# From the tests of psec.
@pytest.mark.parametrize(("pvki", "pin", "pan", "value"), [
    (1, "4524", "1122334455667788", "8523"),
    (2, "1912", "1122334455667788", "3244"),
    (1, "0570", "1122334455667718", "3144"),
    (1, "8299", "1122334455667708", "4422"),
    (3, "4524", "1122334455667788", "4021"),
])
def test_pvv_public_examples(pvki, pin, pan, value):
    assert pvv(WELL_KNOWN, account12(pan), pvki, pin) == value
    assert pvv(WELL_KNOWN, account12(pan), pvki, pin + "9876") == value, "four digits count"


@given(pvk=keys16, pan=pans, pvki=st.integers(0, 9), pin=st.text("0123456789", min_size=4,
                                                                    max_size=4))
def test_pvv_is_what_the_oracle_says(pvk, pan, pvki, pin):
    assert pvv(pvk, account12(pan), pvki, pin) \
        == asked(psec.pin.generate_visa_pvv, pvk, str(pvki), pin, pan)


def test_pvv_takes_a_second_pass_where_there_are_too_few_digits():
    """Found by trying PINs: few cipher texts have less than four digits."""
    for number in range(10_000):
        cipher = tdes_encrypt(WELL_KNOWN, h(f"112233445561{number:04}")).hex()
        if sum(character.isdecimal() for character in cipher) < 4:
            break
    digits = [character for character in cipher if character.isdecimal()]
    letters = [str(int(character, 16) - 10) for character in cipher if character > "9"]
    assert len(digits) < 4
    assert pvv(WELL_KNOWN, "011223344556", 1, f"{number:04}") == "".join(digits + letters)[:4]


@pytest.mark.parametrize("arguments", [
    (bytes(8), "123456789012", 1, "1234"),
    (bytes(24), "123456789012", 1, "1234"),
    (bytes(16), "12345678901", 1, "1234"),
    (bytes(16), "12345678901x", 1, "1234"),
    (bytes(16), "123456789012", 10, "1234"),
    (bytes(16), "123456789012", -1, "1234"),
    (bytes(16), "123456789012", 1, "123"),
    (bytes(16), "123456789012", 1, "1234567890123"),
    (bytes(16), "123456789012", 1, "12a4"),
])
def test_pvv_refuses(arguments):
    with pytest.raises(ValueError, match=r"PVK|account|PIN"):
        pvv(*arguments)


def test_natural_pin_ibm_cca_example():
    """CCA Basic Services, appendix E: cipher text E5C1BD67B66AE7C6, six digits 391365."""
    validation = tdes_decrypt(WELL_KNOWN, h("E5C1BD67B66AE7C6")).hex()
    assert ibm3624.natural_pin(WELL_KNOWN, validation, "8351296477461538", 6) == "391365"


@pytest.mark.parametrize(("offset", "pin"), [
    ("0000", "4524"), ("1111", "5635"), ("6586", "0000"), ("7697", "1111"), ("7710", "1234")])
def test_ibm_3624_public_examples(offset, pin):
    """From the tests of psec: decimalization table 1234567890123456, a whole PAN validates."""
    natural = ibm3624.natural_pin(WELL_KNOWN, "1122334455667788", "1234567890123456", 4)
    assert natural == "4524"
    assert ibm3624.offset(natural, pin) == offset
    assert ibm3624.pin_from_offset(natural, offset) == pin


@given(pvk=keys16, pan=st.text("0123456789", min_size=16, max_size=16), pin=pins,
       table=st.text("0123456789", min_size=16, max_size=16))
def test_ibm_3624_is_what_the_oracle_says(pvk, pan, pin, table):
    natural = ibm3624.natural_pin(pvk, pan, table, len(pin))
    offset = asked(psec.pin.generate_ibm3624_offset, pvk, table, pin, pan, 0, 16, "F")
    assert ibm3624.offset(natural, pin) == offset
    assert ibm3624.pin_from_offset(natural, offset) == pin
    assert ibm3624.verify(pvk, pan, table, offset, pin)


@given(pin=pins, at=st.integers(0, 11), by=st.integers(1, 9))
def test_ibm_3624_verifies_no_other_pin(pin, at, by):
    natural = ibm3624.natural_pin(WELL_KNOWN, "1122334455667788", TABLE, len(pin))
    offset = ibm3624.offset(natural, pin)
    at %= len(pin)
    other = f"{pin[:at]}{(int(pin[at]) + by) % 10}{pin[at + 1:]}"
    assert not ibm3624.verify(WELL_KNOWN, "1122334455667788", TABLE, offset, other)


def test_a_short_offset_checks_the_rightmost_digits():
    natural = ibm3624.natural_pin(WELL_KNOWN, "1122334455667788", TABLE, 6)
    offset = ibm3624.offset(natural, "135790")[-4:]
    for pin, good in (("135790", True), ("005790", True), ("135791", False), ("130790", False)):
        assert ibm3624.verify(WELL_KNOWN, "1122334455667788", TABLE, offset, pin) is good


@pytest.mark.parametrize(("validation", "table", "length", "text"), [
    ("112233445566778", TABLE, 4, "16 characters"),
    ("11223344556677889", TABLE, 4, "16 characters"),
    ("112233445566778x", TABLE, 4, "hexadecimal"),
    ("1122334455667788", "012345678901234", 4, "16 digits"),
    ("1122334455667788", "012345678901234A", 4, "16 digits"),
    ("1122334455667788", TABLE, 3, "not 3"),
    ("1122334455667788", TABLE, 13, "not 13"),
])
def test_natural_pin_refuses(validation, table, length, text):
    with pytest.raises(ValueError, match=text):
        ibm3624.natural_pin(WELL_KNOWN, validation, table, length)


def test_offsets_refuse():
    with pytest.raises(ValueError, match="4 and 5 digits"):
        ibm3624.offset("1234", "12345")
    with pytest.raises(ValueError, match="are digits"):
        ibm3624.pin_from_offset("1234", "12F4")
    for offset in ("123", "12345"):
        with pytest.raises(ValueError, match="4 to 4 digits"):
            ibm3624.verify(WELL_KNOWN, "1122334455667788", TABLE, offset, "1234")


@pytest.mark.parametrize(("cvk", "pan", "expiry", "service_code", "value"), [
    # the worked example of HSM manuals, and its twin
    (WELL_KNOWN, "4123456789012345", "8701", "101", "561"),
    (WELL_KNOWN, "4123456789012345", "8701", "111", "856"),
    # from psec's documentation and tests
    (WELL_KNOWN, "1234567890123456", "9912", "220", "170"),
    (h("99999999999999998888888888888888"), "2222222222222222", "3333", "111", "361"),
])
def test_cvv_public_examples(cvk, pan, expiry, service_code, value):
    assert cvv(cvk, pan, expiry, service_code) == value


@given(cvk=keys16, pan=pans, expiry=st.text("0123456789", min_size=4, max_size=4),
       service_code=st.sampled_from(["000", "999", "101", "220", "601"]))
def test_cvv_is_what_the_oracle_says(cvk, pan, expiry, service_code):
    assert cvv(cvk, pan, expiry, service_code) \
        == asked(psec.cvv.generate_cvv, cvk, pan, expiry, service_code)


@pytest.mark.parametrize(("cvk", "pan", "expiry", "service_code"), [
    (bytes(8), "4123456789012345", "8701", "101"),
    (bytes(16), "41234567890", "8701", "101"),
    (bytes(16), "4" * 20, "8701", "101"),
    (bytes(16), "4123456789012345", "871", "101"),
    (bytes(16), "4123456789012345", "8701", "11"),
    (bytes(16), "412345678901234x", "8701", "101"),
])
def test_cvv_refuses(cvk, pan, expiry, service_code):
    with pytest.raises(ValueError, match=r"CVK|PAN|expiry"):
        cvv(cvk, pan, expiry, service_code)
