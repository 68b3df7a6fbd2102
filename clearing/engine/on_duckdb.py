"""DuckDB, the default: in this process, over the staged Parquet files.

Knows DuckDB's dialect and bounds; must not know what an expression is about. What does not fit in
its memory spills to the folder that it is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from clearing.engine.ports import ROWS_AT_A_TIME, EngineError, in_words, text_of

MEMORY_MIB: Final = 768


class OnDuckDB:
    """One connection to a database of its own in memory."""

    name: Final = "duckdb"

    def __init__(self, spill: Path, memory_mib: int = MEMORY_MIB) -> None:
        self._connection = duckdb.connect(config={
            "memory_limit": f"{memory_mib}MiB", "temp_directory": str(spill),
            # An answer has no order but what its expression says: no row waits for another.
            "preserve_insertion_order": False, "autoinstall_known_extensions": False})
        self._connection.execute("SET enable_progress_bar = false")  # a terminal is not its own
        self._connection.execute("CREATE MACRO div(a, b) AS a // b")
        self._compiler = DuckDBCompiler()

    def table(self, name: str, path: Path) -> None:
        """A view on the file: nothing is read before it is asked for."""
        self._connection.read_parquet(str(path)).create_view(name, replace=True)

    def read(self, expression: ir.Table) -> pa.RecordBatchReader:
        """The rows of an expression, streamed."""
        text = text_of(self._compiler, expression)
        try:
            reader = self._connection.sql(text).to_arrow_reader(ROWS_AT_A_TIME)
        except duckdb.Error as error:
            raise EngineError(f"{self.name}: {error}") from error
        return in_words(self.name, reader, (duckdb.Error,))

    def close(self) -> None:
        """The connection, and what it has spilled."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
