"""The variant LMK: twenty pairs of Triple DES keys, one pair and variant for each type of key.

For the hosts that still ask for it. A key of two or three parts is encrypted part by part, each
under the pair with a scheme variant on its second half, so that parts cannot change places; the
type's variant stands on the first byte of the pair. Variants and pairs are the public ones.

The form of a PIN under this LMK is digits, one more than the longest PIN has; how it is made is
private to an HSM, and is ours: length and PIN as one number, permuted among the numbers of as many
digits (ten Feistel rounds of CMAC under LMK 02-03, with the account in each). Knows no file and no
randomness.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from hsm_sim.crypto.ciphers import has_odd_parity, tdes_decrypt, tdes_encrypt
from hsm_sim.crypto.mac import cmac
from hsm_sim.errors import HsmError
from hsm_sim.key_types import key_type
from hsm_sim.keys import Key, KeyToken

PAIRS: Final = 20
PAIR_BYTES: Final = 16
TYPE_VARIANTS: Final = bytes.fromhex("00A65A6ADE2B50749CFA")
SCHEME_VARIANTS: Final = {16: bytes.fromhex("A65A"), 24: bytes.fromhex("6ADE2B")}
SCHEME_BYTES: Final = {b"Z": 8, b"": 8, b"U": 16, b"X": 16, b"T": 24, b"Y": 24}
_WITH_VARIANTS: Final = frozenset({b"U", b"T"})
_ROUNDS: Final = 10
_SHORTEST_PIN: Final = 4


class VariantLmk:
    """One set of twenty pairs."""

    def __init__(self, lmk_id: str, pairs: Sequence[bytes]) -> None:
        assert len(pairs) == PAIRS
        assert all(len(pair) == PAIR_BYTES for pair in pairs)
        self.lmk_id = lmk_id
        self._pairs = tuple(pairs)
        self.check_value = hashlib.sha256(b"".join(pairs)).digest()[:8]

    def open(self, token: KeyToken, code: str) -> Key:
        """The clear key of a type. HsmError: 04 no such type, 10 parity."""
        kind = key_type(code)
        value = decrypt_by_scheme(self._pair(kind.pair, kind.variant), token)
        if not has_odd_parity(value):
            raise HsmError("10")
        return Key(usage=kind.usage, algorithm="T", mode=kind.mode, exportability="S", value=value)

    def seal(self, key: Key, scheme: bytes, code: str) -> bytes:
        """The key under the pair of its type. HsmError: 04, 26 scheme, 27 length, 28 algorithm."""
        kind = key_type(code)
        if key.algorithm != "T":
            raise HsmError("28")
        if scheme in {b"X", b"Y"}:
            raise HsmError("26")
        return encrypt_by_scheme(self._pair(kind.pair, kind.variant), key.value, scheme)

    def pin_to_lmk(self, pin: str, account: str, longest: int) -> bytes:
        """Digits, one more than the longest PIN: a digit of length, the PIN, zeros; permuted."""
        clear = f"{len(pin) - _SHORTEST_PIN}{pin}".ljust(longest + 1, "0")
        return self._permute(clear, account, range(_ROUNDS), 1).encode("ascii")

    def pin_from_lmk(self, token: bytes, account: str) -> str:
        """The clear PIN. HsmError('14')."""
        clear = self._permute(token.decode("ascii"), account, range(_ROUNDS - 1, -1, -1), -1)
        end = 1 + int(clear[0]) + _SHORTEST_PIN
        if end > len(clear) or clear[end:].strip("0"):
            raise HsmError("14")
        return clear[1:end]

    def _permute(self, digits: str, account: str, rounds: Sequence[int], sign: int) -> str:
        key = self._pairs[1]
        middle = len(digits) // 2
        halves = [digits[:middle], digits[middle:]]
        for number in rounds:
            to, by = number % 2, 1 - number % 2
            text = f"{number}:{account}:{len(digits)}:{halves[by]}".encode("ascii")
            summand = int.from_bytes(cmac("T", key, text), "big")
            width = len(halves[to])
            halves[to] = f"{(int(halves[to]) + sign * summand) % 10 ** width:0{width}d}"
        return "".join(halves)

    def _pair(self, name: str, variant: int) -> bytes:
        pair = bytearray(self._pairs[int(name[:2]) // 2])
        pair[0] ^= TYPE_VARIANTS[variant]
        return bytes(pair)


def encrypt_by_scheme(under: bytes, value: bytes, scheme: bytes) -> bytes:
    """A Triple DES key under another, as it stands on the wire.

    Z (no letter) single, U and T part by part with scheme variants, X and Y plain ECB (ANSI X9.17).
    HsmError: 26 no such scheme, 27 not of its length.
    """
    if scheme not in SCHEME_BYTES:
        raise HsmError("26")
    if SCHEME_BYTES[scheme] != len(value):
        raise HsmError("27")
    if scheme in _WITH_VARIANTS:
        sealed = b"".join(tdes_encrypt(key, value[8 * n:8 * n + 8])
                          for n, key in enumerate(_scheme_keys(under, len(value))))
    else:
        sealed = tdes_encrypt(under, value)
    return (b"" if scheme == b"Z" else scheme) + sealed.hex().upper().encode("ascii")


def decrypt_by_scheme(under: bytes, token: KeyToken) -> bytes:
    """The clear value of a key under another, parity not looked at. HsmError('26'): a key block."""
    if token.scheme not in SCHEME_BYTES:
        raise HsmError("26")
    sealed = bytes.fromhex(token.body.decode("ascii"))
    if token.scheme not in _WITH_VARIANTS:
        return tdes_decrypt(under, sealed)
    return b"".join(tdes_decrypt(key, sealed[8 * n:8 * n + 8])
                    for n, key in enumerate(_scheme_keys(under, len(sealed))))


def _scheme_keys(under: bytes, length: int) -> list[bytes]:
    """The key for each part: its scheme variant on the first byte of the second half."""
    keys = []
    for variant in SCHEME_VARIANTS[length]:
        key = bytearray(under)
        key[8] ^= variant
        keys.append(bytes(key))
    return keys
