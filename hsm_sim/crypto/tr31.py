"""Key blocks: TR-31:2018 / X9.143 versions A, B, C and D.

Knows: how a key is bound to its header, enciphered and authenticated, and opened again. Must not
know: which usages a command wants, or where the key block protection key comes from.

Versions A and C bind by variants of the protection key, B and D by keys derived from it. The MAC of
A and C covers what is sent; that of B and D covers the clear key, and is the IV as well.
"""

import hmac
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from hsm_sim.crypto.ciphers import (
    aes_cbc_decrypt,
    aes_cbc_encrypt,
    tdes_cbc_decrypt,
    tdes_cbc_encrypt,
    xor,
)
from hsm_sim.crypto.mac import cmac, iso9797_1
from hsm_sim.crypto.tr31_header import LONGEST_BLOCK, Header, KeyBlockError

__all__ = ["Header", "KeyBlockError", "unwrap", "wrap"]

# Bytes of the MAC.
_MAC: Final = {"A": 4, "B": 8, "C": 4, "D": 16}
# What keys of these algorithms may have, in bytes, and to which length they are hidden.
_KEY_LENGTHS: Final = {"T": (8, 16, 24), "D": (8,), "A": (16, 24, 32)}
_HIDDEN_LENGTH: Final = {"T": 24, "D": 24, "A": 32}
# Derivation of B and D, by the length of the protection key: algorithm and bits of what is derived.
_DERIVED_TDES: Final = {16: (0, 128), 24: (1, 192)}
_DERIVED_AES: Final = {16: (2, 128), 24: (3, 192), 32: (4, 256)}
# Protection keys whose two derived keys are kept.
MAX_PROTECTION_KEYS: Final = 1024
_ENCRYPTION: Final = 0
_AUTHENTICATION: Final = 1


def wrap(kbpk: bytes, header: Header, key: bytes, random: Callable[[int], bytes],
         *, masked_length: int | None = None) -> str:
    """The key block. `random(n)` gives the padding behind the key.

    The padding hides how long the key is: DES and TDES keys look like 24 bytes, AES keys like 32.
    `masked_length` is another number of bytes to look like; one below the key's hides nothing.
    """
    _check_protection_key(kbpk, header.version)
    _check_key_length(header.algorithm, len(key))
    if masked_length is None:
        masked_length = _HIDDEN_LENGTH.get(header.algorithm, 0)
    length = 2 + max(len(key), masked_length)
    length += -length % header.block_size
    clear = (len(key) * 8).to_bytes(2, "big") + key
    clear += random(length - len(clear))
    total = len(header.text(0)) + 2 * (length + _MAC[header.version])
    if total > LONGEST_BLOCK:
        raise KeyBlockError("length", f"a key block has at most 9999 characters, not {total}")
    text = header.text(total)
    enciphered, mac = _seal(kbpk, text.encode("ascii"), clear)
    return text + (enciphered + mac).hex().upper()


def unwrap(kbpk: bytes, block: str) -> tuple[Header, bytes]:
    """Header and key, or KeyBlockError with the first thing that is wrong.

    Nothing of the key is looked at before its MAC is good.
    """
    header, end = Header.read(block)
    _check_protection_key(kbpk, header.version)
    if int(block[1:5]) != len(block):
        raise KeyBlockError("length", f"the header says {block[1:5]} characters of {len(block)}")
    body = block[end:]
    if body.strip("0123456789ABCDEF"):
        raise KeyBlockError("character", "what follows the header is hexadecimal, in capitals")
    mac_length = _MAC[header.version]
    sealed = bytes.fromhex(body) if len(body) % 2 == 0 else b""
    enciphered, mac = sealed[:-mac_length], sealed[-mac_length:]
    if not enciphered or len(enciphered) % header.block_size:
        raise KeyBlockError("length", "the enciphered key is not in whole blocks")
    clear, expected = _open(kbpk, block[:end].encode("ascii"), enciphered, mac)
    if not hmac.compare_digest(mac, expected):
        raise KeyBlockError("mac", "the MAC is wrong: another protection key, or altered")
    bits = int.from_bytes(clear[:2], "big")
    length = bits // 8
    if bits % 8 or length > len(clear) - 2:
        raise KeyBlockError("key_length", f"a key of {bits} bits is not in {len(clear)} bytes")
    _check_key_length(header.algorithm, length)
    return header, clear[2 : 2 + length]


def _check_protection_key(kbpk: bytes, version: str) -> None:
    lengths = _DERIVED_AES if version == "D" else _DERIVED_TDES
    if len(kbpk) not in lengths:
        raise KeyBlockError("protection_key", f"version {version} is protected by keys of"
                            f" {tuple(lengths)} bytes, not of {len(kbpk)}")


def _check_key_length(algorithm: str, length: int) -> None:
    """Keys of the algorithms not named here are of any length but none."""
    allowed = _KEY_LENGTHS.get(algorithm)
    if length == 0 or (allowed is not None and length not in allowed):
        raise KeyBlockError(
            "key_length", f"a key of algorithm {algorithm} does not have {length} bytes")


def _seal(kbpk: bytes, header: bytes, clear: bytes) -> tuple[bytes, bytes]:
    """What is sent after the header: enciphered key and MAC."""
    version = chr(header[0])
    if version in "AC":
        encryption, authentication = _variants(kbpk)
        enciphered = tdes_cbc_encrypt(encryption, header[:8], clear)
        return enciphered, iso9797_1(authentication, header + enciphered, 0)[:4]
    if version == "B":
        encryption, authentication = _derived(kbpk, "T")
        mac = cmac("T", authentication, header + clear)
        return tdes_cbc_encrypt(encryption, mac, clear), mac
    encryption, authentication = _derived(kbpk, "A")
    mac = cmac("A", authentication, header + clear)
    return aes_cbc_encrypt(encryption, mac, clear), mac


def _open(kbpk: bytes, header: bytes, enciphered: bytes, mac: bytes) -> tuple[bytes, bytes]:
    """The clear key field, and the MAC that it should have."""
    version = chr(header[0])
    if version in "AC":
        encryption, authentication = _variants(kbpk)
        expected = iso9797_1(authentication, header + enciphered, 0)[:4]
        return tdes_cbc_decrypt(encryption, header[:8], enciphered), expected
    if version == "B":
        encryption, authentication = _derived(kbpk, "T")
        clear = tdes_cbc_decrypt(encryption, mac, enciphered)
        return clear, cmac("T", authentication, header + clear)
    encryption, authentication = _derived(kbpk, "A")
    clear = aes_cbc_decrypt(encryption, mac, enciphered)
    return clear, cmac("A", authentication, header + clear)


def _variants(kbpk: bytes) -> tuple[bytes, bytes]:
    """Encryption and authentication key of A and C: 'E' and 'M' added to each byte."""
    return xor(kbpk, b"\x45" * len(kbpk)), xor(kbpk, b"\x4d" * len(kbpk))


@lru_cache(maxsize=MAX_PROTECTION_KEYS)
def _derived(kbpk: bytes, algorithm: str) -> tuple[bytes, bytes]:
    """Encryption and authentication key of B and D: CMACs over a counter and what they are for."""
    code, bits = (_DERIVED_AES if algorithm == "A" else _DERIVED_TDES)[len(kbpk)]
    tail = b"\x00" + code.to_bytes(2, "big") + bits.to_bytes(2, "big")
    keys = []
    for purpose in (_ENCRYPTION, _AUTHENTICATION):
        material = b""
        counter = 1
        while len(material) * 8 < bits:
            data = bytes([counter]) + purpose.to_bytes(2, "big") + tail
            material += cmac(algorithm, kbpk, data)
            counter += 1
        keys.append(material[: bits // 8])
    return keys[0], keys[1]
