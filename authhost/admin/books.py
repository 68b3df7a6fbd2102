"""The books, told to people: the trial balance at any time, and whether it is what was booked.

Knows who may; what is booked, and how it is proved, is clearing's (clearing/ledger.py).
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime

import asyncpg
import msgspec

from authhost.admin.access import Actor, allow
from authhost.admin.refusals import Conflict
from authhost.journal.reads import Borrowed
from clearing.errors import ClearingError
from clearing.ledger import AccountBalance, Verified, trial_balance, verify


class Proof(msgspec.Struct, frozen=True):
    """sound: every run is what it was when it was posted; else `said` names the first that is not.
    runs, last_run_id, chain_digest: of the runs that were looked at, where they are sound."""

    sound: bool
    said: str = ""
    runs: int = 0
    last_run_id: str = ""
    chain_digest: str = ""


class Books:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._proving = asyncio.Lock()  # it reads all that was ever booked: one at a time

    async def balance(self, actor: Actor, known_at: datetime | None,
                      up_to: date | None) -> tuple[AccountBalance, ...]:
        """Every account that was ever moved, as the books stood at known_at (None: now), with the
        business dates up to one (None: all)."""
        allow(actor, "ledger.read")
        async with Borrowed(self._pool) as connection:
            return await trial_balance(connection, known_at, up_to)

    async def proved(self, actor: Actor, known_at: datetime | None) -> Proof:
        """Recompute the digests and the chain of all runs that were posted by known_at (None: of
        all). Conflict: somebody has asked just now, and is still waiting."""
        allow(actor, "ledger.read")
        if self._proving.locked():
            raise Conflict("the ledger is being verified: ask again when that is done")
        async with self._proving, Borrowed(self._pool) as connection:
            try:
                found: Verified = await verify(connection, known_at)
            except ClearingError as error:
                return Proof(sound=False, said=str(error))
        return Proof(sound=True, **msgspec.structs.asdict(found))
