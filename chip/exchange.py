"""What both ends sign when a terminal and a card authenticate each other, and the keys that follow.

PURE. docs/chip-card.md, "Mutual authentication" (b).
"""

from __future__ import annotations

from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from chip import curve, keys
from chip.secure import SessionKeys

_TERMINAL: Final = b"\x01"
_CARD: Final = b"\x02"


class Exchange(msgspec.Struct, frozen=True):
    """One attempt: randoms of both ends (16 bytes), the terminal's point, and who they are."""

    card_random: bytes
    terminal_random: bytes
    terminal_point: bytes
    serial: bytes
    terminal_id: bytes  # 8 bytes, as in its certificate

    def terminal_signs(self) -> bytes:
        """The terminal's proof is over this."""
        return _TERMINAL + self.card_random + self.terminal_random + self.terminal_point \
            + self.serial + self.terminal_id

    def card_signs(self, card_point: bytes) -> bytes:
        """The card's proof is over this."""
        return _CARD + self.card_random + self.terminal_random + self.terminal_point + card_point \
            + self.serial + self.terminal_id

    def session_keys(self, own: ec.EllipticCurvePrivateKey, other: bytes) -> SessionKeys:
        """S-ENC and S-MAC; ValueError where `other` is no point."""
        shared_info = self.card_random + self.terminal_random + self.serial + self.terminal_id
        both = curve.agree(own, other, shared_info, 2 * keys.SIZE)
        return SessionKeys(both[:keys.SIZE], both[keys.SIZE:])
