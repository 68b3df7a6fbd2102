"""The placing of a run: staged beside its transaction, placed by an engine, copied into it.

Knows the order of these steps and the table of placements; the rules are placing.py's and
matching.py's. The journal of a closed day does not change, so that it can be read by a connection
of its own; what is written is the run's own transaction, all of it or nothing.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import ibis.expr.types as ir
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from clearing.engine.opening import open_engine
from clearing.engine.placements import COLUMNS, COVERED_BY, place_day
from clearing.engine.placing import SUSPENDED, doubled
from clearing.engine.ports import Engine, EngineError
from clearing.engine.stage import Stage, read_stage
from clearing.engine.tolerance import UNMATCHED, Matching
from clearing.errors import ClearingError
from clearing.queries import Connection
from clearing.run_id import RunId

_CSV: Final = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
_END: Final = object()


class Placer(msgspec.Struct, frozen=True):
    """Where the journal is, and which engine places it (None: DuckDB, in this process). snapshot:
    of a trial, whose day may be open still."""

    database_url: str
    engine_url: str | None = None
    snapshot: str = ""

    async def place(self, connection: Connection, run_id: RunId, matching: Matching) -> None:
        """Place and book every captured row of the run's day, and list the holds that stay open.

        ClearingError in the engine's words: nothing is posted, and the night can be repeated.
        """
        async with self.staging(run_id) as folder:
            stage = await asyncio.to_thread(read_stage, self.database_url, run_id.business_date,
                                            run_id.stream, folder, snapshot=self.snapshot)
            async with self.opened(stage) as engine:
                await store_places(connection, run_id, engine, matching)

    @asynccontextmanager
    async def staging(self, run_id: RunId) -> AsyncIterator[Path]:
        """A folder for a stage, gone at the end. An EngineError within is a ClearingError."""
        with tempfile.TemporaryDirectory(prefix="clearing-stage-") as folder:
            # A worker of a cluster is somebody else, and must look in.
            os.chmod(folder, 0o755)
            try:
                yield Path(folder)
            except EngineError as error:
                raise ClearingError(f"{run_id}: {error}") from error

    @asynccontextmanager
    async def opened(self, stage: Stage) -> AsyncIterator[Engine]:
        """The engine, with the tables of a stage."""
        engine = await asyncio.to_thread(open_engine, self.engine_url, stage)
        try:
            yield engine
        finally:
            await asyncio.to_thread(engine.close)


async def store_places(connection: Connection, run_id: RunId, engine: Engine,
                       matching: Matching) -> None:
    """What an engine has placed, into the run: of the day as placements, of before as waiting."""
    for row in (await asyncio.to_thread(_all, engine, doubled())).to_pylist():
        raise ClearingError(f"{run_id}: {row['key']} would be booked twice")
    run_no = await connection.fetchval(_statement("run_no"), str(run_id))
    day = pa.scalar(run_id.business_date, pa.date32())
    reader = await asyncio.to_thread(place_day, engine, matching)
    waiting: list[tuple[object, ...]] = []
    unmatched: list[tuple[int, str, bool]] = []
    covered: list[tuple[object, ...]] = []

    async def texts() -> AsyncIterator[bytes]:
        while (batch := await asyncio.to_thread(next, reader, _END)) is not _END:
            assert isinstance(batch, pa.RecordBatch)
            of_day = pc.equal(batch["journal_date"], day)
            waiting.extend(_rows(batch, pc.invert(of_day), "journal_date", "journal_id"))
            unmatched.extend(_unmatched(batch))
            # What an authorization covers that it does not name.
            covered.extend(_rows(batch, pc.is_valid(batch[COVERED_BY]),
                                 "journal_date", "journal_id", COVERED_BY))
            yield _csv(batch.select(COLUMNS).filter(of_day), run_id.stream, run_no)

    await connection.copy_to_table("placement", source=texts(), format="csv",
                                   columns=("stream", "run_no", *COLUMNS))
    await connection.copy_records_to_table(
        "placement_waiting", columns=("run_no", "journal_date", "journal_id"),
        records=[(run_no, *one) for one in waiting])
    await connection.copy_records_to_table(
        "capture_match", columns=("run_no", "journal_date", "journal_id", "authorization_key"),
        records=[(run_no, *one) for one in covered])
    if unmatched:
        columns = [list(column) for column in zip(*sorted(unmatched), strict=True)]
        await connection.execute(_statement("unmatched"), str(run_id), run_id.business_date,
                                 run_id.stream, *columns)


def _unmatched(batch: pa.RecordBatch) -> Iterator[tuple[int, str, bool]]:
    """What waits for a person: the row, its match, and whether it is in suspense. What was given
    back on its own day waits for nobody."""
    suspended = pc.equal(batch["family"], SUSPENDED)
    sold = pc.and_(pc.is_null(batch["original_id"]), pc.greater(batch["amount_minor"], 0))
    waits = pc.and_(pc.equal(batch["place"], "cleared"),
                    pc.or_(pc.is_in(batch["match"], pa.array(UNMATCHED)),
                           pc.and_(suspended, sold)))
    return _rows(batch.append_column("suspended", suspended), waits,
                 "journal_id", "match", "suspended")


def _rows(batch: pa.RecordBatch, where: pa.BooleanArray, *names: str) -> Iterator[Any]:
    """A tuple of these columns for each row that is wanted."""
    wanted = batch.select(names).filter(where)
    return zip(*(column.to_pylist() for column in wanted.columns), strict=True)


def _all(engine: Engine, expression: ir.Table) -> pa.Table:
    return engine.read(expression).read_all()


def _csv(batch: pa.RecordBatch, stream: str, run_no: int) -> bytes:
    made = pa.RecordBatch.from_arrays(
        [pa.repeat(stream, batch.num_rows), pa.repeat(run_no, batch.num_rows), *batch.columns],
        names=["stream", "run_no", *batch.schema.names])
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(made, sink, _CSV)
    text: bytes = sink.getvalue().to_pybytes()
    return text


@cache
def _statement(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
