"""Applies the numbered migrations, each once, each in a transaction of its own.

Knows the order of files; knows nothing of what is in them.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg

_LOCK = 0x61757468  # any number that two migrating processes share


class MigrationError(Exception):
    """The database is not as this authhost needs it: older, newer, changed, or without a day."""


async def migrate(database_url: str) -> list[str]:
    """Bring the schema up to date; the names of the migrations applied now."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, digest text NOT NULL)"
        )
        done = {row["name"]: row["digest"] for row in
                await connection.fetch("SELECT name, digest FROM migration")}
        return await _apply(connection, done)
    finally:
        await connection.close()


async def check(database_url: str) -> None:
    """MigrationError, in words, where a host cannot run on this database yet."""
    connection = await asyncpg.connect(database_url)
    try:
        if await connection.fetchval("SELECT to_regclass('migration')") is None:
            raise MigrationError("the database is empty: run `authhost migrate` first")
        done = {row["name"] for row in await connection.fetch("SELECT name FROM migration")}
        missing = {entry.name for entry in _scripts()} - done
        if missing:
            raise MigrationError(f"run `authhost migrate`: {sorted(missing)} are not applied")
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM rules)"):
            raise MigrationError("no business day is open: `authhost migrate --first-day`")
    finally:
        await connection.close()


def _scripts() -> list[Traversable]:
    return sorted((entry for entry in files(__package__).joinpath("migrations").iterdir()
                   if entry.name.endswith(".sql")), key=lambda entry: entry.name)


async def _apply(connection: asyncpg.Connection, done: dict[str, str]) -> list[str]:
    scripts = _scripts()
    unknown = done.keys() - {entry.name for entry in scripts}
    if unknown:
        raise MigrationError(f"the database knows migrations that we do not: {sorted(unknown)}")
    applied = []
    for entry in scripts:
        text = entry.read_text(encoding="utf-8")
        digest = await connection.fetchval("SELECT md5($1)", text)
        if entry.name in done:
            if done[entry.name] != digest:
                raise MigrationError(f"{entry.name} was changed after it was applied")
            continue
        async with connection.transaction():
            await connection.execute(text)
            await connection.execute("INSERT INTO migration VALUES ($1, $2)", entry.name, digest)
        applied.append(entry.name)
    return applied
