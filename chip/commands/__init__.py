"""The card's commands, a handler each, and which one a class and an instruction mean.

A handler returns the data of 9000, or raises Refused with another status word.
"""

from __future__ import annotations

from typing import Final

from chip.commands import access, selling, writing
from chip.processor import Handler

__all__ = ["COMMANDS", "INSTRUCTIONS", "IN_THE_CLEAR"]

COMMANDS: Final[dict[tuple[int, int], Handler]] = {
    (0x00, 0xA4): access.select,
    (0x80, 0xCA): access.get_data,
    (0x00, 0x84): access.get_challenge,
    (0x00, 0x2A): access.verify_certificate,
    (0x00, 0x82): access.external_authenticate,
    (0x00, 0xB2): selling.read_record,
    (0x00, 0x20): selling.verify,
    (0x80, 0xAE): selling.generate_ac,
    (0x00, 0xDC): writing.update_record,
    (0x00, 0x46): writing.generate_key_pair,
    (0x00, 0xDA): writing.put_data,
    (0x80, 0xD8): writing.put_key,
    (0x00, 0x24): writing.change_reference_data,
    (0x00, 0x2C): writing.reset_retry_counter,
    (0x00, 0x44): writing.activate,
    (0x80, 0x1E): writing.block,
}
INSTRUCTIONS: Final = frozenset(ins for _, ins in COMMANDS)
# Inside a session these may come without protection.
IN_THE_CLEAR: Final = frozenset({0xA4, 0xCA, 0x20})
