"""The connector: a line to each bank, one writer of their answers, the banks as they are now.

Knows which banks there are; must not know what one says. One a host; several hosts share the work,
for rows that another has locked are passed by. `wake` after a commit that may have queued a credit.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from functools import partial
from time import monotonic

import asyncpg
import structlog

from authhost.bank import bounds
from authhost.bank.banks import Bank, read_bank
from authhost.bank.counts import Counts
from authhost.bank.exchange import Exchange
from authhost.bank.line import Line
from authhost.bank.links import Links
from authhost.bank.notes import Notes
from authhost.bank.outbox import AWAY, Outbox
from authhost.bank.statements import statement
from authhost.clock import Clock
from authhost.metrics import Metrics

_log = structlog.get_logger()


class BankConnector:
    """All lines. tls: our client certificate and whom we trust; None: no bank behind TLS can be
    reached, and what waits for one goes by night. poll_s: between looks that nobody asks for."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, tls: ssl.SSLContext | None,
                 poll_s: float = bounds.POLL_S) -> None:
        self._pool = pool
        self._clock = clock
        self._tls = tls
        self._poll_s = poll_s
        self._lines: dict[str, tuple[Line, asyncio.Task[None]]] = {}
        self._depths: dict[str, int] = {}
        self._depths_at_s = 0.0
        self.counts = Counts()
        self.notes = Notes(pool, clock)

    def wake(self) -> None:
        """Deposits were committed: there may be something to send."""
        for line, _ in self._lines.values():
            line.wake()

    async def run(self) -> None:
        """Until cancelled; then what is on its way has a moment, and what was heard is written."""
        writer = asyncio.create_task(self.notes.run())
        try:
            while True:
                try:
                    await self._look()
                except AWAY as error:
                    _log.warning("banks are not read", why=str(error))
                except Exception:
                    _log.exception("banks")
                await asyncio.sleep(bounds.BANKS_S)
        finally:
            await self._stop([task for _, task in self._lines.values()])
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(bounds.DRAIN_S):
                    while self.notes.depth:
                        await self.notes.flush()

    def watch(self, metrics: Metrics) -> None:
        """Tell what Prometheus asks for."""
        metrics.table("authhost_bank_outcomes", "Banks' answers and silences.",
                      ("bank", "outcome"), lambda: self.counts.outcomes)
        metrics.histogram("authhost_bank_credit_seconds",
                          "From a deposit's row to the bank's yes.", self.counts.credited)
        metrics.gauge("authhost_bank_in_flight", "Requests to banks on their way.",
                      lambda: sum(line.in_flight for line, _ in self._lines.values()))
        metrics.gauge("authhost_bank_down", "Banks that are taken for down.", lambda: self.down)
        metrics.gauge("authhost_bank_notes", "Answers that wait to be written.",
                      lambda: self.notes.depth)
        for credit in ("queued", "sent", "unknown"):
            metrics.gauge(f"authhost_bank_{credit}", f"Deposits whose credit is {credit}.",
                          partial(self._depth, credit))

    def _depth(self, credit: str) -> float:
        return self._depths.get(credit, 0)

    @property
    def down(self) -> int:
        """Banks that do not answer."""
        return sum(line.down for line, _ in self._lines.values())

    async def _look(self) -> None:
        """Lines to the banks that there are now; one whose place is another begins anew."""
        banks = [read_bank(*row.values()) for row in await self._pool.fetch(statement("banks"))]
        for bank in banks:
            line, task = self._lines.get(bank.bank_id, (None, None))
            if line is not None and task is not None:
                if line.bank.place == bank.place and not task.done():
                    line.change(bank)
                    continue
                await self._stop([task])
            self._begin(bank)
        there = {bank.bank_id for bank in banks}
        for bank_id in self._lines.keys() - there:
            _, task = self._lines.pop(bank_id)
            await self._stop([task])
        if monotonic() - self._depths_at_s >= bounds.GAUGES_S:
            self._depths = {row["credit"]: row["number"]
                            for row in await self._pool.fetch(statement("depths"))}
            self._depths_at_s = monotonic()

    def _begin(self, bank: Bank) -> None:
        if bank.problem:
            _log.warning("bank cannot be used", bank=bank.bank_id, why=bank.problem)
        exchange = Exchange(bank, Links(bank.place, self._tls), self.notes, self.counts,
                            self._clock)
        line = Line(exchange, Outbox(self._pool, bank.bank_id), self._poll_s)
        self._lines[bank.bank_id] = (line, asyncio.create_task(line.run()))

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
