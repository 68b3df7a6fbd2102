"""The edge's SQL, each statement a file, read once; and the numbered steps of its schema."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@cache
def schema() -> tuple[str, ...]:
    """The schema's steps, in order: step n brings a store from version n - 1 to n."""
    folder = files(__package__).joinpath("schema")
    return tuple(step.read_text(encoding="utf-8")
                 for step in sorted(folder.iterdir(), key=lambda step: step.name)
                 if step.name.endswith(".sql"))
