"""Lines to banks: one to each, begun and ended as master data says; the connector of deposits.

Knows which banks there are; must not know what one says. One a host; several hosts share the work,
for rows that another has locked are passed by. `wake` after a commit that may have queued an order.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from abc import ABC, abstractmethod
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Generic

import asyncpg
import structlog

from authhost.bank import bounds
from authhost.bank.banks import Bank, read_bank
from authhost.bank.counts import Counts
from authhost.bank.exchange import Exchange
from authhost.bank.line import Line
from authhost.bank.links import Links
from authhost.bank.notes import Notes
from authhost.bank.outbox import AWAY, Credit, Outbox
from authhost.bank.payees import Payees
from authhost.bank.ports import T
from authhost.bank.statements import statement
from authhost.clock import Clock
from authhost.metrics import Metrics

_log = structlog.get_logger()


class Lines(ABC, Generic[T]):
    """All lines of one kind of orders. tls: our client certificate and whom we trust; None: no bank
    behind TLS can be reached. poll_s: between looks that nobody asks for. banks, depths: the
    statements of what there is, and of what waits."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, tls: ssl.SSLContext | None,
                 poll_s: float, banks: str, depths: str) -> None:
        self._pool = pool
        self._clock = clock
        self._tls = tls
        self._poll_s = poll_s
        self._banks = banks
        self._depth_rows = depths
        self._lines: dict[str, tuple[Line[T], asyncio.Task[None]]] = {}
        self._depths: dict[str, int] = {}
        self._depths_at_s = 0.0
        self.counts = Counts()
        self.looked = False  # whether it is known which banks there are

    @abstractmethod
    def _line(self, bank: Bank, links: Links) -> Line[T]:
        """A line to a bank, not begun."""

    def wake(self) -> None:
        """Orders were committed: there may be something to send."""
        for line, _ in self._lines.values():
            line.wake()

    @property
    def down(self) -> int:
        """Banks that do not answer."""
        return sum(line.down for line, _ in self._lines.values())

    @property
    def in_flight(self) -> int:
        """Requests on their way."""
        return sum(line.in_flight for line, _ in self._lines.values())

    def depth(self, state: str) -> float:
        """How many orders are in a state, as of the last look."""
        return self._depths.get(state, 0)

    async def _look_on(self) -> None:
        """Look for ever which banks there are."""
        while True:
            try:
                await self._look()
            except AWAY as error:
                _log.warning("banks are not read", why=str(error))
            except Exception:
                _log.exception("banks")
            await asyncio.sleep(bounds.BANKS_S)

    async def _look(self) -> None:
        """Lines to the banks that there are now; one whose place is another begins anew."""
        banks = [read_bank(*row.values()) for row in await self._pool.fetch(self._banks)]
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
        self.looked = True
        if monotonic() - self._depths_at_s >= bounds.GAUGES_S:
            self._depths = {row["state"]: row["number"]
                            for row in await self._pool.fetch(self._depth_rows)}
            self._depths_at_s = monotonic()

    def _begin(self, bank: Bank) -> None:
        if bank.problem:
            _log.warning("bank cannot be used", bank=bank.bank_id, why=bank.problem)
        line = self._line(bank, Links(bank.place, self._tls))
        self._lines[bank.bank_id] = (line, asyncio.create_task(line.run()))

    async def _hang_up(self) -> None:
        """What is on its way has a moment."""
        await self._stop([task for _, task in self._lines.values()])

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class BankConnector(Lines[Credit]):
    """The connector of deposits' credits. What waits for a bank that cannot be reached goes by
    night. screening: see Payees."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, tls: ssl.SSLContext | None,
                 poll_s: float = bounds.POLL_S, screening: Path | None = None) -> None:
        super().__init__(pool, clock, tls, poll_s, statement("banks"), statement("depths"))
        self._payees = Payees(pool, screening)
        self.notes = Notes(pool, clock, self._payees.tell)

    def _line(self, bank: Bank, links: Links) -> Line[Credit]:
        return Line(Exchange(bank, links, self.notes, self.counts, self._clock, self._payees),
                    Outbox(self._pool, bank.bank_id, self._payees.tell), self._poll_s)

    async def _look(self) -> None:
        """Whom nobody credits at once is known before the first line begins."""
        await self._payees.look()
        await super()._look()

    async def run(self) -> None:
        """Until cancelled; then what is on its way has a moment, and what was heard is written."""
        writer = asyncio.create_task(self.notes.run())
        try:
            await self._look_on()
        finally:
            await self._hang_up()
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
                      lambda: self.in_flight)
        metrics.gauge("authhost_bank_down", "Banks that are taken for down.", lambda: self.down)
        metrics.gauge("authhost_bank_notes", "Answers that wait to be written.",
                      lambda: self.notes.depth)
        for credit in ("queued", "sent", "unknown"):
            metrics.gauge(f"authhost_bank_{credit}", f"Deposits whose credit is {credit}.",
                          partial(self.depth, credit))
