"""Message authentication codes: M6 makes one, M8 checks one, over a message in one part or in many.

Layouts: public payShield host commands M6 and M8. MAC algorithms are the numbers of ISO/IEC 9797-1:
1 and 3 as the commands have them; ours: 5, which is CMAC in the standard of 2011, with padding 0
(CMAC pads by itself). Its intermediate value is 32H under an AES key, and its last part holds at
least one whole block, so that the chain can be gone on with. Errors are the commands' own: 02 mode,
03 input format, 04 algorithm, 05 key type, 06 message length, 09 padding.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from hsm_sim.commands import command
from hsm_sim.commands.pin_fields import CHECKS, MAKES, is_aes
from hsm_sim.crypto.ciphers import aes_cbc_encrypt, tdes_cbc_encrypt, xor
from hsm_sim.crypto.mac import cmac, iso9797_1, iso9797_3
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.key_types import KEY_BLOCK
from hsm_sim.keys import Key, KeyToken
from hsm_sim.unit import Unit

TAK, ZAK = "003", "008"
ONLY, FIRST, MIDDLE, LAST = "0", "1", "2", "3"  # parts of a message
BINARY, HEXA, TEXT = "0", "1", "2"
SIZES: Final = {"0": 4, "1": 8}  # bytes of the MAC; twice as many hexadecimal characters
CMAC: Final = "5"
_CHAINS: Final = "CN"  # what a part leaves is as good as a MAC: who only checks does not get it
# Usages of ANSI X9.143 that each algorithm's key may have.
USAGES: Final = {"1": ("M0", "M1"), "3": ("M3",), CMAC: ("M6",)}
PADDINGS: Final = {"1": "012", "3": "012", CMAC: "0"}


class Order(msgspec.Struct, frozen=True, gc=False):
    """One M6 or M8. `value` is the MAC to check, or empty. Shows nothing of its message."""

    part: str
    size: int
    algorithm: str
    padding: int
    key_type: str
    key: KeyToken
    chain: bytes  # of the part before, or zeros
    message: bytes
    value: bytes

    def __repr__(self) -> str:
        return f"Order(part {self.part}, algorithm {self.algorithm}, {len(self.message)} bytes)"


@command(b"M6")
def make_mac(unit: Unit, fields: Fields) -> bytes:
    """M6: part 1N, input format 1N, MAC size 1N, algorithm 1N, padding 1N, key type 3H, key, [chain
    16H, parts 2 and 3], length 4H (characters of the message), message -> MAC 8H or 16H of the only
    or last part; chain 16H of the others."""
    order = _read(fields, checks=False)
    key = _open(unit, order, MAKES)
    made = _mac(key, order) if order.part in (ONLY, LAST) else _chain(key, order)
    return made.hex().upper().encode("ascii")


@command(b"M8")
def check_mac(unit: Unit, fields: Fields) -> bytes:
    """M8: as M6, and after the message the MAC of the only or last part -> nothing; or a chain,
    of a key that may make MACs as well."""
    order = _read(fields, checks=True)
    key = _open(unit, order, _CHAINS if order.part in (FIRST, MIDDLE) else CHECKS)
    if order.part in (FIRST, MIDDLE):
        return _chain(key, order).hex().upper().encode("ascii")
    if not hmac.compare_digest(_mac(key, order), order.value):
        raise HsmError("01")
    return b""


def _read(fields: Fields, *, checks: bool) -> Order:
    part = fields.choice(ONLY + FIRST + MIDDLE + LAST, otherwise="02")
    input_format = fields.choice(BINARY + HEXA + TEXT, otherwise="03")
    size = SIZES[fields.choice("01")]
    algorithm = fields.choice("".join(USAGES), otherwise="04")
    padding = fields.choice(PADDINGS[algorithm], otherwise="09")
    key_type = fields.take(3).decode("latin-1")
    token = fields.key()
    block = 16 if algorithm == CMAC and is_aes(token) else 8
    chain = fields.hexa(2 * block) if part in (MIDDLE, LAST) else bytes(block)
    length = fields.hexa_number(4)
    message = fields.hexa(length) if input_format == HEXA else fields.take(length, short="06")
    value = fields.hexa(2 * size) if checks and part in (ONLY, LAST) else b""
    fields.end()
    if key_type not in {TAK, ZAK, KEY_BLOCK}:
        raise HsmError("05")
    _require_length(part, algorithm, padding, len(message), block)
    return Order(part, size, algorithm, int(padding), key_type, token, chain, message, value)


def _require_length(part: str, algorithm: str, padding: str, length: int, block: int) -> None:
    """Error 06: a part that nothing pads is not in whole blocks, or it has too few of them."""
    if part in (FIRST, MIDDLE):
        good = length > 0 and length % block == 0
    elif algorithm == CMAC:
        good = part == ONLY or length >= block
    else:
        good = padding != "0" or (length > 0 and length % block == 0)
    if not good:
        raise HsmError("06")


def _open(unit: Unit, order: Order, modes: str) -> Key:
    variant_type = "" if order.key_type == KEY_BLOCK else order.key_type
    key = unit.open(order.key, USAGES[order.algorithm], modes, variant_type=variant_type)
    if key.algorithm != "T" and (key.algorithm != "A" or order.algorithm != CMAC):
        raise HsmError("A7")
    if order.algorithm == "3" and len(key.value) != 16:
        raise HsmError("27")
    return key


def _mac(key: Key, order: Order) -> bytes:
    """The MAC of the only or last part, cut to its size."""
    if order.algorithm == "1":
        whole = iso9797_1(key.value, order.message, order.padding, order.chain)
    elif order.algorithm == "3":
        whole = iso9797_3(key.value, order.message, order.padding, order.chain)
    else:
        block = len(order.chain)
        first = xor(order.message[:block], order.chain) if order.part == LAST else b""
        whole = cmac(key.algorithm, key.value, first + order.message[len(first):])
    return whole[:order.size]


def _chain(key: Key, order: Order) -> bytes:
    """What the next part goes on from: the last block of CBC, in algorithm 3 of the left half."""
    if key.algorithm == "A":
        return aes_cbc_encrypt(key.value, order.chain, order.message)[-16:]
    value = key.value[:8] if order.algorithm == "3" else key.value
    return tdes_cbc_encrypt(value, order.chain, order.message)[-8:]
