"""The nights without anybody: a clock in the hand, a real database, a program that is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time as real_time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

from authhost.streams import STREAMS, Stream
from clearing.days.scheduler import FIRST_PAUSE, LONGEST_PAUSE, Nights
from clearing.errors import ClearingError
from clearing.queries import connect, query
from clearing.release.deliver import deliver_due
from clearing.run import clear
from tests.e2e.clearing_day import CLIENT, DAY, NEXT, full_day, make_day, sql, tree, wait
from tests.support.release_scene import add_route

pytestmark = pytest.mark.invariant(11)

STOPPED = "SELECT state FROM clearing_exception WHERE reason = 'night_stopped'"
OPEN = "SELECT fuel_date, cash_date, payments_date FROM rules"
MIDNIGHT = datetime(2026, 7, 24, tzinfo=UTC)


class Town:
    """A clock that is set by hand, and nights that say what they were asked for."""

    def __init__(self, database_url: str, out: Path) -> None:
        self.at = MIDNIGHT - timedelta(hours=1)
        self.done: list[tuple[str, Stream]] = []
        self.fails: dict[tuple[str, Stream], Exception] = {}
        self._url, self._out = database_url, out
        self.nights = self.another()

    def another(self) -> Nights:
        """Another program, which knows nothing of the first."""
        return Nights(self._url, self._clear, lambda: self.at)

    def look(self, at: datetime | None = None) -> list[tuple[str, Stream]]:
        """What one look has cleared."""
        self.at = at or self.at
        self.done.clear()
        wait(self.nights.look())
        return list(self.done)

    async def _clear(self, business_date: date, stream: Stream) -> None:
        asked = (str(business_date), stream)
        if asked in self.fails:
            raise self.fails[asked]
        await clear(self._url, business_date, self._out, streams=(stream,), who="schedule")
        self.done.append(asked)


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Town:
    wait(make_day(database_url, full_day()))
    return Town(database_url, tmp_path)


def test_each_stream_at_its_own_hour(town: Town, database_url: str) -> None:
    sql(database_url, "UPDATE day_schedule SET cut_off = '18:00', time_zone = 'Europe/Ljubljana' "
                      "WHERE stream = 'cash'")
    assert town.look(datetime(2026, 7, 23, 15, 59, 59, tzinfo=UTC)) == []
    assert sql(database_url, OPEN)[0][:] == (DAY, DAY, DAY)
    assert town.look(datetime(2026, 7, 23, 16, 0, tzinfo=UTC)) == [(str(DAY), "cash")]
    assert sql(database_url, OPEN)[0][:] == (DAY, NEXT, DAY)
    assert town.look(MIDNIGHT - timedelta(seconds=1)) == []
    assert town.look(MIDNIGHT) == [(str(DAY), "fuel"), (str(DAY), "payments")]
    assert town.look(MIDNIGHT + timedelta(hours=15)) == []
    assert {row[0] for row in sql(database_url, "SELECT closed_by FROM closed_day")} == {"schedule"}
    assert sql(database_url, "SELECT count(*) FROM clearing_run WHERE status = 'done'")[0][0] == 3


def test_days_that_were_missed_are_made_up_for_in_order(town: Town, database_url: str) -> None:
    later = MIDNIGHT + timedelta(days=3, hours=5)
    days = [str(DAY + timedelta(days=n)) for n in range(4)]
    assert town.look(later) == [(day, stream) for stream in STREAMS for day in days]
    assert town.look(later) == []
    assert set(sql(database_url, OPEN)[0]) == {DAY + timedelta(days=4)}


def test_a_day_ends_though_the_night_before_it_has_stopped(town: Town, database_url: str) -> None:
    town.fails[str(DAY), "fuel"] = ClearingError("a price list has a hole")
    assert town.look(MIDNIGHT) == [(str(DAY), "cash"), (str(DAY), "payments")]
    assert town.look(MIDNIGHT + timedelta(days=1)) == [(str(NEXT), "cash"), (str(NEXT), "payments")]
    assert sql(database_url, OPEN)[0]["fuel_date"] == NEXT + timedelta(days=1)
    del town.fails[str(DAY), "fuel"]
    assert town.look(MIDNIGHT + timedelta(days=1, hours=2)) == [(str(DAY), "fuel"),
                                                                (str(NEXT), "fuel")]


def test_what_stops_is_tried_again_later_and_later(town: Town, database_url: str) -> None:
    town.fails[str(DAY), "cash"] = ClearingError("the disk is full")
    tries = []
    at = MIDNIGHT
    while at < MIDNIGHT + timedelta(hours=5):
        before = len(town_failures(town))
        town.look(at)
        if len(town_failures(town)) > before:
            tries.append(at)
        at += timedelta(minutes=1)
    pauses = [later - sooner for sooner, later in pairwise(tries)]
    assert pauses[0] == FIRST_PAUSE
    assert pauses[:6] == [FIRST_PAUSE * 2 ** n for n in range(6)]
    assert set(pauses[6:]) == {LONGEST_PAUSE}
    [queued] = sql(database_url, "SELECT stream, subject, content::text AS content, state "
                                 "FROM clearing_exception WHERE reason = 'night_stopped'")
    assert (queued["stream"], queued["subject"]) == ("cash", "2026-07-23/cash/1")
    assert json.loads(queued["content"])["said"] == "the disk is full"
    del town.fails[str(DAY), "cash"]
    assert town.look(at + LONGEST_PAUSE) == [(str(DAY), "cash")]
    assert sql(database_url, STOPPED)[0][0] == "closed"


def town_failures(town: Town) -> list[int]:
    """How often the nights have failed in a row."""
    return [1] * sum(town.nights._failures.values())


@pytest.mark.parametrize("error", [
    asyncpg.ConnectionDoesNotExistError("gone"), OSError(28, "No space left on device")])
def test_other_things_that_stop_a_night(town: Town, error: Exception) -> None:
    town.fails[str(DAY), "fuel"] = error
    assert town.look(MIDNIGHT) == [(str(DAY), "cash"), (str(DAY), "payments")]


def test_a_calendar_that_nobody_knows_stops_its_stream_alone(town: Town, database_url: str) -> None:
    sql(database_url, "UPDATE day_schedule SET calendar = 'ZZ' WHERE stream = 'fuel'")
    assert town.look(MIDNIGHT) == [(str(DAY), "cash"), (str(DAY), "payments")]
    sql(database_url, "UPDATE day_schedule SET calendar = 'SI' WHERE stream = 'fuel'")
    assert town.look(MIDNIGHT + timedelta(seconds=30)) == []
    assert town.look(MIDNIGHT + FIRST_PAUSE) == [(str(DAY), "fuel")]
    assert [row[0] for row in sql(database_url, STOPPED)] == ["closed"]


def test_of_several_programs_one_does_it(town: Town, database_url: str) -> None:
    others = [town.another() for _ in range(5)]
    town.at = MIDNIGHT

    async def all_at_once() -> None:
        await asyncio.gather(town.nights.look(), *(other.look() for other in others))
    wait(all_at_once())
    assert sorted(town.done) == sorted((str(DAY), stream) for stream in STREAMS)
    assert sql(database_url, STOPPED) == []


def test_a_stream_that_another_looks_after_is_left_alone(town: Town, database_url: str) -> None:
    async def held() -> list[tuple[str, Stream]]:
        other = await connect(database_url)
        await other.execute(query("lock_nights"), "cash")
        town.at = MIDNIGHT
        await town.nights.look()
        seen = list(town.done)
        await other.close()  # it has died: the lock is free
        await town.nights.look()
        return seen
    assert wait(held()) == [(str(DAY), "fuel"), (str(DAY), "payments")]
    assert town.done[-1] == (str(DAY), "cash")


def test_the_looking_goes_on_when_the_database_is_away(town: Town) -> None:
    """An outage is one more look that came to nothing."""
    slept: list[float] = []
    also: list[datetime] = []

    class Enough(Exception):
        """The test has seen what it came for."""

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        town.at = MIDNIGHT
        town.nights._url = url if len(slept) > 1 else "postgresql://127.0.0.1:1/nobody"
        if len(slept) == 3:
            raise Enough

    async def besides(now: datetime) -> None:
        also.append(now)

    url = town.nights._url
    with pytest.raises(Enough):
        wait(town.nights.run(besides, sleep))
    assert len(town.done) == 3
    assert also == [MIDNIGHT - timedelta(hours=1), MIDNIGHT]


def test_each_customer_has_its_files_at_its_own_hour(town: Town, database_url: str,
                                                     tmp_path: Path) -> None:
    """What the night made of a client is handed over at half past six on his clock, on the day
    on which his period ended; and the banks' at once."""
    for name, recipient, not_before in (("client", f"account/{CLIENT}", time(6, 30)),
                                        ("banks", "*", None)):
        (tmp_path / name).mkdir()
        wait(add_route(database_url, {"type": "folder", "folder": str(tmp_path / name)}, name=name,
                       recipient=recipient, not_before=not_before, time_zone="Europe/Ljubljana",
                       kinds=["booking_xml" if name == "client" else "deposit_credit_xml"]))
    sql(database_url, "UPDATE account SET billing = 'daily' WHERE account_id = $1", CLIENT)
    arrived: list[tuple[datetime, set[str]]] = []

    async def deliver(now: datetime) -> None:
        await deliver_due(database_url, tmp_path, now)
        arrived.append((now, {name for name in ("client", "banks")
                              if any((tmp_path / name).rglob("*.xml"))}))

    steps = iter([MIDNIGHT, MIDNIGHT + timedelta(hours=4, minutes=29),
                  MIDNIGHT + timedelta(hours=4, minutes=31)])

    class Enough(Exception):
        """The morning is over."""

    async def sleep(_: float) -> None:
        try:
            town.at = next(steps)
        except StopIteration:
            raise Enough from None

    with pytest.raises(Enough):
        wait(town.nights.run(deliver, sleep))
    assert [names for _, names in arrived] == [set(), {"banks"}, {"banks"}, {"banks", "client"}]


@contextmanager
def program(database_url: str, out: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`authhost nights` from midnight on."""
    clock = f"{real_time.time_ns() // 1000}:{int(MIDNIGHT.timestamp() * 1e6)}:1"
    with log.open("wb") as sink:
        running = subprocess.Popen(
            [sys.executable, "-m", "authhost", "nights", "--database-url", database_url,
             "--out", str(out), "--clock", clock], stderr=sink)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def until(database_url: str, statement: str, most_s: float = 60) -> None:
    """Wait until a statement says true."""
    ends = real_time.monotonic() + most_s
    while not sql(database_url, statement)[0][0]:
        assert real_time.monotonic() < ends, statement
        real_time.sleep(0.02)


@pytest.mark.parametrize(("by", "killed_when"), [
    (signal.SIGKILL, "SELECT EXISTS (SELECT FROM closed_day)"),
    (signal.SIGKILL, "SELECT EXISTS (SELECT FROM clearing_run WHERE status = 'posted')"),
    (signal.SIGTERM, "SELECT EXISTS (SELECT FROM clearing_run WHERE stream = 'cash')")])
def test_killed_in_the_middle_the_next_one_goes_on(database_url: str, tmp_path: Path, by: int,
                                                   killed_when: str) -> None:
    wait(make_day(database_url, full_day()))
    with program(database_url, tmp_path / "out", tmp_path / "log") as first:
        until(database_url, killed_when)
        first.send_signal(by)
        assert first.wait(30) == (-by if by == signal.SIGKILL else 0)
    with program(database_url, tmp_path / "out", tmp_path / "log") as second:
        until(database_url, "SELECT count(*) = 3 FROM clearing_run WHERE status = 'done'")
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
    assert sql(database_url, "SELECT count(*) FROM clearing_run")[0][0] == 3
    assert sql(database_url, "SELECT count(*) FROM closed_day")[0][0] == 3
    # What the two have made together is what one makes in one go.
    released = tree(tmp_path / "out")
    wait(clear(database_url, DAY, tmp_path / "again"))
    assert tree(tmp_path / "again") == released


def test_what_it_does_is_in_the_log(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, []))
    with program(database_url, tmp_path / "out", tmp_path / "log") as running:
        until(database_url, "SELECT count(*) = 3 FROM clearing_run WHERE status = 'done'")
        real_time.sleep(0.5)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    told = [(line["event"], line.get("run_id", line.get("stream"))) for line in
            map(json.loads, (tmp_path / "log").read_text().splitlines())]
    assert told == [one for stream in STREAMS for one in (
        ("day_closed", stream), ("night_begins", f"2026-07-23/{stream}/1"),
        ("night_done", f"2026-07-23/{stream}/1"))]
