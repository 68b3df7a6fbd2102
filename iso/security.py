"""What a profile says of PIN blocks, keys and MACs: field numbers and layouts, as data.

Knows: which elements carry what proves a message, and how field 53 is laid out. Must not know: a
key, or how anything is proved with one.

Sources: the PayEx host-to-host security pages (field 53 is the version of the keys that both hosts
share, binary; sub-field 48-14 says so), of which the public `ops` sample has the one-byte form.
What no public source gives is chosen here, and marked so: sixteen digits that name format, scheme
and generation, in 1993 packed two a byte, with the DUKPT key serial number behind them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from iso.elements import PIN_16
from iso.errors import DecodeError, EncodeError
from iso.fields import MTI_DIGITS, Specification
from iso.message import Message

CONTROL_FIELD: Final = 53
PIN_FIELD: Final = 52
MAC_FIELDS: Final = (64, 128)
MAC_BYTES: Final = 8
PIN_FORMATS: Final = frozenset({"01", "05", "47", "48"})  # ISO 9564-1 formats 0, 1, 3 and 4
PIN_FORMAT_16: Final = "48"  # its block has 16 bytes

Scheme = Literal["", "terminal", "zone", "dukpt"]
_SCHEMES: Final[tuple[Scheme, ...]] = ("", "terminal", "zone", "dukpt")
_KSN_BYTES: Final = (0, 10, 12)  # none, ANSI X9.24-1 (TDES), ANSI X9.24-3 (AES)


class ControlLayout(msgspec.Struct, frozen=True):
    """One form of field 53: its parts and how many digits each has; forms differ in length.

    Parts: pin_format, pin_scheme, mac_scheme, pin_generation, mac_generation, generation (of both),
    reserved. scheme: of both keys, where the form has no part for it.
    """

    parts: tuple[tuple[str, int], ...]
    scheme: Scheme = ""

    @property
    def digits(self) -> int:
        """How long it is."""
        return sum(digits for _, digits in self.parts)


class TrackLayout(msgspec.Struct, frozen=True):
    """Track 2 behind the expiry: service code, then where the verification value lies behind it."""

    service_code: int = 3
    cvv_at: int = 5  # behind PVKI (1) and PVV (4)
    cvv: int = 3


class Security(msgspec.Struct, frozen=True):
    """How one dialect carries what proves a message.

    packed: field 53 is binary, two digits a byte, and ends with the KSN. ksn_field: where the KSN
    is instead, in hexadecimal. pin_field_16: the 16-byte block, in hexadecimal. pin_format, scheme:
    where field 53 is silent. mac_padding: of ISO 9797-1 algorithm 3, under a TDES key (an AES key
    makes a CMAC). key_field: a key change's answer.
    unproved_advice: what an advice hears whose MAC is missing or wrong, once it is set aside.
    """

    controls: tuple[ControlLayout, ...]
    packed: bool
    unproved_advice: Literal["accept", "916", "silence"]
    ksn_field: int
    key_field: int
    pin_field_16: int = PIN_16
    pin_format: str = "01"
    scheme: Scheme = "terminal"
    mac_padding: Literal["1", "2"] = "1"
    track: TrackLayout = TrackLayout()


class KeyControl(msgspec.Struct, frozen=True):
    """What field 53 says. A generation of 0 names none; the KSN has 0, 10 or 12 bytes."""

    pin_format: str
    pin_scheme: Scheme
    mac_scheme: Scheme
    pin_generation: int = 0
    mac_generation: int = 0
    ksn: bytes = b""


# Chosen.
OWN: Final = ControlLayout((("pin_format", 2), ("pin_scheme", 1), ("mac_scheme", 1),
                            ("pin_generation", 4), ("mac_generation", 4), ("reserved", 4)))
# PayEx: the version of the shared keys; its newer form has a second byte, which is zero.
SHARED: Final = ControlLayout((("generation", 2),), "zone")
SHARED_WIDE: Final = ControlLayout((("generation", 2), ("reserved", 2)), "zone")


def read_control(security: Security, fields: dict[int, str | bytes]) -> KeyControl:
    """Field 53 and the KSN of a message; the profile's defaults where it has none.

    Raises DecodeError, which names the part: `53.pin_scheme`.
    """
    raw = fields.get(CONTROL_FIELD, b"")
    ksn = _ksn(security, fields)
    digits, behind = _digits(security, raw)
    if security.packed:
        ksn = behind
    if len(ksn) not in _KSN_BYTES:
        raise DecodeError(f"{security.ksn_field}.ksn", 0, "a KSN has 10 or 12 bytes")
    if not digits:
        return KeyControl(security.pin_format, security.scheme, security.scheme, ksn=ksn)
    layout = next(one for one in security.controls if one.digits == len(digits))
    said, at = {}, 0
    for name, width in layout.parts:
        said[name] = digits[at:at + width]
        at += width
    both = said.get("generation", "0")
    pin_format = said.get("pin_format", "00")
    if pin_format == "00":
        pin_format = security.pin_format
    elif pin_format not in PIN_FORMATS:
        raise DecodeError(f"{CONTROL_FIELD}.pin_format", 0, "is no format of a PIN block")
    schemes = [_scheme(said, name) or layout.scheme or security.scheme
               for name in ("pin_scheme", "mac_scheme")]
    return KeyControl(pin_format, schemes[0], schemes[1],
                      int(said.get("pin_generation", both)), int(said.get("mac_generation", both)),
                      ksn)


def _digits(security: Security, raw: str | bytes) -> tuple[str, bytes]:
    """The digits of field 53 and, in 1993, the KSN behind them."""
    widths = sorted({layout.digits for layout in security.controls}, reverse=True)
    if isinstance(raw, str):
        if raw and (len(raw) not in widths or not raw.isdecimal()):
            raise DecodeError(str(CONTROL_FIELD), 0, "is not as long as any form of it")
        return raw, b""
    if not raw:
        return "", b""
    width = next((each for each in widths if each // 2 <= len(raw)), 0)
    digits, behind = raw[:width // 2].hex(), raw[width // 2:]
    if not width or len(behind) not in (_KSN_BYTES if width == widths[0] else (0,)):
        raise DecodeError(str(CONTROL_FIELD), 0, "is not as long as any form of it")
    if not digits.isdecimal():
        raise DecodeError(str(CONTROL_FIELD), 0, "is not decimal digits, two a byte")
    return digits, behind


def _ksn(security: Security, fields: dict[int, str | bytes]) -> bytes:
    """The key serial number of a field of its own."""
    raw = "" if security.packed else fields.get(security.ksn_field, "")
    try:
        return bytes.fromhex(raw) if isinstance(raw, str) else raw
    except ValueError:
        pass
    raise DecodeError(f"{security.ksn_field}.ksn", 0, "is not hexadecimal")


def _scheme(said: dict[str, str], name: str) -> Scheme:
    number = int(said.get(name, "0"))
    if number >= len(_SCHEMES):
        raise DecodeError(f"{CONTROL_FIELD}.{name}", 0, "is no key scheme")
    return _SCHEMES[number]


def control_fields(security: Security, control: KeyControl) -> dict[int, str | bytes]:
    """The fields that say it, in the profile's own form of sixteen digits.

    Raises EncodeError where a generation has over four digits or the profile has no such form.
    """
    if OWN not in security.controls or max(control.pin_generation, control.mac_generation) > 9999:
        raise EncodeError(str(CONTROL_FIELD), "the profile has no form for it")
    digits = (f"{control.pin_format:>02}{_SCHEMES.index(control.pin_scheme)}"
              f"{_SCHEMES.index(control.mac_scheme)}{control.pin_generation:04d}"
              f"{control.mac_generation:04d}0000")
    if security.packed:
        return {CONTROL_FIELD: bytes.fromhex(digits) + control.ksn}
    fields: dict[int, str | bytes] = {CONTROL_FIELD: digits}
    if control.ksn:
        fields[security.ksn_field] = control.ksn.hex().upper()
    return fields


def mac_field(numbers: Iterable[int]) -> int:
    """The number of the MAC in a message of these elements: the last bit of its last bitmap."""
    return MAC_FIELDS[max(numbers, default=0) > MAC_FIELDS[0]]


def mac_of(message: Message) -> bytes | None:
    """The MAC that a message carries, 8 bytes, or None; it ends the message.

    Raises DecodeError for field 64 in a message with a second bitmap: the MAC is not its end then.
    """
    fields = message.fields
    for number in MAC_FIELDS:
        value = fields.get(number)
        if value is None:
            continue
        if number != mac_field(fields):
            raise DecodeError(str(number), 0, "a message with a second bitmap has its MAC in 128")
        assert isinstance(value, bytes)
        return value
    return None


def with_room(message: Message) -> Message:
    """The message with eight zero bytes where its MAC goes."""
    fields = {number: value for number, value in message.fields.items()
              if number not in MAC_FIELDS}
    return Message(message.mti, {**fields, mac_field(fields): bytes(MAC_BYTES)})


def has_room(specification: Specification, body: bytes) -> bool:
    """True where an encoded message has a MAC as its last element, if only of zeros."""
    width = 16 if specification.hex_bitmap else 8
    start = MTI_DIGITS
    first = int(body[start:start + 1], 16) >> 3 if specification.hex_bitmap else body[start] >> 7
    end = start + width * (2 if first else 1)
    last = int(body[end - 1:end], 16) if specification.hex_bitmap else body[end - 1]
    return bool(last & 1)


def key_change_text(generation: int, *blocks: str) -> str:
    """A key change's answer: generation n4, then TR-31 blocks, each of which says its length."""
    return f"{generation:04d}{''.join(blocks)}"


def read_key_change(text: str) -> tuple[int, list[str]]:
    """Generation and TR-31 blocks. Raises DecodeError."""
    if len(text) < 4 or not text[:4].isdecimal():
        raise DecodeError("key change", 0, "does not begin with a generation")
    blocks, at = [], 4
    while at < len(text):
        length = text[at + 1:at + 5]
        if not (length.isascii() and length.isdecimal()) or int(length) < 16 \
                or at + int(length) > len(text):
            raise DecodeError("key change", at, "is no key block")
        blocks.append(text[at:at + int(length)])
        at += int(length)
    return int(text[:4]), blocks
