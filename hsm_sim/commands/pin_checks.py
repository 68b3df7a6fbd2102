"""Is it the card's PIN? DC and EC by PVV, DA and EA by IBM 3624.

Layouts: public payShield host commands DC, EC, DA and EA. Another account for the check
than the block's (`;` and digits, in later firmware of DC and EC) is refused (15). A unit of the
family answers 02, a warning, for every PVK of double length in the IBM method; here there is no
other length, and the answer is 00. The answer of a check is its code, nothing else.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from hsm_sim.commands import command
from hsm_sim.commands.pin_fields import (
    CHECKS,
    LONGEST_PIN,
    READS,
    Account,
    decrypt_pin,
    permit,
    take_account,
    take_block,
)
from hsm_sim.commands.pins import TPK, ZPK
from hsm_sim.crypto.ibm3624 import verify
from hsm_sim.crypto.pvv import pvv
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import Key, KeyToken
from hsm_sim.unit import Unit

PVK: Final = "002"
PVV_USAGE: Final = "V2"
IBM_USAGE: Final = "V1"
_HIGHEST_PVKI: Final = 6
OFFSET_LENGTH: Final = 12
_HEXA: Final = frozenset("0123456789ABCDEF")


@command(b"DC")
def check_terminal_pvv(unit: Unit, fields: Fields) -> bytes:
    """DC: TPK, PVK pair, block, format 2N, account, PVKI 1N, PVV 4N -> nothing."""
    return _check_pvv(unit, fields, TPK)


@command(b"EC")
def check_zone_pvv(unit: Unit, fields: Fields) -> bytes:
    """EC: as DC, from a ZPK."""
    return _check_pvv(unit, fields, ZPK)


def _check_pvv(unit: Unit, fields: Fields, variant_type: str) -> bytes:
    token, pvk = fields.key(), fields.key()
    block = take_block(fields, token)
    pin_format = fields.digits(2)
    account = take_account(fields, pin_format)
    pvki, value = take_pvki(fields), fields.digits(4)
    fields.end()
    permit(unit, pin_format)
    key = unit.open(token, "P0", READS, variant_type=variant_type)
    pin = decrypt_pin(key, pin_format, block, account)
    require_pvv(open_pvk(unit, pvk, PVV_USAGE, CHECKS), account, pvki, pin, value)
    return b""


@command(b"DA")
def check_terminal_ibm(unit: Unit, fields: Fields) -> bytes:
    """DA: TPK, PVK, `12`, block, format 2N, check length 2N, account, decimalization table 16N,
    validation data 12 (`N`: the last five digits of the account), offset 12H -> nothing."""
    return _check_ibm(unit, fields, TPK)


@command(b"EA")
def check_zone_ibm(unit: Unit, fields: Fields) -> bytes:
    """EA: as DA, from a ZPK."""
    return _check_ibm(unit, fields, ZPK)


def _check_ibm(unit: Unit, fields: Fields, variant_type: str) -> bytes:
    token, pvk = fields.key(), fields.key()
    if fields.digits(2) != LONGEST_PIN:
        raise HsmError("15")
    block = take_block(fields, token)
    pin_format = fields.digits(2)
    length = take_check_length(fields)
    account = take_account(fields, pin_format)
    method = take_ibm(fields, account)
    expected_offset = take_offset(fields, length)
    fields.end()
    permit(unit, pin_format)
    method.require_table(unit)
    key = unit.open(token, "P0", READS, variant_type=variant_type)
    pin = decrypt_pin(key, pin_format, block, account)
    require_ibm(open_pvk(unit, pvk, IBM_USAGE, CHECKS), method, pin, expected_offset)
    return b""


class IbmMethod(msgspec.Struct, frozen=True, gc=False):
    """What goes into a natural PIN beside the PVK (IBM 3624). Hides the account that is in it."""

    table: str  # 16 digits, for 0 to F
    validation: str  # 16 hexadecimal characters

    def __repr__(self) -> str:
        return "IbmMethod(...)"

    def require_table(self, unit: Unit) -> None:
        """Error 25: not a table that the operator has named.

        Who may choose it learns a PIN in some dozen checks, by one changed digit after the other;
        the family has tables under the LMK against that.
        """
        if self.table not in unit.settings.decimalization_tables:
            raise HsmError("25")


def open_pvk(unit: Unit, token: KeyToken, usage: str, modes: str) -> Key:
    """A PIN verification key: Triple DES; a pair for the PVV, two or three parts for IBM 3624."""
    key = unit.open(token, usage, modes, variant_type=PVK)
    if key.algorithm != "T":
        raise HsmError("A7")
    if len(key.value) != 16 and (usage == PVV_USAGE or len(key.value) < 16):
        raise HsmError("27")
    return key


def take_pvki(fields: Fields) -> int:
    """The index of the PVK, 0 to 6."""
    pvki = fields.number(1)
    if pvki > _HIGHEST_PVKI:
        raise HsmError("15")
    return pvki


def take_check_length(fields: Fields) -> int:
    """The fewest digits that a PIN has, 4 to 12."""
    length = fields.number(2)
    if not 4 <= length <= 12:
        raise HsmError("15")
    return length


def take_ibm(fields: Fields, account: Account) -> IbmMethod:
    """Decimalization table 16N, validation data 12 with its `N`."""
    table = fields.digits(16)
    pattern = fields.take(12).decode("latin-1").upper()
    if pattern.count("N") != 1 or not _HEXA.issuperset(pattern.replace("N", "")):
        raise HsmError("15")
    return IbmMethod(table, pattern.replace("N", account.digits[-5:]))


def take_offset(fields: Fields, check_length: int) -> str:
    """12H: the offset's digits, not fewer than the check length, then F."""
    digits = fields.take(OFFSET_LENGTH).upper().rstrip(b"F")
    if not digits.isdigit() or len(digits) < check_length:
        raise HsmError("15")
    return digits.decode("ascii")


def require_pvv(key: Key, account: Account, pvki: int, pin: str, value: str) -> None:
    """Error 01 unless the PIN has this PVV."""
    if not hmac.compare_digest(pvv(key.value, account.digits, pvki, pin), value):
        raise HsmError("01")


def require_ibm(key: Key, method: IbmMethod, pin: str, expected_offset: str) -> None:
    """Error 01 unless the PIN is the natural one moved by this offset.

    An offset of fewer digits than the PIN belongs to its rightmost ones.
    """
    if len(pin) < len(expected_offset) or not verify(
            key.value, method.validation, method.table, expected_offset, pin):
        raise HsmError("01")
