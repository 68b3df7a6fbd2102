"""Safe balancing: what was deposited since the last swap is what the cassette should hold.

Knows the deposits of a stay and the pieces that their rows told. At any moment, of a cassette that
is inside, has left, or was counted. What was reversed was never there.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from authhost.safes.statements import statement
from authhost.translate.safe_bodies import Counter, Total


class SuspectPieces(msgspec.Struct, frozen=True):
    """Notes kept apart, credited or not as their category says."""

    currency: str
    value_minor: int
    category: str
    count: int


class Balance(msgspec.Struct, frozen=True):
    """What a cassette should hold. Of totals 'cash' is what was counted, 'envelope' and 'cheque'
    what was declared."""

    stay_id: int
    terminal_id: str
    cassette_id: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    pieces: tuple[Counter, ...]
    suspects: tuple[SuspectPieces, ...]
    totals: tuple[Total, ...]


async def inside(connection: asyncpg.Connection, terminal_id: str) -> Balance | None:
    """What the cassette that is in a safe should hold; None where none is inside."""
    stay = await connection.fetchrow(statement("stay_inside"), terminal_id)
    if stay is None:
        return None
    stay_id = stay["stay_id"]
    suspects = await connection.fetch(statement("stay_suspects"), stay_id)
    totals = await connection.fetch(statement("stay_totals"), stay_id)
    return Balance(**dict(stay), pieces=await _pieces(connection, stay_id, 0),
                   suspects=tuple(SuspectPieces(**dict(row)) for row in suspects),
                   totals=tuple(Total(**dict(row)) for row in totals))


async def pieces_inside(connection: asyncpg.Connection, terminal_id: str, *,
                        before: int = 0) -> tuple[int, tuple[Counter, ...]] | None:
    """The stay of the cassette that is in a safe and the pieces that it should hold, no more: a
    swap asks under its clients' fences. None where none is inside.

    before: of deposits whose number, the device's own, is below this; 0: all.
    """
    stay = await connection.fetchrow(statement("stay_inside"), terminal_id)
    if stay is None:
        return None
    return stay["stay_id"], await _pieces(connection, stay["stay_id"], before)


async def _pieces(connection: asyncpg.Connection, stay_id: int,
                  before: int) -> tuple[Counter, ...]:
    rows = await connection.fetch(statement("stay_pieces"), stay_id, before)
    return tuple(Counter(**dict(row)) for row in rows)
