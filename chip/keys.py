"""The card's AES keys: from which master each comes, and how two sides prove one.

PURE. docs/chip-card.md, "Keys" and "Mutual authentication". CMAC is NIST SP 800-38B; the check
value is that of X9.24-1 for AES; PIN block format 4 is ISO 9564-1.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

TRANSPORT: Final = 0x10
LOADING: Final = 0x11
AUTHENTICATION: Final = 0x20
PIN_LOADING: Final = 0x30
CRYPTOGRAM: Final = 0x40
OWN_PAIR: Final = 0x50
LOADED: Final = (AUTHENTICATION, PIN_LOADING, CRYPTOGRAM)

SIZE: Final = 16
CHECK_VALUE: Final = 5
PIN_LENGTHS: Final = range(4, 13)

_LABEL_TERMINAL: Final = 1
_LABEL_CARD: Final = 2
_LABEL_ENC: Final = 3
_LABEL_MAC: Final = 4
_ZERO: Final = bytes(SIZE)


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC, 16 bytes."""
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def encipher(key: bytes, data: bytes) -> bytes:
    """AES-ECB of whole blocks. Only ever one block of a key, of a counter, or of a PIN block."""
    context = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return context.update(data) + context.finalize()


def decipher(key: bytes, data: bytes) -> bytes:
    """The inverse of `encipher`."""
    context = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    return context.update(data) + context.finalize()


def encipher_chain(key: bytes, data: bytes) -> bytes:
    """AES-CBC from an initial value of zeros."""
    context = Cipher(algorithms.AES(key), modes.CBC(_ZERO)).encryptor()
    return context.update(data) + context.finalize()


def decipher_chain(key: bytes, data: bytes) -> bytes:
    """The inverse of `encipher_chain`."""
    context = Cipher(algorithms.AES(key), modes.CBC(_ZERO)).decryptor()
    return context.update(data) + context.finalize()


def check_value(key: bytes) -> bytes:
    """First five bytes of the CMAC of a block of zeros."""
    return cmac(key, _ZERO)[:CHECK_VALUE]


def diversified(master: bytes, ref: int, serial: bytes) -> bytes:
    """Key 10, 20 or 30 of the chip with this serial."""
    return cmac(master, bytes([ref]) + serial)


def loading_key(transport_master: bytes, target: int, serial: bytes) -> bytes:
    """Key 11 for one target."""
    return cmac(transport_master, bytes([LOADING, target]) + serial)


def loaded(loading: bytes, key: bytes) -> bytes:
    """What PUT KEY carries: the key enciphered, and its check value."""
    return encipher(loading, key) + check_value(key)


def cryptogram_key(master: bytes, pan: str, psn: str) -> bytes:
    """Key 40: EMV Book 2 A1.4.3, option C, for AES-128."""
    return encipher(master, bytes.fromhex((pan + psn).rjust(32, "0")))


def terminal_proof(key: bytes, card_random: bytes, own_random: bytes, serial: bytes) -> bytes:
    """The issuer's side of the symmetric authentication."""
    return cmac(key, _context(_LABEL_TERMINAL, card_random, own_random, serial))


def card_proof(key: bytes, card_random: bytes, terminal_random: bytes, serial: bytes) -> bytes:
    """The card's side of it."""
    return cmac(key, _context(_LABEL_CARD, card_random, terminal_random, serial))


def session_pair(key: bytes, card_random: bytes, terminal_random: bytes,
                 serial: bytes) -> tuple[bytes, bytes]:
    """S-ENC and S-MAC of a symmetric session."""
    return (cmac(key, _context(_LABEL_ENC, card_random, terminal_random, serial)),
            cmac(key, _context(_LABEL_MAC, card_random, terminal_random, serial)))


def pin_of_block(key: bytes, block: bytes, pan: str) -> str:
    """The PIN of an ISO 9564-1 format 4 block; ValueError where it is none (no value is told)."""
    inner = decipher(key, block)
    plain = decipher(key, _xor(inner, _pan_field(pan))).hex()
    length = int(plain[1], 16)
    pin = plain[2:2 + length]
    if plain[0] != "4" or length not in PIN_LENGTHS or not pin.isdecimal() \
            or plain[2 + length:16] != "a" * (14 - length):
        raise ValueError("not a format 4 PIN block under this key and card number")
    return pin


def _context(label: int, card_random: bytes, terminal_random: bytes, serial: bytes) -> bytes:
    return bytes([label, 0]) + card_random + terminal_random + serial


def _pan_field(pan: str) -> bytes:
    """ISO 9564-1 9.4.2.3: M, the digits above twelve, then the PAN, zeros on the right."""
    return bytes.fromhex(f"{max(len(pan) - 12, 0)}{pan.rjust(12, '0')}".ljust(32, "0"))


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
