"""A terminal's catalogue: whole, or the difference on what it has, signed.

Knows versions, content and the key; knows no HTTP. What is whole has megabytes: it is put together
away from the event loop, and only so many at once, for payments come first.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.station.building import BUILD_TIMEOUT_S, Building
from authhost.station.content import Head, Home, Members, content
from authhost.station.signer import Signer
from authhost.station.statements import sql

WHOLE_AT_ONCE: Final = 2
WHOLE_WAITING: Final = 32
SIGNATURES: Final = 10_000  # that are remembered: the same bytes are signed once
_BASE64_PIECE: Final = 3 * 256 * 1024  # the interpreter may turn to others between two of them


class NoCatalogue(Exception):
    """A terminal that has none: it is nobody's, no POS, or belongs to no site."""


class CatalogueBusy(Exception):
    """Too many are on their way: ask again in a while."""


class Signed(msgspec.Struct, frozen=True):
    """What a terminal gets. body: JSON with key, content and signature."""

    body: bytes
    version: int
    base: int


class _Newest(msgspec.Struct, frozen=True):
    """The newest version for a terminal."""

    home: Home
    home_since: int
    version: int
    issued_at: datetime
    horizon: int


class Catalogue:
    """Answers terminals; counts what it answered."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, building: Building,
                 signer: Signer) -> None:
        self._pool = pool
        self._clock = clock
        self._building = building
        self._signer = signer
        self._signed: Bounded[bytes, tuple[int, bytes]] = Bounded(SIGNATURES)
        self._whole = asyncio.Semaphore(WHOLE_AT_ONCE)
        self._waiting = 0
        self.whole = 0
        self.differences = 0
        self.unchanged = 0

    async def newest(self, terminal_id: str) -> int:
        """The number of the newest version for a terminal; 0 where it has none."""
        found = await self._newest(terminal_id)
        return found.version if found is not None else 0

    async def get(self, terminal_id: str, have: int) -> Signed | None:
        """What a terminal lacks beyond version `have` (0: everything); None: nothing.

        NoCatalogue, CatalogueBusy, JournalUnavailable, HsmUnavailable, HsmRefused.
        """
        found = await self._newest(terminal_id)
        if found is None or self._is_half_spent(found):
            await self._building.build()
            found = await self._newest(terminal_id)
        if found is None:
            raise NoCatalogue(terminal_id)
        if have == found.version and not self._is_half_spent(found):
            self.unchanged += 1
            return None
        # What it has may be too old, from another site, or from another database: all is told.
        base = have if max(found.horizon, found.home_since) <= have < found.version else 0
        head = Head(terminal_id, found.home, found.version, base, found.issued_at)
        return await self._difference(head) if base else await self._everything(head)

    async def bytes_of(self, terminal_id: str, base: int = 0) -> bytes:
        """The content that a terminal would be told, unsigned: for a person. NoCatalogue."""
        found = await self._newest(terminal_id)
        if found is None:
            raise NoCatalogue(terminal_id)
        head = Head(terminal_id, found.home, found.version, base, found.issued_at)
        return content(head, await self._sections(head))

    async def _difference(self, head: Head) -> Signed:
        self.differences += 1
        return await self._sign(head, content(head, await self._sections(head)))

    async def _everything(self, head: Head) -> Signed:
        if self._waiting >= WHOLE_WAITING:
            raise CatalogueBusy(head.terminal_id)
        self._waiting += 1
        try:
            async with self._whole:
                sections = await self._sections(head)
                body = await asyncio.to_thread(content, head, sections)
                self.whole += 1
                return await self._sign(head, body)
        finally:
            self._waiting -= 1

    async def _sections(self, head: Head) -> dict[str, Members]:
        home = head.home
        of = (head.version, home.site_id, home.currency, head.terminal_id, home.profile)
        if head.base:
            rows = await self._rows("catalogue_difference", *of, head.base)
            return {row["section"]: Members(row["members"] or "", row["dropped"] or "")
                    for row in rows}
        rows = await self._rows("catalogue_full", *of)
        return {row["section"]: Members(row["members"]) for row in rows}

    async def _sign(self, head: Head, body: bytes) -> Signed:
        digest = await asyncio.to_thread(_digest, body)
        signed = self._signed.get(digest)
        if signed is None:
            signed = await self._signer.sign(digest, self._clock.now())
            self._signed.put(digest, signed)
        return Signed(await asyncio.to_thread(_answer, body, *signed), head.version, head.base)

    def _is_half_spent(self, found: _Newest) -> bool:
        head = Head("", found.home, found.version, 0, found.issued_at)
        return self._clock.now() >= head.issued_at + (head.valid_until - head.issued_at) / 2

    async def _newest(self, terminal_id: str) -> _Newest | None:
        rows = await self._rows("catalogue_newest", terminal_id)
        if not rows:
            return None
        row = rows[0]
        return _Newest(msgspec.json.decode(row["home"], type=Home), row["home_since"],
                       row["version"], row["issued_at"], row["horizon"])

    async def _rows(self, name: str, *values: object) -> Sequence[asyncpg.Record]:
        async with Borrowed(self._pool) as connection:
            return await connection.fetch(sql(name), *values, timeout=BUILD_TIMEOUT_S)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _answer(body: bytes, key: int, signature: bytes) -> bytes:
    """The signed content as JSON, in pieces: one call over megabytes would hold all else up."""
    pieces = [b'{"key":%d,"content":"' % key]
    view = memoryview(body)
    pieces += [base64.b64encode(view[at:at + _BASE64_PIECE])
               for at in range(0, len(body), _BASE64_PIECE)]
    pieces += [b'","signature":"', base64.b64encode(signature), b'"}']
    return b"".join(pieces)
