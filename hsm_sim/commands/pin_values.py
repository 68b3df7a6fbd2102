"""What a card's PIN is checked against: PVV and IBM 3624 offset, made once when the PIN is born.

Layouts: public payShield host commands DG, FW and DE. The PIN comes under the LMK, or in the block
that a customer typed it into; what leaves says nothing of it without the PVK.
"""

from __future__ import annotations

from hsm_sim.commands import command
from hsm_sim.commands.pin_checks import (
    IBM_USAGE,
    OFFSET_LENGTH,
    PVV_USAGE,
    open_pvk,
    take_check_length,
    take_ibm,
    take_pvki,
)
from hsm_sim.commands.pin_fields import (
    MAKES,
    READS,
    decrypt_pin,
    permit,
    take_account,
    take_block,
)
from hsm_sim.commands.pins import TPK, ZPK
from hsm_sim.crypto.ibm3624 import natural_pin, offset
from hsm_sim.crypto.pvv import pvv
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.key_types import KEY_BLOCK
from hsm_sim.unit import Unit


@command(b"DG")
def make_pvv(unit: Unit, fields: Fields) -> bytes:
    """DG: PVK pair, PIN under the LMK, account 12N, PVKI 1N -> PVV 4N."""
    pvk = fields.key()
    sealed = unit.take_pin_token(fields)
    account = fields.digits(12)
    pvki = take_pvki(fields)
    fields.end()
    key = open_pvk(unit, pvk, PVV_USAGE, MAKES)
    return pvv(key.value, account, pvki, unit.pin_from_lmk(sealed, account)).encode("ascii")


@command(b"FW")
def make_pvv_of_block(unit: Unit, fields: Fields) -> bytes:
    """FW: key type 3H (001 ZPK, 70D TPK, FFF a key block), key, PVK pair, block, format 2N,
    account, PVKI 1N -> PVV 4N: of a PIN that the customer chose."""
    key_type = fields.take(3).decode("latin-1")
    token, pvk = fields.key(), fields.key()
    block = take_block(fields, token)
    pin_format = fields.digits(2)
    account = take_account(fields, pin_format)
    pvki = take_pvki(fields)
    fields.end()
    if key_type not in {ZPK, TPK, KEY_BLOCK}:
        raise HsmError("28")
    permit(unit, pin_format)
    key = unit.open(token, "P0", READS, variant_type="" if key_type == KEY_BLOCK else key_type)
    pin = decrypt_pin(key, pin_format, block, account)
    value = open_pvk(unit, pvk, PVV_USAGE, MAKES).value
    return pvv(value, account.digits, pvki, pin).encode("ascii")


@command(b"DE")
def make_offset(unit: Unit, fields: Fields) -> bytes:
    """DE: PVK, PIN under the LMK, check length 2N, account 12N, decimalization table 16N,
    validation data 12 -> offset 12H, as long as the PIN, filled with F.

    24 where the PIN is shorter than the check length.
    """
    pvk = fields.key()
    sealed = unit.take_pin_token(fields)
    length = take_check_length(fields)
    account = take_account(fields)
    method = take_ibm(fields, account)
    fields.end()
    method.require_table(unit)
    key = open_pvk(unit, pvk, IBM_USAGE, MAKES)
    pin = unit.pin_from_lmk(sealed, account.digits)
    if len(pin) < length:
        raise HsmError("24")
    natural = natural_pin(key.value, method.validation, method.table, len(pin))
    return offset(natural, pin).ljust(OFFSET_LENGTH, "F").encode("ascii")
