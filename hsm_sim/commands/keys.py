"""A0, A6, A8 and BU: keys are made, come in, go out, and are checked.

Under the key-block LMK the type of a key is FFF and a `#` says what it is; under the variant LMK
its type says it. What leaves under a zone's key needs the authority of two custodians. A fresh
session key under a terminal's key does not: nobody has used it yet, and keys are changed at night.
Who knows that terminal's key knows this one too, so a PIN key that leaves this way only decrypts
here: no PIN of another terminal can be translated to it. Nothing comes in under a terminal's key.

What comes in says itself what it is for, in a TR-31 block of version B or D. Two custodians are
needed ('import') where it does not: in an older form, whose header is the host's own word, and in
versions A and C, whose four bytes of MAC can be found by trying. And for a key that wraps keys.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from hsm_sim import wrapping
from hsm_sim.commands import command
from hsm_sim.crypto.ciphers import odd_parity
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.key_types import KEY_BLOCK, KEY_TYPES, KeyType, key_type
from hsm_sim.keys import Key, KeyToken
from hsm_sim.unit import Unit
from hsm_sim.variant_lmk import SCHEME_BYTES, VariantLmk

LENGTHS: Final = {  # bytes, by algorithm and length as `#` says them
    "T1": 8, "T2": 16, "T3": 24, "A1": 16, "A2": 24, "A3": 32,
    "H1": 20, "H2": 28, "H3": 32, "H4": 48, "H5": 64}
PIN_USAGE: Final = "P0"
SESSION_USAGES: Final = frozenset({PIN_USAGE, "M0", "M1", "M3", "M5", "M6", "M7", "D0"})
SESSION_TYPES: Final = frozenset({"70D", "003", "30B"})
ZMK: Final = "0"
TMK: Final = "1"
_ZMK_TYPE: Final = "000"
_TMK_TYPE: Final = "80D"
_TYPE: Final = re.compile(rb"[0-9A-F]{3}")


@command(b"A0")
def generate(unit: Unit, fields: Fields) -> bytes:
    """A0: mode 1N, type 3H, scheme 1A, [[`;` flag 1N] ZMK or TMK, scheme 1A], [%nn], [`#` ...].

    `#`: usage 2, algorithm and length 2, mode 1, version 2, exportability 1, optional blocks 2N and
    they; then [`&` exportability 1 of the key that leaves]. -> key, [exported key], check value 6H.
    A PIN key under a TMK is made for decryption (mode D) and leaves for encryption (E).
    """
    leaves = fields.choice("01") == "1"
    code, scheme = _type(fields), fields.take(1)
    flag = _flag(fields) if leaves else ZMK
    under = fields.key() if leaves else None
    outside = fields.take(1) if leaves else b""
    fields.lmk()
    header = _header(fields, with_length=True) if fields.skip(b"#") else None
    exportability = fields.choice("NES") if fields.skip(b"&") else ""
    fields.end()
    _suits(unit, fields.lmk_id, code, scheme)
    key = _fresh(unit, code, scheme, header)
    sealed = unit.seal(key, scheme, variant_type=code)
    exported = b""
    if under is not None:
        if flag == ZMK:
            unit.authority.require("export")
        else:
            _require_session(key, code)
        exported = wrapping.export(
            key, _wrapping_key(unit, under, flag, wrapping.WRAP_MODES), outside, unit.random,
            exportability=exportability,
            mode="E" if flag == TMK and key.usage == PIN_USAGE else "")
    _tell(unit, "key generated", key, exported=bool(exported))
    return sealed + exported + wrapping.check_value(key)


@command(b"A6")
def import_key(unit: Unit, fields: Fields) -> bytes:
    """A6: type 3H, [`;` flag 0], ZMK, key, scheme 1A, [Atalla variant], [%nn], [`#` ...], [`&` 1].

    `#`: usage 2, mode 1, version 2, exportability 1, optional blocks 2N. A key in an older form is
    what they say; of one in a block they may say that a K0 is a 51 (a terminal's) or a 52.
    `&`: a tighter exportability. -> key, check value 6H.
    """
    code = _type(fields)
    flag = _flag(fields)
    under, token, scheme = fields.key(), fields.key(), fields.take(1)
    if fields.peek(1).isdigit():
        raise HsmError("15")  # an Atalla variant: this HSM has none
    fields.lmk()
    header = _header(fields, with_length=False) if fields.skip(b"#") else None
    exportability = fields.choice("NES") if fields.skip(b"&") else ""
    fields.end()
    _suits(unit, fields.lmk_id, code, scheme)
    if flag == TMK:
        raise HsmError("29")
    if not wrapping.is_bound(token):
        unit.authority.require("import")
    wrapper = _wrapping_key(unit, under, flag, wrapping.UNWRAP_MODES)
    key = _incoming(token, wrapper, code, header)
    if key.usage in wrapping.WRAPPING_KEYS:
        unit.authority.require("import")
    if exportability:
        key = msgspec.structs.replace(
            key, exportability=wrapping.tightened(key.exportability, exportability))
    if code != KEY_BLOCK:
        _require_type(key, KEY_TYPES[code])
    sealed = unit.seal(key, scheme, variant_type=code)
    _tell(unit, "key imported", key)
    return sealed + wrapping.check_value(key)


@command(b"A8")
def export_key(unit: Unit, fields: Fields) -> bytes:
    """A8: type 3H, [`;` flag 1N], ZMK or TMK, key, scheme 1A, [%nn], [`&` exportability 1].

    -> the key under the ZMK or TMK, check value 6H.
    """
    code = _type(fields)
    flag = _flag(fields)
    under, token, scheme = fields.key(), fields.key(), fields.take(1)
    fields.lmk()
    exportability = fields.choice("NES") if fields.skip(b"&") else ""
    fields.end()
    unit.authority.require("export")
    key = unit.open_any(token, code)
    exported = wrapping.export(key, _wrapping_key(unit, under, flag, wrapping.WRAP_MODES), scheme,
                               unit.random, exportability=exportability)
    _tell(unit, "key exported", key)
    return exported + wrapping.check_value(key)


@command(b"BU")
def check_value(unit: Unit, fields: Fields) -> bytes:
    """BU: type code 2H, length flag 1, key, [`;` type 3H], [`;` 00, kind 1N], [%nn] -> 6H.

    The code is that of the LMK pair, variant 0; after FF the three characters come behind the key.
    Kind 0 asks for 16H, which says too much about a key: 17.
    """
    short, _ = fields.take(2), fields.choice("0123F")
    token = fields.key()
    code = f"0{short.decode('latin-1')}"
    if short == b"FF":
        if not fields.skip(b";"):
            raise HsmError("15")
        code = _type(fields)
    kind = "1"
    if fields.skip(b";"):
        fields.digits(2)
        kind = fields.choice("01")
    fields.end()
    if kind == "0":
        raise HsmError("17")
    return wrapping.check_value(unit.open_any(token, code))


def _type(fields: Fields) -> str:
    taken = fields.take(3)
    if not _TYPE.fullmatch(taken):
        raise HsmError("15")
    return taken.decode("ascii")


def _flag(fields: Fields) -> str:
    """Optional `;` and 0 for a zone's key, 1 for a terminal's."""
    return fields.choice("01") if fields.skip(b";") else ZMK


def _header(fields: Fields, *, with_length: bool) -> tuple[str, Key]:
    """What `#` says: algorithm with length, and a key that has no value yet."""
    usage = _text(fields, 2)
    length = _text(fields, 2) if with_length else ""
    mode, version = _text(fields, 1), _text(fields, 2)
    exportability = fields.choice("NES")
    blocks = []
    for _ in range(fields.number(2)):
        name, size = _text(fields, 2), fields.hexa_number(2)
        if size < 4:
            raise HsmError("AC")
        data = fields.take(size - 4)
        if not data.isascii():
            raise HsmError("B4")
        blocks.append((name, data.decode("ascii")))
    if with_length and length not in LENGTHS:
        raise HsmError("A7")
    return length, Key(usage=usage, algorithm=length[:1], mode=mode, version_number=version,
                       exportability=exportability, value=b"", blocks=tuple(blocks))


def _text(fields: Fields, length: int) -> str:
    taken = fields.take(length)
    if not (taken.isascii() and taken.isalnum()):
        raise HsmError("15")
    return taken.decode("ascii")


def _suits(unit: Unit, lmk_id: str | None, code: str, scheme: bytes) -> None:
    """Scheme S goes with FFF and the key-block LMK, the others with a type and the variant LMK."""
    if code != KEY_BLOCK:
        key_type(code)
    if (scheme == b"S") != (code == KEY_BLOCK):
        raise HsmError("28" if scheme == b"S" else "26")
    if lmk_id is not None and isinstance(unit.lmk(lmk_id), VariantLmk) == (scheme == b"S"):
        raise HsmError("A1")


def _fresh(unit: Unit, code: str, scheme: bytes, header: tuple[str, Key] | None) -> Key:
    if code == KEY_BLOCK:
        if header is None:
            raise HsmError("15")
        length, template = header
        value = unit.random(LENGTHS[length])
    else:
        kind = key_type(code)
        if scheme not in {b"Z", b"U", b"T"}:
            raise HsmError("26")
        template = Key(kind.usage, "T", kind.mode, "S", b"")
        value = unit.random(SCHEME_BYTES[scheme])
    return Key(template.usage, template.algorithm, template.mode, template.exportability,
               odd_parity(value) if template.algorithm == "T" else value,
               template.version_number, template.blocks)


def _incoming(token: KeyToken, under: Key, code: str, header: tuple[str, Key] | None) -> Key:
    if token.scheme == b"R":
        key = wrapping.unwrap_block(token, under)
        return key if header is None else wrapping.named(key, header[1])
    if code == KEY_BLOCK:
        if header is None:
            raise HsmError("15")
        return wrapping.unwrap_older(token, under, header[1])
    kind = key_type(code)
    return wrapping.unwrap_older(token, under, Key(kind.usage, "T", kind.mode, "S", b""))


def _require_session(key: Key, code: str) -> None:
    """HsmError: 29 not a terminal's session key, A8 a PIN key that does more than decrypt."""
    if key.usage not in SESSION_USAGES or code not in {*SESSION_TYPES, KEY_BLOCK}:
        raise HsmError("29")
    if code == KEY_BLOCK and key.usage == PIN_USAGE and key.mode != "D":
        raise HsmError("A8")


def _require_type(key: Key, kind: KeyType) -> None:
    """A variant key has neither mode nor exportability: a block that says less becomes none.

    HsmError: 28 not Triple DES, BD usage, A8 mode, AA exportability.
    """
    if key.algorithm != "T":
        raise HsmError("28")
    if key.usage != kind.usage:
        raise HsmError("BD")
    if key.mode not in {kind.mode, "N"}:
        raise HsmError("A8")
    if key.exportability != "S":
        raise HsmError("AA")


def _wrapping_key(unit: Unit, token: KeyToken, flag: str, modes: str) -> Key:
    """The zone's or the terminal's key that wraps another."""
    return unit.open(token, wrapping.ZONE_KEYS if flag == ZMK else wrapping.TERMINAL_KEYS, modes,
                     variant_type=_ZMK_TYPE if flag == ZMK else _TMK_TYPE)


def _tell(unit: Unit, event: str, key: Key, **facts: object) -> None:
    unit.audit(event, usage=key.usage, algorithm=key.algorithm, mode=key.mode,
               exportability=key.exportability,
               check_value=wrapping.check_value(key).decode("ascii"), **facts)
