"""The keys of issuing, by name: the chip's masters, the program's keys, the issuer's own pair.

Knows names in the table hsm_key; every block is under the LMK. A master is made by the HSM where
there is none yet, but the transport master: it is the chip factory's, and comes in by a key
ceremony or under a zone's key.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import asyncpg
import msgspec

from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys, KeyEntry
from chip import certificates as cvc
from chip.certificates import Certificate, Role
from issuing.chip_hsm import ChipHsm
from issuing.statements import sql

TRANSPORT: Final = "chip/transport"
AUTHENTICATION: Final = "chip/auth"
PIN_LOADING: Final = "chip/pin"
ISSUER: Final = "chip/issuer"
MOST_ISSUER_KEYS: Final = 4  # as many as a card remembers
_AES_128: Final = "A1"
_DERIVES: Final = "X"
# What the HSM holds each master to (ANSI X9.143): EMV card masters of one purpose.
_USAGES: Final = {TRANSPORT: "E5", AUTHENTICATION: "E2", PIN_LOADING: "E1"}


class MissingKey(Exception):
    """A key that issuing needs is not there: which, and where it comes from."""


class ChipKeys(msgspec.Struct, frozen=True):
    """What a chip is personalized with. version: of the keys on the card, 1 to 255."""

    transport: str
    authentication: str
    pin_loading: str
    cryptograms: str
    version: int

    def __repr__(self) -> str:
        return "ChipKeys(hidden)"


class IssuerKeys(msgspec.Struct, frozen=True):
    """The pair that signs now, and the points that cards are told of, by number."""

    number: int
    private: str
    points: dict[int, bytes]

    def __repr__(self) -> str:
        return f"IssuerKeys({self.number})"


def mk_ac_name(program_id: str) -> str:
    """The master of the cryptograms of a program's cards."""
    return f"program/{program_id}/mk_ac"


async def chip_keys(keys: HsmKeys, program_id: str) -> ChipKeys:
    """All of them, or MissingKey."""
    names = (TRANSPORT, AUTHENTICATION, PIN_LOADING, mk_ac_name(program_id))
    found = [await required(keys, name) for name in names]
    if found[3].algorithm != "A":
        raise MissingKey(f"{names[3]} is no AES key: the card has AES alone")
    transport, authentication, pin_loading, cryptograms = (entry.block for entry in found)
    return ChipKeys(transport, authentication, pin_loading, cryptograms, found[3].version)


async def required(keys: HsmKeys, name: str) -> KeyEntry:
    """The newest key of a name. MissingKey."""
    entry = await keys.at(name)
    if entry is None:
        raise MissingKey(f"there is no key {name}: `issuing keys` makes what may be made here, the"
                         " factory's transport master comes by a key ceremony")
    return entry


async def make_keys(hsm: Hsm, keys: HsmKeys, connection: asyncpg.Connection,
                    program_id: str) -> list[str]:
    """Make what is missing and may be made here; the names of all that are there now."""
    for name in (AUTHENTICATION, PIN_LOADING):
        await keys.ensure(hsm, name, _USAGES[name], _AES_128, _DERIVES)
    await keys.ensure(hsm, mk_ac_name(program_id), "E0", _AES_128, _DERIVES)
    if await keys.at(ISSUER) is None:
        await new_issuer_key(ChipHsm(hsm), keys, connection)
    names = (TRANSPORT, AUTHENTICATION, PIN_LOADING, mk_ac_name(program_id), ISSUER)
    return [name for name in names if await keys.at(name) is not None]


async def put_transport_key(keys: HsmKeys, block: str, check_value: str) -> KeyEntry:
    """The factory's master, as a key ceremony printed it."""
    return await keys.put(KeyEntry(TRANSPORT, 1, _USAGES[TRANSPORT], "A", block, check_value))


async def new_issuer_key(hsm: ChipHsm, keys: HsmKeys, connection: asyncpg.Connection) -> int:
    """A new pair, inside the HSM; its number. Cards that are issued from now on know it."""
    newest = await keys.at(ISSUER)
    number = 1 if newest is None else newest.version + 1
    point, private = await hsm.new_issuer_key()
    # The public half first: whoever finds the private one finds that too.
    await connection.execute(sql("issuer_key_put"), number, point)
    await keys.put(KeyEntry(ISSUER, number, "S0", "E", private, ""))
    return number


async def issuer_keys(keys: HsmKeys, connection: asyncpg.Connection) -> IssuerKeys:
    """The newest pair, and as many public keys as a card remembers. MissingKey."""
    entry = await required(keys, ISSUER)
    rows = await connection.fetch(sql("issuer_keys_read"))
    points = {row["number"]: bytes(row["public_key"]) for row in rows
              if row["number"] <= entry.version}
    if entry.version not in points:
        raise MissingKey(f"issuer key {entry.version} has no public half")
    newest = sorted(points, reverse=True)[:MOST_ISSUER_KEYS]
    return IssuerKeys(entry.version, entry.block, {number: points[number] for number in newest})


async def certify(hsm: ChipHsm, issuer: IssuerKeys, role: Role, holder: bytes, point: bytes,
                  valid_from: date, valid_until: date) -> Certificate:
    """A certificate that the HSM signs. holder: 8 bytes, a chip's serial or a terminal's id.

    ValueError where the holder has another length.
    """
    if len(holder) != cvc.HOLDER:
        raise ValueError(f"a holder has {cvc.HOLDER} bytes")
    blank = Certificate(issuer_key=issuer.number, role=role, holder=holder, public_key=point,
                        valid_from=valid_from, valid_until=valid_until)
    return msgspec.structs.replace(blank, signature=await hsm.sign(issuer.private, blank.body))
