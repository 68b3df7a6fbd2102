"""Post a closed day: place and book every captured row, decide what follows. All of it or nothing.

Knows the order of these steps; the rules are data (posting_rule) and expressions (clearing.engine),
what a stream decides is clearing.nights'. Must not know any file. A day is posted
once; a repeat only checks that the journal is still the same.
"""

from __future__ import annotations

import asyncpg
import msgspec

from clearing.engine.posting import Placer
from clearing.errors import ClearingError
from clearing.money import plain
from clearing.nights.work import Decide
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings


async def post_day(connection: Connection, run_id: RunId, settings: Settings, placer: Placer,
                   decide: Decide, journal_digest: str, journal_count: int) -> Settings:
    """Post unless it is posted; the settings that this run stands on, those of its first time.

    ClearingError: the journal of the closed day is not what was cleared, or a total does not agree.
    """
    run = await connection.fetchrow(query("run"), str(run_id))
    if run is not None:
        if run["journal_digest"] != journal_digest:
            raise ClearingError(f"{run_id}: the journal of the closed day has changed: "
                                f"{journal_digest} is not {run['journal_digest']}")
        return msgspec.json.decode(run["settings"], type=Settings)
    try:
        async with connection.transaction():
            await _post(connection, run_id, settings, placer, decide, journal_digest,
                        journal_count)
    except asyncpg.UniqueViolationError as error:
        raise ClearingError(f"{run_id}: a row would be booked twice: {error.detail}") from error
    except asyncpg.IntegrityConstraintViolationError as error:
        raise ClearingError(f"{run_id}: the ledger refuses an entry: {error}") from error
    return settings


async def _post(connection: Connection, run_id: RunId, settings: Settings, placer: Placer,
                decide: Decide, journal_digest: str, journal_count: int) -> None:
    run, day, stream = str(run_id), run_id.business_date, run_id.stream
    await connection.execute(query("insert_run"), run, day, stream, run_id.sequence,
                             journal_digest, journal_count, settings.encode())
    await placer.place(connection, run_id, settings.matching)
    await connection.execute(query("snapshot"), run, day, stream)
    # Lest the planner takes the day's rows for none; of other tables it takes a run for an average.
    await connection.execute(f"ANALYZE placement_{stream}")
    await decide(connection, run_id, settings, placer)
    await connection.execute(query("ledger_balance_new"), run, day, stream)
    ledger_digest = await connection.fetchval(query("ledger_digest"), run, day, stream)
    await _check_books(connection, run_id)
    await connection.execute(query("ledger_lock"))  # at last: other streams post meanwhile
    await connection.execute(query("chain"), run, ledger_digest)


async def _check_books(connection: Connection, run_id: RunId) -> None:
    """All rows are placed and booked, and the run balances; ClearingError if not."""
    run, day, stream = str(run_id), run_id.business_date, run_id.stream
    if await connection.fetchval(query("posted_off"), run, day, stream):
        await _name_what_is_off(connection, run_id)
    off = await connection.fetchrow(query("settled_to_ledger"), run, day, stream)
    if off is not None:
        raise ClearingError(
            f"{run_id}: {off['currency']}: the settlements of account {off['account_id']} come to "
            f"{off['said_minor']}, the ledger has {off['booked_minor']}")
    left = await connection.fetchrow(query("between"), run, day) if stream == "payments" else None
    if left is not None:
        raise ClearingError(
            f"{run_id}: {plain(left['between_minor'], left['currency'])} {left['currency']} taken "
            "from payers and given to no merchant, or the other way round")


async def _name_what_is_off(connection: Connection, run_id: RunId) -> None:
    """ClearingError: a captured row has no place, or a currency another amount."""
    run, day, stream = str(run_id), run_id.business_date, run_id.stream
    unplaced = await connection.fetchrow(query("unplaced"), run, day, stream)
    if unplaced is not None:
        raise ClearingError(f"{run_id}: {unplaced['kind']} {unplaced['key']} has no place")
    hop = await connection.fetchrow(query("journal_to_ledger"), run, day, stream)
    if hop is not None:
        raise ClearingError(
            f"{run_id}: {hop['currency']}: the journal has {hop['journal_count']} rows of "
            f"{hop['journal_minor']}, the ledger {hop['ledger_count']} of {hop['ledger_minor']}")
    raise ClearingError(f"{run_id}: the ledger has other rows, or other amounts, than the journal")
