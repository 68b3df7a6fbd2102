"""An encrypted PIN on the wire: its block, its format, its account; and the way in and out of it.

Format codes of the payShield family: 01 ISO 0, 05 ISO 1, 47 ISO 3, 48 ISO 4 (ISO 9564-1). A block
is 16H under Triple DES. Ours, because no public text says how format 48 stands on the wire: a block
is 32H wherever its key is AES, which the key block's header says before the block is read; and
where a format of the command is 48 the account field is the whole card number and `;`, because ISO
4 binds the PIN to all of it.

The errors keep 'wrong' apart from 'could not check': 20 the block holds no PIN, 24 its length is
not 4 to 12, 23 the format is unknown or not for this key, 69 it is disabled here. No clear PIN is
in any of them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hsm_sim.crypto import pin_blocks
from hsm_sim.crypto.ciphers import tdes_decrypt, tdes_encrypt
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import Key, KeyToken
from hsm_sim.unit import Unit

ISO_1: Final = "05"
ISO_4: Final = "48"
FORMATS: Final = frozenset({"01", ISO_1, "47", ISO_4})
LONGEST_PIN: Final = "12"

READS: Final = "BDN"  # modes of use: both, decrypt only, no restriction
WRITES: Final = "BEN"  # both, encrypt only, no restriction
CHECKS: Final = "CVN"  # both, verify only, no restriction
MAKES: Final = "CGN"  # both, generate only, no restriction

_SHORTEST_PAN: Final = 12
_LONGEST_PAN: Final = 19


class Account(msgspec.Struct, frozen=True, gc=False):
    """Whose PIN it is: the 12 digits, and for ISO 4 the whole card number. Neither shows itself."""

    digits: str
    pan: str = ""

    def __repr__(self) -> str:
        return "Account(...)"


def is_aes(token: KeyToken) -> bool:
    """Whether a key is AES, as the header of its block says; a variant key never is."""
    return token.scheme == b"S" and token.text[8:9] == b"A"


def take_block(fields: Fields, key: KeyToken) -> bytes:
    """The encrypted block: 32H under an AES key, 16H under any other."""
    return fields.hexa(32 if is_aes(key) else 16)


def take_account(fields: Fields, *formats: str) -> Account:
    """12N; or, where one of the formats is 48, 12 to 19 digits of card number and `;`."""
    if ISO_4 not in formats:
        return Account(fields.digits(12))
    pan = take_pan(fields)
    return Account(pin_blocks.account12(pan), pan)


def take_pan(fields: Fields) -> str:
    """A card number of 12 to 19 digits, up to its `;`."""
    pan = fields.until(b";")
    if not pan.isdigit() or not _SHORTEST_PAN <= len(pan) <= _LONGEST_PAN:
        raise HsmError("15")
    return pan.decode("ascii")


def permit(unit: Unit, pin_format: str, target: str = "") -> None:
    """Whether blocks of these formats may be used, and the one be made into the other.

    A block that is bound to an account (0, 3, 4) never becomes one that is not (ISO 9564-1, PCI PIN
    requirement 3): code 23, as the public list has it for a prohibited conversion.
    """
    for code in (pin_format, target) if target else (pin_format,):
        if code not in FORMATS:
            raise HsmError("23")
        if code not in unit.settings.pin_formats:
            raise HsmError("69")
    if target == ISO_1 and pin_format != ISO_1:
        raise HsmError("23")


def decrypt_pin(key: Key, pin_format: str, block: bytes, account: Account) -> str:
    """The clear PIN of an encrypted block."""
    try:
        if pin_format == ISO_4:
            _require(key, "A")
            return pin_blocks.decrypt_iso4(key.value, block, account.pan)
        _require(key, "T")
        return pin_blocks.decode(pin_format, tdes_decrypt(key.value, block), account.digits)
    except pin_blocks.PinBlockError as error:
        raise _refusal(error) from None


def encrypt_pin(unit: Unit, key: Key, pin_format: str, pin: str, account: Account) -> bytes:
    """An encrypted block, as hexadecimal characters."""
    try:
        if pin_format == ISO_4:
            _require(key, "A")
            block = pin_blocks.encrypt_iso4(key.value, pin, account.pan, unit.random)
        else:
            _require(key, "T")
            block = tdes_encrypt(key.value, pin_blocks.encode(pin_format, pin, account.digits,
                                                              unit.random))
    except pin_blocks.PinBlockError as error:
        raise _refusal(error) from None
    return block.hex().upper().encode("ascii")


def _require(key: Key, algorithm: str) -> None:
    """The format has to suit the key: ISO 4 AES, the others Triple DES of two or three parts."""
    if key.algorithm != algorithm:
        raise HsmError("23")
    if len(key.value) < 16:
        raise HsmError("27")


def _refusal(error: pin_blocks.PinBlockError) -> HsmError:
    return HsmError("24" if error.reason == "length" else "20")
