"""Safe balancing: what was deposited since the last swap is what the cassette should hold.

Knows the deposits of a stay and the pieces that their rows told. At any moment, of a cassette that
is inside, has left, or was counted. What was reversed was never there.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from authhost.safes.statements import statement


class NoSuchStay(Exception):
    """No cassette has stayed in a safe under this number."""


class Pieces(msgspec.Struct, frozen=True):
    """So many notes or coins of one value."""

    currency: str
    value_minor: int
    kind: str  # 'note' or 'coin'
    count: int

    @property
    def amount_minor(self) -> int:
        """What they are worth."""
        return self.value_minor * self.count


class SuspectPieces(msgspec.Struct, frozen=True):
    """Notes kept apart, credited or not as their category says."""

    currency: str
    value_minor: int
    category: str
    count: int


class Total(msgspec.Struct, frozen=True):
    """Deposits of a kind: 'cash' is what was counted, 'envelope' and 'cheque' what was declared."""

    currency: str
    kind: str
    count: int
    amount_minor: int


class Balance(msgspec.Struct, frozen=True):
    """What a cassette should hold."""

    stay_id: int
    terminal_id: str
    cassette_id: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    pieces: tuple[Pieces, ...]
    suspects: tuple[SuspectPieces, ...]
    totals: tuple[Total, ...]

    def amount_minor(self, currency: str) -> int:
        """Cash of a currency, minor units."""
        return sum(one.amount_minor for one in self.pieces if one.currency == currency)


async def of_stay(connection: asyncpg.Connection, stay_id: int, *, account_id: int | None = None,
                  before: int = 0) -> Balance:
    """What the cassette of this stay should hold. NoSuchStay.

    account_id: of this client's deposits alone. before: of those whose number, the device's own, is
    below this; 0: all.
    """
    row = await connection.fetchrow(statement("stay_read"), stay_id)
    if row is None:
        raise NoSuchStay(str(stay_id))
    return await _balance(connection, row, account_id, before)


async def inside(connection: asyncpg.Connection, terminal_id: str, *,
                 account_id: int | None = None, before: int = 0) -> Balance | None:
    """What the cassette that is in a safe should hold; None where none is inside."""
    row = await connection.fetchrow(statement("stay_inside"), terminal_id)
    return await _balance(connection, row, account_id, before) if row is not None else None


async def _balance(connection: asyncpg.Connection, stay: asyncpg.Record,
                   account_id: int | None, before: int) -> Balance:
    found = [await connection.fetch(statement(name), stay["stay_id"], account_id, before)
             for name in ("stay_pieces", "stay_suspects", "stay_totals")]
    pieces, suspects, totals = found
    return Balance(**dict(stay), pieces=tuple(Pieces(*row.values()) for row in pieces),
                   suspects=tuple(SuspectPieces(*row.values()) for row in suspects),
                   totals=tuple(Total(*row.values()) for row in totals))
