"""The IBM 3624 PIN: natural PIN, offset, verification.

Knows: arithmetic of digits modulo ten. Must not know: PIN blocks, or where the account stands in
the validation data.

Source: IBM z/OS ICSF Application Programmer's Guide, PIN formats and algorithms.
"""

import hmac
from typing import Final

from hsm_sim.crypto.ciphers import tdes_encrypt

SHORTEST_PIN: Final = 4
LONGEST_PIN: Final = 12


def tells_pin(table: str) -> bool:
    """Whether a table turns a check into a way to learn the PIN: fewer than eight different digits,
    or one of them more than four times (the public rule of the payShield family)."""
    return len(set(table)) < 8 or max(map(table.count, table)) > 4


def natural_pin(pvk: bytes, validation: str, table: str, length: int) -> str:
    """The first digits of the enciphered validation data, decimalized.

    pvk 8, 16 or 24 bytes; validation 16 hexadecimal characters; table 16 digits, of which the first
    stands for 0 and the last for F; length 4 to 12. ValueError for anything else.
    """
    if len(validation) != 16:
        raise ValueError(f"validation data has 16 characters, these are {len(validation)}")
    if len(table) != 16 or not (table.isascii() and table.isdecimal()):
        raise ValueError("a decimalization table has 16 digits")
    if not SHORTEST_PIN <= length <= LONGEST_PIN:
        raise ValueError(f"a PIN has 4 to 12 digits, not {length}")
    enciphered = tdes_encrypt(pvk, bytes.fromhex(validation)).hex()
    return "".join([table[int(digit, 16)] for digit in enciphered[:length]])


def offset(natural: str, pin: str) -> str:
    """What is added to the natural PIN to give the customer's, digit by digit without carry."""
    _check_pair(natural, pin)
    return "".join([str((int(b) - int(a)) % 10) for a, b in zip(natural, pin, strict=True)])


def pin_from_offset(natural: str, offset: str) -> str:
    """The customer's PIN; the inverse of `offset`."""
    _check_pair(natural, offset)
    return "".join([str((int(a) + int(b)) % 10) for a, b in zip(natural, offset, strict=True)])


def verify(pvk: bytes, validation: str, table: str, offset: str, pin: str) -> bool:
    """Whether the PIN is the one of the offset.

    An offset shorter than the PIN belongs to its rightmost digits, and only these are compared:
    the offset's length is the PIN check length. ValueError for an offset longer than the PIN.
    """
    check = len(offset)
    if not SHORTEST_PIN <= check <= len(pin):
        raise ValueError(f"an offset has 4 to {len(pin)} digits, this one has {check}")
    natural = natural_pin(pvk, validation, table, len(pin))
    return hmac.compare_digest(pin_from_offset(natural[-check:], offset), pin[-check:])


def _check_pair(left: str, right: str) -> None:
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} digits cannot be added")
    text = left + right
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("PINs and offsets are digits")
