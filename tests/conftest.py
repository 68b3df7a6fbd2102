"""Real servers for every test that wants them: one PostgreSQL, Valkey and HSM a session."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from authhost.embedded import Servers, embedded
from authhost.journal.migrate import migrate
from tests.support.databases import TEMPLATE, fresh, url_of
from tests.support.rig import Rig, running


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Embedded PostgreSQL, Valkey and HSM, started once."""
    with tempfile.TemporaryDirectory(prefix="authhost-test-") as directory, \
            embedded(Path(directory)) as running:
        asyncio.run(_make_template(running))
        yield running


async def _make_template(servers: Servers) -> None:
    connection = await asyncpg.connect(servers.postgres.url)
    # Nobody kills this PostgreSQL, and its data goes with it, so that it need not be durable; those
    # that are killed (the crash runs) or shown (the demo) are others, and are.
    for setting in ("fsync", "full_page_writes"):
        await connection.execute(f"ALTER SYSTEM SET {setting} = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await connection.close()
    await migrate(url_of(servers, TEMPLATE))


@pytest.fixture(scope="module")
def rig(servers: Servers) -> Iterator[Rig]:
    """A host in this process, without doors; a module that wants others makes its own."""
    with running(servers) as made:
        yield made


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    with fresh(servers, "test") as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The session's Valkey: tests share it, so give their accounts other ids, or flush."""
    return servers.valkey.url


@pytest.fixture
def hsm_url(servers: Servers) -> str:
    """The session's HSM: it keeps nothing of a test, for keys are in a test's own database."""
    return servers.hsm.url
