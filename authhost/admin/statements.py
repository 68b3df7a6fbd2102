"""The statements of master data, each a file beside this one, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str, **names: str) -> str:
    """The text of sql/<name>.sql; names: identifiers of our own tables, never what came in."""
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**names) if names else text
