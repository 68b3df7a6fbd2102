"""A key under another key: what leaves the HSM for a zone or a terminal, and what comes back in.

Rules: a key says itself whether it may leave (ANSI X9.143: N never; E in a key block alone; S in
any form, the older ones too); it never leaves under a weaker key; what wraps has a usage of its
own, and a zone's is not a terminal's. Knows no field of a command. HsmError: 26 scheme, 27 length,
28 not Triple DES, 29 may not leave, BB weaker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from hsm_sim.crypto import tr31
from hsm_sim.crypto.ciphers import has_odd_parity, kcv, odd_parity
from hsm_sim.errors import HsmError
from hsm_sim.keys import Key, KeyToken
from hsm_sim.variant_lmk import decrypt_by_scheme, encrypt_by_scheme

ZONE_KEYS: Final = ("K0", "K1", "52")
TERMINAL_KEYS: Final = ("51",)
WRAPPING_KEYS: Final = frozenset({*ZONE_KEYS, *TERMINAL_KEYS})
WRAP_MODES: Final = "BEN"
UNWRAP_MODES: Final = "BDN"
_KEY_BLOCKS_ONLY: Final = "K1"
# What the family's own usages are outside, where nobody knows them.
_OUTSIDE_USAGE: Final = {"51": "K0", "52": "K0"}
# Versions of TR-31 whose MAC is 8 or 16 bytes long; in A and C it has four.
_WELL_BOUND: Final = frozenset(b"BD")
_OLDER_FORMS: Final = frozenset({b"Z", b"X", b"U", b"T", b"Y"})
_TIGHTER: Final = {"S": "SEN", "E": "EN", "N": "N"}
# Bits of security by NIST SP 800-57 part 1, table 2; a key for HMAC has its length.
_TDES_STRENGTH: Final = {8: 56, 16: 80, 24: 112}


def strength(key: Key) -> int:
    """Bits of security."""
    if key.algorithm == "T":
        return _TDES_STRENGTH[len(key.value)]
    return min(256, 8 * len(key.value))


def check_value(key: Key) -> bytes:
    """Six hexadecimal characters. HsmError('A7'): a private key has none."""
    if key.algorithm not in "TAH":
        raise HsmError("A7")
    return kcv(key.algorithm, key.value)[:3].hex().upper().encode("ascii")


def tightened(current: str, asked: str) -> str:
    """Another exportability, if it allows no more. HsmError('AA')."""
    if asked not in _TIGHTER.get(current, ""):
        raise HsmError("AA")
    return asked


def export(key: Key, under: Key, scheme: bytes, random: Callable[[int], bytes], *,
           exportability: str = "", mode: str = "") -> bytes:
    """A key as it leaves: R and a TR-31 block (D under AES, B under TDES), or an older form.

    `mode`: of the key that leaves, where it is the other side of what this one does.
    """
    if key.exportability == "N" or (scheme != b"R" and key.exportability != "S"):
        raise HsmError("29")
    if under.algorithm == "T" and len(under.value) == 8:
        raise HsmError("27")
    if strength(under) < strength(key):
        raise HsmError("BB")
    if scheme != b"R":
        if scheme not in _OLDER_FORMS:
            raise HsmError("26")
        if key.algorithm != "T" or under.algorithm != "T":
            raise HsmError("28")
        if under.usage == _KEY_BLOCKS_ONLY:
            raise HsmError("A6")
        return encrypt_by_scheme(under.value, key.value, scheme)
    header = tr31.Header(
        version="D" if under.algorithm == "A" else "B",
        usage=_OUTSIDE_USAGE.get(key.usage, key.usage), algorithm=key.algorithm,
        mode=mode or key.mode,
        version_number=key.version_number,
        exportability=tightened(key.exportability, exportability or key.exportability),
        blocks=key.blocks)
    return b"R" + tr31.wrap(under.value, header, key.value, random).encode("ascii")


def is_bound(token: KeyToken) -> bool:
    """Whether the key says itself, under a MAC that nobody finds by trying, what it is for."""
    return token.scheme == b"R" and token.text[1] in _WELL_BOUND


def unwrap_block(token: KeyToken, under: Key) -> Key:
    """The key of a TR-31 block. HsmError: BB the wrapping key's algorithm; KeyBlockError."""
    try:
        block = token.body.decode("ascii")
    except UnicodeDecodeError:
        raise HsmError("15") from None
    if (block[0] == "D") != (under.algorithm == "A"):
        raise HsmError("BB")
    header, value = tr31.unwrap(under.value, block)
    key = Key(usage=header.usage, algorithm=header.algorithm, mode=header.mode,
              version_number=header.version_number, exportability=header.exportability,
              value=odd_parity(value) if header.algorithm == "T" else value,
              blocks=tuple(one for one in header.blocks if one[0] != "PB"))
    return _sound(key)


def named(key: Key, name: Key) -> Key:
    """A key that came in a block, under the family's own usage: 51 or 52 for K0, or K1 of AES.

    `name` may tighten its exportability; all else is as the block says. HsmError: A6 to AC.
    """
    is_narrower = name.usage in {"51", "52"} and (
        key.usage == "K0" or (key.usage == _KEY_BLOCKS_ONLY and key.algorithm == "A"))
    if name.usage != key.usage and not is_narrower:
        raise HsmError("A6")
    if name.mode != key.mode:
        raise HsmError("A8")
    if name.version_number != key.version_number:
        raise HsmError("A9")
    if name.blocks:
        raise HsmError("AC")
    return msgspec.structs.replace(
        key, usage=name.usage, exportability=tightened(key.exportability, name.exportability))


def unwrap_older(token: KeyToken, under: Key, template: Key) -> Key:
    """A Triple DES key in an older form, to be what the template says. HsmError: 10 parity."""
    if under.algorithm != "T":
        raise HsmError("28")
    if under.usage == _KEY_BLOCKS_ONLY:
        raise HsmError("A6")
    if len(under.value) == 8:
        raise HsmError("27")
    value = decrypt_by_scheme(under.value, token)
    if not has_odd_parity(value):
        raise HsmError("10")
    return _sound(Key(usage=template.usage, algorithm="T", mode=template.mode, value=value,
                      version_number=template.version_number, blocks=template.blocks,
                      exportability=template.exportability))


def _sound(key: Key) -> Key:
    """HsmError: 11 all zeros, 75 the same part twice."""
    if not any(byte & 0xFE for byte in key.value):
        raise HsmError("11")
    parts = [key.value[at:at + 8] for at in range(0, len(key.value), 8)]
    if key.algorithm == "T" and len(set(parts)) != len(parts):
        raise HsmError("75")
    return key
