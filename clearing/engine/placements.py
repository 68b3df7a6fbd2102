"""A stream's day, placed: read, matched, placed by an engine, and handed on in batches.

Knows the order of these steps; the rules are placing.py's and matching.py's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.csv as pa_csv

from clearing.engine.matching import matches
from clearing.engine.placing import booked, ended
from clearing.engine.ports import Engine
from clearing.engine.stage import Stage
from clearing.engine.tolerance import UNMATCHED, Matching
from clearing.queries import Connection

COLUMNS: Final = ("journal_date", "journal_id", "place", "family", "original_date", "original_id",
                  "debit_account_id", "credit_account_id", "amount_minor", "currency", "match")
_CSV: Final = pa_csv.WriteOptions(include_header=False, quoting_style="needed")


def place_day(engine: Engine, stage: Stage,
              matching: Matching = Matching()) -> pa.RecordBatchReader:
    """Every row of the day, and each hold of before that is open still, in its one place.

    Columns: COLUMNS. match is '' but for captures (matching.py).
    """
    return engine.read(placed(stage, matching))


def placed(stage: Stage, matching: Matching) -> ir.Table:
    """The expression of place_day."""
    rows = booked(stage.business_date)
    found = matches(matching).select(match_id="id", match="match")
    rows = rows.left_join(found, rows.journal_id == found.match_id)
    rows = rows.mutate(match=ibis.coalesce(rows.match, ""))
    if matching.unmatched == "suspense":
        rows = _in_suspense(rows)
    holds = ended(stage.business_date).mutate(match=ibis.literal(""))
    return rows.select(*COLUMNS).union(holds.select(*COLUMNS), distinct=False)


def _in_suspense(rows: ir.Table) -> ir.Table:
    """Nobody is invoiced for what does not match; what gives it back goes where it went."""
    kept = rows.match.isin(UNMATCHED)
    origin = rows.filter(kept).select(parked_id="journal_id")
    rows = rows.mutate(named_id=ibis.ifelse(rows.original_date == rows.journal_date,
                                            rows.original_id, ibis.null("int64")))
    rows = rows.left_join(origin, rows.named_id == origin.parked_id)
    goes = rows.match.isin(UNMATCHED) | rows.parked_id.notnull() | (
        ibis.coalesce(rows.earlier_family, "") == "fuel_unidentified")
    return rows.mutate(family=ibis.ifelse((rows.family == "fuel") & goes, "fuel_unidentified",
                                          rows.family))


async def copy_places(connection: Connection, table: str, batches: pa.RecordBatchReader) -> int:
    """COPY the batches into a table with columns of their names, within the connection's
    transaction; how many rows."""
    count = 0

    async def texts() -> AsyncIterator[bytes]:
        nonlocal count
        for batch in batches:
            count += batch.num_rows
            sink = pa.BufferOutputStream()
            pa_csv.write_csv(batch, sink, _CSV)
            yield sink.getvalue().to_pybytes()

    await connection.copy_to_table(table, source=texts(), format="csv",
                                   columns=batches.schema.names)
    return count
