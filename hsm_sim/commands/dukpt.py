"""Keys that live for one transaction: G0 translates, GO and GQ check a PIN, GW is for MACs.

Layouts: public payShield host commands G0, GO, GQ and GW, for Triple DES (ANSI X9.24-1); their
check of PIN and MAC in one command (mode 1 of GO and GQ) is left out (15), a host sends GW beside
it. A KSN descriptor is three hexadecimal digits: the lengths of the base key's identifier, of the
sub-key's and of the device's; the rest of the KSN is five digits of counter. A KSN shorter than 20H
has F before it.

Ours, where nothing is public: a base key whose block says AES is AES DUKPT (ANSI X9.24-3). Its KSN
is 24H, of which eight are the counter (descriptor 808); its working keys are AES keys as long as
the base key; its PIN blocks are ISO 4; MAC method 2 is CMAC, of which eight bytes are the MAC. In
both algorithms the MAC key is the one for both ways.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from hsm_sim.commands import command
from hsm_sim.commands.pin_checks import (
    IBM_USAGE,
    PVV_USAGE,
    open_pvk,
    require_ibm,
    require_pvv,
    take_check_length,
    take_ibm,
    take_offset,
    take_pvki,
)
from hsm_sim.commands.pin_fields import (
    CHECKS,
    WRITES,
    decrypt_pin,
    encrypt_pin,
    is_aes,
    permit,
    take_account,
    take_block,
)
from hsm_sim.commands.pins import ZPK
from hsm_sim.crypto import dukpt_aes, dukpt_tdes
from hsm_sim.crypto.dukpt_aes import KeyType, Purpose
from hsm_sim.crypto.mac import cmac, iso9797_3
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import Key, KeyToken
from hsm_sim.unit import Unit

BDK: Final = "009"
BDK_USAGE: Final = "B0"
DERIVES: Final = "NX"  # modes of use: no restriction, derive only
X9_19, CMAC = "1", "2"  # MAC methods
_CHECK_MODES: Final = {"1": slice(0, 8), "2": slice(0, 4), "3": slice(4, 8)}
_MAKE_MODES: Final = {"4": slice(0, 8), "5": slice(0, 4), "6": slice(4, 8)}
_COUNTER: Final = {False: 5, True: 8}  # hexadecimal digits, by whether the base key is AES
_TDES_KSN: Final = range(12, 21)
_AES_KSN: Final = 24
_AES_TYPES: Final = {16: KeyType.AES128, 24: KeyType.AES192, 32: KeyType.AES256}


class Terminal(msgspec.Struct, frozen=True, gc=False):
    """A base key on the wire and the KSN of one transaction."""

    bdk: KeyToken
    ksn: bytes  # 10 bytes, or 12 under AES


@command(b"G0")
def terminal_to_zone(unit: Unit, fields: Fields) -> bytes:
    """G0: BDK, ZPK, KSN descriptor 3H, KSN, block, format 2N, target format 2N, account -> PIN
    length 2N, block, format."""
    bdk, zpk = fields.key(), fields.key()
    terminal = take_terminal(fields, bdk)
    block = take_block(fields, bdk)
    source_format, target_format = fields.digits(2), fields.digits(2)
    account = take_account(fields, source_format, target_format)
    fields.end()
    permit(unit, source_format, target_format)
    pin = decrypt_pin(pin_key(unit, terminal), source_format, block, account)
    key = unit.open(zpk, "P0", WRITES, variant_type=ZPK)
    return (b"%02d" % len(pin) + encrypt_pin(unit, key, target_format, pin, account)
            + target_format.encode("ascii"))


@command(b"GO")
def check_ibm(unit: Unit, fields: Fields) -> bytes:
    """GO: mode 0, BDK, PVK, KSN descriptor 3H, KSN, block, format 2N, check length 2N, account,
    decimalization table 16N, validation data 12, offset 12H -> nothing."""
    fields.choice("0")
    bdk, pvk = fields.key(), fields.key()
    terminal = take_terminal(fields, bdk)
    block = take_block(fields, bdk)
    pin_format = fields.digits(2)
    length = take_check_length(fields)
    account = take_account(fields, pin_format)
    method = take_ibm(fields, account)
    expected_offset = take_offset(fields, length)
    fields.end()
    permit(unit, pin_format)
    method.require_table(unit)
    pin = decrypt_pin(pin_key(unit, terminal), pin_format, block, account)
    require_ibm(open_pvk(unit, pvk, IBM_USAGE, CHECKS), method, pin, expected_offset)
    return b""


@command(b"GQ")
def check_pvv(unit: Unit, fields: Fields) -> bytes:
    """GQ: mode 0, BDK, PVK pair, KSN descriptor 3H, KSN, block, format 2N, account, PVKI 1N, PVV 4N
    -> nothing."""
    fields.choice("0")
    bdk, pvk = fields.key(), fields.key()
    terminal = take_terminal(fields, bdk)
    block = take_block(fields, bdk)
    pin_format = fields.digits(2)
    account = take_account(fields, pin_format)
    pvki, value = take_pvki(fields), fields.digits(4)
    fields.end()
    permit(unit, pin_format)
    pin = decrypt_pin(pin_key(unit, terminal), pin_format, block, account)
    require_pvv(open_pvk(unit, pvk, PVV_USAGE, CHECKS), account, pvki, pin, value)
    return b""


@command(b"GW")
def mac(unit: Unit, fields: Fields) -> bytes:
    """GW: MAC mode 1N, method 1N, BDK, KSN descriptor 3H, KSN, [MAC, modes 1 to 3], length 4N, data
    -> nothing; or the MAC, modes 4 to 6.

    Modes: 1 and 4 all 8 bytes (16H), 2 and 5 the first four (8H), 3 and 6 the last four. Method 1
    is X9.19 over the data, filled with zeros; method 2 (AES) is CMAC.
    """
    mode, method = fields.choice("123456"), fields.choice(X9_19 + CMAC)
    part = _CHECK_MODES.get(mode) or _MAKE_MODES[mode]
    bdk = fields.key()
    terminal = take_terminal(fields, bdk)
    value = fields.hexa(2 * (part.stop - part.start)) if mode in _CHECK_MODES else b""
    data = fields.take(fields.number(4), short="80")
    fields.end()
    made = _mac(unit, terminal, method, data)[part]
    if mode in _MAKE_MODES:
        return made.hex().upper().encode("ascii")
    if not hmac.compare_digest(made, value):
        raise HsmError("01")
    return b""


def take_terminal(fields: Fields, bdk: KeyToken) -> Terminal:
    """KSN descriptor and KSN, as long as the descriptor says."""
    descriptor = fields.take(3)
    try:
        length = sum(int(chr(digit), 16) for digit in descriptor) + _COUNTER[is_aes(bdk)]
    except ValueError:
        raise HsmError("15") from None
    if is_aes(bdk):
        if length != _AES_KSN:
            raise HsmError("15")
        return Terminal(bdk, fields.hexa(length))
    if length not in _TDES_KSN or length % 2:
        raise HsmError("15")
    return Terminal(bdk, fields.hexa(length).rjust(dukpt_tdes.KSN_LENGTH, b"\xff"))


def pin_key(unit: Unit, terminal: Terminal) -> Key:
    """The PIN key of the transaction. HsmError('15'): a counter that no terminal sends."""
    bdk = _open(unit, terminal)
    try:
        if bdk.algorithm == "A":
            value = dukpt_aes.working_key(bdk.value, terminal.ksn, Purpose.PIN,
                                          _AES_TYPES[len(bdk.value)])
        else:
            value = dukpt_tdes.pin_key(bdk.value, terminal.ksn)
    except ValueError:
        raise HsmError("15") from None
    return Key(usage="P0", algorithm=bdk.algorithm, mode="D", exportability="N", value=value)


def _mac(unit: Unit, terminal: Terminal, method: str, data: bytes) -> bytes:
    bdk = _open(unit, terminal)
    if (method == CMAC) != (bdk.algorithm == "A"):
        raise HsmError("A7")
    try:
        if method == CMAC:
            key = dukpt_aes.working_key(bdk.value, terminal.ksn, Purpose.MAC_BOTH,
                                        _AES_TYPES[len(bdk.value)])
            return cmac("A", key, data)[:8]
        key, _ = dukpt_tdes.mac_keys(bdk.value, terminal.ksn)
    except ValueError:
        raise HsmError("15") from None
    return iso9797_3(key, data, 1)


def _open(unit: Unit, terminal: Terminal) -> Key:
    bdk = unit.open(terminal.bdk, BDK_USAGE, DERIVES, variant_type=BDK)
    if bdk.algorithm not in "TA":
        raise HsmError("A7")
    if bdk.algorithm == "T" and len(bdk.value) != 16:
        raise HsmError("27")
    return bdk
