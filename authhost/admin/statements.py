"""The statements of master data, each a file beside this one, read once."""

from __future__ import annotations

from functools import cache

from authhost.statement_files import reader

_text = reader(__package__)


@cache
def statement(name: str, **names: str) -> str:
    """The text of sql/<name>.sql; names: identifiers of our own tables, never what came in."""
    return _text(name).format(**names) if names else _text(name)
