"""Statements of a room: each a file in its folder sql/, read once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files


def reader(package: str) -> Callable[[str], str]:
    """What gives the text of sql/<name>.sql of a package."""
    @cache
    def statement(name: str) -> str:
        return files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")

    return statement
