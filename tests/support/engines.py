"""Engines with a few rows each, for tests of expressions: DuckDB, and the session's PostgreSQL.

A test that takes `engines` runs its expression on each and gets one answer, or fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from clearing.engine.ports import Engine
from clearing.engine.tables import SCHEMAS

Row = dict[str, Any]
Ask = Callable[[ir.Table, Mapping[str, Sequence[Row]]], list[Row]]


def lay(folder: Path, name: str, rows: Sequence[Row]) -> Path:
    """Rows as a file of the stage."""
    path = folder / f"{name}.parquet"
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMAS[name].to_pyarrow()), path)
    return path


def asking(opened: Sequence[Engine], folder: Path) -> Ask:
    """What all engines answer about the same rows, in one order."""
    def ask(expression: ir.Table, tables: Mapping[str, Sequence[Row]]) -> list[Row]:
        answers = []
        for engine in opened:
            for name in SCHEMAS:
                engine.table(name, lay(folder, name, tables.get(name, [])))
            answers.append(sorted(engine.read(expression).read_all().to_pylist(), key=repr))
        for engine, answer in zip(opened, answers, strict=True):
            assert answer == answers[0], (opened[0].name, engine.name)
        return answers[0]
    return ask
