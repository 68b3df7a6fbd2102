"""A lane: one connection, one batch in flight while the next one gathers. Group commit is this.

Knows connections and their loss; knows nothing of what a batch says. A commit whose result is
unknown is sent again under the same keys on a new connection: it finds its own rows (invariant 6).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import asyncpg

from authhost import limits
from authhost.journal.entry import JournalUnavailable, Result
from authhost.journal.wire import register
from authhost.metrics import BATCH_SIZES, Histogram

_LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError,
         asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.QueryCanceledError,
         asyncpg.TooManyConnectionsError, OSError, TimeoutError,
         # The server said good-bye while nothing was asked, and the socket is still open.
         asyncpg.InternalClientError)
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)


class Item(Protocol):
    """What a lane carries: a key, and when nobody waits any more (microseconds, real; 0: never)."""

    @property
    def key(self) -> str: ...

    @property
    def gives_up_us(self) -> int: ...


T = TypeVar("T", bound=Item)


class Work(Protocol[T]):
    """How a batch is written: the results in the order of the items."""

    async def run(self, connection: asyncpg.Connection, items: list[T]) -> list[Result]: ...

    async def park(self, connection: asyncpg.Connection, item: T, why: str) -> Result: ...


class Lane(Generic[T]):
    """Gathers items, writes them batch by batch, gives each its result."""

    def __init__(self, database_url: str, work: Work[T], batch_rows: int,
                 now_us: Callable[[], int]) -> None:
        self._url = database_url
        self._work = work
        self._batch_rows = batch_rows
        self._now_us = now_us
        self._queue: list[tuple[T, asyncio.Future[Result]]] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()  # nothing waits and nothing is being written
        self._connection: asyncpg.Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.sizes = Histogram(BATCH_SIZES)
        self.rows = 0
        self.parked = 0

    @property
    def depth(self) -> int:
        """Rows that wait for the next batch."""
        return len(self._queue)

    def start(self) -> None:
        """Begin to write."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())

    def put(self, item: T) -> asyncio.Future[Result]:
        """The result of this item, once its batch is durable. JournalUnavailable when full."""
        if len(self._queue) >= limits.JOURNAL_QUEUE:
            raise JournalUnavailable("the journal's queue is full")
        assert self._loop is not None, "started"
        future: asyncio.Future[Result] = self._loop.create_future()
        self._queue.append((item, future))
        self._idle.clear()
        self._wake.set()
        return future

    async def close(self) -> None:
        """Write what waits, then stop."""
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limits.DRAIN_TIMEOUT_S):
                    await self._idle.wait()
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close(timeout=1)

    async def _run(self) -> None:
        while True:
            if not self._queue:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
                self._idle.clear()
            batch = self._queue[: self._batch_rows]
            del self._queue[: self._batch_rows]
            try:
                await self._write(batch)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # A bug must not stop the lane: those who wait get silence, not an approval.
                for _, future in batch:
                    if not future.done():
                        future.set_exception(JournalUnavailable(repr(error)))

    async def _write(self, batch: list[tuple[T, asyncio.Future[Result]]]) -> None:
        """Until each item has a definite result, or nobody waits for it any more."""
        while batch:
            try:
                connection = await self._connect()
                results = await self._bisect(connection, [item for item, _ in batch])
            except _LOST as error:
                await self._drop_connection()
                batch = self._still_wanted(batch, error)
                await asyncio.sleep(limits.RECONNECT_S)
            except _AGAIN:
                continue
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():
                        future.set_result(result)
                self.sizes.observe(len(batch))
                self.rows += len(batch)
                return

    def _still_wanted(self, batch: list[tuple[T, asyncio.Future[Result]]],
                      error: BaseException) -> list[tuple[T, asyncio.Future[Result]]]:
        now_us = self._now_us()
        wanted = []
        for item, future in batch:
            if item.gives_up_us and item.gives_up_us < now_us:
                if not future.done():
                    future.set_exception(JournalUnavailable(str(error)))
            else:
                wanted.append((item, future))
        return wanted

    async def _bisect(self, connection: asyncpg.Connection, items: list[T]) -> list[Result]:
        """A row that PostgreSQL refuses (SQLSTATE 22, 23) is parked alone; the others commit."""
        try:
            return await self._work.run(connection, items)
        except asyncpg.PostgresError as error:
            if (error.sqlstate or "")[:2] not in {"22", "23"}:
                raise
            if len(items) == 1:
                self.parked += 1
                return [await self._work.park(connection, items[0], str(error))]
        except (asyncpg.DataError, ValueError, OverflowError) as error:
            if len(items) == 1:
                self.parked += 1
                return [await self._work.park(connection, items[0], str(error))]
        middle = len(items) // 2
        return (await self._bisect(connection, items[:middle])
                + await self._bisect(connection, items[middle:]))

    async def _connect(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url)
        return self._connection

    async def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


async def connect(database_url: str) -> asyncpg.Connection:
    """A connection as a lane wants it: generic plans, bounded statements, batches in one value."""
    connection = await asyncpg.connect(
        database_url, timeout=2, command_timeout=limits.STATEMENT_TIMEOUT_MS / 1000,
        # A plan is made once, for a table that may be empty then and is not a minute later.
        server_settings={"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off",
                         "application_name": "authhost",
                         "idle_in_transaction_session_timeout": "15000"},
    )
    try:
        await register(connection)
    except BaseException:
        connection.terminate()  # lost or cancelled half-way: nobody else knows of it
        raise
    return connection
