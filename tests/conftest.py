"""Real servers for every test that wants them: one PostgreSQL, Valkey and HSM a session."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from authhost.embedded import Servers, embedded
from authhost.journal.migrate import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Embedded PostgreSQL, Valkey and HSM, started once."""
    with tempfile.TemporaryDirectory(prefix="authhost-test-") as directory, \
            embedded(Path(directory)) as running:
        asyncio.run(_make_template(running.postgres.url))
        yield running


async def _make_template(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE DATABASE template_authhost")
    await connection.close()
    await migrate(url.replace("/authhost?", "/template_authhost?"))


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    name = f"test_{next(_numbers)}"
    asyncio.run(_execute(servers.postgres.url,
                         f"CREATE DATABASE {name} TEMPLATE template_authhost STRATEGY file_copy"))
    yield servers.postgres.url.replace("/authhost?", f"/{name}?")
    asyncio.run(_execute(servers.postgres.url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The session's Valkey: tests share it, so give their accounts other ids, or flush."""
    return servers.valkey.url


@pytest.fixture
def hsm_url(servers: Servers) -> str:
    """The session's HSM: it keeps nothing of a test, for keys are in a test's own database."""
    return servers.hsm.url


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
