"""Numbers without a gap: a series counts up in the transaction that stores what has the number.

Knows the table of series. A transaction that is not committed gives its numbers back, and two that
take from one series wait for each other.
"""

from __future__ import annotations

from datetime import date

from clearing.invoices.statements import statement
from clearing.queries import Connection


def series_of(prefix: str, issued_on: date) -> str:
    """`F2026`: each year counts from 1."""
    return f"{prefix}{issued_on.year}"


def number_of(series: str, serial: int) -> str:
    """`F2026-000001`; longer from the millionth on."""
    return f"{series}-{serial:06d}"


async def take(connection: Connection, series: str, count: int) -> int:
    """The first of `count` serial numbers of a series that nobody else has."""
    first: int = await connection.fetchval(statement("series_take"), series, count)
    return first
