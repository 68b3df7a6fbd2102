"""Cryptograms, card values and keyed hashes: their own error codes, and keys that do not suit."""

from __future__ import annotations

import os

import pytest

from hsm_sim.commands.cryptograms import VISA
from hsm_sim.commands.cryptograms import Order as Cryptogram
from hsm_sim.commands.hashes import Order as Hash
from hsm_sim.commands.macs import Order as Mac
from hsm_sim.commands.pin_checks import IbmMethod
from hsm_sim.commands.pin_fields import Account
from hsm_sim.crypto.ciphers import odd_parity
from hsm_sim.keys import KeyToken
from tests.support.hsm_desk import Desk
from tests.support.hsm_examples import ACCOUNT, PAN, iso_0

CARD = bytes.fromhex("0123456789012301")
ATC_UN = bytes.fromhex("001C89ABCDEF")


@pytest.mark.parametrize(("command", "code"), [
    (b"KQ30", b"04"), (b"KQ40", b"04"), (b"KQX0", b"04"), (b"KQ02", b"05"), (b"KQ09", b"05"),
    (b"KW50", b"04"), (b"KW00", b"05"), (b"KW01", b"05"), (b"KW04", b"05"), (b"KW0a", b"05"),
])
def test_unknown_modes_are_04_and_schemes_05(desk: Desk, command: bytes, code: bytes) -> None:
    assert desk.ask(command + desk.key("mk_ac"))[2:] == code


def test_the_data_of_a_cryptogram_is_counted(desk: Desk) -> None:
    head = b"KQ00" + desk.key("mk_ac") + CARD + ATC_UN
    assert desk.ask(head + b"00;" + bytes(8))[2:] == b"81"
    assert desk.ask(head + b"10" + bytes(8))[2:] == b"80"
    assert desk.ask(head + b"08" + bytes(8) + b"," + bytes(8))[2:] == b"80"
    assert desk.ask(head + b"0G" + bytes(8))[2:] == b"15"


def test_a_card_number_is_digits(desk: Desk) -> None:
    tail = ATC_UN[:2] + b"08" + bytes(8) + b";" + bytes(8)
    for card in (b"\xAB" + CARD[1:], b"\xFF" * 8):
        assert desk.ask(b"KW02" + desk.key("mk_ac") + card + tail)[2:] == b"15"
    for length in (0, 6, 12):
        card = b"%02d" % length + b"\x11" * length + b";"
        assert desk.ask(b"KW03" + desk.key("mk_ac") + card + tail)[2:] == b"15", length
    card = b"10" + b"\x11" * 10
    assert desk.ask(b"KW03" + desk.key("mk_ac") + card + b"," + tail)[2:] == b"15"


def test_proprietary_data_has_at_most_eight_bytes(desk: Desk) -> None:
    head = b"KW42" + desk.key("mk_ac") + CARD + ATC_UN[:2] + bytes(8) + bytes(4)
    assert desk.ask(head + b"0")[2:4] == b"00"
    assert desk.ask(head + b"8" + bytes(8))[2:4] == b"00"
    assert desk.ask(head + b"9" + bytes(9))[2:4] == b"15"


def test_the_algorithm_of_a_master_key_suits_the_scheme(block_desk: Desk) -> None:
    desk = block_desk
    tail = ATC_UN[:2] + b"08" + bytes(8) + b";" + bytes(8)
    assert desk.ask(b"KW02" + desk.key("aes_mk_ac") + CARD + tail)[2:4] == b"A7"
    whole = b"08" + CARD + b";"
    assert desk.ask(b"KW0A" + desk.key("mk_ac") + whole + tail)[2:4] == b"A7"
    long = desk.block("E0", "T", "X", odd_parity(os.urandom(24)))
    assert desk.ask(b"KW02" + long + CARD + tail)[2:4] == b"27"


@pytest.mark.parametrize("card", [b"40123456789;", b"40123456789012345678;", b"401234567890A;",
                                  b"4012345678909", b";"])
def test_a_card_value_needs_a_card_number(desk: Desk, card: bytes) -> None:
    assert desk.ask(b"CW" + desk.key("cvk") + card + b"2812201")[2:] == b"15"
    assert desk.ask(b"CY" + desk.key("cvk") + b"123" + card + b"2812201")[2:] == b"15"


@pytest.mark.parametrize(("head", "code"), [
    (b"010020", b"05"), (b"020016", b"05"), (b"090032", b"05"),
    (b"060015", b"04"), (b"060033", b"04"), (b"060000", b"04"),
])
def test_hashes_and_their_lengths(desk: Desk, head: bytes, code: bytes) -> None:
    """SHA-1 and MD5 are not here; an HMAC has half of its hash at least."""
    key = desk.key("hmac")
    assert desk.ask(b"LQ" + head + b"00%04d%b;00001X" % (len(key), key))[2:] == code


def test_hash_fields_are_counted(desk: Desk) -> None:
    key = desk.key("hmac")
    assert desk.ask(b"LQ06003201%04d%b;00001X" % (len(key), key))[2:] == b"07"
    assert desk.ask(b"LQ06003200%04d%b;00001X" % (len(key) + 1, key))[2:] == b"80"
    assert desk.ask(b"LQ06003200%04d%b;00002X" % (len(key), key))[2:] == b"80"
    assert desk.ask(b"LQ06003200%04d%b,00001X" % (len(key), key))[2:] == b"15"
    assert desk.ask(b"LQ06003200%04d%b;00000" % (len(key), key))[2:4] == b"00"


def test_keys_of_the_wrong_length_are_27(block_desk: Desk) -> None:
    """One part of Triple DES checks nothing, and three parts are no pair."""
    desk, account = block_desk, ACCOUNT.encode()
    one, three = odd_parity(os.urandom(8)), odd_parity(os.urandom(24))
    block = iso_0(desk.value("zpk"))
    single = desk.block("P0", "T", "B", one)
    assert desk.ask(b"EC" + single + desk.key("pvk") + block + b"01" + account + b"10000"
                    )[2:] == b"27"
    for value in (one, three):
        pvk = desk.block("V2", "T", "C", value)
        assert desk.ask(b"EC" + desk.key("zpk") + pvk + block + b"01" + account + b"10000"
                        )[2:] == b"27"
        cvk = desk.block("C0", "T", "C", value)
        assert desk.ask(b"CW" + cvk + PAN.encode() + b";2812201")[2:] == b"27"
        mac = desk.block("M3", "T", "C", value)
        assert desk.ask(b"M600131FFF" + mac + b"0001X")[2:] == b"27"
        bdk = desk.block("B0", "T", "X", value)
        assert desk.ask(b"GW41" + bdk + b"A05FFFF9876543210E000010001X")[2:] == b"27"


def test_keys_of_another_algorithm_are_a7(block_desk: Desk) -> None:
    desk, aes = block_desk, os.urandom(16)
    block = iso_0(desk.value("zpk"))
    pvk = desk.block("V2", "A", "C", aes)
    assert desk.ask(b"EC" + desk.key("zpk") + pvk + block + b"01" + ACCOUNT.encode() + b"10000"
                    )[2:] == b"A7"
    cvk = desk.block("C0", "A", "C", aes)
    assert desk.ask(b"CW" + cvk + PAN.encode() + b";2812201")[2:] == b"A7"
    mac = desk.block("M3", "A", "C", aes)
    assert desk.ask(b"M600131FFF" + mac + b"0001X")[2:] == b"A7"
    hashing = desk.block("M7", "T", "C", odd_parity(aes))
    assert desk.ask(b"LQ06003200%04d%b;00001X" % (len(hashing), hashing))[2:] == b"A7"


def test_fw_takes_the_key_type_of_its_key(variant_desk: Desk) -> None:
    desk = variant_desk
    tail = (desk.key("zpk") + desk.key("pvk") + iso_0(desk.value("zpk")) + b"01"
            + ACCOUNT.encode() + b"1")
    assert desk.ask(b"FW001" + tail)[2:4] == b"00"
    assert desk.ask(b"FW70D" + tail)[2:4] == b"10"
    assert desk.ask(b"FW003" + tail)[2:] == b"28"
    assert desk.ask(b"FWFFF" + tail)[2:] == b"28"


def test_nothing_that_a_command_holds_shows_itself() -> None:
    """Accounts, PINs and messages, where a traceback or a log would print them."""
    token, secret = KeyToken(b"", b"0" * 32), b"secret"
    shown = [
        Account(ACCOUNT, PAN), IbmMethod("0" * 16, ACCOUNT),
        Hash("sha256", 32, token, secret, secret),
        Mac("0", 8, "3", 1, "003", token, secret, secret, secret),
        Cryptogram("0", VISA, token, PAN + "01", b"", b"", secret, secret, b"", b"", secret)]
    for one in shown:
        assert not any(text in repr(one) for text in (ACCOUNT, PAN, "secret")), one
