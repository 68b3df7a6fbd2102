"""PINs from key to key: CA and CC between zones, JC and JE under the LMK, JG out of it again.

Layouts: public payShield host commands CA, CC, JC, JE and JG. A command carries one account, so no
translation can move a PIN to another; the destination account (`;` and digits) that later firmware
takes is therefore refused (15). See `pin_fields` for formats, ISO 4 and errors.
"""

from __future__ import annotations

from hsm_sim.commands import command
from hsm_sim.commands.pin_fields import (
    ISO_1,
    LONGEST_PIN,
    READS,
    WRITES,
    decrypt_pin,
    encrypt_pin,
    permit,
    take_account,
    take_block,
)
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.unit import Unit

TPK, ZPK = "70D", "001"  # key types of a variant LMK


@command(b"CA")
def terminal_to_zone(unit: Unit, fields: Fields) -> bytes:
    """CA: TPK, ZPK, `12`, block, format 2N, target format 2N, account
    -> PIN length 2N, block, format."""
    return _translate(unit, fields, TPK)


@command(b"CC")
def zone_to_zone(unit: Unit, fields: Fields) -> bytes:
    """CC: as CA, from a ZPK."""
    return _translate(unit, fields, ZPK)


def _translate(unit: Unit, fields: Fields, source_type: str) -> bytes:
    source, target = fields.key(), fields.key()
    if fields.digits(2) != LONGEST_PIN:
        raise HsmError("15")
    block = take_block(fields, source)
    source_format, target_format = fields.digits(2), fields.digits(2)
    account = take_account(fields, source_format, target_format)
    fields.end()
    permit(unit, source_format, target_format)
    pin = decrypt_pin(unit.open(source, "P0", READS, variant_type=source_type),
                      source_format, block, account)
    key = unit.open(target, "P0", WRITES, variant_type=ZPK)
    return (b"%02d" % len(pin) + encrypt_pin(unit, key, target_format, pin, account)
            + target_format.encode("ascii"))


@command(b"JC")
def terminal_to_lmk(unit: Unit, fields: Fields) -> bytes:
    """JC: TPK, block, format 2N, account -> PIN under the LMK."""
    return _under_lmk(unit, fields, TPK)


@command(b"JE")
def zone_to_lmk(unit: Unit, fields: Fields) -> bytes:
    """JE: as JC, from a ZPK."""
    return _under_lmk(unit, fields, ZPK)


def _under_lmk(unit: Unit, fields: Fields, variant_type: str) -> bytes:
    token = fields.key()
    block = take_block(fields, token)
    pin_format = fields.digits(2)
    account = take_account(fields, pin_format)
    fields.end()
    permit(unit, pin_format)
    key = unit.open(token, "P0", READS, variant_type=variant_type)
    pin = decrypt_pin(key, pin_format, block, account)
    return unit.pin_to_lmk(pin, account.digits, fields.lmk_id)


@command(b"JG")
def lmk_to_zone(unit: Unit, fields: Fields) -> bytes:
    """JG: ZPK, format 2N, account, PIN under the LMK -> block.

    A PIN under the LMK is bound to its account, so format 05 is refused here as well (23).
    """
    token = fields.key()
    pin_format = fields.digits(2)
    account = take_account(fields, pin_format)
    sealed = unit.take_pin_token(fields)
    fields.end()
    permit(unit, pin_format)
    if pin_format == ISO_1:
        raise HsmError("23")
    key = unit.open(token, "P0", WRITES, variant_type=ZPK)
    pin = unit.pin_from_lmk(sealed, account.digits)
    return encrypt_pin(unit, key, pin_format, pin, account)
