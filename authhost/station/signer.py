"""The key that signs catalogues: made and kept by the HSM, its public half told to terminals.

Knows FY and EW of the host commands and the table of public halves; knows nothing of what it
signs. A signature is ECDSA on P-256 with SHA-256, r and s, 32 bytes each. What is signed may have
megabytes, so the host hashes it: EW takes the digest as it is (hash 04, none).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys, KeyEntry
from authhost.journal.reads import Borrowed
from authhost.journal.statements import statement
from authhost.station.statements import sql

NAME: Final = "catalogue/signer"
_POINT_HEX: Final = 130


class NoSuchKey(Exception):
    """A number that no signing key has."""


class PublicKey(msgspec.Struct, frozen=True):
    """What a terminal is told. point: P-256, uncompressed, 65 bytes. signs: it is in use."""

    number: int
    point: bytes
    signs: bool


class Signer:
    """Signs with the newest key that may sign."""

    def __init__(self, pool: asyncpg.Pool, hsm: Hsm, keys: HsmKeys) -> None:
        self._pool = pool
        self._hsm = hsm
        self._keys = keys

    async def sign(self, digest: bytes, now: datetime) -> tuple[int, bytes]:
        """The key's number and the signature. digest: SHA-256 of what is signed, 32 bytes.

        HsmUnavailable, HsmRefused, JournalUnavailable.
        """
        number = await self._number(now)
        entry = await self._keys.at(NAME, number)
        assert entry is not None, "both halves are written at once"
        answer = await self._hsm.ask(b"EW0402%04d%b;99FFFF%b" % (
            len(digest), digest, entry.block.encode()))
        return number, answer[4:]

    async def ensure(self, now: datetime) -> None:
        """Make the first key where there is none. Two hosts may do it at once: one is stored."""
        if not await self.public():
            await self._make(1, now)

    async def add(self) -> PublicKey:
        """A further key, which does not sign yet: terminals have to know it first."""
        known = await self.public()
        number = max((key.number for key in known), default=0) + 1
        await self._make(number, None)
        return next(key for key in await self.public() if key.number == number)

    async def use(self, number: int, now: datetime) -> None:
        """Sign with this key from now on, and with none that is newer. NoSuchKey."""
        async with Borrowed(self._pool) as connection:
            if not await connection.fetch(sql("catalogue_key_use"), number, now):
                raise NoSuchKey(f"there is no key {number} for catalogues")

    async def public(self) -> list[PublicKey]:
        """Every key's public half, by number."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(sql("catalogue_keys"))
        signing = max((row["number"] for row in rows if row["signs_since"] is not None), default=0)
        return [PublicKey(row["number"], bytes(row["public_key"]), row["number"] == signing)
                for row in rows]

    async def _number(self, now: datetime) -> int:
        signing = [key.number for key in await self.public() if key.signs]
        if not signing:
            await self.ensure(now)
            signing = [key.number for key in await self.public() if key.signs]
        return signing[0]

    async def _make(self, number: int, signs_since: datetime | None) -> None:
        data = (await self._hsm.ask(b"FY00#S0S00N00")).decode("ascii")
        point, block = bytes.fromhex(data[:_POINT_HEX]), data[_POINT_HEX:]
        entry = KeyEntry(NAME, number, "S0", "E", block, "")
        async with Borrowed(self._pool) as connection, connection.transaction():
            # Both halves of one pair, or those that another host has put there.
            if await connection.fetchval(sql("catalogue_key_put"), number, point, signs_since):
                await connection.execute(
                    statement("hsm_key_put"), entry.name, entry.version, entry.usage,
                    entry.algorithm, entry.block, entry.kcv)
