"""The statements of this room, each a file in sql/, read once."""

from __future__ import annotations

from authhost.statement_files import reader

query = reader(__package__)
