"""A stream's day, placed: every row in its one place, with the match of each capture.

PURE. The rules are placing.py's and matching.py's; here they become one expression.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from clearing.engine.matching import matches
from clearing.engine.placing import SUSPENDED, booked, ended
from clearing.engine.ports import Engine
from clearing.engine.tolerance import UNMATCHED, Matching

COLUMNS: Final = ("journal_date", "journal_id", "place", "family", "original_date", "original_id",
                  "debit_account_id", "credit_account_id", "amount_minor", "currency", "match")
COVERED_BY: Final = "covered_by"  # the key of a capture's authorization, where it does not name it
_EXPRESSIONS_KEPT: Final = 16


def place_day(engine: Engine, matching: Matching) -> pa.RecordBatchReader:
    """Every row of the day, and each hold of before that is open still, in its one place.

    Columns: COLUMNS, and COVERED_BY. match is '' but for captures (matching.py). In the order of
    the journal: a table and its key that grow at their end cost a third less to write, and what
    reads both side by side has nothing to sort.
    """
    return engine.read(placed(matching).order_by("journal_id"))


@lru_cache(_EXPRESSIONS_KEPT)
def placed(matching: Matching) -> ir.Table:
    """The expression of place_day."""
    rows = booked()
    matched = matches(matching)
    found = matched.select(match_id="id", match="match", covered_by=ibis.ifelse(
        matched.covered & ~matched.is_named, matched.authorization_key, ibis.null("string")))
    rows = rows.left_join(found, rows.journal_id == found.match_id)
    rows = rows.mutate(match=ibis.coalesce(rows.match, ""))
    if matching.unmatched == "suspense":
        rows = _in_suspense(rows)
    covering = matched.filter(matched.covered).select("authorization_id").distinct()
    holds = ended(covering).mutate(match=ibis.literal(""), covered_by=ibis.null("string"))
    return rows.select(*COLUMNS, COVERED_BY).union(holds.select(*COLUMNS, COVERED_BY),
                                                   distinct=False)


def _in_suspense(rows: ir.Table) -> ir.Table:
    """Nobody is invoiced for what does not match; what gives it back on the day goes with it."""
    kept = rows.match.isin(UNMATCHED)
    origin = rows.filter(kept).select(parked_id="journal_id")
    rows = rows.mutate(named_id=ibis.ifelse(rows.original_date == rows.journal_date,
                                            rows.original_id, ibis.null("int64")))
    rows = rows.left_join(origin, rows.named_id == origin.parked_id)
    goes = rows.match.isin(UNMATCHED) | rows.parked_id.notnull()
    return rows.mutate(family=ibis.ifelse((rows.family == "fuel") & goes, SUSPENDED,
                                          rows.family))
