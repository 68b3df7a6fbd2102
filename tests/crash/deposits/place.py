"""Everything that runs, and hands to start again what was killed.

Knows servers, host, bank, safes and people, and how each is reached. What is asked is asked again
until it is answered: a killed host is no answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import msgspec

from authhost.admin.access import Role as AccessRole
from authhost.admin.access import operator
from authhost.admin.keyring import Keyring, NewAccess
from authhost.embedded import Servers, runs
from authhost.journal.migrate import migrate
from loadtest.bank_process import RAILS
from terminals.bank.conduct import Conduct
from terminals.bank.desk import bring
from terminals.bank.server import BankServer, real_now_us
from tests.crash.deposits.killed import POSTMASTER
from tests.crash.deposits.nursery import Child, Nursery, Order
from tests.crash.deposits.portfolio import AWAY, BANK, NIGHT_BANK, ROLES, conduct
from tests.crash.deposits.safe import PATIENCE_S, Safe, Stuck

_SQL: Final = Path(__file__).parent / "sql"
_LOOK_S: Final = 0.05
_START_S: Final = 30.0
# InternalClientError: the server went while a connection to it was being made.
NO_DATABASE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError,
                      OSError, TimeoutError)


def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")


class Place:
    """All of it. planted: the name of a bug in tests/planted, '' for the code as it is. patience_s:
    so long is waited for anything."""

    def __init__(self, servers: Servers, folder: Path, port: int, planted: str,
                 patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self.folder = folder
        self.servers = servers
        self.url = f"http://127.0.0.1:{port}"
        self.day = datetime.now(UTC).date()
        self.files = folder / "files"
        self.safes: dict[str, Safe] = {}
        self._port = port
        self._planted = [planted] if planted else []
        self._nursery = Nursery()
        self._host: Child | None = None
        self._starting = asyncio.Lock()
        self._tokens: dict[str, str] = {}
        self.agreed_minor: Counter[int] = Counter()  # what two people adjusted, by account
        self.bank = BankServer(folder / "bank.sqlite")

    async def open(self) -> None:
        """Start everything."""
        await self._nursery.start("-m", "tests.crash.deposits.killed", str(self.folder),
                                  *self._planted, log=self.folder / "nursery.log")
        await migrate(self.servers.postgres.url)
        await self.bank.open()
        await self.bank.behave(msgspec.convert(conduct(), Conduct))
        await self._seed()
        self._mark_postmaster()
        await self.run_host()
        for role in ROLES.values():
            safe = self.safes[role.role] = Safe(role, self.folder, self.url)
            await safe.program.start()
            await safe.swap()

    async def close(self) -> None:
        """Stop everything; the host in good order."""
        for safe in self.safes.values():
            await safe.program.stop()
        if self._host is not None:
            self._host.kill(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_START_S):
                    await self._host.wait()
        await self._nursery.stop()
        await self.bank.close()

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
                await asyncio.sleep(_LOOK_S)

    async def mend(self, look: Callable[[Place], Awaitable[None]]) -> None:
        """Start again whatever is dead; `look` sees the dead, with the database up again."""
        postgres = self.servers.postgres
        cut_off = not runs(postgres.pid)
        gone = not self._host_runs()
        if cut_off:
            await asyncio.to_thread(postgres.kill)
            await asyncio.to_thread(postgres.run)
            self._mark_postmaster()
        if cut_off or gone:
            await look(self)
        if gone:
            await self.run_host()

    async def night(self) -> None:
        """Close and clear the day, however often it dies; its files go to the bank."""
        day = self.day
        deadline = asyncio.get_running_loop().time() + self._patience_s
        while True:
            night = await self._bear("night", "night", self.servers.postgres.url, str(day),
                                     str(self.files))
            if await night.wait() == 0:
                break
            if asyncio.get_running_loop().time() > deadline:
                raise Stuck(f"{day} is not cleared: "
                            f"{(self.folder / 'night.log').read_text(errors='replace')[-3000:]}")
            await asyncio.sleep(_LOOK_S)
        self.day = day + timedelta(days=1)
        await self.to_bank(day)

    async def to_bank(self, day: date) -> None:
        """The files of a day, as an operator brings them; a second time changes nothing. Whom the
        bank pays no instant credit, it pays by a file."""
        paths = await asyncio.to_thread(
            lambda: sorted((self.files / str(day)).rglob("deposits-*.xml")))
        for path in paths:
            bring(self.bank.books, await asyncio.to_thread(path.read_bytes), real_now_us)

    async def restart_host(self) -> None:
        """One that has not met a bank yet."""
        if self._host is not None:
            self._host.kill()
            await self._host.wait()
        await self.run_host()  # or whoever mends does

    async def until(self, what: Callable[[], Awaitable[Any]], why: str,
                    patience_s: float = 0) -> Any:
        """What comes at last; PostgreSQL may be away meanwhile. Stuck."""
        deadline = asyncio.get_running_loop().time() + (patience_s or self._patience_s)
        while True:
            with contextlib.suppress(*NO_DATABASE):
                found = await what()
                if found:
                    return found
            if asyncio.get_running_loop().time() > deadline:
                raise Stuck(why)
            await asyncio.sleep(_LOOK_S)

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Of one statement."""
        connection = await asyncpg.connect(self.servers.postgres.url, timeout=5)
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    async def credit(self, role: str, sequence: int) -> tuple[str, str]:
        """(state, credit) of a deposit."""
        rows = await self.rows("SELECT state, credit FROM deposit WHERE terminal_id = $1 "
                               "AND sequence = $2", ROLES[role].terminal_id, sequence)
        return (rows[0]["state"], rows[0]["credit"]) if rows else ("", "")

    async def became(self, role: str, sequence: int, *, state: str = "", credit: str = "") -> None:
        """Wait until a deposit is so. Stuck."""
        async def there() -> bool:
            now = await self.credit(role, sequence)
            return now[0] in (state or now[0],) and now[1] in (credit or now[1],)

        await self.until(there, f"{role} {sequence} does not become {state} {credit}")

    async def ask(self, who: str, method: str, path: str, body: object = None) -> Any:
        """What people ask for, until it is answered. Stuck where it is refused."""
        key = uuid.uuid4().hex

        async def once() -> Any:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10) as client:
                try:
                    response = await client.request(
                        method, f"/v1/admin{path}", json=body if method != "GET" else None,
                        headers={"Authorization": f"Bearer {self._tokens[who]}",
                                 "Idempotency-Key": key})
                except httpx.HTTPError:
                    return None
            if response.status_code >= 500 or response.status_code == 429:
                return None
            if response.is_error:
                raise Stuck(f"{method} {path}: {response.status_code} {response.text[:400]}")
            return response.json()

        return await self.until(once, f"{method} {path} is not answered")

    async def _seed(self) -> None:
        url = self.servers.postgres.url
        rails = list(RAILS)
        banks = [{"bank": BANK, "endpoint": self.bank.url, "rails": rails},
                 {"bank": AWAY, "endpoint": "http://127.0.0.1:9", "rails": rails},
                 {"bank": NIGHT_BANK, "endpoint": "", "rails": []}]
        roles = [{"role": role.role, "number": role.number, "bank": role.bank, "rule": role.rule,
                  "iban": role.iban} for role in ROLES.values()]
        cassettes = [number for role in ROLES.values() for number in role.cassettes()]
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            await pool.execute("SELECT journal_month($1)", self.day)
            await pool.execute("SELECT journal_month($1)", self.day + timedelta(days=31))
            await pool.execute(statement("parties"), self.day, json.dumps(roles),
                               json.dumps(banks))
            await pool.execute(statement("cassettes"), cassettes)
            for name in ("anna", "berta"):
                _, self._tokens[name] = await Keyring(pool).add(operator("crash"), NewAccess(
                    name=name, role=AccessRole.ADMINISTRATOR,
                    expires_at=datetime.now(UTC) + timedelta(days=1)))

    def _host_runs(self) -> bool:
        return self._host is not None and self._host.status is None

    async def _start_host(self) -> bool:
        host = self._host = await self._bear(
            "host", "serve", "--database-url", self.servers.postgres.url,
            "--redis-url", self.servers.valkey.url, "--hsm", self.servers.hsm.url,
            "--http", f"127.0.0.1:{self._port}", "--log-level", "warning")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                while host.status is None:
                    if b'"ready"' in (self.folder / "host.out").read_bytes():
                        return True
                    await asyncio.sleep(_LOOK_S)
        host.kill()
        await host.wait()
        return False

    async def _bear(self, name: str, *command: str) -> Child:
        """A host or a night; its log, and what it says, are in files of its name."""
        return await self._nursery.order(Order(
            list(command), str(self.folder / f"{name}.out"), str(self.folder / f"{name}.log")))

    def _mark_postmaster(self) -> None:
        (self.folder / POSTMASTER).write_text(str(self.servers.postgres.pid))
