"""Data under a data key: M0 encrypts, M2 decrypts.

Layouts: public payShield host commands M0 and M2, ECB and CBC. Nothing is padded here: the
message is whole blocks, 8 bytes under Triple DES, 16 under AES. A key block says D0; a variant
key has type 00A, 00B or 30B.
"""

from __future__ import annotations

from binascii import unhexlify
from typing import Final

from hsm_sim.commands import command
from hsm_sim.crypto import ciphers
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import Key, KeyToken
from hsm_sim.unit import Unit

_TYPES: Final = frozenset({"00A", "00B", "30B"})
_KEY_BLOCK: Final = "FFF"
_ECB: Final = "00"
_CBC: Final = "01"
_BINARY: Final = "0"
_HEXA: Final = "1"
_TEXT: Final = "2"
_BLOCKS: Final = {"T": 8, "A": 16}


@command(b"M0")
def encrypt(unit: Unit, fields: Fields) -> bytes:
    """M0: mode 2N (00 ECB, 01 CBC), input 1N (0 binary, 1 hex, 2 text), output 1N (0, 1), key type
    3H, key, [CBC: IV of a block in hex], length 4H, message -> [next IV], length 4H, message.
    """
    return _data_block(unit, fields, "BEN", (_BINARY + _HEXA + _TEXT, _BINARY + _HEXA))


@command(b"M2")
def decrypt(unit: Unit, fields: Fields) -> bytes:
    """M2: as M0 with input 1N (0, 1) and output 1N (0, 1, 2)."""
    return _data_block(unit, fields, "BDN", (_BINARY + _HEXA, _BINARY + _HEXA + _TEXT))


def _data_block(unit: Unit, fields: Fields, modes: str, formats: tuple[str, str]) -> bytes:
    mode = fields.digits(2)
    if mode not in {_ECB, _CBC}:
        raise HsmError("15")
    came, goes = fields.choice(formats[0]), fields.choice(formats[1])
    kind = fields.take(3).decode("latin-1")
    token = fields.key()
    iv = _iv(fields, token) if mode == _CBC else b""
    length = fields.hexa_number(4)
    message = fields.take(length, short="80")
    fields.end()
    if came == _HEXA:
        try:
            message = unhexlify(message)
        except ValueError:
            raise HsmError("15") from None
    if kind != _KEY_BLOCK and kind not in _TYPES:
        raise HsmError("28")
    key = unit.open(token, ("D0",), modes, variant_type="" if kind == _KEY_BLOCK else kind)
    encrypts = "E" in modes
    result = _cipher(key, encrypts, iv, message)
    head = b""
    if mode == _CBC:
        head = _hex((result if encrypts else message)[-_BLOCKS[key.algorithm]:])
    sent = result if goes != _HEXA else _hex(result)
    return head + b"%04X" % len(sent) + sent


def _iv(fields: Fields, token: KeyToken) -> bytes:
    """As long as a block of the key's algorithm, which stands in a key block's header."""
    is_aes = token.scheme == b"S" and token.body[7:8] == b"A"
    return fields.hexa(32 if is_aes else 16)


def _cipher(key: Key, encrypts: bool, iv: bytes, message: bytes) -> bytes:
    block = _BLOCKS.get(key.algorithm)
    if block is None:
        raise HsmError("A7")
    if not message or len(message) % block:
        raise HsmError("80")
    name = ("aes" if key.algorithm == "A" else "tdes") + ("_cbc" if iv else "")
    functions = {
        ("aes", True): ciphers.aes_encrypt, ("aes", False): ciphers.aes_decrypt,
        ("tdes", True): ciphers.tdes_encrypt, ("tdes", False): ciphers.tdes_decrypt}
    chained = {
        ("aes_cbc", True): ciphers.aes_cbc_encrypt, ("aes_cbc", False): ciphers.aes_cbc_decrypt,
        ("tdes_cbc", True): ciphers.tdes_cbc_encrypt,
        ("tdes_cbc", False): ciphers.tdes_cbc_decrypt}
    if iv:
        return chained[name, encrypts](key.value, iv, message)
    return functions[name, encrypts](key.value, message)


def _hex(data: bytes) -> bytes:
    return data.hex().upper().encode("ascii")
