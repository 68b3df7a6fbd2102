"""Keyed hashes: LQ makes an HMAC, LS checks one.

Layouts: public payShield host commands LQ and LS, as far as they go: they know SHA-1 alone, and a
key under a variant LMK. Ours: the hash identifiers 05 to 08 that the family uses elsewhere
(SHA-224, 256, 384, 512), a key that is a key block (its length field says how long), and that LS
carries the HMAC right after its length. SHA-1 is not here.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from hsm_sim.commands import command
from hsm_sim.commands.pin_fields import CHECKS, MAKES
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import KeyToken
from hsm_sim.unit import Unit

HMAC_USAGE: Final = "M7"
KEY_FORMAT: Final = "00"
HASHES: Final = {"05": ("sha224", 28), "06": ("sha256", 32), "07": ("sha384", 48),
                 "08": ("sha512", 64)}


class Order(msgspec.Struct, frozen=True, gc=False):
    """What both commands say. `value` is the HMAC to check, or empty. Shows nothing of its data."""

    name: str
    length: int
    key: KeyToken
    data: bytes
    value: bytes

    def __repr__(self) -> str:
        return f"Order({self.name}, {len(self.data)} bytes)"


@command(b"LQ")
def make_hmac(unit: Unit, fields: Fields) -> bytes:
    """LQ: hash 2N, HMAC length 4N, key format 2N (00), key length 4N, key, `;`, data length 5N,
    data -> HMAC length 4N, HMAC. A shorter HMAC, down to half of the hash, is its first bytes."""
    order = _read(fields, with_value=False)
    return b"%04d" % order.length + _hmac(unit, order, MAKES)


@command(b"LS")
def check_hmac(unit: Unit, fields: Fields) -> bytes:
    """LS: hash 2N, HMAC length 4N, HMAC, and on as LQ -> nothing."""
    order = _read(fields, with_value=True)
    if not hmac.compare_digest(_hmac(unit, order, CHECKS), order.value):
        raise HsmError("01")
    return b""


def _read(fields: Fields, *, with_value: bool) -> Order:
    """HsmError: 04 HMAC length, 05 hash, 07 key format, 80 key length, data length."""
    found = HASHES.get(fields.digits(2))
    if found is None:
        raise HsmError("05")
    name, longest = found
    length = fields.number(4)
    if not longest // 2 <= length <= longest:
        raise HsmError("04")
    value = fields.take(length) if with_value else b""
    if fields.digits(2) != KEY_FORMAT:
        raise HsmError("07")
    key_length, key = fields.number(4), fields.key()
    if key_length != len(key.text):
        raise HsmError("80")
    if not fields.skip(b";"):
        raise HsmError("15")
    data = fields.take(fields.number(5), short="80")
    fields.end()
    return Order(name, length, key, data, value)


def _hmac(unit: Unit, order: Order, modes: str) -> bytes:
    key = unit.open(order.key, HMAC_USAGE, modes)
    if key.algorithm != "H":
        raise HsmError("A7")
    return hmac.digest(key.value, order.data, order.name)[:order.length]
