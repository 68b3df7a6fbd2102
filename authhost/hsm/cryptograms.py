"""Which command and which rules the HSM checks a chip's cryptogram by, scheme by scheme. PURE.

KQ computes as the older schemes do (Visa CVN 10, Mastercard CVN 16 and 17), KW with EMV's common
session key (Visa CVN 18 and 22, Mastercard CVN 20 and 21) and, for the fleet card, with AES.
"""

from __future__ import annotations

from typing import Final

import msgspec

# Card status update (EMV Book 3, annex C): byte 2, bit 8 says that the issuer approves on line.
APPROVES: Final = bytes((0x00, 0x80, 0x00, 0x00))
DECLINES: Final = bytes(4)


class Scheme(msgspec.Struct, frozen=True):
    """command: letters, mode and scheme identifier. padded: hexadecimal 80 after the data.

    whole_pan: the card's number in its own length (option B, AES), else its last 16 digits.
    method_2: the ARPC vouches for a card status update instead of a response code.
    """

    command: bytes
    padded: bool = False
    whole_pan: bool = False
    method_2: bool = False


_VISA: Final = Scheme(b"KW33", padded=True, whole_pan=True, method_2=True)
_MASTERCARD: Final = Scheme(b"KQ11", padded=True)
_MASTERCARD_CSK: Final = Scheme(b"KW12", padded=True)

SCHEMES: Final = {
    "visa10": Scheme(b"KQ10"), "visa18": _VISA, "visa22": _VISA,
    "mastercard16": _MASTERCARD, "mastercard17": _MASTERCARD,
    "mastercard20": _MASTERCARD_CSK, "mastercard21": _MASTERCARD_CSK,
    "fleet": Scheme(b"KW1A", whole_pan=True),
}
