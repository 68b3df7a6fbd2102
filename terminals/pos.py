"""A fuel terminal: asks, repeats with the raised digit, reverses what was never answered.

Knows the life of a message at the terminal's end; must not know how the host decides. A request
without answer is repeated and then reversed; an advice without answer goes into the off-line
store, since it has happened and must arrive some day. By hand:

    python -m terminals.pos --port 8583 --terminal T0001 --merchant M0001 --pan 78013... sale 41.35
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from iso import Message, get
from iso.security import read_control
from terminals import layout
from terminals.exchange import Exchange, Reply, Timing, reply_of
from terminals.layout import Stamp, Totals
from terminals.link import Address, ConnectionLost, Link, Received
from terminals.pin_pad import Dukpt, EncipheredPin
from terminals.purchase import Sale, Terminal
from terminals.record import Direction, Record
from terminals.session_keys import Sealing, SessionKeys, is_sealed, sealed
from terminals.store import OfflineStore

__all__ = ["KEY_CHANGE", "Connect", "Exchange", "Pos", "Reply", "Timing", "Unanswered"]

_STAN_LIMIT: Final = 1_000_000
KEY_CHANGE: Final = "key_change"
# Opens a connection, which tells the callable of answers that nobody waits for. OSError: no line.
Connect = Callable[[Address, Callable[[Received], None]], Awaitable[Link]]


class Unanswered(Exception):
    """No answer to an advice, and no store to keep it in: its outcome is unknown."""


class Pos:
    """One terminal with one connection, opened when first needed and again when lost.

    now: the terminal's clock, aware and in its own zone. keys: its session keys; once
    `change_keys` has brought some, every message is sealed and every answer has to be. sealing: a
    DUKPT device that seals instead. connect: the line to the host, where it is not plain TCP to
    `address`. Several methods may run at once.
    """

    def __init__(self, terminal: Terminal, address: Address, *, now: Callable[[], datetime],
                 record: Record | None = None, store: OfflineStore | None = None,
                 keys: SessionKeys | None = None, sealing: Dukpt | None = None,
                 timing: Timing | None = None, first_stan: int = 1,
                 connect: Connect = Link.connect) -> None:
        assert 0 < first_stan < _STAN_LIMIT
        self.terminal = terminal
        self.record = record or Record()
        self.store = store
        self.keys = keys
        self._dukpt = sealing
        self._profile = get(address.profile)
        self._address = address
        self._connect = connect
        self._now = now
        self._timing = timing or Timing()
        self._stans = itertools.count(first_stan)
        self._link: Link | None = None
        self._connecting = asyncio.Lock()
        self._uploading = asyncio.Lock()  # two uploads at once would send each advice twice

    async def __aenter__(self) -> Pos:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection. What waits is treated as unanswered."""
        if self._link is not None:
            await self._link.close()

    def stamp(self) -> Stamp:
        """The next sequence number, at this moment."""
        number = (next(self._stans) - 1) % (_STAN_LIMIT - 1) + 1
        return Stamp(f"{number:06d}", self._now())

    async def sale(self, sale: Sale, stamp: Stamp | None = None,
                   pin: EncipheredPin | None = None) -> Exchange:
        """1200, answered at once or reversed. pin: what the PIN pad made of it."""
        return await self._ask("sale", layout.request(
            "1200", layout.SALE, self.terminal, stamp or self.stamp(), sale, pin, self._profile))

    async def preauthorize(self, sale: Sale, pin: EncipheredPin | None = None) -> Exchange:
        """1100: holds an amount before the fuel flows."""
        return await self._ask("preauthorization", layout.request(
            "1100", "101", self.terminal, self.stamp(), sale, pin, self._profile))

    async def increment(self, hold: Exchange, sale: Sale,
                        pin: EncipheredPin | None = None) -> Exchange:
        """1100 with 106: `sale.amount_minor` more for an open hold."""
        return await self._ask("increment", layout.increment(
            self.terminal, self.stamp(), sale, hold.request, pin, self._profile))

    async def take_back(self, original: Exchange, sale: Sale,
                        pin: EncipheredPin | None = None) -> Exchange:
        """1200 with processing code 20: goods of a sale or completion come back. May be refused."""
        return await self._ask("return", layout.goods_return(
            self.terminal, self.stamp(), sale, original.request, pin, self._profile))

    async def complete(self, original: Exchange, sale: Sale, *,
                       by_approval_code: bool = False) -> Exchange:
        """1220: what was really sold; amount 0 releases the hold. Field 56 or 38 names it."""
        message = layout.request("1220", layout.COMPLETION, self.terminal, self.stamp(), sale,
                                 profile=self._profile)
        fields = dict(message.fields)
        if by_approval_code and original.reply is not None:
            fields[38] = original.reply.approval_code
        else:
            fields[56] = layout.original_elements(original.request)
        return await self._advise("completion", layout.ordered("1220", fields))

    async def reverse(self, original: Exchange | Message, reason: str = layout.REASON_CUSTOMER,
                      amount_minor: int | None = None) -> Exchange:
        """1420: the whole original, or `amount_minor` of it. It may never have arrived."""
        message = original.request if isinstance(original, Exchange) else original
        return await self._advise("reversal", layout.reversal(
            self.terminal, self.stamp(), message, reason, amount_minor))

    async def reconcile(self, totals: Totals, currency: str) -> Exchange:
        """1520: our counts and sums; 500 when the host has the same."""
        return await self._advise("reconciliation", layout.reconciliation(
            self.terminal, self.stamp(), totals, currency))

    async def echo(self) -> Exchange:
        """1804 with 831: is anybody there?"""
        return await self._network("echo", layout.FUNCTION_ECHO)

    async def sign_on(self) -> Exchange:
        """1820 with 801."""
        return await self._network("sign_on", layout.FUNCTION_SIGN_ON)

    async def cut_over(self) -> Exchange:
        """1820 with 821; the answer's field 28 names the business date."""
        return await self._network("cut_over", layout.FUNCTION_CUT_OVER)

    async def change_keys(self, stamp: Stamp | None = None) -> Exchange:
        """1804 with 811: new session keys. BadKeys where an approval does not bring them.

        Goes unsealed, for a terminal may have lost its keys; what comes is under its master key.
        """
        if self.keys is None:
            raise ValueError("a key change needs the terminal's master key")
        message = layout.network(self.terminal, stamp or self.stamp(),
                                 layout.FUNCTION_KEY_CHANGE)
        exchange = await self._exchange(KEY_CHANGE, message, self._timing.request_repeats)
        if exchange.reply is not None and exchange.reply.action == "800":
            self.keys.load(layout.new_keys(exchange.reply.message))
        return exchange

    def build_sale(self, sale: Sale) -> Message:
        """A sale that is not sent (yet): what a reversal that comes first is about."""
        return layout.request("1200", layout.SALE, self.terminal, self.stamp(), sale,
                              profile=self._profile)

    def sell_offline(self, sale: Sale) -> Message:
        """Sell without a host: the advice goes into the store; StoreFull at its limit."""
        if self.store is None:
            raise ValueError("selling off line needs a store")
        message = layout.request("1220", layout.SALE, self.terminal, self.stamp(), sale,
                                 profile=self._profile)
        self._keep("offline_sale", message)
        return message

    async def upload(self) -> list[Exchange]:
        """Send what the store holds, oldest first, until it is empty or the host is silent."""
        done: list[Exchange] = []
        async with self._uploading:
            while self.store is not None and (kept := self.store.first()) is not None:
                exchange = await self._exchange(kept.kind, kept.message,
                                                self._timing.request_repeats)
                if exchange.reply is None:
                    break
                self.store.remove(kept)
                done.append(exchange)
        return done

    async def repeat(self, exchange: Exchange) -> Exchange:
        """The same message again with the raised digit, though it was answered: same bytes back."""
        return await self.send(exchange.kind, layout.repeat_of(exchange.request))

    async def send(self, kind: str, message: Message, repeats: int = 0) -> Exchange:
        """Any message as it is: repeated as often as told, never reversed."""
        return await self._exchange(kind, message, repeats)

    async def _ask(self, kind: str, message: Message) -> Exchange:
        exchange = await self._exchange(kind, message, self._timing.request_repeats)
        if exchange.reply is not None:
            return exchange
        # Approved or not, nobody knows: the customer leaves without, so it has to be given back.
        reversal = await self.reverse(message, layout.REASON_TIMEOUT)
        return msgspec.structs.replace(exchange, reversal=reversal)

    async def _advise(self, kind: str, message: Message) -> Exchange:
        exchange = await self._exchange(kind, message, self._timing.advice_repeats)
        if exchange.reply is None:
            if self.store is None:
                raise Unanswered(f"{kind} {message.text(11)} of {self.terminal.terminal_id}")
            self._keep(kind, layout.repeat_of(message) if exchange.sent else message)
        return exchange

    def _keep(self, kind: str, message: Message) -> None:
        assert self.store is not None
        self.store.put(kind, message)
        self._note("kept", kind, message)

    async def _network(self, kind: str, function: str) -> Exchange:
        message = layout.network(self.terminal, self.stamp(), function)
        return await self._exchange(kind, message, self._timing.request_repeats)

    async def _exchange(self, kind: str, message: Message, repeats: int) -> Exchange:
        """Send, wait, repeat with the raised digit. A repeat's answer is as good as the first."""
        started = time.perf_counter()
        first, sent = message, 0
        for attempt in range(repeats + 1):
            received, transmitted = await self._attempt(kind, message)
            sent += transmitted
            if received is not None:
                reply = reply_of(received)
                self._note("answered", kind, received.message, reply)
                return Exchange(kind=kind, request=first, reply=reply, sent=sent,
                                latency_s=time.perf_counter() - started)
            message = layout.repeat_of(message) if sent else message
            if attempt < repeats and (self._link is None or self._link.lost):
                await asyncio.sleep(self._timing.reconnect_pause_s)
        return Exchange(kind=kind, request=first, reply=None, sent=sent,
                        latency_s=time.perf_counter() - started)

    async def _attempt(self, kind: str, message: Message) -> tuple[Received | None, int]:
        """One transmission: the answer or None, and whether (1 or 0) anything left us.

        A message is sealed as it leaves, so that a repeat has a MAC of its own; an answer without
        the right MAC is none.
        """
        try:
            link = await self._connected()
        except OSError:
            return None, 0
        sealing = self._sealing(kind, message)
        codec = self._profile.codec
        if sealing is not None:
            message = sealed(self._profile.security, codec, message, sealing)
        try:
            answer = link.ask(message)
        except ConnectionLost:
            return None, 0
        self._note("sent", kind, message)
        try:
            async with asyncio.timeout(self._timing.answer_timeout_s):
                received = await answer
        except (TimeoutError, ConnectionLost):
            return None, 1
        if sealing is not None and not is_sealed(codec, received.raw, sealing):
            self._unexpected(received)
            return None, 1
        return received, 1

    def _sealing(self, kind: str, message: Message) -> Sealing | None:
        """The key of a message's MAC. A PIN under DUKPT and the MAC share one transaction."""
        if kind == KEY_CHANGE:
            return None
        if self._dukpt is not None:
            ksn = read_control(self._profile.security, message.fields).ksn
            return self._dukpt.sealing(ksn or self._dukpt.next())
        return self.keys.sealing() if self.keys is not None and self.keys.ready else None

    async def _connected(self) -> Link:
        async with self._connecting:
            if self._link is None or self._link.lost:
                # A line that swallows packets is as silent as a host that does not answer.
                async with asyncio.timeout(self._timing.answer_timeout_s):
                    self._link = await self._connect(self._address, self._unexpected)
            return self._link

    def _unexpected(self, received: Received) -> None:
        self._note("unexpected", "", received.message, reply_of(received))

    def _note(self, direction: Direction, kind: str, message: Message,
              reply: Reply | None = None) -> None:
        self.record.add(
            direction, self.terminal.terminal_id, kind, mti=message.mti,
            stan=message.text(11) or "", local_time=message.text(12) or "",
            amount_minor=int(message.text(4) or 0),
            action=reply.action if reply else "", reason=reply.reason if reply else "",
            approval_code=reply.approval_code if reply else "", raw=reply.raw if reply else b"")


if __name__ == "__main__":
    from terminals.by_hand import pos_main

    sys.exit(pos_main(sys.argv[1:]))
