"""The SQL of a terminal's store, each statement a file, read once; and the steps of its schema.

Knows where a room keeps them: sql/ and schema/ beside its modules. Knows no statement.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(room: str, name: str) -> str:
    """The text of sql/<name>.sql of a room, `terminals.edge` or another."""
    return files(room).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@cache
def schema(room: str) -> tuple[str, ...]:
    """The schema's steps, in order: step n brings a store from version n - 1 to n."""
    return tuple(step.read_text(encoding="utf-8")
                 for step in sorted(files(room).joinpath("schema").iterdir(),
                                    key=lambda step: step.name)
                 if step.name.endswith(".sql"))
