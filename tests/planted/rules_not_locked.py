"""Breaks rule 4 and so invariant 11: a batch reads the business date without a lock, and commits
into a day that was closed and cleared meanwhile; the database's own guard of the day is gone too,
which would refuse it."""

from __future__ import annotations

import sys

import asyncpg

from authhost.journal import append, lane
from tests.planted import Patch, changed, serve


def plant(patch: Patch) -> None:
    """The date is the snapshot's."""
    real = lane.connect

    async def connect(database_url: str) -> asyncpg.Connection:
        connection = await real(database_url)
        await connection.execute("SET session_replication_role = replica")  # no trigger fires
        return connection

    patch(append, "_APPEND", changed(
        append._APPEND, "SELECT version, fuel_date, cash_date, payments_date FROM rules FOR SHARE",
        "SELECT version, fuel_date, cash_date, payments_date FROM rules"))
    patch(lane, "connect", connect)


if __name__ == "__main__":
    sys.exit(serve(plant))
