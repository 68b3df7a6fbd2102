"""Deposits a second through HTTP, and how soon a credit is at the bank, on this machine.

    python -m loadtest.deposits [--seconds 15] [--connections 200] [--hosts 2] [--tls] [--json]

Everything is real: embedded PostgreSQL with fsync on, embedded Valkey, an HSM in software, host
processes, the bank to test against in a process of its own, all of them and the load on the same
cores. A safe a connection, a client a safe; every deposit has denominations, depositor, shift,
cassette and reference, and is checked against all of them.

    deposits_per_second   as fast as they are answered, credited by night
    p50_ms, p99_ms        at --rate (half of the goal of 3,000), credited at once
    credit_p50_ms, _p99   at that rate: from a deposit's row to the bank's yes, as the host heard it
    full_p50_ms, full_p99_ms   at full speed
    *_cpu_us              CPU of each process a deposit, at full speed; credited_*: at the pace
    errors                answers that are no plain approval, and credits that the bank has not got

--tls: mutual TLS for every safe, with a certificate of its own, and for the bank; else neither has
TLS.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop

from authhost.embedded import Servers, children_of, embedded
from authhost.journal.migrate import migrate
from authhost.safes.sscc import made
from demo.numbers import iban
from loadtest import deposit_generator as generator
from loadtest.bank_process import BankProcess, bank_process
from loadtest.channels import safe_name
from loadtest.portfolio import statement
from loadtest.throughput import cpu_seconds
from terminals import pki

GOAL_PER_SECOND: Final = 3_000
_COMPANY: Final = "34012345"
_WARM: Final = 5  # deposits of each safe before anything is measured
_CREDITED_S: Final = 60.0


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--rate", type=float, default=GOAL_PER_SECOND / 2)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # The working directory's file system, not a temporary one that may be memory.
    with tempfile.TemporaryDirectory(prefix="deposits-", dir=".") as name, \
            embedded(Path(name)) as servers:
        authority = pki.Authority.create(Path(name) / "pki")
        with bank_process(Path(name), authority, tls=arguments.tls) as bank:
            figures = uvloop.run(_run(arguments, servers, authority, bank))
    if arguments.json:
        print(json.dumps(figures))
    else:
        for field, value in figures.items():
            print(f"{field:<22}{value}")
    return 0


async def _run(arguments: argparse.Namespace, servers: Servers, authority: pki.Authority,
               bank: BankProcess) -> dict[str, object]:
    url = servers.postgres.url
    await migrate(url)
    cassettes = [made(_COMPANY, number) for number in range(arguments.connections)]
    now = datetime.now(UTC)
    connection = await asyncpg.connect(url)
    try:
        await _seed(connection, now, cassettes, bank)
        with _hosts(arguments, servers, authority) as hosts:
            safes = await _connected(arguments, hosts, cassettes, authority, now)
            return await _measure(arguments, servers, connection, hosts, safes, bank)
    finally:
        await connection.close()


async def _seed(connection: asyncpg.Connection, now: datetime, cassettes: Sequence[str],
                bank: BankProcess) -> None:
    ibans = [iban("AT", f"20111{number:011d}") for number in range(len(cassettes))]
    await connection.execute("SELECT journal_month($1)", now.date())
    await connection.execute(
        statement("deposits"), now.date(), cassettes, bank.url, json.dumps(bank.rails),
        generator.SHIFT, generator.DEPOSITOR, ibans)
    await connection.execute("ANALYZE")


class Host:
    """One host process and its port."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port


@contextmanager
def _hosts(arguments: argparse.Namespace, servers: Servers,
           authority: pki.Authority) -> Iterator[list[Host]]:
    """So many hosts, each ready, for as long as the block runs."""
    server, client = authority.server(), authority.client("authhost")
    files = ["--tls-ca", str(authority.certificate_path), "--tls-cert", str(server.certificate),
             "--tls-key", str(server.key), "--bank-ca", str(authority.certificate_path),
             "--bank-cert", str(client.certificate), "--bank-key", str(client.key)]
    tls = ":tls" if arguments.tls else ""
    hosts: list[Host] = []
    try:
        for _ in range(arguments.hosts):
            process = subprocess.Popen(
                [sys.executable, "-m", "authhost", "serve",
                 "--database-url", servers.postgres.url, "--redis-url", servers.valkey.url,
                 "--hsm", servers.hsm.url, "--http", f"127.0.0.1:0{tls}", *files,
                 "--log-level", "warning"], stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            ports = json.loads(process.stdout.readline())["ports"]
            hosts.append(Host(process, ports["http"]))
        yield hosts
    finally:
        for host in hosts:
            host.process.terminate()
        for host in hosts:
            host.process.wait(20)


async def _connected(arguments: argparse.Namespace, hosts: Sequence[Host],
                     cassettes: Sequence[str], authority: pki.Authority,
                     now: datetime) -> list[generator.Safe]:
    """The safes, shared among the hosts; each has been answered a few times."""
    contexts: list[ssl.SSLContext | None] = [None] * len(cassettes)
    if arguments.tls:
        contexts = [pki.client_context(authority.certificate_path,
                                       authority.client(safe_name(number)))
                    for number in range(1, len(cassettes) + 1)]
    safes = await generator.connect(
        [hosts[number % len(hosts)].port for number in range(len(cassettes))], cassettes,
        contexts, now)
    seen = await generator.flat_out(safes, each=_WARM)
    assert not seen.errors, seen.first_error
    return safes


async def _measure(arguments: argparse.Namespace, servers: Servers,
                   connection: asyncpg.Connection, hosts: Sequence[Host],
                   safes: Sequence[generator.Safe], bank: BankProcess) -> dict[str, object]:
    begun = _cpu(hosts, servers, bank)
    full = await generator.flat_out(safes, seconds=arguments.seconds)
    ended = _cpu(hosts, servers, bank)
    await connection.execute(statement("deposits_rule"), "instant")
    since: datetime = await connection.fetchval("SELECT clock_timestamp()")
    warm = await generator.flat_out(safes, each=_WARM)
    await _credited(connection, since)
    since = await connection.fetchval("SELECT clock_timestamp()")
    begun_half = _cpu(hosts, servers, bank)
    half = await generator.paced(safes, per_second=arguments.rate, seconds=arguments.seconds)
    credited = await _credited(connection, since)
    ended_half = _cpu(hosts, servers, bank)
    for safe in safes:
        safe.close()
    answered = len(full.latencies_s)
    return {
        "deposits_per_second": round(answered / full.seconds, 1),
        "p50_ms": half.percentile_ms(50), "p99_ms": half.percentile_ms(99),
        "errors": full.errors + warm.errors + half.errors + credited["waiting"]
        + credited["other"],
        "credit_p50_ms": _ms(credited["p50_s"]), "credit_p99_ms": _ms(credited["p99_s"]),
        "credited": credited["accepted"], "answered": answered,
        "full_p50_ms": full.percentile_ms(50), "full_p99_ms": full.percentile_ms(99),
        **_each_us("", begun, ended, answered),
        **_each_us("credited_", begun_half, ended_half, len(half.latencies_s)),
        "first_error": (full.first_error or warm.first_error or half.first_error)[:400],
        "settings": {
            "connections": arguments.connections, "hosts": arguments.hosts, "rate": arguments.rate,
            "seconds": arguments.seconds, "cores": os.cpu_count(), "tls": arguments.tls,
            **{name: await connection.fetchval(f"SHOW {name}")
               for name in ("fsync", "synchronous_commit", "full_page_writes")}}}


async def _credited(connection: asyncpg.Connection, since: datetime) -> dict[str, Any]:
    """What became of the credits since then, when none waits any more or the time is over."""
    deadline = time.monotonic() + _CREDITED_S
    while True:
        row = await connection.fetchrow(statement("deposits_credited"), since)
        assert row is not None, "a sum has a row"
        if not row["waiting"] or time.monotonic() > deadline:
            return dict(row)
        await asyncio.sleep(0.2)


def _ms(seconds: float | None) -> float:
    return round((seconds or 0.0) * 1000, 3)


def _cpu(hosts: Sequence[Host], servers: Servers, bank: BankProcess) -> dict[str, float]:
    """CPU seconds so far: the hosts, Valkey, PostgreSQL with its children, this process, the bank.
    """
    postgres = servers.postgres.pid
    return {
        "host": sum(cpu_seconds(host.process.pid) for host in hosts),
        "state": cpu_seconds(servers.valkey.pid),
        "journal": sum(map(cpu_seconds, [postgres, *children_of(postgres)])),
        "generator": cpu_seconds(os.getpid()), "bank": cpu_seconds(bank.pid)}


def _each_us(prefix: str, begun: Mapping[str, float], ended: Mapping[str, float],
             deposits: int) -> dict[str, float]:
    """CPU of each process, microseconds a deposit."""
    return {f"{prefix}{name}_cpu_us": round((ended[name] - begun[name]) * 1e6 / max(deposits, 1), 1)
            for name in begun}


if __name__ == "__main__":
    raise SystemExit(main())
