"""The statements of invoices, each a file in sql/, read once."""

from __future__ import annotations

from authhost.statement_files import reader

statement = reader(__package__)
