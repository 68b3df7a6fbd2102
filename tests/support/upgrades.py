"""A database as an earlier authhost has left it."""

from __future__ import annotations

import pytest

from authhost.journal import migrate as journal_migrate


async def migrated_until(url: str, before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the migrations before this one alone, by the number that its name begins with."""
    scripts = [entry for entry in journal_migrate._scripts() if entry.name < before]
    with monkeypatch.context() as earlier:
        earlier.setattr(journal_migrate, "_scripts", lambda: scripts)
        await journal_migrate.migrate(url)
