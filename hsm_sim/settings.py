"""What an HSM is configured with, and every bound of the process by name."""

from __future__ import annotations

from typing import Final

import msgspec

CONNECTIONS: Final = 256
WRITE_BUFFER_BYTES: Final = 1 << 20  # a peer that does not read is not read from beyond this
LONGEST_MESSAGE: Final = 40_000  # a greater length is not believed: M6 has 32 KB as hex at most
STUCK_TIMEOUT_S: Final = 20  # for a message begun to end, for answers to be read
TLS_HANDSHAKE_TIMEOUT_S: Final = 10
DRAIN_TIMEOUT_S: Final = 5
OPEN_KEYS: Final = 20_000  # unwrapped keys kept at hand
LONGEST_OPEN_KEY: Final = 512  # characters of a block that is kept; a longer one is opened anew
TURN_S: Final = 0.01  # that one connection's commands take before another's have their turn
KEEPALIVE_S: Final = 60  # of silence, after which a peer is asked whether it is there
LONGEST_AUTHORISATION_MINUTES: Final = 720


class Settings(msgspec.Struct, frozen=True):
    """How commands behave."""

    header_length: int = 4  # of the message header that is echoed, 0 to 255
    pin_formats: frozenset[str] = frozenset({"01", "05", "47", "48"})
    pin_digits: int = 12  # the longest PIN; a PIN under the variant LMK is one digit longer
    decimalization_tables: frozenset[str] = frozenset({"0123456789012345"})
    disabled: frozenset[bytes] = frozenset()  # commands that answer 68
