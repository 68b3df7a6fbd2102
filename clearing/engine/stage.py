"""A stream's day, read from the journal once and laid down as Parquet files for an engine.

Knows the statements of sql/ and the Arrow driver of PostgreSQL (a binary COPY); must not know what
is made of the rows. Memory holds a batch at a time, however many rows a day has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from adbc_driver_manager import dbapi
from adbc_driver_postgresql.dbapi import Connection, connect

from authhost.streams import STREAMS, Stream
from clearing.engine.ports import EngineError
from clearing.engine.tables import SCHEMAS
from clearing.queries import SESSION

# How far back an original is looked for that no claim places; by a claim it is found however old.
LOOK_BACK_DAYS: Final = 92
PLACED: Final = ("day", "capture", "named", "hold", "ending")
# What some streams alone have: a payment holds nothing, and a deposit captures nothing.
_STREAMS: Final[dict[str, tuple[Stream, ...]]] = {
    "capture": ("fuel",), "hold": ("fuel", "cash"), "ending": ("fuel", "cash")}
_BATCH_BYTES: Final = "adbc.postgresql.batch_size_hint_bytes"
_BYTES_AT_A_TIME: Final = 8 << 20

Shape = Callable[[pa.RecordBatch], pa.RecordBatch]


class Stage(msgspec.Struct, frozen=True):
    """The files of one stream's day, in a folder of their own."""

    folder: Path
    business_date: date
    stream: str

    def path(self, name: str) -> Path:
        """Where a table's file is, or will be."""
        return self.folder / f"{name}.parquet"

    def tables(self) -> dict[str, Path]:
        """The files that are there."""
        return {name: path for name in SCHEMAS if (path := self.path(name)).exists()}


def read_stage(database_url: str, business_date: date, stream: str, folder: Path,
               look_back_days: int = LOOK_BACK_DAYS, snapshot: str = "") -> Stage:
    """What placing and matching need of a day that is closed; of one that is tried out while it is
    open, as a snapshot has it. EngineError in the driver's words."""
    stage = Stage(folder, business_date, stream)
    with reading(database_url, snapshot) as connection:
        for name in PLACED:
            if stream in _STREAMS.get(name, STREAMS):
                write(connection, stage, name, statement(
                    f"stage_{name}", day=business_date, stream=stream,
                    look_back_days=look_back_days))
            else:
                lay(stage, name, [])
    return stage


def reading(database_url: str, snapshot: str = "") -> Connection:
    """A connection that reads by binary COPY: what is committed, or what another transaction sees
    (its pg_export_snapshot)."""
    try:
        connection = connect(database_url, autocommit=not snapshot)
        with connection.cursor() as cursor:
            if snapshot:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            for name, value in SESSION.items():
                cursor.execute(f"SET {name} = '{value}'")
        return connection
    except dbapi.Error as error:
        raise EngineError(f"the journal cannot be read: {error}") from error


def lay(stage: Stage, name: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Lay rows that the night has itself down as a table of the stage."""
    stage.folder.mkdir(parents=True, exist_ok=True)
    schema = SCHEMAS[name].to_pyarrow()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), stage.path(name))


def write(connection: Connection, stage: Stage, name: str, text: str,
          shape: Shape | None = None) -> int:
    """Lay the rows of a statement down as a table of the stage; how many there are."""
    stage.folder.mkdir(parents=True, exist_ok=True)
    schema = SCHEMAS[name].to_pyarrow()
    count = 0
    with pq.ParquetWriter(stage.path(name), schema, compression="lz4") as sink:
        for batch in _batches(connection, text):
            made = _fit(batch if shape is None else shape(batch), schema)
            sink.write_batch(made)
            count += made.num_rows
    return count


def _batches(connection: Connection, text: str) -> Iterator[pa.RecordBatch]:
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{_BATCH_BYTES: str(_BYTES_AT_A_TIME)})
        try:
            cursor.execute(text)
            yield from cursor.fetch_record_batch()
        except dbapi.Error as error:
            raise EngineError(f"the journal cannot be read: {error}") from error


def _fit(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The columns of a schema, in its order and types. An instant becomes its microseconds."""
    columns = []
    for field in schema:
        column = batch.column(field.name)
        if pa.types.is_timestamp(column.type):
            column = pc.cast(column, pa.timestamp("us", column.type.tz))
        columns.append(column.cast(field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def statement(name: str, *, day: date, stream: str = "",
              look_back_days: int = LOOK_BACK_DAYS) -> str:
    """sql/<name>.sql with its values written in: a COPY takes no parameters."""
    assert stream.isalpha() or not stream, stream
    return _text(name).format(day=f"DATE '{day.isoformat()}'", stream=f"'{stream}'",
                              look_back_days=look_back_days)


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
