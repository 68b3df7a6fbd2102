"""The statements of the parties' own books, each a file beside this one, read once."""

from __future__ import annotations

from authhost.statement_files import reader

statement = reader(__package__)
