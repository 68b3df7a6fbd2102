"""One bank, as both who sends and who asks use it: a request and its answer.

Knows the bank's settings, its connections, whether it is there, and the time; must not know what is
ordered, nor the outbox's rows: exchange.py does for deposits, payments/ordering.py for payments. An
answer becomes a meaning here, and a meaning a note there.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, Generic

import structlog

from authhost.bank import bounds
from authhost.bank.banks import Bank
from authhost.bank.breaker import Breaker
from authhost.bank.counts import Counts
from authhost.bank.link import BankAway, BankLost, Link, Reply
from authhost.bank.links import Links
from authhost.bank.meanings import Meaning, meaning
from authhost.bank.pain002 import NoReport, read_report
from authhost.bank.ports import T
from authhost.bank.request import Requests
from authhost.clock import Clock, as_datetime
from clearing.money import plain

_log = structlog.get_logger()
_REFUSED: Final = frozenset({Meaning.NEVER, Meaning.NIGHT, Meaning.LATER})
_FORGETTING: Final = 1.1  # by which an answer may be slower than the pace


class Talk(ABC, Generic[T]):
    """Of one bank. pace_s: what its quick answers take of late. lean: most orders are sent beside
    the line's rounds, which leave the connections alone where nothing waits."""

    lean = False

    def __init__(self, bank: Bank, links: Links, counts: Counts, clock: Clock) -> None:
        self.links = links
        self.breaker = Breaker()
        self.pace_s = bounds.PACE_S
        self.tasks: set[asyncio.Task[None]] = set()  # on their way
        self._counts = counts
        self._clock = clock
        self.bank = bank
        self._requests = Requests(bank.place)

    def change(self, bank: Bank) -> None:
        """Other hours, limits, accounts or another status; the place is the same."""
        assert bank.place == self.bank.place, "another place is another line"
        self.bank = bank

    # What may go, and how: of those whose orders they are.

    @property
    @abstractmethod
    def full(self) -> bool:
        """True where nothing more should be sent: what was heard waits to be written."""

    @abstractmethod
    def objection(self, order: T) -> str:
        """Why this order does not go now, or ''."""

    @abstractmethod
    def writable(self, order: T) -> bool:
        """It may be sent again: its rail and accounts are still there."""

    @abstractmethod
    def _message(self, order: T) -> bytes:
        """The pain.001."""

    @abstractmethod
    def _put(self, order: T, said: Meaning, word: str, wait_s: float, tried: int) -> None:
        """Have an answer written down; tried: the try that it is about."""

    def unheard(self, order: T) -> None:
        """The bank has never heard of what is not writable: it stays unknown, for a person."""

    def shut(self) -> str:
        """Why nothing at all goes to this bank now, or ''."""
        return self.bank.shut(self._clock.now())

    def rail(self, order: T) -> str:
        """'instant' or 'transfer'; there is one, or there was an objection."""
        rail = self.bank.rail(order.currency)
        assert rail is not None, order.key
        return rail.rail

    # What is said and heard.

    async def pay(self, link: Link, order: T, leave_by: datetime) -> None:
        """Send one order and note its answer. The connection is ours, and stays so.

        After `leave_by` others may have asked about it, and acted on what they heard: a process
        that stood still so long sends nothing any more.
        """
        message = self._requests.credit(self._message(order))
        reply = await self._ask(link, message) if self.real_now() <= leave_by else None
        if reply is None:
            self.silent(order)
            return
        said, word = self._read(reply, order, ordered=True)
        # Of what it was just given it cannot have heard nothing; and where an earlier try was
        # unanswered, a refusal may be of the second alone: a status says what holds of both.
        if said is Meaning.UNHEARD or (order.tries and said in _REFUSED):
            said, word = Meaning.ASK, ""
        self.note(order, said, word, order.tries + 1)

    async def status(self, link: Link, order: T) -> tuple[Meaning, str] | None:
        """What became of one order; None where the bank says nothing."""
        reply = await self._ask(link, self._requests.status(order.end_to_end_id))
        return None if reply is None else self._read(reply, order, ordered=False)

    async def borrow(self) -> Link | None:
        """A connection for one request; None where none was to be had in the bank's time."""
        links = self.links
        try:
            async with asyncio.timeout(self.bank.answer_s):
                while True:
                    links.freed.clear()
                    if await links.ready() or links.idle():
                        return links.take()
                    links.grow(1)
                    await links.freed.wait()
        except TimeoutError:
            return None
        except BankAway as away:
            self.failed(str(away))
            return None

    async def _ask(self, link: Link, request: bytes) -> Reply | None:
        """One request; None where no answer came, and then the connection has gone."""
        begun_s = monotonic()
        try:
            async with asyncio.timeout(self.bank.answer_s):
                reply = await link.ask(request)
        except (BankLost, TimeoutError) as error:
            self.failed(str(error) or "no answer in time")
            return None
        finally:
            if link.busy:
                link.close("given up")
        # The quickest of late: what is slow because this machine is busy asks for no connections.
        self.pace_s = min(monotonic() - begun_s, self.pace_s * _FORGETTING)
        return reply

    def _read(self, reply: Reply, order: T, *, ordered: bool) -> tuple[Meaning, str]:
        """What an answer means, and the bank's word. An answer that is none leaves it open.

        A bank that is asked and answers may take no orders all the same: only who answers one is
        there.
        """
        try:
            report = read_report(reply.body, order.end_to_end_id, (
                plain(order.amount_minor, order.currency), order.currency))
        except NoReport as why:
            if not self.breaker.failing:  # the first in a row is told
                _log.warning("a bank's answer is none", bank=self.bank.bank_id,
                             status=reply.status, why=str(why))
            self.failed(f"HTTP {reply.status}, {why}")
            return Meaning.ASK, ""
        if ordered and self.breaker.answered():
            _log.info("bank is back", bank=self.bank.bank_id)
        return meaning(report, self._read_as(order)), report.text

    def _read_as(self, order: T) -> str:
        """The rail whose statuses an answer is read by."""
        rail = self.bank.rail(order.currency)
        return rail.rail if rail else "instant"

    # What is noted.

    def silent(self, order: T) -> None:
        """No answer: it is asked about at once, and after a second try not so soon."""
        wait_s = self._wait_s(order) if order.tries else 0.0
        self._heard(order, Meaning.ASK, "", wait_s, order.tries + 1)

    def note(self, order: T, said: Meaning, word: str, tried: int) -> None:
        """What an answer came to; of what is not decided, when it is asked or sent again.

        tried: the try that it is about, as the row counts them.
        """
        wait_s = 0.0 if said is Meaning.ACCEPT else self._wait_s(order)
        if said is Meaning.LATER:
            if order.tries >= bounds.LATER_TRIES:
                said = Meaning.NIGHT
            wait_s = bounds.LATER_S * (1 << min(order.tries, bounds.LATER_TRIES))
        self._heard(order, said, word, wait_s, tried)
        if said is Meaning.ACCEPT:
            self._counts.credited.observe(self._age_s(order))

    def _heard(self, order: T, said: Meaning, word: str, wait_s: float, tried: int) -> None:
        self._counts.add(self.bank.bank_id, str(said) if word else "silence")
        if said is Meaning.ASK:
            word = ""  # only a passing refusal's word stays, for it says: send again
        self._put(order, said, word, wait_s, tried)

    def failed(self, why: str) -> None:
        """No connection, no answer, or none that is one."""
        self._counts.add(self.bank.bank_id, "failure")
        if self.breaker.failed(monotonic()):
            _log.warning("bank is down", bank=self.bank.bank_id, why=why)

    def _wait_s(self, order: T) -> float:
        """Until it is asked again: soon at first, then a quarter of its age."""
        return max(bounds.ASK_FIRST_S, min(self._age_s(order) / 4, bounds.ASK_MOST_S))

    def _age_s(self, order: T) -> float:
        return (self.real_now() - order.recorded_at).total_seconds()

    # Time and tasks.

    def real_now(self) -> datetime:
        """Real time: a bank's answer takes real seconds."""
        return as_datetime(self._clock.real_now_us())

    def leave_by(self) -> datetime:
        """What is marked SENT now leaves until then, or not at all."""
        return self.real_now() + timedelta(seconds=self.bank.answer_s)

    def due(self) -> datetime:
        """Until then whoever has sent or asked waits, and writes down what came."""
        return self.real_now() + timedelta(
            seconds=self.bank.answer_s * 2 + bounds.ANSWER_MARGIN_S)

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Do it beside."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its order is still SENT or UNKNOWN: a later round asks about it.
            _log.error("bank request", bank=self.bank.bank_id, why=repr(error))
