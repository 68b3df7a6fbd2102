"""DUKPT with TDES: a key of its own for each transaction of a terminal.

Knows: how the initial key comes from the base key, how a transaction's key comes from that, and the
variants for PIN, MAC and data. Must not know: which counters were seen before.

A key serial number has 10 bytes, of which the last 21 bits count transactions. The steps towards a
counter are kept for the next one, which shares most of them.

Source: ANSI X9.24-1:2009 Annex A.
"""

from functools import lru_cache
from typing import Final

from hsm_sim.crypto.ciphers import tdes_encrypt, xor

KSN_LENGTH: Final = 10
COUNTER_BITS: Final = 21
# A terminal skips counters with more ones: no key takes more steps than this.
MAX_ONES: Final = 10
# Steps that are kept, for all terminals.
MAX_STEPS: Final = 8192

_COUNTER: Final = (1 << COUNTER_BITS) - 1
_C0: Final = bytes.fromhex("C0C0C0C000000000" * 2)
_PIN: Final = bytes.fromhex("00000000000000FF" * 2)
_MAC_REQUEST: Final = bytes.fromhex("000000000000FF00" * 2)
_MAC_RESPONSE: Final = bytes.fromhex("00000000FF000000" * 2)
_DATA_REQUEST: Final = bytes.fromhex("0000000000FF0000" * 2)
_DATA_RESPONSE: Final = bytes.fromhex("000000FF00000000" * 2)


def ipek(bdk: bytes, ksn: bytes) -> bytes:
    """The initial key of a terminal, 16 bytes; bdk 16 bytes, ksn 10 bytes with any counter."""
    if len(bdk) != 16:
        raise ValueError(f"a BDK has 16 bytes, this one has {len(bdk)}")
    serial = (_number(ksn) & ~_COUNTER).to_bytes(KSN_LENGTH, "big")[:8]
    return tdes_encrypt(bdk, serial) + tdes_encrypt(xor(bdk, _C0), serial)


def transaction_key(bdk: bytes, ksn: bytes) -> bytes:
    """The key that belongs to the counter, of which only variants are ever used.

    ValueError: counter 0, which no transaction has, or more than ten ones in it.
    """
    return from_initial(ipek(bdk, ksn), ksn)


def from_initial(initial: bytes, ksn: bytes) -> bytes:
    """The same key, by a terminal: it has its initial key and never had the base key."""
    counter = _number(ksn) & _COUNTER
    if counter == 0:
        raise ValueError("the KSN's counter is 0, the initial key's")
    if counter.bit_count() > MAX_ONES:
        raise ValueError(f"the KSN's counter has {counter.bit_count()} ones, at most 10 may be")
    key = initial
    register = (_number(ksn) & ~_COUNTER) & 0xFFFF_FFFF_FFFF_FFFF
    for place in range(COUNTER_BITS - 1, -1, -1):
        bit = counter & 1 << place
        if bit:
            register |= bit
            key = _step(key, register)
    return key


def pin_key(bdk: bytes, ksn: bytes) -> bytes:
    """The PIN encryption key, 16 bytes."""
    return pin_variant(transaction_key(bdk, ksn))


def pin_variant(key: bytes) -> bytes:
    """The PIN encryption key of a transaction's key."""
    return xor(key, _PIN)


def mac_keys(bdk: bytes, ksn: bytes) -> tuple[bytes, bytes]:
    """The MAC keys of the request (or both ways) and of the response, 16 bytes each."""
    return mac_variants(transaction_key(bdk, ksn))


def mac_variants(key: bytes) -> tuple[bytes, bytes]:
    """The MAC keys of a transaction's key."""
    return xor(key, _MAC_REQUEST), xor(key, _MAC_RESPONSE)


def data_keys(bdk: bytes, ksn: bytes) -> tuple[bytes, bytes]:
    """The data keys of the request (or both ways) and of the response, each under itself."""
    key = transaction_key(bdk, ksn)
    request, response = xor(key, _DATA_REQUEST), xor(key, _DATA_RESPONSE)
    return tdes_encrypt(request, request), tdes_encrypt(response, response)


def _number(ksn: bytes) -> int:
    if len(ksn) != KSN_LENGTH:
        raise ValueError(f"a KSN has 10 bytes, this one has {len(ksn)}")
    return int.from_bytes(ksn, "big")


@lru_cache(maxsize=MAX_STEPS)
def _step(key: bytes, register: int) -> bytes:
    """The key one bit further: both halves through DES under the left one. Not reversible."""
    data = register.to_bytes(8, "big")
    return _half(xor(key, _C0), data) + _half(key, data)


def _half(key: bytes, data: bytes) -> bytes:
    left, right = key[:8], key[8:]
    return xor(tdes_encrypt(left, xor(data, right)), right)
