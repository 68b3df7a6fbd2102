"""How the cards of a program are made: what its row and its keys ask for.

Knows the program's row and the verbs for a PIN's value and a CVV; knows no card.
"""

from __future__ import annotations

from typing import Final

import asyncpg
import msgspec

from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys
from issuing.keys import required
from issuing.statements import sql

CHIP: Final = "chip"
STRIPE: Final = "stripe"


class UnknownProgram(Exception):
    """There is no such program, or its cards are not of this medium."""


class Program(msgspec.Struct, frozen=True):
    """A program. pvk, cvk: key blocks, '' where its cards have no such value."""

    program_id: str
    pin_method: str
    pvki: int
    decimalization: str
    pin_tries: int
    cvv: bool
    chip_required: bool
    scheme: str
    pvk: str = ""
    cvk: str = ""

    async def pin_value(self, hsm: Hsm, pin: str, account: str) -> str:
        """What the host verifies the PIN by: PVV (DG) or IBM offset (DE). pin: under the LMK."""
        if self.pin_method == "pvv":
            return await hsm.pvv(self.pvk, self.pvki, pin, account)
        if self.pin_method == "ibm3624":
            return await hsm.ibm_offset(self.pvk, pin, account, self.decimalization)
        return ""

    async def card_value(self, hsm: Hsm, pan: str, expiry: str, service_code: str) -> str:
        """The CVV of the stripe (CW); '' for a program without."""
        if not self.cvv:
            return ""
        return await hsm.cvv(self.cvk, pan, expiry, service_code)


async def read_program(connection: asyncpg.Connection, keys: HsmKeys, program_id: str,
                       medium: str) -> Program:
    """The program with its keys. UnknownProgram, MissingKey."""
    row = await connection.fetchrow(sql("program_read"), program_id)
    if row is None:
        raise UnknownProgram(f"there is no program {program_id}")
    if medium == CHIP and not row["scheme"]:
        raise UnknownProgram(f"program {program_id} has no cards with a chip")
    if medium == STRIPE and row["chip_required"]:
        raise UnknownProgram(f"program {program_id} wants a chip on every card")
    if medium == STRIPE and row["pin_method"] == "none":
        raise UnknownProgram(f"program {program_id} has no PIN on line, and a stripe no other")
    pvk = await required(keys, f"program/{program_id}/pvk") if row["pin_method"] != "none" else None
    cvk = await required(keys, f"program/{program_id}/cvk") \
        if row["cvv"] and medium == STRIPE else None
    return Program(program_id, **dict(row.items()), pvk=pvk.block if pvk else "",
                   cvk=cvk.block if cvk else "")
