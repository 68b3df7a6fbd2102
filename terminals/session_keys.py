"""A terminal's session keys: from a key change's answer to a MAC that it makes or checks.

Knows the terminal master key (TMK), TR-31 key blocks and MACs; knows no message's meaning and no
PIN. All of it happens in the terminal's secure device: a key that comes in does not come out.
"""

from __future__ import annotations

import hmac
from typing import Final, Literal

import msgspec

from hsm_sim.crypto import mac as macs
from hsm_sim.crypto import tr31
from hsm_sim.crypto.tr31_header import KeyBlockError
from iso import Codec, DecodeError, Message
from iso.security import (
    MAC_BYTES,
    KeyControl,
    Scheme,
    Security,
    control_fields,
    has_room,
    read_control,
    read_key_change,
    with_room,
)

Algorithm = Literal["T", "A"]
_PIN_USAGE: Final = "P0"
_MAC_USAGES: Final = frozenset({"M3", "M6"})


class BadKeys(Exception):
    """An answer to a key change that brings no keys: the old ones stay."""


class Sealing(msgspec.Struct, frozen=True):
    """The key that one message and its answer are sealed with. padding: of ISO 9797-1."""

    scheme: Scheme
    algorithm: Algorithm
    key: bytes
    generation: int = 0
    ksn: bytes = b""
    padding: int = 1

    def mac(self, data: bytes) -> bytes:
        """8 bytes: retail MAC (ISO 9797-1 algorithm 3) by TDES, CMAC by AES."""
        if self.algorithm == "A":
            return macs.cmac("A", self.key, data)[:MAC_BYTES]
        return macs.iso9797_3(self.key, data, self.padding)

    def __repr__(self) -> str:
        return f"Sealing({self.scheme}, {self.generation})"


class SessionKeys:
    """TPK and TAK of one generation, under the TMK that was put in at the workshop."""

    def __init__(self, tmk: bytes, algorithm: Algorithm = "T") -> None:
        self._tmk = tmk
        self.algorithm: Algorithm = algorithm
        self.generation = 0
        self._pin_key = b""
        self._mac_key = b""

    @property
    def ready(self) -> bool:
        """True once a key change has brought both keys."""
        return bool(self._mac_key)

    def load(self, text: str) -> int:
        """Take the keys of a key change's answer; their generation. BadKeys: the old ones stay.

        An answer of before, sent once more by somebody, is refused.
        """
        try:
            generation, blocks = read_key_change(text)
            opened = [tr31.unwrap(self._tmk, block) for block in blocks]
        except (DecodeError, KeyBlockError) as error:
            raise BadKeys(str(error)) from None
        keys = {header.usage: key for header, key in opened
                if header.algorithm == self.algorithm}
        pin_key = keys.get(_PIN_USAGE)
        mac_key = next((key for usage, key in keys.items() if usage in _MAC_USAGES), None)
        if pin_key is None or mac_key is None:
            raise BadKeys("a key for PINs and one for MACs are wanted")
        if generation <= self.generation:
            raise BadKeys(f"generation {generation} is not newer than {self.generation}")
        self.generation, self._pin_key, self._mac_key = generation, pin_key, mac_key
        return generation

    def pin_key(self) -> bytes:
        """The TPK, for the PIN pad in the same device."""
        if not self._pin_key:
            raise BadKeys("no key change has brought a key yet")
        return self._pin_key

    def sealing(self) -> Sealing:
        """What the next message is sealed with."""
        if not self._mac_key:
            raise BadKeys("no key change has brought a key yet")
        return Sealing("terminal", self.algorithm, self._mac_key, self.generation)

    def __repr__(self) -> str:
        return f"SessionKeys({self.generation})"


def sealed(security: Security, codec: Codec, message: Message, sealing: Sealing) -> Message:
    """The message with field 53 naming the MAC's key, and its MAC at its end."""
    control = read_control(security, message.fields)
    control = KeyControl(control.pin_format, control.pin_scheme, sealing.scheme,
                         control.pin_generation, sealing.generation, sealing.ksn or control.ksn)
    fields = message.fields | control_fields(security, control)
    room = with_room(Message(message.mti, dict(sorted(fields.items()))))
    number = max(room.fields)
    mac = sealing.mac(codec.encode(room)[:-MAC_BYTES])
    return Message(room.mti, room.fields | {number: mac})


def is_sealed(codec: Codec, body: bytes, sealing: Sealing) -> bool:
    """True for an answer's bytes that end with the right MAC."""
    return has_room(codec.specification, body) and hmac.compare_digest(
        sealing.mac(body[:-MAC_BYTES]), body[-MAC_BYTES:])
