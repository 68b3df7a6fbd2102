"""PIN blocks: what cannot be checked is not what is wrong, and no format becomes a weaker one."""

from __future__ import annotations

import os

import pytest

from hsm_sim.crypto.ciphers import tdes_encrypt
from hsm_sim.crypto.pin_blocks import encode
from tests.support.hsm_desk import Desk
from tests.support.hsm_examples import (
    ACCOUNT,
    KSN,
    PAN,
    PIN,
    TABLE,
    VALIDATION,
    hexa,
    ibm_offset,
    iso_0,
    iso_4,
)

OTHER_ACCOUNT = b"401234567891"


def _ec(desk: Desk, block: bytes, pin_format: bytes = b"01",
        account: bytes = ACCOUNT.encode()) -> bytes:
    return desk.ask(b"EC" + desk.key("zpk") + desk.key("pvk") + block + pin_format + account
                    + b"1" + b"0000")[2:]


def _clear(desk: Desk, clear: str) -> bytes:
    """A block whose clear PIN field, before the account is added, is this."""
    field = bytes.fromhex(clear)
    account = bytes.fromhex("0000" + ACCOUNT)
    return hexa(tdes_encrypt(desk.value("zpk"), bytes(a ^ b for a, b in
                                                      zip(field, account, strict=True))))


@pytest.mark.parametrize(("field", "code"), [
    ("041234FFFFFFFFFF", b"01"),  # a PIN, and another one
    ("341234FFFFFFFFFF", b"20"),  # the control field of ISO 3
    ("031234FFFFFFFFFF", b"24"),  # three digits
    ("0D1234FFFFFFFFFF", b"24"),  # thirteen
    ("04123AFFFFFFFFFF", b"20"),  # A is no digit
    ("041234FFFFFFFFF0", b"20"),  # the fill of ISO 0 is F
])
def test_a_block_that_holds_no_pin_is_20_or_24(desk: Desk, field: str, code: bytes) -> None:
    assert _ec(desk, _clear(desk, field)) == code


def test_a_block_for_another_account_is_20(desk: Desk) -> None:
    """The fill does not come out; so a block cannot be tried against another account's PVV."""
    assert _ec(desk, iso_0(desk.value("zpk")), account=OTHER_ACCOUNT) == b"20"


def test_an_iso_4_block_for_another_card_is_20(desk: Desk) -> None:
    head = b"DC" + desk.key("aes_tpk") + desk.key("pvk") + iso_4(desk.value("aes_tpk")) + b"48"
    assert desk.ask(head + PAN.encode() + b";10000")[2:] in {b"00", b"01"}
    codes = {desk.ask(head + PAN[:-1].encode() + b"%d;10000" % digit)[2:] for digit in range(9)}
    assert codes <= {b"20", b"24"}


def test_unknown_formats_are_23(desk: Desk) -> None:
    for pin_format in (b"00", b"02", b"03", b"34", b"46", b"99"):
        assert _ec(desk, iso_0(desk.value("zpk")), pin_format) == b"23"


def test_a_format_that_does_not_suit_the_key_is_23(desk: Desk) -> None:
    assert _ec(desk, iso_0(desk.value("zpk")), b"48", PAN.encode() + b";") == b"23"
    head = b"EC" + desk.key("aes_zpk") + desk.key("pvk") + iso_4(desk.value("aes_zpk"))
    assert desk.ask(head + b"01" + ACCOUNT.encode() + b"10000")[2:] == b"23"


def test_a_disabled_format_is_69(desk_without_iso_1: Desk) -> None:
    desk = desk_without_iso_1
    block = hexa(tdes_encrypt(desk.value("zpk"), encode("05", PIN, ACCOUNT, os.urandom)))
    assert _ec(desk, block, b"05") == b"69"
    command = b"CC" + desk.key("zpk") + desk.key("zpk2") + b"12" + block
    assert desk.ask(command + b"0501" + ACCOUNT.encode())[2:] == b"69"
    command = b"CC" + desk.key("zpk") + desk.key("zpk2") + b"12" + iso_0(desk.value("zpk"))
    assert desk.ask(command + b"0105" + ACCOUNT.encode())[2:] == b"69"


def test_no_block_loses_its_account(desk: Desk) -> None:
    """ISO 9564-1, PCI PIN: 0, 3 and 4 do not become 1, by any command."""
    account = ACCOUNT.encode()
    block = iso_0(desk.value("zpk"))
    to_zone = b"CC" + desk.key("zpk") + desk.key("zpk2") + b"12"
    assert desk.ask(to_zone + block + b"0105" + account)[2:] == b"23"
    iso_3 = hexa(tdes_encrypt(desk.value("zpk"), encode("47", PIN, ACCOUNT, os.urandom)))
    assert desk.ask(to_zone + iso_3 + b"4705" + account)[2:] == b"23"
    assert desk.ask(to_zone + iso_3 + b"4701" + account)[2:4] == b"00"
    command = (b"CC" + desk.key("aes_zpk") + desk.key("zpk2") + b"12"
               + iso_4(desk.value("aes_zpk")) + b"4805" + PAN.encode() + b";")
    assert desk.ask(command)[2:] == b"23"
    command = b"G0" + desk.key("bdk") + desk.key("zpk") + KSN + block + b"0105" + account
    assert desk.ask(command)[2:] == b"23"
    sealed = desk.ask(b"JE" + desk.key("zpk") + block + b"01" + account)[4:]
    assert desk.ask(b"JG" + desk.key("zpk") + b"05" + account + sealed)[2:] == b"23"


def test_no_command_takes_a_second_account(desk: Desk) -> None:
    """What later firmware takes as the account for the new block is refused."""
    command = (b"CC" + desk.key("zpk") + desk.key("zpk2") + b"12" + iso_0(desk.value("zpk"))
               + b"0101" + ACCOUNT.encode())
    assert desk.ask(command + b";" + OTHER_ACCOUNT)[2:] == b"15"


def test_a_pin_under_the_lmk_is_of_no_use_for_another_account(desk: Desk) -> None:
    command = b"JE" + desk.key("zpk") + iso_0(desk.value("zpk")) + b"01" + ACCOUNT.encode()
    sealed = desk.ask(command + (b"%01" if desk.is_variant else b""))[4:]
    codes = {desk.ask(b"JG" + desk.key("zpk") + b"01" + b"4012345678%02d" % number
                      + sealed)[2:4] for number in range(20)}
    if not desk.is_variant:
        assert codes == {b"14"}
    blocks = {desk.ask(b"DG" + desk.key("pvk") + sealed + ACCOUNT.encode() + b"1")[2:4]}
    assert blocks == {b"00"}


@pytest.mark.parametrize("table", ["0000000000000000", "0123456012345601", "0123456700000000"])
def test_a_decimalization_table_that_tells_the_pin_is_25(desk: Desk, table: str) -> None:
    tail = b"0104" + ACCOUNT.encode() + table.encode() + VALIDATION.encode() + b"0000FFFFFFFF"
    command = b"EA" + desk.key("zpk") + desk.key("pvk_ibm") + b"12" + iso_0(desk.value("zpk"))
    assert desk.ask(command + tail)[2:] == b"25"


@pytest.mark.parametrize(("validation", "offset"), [
    (b"4012345FFFFF", b"0000FFFFFFFF"),  # no N
    (b"40N2345NFFFF", b"0000FFFFFFFF"),  # two
    (b"401234GNFFFF", b"0000FFFFFFFF"),  # G is no hexadecimal character
    (b"4012345NFFFF", b"000FFFFFFFFF"),  # an offset below the check length
    (b"4012345NFFFF", b"00F0FFFFFFFF"),  # F between digits
    (b"4012345NFFFF", b"FFFFFFFFFFFF"),
])
def test_bad_input_of_the_ibm_method_is_15(desk: Desk, validation: bytes, offset: bytes) -> None:
    command = (b"EA" + desk.key("zpk") + desk.key("pvk_ibm") + b"12" + iso_0(desk.value("zpk"))
               + b"0104" + ACCOUNT.encode() + TABLE.encode() + validation + offset)
    assert desk.ask(command)[2:] == b"15"


def test_a_pin_shorter_than_its_offset_is_wrong(desk: Desk) -> None:
    """01: that the card's PIN is longer is nobody's business."""
    offset = ibm_offset(desk.value("pvk_ibm")) + b"0"
    command = (b"EA" + desk.key("zpk") + desk.key("pvk_ibm") + b"12" + iso_0(desk.value("zpk"))
               + b"0104" + ACCOUNT.encode() + TABLE.encode() + VALIDATION.encode()
               + offset.ljust(12, b"F"))
    assert desk.ask(command)[2:] == b"01"


def test_pvki_is_0_to_6(desk: Desk) -> None:
    command = (b"EC" + desk.key("zpk") + desk.key("pvk") + iso_0(desk.value("zpk")) + b"01"
               + ACCOUNT.encode())
    for pvki in range(7):
        assert desk.ask(command + b"%d0000" % pvki)[2:] in {b"00", b"01"}
    for pvki in (b"7", b"8", b"9", b"A"):
        assert desk.ask(command + pvki + b"0000")[2:] == b"15"


@pytest.mark.parametrize("ksn", [
    b"A05FFFF9876543210E00000",  # the initial key's counter
    b"A05FFFF9876543210EFFC01",  # more ones than a terminal uses
    b"A15FFFF9876543210E000010",  # 21 characters
    b"000FFFF9",  # below 12
    b"G05FFFF9876543210E00001",
])
def test_a_serial_number_that_no_terminal_sends_is_15(desk: Desk, ksn: bytes) -> None:
    tail = b"1B9C1845EB993A7A01" + ACCOUNT.encode() + b"10000"
    assert desk.ask(b"GQ0" + desk.key("bdk") + desk.key("pvk") + ksn + tail)[2:] == b"15"
    assert desk.ask(b"GW41" + desk.key("bdk") + ksn + b"0001X")[2:] == b"15"


def test_a_short_serial_number_has_f_before_it(desk: Desk) -> None:
    whole = desk.ask(b"GW41" + desk.key("bdk") + KSN + b"0001X")
    short = desk.ask(b"GW41" + desk.key("bdk") + b"605" + KSN[7:] + b"0001X")
    assert whole[2:4] == b"00"
    assert short == whole


def test_a_triple_des_base_key_makes_no_cmac_and_an_aes_one_no_x9_19(desk: Desk) -> None:
    assert desk.ask(b"GW42" + desk.key("bdk") + KSN + b"0001X")[2:] == b"A7"
    ksn = b"808123456789012345600000001"
    assert desk.ask(b"GW41" + desk.key("aes_bdk") + ksn + b"0001X")[2:] == b"A7"
