"""Closing a business day of a stream against a real PostgreSQL, while batches are in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, timedelta

import asyncpg
import pytest

from authhost.streams import STREAMS, Stream
from clearing.days.closing import bank_calendar, close_day
from clearing.errors import ClearingError
from clearing.queries import connect
from tests.e2e.clearing_day import (
    DAY,
    NEXT,
    Row,
    deposit,
    fuel,
    insert,
    make_day,
    payment,
    sql,
    wait,
)

pytestmark = pytest.mark.invariant(11)

OPEN = "SELECT fuel_date, cash_date, payments_date FROM rules"


def close(database_url: str, business_date: date, *streams: Stream) -> None:
    """One after the other, at a connection of their own."""
    async def run() -> None:
        connection = await connect(database_url)
        try:
            for stream in streams:
                await close_day(connection, business_date, stream, "a test")
        finally:
            await connection.close()
    wait(run())


def test_a_day_still_to_come_cannot_be_closed(database_url: str) -> None:
    wait(make_day(database_url, []))
    with pytest.raises(ClearingError, match="still to come: the open business date of fuel is "
                                            "2026-07-23"):
        close(database_url, NEXT, "fuel")
    assert sql(database_url, OPEN)[0][:] == (DAY, DAY, DAY)


def test_a_host_never_set_up_has_no_day(database_url: str) -> None:
    with pytest.raises(ClearingError, match="no rules row"):
        close(database_url, DAY, "fuel")


def test_each_stream_has_a_day_of_its_own(database_url: str) -> None:
    wait(make_day(database_url, []))
    close(database_url, DAY, "cash")
    assert sql(database_url, OPEN)[0][:] == (DAY, NEXT, DAY)
    close(database_url, DAY, "cash")  # nothing to do
    close(database_url, DAY, "payments", "fuel")
    assert sql(database_url, OPEN)[0][:] == (NEXT, NEXT, NEXT)
    assert {tuple(row) for row in sql(
        database_url, "SELECT stream, business_date, state, closed_by FROM business_day")} == {
        (stream, *day) for stream in STREAMS for day in ((DAY, "closed", "a test"),
                                                         (NEXT, "open", None))}


@pytest.mark.parametrize("closed", STREAMS)
def test_closing_waits_for_the_batch_in_flight_and_no_longer(database_url: str,
                                                             closed: Stream) -> None:
    """Batches that overlap without a gap do not keep the day open, and none commits after it."""
    wait(make_day(database_url, []))
    column = f"{closed}_date"

    async def batch(number: int, begun: Callable[[], None], stop: asyncio.Event) -> None:
        connection = await connect(database_url)
        while not stop.is_set():
            async with connection.transaction():
                rules = await connection.fetchrow(f"{OPEN} FOR SHARE")
                begun()
                await asyncio.sleep(0.011 + 0.007 * number)  # never in step: no gap
                # Its commit comes before the close's, or it saw the day after.
                assert rules == await connection.fetchrow(OPEN)
                assert rules[column] in {DAY, NEXT}
                assert {rules[f"{stream}_date"] for stream in STREAMS if stream != closed} == {DAY}
        await connection.close()

    async def run() -> None:
        stop, busy = asyncio.Event(), asyncio.Event()
        hosts = [asyncio.create_task(batch(number, busy.set, stop)) for number in range(6)]
        await busy.wait()
        await asyncio.sleep(0.2)
        connection = await connect(database_url)
        await asyncio.wait_for(close_day(connection, DAY, closed, "a test"), 5)
        await close_day(connection, DAY, closed, "a test")  # nothing to do
        stop.set()
        await asyncio.gather(*hosts)
        assert (await connection.fetchrow(OPEN))[column] == NEXT
        assert await connection.fetchval("SELECT version FROM rules") == 2
        await connection.close()

    wait(run())


def test_two_who_close_at_once_close_it_once(database_url: str) -> None:
    wait(make_day(database_url, []))

    async def run() -> None:
        connections = [await connect(database_url) for _ in range(6)]
        await asyncio.gather(*(close_day(connection, DAY, STREAMS[number % 3], "a test")
                               for number, connection in enumerate(connections)))
        for connection in connections:
            await connection.close()
    wait(run())
    assert sql(database_url, OPEN)[0][:] == (NEXT, NEXT, NEXT)
    assert sql(database_url, "SELECT version FROM rules")[0][0] == 4
    assert sql(database_url, "SELECT count(*) FROM closed_day")[0][0] == 3


def test_a_closed_day_takes_no_row_by_whatever_way(database_url: str) -> None:
    """The database itself refuses it, of the closed stream alone; and nothing of it is left."""
    wait(make_day(database_url, [fuel("before", 100), deposit("cash-before", 100)]))
    close(database_url, DAY, "fuel")
    with pytest.raises(asyncpg.CheckViolationError, match="fuel of 2026-07-23 is closed: late"):
        wait(make_rows(database_url, [fuel("fine", 1, business_date=NEXT), fuel("late", 1)]))
    copied = ("INSERT INTO {} SELECT business_date, id + 1000, 'copied', leg, kind, approved, "
              "action, reason, approval_code, requested_minor, amount_minor, posted_minor, "
              "currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked, "
              "decided_at, recorded_at, rules_version, account_id, fence, card_id, vehicle_id, "
              "driver_id, day, week, month, money, volume, count, detail FROM journal "
              "WHERE key = 'before'")
    # A partition by its own name, too.
    for table in ("journal", "journal_202607", "journal_202607_fuel"):
        with pytest.raises(asyncpg.CheckViolationError, match="is closed: copied"):
            sql(database_url, copied.format(table))
    wait(make_rows(database_url, [deposit("cash-late", 1), *payment("pay-late", 1),
                                  fuel("fine", 1, business_date=NEXT)]))
    assert [row["key"] for row in sql(
        database_url, "SELECT key FROM journal WHERE leg = 0 ORDER BY id")] == [
        "before", "cash-before", "cash-late", "pay-late", "fine"]


def test_a_row_that_is_on_its_way_is_waited_for(database_url: str) -> None:
    """Not even one that has locked nothing itself commits into a closed day."""
    wait(make_day(database_url, []))

    async def run() -> tuple[int, int]:
        writer, closer = await connect(database_url), await connect(database_url)
        async with writer.transaction():
            await insert(writer, [fuel("slow", 1)])
            closing = asyncio.create_task(close_day(closer, DAY, "fuel", "a test"))
            await asyncio.sleep(0.3)
            assert not closing.done()
        await closing
        rows = await closer.fetchval("SELECT count(*) FROM journal WHERE business_date = $1", DAY)
        with pytest.raises(asyncpg.CheckViolationError):
            await insert(writer, [fuel("slower", 1)])
        later = await closer.fetchval("SELECT count(*) FROM journal WHERE business_date = $1", DAY)
        await writer.close()
        await closer.close()
        return rows, later
    assert wait(run()) == (1, 1)


def test_what_is_closed_stays_closed(database_url: str) -> None:
    wait(make_day(database_url, []))
    close(database_url, DAY, "cash")
    for statement in ("DELETE FROM closed_day", "UPDATE closed_day SET following = following + 1",
                      "TRUNCATE closed_day"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            sql(database_url, statement)


def test_a_day_goes_over_a_week_end_where_the_calendar_does(database_url: str) -> None:
    friday, saturday, monday = date(2026, 7, 24), date(2026, 7, 25), date(2026, 7, 27)
    wait(make_day(database_url, [], open_date=friday))
    sql(database_url, "UPDATE day_schedule SET calendar = 'TARGET' WHERE stream = 'payments'")
    close(database_url, friday, *STREAMS)
    assert sql(database_url, OPEN)[0][:] == (saturday, saturday, monday)
    with pytest.raises(ClearingError, match="2026-07-25 is no business date of payments: its "
                                            "calendar went on from 2026-07-24 over it"):
        close(database_url, saturday, "payments")


def test_the_banks_calendar_is_that_of_the_closing(database_url: str) -> None:
    christmas = date(2026, 12, 25)
    wait(make_day(database_url, [], open_date=DAY))
    close(database_url, DAY, "payments")
    sql(database_url, "UPDATE day_schedule SET bank_calendar = 'weekdays'")

    async def works(stream: Stream) -> bool:
        connection = await connect(database_url)
        try:
            return (await bank_calendar(connection, DAY, stream))(christmas)
        finally:
            await connection.close()
    assert wait(works("payments")) is False  # TARGET, as it was
    with pytest.raises(ClearingError, match="fuel of 2026-07-23 is not closed"):
        wait(works("fuel"))
    close(database_url, DAY, "fuel")
    assert wait(works("fuel")) is True


@pytest.mark.parametrize("column", ["calendar", "bank_calendar"])
def test_a_calendar_that_nobody_knows_closes_nothing(database_url: str, column: str) -> None:
    wait(make_day(database_url, []))
    sql(database_url, f"UPDATE day_schedule SET {column} = 'ZZ'")
    with pytest.raises(ClearingError, match="calendar 'ZZ'"):
        close(database_url, DAY, "fuel")
    assert sql(database_url, OPEN)[0][:] == (DAY, DAY, DAY)


def test_the_partition_of_the_day_after_is_there(database_url: str) -> None:
    last = DAY.replace(day=31)
    wait(make_day(database_url, [], open_date=last))
    close(database_url, last, *STREAMS)
    wait(make_rows(database_url, [fuel("august", 1, business_date=last + timedelta(days=1))]))


async def make_rows(database_url: str, rows: list[Row]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await insert(connection, rows)
    finally:
        await connection.close()
