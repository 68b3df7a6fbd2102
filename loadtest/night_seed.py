"""A day of business for the night's benchmark, written in bulk.

Knows the statements of sql/night_*.sql: those that DuckDB runs make the rows, PostgreSQL takes them
by a binary COPY; the claims of the day itself, which no night reads, are left out. The same numbers
make the same rows, on any machine. Of a hundred transactions 55 are purchases of fuel, 40 payments,
5 deposits; the day before has a hundredth as many.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import asyncpg
import duckdb
from adbc_driver_postgresql.dbapi import Connection, connect

from loadtest.portfolio import statement

_SHARE: Final = {"night_fuel": 55, "night_payments": 40, "night_deposits": 5}  # of a hundred
_BEFORE: Final = 100  # the day before has a hundredth
_ROWS_AT_A_TIME: Final = 100_000


async def seed(database_url: str, transactions: int, day: date) -> None:
    """Parties, `day`, and the day before it, whose night is still to be run."""
    before = day - timedelta(days=1)
    sql = await asyncpg.connect(database_url)
    try:
        # What was written by nobody's door wakes nobody's trigger; the host has its own tests.
        await sql.execute(_filled("night_parties", day=day))
        _copy_days(database_url, transactions, before, day)
        for one in (before, day):
            await sql.execute(_filled("night_deposit_rows", day=one))
        await sql.execute(_filled("night_claims", day=before))
        await sql.execute("ANALYZE journal, deposit, payment, claim")
    finally:
        await sql.close()


def _copy_days(database_url: str, transactions: int, before: date, day: date) -> None:
    few = max(100, transactions // _BEFORE)
    with connect(database_url) as target, duckdb.connect() as source:
        source.execute("SET TimeZone = 'UTC'")
        first_before = 1
        for one, count, first, late in ((before, few, first_before, 0),
                                        (day, transactions, first_before + few, few)):
            number = first
            for name, share in _SHARE.items():
                part = max(1, count * share // 100)
                values: dict[str, date | int] = {
                    "day": one, "first": number, "count": part,
                    # Each kind has its own numbers, in the same order on both days.
                    "before_first": _before_first(name, first_before, few),
                    "before_count": late and max(1, few * share // 100)}
                _copy(source, target, "journal", _filled(name, **values))
                if name == "night_payments":
                    _copy(source, target, "payment", _filled("night_payment_rows", **values))
                number += part
        target.commit()


def _before_first(name: str, first: int, count: int) -> int:
    for other, share in _SHARE.items():
        if other == name:
            return first
        first += max(1, count * share // 100)
    raise AssertionError(name)


def _copy(source: duckdb.DuckDBPyConnection, target: Connection, table: str, text: str) -> None:
    reader = source.sql(text).to_arrow_reader(_ROWS_AT_A_TIME)
    with target.cursor() as cursor:
        cursor.adbc_ingest(table, reader, mode="append")


def _filled(name: str, **values: date | int) -> str:
    return statement(name).format(**{
        key: f"DATE '{value.isoformat()}'" if isinstance(value, date) else value
        for key, value in values.items()})
