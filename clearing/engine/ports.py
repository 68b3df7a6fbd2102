"""What an engine is: it has the tables of a stage, and answers an expression with record batches.

Knows the shape alone. The expressions are the same for every engine (placing.py, matching.py,
fees.py, totals.py); which engine runs them is the operator's choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol, Self

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql.compilers.base import SQLGlotCompiler

ROWS_AT_A_TIME: Final = 65_536
_TEXTS_KEPT: Final = 64


class EngineError(Exception):
    """An engine that cannot be opened, or that cannot do what it was asked; says which and why."""


class Engine(Protocol):
    """One engine with the tables it was given. Used from one thread, closed by whoever opened it.
    """

    @property
    def name(self) -> str:
        """`duckdb`, `spark` or `postgres`."""
        ...

    def table(self, name: str, path: Path) -> None:
        """Make a Parquet file known under a name; a second one of that name takes its place."""
        ...

    def read(self, expression: ir.Table) -> pa.RecordBatchReader:
        """The rows of an expression over the tables, in batches. The reader is to be read to its
        end before the next is asked for. EngineError with the engine's own words."""
        ...

    def close(self) -> None:
        """Give back what the engine holds."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


_texts: dict[tuple[type[SQLGlotCompiler], ops.Node], str] = {}


def text_of(compiler: SQLGlotCompiler, expression: ir.Table) -> str:
    """The expression in an engine's SQL; of one that was asked before, what it was then: the
    expressions are few, and none has a day in it."""
    known = type(compiler), expression.op()
    if known not in _texts:
        if len(_texts) >= _TEXTS_KEPT:
            _texts.clear()
        _texts[known] = compiler.to_sqlglot(expression).sql(dialect=compiler.dialect)
    return _texts[known]


def in_words(name: str, reader: pa.RecordBatchReader,
             errors: tuple[type[Exception], ...]) -> pa.RecordBatchReader:
    """The same batches; what an engine says half way is an EngineError, too."""
    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except (*errors, OSError, pa.ArrowException) as error:
            raise EngineError(f"{name}: {error}") from error
    return pa.RecordBatchReader.from_batches(reader.schema, batches())
