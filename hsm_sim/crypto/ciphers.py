"""Block ciphers: TDES and AES in ECB and CBC, key parity and check values.

Knows: `cryptography`, and which of its contexts can be used again. Must not know: what a
key is for.

An ECB context keeps nothing between whole blocks, so one is made for each key and direction and
used until newer keys push it out. A CBC context cannot be set back and is made for each call.

Sources: NIST SP 800-67 (TDES), FIPS 197 (AES), SP 800-38A (modes), X9.24-1 Annex A (check values).
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

TDES_BLOCK: Final = 8
AES_BLOCK: Final = 16
# Keys kept ready, for each cipher and direction. A context is about 2 KiB.
MAX_CONTEXTS: Final = 2048

_TDES_LENGTHS: Final = (8, 16, 24)
_AES_LENGTHS: Final = (16, 24, 32)
# Each byte with its lowest bit set so that the number of ones is odd.
_ODD: Final = bytes(byte & 0xFE | (byte >> 1).bit_count() & 1 ^ 1 for byte in range(256))

_Update = Callable[[bytes], bytes]


def triple(key: bytes) -> TripleDES:
    """The TDES key of 8 (K|K|K), 16 (K1|K2|K1) or 24 bytes. ValueError for any other length."""
    if len(key) not in _TDES_LENGTHS:
        raise ValueError(f"a TDES key has 8, 16 or 24 bytes, this one has {len(key)}")
    return TripleDES((key * 3)[:24] if len(key) != 16 else key + key[:8])


def _aes(key: bytes) -> AES:
    """The AES key. ValueError for a length that is not 16, 24 or 32 bytes."""
    if len(key) not in _AES_LENGTHS:
        raise ValueError(f"an AES key has 16, 24 or 32 bytes, this one has {len(key)}")
    return AES(key)


@lru_cache(maxsize=MAX_CONTEXTS)
def _tdes_encryptor(key: bytes) -> _Update:
    return Cipher(triple(key), modes.ECB()).encryptor().update


@lru_cache(maxsize=MAX_CONTEXTS)
def _tdes_decryptor(key: bytes) -> _Update:
    return Cipher(triple(key), modes.ECB()).decryptor().update


@lru_cache(maxsize=MAX_CONTEXTS)
def _aes_encryptor(key: bytes) -> _Update:
    return Cipher(_aes(key), modes.ECB()).encryptor().update


@lru_cache(maxsize=MAX_CONTEXTS)
def _aes_decryptor(key: bytes) -> _Update:
    return Cipher(_aes(key), modes.ECB()).decryptor().update


def tdes_encrypt(key: bytes, data: bytes) -> bytes:
    """TDES in ECB; data in whole blocks of 8 bytes, else ValueError."""
    if len(data) & 7:
        raise _ragged(TDES_BLOCK, data)  # a part of a block would stay in the context
    return _tdes_encryptor(key)(data)


def tdes_decrypt(key: bytes, data: bytes) -> bytes:
    """The inverse of `tdes_encrypt`."""
    if len(data) & 7:
        raise _ragged(TDES_BLOCK, data)
    return _tdes_decryptor(key)(data)


def tdes_cbc_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """TDES in CBC; iv of 8 bytes, data in whole blocks of 8 bytes, else ValueError."""
    if len(data) & 7:
        raise _ragged(TDES_BLOCK, data)
    return Cipher(triple(key), modes.CBC(iv)).encryptor().update(data)


def tdes_cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """The inverse of `tdes_cbc_encrypt`."""
    if len(data) & 7:
        raise _ragged(TDES_BLOCK, data)
    return Cipher(triple(key), modes.CBC(iv)).decryptor().update(data)


def aes_encrypt(key: bytes, data: bytes) -> bytes:
    """AES in ECB; data in whole blocks of 16 bytes, else ValueError."""
    if len(data) & 15:
        raise _ragged(AES_BLOCK, data)
    return _aes_encryptor(key)(data)


def aes_decrypt(key: bytes, data: bytes) -> bytes:
    """The inverse of `aes_encrypt`."""
    if len(data) & 15:
        raise _ragged(AES_BLOCK, data)
    return _aes_decryptor(key)(data)


def aes_cbc_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """AES in CBC; iv of 16 bytes, data in whole blocks of 16 bytes, else ValueError."""
    if len(data) & 15:
        raise _ragged(AES_BLOCK, data)
    return Cipher(_aes(key), modes.CBC(iv)).encryptor().update(data)


def aes_cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """The inverse of `aes_cbc_encrypt`."""
    if len(data) & 15:
        raise _ragged(AES_BLOCK, data)
    return Cipher(_aes(key), modes.CBC(iv)).decryptor().update(data)


def _ragged(block: int, data: bytes) -> ValueError:
    return ValueError(f"data is in whole blocks of {block} bytes, these are {len(data)}")


def xor(left: bytes, right: bytes) -> bytes:
    """The exclusive or of two byte strings of the same length, else ValueError."""
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} bytes cannot be added")
    mixed = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return mixed.to_bytes(len(left), "big")


def kcv(algorithm: str, key: bytes) -> bytes:
    """The check value, whole: the first 3 bytes (TDES) or 5 bytes (AES, HMAC) are what one shows.

    'T' or 'D': a zero block encrypted. 'A': CMAC of a zero block. 'H': HMAC-SHA-256 of nothing.
    ValueError for another algorithm. Source: X9.24-1:2017 Annex A.
    """
    if algorithm in ("T", "D"):
        return tdes_encrypt(key, bytes(TDES_BLOCK))
    if algorithm == "A":
        check = CMAC(_aes(key))
        check.update(bytes(AES_BLOCK))
        return check.finalize()
    if algorithm == "H":
        return hmac.digest(key, b"", hashlib.sha256)
    raise ValueError(f"no check value for keys of algorithm {algorithm!r}")


def odd_parity(key: bytes) -> bytes:
    """The key with the lowest bit of each byte set to odd parity, as DES keys have it."""
    return key.translate(_ODD)


def has_odd_parity(key: bytes) -> bool:
    """Whether each byte has an odd number of ones."""
    return key.translate(_ODD) == key
