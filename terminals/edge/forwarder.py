"""Store and forward: what waits goes to the host, in order, one at a time, until it is taken.

Knows the queue, echoes and patience; knows no sale. While the host is silent it is asked again with
growing pauses, each a little by chance, so that a network does not come back in one second. What
the host answers with an error is parked, and the ones behind it go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from terminals import answers
from terminals.edge.premises import LOG, Premises
from terminals.edge.rows import Particulars, Price, Row, decimal_text
from terminals.edge.states import TRY_LATER, Kind, State, after_answer
from terminals.exchange import Reply
from terminals.layout import repeat_of
from terminals.session_keys import BadKeys

FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 120.0
QUIET_S: Final = 60.0  # an echo after so long without any message
_WRONG_MAC: Final = "916"
_REVERSED: Final = "400"


class Forwarder:
    """One terminal's. chance: from 0 to 1, for pauses that differ."""

    def __init__(self, premises: Premises, chance: Callable[[], float]) -> None:
        self._at = premises
        self._chance = chance
        self._one = asyncio.Lock()  # two at once would send each message twice
        self._waiting: dict[int, list[asyncio.Future[Row]]] = {}

    async def run(self) -> None:
        """For ever: forward, wait for work or for the host, forward."""
        pause_s = FIRST_PAUSE_S
        while True:
            self._at.contact.work.clear()
            await self._keys()
            if self._at.contact.up is not True and not await self._at.echo():
                await self._wait(pause_s * (0.5 + self._chance() / 2), for_work=False)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            if await self.drain():
                pause_s = FIRST_PAUSE_S
                if not await self._wait(QUIET_S):
                    await self._at.echo()
            elif self._at.contact.up:  # it answers, and is busy
                await self._wait(pause_s * (0.5 + self._chance() / 2), for_work=False)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _keys(self) -> None:
        """Where messages need a MAC, nothing goes before there are keys."""
        keys = self._at.pos.keys
        try:
            if keys is not None and not keys.ready:
                await self._at.change_keys()
        except BadKeys as error:
            LOG.error("no new keys: %s", error)

    async def drain(self) -> bool:
        """Send what waits, oldest first; False where the host is silent or too busy."""
        async with self._one:
            while (row := await self._at.worker.do(self._at.store.first)) is not None:
                row = await self._send(row)
                if row.state is State.STORED:
                    return False
                for future in self._waiting.pop(row.id, ()):
                    if not future.done():
                        future.set_result(row)
        return True

    async def taken(self, row: Row, within_s: float) -> Row:
        """The row as it stands when the host has it, or after so long (real seconds)."""
        future: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(row.id, []).append(future)
        self._at.contact.work.set()
        try:
            async with asyncio.timeout(within_s):
                return await future
        except TimeoutError:
            found = await self._at.worker.do(self._at.store.find, row.sequence, row.local_date)
            return found or row

    async def _send(self, row: Row) -> Row:
        do, store = self._at.worker.do, self._at.store
        message = await do(store.message, row)
        # Noted before it leaves: after a crash in between it goes as a repeat, which is the truth.
        row = await do(store.note, row, State.STORED, self._at.clock(), sent=1)
        exchange = await self._at.send(row.kind, repeat_of(message) if row.sent > 1 else message, 0)
        if exchange.reply is None:
            return row
        return await self._answered(row, exchange.reply)

    async def _answered(self, row: Row, reply: Reply) -> Row:
        state = after_answer(reply.action, row.errors)
        if reply.action == _WRONG_MAC:
            try:
                await self._at.change_keys()
            except BadKeys as error:
                LOG.error("no new keys: %s", error)
        if state is State.PARKED:
            LOG.error("%s %s is parked: the host answered %s %s", row.kind, row.sequence,
                      reply.action, reply.reason)
        approved = 0
        if row.kind is Kind.REVERSAL:
            approved = reply.amount_minor if reply.action == _REVERSED else 0
        elif state is State.FORWARDED:
            approved = reply.amount_minor
        return await self._at.worker.do(
            self._at.store.note, row, state, self._at.clock(), action=reply.action,
            approved_minor=approved, reason=reply.reason or row.reason,
            approval_code=reply.approval_code or row.approval_code,
            particulars=self._priced(row.particulars, reply),
            errors=int(state is not State.FORWARDED and reply.action not in TRY_LATER))

    def _priced(self, particulars: Particulars, reply: Reply) -> Particulars:
        prices = tuple(Price(item.product, decimal_text(item.unit_price))
                       for item in answers.prices(reply.message, self._at.profile))
        if not prices:
            return particulars
        return Particulars(
            items=particulars.items, prompts=particulars.prompts, entry=particulars.entry,
            second_masked=particulars.second_masked, tc=particulars.tc, contract_prices=prices,
            list_prices=particulars.list_prices, account=particulars.account)

    async def _wait(self, seconds: float, *, for_work: bool = True) -> bool:
        """For so long by the clock, or until there is work; whether there is."""
        pause = asyncio.ensure_future(self._at.pause(seconds))
        work = asyncio.ensure_future(self._at.contact.work.wait())
        try:
            await asyncio.wait({pause, work} if for_work else {pause},
                               return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            work.cancel()
        return self._at.contact.work.is_set()
