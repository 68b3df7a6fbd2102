"""The load: many connections from one process, one 1200 in flight on each.

Knows the bytes of one message and where an answer has its action code; nothing else, so that it
costs little beside what it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, cast

import msgspec

import iso
from iso import Message
from iso.subfields import Prompt, Purchase, SaleItem
from loadtest.portfolio import Party, terminal_name

_PROFILE: Final = iso.get("ifsf")
_APPROVED: Final = b"000"


class Template(msgspec.Struct, frozen=True):
    """A message cut where it varies: head | LL + PAN | middle | STAN | tail."""

    head: bytes
    middle: bytes
    tail: bytes
    action_at: int  # of the action code in an approval, within the frame


def template(terminal: str, local_time: str) -> Template:
    """A 20-field 1200 with fields 48 and 63, for one terminal: diesel and something to eat."""
    stan, pan = "987654", "7801310000000000000"
    items = (SaleItem("012", "L", Decimal("20.125"), Decimal("1.55"), Decimal("31.19"), "0"),
             SaleItem("400", "U", Decimal(1), Decimal("3.00"), Decimal("3.00"), "0"))
    fields: dict[int, str | bytes] = {
        2: pan, 3: "000000", 4: "000000003419", 7: "0723221300", 11: stan, 12: local_time,
        14: "3012", 18: "5541", 22: "B0010150014C", 24: "200", 26: "5541", 32: "280131",
        33: "280131", 37: "000000000000", 41: terminal.ljust(8), 42: "M1".ljust(15),
        43: "STATION 1 MAIN STREET", 49: "978",
        48: _PROFILE.encode_control({3: "EN", 4: "0000123456", 8: (Prompt("4", "120500"),)}),
        63: _PROFILE.encode_purchase(Purchase("S", items)),
    }
    assert len(fields) == 20
    message = Message("1200", dict(sorted(fields.items())))
    body = _PROFILE.framing.wrap(_PROFILE.codec.encode(message))
    at_pan = body.index(b"19" + pan.encode())
    at_stan = body.index(stan.encode())
    answer = _PROFILE.codec.encode(Message("1210", {
        3: "000000", 4: "0" * 12, 7: "0" * 10, 11: stan, 12: "0" * 12, 32: "280131",
        37: "0" * 12, 38: "999999", 39: "777"}))
    return Template(body[:at_pan], body[at_pan + 21:at_stan], body[at_stan + 6:],
                    answer.index(b"777") + 2)


class Numbers:
    """What one measured stretch showed."""

    def __init__(self) -> None:
        self.latencies_s: list[float] = []
        self.approved = 0
        self.errors = 0


class Terminal(asyncio.Protocol):
    """One connection: asks, and asks again when it is answered."""

    def __init__(self, number: int, step: int, parties: Sequence[Party], local_time: str) -> None:
        self._template = template(terminal_name(number), local_time)
        self._cards = [b"19" + party.pan.encode() for party in parties]
        self._at = number
        self._step = step
        self._stan = 0
        self._sent_s = 0.0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.numbers = Numbers()
        self.running = True
        self.left = 0  # how many to ask still; negative: without end
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def run(self, numbers: Numbers, most: int) -> None:
        """Begin a stretch; `most` messages, or without end when negative."""
        self.numbers, self.left, self.running = numbers, most, True
        self.done = asyncio.get_running_loop().create_future()
        self._ask()

    def stop(self) -> None:
        """Ask no more; done when the last answer has come."""
        self.running = False

    def _ask(self) -> None:
        if not self.running or self.left == 0:
            self.done.set_result(None)
            return
        self.left -= 1
        self._stan = self._stan % 999_999 + 1
        self._at = (self._at + self._step) % len(self._cards)
        made = self._template
        assert self._transport is not None, "connected"
        self._sent_s = time.perf_counter()
        self._transport.write(made.head + self._cards[self._at] + made.middle
                              + b"%06d" % self._stan + made.tail)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if len(data) < 2 or len(data) < 2 + (data[0] << 8 | data[1]):
            self._buffer = data
            return
        self._buffer = b""
        numbers = self.numbers
        numbers.latencies_s.append(time.perf_counter() - self._sent_s)
        at = self._template.action_at
        if data[at:at + 3] == _APPROVED:
            numbers.approved += 1
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.numbers.errors += 1
        if not self.done.done():
            self.done.set_result(None)


async def connect(host: str, port: int, connections: int, parties: Sequence[Party],
                  local_time: str) -> list[Terminal]:
    """Open all connections; each begins with a card of its own and steps by their number."""
    loop = asyncio.get_running_loop()
    terminals = []
    for number in range(connections):
        _, terminal = await loop.create_connection(
            lambda number=number: Terminal(number, connections, parties, local_time),  # type: ignore[misc]
            host, port)
        terminals.append(terminal)
    return terminals


async def stretch(terminals: Sequence[Terminal], *, seconds: float = 0, each: int = -1) -> Numbers:
    """Run all terminals for so long, or so many messages each; what they saw together."""
    numbers = Numbers()
    for terminal in terminals:
        terminal.run(numbers, each)
    if seconds:
        await asyncio.sleep(seconds)
        for terminal in terminals:
            terminal.stop()
    await asyncio.gather(*(terminal.done for terminal in terminals))
    return numbers
