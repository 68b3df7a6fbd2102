"""What banks have said of payments, told to the story until it stands.

Knows the story's words and one statement; must not know HTTP. A yes is told whoever hears it. A no
holds of the try that it is about alone: the order is claimed first, so that nobody sends it again
while it is being written. A bank that says yes after its no has moved money that nobody expects:
that is a case for a person, once. Silence moves many at once. Whoever dies with a word in hand
leaves SENT and UNKNOWN rows, which any host asks about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import asyncpg
import msgspec
import structlog

from authhost.bank import bounds
from authhost.bank.outbox import AWAY
from authhost.clock import Clock, as_datetime
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed
from authhost.payments.life import Event, State, befores
from authhost.payments.model import Asked, Otherwise
from authhost.payments.orders import DEBIT, Order
from authhost.payments.ports import Told
from authhost.payments.statements import statement

_log = structlog.get_logger()
WHO: Final = "connector"
_BEFORES: Final = [str(state) for state in befores(Event.SILENCE)]


class Words(Protocol):
    """The story of payments, as a bank's word needs it. JournalUnavailable: to be told again;
    Otherwise: it was told the opposite."""

    async def asked(self, payment_id: str) -> Asked: ...

    async def paid(self, asked: Asked, payer_account: int, word: str) -> None: ...

    async def failed(self, asked: Asked, payer_account: int, word: str, why: str) -> None: ...


class Refunds(Protocol):
    """The story of refunds. False: it was heard before; Otherwise."""

    async def refund_paid(self, refund_id: str, word: str) -> bool: ...

    async def refund_failed(self, refund_id: str, word: str, why: str) -> bool: ...


class Silent(msgspec.Struct, frozen=True, gc=False):
    """A bank has not decided. tried: the try that it is about; word: of a passing refusal."""

    key: str
    tried: int
    ask_at: datetime
    word: str


class Answers:
    """The writer of a host. tell: hears of payments that have become UNKNOWN."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, payments: Words, refunds: Refunds,
                 tell: Callable[[Told], None]) -> None:
        self._pool = pool
        self._clock = clock
        self._payments = payments
        self._refunds = refunds
        self._tell = tell
        self._saying: set[asyncio.Task[None]] = set()
        self._silent: list[Silent] = []
        self._wake = asyncio.Event()
        self._rows = bounds.SILENT_ROWS
        self.late = 0  # answers about what had moved on already

    @property
    def depth(self) -> int:
        """Words that wait to be written."""
        return len(self._saying) + len(self._silent)

    @property
    def full(self) -> bool:
        """True where nothing more should be sent."""
        return self.depth >= bounds.SAYING

    def yes(self, order: Order, word: str) -> None:
        """The money has moved."""
        self._say(order, word, None, 0)

    def no(self, order: Order, word: str, why: str, tried: int) -> None:
        """It has not, and will not."""
        self._say(order, word, why, tried)

    def silent(self, key: str, tried: int, ask_at: datetime, word: str = "") -> None:
        """The bank has not decided it: UNKNOWN, and asked about at that instant."""
        self._silent.append(Silent(key, tried, ask_at, word))
        self._wake.set()

    async def run(self) -> None:
        """Write silences for ever."""
        while True:
            if not self._silent:
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(bounds.NOTE_GATHER_S)
            try:
                await self.flush()
            except AWAY as error:
                _log.warning("silences wait", number=len(self._silent), why=str(error))
                await asyncio.sleep(bounds.SAY_AGAIN_S)
            except Exception:  # a bug must not stop the writing of what others bring
                _log.exception("silences")
                await asyncio.sleep(bounds.RECONNECT_MOST_S)

    async def flush(self) -> None:
        """Write the next silences; they stay where the database does not take them.

        One that PostgreSQL refuses (SQLSTATE 22, 23) is found by writing them one by one, and left
        out: its order is still SENT, and is asked about.
        """
        batch = self._silent[: self._rows]
        if not batch:
            return
        now_us = self._clock.now_us()
        try:
            async with Borrowed(self._pool) as connection:
                moved = await connection.fetch(
                    statement("order_silent"), [one.key for one in batch],
                    [one.tried for one in batch], [one.ask_at for one in batch],
                    [one.word for one in batch], as_datetime(now_us), str(Event.SILENCE), _BEFORES,
                    str(State.UNKNOWN), WHO)
        except asyncpg.PostgresError as error:
            if (error.sqlstate or "")[:2] not in {"22", "23"}:
                raise
            if len(batch) > 1:
                self._rows = 1
                return
            _log.error("silence cannot be written", key=batch[0].key, why=str(error))
            moved = []
        self._rows = bounds.SILENT_ROWS if len(batch) == self._rows else self._rows
        del self._silent[: len(batch)]
        for row in moved:
            asked = await self._payments.asked(row["payment_id"])
            self._tell(Told(asked, State.UNKNOWN, "", now_us // 1000, row["payer_phone"]))

    async def drain(self) -> None:
        """Write what was heard; what is not written in time is asked about again."""
        if self._saying:
            await asyncio.wait(self._saying, timeout=bounds.DRAIN_S)
        try:
            async with asyncio.timeout(bounds.DRAIN_S):
                while self._silent:
                    await self.flush()
        except AWAY as error:
            _log.warning("silences are lost", number=len(self._silent), why=str(error))
        for task in self._saying:
            task.cancel()
        await asyncio.gather(*self._saying, return_exceptions=True)

    def _say(self, order: Order, word: str, why: str | None, tried: int) -> None:
        task = asyncio.create_task(self._said(order, word, why, tried))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _said(self, order: Order, word: str, why: str | None, tried: int) -> None:
        """Until it stands. A bug leaves the row as it is, and it is asked about again."""
        while True:
            try:
                if why is not None and not await self._claim(order, tried):
                    self.late += 1
                else:
                    await self._told(order, word, why)
                return
            except (JournalUnavailable, *AWAY) as error:
                _log.warning("a bank's word waits", order=order.key, why=str(error))
                await asyncio.sleep(bounds.SAY_AGAIN_S)
            except Exception:
                _log.exception("a bank's word", order=order.key)
                return

    async def _claim(self, order: Order, tried: int) -> bool:
        """Nobody else sends or asks while a no is written; False: another try has left since."""
        until = as_datetime(self._clock.real_now_us()) + timedelta(seconds=bounds.CLAIM_S)
        async with Borrowed(self._pool) as connection:
            return bool(await connection.fetchval(statement("order_claim"), order.key, tried,
                                                  until))

    async def _told(self, order: Order, word: str, why: str | None) -> None:
        """To the story; what contradicts it is a case."""
        try:
            await self._tell_story(order, word, why)
        except Otherwise as contradiction:
            _log.error("a bank contradicts itself", order=order.key, word=word)
            async with Borrowed(self._pool) as connection:
                await connection.execute(statement("order_contradicted"), order.key,
                                         f"{contradiction}_contradicts", word)

    async def _tell_story(self, order: Order, word: str, why: str | None) -> None:
        if order.kind != DEBIT:
            assert order.refund_id is not None, order.key
            if why is None:
                await self._refunds.refund_paid(order.refund_id, word)
            else:
                await self._refunds.refund_failed(order.refund_id, word, why)
            return
        asked = await self._payments.asked(order.payment_id)
        if why is None:
            await self._payments.paid(asked, order.account_id, word)
        else:
            await self._payments.failed(asked, order.account_id, word, why)
