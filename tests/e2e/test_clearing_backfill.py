"""Deposits from before table deposit: what was paid stays paid, and what waits is paid."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from clearing.run import clear
from tests.e2e.clearing_day import DAY, NEXT, deposit, insert, make_day, reversal, sql, wait
from tests.e2e.test_clearing import sums

pytestmark = pytest.mark.invariant(11)


def backfill() -> str:
    """The part of the migration that makes the rows."""
    text = files("authhost.journal").joinpath("migrations", "0014_night.sql").read_text()
    return text[text.index("-- Deposits from before table deposit"):]


def test_old_deposits(database_url: str, tmp_path: Path) -> None:
    old, gone = deposit("paid", 500), deposit("gone", 70, business_date=NEXT)
    later = [deposit("waits", 900, business_date=NEXT), gone,
             reversal(gone, -70, business_date=NEXT), reversal(old, -100, business_date=NEXT),
             deposit("kept", 30, business_date=NEXT, flags="withheld:a,withheld:b")]
    wait(make_day(database_url, [old]))
    wait(clear(database_url, DAY, tmp_path))

    async def forget_and_fill() -> None:
        connection = await asyncpg.connect(database_url)
        await insert(connection, later)
        # The runs of that time were of all streams together.
        await connection.execute(
            "INSERT INTO clearing_run (run_id, business_date, stream, sequence, status, "
            "journal_digest, journal_count, settings) "
            "VALUES ('2026-07-23/night/1', $1, 'night', 1, 'posted', '', 0, '')", DAY)
        await connection.execute("DELETE FROM deposit")
        await connection.execute(backfill())
        await connection.execute(backfill())  # nothing twice
        await connection.close()

    wait(forget_and_fill())
    rows = sql(database_url,
               "SELECT key, state, credit, withheld, run_id FROM deposit ORDER BY key")
    assert [tuple(row) for row in rows] == [
        ("gone", "reversed", "none", "", None), ("kept", "reported", "withheld", "a,b", None),
        ("paid", "provisional", "file", "", "2026-07-23/night/1"),
        ("waits", "reported", "night", "", None)]
    summary = wait(clear(database_url, NEXT, tmp_path))
    assert sums(summary)["deposit_credit_xml", "EUR"] == 800
