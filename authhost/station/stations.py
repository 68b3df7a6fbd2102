"""All that the host knows of stations, put together: what doors, desk and administration ask.

Knows the rooms of this folder and the pool that they share; decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import asyncpg

from authhost.clock import Clock
from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys
from authhost.journal.reads import Borrowed
from authhost.station import permits
from authhost.station.building import Building, PriceLists
from authhost.station.catalogue import Catalogue
from authhost.station.comparing import TotalLine
from authhost.station.days import Days
from authhost.station.heartbeat import Conditions
from authhost.station.parked import ParkedRows, Post
from authhost.station.permits import Permit
from authhost.station.shifts import BadShift, Outcome, Shifts, Span
from authhost.station.signer import Signer
from authhost.station.watching import NoSuchTerminal, Watching
from iso.subfields import shift

_SOLD: Final[dict[str, shift.Sold]] = {
    "sale": "sale", "return": "return", "reversal": "reversal", "offline_sale": "offline_sale"}


class Stations:
    """One host's stations. post: how a parked row is posted again, see parked.py."""

    def __init__(self, *, pool: asyncpg.Pool, clock: Clock, hsm: Hsm, keys: HsmKeys,
                 prices: PriceLists, post: Post, conditions: Conditions | None = None) -> None:
        self._pool = pool
        self.clock = clock
        self.signer = Signer(pool, hsm, keys)
        self.building = Building(pool, clock, prices)
        self.catalogue = Catalogue(pool, clock, self.building, self.signer)
        self.watching = Watching(pool, clock, conditions or Conditions())
        self.days = Days(pool, clock)
        self.shifts = Shifts(pool, clock)
        self.parked = ParkedRows(pool, clock, post)
        self.parked_waiting = 0

    async def permit(self, rule: Permit, who: str, role: str = "operator") -> None:
        """Let a site or a terminal sell off line, or no more. BadPermit, JournalUnavailable."""
        async with Borrowed(self._pool) as connection:
            await permits.permit(connection, rule, who, role)

    async def reconcile(self, terminal_id: str, span: Span, lines: Sequence[TotalLine]) -> Outcome:
        """A shift's or batch's totals, whatever door they came through.

        NoSuchTerminal, BadShift, JournalUnavailable.
        """
        return await self.shifts.totals(await self.watching.terminal(terminal_id), span, lines)

    async def compare_day(self, terminal_id: str, day: str,
                          lines: tuple[shift.TotalLine, ...]) -> tuple[shift.TotalLine, ...]:
        """The host's own lines of a terminal's day (YYYYMMDD) that are not as it told them."""
        span = Span(day, date(int(day[:4]), int(day[4:6]), int(day[6:])))
        try:
            outcome = await self.reconcile(terminal_id, span, lines)
        except (NoSuchTerminal, BadShift):
            return ()
        return tuple(
            shift.TotalLine(one.card_type, one.product, _SOLD[one.kind], one.host.count,
                            one.host.amount_minor, one.host.volume_ml)
            for one in outcome.differences if one.kind in _SOLD)

    async def build(self) -> None:
        """A chore, every few seconds: a version of the catalogue where something has changed."""
        await self.building.build()

    async def look(self) -> None:
        """A chore, every minute or so: alarms, and what the metrics show."""
        await self.watching.look()
        self.parked_waiting, _ = await self.parked.waiting()
