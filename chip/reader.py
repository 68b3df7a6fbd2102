"""The port to a card reader, and a reader in this process that holds a virtual card.

Knows bytes and the presence of a card; knows no application. Blocking: a caller with an event loop
uses a thread. `pcsc.py` is the other implementation.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final, Protocol

import msgspec

from chip.commands.selling import pin_block
from chip.errors import CardPulled, NoCard
from chip.virtual import Card

VERIFY: Final = bytes.fromhex("0020008008") + bytes.fromhex("20FFFFFFFFFFFFFF")


class Entry(IntEnum):
    """What a reader with secure PIN entry says instead of the card (PC/SC part 10)."""

    TIMEOUT = 0x6400
    CANCELLED = 0x6401
    MISMATCH = 0x6402
    LENGTH = 0x6403


class PinPrompt(msgspec.Struct, frozen=True):
    """How the reader asks. timeout_s: to the first key, and between keys."""

    shortest: int = 4
    longest: int = 12
    timeout_s: int = 30


class Reader(Protocol):
    """One slot. Every method may raise CardPulled or NoReader."""

    @property
    def has_pin_pad(self) -> bool:
        """Whether `verify_pin_direct` works; asked after `connect`."""
        ...

    def connect(self) -> bytes:
        """Power the card and return its ATR; NoCard."""
        ...

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """One command: data and status word."""
        ...

    def verify_pin_direct(self, prompt: PinPrompt) -> int:
        """The reader takes the PIN at its pad and sends VERIFY: the card's status or an Entry."""
        ...

    def disconnect(self) -> None:
        """Cut the power; harmless where there is none."""
        ...


class InProcessReader:
    """A reader without hardware. pad: what the person at its pad does, digits or an Entry."""

    def __init__(self, card: Card | None = None, *,
                 pad: Callable[[PinPrompt], str | Entry] | None = None) -> None:
        self._card = card
        self._powered: Card | None = None
        self._pad = pad

    @property
    def has_pin_pad(self) -> bool:
        """With a pad or without."""
        return self._pad is not None

    def insert(self, card: Card) -> None:
        """Put a card in, or another one."""
        self.remove()
        self._card = card

    def remove(self) -> None:
        """Pull the card out, at whatever moment."""
        self.disconnect()
        self._card = None

    def connect(self) -> bytes:
        """A cold reset."""
        if self._card is None:
            raise NoCard
        self.disconnect()
        self._powered = self._card
        return self._card.power_on()

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Straight to the card."""
        if self._powered is None:
            raise CardPulled
        answer = self._powered.transmit(apdu)
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def verify_pin_direct(self, prompt: PinPrompt) -> int:
        """The digits go from the pad into the command, and nowhere else."""
        assert self._pad is not None, "a reader without a pad"
        keyed = self._pad(prompt)
        if isinstance(keyed, Entry):
            return keyed
        if not prompt.shortest <= len(keyed) <= prompt.longest:
            return Entry.LENGTH
        return self.transmit(VERIFY[:5] + pin_block(keyed))[1]

    def disconnect(self) -> None:
        """Without power the card forgets its session."""
        if self._powered is not None:
            self._powered.power_off()
            self._powered = None
