"""A database of a test's own on the session's PostgreSQL: made of the migrated template.

Knows the template's name; tests/conftest.py makes it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from authhost.embedded import Servers

TEMPLATE = "template_authhost"
_numbers = itertools.count(1)


@contextmanager
def fresh(servers: Servers, prefix: str, template: str = TEMPLATE) -> Iterator[str]:
    """The URL of a migrated, empty database; it is dropped at the end, whoever still uses it.

    template: the name of another one that it is a copy of.
    """
    admin, name = servers.postgres.url, f"{prefix}_{next(_numbers)}"
    # Copied as files: with the other strategy each page of it goes through the log.
    asyncio.run(_execute(admin, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    try:
        yield url_of(servers, name)
    finally:
        asyncio.run(_execute(admin, f"DROP DATABASE {name} WITH (FORCE)"))


def url_of(servers: Servers, name: str) -> str:
    """Where one database of this PostgreSQL is."""
    return servers.postgres.url.replace("/authhost?", f"/{name}?")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
