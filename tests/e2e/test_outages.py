"""What is said of a database that is away is said of nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from clearing.errors import ClearingError
from clearing.outages import outages

Asks = Callable[["asyncpg.Connection[asyncpg.Record]"], Awaitable[object]]


def asked(url: str, asks: Asks) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            with outages("2026-07-23, fuel"):
                await asks(connection)
        finally:
            await connection.close()
    asyncio.run(run())


async def _closed(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.close()
    await connection.fetchval("SELECT 1")


async def _closed_under_a_transaction(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    async with connection.transaction():
        await connection.close()


async def _listens(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.close()
    await connection.add_listener("channel", print)


async def _terminated(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.parametrize("asks", [_closed, _closed_under_a_transaction, _listens, _terminated])
def test_a_connection_that_is_gone_is_a_database_that_is_away(database_url: str,
                                                              asks: Asks) -> None:
    with pytest.raises(ClearingError, match=r"fuel: the database is away: .* there again"):
        asked(database_url, asks)


async def _too_great(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.fetchval("SELECT $1::bigint", 10**30)


async def _too_many(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.fetchval("SELECT $1::bigint", 1, 2)


async def _two_at_once(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await asyncio.gather(*(connection.fetchval("SELECT pg_sleep(0.1)") for _ in range(2)))


@pytest.mark.parametrize("asks", [_too_great, _too_many, _two_at_once])
def test_a_bug_is_not_told_as_an_outage(database_url: str, asks: Asks) -> None:
    with pytest.raises((asyncpg.InterfaceError, asyncpg.DataError)):
        asked(database_url, asks)
