"""A light terminal: one connection to each host, every answer judged whichever way it comes.

Knows frames, sequence numbers and patience; what to sell is load.py's. It never gives up on what
it has sent: a message is repeated with the raised digit until it is answered, over either host.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from random import Random
from typing import Final, cast

import iso
from demo.parties import Device
from iso import FRAMINGS, Framer, IsoError, Message
from terminals.layout import Stamp
from terminals.purchase import Terminal
from tests.crash.record import Record, Sent

_CODEC: Final = iso.get("ifsf").codec
_FRAMING: Final = FRAMINGS["binary2"]
PATIENCE_S: Final = 0.6  # then the same message with the raised digit
_PAUSE_S: Final = 0.03
_GIVE_UP_S: Final = 90.0  # nothing here may be silent for so long


class NeverAnsweredError(Exception):
    """A message that was repeated for a minute and a half: the host does not come back."""


class _Line(asyncio.Protocol):
    """One connection; hands every frame to the terminal."""

    def __init__(self, terminal: TerminalClient) -> None:
        self._terminal = terminal
        self._framer = Framer(_FRAMING)
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for frame in self._framer.feed(data):
            self._terminal.received(frame.body)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._terminal.disconnected()


class TerminalClient:
    """The wire's end of one terminal. ports: where the hosts listen."""

    def __init__(self, device: Device, ports: list[int], record: Record, random: Random,
                 now: datetime) -> None:
        self.device = device
        self.terminal = Terminal(device.terminal_id, device.merchant_id, device.acquirer_id)
        self.record = record
        self.random = random
        self.unexpected: list[str] = []
        self._ports = ports
        self._now = now
        self._stan = 0
        self._lines: dict[int, _Line] = {}
        self._open: dict[tuple[str, str], Sent] = {}  # by class and number: all it ever sent
        self._waiting: dict[str, asyncio.Future[bool]] = {}

    def stamp(self) -> Stamp:
        """The next number. All on one local date: the key's date is the terminal's own."""
        self._stan += 1
        return Stamp(f"{self._stan:06d}", self._now)

    def key_of(self, message: Message) -> str:
        """The key as the host makes it: the client knows its own part of the contract."""
        return (f"{self.device.acquirer_id}/{self.device.terminal_id}/{message.mti[1:3]}/"
                f"{self._now:%Y%m%d}/{message.text(11)}")

    async def until_answered(self, message: Sent, *, most: int = 0, patience_s: float = PATIENCE_S,
                             twice: bool = False) -> bool:
        """Send and repeat until answered. most: after so many transmissions give up, False.

        twice: the first goes out over both hosts at once, as a terminal on two lines would.
        """
        began = asyncio.get_running_loop().time()
        while True:
            if asyncio.get_running_loop().time() - began > _GIVE_UP_S:
                raise NeverAnsweredError(repr(message))
            if await self._attempt(message, patience_s, twice):
                return True
            twice = False
            if most and message.transmissions >= most:
                return False

    async def _attempt(self, message: Sent, patience_s: float, twice: bool) -> bool:
        ports = self.random.sample(self._ports, len(self._ports))[: 2 if twice else 1]
        lines = [line for port in ports if (line := await self._line(port)) is not None]
        if not lines:
            await asyncio.sleep(_PAUSE_S)
            return False
        future = asyncio.get_running_loop().create_future()
        self._waiting[message.key] = future
        for line in lines:
            self._transmit(line, message)
        try:
            async with asyncio.timeout(patience_s):
                answered: bool = await future
        except TimeoutError:
            return False
        finally:
            self._waiting.pop(message.key, None)
        if not answered:
            await asyncio.sleep(_PAUSE_S)
        return answered

    def _transmit(self, line: _Line, message: Sent) -> None:
        if line.transport is None:
            return
        mti = message.mti if not message.transmissions else message.mti[:3] + "1"
        self.record.sent(message)
        self._open[message.mti[1:3], str(message.fields[11])] = message
        line.transport.write(_FRAMING.wrap(_CODEC.encode(Message(mti, message.fields))))

    async def _line(self, port: int) -> _Line | None:
        line = self._lines.get(port)
        if line is not None and line.transport is not None:
            return line
        try:
            _, line = await asyncio.get_running_loop().create_connection(
                lambda: _Line(self), "127.0.0.1", port)
        except OSError:
            return None
        self._lines[port] = line
        return line

    def received(self, raw: bytes) -> None:
        """An answer, also one that nobody waits for any more."""
        try:
            message = _CODEC.decode(raw)
        except IsoError as error:
            self.unexpected.append(f"{error}: {raw.hex()}")
            return
        asked = self._open.get((f"{message.mti[1]}{int(message.mti[2]) - 1}",
                                message.text(11) or ""))
        if asked is None:
            self.unexpected.append(raw.hex())
            return
        definite = self.record.answered(asked, raw)
        future = self._waiting.get(asked.key)
        if future is not None and not future.done():
            future.set_result(definite)

    def disconnected(self) -> None:
        """Whoever waits on a lost line repeats at once; on the other line it costs a repeat."""
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_result(False)

    def close(self) -> None:
        """Let go of both lines."""
        for line in self._lines.values():
            if line.transport is not None:
                line.transport.close()
