"""A place of its own for the canary: servers, host processes as a user starts them, cards.

Nothing here is shared with other tests, so that every byte below the folder is the canary's doing.
Speaks like a Rig where the workshop wants one.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import hiredis

from authhost.embedded import Servers, embedded
from authhost.hsm.address import HsmAddress
from authhost.hsm_session import hsm_session
from authhost.journal.migrate import migrate
from authhost.journal.statements import statement
from iso.masking import mask_account_number
from tests.support.portfolio import BASE, DAY, Card, Portfolio

ROOT: Final = Path(__file__).parents[2]
PROFILES: Final = {"ifsf": "binary2", "ops": "ascii4", "x9tg23": "binary2", "iso87": "binary2"}
_READY_S: Final = 30
T = TypeVar("T")


class HostProcess:
    """One `serve` with every door and all of its log. module: `authhost`, or one with bugs."""

    def __init__(self, bench: Bench, name: str, module: Sequence[str]) -> None:
        self.log = bench.folder / f"{name}.log"
        self.folder = bench.folder / f"{name}-run"  # where a core file would be
        self.folder.mkdir()
        urls = bench.servers
        doors = itertools.chain.from_iterable(
            ("--iso", f"{profile}:{framing}:127.0.0.1:0") for profile, framing in PROFILES.items())
        with self.log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *module, "serve", "--database-url", bench.database_url,
                 "--redis-url", urls.valkey.url, "--hsm", urls.hsm.url, "--log-level", "debug",
                 "--http", "127.0.0.1:0", *doors], cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, env={**os.environ, "PYTHONPATH": str(ROOT)})
        self.ports: dict[str, int] = {}
        self.output = b""

    def ready(self) -> None:
        """Wait until it says where it listens."""
        lines: queue.Queue[bytes] = queue.Queue()
        out = self.process.stdout
        assert out is not None, "it is a pipe"
        threading.Thread(target=lambda: lines.put(out.readline())).start()
        self.output = lines.get(timeout=_READY_S)
        assert self.output, self.log.read_text()
        self.ports = json.loads(self.output)["ports"]

    def end(self, number: signal.Signals) -> int:
        """End it by a signal; its wait status, which says whether there was a core dump."""
        self.process.send_signal(number)
        _, status = os.waitpid(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        assert self.process.stdout is not None, "it is a pipe"
        with self.process.stdout as rest:
            self.output += rest.read()
        return status


class Bench:
    """Servers, a database, and cards whose numbers are given."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.folder = servers.directory
        self.database_url = servers.postgres.url
        self.ports: dict[str, int] = {}  # of the host that is spoken to
        self.hosts: dict[str, HostProcess] = {}
        self.pans: Iterator[str] = iter(())  # of the next cards
        self._runner = asyncio.Runner()
        self._portfolio = Portfolio(self.sql, lambda pan: self.run(self._pan_hmac(pan)))
        self.run(migrate(self.database_url))
        self.sql("SELECT journal_month($1)", DAY)
        self.sql(statement("open_first_day"), DAY)
        self.run(self._script(BASE))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run one coroutine to its end."""
        return self._runner.run(asyncio.wait_for(coroutine, 60))

    def sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """One statement as a stranger would run it."""
        return self.run(self._sql(statement, *values))

    def card(self, **more: Any) -> Card:
        """A new card with the next of the given numbers."""
        made, pan = self._portfolio.card(**more), next(self.pans)
        self.sql("UPDATE card SET pan_hmac = $2, pan_masked = $3 WHERE card_id = $1",
                 made.card_id, self.run(self._pan_hmac(pan)), mask_account_number(pan))
        return Card(pan, made.expiry, made.account_id, made.card_id, made.ref)

    def redis(self, *parts: str | bytes | int) -> Any:
        """One command to the Valkey."""
        return self.run(self._command(*parts))

    def start(self, name: str, *module: str) -> None:
        """One more host; nobody waits for it."""
        self.hosts[name] = HostProcess(self, name, module)

    def speak_to(self, name: str) -> HostProcess:
        """Once it is ready, it is the one that hears what is sent."""
        host = self.hosts[name]
        if not host.ports:
            host.ready()
        self.ports = host.ports
        return host

    def close(self) -> None:
        """Kill what still runs."""
        for host in self.hosts.values():
            if host.process.poll() is None:
                host.end(signal.SIGKILL)
            elif host.process.stdout is not None:
                host.process.stdout.close()
        self._runner.close()

    async def _pan_hmac(self, pan: str) -> bytes:
        address = HsmAddress.parse(self.servers.hsm.url)
        async with hsm_session(self.database_url, (address,)) as session:
            return await (await session.pan_index()).of(pan)

    async def _sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def _script(self, text: str) -> None:
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute(text)
        finally:
            await connection.close()

    async def _command(self, *parts: str | bytes | int) -> Any:
        reader, writer = await asyncio.open_unix_connection(
            self.servers.valkey.url.removeprefix("unix://"))
        answers = hiredis.Reader()
        writer.write(hiredis.pack_command(parts))
        while (answer := answers.gets()) is False:
            answers.feed(await reader.read(1 << 16))
        writer.close()
        await writer.wait_closed()
        return answer


@contextmanager
def bench_at(folder: Path) -> Iterator[Bench]:
    """A bench whose children would dump core if nothing forbade it."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        with embedded(folder) as servers:
            bench = Bench(servers)
            try:
                yield bench
            finally:
                bench.close()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def core_limits(pid: int) -> list[str]:
    """The running process' own limits of a core dump: soft and hard."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line for line in lines if line.startswith("Max core file size")).split()[4:6]
