"""Closing a business day against a real PostgreSQL, while batches are in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from clearing.close import close_day
from clearing.errors import ClearingError
from clearing.queries import connect
from clearing.run import clear
from tests.e2e.clearing_day import DAY, NEXT, Row, fuel, insert, make_day, tree, wait

pytestmark = pytest.mark.invariant(11)


def test_a_day_still_to_come_cannot_be_closed(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, []))
    with pytest.raises(ClearingError, match="still to come: the open business date is 2026-07-23"):
        wait(clear(database_url, NEXT, tmp_path))
    assert tree(tmp_path) == {}


def test_a_host_never_set_up_has_no_day(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(ClearingError, match="no rules row"):
        wait(clear(database_url, DAY, tmp_path))


def test_closing_waits_for_the_batch_in_flight_and_no_longer(database_url: str) -> None:
    """Batches that overlap without a gap do not keep the day open, and none commits after it."""
    wait(make_day(database_url, []))

    async def batch(number: int, begun: Callable[[], None], stop: asyncio.Event) -> None:
        connection = await connect(database_url)
        while not stop.is_set():
            async with connection.transaction():
                day = await connection.fetchval("SELECT business_date FROM rules FOR SHARE")
                begun()
                await asyncio.sleep(0.011 + 0.007 * number)  # never in step: no gap
                # Its commit comes before the close's, or it saw the day after.
                assert day in {DAY, NEXT}
                assert day == await connection.fetchval("SELECT business_date FROM rules")
        await connection.close()

    async def run() -> None:
        stop, busy = asyncio.Event(), asyncio.Event()
        hosts = [asyncio.create_task(batch(number, busy.set, stop)) for number in range(6)]
        await busy.wait()
        await asyncio.sleep(0.2)
        connection = await connect(database_url)
        await asyncio.wait_for(close_day(connection, DAY), 5)
        await close_day(connection, DAY)  # nothing to do
        stop.set()
        await asyncio.gather(*hosts)
        assert await connection.fetchval("SELECT business_date FROM rules") == NEXT
        assert await connection.fetchval("SELECT version FROM rules") == 2
        await connection.close()

    wait(run())


def test_the_partition_of_the_day_after_is_there(database_url: str, tmp_path: Path) -> None:
    last = DAY.replace(day=31)
    wait(make_day(database_url, [], open_date=last))
    wait(clear(database_url, last, tmp_path))
    wait(make_rows(database_url, [fuel("august", 1, business_date=last + timedelta(days=1))]))


async def make_rows(database_url: str, rows: list[Row]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await insert(connection, rows)
    finally:
        await connection.close()
