"""PIN blocks: published blocks, the oracle's, and each check that ISO 9564-1 asks for."""

import pytest
from crypto_oracles import aes_keys, asked, counting, h, pans, pins, psec
from hypothesis import given
from hypothesis import strategies as st

from hsm_sim.crypto import pin_blocks
from hsm_sim.crypto.ciphers import aes_encrypt, xor
from hsm_sim.crypto.pin_blocks import ISO_0, ISO_1, ISO_3, PinBlockError

ACCOUNT = "555555123456"
ACCOUNT_FIELD = h("0000" + ACCOUNT)
DUKPT_PIN_KEY = h("AF8CB133A78F8DC2D1359F18527593FB")
chances = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize(("pan", "account"), [
    ("5555555551234567", "555555123456"),
    ("4111111111111111", "111111111111"),
    ("1234567890123456789", "789012345678"),
    ("1234567890123", "123456789012"),
    ("12345", "000000001234"),
])
def test_the_account_is_the_twelve_digits_before_the_check_digit(pan, account):
    assert pin_blocks.account12(pan) == account


@pytest.mark.parametrize("pan", ["", "1", "1" * 20, "41111111x1111111", "\uff14111111111111111"])
def test_what_is_no_pan_has_no_account(pan):
    with pytest.raises(ValueError, match="2 to 19 digits"):
        pin_blocks.account12(pan)


@pytest.mark.parametrize(("pin", "account", "block"), [
    # ANSI X9.24-1:2009 A.4, account 4012345678909 without its check digit
    ("1234", "401234567890", "041274EDCBA9876F"),
    # the tests and the documentation of psec
    ("1234", "433221100996", "041277CDDEEFF669"),
    ("123456789012", ACCOUNT, "0C1261032D8226A9"),
    ("1234567890", ACCOUNT, "0A1261032D82CBA9"),
])
def test_iso_0_published(pin, account, block):
    assert pin_blocks.encode(ISO_0, pin, account, counting) == h(block)
    assert pin_blocks.decode(ISO_0, h(block), account) == pin


@given(pin=pins, pan=pans)
def test_iso_0_is_what_the_oracle_says(pin, pan):
    account = pin_blocks.account12(pan)
    block = asked(psec.pinblock.encode_pinblock_iso_0, pin, pan)
    assert pin_blocks.encode(ISO_0, pin, account, counting) == block
    assert pin_blocks.decode(ISO_0, block, account) == pin


@given(pin=pins, pan=pans, chance=chances)
def test_iso_3_is_read_by_the_oracle_and_reads_it(pin, pan, chance):
    account = pin_blocks.account12(pan)
    block = pin_blocks.encode(ISO_3, pin, account, lambda count: chance[:count])
    assert asked(psec.pinblock.decode_pinblock_iso_3, block, pan) == pin
    theirs = asked(psec.pinblock.encode_pinblock_iso_3, pin, pan)
    assert pin_blocks.decode(ISO_3, theirs, account) == pin


def test_iso_3_fills_with_the_six_letters_by_chance():
    fills = {pin_blocks.encode(ISO_3, "1234", "0" * 12, lambda n, c=chance: bytes([c]) * n)
             .hex().upper()[6:] for chance in range(256)}
    assert len(fills) == 256
    assert {letter for fill in fills for letter in fill} == set("ABCDEF")


@given(pin=pins, chance=chances)
def test_iso_1_holds_the_pin_and_chance_and_no_account(pin, chance):
    block = pin_blocks.encode(ISO_1, pin, "", lambda count: chance[:count])
    assert block.hex().upper().startswith(f"1{len(pin):X}{pin}")
    assert block.hex()[2 + len(pin):] == chance.hex()[2 + len(pin) : 16]
    assert pin_blocks.decode(ISO_1, block, "") == pin


@pytest.mark.parametrize(("key", "block"), [
    ("AF8CB133A78F8DC2D1359F18527593FB", "A912150391AB65A67E52883D81CE2D15"),
    ("D30BDC73EC9714B000BEC66BDB7B6D09", "52A00503BD34BA1383F6A7EE9FE2547F"),
])
def test_iso_4_x9_24_3_supplement_sample_transactions(key, block):
    """PIN 1234, PAN 4111111111111111, random 2F69ADDE2E9E7ACE, the keys of counters 1 and 2."""
    mine = pin_blocks.encrypt_iso4(
        h(key), "1234", "4111111111111111", lambda count: h("2F69ADDE2E9E7ACE")[:count])
    assert mine == h(block)
    assert pin_blocks.decrypt_iso4(h(key), h(block), "4111111111111111") == "1234"


@given(key=aes_keys, pin=pins, pan=pans, chance=chances)
def test_iso_4_is_read_by_the_oracle_and_reads_it(key, pin, pan, chance):
    block = pin_blocks.encrypt_iso4(key, pin, pan, lambda count: chance[:count])
    assert asked(psec.pinblock.decipher_pinblock_iso_4, key, block, pan) == pin
    theirs = asked(psec.pinblock.encipher_pinblock_iso_4, key, pin, pan)
    assert pin_blocks.decrypt_iso4(key, theirs, pan) == pin


@pytest.mark.parametrize(("format_", "field", "reason", "text"), [
    (ISO_0, "141234FFFFFFFFFF", "format", "control"),
    (ISO_0, "341234FFFFFFFFFF", "format", "control"),
    (ISO_3, "041234FFFFFFFFFF", "format", "control"),
    (ISO_1, "041234FFFFFFFFFF", "format", "control"),
    (ISO_0, "03123FFFFFFFFFFF", "length", "4 to 12"),
    (ISO_0, "00FFFFFFFFFFFFFF", "length", "4 to 12"),
    (ISO_0, "0D1234567890123F", "length", "4 to 12"),
    (ISO_1, "1F12345678901234", "length", "4 to 12"),
    (ISO_3, "33123AAAAAAAAAAA", "length", "4 to 12"),
    (ISO_0, "04A234FFFFFFFFFF", "format", "0 to 9"),
    (ISO_0, "05123FFFFFFFFFFF", "format", "0 to 9"),
    (ISO_1, "14123B0000000000", "format", "0 to 9"),
    (ISO_3, "3C12345678901FAA", "format", "0 to 9"),
    (ISO_0, "041234FFFFFFFFFE", "format", "fill of an ISO 0"),
    (ISO_0, "0412340FFFFFFFFF", "format", "fill of an ISO 0"),
    (ISO_3, "341234AAAA9AAAAA", "format", "fill of an ISO 3"),
    (ISO_3, "341234ABCDEF0ABC", "format", "fill of an ISO 3"),
])
def test_a_block_that_breaks_a_rule_is_refused(format_, field, reason, text):
    block = h(field) if format_ == ISO_1 else xor(h(field), ACCOUNT_FIELD)
    with pytest.raises(PinBlockError, match=text) as caught:
        pin_blocks.decode(format_, block, ACCOUNT)
    assert caught.value.reason == reason


@pytest.mark.parametrize(("field", "reason", "text"), [
    ("341234AAAAAAAAAA", "format", "control"),
    ("43123AAAAAAAAAAA", "length", "4 to 12"),
    ("4D1234567890123A", "length", "4 to 12"),
    ("4412C4AAAAAAAAAA", "format", "0 to 9"),
    ("441234AAAAAAAAAB", "format", "fill of an ISO 4"),
    ("441234FFFFFFFFFF", "format", "fill of an ISO 4"),
])
def test_an_iso_4_block_that_breaks_a_rule_is_refused(field, reason, text):
    pan_field = h("44111111111111111000000000000000")
    first = aes_encrypt(DUKPT_PIN_KEY, h(field) + bytes(8))
    block = aes_encrypt(DUKPT_PIN_KEY, xor(first, pan_field))
    with pytest.raises(PinBlockError, match=text) as caught:
        pin_blocks.decrypt_iso4(DUKPT_PIN_KEY, block, "4111111111111111")
    assert caught.value.reason == reason


@given(pin=pins, pan=pans, other=pans)
def test_an_iso_4_block_of_another_pan_is_refused(pin, pan, other):
    """A wrong PAN leaves one chance in 2**30 or so, which these examples do not find."""
    block = pin_blocks.encrypt_iso4(DUKPT_PIN_KEY, pin, pan, counting)
    if pan == other:
        assert pin_blocks.decrypt_iso4(DUKPT_PIN_KEY, block, other) == pin
    else:
        with pytest.raises(PinBlockError):
            pin_blocks.decrypt_iso4(DUKPT_PIN_KEY, block, other)


@pytest.mark.parametrize(("pin", "reason"), [
    ("", "length"), ("123", "length"), ("1234567890123", "length"),
    ("12a4", "format"), ("\uff11234", "format"), ("-123", "format"),
])
def test_what_is_no_pin_is_not_laid_into_a_block(pin, reason):
    for lay in (lambda: pin_blocks.encode(ISO_0, pin, ACCOUNT, counting),
                lambda: pin_blocks.encode(ISO_1, pin, ACCOUNT, counting),
                lambda: pin_blocks.encode(ISO_3, pin, ACCOUNT, counting),
                lambda: pin_blocks.encrypt_iso4(bytes(16), pin, "4111111111111111", counting)):
        with pytest.raises(PinBlockError) as caught:
            lay()
        assert caught.value.reason == reason
        assert pin not in str(caught.value) or not pin


def test_formats_and_lengths_that_do_not_exist():
    with pytest.raises(PinBlockError, match="no such format of a clear PIN block: '48'"):
        pin_blocks.encode("48", "1234", ACCOUNT, counting)
    with pytest.raises(PinBlockError, match="no such format of a clear PIN block: '02'"):
        pin_blocks.decode("02", bytes(8), ACCOUNT)
    with pytest.raises(PinBlockError, match="8 bytes, this one has 7"):
        pin_blocks.decode(ISO_0, bytes(7), ACCOUNT)
    with pytest.raises(PinBlockError, match="16 bytes, this one has 8"):
        pin_blocks.decrypt_iso4(bytes(16), bytes(8), "4111111111111111")
    for account in ("", "12345678901", "1234567890123", "12345678901x"):
        with pytest.raises(ValueError, match="12 digits"):
            pin_blocks.encode(ISO_0, "1234", account, counting)
    for pan in ("12345678901", "1" * 20, "411111111111111x"):
        with pytest.raises(ValueError, match="12 to 19 digits"):
            pin_blocks.encrypt_iso4(bytes(16), "1234", pan, counting)
