"""How soon a queued credit reaches a bank that answers at once, and what it costs the host.

    python -m tests.e2e.bank_bench [--rate 1500] [--seconds 10] [--plain]

The bank is a process of its own on the same cores, and so is PostgreSQL; the connector is here.
Deposits are written as the journal's batches write them, twenty at a time. Prints JSON: credits a
second, milliseconds from the row's commit to the bank's receipt, this process's CPU a credit.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import tempfile
import time
from datetime import datetime
from pathlib import Path

import asyncpg
import uvloop

from authhost.bank.connector import BankConnector
from authhost.clock import Clock
from authhost.embedded import Postgres
from authhost.journal.migrate import migrate
from loadtest.bank_process import bank_process
from terminals.bank.books import Books
from tests.support.bank_scene import EUR, Papers, sql

BATCH = 20


def cpu_s() -> float:
    """Of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def run(url: str, bank_url: str, papers: Papers, options: argparse.Namespace,
              ) -> tuple[dict[str, float], dict[str, datetime]]:
    """Write deposits at the rate, the connector beside; until all are accepted. The figures, and
    when each credit's row was written."""
    async with asyncpg.create_pool(url, min_size=2, max_size=4) as pool:
        await pool.execute(sql("bank_parties"), "B1", bank_url, json.dumps([EUR]), 10, 0)
        connector = BankConnector(pool, Clock(), papers.host.client_context())
        task = asyncio.create_task(connector.run())
        await asyncio.sleep(1.5)
        begun_s, begun_cpu_s, number = time.monotonic(), cpu_s(), 0
        while time.monotonic() - begun_s < options.seconds:
            await pool.fetch(sql("bank_deposits"), "B1", number, BATCH, 1 + number % 2, "EUR",
                             1_000)
            connector.wake()
            number += BATCH
            late_s = begun_s + number / options.rate - time.monotonic()
            await asyncio.sleep(max(0.0, late_s))
        for _ in range(1_000):
            if not await pool.fetchval("SELECT count(*) FROM deposit WHERE credit <> 'accepted'"):
                break
            await asyncio.sleep(0.05)
        taken_s, used_s = time.monotonic() - begun_s, cpu_s() - begun_cpu_s
        rows = await pool.fetch("SELECT journal_id, recorded_at, tries FROM deposit")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    recorded: dict[str, datetime] = {f"D261122{row['journal_id']:X}": row["recorded_at"]
                                     for row in rows}
    figures = {"credits": number, "per_second": round(number / taken_s),
               "cpu_us": round(used_s / number * 1e6), "tries": max(row["tries"] for row in rows)}
    return figures, recorded


def latencies(books: Path, recorded: dict[str, datetime]) -> dict[str, float]:
    """From the row to the bank's receipt, by the books of a bank that has stopped."""
    with contextlib.closing(Books(books)) as opened:
        waits = sorted(payment.received_us / 1e3
                       - recorded[payment.end_to_end_id].timestamp() * 1e3
                       for payment in opened.payments())
    return {"p50_ms": round(waits[len(waits) // 2], 1),
            "p99_ms": round(waits[len(waits) * 99 // 100], 1), "worst_ms": round(waits[-1], 1)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1_500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--plain", action="store_true", help="without TLS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="authhost-bench-") as folder:
        place = Path(folder)
        papers = Papers.made(place / "pki")
        postgres = Postgres(place)
        postgres.run()
        try:
            with bank_process(place, papers.authority, tls=not options.plain) as bank:
                asyncio.run(migrate(postgres.url))
                figures, recorded = uvloop.run(run(postgres.url, bank.url, papers, options))
        finally:
            postgres.stop()
        print(json.dumps({**figures, **latencies(place / "bank.sqlite", recorded)}))


if __name__ == "__main__":
    main()
