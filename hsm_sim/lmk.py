"""The key-block LMK: AES-256, under which keys are blocks of their own and PINs are J and 32H.

The outside of a key block is the public one: S, then a header of 16 characters (version 1, length,
usage, algorithm, mode, version number, exportability, number of optional blocks, identifier of the
LMK), optional blocks, the encrypted key in hex, and 16H of authenticator. Its inside is private to
an HSM, and is ours: encryption and authentication keys are derived by CMAC as in ANSI X9.143 D; the
authenticator is the first half of the CMAC over header and clear key data, and, with the header's
first eight characters, the initial vector. So a changed character anywhere is an error A4.

A PIN under this LMK is an ISO 9564-1 format 4 block of the account under a key derived for it
alone: random, and of no use for another account. Knows no file and no randomness of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from hsm_sim.crypto.ciphers import aes_cbc_decrypt, aes_cbc_encrypt, kcv
from hsm_sim.crypto.mac import cmac
from hsm_sim.crypto.pin_blocks import PinBlockError, decrypt_iso4, encrypt_iso4
from hsm_sim.errors import HsmError
from hsm_sim.keys import Key

Random = Callable[[int], bytes]
KEY_BYTES: Final = 32
USAGES_LENGTH: Final = 2
MODES: Final = frozenset("BCDEGNSTVXY")
EXPORTABILITIES: Final = frozenset("NSE")
_HEADER: Final = 16
_LONGEST: Final = 9_999  # four digits of length
_HEXA: Final = frozenset("0123456789ABCDEFabcdef")
_MAC_BYTES: Final = 8
_BLOCK: Final = 16
_LONGEST_OPTIONAL: Final = 0xFF - 4  # two hexadecimal digits say how long it is, with its head
_LENGTHS: Final = {"T": (8, 16, 24), "A": (16, 24, 32), "H": range(8, 129), "E": (32,)}
_ENCRYPTION: Final = 0x0000
_AUTHENTICATION: Final = 0x0001
_PIN: Final = 0x8000  # ours
_AES_256: Final = 0x0004


class KeyBlockLmk:
    """One AES LMK and the keys derived of it."""

    def __init__(self, lmk_id: str, value: bytes) -> None:
        assert len(value) == KEY_BYTES
        assert len(lmk_id) == 2
        self.lmk_id = lmk_id
        self._encryption = _derive(value, _ENCRYPTION)
        self._authentication = _derive(value, _AUTHENTICATION)
        self._pin = _derive(value, _PIN)
        self.check_value = kcv("A", value)[:8]

    def seal(self, key: Key, random: Random) -> bytes:
        """The key block, with its S. HsmError: A5 to AC, what a header cannot say."""
        _check(key)
        blocks = "".join(f"{name}{len(data) + 4:02X}{data}" for name, data in key.blocks)
        clear = (len(key.value) * 8).to_bytes(2, "big") + key.value
        clear += random(-len(clear) % _BLOCK)
        length = _HEADER + len(blocks) + 2 * len(clear) + 2 * _MAC_BYTES
        if length > _LONGEST:
            raise HsmError("AB")
        header = (f"1{length:04d}{key.usage}{key.algorithm}{key.mode}{key.version_number}"
                  f"{key.exportability}{len(key.blocks):02d}{self.lmk_id}{blocks}").encode("ascii")
        mac = self._mac(header, clear)
        sealed = aes_cbc_encrypt(self._encryption, mac + header[:8], clear)
        return b"S" + header + (sealed.hex() + mac.hex()).upper().encode("ascii")

    def open(self, text: bytes) -> Key:
        """The key of a block. HsmError: 15 no block, BE version, A3 another LMK's, A4 changed."""
        try:
            block = text[1:].decode("ascii")
        except UnicodeDecodeError:
            raise HsmError("15") from None
        if block[:1] != "1":
            raise HsmError("BE")
        if not block[1:5].isdigit() or int(block[1:5]) != len(block):
            raise HsmError("15")
        if block[14:16] != self.lmk_id:
            raise HsmError("A3")
        end, blocks = _optional_blocks(block)
        if len(block) % 2 != end % 2 or not _HEXA.issuperset(block[end:]):
            raise HsmError("15")
        sealed = bytes.fromhex(block[end:])
        body, mac = sealed[:-_MAC_BYTES], sealed[-_MAC_BYTES:]
        if len(body) < _BLOCK or len(body) % _BLOCK:
            raise HsmError("15")
        header = block[:end].encode("ascii")
        clear = aes_cbc_decrypt(self._encryption, mac + header[:8], body)
        if not hmac.compare_digest(mac, self._mac(header, clear)):
            raise HsmError("A4")
        bits = int.from_bytes(clear[:2], "big")
        key = Key(usage=block[5:7], algorithm=block[7], mode=block[8], version_number=block[9:11],
                  exportability=block[11], value=clear[2:2 + bits // 8], blocks=blocks)
        _check(key)
        return key

    def pin_to_lmk(self, pin: str, account: str, random: Random) -> bytes:
        """J and 32H."""
        return b"J" + encrypt_iso4(self._pin, pin, account, random).hex().upper().encode("ascii")

    def pin_from_lmk(self, token: bytes, account: str) -> str:
        """The clear PIN. HsmError('14')."""
        try:
            return decrypt_iso4(self._pin, bytes.fromhex(token[1:].decode("ascii")), account)
        except (PinBlockError, ValueError):
            raise HsmError("14") from None

    def _mac(self, header: bytes, clear: bytes) -> bytes:
        return cmac("A", self._authentication, header + clear)[:_MAC_BYTES]


def _derive(value: bytes, usage: int) -> bytes:
    """ANSI X9.143 D: CMAC over counter, usage, a zero, algorithm and length in bits; 256 bits."""
    return b"".join(
        cmac("A", value, bytes([counter]) + usage.to_bytes(2, "big") + b"\0"
             + _AES_256.to_bytes(2, "big") + (8 * KEY_BYTES).to_bytes(2, "big"))
        for counter in (1, 2))


def _check(key: Key) -> None:
    """What a header may say, and the length that the algorithm has."""
    if len(key.usage) != USAGES_LENGTH or not key.usage.isalnum():
        raise HsmError("A6")
    if key.algorithm not in _LENGTHS:
        raise HsmError("A7")
    if key.mode not in MODES:
        raise HsmError("A8")
    if len(key.version_number) != 2 or not key.version_number.isalnum():
        raise HsmError("A9")
    if key.exportability not in EXPORTABILITIES:
        raise HsmError("AA")
    if len(key.blocks) > 99:
        raise HsmError("AB")
    if any(len(data) > _LONGEST_OPTIONAL for _, data in key.blocks):
        raise HsmError("AC")
    if len(key.value) not in _LENGTHS[key.algorithm]:
        raise HsmError("A5")


def _optional_blocks(block: str) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Where the header ends, and its optional blocks: identifier, length in hex, data."""
    if not block[12:14].isdigit():
        raise HsmError("AB")
    at, blocks = _HEADER, []
    for _ in range(int(block[12:14])):
        try:
            length = int(block[at + 2:at + 4], 16)
        except ValueError:
            raise HsmError("AC") from None
        if length < 4 or at + length > len(block):
            raise HsmError("AC")
        blocks.append((block[at:at + 2], block[at + 4:at + length]))
        at += length
    return at, tuple(blocks)
