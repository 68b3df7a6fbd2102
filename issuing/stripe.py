"""Magnetic stripes: track 2, and the port of an encoder.

Knows ISO/IEC 7813 and nothing of where an encoder is. A track is a card's number and its
verification value in clear: it goes from memory to the encoder and is written nowhere else,
whatever goes wrong.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

LONGEST: Final = 37  # characters between the sentinels (ISO/IEC 7813)
_NO_PVV: Final = "00000"  # PVKI and PVV are the host's to keep: the stripe has zeros in their place


class EncoderError(Exception):
    """A stripe that was not written, or does not read back as it was written."""


class Track2(msgspec.Struct, frozen=True):
    """Track 2; sentinels and LRC are the encoder's."""

    pan: str
    expiry: str  # YYMM
    service_code: str
    cvv: str

    def text(self) -> str:
        """What goes between the sentinels. ValueError where it does not fit."""
        text = f"{self.pan}={self.expiry}{self.service_code}{_NO_PVV}{self.cvv}"
        if len(text) > LONGEST or not text.replace("=", "", 1).isdecimal():
            raise ValueError("no track 2")
        return text

    def __repr__(self) -> str:
        return "Track2(hidden)"


class Encoder(Protocol):
    """A stripe writer. Both calls may wait for an operator; EncoderError when it does not work."""

    async def write(self, track2: str) -> None:
        """Write one card."""

    async def read(self) -> str:
        """Read the card that was written last."""


class VirtualEncoder:
    """Writes into memory. `cards`: what was written, for a demo or a test to swipe."""

    def __init__(self) -> None:
        self.cards: list[str] = []

    async def write(self, track2: str) -> None:
        """Write one card."""
        self.cards.append(track2)

    async def read(self) -> str:
        """Read the card that was written last."""
        if not self.cards:
            raise EncoderError("no card was written yet")
        return self.cards[-1]

    def __repr__(self) -> str:
        return f"VirtualEncoder({len(self.cards)} cards)"


async def write_and_compare(encoder: Encoder, track: Track2) -> None:
    """Write, read, compare. EncoderError says nothing of what was read."""
    text = track.text()
    await encoder.write(text)
    if await encoder.read() != text:
        raise EncoderError("the stripe reads otherwise than it was written")
