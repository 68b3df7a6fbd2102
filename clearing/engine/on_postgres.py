"""PostgreSQL: the staged files as temporary tables of one session, which ends with the engine.

Knows PostgreSQL's dialect and its Arrow driver; must not know what an expression is about.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_manager import dbapi
from adbc_driver_postgresql.dbapi import connect
from ibis.backends.sql.compilers.postgres import PostgresCompiler

from clearing.engine.ports import EngineError, in_words, text_of


class OnPostgres:
    """One session of a server, which need not be the journal's."""

    name: Final = "postgres"

    def __init__(self, url: str) -> None:
        try:
            self._connection = connect(url, autocommit=True)
        except dbapi.Error as error:
            raise EngineError(f"{self.name}: {error}") from error
        self._compiler = PostgresCompiler()
        self._cursor = self._connection.cursor()

    def table(self, name: str, path: Path) -> None:
        """A temporary table with the file's rows."""
        file = pq.ParquetFile(path)
        reader = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches())
        self._run(f'DROP TABLE IF EXISTS pg_temp."{name}"')
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(name, reader, mode="create", temporary=True)
        texts = [f'ALTER COLUMN "{field.name}" TYPE text COLLATE "C"'
                 for field in file.schema_arrow if pa.types.is_string(field.type)]
        if texts:  # they are ordered by their bytes, as other engines do
            self._run(f'ALTER TABLE pg_temp."{name}" {", ".join(texts)}')
        self._run(f'ANALYZE pg_temp."{name}"')

    def read(self, expression: ir.Table) -> pa.RecordBatchReader:
        """The rows of an expression, copied out in the binary form."""
        text = text_of(self._compiler, expression)
        self._cursor.close()
        self._cursor = self._connection.cursor()  # its reader ends with it
        try:
            self._cursor.execute(text)
            reader = self._cursor.fetch_record_batch()
        except dbapi.Error as error:
            raise EngineError(f"{self.name}: {error}") from error
        return in_words(self.name, reader, (dbapi.Error,))

    def close(self) -> None:
        """The session, and its tables."""
        self._cursor.close()
        self._connection.close()

    def _run(self, text: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
