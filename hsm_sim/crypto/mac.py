"""Message authentication codes: ISO 9797-1 algorithms 1 and 3, and CMAC.

Knows: paddings and chaining. Must not know: how many bytes of a code are sent, or what it covers.

Padding 0 is none (whole blocks only), 1 zeros up to the block, 2 a one bit and then zeros.
"""

from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from hsm_sim.crypto.ciphers import (
    MAX_CONTEXTS,
    TDES_BLOCK,
    tdes_cbc_encrypt,
    tdes_encrypt,
    triple,
    xor,
)

_ZEROS: Final = bytes(TDES_BLOCK)


def pad(data: bytes, padding: int, block: int = TDES_BLOCK) -> bytes:
    """The data in whole blocks, at least one. ValueError: no such padding, or 0 does not fit.

    Source: ISO/IEC 9797-1:2011, 6.3. Padding 1 of nothing is one block of zeros.
    """
    if padding == 2:
        data += b"\x80"
    elif padding == 0 and (not data or len(data) % block):
        raise ValueError(f"without padding, data is whole blocks of {block} bytes")
    elif padding not in (0, 1):
        raise ValueError(f"no such padding: {padding}")
    length = max(len(data), 1)
    return data.ljust(length + -length % block, b"\x00")


def iso9797_1(key: bytes, data: bytes, padding: int, iv: bytes = _ZEROS) -> bytes:
    """MAC algorithm 1, eight bytes: the last block of CBC under the whole TDES key.

    key 8, 16 or 24 bytes; iv 8 bytes. Source: ISO/IEC 9797-1:2011, 7.2.
    """
    return tdes_cbc_encrypt(key, iv, pad(data, padding))[-TDES_BLOCK:]


def iso9797_3(key: bytes, data: bytes, padding: int, iv: bytes = _ZEROS) -> bytes:
    """MAC algorithm 3, the retail MAC, eight bytes; key 16 bytes, iv 8 bytes.

    CBC under the left half alone, and the last block once through both halves - which is TDES.
    Source: ISO/IEC 9797-1:2011, 7.4; ANSI X9.19.
    """
    if len(key) != 16:
        raise ValueError(f"a key of algorithm 3 has 16 bytes, this one has {len(key)}")
    blocks = pad(data, padding)
    body, last = blocks[:-TDES_BLOCK], blocks[-TDES_BLOCK:]
    chain = tdes_cbc_encrypt(key[:8], iv, body)[-TDES_BLOCK:] if body else iv
    return tdes_encrypt(key, xor(chain, last))


@lru_cache(maxsize=MAX_CONTEXTS)
def _cmac(algorithm: str, key: bytes) -> CMAC:
    """A CMAC that has seen nothing; it is copied, never fed."""
    if algorithm == "T":
        return CMAC(triple(key))
    if algorithm == "A":
        return CMAC(AES(key))
    raise ValueError(f"no CMAC for keys of algorithm {algorithm!r}")


def cmac(algorithm: str, key: bytes, data: bytes) -> bytes:
    """CMAC of any data: 8 bytes for 'T' (TDES), 16 for 'A' (AES). Source: NIST SP 800-38B."""
    mac = _cmac(algorithm, key).copy()
    mac.update(data)
    return mac.finalize()
