"""The nights in a host's deployment: a process beside it that is started again, stops with it, and
clears a day that has ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import asyncpg
import pytest

from authhost.clock import Clock
from authhost.embedded import runs
from authhost.nights_beside import NightsBeside, NightsWanted, nights_command
from authhost.streams import STREAMS
from clearing.days.cut_off import Schedule, ends_at, open_at
from demo.example import end_day_soon
from tests.e2e.clearing_day import DAY, full_day, make_day, sql, wait

LONGEST_S = 60
DONE = "SELECT count(*) FROM clearing_run WHERE status = 'done'"


async def until(found: Callable[[], object]) -> None:
    """Wait for it, as long as is reasonable."""
    async with asyncio.timeout(LONGEST_S):
        while not found():  # noqa: ASYNC110  # a process and a file tell nobody of themselves
            await asyncio.sleep(0.05)


async def all_done(database_url: str) -> None:
    """Wait for the night of every stream."""
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(LONGEST_S):
        while await connection.fetchval(DONE) < len(STREAMS):  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)
    await connection.close()


def late(day: date) -> str:
    """A clock that shows the small hours after a day."""
    now = datetime.combine(day + timedelta(days=1), time(1), UTC)
    return str(Clock(Clock.real_now_us(), int(now.timestamp() * 1_000_000)))


def test_a_day_that_has_ended_is_cleared_by_itself(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))

    async def run() -> int:
        nights = NightsBeside(nights_command(database_url, NightsWanted(tmp_path / "files"),
                                             late(DAY), "error"))
        nights.start()
        await all_done(database_url)
        pid = nights.pid
        await nights.stop()
        return pid

    assert not runs(wait(run()))
    assert {path.name for path in (tmp_path / "files" / str(DAY)).iterdir()} == set(STREAMS)
    assert {row["closed_by"] for row in sql(database_url, "SELECT closed_by FROM closed_day")} == {
        "schedule"}


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    async def run() -> list[int]:
        nights = NightsBeside([sys.executable, "-c", "input()"])
        nights.start()
        seen: list[int] = []
        for _ in range(2):
            await until(lambda: nights.pid not in {0, *seen})
            seen.append(nights.pid)
            os.kill(nights.pid, signal.SIGKILL)
        await until(lambda: nights.pid not in {0, *seen})
        seen.append(nights.pid)
        await nights.stop()
        await nights.stop()  # as often as you like
        return seen

    seen = wait(run())
    assert len(set(seen)) == 3
    assert not any(map(runs, seen))


def test_the_nights_end_with_whoever_has_started_them(database_url: str, tmp_path: Path) -> None:
    """Also where that one had no time to say so: kill -9 closes the pipe."""
    wait(make_day(database_url, []))
    process = subprocess.Popen(
        nights_command(database_url, NightsWanted(tmp_path), late(DAY), "error"),
        stdin=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    wait(all_done(database_url))
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(LONGEST_S) == 0


@pytest.mark.parametrize("hour", [0, 9, 11, 12, 23])
def test_the_day_that_is_open_is_the_one_that_ends_next(hour: int) -> None:
    schedule = Schedule("fuel", "Europe/Ljubljana", time(hour, 30))
    instant = datetime(2026, 7, 20, tzinfo=UTC)
    for _ in range(96):
        day = open_at(instant, schedule)
        assert ends_at(day - timedelta(days=1), schedule) <= instant < ends_at(day, schedule)
        instant += timedelta(minutes=30)


def test_the_first_day_of_an_example_ends_in_ten_minutes(database_url: str) -> None:
    now = datetime(2026, 7, 23, 9, 15, 20, tzinfo=UTC)
    day, told = wait(end_day_soon(database_url, now))
    # It began yesterday at this time, so it is yesterday's.
    assert (day, "ends at 2026-07-23 09:26 UTC" in told) == (date(2026, 7, 22), True)
    assert sql(database_url, "SELECT fuel_date FROM rules")[0][0] == day
    # The next start finds it as it is.
    again, _ = wait(end_day_soon(database_url, now + timedelta(minutes=8)))
    assert again == day
