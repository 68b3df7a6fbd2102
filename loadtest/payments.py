"""Payments by phone a second, and how many phones can wait, on this machine.

    python -m loadtest.payments [--seconds 10] [--phones 400] [--rate 300] [--streams 15000]
                                [--json]

Everything is real: embedded PostgreSQL with fsync on, embedded Valkey, an HSM in software, a host
process, the bank to test against in a process of its own, and the tills and phones in another, all
on the same cores. A payment is: the till's request, the phone's event, the signed approval, the
debit at the payer's bank, and the merchant's event that it is paid.

    payments_per_second   whole ones, as fast as --at-once of them on their way allow, TLS off
    host_cpu_us           the host's own CPU a payment, then; journal, state, bank, client beside it
    p50_ms, p99_ms        the host's own part at --rate a second: until a POST is answered
    whole_p50_ms, _p99    the whole payment at that rate
    streams               phones that wait on open TLS streams, each with a certificate of its own
    bytes_per_stream      of the host's memory; streams_mib: of the whole host with all of them
    errors                payments that were not paid, streams that did not open
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import uvloop

from authhost.embedded import Servers, embedded
from authhost.journal.migrate import migrate
from authhost.merchants.callers import hashed
from loadtest import payment_streams
from loadtest.bank_process import BankProcess, bank_process
from loadtest.payment_generator import Load, Seen, Stretch
from loadtest.payment_phones import PhonePapers, papers
from loadtest.portfolio import statement
from loadtest.throughput import cpu_seconds
from terminals import pki

GOAL_PER_SECOND: Final = 600
_WARM: Final = Stretch(2.0, at_once=32)


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--phones", type=int, default=400)
    parser.add_argument("--merchants", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rate", type=float, default=GOAL_PER_SECOND / 2)
    parser.add_argument("--streams", type=int, default=15_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # The working directory's file system, not a temporary one that may be memory.
    with tempfile.TemporaryDirectory(prefix="payments-", dir=".") as name, \
            embedded(Path(name)) as servers:
        authority = pki.Authority.create(Path(name) / "pki")
        with bank_process(Path(name), authority, tls=False) as bank:
            figures = uvloop.run(_run(arguments, servers, authority, bank))
    if arguments.json:
        print(json.dumps(figures))
    else:
        for field, value in figures.items():
            print(f"{field:<22}{value}")
    return 0


async def _run(arguments: argparse.Namespace, servers: Servers, authority: pki.Authority,
               bank: BankProcess) -> dict[str, object]:
    await migrate(servers.postgres.url)
    tokens = [f"token-{number}-{os.urandom(16).hex()}" for number in range(arguments.merchants)]
    phones = papers(authority, max(arguments.phones, arguments.streams))
    connection = await asyncpg.connect(servers.postgres.url)
    try:
        await _seed(connection, tokens, phones, bank)
        figures: dict[str, object] = {}
        with _host(servers, authority) as (process, ports):
            async with _generator(ports["http"], tokens, phones[:arguments.phones]) as ask:
                warm: Seen = await ask(_WARM)
                # What autovacuum does within a table's first minute: a plan for an empty one goes.
                await connection.execute("ANALYZE")
                figures |= await _measure(arguments, servers, process, bank, ask, warm)
        if arguments.streams:
            with _host(servers, authority) as (process, ports):
                figures |= await payment_streams.measure(
                    process.pid, ports["public"], authority, phones[:arguments.streams])
        figures["errors"] = int(str(figures["errors"])) + int(str(figures.get("unopened", 0)))
        figures["settings"] = {
            "phones": arguments.phones, "merchants": arguments.merchants,
            "at_once": arguments.at_once, "rate": arguments.rate, "cores": os.cpu_count(),
            **{name: await connection.fetchval(f"SHOW {name}")
               for name in ("fsync", "synchronous_commit", "full_page_writes")}}
        return figures
    finally:
        await connection.close()


async def _seed(connection: asyncpg.Connection, tokens: Sequence[str],
                phones: Sequence[PhonePapers], bank: BankProcess) -> None:
    today = datetime.now(UTC).date()
    rails = [{**rail, "collects": rail["debtor"]} for rail in bank.rails]
    await connection.execute("SELECT journal_month($1)", today)
    await connection.execute(
        statement("payments"), today, [hashed(token) for token in tokens], bank.url,
        json.dumps(rails), json.dumps([phone.row(number)
                                       for number, phone in enumerate(phones, 1)]))
    await connection.execute("ANALYZE")


@contextmanager
def _host(servers: Servers, authority: pki.Authority,
          ) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """A host, ready, for as long as the block runs."""
    server = authority.server()
    process = subprocess.Popen(
        [sys.executable, "-m", "authhost", "serve", "--database-url", servers.postgres.url,
         "--redis-url", servers.valkey.url, "--hsm", servers.hsm.url, "--http", "127.0.0.1:0",
         "--plain-phones", "--public", "127.0.0.1:0", "--tls-ca", str(authority.certificate_path),
         "--tls-cert", str(server.certificate), "--tls-key", str(server.key),
         "--payer-ca", str(authority.certificate_path), "--log-level", "warning"],
        stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["ports"]
    finally:
        process.terminate()
        process.wait(20)


@asynccontextmanager
async def _generator(port: int, tokens: Sequence[str],
                     phones: Sequence[PhonePapers]) -> AsyncIterator[Any]:
    """The tills and phones; what the block gets asks them for a stretch."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.payment_generator", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, limit=1 << 26)

    async def ask(what: Load | Stretch) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(what) + b"\n")
        return await process.stdout.readline()

    async def stretch(what: Stretch) -> Seen:
        return msgspec.json.decode(await ask(what), type=Seen)

    try:
        await ask(Load([port], list(tokens), [phone.signer() for phone in phones]))
        yield stretch
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _measure(arguments: argparse.Namespace, servers: Servers,
                   process: subprocess.Popen[str], bank: BankProcess, ask: Any,
                   warm: Seen) -> dict[str, object]:
    begun = _cpu(process, servers, bank)
    full: Seen = await ask(Stretch(arguments.seconds, at_once=arguments.at_once))
    ended = _cpu(process, servers, bank)
    half: Seen = await ask(Stretch(arguments.seconds, per_second=arguments.rate))
    whole = len(full.whole_s)
    own = half.asked_s + half.worded_s
    return {
        "payments_per_second": round(whole / full.seconds, 1),
        "host_cpu_us": _each_us(begun, ended, "host", whole),
        "journal_cpu_us": _each_us(begun, ended, "journal", whole),
        "state_cpu_us": _each_us(begun, ended, "state", whole),
        "bank_cpu_us": _each_us(begun, ended, "bank", whole),
        "client_cpu_us": round(full.cpu_s * 1e6 / max(whole, 1), 1),
        "p50_ms": _percentile_ms(own, 50), "p99_ms": _percentile_ms(own, 99),
        "whole_p50_ms": _percentile_ms(half.whole_s, 50),
        "whole_p99_ms": _percentile_ms(half.whole_s, 99),
        "full_p50_ms": _percentile_ms(full.whole_s, 50),
        "full_p99_ms": _percentile_ms(full.whole_s, 99),
        "paid": whole + len(half.whole_s),
        "errors": warm.errors + full.errors + half.errors,
        "first_error": warm.first_error or full.first_error or half.first_error}


def _percentile_ms(values_s: Sequence[float], percent: int) -> float:
    ordered = sorted(values_s)
    return round(ordered[len(ordered) * percent // 100] * 1000, 3) if ordered else 0.0


def _cpu(process: subprocess.Popen[str], servers: Servers,
         bank: BankProcess) -> dict[str, float]:
    """CPU seconds so far of the host, PostgreSQL with its children, Valkey, the bank."""
    postgres = servers.postgres.pid
    children = Path(f"/proc/{postgres}/task/{postgres}/children").read_text().split()
    return {"host": cpu_seconds(process.pid), "state": cpu_seconds(servers.valkey.pid),
            "journal": sum(map(cpu_seconds, [postgres, *map(int, children)])),
            "bank": cpu_seconds(bank.pid)}


def _each_us(begun: Mapping[str, float], ended: Mapping[str, float], name: str,
             payments: int) -> float:
    return round((ended[name] - begun[name]) * 1e6 / max(payments, 1), 1)


if __name__ == "__main__":
    raise SystemExit(main())
