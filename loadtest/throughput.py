"""Durable authorizations a second, load generator included, on this machine.

    python -m loadtest.throughput --seconds 15 --connections 100 [--json]

Everything is real: embedded PostgreSQL with fsync and synchronous_commit on, embedded Valkey, an
HSM in software, one host process, TCP on the loopback without TLS. tps counts answers; host_cpu_us
is per message.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import uvloop

from authhost.embedded import Servers, children_of, embedded
from authhost.hsm.address import HsmAddress
from authhost.hsm_session import hsm_session
from authhost.journal.migrate import migrate
from authhost.pan_index import PanIndex
from loadtest import floor, generator, portfolio

_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--no-floor", action="store_true", help="skip the bare loop")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # The working directory's file system, not a temporary one that may be memory.
    with tempfile.TemporaryDirectory(prefix="throughput-", dir=".") as directory, \
            embedded(Path(directory)) as servers:
        figures = uvloop.run(_run(arguments, servers))
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<16}{value}")
    return 0


async def _run(arguments: argparse.Namespace, servers: Servers) -> dict[str, object]:
    await migrate(servers.postgres.url)
    async with hsm_session(servers.postgres.url, [HsmAddress.parse(servers.hsm.url)]) as session:
        return await _measure(arguments, servers, await session.pan_index())


async def _measure(arguments: argparse.Namespace, servers: Servers,
                   pan_index: PanIndex) -> dict[str, object]:
    database_url = servers.postgres.url
    now = datetime.now(UTC)
    parties = await portfolio.seed(database_url, pan_index, arguments.accounts,
                                   arguments.connections, now.date())
    process, port = start_host(servers)
    try:
        terminals = await generator.connect("127.0.0.1", port, arguments.connections, parties,
                                            now.strftime("%y%m%d%H%M%S"))
        # Every account once: after this each is in the state, as on any busy day.
        await generator.stretch(terminals, each=arguments.accounts // arguments.connections + 1)
        cpu, started = _cpu(process, servers), time.perf_counter()
        seen = await generator.stretch(terminals, seconds=arguments.seconds)
        seconds = time.perf_counter() - started
        cpu = [after - before for after, before in zip(_cpu(process, servers), cpu, strict=True)]
    finally:
        process.terminate()
        process.wait(20)
    latencies = sorted(seen.latencies_s)
    answered = len(latencies)
    figures: dict[str, object] = {
        "tps": round(answered / seconds, 1),
        "p50_ms": round(latencies[answered // 2] * 1000, 3),
        "p99_ms": round(latencies[answered * 99 // 100] * 1000, 3),
        "answered": answered,
        "approved": seen.approved,
        "errors": seen.errors,
        **{f"{name}_cpu_us": round(seconds * 1e6 / answered, 1) for name, seconds in
           zip(("host", "state", "journal", "hsm", "generator"), cpu, strict=True)},
    }
    if not arguments.no_floor:
        rate = await floor.measure(database_url, servers.valkey.url, pan_index,
                                   parties[:2000], arguments.connections, arguments.seconds / 2)
        figures["floor_tps"] = round(rate, 1)
    figures["settings"] = await _settings(database_url) | {
        "connections": arguments.connections, "accounts": arguments.accounts,
        "seconds": arguments.seconds, "cores": os.cpu_count(), "tls": False, "mac": False}
    return figures


def start_host(servers: Servers) -> tuple[subprocess.Popen[str], int]:
    """One host process on a plain ISO door; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "authhost", "serve", "--database-url", servers.postgres.url,
         "--redis-url", servers.valkey.url, "--hsm", servers.hsm.url,
         "--iso", "ifsf:binary2:127.0.0.1:0", "--log-level", "warning"],
        stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, next(iter(json.loads(line)["ports"].values()))


def _cpu(host: subprocess.Popen[str], servers: Servers) -> list[float]:
    """CPU so far of the host, Valkey, PostgreSQL with its children, the HSM, and this process."""
    postgres = servers.postgres.pid
    return [cpu_seconds(host.pid), cpu_seconds(servers.valkey.pid),
            sum(map(cpu_seconds, [postgres, *children_of(postgres)])), cpu_seconds(servers.hsm.pid),
            cpu_seconds(os.getpid())]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def _settings(database_url: str) -> dict[str, object]:
    connection = await asyncpg.connect(database_url)
    try:
        return {name: await connection.fetchval(f"SHOW {name}") for name in
                ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers")}
    finally:
        await connection.close()


if __name__ == "__main__":
    raise SystemExit(main())
