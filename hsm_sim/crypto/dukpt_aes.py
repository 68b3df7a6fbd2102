"""DUKPT with AES: a key of its own for each transaction of a terminal, for each purpose and type.

Knows: the derivation data, and the way from base key to initial key to working key. Must not know:
which counters were seen before.

A key serial number has 12 bytes: the initial key's id (8) and the transaction counter (4). The
steps towards a counter are kept for the next one, which shares most of them.

Source: ANSI X9.24-3:2017, 6.3.
"""

from enum import Enum, IntEnum
from functools import lru_cache
from typing import Final

from hsm_sim.crypto.ciphers import aes_encrypt

ID_LENGTH: Final = 8
KSN_LENGTH: Final = 12
# A terminal skips counters with more ones: no key takes more steps than this.
MAX_ONES: Final = 16
# Steps that are kept, for all terminals.
MAX_STEPS: Final = 8192

_VERSION: Final = 1
_DERIVATION: Final = 0x8000
_INITIAL: Final = 0x8001


class Purpose(IntEnum):
    """What a working key is for: its key usage indicator."""

    KEY_ENCRYPTION = 0x0002
    PIN = 0x1000
    MAC_GENERATE = 0x2000
    MAC_VERIFY = 0x2001
    MAC_BOTH = 0x2002
    DATA_ENCRYPT = 0x3000
    DATA_DECRYPT = 0x3001
    DATA_BOTH = 0x3002


class KeyType(Enum):
    """What a working key is: its algorithm indicator and its bytes."""

    TDES2 = (0, 16)
    TDES3 = (1, 24)
    AES128 = (2, 16)
    AES192 = (3, 24)
    AES256 = (4, 32)


_AES_TYPES: Final = {16: KeyType.AES128, 24: KeyType.AES192, 32: KeyType.AES256}
# Security in bits, of which a derived key may not have more than the key it is derived from.
_STRENGTH: Final = {KeyType.TDES2: 80, KeyType.TDES3: 112, KeyType.AES128: 128,
                    KeyType.AES192: 192, KeyType.AES256: 256}


def initial_key(bdk: bytes, initial_key_id: bytes) -> bytes:
    """The initial key of a terminal, of the base key's length; the id has 8 bytes."""
    if len(initial_key_id) != ID_LENGTH:
        raise ValueError(f"an initial key's id has 8 bytes, this one has {len(initial_key_id)}")
    return _derive(bdk, _INITIAL, _type_of(bdk), initial_key_id)


def working_key(bdk: bytes, ksn: bytes, purpose: Purpose, key_type: KeyType) -> bytes:
    """The key of the counter for the purpose, in the bytes of its type.

    ValueError: counter 0, more than 16 ones in it, or a type stronger than the base key.
    """
    return from_initial(initial_key(bdk, ksn[:ID_LENGTH]), ksn, purpose, key_type)


def from_initial(initial: bytes, ksn: bytes, purpose: Purpose, key_type: KeyType) -> bytes:
    """The same key, by a terminal: it has its initial key and never had the base key."""
    if len(ksn) != KSN_LENGTH:
        raise ValueError(f"a KSN has 12 bytes, this one has {len(ksn)}")
    counter = int.from_bytes(ksn[ID_LENGTH:], "big")
    if counter == 0:
        raise ValueError("the KSN's counter is 0, the initial key's")
    if counter.bit_count() > MAX_ONES:
        raise ValueError(f"the KSN's counter has {counter.bit_count()} ones, at most 16 may be")
    step_type = _type_of(initial)
    if _STRENGTH[key_type] > _STRENGTH[step_type]:
        raise ValueError(f"{key_type.name} is stronger than the base key, {step_type.name}")
    terminal = ksn[4:ID_LENGTH]
    key = initial
    reached = 0
    for place in range(31, -1, -1):
        bit = counter & 1 << place
        if bit:
            reached |= bit
            key = _derive(key, _DERIVATION, step_type, terminal + reached.to_bytes(4, "big"))
    return _expand(key, purpose, key_type, ksn[4:])


def _type_of(key: bytes) -> KeyType:
    key_type = _AES_TYPES.get(len(key))
    if key_type is None:
        raise ValueError(f"a base key has 16, 24 or 32 bytes, this one has {len(key)}")
    return key_type


def _expand(key: bytes, usage: int, key_type: KeyType, context: bytes) -> bytes:
    """So many blocks as the type asks for, each of the derivation data with its number in it."""
    algorithm, length = key_type.value
    tail = (usage.to_bytes(2, "big") + algorithm.to_bytes(2, "big")
            + (length * 8).to_bytes(2, "big") + context)
    blocks = -(-length // 16)
    data = b"".join([bytes((_VERSION, number)) + tail for number in range(1, blocks + 1)])
    return aes_encrypt(key, data)[:length]


@lru_cache(maxsize=MAX_STEPS)
def _derive(key: bytes, usage: int, key_type: KeyType, context: bytes) -> bytes:
    """A step towards a counter, kept."""
    return _expand(key, usage, key_type, context)
