"""Totals of safes: what came in on the day, and what went to banks tonight; and what was paid for
the transport and the counting of it.

Knows these tables of a night; must not decide what belongs in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import asyncpg

from clearing.folder import DayFolder
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.summary import FileRecord
from clearing.tables import write_table

_SAFE = ("currency", "terminal_id", "deposits", "rows", "deposited_minor", "withheld_minor",
         "uncounted_minor", "filed_minor", "instant_minor", "held_minor")
_COST = ("currency", "courier_id", "courier", "stay_id", "event", "terminal_id", "cassette_id",
         "on_day", "amount_minor")


async def write_safe_totals(connection: Connection, run_id: RunId,
                            folder: DayFolder) -> list[FileRecord]:
    """safes/EUR.csv ..., a safe a line; couriers/EUR.csv ..., a pick-up or a count a line."""
    safes = await connection.fetch(query("safe_totals"), str(run_id), run_id.business_date)
    costs = await connection.fetch(query("courier_cost_lines"), str(run_id))
    files = []
    for currency, rows in _by_currency(safes):
        _write(folder, f"safes/{currency}.csv", _SAFE, rows)
        files.append(FileRecord(f"safes/{currency}.csv", "safe_total_csv",
                                sum(row["rows"] for row in rows),
                                sum(row["deposited_minor"] for row in rows), currency))
    for currency, rows in _by_currency(costs):
        _write(folder, f"couriers/{currency}.csv", _COST, rows)
        files.append(FileRecord(f"couriers/{currency}.csv", "courier_cost_csv", len(rows),
                                sum(row["amount_minor"] for row in rows), currency))
    return files


def _by_currency(rows: Sequence[asyncpg.Record]) -> list[tuple[str, list[asyncpg.Record]]]:
    return [(currency, list(found)) for currency, found in
            groupby(rows, lambda row: str(row["currency"]))]


def _write(folder: DayFolder, path: str, columns: Sequence[str],
           rows: Sequence[asyncpg.Record]) -> None:
    with folder.open(path) as sink:
        write_table(sink, columns, (tuple(row[name] for name in columns) for row in rows))
