"""What every channel's run stands on: servers, a host that is born again, and whoever was killed
started again.

Knows processes, the database and the administrators' door; knows no channel. What is asked is asked
again until it is answered: a killed host is no answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import asyncpg
import httpx

from authhost.admin.access import Role, operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.embedded import Servers, runs
from tests.crash.nursery import Child, Nursery, Order
from tests.crash.reaper import POSTMASTER, VALKEY

PATIENCE_S: Final = 60.0
LOOK_S: Final = 0.05
_START_S: Final = 30.0
_MOODS: Final = frozenset({425, 429})
# InternalClientError: the server went while a connection to it was being made.
NO_DATABASE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError,
                      OSError, TimeoutError)


class Stuck(Exception):
    """What had to come did not."""


class Ground(ABC):
    """planted: the name of a bug in tests/planted, '' for the code as it is. patience_s: so long is
    waited for anything."""

    killed: ClassVar[str]  # the module that its nursery is

    def __init__(self, servers: Servers, folder: Path, port: int, planted: str,
                 patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s
        self.folder = folder
        self.servers = servers
        self.url = f"http://127.0.0.1:{port}"
        self.day = datetime.now(UTC).date()
        self.tokens: dict[str, str] = {}  # by who asks
        self._port = port
        self._planted = [planted] if planted else []
        self._nursery = Nursery()
        self._host: Child | None = None
        self._starting = asyncio.Lock()

    @abstractmethod
    async def open(self) -> None:
        """Start everything."""

    @abstractmethod
    async def close(self) -> None:
        """Stop everything."""

    @property
    def options(self) -> list[str]:
        """More of the host's command line."""
        return []

    async def start_nursery(self) -> None:
        """It imports while the rest begins."""
        await self._nursery.start("-m", self.killed, str(self.folder), *self._planted,
                                  log=self.folder / "nursery.log")

    async def stop_host(self) -> None:
        """In good order, and the nursery."""
        if self._host is not None:
            self._host.kill(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_START_S):
                    await self._host.wait()
        await self._nursery.stop()

    async def run_host(self) -> None:
        """Start it until it is ready; nothing where it runs. Stuck.

        One at a time: who mends and who restarts would start two, for one port.
        """
        async with self._starting:
            deadline = asyncio.get_running_loop().time() + _START_S
            while not (self._host_runs() or await self._start_host()):
                if asyncio.get_running_loop().time() > deadline:
                    log = (self.folder / "host.log").read_text(errors="replace")
                    raise Stuck(f"the host does not start:\n{log[-3000:]}")
                await asyncio.sleep(LOOK_S)

    async def restart_host(self) -> None:
        """One that has not met a bank yet."""
        if self._host is not None:
            self._host.kill()
            await self._host.wait()
        await self.run_host()  # or whoever mends does

    async def mend(self, look: Callable[[Self], Awaitable[None]]) -> None:
        """Start again whatever is dead; `look` sees the dead, with the database up again."""
        postgres, valkey = self.servers.postgres, self.servers.valkey
        cut_off, forgotten = not runs(postgres.pid), not runs(valkey.pid)
        gone = not self._host_runs()
        if cut_off:
            await asyncio.to_thread(postgres.kill)
            await asyncio.to_thread(postgres.run)
        if forgotten:
            await asyncio.to_thread(valkey.kill)
            await asyncio.to_thread(valkey.run)
        if cut_off or forgotten:
            self.mark_servers()
        if cut_off or forgotten or gone:
            await look(self)
        if gone:
            await self.run_host()

    def mark_servers(self) -> None:
        """So that whoever kills knows them."""
        (self.folder / POSTMASTER).write_text(str(self.servers.postgres.pid))
        (self.folder / VALKEY).write_text(str(self.servers.valkey.pid))

    async def until(self, what: Callable[[], Awaitable[Any]], why: str,
                    patience_s: float = 0) -> Any:
        """What comes at last; PostgreSQL may be away meanwhile. Stuck."""
        deadline = asyncio.get_running_loop().time() + (patience_s or self.patience_s)
        while True:
            with contextlib.suppress(*NO_DATABASE):
                found = await what()
                if found:
                    return found
            if asyncio.get_running_loop().time() > deadline:
                raise Stuck(why)
            await asyncio.sleep(LOOK_S)

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Of one statement."""
        connection = await asyncpg.connect(self.servers.postgres.url, timeout=5)
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    async def ask(self, who: str, method: str, path: str, body: object = None) -> Any:
        """What people ask for, until it is answered. Stuck where it is refused."""
        return await self.asked(who, method, f"/v1/admin{path}", body)

    async def asked(self, who: str, method: str, path: str, body: object = None, *,
                    may: frozenset[int] = frozenset()) -> Any:
        """The same of any route, who: '' nobody. may: statuses of refusals that are an answer."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        if who:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"

        async def once() -> Any:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10) as client:
                try:
                    response = await client.request(
                        method, path, json=body if method != "GET" else None, headers=headers)
                except httpx.HTTPError:
                    return None
            if response.status_code >= 500 or response.status_code in _MOODS:
                return None
            if response.is_error and response.status_code not in may:
                raise Stuck(f"{method} {path}: {response.status_code} {response.text[:400]}")
            return (response.json(),)

        return (await self.until(once, f"{method} {path} is not answered"))[0]

    async def let_in(self, pool: asyncpg.Pool, *names: str) -> None:
        """Administrators of these names may ask."""
        for name in names:
            _, self.tokens[name] = await Keyring(pool).add(operator("crash"), NewAccess(
                name=name, role=Role.ADMINISTRATOR,
                expires_at=datetime.now(UTC) + timedelta(days=1)))

    async def bear(self, name: str, *command: str) -> Child:
        """A host or a night; its log, and what it says, are in files of its name."""
        return await self._nursery.order(Order(
            list(command), str(self.folder / f"{name}.out"), str(self.folder / f"{name}.log")))

    def _host_runs(self) -> bool:
        return self._host is not None and self._host.status is None

    async def _start_host(self) -> bool:
        host = self._host = await self.bear(
            "host", "serve", "--database-url", self.servers.postgres.url,
            "--redis-url", self.servers.valkey.url, "--hsm", self.servers.hsm.url,
            "--http", f"127.0.0.1:{self._port}", "--log-level", "warning", *self.options)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                while host.status is None:
                    if b'"ready"' in (self.folder / "host.out").read_bytes():
                        return True
                    await asyncio.sleep(LOOK_S)
        host.kill()
        await host.wait()
        return False
