"""HSM, stored keys and PAN index for as long as a block runs: for tools that are no host.

Knows how the three are put together; bootstrap.py does it for a host, which keeps them.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from authhost.hsm.address import HsmAddress
from authhost.hsm.pool import HsmPool
from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys
from authhost.pan_index import PanIndex
from authhost.settings import TlsFiles


class HsmSession(msgspec.Struct, frozen=True):
    """What a tool works with."""

    hsm: Hsm
    keys: HsmKeys

    async def pan_index(self) -> PanIndex:
        """The index, its keys generated where the database is new."""
        return await PanIndex.make(self.hsm, self.keys)


@asynccontextmanager
async def hsm_session(database_url: str, addresses: Sequence[HsmAddress],
                      tls: TlsFiles | None = None) -> AsyncIterator[HsmSession]:
    """Connect to the database and the HSMs. HsmUnavailable when none of these answers."""
    pool = HsmPool(tuple(addresses), random.random,
                   tls.client_context() if tls is not None else None)
    await pool.start()
    try:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as connections:
            yield HsmSession(Hsm(pool), HsmKeys(connections))
    finally:
        await pool.close()
