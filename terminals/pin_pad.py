"""A PIN pad: the only part of a terminal that ever has a clear PIN. Out come enciphered blocks.

Knows PIN block formats (ISO 9564-1), keys under which a PIN travels, and the transaction counter of
DUKPT (ANSI X9.24-1 and -3); knows no message. A till that shows or keeps what comes out gives
nothing away.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import msgspec

from hsm_sim.crypto import dukpt_aes, dukpt_tdes, pin_blocks
from hsm_sim.crypto.ciphers import tdes_encrypt
from iso.security import PIN_FORMAT_16, Scheme
from terminals.session_keys import Algorithm, Sealing, SessionKeys

_ISO_0: Final = "01"
_AES_TYPES: Final = {16: dukpt_aes.KeyType.AES128, 24: dukpt_aes.KeyType.AES192,
                     32: dukpt_aes.KeyType.AES256}


class NoMoreKeys(Exception):
    """The counter of DUKPT is at its end: the device goes back to the workshop."""


class EncipheredPin(msgspec.Struct, frozen=True):
    """A PIN block and how it is named in a message; see iso/security.py."""

    block: bytes
    format: str
    scheme: Scheme
    generation: int = 0
    ksn: bytes = b""

    def __repr__(self) -> str:
        return "EncipheredPin(hidden)"


class Dukpt:
    """A key for each transaction.

    initial: the terminal's initial key, 16 bytes (TDES, serial of 10 bytes) or 16, 24 or 32 (AES,
    serial of 12 bytes). The counter within the serial is the last one that was used.
    """

    def __init__(self, initial: bytes, serial: bytes) -> None:
        self._initial = initial
        self._serial = serial
        aes = len(serial) == dukpt_aes.KSN_LENGTH
        self.algorithm: Algorithm = "A" if aes else "T"
        self._bits = 32 if aes else dukpt_tdes.COUNTER_BITS
        self._most_ones = dukpt_aes.MAX_ONES if aes else dukpt_tdes.MAX_ONES
        self._counter = int.from_bytes(serial, "big") & ((1 << self._bits) - 1)

    def next(self) -> bytes:
        """The next transaction's KSN; counters with too many ones are passed over. NoMoreKeys."""
        self._counter += 1
        while self._counter.bit_count() > self._most_ones:
            # On to the next one with fewer: the lowest set bit carries.
            self._counter += self._counter & -self._counter
        if self._counter >> self._bits:
            raise NoMoreKeys
        mask = (1 << self._bits) - 1
        serial = int.from_bytes(self._serial, "big") & ~mask | self._counter
        return serial.to_bytes(len(self._serial), "big")

    def pin_key(self, ksn: bytes) -> bytes:
        """The key that the transaction's PIN is under."""
        if self.algorithm == "A":
            return self._working(ksn, dukpt_aes.Purpose.PIN)
        return dukpt_tdes.pin_variant(dukpt_tdes.from_initial(self._initial, ksn))

    def sealing(self, ksn: bytes) -> Sealing:
        """What the transaction's message is sealed with."""
        if self.algorithm == "A":
            key = self._working(ksn, dukpt_aes.Purpose.MAC_BOTH)
        else:
            key, _ = dukpt_tdes.mac_variants(dukpt_tdes.from_initial(self._initial, ksn))
        return Sealing("dukpt", self.algorithm, key, ksn=ksn)

    def _working(self, ksn: bytes, purpose: dukpt_aes.Purpose) -> bytes:
        return dukpt_aes.from_initial(self._initial, ksn, purpose, _AES_TYPES[len(self._initial)])

    def __repr__(self) -> str:
        return "Dukpt(hidden)"


class ZoneKey(msgspec.Struct, frozen=True):
    """A ZPK: for an acquirer's host that passes its terminals' PINs on under its own key."""

    key: bytes
    algorithm: Algorithm = "T"
    generation: int = 1

    def __repr__(self) -> str:
        return f"ZoneKey({self.generation})"


class PinPad:
    """One device, with the keys of one kind. random: so many bytes that nobody can foretell."""

    def __init__(self, keys: SessionKeys | Dukpt | ZoneKey, *,
                 random: Callable[[int], bytes] = os.urandom) -> None:
        self._keys = keys
        self._random = random

    def encipher(self, pin: str, pan: str, pin_format: str = "") -> EncipheredPin:
        """The PIN, 4 to 12 digits, in a block bound to the card; ISO 0 by TDES, ISO 4 by AES.

        pin_format: another one that the keys can do ('05', '47'). PinBlockError, BadKeys,
        NoMoreKeys.
        """
        keys = self._keys
        match keys:
            case Dukpt():
                ksn = keys.next()
                block, name = self._block(keys.pin_key(ksn), keys.algorithm, pin, pan, pin_format)
                return EncipheredPin(block, name, "dukpt", ksn=ksn)
            case ZoneKey():
                block, name = self._block(keys.key, keys.algorithm, pin, pan, pin_format)
                return EncipheredPin(block, name, "zone", keys.generation)
            case _:
                key = keys.pin_key()
                block, name = self._block(key, keys.algorithm, pin, pan, pin_format)
                return EncipheredPin(block, name, "terminal", keys.generation)

    def _block(self, key: bytes, algorithm: Algorithm, pin: str, pan: str,
               pin_format: str) -> tuple[bytes, str]:
        if algorithm == "A":
            return pin_blocks.encrypt_iso4(key, pin, pan, self._random), PIN_FORMAT_16
        name = pin_format or _ISO_0
        clear = pin_blocks.encode(name, pin, pin_blocks.account12(pan), self._random)
        return tdes_encrypt(key, clear), name

    def __repr__(self) -> str:
        return "PinPad(hidden)"
