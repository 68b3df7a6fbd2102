"""Any two days: an engine places and books every row of the second as sql/place.sql does.

The statement is one way to the answer, the expression another; they share no line.
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from authhost.embedded import Servers
from authhost.streams import STREAMS
from clearing.engine.matching import matches
from clearing.engine.opening import open_engine
from clearing.engine.placements import COLUMNS, place_day
from clearing.engine.posting import Placer
from clearing.engine.stage import LOOK_BACK_DAYS, Stage, read_stage
from clearing.engine.tolerance import UNMATCHED, Matching
from clearing.queries import query
from clearing.run_id import RunId
from tests.e2e.clearing_day import DAY, Row, insert, set_up, shuffled, sql
from tests.support.chance_days import BEFORE, Chance
from tests.support.databases import fresh

Placed = list[tuple[Any, ...]]
_STATEMENT = (Path(__file__).parent / "sql" / "place.sql").read_text(encoding="utf-8")
_SAID = COLUMNS[:-1]  # all but the match, which the statement does not know
pytestmark = pytest.mark.invariant(11)

# A database an example: a smaller counterexample would cost minutes, and days are read well enough.
_PLAIN = settings(deadline=None, phases=(Phase.explicit, Phase.generate),
                  suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(_PLAIN, max_examples=6)
@given(random=st.randoms(use_true_random=False), size=st.integers(1, 60))
def test_an_engine_places_as_the_statement_does(servers: Servers, tmp_path: Path, random: Random,
                                                size: int) -> None:
    before, today = Chance(random).days(size)
    with fresh(servers, "placing") as url:
        expected = asyncio.run(_by_statement(url, before, today))
        for stream in STREAMS:
            stage = read_stage(url, DAY, stream, tmp_path / stream)
            assert _placed(None, stage) == expected[stream], stream
            assert _placed(url, stage) == expected[stream], stream


@settings(_PLAIN, max_examples=3)
@given(random=st.randoms(use_true_random=False), seed=st.integers())
def test_order_of_arrival_changes_nothing(servers: Servers, tmp_path: Path, random: Random,
                                          seed: int) -> None:
    before, today = Chance(random).days(30)
    found = []
    for at, rows in enumerate((today, shuffled(today, seed))):
        with fresh(servers, "order") as url:
            asyncio.run(_written(url, [*before, *rows]))
            keys = {one["id"]: (one["key"], one["leg"]) for one in (*before, *rows)}
            found.append(sorted(
                (keys[row["journal_id"]], row["place"], row["family"], row["match"],
                 keys.get(row["original_id"] or 0))
                for stream in STREAMS for row in _rows(None, read_stage(
                    url, DAY, stream, tmp_path / f"{at}-{stream}"), Matching())))
    assert found[0] == found[1]


def test_places_are_stored_whole(servers: Servers, database_url: str) -> None:
    """The run's placements and the holds that wait are what the statement would have written."""
    before, today = Chance(Random(7)).days(60)
    with fresh(servers, "placing") as url:
        expected = asyncio.run(_by_statement(url, before, today))

    async def stored(stream: str) -> Placed:
        connection = await asyncpg.connect(database_url)
        try:
            for day in (BEFORE, DAY):
                run_id = RunId(day, stream)
                await connection.execute(query("insert_run"), str(run_id), day, stream, 1, "", 0,
                                         "{}")
                async with connection.transaction():
                    await Placer(database_url).place(connection, run_id, Matching())
            return await _stored(connection, str(run_id))
        finally:
            await connection.close()

    asyncio.run(_written(database_url, [*before, *today]))
    for stream in STREAMS:
        assert asyncio.run(stored(stream)) == expected[stream], stream
    told = sql(database_url, "SELECT reason, count(*) FROM clearing_exception GROUP BY 1")
    placed = sql(database_url, "SELECT CASE family WHEN 'fuel_unidentified' THEN 'not_a_fleet' "
                 "ELSE match END, count(*) FROM placement WHERE place = 'cleared' AND "
                 "(match = ANY ($1) OR (family = 'fuel_unidentified' AND amount_minor > 0 "
                 "AND original_id IS NULL)) GROUP BY 1", list(UNMATCHED))
    assert dict(map(tuple, told)) == dict(map(tuple, placed))
    assert told


def _placed(engine: str | None, stage: Stage) -> Placed:
    return sorted((tuple(row[name] for name in _SAID)
                   for row in _rows(engine, stage, Matching())), key=repr)


def _rows(url: str | None, stage: Stage, matching: Matching) -> list[Row]:
    with open_engine(url, stage) as engine:
        rows: list[Row] = place_day(engine, matching).read_all().to_pylist()
        return rows


async def _written(url: str, rows: list[Row]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await set_up(connection, BEFORE)
        for number, one in enumerate(rows, 1):
            one["id"] = number * 16 + one["leg"]
        await insert(connection, rows)
    finally:
        await connection.close()


async def _by_statement(url: str, before: list[Row], today: list[Row]) -> dict[str, Placed]:
    await _written(url, [*before, *today])
    connection = await asyncpg.connect(url)
    try:
        return {stream: [await _place(connection, day, stream, _covering(url, day, stream))
                         for day in (BEFORE, DAY)][-1] for stream in STREAMS}
    finally:
        await connection.close()


def _covering(url: str, day: date, stream: str) -> list[int]:
    with tempfile.TemporaryDirectory() as folder, \
            open_engine(None, read_stage(url, day, stream, Path(folder))) as engine:
        found = engine.read(matches(Matching())).read_all().to_pylist()
        return [row["authorization_id"] for row in found if row["covered"]]


async def _place(connection: asyncpg.Connection, day: date, stream: str,
                 covering_ids: list[int]) -> Placed:
    run = f"{day.isoformat()}/{stream}/1"
    await connection.execute(query("insert_run"), run, day, stream, 1, "", 0, "{}")
    await connection.execute(_STATEMENT, run, day, LOOK_BACK_DAYS, stream, covering_ids)
    return await _stored(connection, run)


async def _stored(connection: asyncpg.Connection, run: str) -> Placed:
    rows = await connection.fetch(
        f"SELECT {', '.join(_SAID)} FROM placement JOIN clearing_run USING (run_no) "
        "WHERE run_id = $1", run)
    waiting = await connection.fetch(
        "SELECT w.journal_date, w.journal_id, j.currency FROM placement_waiting w "
        "JOIN clearing_run USING (run_no) JOIN journal j ON j.business_date = w.journal_date "
        "AND j.id = w.journal_id WHERE run_id = $1", run)
    open_ = [(row["journal_date"], row["journal_id"], "open", "", None, None, None, None, 0,
              row["currency"]) for row in waiting]
    return sorted([*(tuple(row) for row in rows), *open_], key=repr)
